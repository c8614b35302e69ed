"""Halves that are not of one split, lines counted by other rules, models that need more than dates: refused in words, or right."""

import warnings

import numpy as np
import pandas as pd
import pytest

from custprof.datasets import load_cdnow
from custprof.lifetime import (
    BetaGeoNBD,
    GammaGamma,
    ParetoNBD,
    calibration,
    compare_models,
    spend_calibration,
    split,
    suitability,
    summarize,
    tracking,
)
from custprof.plots import rank_changes
from custprof.report.cells import needs_sentence

CUT = "1997-09-30"


@pytest.fixture(scope="module")
def cdnow():
    return load_cdnow()


@pytest.fixture(scope="module")
def halves(cdnow):
    return split(cdnow, CUT)


@pytest.fixture(scope="module")
def model(halves):
    return ParetoNBD().fit(halves.calibration)


# --- two halves of one split --------------------------------------------------------------------------------------------------------------

OTHERS = {
    "unit": (lambda data: split(data, CUT, unit="D").holdout, "the summary is in unit 'W', the holdout in 'D'"),
    "start": (lambda data: split(data, "1998-01-31").holdout, "the summary ends at 1997-09-30, the holdout starts after 1998-01-31"),
    "free": (lambda data: split(data, CUT, free=False).holdout, "free is True in the summary, False in the holdout"),
    "returns": (lambda data: split(data, CUT, returns="apart").holdout, "returns is 'net' in the summary, 'apart' in the holdout"),
}


@pytest.mark.parametrize(("other", "said"), OTHERS.values(), ids=OTHERS)
def test_a_holdout_of_another_split_is_refused(cdnow, halves, model, other, said):
    known, later = halves.calibration, other(cdnow)
    later = later.reindex(known.index, fill_value=0).pipe(lambda frame: frame.assign(T=later["T"].iloc[0]))
    later.attrs = other(cdnow).attrs
    for compared in (
        lambda: calibration(model, known, later),
        lambda: compare_models([ParetoNBD()], known, later),
        lambda: spend_calibration(GammaGamma().fit(known), known, later),
    ):
        with pytest.raises(ValueError, match=f"{said}; take both from one split"):
            compared()


def test_a_holdout_of_another_value_is_refused_where_values_are_compared(cdnow, halves, model):
    known = halves.calibration
    later = split(cdnow.assign(margin=cdnow["revenue"] / 2), CUT, value="margin").holdout
    assert calibration(model, known, later)["actual"].tolist() == calibration(model, known, halves.holdout)["actual"].tolist()
    with pytest.raises(ValueError, match="value is 'revenue' in the summary, 'margin' in the holdout"):
        spend_calibration(GammaGamma().fit(known), known, later)


def test_halves_that_do_not_say_how_they_were_counted_are_taken_at_their_word(halves, model):
    known, later = (half.copy() for half in halves)
    later.attrs = {}
    assert calibration(model, known, later).equals(calibration(model, *halves))


# --- lines counted as the model counts ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def returned():
    """Customers who give some of their purchases back on the day, and take some for nothing."""
    rng = np.random.default_rng(8)
    owner = np.repeat([f"c{i:03}" for i in range(200)], 12)
    day = rng.integers(0, 700, len(owner)) * rng.choice([0.2, 1.0], len(owner))
    size = rng.choice([30.0, 50.0, 0.0], len(owner), p=[0.6, 0.3, 0.1])
    lines = pd.DataFrame(
        {"customer_id": owner, "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(day.astype(int), unit="D"), "revenue": size}
    )
    back = lines[lines["revenue"] > 0].sample(frac=0.3, random_state=1)
    return pd.concat([lines, back.assign(revenue=-back["revenue"])], ignore_index=True)


@pytest.mark.parametrize("rules", [{}, {"returns": "apart"}, {"free": False}, {"returns": "apart", "free": False}], ids=str)
def test_tracking_and_verdicts_count_by_the_rules_of_the_summary(returned, rules):
    whole = summarize(returned, **rules)
    known, later = split(returned, "2024-03-31", **rules)
    table = tracking(ParetoNBD().fit(known), returned, "2024-03-31", step=1)
    assert table["actual_total"].iloc[-1] == known["frequency"].sum() + later["frequency"].sum()
    assert table.loc[table["seen"], "actual"].sum() == known["frequency"].sum()
    paid = returned[returned["revenue"] > 0] if rules.get("returns") == "apart" and not rules.get("free", True) else None
    if paid is not None:  # the same lines, cleaned beforehand
        by_hand = suitability(summarize(paid), paid)
        assert suitability(whole, returned)["measure"].equals(by_hand["measure"])


# --- customers with covariates ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(halves):
    return halves.calibration.assign(early=halves.calibration["T"] > 36)


def test_models_with_and_without_covariates_are_compared_by_their_names(told, halves):
    models = [ParetoNBD(), ParetoNBD(covariates=["early"]), BetaGeoNBD(covariates=["early"])]
    table = compare_models(models, told, halves.holdout)
    assert set(table.index) == {"ParetoNBD", "ParetoNBD(covariates=['early'])", "BetaGeoNBD(covariates=['early'])", "as often as before"}
    assert table.loc["ParetoNBD(covariates=['early'])", "loglik"] > table.loc["ParetoNBD", "loglik"]
    with pytest.raises(ValueError, match=r"ParetoNBD\(covariates=\['early'\]\) is there twice"):
        compare_models([models[1], models[1]], told, halves.holdout)


def test_tracking_uses_the_covariates_of_the_customers(cdnow, told, model):
    own = ParetoNBD(covariates=["early"]).fit(told)
    table = tracking(own, cdnow, CUT, summary=told)
    ages = (table["until"].iloc[-1].toordinal() - pd.Timestamp(CUT).toordinal()) / 7 + told["T"]
    expected = [own.predict_new(age, early=early) for age, early in zip(ages, told["early"], strict=True)]
    assert table["expected_total"].iloc[-1] == pytest.approx(sum(expected))
    assert table["actual"].equals(tracking(model, cdnow, CUT)["actual"])
    with pytest.raises(ValueError, match=r"ParetoNBD has the covariates \['early'\]; give the summary that holds them"):
        tracking(own, cdnow, CUT)
    with pytest.raises(ValueError, match="summary lacks 2 of 2357 customers who bought up to 1997-09-30, first "):
        tracking(own, cdnow, CUT, summary=told.iloc[2:])


# --- a summary that has forgotten how it was counted --------------------------------------------------------------------------------------


def test_a_summary_that_lost_its_unit_is_taken_with_a_warning(cdnow, model):
    daily = summarize(cdnow, end=CUT, unit="D")
    columns = pd.DataFrame({"channel": "web"}, index=daily.index)
    with pytest.raises(ValueError, match="the summary is in unit 'D', the model in 'W'"):
        model.predict(daily.assign(channel="web"), 39)
    with pytest.warns(UserWarning, match="the summary does not say its unit, the model learnt in 'W'.*add columns with summary.assign"):
        model.predict(daily.merge(columns, left_index=True, right_index=True), 39)
    told = ParetoNBD(unit="W")  # by hand, of a summary that never said
    nameless = pd.DataFrame(summarize(cdnow, end=CUT).to_dict("series"))
    assert not nameless.attrs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told.fit(nameless).predict(nameless, 39)


# --- one date far from all others ---------------------------------------------------------------------------------------------------------


def test_a_last_date_far_from_the_one_before_is_warned_of(cdnow):
    wrong = cdnow.copy()
    wrong.loc[100, "date"] = pd.Timestamp("2003-01-01")
    with pytest.warns(UserWarning, match="last date is 2003-01-01, 1,646 days after the one before, 1998-06-30.*give end"):
        summary = summarize(wrong)
    assert summary["T"].max() > 300
    with pytest.warns(UserWarning, match="last date is 2003-01-01"):
        split(wrong, CUT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summarize(wrong, end="1998-06-30"), summarize(cdnow), split(cdnow, CUT)


# --- nobody ever leaves -------------------------------------------------------------------------------------------------------------------


def test_a_model_in_which_nobody_leaves_is_flagged(cdnow):
    """Customers who buy at their own rates throughout: silence says nothing, whatever the model makes of it."""
    rng = np.random.default_rng(5)
    rate, began = rng.gamma(2.0, 1 / 30, 400), rng.integers(0, 200, 400)
    days = [began[i] + np.append(0, 1 + rng.choice(399, min(rng.poisson(400 * rate[i]), 300), replace=False)) for i in range(400)]
    owner = np.repeat([f"c{i:03}" for i in range(400)], [len(each) for each in days])
    lines = pd.DataFrame({"customer_id": owner, "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(np.concatenate(days), unit="D")})
    lines = lines[lines["date"] <= "2024-02-05"].assign(revenue=lambda frame: rng.gamma(5, 10, len(frame)))
    row = suitability(summarize(lines), lines).loc["customers leave"]
    assert row["verdict"] == "FLAG" and row["measure"] < 0.01 and row["about"] == "purchases"
    assert "of 400 customers the model takes as gone" in row["reason"]
    assert suitability(summarize(cdnow), cdnow).loc["customers leave", "verdict"] == "PASS"


# --- in the words of the margin that is known ---------------------------------------------------------------------------------------------


def test_ranks_are_of_the_margin_that_the_study_knows():
    table = pd.DataFrame({"revenue": [90.0, 50.0], "value": [30.0, 20.0], "fall": [0, 0]}, index=["big", "small"])
    assert rank_changes(table, currency="EUR", of="gross margin").get_ylabel() == "value of gross margin (EUR)"


def test_a_refused_size_of_purchases_is_no_lack_of_a_history():
    said = needs_sentence(["usable"], "what all customers are worth")
    assert said.endswith("The study has no history of purchases and of their sizes that a model of value may be used on.")
