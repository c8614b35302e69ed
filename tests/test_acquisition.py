import numpy as np
import pandas as pd
import pytest

from custprof.acquisition import LeadScorer, acquisition_cost, compare_campaigns, funnel, payback
from custprof.profit.shares import wilson

CAMPAIGNS = pd.DataFrame(
    {
        "campaign_id": ["fair 24", "ads 24", "fair 25", "idle"],
        "channel": ["fair", "web", "fair", "web"],
        "spend": [9000.0, 1000.0, 3000.0, 500.0],
    }
)
CUSTOMERS = pd.DataFrame(
    {"customer_id": list("abcdefg"), "campaign_id": ["fair 24", "fair 24", "ads 24", "fair 25", None, "gone", None]},
)
LEADS = pd.DataFrame(
    {
        "lead_id": range(8),
        "created_on": pd.to_datetime(["2024-01-01"] * 8),
        "won_on": pd.to_datetime(["2024-01-11", "2024-01-21", None, None, "2024-02-01", None, None, "2024-01-03"]),
        "campaign_id": ["fair 24", "fair 24", "fair 24", "fair 25", "ads 24", "ads 24", None, "fair 25"],
        "channel": ["fair", "fair", "fair", "fair", "web", "web", None, "fair"],
        "contact_minutes": [60.0, 30.0, 10.0, 0.0, 20.0, np.nan, 15.0, 40.0],
    }
)


def test_cost_by_campaign_by_hand():
    table = acquisition_cost(CAMPAIGNS, CUSTOMERS, LEADS, minute_rate=2.0)
    assert table.index.tolist() == ["fair 24", "ads 24", "fair 25", "idle", "(no campaign)", "(unknown campaign)"]
    assert table["contact_cost"].tolist() == [200, 40, 80, 0, 30, 0]
    assert table["cost"].tolist() == [9200, 1040, 3080, 500, 30, 0]
    assert table["customers"].tolist() == [2, 1, 1, 0, 2, 1]
    assert table["leads"].tolist() == [3, 2, 2, 0, 1, 0]
    assert table["cost_per_customer"].fillna(-1).tolist() == [4600, 1040, 3080, -1, -1, -1]


def test_cost_by_channel_keeps_every_customer_and_all_money():
    table = acquisition_cost(CAMPAIGNS, CUSTOMERS, by="channel")
    assert table["spend"].to_dict() == {"fair": 12000.0, "web": 1500.0, "(no campaign)": 0.0, "(unknown campaign)": 0.0}
    assert table.loc["fair", "cost_per_customer"] == 4000
    assert table["customers"].sum() == len(CUSTOMERS)
    assert table["spend"].sum() == CAMPAIGNS["spend"].sum()


def test_no_residual_rows_where_nobody_is_left_over():
    known = CUSTOMERS[CUSTOMERS["campaign_id"].isin(CAMPAIGNS["campaign_id"])]
    assert acquisition_cost(CAMPAIGNS, known).index.tolist() == CAMPAIGNS["campaign_id"].tolist()
    assert acquisition_cost(CAMPAIGNS, known.set_index("customer_id"))["customers"].sum() == 4


def test_payback():
    assert payback(0.0, pd.Series([5.0])) == 0
    assert payback(10.0, pd.Series([5.0, 5.0, -20.0])) == 2
    assert np.isnan(payback(10.0, pd.Series([5.0, 4.0])))
    groups = payback(pd.Series({"x": 10.0, "y": 1.0}), pd.DataFrame({1: [4.0, 3.0], 2: [6.0, 3.0]}, index=["x", "y"]))
    assert groups.to_dict() == {"x": 2.0, "y": 1.0}


def test_compare_campaigns_by_hand():
    profit = pd.Series({"a": 10_000.0, "b": 12_000.0, "c": -50.0, "d": 4000.0})
    table = compare_campaigns(CAMPAIGNS, CUSTOMERS, LEADS, profit)
    assert table["profit_per_customer"].fillna(0).tolist() == [11_000, -50, 4000, 0]
    assert table["net"].tolist() == [13_000, -1050, 1000, -500]
    assert table["needed"].fillna(-1).tolist() == [1, -1, 1, -1]
    assert table["leads_won"].tolist() == [2, 1, 1, 0]
    assert table["conversion"].fillna(-1).round(3).tolist() == [0.667, 0.5, 0.5, -1]
    assert table["verdict"].tolist() == ["covered", "open", "open", "nobody won"]  # one customer has no interval
    assert table.loc["fair 24", ["profit_low", "profit_high"]].tolist() == [10_000, 12_000]


def test_unknown_profit_is_said_and_not_taken_as_zero():
    table = compare_campaigns(CAMPAIGNS, CUSTOMERS, profit=pd.Series({"a": 100.0}))
    assert table["known"].tolist() == [1, 0, 0, 0]
    assert table.loc["fair 24", "profit_per_customer"] == 100
    assert table["verdict"].tolist() == ["open", "profit unknown", "profit unknown", "nobody won"]


def test_a_campaign_far_below_its_cost_is_not_covered_and_order_does_not_matter():
    customers = pd.DataFrame({"customer_id": range(40), "campaign_id": "ads"})
    campaigns = pd.DataFrame({"campaign_id": ["ads"], "channel": ["web"], "spend": [40_000.0]})
    profit = pd.Series(np.random.default_rng(0).lognormal(4, 1, 40))
    table = compare_campaigns(campaigns, customers, profit=profit)
    assert table["verdict"].item() == "not covered"
    pd.testing.assert_frame_equal(table, compare_campaigns(campaigns, customers.iloc[::-1], profit=profit.sample(frac=1, random_state=2)))
    assert table["needed"].item() == np.ceil(40_000 / profit.mean())
    by_channel = compare_campaigns(campaigns, customers, profit=profit, by="channel")
    assert by_channel.loc["web", "profit_per_customer"] == table.loc["ads", "profit_per_customer"]


def test_wilson_at_the_ends():
    low, high = wilson([0, 10, 0], [10, 10, 0])
    assert (low[0], high[1]) == pytest.approx((0, 1))
    assert high[0] == pytest.approx(0.2775, abs=1e-4)
    assert low[1] == pytest.approx(0.7225, abs=1e-4)
    assert np.isnan(low[2])


def test_funnel_by_hand():
    table = funnel(LEADS, by="channel")
    assert table.index.tolist() == ["fair", "web", "(unknown)"]
    assert table["leads"].tolist() == [5, 2, 1]
    assert table["contacted"].tolist() == [4, 1, 1]
    assert table["won"].tolist() == [3, 1, 0]
    assert table["days_to_win"].fillna(-1).tolist() == [10, 31, -1]
    assert table["minutes_per_win"].round(1).fillna(-1).tolist() == [46.7, 20, -1]
    assert funnel(LEADS).loc["all leads", ["leads", "won"]].tolist() == [8, 4]


# lead scoring


@pytest.fixture(scope="module")
def many_leads():
    rng = np.random.default_rng(3)
    n = 1500
    leads = pd.DataFrame(
        {
            "lead_id": range(n),
            "created_on": pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 900, n)), "D"),
            "channel": rng.choice(["fair", "web", "phone"], n, p=[0.2, 0.5, 0.3]),
            "company_size": rng.lognormal(3, 1, n).round(),
            "special": rng.random(n) < 0.2,
            "contact_minutes": rng.integers(5, 90, n),
        }
    )
    leads.loc[::17, "company_size"] = np.nan
    odds = leads["channel"].map({"fair": 1.0, "web": -1.5, "phone": -0.5}) + 0.5 * np.log(leads["company_size"].fillna(20)) - 1.5
    chance = 1 / (1 + np.exp(-odds))
    won = rng.random(n) < chance
    leads["won_on"] = (leads["created_on"] + pd.to_timedelta(rng.integers(1, 80, n), "D")).where(won)
    leads["customer_id"] = pd.Series([f"C{i}" for i in range(n)]).where(won)
    return leads, chance


def test_scorer_recovers_the_chances_and_uses_only_what_is_known_before(many_leads):
    leads, chance = many_leads
    scorer = LeadScorer().fit(leads)
    assert scorer.features_ == ["channel", "company_size", "special"]
    assert np.corrcoef(scorer.predict(leads), chance)[0, 1] > 0.95
    assert scorer.coefficients_["channel = fair"] > scorer.coefficients_["channel = web"]
    assert scorer.predict(leads.drop(columns=["won_on", "customer_id", "contact_minutes"])).equals(scorer.predict(leads))


def test_scorer_is_judged_out_of_time_against_the_base_rate(many_leads):
    leads, _ = many_leads
    scores = LeadScorer().evaluate(leads)
    assert scores.loc["base rate", "auc"] == 0.5
    assert scores.loc["model", "auc"] > 0.7
    assert scores.loc["model", "brier"] < scores.loc["base rate", "brier"]
    table = LeadScorer().calibration(leads)
    assert table["predicted"].is_monotonic_increasing
    assert table["leads"].sum() == scores.loc["model", "leads"]
    assert ((table["won_low"] <= table["predicted"]) & (table["predicted"] <= table["won_high"])).sum() >= 4


def test_scorer_does_not_learn_from_young_leads_or_from_the_future(many_leads):
    leads, _ = many_leads
    split = pd.Timestamp("2024-09-01")
    tampered = leads.copy()  # what happens to leads after the split must not reach the model that is judged on them
    late = tampered["created_on"] >= split - pd.Timedelta(days=89)
    tampered.loc[late, "won_on"] = tampered.loc[late, "created_on"] + pd.Timedelta(days=1)
    first = LeadScorer().fit(leads, as_of=split).coefficients_
    assert LeadScorer().fit(tampered, as_of=split).coefficients_.equals(first)


def test_expected_value_by_hand(many_leads):
    leads, _ = many_leads
    scorer = LeadScorer().fit(leads)
    table = scorer.expected_value(leads.head(3), profit=1000.0, contact_cost=pd.Series([10.0, 20.0, 30.0]))
    assert table["expected_value"].tolist() == pytest.approx((scorer.predict(leads.head(3)) * 1000 - [10, 20, 30]).tolist())


# messages


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: acquisition_cost(CAMPAIGNS.drop(columns="spend"), CUSTOMERS),
            ValueError,
            "campaigns lacks spend; it has campaign_id, channel",
        ),
        (lambda: acquisition_cost(CAMPAIGNS, CUSTOMERS, by="region"), ValueError, "by is 'region'; choose"),
        (
            lambda: acquisition_cost(pd.concat([CAMPAIGNS] * 2), CUSTOMERS),
            ValueError,
            r"4 of 8 campaigns are listed more than once, first \['fair 24'",
        ),
        (
            lambda: acquisition_cost(CAMPAIGNS.assign(spend=np.nan), CUSTOMERS),
            ValueError,
            "spend is missing or negative for 4 of 4 campaigns",
        ),
        (lambda: acquisition_cost(CAMPAIGNS, pd.concat([CUSTOMERS] * 2)), ValueError, "7 of 7 customers stand in customers more than once"),
        (lambda: acquisition_cost(CAMPAIGNS, CUSTOMERS, minute_rate=1.0), ValueError, "minute_rate is given without leads"),
        (lambda: acquisition_cost(CAMPAIGNS, [1]), TypeError, "customers is a list; give the study's customers"),
        (lambda: compare_campaigns(CAMPAIGNS, CUSTOMERS, profit=[1.0]), TypeError, "profit is a list; give a Series by customer_id"),
        (
            lambda: compare_campaigns(CAMPAIGNS, CUSTOMERS, profit=pd.Series([1.0, 2.0], index=["a", "a"])),
            ValueError,
            r"\d of \d customers stand in profit more than once",
        ),
        (lambda: compare_campaigns(CAMPAIGNS, CUSTOMERS, level=95), ValueError, "level is 95"),
        (lambda: payback(-1.0, pd.Series([1.0])), ValueError, "cost is -1.0"),
        (lambda: payback(1.0, pd.DataFrame([[1.0]])), TypeError, "pass the cost as a Series by group"),
        (
            lambda: payback(pd.Series({"x": 1.0}), pd.DataFrame([[1.0]], index=["y"])),
            ValueError,
            r"cost is missing for 1 of 1 groups, first \['y'\]",
        ),
        (lambda: funnel(LEADS.assign(created_on=pd.Timestamp("2025-01-01"))), ValueError, "4 of 8 leads were won before they were created"),
        (
            lambda: LeadScorer(["contact_minutes"]).fit(LEADS, as_of="2025-01-01"),
            ValueError,
            "contact_minutes is only known after the contact",
        ),
        (lambda: LeadScorer().fit(LEADS), ValueError, "no lead is 90 days old"),
        (lambda: LeadScorer().fit(LEADS.assign(won_on=pd.NaT), as_of="2025-01-01"), ValueError, "0 of 8 leads old enough were won"),
    ],
)
def test_messages(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_arguments_are_left_alone():
    before = [frame.copy() for frame in (CAMPAIGNS, CUSTOMERS, LEADS)]
    compare_campaigns(CAMPAIGNS, CUSTOMERS, LEADS, pd.Series({"a": 1.0}), minute_rate=1.0)
    for frame, copy in zip((CAMPAIGNS, CUSTOMERS, LEADS), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
