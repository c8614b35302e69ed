"""Intervals of value where purchases happen at occasions: one chance a period (BG/BB)."""

import numpy as np
import pandas as pd
import pytest

from custprof.lifetime import BetaGeoBinomial, CustomerValue
from custprof.lifetime.futures import group_draws

TERMS = {"margin": 0.3, "cost_per_order": 2.0, "cost_per_period": 3.0}
AHEAD = 4  # years


def donors(n, seed):
    """Members asked once a year, who live by the model: a summary, and the discounted value that each brings in the years ahead."""
    rng = np.random.default_rng(seed)
    age, buys, leave, scale = rng.integers(4, 9, n), rng.beta(1.2, 0.75, n), rng.beta(0.65, 2.8, n), 1 / rng.gamma(4, 1 / 60, n)
    here, count, last, spent, value = np.ones(n, dtype=bool), np.zeros(n, dtype=int), np.zeros(n), np.zeros(n), np.zeros(n)
    for year in range(1, 9 + AHEAD):
        here &= rng.random(n) >= leave
        bought, worth = here & (rng.random(n) < buys), scale * rng.gamma(5, size=n)
        past, ahead = bought & (year <= age), (year > age) & (year <= age + AHEAD)
        count, last, spent = count + past, np.where(past, year, last), spent + past * worth
        value += ahead * 1.1 ** (age - year) * (bought * (0.3 * worth - 2) - here * 3)
    index = pd.Index([f"d{i:04}" for i in range(n)], name="customer_id")
    columns = {"frequency": count, "recency": last, "T": age.astype(float), "monetary_value": spent / np.maximum(count, 1)}
    summary = pd.DataFrame(columns, index=index)
    summary.attrs = {"unit": "Y", "grain": "Y", "value": "revenue"}
    return summary, pd.Series(value, index=index)


@pytest.fixture(scope="module")
def fitted():
    summary, value = donors(600, 1)
    return CustomerValue(BetaGeoBinomial()).fit(summary), summary, value


@pytest.mark.parametrize("annual_rate", [0.1, 0.0])
def test_possible_futures_are_worth_what_is_expected(fitted, annual_rate):
    model, summary, _ = fitted
    parameters = [(model.purchases_.params_.to_numpy(), model.spend_.params_.to_numpy())] * 400
    terms = model._terms(summary, *TERMS.values(), annual_rate)
    horizons = [1, 2, AHEAD, *([None] if annual_rate else [])]
    draws = group_draws(model, summary, terms, horizons, parameters, np.random.default_rng(2), code=np.zeros(600, dtype=int))[:, :, 0]
    for horizon, drawn in zip(horizons, draws.T, strict=True):
        expected = model.predict(summary, **TERMS, horizon=horizon, annual_rate=annual_rate)["value"].sum()
        assert abs(drawn.mean() - expected) < 4 * drawn.std() / 20, horizon


def test_intervals_hold_what_comes(fitted):
    model, summary, value = fitted
    for method in ("bootstrap", "laplace"):
        each = model.interval(summary, **TERMS, horizon=AHEAD, method=method, n_boot=40)
        assert value.between(each["low"] - 1e-9, each["high"] + 1e-9).mean() > 0.87
    inside = []
    for seed in range(2, 14):
        summary, value = donors(400, seed)
        found = CustomerValue(BetaGeoBinomial()).fit(summary)
        total = found.interval(summary, by="total", **TERMS, horizon=AHEAD, method="laplace", n_boot=60).loc["total"]
        inside.append(total["low"] <= value.sum() <= total["high"])
    assert sum(inside) >= 8  # of 12 at 90 %: fewer come once in two thousand times


def test_intervals_do_not_depend_on_the_order(fitted):
    model, summary, _ = fitted
    few = summary.iloc[:30]
    turned = model.interval(few.iloc[::-1], **TERMS, n_boot=20).loc[few.index]
    pd.testing.assert_frame_equal(turned, model.interval(few, **TERMS, n_boot=20))
