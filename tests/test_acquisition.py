import numpy as np
import pandas as pd
import pytest

from custprof.acquisition import (
    LeadScorer,
    acquisition_cost,
    budget,
    capacity_check,
    compare_campaigns,
    funnel,
    minutes_per_customer,
    open_leads,
    payback,
    profit_of_alike,
    prune_funnel,
    scoring_obstacle,
)
from custprof.acquisition.budget import _dispersion
from custprof.costing import CostModel, allocate
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


def test_the_net_of_customers_whose_profit_is_unknown_is_unknown():
    table = compare_campaigns(CAMPAIGNS, CUSTOMERS, profit=pd.Series({"a": 100.0}))
    assert table["net"].fillna(-1).tolist() == [-8900, -1, -1, -500]


def test_customers_of_another_system_are_no_verdict_and_no_minutes(allocation):
    with pytest.raises(ValueError, match=r"None of the 4 customers of the campaigns is in profit, first \['a', 'b', 'c'\] against \['A'\]"):
        compare_campaigns(CAMPAIGNS, CUSTOMERS, profit=pd.Series({"A": 100.0}))
    with pytest.raises(
        ValueError, match=r"none of the 2 customers of kinds is in the allocation, first \['A', 'B'\] against \['a', 'b', 'c'\]"
    ):
        minutes_per_customer(allocation, pd.Series({"A": "shop", "B": "shop"}))


def test_campaigns_that_won_nobody():
    table = compare_campaigns(CAMPAIGNS, CUSTOMERS.assign(campaign_id=None), LEADS, pd.Series({"a": 100.0}))
    assert table["verdict"].tolist() == ["nobody won"] * 4
    assert table["net"].tolist() == [-9000, -1000, -3000, -500]
    plan = budget(table, 3)
    assert plan["customers"].tolist() == [0, 0, 3, 3]
    assert plan.loc["(all)", "net"] == 0


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


def test_interval_of_very_many_customers_and_of_those_of_no_campaign():
    customers = pd.DataFrame({"customer_id": range(30_000), "campaign_id": "ads"})
    campaigns = pd.DataFrame({"campaign_id": ["ads", "fair"], "channel": ["web", "fair"], "spend": [9.0, 9.0]})
    profit = pd.Series(np.random.default_rng(0).normal(100, 50, 30_000))
    row = compare_campaigns(campaigns, customers, profit=profit).loc["ads"]
    half = 1.959964 * profit.std() / np.sqrt(30_000)
    assert row[["profit_low", "profit_high"]].tolist() == pytest.approx([profit.mean() - half, profit.mean() + half])
    few = customers.iloc[:200].assign(campaign_id=["ads"] * 100 + ["fair"] * 100)
    more = pd.concat([few, customers.iloc[200:2_000].assign(campaign_id=None)])  # those who came by themselves move no interval
    pd.testing.assert_frame_equal(compare_campaigns(campaigns, few, profit=profit), compare_campaigns(campaigns, more, profit=profit))


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


# budget

Z = 1.959963984540054
COMPARED = pd.DataFrame(
    {
        "channel": ["fair", "fair", "web", "post"],
        "spend": [8_000.0, 10_000.0, 900.0, 500.0],
        "contact_cost": [2_000.0, 0.0, 100.0, 0.0],
        "cost": [10_000.0, 10_000.0, 1_000.0, 500.0],
        "customers": [10, 10, 3, 2],
        "known": [10, 10, 3, 2],
        "profit_per_customer": [1_500.0, 2_500.0, 400.0, 100.0],
        "profit_low": [1_500 - Z * 300, 2_500 - Z * 300, np.nan, np.nan],
        "profit_high": [1_500 + Z * 300, 2_500 + Z * 300, np.nan, np.nan],
    },
    index=["fair 24", "fair 25", "web 25", "post 25"],
)


def test_budget_by_hand():
    plan = budget(COMPARED, 25)
    assert plan.index.tolist() == ["fair", "web", "post", "(without a source)", "(all)"]
    assert plan["customers"].tolist() == [20, 3, 0, 2, 25]
    assert plan["cost"].tolist() == [20_000, 1_000, 0, 0, 21_000]
    assert plan["spend"].tolist() == [18_000, 900, 0, 0, 18_900]
    assert plan["contact_cost"].tolist() == [2_000, 100, 0, 0, 2_100]
    assert plan["net"].tolist() == [20_000, 200, 0, 0, 20_200]
    assert plan["allowable"].tolist()[:3] == [2_000, 400, 100]
    assert plan["asked"].tolist() == ["in full", "in full", "does not cover its cost", "", "in part"]


def test_interval_of_the_budget_by_hand():
    """Customers differ by 1,000; fairs of 10 netted 5,000 less and more than usual: 25m / 10m twice is 5 times what chance explains."""
    plan = budget(COMPARED.iloc[:2], 20)
    half = 12.7062047362 * np.sqrt(5 * 1_000**2 * (20 + 20**2 / 20))
    assert plan.loc["fair", ["net_low", "net_high"]].tolist() == pytest.approx([20_000 - half, 20_000 + half])
    assert plan.loc["(all)", "net_low"] == pytest.approx(20_000 - half)
    alike = COMPARED.iloc[:2].assign(profit_per_customer=2_000.0)  # campaigns that differ by less than chance are not surer than it
    assert budget(alike, 20).loc["fair", "net_high"] == pytest.approx(20_000 + 12.7062047362 * np.sqrt(1_000**2 * 40))


def test_a_channel_with_one_campaign_is_as_unsure_as_the_others_and_alone_says_nothing():
    plan = budget(COMPARED, 25)
    assert plan.loc["web", "net_high"] - plan.loc["web", "net"] == pytest.approx(12.7062047362 * np.sqrt(5 * 1_000**2 * (3 + 9 / 3)))
    assert np.isnan(budget(COMPARED.iloc[2:], 3).loc[["web", "(all)"], ["net_low", "net_high"]]).all(axis=None)


def test_a_campaign_of_unknown_profit_makes_the_interval_neither_surer_nor_wider():
    ghost = COMPARED.iloc[:1].assign(known=0, profit_per_customer=np.nan, profit_low=np.nan, profit_high=np.nan, customers=7)
    with_ghost = pd.concat([COMPARED.iloc[:2], ghost.set_axis(["fair 26"])])
    free = _dispersion(with_ghost, pd.Series({"fair": 1_000.0}), 0.95)
    alone = _dispersion(COMPARED.iloc[:2], pd.Series({"fair": 1_000.0}), 0.95)
    assert free[1] == alone[1] == 1
    pd.testing.assert_series_equal(free[0], alone[0])


def test_the_interval_of_a_lone_channel_is_that_of_all():
    plan = budget(COMPARED.iloc[:2].assign(profit_high=COMPARED["profit_high"] + 0.123456), 7)
    assert plan.loc["fair", "net_low"] == plan.loc["(all)", "net_low"]
    assert plan.loc["fair", "net_high"] == plan.loc["(all)", "net_high"]


def test_budget_asks_no_channel_beyond_what_it_has_shown_times_the_stretch():
    plan = budget(COMPARED, 100, periods=2, stretch=1.5)
    assert plan.loc["fair", ["shown", "most", "customers"]].tolist() == [10, 15, 15]
    assert plan.loc["web", ["shown", "most", "customers"]].tolist() == [1.5, 2, 2]
    assert plan.loc["(without a source)", "customers"] == 83
    assert budget(COMPARED, 4).loc[["fair", "web", "(all)"], "asked"].tolist() == ["in part", "not needed", "in full"]
    assert "(without a source)" not in budget(COMPARED, 4).index


def test_the_return_wanted_lowers_what_may_be_paid():
    plan = budget(COMPARED, 30, least_return=0.5)
    assert plan.loc[["fair", "web"], "allowable"].tolist() == pytest.approx([2_000 / 1.5, 400 / 1.5])
    assert plan.loc["web", "asked"] == "does not cover its cost"
    everyone = budget(COMPARED, 30, least_return=None)
    assert everyone["customers"].tolist() == [20, 3, 2, 5, 30]
    assert everyone.loc["post", "net"] == -300


def test_budget_without_profit_takes_the_cheapest_first():
    plan = budget(acquisition_cost(CAMPAIGNS, CUSTOMERS), 2)
    assert plan.index.tolist() == ["web", "fair", "(all)"]
    assert plan["customers"].tolist() == [1, 1, 2]
    assert plan["cost"].tolist() == [1500, 4000, 5500]
    assert "net" not in plan


def test_budget_from_revenue_counts_whole_customers():
    assert budget(COMPARED, 9_001, revenue_per_customer=1_000).loc["(all)", "customers"] == 10


def test_budget_says_why_a_channel_is_not_asked():
    odd = pd.DataFrame(
        {
            "channel": ["none", "unknown", "few"],
            "spend": 10.0,
            "cost": 10.0,
            "customers": [0, 4, 1],
            "known": [0, 0, 1],
            "profit_per_customer": [np.nan, np.nan, 99.0],
        }
    )
    assert budget(odd, 5, periods=3)["asked"].to_dict() == {
        "none": "nobody won",
        "unknown": "profit unknown",
        "few": "too few to plan",
        "(without a source)": "",
        "(all)": "in part",
    }


def test_a_channel_whose_profit_is_unknown_is_not_planned_at_zero():
    unknown = pd.concat(
        [COMPARED, pd.DataFrame({"channel": ["tv"], "spend": 50.0, "cost": 50.0, "customers": 5, "known": 0}, index=["tv 25"])]
    )
    plan = budget(unknown, 30, least_return=None)
    assert plan.loc["tv", ["customers", "cost"]].tolist() == [5, 50]
    assert plan.loc[["tv", "(all)"], ["profit", "net", "net_low"]].isna().all(axis=None)
    assert plan.loc["fair", "net"] == 20_000


def test_interval_of_the_budget_holds_what_it_promises():
    """Three campaigns in each of six channels, customers' profits skewed, campaigns unlike: 95 % of the plans end in their interval."""
    rng, inside, whole = np.random.default_rng(5), [], []
    for _ in range(60):
        mean, cost, unlike = rng.normal(2_000, 1_500, 6), rng.uniform(600, 1_600, 6), rng.choice([0, 600, 1_500])

        def earn(channel, count, mean=mean, unlike=unlike):
            return mean[channel] + rng.normal(0, unlike) + 3_000 * (rng.lognormal(0, 1, count) - np.exp(0.5))

        rows = []
        for channel in np.repeat(range(6), 3):
            profit = earn(channel, max(5, rng.poisson(30)))
            error = profit.std() / np.sqrt(len(profit))
            low, high = profit.mean() - Z * error, profit.mean() + Z * error
            rows.append((f"c{channel}", cost[channel] * len(profit), len(profit), len(profit), profit.mean(), low, high))
        names = ["channel", "cost", "customers", "known", "profit_per_customer", "profit_low", "profit_high"]
        plan = budget(pd.DataFrame(rows, columns=names).assign(spend=lambda frame: frame["cost"]), 150, periods=3, least_return=None)
        asked = plan[plan.index.str.startswith("c") & (plan["customers"] > 0)]
        net = np.array([(earn(int(name[1:]), count) - cost[int(name[1:])]).sum() for name, count in asked["customers"].items()])
        inside += list((asked["net_low"] <= net) & (net <= asked["net_high"]))
        whole.append(plan.loc["(all)", "net_low"] <= net.sum() <= plan.loc["(all)", "net_high"])
    assert 0.92 < np.mean(inside) < 0.98
    assert np.mean(whole) > 0.9


# capacity

CAPACITY = pd.DataFrame(
    {
        "period": ["2024", "2024", "2025", "2025"],
        "pool": ["desk", "visits", "desk", "visits"],
        "capacity_minutes": [1000.0, 600.0, 1000.0, 600.0],
        "used_minutes": [500.0, 500.0, 700.0, 640.0],
    }
)


def test_capacity_by_hand():
    table = capacity_check(CAPACITY, pd.Series({"desk": 20.0, "visits": 15.0}), 8, period="2024")
    assert table.index.tolist() == ["visits", "desk"]
    assert table["free_minutes"].tolist() == [100, 500]
    assert table["needed_minutes"].tolist() == [120, 160]
    assert table["left_minutes"].tolist() == [-20, 340]
    assert table["can_serve"].tolist() == [6, 25]
    assert table["verdict"].tolist() == ["too little", "enough"]
    assert table["bottleneck"].tolist() == [True, False]


def test_a_pool_that_is_over_driven_stays_visible_and_has_room_for_nobody_who_needs_it():
    table = capacity_check(CAPACITY, pd.Series({"desk": 20.0, "visits": 15.0}), 8)
    assert table.loc["visits", ["free_minutes", "left_minutes", "can_serve"]].tolist() == [-40, -160, 0]
    assert table.loc["visits", "verdict"] == "over-driven already"
    without = capacity_check(CAPACITY, pd.Series({"desk": 20.0}), 8)
    assert without.loc["visits", ["free_minutes", "can_serve"]].tolist() == [-40, np.inf]
    assert without.index[0] == "desk" and without["bottleneck"].tolist() == [True, False]
    assert capacity_check(CAPACITY, pd.Series({"desk": 20.0}), 15).loc["desk", "verdict"] == "enough"  # the last minute may be used


def test_capacity_for_several_kinds_at_once():
    minutes = pd.DataFrame({"customers": [5, 5], "desk": [10.0, 40.0], "visits": [0.0, 30.0]}, index=["small", "large"])
    table = capacity_check(CAPACITY, minutes, pd.Series({"small": 6, "large": 2, "none": 0}), period="2024")
    assert table.loc["desk", ["minutes_each", "needed_minutes"]].tolist() == [17.5, 140]
    assert table.loc["visits", ["minutes_each", "needed_minutes", "can_serve"]].tolist() == [7.5, 60, 13]
    nobody = capacity_check(CAPACITY, minutes, pd.Series({"small": 0, "large": 0}), period="2024")
    assert nobody.loc["desk", ["minutes_each", "needed_minutes", "can_serve"]].tolist() == [25, 0, 20]
    assert nobody["verdict"].tolist() == ["not needed", "not needed"]


@pytest.fixture(scope="module")
def allocation():
    pools = {
        "desk": {"accounts": ["6100"], "capacity_minutes": 100},
        "visits": {"accounts": ["6200"], "capacity_minutes": 200},
        "mail": {"accounts": ["6300"]},
    }
    activities = {
        "orders": {"pool": "desk", "level": "order", "minutes": "minutes"},
        "calls": {"pool": "desk", "level": "customer", "minutes": "minutes"},
        "visits": {"pool": "visits", "level": "customer", "minutes": "minutes"},
        "letters": {"pool": "mail", "level": "customer", "driver": "rows"},
    }
    for name in activities:
        activities[name]["table"] = "events"
    ledger = pd.DataFrame(
        {
            "line_id": list("abcdef"),
            "account": ["6100", "6200", "6300"] * 2,
            "amount": [1000.0, 500.0, 70.0, 900.0, 400.0, 70.0],
            "period": ["2024"] * 3 + ["2025"] * 3,
        }
    )
    rows = [("orders", "a", 30), ("calls", "a", 10), ("orders", "b", 20), ("visits", "b", 50), ("letters", "c", 3), ("visits", None, 70)]
    drivers = pd.DataFrame(rows, columns=["activity", "customer_id", "quantity"])
    drivers = pd.concat([drivers.assign(period="2024"), drivers.assign(period="2025", quantity=drivers["quantity"] * 2)])
    return allocate(CostModel.from_dict({"pools": pools, "activities": activities}), ledger, drivers)


def test_minutes_of_a_customer_by_hand(allocation):
    table = minutes_per_customer(allocation, pd.Series({"a": "shop", "b": "shop", "c": "shop"}), period="2024")
    assert table.loc["shop"].to_dict() == {"customers": 2, "desk": 30, "visits": 25}  # c takes no time, the unknown customer is nobody
    latest = minutes_per_customer(allocation, pd.Series({"a": "shop"}))
    assert latest.loc["shop"].to_dict() == {"customers": 1, "desk": 80, "visits": 0}
    assert latest.loc["(unknown)"].to_dict() == {"customers": 1, "desk": 40, "visits": 100}
    assert minutes_per_customer(allocation).index.tolist() == ["all customers"]


def test_minutes_of_all_customers_are_the_minutes_used_for_them(allocation):
    table = minutes_per_customer(allocation)
    used = allocation.capacity().query("period == '2025'").set_index("pool")["used_minutes"]
    assert (table["customers"] * table["desk"]).item() == pytest.approx(used["desk"])
    assert (table["customers"] * table["visits"]).item() == pytest.approx(used["visits"] - 140)


# which leads


def test_open_leads_are_neither_won_nor_too_old():
    created = pd.to_datetime(["2025-01-01", "2025-03-20", "2025-03-25", "2025-04-05"])
    leads = pd.DataFrame({"created_on": created, "won_on": pd.to_datetime([None, None, "2025-04-09", None])})
    assert open_leads(leads, window=30).index.tolist() == [1, 3]
    assert open_leads(leads, window=30, as_of="2025-04-01").index.tolist() == [1, 2]  # won later, not come yet
    assert open_leads(leads, window=20).index.tolist() == [3]


def test_profit_of_alike_draws_few_customers_to_the_mean_of_all():
    leads = pd.DataFrame({"channel": ["a"] * 60 + ["b"] * 2 + ["c"], "customer_id": [*range(62), None]})
    profit = pd.Series([10.0, 30.0] * 30 + [110.0, 90.0])
    table = profit_of_alike(leads, profit).drop_duplicates().set_index(pd.Index(["a", "b", "c"]))
    assert table["alike"].tolist() == [60, 2, 0]
    assert table["their_profit"].fillna(-1).tolist() == [20, 100, -1]
    assert table.loc["a", "credibility"] > table.loc["b", "credibility"] > table.loc["c", "credibility"] == 0
    assert table.loc["a", "profit"] < table.loc["c", "profit"] < table.loc["b", "profit"] < 100
    shuffled = leads.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(profit_of_alike(shuffled, profit).sort_index(), profit_of_alike(leads, profit))


def test_profit_of_alike_where_kinds_do_not_differ_or_are_not_told_apart_is_the_mean_of_all():
    leads = pd.DataFrame({"channel": list("aabb"), "customer_id": range(4)})
    profit = pd.Series([1.0, 9.0, 2.0, 8.0])
    assert profit_of_alike(leads, profit)["profit"].tolist() == [5.0] * 4
    assert profit_of_alike(leads, profit, by=[])["profit"].tolist() == [5.0] * 4
    later = pd.DataFrame({"channel": ["a", None]})
    assert profit_of_alike(later, profit, past=leads)["profit"].tolist() == [5.0, 5.0]


def test_single_customers_are_not_believed():
    leads = pd.DataFrame({"channel": list("abc"), "customer_id": list("xyz")})
    table = profit_of_alike(leads, pd.Series({"x": 3_000.0, "y": 0.0, "z": 0.0}))
    assert table["credibility"].tolist() == [0, 0, 0]
    assert table["profit"].tolist() == [1_000] * 3


def test_a_customer_with_two_leads_counts_once():
    leads = pd.DataFrame({"channel": list("aaabb"), "customer_id": ["u", "u", "v", "w", "x"]})
    profit = pd.Series({"u": 100.0, "v": 120.0, "w": 10.0, "x": 20.0})
    twice, once = profit_of_alike(leads, profit), profit_of_alike(leads.drop(index=1), profit)
    assert twice["alike"].tolist() == [2] * 5
    pd.testing.assert_frame_equal(twice.drop(index=1), once)


def test_kinds_of_several_columns_are_told_apart_whatever_their_texts_hold():
    leads = pd.DataFrame({"channel": ["fair, north"] * 2 + ["fair"] * 2, "region": ["x"] * 2 + ["north, x"] * 2, "customer_id": range(4)})
    table = profit_of_alike(leads, pd.Series([1.0, 2.0, 101.0, 102.0]), by=["channel", "region"])
    assert table["alike"].tolist() == [2] * 4
    assert table["their_profit"].tolist() == [1.5, 1.5, 101.5, 101.5]


def test_pruned_funnel_by_hand():
    leads = pd.DataFrame(
        {
            "channel": ["web", "web", "web", "fair", None],
            "contact_minutes": [10.0, 20.0, np.nan, 60.0, 10.0],
            "customer_id": ["a", None, None, "b", None],
        }
    )
    worth = pd.Series([-1.0, -2.0, 3.0, 4.0, -5.0])
    table = prune_funnel(leads, worth, pd.Series({"a": 50.0, "b": 70.0}), minute_rate=2.0, by="channel")
    assert table.index.tolist() == ["web", "(unknown)", "fair", "all leads"]
    assert table["poor"].tolist() == [2, 1, 0, 3]
    assert table["poor_minutes"].tolist() == [30, 10, 0, 40]
    assert table["saved"].tolist() == [60, 20, 0, 80]
    assert table["forgone"].tolist() == [50, 0, 0, 50]
    assert table["gain"].tolist() == [10, 20, 0, 30]
    half = Z * np.sqrt(30**2 + 40**2 + 20**2 - 30**2 / 5)  # the leads give -30, 40, 0, 0 and 20
    assert table.loc["all leads", ["gain_low", "gain_high"]].tolist() == pytest.approx([30 - half, 30 + half])


# lead scoring


VALUES = pd.Series(range(1500), index=[f"C{i}" for i in range(1500)], dtype=float)


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


def test_chances_foreseen_rest_on_what_was_known_then(many_leads):
    leads, _ = many_leads
    split, today = pd.Timestamp("2024-09-01"), pd.Timestamp("2025-06-01")
    chances = LeadScorer().foresee(leads, split=split, as_of=today)
    assert leads.loc[chances.index, "created_on"].between(split, today - pd.Timedelta(days=90)).all()
    late = leads["created_on"] >= split - pd.Timedelta(days=89)
    tampered = leads.assign(won_on=leads["won_on"].mask(late, leads["created_on"] + pd.to_timedelta(leads["lead_id"] % 2 * 200, "D")))
    assert LeadScorer().foresee(tampered, split=split, as_of=today).equals(chances)


def test_equal_chances_share_a_group_whatever_the_order_of_the_leads(many_leads):
    leads, _ = many_leads
    table = LeadScorer(["channel"]).calibration(leads)
    assert len(table) == 3  # three channels, three chances
    pd.testing.assert_frame_equal(LeadScorer(["channel"]).calibration(leads.sample(frac=1, random_state=4)), table)


def test_how_soon_a_lead_was_answered_is_not_known_before(many_leads):
    leads, _ = many_leads
    assert "response_hours" not in LeadScorer().fit(leads.assign(response_hours=3.0)).features_


@pytest.fixture(scope="module")
def exported():
    """What a sales system exports of 600 leads that are won by mere chance, every column as it comes."""
    rng = np.random.default_rng(5)
    n = 600
    created = pd.Series(pd.date_range("2024-01-01", periods=n))
    won = pd.Series(rng.random(n) < 0.3)
    closed = (created + pd.Timedelta(days=80)) < created.max()
    stage = np.select([won, closed], ["Closed Won", "Closed Lost"], rng.choice(["Prospecting", "Proposal"], n))
    return pd.DataFrame(
        {
            "lead_id": range(n), "created_on": created, "won_on": (created + pd.to_timedelta(rng.integers(5, 80, n), unit="D")).where(won),
            "StageName": stage, "Deal Stage": stage, "Probability": np.select([won, closed], [100, 0], 40), "IsWon": won,
            "IsClosed": won | closed, "CloseDate": (created + pd.Timedelta(days=40)).astype(str).where(won | closed),
            "last_activity": np.where(won, 3, 60), "Forecast Category": stage, "ExpectedRevenue": np.where(won, 500.0, 0.0),
            "Lead Status": stage, "Phase": np.where(won, "gewonnen", "offen"),
            "Grund": np.where(~won & (rng.random(n) < 0.6), "Preis", None),
            "Score": np.where(won, 10.0, 0.0) + rng.normal(0, 1, n), "ordered": pd.Series(1.0, index=range(n)).where(won),
            "Industry": rng.choice(["food", "steel", "trade"], n), "LeadSource": rng.choice(["web", "phone"], n),
            "Employees": rng.integers(1, 90, n),
        }
    )  # fmt: skip


def test_scorer_does_not_learn_how_a_lead_ended_from_an_export_of_a_sales_system(exported):
    scorer = LeadScorer().fit(exported)
    assert scorer.features_ == ["Industry", "LeadSource", "Employees"]
    assert 0.35 < scorer.evaluate(exported).loc["model", "auc"] < 0.65
    assert scorer.left_out_["StageName"] == "only known after the contact"
    assert scorer.left_out_["Phase"] == scorer.left_out_["Score"] == "its values foretell the outcome (nearly) perfectly"
    assert scorer.left_out_["Grund"] == "leads with 'Preis' were never won"
    assert "ordered" in scorer.left_out_


def test_a_feature_that_helps_but_does_not_give_the_outcome_away_stays(many_leads):
    leads, _ = many_leads
    assert LeadScorer(window=60).fit(leads).left_out_ == dict.fromkeys(
        ["contact_minutes", "won_on", "customer_id"], "only known after the contact"
    )


def test_what_is_known_afterwards_is_refused_also_by_name(exported):
    with pytest.raises(ValueError, match="Deal Stage is only known after the contact"):
        LeadScorer(["Industry", "Deal Stage"]).fit(exported)


def test_rare_values_are_named_as_others(many_leads):
    leads, _ = many_leads
    rare = leads.assign(channel=leads["channel"].mask(leads.index < 9, "pigeon"))
    names = LeadScorer(["channel"]).fit(rare).coefficients_.index
    assert sorted(names) == ["channel = fair", "channel = phone", "channel = web", "channel: other"]


def test_of_no_leads_there_are_no_chances(many_leads):
    leads, _ = many_leads
    table = LeadScorer().fit(leads).expected_value(leads.head(0), profit_of_alike(leads.head(0), VALUES, past=leads)["profit"], 5.0)
    assert table.empty
    assert table.columns.tolist() == ["probability", "profit", "contact_cost", "expected_value"]


def test_chances_are_learnt_from_numbers_alone_and_an_empty_column_is_none(many_leads):
    leads, _ = many_leads
    scorer = LeadScorer().fit(leads[["created_on", "won_on", "company_size"]].assign(region=np.nan))
    assert scorer.coefficients_.index[0] == "company_size"
    assert scorer.left_out_["region"] == "nowhere filled in"
    assert scoring_obstacle(leads[["created_on", "won_on"]].assign(region=np.nan)).startswith("The leads have no features")


def test_leads_whose_customers_are_strangers_to_profit_are_told(many_leads):
    leads, _ = many_leads
    assert scoring_obstacle(leads, VALUES) == ""
    said = scoring_obstacle(leads, VALUES.rename("{}.0".format))
    assert "profit of 0 won leads is known" in said
    assert "is in profit, first ['C4'" in said and "against ['C0.0'" in said
    assert "profit of 1 won leads is known" in scoring_obstacle(leads, VALUES[VALUES.index == leads["customer_id"].dropna().iloc[0]])
    assert "customers of the leads has a profit other than zero, first ['C4'" in scoring_obstacle(leads, VALUES * 0)
    with pytest.raises(ValueError, match=r"None of the \d+ customers of the leads is in profit, first .* against \['X'\]"):
        prune_funnel(leads, pd.Series(-1.0, index=leads.index), pd.Series({"X": 1.0}), minute_rate=1.0)


def test_what_keeps_chances_from_being_learnt_is_said(many_leads):
    leads, _ = many_leads
    assert scoring_obstacle(leads) == ""
    assert scoring_obstacle(leads.head(40)).startswith("Of the earlier leads ")
    assert scoring_obstacle(leads[["created_on", "won_on"]]).startswith("The leads have no features")
    assert scoring_obstacle(LEADS) == "No lead is 90 days old; choose a shorter window or wait."
    assert scoring_obstacle(leads.assign(won_on=pd.NaT)).startswith("Of the earlier leads 0 were won")


def test_expected_value_by_hand(many_leads):
    leads, _ = many_leads
    scorer = LeadScorer().fit(leads)
    table = scorer.expected_value(leads.head(3), profit=1000.0, contact_cost=pd.Series([10.0, 20.0, 30.0]))
    assert table["expected_value"].tolist() == pytest.approx((scorer.predict(leads.head(3)) * 1000 - [10, 20, 30]).tolist())


def test_leads_without_a_profit_are_named(many_leads):
    leads, _ = many_leads
    with pytest.raises(ValueError, match=r"missing for 2 of 3 leads, first rows \[1, 2\]; pass an amount"):
        LeadScorer().fit(leads).expected_value(leads.head(3), pd.Series([5.0]), 1.0)


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
        (lambda: budget(COMPARED, -1), ValueError, "wanted is -1; give the customers"),
        (lambda: budget(COMPARED, np.nan), ValueError, "wanted is nan"),
        (lambda: LeadScorer("source").fit(LEADS, as_of="2025-01-01"), TypeError, "features is 'source'; give a list of columns"),
        (
            lambda: LeadScorer().fit(LEADS.assign(created_on=pd.Timestamp("2025-01-01")), as_of="2026-01-01"),
            ValueError,
            "4 of 8 leads were won before they were created",
        ),
        (
            lambda: prune_funnel(LEADS.assign(customer_id=None), pd.Series(1.0, index=LEADS.index), pd.Series(dtype=float), minute_rate=-1),
            ValueError,
            "minute_rate is -1; give the cost of a minute",
        ),
        (
            lambda: profit_of_alike(LEADS.assign(customer_id="a"), pd.Series([1.0, 2.0], index=["a", "a"])),
            ValueError,
            "1 of 1 customers stand in profit more than once",
        ),
        (lambda: budget(COMPARED, "25"), TypeError, "wanted is a str; give a number"),
        (lambda: budget(COMPARED, 1, periods=np.inf), ValueError, "periods is inf"),
        (lambda: budget(COMPARED, 1, revenue_per_customer=np.inf), ValueError, "revenue_per_customer is inf"),
        (lambda: budget(COMPARED.assign(cost="x"), 1), TypeError, "cost of compared is of type"),
        (lambda: budget(COMPARED.assign(spend=-1.0), 1), ValueError, "spend is missing or negative for 4 of 4 rows"),
        (lambda: budget(COMPARED.assign(cost=np.inf), 1), ValueError, "customers or cost is infinite for 4 of 4 rows"),
        (lambda: budget(COMPARED, 1, revenue_per_customer=0), ValueError, "revenue_per_customer is 0"),
        (lambda: budget(COMPARED, 1, periods=0), ValueError, "periods is 0, stretch 1.0"),
        (lambda: budget(COMPARED, 1, least_return=-1), ValueError, "least_return is -1"),
        (lambda: budget(COMPARED, 1, level=95), ValueError, "level is 95"),
        (lambda: budget(COMPARED.head(0), 1), ValueError, "no campaign to learn from"),
        (lambda: budget(COMPARED.drop(columns="known"), 1), ValueError, "compared lacks known"),
        (lambda: budget(CAMPAIGNS, 1), ValueError, "compared lacks customers, cost"),
        (
            lambda: budget(COMPARED.assign(cost=np.nan), 1),
            ValueError,
            r"customers or cost is missing or negative for 4 of 4 rows, first \['fair 24'",
        ),
        (lambda: capacity_check(CAPACITY.head(0), pd.Series({"desk": 1.0}), 1), ValueError, "no pool has a capacity; give pools"),
        (
            lambda: capacity_check(CAPACITY, pd.Series({"desk": 1.0}), 1, period="2026"),
            ValueError,
            "period is '2026'; the capacity is known",
        ),
        (
            lambda: capacity_check(CAPACITY, pd.Series({"bar": 1.0}), 1),
            ValueError,
            r"minutes name 1 pools without capacity, first \['bar'\]",
        ),
        (lambda: capacity_check(CAPACITY, pd.Series({"desk": -1.0}), 1), ValueError, "must be known and not negative"),
        (lambda: capacity_check(CAPACITY, {"desk": 1.0}, 1), TypeError, "minutes is a dict; give the minutes of one new customer"),
        (lambda: capacity_check(CAPACITY, pd.Series({"desk": 1.0}), "8"), TypeError, "prospects is '8', not a number"),
        (lambda: capacity_check(CAPACITY, pd.Series({"desk": 1.0}), np.inf), ValueError, "prospects is inf; give the number"),
        (
            lambda: capacity_check(CAPACITY, pd.DataFrame({"desk": [1.0]}, index=["x"]), pd.Series(dtype=float)),
            ValueError,
            "prospects names no kind of customer",
        ),
        (
            lambda: capacity_check(pd.concat([CAPACITY, CAPACITY]), pd.Series({"desk": 1.0}), 1),
            ValueError,
            r"2 of 4 pools have minutes below zero or stand twice",
        ),
        (
            lambda: capacity_check(CAPACITY.assign(used_minutes=np.nan), pd.Series({"desk": 1.0}), 1),
            ValueError,
            "used_minutes of capacity is missing",
        ),
        (lambda: capacity_check(CAPACITY, pd.Series({"desk": 1.0}), pd.Series({"x": 1})), TypeError, "prospects by kind"),
        (
            lambda: capacity_check(CAPACITY, pd.DataFrame({"desk": [1.0]}, index=["x"]), pd.Series({"x": 1, "y": 2})),
            ValueError,
            r"not known for 1 of 2 kinds of prospects, first \['y'\]",
        ),
        (lambda: minutes_per_customer(CAPACITY), TypeError, "allocation must be an Allocation, not DataFrame"),
        (lambda: profit_of_alike(LEADS.assign(customer_id="a"), pd.Series({"b": 1.0})), ValueError, "profit of 0 won leads is known"),
        (
            lambda: prune_funnel(LEADS.assign(customer_id=None), pd.Series([1.0]), pd.Series(dtype=float), minute_rate=1.0),
            ValueError,
            "expected_value is missing for 7 of 8 leads",
        ),
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
