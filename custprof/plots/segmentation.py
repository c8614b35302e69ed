"""How do segments look: the evidence for their number, their profile in money, and where their customers lie?"""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator, PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["choose_k", "profile", "segment_map", "segment_whale"]

#: Width of a page of a notebook in inches: what is wider is shrunk, and its text with it.
PAGE = 9.0
#: Shares of which more is worse.
LOSING = ("losing", "loss_share")
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
        A dot for the Jaccard similarity of every segment in bootstraps (blue from .75, orange below), silhouette and prediction strength as
        lines, and a grey band at the number suggested.

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
    if "prediction_strength" in table:
        ax.plot(table.index, table["prediction_strength"], color=NEUTRAL, linewidth=1.5, label="prediction strength (half by half)")
    ax.axhline(0.75, color=NEUTRAL, linewidth=0.8, linestyle="--", label="from here on a segment counts as found again")
    ax.axhline(0, color="black", linewidth=0.8)
    for k in table.index[table["suggested"]]:
        ax.axvspan(k - 0.35, k + 0.35, color=NEUTRAL, alpha=0.25, linewidth=0, label="suggested")
    ax.set(
        xlabel="number of segments",
        ylabel="similarity, separation, strength",
        xlim=(table.index.min() - 0.5, table.index.max() + 0.5),
    )
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
        a row, the fuller the larger: blue and orange for what is gained and lost, grey for sizes and costs, which are neither good nor bad;
        none where there is one segment only. Rates are blank where the median customer has no revenue to take them of.

    Examples
    --------
    >>> frame = pd.DataFrame({"name": ["large", "small"], "customers": [2, 5], "profit": [90.0, -5.0], "mean_profit": [45.0, -1.0]})
    >>> [text.get_text() for text in profile(frame).texts]
    ['2', '5', '90', '-5', '45', '-1']
    >>> plt.close()
    """
    shown = [column for column in frame.columns if column not in ("name", "share", "profit_share", "jaccard", "verdict")]
    wide = min(PAGE - 2.6, 2.0 * len(frame))
    upright = wide / len(frame) >= 0.75
    names = [_broken(str(name), int(12.5 * wide / len(frame)) if upright else None) for name in frame["name"]]
    depth = 0.17 * max(name.count("\n") + 1 for name in names) if upright else 0.08 * max(map(len, " \n".join(names).split("\n")))
    ax = _axes(ax, (2.6 + wide, 0.5 + 0.32 * len(shown) + depth))
    frame = _without_empty_rates(frame)
    shades = frame[shown].T.astype(float)
    shades.loc[shades.index.isin(LOSING)] *= -1
    shades = shades.div(shades.abs().max(axis=1).replace(0, 1), axis=0) * (len(frame) > 1)
    named = shades.index.isin(LOSING) | shades.index.str.contains("profit|margin|contribution")
    shades, earned = shades.to_numpy(), (named | (shades < 0).any(axis=1).to_numpy())[:, None]
    ax.imshow(np.where(earned, shades, np.nan), cmap=DIVERGING, vmin=-1.6, vmax=1.6, aspect="auto")
    ax.imshow(np.where(earned, np.nan, shades), cmap="Greys", vmin=0, vmax=2.4, aspect="auto")
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


def segment_whale(curve: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Cumulative profit over the customers, best first, in the colours of their segments.

    Parameters
    ----------
    curve : DataFrame by customer
        Result of `profit.whale_curve` with a column segment: a number, or a name as in ``segments_`` of a `ProfitSegmenter`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.

    Returns
    -------
    matplotlib Axes
        The curve, and below it a row of marks per segment: where its customers stand.

    Examples
    --------
    >>> curve = pd.DataFrame({"customer_share": [0.5, 1.0], "cumulative_profit": [30.0, 20.0], "segment": ["good", "poor"]})
    >>> segment_whale(curve, currency="EUR").get_ylabel()
    'cumulative profit (EUR)'
    >>> plt.close()
    """
    ax = _axes(ax, (7.5, 5))
    names = _names(curve["segment"])
    ax.plot([0, *curve["customer_share"]], [0, *curve["cumulative_profit"]], color="black", linewidth=1.5)
    ax.axhline(0, color="black", linewidth=0.8)
    high = max(curve["cumulative_profit"].max(), 0)
    low = min(curve["cumulative_profit"].min(), 0)
    step = 0.07 * ((high - low) or 1)
    for row, (name, colour) in enumerate(zip(names, sns.color_palette("colorblind", len(names)), strict=True), start=1):
        own = curve.loc[curve["segment"] == name, "customer_share"]
        ax.plot(own, np.full(len(own), low - row * step), "|", color=colour, markersize=9, markeredgewidth=0.7, label=str(name))
    ax.set(xlim=(0, 1), xlabel="customers, most profit first", ylabel="cumulative profit")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= ax.get_ylim()[1]])  # the rows of marks have no amounts
    money_axis(ax, "y", currency)
    _legend(ax, names)
    return ax


def segment_map(points: pd.DataFrame, loadings: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Customers on the two axes that hold most of their differences, and what the axes are made of.

    Parameters
    ----------
    points : DataFrame by customer
        Result of `segmentation.segment_map` with a column segment.
    loadings : DataFrame by feature
        Result of `segmentation.map_loadings`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Not used here: nothing is money.

    Returns
    -------
    matplotlib Axes
        At most 5,000 customers, evenly taken from the frame, and an arrow per feature.

    Examples
    --------
    >>> points = pd.DataFrame({"across": [-1.0, 1.0], "up": [0.0, 0.5], "segment": ["good", "poor"]})
    >>> loadings = pd.DataFrame({"across": [1.0], "up": [0.0]}, index=["revenue"])
    >>> [text.get_text() for text in segment_map(points, loadings).texts if text.get_text()]
    ['revenue']
    >>> plt.close()
    """
    ax = _axes(ax, (8, 6))
    names = _names(points["segment"])
    shown = points.iloc[:: -(-len(points) // 5000)]
    for name, colour in zip(names, sns.color_palette("colorblind", len(names)), strict=True):
        own = shown[shown["segment"] == name]
        ax.plot(own["across"], own["up"], "o", color=colour, markersize=3.5, alpha=0.5, markeredgewidth=0, label=str(name))
    reach = 0.9 * points[["across", "up"]].abs().max().min() or 1.0
    for feature, (across, up) in loadings[["across", "up"]].iterrows():
        ax.annotate("", (reach * across, reach * up), (0, 0), arrowprops={"arrowstyle": "->", "color": "black", "linewidth": 1.2})
        ax.text(
            1.08 * reach * across, 1.08 * reach * up, str(feature).replace("_", " "), fontsize=9, va="center",
            ha="left" if across >= 0 else "right", bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1},
        )  # fmt: skip
    ax.update_datalim(1.15 * reach * loadings[["across", "up"]].to_numpy())  # an arrow may point beyond the customers
    ax.autoscale_view()
    ax.axhline(0, color="black", linewidth=0.5)
    ax.axvline(0, color="black", linewidth=0.5)
    shares = loadings.attrs.get("shares", [np.nan, np.nan])
    for which, words, share in (("x", "first", shares[0]), ("y", "second", shares[1])):
        getattr(ax, f"set_{which}label")(f"{words} axis" + ("" if np.isnan(share) else f" ({100 * share:.0f} % of all differences)"))
    if not points["up"].any():
        ax.set(ylabel="no second axis: customers differ in one figure only", yticks=[], ylim=(-1, 1))
    _legend(ax, names)
    return ax


def _names(kinds: pd.Series) -> list:
    return list(kinds.cat.categories) if isinstance(kinds.dtype, pd.CategoricalDtype) else sorted(kinds.unique())


def _legend(ax: Axes, names: list) -> None:
    legend = legend_below(ax, ncols=1 if max(len(str(name)) for name in names) > 28 else 3)
    for handle in legend.legend_handles:
        handle.set_markersize(7)
        handle.set_markeredgewidth(2 if handle.get_marker() == "|" else 0)
        handle.set_alpha(1)


def _cell(column: str, value: float) -> str:
    if pd.isna(value):
        return ""
    if column == "customers":
        return f"{value:,.0f}"
    if column in LOSING or column.endswith("_rate"):
        return f"{value * 100:z,.{int(0 < abs(value) < 0.01)}f} %"  # small rates differ, too
    return money_text(value)


def _without_empty_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """The profile without rates of segments whose median customer has no revenue: they would tell of the few who have some."""
    rates = [column for column in frame if column.endswith("_rate")]
    revenue = [column for column in frame if column.startswith("median_") and f"{column.removeprefix('median_')}_rate" not in rates]
    return frame.assign(**{rate: frame[rate].where(frame[revenue[0]] > 0) for rate in rates}) if revenue else frame


def _heading(column: str) -> str:
    known = {
        "customers": "number of customers",
        "profit": "total profit",
        "loss_share": "share of all losses",
        "losing": "share of customers losing",
    }
    text = known.get(column, column.replace("_", " "))
    return f"median {text.removesuffix(' rate')} of revenue" if column.endswith("_rate") else text


def _broken(name: str, width: int | None) -> str:
    """A name in lines: its parts one below the other, or, turned on its side, as few lines as it needs."""
    name = name.replace(" %", "\N{NO-BREAK SPACE}%")
    if width is None:
        return fill(name, 36)
    return "\n".join(fill(part, width, break_long_words=False) for part in name.replace(", ", ",|").split("|"))


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
