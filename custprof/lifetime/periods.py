"""How old was a customer in each period of the profit and loss?

The profit and loss by customer and period (`customer_pnl` of `customer_facts(by="period")`) holds what no invoice line does: the cost to
serve. Its periods ("2024", "2024-Q1", "2024-03") become whole numbers, and a customer's age is counted from the first period in which it
bought.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from custprof.profit import customers_only

__all__ = ["is_by_period", "profit_by_period"]

#: Periods in a year, by the form of their label.
_FORMS = {r"\d+": 1, r"\d+-Q[1-4]": 4, r"\d+-(0[1-9]|1[0-2])": 12}


def is_by_period(frame) -> bool:
    """Whether a frame is a profit and loss by customer and period, and not lines.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_tuples([("a", "2024")], names=["customer_id", "period"])
    >>> is_by_period(pd.DataFrame({"profit": [1.0]}, index=rows)), is_by_period(pd.DataFrame({"profit": [1.0]}))
    (True, False)
    """
    return isinstance(frame, pd.DataFrame) and list(frame.index.names) == ["customer_id", "period"]


def profit_by_period(pnl: pd.DataFrame, value: str) -> tuple[pd.DataFrame, int, int]:
    """Rows of customers with what they were worth, the number of the period, that of the first in which they bought, and their age.

    Parameters
    ----------
    pnl : DataFrame
        By customer_id and period; residual rows are left out, and customers who never bought.
    value : str
        A column of it, without missing values.

    Returns
    -------
    DataFrame
        ``customer_id``, ``number``, ``value`` (currency units), ``bought`` (0 or 1), ``cohort`` (number of the first period bought in),
        ``age`` (periods since; a cost before the first purchase is of age 0).
    int
        Number of the last period.
    int
        Periods in a year.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_tuples([("a", "2023-Q4"), ("a", "2024-Q1")], names=["customer_id", "period"])
    >>> table, last, per_year = profit_by_period(pd.DataFrame({"profit": [1.0, 2.0], "net_revenue": [5.0, 0.0]}, index=rows), "profit")
    >>> table["age"].tolist(), table["bought"].tolist(), last, per_year
    ([0, 1], [1, 0], 8096, 4)
    """
    if value not in pnl:
        raise ValueError(f"the profit and loss by period lacks {value!r}; its columns are {', '.join(map(str, pnl.columns))}.")
    labels = pnl.index.get_level_values("period").astype(str)
    per_year = next((n for form, n in _FORMS.items() if all(re.fullmatch(form, label) for label in labels.unique())), None)
    if per_year is None:
        raise ValueError(f"periods are {labels.unique()[:3].tolist()}; they read 2024, 2024-Q1 or 2024-03, all of one kind.")
    numbers = {label: _number(label, per_year) for label in labels.unique()}
    rows = customers_only(pnl)
    unknown = ~np.isfinite(rows[value].to_numpy("float64"))
    if unknown.any():
        first = rows.index[unknown].get_level_values("customer_id").unique()[:3].tolist()
        raise ValueError(f"{value} is missing or infinite for {unknown.sum()} of {len(rows)} rows, first of {first}; fill or drop them.")
    size = rows["invoice_revenue"] if "invoice_revenue" in rows else rows["net_revenue"] if "net_revenue" in rows else rows[value].abs()
    table = pd.DataFrame(
        {
            "customer_id": rows.index.get_level_values("customer_id").astype(str),
            "number": rows.index.get_level_values("period").astype(str).map(numbers).astype("int64"),
            "value": rows[value].to_numpy("float64"),
            "bought": (size > 0).to_numpy("int64"),
        }
    )
    first = table[table["bought"] == 1].groupby("customer_id")["number"].min()
    table = table[table["customer_id"].isin(first.index)].sort_values(["customer_id", "number"], ignore_index=True)
    if table.empty:
        raise ValueError("no customer of the profit and loss bought anything.")
    table["cohort"] = table["customer_id"].map(first).astype("int64")
    table["age"] = np.maximum(table["number"] - table["cohort"], 0)
    return table, max(numbers.values()), per_year


def _number(label: str, per_year: int) -> int:
    year, _, part = label.partition("-")
    return int(year) * per_year + (int(part.lstrip("Q")) - 1 if part else 0)
