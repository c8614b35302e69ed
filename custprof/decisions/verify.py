"""Does this customer truly lose money?

Before anybody is called a loss-maker, the loss has to stand five questions: is it one at full cost; is it still one at avoidable cost (what
would go if the customer went); did it happen in more than one period; does it stand without its most unusual amount, and without what is
known not to come again; and would it still be one if the rates of the activities and the work counted for this customer were somewhat
wrong? A loss at full cost alone mostly pays for capacity that stays.

The last question is answered by drawing an error for every rate, shared by all customers, and one for what was counted for each customer.
The latter is not drawn but integrated: given the rates, a lognormal error of the customer's cost tips it into a loss with a probability in
closed form. So a customer's answer depends on no other customer, and some hundred draws are enough.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit import activity_columns, customers_only, profit_name
from custprof.profit.inputs import check_amounts, check_beside, check_number, check_pnl

__all__ = ["VERDICTS", "loss_probability", "verify_losses"]

#: What `verify_losses` may find; the first three are harmless or may pass, the fourth is certain.
VERDICTS = (
    "no loss",
    "loss at full cost only",
    "loss in one period",
    "confirmed loss",
    "loss, avoidable cost not known",
    "loss by one unusual amount",
    "uncertain loss",
)

_CUSTOMERS_AT_ONCE = 2000  # so that customers x draws stay within memory
_UNUSUAL = ("credit_cost", "bad_debt", "credit_loss_provision")  # costs that may come once, besides the activities
_OPEN = {True: "; what would go with the customer is still paid", False: "; avoidable cost is not known"}


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
    _check_options(error, draws)
    check_number(certainty, "certainty", least=0, most=1, say="give a probability between 0 and 1, say 0.9")
    rows = _without(customers_only(pnl_by_period), one_offs)
    active = (rows.select_dtypes("number") != 0).any(axis=1)
    found = pd.DataFrame({"periods": _count(active), "loss_periods": _count(rows["profit"] < 0), "profit": _sum(rows["profit"])})
    if "avoidable_profit" in rows:
        found["avoidable_loss_periods"] = _count(rows["avoidable_profit"] < 0)
        found["avoidable_profit"] = _sum(rows["avoidable_profit"])
    costs = rows[activity_columns(rows)].groupby(level=0).sum()
    if costs.shape[1]:
        found["loss_probability"] = loss_probability(costs, found["profit"], error=error, draws=draws, random_state=random_state)
        if "avoidable_profit" in found:
            share = _sum(rows["avoidable_cost"]) / costs.sum(axis=1).where(lambda cost: cost != 0)
            avoidable = costs.mul(share.fillna(0.0), axis=0)
            found["avoidable_loss_probability"] = loss_probability(
                avoidable, found["avoidable_profit"], error=error, draws=draws, random_state=random_state
            )
    return found.assign(**_verdicts(found, rows, certainty))


def loss_probability(costs: pd.DataFrame, profit: pd.Series, *, error: float = 0.2, draws: int = 500, random_state: int = 0) -> pd.Series:
    """Probability that each customer loses money, when rates and counted work are uncertain.

    Parameters
    ----------
    costs : DataFrame
        What serving each customer cost (money): index customer_id, one column per activity, such as ``allocation.customers()``.
    profit : Series of float
        Profit after these costs, by customer_id (money).
    error : float
        Relative standard deviation (fraction) of two lognormal errors of mean one: that of every rate, shared by all customers, and that of
        the work counted for the customer.
    draws : int
        Draws of the rates.
    random_state : int
        Seed of the draws; the customers and their order change nothing.

    Returns
    -------
    Series of float, by customer_id
        Fraction between 0 and 1; 0 or 1 for who has no cost to serve.

    Raises
    ------
    ValueError
        If error is negative, draws is below one, an amount is missing or infinite, or profit is not known for all customers of `costs`.

    Examples
    --------
    Both have a contribution of 100; the cost of "a" is 95 and that of "b" 200:

    >>> costs = pd.DataFrame({"call": [45.0, 100.0], "visit": [50.0, 100.0]}, index=["a", "b"])
    >>> loss_probability(costs, pd.Series({"a": 5.0, "b": -100.0})).round(2).to_dict()
    {'a': 0.35, 'b': 1.0}
    """
    from scipy.special import ndtr

    _check_options(error, draws)
    check_beside(profit, costs.index, "profit")
    for name in costs:
        check_amounts(costs[name], str(name))
    check_amounts(profit, "profit", gaps=True)
    missing = costs.index.difference(profit.dropna().index)
    if len(missing):
        raise ValueError(f"profit is missing for {len(missing)} of {len(costs)} customers, first {missing[:3].tolist()}; give it for all.")
    width = np.sqrt(np.log1p(error**2))
    names = sorted(costs.columns)  # the draws belong to the activities, whatever their order
    factors = np.exp(width * np.random.default_rng(random_state).standard_normal((len(names), draws)) - width**2 / 2)
    cost = costs[names].to_numpy(dtype=float)
    left = profit.reindex(costs.index).to_numpy(dtype=float) + cost.sum(axis=1)  # contribution: what the cost must stay below
    found = np.empty(len(costs))
    for start in range(0, len(costs), _CUSTOMERS_AT_ONCE):
        part = slice(start, start + _CUSTOMERS_AT_ONCE)
        found[part] = _tipped(cost[part] @ factors, left[part, None], width, ndtr).mean(axis=1)
    return pd.Series(found, index=costs.index, name="loss_probability")


def _check_options(error: float, draws: int) -> None:
    if not 0 <= error < np.inf or not 1 <= draws < np.inf or draws % 1:
        raise ValueError(f"error is {error} and draws {draws}; give an error of zero or more and one draw or more.")


def _tipped(cost: np.ndarray, left: np.ndarray, width: float, ndtr) -> np.ndarray:
    """Probability that cost times a lognormal error of mean one exceeds what is left; at no error, whether it does."""
    beyond = (cost > left).astype(float)
    chance = (cost > 0) & (left > 0)  # otherwise no error changes the answer
    if not width:
        return beyond
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance, ndtr((np.log(cost / left) - width**2 / 2) / width), beyond)


def _without(rows: pd.DataFrame, one_offs: pd.Series | None) -> pd.DataFrame:
    if one_offs is None:
        return rows
    if not isinstance(one_offs, pd.Series):
        raise TypeError(f"one_offs is a {type(one_offs).__name__}; give a Series by customer_id and period.")
    check_amounts(one_offs, "one_offs")
    strange = one_offs.index.difference(rows.index)
    if len(strange):
        raise ValueError(f"{len(strange)} of {len(one_offs)} one_offs are not in pnl_by_period, first {strange[:3].tolist()}; check them.")
    out = one_offs.groupby(level=[0, 1]).sum().reindex(rows.index).fillna(0.0)
    known = [name for name in ("profit", "avoidable_profit") if name in rows]
    return rows.assign(**{name: (rows[name] - out).round(4) for name in known})


def _count(mask: pd.Series) -> pd.Series:
    return mask.astype(int).groupby(level=0).sum()


def _sum(amounts: pd.Series) -> pd.Series:
    return amounts.groupby(level=0).sum().round(4)  # few periods each: compensated and rounded, exact


def _most_unusual(rows: pd.DataFrame, active: pd.Series) -> pd.DataFrame:
    """Of customers of three periods or more: the cost of one period that exceeds that of each other period by most."""
    names = [name for name in (*_UNUSUAL, *activity_columns(rows)) if name in rows]
    often = active.groupby(level=0).transform("sum") > 2
    long = rows.loc[often & active, names].rename_axis(index=["customer_id", "period"])
    long = long.melt(var_name="name", value_name="cost", ignore_index=False).reset_index()
    long = long.sort_values(["customer_id", "name", "cost", "period"], ascending=[True, True, False, True], kind="stable")
    grouped = long.groupby(["customer_id", "name"])
    largest = long.assign(excess=long["cost"] - grouped["cost"].shift(-1))[grouped.cumcount() == 0]
    largest = largest.sort_values(["customer_id", "excess", "name"], ascending=[True, False, True], kind="stable")
    return largest.drop_duplicates("customer_id").set_index("customer_id")[["name", "period", "excess"]]


def _verdicts(found: pd.DataFrame, rows: pd.DataFrame, certainty: float) -> dict[str, np.ndarray]:
    what, known = profit_name(rows), "avoidable_profit" in found
    avoidable = found["avoidable_profit"] if known else pd.Series(0.0, index=found.index)
    repeated = found["avoidable_loss_periods"] if known else found["loss_periods"]
    of_periods = " of " + found["periods"].astype(str) + np.where(found["periods"] == 1, " period", " periods")
    lost = ("a loss at full cost in " if what == "profit" else f"a negative {what} in ") + found["loss_periods"].astype(str) + of_periods
    always = "a loss even at avoidable cost, in " + repeated.astype(str) + of_periods
    once, of_what = _by_one_amount(found, rows) if known else (pd.Series(False, index=found.index), "")
    chance = found["avoidable_loss_probability"] if "avoidable_loss_probability" in found else pd.Series(1.0, index=found.index)
    percent = (100 * chance).round().astype(int).astype(str) + " %"
    cases = [
        (
            found["profit"] >= 0,
            VERDICTS[0],
            np.where(found["loss_periods"] > 0, "no loss over all periods, but " + lost, "no loss in any period"),
        ),
        (avoidable >= 0, VERDICTS[1] if known else VERDICTS[4], lost + _OPEN[known]),
        (repeated <= 1, VERDICTS[2], "a loss even at avoidable cost, but in " + repeated.astype(str) + of_periods + " only"),
        (once, VERDICTS[5], always + ", but none without " + of_what),
        (
            chance < certainty,
            VERDICTS[6],
            always + ", but only " + percent + " likely with the rates and the work as uncertain as they are",
        ),
    ]
    masks, names, words = ([case[part] for case in cases] for part in range(3))
    certain = always + (", " + percent + " likely with uncertain rates" if "avoidable_loss_probability" in found else "")
    return {"verdict": np.select(masks, names, default=VERDICTS[3]), "reason": np.select(masks, words, default=certain)}


def _by_one_amount(found: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    asked = found.index[(found["avoidable_profit"] < 0) & (found["avoidable_loss_periods"] > 1)]  # the others have their verdict
    asked = rows[rows.index.get_level_values(0).isin(asked)]
    unusual = _most_unusual(asked, (asked.select_dtypes("number") != 0).any(axis=1)).reindex(found.index)
    share = 1.0
    if "avoidable_cost" in rows:  # of an activity only what ends with the customer counts
        served = _sum(rows["cost_to_serve"])
        share = (_sum(rows["avoidable_cost"]) / served.where(served != 0)).fillna(0.0).where(~unusual["name"].isin(_UNUSUAL), 1.0)
    excess = unusual["excess"].fillna(0.0) * share
    amount = unusual["excess"].fillna(0.0).map("{:,.0f}".format)
    of_what = unusual["name"].astype(str).str.replace("_", " ") + '" in ' + unusual["period"].astype(str)
    return (excess > 0) & (found["avoidable_profit"] + excess >= 0), amount + ' more than in any other period for "' + of_what
