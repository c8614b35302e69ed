"""Do parameters and intervals recover the truth of customers who are made to live by the models?

With real customers nobody knows the true parameters, nor what they will bring. So customers are simulated from Pareto/NBD and Gamma-Gamma
with parameters that are known, observed for up to a year, valued, and then followed for two years more, which the model does not see. Done
again and again, estimates should scatter around the truth by their standard error, and nine of ten intervals of 90 % should hold what came.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.exceptions import ConvergenceWarning

from custprof.costing.kinds import check_number
from custprof.lifetime.discount import annuity, discount_rate, periods
from custprof.lifetime.value import CustomerValue

__all__ = ["AHEAD", "RATE", "TERMS", "Lives", "Recovery", "recovery", "simulate_lives"]

TERMS = {"margin": 0.3, "cost_per_order": 2.0, "cost_per_period": 4.0}  #: Of every simulated customer.
AHEAD, RATE = 2, 0.10  #: Years followed after the observation, and the discount a year.
_PARAMETERS = ("r", "alpha", "s", "beta", "p", "q", "gamma")


class Lives(NamedTuple):
    """``summary``: customers observed from 0.4 to 1 year; ``value``: what each then really brings in two years more, discounted."""

    summary: pd.DataFrame
    value: pd.Series


class Recovery(NamedTuple):
    """``parameters``: estimates against the truth; ``values``: how often intervals held what came."""

    parameters: pd.DataFrame
    values: pd.DataFrame


def simulate_lives(truth, customers: int, *, random_state=0) -> Lives:
    """Customers who live by Pareto/NBD and Gamma-Gamma, at a margin of 30 %, 2 an order and 4 a year.

    Parameters
    ----------
    truth : mapping or Series
        r, alpha, s, beta (in weeks), p, q, gamma.
    customers : int
    random_state : int or numpy Generator

    Returns
    -------
    Lives

    Examples
    --------
    >>> truth = {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 20.0, "p": 5.0, "q": 4.0, "gamma": 20.0}
    >>> lives = simulate_lives(truth, 500)
    >>> lives.summary.shape, bool(lives.value.min() < 0 < lives.value.max())
    ((500, 4), True)
    """
    check_number(customers, "customers", least=1, whole=True, say="give how many customers to simulate, 1000 say")
    lacking = [name for name in _PARAMETERS if name not in truth]
    if lacking:
        raise ValueError(f"the truth lacks {', '.join(lacking)}; give {', '.join(_PARAMETERS)}.")
    r, alpha, s, beta, p, q, gamma = (float(truth[name]) for name in _PARAMETERS)
    rng, year = np.random.default_rng(random_state), periods(1, "W")
    age = rng.uniform(0.4, 1.0, customers) * year
    rate, leaves = rng.gamma(r, 1 / alpha, customers), rng.exponential(size=customers) / rng.gamma(s, 1 / beta, customers)
    scale = 1 / rng.gamma(q, 1 / gamma, customers)
    until = np.minimum(leaves, age + AHEAD * year)
    owner = np.repeat(np.arange(customers), rng.poisson(rate * until))
    when = rng.random(len(owner)) * until[owner]
    worth = scale[owner] * rng.gamma(p, size=len(owner))
    past = when <= age[owner]
    bought = np.bincount(owner[past], minlength=customers)
    last = np.zeros(customers)
    np.maximum.at(last, owner[past], when[past])
    spent = np.bincount(owner[past], worth[past], minlength=customers)
    index = pd.Index([f"c{i:05}" for i in range(customers)], name="customer_id")
    columns = {"frequency": bought, "recency": last, "T": age, "monetary_value": spent / np.maximum(bought, 1)}
    summary = pd.DataFrame(columns, index=index)
    summary.attrs = {"unit": "W", "value": "revenue"}
    delta, later = discount_rate(RATE, "W"), ~past
    left = (worth * TERMS["margin"] - TERMS["cost_per_order"]) * np.exp(-delta * np.maximum(when - age[owner], 0))
    value = np.bincount(owner[later], left[later], minlength=customers)
    value -= TERMS["cost_per_period"] * annuity(delta, np.maximum(until - age, 0)) / year
    return Lives(summary, pd.Series(value, index=index, name="value"))


def recovery(
    truth, *, studies: int = 30, customers: int = 1000, methods=("bootstrap", "laplace"), n_boot: int = 200, level: float = 0.9
) -> Recovery:
    """Simulate, fit and value as often as asked, and hold the estimates against the truth.

    Parameters
    ----------
    truth : mapping or Series
        As in `simulate_lives`.
    studies, customers : int
        How many studies, of how many customers each.
    methods, n_boot, level
        As in `CustomerValue.interval`.

    Returns
    -------
    Recovery
        ``parameters``, by name: ``truth``, ``median`` estimate, its ``bias`` (as a fraction of the truth), ``spread`` (standard deviation
        of the estimates), ``standard_error`` (median that the fits report), ``inside_share`` (of intervals by the standard error at
        `level`, where there is one), ``boundary_share`` (of fits that ended at a boundary and report none).
        ``values``, by what is valued and method: ``bias`` of the expected sum (a fraction of what came), ``inside_share``, ``below_share``
        and ``above_share`` (what came, in and beyond the interval), ``width`` (of the interval, in mean values).

    Examples
    --------
    >>> truth = {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 20.0, "p": 5.0, "q": 4.0, "gamma": 20.0}
    >>> small = recovery(truth, studies=2, customers=400, methods=["laplace"], n_boot=10)
    >>> small.parameters.index.tolist(), small.values.index.get_level_values("of").tolist()
    (['r', 'alpha', 's', 'beta', 'p', 'q', 'gamma'], ['a customer', 'a group', 'all'])
    """
    check_number(studies, "studies", least=1, whole=True, say="give how many studies to simulate, 30 say")
    found, spreads, rows = [], [], []
    for study in range(studies):
        summary, real = simulate_lives(truth, customers, random_state=study)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the column boundary_share counts them
            model = CustomerValue().fit(summary)
        found.append(pd.concat([model.purchases_.params_, model.spend_.params_]))
        spreads.append(pd.concat([model.purchases_.se_, model.spend_.se_]))
        asked = {"horizon": AHEAD, "annual_rate": RATE, "level": level, "n_boot": n_boot, "random_state": study, **TERMS}
        rows += [held for method in methods for held in _held(model, summary, real, asked | {"method": method})]
    values = pd.DataFrame(rows).groupby(["of", "method"]).mean()
    return Recovery(_estimates(pd.DataFrame(found), pd.DataFrame(spreads), truth, level), values)


def _held(model: CustomerValue, summary: pd.DataFrame, real: pd.Series, asked: dict) -> list[dict]:
    """For single customers, two groups and all: how often the interval held what came."""
    group = pd.Series(np.where(summary["frequency"] > 1, "bought three times or more", "bought once or twice"), index=summary.index)
    rows = []
    for of, by in {"a customer": None, "a group": group, "all": "total"}.items():
        table = model.interval(summary, by=by, **asked)
        came = real if by is None else real.groupby(group if of == "a group" else lambda _: "total").sum()
        low, high = table["low"] - 1e-9, table["high"] + 1e-9
        row = {
            "of": of,
            "method": asked["method"],
            "bias": table["value"].sum() / came.sum() - 1,
            "inside_share": came.between(low, high).mean(),
        }
        row |= {"below_share": (came < low).mean(), "above_share": (came > high).mean()}
        rows.append(row | {"width": ((high - low) / table["value"].abs().mean()).mean()})
    return rows


def _estimates(found: pd.DataFrame, spreads: pd.DataFrame, truth, level: float) -> pd.DataFrame:
    true = pd.Series({name: float(truth[name]) for name in found})
    inside = ((found - true).abs() <= ndtri((1 + level) / 2) * spreads).where(spreads.notna())
    return pd.DataFrame(
        {
            "truth": true,
            "median": found.median(),
            "bias": found.median() / true - 1,
            "spread": found.std(),
            "standard_error": spreads.median(),
            "inside_share": inside.astype("float64").mean(),
            "boundary_share": spreads.isna().mean(),
        }
    ).rename_axis("parameter")
