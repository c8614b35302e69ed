"""The lifetime stage by hand-computed cases, edges and messages."""

import datetime as dt
from itertools import pairwise
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, hyperu
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

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
    break_even,
    calibration,
    cohorts,
    retention_curve,
    spend_fit,
    split,
    suitability,
    summarize,
    value_curve,
    value_history,
)
from custprof.lifetime.discount import annuity, decay_integral, discount_rate
from custprof.lifetime.futures import group_draws

MODELS = (ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD)


def lines(rows, **extra):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "revenue"]).assign(**extra)
    return frame.assign(date=pd.to_datetime(frame["date"]))


@pytest.fixture(scope="module")
def known():
    return split(load_cdnow(), "1997-09-30").calibration


@pytest.fixture(scope="module")
def model(known):
    return CustomerValue().fit(known)


# --- summarize, split -------------------------------------------------------------------------------------------------------------------


def test_lines_of_a_day_are_one_purchase_and_returns_are_none():
    summary = summarize(
        lines(
            [
                ("a", "2024-01-01", 10.0),
                ("a", "2024-01-11", 20.0),
                ("a", "2024-01-11", 5.0),
                ("a", "2024-01-15", -20.0),  # a return alone is no purchase
                ("a", "2024-01-21", 30.0),
                ("a", "2024-01-21", -30.0),  # bought and returned in full: none either
                ("b", "2024-01-05", 0.0),  # a free order is a purchase
                ("b", "2024-01-06", 8.0),
                (None, "2024-01-31", 99.0),  # nobody's line counts for nobody, but the data reach to it
            ]
        ),
        unit="D",
    )
    assert summary.loc["a"].tolist() == [1, 10.0, 30.0, 25.0]
    assert summary.loc["b"].tolist() == [1, 1.0, 26.0, 8.0]
    assert summary.index.tolist() == ["a", "b"] and summary.index.name == "customer_id"
    assert summary["frequency"].dtype == "int64"
    assert summary.attrs == {"unit": "D", "end": "2024-01-31", "value": "revenue", "grain": "D", "returns": "net", "free": True}


def test_units_are_days_divided():
    data = lines([("a", "2024-01-01", 1.0), ("a", "2024-03-01", 1.0)])
    for unit, days in {"D": 1, "W": 7, "M": 30.4375}.items():
        assert summarize(data, unit=unit, end="2024-12-31")["T"].tolist() == pytest.approx([365 / days])
        assert summarize(data, unit=unit)["recency"].tolist() == pytest.approx([60 / days])


def test_margin_is_made_from_the_lines():
    data = lines([("a", "2024-01-01", 10.0), ("a", "2024-01-08", 20.0)], cost_of_goods=[6.0, 25.0], freight=[1.0, 0.5])
    summary = summarize(data, value="margin")
    assert summary["monetary_value"].tolist() == [-5.5]  # a purchase at a loss is a purchase
    with pytest.raises(ValueError, match="revenue and cost_of_goods"):
        summarize(data.drop(columns="cost_of_goods"), value="margin")


def test_duckdb_gives_the_same_summary():
    data = load_cdnow()
    connection = duckdb.connect()
    connection.register("cdnow", data)
    for mine, theirs in zip(split(connection.sql("select * from cdnow"), "1997-09-30"), split(data, "1997-09-30"), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)


def test_split_follows_the_same_customers():
    data = lines([("a", "2024-01-01", 5.0), ("a", "2024-02-01", 7.0), ("a", "2024-02-02", 9.0), ("b", "2024-02-01", 5.0)])
    known, later = split(data, "2024-01-15", unit="D")
    assert known.index.tolist() == later.index.tolist() == ["a"]
    assert later.loc["a"].tolist() == [2, 18.0, 8.0]
    with pytest.raises(ValueError, match="nothing is left to hold out"):
        split(data, "2024-02-02")


def test_summarize_refuses_what_it_cannot_count():
    data = lines([("a", "2024-01-01", 5.0)])
    with pytest.raises(ValueError, match="unit is 'H'; choose one of D, W, M, Q, Y"):
        summarize(data, unit="H")
    with pytest.raises(ValueError, match="transactions lack 'profit'"):
        summarize(data, value="profit")
    with pytest.raises(TypeError, match="parse it first"):
        summarize(data.assign(date="2024-01-01"))
    with pytest.raises(ValueError, match="no purchase of a known customer"):
        summarize(data, end="2020-01-01")
    with pytest.raises(ValueError, match="transactions lack customer_id"):
        summarize(data.drop(columns="customer_id"))


def test_periods_as_occasions():
    """By calendar month: yes or no in each, whole months since the first purchase, a month that has not ended left out."""
    data = lines(
        [
            ("a", "2023-11-30", 5.0),
            ("a", "2023-12-01", 7.0),
            ("a", "2023-12-31", 9.0),
            ("a", "2024-03-02", 1.0),
            ("a", "2024-05-02", 1.0),  # May is not over
            ("b", "2024-04-30", 5.0),
            ("c", "2024-05-01", 5.0),
        ]
    )
    for read in (data, duckdb.from_df(data)):
        summary = summarize(read, grain="M", end="2024-05-30")
        assert summary.index.tolist() == ["a", "b"]
        assert summary.loc["a"].tolist() == [2, 4.0, 5.0, 8.5] and summary.loc["b"].tolist() == [0, 0.0, 0.0, 0.0]
        assert summary.attrs == {"unit": "M", "end": "2024-04-30", "value": "revenue", "grain": "M", "returns": "net", "free": True}
        assert summarize(read, grain="M", end="2024-05-31").loc["a"].tolist() == [3, 6.0, 6.0, 6.0]
        for grain, ages in {"D": 182, "W": 25, "Q": 1, "Y": 0}.items():
            assert summarize(read, grain=grain, unit="D", end="2024-05-30").loc["a", "T"] == ages
    known, later = split(data, "2024-01-15", grain="M", end="2024-04-30")
    assert known.loc["a"].tolist() == [1, 1.0, 1.0, 16.0] and later.loc["a"].tolist() == [1, 4.0, 1.0]  # all of January is held out
    rules = {k: known.attrs[k] for k in ("unit", "grain", "returns", "free", "value")}
    assert rules == {k: later.attrs[k] for k in rules}


def test_returns_and_free_orders_are_counted_as_asked():
    rows = [
        ("a", "2024-01-01", 9.0),
        ("a", "2024-01-11", 20.0),
        ("a", "2024-01-11", -25.0),
        ("a", "2024-01-21", 0.0),
        ("a", "2024-01-31", 4.0),
    ]
    found = {
        (returns, free): summarize(lines(rows), unit="D", returns=returns, free=free).loc["a", ["frequency", "monetary_value"]].tolist()
        for returns in ("net", "apart")
        for free in (True, False)
    }
    assert found == {("net", True): [2, 2.0], ("net", False): [1, 4.0], ("apart", True): [3, 8.0], ("apart", False): [2, 12.0]}
    with pytest.raises(ValueError, match="returns is 'gross'; choose 'net'"):
        summarize(lines(rows), returns="gross")
    with pytest.raises(ValueError, match="grain is 'order'; choose one of D, W, M, Q, Y"):
        split(lines(rows), "2024-01-15", grain="order")


def test_customers_counted_by_other_rules_are_refused(known):
    model = CustomerValue().fit(known)
    apart = split(load_cdnow(), "1997-09-30", returns="apart").calibration
    for ask in (model.purchases_.p_alive, model.purchases_.dert, lambda summary: model.predict(summary, margin=0.3)):
        with pytest.raises(ValueError, match="made with returns='apart', the model learnt from returns='net'; summarize both alike"):
            ask(apart)
    months = summarize(load_cdnow(), grain="M")
    with pytest.raises(ValueError, match=r"counts purchases by month, ParetoNBD needs days .*Use BetaGeoBinomial"):
        ParetoNBD().fit(months)
    assert BetaGeoBinomial().fit(months).converged_
    with pytest.raises(ValueError, match="recency is no whole number of periods for 806 of 2357 customers"):
        BetaGeoBinomial().fit(known)


# --- the models -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_pareto_likelihood_is_the_integral_it_stands_for():
    model = ParetoNBD(unit="W").fit(load_small())
    for params in ([0.5, 10.0, 0.6, 12.0], [2.0, 3.0, 1.5, 40.0], [0.05, 0.5, 0.1, 0.3], [8.0, 90.0, 6.0, 20.0]):
        model.params_[:] = params
        r, alpha, s, beta = params
        for x, recency, age in [(0, 0, 39), (0, 0, 0), (1, 0.5, 30), (5, 30, 30), (26, 30.8, 31), (150, 200, 700), (999, 1000, 5000)]:

            def log_density(y, x=x, r=r, alpha=alpha, s=s, beta=beta):
                return -(r + x) * np.log(alpha + y) - (s + 1) * np.log(beta + y)

            start = log_density(recency)
            cuts = np.unique(np.concatenate([[recency, age], recency + (age - recency) * np.logspace(-5, 0, 16)]))
            gone = sum(
                quad(lambda y, f=log_density, at=start: np.exp(f(y) - at), a, b, epsabs=0, epsrel=1e-12)[0] for a, b in pairwise(cuts)
            )
            stay = np.exp(-(r + x) * np.log(alpha + age) - s * np.log(beta + age) - start)
            expected = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + start + np.log(stay + s * gone)
            row = pd.DataFrame({"frequency": [x], "recency": [float(recency)], "T": [float(age)]})
            assert model.loglik(row)[0] == pytest.approx(expected, abs=1e-9), (params, x)
            assert model.p_alive(row)[0] == pytest.approx(stay / (stay + s * gone), abs=1e-9)


def load_small():
    x = [0, 0, 0, 1, 4, 2, 0, 7]
    return pd.DataFrame({"frequency": x, "recency": [0, 0, 0, 9.0, 20, 4, 0, 25], "T": [30.0, 25, 26, 28, 30, 29, 27, 31]})


@pytest.mark.parametrize("kind", MODELS)
def test_gradient_is_the_derivative(kind, known):
    model = kind().fit(known)
    objective = model._objective(model._rows(known), np.ones(len(model._rows(known).x)))
    point = np.log(model.params_.to_numpy()) + 0.2
    steps = np.eye(4) * 1e-6
    slope = [(objective(point + h)[0] - objective(point - h)[0]) / 2e-6 for h in steps]
    assert objective(point)[1] == pytest.approx(slope, abs=1e-6)


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_expected_purchases_where_textbook_forms_break():
    model = BetaGeoNBD(unit="W").fit(load_small())
    for a in (0.3, 1.0, 1.0 + 1e-9, 4.0):
        model.params_[:] = r, alpha, a, b = 0.5, 4.0, a, 2.5
        for x, age, t in [(150, 300.0, 5000.0), (300, 30.0, 365.0), (780, 700.0, 52.0), (0, 10.0, 39.0)]:
            row = pd.DataFrame({"frequency": [x], "recency": [age if x else 0.0], "T": [age]})
            shape = r + x
            logbeta = gammaln(a) + gammaln(b + x) - gammaln(a + b + x)

            def density(
                u, shape=shape, t=t, age=age, a=a, b=b, alpha=alpha, x=x, logbeta=logbeta
            ):  # p = u^(1/a) takes the singularity away
                p = u ** (1 / a)
                made = -np.expm1(-shape * np.log1p(p * t / (alpha + age))) / p
                return made * np.exp((b + x - 1) * np.log1p(-p) - logbeta) / a

            cuts = np.concatenate([[0], np.logspace(-10, 0, 60)])
            expected = sum(quad(density, lo, hi, epsabs=0, epsrel=1e-10)[0] for lo, hi in pairwise(cuts))
            assert model.predict(row, t)[0] / model.p_alive(row)[0] == pytest.approx(expected, rel=2e-6), (a, x, t)


def test_discounted_time_is_tricomis_function():
    for n, z in [(0.6, 0.02), (1.0, 0.5), (2.5, 3.0), (7.0, 0.1)]:
        assert float(decay_integral(n, z)) == pytest.approx(hyperu(1, 2 - n, z), rel=1e-10)
    assert float(decay_integral(1.0, 0.0, 3.0)) == pytest.approx(np.log(4))
    assert annuity(discount_rate(0.1, "W"), np.inf) == pytest.approx(365.25 / 7 / np.log(1.1))


@pytest.mark.parametrize("kind", MODELS)
def test_discounting_goes_over_into_plain_expectation(kind, known):
    model = kind().fit(known)
    few = known.iloc[:50]
    plain = model.predict(few, 2 * 365.25 / 7)
    assert model.dert(few, annual_rate=0.0, horizon=2).tolist() == pytest.approx(plain.tolist(), rel=1e-9)
    assert model.dert(few, annual_rate=1e-9, horizon=2).tolist() == pytest.approx(plain.tolist(), rel=1e-6)
    near, far, ever = (model.dert(few, horizon=h) for h in (1, 10, None))
    assert (near < far).all() and (far < ever).all()
    assert (model.alive_time(few) < 1 / np.log(1.1)).all() and (model.alive_time(few, horizon=1) < 1).all()


def test_models_refuse_contradictions():
    good = load_small()
    with pytest.raises(ValueError, match="none of 2 customers bought again"):
        ParetoNBD().fit(good.iloc[:2])
    with pytest.raises(ValueError, match="recency is after T for 1 of 8 customers"):
        ParetoNBD().fit(good.assign(recency=[0, 0, 0, 99.0, 20, 4, 0, 25]))
    with pytest.raises(ValueError, match="frequency and recency contradict"):
        ParetoNBD().fit(good.assign(frequency=3))
    with pytest.raises(ValueError, match="T is missing"):
        ParetoNBD().fit(good.assign(T=np.nan))
    with pytest.raises(ValueError, match="lacks the columns"):
        ParetoNBD().fit(good[["T"]])
    with pytest.raises(TypeError, match="not a DataFrame"):
        ParetoNBD().fit([1, 2])


def test_units_are_never_mixed(known):
    model = ParetoNBD().fit(known)
    days = summarize(load_cdnow(), unit="D", end="1997-09-30")
    with pytest.raises(ValueError, match="the summary is in unit 'D', the model in 'W'"):
        model.predict(days, 10)
    with pytest.raises(ValueError, match="the summary is in unit 'D', the model in 'W'"):
        ParetoNBD(unit="W").fit(days)
    bare = known.copy()
    bare.attrs = {}
    unknown = BetaGeoNBD().fit(bare)
    assert unknown.unit_ is None and unknown.predict(bare, 39).sum() > 0
    with pytest.raises(ValueError, match="did not say its unit"):
        unknown.dert(bare)
    with pytest.raises(ValueError, match="may be infinite"):
        model.dert(known, annual_rate=0.0)


def test_gamma_gamma_refuses_what_it_cannot_model(known):
    wrong = known.iloc[:20].assign(monetary_value=-1.0)
    with pytest.raises(ValueError, match=r"not positive for .* repeaters, first"):
        GammaGamma().fit(wrong)
    with pytest.raises(ValueError, match="at least two"):
        GammaGamma().fit(known.iloc[2:4])
    spend = GammaGamma().fit(known)
    spend.params_["q"] = 0.9
    with pytest.raises(ValueError, match="infinite"):
        spend.predict(known)


def test_weights_stand_for_customers(known):
    some = known.iloc[:800]
    twice = pd.concat([some, some.set_axis("again " + some.index)])
    for kind in (ParetoNBD, GammaGamma):
        weighted, repeated = kind().fit(some, np.full(800, 2.0)), kind().fit(twice)
        assert weighted.params_.tolist() == pytest.approx(repeated.params_.tolist(), rel=1e-6)
        assert weighted.loglik_ == pytest.approx(repeated.loglik_)
        assert weighted.se_.tolist() == pytest.approx(repeated.se_.tolist(), rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
@pytest.mark.parametrize("kind", [*MODELS, BetaGeoBinomial])
def test_one_customer_gets_its_own_rate_and_none_is_refused(kind):
    one = pd.DataFrame({"frequency": [3], "recency": [20], "T": [30]}, index=["c1"])
    model = kind(unit="W").fit(one)
    assert model.predict(one, 10)["c1"] == pytest.approx(1.0, rel=1e-4) and model.se_.isna().all()
    with pytest.raises(ValueError, match="none of 1 customers bought again"):
        kind().fit(one.assign(frequency=0, recency=0))


def test_spend_of_nothing_is_refused(known):
    free = known.assign(monetary_value=0.0)
    with pytest.raises(ValueError, match=r"not positive for 946 of 946 repeaters.*Never shift the values"):
        CustomerValue().fit(free)
    with pytest.raises(ValueError, match="0 of 2357 customers bought again; a model of spend needs at least two"):
        GammaGamma().fit(known.assign(frequency=0))


def test_what_is_dated_after_the_end_is_not_seen():
    data = lines([("a", "2024-01-01", 5.0), ("a", "2024-02-01", 7.0), ("a", "2099-01-01", 9.0), ("b", "2099-01-01", 9.0)])
    summary = summarize(data, unit="D", end="2024-03-01")
    assert summary.index.tolist() == ["a"] and summary.loc["a"].tolist() == [1, 31.0, 60.0, 7.0]


def test_occasions_need_whole_periods_and_take_no_intervals():
    donors = load_case("donors")["donors"].assign(monetary_value=10.0)
    with pytest.raises(ValueError, match=r"frequency is above recency for 1 of 22 customers, first \[1\]; there is one occasion a period"):
        BetaGeoBinomial().fit(donors.assign(frequency=donors["frequency"].where(donors.index > 1, [0, 3] + [0] * 20)))
    model = BetaGeoBinomial(unit="Y").fit(donors, donors["donors"])
    assert model.predict(donors, 5.9).equals(model.predict(donors, 5))  # an occasion that has not come does not count
    near, ever = model.dert(donors, horizon=30), model.dert(donors)
    assert (near < ever).all() and (model.predict_new([1, 2, 500]) > 0).all()
    alpha, beta, gamma, delta = model.params_
    steps = np.arange(20_000)  # more than are summed one by one
    survivors = np.exp(np.cumsum(np.log((delta + steps) / (gamma + delta + steps))))
    assert model.predict_new(20_000) == pytest.approx(alpha / (alpha + beta) * survivors.sum(), rel=1e-10)


# --- contracts --------------------------------------------------------------------------------------------------------------------------


def test_survival_by_hand():
    """alpha 1, beta 2: S(t) = 2 / (t + 2)."""
    model = ShiftedBetaGeometric().fit([1000, 631, 468, 382])
    model.params_[:] = [1.0, 2.0]
    assert model.survival([0, 1, 2, 8]).to_dict() == pytest.approx({0: 1, 1: 2 / 3, 2: 1 / 2, 8: 1 / 5})
    assert model.retention([1, 2, 8]).to_dict() == pytest.approx({1: 2 / 3, 2: 3 / 4, 8: 9 / 10})
    assert model.predict([30, 20, 10], 2).to_dict() == pytest.approx({3: 8.0, 4: 20 / 3})
    payments = sum(2 / (t + 2) / 1.1**t for t in range(600))
    assert model.del_(annual_rate=0.1) == pytest.approx(payments)
    monthly = ShiftedBetaGeometric(unit="M").fit([1000, 631, 468, 382])
    monthly.params_[:] = [1.0, 2.0]
    assert monthly.del_(annual_rate=0.1) == pytest.approx(sum(2 / (t + 2) / 1.1 ** (t / 12) for t in range(6000)), rel=1e-9)


def test_cohorts_of_contracts_are_added():
    old, young = pd.Series([100, 60, 45, 38]), pd.Series([200, 130, 95])
    both = ShiftedBetaGeometric().fit(pd.DataFrame({"old": old, "young": young}))
    lost, left = np.array([40 + 70, 15 + 35, 7.0]), np.array([0, 95.0, 38])
    ages = np.arange(4)
    log = np.log(both.survival(ages).to_numpy())
    expected = lost @ np.log(np.exp(log[:-1]) - np.exp(log[1:])) + left @ log[1:]
    assert both.loglik_ == pytest.approx(expected)
    objective = both._objective(lost, left)
    point = np.log(both.params_.to_numpy()) + 0.3
    steps = np.eye(2) * 1e-6
    assert objective(point)[1] == pytest.approx([(objective(point + h)[0] - objective(point - h)[0]) / 2e-6 for h in steps], abs=1e-7)


def test_a_contract_s_own_chance_may_move_with_age():
    model = BetaDiscreteWeibull().fit([1000, 869, 743, 653, 593])
    point, steps = np.log(model.params_.to_numpy()) - 0.2, np.eye(3) * 1e-6
    objective = model._objective(np.array([131, 126, 90, 60.0]), np.array([0, 0, 0, 593.0]))
    assert objective(point)[1] == pytest.approx([(objective(point + h)[0] - objective(point - h)[0]) / 2e-6 for h in steps], abs=1e-7)


@pytest.mark.parametrize(
    ("survivors", "error", "words"),
    [
        ([10, 12, 3], ValueError, r"survivors grows at 1 of 3 ages, first \[1\]; a cohort only loses"),
        ([3, np.nan, 1], ValueError, "missing, infinite or negative within its 3 ages; give counts from age 0 without gaps"),
        ([5, 5, 5], ValueError, "none of 5 customers left; a model of retention has nothing to learn"),
        ([10, 9], ValueError, "survivors show 1 period; the 2 parameters of ShiftedBetaGeometric need at least 2"),
        ([1], ValueError, "survivors hold no period"),
        (["a", "b"], TypeError, "survivors is of type str, not a number"),
    ],
)
def test_contracts_refuse_what_is_no_cohort(survivors, error, words):
    with pytest.raises(error, match=words):
        ShiftedBetaGeometric().fit(survivors)


def test_a_cohort_of_one_is_fitted_with_a_word_of_warning():
    with pytest.warns(ConvergenceWarning, match=r"hardly differ between customers, so alpha and beta are known only as their ratio \(1\)"):
        model = ShiftedBetaGeometric().fit([1, 1, 0])
    assert model.survival(1).iloc[0] == pytest.approx(0.5, abs=1e-4) and not model.converged_
    for ask, words in [(lambda: model.survival([1.5]), "whole periods from 0"), (lambda: model.retention(0), "whole periods from 1")]:
        with pytest.raises(ValueError, match=words):
            ask()
    with pytest.raises(ValueError, match="annual_rate is 0 over the whole life"):
        model.del_(annual_rate=0)


# --- value ------------------------------------------------------------------------------------------------------------------------------


def test_components_sum_to_the_value(model, known):
    values = model.predict(known, margin=0.3, cost_per_order=2.0, cost_per_period=4.0)
    parts = values[["margin", "order_cost", "holding_cost"]]
    assert values["value"].tolist() == pytest.approx(parts.sum(axis=1).tolist())
    assert (values["value"] < 0).any() and (values["value"] > 0).any()
    assert values["margin"].tolist() == pytest.approx((values["purchases"] * values["spend"] * 0.3).tolist())
    assert values["order_cost"].tolist() == pytest.approx((-2 * values["purchases"]).tolist())
    assert values["holding_cost"].tolist() == pytest.approx((-4 * values["alive_time"]).tolist())


def test_costs_by_customer_and_more_cost_less_value(model, known):
    cost = pd.Series(1.0, index=known.index)
    cost.iloc[5] = 50.0
    plain = model.predict(known, margin=0.3, cost_per_order=1.0)["value"]
    dear = model.predict(known, margin=0.3, cost_per_order=cost)["value"]
    assert (dear.drop(known.index[5]) == plain.drop(known.index[5])).all() and dear.iloc[5] < plain.iloc[5]
    held = model.predict(known, margin=0.3, cost_per_order=1.0, cost_per_period=1.0)["value"]
    assert (held < plain).all()
    loss = model.predict(known, margin=-0.1)["value"]
    assert (loss < 0).all()
    assert (model.predict(known, margin=0.0)["value"] == 0).all()


def test_one_customer_is_enough_to_predict(model, known):
    one = model.predict(known.iloc[[3]], margin=0.5)
    pd.testing.assert_frame_equal(one, model.predict(known, margin=0.5).iloc[[3]])
    assert model.interval(known.iloc[[3]], margin=0.5, n_boot=20).shape == (1, 3)


def test_value_says_what_it_lacks(model, known):
    with pytest.raises(ValueError, match="say margin"):
        model.predict(known)
    with pytest.raises(ValueError, match="cost_per_order is missing for 2356 of 2357 customers, first"):
        model.predict(known, margin=0.3, cost_per_order=pd.Series({"0001": 1.0}))
    with pytest.raises(ValueError, match="cost_per_period is negative"):
        model.predict(known, margin=0.3, cost_per_period=-1.0)
    with pytest.raises(TypeError, match="give one number, or a Series"):
        model.predict(known, margin=[0.3, 0.4])


def test_margins_need_no_ratio(known):
    margins = known.copy()
    margins.attrs["value"] = "margin"
    model = CustomerValue().fit(margins)
    pd.testing.assert_frame_equal(model.predict(margins), model.predict(margins, margin=1.0))
    with pytest.raises(ValueError, match="the summary holds 'revenue', the models saw 'margin'"):
        model.predict(known)


def test_estimators_are_of_scikit_learn(known):
    model = clone(CustomerValue(ModifiedBetaGeoNBD(unit="W"), GammaGamma()))
    assert model.get_params()["purchases__unit"] == "W"
    assert isinstance(model.fit(known.iloc[:500]).purchases_, ModifiedBetaGeoNBD)
    assert not hasattr(model.purchases, "params_")


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("horizon", [2, None])
def test_played_futures_average_to_the_expected_value(kind, horizon, known):
    some = known.iloc[:300]
    model = CustomerValue(kind()).fit(known)
    terms = model._terms(some, 0.3, 2.0, 1.0, 0.1)
    parameters = [(model.purchases_.params_.to_numpy(), model.spend_.params_.to_numpy())] * 400
    draws = group_draws(model, some, terms, [horizon], parameters, np.random.default_rng(7), code=np.zeros(300, dtype=int))[:, 0, 0]
    value = model.predict(some, margin=0.3, cost_per_order=2.0, cost_per_period=1.0, horizon=horizon)["value"].sum()
    assert abs(draws.mean() - value) < 4 * draws.std() / 20


def test_interval_by_customer_group_and_total(model, known):
    terms = {"margin": 0.3, "cost_per_order": 1.0, "n_boot": 40, "horizon": 2}
    total = model.interval(known, by="total", **terms)
    assert total["low"].iloc[0] < total["value"].iloc[0] < total["high"].iloc[0]
    segment = pd.Series(np.where(known["frequency"] > 0, "again", "once"), index=known.index)
    groups = model.interval(known, by=segment, **terms)
    assert groups.index.tolist() == ["again", "once"] and groups["customers"].tolist() == [946, 1411]
    assert groups["value"].sum() == pytest.approx(total["value"].iloc[0])
    one = model.interval(known, **terms)
    assert (one["low"] <= one["high"]).all() and one.index.equals(known.index)
    narrow = model.interval(known, by="total", level=0.5, **terms)
    assert (narrow["high"] - narrow["low"]).iloc[0] < (total["high"] - total["low"]).iloc[0]
    with pytest.raises(ValueError, match="level is 90"):
        model.interval(known, level=90, **terms)
    with pytest.raises(ValueError, match="groups are missing for 2357"):
        model.interval(known, by=pd.Series({"nobody": "a"}), **terms)


# --- curves, cohorts, verdicts ----------------------------------------------------------------------------------------------------------


def test_value_curve_meets_the_predictions(model, known):
    segment = pd.Series(np.where(known["frequency"] > 0, "again", "once"), index=known.index)
    curve = value_curve(model, known, horizons=[3, 1], groups=segment, n_boot=20, margin=0.3, cost_per_order=1.0)
    assert curve["horizon"].tolist() == [0, 1, 3] * 2
    value = model.predict(known, margin=0.3, cost_per_order=1.0, horizon=3)["value"].groupby(segment).mean()
    assert curve.loc[curve["horizon"] == 3, "value"].tolist() == pytest.approx(value.tolist())
    ahead = curve[curve["horizon"] > 0]
    assert (ahead["low"] < ahead["value"]).all() and (ahead["value"] < ahead["high"]).all()
    with pytest.raises(TypeError, match="does not know"):
        value_curve(model, known, margin=0.3, discount=0.1)


def test_value_history_discounts_and_weighs_by_age():
    data = lines([("a", "2022-01-01", 10.0), ("a", "2023-06-01", -4.0), ("b", "2023-01-15", 20.0)])
    curve = value_history(data, step="year", end="2024-01-02", annual_rate=0.21)
    assert curve["customers"].tolist() == [2, 1, 1] or curve["customers"].tolist() == [2, 1, 1, 1]
    assert curve["value"].iloc[1] == pytest.approx(10.0 / 1.1)  # b has not been seen for a whole year
    assert curve["value"].iloc[2] == pytest.approx(10.0 / 1.1 - 4.0 / 1.21**1.5)
    with pytest.raises(ValueError, match="choose a shorter step"):
        value_history(lines([("a", "2022-01-01", 10.0)]), step="year")


def test_break_even_by_group():
    curve = pd.DataFrame(
        {"group": ["a", "a", "b", "b"], "horizon": [0.0, 1, 0, 1], "value": [0.0, 10, 0, 4], "low": [0.0, 8, 0, 2], "high": [0.0, 20, 0, 6]}
    )
    table = break_even(curve, cost=pd.Series({"a": 5.0, "b": 5.0}))
    assert table.loc["a"].tolist() == pytest.approx([5.0, 0.5, 0.25, 0.625])
    assert np.isnan(table.loc["b", "years"]) and table.loc["b", "earliest"] == pytest.approx(5 / 6)
    with pytest.raises(ValueError, match="cost of group 'b'"):
        break_even(curve, cost=pd.Series({"a": 5.0}))


def test_kaplan_meier_by_hand():
    summary = pd.DataFrame({"frequency": [0, 1, 0, 1, 0], "recency": [0.0, 2, 0, 9, 0], "T": [10.0, 10, 2, 10, 10]}, index=list("abcde"))
    curve = retention_curve(summary, inactive_after=3, level=0.95)
    assert curve["retention"].tolist() == pytest.approx([1, 0.5, 0.25, 0.25])  # at 3: 2 of 4; at 5: 1 of 2; nobody at 10
    assert curve["age"].tolist() == [0, 3, 5, 10] and curve["at_risk"].tolist() == [5, 4, 2, 1] and curve["lost"].tolist() == [0, 2, 1, 0]
    spread = np.sqrt(2 / (4 * 2)) / abs(np.log(0.5))
    assert curve["low"].iloc[1] == pytest.approx(0.5 ** np.exp(1.959964 * spread), rel=1e-6)
    assert curve["high"].iloc[1] == pytest.approx(0.5 ** np.exp(-1.959964 * spread), rel=1e-6)
    everybody = retention_curve(summary, inactive_after=99)
    assert everybody[["age", "at_risk", "lost", "retention"]].to_numpy().tolist() == [[0, 5, 0, 1.0], [10, 4, 0, 1.0]]


def test_cohorts_count_each_line_once():
    data = load_cdnow()
    table = cohorts(data, period="month")
    assert table["value"].sum() == pytest.approx(data["revenue"].sum())
    assert table.groupby("cohort")["customers"].first().tolist() == table.loc[table["age"] == 0, "customers"].tolist()
    assert table["customers"][table["age"] == 0].sum() == (data.groupby("customer_id")["revenue"].sum() > 0).sum()
    assert table["complete"].all()  # the data end on the last day of June 1998
    cut = cohorts(data[data["date"] < "1998-06-15"], period="quarter")
    assert cut.loc[~cut["complete"], "cohort"].tolist() == ["1997-Q1"] and cut["age"].max() == 5


def test_suitability_passes_flags_and_refuses(known):
    assert (suitability(known)["verdict"] == "PASS").all()
    linked = known.assign(monetary_value=np.where(known["frequency"] > 0, known["frequency"] * 10.0, 0))
    assert suitability(linked).loc["spend independent of frequency", "verdict"] == "REFUSE"
    assert suitability(known.iloc[:20]).loc["customers", "verdict"] == "REFUSE"
    assert suitability(known.assign(monetary_value=-5.0)).loc["positive spend", "verdict"] == "REFUSE"


def test_calibration_adds_up_to_the_holdout():
    known, later = split(load_cdnow(), "1997-09-30")
    table = calibration(ParetoNBD().fit(known), known, later)
    assert (table["customers"] * table["actual"]).sum() == pytest.approx(1882)
    assert (table["customers"] * table["expected"]).sum() == pytest.approx(1665.513, abs=0.01)
    assert table.index.tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    with pytest.raises(ValueError, match="not of the same customers"):
        calibration(ParetoNBD().fit(known), known.iloc[1:], later)


# --- what was hardly meant --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [summarize, cohorts, value_history, lambda frame: split(frame, "2024-02-01")])
@pytest.mark.parametrize("engine", [lambda frame: frame, duckdb.from_df])
def test_a_line_without_a_date_is_not_lost_in_silence(read, engine):
    frame = lines([("b", None, 1.0), ("a", "2024-01-01", 2.0), (None, None, 4.0), ("a", "2024-05-01", 2.0), ("b", None, 1.0)])
    with pytest.raises(ValueError, match=r"date is missing for 3 of 5 lines, first of \['\(unknown customer\)', 'b'\]; drop or fill them"):
        read(engine(frame))


@pytest.mark.parametrize("read", [summarize, cohorts, value_history])
def test_amounts_in_text_are_refused(read):
    frame = lines([("a", "2024-01-01", "2.0"), ("a", "2024-05-01", "3")], profit=[1.0, 2.0], cost_of_goods=["1", "1"])
    for wrong in (frame, frame.astype({"revenue": object}), duckdb.from_df(frame)):
        with pytest.raises(TypeError, match=r"revenue is of type (String|Object), not a number; .*pandas.to_numeric"):
            read(wrong)
    with pytest.raises(TypeError, match="cost_of_goods is of type"):
        read(frame.astype({"revenue": float}), value="margin")
    with pytest.raises(TypeError, match="revenue is of type"):
        summarize(frame, value="profit")


@pytest.mark.parametrize("read", [summarize, cohorts, value_history, lambda frame, **value: split(frame, "2024-02-01", **value)])
@pytest.mark.parametrize("engine", [lambda frame: frame, duckdb.from_df])
@pytest.mark.parametrize("wrong", [np.nan, None, np.inf, -np.inf])
def test_a_line_without_an_amount_is_no_gift(read, engine, wrong):
    frame = lines([("b", "2024-01-01", wrong), ("a", "2024-01-01", 2.0), ("a", "2024-05-01", 2.0), ("b", "2024-05-02", 1.0)])
    with pytest.raises(ValueError, match=r"revenue is missing or infinite for 1 of 4 lines, first of \['b'\]; drop or fill them"):
        read(engine(frame))
    dear = frame.assign(revenue=2.0, cost_of_goods=[wrong, 1, 1, 1])
    if wrong is not None and np.isinf(wrong):
        with pytest.raises(ValueError, match=r"cost_of_goods is infinite for 1 of 4 lines, first of \['b'\]"):
            read(engine(dear), value="margin")
    elif read is summarize:
        assert read(engine(dear), value="margin").loc["a", "monetary_value"] == 1  # costs count as far as they are known


@pytest.mark.parametrize("read", [summarize, value_history])
def test_an_end_that_is_no_date_is_refused(read):
    frame = lines([("a", "2024-01-01", 2.0), ("a", "2024-05-01", 2.0)])
    with pytest.raises(TypeError, match=r"end is 5, not a date; give a date, such as '2024-12-31'"):
        read(frame, end=5)
    for wrong in (pd.NaT, "the end", np.datetime64("NaT")):
        with pytest.raises(ValueError, match=r"end is .*; give a date, such as '2024-12-31'"):
            read(frame, end=wrong)
    for right in ("2024-06-01", pd.Timestamp("2024-06-01"), np.datetime64("2024-06-01"), dt.date(2024, 6, 1)):
        assert len(read(frame, end=right))
    with pytest.raises(TypeError, match=r"date is 7, not a date"):
        split(frame, 7)


def test_amounts_may_be_of_any_kind_of_number():
    exact = duckdb.sql(
        "select 'a' as customer_id, date '2024-01-01' + 7 * i::integer as date, 2.5::decimal(9, 2) as revenue from range(3) t(i)"
    )
    assert summarize(exact, unit="W")["monetary_value"].tolist() == [2.5]


@pytest.mark.parametrize(("rate", "error"), [(10, ValueError), (-0.1, ValueError), ("10%", TypeError), (None, TypeError)])
def test_a_rate_in_per_cent_is_refused_with_the_fraction_to_give(rate, error, model, known):
    with pytest.raises(error, match=r"0\.10 for 10 %"):
        discount_rate(rate, "W")
    with pytest.raises(error, match=r"0\.10 for 10 %"):
        model.predict(known, margin=0.3, annual_rate=rate)
    with pytest.raises(error, match=r"0\.10 for 10 %"):
        value_history(lines([("a", "2022-01-01", 2.0), ("a", "2024-05-01", 3.0)]), annual_rate=rate)


def test_a_margin_in_per_cent_is_refused_but_customers_may_have_returned_more_than_they_bought(model, known):
    for margin in (30, -1.5):
        with pytest.raises(ValueError, match=r"margin is .*; give the fraction of a purchase that is earned, 0\.30 for 30 %"):
            model.predict(known, margin=margin)
    assert (model.predict(known, margin=pd.Series(-1.5, index=known.index))["value"] < 0).all()
    with pytest.raises(ValueError, match=r"margin is 30 for the customer in the middle; give the fraction that is earned, 0\.30 for 30 %"):
        model.predict(known, margin=pd.Series(30.0, index=known.index))
    few = pd.Series(0.3, index=known.index).mask(np.arange(len(known)) < 5, 1.2)  # a credit note can make a purchase earn more than it cost
    assert model.predict(known, margin=few)["value"].gt(0).all()
    assert model.predict(known, margin=np.float64(1))["margin"].gt(0).all()
    with pytest.raises(TypeError, match=r"margin is '30%', not a number"):
        model.predict(known, margin="30%")
    with pytest.raises(TypeError, match=r"cost_per_order is of type str, not a number"):
        model.predict(known, margin=0.3, cost_per_order=pd.Series("2", index=known.index))


@pytest.mark.parametrize("kind", [*MODELS, GammaGamma, CustomerValue])
def test_a_customer_stands_in_a_summary_once(kind, known):
    twice = pd.concat([known, known.iloc[:4]])
    twice.attrs = known.attrs
    with pytest.raises(ValueError, match=r"4 of 2,357 customers stand in summary more than once, first \['0001', '0002', '0003'\]"):
        kind().fit(twice)
    fitted = kind().fit(known)
    with pytest.raises(ValueError, match="4 of 2,357 customers stand in summary more than once"):
        fitted.predict(twice, **({"t": 1} if kind in MODELS else {"margin": 0.3} if kind is CustomerValue else {}))


def test_text_where_a_number_belongs_is_refused_in_words(model, known):
    with pytest.raises(TypeError, match=r"t is '5', not a number; give the length"):
        model.purchases_.predict(known, "5")
    with pytest.raises(TypeError, match=r"t is '5', not a number"):
        model.purchases_.predict_new("5")
    with pytest.raises(ValueError, match=r"t is -1; give"):
        model.purchases_.predict_new([2, -1])
    with pytest.raises(TypeError, match=r"horizon is '5', not a number; give years"):
        model.predict(known, margin=0.3, horizon="5")
    with pytest.raises(TypeError, match=r"inactive_after is '5', not a number; give the pause"):
        retention_curve(known, inactive_after="5")
    with pytest.raises(TypeError, match=r"frequency is of type str, not a number"):
        model.predict(known.astype({"frequency": "str"}), margin=0.3)


def test_suitability_says_its_numbers():
    pauses = [10.0, 20.0] * 5
    summary = pd.DataFrame({"frequency": 2, "recency": pauses, "T": 50.0, "monetary_value": 9.0})
    reasons = suitability(summary)["reason"]
    assert reasons["regular purchases"].startswith("spread 0.33 of the mean pause between customers; near 0")
    assert reasons["spend independent of frequency"].startswith("correlation unknown (too few repeaters, or all alike)")
    few = suitability(summary.iloc[:9])["reason"]
    assert few["regular purchases"].startswith("spread unknown (fewer than 10 customers bought three times)")
    varied = summary.assign(frequency=[2, 3] * 5, monetary_value=range(1, 11))
    assert suitability(varied)["reason"]["spend independent of frequency"].startswith("correlation 0.17 of frequency and mean purchase")


def test_a_spend_model_that_moves_regular_customers_far_is_found_out():
    """Two sizes of purchase far apart, each customer steady: what the model expects is put in by hand."""
    summary = pd.DataFrame({"frequency": [10, 12, 2], "monetary_value": [10.0, 100.0, 5.0]}, index=list("abc"))
    expected = {"near": [11.0, 90.0, 50.0], "far": [40.0, 90.0, 5.0]}
    fits = {}
    for name, values in expected.items():
        spend = SimpleNamespace(predict=lambda frame, values=values: pd.Series(values, index=frame.index))
        fits[name] = spend_fit(SimpleNamespace(spend_=spend), summary)
    assert fits == {"near": 1.0, "far": 0.5}
    assert np.isnan(spend_fit(SimpleNamespace(spend_=None), summary.loc[["c"]]))
