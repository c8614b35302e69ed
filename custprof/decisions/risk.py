"""How much depends on few customers, and how much on one representative?

The Herfindahl index says how concentrated revenue or contribution is. Shares of negative amounts mean nothing, so only positive amounts
count, and the answer says on what it stands. Customers bond with their representative: when one leaves, the profit of theirs is at risk.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit import customers_only, running_total, total
from custprof.profit.inputs import check_beside, check_frame, check_pnl, check_profits

__all__ = ["NO_MANAGER", "concentration", "manager_risk"]

#: The row of customers who have no representative.
NO_MANAGER = "(no account manager)"


def concentration(values: pd.Series) -> pd.Series:
    """How concentrated an amount is on few customers, by the Herfindahl index.

    Parameters
    ----------
    values : Series of float
        Revenue or contribution by customer_id (money), residual rows left out; its name tells what it is. Customers at zero or below
        have no share: they are left out, and counted.

    Returns
    -------
    Series
        basis (words: on what the index stands), customers (count, with a share), left_out (count), total (money), herfindahl (sum of the
        squared shares, 1/customers to 1), equal_customers (1/herfindahl: as many equal customers would give it), largest (customer_id),
        largest_share and ten_largest_share (fractions).

    Raises
    ------
    TypeError
        If `values` is not a Series of numbers.
    ValueError
        If it is by period, has missing or infinite values, residual rows, a customer twice, or nothing positive.

    References
    ----------
    Hirschman, A. O. (1964). The paternity of an index. American Economic Review 54(5), 761.

    Examples
    --------
    >>> concentration(pd.Series({"a": 60.0, "b": 40.0, "c": -5.0}, name="contribution"))[["basis", "herfindahl", "largest"]].to_dict()
    {'basis': 'positive contribution (1 of 3 customers at zero or below left out)', 'herfindahl': 0.52, 'largest': 'a'}
    """
    check_profits(values, name="values", say="pnl['net_revenue']")
    positive = values[values > 0].astype(float)
    if positive.empty:
        raise ValueError(f"none of the {len(values)} customers has a positive amount; there is nothing to concentrate.")
    left_out = len(values) - len(positive)
    name = str(values.name or "values").replace("_", " ")
    shares = positive / total(positive)
    index = float((shares**2).sum())
    return pd.Series(
        {
            "basis": f"positive {name} ({left_out:,} of {len(values):,} customers at zero or below left out)" if left_out else name,
            "customers": len(positive),
            "left_out": left_out,
            "total": total(positive),
            "herfindahl": index,
            "equal_customers": 1 / index,
            "largest": positive.sort_index().idxmax(),
            "largest_share": float(shares.max()),
            "ten_largest_share": float(shares.nlargest(10).sum()),
        },
        name="concentration",
        dtype=object,
    )


def manager_risk(pnl: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """The profit that could leave with each account manager.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id; residual rows are left out.
    customers : DataFrame
        The study's customers: a column customer_id (or that index) and account_manager.

    Returns
    -------
    DataFrame
        Index account_manager, most profit at risk first, "(no account manager)" for customers without one. Columns customers (count),
        net_revenue (money, where known), profit (money), profit_at_risk (money: the profit of the profitable ones, since a loss that
        leaves is no loss; the most that can go, when every one of them follows), share_at_risk (fraction of the profit of all profitable
        customers), loss_makers (count), losses (money, negative: what their going would spare), half_of_it (count: so few customers bring
        half of profit_at_risk), largest_customer (id) and largest_share (fraction of profit_at_risk that hangs on that one). The last
        two are missing where nothing is at risk. profit is profit_at_risk and losses together.

    Raises
    ------
    ValueError
        If account_manager or profit is missing, an amount is missing or infinite, `pnl` is by period, a customer stands twice, or the ids
        of `customers` are of another type.

    Examples
    --------
    >>> pnl = pd.DataFrame({"profit": [60.0, -20.0, 40.0]}, index=["a", "b", "c"])
    >>> people = pd.DataFrame({"customer_id": ["a", "b", "c"], "account_manager": ["Ann", "Ann", None]})
    >>> manager_risk(pnl, people)[["customers", "profit", "profit_at_risk", "share_at_risk"]]
                          customers  profit  profit_at_risk  share_at_risk
    account_manager
    Ann                           2    40.0            60.0            0.6
    (no account manager)          1    40.0            40.0            0.4
    """
    check_pnl(pnl, by_period=False)
    check_frame(customers, "customers", say="give the study's customers")
    people = customers.set_index("customer_id") if "customer_id" in customers else customers
    if "account_manager" not in people:
        raise ValueError("customers lack account_manager; map that column in study.toml.")
    check_beside(people, pnl.index, "customers", kind=pd.DataFrame)
    rows = customers_only(pnl)[[name for name in ("net_revenue", "profit") if name in pnl]]
    manager = people["account_manager"].reindex(rows.index).astype(object)
    rows = rows.assign(account_manager=manager.where(manager.notna(), NO_MANAGER), profit_at_risk=rows["profit"].clip(lower=0.0))
    rows["losses"] = rows["profit"].clip(upper=0.0)
    rows = rows.sort_index(kind="stable")
    grouped = rows.groupby("account_manager")
    money = [name for name in ("net_revenue", "profit", "profit_at_risk") if name in rows]
    risk = grouped[money].agg(total)
    risk.insert(0, "customers", grouped.size())
    whole = total(rows["profit_at_risk"])
    risk["share_at_risk"] = risk["profit_at_risk"] / whole if whole else np.nan
    risk["loss_makers"] = (rows["losses"] < 0).groupby(rows["account_manager"]).sum()
    risk["losses"] = grouped["losses"].agg(total)
    risk["half_of_it"] = grouped["profit_at_risk"].agg(_half_of_it)
    some = risk["profit_at_risk"] > 0
    risk["largest_customer"] = grouped["profit_at_risk"].idxmax().astype(object).where(some)
    risk["largest_share"] = grouped["profit_at_risk"].max() / risk["profit_at_risk"].where(some)
    return risk.sort_values("profit_at_risk", ascending=False, kind="stable")


def _half_of_it(amounts: pd.Series) -> int:
    """How many of the largest amounts it takes to reach half of their sum; none where there is nothing."""
    reached = running_total(amounts.sort_values(ascending=False))
    return int((reached < reached[-1] / 2).sum() + 1) if reached[-1] > 0 else 0
