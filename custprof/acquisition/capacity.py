"""Can the company serve the customers it is about to win, with the capacity it has today?

What a customer of the kind takes now, pool by pool, says what the next ones will take; the pool that runs out first says how many of them
can be served at all. A pool that is over-driven already has no time for anyone, and its lack stays visible.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing import RESIDUALS, Allocation
from custprof.costing.kinds import check_frame, check_kind, check_number, check_numeric

__all__ = ["capacity_check", "minutes_per_customer"]


def minutes_per_customer(allocation: Allocation, kinds: pd.Series | None = None, *, period: str | None = None) -> pd.DataFrame:
    """Minutes that a customer takes of every time-driven pool in a period, by kind of customer.

    Parameters
    ----------
    allocation : Allocation
        With pools that have a capacity.
    kinds : Series by customer_id, optional
        Kind, segment or channel of the customers; those without one are of the kind "(unknown)". Default: all of one kind.
    period : str, optional
        Of the allocation; default the latest.

    Returns
    -------
    DataFrame of kinds x pools, with a first column customers
        customers (of the kind, who took any time in the period), then minutes per such customer. Work for nobody in particular, such as
        that on leads, is no part of it.

    Raises
    ------
    ValueError
        If no pool has a capacity, the period is not in the allocation, a customer has several kinds, or none of them is in the allocation.

    Examples
    --------
    >>> from custprof.costing import CostModel, allocate
    >>> pools = {"desk": {"accounts": ["6100"], "capacity_minutes": 100}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}}})
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> minutes_per_customer(allocate(model, ledger, drivers), pd.Series({"a": "shop", "b": "shop"}))
          customers  desk
    kind
    shop          2  40.0
    """
    if not isinstance(allocation, Allocation):
        raise TypeError(f"allocation must be an Allocation, not {type(allocation).__name__}; make it with costing.allocate.")
    capacity, period = _latest(allocation.capacity(), period)
    costs = allocation.customers(by="period").drop(index=list(RESIDUALS), level="customer_id", errors="ignore")
    costs = costs[costs.index.get_level_values("period") == period].droplevel("period")
    rates = allocation.rates()
    timed = rates[(rates["period"] == period) & (rates["driver"] == "minutes") & (rates["rate"] > 0)].set_index("activity")
    timed = timed[timed["pool"].isin(capacity["pool"])]
    minutes = (costs[timed.index] / timed["rate"]).T.groupby(timed["pool"]).sum().T.reindex(columns=capacity["pool"], fill_value=0.0)
    minutes = minutes[(minutes != 0).any(axis="columns")]
    if kinds is None:
        kinds = pd.Series("all customers", index=minutes.index)
    if not kinds.index.is_unique:
        raise ValueError("kinds has several rows for some customers; pass one kind for each.")
    known = allocation.customers().index.difference(list(RESIDUALS))
    if len(kinds) and len(known) and not kinds.index.isin(known).any():
        raise ValueError(
            f"none of the {len(kinds):,} customers of kinds is in the allocation, first {kinds.index[:3].tolist()} against "
            f"{known[:3].tolist()}; give both the same ids."
        )
    kind = kinds.reindex(minutes.index).astype("object").fillna("(unknown)").rename("kind")
    table = minutes.groupby(kind).mean().rename_axis(columns=None)
    table.insert(0, "customers", kind.value_counts())
    return table


def capacity_check(
    capacity: pd.DataFrame, minutes: pd.Series | pd.DataFrame, prospects: float | pd.Series, *, period: str | None = None
) -> pd.DataFrame:
    """By pool: the time there is, the time the new customers need, how many of them can be served, and which pool runs out first.

    Parameters
    ----------
    capacity : DataFrame
        ``allocation.capacity()``: period, pool, capacity_minutes, used_minutes.
    minutes : Series by pool, or DataFrame of kinds x pools
        Minutes that one new customer takes in a period as long as those of `capacity`; a row, or rows, of `minutes_per_customer`.
    prospects : number, or Series by kind
        Customers to be won; by kind if `minutes` is, say those that a `budget` asks of each channel.
    period : str, optional
        Whose capacity; default the latest, today's.

    Returns
    -------
    DataFrame by pool, the scarcest first
        capacity_minutes, used_minutes, free_minutes (negative where over-driven already), minutes_each (of one new customer, the mean of
        the kinds by their numbers), needed_minutes, left_minutes (negative: missing), can_serve (such customers that the pool can take,
        infinite if they need none of it), verdict: "enough", "too little", "over-driven already" or "not needed", bottleneck (the pool
        that runs out first, if the prospects need any). The company can serve as many as the first row says.

    Raises
    ------
    ValueError
        If `capacity` is empty (no pool has a capacity) or lacks columns, a number is missing or negative, minutes name other pools, or
        prospects are of a kind whose minutes are not known.

    Notes
    -----
    A pool's capacity is minutes of interchangeable people. New customers may take more time at first than the customers they resemble,
    and customers who leave free theirs: change `minutes` or ask for fewer `prospects` to see how much that would matter.

    References
    ----------
    R. S. Kaplan & S. R. Anderson (2004), Time-driven activity-based costing, Harvard Business Review 82 (11), 131-138: capacity as the
    minutes that people can work, and what growth takes of them.

    Examples
    --------
    >>> capacity = pd.DataFrame({"period": "2025", "pool": ["desk", "visits"], "capacity_minutes": [1000, 600], "used_minutes": [700, 500]})
    >>> table = capacity_check(capacity, pd.Series({"desk": 20, "visits": 15}), 8)
    >>> table[["free_minutes", "needed_minutes", "left_minutes", "can_serve", "verdict"]]
            free_minutes  needed_minutes  left_minutes  can_serve     verdict
    pool
    visits         100.0           120.0         -20.0        6.0  too little
    desk           300.0           160.0         140.0       15.0      enough
    """
    amounts = ["capacity_minutes", "used_minutes"]
    check_frame(capacity, "capacity", needs=["period", "pool"], numbers=amounts, say="give Allocation.capacity()")
    pools, _ = _latest(capacity, period)
    wrong = pools.loc[(pools[amounts] < 0).any(axis="columns") | pools["pool"].duplicated(), "pool"]
    if len(wrong):
        raise ValueError(
            f"{len(wrong)} of {len(pools)} pools have minutes below zero or stand twice, first {wrong[:3].tolist()}; "
            "give Allocation.capacity()."
        )
    each, total = _mean_minutes(minutes, prospects)
    strange = each.index.difference(pools["pool"])
    if len(strange):
        raise ValueError(f"minutes name {len(strange)} pools without capacity, first {strange[:3].tolist()}; drop them, or give them one.")
    table = pools.set_index("pool")[["capacity_minutes", "used_minutes"]].astype(float).sort_index()
    table["free_minutes"] = table["capacity_minutes"] - table["used_minutes"]
    table["minutes_each"] = each.reindex(table.index).fillna(0.0)
    table["needed_minutes"] = table["minutes_each"] * total
    table["left_minutes"] = table["free_minutes"] - table["needed_minutes"]
    serves = np.floor((table["free_minutes"].clip(lower=0) / table["minutes_each"].where(table["minutes_each"] > 0)).round(9))
    table["can_serve"] = serves.where(table["minutes_each"] > 0, np.inf)
    table["verdict"] = [_verdict(row) for _, row in table.iterrows()]
    table = table.sort_values(["can_serve", "left_minutes"], kind="stable")
    table["bottleneck"] = (np.arange(len(table)) == 0) & (table["needed_minutes"].to_numpy() > 0)
    return table


def _latest(capacity: pd.DataFrame, period: str | None) -> tuple[pd.DataFrame, str]:
    if capacity.empty:
        raise ValueError("no pool has a capacity; give pools capacity_minutes in the cost model, or nobody can say how much time is left.")
    periods = sorted(capacity["period"].astype(str).unique())
    period = periods[-1] if period is None else str(period)
    if period not in periods:
        raise ValueError(f"period is {period!r}; the capacity is known for {len(periods)} periods, the latest {', '.join(periods[-3:])}.")
    return capacity[capacity["period"].astype(str) == period], period


def _mean_minutes(minutes: pd.Series | pd.DataFrame, prospects: float | pd.Series) -> tuple[pd.Series, float]:
    """Minutes of the mean prospect by pool, and the number of prospects."""
    check_kind(minutes, (pd.Series, pd.DataFrame), "minutes", say="give the minutes of one new customer by pool, or kinds x pools")
    if isinstance(minutes, pd.DataFrame) is not isinstance(prospects, pd.Series):
        raise TypeError("minutes by kind need prospects by kind: pass a DataFrame with a Series, or a Series of minutes with one number.")
    if isinstance(minutes, pd.DataFrame):
        minutes = minutes.drop(columns="customers", errors="ignore")
        if not len(prospects):
            raise ValueError("prospects names no kind of customer; give the number of each kind that is to come.")
        check_numeric(prospects, "prospects")
        coming = prospects[prospects != 0] if prospects.any() else prospects  # none at all: of the kinds that could come
        absent = coming.index.difference(minutes.index)
        if len(absent):
            raise ValueError(f"minutes are not known for {len(absent)} of {len(coming)} kinds of prospects, first {absent[:3].tolist()}.")
        total, values = float(coming.sum()), coming.to_numpy(dtype=float)
        share = coming / total if total else 1 / len(coming)
        minutes = minutes.loc[coming.index].astype(float)
        each = minutes.mul(share, axis="index").sum(skipna=False)
    else:
        check_number(prospects, "prospects", least=0, say="give the number of customers to be won")
        total, values = float(prospects), np.array([prospects], dtype=float)
        each = minutes.drop("customers", errors="ignore").astype(float)
    if not ((values >= 0) & (values < np.inf)).all() or not (each >= 0).all():
        raise ValueError("minutes and prospects must be known and not negative; fill or drop the missing ones.")
    return each, total


def _verdict(row: pd.Series) -> str:
    if row["free_minutes"] < 0:
        return "over-driven already"
    if row["needed_minutes"] == 0:
        return "not needed"
    return "enough" if row["left_minutes"] >= -1e-9 else "too little"
