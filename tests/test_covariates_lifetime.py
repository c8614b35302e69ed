"""Models of purchases that know more of a customer than its purchases (Fader & Hardie 2007)."""

import json
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import chi2

from custprof.lifetime import BetaGeoBinomial, BetaGeoNBD, CustomerValue, ModifiedBetaGeoNBD, ParetoNBD, load_model, save_model
from custprof.lifetime.rows import compress

KINDS = [ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD]
PARETO = {"r": 0.8, "alpha": 60.0, "s": 0.7, "beta": 120.0}
GEO = {"r": 0.9, "alpha": 20.0, "a": 0.8, "b": 2.0}
EFFECTS = {"purchases": (0.5, -0.3), "leaving": (-0.4, 0.2), "a": (0.4, 0.2), "b": (-0.3, 0.1)}  # of web and of size


def simulate(kind, n, seed, effects=EFFECTS):
    """Customers who live by a model, seen by the day; web and size tell of them."""
    rng = np.random.default_rng(seed)
    web, size = rng.random(n) < 0.4, rng.normal(1, 1, n).round(1)
    times = {name: np.exp(web * of_web + size * of_size) for name, (of_web, of_size) in effects.items()}
    age = np.floor(rng.uniform(200, 400, n))
    if kind is ParetoNBD:
        rate = rng.gamma(PARETO["r"], 1 / PARETO["alpha"], n) * times["purchases"]
        active = np.minimum(age, rng.exponential(size=n) / (rng.gamma(PARETO["s"], 1 / PARETO["beta"], n) * times["leaving"]))
        count = rng.poisson(rate * active)
        last = np.where(count > 0, active * rng.random(n) ** (1 / np.maximum(count, 1)), 0.0)
    else:
        rate = rng.gamma(GEO["r"], 1 / GEO["alpha"], n) * times["purchases"]
        leave = rng.beta(GEO["a"] * times["a"], GEO["b"] * times["b"])
        here = rng.random(n) >= leave if kind is ModifiedBetaGeoNBD else np.ones(n, dtype=bool)
        clock, count, last = np.zeros(n), np.zeros(n, dtype=int), np.zeros(n)
        while here.any():
            clock += rng.exponential(size=n) / rate
            here &= clock <= age
            count, last = count + here, np.where(here, clock, last)
            here &= rng.random(n) >= leave
    index = pd.Index([f"c{i:05}" for i in range(n)], name="customer_id")
    columns = {
        "frequency": count,
        "recency": np.minimum(np.ceil(last), age),
        "T": age,
        "channel": np.where(web, "web", "shop"),
        "size": size,
    }
    summary = pd.DataFrame(columns, index=index)
    summary.attrs = {"unit": "D"}
    return summary


@pytest.fixture(scope="module", params=KINDS)
def fitted(request):
    summary = simulate(request.param, 12_000, 1)
    return request.param(covariates=["channel", "size"]).fit(summary), summary


def test_the_truth_comes_back(fitted):
    model, _ = fitted
    truth = pd.Series(PARETO if isinstance(model, ParetoNBD) else GEO)  # of a customer of the shop whose size is 0
    processes = ["purchases", "leaving"] if isinstance(model, ParetoNBD) else ["purchases", "a", "b"]
    for process in processes:
        truth[f"{process}: channel=web"], truth[f"{process}: size"] = EFFECTS[process]
        moved, sign = {"purchases": ("alpha", -1), "leaving": ("beta", -1), "a": ("a", 1), "b": ("b", 1)}[process]
        truth[moved] *= np.exp(sign * model.coef_["average"][process].to_numpy() @ EFFECTS[process])  # to the average customer
    assert model.converged_ and model.params_.index.tolist() == truth.index.tolist()
    off = (model.params_ - truth) / model.se_
    assert off.abs().max() < 3.5 and (off**2).mean() < 2.5, off
    table = model.coef_
    assert table.index.tolist() == [(process, term) for process in processes for term in ("channel=web", "size")]
    assert table["coefficient"].tolist() == model.params_.iloc[4:].tolist() and table["se"].tolist() == model.se_.iloc[4:].tolist()
    assert table["times"].tolist() == np.exp(model.params_.iloc[4:]).tolist()


def test_each_customer_lives_by_its_own_parameters(fitted):
    """Fader & Hardie 2007, eq. 4 and 5: alpha exp(-c x) and so on in the formulas of the model without covariates."""
    model, summary = fitted
    plain = type(model)().fit(summary)
    kept = plain.params_.copy()
    few = pd.concat([summary.groupby("channel").head(20), summary.nlargest(5, "frequency")])
    few = few[~few.index.duplicated()]
    found = pd.DataFrame({"alive": model.p_alive(few), "ahead": model.predict(few, 90), "ever": model.dert(few), "log": model.loglik(few)})
    for customer, row in few.iterrows():
        x = [row["channel"] == "web", row["size"]] - model.coef_["average"].to_numpy()[:2]
        of = {process: part.to_numpy() @ x for process, part in model.coef_["coefficient"].groupby("process")}
        params = model.params_.iloc[:4].copy()
        params["alpha"] *= np.exp(-of["purchases"])
        if isinstance(model, ParetoNBD):
            params["beta"] *= np.exp(-of["leaving"])
        else:
            params["a"] *= np.exp(of["a"])
            params["b"] *= np.exp(of["b"])
        plain.params_ = params
        alone = few.loc[[customer]]
        expected = [plain.p_alive(alone), plain.predict(alone, 90), plain.dert(alone), plain.loglik(alone)]
        assert found.loc[customer].tolist() == pytest.approx([each.iloc[0] for each in expected], rel=1e-9), customer
        new = model.predict_new(365, channel=row["channel"], size=row["size"])
        assert new == pytest.approx(plain.predict_new(365), rel=1e-9)
    plain.params_ = kept
    model = deepcopy(model)
    model.params_[:] = [*kept, *np.zeros(len(model.params_) - 4)]  # coefficients of 0: the model without
    assert model.loglik(few).tolist() == pytest.approx(plain.loglik(few).tolist(), rel=1e-11)


def test_the_gradient_is_that_of_the_likelihood(fitted):
    model, summary = fitted
    few = summary.iloc[:300]
    rows = compress(*(few[name].to_numpy(float) for name in ("frequency", "recency", "T")), model._design(few))
    objective = model._objective(rows.scaled(1 / model._scale), rows.weigh())
    for shift in (0.0, 0.3, -0.5):
        point = model._optimum.point + shift
        slope = approx_fprime(point, lambda at: objective(at)[0], 1e-7)
        assert objective(point)[1].tolist() == pytest.approx(slope.tolist(), abs=5e-6)


def test_order_units_and_names_are_of_no_matter(fitted):
    model, summary = fitted
    other = summary.sample(frac=1, random_state=3).assign(size=lambda of: 1000 * of["size"] + 500)
    other["channel"] = other["channel"].map({"shop": "A street", "web": "B line"}).astype("category")
    again = type(model)(covariates=["size", "channel"]).fit(other)
    assert again.loglik_ == pytest.approx(model.loglik_, rel=1e-11)
    for process, part in model.coef_["coefficient"].groupby("process"):
        there = again.coef_["coefficient"][process]
        assert there[["channel=B line", "size"]].tolist() == pytest.approx([part.iloc[0], part.iloc[1] / 1000], rel=1e-4)
    same = again.predict(other, 100)[summary.index]
    assert same.tolist() == pytest.approx(model.predict(summary, 100).tolist(), rel=1e-5)
    shuffled = type(model)(covariates=["channel", "size"]).fit(summary.sample(frac=1, random_state=4))
    assert shuffled.params_.tolist() == pytest.approx(model.params_.tolist(), rel=1e-9)


def test_customers_who_are_alike_are_one_row():
    summary = simulate(ParetoNBD, 300, 5)
    thrice = pd.concat([summary] * 3, keys=list("abc")).droplevel(1).set_axis(range(900))
    thrice.attrs = summary.attrs
    model = ParetoNBD(covariates=["channel"])
    assert len(model.fit(thrice)._rows(thrice).x) == len(summary[["frequency", "recency", "T", "channel"]].drop_duplicates())
    assert model.fit(summary, np.full(300, 3)).params_.tolist() == pytest.approx(model.fit(thrice).params_.tolist(), rel=1e-9)


def test_the_likelihood_tells_what_a_covariate_is_worth():
    """Twice the gain in log-likelihood is chi-squared where a covariate says nothing, and far beyond where it does."""
    none = {name: (0.0, 0.0) for name in EFFECTS}
    for effects, says in ((none, False), (EFFECTS, True)):
        summary = simulate(ParetoNBD, 4000, 8, effects)
        plain, model = ParetoNBD().fit(summary), ParetoNBD(covariates=["channel", "size"]).fit(summary)
        gain = 2 * (model.loglik_ - plain.loglik_)
        p = chi2.sf(gain, len(model.params_) - len(plain.params_))
        assert gain > 0 and (p < 1e-6 if says else p > 0.01)
        assert model.loglik(summary).sum() == pytest.approx(model.loglik_, rel=1e-12)


@pytest.mark.filterwarnings("ignore:GammaGamma ended at its boundary")
def test_value_and_intervals_know_the_covariates(tmp_path):
    summary = simulate(ParetoNBD, 1500, 2)
    rng = np.random.default_rng(2)
    summary["monetary_value"] = np.where(summary["frequency"] > 0, 1 / rng.gamma(3, 1 / 60, len(summary)), 0.0)
    model = CustomerValue(ParetoNBD(covariates=["channel", "size"])).fit(summary)
    value = model.predict(summary, margin=0.3)
    assert value["purchases"].tolist() == model.purchases_.dert(summary).tolist()
    few = summary.iloc[:40]
    for method in ("bootstrap", "laplace"):
        options = {"margin": 0.3, "n_boot": 20, "method": method}
        each = model.interval(few, **options)
        assert ((each["low"] <= each["value"]) & (each["value"] <= each["high"])).mean() > 0.8
        turned = model.interval(few.iloc[::-1], **options)
        pd.testing.assert_frame_equal(turned.loc[few.index], each)
        total = model.interval(summary, by=summary["channel"], **options)
        assert (total["low"] < total["value"]).all() and (total["value"] < total["high"]).all()
    again = load_model(save_model(model, tmp_path / "model.json"))
    pd.testing.assert_frame_equal(again.interval(few, margin=0.3, n_boot=10), model.interval(few, margin=0.3, n_boot=10), check_exact=True)
    assert "c00001" not in json.dumps((tmp_path / "model.json").read_text())


def test_a_model_with_covariates_comes_back(fitted, tmp_path):
    model, summary = fitted
    again = load_model(save_model(model, tmp_path / "model.json"))
    assert vars(again).keys() == vars(model).keys() and again.get_params() == model.get_params()
    pd.testing.assert_frame_equal(again.coef_, model.coef_, check_exact=True)
    pd.testing.assert_series_equal(again.predict(summary, 30), model.predict(summary, 30), check_exact=True)


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_messages():
    summary = simulate(ParetoNBD, 500, 3)
    model = ParetoNBD(covariates=["channel", "size"]).fit(summary)
    with pytest.raises(
        ValueError, match=r"summary lacks the covariates \['channel'\]; add them by customer: summary\.assign\(channel=cust"
    ):
        model.predict(summary.drop(columns="channel"), 10)
    gap = summary.assign(channel=summary["channel"].where(~summary.index.isin(["c00004", "c00007"])))
    for call in (ParetoNBD(covariates=["channel"]).fit, model.p_alive):
        with pytest.raises(ValueError, match=r"channel is missing for 2 of 500 customers, first \['c00004', 'c00007'\]; fill or drop them"):
            call(gap)
    with pytest.raises(
        ValueError, match=r"channel is new to the model for 500 of 500 customers, first \['c00000'.*it learnt from shop, web"
    ):
        model.p_alive(summary.assign(channel="fair"))
    with pytest.raises(TypeError, match=r"size is of type .*, the model learnt from numbers"):
        model.p_alive(summary.assign(size="large"))
    with pytest.raises(ValueError, match=r"size is infinite for 1 of 500"):
        model.p_alive(summary.assign(size=np.where(summary.index == "c00002", np.inf, 1.0)))
    with pytest.raises(ValueError, match="the same for all 500 customers: channel, size; leave it out"):
        ParetoNBD(covariates=["channel", "size"]).fit(summary.assign(channel="web", size=3.3))
    with pytest.raises(ValueError, match=r"\['size', 'half'\] follow from one another"):
        ParetoNBD(covariates=["size", "half"]).fit(summary.assign(half=summary["size"] / 2 + 1))
    silent = summary.assign(web=summary["channel"] == "web", frequency=summary["frequency"].where(summary["channel"] == "shop", 0))
    silent["recency"] = silent["recency"].where(silent["frequency"] > 0, 0.0)
    for column, value in (("channel", "web"), ("web", "True")):
        with pytest.raises(ValueError, match=f"nobody whose {column} is {value} bought again; group such customers with others"):
            ParetoNBD(covariates=[column]).fit(silent)
    with pytest.raises(ValueError, match="who has 500 different values among 500 customers; group them to 50 at most"):
        ParetoNBD(covariates=["who"]).fit(summary.assign(who=summary.index))
    with pytest.raises(TypeError, match=r"covariates is 'channel'; give a list of columns of the summary, \['channel'\]"):
        ParetoNBD(covariates="channel").fit(summary)
    with pytest.raises(ValueError, match="covariates names a column twice"):
        ParetoNBD(covariates=["size", "size"]).fit(summary)
    with pytest.raises(ValueError, match=r"predict_new needs t and \['channel', 'size'\] of the customer, not \[\]"):
        model.predict_new(10)
    with pytest.raises(ValueError, match=r"predict_new needs t and no covariates of the customer, not \['channel'\]"):
        ParetoNBD().fit(summary).predict_new(10, channel="web")
    with pytest.raises(ValueError, match="BetaGeoBinomial takes no covariates"):
        BetaGeoBinomial(covariates=["channel"]).fit(summary)
    with pytest.raises(AttributeError, match="ParetoNBD was fitted without covariates"):
        _ = ParetoNBD().fit(summary).coef_


def test_who_lies_beyond_any_sense_is_refused_by_name_and_who_lies_far_is_finite(fitted):
    model, summary = fitted
    steepest = model.coef_["coefficient"].xs("size", level="term").abs().max()
    for way in (-1, 1):
        far = summary.head(3).assign(size=model.coef_["average"].iloc[1] + way * 45 / steepest)
        for found in (model.predict(far, 100), model.p_alive(far), model.dert(far), model.alive_time(far)):
            assert np.isfinite(found).all()
        beyond = far.assign(size=[way * 1e6, 1.0, way * 1e6])
        for asked in (lambda s: model.predict(s, 100), model.p_alive, model.dert, model.loglik):
            with pytest.raises(ValueError, match=r"far from .* for 2 of 3 customers, first \['c00000', 'c00002'\]; correct them"):
                asked(beyond)
        with pytest.raises(ValueError, match="far from those the model learnt from"):
            model.predict_new(100, channel="web", size=way * 1e6)
