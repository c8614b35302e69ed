"""What did it cost to win a customer, by campaign or channel, and when is that earned back?

Cost is what the campaign cost, plus the time spent on its leads where a rate per minute is known. It is spread over the customers won
through the campaign, never over those who came by themselves: they stand in a row of their own, so that every customer is counted once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_frame, check_once

__all__ = ["NO_CAMPAIGN", "UNKNOWN_CAMPAIGN", "acquisition_cost", "contact_rate", "payback"]

NO_CAMPAIGN = "(no campaign)"
UNKNOWN_CAMPAIGN = "(unknown campaign)"


def acquisition_cost(
    campaigns: pd.DataFrame,
    customers: pd.DataFrame,
    leads: pd.DataFrame | None = None,
    *,
    by: str = "campaign_id",
    minute_rate: float | None = None,
) -> pd.DataFrame:
    """Cost per won customer, by campaign or channel.

    Parameters
    ----------
    campaigns : DataFrame
        Columns campaign_id, channel, spend (currency units, positive).
    customers : DataFrame
        Columns customer_id, campaign_id (missing where no campaign brought the customer); one row per customer.
    leads : DataFrame, optional
        Columns campaign_id, contact_minutes (missing: none were spent): the leads of the campaigns.
    by : {"campaign_id", "channel"}
        The channel is the campaign's.
    minute_rate : float, optional
        Cost of a minute of contact (currency units), as `contact_rate` finds it. Without it the time is not costed.

    Returns
    -------
    DataFrame by campaign or channel
        channel (if by campaign), spend, leads and contact_cost (if known), cost (spend + contact cost), customers (won), cost_per_customer
        (NaN where nobody was won). Then, where there are such, the rows "(no campaign)" and "(unknown campaign)": customers and leads
        without a campaign, or with one that is not listed; their cost_per_customer is NaN.

    Raises
    ------
    ValueError
        If columns are missing, a campaign or customer is listed twice, or spend is missing or negative.

    Examples
    --------
    >>> campaigns = pd.DataFrame({"campaign_id": ["fair", "ads"], "channel": ["fair", "web"], "spend": [9000.0, 1000.0]})
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "campaign_id": ["fair", "ads", "fair", None]})
    >>> acquisition_cost(campaigns, customers)
                  channel   spend    cost  customers  cost_per_customer
    campaign_id
    fair             fair  9000.0  9000.0          2             4500.0
    ads               web  1000.0  1000.0          1             1000.0
    (no campaign)     NaN     0.0     0.0          1                NaN
    """
    if by not in ("campaign_id", "channel"):
        raise ValueError(f"by is {by!r}; choose 'campaign_id' or 'channel'.")
    campaigns, customers = checked_campaigns(campaigns), checked_customers(customers)
    table = campaigns.set_index("campaign_id")[["channel", "spend"]].astype({"spend": float})
    rows = [*table.index, NO_CAMPAIGN, UNKNOWN_CAMPAIGN]
    table = table.reindex(rows).fillna({"spend": 0.0})
    if leads is not None:
        check_frame(leads, "leads", needs=["campaign_id"], say="give the study's leads")
        place = place_in(leads["campaign_id"], campaigns["campaign_id"])
        table["leads"] = place.value_counts().reindex(rows, fill_value=0)
        if minute_rate is not None:
            check_frame(leads, "leads", needs=["contact_minutes"], say="without them leave out minute_rate")
            table["contact_cost"] = leads["contact_minutes"].fillna(0).groupby(place).sum().reindex(rows, fill_value=0) * minute_rate
    elif minute_rate is not None:
        raise ValueError("minute_rate is given without leads; pass the leads with their contact_minutes.")
    table["cost"] = table["spend"] + table.get("contact_cost", 0.0)
    table["customers"] = place_in(customers["campaign_id"], campaigns["campaign_id"]).value_counts().reindex(rows, fill_value=0)
    if by == "channel":
        labels = table["channel"].fillna(pd.Series(rows, index=rows)).rename("channel")
        table = table.drop(columns="channel").groupby(labels, sort=False).sum()
    empty = table.index.isin([NO_CAMPAIGN, UNKNOWN_CAMPAIGN]) & (table[[c for c in ("customers", "leads") if c in table]].sum(axis=1) == 0)
    table = table[~empty].rename_axis(by)
    won = table["customers"].where((table["customers"] > 0) & ~table.index.isin([NO_CAMPAIGN, UNKNOWN_CAMPAIGN]))
    return table.assign(cost_per_customer=table["cost"] / won)


def contact_rate(allocation) -> float | None:
    """What a minute of work on leads cost, over all periods.

    Parameters
    ----------
    allocation : Allocation
        Of a cost model with an activity that counts the minutes of leads.

    Returns
    -------
    float or None
        Currency units per minute; None where the cost model has no such activity, or nobody worked on leads.

    Examples
    --------
    >>> from custprof.costing import CostModel, allocate
    >>> follow = {"pool": "sales", "level": "business", "table": "leads", "minutes": "contact_minutes"}
    >>> pools = {"sales": {"accounts": ["6300"], "capacity_minutes": 500}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"follow up leads": follow}})
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6300"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": ["follow up leads"], "customer_id": [None], "quantity": [300]})
    >>> contact_rate(allocate(model, ledger, drivers))
    2.0
    """
    names = [name for name, activity in allocation.model.activities.items() if activity.table == "leads"]
    rates = allocation.rates()
    worked = rates[rates["activity"].isin(names) & (rates["driver"] == "minutes") & (rates["quantity"] > 0)]
    return float(worked["amount"].sum() / worked["quantity"].sum()) if len(worked) else None


def payback(cost, profit_by_period):
    """Periods until the cumulative profit of a customer (or a group) has covered what it cost to win.

    Parameters
    ----------
    cost : float, or Series by group
        Acquisition cost, currency units, positive.
    profit_by_period : Series by period, or DataFrame of groups x periods
        Profit in the first, second, ... period after acquisition, in that order; same unit and same base (per customer or in all) as cost.

    Returns
    -------
    float, or Series by group
        Number of whole periods, 0 where nothing was spent, NaN where the known periods do not cover it. A later loss does not undo it.

    Raises
    ------
    TypeError
        If a table of groups comes with a single cost, or a single row with several.
    ValueError
        If cost or a profit is missing, cost is negative, or a group has no cost.

    Examples
    --------
    >>> payback(500.0, pd.Series([200.0, 200.0, 200.0]))
    3.0
    >>> payback(pd.Series({"fair": 500.0, "ads": 100.0}), pd.DataFrame([[150.0, 50.0], [200.0, 200.0]], index=["ads", "fair"])).to_dict()
    {'ads': 1.0, 'fair': nan}
    """
    if isinstance(profit_by_period, pd.DataFrame):
        if not isinstance(cost, pd.Series):
            raise TypeError("profit is by group; pass the cost as a Series by group.")
        absent = profit_by_period.index.difference(cost.index)
        if len(absent):
            raise ValueError(f"cost is missing for {len(absent)} of {len(profit_by_period)} groups, first {absent[:3].tolist()}.")
        return profit_by_period.apply(lambda row: payback(cost[row.name], row), axis=1).astype(float).rename("periods")
    if isinstance(cost, pd.Series):
        raise TypeError("cost is by group; pass the profit as a DataFrame of groups x periods.")
    profit = np.asarray(profit_by_period, dtype=float)
    if np.isnan(cost) or cost < 0 or np.isnan(profit).any():
        raise ValueError(
            f"cost is {cost}, profit is missing in {np.isnan(profit).sum()} periods; cost is 0 or more, every period needs its profit."
        )
    covered = np.flatnonzero(np.concatenate([[0.0], profit.cumsum()]) >= cost)
    return float(covered[0]) if covered.size else np.nan


def checked_campaigns(campaigns: pd.DataFrame) -> pd.DataFrame:
    """The campaigns, if each is listed once and has its spend."""
    check_frame(campaigns, "campaigns", needs=["campaign_id", "channel", "spend"], say="give the study's campaigns")
    twice = campaigns["campaign_id"][campaigns["campaign_id"].duplicated()]
    if len(twice):
        raise ValueError(
            f"{len(twice)} of {len(campaigns)} campaigns are listed more than once, first {twice.head(3).tolist()}; add them up first."
        )
    bad = campaigns["campaign_id"][~(campaigns["spend"] >= 0)]
    if len(bad):
        raise ValueError(f"spend is missing or negative for {len(bad)} of {len(campaigns)} campaigns, first {bad.head(3).tolist()}.")
    return campaigns


def checked_customers(customers: pd.DataFrame) -> pd.DataFrame:
    """The customers with customer_id as a column, if each is listed once."""
    if isinstance(customers, pd.DataFrame) and "customer_id" not in customers.columns and customers.index.name == "customer_id":
        customers = customers.reset_index()
    check_frame(customers, "customers", needs=["customer_id", "campaign_id"], say="give the study's customers")
    check_once(pd.Index(customers["customer_id"]), "customers")
    return customers


def place_in(campaign_id: pd.Series, known: pd.Series) -> pd.Series:
    """The campaign of each row, or the row's residual place where there is none or it is not listed."""
    return campaign_id.where(campaign_id.isin(known), UNKNOWN_CAMPAIGN).where(campaign_id.notna(), NO_CAMPAIGN)
