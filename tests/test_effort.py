"""Time and rewards by profit and potential, beside gifts at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof.decisions import compare_rewards, effort_plan


@pytest.fixture
def customers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "profit": [600.0, 200.0, 200.0, 0.0, -500.0],
            "potential": [1.0, 0.5, 1.0, 1.0, 1.0],
            "minutes": [10.0, 20.0, 30.0, 40.0, 100.0],
            "segment": ["x", "x", "y", "y", "z"],
        },
        index=list("abcde"),
    )


def test_a_plan_by_hand(customers):
    plan = effort_plan(customers, budget=100, rewarded=0.4)
    assert plan["share"].tolist() == pytest.approx([6 / 9, 1 / 9, 2 / 9, 0, 0])
    assert plan["minutes"].tolist() == pytest.approx([200 * share for share in plan["share"]])
    assert plan["minutes_change"].sum() == pytest.approx(0)
    assert plan["reward"].tolist() == [75.0, 0, 25.0, 0, 0]
    assert plan["reward_at_random"].tolist() == [20.0] * 5
    assert plan["to_pay_back"].iloc[[0, 2]].tolist() == [0.125, 0.125]  # the same for all who are rewarded alike
    assert plan["to_pay_back"].isna().tolist() == [False, True, False, True, True]


def test_the_plan_by_segment_is_the_sum_of_its_customers(customers):
    plan, by = effort_plan(customers, minutes=90, budget=100), effort_plan(customers, minutes=90, budget=100, by="segment")
    assert by["customers"].tolist() == [2, 2, 1]
    for column in ("profit", "share", "minutes", "minutes_now", "reward", "reward_at_random"):
        assert by[column].tolist() == pytest.approx(plan[column].groupby(customers["segment"]).sum().tolist())
    assert by.loc["x", "to_pay_back"] == pytest.approx(100 / 600)


def test_time_is_planned_only_where_it_is_known_or_given(customers):
    assert "minutes" not in effort_plan(customers[["profit"]])
    plan = effort_plan(customers[["profit"]], minutes=50)
    assert plan["minutes"].sum() == pytest.approx(50) and "minutes_now" not in plan


def test_equal_customers_are_rewarded_together():
    plan = effort_plan(pd.DataFrame({"profit": [10.0] * 9 + [1.0]}), budget=9, rewarded=0.1)
    assert plan["reward"].tolist() == [1.0] * 9 + [0.0]


def test_repeating_the_plan_finds_the_best_one():
    """Albers (1998): with profit = a x time^e the rule, applied again to the profit it brings, ends at the optimum a^(1 / (1 - e))."""
    a, elasticity = np.array([1.0, 2.0, 5.0]), 0.4
    time = np.full(3, 20.0)
    for _ in range(60):
        time = effort_plan(pd.DataFrame({"profit": a * time**elasticity}), minutes=60)["minutes"].to_numpy()
    best = a ** (1 / (1 - elasticity))
    assert time == pytest.approx(60 * best / best.sum())
    assert elasticity * a * time ** (elasticity - 1) == pytest.approx(np.full(3, elasticity * a[0] * time[0] ** (elasticity - 1)))


def test_gifts_at_random_are_as_simulated(customers):
    rng = np.random.default_rng(0)
    many = pd.DataFrame({"profit": rng.normal(20, 100, 400)})
    table = compare_rewards(effort_plan(many, budget=1000, rewarded=0.1))
    assert table.loc["planned", ["to_losers", "to_losers_low", "to_losers_high"]].tolist() == [0, 0, 0]
    profit = many["profit"].to_numpy()
    drawn = [rng.choice(profit, 40, replace=False) for _ in range(4000)]
    to_losers = np.array([1000 * (one < 0).mean() for one in drawn])
    random = table.loc["at random"]
    assert random["to_losers"] == pytest.approx(to_losers.mean(), rel=0.02)
    assert np.quantile(to_losers, [0.025, 0.975]) == pytest.approx(random[["to_losers_low", "to_losers_high"]].to_numpy(float), abs=26)
    assert random["profit_reached"] == pytest.approx(np.mean([one.sum() for one in drawn]), rel=0.05)
    assert table.loc["planned", "to_pay_back"] < random["to_pay_back"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 1), st.integers(1, 10**6))
def test_budget_and_time_land_in_full_whatever_the_order_or_the_currency(seed, rewarded, cents):
    rng = np.random.default_rng(seed)
    customers = pd.DataFrame(
        {"profit": rng.normal(1, 50, 40).round(2), "potential": rng.uniform(0, 2, 40), "minutes": rng.exponential(9, 40)}
    )
    customers.loc[0, ["profit", "potential"]] = 5.0, 1.0
    before = customers.copy()
    plan = effort_plan(customers, budget=cents / 100, rewarded=rewarded)
    assert round(plan["reward"].sum() * 100) == cents
    assert plan["minutes"].sum() == pytest.approx(customers["minutes"].sum())
    assert (plan.loc[customers["profit"] <= 0, ["share", "reward"]] == 0).all().all()
    pd.testing.assert_frame_equal(
        effort_plan(customers.sample(frac=1, random_state=1), budget=cents / 100, rewarded=rewarded).loc[plan.index], plan
    )
    dearer = effort_plan(customers.assign(profit=customers["profit"] * 25), minutes=1)
    pd.testing.assert_series_equal(dearer["share"], plan["share"])
    pd.testing.assert_frame_equal(customers, before)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"profit": np.nan}, {}, r"profit is missing for 5 of 5 customers, first \['a', 'b', 'c'\]; fill or drop them"),
        ({"potential": -1.0}, {}, "potential is missing, infinite or negative for 5 of 5"),
        ({"minutes": -1.0}, {}, "minutes is missing, infinite or negative"),
        ({"profit": -1.0}, {}, "none of the 5 customers has a profit and a potential above zero"),
        ({}, {"budget": -1}, "budget -1 and rewarded 0.1; give none below zero"),
        ({}, {"rewarded": 0}, "rewarded 0; give none below zero, and a share"),
        ({}, {"minutes": -5}, "minutes is -5"),
    ],
)
def test_what_cannot_be_planned_is_refused(customers, change, options, message):
    with pytest.raises(ValueError, match=message):
        effort_plan(customers.assign(**change), **options)


def test_other_wrong_input_is_refused(customers):
    with pytest.raises(ValueError, match="customers lacks profit"):
        effort_plan(customers[["potential"]])
    with pytest.raises(ValueError, match=r"1 of \d customers stand in customers more than once, first \['a'\]"):
        effort_plan(pd.concat([customers, customers.iloc[:1]]))
    with pytest.raises(ValueError, match="the plan holds no rewards; give effort_plan a budget"):
        compare_rewards(effort_plan(customers))
    with pytest.raises(ValueError, match="leave out by"):
        compare_rewards(effort_plan(customers, budget=5, by="segment"))
