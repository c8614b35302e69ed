"""Which sheets of the workbook answer what marketing and sales ask: campaigns, budget, capacity and leads?

The calls and the assumptions of notebook 06, so that the workbook says the same. What the study cannot answer has no sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GROWTH", "STRETCH", "acquisition_sheets"]

GROWTH, STRETCH = 1.1, 1.25  # customers wanted against those won per year; what a channel may be asked against what it has shown


def acquisition_sheets(study, profit: pd.Series, worth: pd.Series, allocation) -> dict[str, pd.DataFrame]:
    """The sheets on campaigns, the next budget, the capacity for its customers, and leads.

    Parameters
    ----------
    study : Study
    profit, worth : Series by customer_id
        What customers earned so far; and so far and in the years to come, or once more so far where that is not known.
    allocation : Allocation or None

    Returns
    -------
    dict of str to DataFrame
        Of "Campaigns", "Budget", "Room for customers", "Leads" and "Leads to prune" those that the study can answer.

    Examples
    --------
    >>> import pandas as pd
    >>> from custprof.datasets import load_demo
    >>> study = load_demo()
    >>> profit = pd.Series(900.0, index=study.frame("customers")["customer_id"])
    >>> list(acquisition_sheets(study, profit, profit, None))
    ['Campaigns', 'Budget', 'Leads']
    """
    from custprof.acquisition import contact_rate

    leads = None if study.lacks("leads") else study.frame("leads")
    rate = contact_rate(allocation) if allocation is not None and leads is not None else None
    sheets = {}
    if not study.lacks("campaigns", "customers.campaign_id"):
        sheets |= _campaigns(study, profit, worth, allocation, {"leads": leads, "minute_rate": rate} if rate else {})
    if leads is not None and not study.lacks("leads.channel", "leads.contact_minutes", "leads.customer_id"):
        sheets |= _leads(leads, worth, rate)
    return sheets


def _campaigns(study, profit: pd.Series, worth: pd.Series, allocation, lead_time: dict) -> dict[str, pd.DataFrame]:
    from custprof.acquisition import ALL_SOURCES, NO_SOURCE, budget, capacity_check, compare_campaigns, foreign_ids, minutes_per_customer

    campaigns, directory = study.frame("campaigns"), study.frame("customers")
    if campaigns.empty or foreign_ids(directory.loc[directory["campaign_id"].isin(campaigns["campaign_id"]), "customer_id"], worth):
        return {}
    outlook = compare_campaigns(campaigns, directory, profit=worth, **lead_time)
    years = max((study.end - study.start).days, 1) / 365.25
    plan = budget(outlook, GROWTH * outlook["customers"].sum() / years, periods=years, stretch=STRETCH)
    sheets = {"Campaigns": compare_campaigns(campaigns, directory, profit=profit, **lead_time), "Budget": plan}
    if allocation is not None and not allocation.capacity().empty:
        came = directory.set_index("customer_id")["campaign_id"].map(campaigns.set_index("campaign_id")["channel"])
        each, asked = minutes_per_customer(allocation, came.dropna()), plan["customers"].drop([ALL_SOURCES, NO_SOURCE], errors="ignore")
        each = each.reindex(each.index.union(asked.index)).fillna(each.mean())
        sheets["Room for customers"] = capacity_check(allocation.capacity(), each, asked)
    return sheets


def _leads(leads: pd.DataFrame, worth: pd.Series, rate: float | None) -> dict[str, pd.DataFrame]:
    from custprof.acquisition import LeadScorer, open_leads, profit_of_alike, prune_funnel, scoring_obstacle

    if scoring_obstacle(leads, worth):
        return {}
    scorer, waiting = LeadScorer().fit(leads), open_leads(leads)
    cost = (rate or 0.0) * leads["contact_minutes"].mean()
    valued = scorer.expected_value(waiting, profit_of_alike(waiting, worth, past=leads)["profit"], cost)
    first = waiting[["lead_id", "created_on", "channel"]].join(valued).set_index("lead_id")
    sheets = {"Leads": first.sort_values("expected_value", ascending=False, kind="stable")} if len(first) else {}
    if rate:
        chance = scorer.foresee(leads)
        tested = leads.loc[chance.index]
        known = leads[leads["created_on"] < tested["created_on"].min()]
        expected = chance * profit_of_alike(tested, worth, past=known)["profit"] - cost
        sheets["Leads to prune"] = prune_funnel(tested, expected, worth, minute_rate=rate, by="channel")
    return sheets
