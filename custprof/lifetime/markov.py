"""What is a customer worth whose future depends only on where it stands today?

Customers move between a few states from one period to the next (profit, loss, gone; or how long ago they last bought), and each state earns
something. With transition probabilities P, earnings R and the discount d of a period the values are V = R + P V / (1 + d), solved at once.
Needs no model of purchases and no assumption but this one: that the next state depends on the present one and on nothing before it. The
margin multiple is the case of two states, there and gone.

References
----------
Pfeifer, P. E. & Carraway, R. L. (2000). Modeling customer relationships as Markov chains. Journal of Interactive Marketing 14(2), 43-55.
Gupta, S. & Lehmann, D. R. (2003). Customers as assets. Journal of Interactive Marketing 17(1), 9-24.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_number, check_numeric
from custprof.lifetime.discount import check_rate

__all__ = ["chain_value", "margin_multiple"]

_LENGTHS = "give 1 for years, 4 for quarters, 12 for months"


def chain_value(
    transitions: pd.DataFrame, earnings: pd.Series, *, annual_rate: float = 0.10, periods_per_year: float = 1.0, horizon: int | None = None
) -> pd.Series:
    """Value of a customer by the state it is in.

    Parameters
    ----------
    transitions : DataFrame
        States by states: probability of being in the column's state one period after the row's. Rows add up to 1; a state that stands
        in the columns only ("lost") is left by nobody and earns nothing.
    earnings : Series by state
        What a customer in the state earns in a period, currency units, signed; received when the period begins.
    annual_rate : float
        Discount a year, compounded; 0 only if customers are lost in the end or with a horizon.
    periods_per_year : float
        Length of the chain's period: 1 for years, 4 for quarters, 12 for months.
    horizon : int, optional
        Periods counted, the present one included; all when None.

    Returns
    -------
    Series
        By state (the rows): ``value``, currency units of today, what the present period earns included.

    Raises
    ------
    ValueError
        If rows do not add up to 1, earnings are missing for a state, or the value is infinite.

    Examples
    --------
    Half of the customers come back each year, and one who is there earns 10.

    >>> stay = pd.DataFrame({"there": [0.5], "lost": [0.5]}, index=["there"])
    >>> chain_value(stay, pd.Series({"there": 10.0}), annual_rate=0.0).to_dict()
    {'there': 20.0}
    """
    check_rate(annual_rate)
    check_number(periods_per_year, "periods_per_year", above=0, say=_LENGTHS)
    if horizon is not None:
        check_number(horizon, "horizon", least=1, whole=True, say="give whole periods, the present one included, or None for all")
    _check_states(transitions, earnings)
    states = transitions.index
    inner = transitions.reindex(columns=states, fill_value=0.0).to_numpy("float64")
    given = transitions.to_numpy("float64")
    wrong = ~np.isclose(given.sum(axis=1), 1.0, atol=1e-9) | (given < 0).any(axis=1)
    if wrong.any():
        found = f"{wrong.sum()} of {len(states)} states, first {states[wrong][:3].tolist()}"
        raise ValueError(f"transitions are no probabilities for {found}; each row adds up to 1, over all states it may lead to.")
    earned = earnings.reindex(states).to_numpy("float64")
    unknown = ~np.isfinite(earned)
    if unknown.any():
        found = f"{unknown.sum()} of {len(states)} states, first {states[unknown][:3].tolist()}"
        raise ValueError(f"earnings are missing or infinite for {found}; say what a period in each state earns, 0 where nothing.")
    discounted = inner * (1 + annual_rate) ** (-1 / periods_per_year)
    if horizon is not None:
        value = np.zeros(len(states))
        for _ in range(int(horizon)):
            value = earned + discounted @ value
        return pd.Series(value, index=states, name="value")
    if np.abs(np.linalg.eigvals(discounted)).max() >= 1 - 1e-12:
        raise ValueError("the value is infinite: nobody is lost and nothing is discounted; give an annual_rate above 0 or a horizon.")
    return pd.Series(np.linalg.solve(np.eye(len(states)) - discounted, earned), index=states, name="value")


def margin_multiple(retention, annual_rate: float) -> np.ndarray | float:
    """How many yearly margins a customer is worth that stays with the same probability each year: r / (1 + i - r).

    The first margin comes in a year; where it comes at once the multiple is 1 more.

    Parameters
    ----------
    retention : float or array
        Share that stays from one year to the next, from 0 to below 1 + annual_rate.
    annual_rate : float
        Discount a year: 0.12 for 12 %.

    Returns
    -------
    float or ndarray

    Examples
    --------
    >>> round(margin_multiple(0.8, 0.12), 2)
    2.5
    """
    check_rate(annual_rate)
    kept = np.asarray(retention, dtype=float)
    if not ((kept >= 0) & (kept <= 1)).all():
        raise ValueError(f"retention is {retention!r}; give a fraction from 0 to 1, 0.8 for 80 %.")
    if (kept >= 1 + annual_rate).any():
        raise ValueError("the multiple is infinite: nobody is lost and nothing is discounted; give an annual_rate above 0.")
    multiple = kept / (1 + annual_rate - kept)
    return multiple if np.ndim(retention) else float(multiple)


def _check_states(transitions: pd.DataFrame, earnings: pd.Series) -> None:
    if not isinstance(transitions, pd.DataFrame):
        raise TypeError(f"transitions are a {type(transitions).__name__}; give a DataFrame, states by states.")
    if transitions.empty:
        raise ValueError("transitions hold no state; give a row for each state a customer may be in.")
    for states in (transitions.index, transitions.columns, getattr(earnings, "index", transitions.index)):
        if not states.is_unique:
            raise ValueError(f"the states {states[states.duplicated()].unique()[:3].tolist()} stand there twice; name each once.")
    check_numeric(earnings, "earnings")
    for state in transitions:
        check_numeric(transitions[state], f"the chance of becoming {state!r}")
