"""How are prices to repair, referrals, indirect benefits and calls to make laid out as sheets of the workbook?

With the assumptions of notebook 07, so that the workbook says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from custprof.report.worth import Worth

__all__ = ["CHANCE", "HIGHEST_RISE", "step_sheets"]

HIGHEST_RISE, CHANCE = 0.1, 0.05


def step_sheets(study, pnl: pd.DataFrame, allocation, worth: Worth, advice: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The sheets on what may be done next, as far as the study can answer.

    Parameters
    ----------
    study : Study
    pnl : DataFrame
        Result of `customer_pnl` by customer.
    allocation : Allocation or None
    worth : Worth
        What `worth.value_customers` found.
    advice : DataFrame
        Result of `decisions.recommend`.

    Returns
    -------
    dict of str to DataFrame
    """
    from custprof.decisions import indirect_benefit, reprice

    sheets = {}
    talk = advice.index[advice["action"].isin(["part", "repair"])]
    if len(talk):
        orders = study.customer_facts()["orders"].reindex(advice.index, fill_value=0)
        rising = [name for name in ("commission",) if name in pnl]
        prices = reprice(pnl, highest_rise=HIGHEST_RISE, rising=rising, orders=orders)
        bought = prices.loc[talk].query("net_revenue >= 0")  # who returned more than it bought has no price or fee
        sheets["Repair"] = advice[["action"]].join(bought, how="right").sort_values("profit", kind="stable")
    if not study.lacks("customers.referred_by", "customers.referral_type"):
        sheets["Referrals"] = _referrals(study, pnl, allocation, worth)
    if not study.lacks("contributions"):
        sheets["Indirect benefits"] = indirect_benefit(study.table("contributions"), decimals=study.decimals)
    if worth.history is not None:
        sheets["Call again"] = _calls(pnl, allocation, worth)
    return sheets


def _referrals(study, pnl: pd.DataFrame, allocation, worth: Worth) -> pd.DataFrame:
    """Who referred others, most value first."""
    from custprof.decisions import referral_value
    from custprof.profit import customers_only

    people = study.frame("customers")
    value = customers_only(pnl)["avoidable_profit" if "avoidable_profit" in pnl else "profit"]
    value = value if worth.avoidable is None else value.add(worth.avoidable, fill_value=0.0)
    found = referral_value(people, value, acquisition_cost=_winning_cost(study, people, allocation))
    return found[(found["type_one"] > 0) | (found["type_two"] > 0)].sort_values("referral_value", ascending=False, kind="stable")


def _winning_cost(study, people: pd.DataFrame, allocation) -> float:
    """What a customer won by a campaign cost on average, the time spent on its leads included where that is known, as in notebook 06."""
    from custprof.acquisition import acquisition_cost, contact_rate

    if study.lacks("campaigns", "customers.campaign_id"):
        return 0.0
    rate = None if allocation is None or study.lacks("leads") else contact_rate(allocation)
    time = {"leads": study.frame("leads"), "minute_rate": rate} if rate else {}
    won = acquisition_cost(study.frame("campaigns"), people, by="channel", **time).dropna(subset="cost_per_customer")
    return won["cost"].sum() / won["customers"].sum() if len(won) else 0.0


def _calls(pnl: pd.DataFrame, allocation, worth: Worth) -> pd.DataFrame:
    """Whom to call again, at the cost of an hour of the dearest time of those who see customers, where that is known."""
    from custprof.decisions import reengage

    rates = None if allocation is None else allocation.rates().query("driver == 'minutes' and level == 'customer'")["rate"]
    hour = 60 * rates.max() if rates is not None and rates.max() > 0 else None
    return reengage(pnl, worth.history, worth.value.assign(value=worth.avoidable), chance=CHANCE, contact_cost=hour)
