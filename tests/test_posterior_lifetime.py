"""Posteriors by pymc-marketing, the optional extra, and intervals of value that take their parameters from draws."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from test_covariates_lifetime import simulate

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


def test_the_highest_point_with_covariates_is_that_of_pymc_marketing():
    """Its maximum under flat priors, on the same customers, is no higher than ours and in the same place."""
    clv = pytest.importorskip("pymc_marketing.clv", reason="the optional extra bayes is not installed")
    from pymc_extras.prior import Prior

    summary = simulate(BetaGeoNBD, 3000, 11)
    model = BetaGeoNBD(covariates=["channel", "size"]).fit(summary)
    data = summary.reset_index(drop=True).assign(customer_id=range(len(summary)), web=(summary["channel"] == "web").to_numpy(float))
    data[["recency", "T"]] /= model._scale
    data[["web", "size"]] -= model.coef_["average"]["purchases"].to_numpy()  # as here, parameters of the average customer
    priors = dict.fromkeys(model._names, Prior("HalfFlat")) | dict.fromkeys(("purchase_coefficient", "dropout_coefficient"), Prior("Flat"))
    columns = {each: ["web", "size"] for each in ("purchase_covariate_cols", "dropout_covariate_cols")}
    found = clv.BetaGeoModel(model_config=priors | columns).fit(data, method="map", progressbar=False).posterior
    theirs = pd.Series({each: found[f"{each}_scale" if f"{each}_scale" in found else each].item() for each in model._names})
    theirs[list(model._times)] *= model._scale
    names = ["purchase_coefficient_alpha", "dropout_coefficient_a", "dropout_coefficient_b"]
    theirs = np.concatenate([theirs, *(found[each].to_numpy().ravel() for each in names)])
    assert theirs.tolist() == pytest.approx(model.params_.tolist(), rel=2e-2, abs=2e-3)
    ours = model.loglik_
    model.params_[:] = theirs
    assert -1e-6 < ours - model.loglik(summary).sum() < 0.01
