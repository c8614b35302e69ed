"""Cost of acquisition, intervals and the value of a chain of states: by hand, and on simulated customers."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.lifetime_coverage import TRUTH

from custprof.datasets import load_cdnow
from custprof.lifetime import CustomerValue, chain_value, margin_multiple, rank_changes, recovery, summarize
from custprof.lifetime.futures import possible_parameters
from custprof.lifetime.recovery import AHEAD, RATE, TERMS, simulate_lives


@pytest.fixture(scope="module")
def known():
    return summarize(load_cdnow(), end="1997-09-30")


@pytest.fixture(scope="module")
def model(known):
    return CustomerValue().fit(known)


def test_cost_of_acquisition_is_a_part_of_the_value_where_asked(model, known):
    plain = model.predict(known, margin=0.3, cost_per_order=1.0)
    cost = pd.Series(np.arange(len(known)) / 100, index=known.index[::-1])
    won = model.predict(known, margin=0.3, cost_per_order=1.0, acquisition_cost=cost)
    parts = ["margin", "order_cost", "holding_cost", "acquisition_cost"]
    assert "acquisition_cost" not in plain and won.columns.tolist()[-2:] == ["acquisition_cost", "value"]
    assert won["value"].tolist() == pytest.approx(won[parts].sum(axis=1).tolist())
    assert (plain["value"] - won["value"]).tolist() == pytest.approx(cost[known.index].tolist())
    with pytest.raises(ValueError, match="acquisition_cost is negative for 2357 of 2357 customers"):
        model.predict(known, margin=0.3, acquisition_cost=-5.0)


def test_laplace_has_the_spread_of_the_standard_errors(model):
    drawn = possible_parameters(model, "laplace", 4000, np.random.default_rng(1))
    for found, fitted in zip(zip(*drawn, strict=True), (model.purchases_, model.spend_), strict=True):
        logs = np.log(np.array(found)).std(axis=0)
        assert logs == pytest.approx((fitted.se_ / fitted.params_).tolist(), rel=0.15)


def test_both_kinds_of_interval_agree_where_the_model_is_true():
    summary = simulate_lives(TRUTH, 1500, random_state=5).summary
    model = CustomerValue().fit(summary)
    widths = {}
    for method in ("bootstrap", "laplace"):
        table = model.interval(summary, by="total", **TERMS, horizon=AHEAD, annual_rate=RATE, method=method, n_boot=100)
        assert table["low"].iloc[0] < table["value"].iloc[0] < table["high"].iloc[0]
        widths[method] = (table["high"] - table["low"]).iloc[0]
    assert widths["laplace"] == pytest.approx(widths["bootstrap"], rel=0.35)
    with pytest.raises(ValueError, match="method is 'normal'; choose 'bootstrap' or 'laplace'"):
        model.interval(summary, margin=0.3, method="normal")


def test_intervals_of_customers_hold_what_they_promise():
    """Of simulated customers about 90 % bring what their 90 % interval says; the whole table is made by tests/benchmarks."""
    parameters, values = recovery(TRUTH, studies=2, customers=800, n_boot=30)
    inside = values.xs("a customer", level="of")["inside_share"]
    assert inside.between(0.87, 0.94).all(), values
    assert (values["bias"].abs() < 0.15).all(), values
    assert values[["inside_share", "below_share", "above_share"]].sum(axis=1).tolist() == pytest.approx([1.0] * 6)
    assert parameters["median"].div(parameters["truth"])[["r", "alpha", "p", "q"]].between(0.6, 1.6).all(), parameters
    with pytest.raises(ValueError, match="the truth lacks gamma; give r, alpha, s, beta, p, q, gamma"):
        recovery({name: TRUTH[name] for name in TRUTH if name != "gamma"})


def test_a_chain_by_hand():
    moves = pd.DataFrame({"good": [0.5, 0.2], "bad": [0.3, 0.2], "lost": [0.2, 0.6]}, index=["good", "bad"])
    earnings = pd.Series({"good": 100.0, "bad": -10.0})
    value = chain_value(moves, earnings, annual_rate=0.25)
    assert value["good"] == pytest.approx(100 + (0.5 * value["good"] + 0.3 * value["bad"]) / 1.25)
    assert value["bad"] == pytest.approx(-10 + (0.2 * value["good"] + 0.2 * value["bad"]) / 1.25)
    assert chain_value(moves, earnings, annual_rate=0.25, horizon=1).tolist() == [100, -10]
    assert chain_value(moves, earnings, annual_rate=0.25, horizon=300).tolist() == pytest.approx(value.tolist())
    slow = chain_value(moves, earnings, annual_rate=0.25, periods_per_year=4)
    assert (slow > value).all()
    newcomers = pd.DataFrame({"good": [0.5, 1.0], "lost": [0.5, 0.0]}, index=["good", "new"])  # nobody becomes new
    assert chain_value(newcomers, pd.Series({"good": 8.0, "new": 0.0}), annual_rate=0.0).tolist() == pytest.approx([16.0, 16.0])


def test_a_chain_refuses_what_is_no_chain():
    moves = pd.DataFrame({"good": [0.5], "lost": [0.4]}, index=["good"])
    with pytest.raises(ValueError, match=r"no probabilities for 1 of 1 states, first \['good'\]"):
        chain_value(moves, pd.Series({"good": 1.0}))
    with pytest.raises(ValueError, match=r"earnings are missing or infinite for 1 of 1 states, first \['good'\]"):
        chain_value(moves.assign(lost=0.5), pd.Series({"bad": 1.0}))
    with pytest.raises(ValueError, match="the value is infinite"):
        chain_value(pd.DataFrame({"good": [1.0]}, index=["good"]), pd.Series({"good": 1.0}), annual_rate=0.0)
    with pytest.raises(ValueError, match=r"retention is 80; give a fraction from 0 to 1"):
        margin_multiple(80, 0.1)


@pytest.mark.filterwarnings("ignore:.*ended at its boundary", "ignore:.*did not converge")
def test_both_kinds_of_interval_stand_where_nobody_leaves():
    """Everybody buys every tenth week to the end: the likelihood is flat along the shape of a drop-out that is not there."""
    x = np.arange(60) % 4 + 6
    summary = pd.DataFrame({"frequency": x, "recency": 10.0 * x, "T": 10.0 * x + 4, "monetary_value": 20.0 + np.arange(60) % 7})
    summary.attrs = {"unit": "W", "value": "revenue"}
    model = CustomerValue().fit(summary)
    for method in ("bootstrap", "laplace"):
        table = model.interval(summary, by="total", margin=0.3, horizon=1, method=method, n_boot=40)
        assert table["low"].iloc[0] < table["value"].iloc[0] < table["high"].iloc[0]


def test_ranks_fall_for_a_reason(model, known):
    """The first is costly to hold, the second has no margin, the third lies at the usual shares, the fourth is ahead of them all."""
    names = ["holds", "gives", "usual", "best"]
    parts = {"margin": [60.0, 2, 18, 12], "order_cost": [-10.0, -5, -3, -1], "holding_cost": [-90.0, -5, -6, -1]}
    value = pd.DataFrame({"purchases": [20.0, 15, 6, 2], "spend": 10.0, **parts}, index=names)
    value["value"] = value[list(parts)].sum(axis=1)
    table = rank_changes(value)
    assert table.index.tolist() == ["holds", "gives", "usual", "best"]
    assert table["fall"].tolist() == [3, 1, -1, -3] and table["rank_by_revenue"].tolist() == [1, 2, 3, 4]
    assert table["because"].tolist() == ["cost of holding 45% of revenue, of all 24%", "margin 1% of revenue, of all 21%", "", ""]
    assert table.loc["holds", ["margin_share", "order_cost_share", "holding_cost_share"]].tolist() == pytest.approx([0.3, 0.05, 0.45])
    predicted = model.predict(known, margin=0.3, horizon=5)
    assert (rank_changes(predicted)["fall"] == 0).all()  # one margin for all changes no rank
    pd.testing.assert_frame_equal(rank_changes(predicted.sample(frac=1, random_state=1)), rank_changes(predicted))
    with pytest.raises(ValueError, match=r"value lacks holding_cost; it has .* Give the result of CustomerValue.predict"):
        rank_changes(value.drop(columns="holding_cost"))
    with pytest.raises(ValueError, match=r"value is missing for 1 of 4 customers, first \['gives'\]"):
        rank_changes(value.assign(spend=[1.0, np.nan, 1, 1]))
