"""How much of the profit do the best customers earn, and how much do the others lose again?

Customers are ranked best first and their profit is added up: the curve climbs to a peak where the last profitable customer stands and falls
from there to the company's profit. Shares of a total that is zero or negative mean nothing, so they are NaN and only the money is drawn.
How far the shape depends on who happens to be a customer, a bootstrap of the customers says.

References
----------
Kaplan, R. S. and Narayanan, V. G. (2001). Measuring and managing customer profitability. Journal of Cost Management 15(5), 5-15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_share
from custprof.profit.inputs import as_numbers, check_number, check_profits, check_seed
from custprof.profit.totals import running_total, total

__all__ = ["top_shares", "whale_band", "whale_curve", "whale_summary"]

_GRID = 200  # steps of the band over the share of customers


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
        If it is empty, by period, has missing or infinite values, residual rows or a customer twice.

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


def whale_summary(profit: pd.Series, *, neutral: float = 0.0) -> pd.Series:
    """The whale curve in numbers.

    Parameters
    ----------
    profit : Series of float, shape (customers,)
        As for `whale_curve`.
    neutral : float
        A profit of at most this size, either way, makes nor takes anything (money).

    Returns
    -------
    Series
        customers (count), total (money), peak (money: the profit of all profitable customers), peak_share_of_total (fraction; NaN when the
        total is zero or negative), customers_at_peak (fraction of customers that are profitable), losses (money, negative or zero),
        erosion (money, positive: what is earned and lost again, from the peak down to the total), loss_makers (count),
        share_of_loss_makers (fraction), makers, neutral and takers (counts above, within and below the band), best_fifth (money: the profit
        of the best 20 % of customers, rounded up) and best_fifth_share_of_total (fraction; NaN as above).

    Raises
    ------
    TypeError, ValueError
        As `whale_curve`; ValueError also if `neutral` is negative.

    Examples
    --------
    >>> whale = whale_summary(pd.Series({"a": 60.0, "b": -20.0, "c": 60.0, "d": 0.0}))
    >>> whale[["total", "peak", "peak_share_of_total", "erosion", "makers", "neutral", "takers"]].to_dict()
    {'total': 100.0, 'peak': 120.0, 'peak_share_of_total': 1.2, 'erosion': 20.0, 'makers': 2.0, 'neutral': 1.0, 'takers': 1.0}
    """
    _check(profit)
    check_number(neutral, "neutral", least=0, say="it is the size of a band around zero, so give zero or more")
    values = profit.to_numpy(dtype=float)
    whole, peak, losses = total(values), total(values[values > 0]), total(values[values < 0])
    best_fifth = total(np.sort(values)[::-1][: _count(0.2, len(values))])
    return pd.Series(
        {
            "customers": len(values),
            "total": whole,
            "peak": peak,
            "peak_share_of_total": peak / whole if whole > 0 else np.nan,
            "customers_at_peak": (values > 0).mean(),
            "losses": losses,
            "erosion": 0.0 - losses,
            "loss_makers": int((values < 0).sum()),
            "share_of_loss_makers": (values < 0).mean(),
            "makers": int((values > neutral).sum()),
            "neutral": int((np.abs(values) <= neutral).sum()),
            "takers": int((values < -neutral).sum()),
            "best_fifth": best_fifth,
            "best_fifth_share_of_total": best_fifth / whole if whole > 0 else np.nan,
        },
        name="whale_summary",
        dtype=object,
    ).infer_objects()


def top_shares(profit: pd.Series, *, top=(1, 10, 0.01, 0.05, 0.2, 0.5)) -> pd.DataFrame:
    """What the best few customers earn: one row for each size of the top.

    Parameters
    ----------
    profit : Series of float, shape (customers,)
        As for `whale_curve`.
    top : list-like
        Sizes: whole numbers of customers, or fractions of all (below one, rounded up). A number larger than all is left out.

    Returns
    -------
    DataFrame
        Index top ("best 10", "best 5 %"). Columns customers (count), profit (money), share_of_total (fraction; NaN when the total is zero
        or negative) and share_of_peak (fraction of the profit of all profitable customers; NaN where nobody earns).

    Raises
    ------
    TypeError, ValueError
        As `whale_curve`; ValueError also for a size of zero or less, or one above one that is not whole.

    Examples
    --------
    >>> top_shares(pd.Series({"a": 60.0, "b": -20.0, "c": 40.0, "d": 20.0}), top=(1, 0.5))
               customers  profit  share_of_total  share_of_peak
    top
    best 1             1    60.0             0.6       0.500000
    best 50 %          2   100.0             1.0       0.833333
    """
    _check(profit)
    sizes = "whole numbers of customers, or fractions between 0 and 1"
    if not pd.api.types.is_list_like(top) or not len(top):
        raise ValueError(f"top is {top!r}; give a list of sizes: {sizes}.")
    as_numbers(top, "top")
    wrong = [size for size in top if not (0 < size < 1 or (size >= 1 and size % 1 == 0))]
    if wrong:
        raise ValueError(f"top holds {wrong[0]}; give {sizes}.")
    best_first = np.sort(profit.to_numpy(dtype=float))[::-1]
    added = running_total(best_first)
    whole, peak = added[-1], max(added.max(), 0.0)
    sizes = [(size, _count(size, len(added)) if size < 1 else int(size)) for size in top]
    rows = {f"best {size:.10g}" if size >= 1 else f"best {100 * size:.10g} %": count for size, count in sizes if count <= len(added)}
    table = pd.DataFrame({"customers": rows.values()}, index=pd.Index(rows, name="top")).astype("int64")
    earned = added[table["customers"].to_numpy() - 1]
    return table.assign(
        profit=earned, share_of_total=earned / whole if whole > 0 else np.nan, share_of_peak=earned / peak if peak > 0 else np.nan
    )


def whale_band(profit: pd.Series, *, level: float = 0.9, resamples: int = 200, random_state: int = 0) -> pd.DataFrame:
    """How much the whale curve would move with other customers of the same kind: a bootstrap of the customers.

    Parameters
    ----------
    profit : Series of float, shape (customers,)
        As for `whale_curve`.
    level : float
        Share of the resampled curves between low and high, at every share of customers by itself.
    resamples : int
        How often as many customers are drawn, with replacement.
    random_state : int
        Seed; the same seed gives the same band, whatever the order of the customers.

    Returns
    -------
    DataFrame
        Index customer_share (0 to 1). Columns low and high (money: cumulative profit of the best part of a resampled company of the same
        size).

    Raises
    ------
    TypeError, ValueError
        As `whale_curve`; ValueError also if `level` is not between 0 and 1 or `resamples` below one.

    References
    ----------
    Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 13 (percentile intervals).

    Examples
    --------
    >>> band = whale_band(pd.Series({"a": 60.0, "b": -20.0, "c": 60.0}), level=0.8)
    >>> band.loc[1.0].to_dict()
    {'low': 20.0, 'high': 180.0}
    """
    _check(profit)
    check_share(level, "level")
    check_seed(random_state)
    check_number(resamples, "resamples", least=1, whole=True, say="give a whole number of one or more")
    best_first = np.sort(profit.to_numpy(dtype=float))[::-1]
    count, random = len(best_first), np.random.default_rng(random_state)
    grid = np.linspace(0, 1, _GRID + 1)
    curves = np.empty((resamples, len(grid)))
    for curve in curves:
        drawn = np.bincount(random.integers(count, size=count), minlength=count)
        share = np.concatenate([[0.0], drawn.cumsum() / count])
        curve[:] = np.interp(grid, share, np.concatenate([[0.0], (drawn * best_first).cumsum()]))
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame({"low": low, "high": high}, index=pd.Index(grid, name="customer_share"))


def _count(share: float, customers: int) -> int:
    """Customers in a share of all, rounded up, and not by a rounding error of the product."""
    return int(np.ceil(share * customers - 1e-9))


def _check(profit: pd.Series) -> None:
    check_profits(profit)
    if profit.empty:
        raise ValueError("profit holds no customer; there is nothing to rank.")
