"""How do the tests of a model of purchases look: week by week, by what was known, and by its probabilities?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, NEUTRAL

__all__ = ["calibration", "reliability", "tracking"]


def tracking(table: pd.DataFrame, *, ax: Axes | None = None, total: bool = False) -> Axes:
    """Expected and actual repeat purchases by week (or whatever the step), with a line where the model saw no more.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.tracking`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    total : bool
        Purchases since the first day instead of those of each step.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> until = pd.to_datetime(["2024-01-07", "2024-01-14"])
    >>> table = pd.DataFrame({"until": until, "expected": [4.0, 5.0], "actual": [3, 6], "seen": [True, False]})
    >>> tracking(table).get_ylabel()
    'repeat purchases in 7 days'
    >>> plt.close()
    """
    ax = _axes(ax)
    end = "_total" if total else ""
    ax.plot(table["until"], table[f"actual{end}"], color="black", linestyle="--", linewidth=1.2, label="actual")
    ax.plot(table["until"], table[f"expected{end}"], color=GAIN, linewidth=2, label="expected")
    if table["seen"].any() and not table["seen"].all():
        ax.axvline(table.loc[table["seen"], "until"].iloc[-1], color=NEUTRAL, linewidth=1.2, label="end of what the model saw")
    days = table["until"].diff().dt.days.median()
    ax.set_ylabel("repeat purchases" + (" since the first day" if total else f" in {days:.0f} days" if days > 0 else ""))
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(AutoDateLocator(maxticks=8))
    ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
    legend_below(ax, depth=28)
    return ax


def calibration(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Expected and actual purchases per customer in the holdout, by purchases before.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.calibration`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [9, 4], "expected": [0.2, 1.1], "actual": [0.3, 1.0]}, index=["0", "1+"])
    >>> [text.get_text() for text in calibration(table).get_legend().get_texts()]
    ['expected', 'actual']
    >>> plt.close()
    """
    ax = _axes(ax)
    places = np.arange(len(table))
    ax.plot(places, table["expected"], color=GAIN, marker="o", linewidth=2, label="expected")
    ax.plot(places, table["actual"], color="black", marker="s", linestyle="--", linewidth=1.5, label="actual")
    ax.set_xticks(places, [f"{name}\nn = {n:,}" for name, n in zip(table.index, table["customers"], strict=True)])
    known = "repeat purchases before the split" if table.index.name == "frequency" else "customers, least expected back to most"
    ax.set(xlabel=known, ylabel="purchases per customer after the split")
    ax.set_ylim(0, 1.08 * max(table[["expected", "actual"]].max().max(), 1e-9))
    ax.legend(frameon=False)
    return ax


def reliability(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Probabilities of being there against the share that is, on a diagonal; where that is not known, how many customers have which.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.reliability`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [9, 4], "expected": [0.2, 0.9]}, index=["0 to 0.5", "0.5 to 1"])
    >>> [int(bar.get_height()) for bar in reliability(table).patches]
    [9, 4]
    >>> plt.close()
    """
    ax = _axes(ax)
    if "actual" not in table:
        ax.bar(table.index, table["customers"], color=GAIN, width=0.9)
        ax.set(xlabel="probability of being there", ylabel="customers")
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        return ax
    known = table[table["customers"] > 0]
    ax.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1.2, label="as foretold")
    reach = [known["actual"] - known["low"], known["high"] - known["actual"]]
    ax.errorbar(
        known["expected"], known["actual"], yerr=np.maximum(reach, 0), color=GAIN, marker="o", linewidth=2, capsize=3, label="found"
    )
    for _, row in known.iterrows():
        ax.annotate(
            f"n = {row['customers']:,.0f}",
            (row["expected"], row["actual"]),
            xytext=(8, -12),
            textcoords="offset points",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
        )
    ax.set(xlabel="probability of being there", ylabel="share truly there", xlim=(-0.02, 1.18), ylim=(-0.05, 1.05))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axis.set_ticks(np.linspace(0, 1, 6))
    ax.legend(frameon=False, loc="upper left")
    return ax


def _axes(ax: Axes | None) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=(7.5, 4.5), layout="constrained")[1]
