"""Which price or fee makes a customer pay its way: by hand-computed cases, edges and messages."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions

PNL = pd.DataFrame(
    {
        "net_revenue": [1000.0, 1000.0, 1000.0, 200.0, -50.0, 0.0],
        "commission": [100.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "profit": [120.0, -90.0, -45.0, -60.0, -80.0, -500.0],
        "avoidable_profit": [300.0, 210.0, -20.0, -70.0, -60.0, 0.0],
    },
    index=pd.Index(["a", "b", "c", "d", "e", "(unused capacity)"], name="customer_id"),
)


def test_orders_below_zero_are_refused():
    with pytest.raises(ValueError, match="orders are -2 for 'b'; give counts of zero or more"):
        decisions.reprice(PNL, orders=pd.Series({"a": 3, "b": -2, "c": 0, "d": 1, "e": 1}))


def test_the_rise_to_break_even_and_the_loss_of_volume_that_undoes_it():
    found = decisions.reprice(PNL)
    assert found.index.tolist() == ["a", "b", "c", "d", "e"]
    assert found["needed_rise"].tolist()[:4] == [0.0, 0.09, 0.045, 0.3] and np.isnan(found.loc["e", "needed_rise"])
    assert found["brings"].tolist() == [0.0, 90.0, 45.0, 60.0, 0.0]
    assert found["fee"].tolist() == [0.0, 0.0, 0.0, 0.0, 80.0]
    assert found["way"].tolist() == ["nothing", "price", "price", "price", "fee or effort"]
    # b: 90 / (210 + 90); c: without volume 20 are saved, at the new price 25 are lost: all of it may nearly go; d: even then it loses
    assert found["break_even_loss"].tolist()[1:4] == [0.3, 1.0, 1.0]
    assert found["break_even_loss"].isna().tolist() == [True, False, False, False, True]


def test_at_the_break_even_loss_the_company_is_where_it_was():
    row = decisions.reprice(PNL).loc["b"]
    left = 1 - row["break_even_loss"]
    assert left * (PNL.loc["b", "avoidable_profit"] + row["brings"]) == pytest.approx(PNL.loc["b", "avoidable_profit"])


def test_the_highest_rise_leaves_the_rest_to_a_fee_for_each_order():
    orders = pd.Series([10, 5, 3, 0, 2], index=list("abcde"))
    found = decisions.reprice(PNL, highest_rise=0.06, orders=orders)
    assert found["rise"].tolist() == [0.0, 0.06, 0.045, 0.06, 0.0]
    assert found["brings"].tolist() == [0.0, 60.0, 45.0, 12.0, 0.0]
    assert found["fee"].tolist() == [0.0, 30.0, 0.0, 48.0, 80.0]
    assert found["fee_per_order"].tolist()[:3] == [0.0, 6.0, 0.0]
    assert np.isnan(found.loc["d", "fee_per_order"]) and found.loc["e", "fee_per_order"] == 40.0
    assert found["way"].tolist() == ["nothing", "price and fee or effort", "price", "price and fee or effort", "fee or effort"]
    assert decisions.reprice(PNL, highest_rise=0)["way"].tolist() == ["nothing", *["fee or effort"] * 4]


def test_a_target_margin_counts_the_revenue_that_the_rise_and_the_fee_bring():
    found = decisions.reprice(PNL, target_margin=0.2, rising="commission")
    # a: 120 + p (1000 - 100) = 0.2 * 1000 (1 + p), so p = 80 / 700; b: -90 + 1000 p = 200 (1 + p), so p = 290 / 800
    assert found.loc["a", "needed_rise"] == pytest.approx(80 / 700)
    assert found.loc["a", "brings"] == pytest.approx(900 * 80 / 700)
    assert found.loc["b", "needed_rise"] == pytest.approx(290 / 800)
    by_fee = decisions.reprice(PNL, target_margin=0.2, highest_rise=0).loc["b"]
    assert by_fee["fee"] == 362.5  # (-90 + 362.5) / (1000 + 362.5) = 0.2


def test_costs_that_rise_with_the_price_ask_for_more():
    losing = PNL.loc[["a"]].assign(profit=-90.0)
    assert decisions.reprice(losing, rising=["commission"]).loc["a", ["needed_rise", "brings"]].tolist() == [0.1, 90.0]
    all_commission = losing.assign(commission=1000.0)
    found = decisions.reprice(all_commission, rising=["commission"]).loc["a"]
    assert np.isnan(found["needed_rise"]) and found[["rise", "fee", "way"]].tolist() == [0.0, 90.0, "fee or effort"]


def test_an_effect_on_volume_is_worked_out_only_when_an_elasticity_is_stated():
    assert "profit_change" not in decisions.reprice(PNL)
    found = decisions.reprice(PNL, elasticity=-1.5)["profit_change"]
    assert found["a"] == 0.0
    assert found["b"] == pytest.approx(1.09**-1.5 * 300 - 210)
    assert found["d"] == pytest.approx(1.3**-1.5 * -10 + 70)  # less volume of one who still loses: better by the rise and by what goes
    own = decisions.reprice(PNL, elasticity=pd.Series({"a": 0, "b": 0, "c": -9, "d": -1, "e": -1}))["profit_change"]
    assert own["b"] == 90.0 and own["c"] == pytest.approx(1.045**-9 * 25 + 20)


def test_an_elasticity_at_the_break_even_loss_changes_nothing():
    row = decisions.reprice(PNL).loc["b"]
    answer = np.log(1 - row["break_even_loss"]) / np.log(1 + row["rise"])
    assert decisions.reprice(PNL, elasticity=float(answer)).loc["b", "profit_change"] == pytest.approx(0, abs=1e-9)


def test_profit_at_full_cost_would_allow_another_loss_than_avoidable_profit():
    """The trap: cost that stays is not saved by volume that goes."""
    pnl = pd.DataFrame({"net_revenue": [440.0], "profit": [7.0], "avoidable_profit": [45.0]}, index=["Slicer"])
    rise = decisions.reprice(pnl, target_margin=0.9, highest_rise=0.1)
    assert rise.loc["Slicer", "break_even_loss"] == pytest.approx(44 / (45 + 44))  # and not 44 / (7 + 44)


def test_without_avoidable_cost_no_loss_of_volume_is_weighed():
    found = decisions.reprice(PNL[["net_revenue", "profit"]])
    assert list(found) == ["net_revenue", "profit", "needed_rise", "rise", "brings", "fee", "way"]


def test_nothing_is_mutated_and_messages_say_what_to_do():
    kept = PNL.copy(deep=True)
    decisions.reprice(PNL, rising=["commission"], highest_rise=0.1, elasticity=-1)
    pd.testing.assert_frame_equal(PNL, kept)
    with pytest.raises(ValueError, match="pnl lacks bonus"):
        decisions.reprice(PNL, rising=["bonus"])
    with pytest.raises(ValueError, match=r"target_margin is 1; give a fraction of net revenue below 1, 0.05 for 5 %"):
        decisions.reprice(PNL, target_margin=1)
    with pytest.raises(ValueError, match=r"highest_rise is -0.1; give the highest rise as a fraction"):
        decisions.reprice(PNL, highest_rise=-0.1)
    with pytest.raises(ValueError, match="elasticity needs to know what a loss of volume saves"):
        decisions.reprice(PNL[["net_revenue", "profit"]], elasticity=-1)
    with pytest.raises(ValueError, match="elasticity is 2; give zero or less"):
        decisions.reprice(PNL, elasticity=2)
    with pytest.raises(ValueError, match=r"elasticity is 0.5 for 'b'; give zero or less"):
        decisions.reprice(PNL, elasticity=pd.Series({"a": -1.0, "b": 0.5, "c": -1.0, "d": -1.0, "e": -1.0}))
    with pytest.raises(ValueError, match=r"orders are missing for 3 of 5 customers, first \['c', 'd', 'e'\]; give all"):
        decisions.reprice(PNL, orders=pd.Series({"a": 1, "b": 2}))
    with pytest.raises(ValueError, match="net_revenue is missing for 1 of 5 customers"):
        decisions.reprice(PNL.assign(net_revenue=[np.nan, 1.0, 1.0, 1.0, 1.0, 0.0]))
