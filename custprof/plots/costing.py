"""How do the results of the costing stage look: used and unused time, and how sure the ranking is?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_text

__all__ = ["capacity", "rank_stability"]


def capacity(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Used, unused and over-driven time of every time-driven pool and period, as shares of practical capacity.

    Parameters
    ----------
    frame : DataFrame
        Result of `Allocation.capacity`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named with the cost of unused capacity, which is written beside every bar.

    Returns
    -------
    matplotlib Axes
        One bar per pool and period, the line of full capacity at 100 %.

    Examples
    --------
    >>> frame = pd.DataFrame({"period": ["2024"], "pool": ["desk"], "utilisation": [0.8], "unused_cost": [200.0]})
    >>> capacity(frame).get_xlabel()
    'share of practical capacity'
    >>> plt.close()
    """
    frame = frame.sort_values(["pool", "period"], kind="stable")
    ax = ax if ax is not None else plt.subplots(figsize=(8, 1.6 + 0.32 * max(len(frame), 3)), layout="constrained")[1]
    place, used = np.arange(len(frame)), frame["utilisation"].to_numpy()
    inside = np.minimum(used, 1.0)
    ax.barh(place, inside, color=GAIN, label="used")
    ax.barh(place, 1 - inside, left=inside, color="white", edgecolor=NEUTRAL, hatch="//", label="unused")
    ax.barh(place, used - inside, left=inside, color=LOSS, hatch="xx", label="over-driven")
    for where, share, cost in zip(place, used, frame["unused_cost"], strict=True):
        text = f"{share:.0%}".replace("%", " %") + f", {money_text(abs(cost))} {currency}".rstrip() + (" over" if share > 1 else " unused")
        ax.text(max(share, 1.0) + 0.02, where, text, va="center", fontsize="small")
    ax.axvline(1, color="black", linewidth=0.8)
    ax.axvline(0, color="black", linewidth=0.8)
    names = frame["pool"].str.replace("_", " ")
    several = len(frame["period"].unique()) > 1
    ax.set_yticks(place, names + " " + frame["period"].astype("str") if several else names)
    ax.set(
        xlabel="share of practical capacity",
        ylabel="pool and period" if several else "pool",
        xlim=(0, 1.5 * max([1.0, *used])),
        xticks=np.linspace(0, 1, 5),
    )
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    legend_below(ax)
    return ax


def rank_stability(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How far every customer's rank may move, by rank.

    Parameters
    ----------
    frame : DataFrame
        Result of `Allocation.rank_stability`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes
        The rank that was found against the ranks it has under uncertainty: a band, wider where neighbours change places, in another colour
        and hatched from the first loss-maker on.

    Examples
    --------
    >>> frame = pd.DataFrame({"profit": [5.0, -1.0], "rank": [1, 2], "rank_low": [1, 1], "rank_high": [1, 2]})
    >>> rank_stability(frame).get_xlabel()
    'rank by profit (1 is the best)'
    >>> plt.close()
    """
    frame = frame.sort_values("rank", kind="stable")
    ax = ax if ax is not None else plt.subplots(figsize=(7, 4.5), layout="constrained")[1]
    for chosen, colour, hatch, label in (
        (frame["profit"] >= 0, GAIN, "", "earns money"),
        (frame["profit"] < 0, LOSS, "///", "loses money"),
    ):
        part = frame[chosen]
        if len(part):
            edges = np.append(part["rank"] - 0.5, part["rank"].iloc[-1] + 0.5)
            low, high = (np.append(part[name], part[name].iloc[-1]) for name in ("rank_low", "rank_high"))
            ax.fill_between(edges, low - 0.5, high + 0.5, step="post", color=colour, alpha=0.45, hatch=hatch, linewidth=0, label=label)
    ends = (0.5, len(frame) + 0.5)
    ax.plot(ends, ends, color="black", linewidth=0.8, label="rank found")
    ax.set(xlabel="rank by profit (1 is the best)", ylabel="rank if times and rates are a little different", xlim=ends, ylim=ends[::-1])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    legend_below(ax)
    return ax
