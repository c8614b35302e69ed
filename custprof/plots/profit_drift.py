"""How does drift look: who moved between profit and loss, what made the profits change, who will turn next, and can that be believed?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.ink import PARTS
from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["drift_effects", "early_warning", "transitions", "warning_calibration"]

# an effect keeps its colour from figure to figure, and shares none with gains and losses: each may be either
_COLORS = {
    "volume": PARTS[0],
    "work": PARTS[1],
    "cost_to_serve": PARTS[1],
    "price": PARTS[6],
    "price_and_mix": PARTS[6],
    "unit_cost": PARTS[4],
    "discounts": PARTS[2],
    "rates": PARTS[8],
    "returns": PARTS[3],
    "mix": PARTS[5],
}
_OTHERS = "all others"
_PALE = 1.7  # end of the scale of shares: the blue of 100 % is one on which black can be read


def transitions(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", what: str = "profit") -> Axes:
    """Heat map of the moves between classes: share of the row, with customers, the interval of the share and change of profit in words.

    Parameters
    ----------
    frame : DataFrame
        Result of `profit.transitions`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the horizontal axis, for the changes of profit.
    what : str
        What the money is, as `profit.profit_name` says it; for the labels.

    Returns
    -------
    matplotlib Axes
        One row per class before, one column per class after; a class in which nobody stands is left out, a move that nobody made white.

    Examples
    --------
    >>> moves = pd.MultiIndex.from_tuples([("profit", "profit"), ("profit", "loss")], names=["class_before", "class_after"])
    >>> ends = {"low": [0.3, 0.05], "high": [0.95, 0.7]}
    >>> frame = pd.DataFrame({"customers": [3, 1], "share": [0.75, 0.25], **ends, "change": [90.0, -35.0]}, index=moves)
    >>> [text.get_text() for text in transitions(frame).texts]
    ['3 (75 %)\\n30-95 %\\n+90', '1 (25 %)\\n5-70 %\\n-35']
    >>> plt.close()
    """
    made = frame[frame["customers"] > 0]
    before, after = (frame.index.unique(level).intersection(made.index.unique(level), sort=False) for level in frame.index.names)
    ax = _axes(ax, (max(7.0, 1.8 + 1.4 * len(after)), 1.3 + 0.8 * len(before)))
    share = frame["share"].unstack().reindex(index=before, columns=after)  # noqa: PD010
    ax.imshow(np.ma.masked_less_equal(np.nan_to_num(share.to_numpy(dtype=float)), 0), cmap="Blues", vmin=0, vmax=_PALE, aspect="auto")
    bounds = {"low", "high"} <= set(frame)
    for (start, end), row in made.iterrows():
        sign = "+" if row["change"] > 0 else ""
        digits = 0 if not bounds or row["high"] > 0.1 else 1
        swings = f"{100 * row['low']:.{digits}f}-{100 * row['high']:.{digits}f} %\n" if bounds else ""
        words = f"{int(row['customers']):,} ({100 * row['share']:.0f} %)\n{swings}{sign}{money_text(row['change'])}"
        ax.text(after.get_loc(end), before.get_loc(start), words, ha="center", va="center", fontsize="small")
    ax.set_xticks(range(len(after)), after)
    ax.set_yticks(range(len(before)), before)
    told = "customers (share of the row), 95 % interval of the share" if bounds else "customers (share of the row)"
    ax.set(xlabel=f"class after, with {told}\nand change of {what}{f' ({currency})' if currency else ''}", ylabel="class before")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


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
        The change of each row stands on the right. Effects without a colour of their own (new, lost, freight, commission, credit cost,
        bad debt, ...) are one grey part.

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
        ax.text(ends[1].max(initial=0) + 0.13 * span, row, money_text(change[row]), va="center", ha="right", fontsize="small")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlim(ends[-1].min(initial=0) - 0.03 * span, ends[1].max(initial=0) + 0.14 * span)
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
    few, many = f"{frame['customers'].min():,}", f"{frame['customers'].max():,}"
    label = f"groups of {few if few == many else f'{few} to {many}'} customers, 95 % interval"
    ax.errorbar(frame["expected"], frame["turned"], yerr=spread, fmt="o", color=GAIN, capsize=3, label=label)
    ax.set(xlim=(0, end), ylim=(0, end), xlabel="probability given a period before", ylabel="customers who did turn", aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    legend_below(ax, ncols=1, fontsize="small")
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
