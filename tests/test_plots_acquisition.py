"""What is drawn of campaigns, budget, capacity and leads equals the frames."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt

from custprof import plots
from custprof.acquisition import budget, capacity_check, prune_funnel


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture
def plan():
    compared = pd.DataFrame(
        {
            "channel": ["fair", "web", "post"],
            "spend": [9e3, 1e3, 5e3],
            "cost": [9e3, 1e3, 5e3],
            "customers": [10, 6, 3],
            "known": [10, 6, 3],
        }
    ).assign(profit_per_customer=[1500.0, 300.0, 200.0])
    return budget(compared, 30, least_return=None)


def widths(ax, label):
    return [bar.get_width() for group in ax.containers if group.get_label() == label for bar in group]


def test_budget_draws_the_customers_asked_for_and_the_gap(plan):
    ax = plots.budget(plan, currency="EUR")
    assert widths(ax, "asked for") == [10, 6]
    assert widths(ax, "asked for, at a loss") == [3]
    assert widths(ax, "at most") == [10, 6, 3]
    assert widths(ax, "without a source") == [11]
    assert [label.get_text() for label in ax.get_yticklabels()] == plan.index[:-1].tolist()
    assert ax.texts[0].get_text() == "costs 9 k EUR, nets 6 k" and ax.texts[-1].get_text() == "11 still to be found"


def test_budget_without_profit_or_gap(plan):
    ax = plots.budget(plan.drop(columns=["net"]).drop(index="(without a source)"))
    assert ax.texts[0].get_text() == "costs 9 k"
    assert widths(ax, "without a source") == []


def test_capacity_check_draws_what_is_used_and_needed():
    capacity = pd.DataFrame({"period": "2025", "pool": ["a_b", "c", "d"], "capacity_minutes": [100, 50, 0], "used_minutes": [60, 60, 0]})
    check = capacity_check(capacity, pd.Series({"a_b": 10, "c": 1}), 2)
    ax = plots.capacity_check(check)
    assert widths(ax, "used today") == pytest.approx([1.2, 0.6, 0])
    assert widths(ax, "new customers, too little time") == pytest.approx([0.04])
    assert widths(ax, "new customers") == pytest.approx([0.2, 0])
    assert [text.get_text() for text in ax.texts] == ["no room, lacks 0 h", "room for 4", "takes none of its time"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c", "a b", "d"]


def test_lead_calibration_draws_every_group_with_its_interval():
    frame = pd.DataFrame({"leads": [9, 8], "predicted": [0.1, 0.6], "won": [0.0, 0.5], "won_low": [0.0, 0.3], "won_high": [0.2, 0.7]})
    ax = plots.lead_calibration(frame)
    line = ax.containers[0].lines[0]
    assert line.get_xdata().tolist() == [0.1, 0.6] and line.get_ydata().tolist() == [0.0, 0.5]
    bars = np.array([segment[:, 1] for segment in ax.containers[0].lines[2][0].get_segments()])
    assert bars == pytest.approx(frame[["won_low", "won_high"]].to_numpy())


def test_pruned_funnel_draws_hours():
    leads = pd.DataFrame({"channel": ["web", "web", "fair"], "contact_minutes": [60.0, 120.0, 30.0], "customer_id": [None, "a", None]})
    table = prune_funnel(leads, pd.Series([-1.0, 5.0, 6.0]), pd.Series({"a": 9.0}), minute_rate=2.0, by="channel")
    ax = plots.prune_funnel(table, currency="EUR")
    assert widths(ax, "leads worth less than the contact") == [1, 0]
    assert widths(ax, "the others") == [2, 0.5]
    assert [text.get_text() for text in ax.texts] == ["pruning: 120 EUR", "none to prune"]
