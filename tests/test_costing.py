import numpy as np
import pandas as pd
import pytest

from custprof.costing import (
    NO_ACTIVITY,
    NO_POOL,
    SUSTAINING,
    UNASSIGNED,
    UNUSED,
    CostModel,
    CostModelError,
    TimeEquationError,
    allocate,
    allocate_study,
    allocate_support,
    check_costs,
    driver_quantities,
    driver_rows,
    read_equation,
    split_cents,
    support_shares,
    time_driven,
)
from custprof.datasets import load_demo
from custprof.study import Study
from custprof.study.engine import UNKNOWN_CUSTOMER, lazy

MODEL = {
    "name": "Test",
    "direct": ["4000"],
    "pools": {
        "it": {"accounts": ["6800"], "department": "IT"},
        "desk": {"accounts": ["6100"], "department": "Desk", "capacity_minutes": 100},
        "service": {"accounts": ["6200"], "department": "Service"},
        "administration": {"accounts": ["6600"]},
    },
    "flows": {"it": {"desk": 3, "service": 1, "it": 2}},
    "activities": {
        "take orders": {"pool": "desk", "level": "order", "minutes": 10},
        "calls": {"pool": "service", "share": 0.75, "driver": "rows"},
        "visits": {"pool": "service", "share": 0.25, "driver": "rows"},
        "run": {"pool": "administration", "level": "business"},
    },
}
LEDGER = pd.DataFrame(
    [
        ("L1", "4000", -9_000.0, 0.0),
        ("L2", "6100", 970.0, 0.5),
        ("L3", "6200", 390.0, 1.0),
        ("L4", "6800", 40.0, 0.0),
        ("L5", "6600", 55.0, 0.0),
        ("L6", "9999", 7.77, None),
    ],
    columns=["line_id", "account", "amount", "avoidable"],
)
DRIVERS = pd.DataFrame(
    [("take orders", "a", 60.0), ("take orders", "b", 20.0), ("calls", "a", 1.0), ("calls", "b", 1.0), ("calls", None, 1.0)],
    columns=["activity", "customer_id", "quantity"],
)


def model(**changes):
    return CostModel.from_dict(MODEL | changes)


def with_activity(**changes):
    activities = {name: dict(entry) for name, entry in MODEL["activities"].items()}
    activities["calls"] |= changes
    return MODEL | {"activities": activities}


# Cents


def test_split_cents_gives_left_over_cents_to_the_largest_fractions():
    assert split_cents(100, {"c": 1, "b": 1, "a": 1}).to_dict() == {"c": 33, "b": 33, "a": 34}
    assert split_cents(7, {"a": 2, "b": 1, "c": 0}).to_dict() == {"a": 5, "b": 2, "c": 0}
    assert split_cents(100, {"a": 3, "b": -1}).to_dict() == {"a": 150, "b": -50}


@pytest.mark.parametrize(
    ("total", "weights", "error", "match"),
    [
        (1.5, {"a": 1}, TypeError, "give whole cents"),
        (5, {"a": 0.0}, ValueError, "sum to zero"),
        (5, {"a": np.nan, "b": 1}, ValueError, r"missing or infinite for 1 of 2 keys, first \['a'\]"),
        (5, pd.Series([1, 2], index=["a", "a"]), ValueError, r"twice, first \['a'\]"),
        (2**54, {"a": 1, "b": 2}, ValueError, "no float can hold"),
    ],
)
def test_split_cents_refuses(total, weights, error, match):
    with pytest.raises(error, match=match):
        split_cents(total, weights)


# Support departments


def test_support_may_use_itself_and_operating_departments_need_no_flow():
    costs = pd.Series({"it": 100, "shop": 10, "web": 20})
    table = allocate_support(costs, pd.DataFrame({"it": [50], "shop": [50]}, index=["it"]))
    assert table["total"].to_dict() == pytest.approx({"shop": 110, "web": 20})
    assert support_shares(pd.DataFrame({"it": [1], "shop": [3]}, index=["it"])).loc["it"].to_dict() == {"shop": 1.0}


@pytest.mark.parametrize(
    ("usage", "options", "match"),
    [
        ({"it": [0, 1, 0], "hr": [1, 0, 0], "shop": [0, 0, 1]}, {}, "serve only each other: it, hr"),
        ({"it": [0, 1, 0], "hr": [0, 0, 0], "shop": [0, 0, 1]}, {}, "nobody uses it"),
        ({"it": [-1, 1, 0], "hr": [0, 0, 0], "shop": [2, 1, 1]}, {}, "negative, missing or infinite in the row of it"),
        ({"it": [0, 1, 0], "hr": [1, 0, 0], "shop": [1, 1, 1]}, {"method": "step_down"}, "step-down needs the order"),
        ({"it": [0, 1, 0], "hr": [1, 0, 0], "shop": [1, 1, 1]}, {"order": ["it"]}, "order belongs to method"),
        ({"it": [0, 1, 0], "hr": [1, 0, 0], "shop": [1, 1, 1]}, {"method": "iterate"}, "choose one of reciprocal, direct, step_down"),
        ({"it": [0, 1, 0], "hr": [1, 0, 0], "shop": [0, 1, 1]}, {"method": "direct"}, "nobody to charge for it"),
        ({"it": [0, 1, 0], "xx": [1, 0, 0], "shop": [1, 1, 1]}, {}, "without a cost: xx"),
    ],
)
def test_allocate_support_refuses(usage, options, match):
    costs = pd.Series({"it": 1, "hr": 2, "fm": 3, "shop": 4})
    with pytest.raises(ValueError, match=match):
        allocate_support(costs, pd.DataFrame(usage, index=["it", "hr", "fm"]), **options)


# Time


def test_time_driven_over_capacity_is_negative():
    table = time_driven(100, 50, pd.DataFrame({"unit_minutes": [1.0], "volume": [60]}, index=["x"]))
    assert table["cost"].to_dict() == {"x": 120.0, UNUSED: -20.0}
    assert table.loc[UNUSED, "minutes"] == -10


def test_time_driven_refuses():
    activities = pd.DataFrame({"unit_minutes": [1.0], "volume": [-1]}, index=["x"])
    with pytest.raises(ValueError, match=r"negative for 1 of 1 activities, first \['x'\]"):
        time_driven(100, 50, activities)
    with pytest.raises(ValueError, match="more than 0"):
        time_driven(100, 0, activities)
    with pytest.raises(ValueError, match="activities lacks volume; it has unit_minutes"):
        time_driven(100, 1, activities[["unit_minutes"]])


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ("__import__('os')", r"__import__\(\) cannot be called", 0),
        ("lines.real", "attributes", 0),
        ("1 + print(lines)", r"print\(\) cannot be called", 4),
        ("2**9**9", r"powers \(\*\*\) are not allowed", 1),
        ("6 + 1.5*line", "'line' is not a column here; did you mean 'lines'", 8),
        ("lines[0]", "brackets", 0),
        ("1 < lines < 3", "compare two values", 0),
        ("lines if 1 else 2", "'if' is not allowed", 0),
        ("min(lines)", "two or more", 0),
        ("1 + 'a'", "'a' is not a number", 4),
        ("1 + True", "True is not a number", 4),
        ("1e999", "too large", 0),
        ("lambda: 1", "not allowed; allowed are numbers", 0),
        ("1 +", "not arithmetic", 3),
        ("(lines", "not arithmetic", 0),
        ("-" * 99 + "1", "more than 40 levels", 41),
        ("lines // 2", "use /", 6),
    ],
)
def test_time_equations_are_arithmetic_only(text, reason, place):
    with pytest.raises(TimeEquationError, match=reason) as caught:
        read_equation(text, ["lines", "quantity"])
    assert str(caught.value).split("\n")[1:] == [f"    {text}", f"    {' ' * place}^"]


def test_time_equations_compute():
    frame = pd.DataFrame({"lines": [4, 0, np.nan], "quantity": [10, 200, 1]})
    equation = read_equation("max(1, min(lines, 3)) + 2*(quantity > 100) - -quantity/2", frame.columns)
    assert equation.evaluate(frame).tolist()[:2] == [3 + 5, 1 + 2 + 100]
    assert np.isnan(equation.evaluate(frame)[2])
    assert np.isnan(read_equation("1/lines").evaluate(frame)[1])
    assert read_equation(8).evaluate(frame).tolist() == [8, 8, 8]
    with pytest.raises(ValueError, match="needs rush, which the frame lacks"):
        read_equation("rush").evaluate(frame)


@pytest.mark.parametrize("text", ["", "1+" * 300 + "1"])
def test_time_equations_are_short(text):
    with pytest.raises(TimeEquationError, match="1 to 500 characters"):
        read_equation(text)


# Cost models


def test_all_problems_of_a_model_are_listed():
    content = {
        "direct": ["6000"],
        "pool": {},
        "pools": {
            "a": {"accounts": ["6000", 6001], "capacity_minutes": 0},
            "b": {"accounts": ["6001"], "acounts": []},
            "s": {"accounts": []},
        },
        "flows": {"s": {"a": 1, "c": 1}},
        "activities": {
            "one": {"pool": "aa", "driver": "rows"},
            "two": {"pool": "b", "table": "transactions", "minutes": "1 + cost"},
            "three": {"pool": "b", "level": "order", "driver": "rows", "share": 2},
            "four": {"pool": "s", "table": "calls", "driver": "rows", "negative": "maybe"},
            "five": {"pool": "a", "driver": "rows"},
            "six": {"pool": "b"},
        },
    }
    with pytest.raises(CostModelError) as caught:
        CostModel.from_dict(content)
    text = str(caught.value)
    for part in [
        "unknown entry 'pool'; did you mean 'pools'?",
        "capacity_minutes is 0",
        "unknown entry 'acounts'; did you mean 'accounts'?",
        "a pool is 'c'",
        "pool is 'aa'; did you mean 'a'?",
        "'cost' is not a column here",
        "share is 2",
        'pool "s" is a support pool',
        "table is 'calls'",
        "negative is 'maybe'",
        'pool "a" has capacity_minutes, so give minutes',
        "give minutes (a time equation) or a driver",
        "account 6000 is in direct and in pool",
        'account 6001 is in pool "a" and in pool "b"',
        "give each its share (missing: two, six)",
    ]:
        assert part in text
    assert f"{len(caught.value.problems)} problems" in text


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"share": 0.5}, "sum to 0.75, not to 1"),
        ({"minutes": "1"}, "either minutes or driver"),
        ({"per": "order", "table": "events"}, 'per = "order" belongs to'),
        ({"table": "events", "where": {"colour": "red"}}, "where is 'colour'"),
        ({"table": "events", "driver": "revenue"}, "driver is 'revenue'"),
        ({"pool": ["service"]}, r"pool is \['service'\]; give one name"),
        ({"table": {"events": 1}}, r"table is \{'events': 1\}; give one name"),
        ({"share": 10**400}, "share is 10000"),
        ({"table": "transactions", "where": {"is_return": "yes"}}, "where: is_return is 'yes'; give true or false"),
        ({"table": "events", "where": {"activity": [["call"]]}}, r"where: activity is \['call'\]; give texts"),
    ],
)
def test_activities_are_checked(changes, match):
    with pytest.raises(CostModelError, match=match):
        CostModel.from_dict(with_activity(**changes))


def test_closed_loops_of_support_pools_are_named():
    pools = {name: {"accounts": []} for name in ("it", "hr", "shop")}
    with pytest.raises(CostModelError, match="flows: support departments serve only each other: it, hr"):
        CostModel.from_dict({"pools": pools, "flows": {"it": {"hr": 1}, "hr": {"it": 1}}})


def test_a_model_is_read_from_its_file(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text('[pools.desk]\naccounts = ["6100"]\ncapacity_minutes = {"2023" = 10, "2024" = 20}\n')
    assert CostModel.read(path).pools["desk"].capacity("2024") == 20
    path.write_text("[pools")
    with pytest.raises(CostModelError, match="not a TOML file"):
        CostModel.read(path)
    with pytest.raises(CostModelError, match="no such file"):
        CostModel.read(tmp_path / "nothing.toml")


def test_check_says_what_is_worth_a_look():
    issues = CostModel.from_dict(with_activity(level="order", table="transactions")).check()
    assert issues["rule"].tolist() == ['activity "calls" is of level order and counts invoice lines']
    assert issues["severity"].tolist() == ["warning"] and "counts orders" in issues["advice"][0]
    assert model().check().empty


# Allocation


def test_a_small_ledger_by_hand():
    allocation = allocate(model(), LEDGER, DRIVERS)
    expected = pd.DataFrame(
        [
            [600.00, 100.00, 0.0, 0.0, 0.0],
            [200.00, 100.00, 0.0, 0.0, 0.0],
            [0.0, 100.00, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 200.0],
            [0.0, 0.0, 100.00, 0.0, 7.77],
            [0.0, 0.0, 0.0, 55.0, 0.0],
        ],
        index=pd.Index(["a", "b", UNKNOWN_CUSTOMER, UNUSED, UNASSIGNED, SUSTAINING], name="customer_id"),
        columns=["take orders", "calls", "visits", "run", NO_ACTIVITY],
    )
    pd.testing.assert_frame_equal(allocation.customers(), expected)
    assert allocation.total == 1462.77
    assert repr(allocation) == "<Allocation of 1,462.77 to 2 customers, 4 activities, 3 issues>"
    assert allocation.customers(by="period").index.names == ["customer_id", "period"]


def test_avoidable_cost_follows_its_lines():
    part = allocate(model(), LEDGER, DRIVERS).customers(avoidable=True)
    # Desk: 485 of 1,000 are avoidable (not what comes from IT); service: 390 of 400.
    assert part["take orders"].tolist()[:2] == [291.0, 97.0]
    assert part["calls"].tolist()[:3] == [97.5, 97.5, 97.5]
    assert part.loc[UNASSIGNED].tolist() == [0, 0, 97.5, 0, 0]
    assert part.loc[UNUSED, NO_ACTIVITY] == 97.0


def test_issues_name_what_was_kept_aside():
    issues = allocate(model(), LEDGER, DRIVERS).issues
    assert issues["rule"].tolist() == [
        "account 9999 is in no pool and not direct",
        "avoidable is not known (1 of 5 lines)",
        'activity "visits" has no driver quantity in all',
    ]
    assert issues["amount"].tolist() == [7.77, 7.77, 100.0]
    assert set(issues["severity"]) == {"warning"}


def test_balance_rates_and_capacity():
    allocation = allocate(model(), LEDGER, DRIVERS)
    balance = allocation.balance().set_index("node")
    assert balance.loc["it", ["kind", "cost_in", "to_pools"]].tolist() == ["support pool", 40, 40]
    assert balance.loc["desk", ["cost_in", "to_customers", "unused"]].tolist() == [1000, 800, 200]
    assert balance.loc["service", ["cost_in", "to_customers", "to_unknown", "unassigned"]].tolist() == [400, 200, 100, 100]
    assert balance.loc[NO_POOL, "unassigned"] == 7.77
    assert (balance["remainder"] == 0).all()
    rates = allocation.rates().set_index("activity")
    assert rates.loc["take orders", ["driver", "quantity", "rate", "amount"]].tolist() == ["minutes", 80, 10, 800]
    assert rates.loc["calls", "rate"] == 100
    assert np.isnan(rates.loc["visits", "rate"])
    capacity = allocation.capacity()
    assert capacity.drop(columns=["period", "pool"]).to_numpy().tolist() == [["Desk", 1000, 100, 80, 20, 0.8, 10, 200]]


def test_trace_goes_down_to_ledger_lines():
    allocation = allocate(model(), LEDGER, DRIVERS)
    trace = allocation.trace("a")
    assert trace[["activity", "pool", "line_id", "account", "amount"]].to_numpy().tolist() == [
        ["take orders", "desk", "L4", "6800", 18.0],
        ["take orders", "desk", "L2", "6100", 582.0],
        ["calls", "service", "L4", "6800", 2.5],
        ["calls", "service", "L3", "6200", 97.5],
    ]
    assert allocation.trace(UNASSIGNED)["line_id"].tolist() == ["L4", "L3", "L6"]
    with pytest.raises(ValueError, match="'z' has no cost here"):
        allocation.trace("z")


def test_cost_by_pool_and_department():
    allocation = allocate(model(), LEDGER, DRIVERS)
    assert allocation.by("pool").loc["a"].to_dict() == {"desk": 600, "service": 100, "administration": 0, NO_POOL: 0}
    assert allocation.by("department").columns.tolist() == ["Desk", "Service", "(no department)", NO_POOL]
    assert allocation.by("department").loc[UNUSED, "Desk"] == 200
    pd.testing.assert_frame_equal(allocation.by("activity"), allocation.customers())
    with pytest.raises(ValueError, match="choose"):
        allocation.by("line")
    with pytest.raises(ValueError, match="choose None"):
        allocation.customers(by="pool")


def test_periods_have_their_own_rates():
    ledger = pd.DataFrame({"line_id": [1, 2, 3], "account": "6100", "amount": [100.0, 300.0, 9.0], "period": ["2023", "2024", "2025"]})
    drivers = pd.DataFrame(
        {"activity": "take orders", "customer_id": ["a", "a", "b", "b"], "quantity": [50, 100, 50, 9], "period": [2023, 2024, 2024, 1999]}
    )
    allocation = allocate(model(), ledger, drivers)
    table = allocation.customers(by="period")
    assert table.loc[("a", "2023"), "take orders"] == 50
    assert table.loc[("a", "2024"), "take orders"] == 300
    assert table.loc[("b", "2024"), "take orders"] == 150
    assert table.loc[(UNUSED, "2024"), NO_ACTIVITY] == -150
    assert table.loc[(UNASSIGNED, "2025"), NO_ACTIVITY] == 9
    rules = allocation.issues["rule"].tolist()
    assert "1 of 4 driver rows are in periods that the ledger lacks (1999)" in rules
    assert 'pool "desk" is over-driven in 2024: 150 of 100 minutes' in rules
    assert 'time-driven pool "desk" has no driver quantities at all in 2025' in rules


def test_without_driver_periods_the_ledger_is_pooled():
    ledger = pd.DataFrame({"line_id": [1, 2], "account": "6100", "amount": [100.0, 300.0], "period": ["2023", "2024"]})
    allocation = allocate(model(), ledger, DRIVERS.iloc[:2])
    assert allocation.periods == ("2023 to 2024",)
    assert allocation.capacity()["capacity_minutes"].tolist() == [200]
    assert allocation.customers().loc["a", "take orders"] == 120


def test_capacity_by_period_may_lack_one():
    pools = MODEL["pools"] | {"desk": {"accounts": ["6100"], "capacity_minutes": {"2023": 100}}}
    ledger = pd.DataFrame({"line_id": [1, 2], "account": "6100", "amount": [100.0, 300.0], "period": ["2023", "2024"]})
    drivers = pd.concat([DRIVERS.iloc[:2].assign(period=year) for year in ("2023", "2024")])
    allocation = allocate(model(pools=pools), ledger, drivers)
    assert allocation.customers().loc["a", "take orders"] == 60
    assert allocation.customers().loc[UNASSIGNED, NO_ACTIVITY] == 300
    assert 'time-driven pool "desk" has no capacity_minutes in 2024' in allocation.issues["rule"].tolist()


@pytest.mark.parametrize(("policy", "a"), [("net", 600.0), ("absolute", 200.0), ("zero", 300.0)])
def test_negative_quantities_need_a_policy(policy, a):
    drivers = pd.DataFrame({"activity": "calls", "customer_id": ["a", "b", "b"], "quantity": [2, -2, 1]})
    with pytest.raises(ValueError, match=r'negative: "calls" for 1 of 2 customers, first \[\'b\'\]. Name a policy'):
        allocate(model(), LEDGER, drivers)
    named = CostModel.from_dict(with_activity(negative=policy))
    assert allocate(named, LEDGER.assign(amount=[0, 0, 400, 0, 0, 0]), drivers).customers().loc["a", "calls"] == a


def test_credits_are_exact():
    ledger = pd.DataFrame({"line_id": ["x", "y"], "account": "6200", "amount": [-100.0, 0.01]})
    table = allocate(model(), ledger, DRIVERS).customers()
    assert table.loc[["a", "b", UNKNOWN_CUSTOMER], "calls"].tolist() == [-25.0, -24.99, -25.0]
    assert round(table.to_numpy().sum(), 2) == -99.99


def test_a_ledger_line_may_name_its_pool():
    ledger = pd.DataFrame(
        {"line_id": [1, 2, 3], "account": ["6100", "77", "4000"], "amount": [1.0, 2.0, 4.0], "pool": [None, "service", "service"]}
    )
    allocation = allocate(model(), ledger, DRIVERS)
    assert allocation.total == 3
    assert allocation.issues["rule"].tolist()[0] == "lines of direct accounts name a pool (1 of 3 lines)"
    assert allocation.balance().set_index("node").loc["service", "cost_in"] == 2


def test_four_decimals():
    ledger = pd.DataFrame({"line_id": [1], "account": ["6200"], "amount": [0.0004]})
    assert allocate(model(), ledger, DRIVERS, decimals=4).customers()["calls"].tolist()[:3] == [0.0001] * 3


@pytest.mark.parametrize(
    ("ledger", "drivers", "match"),
    [
        (LEDGER.drop(columns="account"), DRIVERS, "ledger lacks account; it has"),
        (LEDGER.assign(amount=[1, None, 1, 1, 1, 1]), DRIVERS, r"amount is missing or infinite for 1 of 6 ledger lines, first \['L2'\]"),
        (LEDGER.assign(line_id="L1"), DRIVERS, "line_id occurs again for 5 of 6"),
        (LEDGER.assign(avoidable=2.0), DRIVERS, "not a fraction"),
        (LEDGER.assign(period=None), DRIVERS, "period is missing for 6 of 6"),
        (LEDGER.assign(amount=1e15), DRIVERS, "too much to hold every cent"),
        (LEDGER, DRIVERS.drop(columns="quantity"), "drivers lacks quantity; it has"),
        (LEDGER, DRIVERS.assign(activity="sing"), r"activities that the cost model lacks, first \['sing'\]"),
        (LEDGER, DRIVERS.assign(quantity=np.inf), "quantity is missing or infinite for 5 of 5"),
        (LEDGER, DRIVERS.assign(customer_id=UNASSIGNED), "names a residual row"),
    ],
)
def test_allocate_refuses(ledger, drivers, match):
    with pytest.raises(ValueError, match=match):
        allocate(model(), ledger, drivers)


def test_issues_and_rates_are_copies():
    allocation = allocate(model(), LEDGER, DRIVERS)
    issues, rates = allocation.issues, allocation.rates()
    issues["rule"], rates["rate"] = "", 0
    assert allocation.issues["rule"].iloc[0] and allocation.rates()["rate"].iloc[0] == 10


# Driver quantities


class Tables:
    """Stands for a study: pandas frames behind the methods that driver_quantities uses."""

    period, fiscal_start, decimals = "year", 1, 2

    def __init__(self, **frames):
        self.frames = frames

    def table(self, name):
        return lazy(self.frames[name])

    def lacks(self, *needs):
        return [need for need in needs if need not in self.frames]


def dates(*texts):
    return pd.to_datetime(list(texts))


LINES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "a", None],
        "order_id": ["1", "1", "2", "3", "9"],
        "date": dates("2023-12-31", "2024-01-01", "2023-12-31", "2024-05-01", "2024-06-01"),
        "revenue": [10.0, 20.0, 30.0, -5.0, 8.0],
        "quantity": [1.0, 2.0, 3.0, -1.0, None],
    }
)


def quantities(activity, tables):
    content = {"pools": {"p": {"accounts": ["1"]}}, "activities": {"x": {"pool": "p"} | activity}}
    frame = driver_quantities(CostModel.from_dict(content), tables)
    return frame.set_index(["customer_id", "period"])["quantity"].to_dict(), frame


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        ({"driver": "rows"}, {("a", "2023"): 2, ("a", "2024"): 2, (UNKNOWN_CUSTOMER, "2024"): 1}),
        ({"driver": "orders"}, {("a", "2023"): 2, ("a", "2024"): 1, (UNKNOWN_CUSTOMER, "2024"): 1}),
        ({"driver": "quantity"}, {("a", "2023"): 4, ("a", "2024"): 1}),
        ({"per": "order", "minutes": "1 + 2*lines"}, {("a", "2023"): 8, ("a", "2024"): 3, (UNKNOWN_CUSTOMER, "2024"): 3}),
        ({"per": "order", "minutes": "7*first_order"}, {("a", "2023"): 7}),
        ({"per": "order", "minutes": "5*is_return"}, {("a", "2024"): 5}),
        ({"minutes": 2, "where": {"is_return": True}}, {("a", "2024"): 2}),
        ({"minutes": 2, "where": {"is_return": 1}}, {("a", "2024"): 2}),
        ({"driver": "rows", "where": {"order_id": [2, 3]}}, {("a", "2023"): 1, ("a", "2024"): 1}),
        ({"driver": "orders", "where": {"order_id": ["1", "9"]}}, {("a", "2023"): 1, (UNKNOWN_CUSTOMER, "2024"): 1}),
        ({"minutes": "0.1*revenue"}, {("a", "2023"): 4, ("a", "2024"): 1.5, (UNKNOWN_CUSTOMER, "2024"): 0.8}),
    ],
)
def test_driver_quantities_of_transactions(activity, expected, engine):
    import duckdb

    frame = LINES
    if engine == "duckdb":
        connection = duckdb.connect()
        connection.register("lines", LINES)
        frame = connection.sql("select * replace (date::date as date) from lines")
    found, table = quantities({"table": "transactions"} | activity, Tables(transactions=frame))
    assert found == pytest.approx({key: value for key, value in expected.items() if value} | {k: v for k, v in found.items() if not v})
    assert list(table.columns) == ["activity", "customer_id", "period", "quantity", "missing"]


def test_rows_without_quantity_are_counted_and_said():
    events = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "date": dates("2024-01-01", "2024-01-02", "2022-01-01"), "activity": ["call", "call", "call"]}
    )
    events["minutes"] = [5.0, np.nan, 7.0]
    content = with_activity(table="events", where={"activity": ["call", "email"]}, driver="minutes")
    built = CostModel.from_dict(content)
    drivers = driver_quantities(built, Tables(events=events))
    assert drivers.to_numpy().tolist() == [["calls", "a", "2024", 5.0, 1], ["calls", "b", "2022", 7.0, 0]]
    rules = allocate(built, LEDGER.assign(period="2024"), drivers).issues["rule"].tolist()
    assert 'the quantity of activity "calls" is not known in 1 of its rows' in rules
    assert "1 of 2 driver rows are in periods that the ledger lacks (2022)" in rules


def test_the_rows_behind_a_driver(tmp_path):
    study = Tables(transactions=LINES)
    one = CostModel.from_dict(
        {
            "pools": {"desk": {"accounts": ["1"]}},
            "activities": {"pick": {"pool": "desk", "table": "transactions", "per": "order", "minutes": "5 + 2*lines"}},
        }
    )
    whole = driver_rows(one, study, "pick", n=100)
    assert whole["quantity"].is_monotonic_decreasing and (whole["quantity"] == 5 + 2 * whole["lines"]).all()
    sums = driver_quantities(one, study).groupby("customer_id")["quantity"].sum()
    assert whole.groupby("customer_id")["quantity"].sum().to_dict() == sums.to_dict()
    first = whole["customer_id"].iloc[0]
    assert driver_rows(one, study, "pick", customer_id=first, n=1).to_numpy().tolist() == [whole.iloc[0].tolist()]
    with pytest.raises(ValueError, match="activity 'pack' counts no rows of this study; choose one of pick"):
        driver_rows(one, study, "pack")


def test_a_time_equation_is_told_term_by_term():
    terms = read_equation("8 + 2.5*lines - (lines - 1)*(rush > 0)").terms(pd.DataFrame({"lines": [3], "rush": [1]}))
    assert terms.columns.tolist() == ["8", "2.5 * lines", "-((lines - 1) * (rush > 0))", "total"]
    assert terms.to_numpy().tolist() == [[8, 7.5, -2, 13.5]]
    with pytest.raises(TimeEquationError, match="this number is too large"):
        read_equation("1e300*lines")


def test_missing_tables_give_no_rows_and_missing_columns_are_named():
    built = CostModel.from_dict(with_activity(table="events", driver="minutes"))
    assert driver_quantities(built, Tables(transactions=LINES)).empty
    events = pd.DataFrame({"customer_id": ["a"], "date": dates("2024-01-01"), "activity": ["call"]})
    with pytest.raises(ValueError, match='that events lacks: "calls" uses minutes'):
        driver_quantities(built, Tables(events=events))


def test_driver_quantities_hold_names_once():
    _, frame = quantities({"table": "transactions", "driver": "rows"}, Tables(transactions=LINES))
    assert frame.dtypes.astype(str).tolist() == ["category"] * 3 + ["float64", "int64"]
    assert frame["customer_id"].cat.categories.tolist() == [UNKNOWN_CUSTOMER, "a"] and frame["activity"].cat.categories.tolist() == ["x"]
    assert frame[["customer_id", "period"]].apply(tuple, axis="columns").is_monotonic_increasing


def test_ids_that_are_the_same_as_text_are_one_customer():
    drivers = pd.DataFrame({"activity": "calls", "customer_id": [1, "1", 2.5, None], "quantity": 1.0})
    table = allocate(model(), LEDGER.assign(amount=[0, 0, 400, 0, 0, 0]), drivers).customers()
    assert table["calls"].to_dict() == {"1": 150, "2.5": 75, UNKNOWN_CUSTOMER: 75, UNASSIGNED: 0}


def test_allocate_study_needs_a_ledger_and_a_cost_model():
    assert allocate_study(Tables(transactions=LINES)) is None


def test_every_period_of_the_demo_lands_to_the_cent():
    study = load_demo()
    allocation = allocate_study(study)
    ledger = study.frame("ledger")
    booked = ledger[~ledger["account"].isin(allocation.model.direct)].groupby("period")["amount"].sum().round(2)
    landed = allocation.customers(by="period").sum(axis="columns").groupby("period").sum().round(2)
    assert landed.to_dict() == booked.to_dict() and len(booked) == 3
    assert (allocation.balance()["remainder"] == 0).all()
    assert allocation.by("channel").to_numpy().sum() == pytest.approx(allocation.total)
    for name in (*allocation.customers().index[:3], UNUSED, SUSTAINING):
        assert round(allocation.trace(name)["amount"].sum(), 2) == round(allocation.customers().loc[name].sum(), 2)


# What a first reader ran into


def test_a_time_driven_pool_without_minutes_is_unassigned_and_said():
    idle = allocate(model(), LEDGER, DRIVERS[DRIVERS["activity"] != "take orders"])
    assert idle.customers().loc[UNASSIGNED, NO_ACTIVITY] == 1000 + 7.77 and UNUSED not in idle.customers().index
    assert 'time-driven pool "desk" has no driver quantities at all in all' in idle.issues["rule"].tolist()
    activities = MODEL["activities"] | {"sort mail": {"pool": "desk", "minutes": 1}}
    half = allocate(model(activities=activities), LEDGER, DRIVERS)
    assert half.customers().loc[UNUSED].sum() == 200
    said = half.issues[half.issues["rule"] == 'activity "sort mail" has no driver quantity in all']
    assert "looks unused" in said["advice"].iloc[0] and said["amount"].isna().all()


def test_no_more_can_be_avoided_than_was_spent():
    over = allocate(model(), LEDGER, DRIVERS.assign(quantity=DRIVERS["quantity"] * 10))
    desk = over.customers(avoidable=True)["take orders"]
    assert desk.sum() == 485 and (over.customers().loc[UNUSED] < 0).any()
    dropped = over.what_if(drop=["a", "b"])
    assert dropped.total == over.total - over.customers(avoidable=True).loc[["a", "b"]].to_numpy().sum() > 0
    standard = allocate(CostModel.from_dict(with_activity(rate=1000.0)), LEDGER, DRIVERS)
    assert standard.customers()["calls"].drop(UNASSIGNED).sum() == 3000
    assert standard.customers(avoidable=True)["calls"].sum() == 292.5


def test_cost_of_a_channel_does_not_end_with_a_customer():
    allocation = allocate(CostModel.from_dict(with_activity(level="channel")), LEDGER, DRIVERS)
    dropped = allocation.what_if(drop=["a"])
    assert dropped.customers().loc[SUSTAINING, "calls"] == allocation.customers().loc[SUSTAINING, "calls"] == 300
    assert "a" not in dropped.customers().index


def test_net_quantities_that_cancel_carry_no_cost():
    drivers = pd.DataFrame({"activity": "calls", "customer_id": ["a", "c"], "quantity": [100.0, -99.999]})
    allocation = allocate(CostModel.from_dict(with_activity(negative="net")), LEDGER, drivers)
    assert allocation.customers().loc[UNASSIGNED, "calls"] == 300 and not {"a", "c"} & set(allocation.customers().query("calls != 0").index)
    assert 'quantities of activity "calls" cancel in all: 0.001 is left of 199.999' in allocation.issues["rule"].tolist()


def test_a_capacity_for_one_period_leaves_the_others():
    ledger = pd.concat([LEDGER.assign(line_id=LEDGER["line_id"] + p, period=p) for p in ("2023", "2024")])
    drivers = pd.concat([DRIVERS.assign(period=p) for p in ("2023", "2024")])
    scenario = allocate(model(), ledger, drivers).what_if(capacity={"desk": {"2024": 80}})
    assert scenario.capacity()["capacity_minutes"].tolist() == [100, 80]
    with pytest.raises(ValueError, match="capacity of desk names periods that the ledger lacks: 2025; it has 2023, 2024"):
        allocate(model(), ledger, drivers).what_if(capacity={"desk": {"2025": 80}})
    assert allocate(model(), LEDGER, DRIVERS).what_if(capacity={"desk": np.int64(80)}).capacity()["capacity_minutes"].tolist() == [80]


@pytest.mark.parametrize(
    ("ledger", "match"),
    [
        (LEDGER.assign(amount="1.000,00"), r"the amount is not a number for 6 of 6 ledger lines, first \['L1', 'L2', 'L3'\]"),
        (LEDGER.assign(avoidable="x"), "avoidable is not a fraction from 0 to 1 for 5 of 5 ledger lines"),
    ],
)
def test_text_where_numbers_belong_is_refused_with_its_lines(ledger, match):
    with pytest.raises(ValueError, match=match):
        allocate(model(), ledger, DRIVERS)


def test_lines_without_account_and_with_an_unknown_pool_are_said():
    rules = allocate(model(), LEDGER.assign(account=[*LEDGER["account"][:5], None]), DRIVERS).issues["rule"].tolist()
    assert "account (no account) is in no pool and not direct" in rules
    rules = allocate(model(), LEDGER.assign(pool=[None, "dsk", None, None, None, "it"]), DRIVERS).issues["rule"].tolist()
    assert "lines name a pool that the cost model lacks (1 of 6 lines)" in rules and not any("no pool and not" in rule for rule in rules)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: allocate({}, LEDGER, DRIVERS), "model is a dict; make it with CostModel.read"),
        (lambda: allocate(model(), None, DRIVERS), "ledger is a NoneType; give a DataFrame"),
        (lambda: CostModel.from_dict([1]), "a cost model is a mapping"),
        (lambda: time_driven(100, 60, None), "activities is a NoneType"),
        (lambda: model().diff({}), "other is a dict; give a CostModel"),
    ],
)
def test_wrong_kinds_are_named(call, match):
    with pytest.raises(TypeError, match=match):
        call()


def test_names_of_residual_rows_are_kept_for_them():
    with pytest.raises(CostModelError, match=r"pools: the name '\(no pool\)' begins with a parenthesis"):
        model(pools=MODEL["pools"] | {"(no pool)": {"accounts": ["1"]}})
    with pytest.raises(ValueError, match=r"the residual row \(unused capacity\)"):
        time_driven(100, 60, pd.DataFrame({"unit_minutes": [1], "volume": [2]}, index=[UNUSED]))
    customers = pd.DataFrame({"customer_id": ["a"], "channel": [UNASSIGNED]})
    by = allocate(model(), LEDGER, DRIVERS, customers=customers).by("channel")
    assert by.index.tolist()[:2] == ["(unassigned) as channel", "(not known)"] and by.index.is_unique


def test_nested_minima_stay_small():
    deep = read_equation("min(" * 35 + "lines" + ", 9)" * 35)
    assert deep.evaluate(pd.DataFrame({"lines": [4.0, 40.0]})).tolist() == [4, 9]
    assert read_equation(f"max({', '.join(['lines'] * 60)})").evaluate(pd.DataFrame({"lines": [4.0]})).tolist() == [4]


@pytest.mark.parametrize(
    ("text", "reason"), [("5 # base\n + 3*lines", "comments"), ("1/0", "no number of minutes"), ("1e9*1e9", "no number")]
)
def test_equations_that_hide_or_burst_are_refused(text, reason):
    with pytest.raises(TimeEquationError, match=reason):
        read_equation(text)


def test_splits_that_no_float_holds_name_the_pool():
    with pytest.raises(ValueError, match=r'pool "desk" cannot be split to the cent in all: 1,000\.00 by weights from'):
        allocate(model(), LEDGER, DRIVERS.assign(quantity=DRIVERS["quantity"] * 1e13))


# The check


def study_with(folder, costs, *, events="activity,minutes\ncall,5", ledger="6200,390.00"):
    """A study of two orders (one a return), one event, one ledger line, and a cost model."""
    files = {
        "study.toml": '[study]\nname = "Checked"\ncurrency = "EUR"\n',
        "transactions.csv": "customer_id,order_id,date,revenue,is_return\na,1,2024-01-02,10.00,false\nb,2,2024-01-03,-4.00,true\n",
    }
    if events:
        head, *rows = events.split("\n")
        files["events.csv"] = "\n".join([f"customer_id,date,{head}", *(f"a,2024-02-01,{row}" for row in rows)]) + "\n"
    if ledger:
        lines = [f"L{i},2024,{line}" for i, line in enumerate(ledger.split("\n"))]
        files["ledger.csv"] = "\n".join(["line_id,period,account,amount,avoidable", *(f"{line},0.5" for line in lines)]) + "\n"
    if costs is not None:
        files["costs.toml"] = costs
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Study.open(folder)


def costs(activity='table = "events"\ndriver = "rows"', *, accounts='["6200"]', direct="[]"):
    return f"direct = {direct}\n[pools.service]\naccounts = {accounts}\n[activities.serve]\npool = 'service'\n{activity}\n"


def test_a_sound_cost_model_has_no_issues(tmp_path):
    study = study_with(tmp_path, costs())
    found = check_costs(study)
    assert found.empty
    assert found.dtypes.to_dict() == study.check().dtypes.to_dict() and list(found) == list(study.check())


@pytest.mark.parametrize("lacking", [{"costs": None}, {"costs": "[pools", "ledger": None}])
def test_without_a_ledger_or_a_cost_model_there_is_nothing_to_check(tmp_path, lacking):
    assert check_costs(study_with(tmp_path, **lacking)).empty


@pytest.mark.parametrize(
    ("text", "rule", "advice"),
    [
        ("[pools", "it is not a TOML file", "Correct it in costs.toml."),
        (costs(accounts='["6200", "6200"]'), 'account 6200 is in pool "service" and in pool "service"', "A cost that goes two ways"),
        (costs(direct="[6200]"), 'account 6200 is in direct and in pool "service"', "A cost that goes two ways"),
        (costs('table = "events"\ndriver = "minuts"'), "driver is 'minuts'", "Did you mean 'minutes'?"),
        (costs('table = "events"\nminutes = "1 + minuts"'), "'minuts' is not a column here", "'minutes'?\n    1 + minuts\n        ^"),
        (
            costs('table = "events"\nminutes = "__import__(1)"'),
            "__import__() cannot be called",
            "Only min and max can.\n    __import__(1)\n",
        ),
        (costs('table = "events"\ndriver = "rows"\npool = "x"').replace("pool = 'service'\n", ""), "pool is 'x'", "Choose one of service."),
        (costs('table = "events"\nminutes = "quantity"'), '"serve" uses quantity, which events lacks', "Add quantity to the table events"),
        (
            costs('level = "line"\ntable = "transactions"\ndriver = "revenue"'),
            "driver quantities are negative",
            "Name a policy in the activity",
        ),
    ],
)
def test_errors_of_a_cost_model_are_said_by_the_check(tmp_path, text, rule, advice):
    found = check_costs(study_with(tmp_path, text))
    assert found["severity"].tolist() == ["error"] and found["table"].tolist() == ["cost model"]
    assert rule in found["rule"][0] and advice in found["advice"][0]


def test_all_errors_are_said_at_once(tmp_path):
    text = costs('table = "events"\nminutes = "quantity"') + (
        "[activities.more]\npool = 'service'\nlevel = 'line'\ntable = 'transactions'\ndriver = 'freight'\nshare = 0.5\n"
    )
    text = text.replace('minutes = "quantity"', 'minutes = "quantity"\nshare = 0.5')
    study = study_with(tmp_path, text, ledger="6200,1.00\n6999,2.00")
    found = check_costs(study)
    assert found["rule"].tolist() == [
        'activity "serve" uses quantity, which events lacks',
        'activity "more" uses freight, which transactions lacks',
        "account 6999 is in no pool and not direct",
    ]
    assert found["severity"].tolist() == ["error", "error", "warning"]
    with pytest.raises(ValueError, match='that events lacks: "serve" uses quantity; that transactions lacks: "more" uses freight'):
        allocate_study(study)


def test_rows_on_which_an_equation_has_no_value_are_counted(tmp_path):
    study = study_with(tmp_path, costs('table = "transactions"\nper = "order"\nminutes = "8 / is_return"'))
    found = check_costs(study)
    assert found[["severity", "rule", "rows"]].to_numpy().tolist() == [
        ["warning", 'the quantity of activity "serve" is not known in 1 of its rows', 1]
    ]
    advice = 'They count as 0; fill is_return where it is missing, and see that "8 / is_return" never divides by 0.'
    assert found["advice"].tolist() == [advice]
    issues = allocate_study(study).issues
    assert issues["rule"].tolist() == found["rule"].tolist() and issues["severity"].tolist() == ["warning"]
    assert "they count as 0; fill is_return" in issues["advice"][0]


def test_what_the_allocation_finds_is_said_once(tmp_path):
    text = costs('table = "events"\nwhere = { activity = "visit" }\ndriver = "rows"', accounts='["6200", "6201"]')
    found = check_costs(study_with(tmp_path, text + "[pools.idle]\naccounts = ['6300']\n", ledger="6200,8.00\n6300,3.00\n6999,2.00"))
    assert found["severity"].eq("warning").all() and found["table"].eq("cost model").all()
    assert dict(zip(found["rule"], found["amount"].fillna(0), strict=True)) == {
        'pool "service" names account 6201, which the ledger lacks': 0,
        "account 6999 is in no pool and not direct": 2,
        'activity "serve" has no driver quantity in 2024': 8,
        'pool "idle" has no activity (2024)': 3,
    }


def test_every_problem_of_a_model_on_a_study_is_said_at_once(tmp_path):
    text = (
        "direct = ['5000']\n[pools.service]\naccounts = ['6200', '6201']\n[pools.freight]\naccounts = ['5100']\n"
        "[pools.idle]\naccounts = ['6300']\n"
        "[activities.serve]\npool = 'service'\ntable = 'events'\ndriver = 'rows'\nwhere = { activity = 'visit' }\n"
        "[activities.ship]\npool = 'freight'\nlevel = 'line'\ntable = 'transactions'\ndriver = 'revenue'\n"
    )
    ledger = "6200,8.00\n5000,1.00\n5100,4.00\n6300,3.00\n6999,2.00"
    folder = tmp_path / "study"
    study_with(folder, text, ledger=ledger)
    lines = (folder / "transactions.csv").read_text().splitlines()
    (folder / "transactions.csv").write_text("\n".join([lines[0] + ",freight", *(f"{line},2.00" for line in lines[1:])]) + "\n")
    booked = (folder / "ledger.csv").read_text().replace("avoidable\n", "avoidable,currency\n").replace("0.5\n", "0.5,EUR\n")
    (folder / "ledger.csv").write_text(booked)
    study = Study.open(folder)
    found = CostModel.read(study.cost_model).check(study)
    pd.testing.assert_frame_equal(found, check_costs(study))
    assert found["severity"].tolist() == ["error"] + ["warning"] * 5
    assert "driver quantities are negative" in found["rule"][0] and "Name a policy" in found["advice"][0]
    assert found["rule"].tolist()[1:] == [
        'pool "idle" has no activity',
        'pool "service" names account 6201, which the ledger lacks',
        "account 5000 is direct and no tie says which money of the invoice lines it is",
        "account 6999 is in no pool and not direct",
        'account 5100 is in pool "freight" and its money is freight of the customers\' lines already',
    ]
    assert found["amount"].tolist()[3:] == [1, 2, 4]
    (folder / "ledger.csv").write_text(booked.replace("0.5,EUR\n", "0.5,USD\n", 1))
    mixed = Study.open(folder)
    said = CostModel.read(mixed.cost_model).check(mixed).query("table == 'ledger'")
    assert said[["rule", "rows"]].to_numpy().tolist() == [["set aside: another currency", 1]] and "[rates]" in said["advice"].iloc[0]
    assert mixed.reconciliation().query("table == 'ledger'")["rows_set_aside"].tolist() == [1]
    with pytest.raises(ValueError, match=r"amounts in 2 currencies: EUR \(1 lines\), USD \(1 lines\); convert them"):
        allocate(model(), LEDGER.head(2).assign(currency=["EUR", "USD"]), DRIVERS)


def test_a_table_without_usable_rows_is_left_to_the_check_of_the_study(tmp_path):
    study = study_with(tmp_path, costs())
    (tmp_path / "events.csv").write_text("customer_id,date,activity\na,never,call\n")
    study = Study.open(tmp_path)
    assert "error" in study.check()["severity"].tolist() and "error" not in check_costs(study)["severity"].tolist()
