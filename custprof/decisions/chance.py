"""How likely does a customer lose money, when rates and counted work are known only roughly?

An error is drawn for every rate, shared by all customers, and one is integrated for what was counted for each customer: given the rates, a
lognormal error of the customer's cost tips it into a loss with a probability in closed form. So a customer's answer depends on no other
customer, and some hundred draws are enough. For a million customers that is half a billion times the normal distribution, which is
therefore read off a table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.inputs import check_amounts, check_beside, check_frame, check_number, check_seed

__all__ = ["check_draws", "loss_probability"]

_AT_ONCE = 30_000  # customers times draws: such a block stays in the cache of a processor
_REACH, _STEPS = 8.5, 2**14  # beyond so many standard deviations the probability is 0 or 1; straight lines between are off by 3e-8


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
    check_draws(error, draws)
    check_seed(random_state)
    check_frame(costs, "costs", say="give a frame of customers x activities, such as allocation.customers()")
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
    table = _normal_table()
    found, size = np.empty(len(costs)), max(1, _AT_ONCE // draws)
    for start in range(0, len(costs), size):
        part = slice(start, start + size)
        found[part] = _tipped(cost[part] @ factors, left[part], width, table)
    return pd.Series(found, index=costs.index, name="loss_probability")


def check_draws(error, draws) -> None:
    """Refuse an error or a number of draws that makes no sense."""
    check_number(error, "error", least=0, say="give the relative standard deviation of the rates, a fraction of zero or more")
    check_number(draws, "draws", least=1, whole=True, say="give a whole number of one or more")


def _tipped(cost: np.ndarray, left: np.ndarray, width: float, table: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Mean probability that the drawn costs times a lognormal error of mean one exceed what is left; at no error, whether they do."""
    sure = (left <= 0) | (width == 0)  # no error changes whether the cost exceeds it
    beyond = (cost[sure] > left[sure, None]).mean(axis=1)
    with np.errstate(divide="ignore"):  # no cost at all is infinitely far from a loss
        np.log(np.maximum(cost, 0.0, out=cost), out=cost)
    cost -= (np.log(np.where(sure, 1.0, left)) + width**2 / 2)[:, None]
    cost *= _STEPS / (2 * _REACH) / (width or 1.0)
    cost += _STEPS / 2
    np.clip(cost, 0, _STEPS, out=cost)
    step = cost.astype(np.intp)
    cost -= step
    cost *= table[1].take(step)
    cost += table[0].take(step)
    chance = cost.mean(axis=1)
    chance[sure] = beyond
    return chance


def _normal_table() -> tuple[np.ndarray, np.ndarray]:
    """The normal distribution at equal steps, and what it rises by in each."""
    from scipy.special import ndtr

    values = ndtr(np.linspace(-_REACH, _REACH, _STEPS + 1))
    values[[0, -1]] = 0.0, 1.0
    return values, np.append(np.diff(values), 0.0)
