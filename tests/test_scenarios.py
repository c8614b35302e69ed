"""Other assumptions on the same ledger: rates, drivers, capacity, dropped customers; and how sure a ranking is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_invariants_costing import QUICK, cents, companies

from custprof.costing import SUSTAINING, UNASSIGNED, UNUSED, CostModel, CostModelError, allocate, capacity_scenarios, compare, volume_based
from custprof.datasets import load_case
from custprof.study.engine import UNKNOWN_CUSTOMER

POOLS = {
    "it": {"accounts": ["6800"], "department": "IT"},
    "desk": {"accounts": ["6100"], "department": "Desk", "capacity_minutes": 100},
    "service": {"accounts": ["6200"], "department": "Service"},
}
ACTIVITIES = {
    "take orders": {"pool": "desk", "level": "order", "minutes": 10},
    "calls": {"pool": "service", "driver": "rows"},
}
MODEL = {"pools": POOLS, "activities": ACTIVITIES, "flows": {"it": {"desk": 3, "service": 1}}}
LEDGER = pd.DataFrame(
    [("L1", "6100", 970.0, 0.5), ("L2", "6200", 390.0, 1.0), ("L3", "6800", 40.0, 0.0)],
    columns=["line_id", "account", "amount", "avoidable"],
)
DRIVERS = pd.DataFrame(
    [("take orders", "a", 60.0), ("take orders", "b", 20.0), ("calls", "a", 3.0), ("calls", "b", 1.0)],
    columns=["activity", "customer_id", "quantity"],
)
CUSTOMERS = pd.DataFrame({"customer_id": ["a", "b", "c"], "kind": ["consumer", None, "business"], "channel": ["web", "shop", "web"]})


def model(**changes):
    return CostModel.from_dict(MODEL | changes)


def now(**changes):
    return allocate(model(**changes), LEDGER, DRIVERS, customers=CUSTOMERS)


def totals(allocation):
    return allocation.customers().sum(axis="columns").round(2).to_dict()


# Bases of rates, avoidable shares, flows


def test_a_standard_rate_leaves_its_variance_unassigned():
    activities = ACTIVITIES | {"calls": ACTIVITIES["calls"] | {"rate": 110.0}}
    allocation = now(activities=activities)
    assert allocation.customers()["calls"].to_dict() == {"a": 330, "b": 110, UNUSED: 0, UNASSIGNED: -40}
    rates = allocation.rates().set_index("activity")
    assert rates["basis"].to_dict() == {"take orders": "practical capacity", "calls": "standard"}
    assert rates.loc["calls", ["quantity", "rate", "amount"]].tolist() == [4, 110, 400]
    assert 'the standard rate of activity "calls" charges 440 of 400 in all' in allocation.issues["rule"].tolist()
    assert (allocation.balance()["remainder"] == 0).all()


def test_without_capacity_the_minutes_that_were_worked_carry_all_of_the_cost():
    pools = POOLS | {"desk": {"accounts": ["6100"]}}
    activities = ACTIVITIES | {"sort mail": {"pool": "desk", "minutes": 1}}
    drivers = pd.concat([DRIVERS, pd.DataFrame([("sort mail", "b", 20.0)], columns=DRIVERS.columns)])
    allocation = allocate(model(pools=pools, activities=activities), LEDGER, drivers)
    assert allocation.customers()[["take orders", "sort mail"]].to_numpy().tolist() == [[600, 0], [200, 200]]
    assert allocation.rates().set_index("activity").loc["sort mail", ["basis", "rate"]].tolist() == ["actual", 10]
    idle = allocate(model(pools=pools, activities=activities), LEDGER, drivers[drivers["activity"] == "calls"])
    assert totals(idle)[UNASSIGNED] == 1000 and 'nobody worked a minute for pool "desk" in all' in idle.issues["rule"].tolist()


def test_avoidable_shares_by_account_and_by_activity():
    by_account = allocate(model(avoidable={"6100": 1.0}), LEDGER.assign(avoidable=[None, 0.5, None]), DRIVERS)
    assert by_account.customers(avoidable=True).sum().to_dict() == {"take orders": 776, "calls": 195, "(no activity)": 194}
    assert by_account.issues["rule"].tolist() == ["avoidable is not known (1 of 3 lines)"]
    by_activity = now(activities=ACTIVITIES | {"calls": ACTIVITIES["calls"] | {"avoidable": 0.25}})
    assert by_activity.customers(avoidable=True)["calls"].to_dict() == {"a": 75, "b": 25, UNUSED: 0}
    with pytest.raises(CostModelError, match="avoidable names account 7777, which is in no pool"):
        model(avoidable={"7777": 1.0})
    with pytest.raises(CostModelError, match="avoidable: account 6100 is 2; give a fraction from 0 to 1"):
        model(avoidable={"6100": 2})


def test_flows_follow_a_statistic_and_may_differ_by_period():
    flows = {"it": {"driver": "workplaces"}}
    by_driver = model(flows=flows, statistics={"workplaces": {"desk": 30, "service": 10, "it": 5}})
    pd.testing.assert_frame_equal(allocate(by_driver, LEDGER, DRIVERS).customers(), now().customers())
    by_period = model(flows={"it": {"desk": {"2023": 1, "2024": 0}, "service": {"2023": 0, "2024": 1}}})
    ledger = pd.concat([LEDGER.assign(line_id=LEDGER["line_id"] + p, period=p) for p in ("2023", "2024")])
    drivers = pd.concat([DRIVERS.assign(period=p) for p in ("2023", "2024")])
    rates = allocate(by_period, ledger, drivers).rates().set_index(["period", "activity"])["amount"]
    assert rates["2023"].to_dict() == {"take orders": 808, "calls": 390} and rates["2024"].to_dict() == {"take orders": 776, "calls": 430}
    with pytest.raises(ValueError, match=r'the service to "desk" is not said for 1 of 1 periods, first .*2025'):
        allocate(by_period, ledger.assign(period="2025", line_id=range(6)), drivers.assign(period="2025"))
    with pytest.raises(CostModelError, match="driver is 'people'; choose one of workplaces"):
        model(flows={"it": {"driver": "people"}}, statistics={"workplaces": {"desk": 1}})


def test_models_are_compared_entry_by_entry():
    after = model(pools=POOLS | {"desk": POOLS["desk"] | {"capacity_minutes": 120, "department": None}})
    changed = model().diff(after)
    assert changed.to_numpy().tolist() == [["pools.desk.department", "Desk", None], ["pools.desk.capacity_minutes", 100, 120]]
    assert model().diff(model()).empty


# Levels above the customer and views by kind


def test_cost_of_a_channel_stays_above_its_customers():
    allocation = now(activities=ACTIVITIES | {"calls": ACTIVITIES["calls"] | {"level": "channel"}})
    assert totals(allocation) == {"a": 600, "b": 200, UNUSED: 200, SUSTAINING: 400}
    channels = allocation.by("channel")
    assert channels["calls"].to_dict() == {"shop": 100, "web": 300, UNUSED: 0}
    assert allocation.by("kind")["calls"].to_dict() == {"consumer": 0, "(not known)": 0, UNUSED: 0, SUSTAINING: 400}
    balance = allocation.balance().set_index("node")
    assert balance.loc["calls", ["to_customers", "sustaining", "remainder"]].tolist() == [0, 400, 0]
    assert allocation.trace(SUSTAINING)["amount"].sum() == 400 and allocation.trace("a")["amount"].sum() == 600


def test_cost_by_kind_of_customer():
    assert now().by("kind").sum(axis="columns").to_dict() == {"consumer": 900, "(not known)": 300, UNUSED: 200}
    assert now().by("channel").index.name == "channel"
    with pytest.raises(ValueError, match="column is 'region'; choose one of pool, department, activity, kind, channel"):
        now().by("region")
    with pytest.raises(ValueError, match=r"2 of \d customers stand in customers more than once"):
        allocate(model(), LEDGER, DRIVERS, customers=pd.DataFrame({"customer_id": list("aabb"), "kind": "x"}))


# Scenarios


def test_rates_drivers_and_capacity_change():
    base = now()
    assert totals(base) == {"a": 900, "b": 300, UNUSED: 200}
    assert totals(base.what_if(rates={"calls": 50})) == {"a": 750, "b": 250, UNUSED: 200, UNASSIGNED: 200}
    assert totals(base.what_if(drivers={"take orders": 0.5})) == {"a": 600, "b": 200, UNUSED: 600}
    assert totals(base.what_if(drivers={"take orders": pd.Series({"a": 0.5})})) == {"a": 600, "b": 300, UNUSED: 500}
    assert totals(base.what_if(capacity={"desk": 80})) == {"a": 1050, "b": 350}
    assert totals(base.what_if(capacity={"desk": None})) == {"a": 1050, "b": 350}
    both = base.what_if(rates={"calls": 50}).what_if(capacity={"desk": 80}, rates={"calls": None})
    assert totals(both) == {"a": 1050, "b": 350}
    assert model().diff(base.what_if(capacity={"desk": 80}).model).to_numpy().tolist() == [["pools.desk.capacity_minutes", 100, 80]]
    assert totals(base) == {"a": 900, "b": 300, UNUSED: 200}


def test_dropping_a_customer_strands_what_cannot_be_avoided():
    base = now()
    dropped = base.what_if(drop=["a"])
    # Of a's 600 for orders half of 97 % is avoidable, of its 300 for calls 97.5 %.
    assert base.customers(avoidable=True).loc["a"].tolist() == [291, 292.5, 0]
    assert totals(dropped) == {"b": 300, UNUSED: 200 + 309 + 7.5}
    assert dropped.total == base.total - 583.5
    assert dropped.customers().loc[UNUSED].tolist() == [309, 7.5, 200]
    capacity = dropped.capacity().iloc[0]
    assert capacity[["cost", "used_minutes", "unused_minutes", "utilisation", "unused_cost"]].tolist() == [709, 20, 80, 0.2, 509]
    assert (dropped.balance()["remainder"] == 0).all()
    assert dropped.trace(UNUSED)["amount"].sum() == 516.5 and dropped.trace("b")["amount"].sum() == 300
    with pytest.raises(ValueError, match="'a' has no cost here"):
        dropped.trace("a")
    assert dropped.issues.query("severity == 'info'")["amount"].tolist() == [316.5]
    assert totals(dropped.what_if(drop=["b"])) == {UNUSED: 300 + 516.5 - 97 - 97.5}


def test_mogul_penner_slicer_dropped():
    """Allocated cost of three customers: what ends with Slicer is its handling, orders and marketing; the rest of it stays, stranded."""
    case = load_case("mogul_penner_slicer")
    names = ["handling", "equipment", "rent", "marketing", "delivery", "administration"]
    costs, sales = case["customers"][names].T, case["customers"].loc["Slicer", "sales"] - case["customers"].loc["Slicer", "cost_of_goods"]
    one = CostModel.from_dict(
        {"pools": {n: {"accounts": [n]} for n in names}, "activities": {n: {"pool": n, "driver": "rows"} for n in names}}
    )
    ledger = pd.DataFrame({"line_id": list(names), "account": list(names), "amount": costs.sum(axis=1).to_numpy() * 1.0})
    drivers = costs.rename_axis("activity").reset_index().melt("activity", var_name="customer_id", value_name="quantity")
    allocation = allocate(one, ledger.assign(avoidable=case["avoidable"][names].to_numpy()), drivers)
    assert sales - allocation.customers().loc["Slicer"].sum() == case["expected_income"]["Slicer"]
    dropped = allocation.what_if(drop=["Slicer"])
    assert allocation.total - dropped.total - sales == case["expected_effect_of_dropping"]
    assert dropped.customers().loc[UNUSED].sum() == -case["expected_effect_of_dropping"] - case["expected_income"]["Slicer"]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"rates": {"cals": 1}}, r"rates name activities that the cost model lacks: 1 of 1, first \['cals'\]"),
        ({"drivers": {"cals": 1}}, "drivers name activities"),
        ({"capacity": {"desks": 1}}, "capacity names pools"),
        ({"drop": ["a", "z"]}, r"drop names customers that the allocation lacks: 1 of 2, first \['z'\]"),
        ({"drop": [UNKNOWN_CUSTOMER]}, "drop names customers"),
        ({"capacity": {"desk": -1}}, "capacity_minutes is -1"),
        ({"rates": {"calls": -1}}, "rate is -1; give the standard cost"),
        ({"drivers": {"calls": -1.0}}, "the factors of activity .* are negative"),
        (
            {"drivers": {"calls": pd.Series([1.0, 2.0], index=["a", "a"])}},
            r"1 of 1 customers stand in the factors of .*, first \['a'\]",
        ),
        ({"drivers": {"calls": pd.Series({"z": 1.0})}}, 'factors of activity "calls" name customers'),
    ],
)
def test_what_if_refuses(changes, match):
    with pytest.raises(ValueError, match=match):
        now().what_if(**changes)
    with pytest.raises(TypeError, match="give a list of customer_id"):
        now().what_if(drop="a")


def test_allocations_side_by_side():
    table = compare(now(), now().what_if(drop=["b"]))
    # Of b's 200 for orders 97 are avoidable, of its 100 for calls 97.50.
    assert table["before"].to_dict() == {"a": 900, "b": 300, UNUSED: 200}
    assert table["after"].to_dict() == {"a": 900, "b": 0, UNUSED: 200 + 103 + 2.5}
    assert table["change"].to_dict() == {"a": 0, "b": -300, UNUSED: 105.5}
    assert compare(now(), now().what_if(rates={"calls": 50}), by="activity")["change"].abs().max() == 0
    assert compare(now(), now(), by="kind").index.tolist() == ["consumer", "(not known)", UNUSED]


def test_capacity_as_a_scenario():
    table = capacity_scenarios(now(), "desk", shares=[1, 0.8, 0.4, None])
    assert table.index.tolist() == ["100 %", "80 %", "40 %", "minutes worked"]
    assert table["customers"].tolist() == [1200, 1400, 2400, 1400] and table[UNUSED].tolist() == [200, 0, -1000, 0]
    by_period = now(pools=POOLS | {"desk": POOLS["desk"] | {"capacity_minutes": {"all": 100}}})
    assert capacity_scenarios(by_period, "desk", shares=[0.8])["customers"].tolist() == [1400]
    with pytest.raises(ValueError, match="pool 'service' has no capacity in minutes; choose one of desk"):
        capacity_scenarios(now(), "service")


def test_a_model_by_revenue_spreads_what_serves_customers():
    pools = POOLS | {"head office": {"accounts": ["6600"]}}
    by_revenue = volume_based(model(pools=pools, activities=ACTIVITIES | {"run": {"pool": "head office", "level": "business"}}))
    assert by_revenue.describe()[["activity", "driver"]].to_numpy().tolist() == [
        ["desk by revenue", "revenue"],
        ["service by revenue", "revenue"],
        ["run", ""],
    ]
    revenue = pd.DataFrame({"customer_id": ["a", "b", "c"], "quantity": [300.0, 100.0, -50.0]})
    drivers = pd.concat([revenue.assign(activity=f"{pool} by revenue") for pool in ("desk", "service")])
    assert totals(allocate(by_revenue, LEDGER, drivers)) == {"a": 1050, "b": 350, "c": 0}


@QUICK
@given(companies(), st.data())
def test_every_cent_of_a_scenario_lands(company, data):
    model, ledger, drivers = company
    base = allocate(model, ledger, drivers)
    timed = [name for name, pool in model.pools.items() if pool.capacity_minutes is not None]
    driven = [name for name, activity in model.activities.items() if activity.unit]
    known = [name for name in base.customers().index if not name.startswith("(")]
    scenario = base.what_if(
        drivers={name: data.draw(st.sampled_from([0.0, 0.5, 2.0])) for name in driven[:1]},
        capacity={name: data.draw(st.sampled_from([10, 1e5])) for name in timed[:1]},
        rates={name: 0.5 for name in driven[1:2]},
    )
    assert round(scenario.total * 100) == round(base.total * 100) == cents(scenario.customers()).sum()
    gone = data.draw(st.sets(st.sampled_from(known))) if known else set()
    dropped = scenario.what_if(drop=gone)
    table, before = dropped.customers(), scenario.customers()
    assert not gone & set(table.index) and (dropped.balance()["remainder"] == 0).all()
    assert cents(table).sum() == round(dropped.total * 100)
    saved = cents(scenario.customers(avoidable=True).loc[sorted(gone & set(before.index))]).sum()
    assert round(dropped.total * 100) == round(scenario.total * 100) - saved
    stays = [name for name in before.index if not name.startswith("(") and name not in gone]
    assert (cents(table.loc[stays]) == cents(before.loc[stays])).all()
    for name in table.index:
        assert cents(dropped.trace(name)["amount"]).sum() == cents(table.loc[name]).sum()


# How sure is the ranking


def test_a_ranking_under_uncertainty():
    margin = pd.Series({"b": 320.0, "a": 900.0, "c": 5.0})
    table = now().rank_stability(n=400, sd=0.1, margin=margin)
    assert table.index.tolist() == ["b", "c", "a"] and table["profit"].tolist() == [20, 5, 0] and table["rank"].tolist() == [1, 2, 3]
    assert table.loc["c", ["profit_low", "profit_high", "loss_share"]].tolist() == [5, 5, 0]
    assert 0.3 < table.loc["a", "loss_share"] < 0.7 and 0 < table.loc["b", "loss_share"] < 0.5
    assert (table["rank_low"] <= table["rank"]).all() and (table["rank"] <= table["rank_high"]).all()
    sure = now().rank_stability(n=50, sd=1e-6, margin=margin.drop("c"))
    assert sure["rank_low"].tolist() == sure["rank_high"].tolist() == [1, 2]
    pd.testing.assert_frame_equal(table, now().rank_stability(n=400, sd=0.1, margin=margin[::-1]))
    assert now().rank_stability(n=5)["profit"].to_dict() == {"b": -300, "a": -900}


def test_the_ledger_holds_in_every_draw_where_a_pool_charges_all_of_its_cost():
    base = now(pools={name: {"accounts": POOLS[name]["accounts"]} for name in POOLS})
    table = base.rank_stability(n=200, margin=pd.Series({"a": 0.0, "b": 0.0}))
    assert table[["profit_low", "profit_high"]].sum().sum() == pytest.approx(-2 * 1400, rel=0.01)
    assert table.loc["a", "profit_high"] + table.loc["b", "profit_low"] == pytest.approx(-1400, rel=0.01)


def test_a_mean_error_of_nothing():
    table = now().rank_stability(n=2000, sd=0.2, margin=pd.Series({"a": 1000.0, "b": 1000.0}))
    middle = table[["profit_low", "profit_high"]].mean(axis=1)
    assert np.abs(middle - table["profit"]).max() < 40


def test_who_was_dropped_is_not_ranked():
    assert now().what_if(drop=["a"]).rank_stability(n=5).index.tolist() == ["b"]


@pytest.mark.parametrize("given", [{"rates": [1]}, {"drivers": {"calls": "x"}}, {"capacity": pd.Series({"desk": 1})}, {"drop": 3}])
def test_what_if_names_wrong_kinds(given):
    with pytest.raises(TypeError, match="; give a"):
        now().what_if(**given)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"sd": 0}, "sd is 0; give the relative standard error, a fraction between 0 and 1"),
        ({"n": 1}, "two draws or more"),
        ({"margin": pd.Series({"a": 1.0})}, r"margin does not name 1 customers, first \['b'\]"),
        ({"margin": pd.Series([1.0, 1.0, 2.0], index=["a", "a", "b"])}, r"margin names twice 1 customers, first \['a'\]"),
        ({"margin": pd.Series({"a": 1.0, "b": np.nan})}, "margin is missing or infinite for 1 customers"),
    ],
)
def test_rank_stability_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        now().rank_stability(**options)
