"""The sheets of the workbook on what may be done next say what the stage finds, as far as the study can answer."""

import pandas as pd
import pytest

from custprof import acquisition, decisions
from custprof.costing import allocate_study
from custprof.datasets import load_demo
from custprof.lifetime import CustomerValue, summarize, value_terms
from custprof.profit import customer_pnl
from custprof.report.steps import step_sheets
from custprof.report.worth import Worth


@pytest.fixture(scope="module")
def demo():
    study = load_demo()
    return study, customer_pnl(study.customer_facts())


def test_what_no_model_is_needed_for_is_there_without_one(demo):
    study, pnl = demo
    advice = decisions.recommend(pnl)
    sheets = step_sheets(study, pnl, None, Worth(None, None, None, None, "refused"), advice)
    assert list(sheets) == ["Repair", "Referrals", "Indirect benefits"]
    assert set(sheets["Repair"].index) == set(advice.index[advice["action"] == "repair"])
    assert sheets["Repair"]["action"].eq("repair").all()
    returned = pnl.assign(net_revenue=pnl["net_revenue"].where(pnl.index != sheets["Repair"].index[0], -1.0))
    fewer = step_sheets(study, returned, None, Worth(None, None, None, None, "refused"), advice)["Repair"]
    assert fewer.index.tolist() == sheets["Repair"].index[1:].tolist()  # who returned more than it bought has no price
    assert sheets["Repair"]["profit"].is_monotonic_increasing and sheets["Repair"]["rise"].max() <= 0.1
    referred = study.frame("customers")["referral_type"].value_counts()
    assert sheets["Referrals"][["type_one", "type_two"]].sum().tolist() == [referred["one"], referred["two"]]
    assert sheets["Referrals"]["referral_value"].is_monotonic_decreasing
    assert sheets["Indirect benefits"]["indirect_benefit"].sum() == pytest.approx(study.frame("contributions")["value"].sum())


def test_a_referral_saves_what_winning_a_customer_costs_with_the_time_for_leads(demo):
    study, pnl = demo
    allocation, people = allocate_study(study), study.frame("customers")
    sheets = step_sheets(study, pnl, allocation, Worth(None, None, None, None, "refused"), decisions.recommend(pnl))
    rate = acquisition.contact_rate(allocation)
    cost = acquisition.acquisition_cost(study.frame("campaigns"), people, study.frame("leads"), by="channel", minute_rate=rate)
    known = cost.drop(index=["(no campaign)", "(unknown campaign)"], errors="ignore")
    referrals = sheets["Referrals"]
    each = referrals["saved_cost"].sum() / referrals[["type_one", "type_two"]].sum().sum()
    assert known["contact_cost"].sum() > 0 and each == pytest.approx(known["cost"].sum() / known["customers"].sum())


def test_calls_to_make_need_the_value_of_single_customers(demo):
    study, pnl = demo
    history = summarize(study.table("transactions"))
    model, terms = CustomerValue().fit(history), value_terms(history, pnl)
    now = model.predict(history, **terms, horizon=5)
    worth = Worth(now, now["value"], now["p_alive"], None, "", history)
    calls = step_sheets(study, pnl, None, worth, decisions.recommend(pnl))["Call again"]
    pd.testing.assert_frame_equal(calls, decisions.reengage(pnl, history, now, chance=0.05))


def test_a_study_of_transactions_alone_has_none_of_them(small_study):
    from custprof.study import Study

    study = Study.open(small_study)
    pnl = customer_pnl(study.customer_facts())
    advice = decisions.recommend(pnl)
    sheets = step_sheets(study, pnl, None, Worth(None, None, None, None, "refused"), advice)
    assert list(sheets) == (["Repair"] if (advice["action"] == "repair").any() else [])
