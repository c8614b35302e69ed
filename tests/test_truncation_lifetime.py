"""Customers who were there before the data begin: what is wrong with a model that takes them for new, and how a covariate puts it right."""

import numpy as np
import pandas as pd
import pytest

from custprof.lifetime import ParetoNBD

NOW, YEAR = 78.0, 52.0  # weeks seen, and ahead
TRUTH = {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 20.0}


def firm(won_over, seed):
    """Customers won evenly over six years, seen in the last year and a half only; and what they buy in the year after."""
    rng, t = np.random.default_rng(seed), TRUTH
    won = rng.uniform(NOW - 6 * YEAR, NOW, won_over)
    rate, life = rng.gamma(t["r"], 1 / t["alpha"], won_over), rng.exponential(size=won_over) / rng.gamma(t["s"], 1 / t["beta"], won_over)
    lasts = np.minimum(life, NOW + YEAR - won)
    owner = np.repeat(np.arange(won_over), rng.poisson(rate * lasts))
    when = np.concatenate([won, (won[owner] + rng.random(len(owner)) * lasts[owner])])
    owner = np.concatenate([np.arange(won_over), owner])
    seen = (when >= 0) & (when <= NOW)
    times = pd.DataFrame({"customer": owner[seen], "when": when[seen]}).groupby("customer")["when"].agg(["min", "max", "size"])
    summary = pd.DataFrame({"frequency": times["size"] - 1, "recency": times["max"] - times["min"], "T": NOW - times["min"]})
    summary["before"] = won[times.index] < 0
    summary["ahead"] = np.bincount(owner[when > NOW], minlength=won_over)[times.index]
    summary.attrs = {"unit": "W"}
    return summary


def miss(expected, summary):
    """Expected purchases against those that came, of all, of those there before and of the new."""
    before = summary["before"]
    return [expected[part].sum() / summary["ahead"][part].sum() - 1 for part in (before | True, before, ~before)]


@pytest.fixture(scope="module")
def customers():
    return firm(40_000, 1)


def test_who_was_there_before_makes_drop_out_look_rare(customers):
    naive = ParetoNBD().fit(customers)
    assert (TRUTH["s"] - naive.params_["s"]) / naive.se_["s"] > 10
    everybody, _, new = miss(naive.predict(customers, YEAR), customers)
    assert everybody > 0.08 and new > 0.2  # too much is expected, above all of those who are really new
    truth = ParetoNBD().fit(customers)
    truth.params_[:] = list(TRUTH.values())
    assert naive.predict_new(YEAR) > 1.25 * truth.predict_new(YEAR)


def test_new_customers_alone_give_the_truth_of_new_customers(customers):
    new = customers[~customers["before"]]
    model = ParetoNBD().fit(new)
    assert ((model.params_ - pd.Series(TRUTH)) / model.se_).abs().max() < 3
    _, old, young = miss(model.predict(customers, YEAR), customers)
    assert abs(young) < 0.05
    assert old < -0.08  # those who were there before have stayed for long: they are not like the new


def test_as_a_covariate_both_come_right(customers):
    model = ParetoNBD(covariates=["before"]).fit(customers)
    assert model.coef_.loc[("leaving", "before"), "times"] < 0.3  # who has stayed so long leaves far more seldom
    everybody, old, new = miss(model.predict(customers, YEAR), customers)
    assert max(abs(everybody), abs(old), abs(new)) < 0.05
    truth = ParetoNBD().fit(customers)
    truth.params_[:] = list(TRUTH.values())
    assert model.predict_new(YEAR, before=False) == pytest.approx(truth.predict_new(YEAR), rel=0.05)
