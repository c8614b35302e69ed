"""Which small worked examples from the literature come with the package, and with what results?"""

from __future__ import annotations

import tomllib
from typing import Any

import pandas as pd

from custprof.datasets.shipped import shipped

__all__ = ["load_case"]


def load_case(name: str) -> dict[str, Any]:
    """A published case to learn and to check with: its inputs, and the results that a correct program reproduces.

    Parameters
    ----------
    name : str
        transit (support departments), customer_service (time-driven costs), time_equation, allied_office (customer costs),
        spring_distribution (prices and a whale curve), rod_manufacturing (levels above the customer), mogul_penner_slicer (dropping a
        customer), kanthal (non-stocked orders), renewals (contracts that run on), donors (gifts at yearly occasions) or campaign
        (acquisition cost).

    Returns
    -------
    dict
        title, question and source as text; single numbers as they are; a group of numbers as a Series; a table as a DataFrame, one row
        for each name, or one column for each list. Keys that begin with expected hold the results.

    Raises
    ------
    ValueError
        If there is no such case.

    Examples
    --------
    >>> case = load_case("customer_service")
    >>> case["cost"], case["capacity_minutes"]
    (560000, 700000)
    >>> case["activities"]
                           unit_minutes  volume
    process customer orders            8   49000
    handle inquiries                  44    1400
    perform credit checks             50    2500
    """
    folder = shipped("data") / "cases"
    known = sorted(file.stem for file in folder.glob("*.toml"))
    if name not in known:
        raise ValueError(f"there is no case {name!r}; choose one of {', '.join(known)}.")
    content = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    return {key: _tabular(value) for key, value in content.items()}


def _tabular(value: Any) -> Any:
    """A table of tables or of lists as a DataFrame, a table of plain values as a Series."""
    if not isinstance(value, dict):
        return value
    if all(isinstance(column, list) for column in value.values()):
        return pd.DataFrame(value)
    if all(isinstance(row, dict) for row in value.values()):
        return pd.DataFrame(list(value.values()), index=list(value))
    return pd.Series(value)
