"""Which time is freed, and what it would have to earn elsewhere: by hand-computed cases, edges and messages."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions
from custprof.costing import CostModel, allocate

MODEL = CostModel.from_dict(
    {
        "pools": {
            "service": {"accounts": ["6100"], "capacity_minutes": 1000},
            "sales": {"accounts": ["6200"], "capacity_minutes": 500},
            "desk": {"accounts": ["6300"]},
        },
        "activities": {
            "call": {"pool": "service", "level": "customer", "minutes": 1},
            "pack": {"pool": "service", "level": "order", "minutes": 1},
            "visit": {"pool": "sales", "level": "customer", "minutes": 1},
            "remind": {"pool": "desk", "level": "customer", "driver": "rows"},
        },
    }
)
LEDGER = pd.DataFrame(
    {"line_id": ["1", "2", "3"], "account": ["6100", "6200", "6300"], "amount": [1000.0, 1000.0, 90.0], "avoidable": [0.4, 0.75, 1.0]}
)
DRIVERS = pd.DataFrame(
    [
        ("call", "loser", 200), ("call", "good", 100), ("call", "best", 100),
        ("visit", "loser", 100), ("visit", "best", 200),
        ("pack", "loser", 300), ("pack", "good", 100),
        ("remind", "loser", 3), ("remind", "idle", 6),
    ],
    columns=["activity", "customer_id", "quantity"],
)  # fmt: skip
PNL = pd.DataFrame(
    {"profit": [-300.0, 250.0, 750.0, -5.0, -1000.0]},
    index=pd.Index(["loser", "good", "best", "idle", "(unused capacity)"], name="customer_id"),
)
NOW = allocate(MODEL, LEDGER, DRIVERS)


def test_minutes_and_their_cost_by_activity_part_into_what_ends_and_what_stays():
    freed = decisions.freed_time(PNL, NOW, ["loser"])
    assert freed["pool"].to_dict() == {"call": "service", "visit": "sales"}  # packing goes with the orders, reminders are no time
    assert freed.loc["call"].tolist()[1:] == [200.0, 200.0, 80.0, 120.0]  # 200 minutes at 1, of which 40 % is avoidable
    assert freed.loc["visit"].tolist()[1:] == [100.0, 200.0, 150.0, 50.0]  # 100 minutes at 2, of which 75 %
    half = decisions.freed_time(PNL, NOW, "loser", share=0.5, activities=["pack", "visit"])
    assert half.loc["pack"].tolist()[1:] == [150.0, 150.0, 60.0, 90.0] and half.loc["visit", "minutes"] == 50.0


def test_every_minute_and_cent_that_is_freed_is_given():
    freed, given = decisions.freed_time(PNL, NOW, "loser"), decisions.redeploy(PNL, NOW, "loser")
    assert given.index.tolist() == ["best", "good"]
    assert given["minutes"].tolist() == [225.0, 75.0] and given["minutes"].sum() == freed["minutes"].sum()
    assert given["cost"].tolist() == [300.0, 100.0] and given["given_up"].tolist() == [172.5, 57.5]


def test_the_rise_from_which_it_pays_and_the_gain_of_a_stated_response():
    given = decisions.redeploy(PNL, NOW, "loser", elasticity=0.5)
    assert given["to_pay_back"].tolist() == [0.23, 0.23] and given["to_carry_cost"].tolist() == [0.4, 0.4]
    more = 300 / 400  # 300 minutes to those who get 400 calls and visits today
    assert given["gain"].tolist() == pytest.approx([750 * (1 + more) ** 0.5 - 750 - 172.5, 250 * (1 + more) ** 0.5 - 250 - 57.5])
    assert given["elasticity_to_pay"].iloc[0] == pytest.approx(np.log(1.23) / np.log(1.75))
    at_even = decisions.redeploy(PNL, NOW, "loser", elasticity=float(given["elasticity_to_pay"].iloc[0]))
    assert at_even["gain"].sum() == pytest.approx(0, abs=1e-9)
    assert "gain" not in decisions.redeploy(PNL, NOW, "loser")


def test_time_follows_profit_times_potential_as_the_plan_of_care_has_it():
    potential = pd.Series({"good": 0.9, "best": 0.1, "idle": 1.0, "loser": 1.0})
    given = decisions.redeploy(PNL, NOW, "loser", potential=potential)
    assert given["expected_profit"].to_dict() == {"good": 225.0, "best": 75.0}
    plan = decisions.effort_plan(PNL.drop(index="loser").assign(potential=potential), minutes=300)
    assert given["minutes"].to_dict() == plan.loc[["good", "best"], "minutes"].to_dict()
    assert given["to_pay_back"].iloc[0] == 230 / 300


def test_the_gain_is_what_dropping_takes_as_freed_income():
    """Dropping saves the avoidable cost; giving the time on keeps it: the two together count every amount once."""
    pnl = pd.DataFrame({"cost_to_serve": [700.0, 0.0], "avoidable_cost": [350.0, 0.0], "profit": [-300.0, 1000.0]}, index=["loser", "best"])
    given = decisions.redeploy(pnl, NOW, "loser", elasticity=0.5)
    effect = decisions.drop_effect(pnl, "loser", freed_income=given["gain"].sum()).set_index("step")["amount"]
    risen = 1000 * (1 + 300 / 300) ** 0.5 - 1000
    assert effect["profit_after"] == pytest.approx(700 - 400 + 350 + risen - 230)  # of what is saved, the cost of the time is not


def test_nothing_is_mutated_and_order_changes_nothing():
    kept, before = PNL.copy(deep=True), NOW.customers()
    found = decisions.redeploy(PNL, NOW, ["loser", "idle"])
    pd.testing.assert_frame_equal(decisions.redeploy(PNL.iloc[::-1], NOW, ["idle", "loser"]), found)
    pd.testing.assert_frame_equal(PNL, kept)
    pd.testing.assert_frame_equal(NOW.customers(), before)


def test_messages():
    with pytest.raises(ValueError, match=r"1 of 1 customers are not in pnl, first \['x'\]; check their ids"):
        decisions.freed_time(PNL, NOW, "x")
    with pytest.raises(ValueError, match="are no customers; their cost does not go with anybody"):
        decisions.freed_time(PNL, NOW, ["(unused capacity)"])
    with pytest.raises(ValueError, match=r"customers stand in customers more than once"):
        decisions.redeploy(PNL, NOW, ["loser", "loser"])
    with pytest.raises(ValueError, match=r"\['remind'\] are no time-driven activities of the cost model; it has call, pack, visit"):
        decisions.freed_time(PNL, NOW, "loser", activities=["remind"])
    with pytest.raises(ValueError, match=r"share is 1.5; give the part of their time"):
        decisions.freed_time(PNL, NOW, "loser", share=1.5)
    with pytest.raises(ValueError, match="no time is freed: the customers take none in these activities"):
        decisions.redeploy(PNL, NOW, "idle")
    with pytest.raises(ValueError, match="elasticity is 2; give a response between 0 and 1"):
        decisions.redeploy(PNL, NOW, "loser", elasticity=2)
    with pytest.raises(ValueError, match="those who would receive the time get none of it today"):
        decisions.redeploy(PNL.drop(index="best"), NOW, "loser", activities=["visit"], elasticity=0.1)
    with pytest.raises(ValueError, match="there is nobody to plan care for"):
        decisions.redeploy(PNL.drop(index=["best", "good"]), NOW, "loser")
    with pytest.raises(ValueError, match=r"potential is missing for 2 of 3 customers, first \['good', 'idle'\]"):
        decisions.redeploy(PNL, NOW, "loser", potential=pd.Series({"best": 1.0}))
    with pytest.raises(TypeError, match=r"allocation is a DataFrame; give what costing.allocate returned"):
        decisions.freed_time(PNL, PNL, "loser")
