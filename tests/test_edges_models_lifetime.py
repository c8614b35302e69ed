"""Models of purchases and values at their edges: dates as covariates, weights by customer, damaged files, many different customers."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from sklearn.base import clone
from test_covariates_lifetime import simulate

from custprof.datasets import load_cdnow
from custprof.lifetime import (
    BetaGeoNBD,
    CustomerValue,
    GammaGamma,
    ModifiedBetaGeoNBD,
    ParetoNBD,
    betageo,
    load_model,
    save_model,
    summarize,
)
from custprof.lifetime.betageo import _jacobi, _quadrature
from custprof.lifetime.search import _rise


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


@pytest.mark.parametrize("kind", [BetaGeoNBD, ModifiedBetaGeoNBD])
def test_many_customers_with_covariates_of_their_own(kind):
    """One node at a time or interpolated between many: the same expectations, the second in seconds for 100,000 customers."""
    summary = simulate(kind, 4000, 4)
    summary["size"] += np.random.default_rng(4).normal(0, 1e-3, len(summary))
    model = kind(covariates=["channel", "size"]).fit(summary)
    few = summary.sample(200, random_state=1)
    for ask in (lambda of: model.predict(of, 180), lambda of: model.dert(of, horizon=3), model.alive_time, model.dert):
        one_by_one = pd.concat([ask(few.iloc[[i]]) for i in range(len(few))])
        assert ask(summary)[few.index].tolist() == pytest.approx(one_by_one.tolist(), rel=1e-9)


def test_interpolated_averages_over_a_beta_are_exact(monkeypatch):
    """Of 1, p and (1 - p)^3, known exactly, in cells from very unlike to nearly alike customers."""
    rng, solved = np.random.default_rng(5), []
    monkeypatch.setattr(betageo, "_jacobi", lambda betas: solved.append(len(betas)) or _jacobi(betas))
    for low_a, low_b in ((-6, 0), (-2, -2), (0, 0), (0, 5), (3, 3), (6, 6)):
        betas = np.exp(rng.uniform([low_a, low_b], [low_a + 0.6, low_b + 0.6], (3000, 2)))
        a, b = betas.T
        for part, nodes, weights in _quadrature(betas):
            assert weights.sum(axis=1).tolist() == pytest.approx(np.ones(len(part)).tolist(), rel=1e-9)
            assert (weights * nodes).sum(axis=1).tolist() == pytest.approx((a / (a + b))[part].tolist(), rel=1e-9)
            expected = (b / (a + b) * (b + 1) / (a + b + 1) * (b + 2) / (a + b + 2))[part]
            assert (weights * (1 - nodes) ** 3).sum(axis=1).tolist() == pytest.approx(expected.tolist(), rel=1e-9)
    assert sum(solved) < 6 * 3000 / 2  # eigenvalues were sought for few of them


@pytest.mark.parametrize("model", [ParetoNBD(), BetaGeoNBD(), GammaGamma(), CustomerValue(BetaGeoNBD())])
def test_weights_by_customer_find_their_customers(known, model):
    weights = pd.Series(np.random.default_rng(6).integers(0, 3, len(known)), index=known.index)

    def learnt(given):
        found = clone(model).fit(known, given)
        return pd.concat([part.params_ for part in ([found.purchases_, found.spend_] if isinstance(found, CustomerValue) else [found])])

    expected = learnt(weights.to_numpy()).tolist()
    assert learnt(weights.iloc[::-1]).tolist() == learnt(weights.sample(frac=1, random_state=1)).tolist() == expected
    for wrong, n in ((weights.iloc[2:], 2), (weights.reset_index(drop=True), 2357), (weights.where(weights.index > "0002"), 2)):
        with pytest.raises(ValueError, match=rf"sample_weight is missing for {n} of 2357 customers, first \['0001', '0002'.*in the order"):
            learnt(wrong)
    with pytest.raises(ValueError, match="1 of 2,357 customers stand in sample_weight more than once"):
        learnt(pd.concat([weights, weights.iloc[:1]]))
    with pytest.raises(TypeError, match="sample_weight is of type str, not a number"):
        learnt(weights.astype(str))
    with pytest.raises(ValueError, match="sample_weight needs 2357 finite numbers >= 0"):
        learnt(-weights)


@pytest.mark.parametrize("kind", [ParetoNBD, BetaGeoNBD])
def test_names_without_weight_are_refused(kind):
    """A coefficient on customers who do not count would have no bounds, and no standard error would be known."""
    summary = simulate(kind, 600, 7)
    summary["kind"] = np.where(np.arange(600) < 40, "fair", summary["channel"])
    weights = (summary["kind"] != "fair").astype(float)
    for named, column in (("fair", summary["kind"]), ("True", summary["kind"] == "fair")):
        with pytest.raises(ValueError, match=rf"nobody whose kind is {named} \(of a weight above 0\) bought again; group such customers"):
            kind(covariates=["kind"]).fit(summary.assign(kind=column), weights)
    with pytest.raises(ValueError, match="the same for all 600 customers: size"):
        kind(covariates=["size"]).fit(summary.assign(size=np.where(weights > 0, 1.0, np.arange(600))), weights)
    assert kind(covariates=["channel"]).fit(summary, weights).se_.notna().all()


@pytest.mark.filterwarnings("ignore:GammaGamma ended at its boundary")
def test_intervals_take_what_winning_a_customer_costs(known):
    few = known.iloc[:60]
    model, groups = CustomerValue(BetaGeoNBD()).fit(known), few["frequency"].gt(0).map({True: "again", False: "once"})
    won = pd.Series(np.arange(60.0), index=few.index)
    for by, cost in ((None, won), (groups, won.groupby(groups).sum()), ("total", pd.Series({"total": won.sum()}))):
        asked = {"by": by, "margin": 0.3, "cost_per_order": 1.0, "horizon": 2, "n_boot": 20}
        without, found = (model.interval(few, **asked, **extra) for extra in ({}, {"acquisition_cost": won.sample(frac=1, random_state=2)}))
        for column in ("value", "low", "high"):
            assert found[column].tolist() == pytest.approx((without[column] - cost).tolist(), abs=1e-9)
    assert model.interval(few, margin=0.3, n_boot=10, acquisition_cost=5.0)["value"].equals(
        model.predict(few, margin=0.3, acquisition_cost=5.0)["value"]
    )
    with pytest.raises(ValueError, match="acquisition_cost is missing for 59 of 60 customers"):
        model.interval(few, margin=0.3, acquisition_cost=won.iloc[:1])


def test_a_column_may_not_be_called_as_a_name_of_another():
    summary = simulate(ParetoNBD, 300, 8).assign(**{"channel=web": np.arange(300.0)})
    with pytest.raises(ValueError, match=r"the covariates \['channel', 'channel=web'\] name channel=web twice; rename a column"):
        ParetoNBD(covariates=["channel", "channel=web"]).fit(summary)


def test_yes_and_no_may_come_as_objects():
    summary = simulate(ParetoNBD, 800, 9)
    web = summary["channel"] == "web"
    models = [ParetoNBD(covariates=["web"]).fit(summary.assign(web=column)) for column in (web, web.astype(object), web.astype("boolean"))]
    expected = models[0].predict(summary.assign(web=web), 30).tolist()
    for model in models:
        assert model.coef_.index.tolist() == [("purchases", "web"), ("leaving", "web")]
        for column in (web, web.astype(object), web.astype("boolean"), web.astype(int), web.astype(int).astype(object)):
            assert model.predict(summary.assign(web=column), 30).tolist() == pytest.approx(expected, rel=1e-9)
        with pytest.raises(TypeError, match=r"web is of type .*, the model learnt from numbers"):
            model.predict(summary.assign(web=web.astype(str)), 30)


def test_a_file_that_somebody_changed_is_refused(known, tmp_path):
    file = tmp_path / "model.json"
    summary = known.assign(late=known["T"] < 32)
    save_model(CustomerValue(BetaGeoNBD(covariates=["late"])).fit(summary), file)
    content = json.loads(file.read_text())
    purchases, spend = (content["learnt"][name]["learnt"] for name in ("purchases_", "spend_"))
    params, known_of = purchases["params_"]["values"]["array"], purchases["_known"]["entries"]
    places = {
        "r is {}, not a finite number above 0": (params, 0),
        "b is {}, not a finite number above 0": (params, 3),
        "a: late is {}, not a finite number": (params, 5),
        "gamma is {}, not a finite number above 0": (spend["params_"]["values"]["array"], 2),
        "the average of late is {}, not a finite number": (known_of["centre"]["array"], 0),
        "the spread of late is {}, not a finite number above 0": (known_of["spread"]["array"], 0),
    }
    for words, (array, place) in places.items():
        kept = array[place]
        for wrong, shown in ((None, "nan"), (-1, "-1.0"), (0, "0.0"), (float("inf"), "inf")):
            array[place] = wrong
            file.write_text(json.dumps(content))
            if "above" in words or wrong in (None, float("inf")):
                with pytest.raises(ValueError, match=rf"model\.json is damaged \(ValueError: {words.format(shown)}\); write it again"):
                    load_model(file)
            else:
                load_model(file)
        array[place] = kept
    del purchases["params_"]
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"model\.json is damaged"):
        load_model(file)


def test_the_highest_point_is_exact_to_the_digits_that_are_published(known):
    """By Fader, Hardie & Lee's eq. 6, written out and summed exactly, every parameter has less than 1e-8 of itself to go.

    Widely quoted digits (alpha 4.41360035) come from a search that stopped earlier: there the likelihood is lower, and still rises.
    """
    x, last, age = (known[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    chances = np.maximum(x, 1)

    def loglik(logs):
        r, alpha, a, b = np.exp(logs)
        with np.errstate(divide="ignore"):
            gone = np.where(x > 0, np.log(a / (b + chances - 1)) - (r + x) * np.log(alpha + last), -np.inf)
        stay = gammaln(b + x) - gammaln(b) + gammaln(a + b) - gammaln(a + b + x)
        return math.fsum(gammaln(r + x) - gammaln(r) + r * np.log(alpha) + stay + np.logaddexp(-(r + x) * np.log(alpha + age), gone))

    def slope(logs, step=0.01):  # to the sixth order
        rises = [[loglik(logs + k * move) - loglik(logs - k * move) for k in (1, 2, 3)] for move in step * np.eye(4)]
        return np.array(rises) @ [45, -9, 1] / (60 * step)

    model = BetaGeoNBD().fit(known)
    found, quoted = np.log(model.params_.to_numpy()), np.log([0.24259448, 4.41360035, 0.79292167, 2.42590582])
    turn = model._axes.turn * _rise(model._optimum.place, model._axes)

    def left(logs):
        return turn @ np.linalg.solve(model._optimum.hessian * len(known), turn.T @ slope(logs))

    assert loglik(found) == pytest.approx(model.loglik_, abs=1e-8)
    assert np.abs(left(found)).max() < 1e-8 and np.abs(slope(quoted)).max() > 100 * np.abs(slope(found)).max()
    assert left(quoted) == pytest.approx(found - quoted, abs=1e-10)  # both ways lead to the same point
