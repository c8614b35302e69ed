"""Do the parameters of every lifetime model come back from customers who live by it? Prints a table of bias; about a minute.

    python tests/benchmarks/lifetime_bias.py [studies customers]

For each model as many studies are simulated from a truth and fitted. ``bias`` is what the mean estimate is off, ``spread`` the standard
deviation of the estimates, ``se`` the mean standard error that the fits report, ``off`` the bias in standard errors of the mean: beyond 4
it is no chance. Maximum likelihood is biased in small studies; the bias goes with more customers.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from custprof import lifetime

TRUTH = {
    "ParetoNBD": {"r": 0.8, "alpha": 60.0, "s": 0.7, "beta": 120.0},
    "BetaGeoNBD": {"r": 0.9, "alpha": 20.0, "a": 0.8, "b": 2.0},
    "ModifiedBetaGeoNBD": {"r": 0.9, "alpha": 20.0, "a": 0.8, "b": 2.0},
    "BetaGeoBinomial": {"alpha": 1.2, "beta": 0.75, "gamma": 0.65, "delta": 2.8},
    "GammaGamma": {"p": 6.0, "q": 4.0, "gamma": 15.0},
    "ShiftedBetaGeometric": {"alpha": 0.7, "beta": 1.8},
    "BetaDiscreteWeibull": {"alpha": 0.6, "beta": 2.5, "c": 1.4},
}


def pareto(n, rng, r, alpha, s, beta):
    """Purchases at any time, departure at any time."""
    age = rng.uniform(200, 400, n)
    rate, stay = rng.gamma(r, 1 / alpha, n), rng.exponential(size=n) / rng.gamma(s, 1 / beta, n)
    active = np.minimum(age, stay)
    count = rng.poisson(rate * active)
    recency = np.where(count > 0, active * rng.random(n) ** (1 / np.maximum(count, 1)), 0.0)
    return pd.DataFrame({"frequency": count, "recency": recency, "T": age})


def beta_geometric(n, rng, r, alpha, a, b, at_once=False):
    """Departure right after a purchase, `at_once` after the first too."""
    age = rng.uniform(100, 300, n)
    rate, leave = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    here = rng.random(n) >= leave if at_once else np.ones(n, dtype=bool)
    clock, count, recency = np.zeros(n), np.zeros(n, dtype=int), np.zeros(n)
    while here.any():
        clock = clock + rng.exponential(size=n) / rate
        here &= clock <= age
        count, recency = count + here, np.where(here, clock, recency)
        here &= rng.random(n) >= leave
    return pd.DataFrame({"frequency": count, "recency": recency, "T": age})


def modified(n, rng, **truth):
    """As `beta_geometric`, from the first purchase on."""
    return beta_geometric(n, rng, **truth, at_once=True)


def occasions(n, rng, alpha, beta, gamma, delta):
    """Four to eight occasions, departure before any of them."""
    age, buys, leave = rng.integers(4, 9, n), rng.beta(alpha, beta, n), rng.beta(gamma, delta, n)
    here, count, recency = np.ones(n, dtype=bool), np.zeros(n, dtype=int), np.zeros(n)
    for occasion in range(1, 9):
        here &= rng.random(n) >= leave
        bought = here & (rng.random(n) < buys) & (occasion <= age)
        count, recency = count + bought, np.where(bought, occasion, recency)
    return pd.DataFrame({"frequency": count, "recency": recency, "T": age})


def spend(n, rng, p, q, gamma):
    """Mean values of one to seven purchases."""
    x = rng.integers(1, 8, n)
    return pd.DataFrame({"frequency": x, "monetary_value": rng.gamma(p * x) / x / rng.gamma(q, 1 / gamma, n)})


def contracts(n, rng, alpha, beta, c=1.0):
    """Survivors of a cohort over eight renewals."""
    with np.errstate(divide="ignore"):
        ends = np.ceil((np.log(rng.random(n)) / np.log1p(-rng.beta(alpha, beta, n))) ** (1 / c))
    return [int((ends > age).sum()) for age in range(9)]


SIMULATE = dict(zip(TRUTH, (pareto, beta_geometric, modified, occasions, spend, contracts, contracts), strict=True))


def bias(studies: int, customers: int, random_state=0) -> pd.DataFrame:
    """One row for each model and parameter: truth, mean, bias, spread, se, off."""
    rng, rows = np.random.default_rng(random_state), []
    for name, truth in TRUTH.items():
        fits = []
        while len(fits) < studies:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                fits.append(getattr(lifetime, name)().fit(SIMULATE[name](customers, rng, **truth)))
        found = pd.DataFrame([fit.params_ for fit in fits])
        table = pd.DataFrame({"truth": pd.Series(truth), "mean": found.mean(), "spread": found.std()})
        table["se"] = pd.DataFrame([fit.se_ for fit in fits]).mean()
        table["bias"] = table["mean"] - table["truth"]
        table["off"] = table["bias"] / (table["spread"] / np.sqrt(studies))
        rows.append(table.assign(model=name, converged=np.mean([fit.converged_ for fit in fits])))
    columns = ["truth", "mean", "bias", "spread", "se", "off", "converged"]
    return pd.concat(rows).rename_axis("parameter").set_index("model", append=True).swaplevel()[columns]


if __name__ == "__main__":
    print(bias(*map(int, sys.argv[1:3] or (100, 20_000))).round(3).to_string())
