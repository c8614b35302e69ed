"""The figures of the study stage draw their frames, on the axes they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from custprof import plots
from custprof.study import Study


@pytest.fixture
def study(small_study):
    with (small_study / "transactions.csv").open("a") as file:
        file.write("c,C3,soon,5.00\nc,C4,later,5.00\n")
    return Study.open(small_study)


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_reconciliation_draws_used_and_set_aside(study, ax):
    frame = study.reconciliation()
    before = frame.copy()
    assert plots.reconciliation(frame, ax=ax) is ax
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([26 / 28, 2 / 28]) and ax.get_xlabel() == "share of the rows read"
    assert [text.get_text() for text in ax.texts] == ["26 of 28"]
    pd.testing.assert_frame_equal(frame, before)


def test_a_table_that_is_used_whole_says_so(small_study, ax):
    plots.reconciliation(Study.open(small_study).reconciliation(), ax=ax)
    assert [text.get_text() for text in ax.texts] == ["all 26"] and ax.get_legend() is None


@pytest.mark.parametrize("count", [1, 6])
def test_few_bars_are_not_drawn_as_high_as_many(count):
    frame = pd.DataFrame({"table": "ledger", "column": [f"c{n}" for n in range(count)], "rule": "set aside: not a number", "rows": 3})
    made = plots.set_aside(frame)
    assert made.figure.get_size_inches()[1] == pytest.approx(1.2 + 0.42 * count)
    plt.close(made.figure)


@pytest.mark.parametrize(("low", "high"), [(600, 13_000), (4_700, 13_000), (1, 900_000), (50, 50)])
def test_sizes_write_every_tick_as_money(low, high, ax):
    plots.sizes(pd.Series([low, high, (low * high) ** 0.5]), ax=ax, currency="EUR")
    ax.figure.canvas.draw()
    ticks = [tick.label1.get_text() for tick in (*ax.xaxis.get_major_ticks(), *ax.xaxis.get_minor_ticks())]
    assert not [text for text in ticks if "10^" in text or "times" in text]
    left, right = ax.get_xlim()
    assert sum(bool(text) and left <= place <= right for text, place in zip(ticks, ax.get_xticks(), strict=False)) >= 2 or low == high
    assert all(float(place).is_integer() for place in ax.get_yticks())


def test_monthly_revenue_draws_its_frame(study, ax):
    frame = study.monthly_revenue()
    assert plots.monthly_revenue(frame, ax=ax, currency="EUR") is ax
    assert ax.lines[0].get_ydata().tolist() == frame["revenue"].tolist() and "EUR" in ax.get_ylabel()
    assert [bar.get_height() for bar in ax.patches] == (-frame["returns"]).tolist()
    assert frame["revenue"].sum() == study.customer_facts()["net_revenue"].sum() and frame["returns"].sum() == 20.0


def test_figures_make_their_own_axes(study):
    for made in (plots.reconciliation(study.reconciliation()), plots.monthly_revenue(study.monthly_revenue())):
        plt.close(made.figure)


def test_set_aside_draws_the_reasons(study, ax):
    issues = study.check()
    frame = issues[issues["rule"].str.startswith("set aside")]
    assert plots.set_aside(frame, ax=ax) is ax
    assert [bar.get_width() for bar in ax.patches] == frame["rows"].tolist() == [2]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["transactions.date: date unreadable"]


def test_seasonality_draws_every_year_on_the_same_months(study, ax):
    frame = study.monthly_revenue()
    assert plots.seasonality(frame, ax=ax, currency="EUR") is ax and "EUR" in ax.get_ylabel()
    lines = {line.get_label(): line for line in ax.lines if line.get_label() in ("2024", "2025")}
    assert len(lines) == 2 and sum(sum(line.get_ydata()) for line in lines.values()) == pytest.approx(frame["revenue"].sum())
    assert lines["2024"].get_xdata().tolist() == list(range(1, 13))


def test_sizes_counts_every_customer_once(study, ax):
    revenue = study.customer_facts()["net_revenue"]
    assert plots.sizes(pd.concat([revenue, pd.Series({"d": 0.0, "e": -3.0})]), ax=ax, currency="EUR") is ax
    assert sum(bar.get_height() for bar in ax.patches) == len(revenue) + 2 and "EUR" in ax.get_xlabel()
