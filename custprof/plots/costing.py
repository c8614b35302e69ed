"""How do the results of the costing stage look: time that was used and time that was not, and where the cost of every pool ended?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["capacity", "cost_flow"]

#: Where cost ends, in the order of the bars: column of the balance, its words, colour and hatch (colour never stands alone).
_ENDS = (
    ("to_customers", "customers", GAIN, ""),
    ("to_unknown", "unknown customer", "#CC79A7", "xx"),
    ("unused", "unused capacity", NEUTRAL, "//"),
    ("unassigned", "unassigned", "#F0E442", ".."),
    ("sustaining", "business-sustaining", "#BBBBBB", ""),
)


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
    ax = _axes(ax, len(frame))
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


def cost_flow(balance: pd.DataFrame, *, kind: str = "pool", ax: Axes | None = None, currency: str = "") -> Axes:
    """Where the cost of every pool ended: at customers, or in one of the residual rows.

    Parameters
    ----------
    balance : DataFrame
        Result of `Allocation.balance`.
    kind : {"pool", "activity"}
        Which nodes to draw.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.

    Returns
    -------
    matplotlib Axes
        One stacked bar per node, largest first; credits and over-driven time extend to the left of zero. Rows that are empty everywhere
        have no place in the legend.

    Examples
    --------
    >>> node = {"node": ["desk"], "kind": ["pool"], "cost_in": [10.0], "to_customers": [8.0], "to_unknown": [0.0], "unused": [2.0]}
    >>> ax = cost_flow(pd.DataFrame(node | {"unassigned": [0.0], "sustaining": [0.0]}), currency="EUR")
    >>> ax.get_xlabel()
    'cost (EUR)'
    >>> plt.close()
    """
    if kind not in ("pool", "activity"):
        raise ValueError(f'kind is {kind!r}; choose "pool" or "activity".')
    frame = balance[balance["kind"] == kind].sort_values("cost_in", ascending=False, kind="stable")
    ax = _axes(ax, len(frame))
    place, right, left = np.arange(len(frame)), np.zeros(len(frame)), np.zeros(len(frame))
    for column, label, colour, hatch in _ENDS:
        amount = frame[column].to_numpy()
        if amount.any():
            ax.barh(
                place,
                amount,
                left=np.where(amount < 0, left, right),
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
                label=label,
            )
            right, left = right + amount.clip(min=0), left + amount.clip(max=0)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(place, frame["node"].str.replace("_", " "))
    ax.set(xlabel="cost", ylabel=kind)
    ax.invert_yaxis()
    money_axis(ax, "x", currency)
    if ax.get_legend_handles_labels()[0]:
        legend_below(ax)
    return ax


def _axes(ax: Axes | None, bars: int) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=(8, 1.6 + 0.32 * max(bars, 3)), layout="constrained")[1]
