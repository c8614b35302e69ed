"""A careless or hostile user: every call of the lifetime stage ends in a clear error or a sensible answer."""

import numpy as np
import pandas as pd
import pytest

from custprof.datasets import load_cdnow
from custprof.lifetime import (
    BetaGeoNBD,
    CustomerValue,
    GammaGamma,
    ParetoNBD,
    break_even,
    calibration,
    chain_value,
    cohorts,
    compare_models,
    margin_multiple,
    newcomers,
    reliability,
    retention_curve,
    spend_calibration,
    split,
    suitability,
    summarize,
    tracking,
    usable,
    value_curve,
    value_history,
)


@pytest.fixture(scope="module")
def halves():
    return split(load_cdnow(), "1997-09-30")


@pytest.fixture(scope="module")
def model(halves):
    return CustomerValue().fit(halves.calibration)


def lines(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "revenue"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


# --- one customer, one purchase, nothing paid, nothing but returns, a date to come ----------------------------------------------------


def test_one_customer_is_counted_valued_by_others_and_not_learnt_from(model):
    one = lines([("a", "2024-01-01", 10.0), ("a", "2024-02-01", 20.0), ("a", "2024-03-01", 30.0)])
    summary = summarize(one)
    assert summary.loc["a", ["frequency", "monetary_value"]].tolist() == [2, 25] and not usable(one)
    assert (suitability(summary, one).loc[["customers", "repeaters"], "verdict"] == "REFUSE").all()
    assert cohorts(one)[["customers", "cumulative_value"]].to_numpy().tolist() == [[1, 60.0]]
    assert retention_curve(summary, inactive_after=4)["retention"].tolist() == [1, 1]
    row = model.interval(summary, margin=0.3, horizon=5, n_boot=20).loc["a"]
    assert 0 <= row["low"] < row["value"] < row["high"]


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_a_cohort_that_bought_once_teaches_nothing_about_coming_back(model):
    once = lines([(f"c{day}", f"2024-01-{day:02}", 10.0) for day in range(1, 29)])
    summary = summarize(once)
    assert (summary["frequency"] == 0).all() and not usable(once)
    for kind in (ParetoNBD, BetaGeoNBD, CustomerValue):
        with pytest.raises(ValueError, match="none of 28 customers bought again; a model of repeat purchases has nothing to learn from"):
            kind().fit(summary)
    assert np.isfinite(model.predict(summary, margin=0.3, horizon=5)["value"]).all()
    with pytest.raises(ValueError, match="no customer has been observed for a month; choose a shorter step"):
        value_history(once)
    with pytest.raises(ValueError, match="the split is at 2024-02-15, the data end at 2024-01-28"):
        split(once, "2024-02-15")


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_nothing_paid_and_nothing_but_returns():
    free = lines([(f"c{i}", date, 0.0) for i in range(40) for date in ("2024-01-01", "2024-03-01", "2024-04-05")])
    assert suitability(summarize(free), free).loc["positive spend", ["verdict", "measure"]].tolist() == ["REFUSE", 40]
    with pytest.raises(ValueError, match="monetary_value is not positive for 40 of 40 repeaters"):
        CustomerValue().fit(summarize(free))
    with pytest.raises(ValueError, match="no line above zero of a known customer"):
        cohorts(free)
    back = free.assign(revenue=-5.0)
    assert not usable(back)
    with pytest.raises(ValueError, match="transactions lack date"):  # and not False, as if there were nothing to see
        usable(back.drop(columns="date"))
    with pytest.raises(ValueError, match="no purchase of a known customer is left"):
        summarize(back)


def test_an_end_in_the_future_is_a_hole_in_the_data():
    far = summarize(load_cdnow(), end="2099-01-01")
    assert suitability(far, load_cdnow()).loc["dates without a hole", "verdict"] == "REFUSE"
    with pytest.raises(ValueError, match="nothing is left to hold out: the split is at 2099-01-01"):
        split(load_cdnow(), "2099-01-01")


def test_negative_margins_give_negative_values_with_their_interval(model, halves):
    few = halves.calibration.head(5)
    terms = {"margin": -0.2, "cost_per_order": 3.0, "cost_per_period": 10.0}
    table = model.interval(few, **terms, n_boot=20)
    assert (table["value"] < 0).all() and (table["high"] <= 0).all()
    curve = value_curve(model, few, **terms, horizons=5, n_boot=20)  # one horizon is a number
    assert curve["horizon"].tolist() == [0, 5] and curve["value"].iloc[1] < 0
    assert break_even(curve, cost=1.0)["years"].isna().all()


# --- what is not meant --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m, e: chain_value(m, e, horizon=0), ValueError, "horizon is 0; give whole periods"),
        (lambda m, e: chain_value(m, e, horizon=2.5), ValueError, "horizon is 2.5; give whole periods"),
        (lambda m, e: chain_value(m, e, horizon="2"), TypeError, "horizon is '2', not a number"),
        (lambda m, e: chain_value(m, e, periods_per_year=0), ValueError, "periods_per_year is 0; give 1 for years"),
        (lambda m, e: chain_value(m, e, periods_per_year="quarter"), TypeError, "periods_per_year is 'quarter', not a number"),
        (lambda m, e: chain_value(m, {"p": 1.0, "l": 2.0}), TypeError, "earnings is a dict; give a Series"),
        (lambda m, e: chain_value(m, e.astype(str)), TypeError, "earnings is of type str, not a number"),
        (
            lambda m, e: chain_value(m, e.replace(10.0, np.inf)),
            ValueError,
            r"earnings are missing or infinite for 1 of 2 states, first \['p'\]",
        ),
        (lambda m, e: chain_value(m.astype(str), e), TypeError, "the chance of becoming 'p' is of type str"),
        (lambda m, e: chain_value(m.to_numpy(), e), TypeError, "transitions are a ndarray; give a DataFrame"),
        (lambda m, e: chain_value(m.iloc[:0, :0], e), ValueError, "transitions hold no state"),
        (lambda m, e: chain_value(m.set_axis(["p", "p"]), e), ValueError, r"the states \['p'\] stand there twice"),
        (lambda m, e: chain_value(m.set_axis(["p", "p"], axis=1), e), ValueError, r"the states \['p'\] stand there twice"),
        (lambda m, e: margin_multiple(1, 0), ValueError, "the multiple is infinite: nobody is lost"),
        (lambda m, e: margin_multiple(np.array([0.5, 1.2]), 0.1), ValueError, "give a fraction from 0 to 1"),
    ],
)
def test_no_chain_of_nonsense(call, error, words):
    moves = pd.DataFrame([[0.5, 0.5], [0.2, 0.8]], index=["p", "l"], columns=["p", "l"])
    with pytest.raises(error, match=words):
        call(moves, pd.Series({"p": 10.0, "l": -5.0}))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p, there: reliability(p.tolist()), TypeError, "p_alive is a list; give a Series"),
        (lambda p, there: reliability(p, bins=0), ValueError, "bins is 0; give the number of steps"),
        (lambda p, there: reliability(p, bins=2.5), ValueError, "bins is 2.5; give the number of steps"),
        (lambda p, there: reliability(p, there, level=95), ValueError, "level is 95; give a probability"),
        (lambda p, there: reliability(p, p + 5), TypeError, "there holds more than yes and no"),
    ],
)
def test_no_reliability_of_nonsense(call, error, words):
    p = pd.Series([0.1, 0.9], index=["a", "b"])
    with pytest.raises(error, match=words):
        call(p, p > 0.5)


def test_no_test_of_nonsense(model, halves):
    data, pareto = load_cdnow(), model.purchases_
    with pytest.raises(TypeError, match="CustomerValue is no model of purchases"):
        tracking(model, data, "1997-09-30")
    for step in (0, -7, 2.5):
        with pytest.raises(ValueError, match=f"step is {step}; give the days in one step, 7 for a week"):
            tracking(pareto, data, "1997-09-30", step=step)
    with pytest.raises(ValueError, match="end is before the first purchase, 1997-01-01"):
        tracking(pareto, data, "1997-09-30", end="1996-01-01")
    for test, fitted in ((calibration, pareto), (spend_calibration, model.spend_)):
        with pytest.raises(ValueError, match="top is 0; give the frequency"):
            test(fitted, *halves, top=0)
    with pytest.raises(ValueError, match="there is no model to compare"):
        compare_models([], *halves)
    with pytest.raises(ValueError, match="ParetoNBD is there twice"):
        compare_models([ParetoNBD(), ParetoNBD()], *halves)
    with pytest.raises(TypeError, match="GammaGamma is no model of purchases"):
        compare_models([GammaGamma()], *halves)


def test_no_curve_of_nonsense(model, halves):
    known = halves.calibration
    for horizons in ([], ["a"], [0, 1], [1, np.inf]):
        with pytest.raises(ValueError, match=r"horizons are .*; give finite years ahead"):
            value_curve(model, known.head(3), horizons=horizons, margin=0.3)
    with pytest.raises(TypeError, match="level is '95', not a number"):
        retention_curve(known, inactive_after=10, level="95")
    with pytest.raises(ValueError, match=r"curve lacks horizon, value, low, high; it has group.* Make it with value_curve"):
        break_even(pd.DataFrame({"group": ["a"]}), cost=5)
    curve = pd.DataFrame({"group": "all", "horizon": [0.0, 1.0], "value": [0.0, 40], "low": [0.0, 20], "high": [0.0, 60]})
    with pytest.raises(TypeError, match="cost is '5', not a number; give an amount per customer"):
        break_even(curve, cost="5")


def test_a_profit_that_is_missing_is_not_nothing():
    index = pd.MultiIndex.from_tuples([("a", "2024"), ("a", "2025"), ("b", "2025")], names=["customer_id", "period"])
    pnl = pd.DataFrame({"profit": [1.0, np.nan, 2.0], "net_revenue": 5.0}, index=index)
    for read in (cohorts, value_history):
        with pytest.raises(ValueError, match=r"profit is missing or infinite for 1 of 3 rows, first of \['a'\]; fill or drop them"):
            read(pnl, value="profit")


def test_verdicts_need_the_lines_of_the_summary_and_dates_that_are_dates(halves):
    known = halves.calibration
    later = lines([("a", "2024-01-01", 10.0)])
    with pytest.raises(ValueError, match="hold no purchase in the time of the summary"):
        suitability(known, later)
    for read in (suitability, newcomers):
        with pytest.raises(TypeError, match="acquired is a list; give a Series of dates"):
            read(known, acquired=["1997-01-01"])
        with pytest.raises(ValueError, match=r"acquired is no date for 2357 of 2357 customers, first \['0001', '0002', '0003'\]"):
            read(known, acquired=pd.Series("soon", index=known.index))


def test_newcomers_are_those_won_since_the_data_begin(halves):
    known = halves.calibration
    late = newcomers(known)
    assert late.index.equals(known.index) and late.sum() == (known["T"].max() - known["T"] >= 4).sum()
    won = pd.Series(pd.Timestamp("1996-12-31"), index=known.index)
    won.iloc[:7], won.iloc[7] = pd.Timestamp("1997-01-01"), pd.NaT
    told = newcomers(known, acquired=won)
    assert told.sum() == 7 and told.iloc[:7].all() and not told.iloc[7]
