"""Posteriors by pymc-marketing, the optional extra, and intervals of value that take their parameters from draws."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from custprof.datasets import load_cdnow
from custprof.lifetime import BetaGeoBinomial, BetaGeoNBD, CustomerValue, GammaGamma, ParetoNBD, posterior, summarize


@pytest.fixture(scope="module")
def known():
    return summarize(load_cdnow(), end="1997-09-30")


def test_without_the_extra_it_says_what_to_install(known, monkeypatch):
    monkeypatch.setitem(posterior.__globals__, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'posteriors need pymc-marketing, which is not installed; pip install "custprof\[bayes\]"'):
        posterior(ParetoNBD().fit(known), known)
    with pytest.raises(TypeError, match="a BetaGeoBinomial has no posterior here; models are CustomerValue, ParetoNBD, BetaGeoNBD"):
        posterior(BetaGeoBinomial(), known)


def draws_of(model, n, seed, spread=1.0):
    """Parameters drawn around those of the fit, as a posterior would be."""
    rng = np.random.default_rng(seed)
    params = pd.concat([model.purchases_.params_, model.spend_.params_])
    width = spread * pd.concat([model.purchases_.se_ / model.purchases_.params_, model.spend_.se_ / model.spend_.params_])
    return pd.DataFrame(params.to_numpy() * np.exp(rng.standard_normal((n, len(params))) * width.to_numpy()), columns=params.index)


def test_intervals_take_their_parameters_from_draws(known):
    model = CustomerValue(BetaGeoNBD()).fit(known)
    options = {"by": "total", "margin": 0.3, "horizon": 3, "n_boot": 100}
    same = model.interval(known, **options, method=draws_of(model, 400, 1, spread=0.0)).loc["total"]
    wide = model.interval(known, **options, method=draws_of(model, 400, 1)).loc["total"]
    assert same["low"] < same["value"] < same["high"] and same["value"] == wide["value"]
    assert wide["high"] - wide["low"] > 1.2 * (same["high"] - same["low"])  # chance alone, and parameters too
    again = model.interval(known, **options, method=draws_of(model, 400, 1)).loc["total"]
    assert again.tolist() == wide.tolist()
    with pytest.raises(ValueError, match=r"the draws lack \['p', 'q', 'gamma'\]; make them by posterior\(model, summary\)"):
        model.interval(known, **options, method=draws_of(model, 10, 1).drop(columns=["p", "q", "gamma"]))


def test_the_posterior_lies_where_the_likelihood_does(known):
    pytest.importorskip("pymc_marketing", reason="the optional extra bayes is not installed")
    with pytest.raises(NotFittedError, match="BetaGeoNBD is not fitted yet"):
        posterior(BetaGeoNBD(), known)
    summary = known.assign(late=known["T"] < 32)
    for model in (BetaGeoNBD(covariates=["late"]).fit(summary), GammaGamma().fit(summary)):
        draws = posterior(model, summary, draws=300, random_state=1)
        assert draws.shape == (600, len(model.params_)) and draws.columns.tolist() == model.params_.index.tolist()
        assert draws.index.names == ["chain", "draw"]
        off = (draws.median() - model.params_) / model.se_
        assert off.abs().max() < 0.6, off
        assert (draws.std() / model.se_).between(0.6, 1.7).all(), draws.std() / model.se_
