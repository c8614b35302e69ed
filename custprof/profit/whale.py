"""How much of the profit do the best customers earn, and how much do the others lose again?

Customers are ranked best first and their profit is added up: the curve climbs to a peak where the last profitable customer stands and falls
from there to the company's profit. Shares of a total that is zero or negative mean nothing, so they are NaN and only the money is drawn.

References
----------
Kaplan, R. S. and Narayanan, V. G. (2001). Measuring and managing customer profitability. Journal of Cost Management 15(5), 5-15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.ladder import RESIDUALS
from custprof.profit.totals import running_total, total

__all__ = ["whale_curve", "whale_summary"]


def whale_curve(profit: pd.Series) -> pd.DataFrame:
    """Cumulative profit of the customers, best first.

    Parameters
    ----------
    profit : Series of float, shape (customers,)
        Profit by customer_id in currency units, residual rows left out (`customers_only(pnl)["profit"]`).

    Returns
    -------
    DataFrame
        Index customer_id, best first, ties in the order of the ids. Columns customer_share (fraction of the customers up to here), profit,
        cumulative_profit (money) and cumulative_share (fraction of the total profit; NaN when the total is zero or negative: then
        only the money says anything).

    Raises
    ------
    TypeError
        If `profit` is not a Series of numbers.
    ValueError
        If it is empty, has missing values, residual rows or a customer twice.

    Examples
    --------
    >>> whale_curve(pd.Series({"a": 60.0, "b": -20.0, "c": 60.0}))
       customer_share  profit  cumulative_profit  cumulative_share
    a        0.333333    60.0               60.0               0.6
    c        0.666667    60.0              120.0               1.2
    b        1.000000   -20.0              100.0               1.0
    """
    _check(profit)
    keys = profit.sort_index(kind="stable")
    best_first = keys.iloc[np.argsort(-keys.to_numpy(dtype=float), kind="stable")].astype(float)
    added = running_total(best_first)
    return pd.DataFrame(
        {
            "customer_share": np.arange(1, len(profit) + 1) / len(profit),
            "profit": best_first.to_numpy(),
            "cumulative_profit": added,
            "cumulative_share": added / added[-1] if added[-1] > 0 else np.nan,
        },
        index=best_first.index,
    )


def whale_summary(profit: pd.Series) -> pd.Series:
    """The whale curve in ten numbers.

    Parameters
    ----------
    profit : Series of float, shape (customers,)
        As for `whale_curve`.

    Returns
    -------
    Series
        customers (count), total (money), peak (money: the profit of all profitable customers), peak_share_of_total (fraction; NaN when the
        total is zero or negative), customers_at_peak (fraction of customers that are profitable), losses (money, negative or zero),
        loss_makers (count), share_of_loss_makers (fraction), best_fifth (money: the profit of the best 20 % of customers, rounded up)
        and best_fifth_share_of_total (fraction; NaN as above).

    Raises
    ------
    TypeError, ValueError
        As `whale_curve`.

    Examples
    --------
    >>> whale_summary(pd.Series({"a": 60.0, "b": -20.0, "c": 60.0}))[["total", "peak", "peak_share_of_total", "losses"]].to_dict()
    {'total': 100.0, 'peak': 120.0, 'peak_share_of_total': 1.2, 'losses': -20.0}
    """
    _check(profit)
    values = profit.to_numpy(dtype=float)
    whole, peak, losses = total(values), total(values[values > 0]), total(values[values < 0])
    best_fifth = total(np.sort(values)[::-1][: int(np.ceil(0.2 * len(values) - 1e-9))])
    return pd.Series(
        {
            "customers": len(values),
            "total": whole,
            "peak": peak,
            "peak_share_of_total": peak / whole if whole > 0 else np.nan,
            "customers_at_peak": (values > 0).mean(),
            "losses": losses,
            "loss_makers": int((values < 0).sum()),
            "share_of_loss_makers": (values < 0).mean(),
            "best_fifth": best_fifth,
            "best_fifth_share_of_total": best_fifth / whole if whole > 0 else np.nan,
        },
        name="whale_summary",
        dtype=object,
    ).infer_objects()


def _check(profit: pd.Series) -> None:
    if not isinstance(profit, pd.Series):
        raise TypeError(f"profit is a {type(profit).__name__}; give a Series by customer_id, say pnl['profit'].")
    if not pd.api.types.is_numeric_dtype(profit):
        raise TypeError(f"profit is of type {profit.dtype}, not a number; parse it first, for instance with pandas.to_numeric.")
    if profit.empty:
        raise ValueError("profit holds no customer; there is nothing to rank.")
    missing = profit.index[~np.isfinite(profit.to_numpy(dtype=float))]
    if len(missing):
        first = missing[:3].tolist()
        raise ValueError(
            f"profit is missing for {len(missing)} of {len(profit)} customers, first {first}; fill or drop them before ranking."
        )
    residual = [name for name in RESIDUALS if name in profit.index]
    if residual:
        raise ValueError(f"profit holds rows that are no customer: {residual}; rank customers_only(pnl)['profit'].")
    twice = profit.index[profit.index.duplicated()].unique()
    if len(twice):
        first = twice[:3].tolist()
        raise ValueError(f"{len(twice)} customers stand in profit more than once, first {first}; sum their periods before ranking.")
