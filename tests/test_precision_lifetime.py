"""Likelihoods and expectations over a grid of tiny and huge parameters, and customers with up to 1,000 purchases.

references/lifetime.csv holds the likelihoods to 25 digits; references/lifetime.py made it with mpmath.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from custprof import lifetime
from custprof.lifetime.rows import compress
from custprof.lifetime.spend import _data, _objective, _steps

TABLE = pd.read_csv(Path(__file__).parent / "references" / "lifetime.csv")
PURCHASES = ["ParetoNBD", "BetaGeoNBD", "ModifiedBetaGeoNBD", "BetaGeoBinomial"]


def at(name, parameters):
    """A model with given parameters, as if fitted."""
    model = getattr(lifetime, name)(unit="W")
    model.rules_ = {}
    model.params_, model.unit_ = pd.Series(list(map(float, parameters.split())), index=list(model._names)), "W"
    return model


def grid(name):
    return TABLE[TABLE["model"] == name].groupby("parameters", sort=False)


@pytest.mark.parametrize("name", PURCHASES)
def test_likelihoods_of_purchases(name):
    for parameters, part in grid(name):
        found = at(name, parameters).loglik(part)
        assert (found - part["loglik"]).abs().max() < 1e-9 * part["loglik"].abs().clip(lower=1).max(), parameters


def test_likelihoods_of_spend():
    for parameters, part in grid("GammaGamma"):
        point = np.log(list(map(float, parameters.split())))
        for row in part.itertuples():
            value = -_objective(_data(np.array([float(row.frequency)]), np.array([row.recency])), np.ones(1))(point)[0]
            assert value == pytest.approx(row.loglik, rel=1e-9, abs=1e-9), (parameters, row)


def test_likelihoods_of_contracts():
    for parameters, part in grid("BetaDiscreteWeibull"):
        for lost, age, expected in part[["frequency", "T", "loglik"]].itertuples(index=False):
            model = lifetime.BetaDiscreteWeibull()
            counts = np.zeros((2, int(age)))
            counts[0 if lost else 1, -1] = 1
            value = -model._objective(*counts)(np.log(list(map(float, parameters.split()))))[0]
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-9), (parameters, lost, age)


@pytest.mark.parametrize("name", PURCHASES)
def test_nothing_is_missing_or_impossible(name):
    for parameters, part in grid(name):
        model = at(name, parameters)
        alive, ahead = model.p_alive(part), model.predict(part, 52)
        assert alive.between(0, 1 + 1e-12).all(), parameters
        assert (ahead >= 0).all() and np.isfinite(ahead).all(), parameters
        for horizon in (1, 30, None):
            ever, years = model.dert(part, horizon=horizon), model.alive_time(part, horizon=horizon)
            assert (ever >= 0).all() and np.isfinite(ever).all() and years.between(0, 10.6).all(), (parameters, horizon)
        objective = model._objective(compress(*(part[c].to_numpy(float) for c in ("frequency", "recency", "T"))), np.ones(len(part)))
        value, slope = objective(np.log(model.params_.to_numpy()))
        assert np.isfinite(value) and np.isfinite(slope).all(), parameters


def test_gathered_spend_has_the_likelihood_of_every_customer():
    """More than 10,000 repeaters are gathered by what they spent; the likelihood stays that of each one, from pennies to fortunes."""
    rng = np.random.default_rng(4)
    x = rng.geometric(0.2, 30_000)
    value = rng.gamma(4 * x) / x / rng.gamma(2.5, 1 / 40, len(x))
    value[:2] = 1e-4, 1e7
    weights = rng.integers(1, 4, len(x)).astype(float)
    summary = pd.DataFrame({"frequency": x, "monetary_value": value})
    model = lifetime.GammaGamma().fit(summary, weights)
    exact = _objective(_data(x.astype(float), value / model._scale), weights)
    found, slope = exact(model._optimum.point)
    total = weights.sum()
    assert model.loglik_ == pytest.approx(-total * (found + np.log(model._scale)), abs=1e-5) and np.abs(slope).max() < 1e-9
    near = _objective(_data(x.astype(float), value / model._scale), weights, gather=_steps)
    for point in ([2.0, 3.0, 2.0], [0.1, 0.2, 20.0], [50.0, 50.0, 0.01]):
        (value_near, slope_near), (value_exact, slope_exact) = near(np.log(point)), exact(np.log(point))
        assert total * (value_near - value_exact) == pytest.approx(0, abs=1e-5)
        assert slope_near.tolist() == pytest.approx(slope_exact.tolist(), abs=1e-9)
    turned = lifetime.GammaGamma().fit(summary.iloc[::-1], weights[::-1])
    assert turned.params_.tolist() == pytest.approx(model.params_.tolist(), rel=1e-10)
