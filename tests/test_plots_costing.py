import matplotlib.pyplot as plt
import pandas as pd
import pytest

from custprof.costing import CostModel, allocate
from custprof.plots import capacity, cost_flow


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture
def allocation():
    model = CostModel.from_dict(
        {
            "pools": {
                "order_desk": {"accounts": ["1"], "capacity_minutes": {"2023": 100, "2024": 50}},
                "administration": {"accounts": ["2"]},
                "remarks": {"accounts": ["3"]},
            },
            "activities": {
                "take orders": {"pool": "order_desk", "minutes": 1},
                "run": {"pool": "administration", "level": "business"},
                "remark": {"pool": "remarks", "driver": "rows"},
            },
        }
    )
    ledger = pd.DataFrame(
        {"line_id": range(4), "account": ["1", "1", "2", "3"], "amount": [200.0, 100.0, 70.0, -30.0], "period": ["2023", "2024"] * 2}
    )
    drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", None], "quantity": [75, 60], "period": ["2023", "2024"]})
    return allocate(model, ledger, drivers)


def test_capacity_draws_used_unused_and_over_driven(allocation):
    frame = allocation.capacity()
    ax = capacity(frame, currency="EUR")
    used, unused, over = ax.containers
    assert [bar.get_width() for bar in used] == [0.75, 1.0]
    assert [bar.get_width() for bar in unused] == [0.25, 0.0]
    assert [bar.get_width() for bar in over] == pytest.approx([0.0, 0.2])
    assert [text.get_text() for text in ax.texts] == ["75 %, 50 EUR unused", "120 %, 20 EUR over"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["order desk 2023", "order desk 2024"]


def test_capacity_of_one_period_names_pools_only(allocation):
    ax = capacity(allocation.capacity().query("period == '2023'"))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["order desk"]
    assert ax.get_ylabel() == "pool"


def test_cost_flow_draws_the_balance(allocation):
    _, ax = plt.subplots()
    balance = allocation.balance()
    assert cost_flow(balance, ax=ax, currency="EUR") is ax
    drawn = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    pools = balance[balance["kind"] == "pool"].sort_values("cost_in", ascending=False)
    assert drawn == {
        "customers": pools["to_customers"].tolist(),
        "unknown customer": pools["to_unknown"].tolist(),
        "unused capacity": pools["unused"].tolist(),
        "unassigned": pools["unassigned"].tolist(),
        "business-sustaining": pools["sustaining"].tolist(),
    }
    assert ax.get_xlabel() == "cost (EUR)"
    credit = next(bars for bars in ax.containers if bars.get_label() == "unassigned")
    assert (credit[-1].get_x(), credit[-1].get_width()) == (0, -30)


def test_cost_flow_refuses_other_kinds(allocation):
    with pytest.raises(ValueError, match='choose "pool" or "activity"'):
        cost_flow(allocation.balance(), kind="department")
