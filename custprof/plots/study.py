"""Figures of the study stage: what was read and what became of it, how revenue ran, and how large customers are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import LogLocator, MaxNLocator

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis

__all__ = ["monthly_revenue", "reconciliation", "seasonality", "set_aside", "sizes"]


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
    tables = frame.drop_duplicates("table").set_index("table")
    ax = _bars(len(tables)) if ax is None else ax
    used, aside = tables["rows_used"] / tables["rows_read"], tables["rows_set_aside"] / tables["rows_read"]
    ax.barh(tables.index, used, color=GAIN, label="used")
    ax.barh(tables.index, aside, left=used, color=LOSS, hatch="//", label="set aside")
    for place, row in enumerate(tables.itertuples()):
        text = f"{row.rows_used:,} of {row.rows_read:,}" if row.rows_set_aside else f"all {row.rows_used:,}"
        ax.annotate(text, (1, place), xytext=(6, 0), textcoords="offset points", va="center", color=LOSS if row.rows_set_aside else "black")
    ax.set(xlabel="share of the rows read", ylabel="", xlim=(0, 1))
    ax.invert_yaxis()
    if aside.any():
        legend_below(ax)
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
    ax.bar(frame["month"], 0 - frame["returns"], width=20, color=LOSS, label="returns in it" if frame["returns"].any() else None)
    ax.axhline(0, color=NEUTRAL, linewidth=0.8)
    ax.set(xlabel="month", ylabel="amount per month")
    legend_below(ax)
    dates = AutoDateLocator()
    ax.xaxis.set_major_locator(dates)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(dates))
    return money_axis(ax, "y", currency)


def set_aside(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Rows set aside, by the reason.

    Parameters
    ----------
    frame : DataFrame
        Issues of ``Study.check()`` that set rows aside, in the order to draw from the top: table, column, rule, rows.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure's.

    Returns
    -------
    matplotlib Axes
        One bar by reason, with its count behind it.

    Examples
    --------
    >>> frame = pd.DataFrame({"table": ["ledger"], "column": ["amount"], "rule": ["set aside: not a number"], "rows": [3]})
    >>> ax = set_aside(frame)
    >>> [label.get_text() for label in ax.get_yticklabels()], float(ax.patches[0].get_width())
    (['ledger.amount: not a number'], 3.0)
    >>> plt.close(ax.figure)
    """
    ax = _bars(len(frame)) if ax is None else ax
    names = [f"{row.table}.{row.column}".rstrip(".") + ": " + row.rule.removeprefix("set aside: ") for row in frame.itertuples()]
    bars = ax.barh(range(len(frame)), frame["rows"].astype(float), color=LOSS, hatch="//")
    ax.bar_label(bars, [f"{rows:,}" for rows in frame["rows"]], padding=4, color=LOSS)
    ax.set(yticks=range(len(frame)), yticklabels=names, xlabel="rows set aside", ylabel="")
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.invert_yaxis()
    return ax


def seasonality(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Net revenue of the same months of different years, one above the other.

    Parameters
    ----------
    frame : DataFrame
        ``Study.monthly_revenue()``: month (first day), revenue (net).
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure's.
    currency : str
        Currency named on the axis.

    Returns
    -------
    matplotlib Axes
        One line by year, the last one darkest and widest.

    Examples
    --------
    >>> frame = pd.DataFrame({"month": pd.to_datetime(["2023-01-01", "2024-01-01", "2024-02-01"]), "revenue": [9.0, 10.0, 12.0]})
    >>> ax = seasonality(frame)
    >>> [(line.get_label(), line.get_ydata().tolist()) for line in ax.lines[:2]]
    [('2023', [9.0]), ('2024', [10.0, 12.0])]
    >>> plt.close(ax.figure)
    """
    ax = plt.subplots()[1] if ax is None else ax
    years = list(frame.groupby(frame["month"].dt.year))
    for place, (year, months) in enumerate(years):
        last = place == len(years) - 1
        shade = 1.0 if last else 0.25 + 0.45 * (place + 1) / len(years)
        ax.plot(
            months["month"].dt.month,
            months["revenue"],
            color=GAIN,
            alpha=shade,
            linewidth=2.2 if last else 1.3,
            marker="o",
            markersize=4 if last else 3,
            label=str(year),
        )
    ax.axhline(0, color=NEUTRAL, linewidth=0.8)
    ax.set(xlabel="month of the year", ylabel="net revenue per month", xticks=range(1, 13), xticklabels=list("JFMAMJJASOND"))
    if len(years) > 1:
        legend_below(ax, ncols=min(len(years), 6))
    return money_axis(ax, "y", currency)


def sizes(revenue: pd.Series, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """How many customers are how large, on a scale on which each step is ten times the one before.

    Parameters
    ----------
    revenue : Series
        Net revenue by customer; customers without positive revenue are counted at the left in grey.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure's.
    currency : str
        Currency named on the axis.

    Returns
    -------
    matplotlib Axes
        A histogram with a line at the median.

    Examples
    --------
    >>> ax = sizes(pd.Series([10.0, 100.0, 1000.0, -5.0]))
    >>> float(sum(bar.get_height() for bar in ax.patches))
    4.0
    >>> plt.close(ax.figure)
    """
    ax = plt.subplots()[1] if ax is None else ax
    positive, others = revenue[revenue > 0], int((revenue <= 0).sum())
    if len(positive):
        low, high = np.log10(positive.min()), np.log10(positive.max())
        edges = np.logspace(low, max(high, low + 0.1) + 1e-9, int(np.clip(np.sqrt(len(positive)) * 2, 8, 24)) + 1)
        ax.hist(positive, bins=edges, color=GAIN)
        ax.axvline(positive.median(), color=NEUTRAL, linestyle="--", label="median")
        if others:
            ax.bar(edges[0] / (edges[1] / edges[0]) ** 2, others, width=edges[0] * 0.25, color=NEUTRAL, label="none or negative")
        ax.set_xscale("log")
        if high - low < 1.5:  # within a decade or two its ends alone would be written
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.legend()
    ax.set(xlabel="net revenue of a customer", ylabel="customers")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    return money_axis(ax, "x", currency)


def _bars(count: int) -> Axes:
    """Axes as high as so many bars need."""
    return plt.subplots(figsize=(6.4, 1.2 + 0.42 * count))[1]
