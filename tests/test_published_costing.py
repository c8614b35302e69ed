"""Published worked examples of cost allocation, one test per table."""

import numpy as np
import pandas as pd
import pytest

from custprof.costing import UNUSED, CostModel, allocate, allocate_support, read_equation, reciprocal_costs, split_cents, time_driven

TRANSIT_COSTS = pd.Series({"Administration": 1200, "Maintenance": 2400, "Two-Day": 1500, "Next-Day": 4000})
TRANSIT_USAGE = pd.DataFrame(
    [[0, 1, 1, 4], [1, 0, 1, 3]], index=["Administration", "Maintenance"], columns=["Administration", "Maintenance", "Two-Day", "Next-Day"]
)


def ledger_of(costs):
    return pd.DataFrame({"line_id": [f"L{i}" for i in range(len(costs))], "account": list(costs), "amount": list(costs.values())})


@pytest.mark.parametrize(
    ("method", "order", "two_day", "next_day"),
    [
        ("reciprocal", None, 2327.586, 6772.414),
        ("direct", None, 2340, 6760),
        ("step_down", ["Administration", "Maintenance"], 2350, 6750),
        ("step_down", ["Maintenance", "Administration"], 2316, 6784),
    ],
)
def test_support_departments_of_young_transit_case(method, order, two_day, next_day):
    """Young, transit case: three methods on two support and two operating departments."""
    table = allocate_support(TRANSIT_COSTS, TRANSIT_USAGE, method=method, order=order)
    assert table["total"].to_numpy() == pytest.approx([two_day, next_day], abs=5e-4)
    assert table["total"].sum() == pytest.approx(9100)
    assert list(table.columns) == ["direct", "Administration", "Maintenance", "total"]


def test_reciprocated_costs_of_young_transit_case():
    """Young, transit case: reciprocated costs of Administration 1,738 and Maintenance 2,690."""
    assert reciprocal_costs(TRANSIT_COSTS, TRANSIT_USAGE).round(0).tolist() == [1738, 2690]


@pytest.mark.parametrize(
    ("method", "order", "two_day"),
    [("reciprocal", None, 2327.59), ("direct", None, 2340), ("step_down", ["Administration", "Maintenance"], 2350)],
)
def test_transit_case_by_a_cost_model(method, order, two_day):
    """Young, transit case, as flows of a cost model: the cents of the pools."""
    model = CostModel.from_dict(
        {
            "pools": {name: {"accounts": [name]} for name in TRANSIT_COSTS.index},
            "flows": {name: row.to_dict() for name, row in TRANSIT_USAGE.iterrows()},
            "activities": {name: {"pool": name, "driver": "rows"} for name in ("Two-Day", "Next-Day")},
        }
    )
    drivers = pd.DataFrame({"activity": ["Two-Day", "Next-Day"], "customer_id": "all", "quantity": 1})
    allocation = allocate(model, ledger_of(TRANSIT_COSTS.to_dict()), drivers, method=method, order=order)
    assert allocation.customers().loc["all"].tolist() == [two_day, round(9100 - two_day, 2), 0]


def test_reciprocal_pair_of_horngren():
    """Horngren, Cost Accounting: PM = 6,300,000 + 0.1 IS, IS = 1,452,150 + 0.2 PM (solution derived)."""
    costs = pd.Series({"PM": 6_300_000, "IS": 1_452_150, "Products": 0})
    usage = pd.DataFrame([[0, 0.2, 0.8], [0.1, 0, 0.9]], index=["PM", "IS"], columns=["PM", "IS", "Products"])
    assert reciprocal_costs(costs, usage).tolist() == pytest.approx([6_576_750, 2_767_500])
    assert allocate_support(costs, usage)["total"].tolist() == pytest.approx([7_752_150])


KAPLAN = pd.DataFrame(
    {"unit_minutes": [8, 44, 50], "volume": [49_000, 1_400, 2_500]}, index=["process orders", "handle inquiries", "credit checks"]
)


def test_time_driven_costing_of_kaplan_and_anderson():
    """Kaplan & Anderson, Harvard Business Review 82(11), 2004: customer service department."""
    table = time_driven(560_000, 700_000, KAPLAN)
    assert table["cost"].tolist() == [313_600, 49_280, 100_000, 97_120]
    assert table["minutes"].tolist() == [392_000, 61_600, 125_000, 121_400]
    assert table["rate"].tolist()[:3] == pytest.approx([6.40, 35.20, 40.00])
    assert table.index[-1] == UNUSED
    assert table["minutes"][:-1].sum() / 700_000 == pytest.approx(0.827, abs=5e-4)


def test_conventional_costing_of_kaplan_and_anderson():
    """Kaplan & Anderson 2004: a time survey of 70/10/20 % hides the unused capacity in the rates."""
    cents = split_cents(560_000_00, pd.Series([70, 10, 20], index=KAPLAN.index))
    assert (cents / 100 / KAPLAN["volume"]).tolist() == pytest.approx([8.00, 40.00, 44.80])


def test_kaplan_and_anderson_by_a_cost_model():
    """Kaplan & Anderson 2004, as a time-driven pool: rates, capacity, customers."""
    model = CostModel.from_dict(
        {
            "pools": {"customer service": {"accounts": ["service"], "capacity_minutes": 700_000}},
            "activities": {name: {"pool": "customer service", "minutes": int(row.unit_minutes)} for name, row in KAPLAN.iterrows()},
        }
    )
    minutes = KAPLAN["unit_minutes"] * KAPLAN["volume"]
    drivers = pd.DataFrame({"activity": KAPLAN.index, "customer_id": "all", "quantity": minutes.to_numpy()})
    allocation = allocate(model, ledger_of({"service": 560_000.0}), drivers)
    assert allocation.customers().loc["all"].tolist() == [313_600, 49_280, 100_000, 0]
    assert allocation.customers().loc[UNUSED, "(no activity)"] == 97_120
    assert allocation.rates()["rate"].tolist() == pytest.approx([0.8] * 3)
    assert allocation.capacity()[["used_minutes", "unused_minutes", "unused_cost"]].to_numpy().tolist() == [[578_600, 121_400, 97_120]]


def test_time_equation_of_hunter():
    """Hunter, after Kaplan & Anderson: 5 + 3 lines + 15 for a new customer + 10 for a rush order."""
    orders = pd.DataFrame({"lines": [4, 10], "new_customer": [0, 1], "rush": [False, True]})
    assert read_equation("5 + 3*lines + 15*new_customer + 10*rush").evaluate(orders).tolist() == [17, 60]


ALLIED = pd.DataFrame(
    {
        "cost": [1_550_000, 1_801_000, 761_000, 734_000, 612_000, 250_000],
        "quantity": [350_000, 310_000, 775_000, 697_500, 775_000, 8_500],
        "A": [350, 364, 910, 910, 910, 0],
        "B": [700, 790, 2_500, 2_500, 2_500, 26],
    },
    index=["storage", "requisition handling", "stock selection", "pick-pack", "data entry", "desktop delivery"],
)


def test_customers_of_allied_office_products():
    """Allied Office Products: cost to serve of two customers with the same sales (inventory carrying and freight are direct)."""
    model = CostModel.from_dict(
        {
            "pools": {name: {"accounts": [name]} for name in ALLIED.index},
            "activities": {name: {"pool": name, "driver": "rows"} for name in ALLIED.index},
        }
    )
    used = ALLIED[["A", "B"]].assign(others=ALLIED["quantity"] - ALLIED["A"] - ALLIED["B"])
    drivers = used.rename_axis("activity").reset_index().melt("activity", var_name="customer_id", value_name="quantity")
    costs = allocate(model, ledger_of(ALLIED["cost"].to_dict()), drivers).customers()
    assert costs.to_numpy().sum() == pytest.approx(ALLIED["cost"].sum())
    for customer, direct, to_serve, profit in [("A", 1_950 + 2_250, 10_434.51, 18_885.49), ("B", 6_815 + 7_500, 29_829.21, -509.21)]:
        exact = (ALLIED["cost"] / ALLIED["quantity"] * ALLIED[customer]).to_numpy()
        assert np.abs(costs.loc[customer].to_numpy()[:-1] - exact).max() < 0.01
        cost_to_serve = costs.loc[customer].sum() + direct
        assert cost_to_serve == pytest.approx(to_serve, abs=0.0101)
        assert 79_320 - 50_000 - cost_to_serve == pytest.approx(profit, abs=0.0101)


def test_levels_above_the_customer_of_rod_manufacturing():
    """Rod Manufacturing: channel, marketing and administration cost spread on income, revenue and customer-level cost."""
    revenue = pd.Series([1_054_826, 1_544_680, 2_210_162, 480_332], index=list("abcd"))
    cost = pd.Series([675_378, 951_669, 1_517_895, 266_058], index=list("abcd"))
    income = revenue - cost
    names = ["channel", "marketing", "administration"]
    model = CostModel.from_dict(
        {
            "pools": {name: {"accounts": [name]} for name in names},
            "activities": {name: {"pool": name, "driver": "rows"} for name in names},
        }
    )
    parts = [
        pd.DataFrame({"activity": n, "customer_id": s.index, "quantity": s.to_numpy()})
        for n, s in zip(names, [income, revenue, cost], strict=True)
    ]
    levels = allocate(model, ledger_of({"channel": 740_000, "marketing": 560_000, "administration": 240_000}), pd.concat(parts)).customers()
    assert income.tolist() == [379_448, 593_011, 692_267, 214_274]
    assert (income - levels["channel"]).round(0).tolist() == [230_011, 359_468, 419_634, 129_887]
    loaded = income - levels.sum(axis="columns")
    assert loaded.round(0).tolist() == [70_827, 128_988, 78_866, 60_319]
    assert loaded.sum() == pytest.approx(339_000)


def test_orders_that_are_not_stocked():
    """Kanthal type: 750 an order, 2,250 more if the product is not stocked; an order of 2,000 at 50 % earns 250 or loses 2,000."""
    orders = pd.DataFrame({"not_stocked": [0, 1]})
    cost = read_equation("750 + 2250*not_stocked").evaluate(orders)
    assert (2_000 * 0.5 - cost).tolist() == [250, -2_000]
