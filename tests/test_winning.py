"""The workbook's sheets for marketing and sales say what the stage and notebook 06 say."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import NOTEBOOKS

from custprof.acquisition import LeadScorer, budget, compare_campaigns
from custprof.datasets import load_demo
from custprof.report.sheets import SHEETS
from custprof.report.winning import GROWTH, STRETCH, _leads, acquisition_sheets
from custprof.study import Study


@pytest.fixture(scope="module")
def demo():
    study = load_demo()
    ids = study.frame("customers")["customer_id"]
    return study, pd.Series(np.random.default_rng(0).lognormal(7, 1, len(ids)), index=ids)


def test_the_budget_sheet_is_the_plan_of_the_notebook(demo):
    study, worth = demo
    sheets = acquisition_sheets(study, worth / 2, worth, None)
    outlook = compare_campaigns(study.frame("campaigns"), study.frame("customers"), profit=worth)
    years = (study.end - study.start).days / 365.25
    plan = budget(outlook, GROWTH * outlook["customers"].sum() / years, periods=years, stretch=STRETCH)
    pd.testing.assert_frame_equal(sheets["Budget"], plan)
    assert (sheets["Campaigns"]["profit_per_customer"] * 2).to_numpy() == pytest.approx(outlook["profit_per_customer"].to_numpy())
    text = "".join("".join(cell["source"]) for cell in json.loads(NOTEBOOKS[5].read_text(encoding="utf-8"))["cells"])
    assert f"{GROWTH} * outlook" in text and f"stretch={STRETCH}" in text


def test_leads_stand_best_first_and_without_a_rate_nothing_is_said_of_pruning(demo):
    study, worth = demo
    sheets = acquisition_sheets(study, worth, worth, None)
    assert list(sheets) == ["Campaigns", "Budget", "Leads"] and set(sheets) < set(SHEETS)
    leads = study.frame("leads").set_index("lead_id")
    first = sheets["Leads"]
    assert first["expected_value"].is_monotonic_decreasing
    assert leads.loc[first.index, "won_on"].isna().all()
    assert first["created_on"].min() > leads["created_on"].max() - pd.Timedelta(days=LeadScorer().window)


def test_a_study_without_campaigns_and_leads_has_no_such_sheets(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\nname = "Shop"\n', encoding="utf-8")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\na,1,2024-01-05,9\n", encoding="utf-8")
    profit = pd.Series({"a": 9.0})
    assert acquisition_sheets(Study.open(tmp_path), profit, profit, None) == {}


def test_without_an_open_lead_today_there_is_no_list_of_leads(demo):
    study, worth = demo
    leads = study.frame("leads")
    leads.loc[leads.index[-1], "won_on"] = leads["created_on"].max() + pd.Timedelta(days=120)
    assert "Leads" not in _leads(leads, worth, 2.0)
    assert "Leads to prune" in _leads(leads, worth, 2.0)
    assert _leads(leads, worth.rename("X{}".format), 2.0) == {}
