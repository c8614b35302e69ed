"""Figures of the lifetime stage: what is drawn equals the frame."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt

from custprof import plots


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def curve(names):
    part = {"horizon": [0.0, 1, 2], "value": [0.0, 4, 6], "low": [0.0, 3, 4], "high": [0.0, 5, 9]}
    return pd.concat([pd.DataFrame({"group": name, **part}) for name in names], ignore_index=True)


def test_value_curve_draws_each_group_and_band():
    ax = plots.value_curve(curve(["web", "shop"]), currency="EUR", cost=5.0)
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert lines["web"].get_xydata().tolist() == [[0, 0], [1, 4], [2, 6]]
    assert len(ax.collections) == 2 and ax.collections[0].get_paths()[0].vertices[:, 1].max() == 9
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["web", "shop"]
    assert ax.get_ylabel() == "discounted value per customer (EUR)"
    with pytest.raises(ValueError, match="9 groups are too many"):
        plots.value_curve(curve(list("abcdefghi")))


def test_one_group_needs_no_legend_and_draws_on_the_given_axes():
    _, ax = plt.subplots()
    assert plots.value_curve(curve(["total"]), ax=ax) is ax and ax.get_legend() is None


def test_retention_curve_draws_steps():
    frame = pd.DataFrame(
        {"group": "total", "age": [0.0, 3, 5], "retention": [1, 0.5, 0.25], "low": [1, 0.3, np.nan], "high": [1, 0.7, np.nan]}
    )
    ax = plots.retention_curve(frame, unit="M")
    assert ax.get_lines()[0].get_ydata().tolist() == [1, 0.5, 0.25] and ax.get_lines()[0].get_drawstyle() == "steps-post"
    assert ax.get_xlabel() == "age (months)"


def test_calibration_draws_expected_and_actual():
    table = pd.DataFrame({"customers": [9, 4], "expected": [0.2, 1.1], "actual": [0.3, 1.0]}, index=["0", "1+"])
    ax = plots.calibration(table)
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[0.2, 1.1], [0.3, 1.0]]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0\nn = 9", "1+\nn = 4"]


def test_cohorts_leave_incomplete_cells_blank():
    table = pd.DataFrame(
        {
            "cohort": ["2024-Q1", "2024-Q1", "2024-Q2"],
            "age": [0, 1, 0],
            "retention": [1.0, 0.4, 1.0],
            "cumulative_value": [1500.0, 2500.0, 900.0],
            "complete": [True, True, False],
        }
    )
    assert [text.get_text() for text in plots.cohorts(table).texts] == ["100 %", "40 %"]
    assert [text.get_text() for text in plots.cohorts(table, what="cumulative_value").texts] == ["1.5 k", "2.5 k"]
    with pytest.raises(ValueError, match="what is 'profit'"):
        plots.cohorts(table, what="profit")


def test_tracking_draws_both_lines_and_where_the_model_saw_no_more():
    until = pd.date_range("2024-01-07", periods=4, freq="7D")
    table = pd.DataFrame({"until": until, "expected": [4.0, 5, 5, 4], "actual": [3, 6, 5, 5], "seen": [True, True, False, False]})
    table = table.assign(expected_total=table["expected"].cumsum(), actual_total=table["actual"].cumsum())
    lines = {line.get_label(): line for line in plots.tracking(table).get_lines()}
    assert lines["expected"].get_ydata().tolist() == [4, 5, 5, 4] and lines["actual"].get_ydata().tolist() == [3, 6, 5, 5]
    assert lines["end of what the model saw"].get_xdata()[0] == until[1]
    totals = {line.get_label(): line for line in plots.tracking(table, total=True).get_lines()}
    assert totals["actual"].get_ydata().tolist() == [3, 9, 14, 19] and totals["expected"].get_ydata().tolist() == [4, 9, 14, 18]


def test_reliability_draws_shares_with_their_interval_or_counts():
    table = pd.DataFrame(
        {
            "customers": [10, 0, 4],
            "expected": [0.05, np.nan, 0.9],
            "actual": [0.1, np.nan, 1.0],
            "low": [0, np.nan, 0.5],
            "high": [0.4, np.nan, 1.0],
        },
        index=["0 to 0.3", "0.3 to 0.7", "0.7 to 1"],
    )
    ax = plots.reliability(table)
    found = ax.containers[0]
    assert found[0].get_xydata().tolist() == [[0.05, 0.1], [0.9, 1.0]]
    assert [segment[:, 1].tolist() for segment in found[2][0].get_segments()] == [[0, 0.4], [0.5, 1]]
    assert [text.get_text() for text in ax.texts] == ["n = 10", "n = 4"]
    counts = plots.reliability(table[["customers", "expected"]])
    assert [bar.get_height() for bar in counts.patches] == [10, 0, 4]


def test_calibration_says_by_what_its_groups_are():
    table = pd.DataFrame({"customers": [9, 4], "expected": [0.2, 1.1], "actual": [0.3, 1.0]}, index=["1", "2"])
    assert plots.calibration(table.rename_axis("frequency")).get_xlabel() == "repeat purchases before the split"
    assert plots.calibration(table.rename_axis("expected")).get_xlabel() == "customers, least expected back to most"


def test_curves_that_coincide_are_both_seen():
    lines = plots.value_curve(curve(["a", "b", "c"])).lines[:3]
    assert len({line.get_linestyle() + str(line._dash_pattern) for line in lines}) == 3 and lines[0].get_linestyle() == "-"
    assert lines[0].zorder < lines[1].zorder < lines[2].zorder  # gaps lie above, whatever the order of the groups


def test_the_highest_marker_of_a_calibration_stands_below_the_edge():
    table = pd.DataFrame({"customers": [6, 144], "expected": [5.8, 6.4], "actual": [6.51, 6.49]}, index=["6", "7+"])
    low, high = plots.calibration(table).get_ylim()
    assert low == 0 and high > 1.05 * 6.51


def test_everybody_at_age_0_has_a_colour_of_its_own():
    table = pd.DataFrame({"cohort": ["1", "1", "2"], "age": [0, 1, 0], "retention": [1.0, 0.61, 1.0], "complete": True})
    mesh = plots.cohorts(table).collections[0]
    mesh.figure.canvas.draw()
    first, later = mesh.get_facecolors()[[0, 1]]
    assert first[:3].round(2).tolist() == [0.85, 0.85, 0.85] and not np.allclose(first, later)


def test_cohorts_have_one_kind_of_minus_sign_and_their_size():
    table = pd.DataFrame({"cohort": ["2023", "2023", "2024"], "age": [0, 1, 0], "customers": [3, 3, 1200], "complete": True})
    ax = plots.cohorts(table.assign(cumulative_value=[-4680.0, 1000.0, 2500.0]), what="cumulative_value", currency="EUR")
    ax.figure.canvas.draw()
    written = [text.get_text() for text in (*ax.texts, *ax.figure.axes[1].get_yticklabels())]
    assert "-4.68 k" in written and "-4 k" in written and not any("\N{MINUS SIGN}" in text for text in written)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["2023   n = 3", "2024   n = 1,200"]
    with pytest.raises(ValueError, match="no period of any cohort is complete"):
        plots.cohorts(table.assign(retention=1.0, complete=False))


def test_all_who_came_back_have_another_colour_than_everybody_at_age_0():
    table = pd.DataFrame({"cohort": ["1", "1"], "age": [0, 1], "retention": [1.0, 1.0], "complete": True})
    mesh = plots.cohorts(table).collections[0]
    mesh.figure.canvas.draw()
    assert not np.allclose(*mesh.get_facecolors()[[0, 1]])


def test_rank_changes_draws_every_customer_and_names_those_who_fall():
    frame = pd.DataFrame(
        {"revenue": [90.0, 70.0, 50.0, 10.0], "value": [-5.0, 3.0, 20.0, 9.0], "fall": [3, 1, -1, -2]},
        index=["big", "next", "small", "least"],
    )
    ax = plots.rank_changes(frame, currency="EUR", named=3)
    worth, loses, falls = (points.get_offsets().tolist() for points in ax.collections)
    assert worth == [[70, 3], [50, 20], [10, 9]] and loses == [[90, -5]] and falls == [[90, -5], [70, 3]]
    assert [text.get_text() for text in ax.texts] == ["big", "next"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["worth something (3)", "costs more than it brings (1)"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("value of revenue (EUR)", "value of profit (EUR)")
