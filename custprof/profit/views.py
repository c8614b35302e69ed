"""Which kinds of customers, regions, account managers and departments does the profit come from?

A view adds the profit and loss of customers up by a property of theirs. Customers whose property is not known are a row of their own, and
so are the rows that are no customer: every view sums to the same company.
"""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.profit.inputs import check_amounts, check_beside, check_pnl
from custprof.profit.ladder import RESIDUALS, customers_only
from custprof.profit.totals import total
from custprof.study.engine import collect, lazy

__all__ = ["NOT_KNOWN", "departments", "profit_by", "relationship"]

#: The row of customers whose property is not known.
NOT_KNOWN = "(not known)"
_MONEY = ("net_revenue", "contribution", "cost_to_serve", "profit", "avoidable_profit")


def profit_by(pnl: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Profit and loss of groups of customers.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id, residual rows included or not.
    groups : Series
        The group of every customer by customer_id: kind, region, account manager, segment, cell of the quadrant. Customers that it lacks
        are "(not known)".

    Returns
    -------
    DataFrame
        Index the name of `groups`: the groups by profit, most first, then "(not known)", then the rows that are no customer. Columns
        customers (count; 0 in the last rows), net_revenue, contribution, cost_to_serve, profit and avoidable_profit (money, those known),
        profit_rate and cost_to_serve_rate (fractions of net revenue; NaN where that is zero or negative), loss_makers (count) and losses
        (money, negative or zero). Money adds up to the totals of `pnl`.

    Raises
    ------
    ValueError
        If `pnl` is by period, lacks profit or has missing or infinite amounts, a customer stands in two groups, or the ids of `groups`
        are of another type.

    Examples
    --------
    >>> pnl = pd.DataFrame({"net_revenue": [100.0, 80.0, 0.0], "profit": [30.0, -5.0, -4.0]}, index=["a", "b", "(unused capacity)"])
    >>> profit_by(pnl, pd.Series({"a": "end user", "b": "intermediary"}, name="kind")).iloc[:, :4]
                       customers  net_revenue  profit  profit_rate
    kind
    end user                   1        100.0    30.0       0.3000
    intermediary               1         80.0    -5.0      -0.0625
    (unused capacity)          0          0.0    -4.0          NaN
    """
    check_pnl(pnl, by_period=False)
    check_beside(groups, pnl.index, "groups")
    served = ~pnl.index.isin(RESIDUALS)
    told = groups.reindex(pnl.index).astype(object)
    told = told.where(told.notna(), NOT_KNOWN).where(served, pnl.index.to_series())
    losing = (pnl["profit"] < 0) & served
    rows = pnl[[name for name in _MONEY if name in pnl]].assign(losses=pnl["profit"].where(losing, 0.0))
    table = rows.groupby(told).agg(total)
    table.insert(0, "customers", pd.Series(served, index=pnl.index).groupby(told).sum())
    revenue = table["net_revenue"].where(table["net_revenue"] > 0) if "net_revenue" in table else np.nan
    losses = table.pop("losses")
    table["profit_rate"] = table["profit"] / revenue
    if "cost_to_serve" in table:
        table["cost_to_serve_rate"] = table["cost_to_serve"] / revenue
    table["loss_makers"], table["losses"] = losing.groupby(told).sum(), losses
    last = [name for name in (NOT_KNOWN, *RESIDUALS) if name in table.index]
    order = [*table.drop(index=last).sort_index().sort_values("profit", ascending=False, kind="stable").index, *last]
    return table.loc[order].rename_axis(index=groups.name or "group")


def relationship(facts: pd.DataFrame, *, new_since, acquired_on: pd.Series | None = None) -> pd.Series:
    """Whether a customer is regular, new or (so far) potential.

    Parameters
    ----------
    facts : DataFrame
        `Study.customer_facts()`, with first_order and, where known, lines (who only returned has bought before); rows that are no customer
        are left out.
    new_since : date
        Who first ordered on this day or later is new.
    acquired_on : Series of dates, optional
        When the customer was won, by customer_id, where that is known: it goes before the first order in the data, which may begin later
        than the customer did. Customers whom only it knows have never ordered.

    Returns
    -------
    Series
        By customer_id: "regular", "new", or "potential" for those who have never bought, whatever work they have caused.

    Raises
    ------
    TypeError, ValueError
        If first_order or acquired_on is no date or not known, or a customer stands twice in `acquired_on`.

    Examples
    --------
    >>> facts = pd.DataFrame({"first_order": pd.to_datetime(["2023-01-05", "2025-03-01", None])}, index=["a", "b", "c"])
    >>> relationship(facts, new_since="2025-01-01").to_dict()
    {'a': 'regular', 'b': 'new', 'c': 'potential'}
    """
    known = customers_only(facts)
    if "first_order" not in known:
        raise ValueError(f"facts lack first_order (they have {', '.join(map(str, facts.columns))}); give study.customer_facts().")
    _check_dates(known["first_order"], "first_order")
    first, bought = known["first_order"], known["first_order"].notna() | (known["lines"] > 0 if "lines" in known else False)
    if acquired_on is not None:
        check_beside(acquired_on, known.index, "acquired_on")
        _check_dates(acquired_on, "acquired_on")
        rows = known.index.append(acquired_on.index.difference(known.index)).set_names(known.index.names)
        won = acquired_on.reindex(rows)
        first, bought = won.where(won.notna(), first.reindex(rows)), bought.reindex(rows, fill_value=False)
    stands = np.select([~bought, first >= pd.Timestamp(new_since)], ["potential", "new"], default="regular")
    return pd.Series(stands, index=first.index, name="relationship")


def departments(costs: pd.DataFrame, profit: pd.Series, *, touches: Any = None) -> pd.DataFrame:
    """What every department spends on customers, on how many, and on which.

    Parameters
    ----------
    costs : DataFrame
        Cost by customer_id (residual rows included) and department: ``allocation.by("department")``.
    profit : Series of float
        Profit by customer_id.
    touches : lazy or eager frame, optional
        One row per contact, with department and customer_id, such as ``study.table("events")``: counted where the rows are.

    Returns
    -------
    DataFrame
        Index department, dearest first; departments without cost are left out. Columns cost (money, to customers), customers (count, with
        cost), cost_per_customer (money; NaN where there are none), share_on_loss_makers (fraction of cost spent on customers with negative
        profit), not_customers (money, in the residual rows) and, where contacts are given, touches (count, of known customers).

    Examples
    --------
    >>> costs = pd.DataFrame({"Warehouse": [30.0, 10.0, 5.0], "Sales": [0.0, 20.0, 0.0]}, index=["a", "b", "(unused capacity)"])
    >>> departments(costs, pd.Series({"a": 50.0, "b": -3.0})).iloc[:, :4]
                cost  customers  cost_per_customer  share_on_loss_makers
    department
    Warehouse   40.0          2               20.0                  0.25
    Sales       20.0          1               20.0                  1.00
    """
    for name in costs:
        check_amounts(costs[name], str(name))
    check_amounts(profit, "profit")
    check_beside(profit, costs.index, "profit")
    own = customers_only(costs)
    losing = own.index.isin(profit.index[profit < 0])
    table = pd.DataFrame({"cost": own.apply(total), "customers": (own != 0).sum()})
    table["cost_per_customer"] = table["cost"] / table["customers"].where(table["customers"] > 0)
    table["share_on_loss_makers"] = own[losing].apply(total) / table["cost"].where(table["cost"] != 0)
    table["not_customers"] = costs[costs.index.isin(RESIDUALS)].apply(total)
    if touches is not None:
        counted = collect(lazy(touches).group_by("customer_id", "department").agg(touches=nw.len()))
        known = counted[counted["customer_id"].isin(own.index)]
        table["touches"] = known.groupby("department")["touches"].sum().reindex(table.index, fill_value=0)
    kept = table[(table["cost"] != 0) | (table["not_customers"] != 0)]
    return kept.sort_index().sort_values("cost", ascending=False, kind="stable").rename_axis(index="department")


def _check_dates(days: pd.Series, name: str) -> None:
    if not pd.api.types.is_datetime64_any_dtype(days) and days.notna().any():
        raise TypeError(f"{name} is of type {days.dtype}, not a date; parse it first, for instance with pandas.to_datetime.")
