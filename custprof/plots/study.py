"""Figures of the study stage: what was read and what became of it, and how revenue ran."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis

__all__ = ["monthly_revenue", "reconciliation"]


def reconciliation(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share of every table's rows that is used and set aside, with the counts beside.

    Parameters
    ----------
    frame : DataFrame
        ``Study.reconciliation()``: table, rows_read, rows_used, rows_set_aside (a table with several money columns is drawn once).
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure's.

    Returns
    -------
    matplotlib Axes
        One stacked bar by table, in the order of the frame from the top; the share set aside is hatched.

    Examples
    --------
    >>> frame = pd.DataFrame({"table": ["ledger"], "rows_read": [4], "rows_used": [3], "rows_set_aside": [1]})
    >>> ax = reconciliation(frame)
    >>> [float(bar.get_width()) for bar in ax.patches]
    [0.75, 0.25]
    >>> plt.close(ax.figure)
    """
    ax = plt.subplots()[1] if ax is None else ax
    tables = frame.drop_duplicates("table").set_index("table")
    used, aside = tables["rows_used"] / tables["rows_read"], tables["rows_set_aside"] / tables["rows_read"]
    ax.barh(tables.index, used, color=GAIN, label="used")
    ax.barh(tables.index, aside, left=used, color=LOSS, hatch="//", label="set aside")
    for place, row in enumerate(tables.itertuples()):
        text = f"{row.rows_used:,}" + (f" of {row.rows_read:,}" if row.rows_set_aside else "")
        ax.annotate(
            text, (1, place), xytext=(6, 0), textcoords="offset points", va="center", color=NEUTRAL if not row.rows_set_aside else LOSS
        )
    ax.set(xlabel="share of the rows read", ylabel="", xlim=(0, 1))
    ax.invert_yaxis()
    if aside.any():
        ax.legend(loc="lower left", framealpha=0.9)
    return ax


def monthly_revenue(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Net revenue by month, and the returns in it below zero.

    Parameters
    ----------
    frame : DataFrame
        ``Study.monthly_revenue()``: month (first day), revenue (net), returns (positive).
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure's.
    currency : str
        Currency named on the axis.

    Returns
    -------
    matplotlib Axes
        A line of net revenue and bars of returns, drawn as the negative amounts they are.

    Examples
    --------
    >>> frame = pd.DataFrame({"month": pd.to_datetime(["2024-01-01", "2024-02-01"]), "revenue": [10.0, 12.0], "returns": [0.0, 2.0]})
    >>> ax = monthly_revenue(frame)
    >>> ax.lines[0].get_ydata().tolist(), [float(bar.get_height()) for bar in ax.patches]
    ([10.0, 12.0], [0.0, -2.0])
    >>> plt.close(ax.figure)
    """
    ax = plt.subplots()[1] if ax is None else ax
    ax.plot(frame["month"], frame["revenue"], color=GAIN, marker="o", markersize=3, label="net revenue")
    ax.bar(frame["month"], 0 - frame["returns"], width=20, color=LOSS, label="returns in it")
    ax.axhline(0, color=NEUTRAL, linewidth=0.8)
    ax.set(xlabel="month", ylabel="amount per month")
    ax.legend()
    dates = AutoDateLocator()
    ax.xaxis.set_major_locator(dates)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(dates))
    return money_axis(ax, "y", currency)
