"""What is no profit and loss of customers is refused at every door of the profit and decision stages, in the same words."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions, profit

IDS = ["a", "b", "c"]
COLUMNS = {
    "list_revenue": [110.0, 90.0, 80.0],
    "discounts": [10.0, 10.0, 0.0],
    "invoice_revenue": [100.0, 80.0, 80.0],
    "net_revenue": [100.0, 80.0, 80.0],
    "contribution": [60.0, 20.0, 30.0],
    "pick": [20.0, 30.0, 10.0],
    "cost_to_serve": [20.0, 30.0, 10.0],
    "profit": [40.0, -10.0, 20.0],
    "avoidable_cost": [5.0, 10.0, 4.0],
    "avoidable_profit": [55.0, 10.0, 26.0],
}
PNL = pd.DataFrame(COLUMNS, index=pd.Index(IDS, name="customer_id"))
ROWS = pd.MultiIndex.from_product([IDS, ["2022", "2023", "2024"]], names=["customer_id", "period"])
BY_PERIOD = pd.DataFrame({name: np.repeat(values, 3) for name, values in COLUMNS.items()}, index=ROWS)
GROUPS = pd.Series(["x", "y", "y"], index=IDS)
PEOPLE = pd.DataFrame({"account_manager": ["Ann", "Ann", "Bob"]}, index=IDS)
FACTS = pd.DataFrame({"net_revenue": [100.0, 80.0], "cost_of_goods": [60.0, 50.0]}, index=pd.Index(["a", "b"], name="customer_id"))
FIRST = pd.DataFrame({"first_order": pd.to_datetime(["2023-01-05", "2025-03-01"])}, index=["a", "b"])
ABOVE = pd.DataFrame({"cost": [20.0], "spread_on": ["net_revenue"]}, index=["channel"])

BY_CUSTOMER_DOORS = {
    "ladder": profit.ladder,
    "price_waterfall": profit.price_waterfall,
    "levers": profit.levers,
    "quadrant": profit.quadrant,
    "profit_by": lambda pnl: profit.profit_by(pnl, GROUPS),
    "spread_levels": lambda pnl: profit.spread_levels(pnl, ABOVE),
    "leakage": decisions.leakage,
    "recommend": decisions.recommend,
    "drop_effect": lambda pnl: decisions.drop_effect(pnl, ["a"]),
    "manager_risk": lambda pnl: decisions.manager_risk(pnl, PEOPLE),
}
BY_PERIOD_DOORS = {
    "drift": profit.drift,
    "transitions": profit.transitions,
    "drift_effects": profit.drift_effects,
    "warning_obstacle": profit.warning_obstacle,
    "early_warning": profit.early_warning,
    "backtest_warning": profit.backtest_warning,
    "verify_losses": decisions.verify_losses,
}
DOORS = {name: (door, PNL) for name, door in BY_CUSTOMER_DOORS.items()} | {
    name: (door, BY_PERIOD) for name, door in BY_PERIOD_DOORS.items()
}
AMOUNT_DOORS = {
    "whale_curve": profit.whale_curve,
    "whale_summary": profit.whale_summary,
    "top_shares": profit.top_shares,
    "whale_band": profit.whale_band,
    "normalized_gini": profit.normalized_gini,
    "concentration": decisions.concentration,
}


@pytest.fixture(params=DOORS)
def door(request):
    return DOORS[request.param]


@pytest.fixture(params=AMOUNT_DOORS)
def amount_door(request):
    return AMOUNT_DOORS[request.param]


def spoiled(pnl, column, value):
    columns = pnl.astype({column: object}) if isinstance(value, str) else pnl.copy()
    columns.iloc[1, columns.columns.get_loc(column)] = value
    return columns


@pytest.mark.parametrize(("value", "what"), [(np.nan, "missing"), (np.inf, "infinite"), (-np.inf, "infinite")])
@pytest.mark.parametrize("column", ["profit", "contribution", "net_revenue", "pick"])
def test_a_missing_or_infinite_amount_is_no_verdict(door, column, value, what):
    ask, pnl = door
    first = pnl.index[1]
    with pytest.raises(ValueError, match=rf"{column} is {what} for 1 of {len(pnl)} (customers|rows), first \[.*{first[0]}"):
        ask(spoiled(pnl, column, value))


def test_a_text_is_no_amount(door):
    ask, pnl = door
    with pytest.raises(TypeError, match=r"profit is of type (object|str), not a number; .*pandas.to_numeric"):
        ask(spoiled(pnl, "profit", "12"))


def test_no_row_counts_twice(door):
    ask, pnl = door
    with pytest.raises(ValueError, match=rf"{len(pnl)} (customers|rows) stand in pnl\w* more than once, first"):
        ask(pd.concat([pnl, pnl]))


def test_ids_are_of_one_type_and_there(door):
    ask, pnl = door
    with pytest.raises(ValueError, match=r"the ids of pnl\w* are of several types \(.*int\); make all of them text"):
        ask(pnl.rename(index={"c": 3}))
    with pytest.raises(ValueError, match=r"of \d rows of pnl\w* have no customer_id"):
        ask(pnl.rename(index={"c": None}))


@pytest.mark.parametrize("name", sorted(set(BY_CUSTOMER_DOORS) - {"price_waterfall"}))  # which takes a Series: one customer
def test_a_series_is_no_profit_and_loss(name):
    with pytest.raises(TypeError, match="pnl is a Series; give the frame of customer_pnl"):
        BY_CUSTOMER_DOORS[name](PNL["profit"])


@pytest.mark.parametrize("name", ["quadrant", "profit_by", "spread_levels", "leakage", "recommend", "drop_effect", "manager_risk"])
def test_periods_are_told_to_be_summed(name):
    with pytest.raises(ValueError, match="pnl is by period; give one row per customer"):
        BY_CUSTOMER_DOORS[name](BY_PERIOD)


@pytest.mark.parametrize("column", ["net_revenue", "profit"])
def test_levers_need_revenue_and_profit(column):
    with pytest.raises(ValueError, match=f"pnl lacks {column}; it has"):
        profit.levers(PNL.drop(columns=column))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (BY_PERIOD["profit"], ValueError, "is by period; sum the periods of each customer"),
        (pd.concat([PNL["profit"], PNL["profit"]]), ValueError, r"3 customers stand in \w+ more than once, first \['a', 'b', 'c'\]"),
        (pd.Series({"a": 1.0, "(unassigned)": 3.0}), ValueError, r"rows that are no customer: \['\(unassigned\)'\]"),
        (pd.Series({"a": 1.0, "b": np.inf}), ValueError, r"(is|are) infinite for 1 of 2 customers, first \['b'\]"),
        (pd.Series({"a": "1", "b": "2"}), TypeError, "not a number; parse it first"),
        (pd.Series([1.0, 2.0], index=["a", 2]), ValueError, "are of several types"),
        (PNL[["profit"]], TypeError, "is a DataFrame; give a Series by customer_id"),
    ],
)
def test_amounts_of_customers_are_checked_alike(amount_door, values, error, words):
    with pytest.raises(error, match=words):
        amount_door(values)


NUMBERED = {
    "allocation": lambda: profit.customer_pnl(FACTS, pd.DataFrame({"pick": [1.0, 2.0]})),
    "provision": lambda: profit.customer_pnl(FACTS, provision=pd.Series([1.0, 2.0])),
    "customers": lambda: decisions.manager_risk(PNL, PEOPLE.reset_index(drop=True)),
    "groups": lambda: profit.profit_by(PNL, GROUPS.reset_index(drop=True)),
    "acquired_on": lambda: profit.relationship(FIRST, new_since="2025-01-01", acquired_on=FIRST["first_order"].reset_index(drop=True)),
    "value": lambda: decisions.recommend(PNL, value=pd.Series(range(3))),
    "verified": lambda: decisions.recommend(PNL, verified=decisions.verify_losses(BY_PERIOD).reset_index(drop=True)),
    "p_alive": lambda: decisions.recommend(PNL, p_alive=pd.Series([0.5, 0.5, 0.5])),
    "profit": lambda: profit.departments(PNL[["pick"]], pd.Series([1.0, 2.0, 3.0])),
}


@pytest.mark.parametrize("name", NUMBERED)
def test_ids_of_another_type_that_match_nobody_are_refused(name):
    with pytest.raises(ValueError, match=rf"0 of [23] ids of (the )?{name} match those of the customers, first three \[0, 1"):
        NUMBERED[name]()


def test_other_ids_of_the_same_type_may_be_new_customers():
    cost = pd.DataFrame({"pick": [1.0, 2.0]}, index=["z", "(unused capacity)"])
    assert profit.customer_pnl(FACTS, cost).index.tolist() == ["a", "b", "z", "(unused capacity)"]
    numbered = profit.customer_pnl(FACTS.set_axis([1, 2]), cost.iloc[[1]])
    assert numbered.index.tolist() == [1, 2, "(unused capacity)"]
    assert profit.ladder(numbered)["amount"].iloc[-1] == 100 + 80 - 60 - 50 - 2


def test_facts_without_their_ids_as_index_are_refused():
    with pytest.raises(ValueError, match=r"facts hold customer_id as a column.* give facts.set_index\('customer_id'\)"):
        profit.customer_pnl(FACTS.reset_index())


@pytest.mark.parametrize("wrong", [np.inf, -np.inf])
def test_a_missing_fact_is_zero_but_an_infinite_one_is_refused(wrong):
    assert profit.customer_pnl(FACTS.assign(cost_of_goods=np.nan))["profit"].tolist() == [100, 80]
    with pytest.raises(ValueError, match=r"cost_of_goods is infinite for 2 of 2 customers, first \['a', 'b'\]"):
        profit.customer_pnl(FACTS.assign(cost_of_goods=wrong))
    with pytest.raises(ValueError, match="pick is infinite for 2 of 2 customers"):
        profit.customer_pnl(FACTS, pd.DataFrame({"pick": wrong}, index=["a", "b"]))
    with pytest.raises(TypeError, match=r"net_revenue is of type (object|str), not a number"):
        profit.customer_pnl(FACTS.assign(net_revenue="12"))


OPTIONS = {
    "error is nan": lambda: decisions.verify_losses(BY_PERIOD, error=np.nan),
    "draws is 0": lambda: decisions.verify_losses(BY_PERIOD, draws=0),
    "certainty is 90": lambda: decisions.verify_losses(BY_PERIOD, certainty=90),
    "certainty is nan": lambda: decisions.verify_losses(BY_PERIOD, certainty=np.nan),
    "p_alive is 80": lambda: decisions.recommend(PNL, p_alive=pd.Series({"a": 80.0})),
    "margin_rate is 30": lambda: profit.quadrant(PNL, margin_rate=30),
    "cost_rate is nan": lambda: profit.quadrant(PNL, cost_rate=np.nan),
    "classes is 0": lambda: decisions.leakage(PNL, classes=0),
    "classes is -3": lambda: decisions.leakage(PNL, classes=-3),
    "pnl lacks freight;": lambda: decisions.leakage(PNL, also="freight"),
    "top holds 1.5": lambda: profit.top_shares(PNL["profit"], top=(1.5,)),
    "top holds nan": lambda: profit.top_shares(PNL["profit"], top=(np.nan,)),
    r"top is \(\)": lambda: profit.top_shares(PNL["profit"], top=()),
    "top is 5": lambda: profit.top_shares(PNL["profit"], top=5),
    "resamples is 0": lambda: profit.whale_band(PNL["profit"], resamples=0),
    "neutral is nan": lambda: profit.whale_summary(PNL["profit"], neutral=np.nan),
    "neutral is inf": lambda: profit.drift(BY_PERIOD, neutral=np.inf),
    "freed_income is nan": lambda: decisions.drop_effect(PNL, ["a"], freed_income=np.nan),
    "customers names nobody": lambda: profit.price_waterfall(PNL, []),
    "cost is missing for 1 of 1": lambda: profit.spread_levels(PNL, ABOVE.assign(cost=np.nan)),
    "above lacks spread_on": lambda: profit.spread_levels(PNL, ABOVE[["cost"]]),
    r"above holds \['channel'\] more than once": lambda: profit.spread_levels(PNL, pd.concat([ABOVE, ABOVE])),
    r"1 of 1 customers stand in value more than once": lambda: decisions.recommend(PNL, value=pd.Series([1.0, 2.0], index=["a", "a"])),
}


@pytest.mark.parametrize("words", OPTIONS)
def test_an_option_that_makes_no_sense_is_refused(words):
    with pytest.raises(ValueError, match=words):
        OPTIONS[words]()


KINDS = {
    "customers is 5; give one customer_id or a list": lambda: profit.price_waterfall(PNL, 5),
    "customers is 5; give one": lambda: decisions.drop_effect(PNL, 5),
    "also is 5; give one column or a list": lambda: decisions.leakage(PNL, also=5),
    "one_offs is a list; give a Series by customer_id and period": lambda: decisions.verify_losses(BY_PERIOD, one_offs=[1.0]),
    "p_alive is a int; give a Series by customer_id": lambda: decisions.recommend(PNL, p_alive=80),
    "first_order is of type (object|str), not a date": lambda: profit.relationship(FIRST.astype(str), new_since="2025-01-01"),
    "acquired_on is of type (object|str), not a date": lambda: profit.relationship(
        FIRST, new_since="2025-01-01", acquired_on=FIRST["first_order"].astype(str)
    ),
}


@pytest.mark.parametrize("words", KINDS)
def test_what_is_of_another_kind_is_refused(words):
    with pytest.raises(TypeError, match=words):
        KINDS[words]()


def test_one_activity_may_be_named_alone():
    pd.testing.assert_frame_equal(decisions.leakage(PNL, also="pick"), decisions.leakage(PNL, also=["pick"]))
