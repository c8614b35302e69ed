"""Keep, repair or part, what parting costs, and what hangs on few: by hand-computed cases, edges and messages."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions
from custprof.datasets import load_demo, load_truth
from custprof.decisions.verdicts import loss_reasons
from custprof.profit import customer_pnl

PNL = pd.DataFrame(
    {
        "net_revenue": [500.0, 200.0, 100.0, 90.0, 0.0],
        "contribution": [200.0, 50.0, 10.0, -5.0, 0.0],
        "cost_to_serve": [80.0, 70.0, 60.0, 20.0, 15.0],
        "profit": [120.0, -20.0, -50.0, -25.0, -15.0],
        "avoidable_cost": [40.0, 30.0, 35.0, 10.0, 0.0],
        "avoidable_profit": [160.0, 20.0, -25.0, -15.0, 0.0],
    },
    index=pd.Index(["a", "b", "c", "d", "(unused capacity)"], name="customer_id"),
)


def periods(**profits):
    rows = [(customer, f"{2021 + place}") for customer, values in profits.items() for place in range(len(values))]
    values = [pair for values in profits.values() for pair in values]
    frame = pd.DataFrame(values, columns=["profit", "avoidable_profit"], dtype=float)
    return frame.set_index(pd.MultiIndex.from_tuples(rows, names=["customer_id", "period"]))


BY_PERIOD = periods(
    a=[(60, 80), (60, 80)],
    b=[(-15, 8), (-5, 12)],
    c=[(-20, -10), (-30, -15)],
    d=[(5, 10), (-30, -25)],
    e=[(0, 0), (-4, -3)],
)


def test_full_cost_keeps_avoidable_cost_repairs_and_only_the_rest_parts():
    advice = decisions.recommend(PNL)
    assert advice["action"].to_dict() == {"a": "keep", "b": "repair", "c": "part", "d": "part"}
    assert advice["to_break_even"].tolist() == [0.0, 20.0, 50.0, 25.0]
    assert advice["if_parted"].tolist() == [-160.0, -20.0, 25.0, 15.0]
    assert list(advice) == ["action", "ground", "reason", "profit", "avoidable_profit", "to_break_even", "if_parted"]
    assert advice["ground"].tolist() == ["pays its full cost", "pays its avoidable cost", *["loss, periods not looked at"] * 2]
    assert advice["reason"].tolist() == [
        "pays its full cost and leaves 120",
        "loses 20 at full cost, but still pays its avoidable cost and leaves 20: parting would lose that contribution",
        "loses 25 even at avoidable cost (periods not looked at: verify the loss first)",
        "loses 15 even at avoidable cost (periods not looked at: verify the loss first)",
    ]


def test_a_loss_in_one_period_is_repaired():
    advice = decisions.recommend(PNL, verified=decisions.verify_losses(BY_PERIOD))
    assert advice["action"].to_dict() == {"a": "keep", "b": "repair", "c": "part", "d": "repair"}
    assert advice.loc["d", "reason"] == (
        "loses 15 even at avoidable cost, but in 1 of 2 periods only: see whether it comes again, and mend its cause"
    )
    assert advice.loc["c", "reason"] == "loses 25 even at avoidable cost, in 2 of 2 periods"


def test_a_future_worth_something_or_unknown_is_repaired():
    advice = decisions.recommend(PNL, value=pd.Series({"a": -1.0, "c": 0.0}))
    assert advice["action"].to_dict() == {"a": "keep", "b": "repair", "c": "repair", "d": "repair"}
    assert advice.loc["c", "reason"] == "loses 25 even at avoidable cost; its lifetime value is not negative: 0.00"
    assert "lifetime value is not known" in advice.loc["d", "reason"]
    advice = decisions.recommend(PNL, value=pd.Series({"c": -80.0}), verified=decisions.verify_losses(BY_PERIOD))
    assert advice.loc["c", ["action", "ground", "reason"]].tolist() == [
        "part",
        "confirmed loss",
        "loses 25 even at avoidable cost, in 2 of 2 periods; its lifetime value is negative: -80",
    ]


def test_nobody_is_parted_with_where_avoidable_cost_is_not_known():
    advice = decisions.recommend(PNL[["profit"]])
    assert set(advice["action"]) == {"keep", "repair"}
    assert "parting cannot be judged" in advice.loc["c", "reason"]
    assert "if_parted" not in advice


def test_a_customer_not_verified_is_not_parted_with():
    verified = decisions.verify_losses(BY_PERIOD).drop("c")
    assert decisions.recommend(PNL, verified=verified).loc["c", ["action", "reason"]].tolist() == [
        "repair",
        "loses 25 even at avoidable cost, but that is not verified over periods: verify it first",
    ]


def test_a_loss_that_is_taken_out_as_a_one_off_is_told_beside_the_booked_one():
    verified = decisions.verify_losses(BY_PERIOD, one_offs=pd.Series({("c", "2021"): -60.0}))
    advice = decisions.recommend(PNL, verified=verified).loc["c"]
    assert advice[["action", "ground"]].tolist() == ["repair", "no loss"]
    assert advice["reason"] == (
        "loses 25 even at avoidable cost as booked, but as verified it leaves 10 over all periods,"
        " but made a loss at full cost in 1 of 2 periods"
    )


def test_recommend_mutates_nothing_and_says_what_is_wrong():
    kept = PNL.copy(deep=True)
    decisions.recommend(PNL, value=pd.Series({"c": -1.0}))
    pd.testing.assert_frame_equal(PNL, kept)
    with pytest.raises(TypeError, match="pnl is a Series"):
        decisions.recommend(PNL["profit"])
    with pytest.raises(ValueError, match="pnl lacks profit"):
        decisions.recommend(PNL[["net_revenue"]])
    with pytest.raises(ValueError, match="pnl is by period"):
        decisions.recommend(BY_PERIOD)
    with pytest.raises(ValueError, match=r"avoidable_profit is missing for 1 of 4 customers, first \['b'\]"):
        decisions.recommend(PNL.assign(avoidable_profit=[160.0, np.nan, -25.0, -15.0, 0.0]))


def test_verdicts_by_hand():
    found = decisions.verify_losses(BY_PERIOD)
    assert found["verdict"].to_dict() == {
        "a": "no loss",
        "b": "loss at full cost only",
        "c": "confirmed loss",
        "d": "loss in one period",
        "e": "loss in one period",
    }
    assert found.loc["e", ["periods", "loss_periods", "profit", "avoidable_profit"]].tolist() == [1, 1, -4.0, -3.0]
    assert found.loc["c", "reason"] == "loses 25 even at avoidable cost, in 2 of 2 periods"
    assert found.loc["e", "reason"] == ("loses 3.00 even at avoidable cost, but was there in one period only, so it could not repeat")
    assert found.loc["b", "reason"] == "loses 20 at full cost in 2 of 2 periods; after avoidable cost it still leaves 20"


def test_without_avoidable_cost_no_loss_is_confirmed():
    found = decisions.verify_losses(BY_PERIOD[["profit"]])
    assert "confirmed loss" not in set(found["verdict"])
    assert found.loc["c", "reason"].endswith("avoidable cost is not known")
    assert "avoidable_profit" not in found


def served(**amounts):
    """A profit and loss over three periods: (contribution, cost of one activity, bad debt) of every customer and period."""
    rows = [(customer, f"{2021 + place}", *cell) for customer, cells in amounts.items() for place, cell in enumerate(cells)]
    frame = pd.DataFrame(rows, columns=["customer_id", "period", "contribution", "call", "bad_debt"]).set_index(["customer_id", "period"])
    pnl = frame.astype(float).assign(net_revenue=lambda table: table["contribution"] + table["bad_debt"])
    pnl["cost_to_serve"] = pnl["call"]
    pnl["profit"] = pnl["contribution"] - pnl["call"]
    pnl["avoidable_cost"] = 0.5 * pnl["call"]
    pnl["avoidable_profit"] = pnl["contribution"] - pnl["avoidable_cost"]
    return pnl[["net_revenue", "bad_debt", "contribution", "call", "cost_to_serve", "profit", "avoidable_cost", "avoidable_profit"]]


SERVED = served(
    clear=[(10, 100, 0), (10, 100, 0), (10, 100, 0)],  # avoidable 150 against 30
    close=[(48, 100, 0), (48, 100, 0), (48, 100, 0)],  # avoidable 150 against 144
    owing=[(39, 80, 0), (39, 80, 0), (-50, 80, 95)],  # without the write-off of one year nothing is lost
    fine=[(90, 20, 0), (90, 20, 0), (90, 20, 0)],
)


def test_a_loss_must_stand_uncertain_rates_and_one_unusual_amount():
    found = decisions.verify_losses(SERVED)
    assert found["verdict"].to_dict() == {
        "clear": "confirmed loss",
        "close": "uncertain loss",
        "owing": "loss by one unusual amount",
        "fine": "no loss",
    }
    assert found.loc["clear", "reason"] == (
        "loses 120 even at avoidable cost, in 3 of 3 periods; with rates and work uncertain by 20 % that is 99 % likely"
    )
    assert found.loc["owing", "reason"] == (
        'loses 92 even at avoidable cost, in 3 of 3 periods, but not without the 95 more for "bad debt" in 2023 than in any other period'
    )
    percent = int(100 * found.loc["close", "avoidable_loss_probability"])
    assert f"but with rates and work uncertain by 20 % that is only {percent} % likely, and 90 % is asked" in found.loc["close", "reason"]
    assert 45 < percent < 75
    assert found.loc["close", "loss_probability"] > found.loc["close", "avoidable_loss_probability"]
    sure = decisions.verify_losses(SERVED, error=0.0)
    assert sure["avoidable_loss_probability"].isin([0.0, 1.0]).all() and sure.loc["close", "verdict"] == "confirmed loss"
    pd.testing.assert_frame_equal(found, decisions.verify_losses(SERVED.sample(frac=1, random_state=3)).loc[found.index])
    alone = decisions.verify_losses(SERVED.loc[["close"]])
    pd.testing.assert_frame_equal(alone, found.loc[["close"]])  # the others change nothing


def test_what_is_known_not_to_come_again_is_taken_out():
    once = pd.Series({("clear", "2022"): -400.0})
    assert decisions.verify_losses(SERVED, one_offs=once).loc["clear", ["profit", "verdict"]].tolist() == [130.0, "no loss"]
    with pytest.raises(ValueError, match=r"1 of 1 one_offs are not in pnl_by_period, first \[\('q', '2022'\)\]"):
        decisions.verify_losses(SERVED, one_offs=pd.Series({("q", "2022"): -4.0}))


def test_the_probability_of_a_loss_is_that_of_two_lognormal_errors():
    """With one activity both errors multiply to one lognormal, of twice the variance: the probability has a closed form."""
    from scipy.stats import norm

    costs = pd.DataFrame({"call": [80.0, 100.0, 130.0, 50.0, 0.0, 0.0]}, index=list("abcdef"))
    left = pd.Series([100.0, 100.0, 100.0, -10.0, 5.0, -5.0], index=list("abcdef"))
    found = decisions.loss_probability(costs, left - costs["call"], error=0.3, draws=40_000)
    width = np.sqrt(np.log1p(0.09))
    expected = norm.cdf((np.log([0.8, 1.0, 1.3]) - width**2) / (np.sqrt(2) * width))
    np.testing.assert_allclose(found[:3], expected, atol=0.004)
    assert found[3:].tolist() == [1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="error is -1; give the relative standard deviation"):
        decisions.loss_probability(costs, left, error=-1)
    with pytest.raises(ValueError, match=r"profit is missing for 1 of 6 customers, first \['a'\]"):
        decisions.loss_probability(costs, left.drop("a"))


def test_the_table_of_the_normal_distribution_changes_no_seventh_decimal():
    from scipy.stats import norm

    rng, width = np.random.default_rng(3), np.sqrt(np.log1p(0.04))
    cost, left = rng.lognormal(0, 1, (200, 2)), np.append(rng.lognormal(0, 1, 190), [1e-9] * 5 + [1e9] * 5)
    factors = np.exp(width * np.random.default_rng(0).standard_normal((2, 50)) - width**2 / 2)
    expected = norm.cdf((np.log(cost @ factors / left[:, None]) - width**2 / 2) / width).mean(axis=1)
    found = decisions.loss_probability(pd.DataFrame(cost, columns=["call", "visit"]), pd.Series(left - cost.sum(axis=1)), draws=50)
    np.testing.assert_allclose(found, expected, atol=5e-8)


def test_verify_messages():
    with pytest.raises(ValueError, match="not by customer_id and period"):
        decisions.verify_losses(PNL)
    with pytest.raises(ValueError, match="lacks profit"):
        decisions.verify_losses(BY_PERIOD[["avoidable_profit"]])


def test_dropping_shows_what_is_lost_saved_and_stranded():
    effect = decisions.drop_effect(PNL, ["b", "c"])
    assert effect.set_index("step")["amount"].to_dict() == {
        "profit_before": 10.0,
        "lost_contribution": -60.0,
        "avoided_cost": 65.0,
        "profit_after": 15.0,
        "stranded_cost": -65.0,
    }
    assert effect["kind"].tolist() == ["total", "step", "step", "total", "note"]
    drawn = effect.set_index("step")["amount"]
    assert drawn["profit_after"] - drawn["profit_before"] == decisions.recommend(PNL).loc[["b", "c"], "if_parted"].sum()


def test_dropping_nobody_changes_nothing_and_one_name_is_enough():
    assert decisions.drop_effect(PNL, [])["amount"].tolist() == [10.0, 0.0, 0.0, 10.0, 0.0]
    pd.testing.assert_frame_equal(decisions.drop_effect(PNL, "c"), decisions.drop_effect(PNL, ["c"]))


def test_drop_messages():
    with pytest.raises(ValueError, match="pnl lacks cost_to_serve, avoidable_cost; dropping needs an allocation"):
        decisions.drop_effect(PNL[["profit"]], ["a"])
    with pytest.raises(ValueError, match=r"1 of 2 customers are not in pnl, first \['q'\]"):
        decisions.drop_effect(PNL, ["a", "q"])
    with pytest.raises(ValueError, match=r"\['\(unused capacity\)'\] are no customers"):
        decisions.drop_effect(PNL, ["(unused capacity)"])
    with pytest.raises(ValueError, match=r"1 of 1 customers stand in customers more than once, first \['a'\]; name each once"):
        decisions.drop_effect(PNL, ["a", "a"])


def test_concentration_by_hand_and_on_what_it_stands():
    revenue = PNL["net_revenue"].drop("(unused capacity)")
    found = decisions.concentration(revenue)
    assert found["basis"] == "net revenue" and found["left_out"] == 0
    assert found["herfindahl"] == pytest.approx((500**2 + 200**2 + 100**2 + 90**2) / 890**2)
    assert found["equal_customers"] == pytest.approx(1 / found["herfindahl"])
    assert found["largest"] == "a" and found["ten_largest_share"] == pytest.approx(1.0)
    contribution = decisions.concentration(PNL["contribution"].drop("(unused capacity)"))
    assert contribution["basis"] == "positive contribution (1 of 4 customers at zero or below left out)"
    assert contribution["total"] == 260.0


def test_equal_customers_are_as_many_as_they_are():
    assert decisions.concentration(pd.Series(5.0, index=list("abcd")))["equal_customers"] == pytest.approx(4)
    assert decisions.concentration(pd.Series({"a": 5.0}))["herfindahl"] == 1.0


def test_concentration_messages():
    with pytest.raises(TypeError, match="values is a list"):
        decisions.concentration([1.0])
    with pytest.raises(ValueError, match=r"rows that are no customer: \['\(unused capacity\)'\]"):
        decisions.concentration(PNL["net_revenue"])
    with pytest.raises(ValueError, match="none of the 1 customers has a positive amount"):
        decisions.concentration(pd.Series({"a": -1.0}))
    with pytest.raises(ValueError, match=r"values are missing for 1 of 2 customers, first \['b'\]"):
        decisions.concentration(pd.Series({"a": 1.0, "b": np.nan}))


def test_manager_risk_counts_profit_that_may_follow_and_nobody_is_lost():
    people = pd.DataFrame({"customer_id": ["d", "a", "b", "q"], "account_manager": ["Bea", "Ann", "Ann", "Cid"]})
    risk = decisions.manager_risk(PNL, people)
    assert risk.index.tolist() == ["Ann", "(no account manager)", "Bea"]
    assert risk.loc["Ann", ["customers", "net_revenue", "profit", "profit_at_risk", "share_at_risk"]].tolist() == [
        2,
        700.0,
        100.0,
        120.0,
        1.0,
    ]
    assert risk.loc["Ann", "largest_customer"] == "a" and risk.loc["Ann", "largest_share"] == 1.0
    assert np.isnan(risk.loc["Bea", "largest_share"]) and pd.isna(risk.loc["Bea", "largest_customer"])
    assert risk.loc["Ann", ["loss_makers", "losses", "half_of_it"]].tolist() == [1, -20.0, 1]
    assert risk.loc["Bea", ["loss_makers", "losses", "half_of_it"]].tolist() == [1, -25.0, 0]
    assert (risk["profit_at_risk"] + risk["losses"] - risk["profit"]).abs().max() == 0
    assert risk["profit"].sum() == PNL["profit"].drop("(unused capacity)").sum()


def test_manager_messages():
    with pytest.raises(ValueError, match="customers lack account_manager"):
        decisions.manager_risk(PNL, pd.DataFrame({"customer_id": ["a"]}))
    with pytest.raises(ValueError, match=r"1 of \d customers stand in customers more than once, first \['a'\]"):
        decisions.manager_risk(PNL, pd.DataFrame({"customer_id": ["a", "a"], "account_manager": ["Ann", "Bea"]}))
    with pytest.raises(ValueError, match=r"profit is missing for 1 of 4 customers, first \['b'\]"):
        decisions.manager_risk(PNL.assign(profit=[1.0, np.nan, 1.0, 1.0, 1.0]), pd.DataFrame({"account_manager": ["Ann"]}, index=["a"]))
    with pytest.raises(ValueError, match="pnl is by period; give one row per customer"):
        decisions.manager_risk(BY_PERIOD, pd.DataFrame({"account_manager": ["Ann"]}, index=["a"]))
    with pytest.raises(ValueError, match="pnl lacks profit"):
        decisions.manager_risk(PNL[["net_revenue"]], pd.DataFrame({"account_manager": ["Ann"]}, index=["a"]))


def test_half_of_the_profit_of_a_manager_hangs_on_so_many():
    pnl = pd.DataFrame({"profit": [50.0, 30.0, 30.0, 30.0, -5.0]}, index=list("abcde"))
    people = pd.DataFrame({"account_manager": ["Ann"] * 5}, index=list("abcde"))
    assert decisions.manager_risk(pnl, people).loc["Ann", ["half_of_it", "largest_customer"]].tolist() == [2, "a"]
    everyone_loses = decisions.manager_risk(-pnl.abs(), people).loc["Ann"]
    assert everyone_loses["profit_at_risk"] == 0 and everyone_loses["half_of_it"] == 0 and np.isnan(everyone_loses["share_at_risk"])
    single = decisions.manager_risk(pnl.loc[["a"]], people).loc["Ann"]
    assert single[["customers", "half_of_it", "largest_share"]].tolist() == [1, 1, 1.0]


def test_net_promoter_score_with_the_interval_of_rocks_2016():
    """Three answers are added, three quarters of one to each end: n 7, p+ 2.75/7, p- 1.75/7."""
    answers = pd.DataFrame({"customer_id": list("abcd"), "date": pd.Timestamp("2025-05-01"), "score": [10, 9, 7, 3]})
    found = decisions.net_promoter_score(answers).loc["all"]
    up, down = 2.75 / 7, 1.75 / 7
    half = 1.959963984540054 * np.sqrt((up + down - (up - down) ** 2) / 7)
    assert found["score"] == 0.25
    assert [found["low"], found["high"]] == pytest.approx([up - down - half, up - down + half])


def test_only_the_latest_answer_of_a_customer_counts():
    answers = pd.DataFrame({"customer_id": ["a", "a"], "date": pd.to_datetime(["2025-05-01", "2024-05-01"]), "score": [2, 10], "kind": "x"})
    found = decisions.net_promoter_score(answers, by="kind")
    assert found.loc["x", "score"] == -1.0 and found.loc["x", "answers"] == 1


def test_net_promoter_messages():
    answers = pd.DataFrame({"customer_id": ["a"], "date": pd.Timestamp("2025-05-01"), "score": [11]})
    with pytest.raises(ValueError, match=r"1 of 1 scores are not between 0 and 10, first of \['a'\]"):
        decisions.net_promoter_score(answers)
    with pytest.raises(ValueError, match="ratings lacks score; it has"):
        decisions.net_promoter_score(answers.drop(columns="score"))


def test_where_costs_are_not_known_nothing_is_called_a_loss_at_full_cost():
    rows = pd.MultiIndex.from_product([["a", "b"], ["2023", "2024"]], names=["customer_id", "period"])
    by_period = pd.DataFrame({"net_revenue": [5.0, -9.0, 3.0, 4.0], "profit": [5.0, -9.0, 3.0, 4.0]}, index=rows)
    verified = decisions.verify_losses(by_period)
    assert verified["verdict"].tolist() == ["loss, avoidable cost not known", "no loss"]
    assert verified.loc["a", "reason"] == "has a net revenue of -4.00, below zero in 1 of 2 periods; avoidable cost is not known"
    advice = decisions.recommend(by_period.groupby(level=0).sum(), verified=verified)
    assert advice["action"].tolist() == ["repair", "keep"]
    assert advice["reason"].tolist() == [
        "has a net revenue of -4.00: more was returned than bought in this time, so look at the returns first",
        "has a net revenue of 7.00; further cost is not known",
    ]


def test_who_has_most_likely_left_is_not_parted_with():
    pnl = pd.DataFrame({"profit": [50.0, -7.0, -9.0], "avoidable_profit": [60.0, -1.0, -2.0]}, index=["a", "b", "c"])
    advice = decisions.recommend(pnl, p_alive=pd.Series({"a": 0.02, "b": 0.99, "c": 0.05}))
    assert advice["action"].tolist() == ["gone", "part", "gone"]
    assert advice.loc["c", ["to_break_even", "if_parted"]].tolist() == [0.0, 0.0]
    assert advice.loc["b", ["to_break_even", "if_parted"]].tolist() == [7.0, 1.0]
    assert decisions.recommend(pnl, p_alive=pd.Series({"b": 0.02}))["action"].tolist() == ["keep", "gone", "part"]


def shop(**special):
    """Forty customers who buy for 1,000 at 4 to 6 % discount, 1 % returns, half of the net revenue for goods; some are special."""
    ids = pd.Index([f"c{place:02d}" for place in range(40)], name="customer_id")
    rows = pd.DataFrame(
        {"list_revenue": 1000.0, "discounts": np.tile([40.0, 50.0, 60.0, 50.0], 10), "returns": 10.0, "bonus": 5.0}, index=ids
    )
    for customer, values in special.items():
        rows.loc[customer, list(values)] = list(values.values())
    rows["invoice_revenue"] = rows["list_revenue"] - rows["discounts"]
    rows["net_revenue"] = rows["invoice_revenue"] - rows["returns"]
    rows["gross_margin"] = rows["contribution"] = rows["net_revenue"] / 2
    return rows.assign(profit=(rows["contribution"] - 380.0 - rows["bonus"]).round(2))


def test_leaks_are_far_from_peers_of_equal_volume_and_ranked_by_money():
    found = decisions.leakage(shop(c07={"discounts": 250.0}, c11={"returns": 200.0}, c20={"discounts": 80.0}), also=["bonus"])
    assert found.index.tolist() == [("c07", "discounts"), ("c11", "returns"), ("c20", "discounts")]
    row = found.loc[("c07", "discounts")]
    assert row[["amount", "actual_rate", "allowed_rate", "against", "taken"]].tolist() == [200.0, 0.25, 0.05, "peers", 250.0]
    assert row["share_of_margin"] == pytest.approx(250 / (370 + 250)) and row["turns_loss"]  # 370 - 385 = -15 today, 185 without
    assert row["reason"] == "discounts of 25.0 % of list revenue; peers of equal volume have 5.0 %"
    back = found.loc[("c11", "returns")]  # goods come back: half of the revenue above the usual 10 of 950
    assert back["amount"] == round((200 / back_of("c11") - 10 / 950) * back_of("c11") / 2, 2)


def back_of(customer):
    return shop().loc[customer, "invoice_revenue"]


def test_a_policy_holds_by_volume_and_the_larger_gap_counts():
    rows = shop(c07={"discounts": 250.0}, c01={"list_revenue": 5000.0, "discounts": 500.0})
    steps = pd.Series([0.055, 0.10], index=[0.0, 5000.0])
    found = decisions.leakage(rows, policy=steps).xs("discounts", level="leak")
    assert "c01" not in found.index  # 10 % is allowed from 5,000 on
    assert (
        set(found["against"]) == {"policy", "peers"} and found.loc["c07", "against"] == "peers"
    )  # 20 points from peers, 19.5 from the policy
    assert found.loc["c02", ["amount", "allowed_rate"]].tolist() == [5.0, 0.055] and len(found) == 11
    assert found.loc["c02", "reason"] == "discounts of 6.0 % of list revenue; the policy allows 5.5 %"


def test_few_customers_have_no_peers_and_what_is_not_known_cannot_leak():
    few = shop(c03={"discounts": 400.0}).head(8)
    assert decisions.leakage(few).empty and decisions.leakage(few).columns.tolist()[0] == "amount"
    assert decisions.leakage(few, policy=0.3).index.tolist() == [("c03", "discounts")]
    assert decisions.leakage(shop().head(1)[["net_revenue", "profit"]]).empty
    none_sold = shop().assign(list_revenue=0.0, invoice_revenue=0.0, net_revenue=0.0)
    assert decisions.leakage(none_sold, policy=0.0).empty


def test_leaks_depend_neither_on_order_nor_on_ids():
    rows = shop(c07={"discounts": 250.0}, c11={"returns": 200.0})
    found = decisions.leakage(rows)
    pd.testing.assert_frame_equal(decisions.leakage(rows.sample(frac=1, random_state=1)), found)
    renamed = rows.rename(index=lambda name: f"z{99 - int(name[1:])}")
    assert decisions.leakage(renamed)["amount"].tolist() == found["amount"].tolist()


def test_leakage_messages():
    with pytest.raises(ValueError, match=r"pnl lacks loyalty; it has list_revenue"):
        decisions.leakage(shop(), also=["loyalty"])
    with pytest.raises(ValueError, match="policy holds 15; a discount is a fraction between 0 and 1"):
        decisions.leakage(shop(), policy=15)
    with pytest.raises(ValueError, match="pnl is by period; give one row per customer"):
        decisions.leakage(BY_PERIOD)


def test_leaks_of_the_demo_are_those_of_its_bargain_hunters():
    """The simulation draws discounts of 28 % for bargain hunters and 33.5 % for costly giants, 4 to 13 % for all others."""
    study, types = load_demo(), load_truth()["customers"].set_index("customer_id")["type"]
    found = decisions.leakage(customer_pnl(study.customer_facts())).xs("discounts", level="leak")
    true = types[types.isin(["bargain hunter", "costly giant"])].index
    assert found.index.isin(true).mean() > 0.95 and true.isin(found.index).mean() > 0.65


def test_the_figure_of_verdicts_shows_the_losses_of_each():
    from matplotlib import pyplot as plt

    from custprof import plots

    found = decisions.verify_losses(SERVED)
    ax = plots.verify_losses(found, currency="EUR")
    lost = found[found["profit"] < 0].groupby("verdict")["profit"].sum().sort_values()
    assert [bar.get_width() for bar in ax.patches] == lost.tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == lost.index.tolist()
    assert ax.get_xlabel() == "profit of the customers who lose (EUR)"
    assert not plots.verify_losses(found[found["profit"] > 0]).patches
    plt.close("all")


def test_no_draw_of_rates_makes_a_loss_more_than_almost_certain():
    found = pd.DataFrame({"verdict": "confirmed loss", "profit": -50.0, "avoidable_profit": -25.0, "periods": 2, "loss_periods": 2,
                          "avoidable_loss_periods": 2, "avoidable_loss_probability": [1.0, 0.9999]})  # fmt: skip
    said = loss_reasons(found, what="profit", error=0.2, certainty=0.9)
    assert [reason.rsplit("that is ")[1] for reason in said] == ["almost certain", "99 % likely"]
