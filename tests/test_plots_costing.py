import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from custprof.costing import CostModel, allocate
from custprof.plots import capacity, money_flow, rank_stability


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


def test_money_flow_draws_every_amount(allocation):
    frame = allocation.money_flow()
    _, ax = plt.subplots()
    assert money_flow(frame, ax=ax, currency="EUR") is ax
    drawn = {patch.get_gid(): patch for patch in ax.patches if patch.get_gid()}
    later = frame[frame["stage"] > 1]  # no pool serves another, so the first stage has no column
    assert sorted(drawn) == sorted(f"{row.source} > {row.target}" for row in later.itertuples())
    thick = {name: float(np.ptp(patch.get_path().vertices[[3, 4], 1])) for name, patch in drawn.items()}
    scale = thick["take orders > customers"] / frame.query("target == 'customers'")["amount"].iloc[0]
    for row in later.itertuples():
        assert thick[f"{row.source} > {row.target}"] == pytest.approx(abs(row.amount) * scale)
        assert bool(drawn[f"{row.source} > {row.target}"].get_hatch()) == (row.amount < 0)
    said = [text.get_text() for text in ax.texts]
    assert "customers  150" in said and "remarks  -30" in [text.replace("\u2212", "-") for text in said] and "Amounts in EUR." in said


def test_money_flow_of_labels_that_do_not_touch(allocation):
    ax = money_flow(allocation.money_flow())
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert not money_flow(allocation.money_flow().iloc[:0]).patches


def test_rank_stability_draws_the_band():
    frame = pd.DataFrame({"profit": [-1.0, 5.0, 2.0], "rank": [3, 1, 2], "rank_low": [2, 1, 1], "rank_high": [3, 2, 3]}, index=list("cab"))
    ax = rank_stability(frame)
    earns, loses = ax.collections
    assert (earns.get_label(), loses.get_label()) == ("earns money", "loses money")
    box = earns.get_paths()[0].get_extents()
    assert (box.x0, box.x1, box.y0, box.y1) == (0.5, 2.5, 0.5, 3.5)
    assert loses.get_paths()[0].get_extents().y0 == 1.5 and loses.get_hatch()
    assert ax.get_xlim() == (0.5, 3.5) and ax.get_ylim() == (3.5, 0.5)
