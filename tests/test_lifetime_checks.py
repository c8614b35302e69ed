"""Verdicts on a history, tests of a model on what it has not seen, and curves of profit by period: by hand."""

import numpy as np
import pandas as pd
import pytest

from custprof.datasets import load_cdnow
from custprof.lifetime import (
    BetaGeoNBD,
    CustomerValue,
    GammaGamma,
    ModifiedBetaGeoNBD,
    ParetoNBD,
    calibration,
    cohorts,
    compare_models,
    fitting,
    reliability,
    spend_calibration,
    spend_fit,
    split,
    suitability,
    summarize,
    tracking,
    usable,
    value_history,
)

MODELS = [BetaGeoNBD(), ModifiedBetaGeoNBD(), ParetoNBD()]


@pytest.fixture(scope="module")
def halves():
    return split(load_cdnow(), "1997-09-30")


# --- the models on the holdout ----------------------------------------------------------------------------------------------------------


def test_tracking_counts_every_repeat_purchase_and_ends_where_the_papers_do(halves):
    """Fader, Hardie & Lee (2005), figure 2: at week 78 the BG/NBD is 4 % below the actual total, the Pareto/NBD 2 %."""
    data, (known, later) = load_cdnow(), halves
    errors = {}
    for kind in (BetaGeoNBD, ParetoNBD):
        table = tracking(kind().fit(known), data, "1997-09-30")
        assert len(table) == 78 and table["until"].iloc[38] == pd.Timestamp("1997-09-30") and table["seen"].sum() == 39
        assert table["actual_total"].iloc[38] == known["frequency"].sum()
        assert table["actual_total"].iloc[-1] == known["frequency"].sum() + later["frequency"].sum()
        assert table["expected"].cumsum().tolist() == pytest.approx(table["expected_total"].tolist())
        errors[kind] = table["expected_total"].iloc[-1] / table["actual_total"].iloc[-1] - 1
    assert round(errors[BetaGeoNBD], 2) == -0.04 and round(errors[ParetoNBD], 2) == -0.02


def test_tracking_by_hand(halves):
    model = ParetoNBD().fit(halves.calibration)
    data = pd.DataFrame(
        {"customer_id": list("aabac"), "date": pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-05"] + ["2024-01-21"] * 2)}
    )
    table = tracking(model, data.assign(revenue=5.0), "2024-01-14")  # c came too late to be followed
    assert table["actual"].tolist() == [0, 1, 1] and table["seen"].tolist() == [True, True, False]
    expected = [float(model.predict_new((day - 1) / 7) + model.predict_new(max(day - 5, 0) / 7)) for day in (7, 14, 21)]
    assert table["expected_total"].tolist() == pytest.approx(expected)
    with pytest.raises(ValueError, match="no customer bought up to 2020-01-01"):
        tracking(model, data.assign(revenue=5.0), "2020-01-01")


def test_calibration_by_expectation_keeps_the_sums(halves):
    known, later = halves
    model = ParetoNBD().fit(known)
    table = calibration(model, known, later, by="expected", top=5)
    assert (table["customers"] * table["actual"]).sum() == pytest.approx(1882)
    assert (table["customers"] * table["expected"]).sum() == pytest.approx(model.predict(known, later["T"].iloc[0]).sum())
    assert table["expected"].is_monotonic_increasing and table.index.name == "expected"
    with pytest.raises(ValueError, match="by is 'recency'"):
        calibration(model, known, later, by="recency")


def test_models_are_compared_on_the_same_customers(halves):
    known, later = halves
    table = compare_models(MODELS, known, later)
    assert table["mean_error"].iloc[:-1].is_monotonic_increasing and table.index[-1] == "as often as before"
    for model in MODELS:
        fitted = type(model)().fit(known)
        row = table.loc[type(model).__name__]
        expected = fitted.predict(known, later["T"].iloc[0])
        assert row["loglik"] == fitted.loglik_ and row["bic"] == pytest.approx(4 * np.log(2357) - 2 * fitted.loglik_)
        assert row["mean_error"] == pytest.approx((expected - later["frequency"]).abs().mean())
        assert row["error"] == pytest.approx(expected.sum() / 1882 - 1)
    naive = (known["frequency"] / known["T"] * later["T"]).sum()
    assert table.loc["as often as before", "expected"] == pytest.approx(naive)
    with pytest.raises(TypeError, match="GammaGamma is no model of purchases"):
        compare_models([GammaGamma()], known, later)


def test_reliability_is_wilsons_interval():
    p = pd.Series([0.05] * 10 + [1.0] * 4, index=[f"c{i}" for i in range(14)])
    there = pd.Series([True] + [False] * 9 + [True] * 4, index=p.index)
    table = reliability(p, there, bins=2)
    assert table["customers"].tolist() == [10, 4] and table["actual"].tolist() == [0.1, 1.0]
    assert table.loc["0 to 0.5", ["low", "high"]].tolist() == pytest.approx([0.0179, 0.4042], abs=1e-4)  # Wilson for 1 of 10
    assert table.loc["0.5 to 1", ["low", "high"]].tolist() == pytest.approx([0.5101, 1.0], abs=1e-4)  # and 4 of 4
    assert reliability(p, bins=4)["customers"].tolist() == [10, 0, 0, 4]
    with pytest.raises(ValueError, match=r"there is missing for 1 of 14 customers, first \['c3'\]"):
        reliability(p, there.drop("c3"))
    with pytest.raises(ValueError, match=r"no probability for 1 of 1 customers, first \['a'\]"):
        reliability(pd.Series({"a": 30.0}))


def test_reliability_finds_honest_probabilities_honest():
    rng = np.random.default_rng(4)
    p = pd.Series(rng.random(5000), index=np.arange(5000).astype(str))
    table = reliability(p, pd.Series(rng.random(5000) < p.to_numpy(), index=p.index), level=0.999)
    assert (table["low"] < table["expected"]).all() and (table["expected"] < table["high"]).all()


# --- verdicts ---------------------------------------------------------------------------------------------------------------------------


def visits(customers, rng, *, rhythm=None, growth=0.0, begin=None):
    """Lines of 2020 to 2023: at random times or in a rhythm of the customer's own, of a size that grows a year."""
    rows = []
    for c in range(customers):
        pause, day = rng.uniform(15, 60), rng.uniform(0, 700) if begin is None else begin
        while day < 1400:
            rows.append(
                (f"c{c}", pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(day)), 50 * np.exp(growth * day / 365) * rng.gamma(9) / 9)
            )
            day += pause * (rng.exponential() if rhythm is None else rng.normal(1, rhythm))
    return pd.DataFrame(rows, columns=["customer_id", "date", "revenue"])


@pytest.mark.parametrize(("rhythm", "verdict"), [(None, "PASS"), (0.3, "FLAG"), (0.03, "REFUSE")])
def test_a_rhythm_of_its_own_is_found_whatever_its_length(rhythm, verdict):
    data = visits(150, np.random.default_rng(1), rhythm=rhythm)
    table = suitability(summarize(data), data)
    assert table.loc["random times", "verdict"] == verdict, table.loc["random times"]
    assert table.loc["regular purchases", "verdict"] == "PASS"  # pauses differ between customers, so this rule sees nothing


@pytest.mark.parametrize(("growth", "verdict"), [(0.0, "PASS"), (0.25, "FLAG"), (-0.9, "REFUSE")])
def test_a_drift_of_spend_is_found_with_its_size(growth, verdict):
    data = visits(150, np.random.default_rng(2), growth=growth)
    row = suitability(summarize(data), data).loc["steady spend"]
    assert row["verdict"] == verdict
    assert row["measure"] == pytest.approx(np.expm1(growth), abs=0.05)


def test_customers_from_before_the_data_are_counted():
    rng = np.random.default_rng(3)
    new, old = visits(120, rng), visits(80, rng, begin=5)
    data = pd.concat([new, old.assign(customer_id="o" + old["customer_id"])])
    summary = summarize(data)
    seen = suitability(summary).loc["known from the beginning"]
    assert seen["verdict"] == "FLAG" and seen["reason"].startswith("90 of 200 customers first bought in the first 57 days")
    assert suitability(summarize(new)).loc["known from the beginning", "verdict"] == "PASS"
    won = pd.Series(pd.NaT, index=summary.index).mask(summary.index.str.startswith("o"), pd.Timestamp("2018-05-01"))
    told = suitability(summary, acquired=won).loc["known from the beginning"]
    assert told["verdict"] == "FLAG" and told["measure"] == 0.4 and told["reason"].startswith("80 of 200 customers were won before")
    assert (
        suitability(summary, acquired=won.dt.tz_localize(None) + pd.Timedelta(days=900)).loc["known from the beginning", "verdict"]
        == "PASS"
    )


def test_few_customers_have_no_rhythm_and_no_drift():
    data = visits(5, np.random.default_rng(4))
    table = suitability(summarize(data), data)
    assert table.loc[["random times", "steady spend"], "measure"].isna().all()
    assert (table.loc[["random times", "steady spend"], "verdict"] == "PASS").all()


@pytest.mark.parametrize("told", [True, False])
def test_one_wrong_date_is_found_and_refused(told):
    """One date in 2099 makes everybody look gone for a century."""
    wrong = load_cdnow()
    wrong.loc[100, "date"] = pd.Timestamp("2099-01-01")
    row = suitability(summarize(wrong), wrong if told else None).loc["dates without a hole"]
    assert row["verdict"] == "REFUSE" and row["measure"] > 0.98
    assert row["reason"].startswith("nobody bought for 36,710 days from 1998-06-30 to 2099-01-01, 99 % of the time".replace(" %", "%"))
    assert not usable(wrong)
    kept = suitability(summarize(wrong, end="1998-06-30"), wrong).loc["dates without a hole"]
    assert kept["verdict"] == "PASS" and usable(load_cdnow())


def test_a_hole_is_a_share_of_the_time_and_counts_to_the_end():
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta([0, 10, 20, 70, 80, 100] * 40, unit="D")
    frame = pd.DataFrame({"customer_id": np.repeat(np.arange(40), 6).astype(str), "date": days, "revenue": 5.0})
    row = suitability(summarize(frame), frame).loc["dates without a hole"]
    assert (row["verdict"], row["measure"]) == ("REFUSE", 0.5)
    late = suitability(summarize(frame, end="2026-09-27"), frame).loc["dates without a hole"]  # 900 days later
    assert (late["verdict"], late["measure"]) == ("REFUSE", 0.9)
    few = frame[frame["date"] < "2024-02-01"]
    assert suitability(summarize(few), few).loc["dates without a hole", "verdict"] == "PASS"  # ten days are no hole


SIZES = {  # of a purchase: by customer and by chance
    "alike": lambda level, rng: 50 * level**0.3 * rng.lognormal(0, 0.5, len(level)),
    "uneven": lambda level, rng: 50 * level * rng.lognormal(0, 2, len(level)),
    "very uneven": lambda level, rng: 50 * level**2 * rng.lognormal(0, 2, len(level)),
    "small change and now and then a machine": lambda level, rng: np.where(rng.random(len(level)) < 0.05, 3000.0, 10.0),
}


@pytest.mark.parametrize(
    ("sizes", "verdict", "near"), list(zip(SIZES, ["PASS", "FLAG", "REFUSE", "REFUSE"], [1.0, 0.75, 0.47, 0.4], strict=True))
)
def test_sizes_of_purchases_far_from_the_model_are_refused(sizes, verdict, near):
    data = visits(150, np.random.default_rng(1))
    level = pd.Series(np.random.default_rng(5).lognormal(size=150), index=[f"c{i}" for i in range(150)])
    data["revenue"] = SIZES[sizes](data["customer_id"].map(level).to_numpy(), np.random.default_rng(2))
    row = suitability(summarize(data), data).loc["sizes of purchases"]
    assert row["verdict"] == verdict and row["measure"] == pytest.approx(near, abs=0.03) and row["about"] == "spend"
    assert row["reason"].startswith(f"{row['measure']:.0%} of those with ten repeat purchases")
    assert usable(data) == (verdict != "REFUSE") and usable(data, spend=False)  # who is still there does not hang on it


def test_without_regular_customers_nothing_is_known_of_the_fit_of_sizes():
    known = summarize(load_cdnow(), end="1997-09-30")
    row = suitability(known[known["frequency"] < 10]).loc["sizes of purchases"]
    assert row["verdict"] == "PASS" and np.isnan(row["measure"]) and row["reason"].startswith("unknown (nobody came back ten times)")


def test_purchases_are_judged_where_only_spend_is_refused():
    """Half of the customers are paid for nothing: their purchases can be foretold, a value of them cannot."""
    data = load_cdnow()
    data["revenue"] = np.where(data["customer_id"].astype(int) % 2 == 0, 0.0, data["revenue"])
    table = suitability(summarize(data), data)
    assert table.loc["positive spend", ["verdict", "about"]].tolist() == ["REFUSE", "spend"]
    assert table.loc["parameters found", ["verdict", "reason"]].tolist() == ["PASS", "the search ended inside the bounds"]
    assert "sizes of purchases" not in table.index
    assert not usable(data) and usable(data, spend=False)


def test_a_history_of_days_tells_nothing_of_years():
    data = load_cdnow()
    weeks = {4: "REFUSE", 20: "FLAG", 39: "PASS"}
    for length, verdict in weeks.items():
        cut = data[data["date"] < pd.Timestamp("1997-01-01") + pd.Timedelta(weeks=length)]
        row = suitability(summarize(cut), cut).loc["length of time"]
        assert row["verdict"] == verdict and row["measure"] == pytest.approx(7 * length, abs=2)


def test_sizes_of_purchases_are_looked_at_in_the_fitted_model():
    summary = summarize(load_cdnow())
    assert suitability(summary).loc["sizes of purchases", "measure"] == spend_fit(CustomerValue().fit(summary), summary) > 0.9
    rng = np.random.default_rng(0)
    data = visits(300, rng)
    own = data["customer_id"].map(pd.Series(rng.lognormal(0, 2.5, 300), index=[f"c{i}" for i in range(300)]))
    uneven = data["customer_id"].str[1:].astype(int) % 2 == 0
    endless = data.assign(revenue=own * np.where(uneven, rng.lognormal(0, 3, len(data)), 1))
    row = suitability(summarize(endless), endless).loc["sizes of purchases"]
    assert row["verdict"] == "REFUSE" and row["reason"].startswith("the expected purchase is infinite for") and not usable(endless)


def test_a_search_that_found_nothing_is_refused_and_one_at_the_boundary_flagged(monkeypatch):
    summary = summarize(load_cdnow(), end="1997-09-30")
    assert suitability(summary).loc["parameters found", ["verdict", "measure"]].tolist() == ["PASS", 0]
    alike = pd.DataFrame(
        {"frequency": [0] * 300 + [1] * 300, "recency": [0.0] * 300 + [3.0, 6.0, 9.0] * 100, "T": 10.0, "monetary_value": 5.0}
    )
    alike["monetary_value"] = np.where(alike["frequency"] > 0, np.tile([3.0, 5.0, 8.0], 200), 0)
    row = suitability(alike).loc["parameters found"]
    assert row["verdict"] == "FLAG" and row["measure"] >= 1 and "ended at its boundary" in row["reason"]
    found = fitting.maximise
    monkeypatch.setattr(fitting, "maximise", lambda *given, **named: found(*given, **named)._replace(found=False))
    row = suitability(summary).loc["parameters found"]
    assert row["verdict"] == "REFUSE" and row["reason"].startswith("ParetoNBD did not converge: its parameters are not to be trusted")


# --- profit by period -------------------------------------------------------------------------------------------------------------------


def profits():
    rows = [
        ("a", "2024-Q3", -5.0, 0.0),  # cost before the first purchase
        ("a", "2024-Q4", 30.0, 90.0),
        ("a", "2025-Q1", -10.0, 0.0),  # still served, nothing bought
        ("b", "2025-Q1", 8.0, 40.0),
        ("c", "2024-Q4", -3.0, 0.0),  # never bought
        ("(unknown customer)", "2024-Q4", 99.0, 99.0),
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "period", "profit", "net_revenue"])
    return frame.set_index(["customer_id", "period"])


def test_cohorts_of_profit_after_the_cost_to_serve():
    table = cohorts(profits(), value="profit")
    assert table["cohort"].tolist() == ["2024-Q4", "2024-Q4", "2025-Q1"]
    assert table["value"].tolist() == [25.0, -10.0, 8.0] and table["cumulative_value"].tolist() == [25.0, 15.0, 8.0]
    assert table["active"].tolist() == [1, 0, 1] and table["complete"].all()


def test_history_of_profit_by_age():
    curve = value_history(profits(), value="profit", annual_rate=0.21, n_boot=20)
    assert curve["horizon"].tolist() == [0, 0.25, 0.5] and curve["customers"].tolist() == [2, 2, 1]
    first, second = 1.21**-0.125, 1.21**-0.375
    assert curve["value"].tolist() == pytest.approx([0, 33 / 2 * first, 33 / 2 * first - 10 * second])
    with pytest.raises(ValueError, match="lacks 'margin'; its columns are profit, net_revenue"):
        value_history(profits(), value="margin")
    wrong = profits().rename(index={"2025-Q1": "first quarter"}, level="period")
    with pytest.raises(ValueError, match=r"they read 2024, 2024-Q1 or 2024-03, all of one kind"):
        cohorts(wrong, value="profit")


@pytest.mark.parametrize("form", ["{y}", "{y}-{m:02}"])
def test_periods_of_every_length(form):
    rows = [("a", form.format(y=2024 + m // 12, m=m % 12 + 1), 12.0 if m == 0 else 1.0) for m in (0, 12, 24)]
    pnl = pd.DataFrame(rows, columns=["customer_id", "period", "net_revenue"]).set_index(["customer_id", "period"])
    table = cohorts(pnl, value="net_revenue")
    assert table["value"].sum() == 14 and table["age"].max() == (2 if form == "{y}" else 24)


def test_nothing_given_is_changed(halves):
    known, later = halves
    data, before = profits(), profits()
    value_history(data, value="profit", n_boot=10)
    cohorts(data, value="profit")
    pd.testing.assert_frame_equal(data, before)
    lines = load_cdnow()
    copies = known.copy(deep=True), lines.copy(deep=True)
    suitability(known, lines)
    tracking(ParetoNBD().fit(known), lines, "1997-09-30")
    compare_models(MODELS, known, later)
    pd.testing.assert_frame_equal(known, copies[0])
    pd.testing.assert_frame_equal(lines, copies[1])


def test_spend_is_held_against_what_purchases_then_were_worth(halves):
    known, later = halves
    table = spend_calibration(GammaGamma().fit(known), known, later)
    bought = later[later["frequency"] > 0]
    assert table["customers"].sum() == (bought["monetary_value"] > 0).sum()
    assert (table["customers"] * table["actual"]).sum() == pytest.approx(bought["monetary_value"].sum())
    assert table.loc["1", "missed_by"] < table.loc["1", "own_missed_by"] and np.isnan(table.loc["0", "own_missed_by"])
    one = known.index[(known["frequency"] == 1) & (later["frequency"] > 0) & (later["monetary_value"] > 0)]
    factor = np.exp(np.abs(np.log(known.loc[one, "monetary_value"] / later.loc[one, "monetary_value"])).median())
    assert table.loc["1", "own_missed_by"] == pytest.approx(factor)
    with pytest.raises(ValueError, match="not of the same customers"):
        spend_calibration(GammaGamma().fit(known), known.iloc[1:], later)


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_two_kinds_of_buyers_are_seen_to_be_wrong_for_the_model():
    """A third orders for 5,000, now and then for 5; the others for 10: each customer's own mean says more than all together."""
    rng = np.random.default_rng(6)
    n = 300
    level = np.where(np.arange(n) % 3 == 0, 5000.0, 10.0)
    noise = lambda: np.where(rng.random(n) < 0.15, 0.02, 1.0) * np.exp(0.1 * rng.normal(size=n))  # noqa: E731
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    known = pd.DataFrame({"frequency": 2, "recency": 10.0, "T": 20.0, "monetary_value": level * noise()}, index=index)
    later = pd.DataFrame({"frequency": 2, "T": 10.0, "monetary_value": level * noise()}, index=index)
    row = spend_calibration(GammaGamma().fit(known), known, later).loc["2"]
    assert row["own_missed_by"] < 1.3 < 2 * row["own_missed_by"] < row["missed_by"], row
