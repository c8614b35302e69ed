"""Lifetime models where the likelihood is highest at the boundary (customers hardly differ, nobody leaves), and how it is found."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from sklearn.exceptions import ConvergenceWarning

from custprof.datasets import load_cdnow, load_demo
from custprof.lifetime import BetaGeoNBD, CustomerValue, GammaGamma, ModifiedBetaGeoNBD, ParetoNBD, split, summarize, value_curve
from custprof.lifetime.departure import departure
from custprof.lifetime.futures import refits

ALIKE = "hardly differ between customers, so {} are known only as their ratio"


def simulate(n=1500, *, rate=None, drop_out=None, chance=None):
    """Customers over 100 weeks who are more regular in what is given than any model that lets them differ: its boundary fits best."""
    rng = np.random.default_rng(5)
    rates = rng.gamma(1.3, 0.1, n) if rate is None else np.full(n, rate)
    leaves = rng.weibull(1.5, n) / drop_out if drop_out else np.full(n, np.inf)
    age = rng.integers(50, 101, n).astype(float)
    clock, count, last, here = np.zeros(n), np.zeros(n, dtype=int), np.zeros(n), np.ones(n, dtype=bool)
    while here.any():
        clock = clock + (rng.gamma(2, 0.5, n) if rate else rng.exponential(size=n)) / rates
        here &= clock < np.minimum(age, leaves)
        count, last = count + here, np.where(here, clock, last)
        here &= rng.random(n) >= (chance or 0.0) * np.minimum(count / 4, 2)
    value = np.where(count > 0, rng.gamma(6 * np.maximum(count, 1)) / np.maximum(count, 1) / rng.gamma(4, 1 / 15, n), 0.0)
    summary = pd.DataFrame({"frequency": count, "recency": last, "T": age, "monetary_value": value})
    summary.attrs = {"unit": "W", "value": "revenue"}
    return summary


BOUNDARIES = [
    (ParetoNBD, {"drop_out": 0.01}, "drop-out rates " + ALIKE.format("s and beta"), ["s", "beta"], 0.01),
    (ParetoNBD, {"rate": 0.1}, "purchase rates " + ALIKE.format("r and alpha"), ["r", "alpha"], 0.1),
    (BetaGeoNBD, {"chance": 0.2}, "chances of leaving " + ALIKE.format("a and b"), ["a", "b"], 0.2),
    (ModifiedBetaGeoNBD, {"rate": 0.1}, "purchase rates " + ALIKE.format("r and alpha"), ["r", "alpha"], 0.1),
    (ParetoNBD, {}, "drop-out rates are next to nothing", ["s", "beta"], 0.0),
]


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")  # of the other pair, too
@pytest.mark.parametrize(("kind", "alike", "words", "pair", "ratio"), BOUNDARIES)
def test_a_boundary_is_named_and_predictions_stand(kind, alike, words, pair, ratio):
    summary = simulate(**alike)
    with pytest.warns(ConvergenceWarning, match="ended at its boundary: .*" + words):
        model = CustomerValue(kind()).fit(summary)
    purchases = model.purchases_
    assert words in purchases.note_ and not purchases.converged_
    assert purchases.params_[pair[0]] / purchases.params_[pair[1]] == pytest.approx(ratio, rel=0.4, abs=1e-4)
    assert purchases.se_[pair].isna().all()
    best = purchases.loglik_  # no other shape does better at this ratio
    for factor in (0.1, 1e-3, 1e-4):
        purchases.params_[pair] *= factor
        assert purchases.loglik(summary).sum() < best + 1e-3
        purchases.params_[pair] /= factor
    interval = model.interval(summary, by="total", margin=0.3, horizon=1, n_boot=20)
    low, value, high = interval.loc["total", ["low", "value", "high"]]
    assert np.isfinite([low, value, high]).all() and 0.7 * value < low < value < high < 1.3 * value


def test_demo_customers_leave_alike():
    study = load_demo()
    lines = study.table("transactions")
    since = study.frame("customers").set_index("customer_id")["acquired_on"]
    summary = summarize(lines)
    new = summary[pd.to_datetime(since.reindex(summary.index)) >= pd.Timestamp(study.start)]
    known = split(lines, study.start + (study.end - study.start) * 2 / 3).calibration
    for customers, loglik in ((new, -25587.2737), (known, -59465.1011)):
        with pytest.warns(ConvergenceWarning, match="drop-out rates hardly differ"):
            model = CustomerValue().fit(customers)
        assert model.purchases_.loglik_ == pytest.approx(loglik, abs=1e-3)  # what a search without end gets to
        assert (model.purchases_.se_[["r", "alpha"]] > 0).all()
        interval = model.interval(customers, by="total", margin=0.3, horizon=3, n_boot=20)
        assert (interval["low"] < interval["value"]).all() and (interval["value"] < interval["high"]).all()
        curve = value_curve(model, customers, margin=0.3, n_boot=20)
        assert np.isfinite(curve[["value", "low", "high"]].to_numpy()).all() and curve["high"].is_monotonic_increasing


def test_purchases_that_hardly_differ():
    rng = np.random.default_rng(1)
    x = rng.integers(1, 8, 500)
    for value, words in ((rng.gamma(4, 5, 500), ""), (rng.gamma(6 * x) / x * 3, "customers' mean purchases hardly differ")):
        summary = pd.DataFrame({"frequency": x, "monetary_value": value})
        spend = GammaGamma()
        if words:
            with pytest.warns(ConvergenceWarning, match=words):
                spend.fit(summary)
            assert spend.predict(summary).tolist() == pytest.approx([np.average(value, weights=x)] * 500, rel=1e-3)
            assert np.isfinite(spend.se_["p"]) and spend.se_[["q", "gamma"]].isna().all()
        else:
            spend.fit(summary)
        assert (spend.note_ == "") == spend.converged_ == (not words)


def test_a_failed_search_says_so():
    class Broken(ParetoNBD):
        def _likelihood(self, point, rows, *, gradient=True):
            value, slope = super()._likelihood(point, rows, gradient=gradient)
            return value, slope + 1 if gradient else None

    with pytest.warns(ConvergenceWarning, match="Broken did not converge: its parameters are not to be trusted"):
        model = Broken().fit(simulate(200))
    assert not model.converged_ and "did not converge" in model.note_


def test_nothing_is_said_when_all_is_well():
    model = CustomerValue().fit(summarize(load_cdnow(), end="1997-09-30"))
    assert model.purchases_.note_ == model.spend_.note_ == "" and model.purchases_.converged_


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_refits_are_fits_of_the_resample():
    summary = simulate(drop_out=0.01)
    model = CustomerValue().fit(summary)
    rng = np.random.default_rng(3)
    ordered = pd.DataFrame(model._sample[:, :4], columns=summary.columns)
    drawn = [rng.multinomial(1500, np.full(1500, 1 / 1500)) for _ in range(4)]
    for weights, (params, _) in zip(drawn, refits(model, 4, np.random.default_rng(3)), strict=True):
        again = ParetoNBD().fit(ordered, weights)
        assert params[:2].tolist() == pytest.approx(again.params_[["r", "alpha"]].tolist(), rel=1e-3)
        assert params[2] / params[3] == pytest.approx(again.params_["s"] / again.params_["beta"], rel=1e-3)


# --- the integral -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("r", [1e-5, 0.5, 3.0, 1e5])
@pytest.mark.parametrize("s", [1e-5, 0.6, 30.0, 1e5])
def test_departure_is_the_integral_it_stands_for(r, s):
    rows = [(0, 0, 1.0), (0, 0, 0.01), (1, 0.003, 1.0), (5, 0.4, 1.2), (26, 0.1, 0.9), (153, 1.1, 1.3), (1000, 0.5, 1.3), (1000, 1.29, 1.3)]
    for alpha, beta in [(0.05, 10.0), (1e-6, 1.0), (3.0, 1e-4), (r, s * 300), (1e5, 1e7)]:
        log, means = departure((r, alpha, s, beta), *np.array(rows).T)
        for i, (x, recency, age) in enumerate(rows):
            near = min(alpha, beta) + recency

            def integrand(w, x=x, near=near, recency=recency, alpha=alpha, beta=beta):
                y = near * np.expm1(w)
                fall = (r + x) * np.log1p(y / (alpha + recency)) + (s + 1) * np.log1p(y / (beta + recency))
                return near * np.exp(w - fall)

            width = np.log1p((age - recency) / near)
            cuts = np.concatenate([[0], width * np.logspace(-7, 0, 60)])
            whole = sum(quad(integrand, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in pairwise(cuts))
            start = -(r + x) * np.log1p(recency / alpha) - (s + 1) * np.log1p(recency / beta)
            assert log[i] - start == pytest.approx(np.log(whole), abs=1e-9), (alpha, beta, x)
            assert ((means[2:, i] >= 0) & (means[2:, i] <= 1)).all()


def test_departure_means_are_the_derivatives():
    rows = np.array([(0, 0, 1.0), (1, 0.003, 1.0), (26, 0.1, 0.9), (1000, 0.5, 1.3)]).T
    for point in np.log([[0.5, 0.05, 0.7, 10.0], [2.0, 3.0, 1e-3, 0.1], [1e-3, 1e-3, 50.0, 4000.0]]):
        r, _, s, _ = np.exp(point)
        _, (log_alpha, log_beta, share_alpha, share_beta) = departure(np.exp(point), *rows)
        slopes = [-r * log_alpha, (r + rows[0]) * share_alpha, -s * log_beta, (s + 1) * share_beta]
        for move, slope in zip(np.eye(4) * 1e-5, slopes, strict=True):
            change = (departure(np.exp(point + move), *rows)[0] - departure(np.exp(point - move), *rows)[0]) / 2e-5
            assert change == pytest.approx(slope, rel=1e-5, abs=1e-7)
