"""Lifetime models written as JSON and read again."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from custprof.datasets import load_case, load_cdnow
from custprof.lifetime import (
    BetaDiscreteWeibull,
    BetaGeoBinomial,
    BetaGeoNBD,
    CustomerValue,
    GammaGamma,
    ModifiedBetaGeoNBD,
    ParetoNBD,
    ShiftedBetaGeometric,
    load_model,
    save_model,
    summarize,
)


@pytest.fixture(scope="module")
def known():
    return summarize(load_cdnow(), end="1997-09-30")


@pytest.mark.parametrize("kind", [ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD])
def test_a_model_of_purchases_comes_back(kind, known, tmp_path):
    model = kind().fit(known)
    again = load_model(save_model(model, tmp_path / "model.json"))
    assert type(again) is kind and vars(again).keys() == vars(model).keys()
    for name in ("params_", "se_"):
        pd.testing.assert_series_equal(getattr(again, name), getattr(model, name), check_exact=True)
    assert (again.loglik_, again.converged_, again.note_, again.unit_) == (model.loglik_, model.converged_, model.note_, model.unit_)
    pd.testing.assert_series_equal(again.dert(known), model.dert(known), check_exact=True)
    with pytest.raises(ValueError, match="the summary is in unit 'D', the model in 'W'"):
        again.predict(summarize(load_cdnow(), unit="D"), 1)


def test_values_and_their_intervals_come_back(known, tmp_path):
    model = CustomerValue(ModifiedBetaGeoNBD(), GammaGamma()).fit(known)
    again = load_model(save_model(model, tmp_path / "model.json"))
    terms = {"margin": 0.3, "cost_per_order": 1.0}
    pd.testing.assert_frame_equal(again.predict(known, **terms), model.predict(known, **terms), check_exact=True)
    few = known.iloc[:50]
    pd.testing.assert_frame_equal(again.interval(few, n_boot=10, **terms), model.interval(few, n_boot=10, **terms), check_exact=True)
    assert "0001" not in json.loads((tmp_path / "model.json").read_text()).values()  # no ids


def test_models_of_periods_come_back(tmp_path):
    donors = load_case("donors")["donors"]
    model = BetaGeoBinomial(unit="Y").fit(donors, donors["donors"])
    again = load_model(save_model(model, tmp_path / "model.json"))
    assert again.dert(donors).tolist() == model.dert(donors).tolist()
    for kind in (ShiftedBetaGeometric, BetaDiscreteWeibull):
        model = kind(unit="Q").fit(load_case("renewals")["customers_left"])
        again = load_model(save_model(model, tmp_path / "model.json"))
        assert (again.del_(), again.unit) == (model.del_(), "Q")


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_what_is_not_known_stays_not_known(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.integers(1, 8, 500)
    model = GammaGamma().fit(pd.DataFrame({"frequency": x, "monetary_value": rng.gamma(6 * x) / x * 3}))
    again = load_model(save_model(model, tmp_path / "model.json"))
    assert again.se_.isna().tolist() == [False, True, True] and again.note_ == model.note_
    assert "NaN" not in (tmp_path / "model.json").read_text()


@pytest.mark.parametrize("model", [ParetoNBD(unit="D"), CustomerValue(), GammaGamma(), ShiftedBetaGeometric()])
def test_what_was_not_fitted_is_not_kept(model, tmp_path):
    with pytest.raises(NotFittedError, match=f"{type(model).__name__} is not fitted yet; call fit first, then save it"):
        save_model(model, tmp_path / "model.json")
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused(tmp_path):
    with pytest.raises(TypeError, match="a dict is no model of lifetimes"):
        save_model({}, tmp_path / "model.json")
    for content in ("", "[]", '{"format": "other"}'):
        (tmp_path / "model.json").write_text(content)
        with pytest.raises(ValueError, match=r"model.json holds no custprof lifetime model 1; write it with save_model"):
            load_model(tmp_path / "model.json")
    (tmp_path / "model.json").write_text('{"format": "custprof lifetime model 1", "model": "os.system", "options": {}, "learnt": {}}')
    with pytest.raises(ValueError, match=r"model\.json is damaged"):
        load_model(tmp_path / "model.json")
