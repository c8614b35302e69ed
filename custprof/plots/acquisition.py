"""How do campaigns and leads look: what customers cost and earn, and how many leads are won?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis

__all__ = ["compare_campaigns", "funnel"]

VERDICTS = {"covered": GAIN, "not covered": LOSS}


def compare_campaigns(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Profit per won customer with its interval, against what the customer cost, campaign by campaign.

    Parameters
    ----------
    frame : DataFrame
        Result of `acquisition.compare_campaigns` with profit; drawn in its order, first on top.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as high as the campaigns need, otherwise.
    currency : str
        Named in the label of the axis.

    Returns
    -------
    matplotlib Axes
        A black bar at the cost per customer, a dot with its interval at the profit: blue if it covers the cost, orange if not, grey if
        open.

    Examples
    --------
    >>> frame = pd.DataFrame({"cost_per_customer": [50.0], "profit_per_customer": [80.0], "profit_low": [60.0], "profit_high": [99.0],
    ...                       "customers": [12], "verdict": ["covered"]}, index=["fair"])
    >>> compare_campaigns(frame, currency="EUR").get_xlabel()
    'per won customer (EUR)'
    >>> plt.close()
    """
    ax = _axes(ax, (8, 1.6 + 0.36 * len(frame)))
    rows = np.arange(len(frame))
    ax.plot(frame["cost_per_customer"], rows, "|", color="black", markersize=15, markeredgewidth=2.5, label="cost", zorder=4)
    for verdict in ("covered", "open", "not covered"):
        own = (frame["verdict"] == verdict).to_numpy()
        if not own.any():
            continue
        colour, part = VERDICTS.get(verdict, NEUTRAL), frame[own]
        ax.hlines(rows[own], part["profit_low"], part["profit_high"], color=colour, linewidth=2.5)
        ax.plot(part["profit_per_customer"], rows[own], "o", color=colour, markersize=7, label=f"profit: {verdict}", zorder=3)
    for row, verdict in zip(rows, frame["verdict"], strict=True):
        if verdict in ("nobody won", "profit unknown"):
            ax.annotate(verdict, (0, row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9, color="#555555")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(rows, [f"{name} ({won:,.0f} won)" for name, won in zip(frame.index, frame["customers"], strict=True)])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.grid(axis="y", color="#EEEEEE", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("per won customer")
    money_axis(ax, "x", currency)
    legend_below(ax, ncols=4, columnspacing=1.2, handletextpad=0.3)
    return ax


def funnel(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Share of the leads that was won, with its interval, group by group.

    Parameters
    ----------
    frame : DataFrame
        Result of `acquisition.funnel`; drawn in its order, first on top.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as high as the groups need, otherwise.
    currency : str
        Not used here: nothing is money.

    Returns
    -------
    matplotlib Axes
        A bar per group; the numbers behind it stand on the right.

    Examples
    --------
    >>> row = {"leads": 200, "won": 30, "conversion": 0.15, "conversion_low": 0.11, "conversion_high": 0.2}
    >>> frame = pd.DataFrame([row], index=["web"])
    >>> [text.get_text() for text in funnel(frame).texts]
    ['30 of 200']
    >>> plt.close()
    """
    ax = _axes(ax, (8, 1.3 + 0.36 * len(frame)))
    rows = np.arange(len(frame))
    ax.barh(rows, frame["conversion"], color=GAIN, height=0.62)
    ax.hlines(rows, frame["conversion_low"], frame["conversion_high"], color="black", linewidth=1.5)
    for row, (high, won, leads) in enumerate(zip(frame["conversion_high"], frame["won"], frame["leads"], strict=True)):
        ax.annotate(f"{won:,} of {leads:,}", (high, row), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlim(0, frame["conversion_high"].max() * 1.18)
    ax.set_yticks(rows, [str(name) for name in frame.index])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlabel("leads won, with 95 % interval")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
