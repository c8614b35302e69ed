"""Models of purchases and values at their edges: dates as covariates, weights by customer, damaged files, many different customers."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_covariates_lifetime import simulate

from custprof.datasets import load_cdnow
from custprof.lifetime import BetaGeoNBD, CustomerValue, GammaGamma, ModifiedBetaGeoNBD, ParetoNBD, load_model, save_model, summarize


@pytest.fixture(scope="module")
def known():
    return summarize(load_cdnow(), end="1997-09-30")


@pytest.mark.parametrize("kind", [ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD])
def test_where_a_covariate_begins_to_count_is_of_no_matter(kind, tmp_path):
    """A day of the calendar (738,000 days after the year 0) says what days since January say, up to the digits its numbers have."""
    summary = simulate(kind, 2000, 1)
    near = kind(covariates=["channel", "size"]).fit(summary)
    new = near.predict_new(365, channel="web", size=0.5)
    assert near.params_["alpha"] == pytest.approx(near._by_row(near.params_.to_numpy(), SimpleNamespace(covariates=np.zeros((1, 2))))[1][0])
    for begin, digits in ((738_000, 1e-8), (1e7, 1e-7), (1e9, 1e-5), (-1e9, 1e-5)):
        later = summary.assign(size=begin + summary["size"])
        far = kind(covariates=["channel", "size"]).fit(later)
        assert far.converged_ and far.params_.tolist() == pytest.approx(near.params_.tolist(), rel=digits)
        assert far.coef_["se"].tolist() == pytest.approx(near.coef_["se"].tolist(), rel=10 * digits)
        assert far.coef_["average"]["purchases"].tolist() == pytest.approx([later["channel"].eq("web").mean(), later["size"].mean()])
        again = load_model(save_model(far, tmp_path / "model.json"))
        for model in (far, again):
            assert model.predict(later, 90).tolist() == pytest.approx(near.predict(summary, 90).tolist(), rel=10 * digits)
            assert model.predict_new(365, channel="web", size=begin + 0.5) == pytest.approx(new, rel=10 * digits)


@pytest.mark.filterwarnings("ignore:GammaGamma ended at its boundary")
def test_intervals_do_not_see_where_a_covariate_begins_to_count():
    summary = simulate(BetaGeoNBD, 1000, 2)
    summary["monetary_value"] = np.where(summary["frequency"] > 0, 1 / np.random.default_rng(2).gamma(3, 1 / 60, len(summary)), 0.0)
    later = summary.assign(size=1e7 + summary["size"])
    near, far = (CustomerValue(BetaGeoNBD(covariates=["size"])).fit(each) for each in (summary, later))
    for method in ("bootstrap", "laplace"):
        asked = {"by": "total", "margin": 0.3, "horizon": 2, "n_boot": 20, "method": method}
        expected = near.interval(summary, **asked).loc["total"]
        assert far.interval(later, **asked).loc["total"].tolist() == pytest.approx(expected.tolist(), rel=1e-3)


def test_the_average_customer_is_that_of_the_weights():
    """Weights are customers: the parameters of the average one, too, are those of the customers written out."""
    summary = simulate(ParetoNBD, 400, 3)
    weights = np.random.default_rng(3).integers(0, 4, len(summary))
    written = summary.loc[summary.index.repeat(weights)].set_axis(range(weights.sum()))
    written.attrs = summary.attrs
    model = ParetoNBD(covariates=["channel", "size"])
    expected = model.fit(written).params_.tolist()
    assert model.fit(summary, weights).params_.tolist() == pytest.approx(expected, rel=1e-7)
    turned = summary.iloc[::-1]
    assert (
        model.fit(turned, weights[::-1]).coef_["average"].tolist()
        == ParetoNBD(covariates=model.covariates).fit(summary, weights).coef_["average"].tolist()
    )
