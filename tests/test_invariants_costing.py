"""Properties of the allocation that hold for every model: nothing is lost, and nothing depends on what should not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custprof.costing import UNUSED, CostModel, allocate, allocate_support, reciprocal_costs, split_cents

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Cents of a ledger line. Twelve lines, which negative or over-driven quantities multiply by 450 at most, stay within MOST_CENTS.
MOST = 10**11


@st.composite
def companies(draw, periods=True, most=MOST):
    """A random cost model with its ledger and drivers: cycles of support, credits, no drivers, unknown customers, over-driven."""
    pools, activities, flows = {}, {}, {}
    for p in range(draw(st.integers(1, 3))):
        timed = draw(st.booleans())
        pools[f"p{p}"] = {"accounts": [f"6{p}"], **({"capacity_minutes": draw(st.sampled_from([5, 100, 1e6]))} if timed else {})}
        count = draw(st.integers(0, 3))
        for a in range(count):
            level = draw(st.sampled_from(["order", "customer", "business"]))
            extra = {"minutes": 1} if timed else {"share": 1 / count} | ({} if level == "business" else {"driver": "rows"})
            activities[f"p{p}a{a}"] = {
                "pool": f"p{p}",
                "level": level,
                "negative": draw(st.sampled_from(["net", "absolute", "zero"])),
            } | extra
            if "minutes" in extra and level == "business":
                activities[f"p{p}a{a}"]["table"] = "events"
    for s in range(draw(st.integers(0, 2))):
        pools[f"s{s}"] = {"accounts": [f"7{s}"]}
    support = [name for name in pools if name.startswith("s")]
    for name in support:
        flows[name] = {other: draw(st.integers(0, 5)) for other in support} | {"p0": draw(st.integers(1, 5))}
    model = CostModel.from_dict({"direct": ["4"], "pools": pools, "flows": flows, "activities": activities})
    accounts = st.sampled_from(["4", "9", *(a for pool in pools.values() for a in pool["accounts"])])
    times = st.sampled_from(["2023", "2024"])
    amounts = st.one_of(st.integers(-100_000, 100_000), st.integers(-most, most), st.integers(-3, 3))
    lines = draw(st.lists(st.tuples(accounts, amounts, st.sampled_from([0.0, 0.3, 1.0]), times), min_size=1, max_size=12))
    ledger = pd.DataFrame(lines, columns=["account", "amount", "avoidable", "period"])
    ledger["amount"] /= 100
    ledger.insert(0, "line_id", [f"L{i}" for i in range(len(ledger))])
    names = st.sampled_from([*activities]) if activities else st.nothing()
    # Negative quantities only among whole ones: fractions could net out to almost nothing, and almost nothing carries no amount.
    quantity = st.one_of(st.integers(0, 9), st.integers(-2, 2) if draw(st.booleans()) else st.floats(0, 100), st.just(0))
    rows = st.lists(st.tuples(names, st.sampled_from(["a", "b", "c", None]), quantity, times), max_size=20)
    drivers = pd.DataFrame(draw(rows) if activities else [], columns=["activity", "customer_id", "quantity", "period"]).astype(
        {"quantity": float}
    )
    return model, ledger, drivers if periods and draw(st.booleans()) else drivers.drop(columns="period")


def cents(frame):
    return np.rint(frame.to_numpy() * 100).astype("int64")


@QUICK
@given(companies())
def test_every_cent_of_the_ledger_lands(company):
    model, ledger, drivers = company
    before = ledger.copy(), drivers.copy()
    allocation = allocate(model, ledger, drivers)
    whole = int(np.rint(ledger.loc[ledger["account"] != "4", "amount"] * 100).sum())
    table = allocation.customers()
    assert cents(table).sum() == whole == round(allocation.total * 100)
    for other in (allocation.customers(by="period"), allocation.by("pool"), allocation.by("department")):
        assert cents(other).sum() == whole
    assert table.notna().all(axis=None)
    balance = allocation.balance()
    assert (balance["remainder"] == 0).all()
    assert cents(balance.loc[balance["kind"] == "pool", "cost_in"]).sum() == whole
    pd.testing.assert_frame_equal(ledger, before[0])
    pd.testing.assert_frame_equal(drivers, before[1])


@QUICK
@given(companies())
def test_a_trace_closes_to_the_cent(company):
    allocation = allocate(*company)
    table = allocation.customers()
    for name in table.index:
        trace = allocation.trace(name)
        assert cents(trace["amount"]).sum() == cents(table.loc[name]).sum()
        by_activity = trace.groupby("activity")["amount"].sum().reindex(table.columns, fill_value=0.0)
        assert (cents(by_activity) == cents(table.loc[name])).all()


@QUICK
@given(companies())
def test_avoidable_cost_is_a_part_of_the_cost(company):
    model, ledger, drivers = company
    allocation = allocate(model, ledger, drivers)
    allocated = ledger[ledger["account"] != "4"]
    expected = np.rint(np.rint(allocated["amount"] * 100) * allocated["avoidable"]).sum()
    full, part = allocation.customers(), allocation.customers(avoidable=True)
    assert part.index.equals(full.index)
    assert cents(part).sum() == int(expected)
    if (ledger["amount"] >= 0).all() and allocation.capacity().query("unused_minutes < 0").empty:
        assert (np.abs(cents(part)) <= np.abs(cents(full))).all()


@QUICK
@given(companies(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_cent(company, random):
    model, ledger, drivers = company
    mixed = [frame.iloc[random.sample(range(len(frame)), len(frame))] for frame in (ledger, drivers)]
    first, second = allocate(model, ledger, drivers), allocate(model, *mixed)
    pd.testing.assert_frame_equal(first.customers(by="period"), second.customers(by="period"))
    pd.testing.assert_frame_equal(first.customers(avoidable=True), second.customers(avoidable=True))
    for name in first.customers().index:
        pd.testing.assert_frame_equal(first.trace(name), second.trace(name))


@QUICK
@given(companies(), st.permutations(["a", "b", "c", "nobody"]))
def test_categorical_ids_change_no_cent(company, names):
    model, ledger, drivers = company
    kinds = {"customer_id": pd.CategoricalDtype(names), "activity": pd.CategoricalDtype([*reversed(model.activities), "never"])}
    first, second = allocate(model, ledger, drivers), allocate(model, ledger, drivers.astype(kinds))
    pd.testing.assert_frame_equal(first.customers(by="period"), second.customers(by="period"))
    assert repr(first) == repr(second)
    for name in first.customers().index:
        pd.testing.assert_frame_equal(first.trace(name), second.trace(name))


@QUICK
@given(companies(most=MOST // 100))
def test_scaling_the_currency_scales_the_cost(company):
    model, ledger, drivers = company
    scaled = allocate(model, ledger.assign(amount=ledger["amount"] * 100), drivers).customers() / 100
    table = allocate(model, ledger, drivers).customers()
    # Each of at most three roundings on the way may be off by a cent, magnified where capacity is over-driven or drivers net out.
    if UNUSED not in table.index and (drivers["quantity"] >= 0).all():
        apart = scaled.sub(table, fill_value=0.0).abs()
        assert (apart <= 0.1 + 1e-9 * np.abs(ledger["amount"]).sum()).all(axis=None)


@QUICK
@given(
    st.one_of(st.integers(-(2**50), 2**50), st.integers(-5, 5)),
    st.dictionaries(st.text(max_size=3), st.one_of(st.floats(0, 1e300), st.integers(0, 3)), min_size=1, max_size=30),
)
def test_split_cents_is_exact_and_fair(total, weights):
    weights = pd.Series(weights, dtype="float64")
    if weights.sum() == 0:
        with pytest.raises(ValueError, match="sum to zero"):
            split_cents(total, weights)
        return
    parts = split_cents(total, weights)
    assert parts.sum() == total
    assert (parts[weights == 0] == 0).all()
    share = weights / weights.max()
    assert np.abs(parts - total * (share / share.sum())).max() < 1 + 1e-9 * abs(total)
    assert split_cents(total, weights.iloc[::-1]).reindex(weights.index).equals(parts)
    assert (split_cents(-total, weights) == -parts).all()


@QUICK
@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_support_cost_is_kept_by_every_method(support, operating, random):
    names = [f"s{i}" for i in range(support)], [f"o{i}" for i in range(operating)]
    costs = pd.Series({name: random.uniform(-1e6, 1e6) for name in [*names[0], *names[1]]})
    usage = pd.DataFrame([[random.choice([0, 1, 7]) for _ in costs] for _ in names[0]], index=names[0], columns=costs.index)
    usage["o0"] += 1
    for method, order in [("reciprocal", None), ("direct", None), ("step_down", names[0])]:
        table = allocate_support(costs, usage, method=method, order=order)
        assert table["total"].sum() == pytest.approx(costs.sum(), abs=1e-3)


@QUICK
@given(st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_reciprocal_costs_are_the_fixed_point_of_charging_to_and_fro(support, operating, random):
    names = [f"s{i}" for i in range(support)] + [f"o{i}" for i in range(operating)]
    # Everyone serves some operating department, so that no round passes on more than it took in.
    usage = pd.DataFrame(
        [[random.randint(0, 5) for _ in names[:-1]] + [random.randint(3, 9)] for _ in range(support)], names[:support], names
    )
    costs = pd.Series([random.randint(-500, 5000) for _ in names], names, dtype="float64")
    shares = usage.div(usage.sum(axis=1), axis=0)
    own, to_and_fro = costs[names[:support]].to_numpy(), shares[names[:support]].to_numpy()
    found = own
    for _ in range(2000):
        found = own + to_and_fro.T @ found
    np.testing.assert_allclose(reciprocal_costs(costs, usage).to_numpy(), found, rtol=1e-9, atol=1e-6)
    charged = costs[names[support:]] + shares[names[support:]].T @ found
    np.testing.assert_allclose(allocate_support(costs, usage)["total"].to_numpy(), charged.to_numpy(), rtol=1e-9, atol=1e-6)
