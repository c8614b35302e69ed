"""Whom it is worth calling again: by hand-computed cases, edges, messages, and against the demo's truth."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions, lifetime
from custprof.datasets import load_demo, load_truth
from custprof.profit import customer_pnl

IDS = pd.Index(["gone", "burst", "here", "once", "costly", "worthless"], name="customer_id")
SUMMARY = pd.DataFrame(
    {"frequency": [4, 1, 8, 0, 1, 4], "recency": [20.0, 1 / 7, 98.0, 0.0, 60.0, 20.0], "T": [100.0] * 6, "monetary_value": 50.0}, index=IDS
)
SUMMARY.attrs = {"unit": "W", "end": "2025-12-31"}
PNL = pd.DataFrame({"profit": [400.0, 900.0, 900.0, 30.0, -80.0, 10.0, -70.0]}, index=[*IDS, "(unused capacity)"])
NOW = pd.DataFrame({"value": [50.0, 100.0, 990.0, 25.0, 10.0, -5.0], "p_alive": [0.125, 0.25, 0.99, 0.25, 0.125, 0.125]}, index=IDS)


def call(now=NOW, pnl=PNL, summary=SUMMARY, **options):
    return decisions.reengage(pnl, summary, now, **{"chance": 0.1} | options)


def test_at_stake_is_what_is_lost_if_the_customer_has_left():
    """Of a value A if it is there, p A is expected anyway, so (1 - p) A is at stake."""
    found = call()
    assert found.index.tolist() == ["gone", "burst", "once"]  # not who is here, who lost money, or who would
    assert found["active_value"].tolist() == [400.0, 400.0, 100.0]
    assert found["at_stake"].tolist() == [0.875 * 400, 0.75 * 400, 0.75 * 100]
    assert found["most_per_contact"].tolist() == [35.0, 30.0, 7.5]
    assert "expected_gain" not in found and "chance_to_pay" not in found


def test_who_is_there_for_certain_has_nothing_at_stake_and_who_cannot_be_is_not_known():
    assert call(NOW.assign(p_alive=1.0), alive_below=1).empty
    sure = call(NOW.assign(p_alive=0.9999), alive_below=1)
    assert sure["at_stake"].to_dict() == pytest.approx({name: NOW["value"][name] / 9999 for name in ("here", "burst", "gone", "once")})
    assert call(NOW.assign(p_alive=0.0, value=0.0)).empty


def test_the_chance_from_which_a_contact_pays_stands_beside_the_assumed_one():
    found = call(contact_cost=15)
    assert found["chance_to_pay"].tolist() == [15 / 350, 0.05, 0.2]
    assert found["expected_gain"].tolist() == [20.0, 15.0, -7.5]
    own = call(chance=pd.Series({"gone": 0.1, "burst": 0.5, "here": 0.0, "once": 0.0, "costly": 1.0, "worthless": 1.0}))
    assert own["most_per_contact"].to_dict() == {"burst": 150.0, "gone": 35.0, "once": 0.0}


def test_the_next_date_of_the_own_rhythm_stands_while_there_is_one():
    found = call(pnl=PNL.abs())
    assert found.loc["gone", ["silent_days", "usual_interval"]].tolist() == [560, 35.0]  # 16 intervals: the rhythm is broken
    # costly: came back after 420 days and has been silent for 280, less than two intervals; the next purchase is due in 140
    assert found["due_on"].dropna().to_dict() == {"costly": pd.Timestamp("2026-05-20")}
    assert np.isnan(found.loc["once", "usual_interval"])


def test_days_and_order_change_nothing_and_nothing_is_mutated():
    kept = [frame.copy(deep=True) for frame in (PNL, SUMMARY, NOW)]
    found = call(contact_cost=5)
    days = SUMMARY.assign(recency=SUMMARY["recency"] * 7, T=SUMMARY["T"] * 7)
    days.attrs = SUMMARY.attrs | {"unit": "D"}
    mixed = [frame.sample(frac=1, random_state=seed) for seed, frame in enumerate((PNL, days, NOW))]
    pd.testing.assert_frame_equal(decisions.reengage(*mixed, chance=0.1, contact_cost=5), found)
    for frame, before in zip((PNL, SUMMARY, NOW), kept, strict=True):
        pd.testing.assert_frame_equal(frame, before)


def test_messages():
    with pytest.raises(ValueError, match="chance is 20; give a probability between 0 and 1"):
        call(chance=20)
    with pytest.raises(ValueError, match=r"chance is 1.5 for 'gone'; give a probability between 0 and 1"):
        call(chance=pd.Series(1.5, index=IDS))
    with pytest.raises(ValueError, match="contact_cost is 0; give what a contact costs, above zero"):
        call(contact_cost=0)
    with pytest.raises(ValueError, match=r"now lacks p_alive; it has value. Give what CustomerValue.predict returned"):
        call(NOW[["value"]])
    with pytest.raises(ValueError, match=r"p_alive is missing for 1 of 6 customers of the summary, first \['gone'\]; give all"):
        call(NOW.drop("gone"))
    with pytest.raises(ValueError, match="profit is missing for 1 of 6 customers of the summary"):
        call(pnl=PNL.drop("once"))
    plain = pd.DataFrame(SUMMARY.to_dict(), index=IDS)
    with pytest.raises(ValueError, match=r"summary does not carry its unit and end; give that of lifetime.summarize"):
        call(summary=plain)
    with pytest.raises(ValueError, match=r"p_alive is 2.0 for 'gone'"):
        call(NOW.assign(p_alive=2.0))


def test_of_the_demo_as_many_of_those_called_left_have_left_as_the_model_says():
    """The simulation knows on which day each customer dropped out; what is at stake follows what they truly spent."""
    study, truth = load_demo(), load_truth()["customers"].set_index("customer_id")
    pnl = customer_pnl(study.customer_facts())
    summary = lifetime.summarize(study.table("transactions"))
    model, margin = lifetime.CustomerValue().fit(summary), lifetime.value_terms(summary, pnl)
    now = model.predict(summary, **margin, horizon=5)
    found = decisions.reengage(pnl, summary, now, chance=0.05)
    left = truth["dropped_out_on"].notna()
    assert left[found.index].mean() > 0.8 and left[found.index].mean() > 3 * left.mean()
    assert left[found.index].mean() == pytest.approx(1 - found["p_alive"].mean(), abs=0.05)
    often = found.index[summary.loc[found.index, "frequency"] >= 3]
    spent, expected = (truth["orders_per_year"] * truth["mean_spend"])[often], now.loc[often]
    a_year = expected["purchases"] * expected["spend"] / expected["alive_time"]  # once they are active again
    assert 0.4 < a_year.sum() / spent.sum() < 1  # on the careful side: the silence counts as time in which nothing was bought
    assert a_year.corr(spent, method="spearman") > 0.8
    assert found["active_value"].max() < 5 * pnl["profit"].max()
