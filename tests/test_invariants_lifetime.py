"""What must hold whatever the data: order, ids, inputs, parameters that come back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof.datasets import load_cdnow
from custprof.lifetime import (
    BetaGeoNBD,
    CustomerValue,
    GammaGamma,
    ModifiedBetaGeoNBD,
    ParetoNBD,
    chain_value,
    cohorts,
    retention_curve,
    split,
    suitability,
    summarize,
    tracking,
    value_history,
)

purchase = st.tuples(st.sampled_from("abcde"), st.integers(0, 400), st.integers(-2000, 5000))


@pytest.fixture(scope="module")
def known():
    return split(load_cdnow(), "1997-09-30").calibration


def frame(rows):
    data = pd.DataFrame(rows, columns=["customer_id", "day", "cents"])
    return pd.DataFrame(
        {
            "customer_id": data["customer_id"],
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(data["day"], unit="D"),
            "revenue": data["cents"] / 100,
        }
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(purchase, min_size=1, max_size=30), st.randoms())
def test_summary_is_what_a_loop_would_count_in_any_order(rows, random):
    days = {}
    for customer, day, cents in rows:
        total, returned = days.get((customer, day), (0, False))
        days[customer, day] = (total + cents, returned or cents < 0)
    bought = {}
    for (customer, day), (total, returned) in sorted(days.items()):
        if total > 0 or not returned:
            bought.setdefault(customer, []).append((day, total))
    random.shuffle(rows)
    data = frame(rows)
    if not bought:
        with pytest.raises(ValueError, match="no purchase"):
            summarize(data, end="2024-12-31")
        return
    before = data.copy(deep=True)
    summary = summarize(data, unit="D", end="2024-12-31")
    pd.testing.assert_frame_equal(data, before)
    assert summary.index.tolist() == sorted(bought)
    for customer, visits in bought.items():
        first, last = visits[0][0], visits[-1][0]
        value = sum(cents for _, cents in visits[1:]) / 100 / (len(visits) - 1) if len(visits) > 1 else 0.0
        assert summary.loc[customer].tolist() == pytest.approx([len(visits) - 1, last - first, 730 - first, value])


@settings(max_examples=25, deadline=None)
@given(st.lists(purchase, min_size=1, max_size=30))
def test_cohort_values_keep_every_line_from_the_first_purchase_on(rows):
    data = frame(rows)
    bought = data[data["revenue"] > 0]
    if bought.empty:
        return
    first = bought.groupby("customer_id")["date"].min().dt.to_period("Q").dt.start_time
    since = data[data["date"] >= data["customer_id"].map(first)]
    assert cohorts(data)["value"].sum() == pytest.approx(since["revenue"].sum())


@pytest.mark.parametrize("kind", [ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD, GammaGamma])
def test_order_and_ids_change_nothing(kind, known):
    mixed = known.sample(frac=1, random_state=3).rename(index=lambda i: f"x{i}")
    before = mixed.copy(deep=True)
    one, two = kind().fit(known), kind().fit(mixed)
    assert one.params_.tolist() == pytest.approx(two.params_.tolist(), rel=1e-6)
    pd.testing.assert_frame_equal(mixed, before)


def test_intervals_do_not_depend_on_order(known):
    some = known.iloc[:400]
    mixed = some.sample(frac=1, random_state=3)
    cost = pd.Series(np.linspace(0, 2, 400), index=some.index)
    terms = {"margin": 0.3, "cost_per_order": cost, "n_boot": 20}
    one, two = (CustomerValue().fit(each).interval(each, **terms) for each in (some, mixed))
    pd.testing.assert_frame_equal(one, two.loc[one.index], rtol=1e-4)
    again = CustomerValue().fit(some).interval(some, **terms)
    pd.testing.assert_frame_equal(one, again)


def test_value_scales_with_the_currency(known):
    rich = known.assign(monetary_value=known["monetary_value"] * 1000)
    rich.attrs = known.attrs
    one = CustomerValue().fit(known).predict(known, margin=0.3, cost_per_order=1.0, cost_per_period=2.0)
    two = CustomerValue().fit(rich).predict(rich, margin=0.3, cost_per_order=1000.0, cost_per_period=2000.0)
    assert two["value"].tolist() == pytest.approx((1000 * one["value"]).tolist(), rel=1e-5)


def test_value_history_without_discount_ends_at_the_total():
    data = load_cdnow()
    curve = value_history(data, step="month", annual_rate=0.0, end="1998-06-30", n_boot=10)
    whole = curve[curve["customers"] == 2357]
    first = data.groupby("customer_id")["date"].transform("min")
    early = (data["date"] - first).dt.days * 16 // 487 < len(whole) - 1
    assert whole["value"].iloc[-1] == pytest.approx(data.loc[early, "revenue"].sum() / 2357)


def simulate_pareto(n, r, alpha, s, beta, rng):
    age = rng.integers(200, 400, n)
    rate, leaves = rng.gamma(r, 1 / alpha, n), rng.exponential(size=n) / rng.gamma(s, 1 / beta, n)
    alive = np.minimum(age, leaves)
    count = rng.poisson(rate * alive)
    recency = np.where(count > 0, np.ceil(alive * rng.random(n) ** (1 / np.maximum(count, 1))), 0.0)
    return pd.DataFrame({"frequency": count, "recency": np.minimum(recency, age), "T": age.astype(float)})


def test_pareto_parameters_come_back():
    truth = np.array([0.8, 60.0, 0.7, 120.0])
    model = ParetoNBD(unit="D").fit(simulate_pareto(40_000, *truth, np.random.default_rng(1)))
    assert model.converged_
    assert (np.abs(model.params_ - truth) < 4 * model.se_).all(), (model.params_, model.se_)


@pytest.mark.parametrize(("kind", "chance_first"), [(BetaGeoNBD, False), (ModifiedBetaGeoNBD, True)])
def test_beta_geometric_parameters_come_back(kind, chance_first):
    truth, rng, n = np.array([0.9, 20.0, 0.8, 2.0]), np.random.default_rng(2), 40_000
    age = rng.integers(100, 300, n).astype(float)
    rate, leave = rng.gamma(truth[0], 1 / truth[1], n), rng.beta(truth[2], truth[3], n)
    alive = rng.random(n) >= leave if chance_first else np.ones(n, dtype=bool)
    clock, count, recency = np.zeros(n), np.zeros(n, dtype=int), np.zeros(n)
    while alive.any():
        clock = clock + rng.exponential(size=n) / rate
        alive &= clock <= age
        count += alive
        recency = np.where(alive, np.minimum(np.ceil(clock), age), recency)
        alive &= rng.random(n) >= leave
    model = kind(unit="D").fit(pd.DataFrame({"frequency": count, "recency": recency, "T": age}))
    assert (np.abs(model.params_ / truth - 1) < 0.12).all(), model.params_


def test_gamma_gamma_parameters_come_back():
    (p, q, gamma), rng, n = (6.0, 4.0, 15.0), np.random.default_rng(3), 20_000
    x = rng.integers(1, 8, n)
    value = rng.gamma(p * x) / x / rng.gamma(q, 1 / gamma, n)
    model = GammaGamma().fit(pd.DataFrame({"frequency": x, "monetary_value": value}))
    assert (np.abs(model.params_ - [p, q, gamma]) < 4 * model.se_).all()


shares = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(shares, min_size=3, max_size=3),
    st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3),
    st.floats(0.0, 1.0),
    st.permutations(range(3)),
)
def test_values_by_state_are_linear_and_know_no_order(rows, earned, rate, order):
    states = list("abc")
    moves = pd.DataFrame(rows, index=states, columns=[*states, "lost"])
    moves = moves.div(moves.sum(axis=1), axis=0)
    earnings = pd.Series(earned, index=states)
    value = chain_value(moves, earnings, annual_rate=rate)
    mixed = [states[i] for i in order]
    other = chain_value(moves.loc[mixed, ["lost", *mixed]], earnings, annual_rate=rate)
    scale = np.abs(earned).max() + 1
    assert other[states].tolist() == pytest.approx(value.tolist(), abs=1e-9 * scale)
    assert chain_value(moves, 2 * earnings - 3, annual_rate=rate).tolist() == pytest.approx(
        (2 * value - 3 * chain_value(moves, pd.Series(1.0, index=states), annual_rate=rate)).tolist(), abs=1e-8 * scale
    )
    far = chain_value(moves, earnings, annual_rate=rate, horizon=10_000)
    assert far.tolist() == pytest.approx(value.tolist(), abs=1e-6 * scale)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=40), st.integers(1, 20), st.randoms())
def test_retention_only_falls_and_knows_no_order(rows, pause, random):
    summary = pd.DataFrame({"frequency": 1, "recency": [float(r) for r, _ in rows], "T": [float(r + more) for r, more in rows]})
    curve = retention_curve(summary, inactive_after=pause)
    assert curve["retention"].is_monotonic_decreasing and curve["retention"].between(0, 1).all()
    assert curve["lost"].sum() == (summary["T"] - summary["recency"] > pause).sum()
    known = curve.dropna()
    assert ((known["low"] <= known["retention"] + 1e-12) & (known["retention"] <= known["high"] + 1e-12)).all()
    random.shuffle(rows)
    again = pd.DataFrame({"frequency": 1, "recency": [float(r) for r, _ in rows], "T": [float(r + more) for r, more in rows]})
    pd.testing.assert_frame_equal(curve, retention_curve(again, inactive_after=pause))


@pytest.mark.parametrize("method", ["bootstrap", "laplace"])
def test_verdicts_and_tests_do_not_depend_on_order_or_ids(method, known):
    data = load_cdnow()
    mixed = data.sample(frac=1, random_state=5)
    cut = data[data["date"] <= "1997-09-30"]
    one, two = suitability(known, cut), suitability(known.sample(frac=1, random_state=1), mixed)
    pd.testing.assert_frame_equal(one, two)
    model = CustomerValue().fit(known)
    ids = known.rename(index=lambda i: f"x{i}")
    interval = [model.interval(each, by="total", margin=0.3, horizon=1, method=method, n_boot=20).iloc[0].tolist() for each in (known, ids)]
    assert interval[0] == pytest.approx(interval[1])
    pd.testing.assert_frame_equal(tracking(model.purchases_, data, "1997-09-30"), tracking(model.purchases_, mixed, "1997-09-30"))
