"""Does this customer truly lose money?

Before anybody is called a loss-maker, the loss has to stand five questions: is it one at full cost; is it still one at avoidable cost (what
would go if the customer went); did it happen in more than one period; does it stand without its most unusual amount, and without what is
known not to come again; and would it still be one if the rates of the activities and the work counted for this customer were somewhat
wrong (`loss_probability`)? A loss at full cost alone mostly pays for capacity that stays.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.decisions.chance import check_draws, loss_probability
from custprof.decisions.verdicts import (
    CONFIRMED,
    FULL_COST_ONLY,
    NO_LOSS,
    NOT_KNOWN,
    ONE_AMOUNT,
    ONE_PERIOD,
    UNCERTAIN,
    VERDICTS,
    loss_reasons,
)
from custprof.profit import activity_columns, customers_only, profit_name
from custprof.profit.inputs import check_amounts, check_kind, check_number, check_pnl, check_seed

__all__ = ["VERDICTS", "verify_losses"]

_UNUSUAL = ("credit_cost", "bad_debt", "credit_loss_provision")  # costs that may come once, besides the activities


def verify_losses(
    pnl_by_period: pd.DataFrame,
    *,
    one_offs: pd.Series | None = None,
    error: float = 0.2,
    certainty: float = 0.9,
    draws: int = 500,
    random_state: int = 0,
) -> pd.DataFrame:
    """Check every customer's loss against avoidable cost, time, one-offs and uncertain rates.

    Parameters
    ----------
    pnl_by_period : DataFrame
        Result of `customer_pnl` by customer_id and period; residual rows are left out. A row of zeros counts as no activity.
    one_offs : Series of float, optional
        Profit that is known not to come again, by customer_id and period (money; an extraordinary cost is negative): it is taken out
        before anything is asked.
    error : float
        Relative standard deviation of the error of every rate, and of the work counted for a customer (fraction).
    certainty : float
        Probability of a loss from which on it is certain enough (fraction).
    draws : int
        Draws of the rates.
    random_state : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        Index customer_id. Columns periods (count with any activity), loss_periods (count at full cost), profit (money, all periods),
        verdict and reason (words); where avoidable cost is known also avoidable_loss_periods (count) and avoidable_profit (money); where
        activities are known loss_probability, and avoidable_loss_probability (fractions). The verdict is the first of these that holds:
        "no loss" (profit of zero or more), "loss at full cost only" (avoidable profit of zero or more), "loss, avoidable cost not known",
        "loss in one period" (the avoidable loss is not repeated), "loss by one unusual amount" (with three periods or more: without what
        one cost of one period exceeds that of every other period, no avoidable loss remains), "uncertain loss" (an avoidable loss less
        certain than asked for), "confirmed loss".

    Raises
    ------
    ValueError
        If the frame is not by customer and period, lacks profit, has missing or infinite amounts or a row twice, one_offs are of customers
        or periods that it does not hold, or an option is no number that makes sense.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["a", "b"], ["2023", "2024"]], names=["customer_id", "period"])
    >>> pnl = pd.DataFrame({"profit": [-9.0, -8.0, -9.0, -8.0], "avoidable_profit": [-2.0, -1.0, 3.0, 4.0]}, index=rows)
    >>> verify_losses(pnl)["verdict"].to_dict()
    {'a': 'confirmed loss', 'b': 'loss at full cost only'}
    """
    check_pnl(pnl_by_period, name="pnl_by_period", by_period=True)
    check_draws(error, draws)
    check_seed(random_state)
    check_number(certainty, "certainty", least=0, most=1, say="give a probability between 0 and 1, say 0.9")
    rows = _without(customers_only(pnl_by_period), one_offs)
    customer, ids = pd.factorize(rows.index.get_level_values(0), sort=True)  # numbers once, or each sum sorts the ids anew
    ids = ids.rename("customer_id")

    def by_customer(values: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
        return values.groupby(customer).sum().set_axis(ids)

    active = (rows.select_dtypes("number") != 0).any(axis=1)
    found = pd.DataFrame({"periods": by_customer(active), "loss_periods": by_customer(rows["profit"] < 0)})
    found["profit"] = by_customer(rows["profit"]).round(4)  # few periods each: compensated and rounded, exact
    if "avoidable_profit" in rows:
        found["avoidable_loss_periods"] = by_customer(rows["avoidable_profit"] < 0)
        found["avoidable_profit"] = by_customer(rows["avoidable_profit"]).round(4)
    costs = by_customer(rows[activity_columns(rows)])
    ending = None  # the part of each customer's cost that ends with it
    if costs.shape[1]:
        found["loss_probability"] = loss_probability(costs, found["profit"], error=error, draws=draws, random_state=random_state)
        if "avoidable_profit" in found:
            ending = (by_customer(rows["avoidable_cost"]).round(4) / costs.sum(axis=1).where(lambda cost: cost != 0)).fillna(0.0)
            found["avoidable_loss_probability"] = loss_probability(
                costs.mul(ending, axis=0), found["avoidable_profit"], error=error, draws=draws, random_state=random_state
            )
    single = _by_one_amount(found, rows[active], customer[active], ending) if "avoidable_profit" in found else None
    found["verdict"] = _verdicts(found, single, certainty)
    told = found if single is None else found.join(single)
    return found.assign(reason=loss_reasons(told, what=profit_name(rows), error=error, certainty=certainty))


def _without(rows: pd.DataFrame, one_offs: pd.Series | None) -> pd.DataFrame:
    if one_offs is None:
        return rows
    check_kind(one_offs, pd.Series, "one_offs", say="give a Series by customer_id and period")
    check_amounts(one_offs, "one_offs")
    strange = one_offs.index.difference(rows.index)
    if len(strange):
        raise ValueError(f"{len(strange)} of {len(one_offs)} one_offs are not in pnl_by_period, first {strange[:3].tolist()}; check them.")
    out = one_offs.groupby(level=[0, 1]).sum().reindex(rows.index).fillna(0.0)
    known = [name for name in ("profit", "avoidable_profit") if name in rows]
    return rows.assign(**{name: (rows[name] - out).round(4) for name in known})


def _by_one_amount(found: pd.DataFrame, rows: pd.DataFrame, customer: np.ndarray, ending: pd.Series | None) -> pd.DataFrame:
    """Who would make no avoidable loss without what one cost of one period exceeds that of each other period by: which, when, how much."""
    asked = (found["avoidable_profit"] < 0) & (found["avoidable_loss_periods"] > 1) & (found["periods"] > 2)  # the others have a verdict
    names = sorted(name for name in (*_UNUSUAL, *activity_columns(rows)) if name in rows)
    kept = np.flatnonzero(asked.to_numpy()[customer])
    if not len(kept) or not names:
        return pd.DataFrame(columns=["cost", "period", "amount", "ending"], index=found.index[:0])
    costs, place = rows[names].iloc[kept].reset_index(drop=True), customer[kept]
    by = costs.groupby(place)
    top = costs == by.transform("max")
    excess = by.max() - costs.mask(top).groupby(place).max()
    excess = excess.where(top.groupby(place).sum() == 1, 0.0)  # two periods cost as much
    best = excess.to_numpy().argmax(axis=1)
    when = by.idxmax().to_numpy()[np.arange(len(best)), best]
    unusual = pd.DataFrame(
        {
            "cost": np.array([name.replace("_", " ") if name in _UNUSUAL else name for name in names], dtype=object)[best],
            "period": rows.index.get_level_values(1)[kept[when]].astype(str),
            "amount": excess.max(axis=1).to_numpy(),
        },
        index=found.index[excess.index],
    )
    part = 1.0 if ending is None else ending[unusual.index].where(~np.isin(names, _UNUSUAL)[best], 1.0)
    unusual["ending"] = unusual["amount"] * part  # of an activity only what ends with the customer counts
    return unusual[(unusual["ending"] > 0) & (found["avoidable_profit"][unusual.index] + unusual["ending"] >= 0)]


def _verdicts(found: pd.DataFrame, single: pd.DataFrame | None, certainty: float) -> np.ndarray:
    if single is None:
        return np.where(found["profit"] >= 0, NO_LOSS, NOT_KNOWN)
    cases = [
        (found["profit"] >= 0, NO_LOSS),
        (found["avoidable_profit"] >= 0, FULL_COST_ONLY),
        (found["avoidable_loss_periods"] <= 1, ONE_PERIOD),
        (found.index.isin(single.index), ONE_AMOUNT),
        (found.get("avoidable_loss_probability", pd.Series(1.0, index=found.index)) < certainty, UNCERTAIN),
    ]
    return np.select(*zip(*cases, strict=True), default=CONFIRMED)
