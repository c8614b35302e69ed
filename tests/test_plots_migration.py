"""What is drawn of recency and frequency, of moves and of care equals the frames."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt

from custprof import plots
from custprof.decisions import effort_plan
from custprof.plots import money_text
from custprof.segmentation import RFM, migration


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def boxes(ax) -> list:
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in ax.texts]


def test_rfm_writes_every_cell_in_its_place():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"recency": rng.integers(0, 90, 300).astype(float), "frequency": rng.geometric(0.3, 300), "monetary": rng.normal(9, 90, 300)}
    )
    X.loc[:3, ["recency", "frequency"]] = [np.nan, 0]
    cells = RFM().fit(X).cells_
    ax = plots.rfm(cells, currency="EUR")
    rows, columns = ([label.get_text() for label in axis.get_ticklabels()] for axis in (ax.yaxis, ax.xaxis))
    assert rows[0] == "5" and rows[-1] == "0 (never)"  # the latest at the top
    for text, ((recency, frequency), cell) in zip(ax.texts, cells.iterrows(), strict=True):
        assert text.get_text() == f"{cell['customers']:,.0f}\n{money_text(cell['monetary'])}"
        at, top = text.get_position()
        assert columns[at].startswith(str(frequency)) and rows[top].startswith(str(recency))
        shade = ax.images[0].get_array()[top, at]
        assert np.sign(shade) == np.sign(cell["monetary"])
    assert ax.get_xlabel().endswith("money in EUR")


@pytest.mark.parametrize("count", [1, 3, 6, 8])
def test_migration_writes_every_way_that_someone_went(count):
    rng = np.random.default_rng(count)
    names = [f"medium revenue, loses money, cost to serve {20 + number} % of revenue" for number in range(count)]
    before, after = (pd.Series(rng.choice(names, 400), index=rng.choice(600, 400, replace=False)) for _ in range(2))
    money = [pd.Series(rng.normal(0, 9e3, 600)) for _ in range(2)]
    frame = migration(before, after, profit_before=money[0], profit_after=money[1])
    ax = plots.migration(frame, currency="EUR")
    ways = frame[frame["customers"] > 0]
    for text, (way, row) in zip(ax.texts, ways.iterrows(), strict=True):
        lines = text.get_text().split("\n")
        assert lines[0] == f"{row['customers']:,.0f}: {row['share'] * 100:.0f} %"
        assert lines[-1].lstrip("+") == money_text(row["change"])
        assert len(lines) == (2 if way[0] == "new" else 3)
        at, top = text.get_position()
        assert ax.images[0].get_array()[top, at] == pytest.approx(row["share"])
    assert ax.figure.get_figwidth() <= 9
    drawn = boxes(ax)
    assert not any(a.overlaps(b) for place, a in enumerate(drawn) for b in drawn[:place])
    assert ax.xaxis.label.get_window_extent().x0 >= 0


def test_effort_plan_draws_both_budgets():
    rng = np.random.default_rng(1)
    customers = pd.DataFrame(
        {"profit": rng.normal(5, 50, 60), "minutes": rng.exponential(90, 60), "segment": rng.choice(["large", "small"], 60)}
    )
    plan = effort_plan(customers, budget=500, by="segment")
    for what, columns, unit in (("reward", ["reward", "reward_at_random"], 1), ("minutes", ["minutes", "minutes_now"], 60)):
        ax = plots.effort_plan(plan, what=what, currency="EUR")
        widths = [bar.get_width() for bar in ax.patches]
        assert widths == pytest.approx([value / unit for column in columns for value in plan[column]])
        written = money_text if what == "reward" else "{:,.0f}".format  # hours are no money
        assert [text.get_text() for text in ax.texts] == [written(width) for width in widths]
        assert ax.get_xlabel() == ("reward (EUR)" if what == "reward" else "time (hours)")
    ax = plots.effort_plan(effort_plan(customers.drop(columns="minutes"), minutes=90, by="segment"), what="minutes")
    assert len(ax.patches) == 2  # nothing is known of the time now
