"""How do segments look: the evidence for their number, their profile in money, and where their customers lie?"""

from __future__ import annotations

from textwrap import fill

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

#: Width of a page of a notebook in inches: what is wider is shrunk, and its text with it.
PAGE = 9.0
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
        Where to draw; a new figure, as wide as a page at most, otherwise.
    currency : str
        Named below the figure.

    Returns
    -------
    matplotlib Axes
        A row per figure, which says whether it is a number, total, mean, median or share, and a column per segment; colours compare within
        a row: blue above zero, orange below, the fuller the larger.

    Examples
    --------
    >>> frame = pd.DataFrame({"name": ["large", "small"], "customers": [2, 5], "profit": [90.0, -5.0], "mean_profit": [45.0, -1.0]})
    >>> [text.get_text() for text in profile(frame).texts]
    ['2', '5', '90', '-5', '45', '-1']
    >>> plt.close()
    """
    shown = [column for column in frame.columns if column not in ("name", "share", "profit_share")]
    wide = min(PAGE - 2.6, 2.0 * len(frame))
    upright = wide / len(frame) >= 0.75
    names = [_broken(str(name), int(14.5 * wide / len(frame)) if upright else None) for name in frame["name"]]
    depth = 0.17 * max(name.count("\n") + 1 for name in names) if upright else 0.08 * max(map(len, " \n".join(names).split("\n")))
    ax = _axes(ax, (2.6 + wide, 0.5 + 0.32 * len(shown) + depth))
    shades = frame[shown].T
    ax.imshow(shades.div(shades.abs().max(axis=1).replace(0, 1), axis=0), cmap=DIVERGING, vmin=-1.6, vmax=1.6, aspect="auto")
    for row, column in enumerate(shown):
        for at, segment in enumerate(frame.index):
            ax.text(at, row, _cell(column, frame.loc[segment, column]), ha="center", va="center", fontsize=9)
    ax.set_xticks(range(len(frame)), names, fontsize=9, rotation=0 if upright else 90)
    ax.set_yticks(range(len(shown)), [_heading(column) for column in shown], fontsize=9)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xlabel(f"money in {currency}" if currency else "")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.vlines(np.arange(1, len(frame)) - 0.5, -0.5, len(shown) - 0.5, color="white", linewidth=2)
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
    return f"{value * 100:,.0f} %" if column in ("losing", "loss_share") or column.endswith("_rate") else money_text(value)


def _heading(column: str) -> str:
    known = {
        "customers": "number of customers",
        "profit": "total profit",
        "loss_share": "share of all losses",
        "losing": "share of customers losing",
    }
    text = known.get(column, column.replace("_", " "))
    return f"{text.removesuffix(' rate')}, share of revenue" if column.endswith("_rate") else text


def _broken(name: str, width: int | None) -> str:
    """A name in lines: its parts one below the other, or, turned on its side, as few lines as it needs."""
    name = name.replace(" %", "\N{NO-BREAK SPACE}%")
    return fill(name, 36) if width is None else "\n".join(fill(part, width) for part in name.replace(", ", ",|").split("|"))


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
