"""How do campaigns and leads look: what customers cost and earn, what the next ones take, and which leads are won and worth it?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["budget", "capacity_check", "compare_campaigns", "funnel", "lead_calibration", "prune_funnel"]

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


def budget(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Customers asked of every channel, how many it could be asked for, and what they cost.

    Parameters
    ----------
    frame : DataFrame
        Result of `acquisition.budget`; drawn in its order, first on top, without the sum.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as high as the channels need, otherwise.
    currency : str
        Of the amounts beside the bars.

    Returns
    -------
    matplotlib Axes
        A bar of the customers asked for, orange if they net a loss, hollow up to the most it may be asked; the part of the forecast
        without a source hatched.

    Examples
    --------
    >>> frame = pd.DataFrame({"most": [15, 0, 15], "customers": [15, 5, 20], "cost": [30e3, 0.0, 30e3], "net": [15e3, 0.0, 15e3],
    ...                       "asked": ["in full", "", "in part"]}, index=["fair", "(without a source)", "(all)"])
    >>> [text.get_text() for text in budget(frame, currency="EUR").texts]
    ['costs 30 k EUR, nets 15 k', '5 still to be found']
    >>> plt.close()
    """
    frame = frame.iloc[:-1]
    ax = _axes(ax, (8, 1.5 + 0.36 * len(frame)))
    rows, found = np.arange(len(frame)), (frame["asked"] != "").to_numpy()
    losing = (frame["net"] < 0).to_numpy() if "net" in frame else np.zeros(len(frame), dtype=bool)
    ax.barh(rows[found], frame["most"][found], color="white", edgecolor=NEUTRAL, height=0.62, label="at most")
    for chosen, colour, label in ((found & ~losing, GAIN, "asked for"), (found & losing, LOSS, "asked for, at a loss")):
        if chosen.any():
            ax.barh(rows[chosen], frame["customers"][chosen], color=colour, height=0.62, label=label)
    if not found.all():
        ax.barh(
            rows[~found], frame["customers"][~found], color="white", edgecolor=NEUTRAL, hatch="//", height=0.62, label="without a source"
        )
    for row, place in zip(frame.itertuples(), rows, strict=True):
        net = f", nets {money_text(row.net)}" if "net" in frame else ""
        said = f"costs {money_text(row.cost)} {currency}".rstrip() + net if row.customers else row.asked
        text = said if row.asked else f"{row.customers:,} still to be found"
        where = max(row.most, row.customers) if row.asked else row.customers
        ax.annotate(text, (where, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel="new customers in the period", ylim=(len(frame) - 0.5, -0.5))
    ax.set_xlim(0, 1.55 * max(frame["most"].max(), frame["customers"].max(), 1))
    ax.set_yticks(rows, [str(name) for name in frame.index])
    legend_below(ax, ncols=4, columnspacing=1.2)
    return ax


def capacity_check(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How full every pool is now, and how full with the new customers, as shares of its capacity.

    Parameters
    ----------
    frame : DataFrame
        Result of `acquisition.capacity_check`; drawn in its order, the scarcest on top.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as high as the pools need, otherwise.

    Returns
    -------
    matplotlib Axes
        A grey bar of the time used, then that of the new customers: blue where it fits, orange where it does not; the line of full
        capacity at 100 %. A pool without capacity is drawn against the time it needs.

    Examples
    --------
    >>> frame = pd.DataFrame({"capacity_minutes": [1000.0], "used_minutes": [700.0], "needed_minutes": [400.0], "can_serve": [6.0],
    ...                       "left_minutes": [-100.0]}, index=["desk"])
    >>> [text.get_text() for text in capacity_check(frame).texts]
    ['room for 6, lacks 2 h']
    >>> plt.close()
    """
    ax = _axes(ax, (8, 1.5 + 0.42 * len(frame)))
    rows, short = np.arange(len(frame)), (frame["left_minutes"] < 0).to_numpy()
    whole = frame["capacity_minutes"].where(frame["capacity_minutes"] > 0, frame["used_minutes"] + frame["needed_minutes"])
    used, needed = (frame["used_minutes"] / whole).fillna(0), (frame["needed_minutes"] / whole).fillna(0)
    ax.barh(rows, used, color=NEUTRAL, height=0.62, label="used today")
    for chosen, colour, label in ((~short, GAIN, "new customers"), (short, LOSS, "new customers, too little time")):
        if chosen.any():
            ax.barh(rows[chosen], needed[chosen], left=used[chosen], color=colour, height=0.62, label=label)
    for row, (end, room, left) in enumerate(zip(used + needed, frame["can_serve"], frame["left_minutes"], strict=True)):
        text = "takes none of its time" if np.isinf(room) else f"room for {room:,.0f}" if room else "no room"
        text += f", lacks {-left / 60:,.0f} h" if left < 0 else ""
        ax.annotate(text, (max(end, 1.0), row), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    ax.axvline(1, color="black", linewidth=0.8)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel="share of capacity", ylim=(len(frame) - 0.5, -0.5), xlim=(0, 1.45 * max(1.0, (used + needed).max())))
    ax.set_yticks(rows, [str(name).replace("_", " ") for name in frame.index])
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    legend_below(ax)
    return ax


def lead_calibration(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Chance given to leads against the share that was won, with 95 % intervals: honest chances lie on the diagonal.

    Parameters
    ----------
    frame : DataFrame
        Result of `acquisition.LeadScorer.calibration`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes
        One point per group of leads.

    Examples
    --------
    >>> frame = pd.DataFrame({"leads": [90], "predicted": [0.2], "won": [0.18], "won_low": [0.1], "won_high": [0.31]})
    >>> lead_calibration(frame).get_ylabel()
    'leads that were won'
    >>> plt.close()
    """
    ax = _axes(ax, (4.8, 4.9))
    end = 1.08 * max(frame["predicted"].max(), frame["won_high"].max())
    ax.plot([0, end], [0, end], color=NEUTRAL, linewidth=1, linestyle="--", label="as foreseen")
    spread = np.maximum([frame["won"] - frame["won_low"], frame["won_high"] - frame["won"]], 0)
    label = f"{frame['leads'].min():,} to {frame['leads'].max():,} leads, 95 % interval"
    ax.errorbar(frame["predicted"], frame["won"], yerr=spread, fmt="o", color=GAIN, capsize=3, label=label)
    ax.set(
        xlim=(-0.02 * end, end),
        ylim=(-0.02 * end, end),
        xlabel="chance given before the contact",
        ylabel="leads that were won",
        aspect="equal",
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    legend_below(ax, ncols=1, fontsize="small")
    return ax


def prune_funnel(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Hours of contact by group, those for leads worth less than the contact apart.

    Parameters
    ----------
    frame : DataFrame
        Result of `acquisition.prune_funnel` with groups; drawn in its order, first on top, without the row of all leads.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as high as the groups need, otherwise.
    currency : str
        Of the amounts beside the bars.

    Returns
    -------
    matplotlib Axes
        Orange the hours for poor leads, then blue the others; beside the bar what pruning would have brought.

    Examples
    --------
    >>> frame = pd.DataFrame({"minutes": [600.0, 600.0], "poor_minutes": [240.0, 240.0], "poor": [4, 4], "gain": [2e3, 2e3]},
    ...                      index=["web", "all leads"])
    >>> [text.get_text() for text in prune_funnel(frame, currency="EUR").texts]
    ['pruning: 2 k EUR']
    >>> plt.close()
    """
    frame = frame.iloc[:-1]
    ax = _axes(ax, (8, 1.5 + 0.36 * len(frame)))
    rows, poor, hours = np.arange(len(frame)), frame["poor_minutes"] / 60, frame["minutes"] / 60
    ax.barh(rows, poor, color=LOSS, height=0.62, label="leads worth less than the contact")
    ax.barh(rows, hours - poor, left=poor, color=GAIN, height=0.62, label="the others")
    for row, (end, count, gain) in enumerate(zip(hours, frame["poor"], frame["gain"], strict=True)):
        text = f"pruning: {money_text(gain)} {currency}".rstrip() if count else "none to prune"
        ax.annotate(text, (end, row), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel="contact (hours)", ylim=(len(frame) - 0.5, -0.5), xlim=(0, 1.4 * max(hours.max(), 1e-9)))
    ax.set_yticks(rows, [str(name) for name in frame.index])
    legend_below(ax)
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
