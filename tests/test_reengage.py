"""Whom it is worth calling again: by hand-computed cases, edges, messages, and against the demo's truth."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions, lifetime
from custprof.datasets import load_demo, load_truth
from custprof.profit import customer_pnl

IDS = pd.Index(["gone", "quiet", "here", "once", "costly", "worthless"], name="customer_id")
SUMMARY = pd.DataFrame(
    {"frequency": [4, 8, 8, 0, 4, 4], "recency": [20.0, 60.0, 98.0, 0.0, 20.0, 20.0], "T": [100.0] * 6, "monetary_value": 50.0}, index=IDS
)
SUMMARY.attrs = {"unit": "W", "end": "2025-12-31"}
PNL = pd.DataFrame({"profit": [400.0, 900.0, 900.0, 30.0, -80.0, 10.0, -70.0]}, index=[*IDS, "(unused capacity)"])
NOW = pd.DataFrame({"value": [50.0, 600.0, 990.0, 20.0, 10.0, -5.0], "p_alive": [0.1, 0.7, 0.99, 0.3, 0.1, 0.1]}, index=IDS)
ACTIVE = pd.DataFrame({"value": [450.0, 1000.0, 1000.0, 100.0, 800.0, -2.0]}, index=IDS)


def call(**options):
    return decisions.reengage(PNL, SUMMARY, NOW, ACTIVE, **{"chance": 0.1} | options)


def test_the_list_holds_who_was_worth_it_the_best_contact_first():
    found = call()
    assert found.index.tolist() == ["gone", "quiet", "once"]  # not who is here, who lost money, or who would
    assert found["status"].tolist() == ["probably left", "quieter than its rhythm", "probably left"]
    assert found["at_stake"].tolist() == [400.0, 400.0, 80.0]
    assert found["most_per_contact"].tolist() == [40.0, 40.0, 8.0]
    assert "expected_gain" not in found and "chance_to_pay" not in found


def test_the_chance_from_which_a_contact_pays_stands_beside_the_assumed_one():
    found = call(contact_cost=20)
    assert found["chance_to_pay"].tolist() == [0.05, 0.05, 0.25]
    assert found["expected_gain"].tolist() == [20.0, 20.0, -12.0]
    own = call(chance=pd.Series({"gone": 0.1, "quiet": 0.5, "here": 0.0, "once": 0.0, "costly": 1.0, "worthless": 1.0}))
    assert own["most_per_contact"].to_dict() == {"quiet": 200.0, "gone": 40.0, "once": 0.0}


def test_the_next_date_of_the_own_rhythm():
    found = call()
    # gone: a purchase every 5 weeks, silent for 80 (16 of them): today's is over, the next is in 35 days
    assert found.loc["gone", ["silent_days", "usual_interval"]].tolist() == [560, 35.0]
    assert found.loc["gone", "due_on"] == pd.Timestamp("2026-02-04")
    # quiet: every 52.5 days, silent for 280, so 315 are due in 35
    assert found.loc["quiet", "due_on"] == pd.Timestamp("2026-02-04")
    assert np.isnan(found.loc["once", "usual_interval"]) and pd.isna(found.loc["once", "due_on"])


def test_quiet_is_who_would_hardly_be_silent_so_long_by_chance():
    assert (60 / 100) ** 8 < 0.05  # all nine purchases in the first 60 of 100 weeks
    assert "quiet" not in call(unusual=0.01).index
    everybody_here = NOW.assign(p_alive=1.0)  # what a model says that takes nobody for gone
    assert decisions.reengage(PNL, SUMMARY, everybody_here, ACTIVE, chance=0.1).index.tolist() == ["gone", "quiet"]


def test_what_is_expected_anyway_is_no_merit_of_the_contact():
    """With the probability p of being there and a value A if so, the difference is (1 - p) A."""
    now = NOW.assign(value=NOW["p_alive"] * ACTIVE["value"])
    found = decisions.reengage(PNL, SUMMARY, now, ACTIVE, chance=0.2)
    assert found["most_per_contact"].to_dict() == pytest.approx(
        {"gone": 0.2 * 0.9 * 450, "quiet": 0.2 * 0.3 * 1000, "once": 0.2 * 0.7 * 100}
    )


def test_days_and_order_change_nothing_and_nothing_is_mutated():
    kept = [frame.copy(deep=True) for frame in (PNL, SUMMARY, NOW, ACTIVE)]
    found = call(contact_cost=5)
    days = SUMMARY.assign(recency=SUMMARY["recency"] * 7, T=SUMMARY["T"] * 7)
    days.attrs = SUMMARY.attrs | {"unit": "D"}
    mixed = [frame.sample(frac=1, random_state=seed) for seed, frame in enumerate((PNL, days, NOW, ACTIVE))]
    pd.testing.assert_frame_equal(decisions.reengage(*mixed, chance=0.1, contact_cost=5), found)
    for frame, before in zip((PNL, SUMMARY, NOW, ACTIVE), kept, strict=True):
        pd.testing.assert_frame_equal(frame, before)


def test_messages():
    with pytest.raises(ValueError, match="chance is 20; give a probability between 0 and 1"):
        call(chance=20)
    with pytest.raises(ValueError, match=r"chance is 1.5 for 'gone'; give a probability between 0 and 1"):
        call(chance=pd.Series(1.5, index=IDS))
    with pytest.raises(ValueError, match="contact_cost is 0; give what a contact costs, above zero"):
        call(contact_cost=0)
    with pytest.raises(ValueError, match=r"now lacks p_alive; it has value. Give what CustomerValue.predict returned"):
        decisions.reengage(PNL, SUMMARY, NOW[["value"]], ACTIVE, chance=0.1)
    with pytest.raises(ValueError, match=r"active_value is missing for 1 of 6 customers of the summary, first \['gone'\]; give all"):
        decisions.reengage(PNL, SUMMARY, NOW, ACTIVE.drop("gone"), chance=0.1)
    with pytest.raises(ValueError, match="profit is missing for 1 of 6 customers of the summary"):
        decisions.reengage(PNL.drop("once"), SUMMARY, NOW, ACTIVE, chance=0.1)
    plain = pd.DataFrame(SUMMARY.to_dict(), index=IDS)
    with pytest.raises(ValueError, match=r"summary does not carry its unit and end; give that of lifetime.summarize"):
        decisions.reengage(PNL, plain, NOW, ACTIVE, chance=0.1)
    with pytest.raises(ValueError, match=r"p_alive is 2.0 for 'gone'"):
        decisions.reengage(PNL, SUMMARY, NOW.assign(p_alive=2.0), ACTIVE, chance=0.1)


def test_of_the_demo_as_many_of_those_called_left_have_left_as_the_model_says():
    """The simulation knows on which day each customer dropped out; what is at stake follows what they truly spent."""
    study, truth = load_demo(), load_truth()["customers"].set_index("customer_id")
    pnl = customer_pnl(study.customer_facts())
    summary = lifetime.summarize(study.table("transactions"))
    model, margin = lifetime.CustomerValue().fit(summary), lifetime.value_terms(summary, pnl)
    now, active = (model.predict(each, **margin, horizon=5) for each in (summary, summary.assign(T=summary["recency"])))
    found = decisions.reengage(pnl, summary, now, active, chance=0.05)
    left = truth["dropped_out_on"].notna()
    gone = found[found["status"] == "probably left"].index
    assert left[gone].mean() > 0.8 and left[gone].mean() > 3 * left.mean()
    assert left[gone].mean() == pytest.approx(1 - found.loc[gone, "p_alive"].mean(), abs=0.05)
    assert left[found.index.difference(gone)].mean() < 0.5
    often = gone[summary.loc[gone, "frequency"] >= 3]
    spent, expected = (truth["orders_per_year"] * truth["mean_spend"])[often], active.loc[often]
    a_year = expected["purchases"] * expected["spend"] / expected["alive_time"]  # once they are active again
    assert a_year.sum() == pytest.approx(spent.sum(), rel=0.1)
    assert a_year.corr(spent, method="spearman") > 0.9
