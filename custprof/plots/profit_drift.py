"""How does drift look: what made the profits change, who will turn next, and can that be believed?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["drift_effects", "early_warning", "warning_calibration"]

# Okabe and Ito's colours, which colour-blind readers tell apart; an effect keeps its colour from figure to figure
_COLORS = {
    "volume": GAIN,
    "work": LOSS,
    "cost_to_serve": LOSS,
    "price": "#009E73",
    "price_and_mix": "#009E73",
    "unit_cost": "#F0E442",
    "discounts": "#CC79A7",
    "rates": "#E69F00",
    "returns": "#56B4E9",
    "mix": "#000000",
}
_OTHERS = "all others"


def drift_effects(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", top: int = 15, what: str = "profit") -> Axes:
    """What each effect added to, or took from, the profit of every row: gains to the right, losses to the left, the sum as a mark.

    Parameters
    ----------
    frame : DataFrame
        Rows of the result of `profit.drift_effects`, or sums of them by segment: one bar each, named by the index (of two levels only the
        first), with the columns between profit_before and profit_after.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.
    top : int
        How many rows to draw, from the first.
    what : str
        What the money is, as `profit.profit_name` says it; for the labels.

    Returns
    -------
    matplotlib Axes
        Effects without a colour of their own (new, lost, freight, commission, credit cost, bad debt, ...) are one grey part.

    Examples
    --------
    >>> frame = pd.DataFrame({"profit_before": [30.0], "volume": [8.0], "work": [-20.0], "profit_after": [18.0]}, index=["a"])
    >>> [text.get_text() for text in drift_effects(frame).texts]
    ['-12']
    >>> plt.close()
    """
    shown = frame.head(top)
    effects = shown.loc[:, "profit_before":"profit_after"].iloc[:, 1:-1].astype(float)
    own = [name for name in _COLORS if name in effects and effects[name].any()]
    parts = effects[own].assign(**{_OTHERS: effects.drop(columns=own).sum(axis=1)})
    ax = _axes(ax, (8.6, 1.5 + 0.36 * max(len(shown), 3)))
    rows = np.arange(len(shown))
    ends = {sign: np.zeros(len(shown)) for sign in (1, -1)}
    for name in parts:
        amounts = parts[name].to_numpy()
        if not amounts.any():
            continue
        left = np.where(amounts > 0, ends[1], ends[-1])
        color = _COLORS.get(name, NEUTRAL)
        ax.barh(rows, amounts, left=left, color=color, height=0.7, edgecolor="white", linewidth=0.5, label=name.replace("_", " "))
        ends[1], ends[-1] = ends[1] + amounts.clip(min=0), ends[-1] + amounts.clip(max=0)
    change = effects.sum(axis=1).to_numpy()
    ax.scatter(change, rows, marker="D", s=34, color="white", edgecolor="black", zorder=3, label=f"change of {what}")
    span = (ends[1].max(initial=0) - ends[-1].min(initial=0)) or 1.0
    for row in rows:
        ax.text(ends[1][row] + 0.015 * span, row, money_text(change[row]), va="center", ha="left", fontsize="small")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlim(ends[-1].min(initial=0) - 0.03 * span, ends[1].max(initial=0) + 0.12 * span)
    ax.set_yticks(rows, [str(name[0] if isinstance(name, tuple) else name) for name in shown.index])
    ax.set(ylim=(len(shown) - 0.4, -0.6), xlabel=f"effect on {what}")
    ax.tick_params(axis="y", length=0)
    money_axis(ax, "x", currency)
    legend_below(ax, ncols=5, fontsize="small")
    return ax


def early_warning(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", top: int = 12, what: str = "profit") -> Axes:
    """The customers who may turn unprofitable: probability as a bar, with the profit at risk and the reasons beside it.

    Parameters
    ----------
    frame : DataFrame
        Result of `profit.early_warning`, in the order in which it should be read.
    ax, currency, top, what
        As for `drift_effects`.

    Returns
    -------
    matplotlib Axes
        One bar per customer.

    Examples
    --------
    >>> frame = pd.DataFrame({"probability": [0.4], "profit": [120.0], "reason": ["a profit of only 120"]}, index=["a"])
    >>> [text.get_text() for text in early_warning(frame, currency="EUR").texts]
    ['40 %', 'profit 120 EUR: a profit of only 120']
    >>> plt.close()
    """
    shown = frame.head(top)
    ax = _axes(ax, (11.5, 1.0 + 0.34 * max(len(shown), 3)))
    rows = range(len(shown))
    ax.barh(rows, shown["probability"], color=LOSS, height=0.7)
    for row, (chance, profit, reason) in enumerate(zip(shown["probability"], shown["profit"], shown["reason"], strict=True)):
        ax.text(chance + 0.01, row, f"{100 * chance:.0f} %", va="center", ha="left", fontsize="small")
        words = f"{what} {money_text(profit)} {currency}".rstrip() + f": {reason}"
        ax.text(1.1, row, words, va="center", ha="left", fontsize="small")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlim=(0, 3.1), xticks=[0, 0.25, 0.5, 0.75, 1.0], ylim=(len(shown) - 0.4, -0.6))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    ax.set_xlabel(
        "probability of a loss in the next period" if what == "profit" else f"probability of a negative {what} in the next period",
        x=0,
        ha="left",
    )
    ax.set_yticks(rows, [str(name) for name in shown.index])
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["bottom"].set_bounds(0, 1)
    return ax


def warning_calibration(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Probability against what happened, with 95 % intervals: good warnings lie on the diagonal.

    Parameters
    ----------
    frame : DataFrame
        Result of `profit.warning_calibration`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes
        One point per group of customers.

    Examples
    --------
    >>> frame = pd.DataFrame({"customers": [50], "expected": [0.2], "turned": [0.18], "low": [0.1], "high": [0.31]})
    >>> warning_calibration(frame).get_ylabel()
    'customers who did turn'
    >>> plt.close()
    """
    ax = _axes(ax, (4.8, 4.9))
    end = 1.08 * max(frame["expected"].max(), frame["high"].max())
    ax.plot([0, end], [0, end], color=NEUTRAL, linewidth=1, linestyle="--", label="as foreseen")
    spread = [frame["turned"] - frame["low"], frame["high"] - frame["turned"]]
    label = f"{frame['customers'].min():,} to {frame['customers'].max():,} customers, 95 % interval"
    ax.errorbar(frame["expected"], frame["turned"], yerr=spread, fmt="o", color=GAIN, capsize=3, label=label)
    ax.set(xlim=(0, end), ylim=(0, end), xlabel="probability given a period before", ylabel="customers who did turn", aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    legend_below(ax, ncols=1, fontsize="small")
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
