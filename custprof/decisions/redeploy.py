"""Which time do loss-makers bind, and what would it have to earn with the customers who bring a profit?

Time that is no longer spent on some customers is freed by activity, at the rates of the allocation. Part of its cost would end with the
work; the rest is paid whether anybody needs the time or not. Given to others, the time is spread as `effort_plan` spreads care, and none of
its cost ends: so it pays once the profit of those who receive it rises by more than the cost that could have ended. By how much it rises is
not known before it is tried. A gain is worked out only for a response that the caller states; the response from which it pays stands
beside.

References
----------
S. Albers, M. K. Mantrala & S. Sridhar (2010), Personal selling elasticities: a meta-analysis, Journal of Marketing Research 47(5), 840-853:
how sales answered to selling effort elsewhere, 0.3 on average; a benchmark, not a forecast.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing import split_cents
from custprof.decisions.drop import customers_named
from custprof.decisions.effort import effort_plan
from custprof.profit import customers_only, total
from custprof.profit.inputs import check_beside, check_number, check_pnl, named

__all__ = ["freed_time", "redeploy"]


def freed_time(pnl: pd.DataFrame, allocation, customers, *, share: float = 1.0, activities=None) -> pd.DataFrame:
    """Minutes that are freed when some customers get less of them, what they cost, and what of it ends.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id.
    allocation : Allocation
        What `costing.allocate` returned for it.
    customers : str or list-like of str
        The customer_ids whose time is freed.
    share : float
        Part of their time that is freed (fraction): 1 where they go, less where they are served less.
    activities : list-like of str, optional
        The activities whose time can be given to others; without it the time-driven ones of level "customer" (calls, visits, ...), since
        the work on orders goes and comes with the orders.

    Returns
    -------
    DataFrame by activity
        pool; minutes; cost (money, at the rates of each period); ends (money: avoidable, gone if the time is let go); stays (money: freed
        capacity, paid all the same). Amounts are over the whole time of the allocation; activities without such time are left out.

    Raises
    ------
    ValueError
        If a customer is not in `pnl`, stands twice or is a residual row, a share is outside 0 to 1, or an activity is not time-driven.

    Examples
    --------
    >>> from custprof.costing import CostModel, allocate
    >>> pools = {"sales": {"accounts": ["6100"], "capacity_minutes": 100}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"visit": {"pool": "sales", "level": "customer", "minutes": 10}}})
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0], "avoidable": [0.4]})
    >>> drivers = pd.DataFrame({"activity": "visit", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> pnl = pd.DataFrame({"profit": [-50.0, 500.0]}, index=["a", "b"])
    >>> freed_time(pnl, allocate(model, ledger, drivers), ["a"])
               pool  minutes   cost   ends  stays
    activity
    visit     sales     60.0  600.0  240.0  360.0
    """
    check_pnl(pnl, needs=(), by_period=False)
    if not hasattr(allocation, "what_if"):
        raise TypeError(f"allocation is a {type(allocation).__name__}; give what costing.allocate returned.")
    check_number(share, "share", least=0, most=1, say="give the part of their time that is freed, between 0 and 1")
    names = customers_named(pnl, customers)
    chosen = _activities(allocation, activities)
    served = names.intersection(allocation.customers().index)
    keys = ["period", "activity"]
    before, after = (each.rates().set_index(keys)["quantity"] for each in (allocation, allocation.what_if(drop=served)))
    minutes = (before - after).groupby("activity").sum()
    costs, avoidable = (allocation.customers(avoidable=only).loc[served, chosen] for only in (False, True))
    pools = {name: allocation.model.activities[name].pool for name in chosen}
    freed = pd.DataFrame(
        {
            "pool": pd.Series(pools, dtype="str"),
            "minutes": share * minutes.reindex(chosen),
            "cost": costs.apply(total).mul(share).round(allocation.decimals),
            "ends": avoidable.apply(total).mul(share).round(allocation.decimals),
        },
        index=pd.Index(chosen, name="activity"),
    )
    freed["stays"] = (freed["cost"] - freed["ends"]).round(allocation.decimals)
    return freed[freed["minutes"] > 0]


def redeploy(
    pnl: pd.DataFrame,
    allocation,
    customers,
    *,
    share: float = 1.0,
    activities=None,
    potential: pd.Series | None = None,
    elasticity: float | None = None,
) -> pd.DataFrame:
    """Freed time given to the customers who bring a profit: minutes, their cost, and the rise in profit from which that pays.

    Parameters
    ----------
    pnl, allocation, customers, share, activities
        As for `freed_time`; `pnl` with profit.
    potential : Series of float, optional
        Potential of the other customers by customer_id, as for `effort_plan` (1 without it), say the chance that each is still there.
    elasticity : float, optional
        Stated response: fraction by which the profit of those who receive the time rises for one more of it (0.1: ten percent more time,
        one percent more profit). Without it no gain is worked out.

    Returns
    -------
    DataFrame by customer_id of those who receive time, most first
        expected_profit (money: profit times potential); share (fraction of the freed minutes); minutes (together the freed ones); cost
        (money: of these minutes, together the freed cost to the cent); given_up (money: what of it would have ended); to_pay_back (fraction
        by which the expected profit has to rise to make up for what is given up); to_carry_cost (the same for the whole cost);
        elasticity_to_pay (response from which it pays; NaN where they get no such time today). With an elasticity: gain (money, signed: the
        rise in profit less what is given up). From when it pays is the same for all.

    Raises
    ------
    ValueError
        As `freed_time` and `effort_plan`, if no time is freed, the elasticity is not between 0 and 1, or is given where the receivers
        get no such time today.

    Notes
    -----
    With F minutes freed and M spent on all receivers today, profit answers as (1 + F/M)^elasticity: more time earns less and less, and
    everybody gets the same addition in proportion, as the plan has it. The profit that goes with the customers who leave is no part of
    this: see `drop_effect`, whose ``freed_income`` the sum of the gains is.

    Examples
    --------
    >>> from custprof.costing import CostModel, allocate
    >>> pools = {"sales": {"accounts": ["6100"], "capacity_minutes": 100}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"visit": {"pool": "sales", "level": "customer", "minutes": 10}}})
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0], "avoidable": [0.4]})
    >>> drivers = pd.DataFrame({"activity": "visit", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> pnl = pd.DataFrame({"profit": [-50.0, 480.0, 320.0]}, index=["a", "b", "c"])
    >>> found = redeploy(pnl, allocate(model, ledger, drivers), ["a"], elasticity=0.5)
    >>> found[["minutes", "cost", "given_up", "to_pay_back", "elasticity_to_pay", "gain"]].round(3)
                 minutes   cost  given_up  to_pay_back  elasticity_to_pay   gain
    customer_id
    b               36.0  360.0     144.0          0.3              0.189  336.0
    c               24.0  240.0      96.0          0.3              0.189  224.0
    """
    check_pnl(pnl, by_period=False)
    if elasticity is not None:
        check_number(elasticity, "elasticity", least=0, most=1, say="give a response between 0 and 1, 0.1 for a tenth")
    freed = freed_time(pnl, allocation, customers, share=share, activities=activities)
    if not freed["minutes"].sum() > 0:
        raise ValueError("no time is freed: the customers take none in these activities; name others, or other activities.")
    others = customers_only(pnl).drop(index=customers_named(pnl, customers))[["profit"]]
    if potential is not None:
        check_beside(potential, others.index, "potential")
        others = others.assign(potential=potential.reindex(others.index))
    shares = effort_plan(others)["share"]
    rows = others.loc[shares > 0]
    plan = pd.DataFrame({"expected_profit": rows["profit"] * rows.get("potential", 1.0), "share": shares[rows.index]})
    plan["minutes"] = plan["share"] * freed["minutes"].sum()
    for name, of in (("cost", "cost"), ("given_up", "ends")):
        plan[name] = _split(total(freed[of]), plan["share"], allocation.decimals)
    expected = total(plan["expected_profit"])
    plan["to_pay_back"], plan["to_carry_cost"] = total(freed["ends"]) / expected, total(freed["cost"]) / expected
    now = freed_time(pnl, allocation, plan.index, activities=list(freed.index))["minutes"].sum()
    more = np.log1p(freed["minutes"].sum() / now) if now > 0 else np.nan
    plan["elasticity_to_pay"] = np.log1p(plan["to_pay_back"]) / more
    if elasticity is not None:
        if not now > 0:
            raise ValueError("those who would receive the time get none of it today, so an elasticity says nothing; leave it out.")
        plan["gain"] = plan["expected_profit"] * np.expm1(elasticity * more) - plan["given_up"]
    return plan.rename_axis("customer_id").sort_index().sort_values("share", ascending=False, kind="stable")


def _split(amount: float, shares: pd.Series, decimals: int) -> pd.Series:
    """An amount by customer, exact to the minor unit."""
    return split_cents(round(amount * 10**decimals), shares) / 10**decimals


def _activities(allocation, activities) -> list[str]:
    """The activities asked for, in the order of the model; they have to be time-driven."""
    rates = allocation.rates()
    timed = list(dict.fromkeys(rates.loc[rates["driver"] == "minutes", "activity"]))
    if activities is None:
        return [name for name in timed if allocation.model.activities[name].level == "customer"]
    asked = named(activities, "activities", what="activity")
    strange = asked[~asked.isin(timed)]
    if len(strange):
        raise ValueError(f"{strange[:3].tolist()} are no time-driven activities of the cost model; it has {', '.join(timed) or 'none'}.")
    return [name for name in timed if name in asked]
