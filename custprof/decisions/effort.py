"""How much time and what reward does each customer deserve, and what would gifts at random do instead?

A budget is best spread so that the next hour earns the same everywhere. Where profit responds to care with the same elasticity for
everybody, that is in proportion to profit times potential (of the best plan; that of today comes near), however strong the response is.
Whether care pays at all hangs on that strength, which nobody knows beforehand: beside every reward stands the rise in profit from which it
pays.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from custprof.costing import split_cents
from custprof.profit import customers_only, total
from custprof.profit.inputs import as_numbers, check_frame, check_number, check_once

__all__ = ["compare_rewards", "effort_plan"]


def effort_plan(
    customers: pd.DataFrame, *, minutes: float | None = None, budget: float = 0.0, rewarded: float = 0.1, by: str | None = None
) -> pd.DataFrame:
    """Time and reward of every customer, in proportion to its profit times its potential.

    Parameters
    ----------
    customers : DataFrame by customer_id
        profit (currency units, signed). Where known: potential (factor, zero or more: what is expected of a period to come over `profit`,
        say the chance to stay; 1 without it), minutes (time spent on the customer now). Rows that are no customers are left out.
    minutes : float, optional
        Time to plan; without it, as much as is spent now. It is the time that can be given freely: orders and complaints have to be served.
    budget : float
        Money for rewards.
    rewarded : float
        Share of the customers that get a reward, the highest profit times potential first; equal ones stay together.
    by : str, optional
        A column of `customers`, such as its segment: one row for each of its values instead of one per customer.

    Returns
    -------
    DataFrame by customer_id (or by the values of `by`, with their number in customers)
        profit; share (of the plan; zero for who brings no profit); minutes (planned), minutes_now, minutes_change, where time is known;
        reward (money, the whole budget to the cent); reward_at_random (money expected if gifts were drawn among all); to_pay_back (fraction
        by which the profit of the rewarded has to rise for the rewards to pay; NaN without one).

    Raises
    ------
    ValueError
        If profit, potential or minutes are missing or impossible, or nobody brings a profit.

    References
    ----------
    S. Albers (1998), Regeln für die Allokation eines Marketing-Budgets auf Produkte oder Marktsegmente, Zfbf 50, 211-235, and M. Fischer,
    S. Albers, N. Wagner & M. Frie (2011), Dynamic marketing budget allocation, Marketing Science 30, 568-585: in proportion to profit
    contribution x elasticity x growth potential. The elasticities are taken as equal here, since they are not known by customer.

    Examples
    --------
    >>> customers = pd.DataFrame({"profit": [300.0, 100.0, -80.0], "minutes": [10.0, 30.0, 60.0]}, index=["a", "b", "c"])
    >>> effort_plan(customers, budget=30, rewarded=0.3)[["share", "minutes", "minutes_change", "reward", "to_pay_back"]]
       share  minutes  minutes_change  reward  to_pay_back
    a   0.75     75.0            65.0    30.0          0.1
    b   0.25     25.0            -5.0     0.0          NaN
    c   0.00      0.0           -60.0     0.0          NaN
    """
    rows = _checked(customers, minutes, budget, rewarded)
    if by is not None and not (isinstance(by, str) and by in rows):
        raise ValueError(f"by is {by!r}; name a column of customers: {', '.join(map(str, rows.columns))}.")
    weight = rows["profit"].clip(lower=0.0) * rows.get("potential", 1.0)
    if not weight.sum() > 0:
        raise ValueError(f"none of the {len(rows):,} customers has a profit and a potential above zero; there is nobody to plan care for.")
    plan = pd.DataFrame({"profit": rows["profit"], "share": weight / weight.sum()})
    if minutes is None and "minutes" in rows:
        minutes = rows["minutes"].sum()
    if minutes is not None:
        plan["minutes"] = plan["share"] * minutes
    if "minutes" in rows:
        plan["minutes_now"] = rows["minutes"].astype(float)
        plan["minutes_change"] = plan["minutes"] - plan["minutes_now"]
    least = weight.nlargest(max(1, round(rewarded * len(rows)))).iloc[-1]
    chosen = weight[(weight >= least) & (weight > 0)]
    plan["reward"] = split_cents(round(budget * 100), chosen).div(100).reindex(rows.index, fill_value=0.0)
    plan["reward_at_random"] = budget / len(rows)
    plan["rewarded_profit"] = plan["profit"].where(rows.index.isin(chosen.index), 0.0)
    if by is not None:
        groups = plan.groupby(rows[by], observed=True)
        plan = groups.agg({column: total for column in plan})
        plan.insert(0, "customers", groups.size())
    plan["to_pay_back"] = plan["reward"] / plan["rewarded_profit"].where(plan["rewarded_profit"] > 0)
    return plan.drop(columns="rewarded_profit")


def compare_rewards(plan: pd.DataFrame) -> pd.DataFrame:
    """The planned rewards beside the same money given to as many customers drawn at random.

    Parameters
    ----------
    plan : DataFrame by customer_id
        Result of `effort_plan` with a budget, one row per customer.

    Returns
    -------
    DataFrame by "planned" and "at random"
        customers (who get something); budget (money); to_losers (money that goes to customers who lose money; for the draw the mean), with
        to_losers_low and to_losers_high (95 % of all draws); profit_reached (profit of those who get something; for the draw the mean);
        to_pay_back (fraction by which that profit has to rise to pay for the budget; NaN if there is none).

    Raises
    ------
    ValueError
        If the plan has no rewards or is not by customer.

    Examples
    --------
    >>> customers = pd.DataFrame({"profit": [300.0, 100.0, -80.0, -20.0]}, index=list("abcd"))
    >>> compare_rewards(effort_plan(customers, budget=30, rewarded=0.25))[["customers", "to_losers", "profit_reached", "to_pay_back"]]
               customers  to_losers  profit_reached  to_pay_back
    planned            1        0.0           300.0          0.1
    at random          1       15.0            75.0          0.4
    """
    check_frame(plan, "plan", numbers=["profit"], say="give the result of effort_plan")
    if "reward" not in plan or "customers" in plan:
        raise ValueError("plan is not one of effort_plan with a row per customer; leave out by.")
    count = int((plan["reward"] > 0).sum())
    if not count:
        raise ValueError("the plan holds no rewards; give effort_plan a budget.")
    budget, losing = total(plan["reward"]), plan["profit"] < 0
    low, high = hypergeom.ppf([0.025, 0.975], len(plan), losing.sum(), count) / count
    reached = [total(plan.loc[plan["reward"] > 0, "profit"]), count * total(plan["profit"]) / len(plan)]
    to_losers = [total(plan.loc[losing, "reward"]), budget * losing.mean()]
    table = pd.DataFrame({"customers": count, "budget": budget, "to_losers": to_losers}, index=["planned", "at random"])
    table["to_losers_low"], table["to_losers_high"] = [to_losers[0], budget * low], [to_losers[0], budget * high]
    table["profit_reached"] = reached
    table["to_pay_back"] = budget / table["profit_reached"].where(table["profit_reached"] > 0)
    return table


def _checked(customers: pd.DataFrame, minutes: float | None, budget: float, rewarded: float) -> pd.DataFrame:
    check_frame(
        customers, "customers", needs=["profit"], say="give a frame by customer_id with profit, and potential and minutes where known"
    )
    for value, name in ((budget, "budget"), (rewarded, "rewarded"), *([] if minutes is None else [(minutes, "minutes")])):
        check_number(value, name, say="give a number, none below zero, and as rewarded a share of the customers")
    rows = customers_only(customers)
    check_once(rows.index, "customers", say="sum their rows first")
    for name in [name for name in ("profit", "potential", "minutes") if name in rows]:
        values = as_numbers(rows[name].to_numpy(na_value=np.nan), name)
        wrong = ~np.isfinite(values) | ((values < 0) & (name != "profit"))
        if wrong.any():
            what = "missing" if np.isnan(values[wrong]).all() else "missing, infinite or negative"
            first = rows.index[wrong][:3].tolist()
            raise ValueError(f"{name} is {what} for {wrong.sum():,} of {len(rows):,} customers, first {first}; fill or drop them before.")
    if (minutes is not None and not minutes >= 0) or not budget >= 0 or not 0 < rewarded <= 1:
        raise ValueError(
            f"minutes is {minutes}, budget {budget} and rewarded {rewarded}; give none below zero, and a share of the customers."
        )
    return rows
