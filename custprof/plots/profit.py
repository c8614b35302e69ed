"""How do the results of the profit stage look: whale curve, ladder and price waterfall?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["ladder", "price_waterfall", "waterfall", "whale_curve"]


_NAMED = 12  # as many dots are named on a whale curve
_CLOSE = 0.05  # share of the customers within which dots share one list of names


def whale_curve(
    curve: pd.DataFrame,
    *,
    ax: Axes | None = None,
    currency: str = "",
    mark=None,
    band: pd.DataFrame | None = None,
    benchmark: str = "",
    what: str = "profit",
) -> Axes:
    """Cumulative profit over the share of customers, best first.

    Parameters
    ----------
    curve : DataFrame
        Result of `profit.whale_curve`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.
    mark : list-like of customer_ids, optional
        Customers to mark with dots, say the biggest by revenue; a Series of amounts by customer_id says in the legend what they have most
        of. Up to a dozen are named, those who stand close together in one list, most profit first.
    band : DataFrame, optional
        Result of `profit.whale_band`, drawn behind the curve.
    benchmark : str
        A quoted figure to print as small text, say "Kanthal: best 20 % earned 225 %"; a label only, nothing is drawn from it.
    what : str
        What is added up, as `profit.profit_name` says it; for the labels.

    Returns
    -------
    matplotlib Axes
        With money on the left; the share of the total is written at the peak and the end. Where the total is zero or negative there is no
        such share, and the figure says so.

    Examples
    --------
    >>> curve = pd.DataFrame({"customer_share": [0.5, 1.0], "cumulative_profit": [30.0, 20.0], "cumulative_share": [1.5, 1.0]})
    >>> whale_curve(curve, currency="EUR").get_ylabel()
    'cumulative profit (EUR)'
    >>> plt.close()
    """
    ax = _axes(ax, (7.5, 4.5))
    share = np.concatenate([[0.0], curve["customer_share"]])
    money = np.concatenate([[0.0], curve["cumulative_profit"]])
    peak = int(money.argmax())
    if band is not None:
        ax.fill_between(
            band.index,
            band["low"],
            band["high"],
            color=NEUTRAL,
            alpha=0.25,
            linewidth=0,
            label="if other customers of the same kind had come",
        )
    ax.plot(share[: peak + 1], money[: peak + 1], color=GAIN, linewidth=2)
    ax.plot(share[peak:], money[peak:], color=LOSS, linewidth=2)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.axhline(money[-1], color=NEUTRAL, linewidth=0.8, linestyle="--")
    if mark is not None:
        by = getattr(mark, "name", None) if isinstance(mark, pd.Series) else None
        dots = curve.loc[curve.index.isin(mark.index if isinstance(mark, pd.Series) else pd.Index(mark))]
        label = f"the {len(dots)} customers with the most {str(by).replace('_', ' ')}" if by else f"{len(dots)} customers"
        points = {"color": "black", "markersize": 5, "zorder": 3, "clip_on": False}
        ax.plot(dots["customer_share"], dots["cumulative_profit"], "o", label=label, **points)
        if len(dots) <= _NAMED:
            _name_dots(ax, dots, curve)
    ax.set(xlim=(0, 1), xlabel=f"customers, most {what} first", ylabel=f"cumulative {what}")
    ax.margins(y=0.16)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    money_axis(ax, "y", currency)
    top = money[peak] if band is None else max(money[peak], band["high"].max())
    _whale_labels(ax, curve, share, money, peak, top)
    unsaid = "" if curve["cumulative_share"].notna().any() else "the total is not positive: shares of it would say nothing"
    notes = [note for note in (unsaid, benchmark) if note]
    if notes:
        small = {"fontsize": "small", "color": "#555555", "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}}
        ax.text(0.02, 0.04, "\n".join(notes), transform=ax.transAxes, ha="left", va="bottom", **small)
    if mark is not None or band is not None:
        legend_below(ax, ncols=1)
    return ax


def ladder(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """The ladder of a profit and loss as a waterfall, from the first revenue down to profit.

    Parameters
    ----------
    frame : DataFrame
        Result of `profit.ladder`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as high as the steps need, otherwise.
    currency : str
        Named in the label of the axis.

    Returns
    -------
    matplotlib Axes
        Totals grey, gains blue, deductions orange, the cost that no customer caused hatched.

    Examples
    --------
    >>> frame = pd.DataFrame({"step": ["net_revenue", "pick", "profit"], "amount": [10.0, -4.0, 6.0], "kind": ["total", "step", "total"]})
    >>> [label.get_text() for label in ladder(frame).get_yticklabels()]
    ['net revenue', 'pick', 'profit']
    >>> plt.close()
    """
    return waterfall(frame, ax=ax, currency=currency)


def price_waterfall(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """The way from the list price to the pocket margin.

    Parameters
    ----------
    frame : DataFrame
        Result of `profit.price_waterfall`; its shares are written beside the amounts.
    ax, currency
        As for `ladder`.

    Returns
    -------
    matplotlib Axes
        As `ladder`.

    Examples
    --------
    >>> frame = pd.DataFrame({"step": ["list", "discounts"], "amount": [10.0, -4.0], "kind": ["total", "step"], "share": [1.0, -0.4]})
    >>> [text.get_text() for text in price_waterfall(frame).texts]
    ['10  (100 %)', '-4  (-40 %)']
    >>> plt.close()
    """
    return waterfall(frame, ax=ax, currency=currency)


def waterfall(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Any frame of steps and totals as horizontal bars, read from top to bottom.

    Parameters
    ----------
    frame : DataFrame
        Columns step (name), amount (money, signed), kind ("total" from zero; "step" or "residual" from where the last bar ended; "note"
        and "unknown" are not drawn) and, optionally, share (fraction, written beside the amount).
    ax, currency
        As for `ladder`.

    Returns
    -------
    matplotlib Axes
        One bar per row, its amount beside it.

    Examples
    --------
    >>> frame = pd.DataFrame({"step": ["a", "b", "c"], "amount": [10.0, -4.0, 6.0], "kind": ["total", "step", "total"]})
    >>> [(float(bar.get_x()), float(bar.get_width())) for bar in waterfall(frame).patches]
    [(0.0, 10.0), (10.0, -4.0), (0.0, 6.0)]
    >>> plt.close()
    """
    drawn = frame[~frame["kind"].isin(["note", "unknown"])].reset_index(drop=True)
    ax = _axes(ax, (8.0, 0.8 + 0.36 * max(len(drawn), 4)))
    reached, starts = 0.0, []
    for amount, kind in zip(drawn["amount"], drawn["kind"], strict=True):
        starts.append(0.0 if kind == "total" else reached)
        reached = starts[-1] + amount
    starts = np.array(starts)
    ends = starts + drawn["amount"].to_numpy()
    total = drawn["kind"] == "total"
    colors = np.where(total, np.where(drawn["amount"] < 0, "#7A4A2A", "#555555"), np.where(drawn["amount"] < 0, LOSS, GAIN))
    bars = ax.barh(np.arange(len(drawn)), drawn["amount"], left=starts, color=colors, height=0.7)
    for bar, kind in zip(bars, drawn["kind"], strict=True):
        if kind == "residual":
            bar.set(hatch="///", edgecolor="white", linewidth=0)
    for row in range(len(drawn) - 1):
        ax.plot([ends[row]] * 2, [row - 0.35, row + 1.35], color=NEUTRAL, linewidth=0.7, zorder=0)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(np.arange(len(drawn)), [str(step).replace("_", " ") for step in drawn["step"]])
    ax.set(ylim=(len(drawn) - 0.4, -0.6), xlabel="amount")
    ax.tick_params(axis="y", length=0)
    money_axis(ax, "x", currency)
    _bar_labels(ax, drawn, np.minimum(starts, ends), np.maximum(starts, ends))
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _name_dots(ax: Axes, dots: pd.DataFrame, curve: pd.DataFrame) -> None:
    """Ids below the curve: to the right of dots in its left half, to the left of those in its right half, three in a line."""
    high = 0.3 * curve["cumulative_profit"].max()
    risen = curve["customer_share"][curve["cumulative_profit"] >= high].min()  # from here on there is room between the curve and zero
    for _, near in dots.groupby((dots["customer_share"].diff() > _CLOSE).cumsum()):
        left = near["customer_share"].iloc[-1] < 0.5
        names = [str(name) for name in near.index]
        words = "\n".join(", ".join(names[place : place + 3]) for place in range(0, len(names), 3))
        spot = (near["customer_share"].iloc[-1 if left else 0], near["cumulative_profit"].min())
        below = _CLOSE < spot[0] < 0.5 and spot[1] > high  # a curve that has flattened; where it is steep or low, zero is near
        if left and not below and risen < 0.5:
            spot = (max(spot[0], risen), spot[1])
        place = {"ha": "left" if left else "right", "va": "top" if below else "bottom"}
        away = (9 if left else -9, -3 if below else 2 if left else -2)
        ax.annotate(words, spot, xytext=away, textcoords="offset points", fontsize="x-small", **place)


def _whale_labels(ax: Axes, curve: pd.DataFrame, share: np.ndarray, money: np.ndarray, peak: int, top: float) -> None:
    shares, last = np.concatenate([[np.nan], curve["cumulative_share"]]), len(money) - 1

    def words(place: int) -> str:
        told = money_text(money[place])
        return told if np.isnan(shares[place]) or place == last else f"{told} ({100 * shares[place]:.0f} % of the total)"

    if peak:
        side = "left" if share[peak] < 0.5 else "right"
        label = f"peak {words(peak)} at {100 * share[peak]:.0f} % of customers"
        ax.annotate(label, (share[peak], top), xytext=(0, 5), textcoords="offset points", ha=side, va="bottom", color=GAIN)
    if peak < last:
        color = LOSS if money[last] < 0 else "#555555"
        ax.annotate(
            f"total {words(last)}", (1, money[last]), xytext=(-4, -6), textcoords="offset points", ha="right", va="top", color=color
        )


def _bar_labels(ax: Axes, drawn: pd.DataFrame, left: np.ndarray, right: np.ndarray) -> None:
    low, high = min(left.min(), 0.0), max(right.max(), 0.0)
    room = (0.28 if "share" in drawn else 0.18) * (high - low)
    ax.set_xlim(low - (0.04 * (high - low) if low < 0 else 0.0), high + room if high > low else 1.0)
    gap = 0.01 * (high - low)
    behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}  # where a label crosses the line of zero
    for row in range(len(drawn)):
        words = money_text(drawn["amount"].iloc[row])
        if "share" in drawn and not np.isnan(drawn["share"].iloc[row]):
            share = drawn["share"].iloc[row]
            words += f"  ({share:.{1 if 0 < abs(share) < 0.01 else 0}%})".replace("%", " %")
        crosses = right[row] < 0 < right[row] + gap + 0.014 * len(words) * (high - low)  # the line of zero would run through the words
        ax.text((0.0 if crosses else right[row]) + gap, row, words, ha="left", va="center", fontsize="small", bbox=behind)
