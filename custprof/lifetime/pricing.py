"""At what margin and cost is the future of each customer valued, and whose values are added up?

What a caller gives (one number for all, or a Series by customer) becomes one checked array by customer; groups become one label each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_number, check_numeric, check_once, check_share

__all__ = ["Terms", "check_level", "group_labels", "read_terms"]


class Terms(NamedTuple):
    """Money and discount by customer: margin fraction, cost of an order, of a year and of winning the customer; annual rate."""

    margin: np.ndarray
    order_cost: np.ndarray
    holding_cost: np.ndarray
    acquisition_cost: np.ndarray
    annual_rate: float


def read_terms(index: pd.Index, margin, cost_per_order, cost_per_period, acquisition_cost, annual_rate: float) -> Terms:
    """The terms of the customers of an index, from one number for all or a Series by customer each.

    Examples
    --------
    >>> terms = read_terms(pd.Index(["a", "b"]), 0.3, pd.Series({"b": 2.0, "a": 1.0}), 0.0, 0.0, 0.1)
    >>> terms.order_cost.tolist()
    [1.0, 2.0]
    """
    costs = {"cost_per_order": cost_per_order, "cost_per_period": cost_per_period, "acquisition_cost": acquisition_cost}
    by_customer = {name: _by_customer(values, index, name) for name, values in {"margin": margin, **costs}.items()}
    if np.ndim(margin) == 0 and abs(margin) > 1:
        raise ValueError(f"margin is {margin!r}; give the fraction of a purchase that is earned, 0.30 for 30 %.")
    typical = float(np.median(by_customer["margin"])) if len(index) else 0.0
    if typical > 1:
        raise ValueError(f"margin is {typical:.4g} for the customer in the middle; give the fraction that is earned, 0.30 for 30 %.")
    for name in costs:
        negative = by_customer[name] < 0
        if negative.any():
            found = f"{negative.sum()} of {len(index)} customers, first {index[negative][:3].tolist()}"
            raise ValueError(f"{name} is negative for {found}; costs are positive here.")
    return Terms(*by_customer.values(), annual_rate)


def group_labels(by, index: pd.Index) -> pd.Series:
    """Labels of groups by customer: a Series covering the index, or "total" for one group of all.

    Examples
    --------
    >>> group_labels("total", pd.Index(["a", "b"])).tolist()
    ['total', 'total']
    """
    if isinstance(by, str) and by == "total":
        return pd.Series("total", index=index)
    if not isinstance(by, pd.Series):
        raise TypeError(f"groups are a {type(by).__name__}; give a Series of labels by customer_id, or 'total'.")
    check_once(by.index, "groups")
    labels = by.reindex(index)
    missing = labels.isna().to_numpy()
    if missing.any():
        found = f"{missing.sum()} of {len(index)} customers, first {index[missing][:3].tolist()}"
        raise ValueError(f"groups are missing for {found}; name a group for them.")
    return labels.astype(str)


def check_level(level: float, n_boot: int) -> None:
    """Refuse a level that is no probability, and too few rounds.

    Examples
    --------
    >>> check_level(90, 200)
    Traceback (most recent call last):
    ...
    ValueError: level is 90; give a probability between 0 and 1, such as 0.9.
    """
    check_share(level, "level", say="give a probability between 0 and 1, such as 0.9")
    check_number(n_boot, "n_boot", least=10, whole=True, say="an interval needs at least 10 rounds, better 200")


def _by_customer(values, index: pd.Index, name: str) -> np.ndarray:
    if isinstance(values, pd.Series):
        check_once(values.index, name)
        check_numeric(values, name)
        values = values.reindex(index).to_numpy("float64")
    else:
        check_number(values, name, say="give one number, or a Series indexed by customer_id")
        values = np.full(len(index), float(values))
    missing = ~np.isfinite(values)
    if missing.any():
        found = f"{missing.sum()} of {len(index)} customers, first {index[missing][:3].tolist()}"
        raise ValueError(f"{name} is missing for {found}; fill or drop them.")
    return values
