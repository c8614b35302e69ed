"""How do segments look: the evidence for their number, their profile in money, and where their customers lie?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator, MaxNLocator, PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["choose_k", "profile", "segments"]

DIVERGING = LinearSegmentedColormap.from_list("loss to gain", [LOSS, "#FFFFFF", GAIN])


def choose_k(table: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Whether segments are found again, and how well they are apart, for every number of segments; the suggestion is marked.

    Parameters
    ----------
    table : DataFrame
        Result of `segmentation.choose_k`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Not used here: nothing is money.

    Returns
    -------
    matplotlib Axes
        A dot for the Jaccard similarity of every segment in bootstraps (blue from .75, orange below), the silhouette as a line, and a grey
        band at the number suggested.

    Examples
    --------
    >>> table = pd.DataFrame({"jaccards": [[1.0], [0.7, 0.9]], "silhouette": [np.nan, 0.4], "suggested": [False, True]})
    >>> choose_k(table).get_xlabel()
    'number of segments'
    >>> plt.close()
    """
    ax = _axes(ax, (7.5, 4.2))
    dots = table["jaccards"].explode().astype(float)
    for colour, chosen, label in ((GAIN, dots >= 0.75, "segment found again"), (LOSS, dots < 0.75, "segment not reliably found again")):
        ax.plot(dots.index[chosen], dots[chosen], "o", color=colour, markersize=6, alpha=0.8, label=label, zorder=3)
    ax.plot(table.index, table["silhouette"], color="black", linewidth=1.5, marker="s", markersize=4, label="separation (silhouette)")
    ax.axhline(0.75, color=NEUTRAL, linewidth=0.8, linestyle="--")
    ax.axhline(0, color="black", linewidth=0.8)
    for k in table.index[table["suggested"]]:
        ax.axvspan(k - 0.35, k + 0.35, color=NEUTRAL, alpha=0.25, linewidth=0, label="suggested")
    ax.set(xlabel="number of segments", ylabel="Jaccard similarity, silhouette", xlim=(table.index.min() - 0.5, table.index.max() + 0.5))
    ax.set_ylim(min(-0.03, table["silhouette"].min()), 1.04)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(ax, ncols=2)
    return ax


def profile(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Heat map of the segments: what they earn and cost, in money and as shares of revenue.

    Parameters
    ----------
    frame : DataFrame
        ``profile_`` of a `segmentation.ProfitSegmenter`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as large as the table needs, otherwise.
    currency : str
        Named below the figure.

    Returns
    -------
    matplotlib Axes
        A row per segment, a column per figure; colours compare within a column: blue above zero, orange below, the fuller the larger.

    Examples
    --------
    >>> frame = pd.DataFrame({"name": ["large", "small"], "customers": [2, 5], "profit": [90.0, -5.0], "mean_profit": [45.0, -1.0]})
    >>> [text.get_text() for text in profile(frame).texts]
    ['2', '90', '45', '5', '-5', '-1']
    >>> plt.close()
    """
    shown = [column for column in frame.columns if column not in ("name", "share", "profit_share")]
    ax = _axes(ax, (3.6 + 0.95 * len(shown), 1.7 + 0.5 * len(frame)))
    largest = frame[shown].abs().max().replace(0, 1)
    ax.imshow(frame[shown] / largest, cmap=DIVERGING, vmin=-1.6, vmax=1.6, aspect="auto")
    for row, segment in enumerate(frame.index):
        for at, column in enumerate(shown):
            ax.text(at, row, _cell(column, frame.loc[segment, column]), ha="center", va="center", fontsize=9)
    ax.set_xticks(range(len(shown)), [_heading(column) for column in shown], fontsize=9)
    ax.set_yticks(range(len(frame)), [_broken(name) for name in frame["name"]], fontsize=9)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xlabel(f"money in {currency}" if currency else "")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.hlines(np.arange(1, len(frame)) - 0.5, -0.5, len(shown) - 0.5, color="white", linewidth=2)
    return ax


def segments(frame: pd.DataFrame, *, x: str = "net_revenue", y: str = "cost_to_serve", ax: Axes | None = None, currency: str = "") -> Axes:
    """Map of the customers, one colour per segment.

    Parameters
    ----------
    frame : DataFrame by customer
        Columns x, y and segment: a number, or a name as in ``segments_`` of a `ProfitSegmenter`, whose order the colours follow.
    x, y : str
        Columns to draw: money is on a logarithmic scale, linear near zero where some of it is zero or negative; a column whose name ends in
        "_rate" or "_share" is drawn in per cent.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the labels of the money axes.

    Returns
    -------
    matplotlib Axes
        At most 5,000 customers are drawn, evenly taken from the frame; the label says so.

    Examples
    --------
    >>> frame = pd.DataFrame({"net_revenue": [10.0, 2e6], "cost_to_serve": [5.0, 1e5], "segment": ["small", "large"]})
    >>> segments(frame, currency="EUR").get_xlabel()
    'net revenue (EUR)'
    >>> plt.close()
    """
    ax = _axes(ax, (8, 5))
    kinds = frame["segment"]
    names = list(kinds.cat.categories) if isinstance(kinds.dtype, pd.CategoricalDtype) else sorted(kinds.unique())
    step = -(-len(frame) // 5000)
    shown = frame.iloc[::step] if step > 1 else frame
    for name, colour in zip(names, sns.color_palette("colorblind", len(names)), strict=True):
        own = shown[shown["segment"] == name]
        ax.plot(own[x], own[y], "o", color=colour, markersize=3.5, alpha=0.55, markeredgewidth=0, label=str(name))
    ax.set(xlabel=x.replace("_", " "), ylabel=y.replace("_", " "))
    for which, column in (("x", x), ("y", y)):
        _scale(ax, which, column, shown[column], currency)
    if step > 1:
        ax.set_xlabel(f"{ax.get_xlabel()}; one customer in {step} shown")
    legend = legend_below(ax, ncols=1 if max(len(str(name)) for name in names) > 28 else 3)
    for handle in legend.legend_handles:
        handle.set_markersize(7)
        handle.set_alpha(1)
    return ax


def _scale(ax: Axes, which: str, column: str, values: pd.Series, currency: str) -> None:
    axis = getattr(ax, f"{which}axis")
    if column.endswith(("_rate", "_share")):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    elif values.min() > 0:
        getattr(ax, f"set_{which}scale")("log")
        money_axis(ax, which, currency)
    else:
        sizes = values[values != 0].abs()
        near = 10 ** np.ceil(np.log10(sizes.quantile(0.1))) if len(sizes) else 1.0
        getattr(ax, f"set_{which}scale")("symlog", linthresh=near)
        decades = 10.0 ** np.arange(np.log10(near), np.log10(max(sizes.max(), near)) + 1) if len(sizes) else np.array([near])
        decades = decades[:: -(-len(decades) // 4)]
        low, high = axis.get_view_interval()
        ticks = np.concatenate([-decades[::-1], [0], decades])
        axis.set_major_locator(FixedLocator(ticks[(ticks >= low) & (ticks <= high)]))
        money_axis(ax, which, currency)
    if values.min() <= 0:
        (ax.axhline if which == "y" else ax.axvline)(0, color="black", linewidth=0.8)


def _cell(column: str, value: float) -> str:
    if pd.isna(value):
        return ""
    if column == "customers":
        return f"{value:,.0f}"
    return f"{value * 100:.0f} %" if column in ("losing", "loss_share") or column.endswith("_rate") else money_text(value)


def _heading(column: str) -> str:
    known = {"loss_share": "share of\nlosses", "mean_profit": "mean\nprofit", "losing": "customers\nlosing"}
    if column in known:
        return known[column]
    if column.endswith("_rate"):
        return _stacked(column.removesuffix("_rate")) + "\nof revenue"
    return "median\n" + _stacked(column.removeprefix("median_")) if column.startswith("median_") else _stacked(column)


def _stacked(column: str) -> str:
    text = column.replace("_", " ")
    return text if len(text) <= 11 else text.replace(" ", "\n", 1)


def _broken(name: str) -> str:
    parts = str(name).split(", ")
    return name if len(parts) < 3 else ", ".join(parts[:2]) + ",\n" + ", ".join(parts[2:])


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
