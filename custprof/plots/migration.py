"""How do customers stand and move: the map of recency and frequency, the ways between segments, and the care planned for each?"""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, NEUTRAL, money_axis, money_text
from custprof.plots.segmentation import DIVERGING, PAGE

__all__ = ["effort_plan", "migration", "rfm"]

#: Letters of a small font that fit into an inch.
_LETTERS = 14
_PALE = 1.7  # end of the scale of shares: the blue of 100 % is one on which black can be read


def rfm(cells: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Heat map of the classes of recency and frequency, with the customers and the money of each cell.

    Parameters
    ----------
    cells : DataFrame
        ``cells_`` of a fitted `segmentation.RFM`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named below the figure.

    Returns
    -------
    matplotlib Axes
        Blue where the customers of a cell bring money together, orange where they lose it, the fuller the more (by the square root). The
        best cell is at the top right; a cell without customers is empty.

    Examples
    --------
    >>> places = pd.MultiIndex.from_tuples([(1, 1), (2, 2)], names=["recency", "frequency"])
    >>> ax = rfm(pd.DataFrame({"customers": [3, 1], "monetary": [-40.0, 900.0], "losses": [-50.0, 0.0]}, index=places))
    >>> [text.get_text() for text in ax.texts]
    ['3\\n-40', '1\\n900']
    >>> plt.close()
    """
    money = cells["monetary"].unstack()  # noqa: PD010
    money = money.sort_index(ascending=False)
    ax = _axes(ax, (min(PAGE, 1.2 + 1.15 * money.shape[1]), 0.9 + 0.62 * len(money)))
    size = np.abs(money.to_numpy(dtype=float))
    size = np.sqrt(size / max(np.nanmax(size), 1e-9))
    ax.imshow(np.ma.masked_invalid(np.sign(money) * size), cmap=DIVERGING, vmin=-1.6, vmax=1.6, aspect="auto")
    for (recency, frequency), row in cells.iterrows():
        words = f"{row['customers']:,.0f}\n{money_text(row['monetary'])}"
        ax.text(money.columns.get_loc(frequency), money.index.get_loc(recency), words, ha="center", va="center", fontsize="small")
    ax.set_xticks(range(money.shape[1]), [_class(frequency) for frequency in money.columns])
    ax.set_yticks(range(len(money)), [_class(recency) for recency in money.index])
    ax.set(
        xlabel="class of frequency (the higher, the more orders)\ncustomers, and their money",
        ylabel="class of recency\n(the higher, the later)",
    )
    if currency:
        ax.set_xlabel(f"{ax.get_xlabel()} in {currency}")
    _bare(ax)
    return ax


def migration(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Heat map of the ways of customers between segments: customers, share of the row with its interval, and change of profit.

    Parameters
    ----------
    frame : DataFrame
        Result of `segmentation.migration`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as wide as a page at most, otherwise.
    currency : str
        Named in the label of the horizontal axis, for the changes of profit.

    Returns
    -------
    matplotlib Axes
        One row per segment before, the last for new customers; one column per segment after, the last for lost ones. Ways that nobody went
        are left white; the share of new customers has no interval, since it is a share of those who came.

    Examples
    --------
    >>> moves = pd.MultiIndex.from_tuples([("good", "good"), ("good", "lost")], names=["segment_before", "segment_after"])
    >>> frame = pd.DataFrame({"customers": [3, 1], "share": [0.75, 0.25], "low": 0.1, "high": 0.9, "change": [90.0, -35.0]}, index=moves)
    >>> [text.get_text() for text in migration(frame).texts]
    ['3: 75 %\\n10 to 90 %\\n+90', '1: 25 %\\n10 to 90 %\\n-35']
    >>> plt.close()
    """
    before, after = (frame.index.unique(level) for level in ("segment_before", "segment_after"))
    wide = min(PAGE - 2.2, 1.45 * len(after))
    ax = _axes(ax, (2.2 + wide, 1.2 + 0.85 * len(before)))
    share = frame["share"].unstack().reindex(index=before, columns=after)  # noqa: PD010
    ax.imshow(np.ma.masked_less_equal(np.nan_to_num(share.to_numpy(dtype=float)), 0), cmap="Blues", vmin=0, vmax=_PALE, aspect="auto")
    for (start, end), row in frame[frame["customers"] > 0].iterrows():
        words = [f"{row['customers']:,.0f}: {row['share'] * 100:.0f} %"]
        if start != "new":
            words.append(f"{row['low'] * 100:.0f} to {row['high'] * 100:.0f} %")
        if "change" in frame:
            words.append(f"{'+' if row['change'] > 0 else ''}{money_text(row['change'])}")
        at = after.get_loc(end), before.get_loc(start)
        ax.text(*at, "\n".join(words), ha="center", va="center", fontsize="small" if wide / len(after) > 0.9 else "x-small")
    ax.set_xticks(range(len(after)), [_lines(name, int(_LETTERS * wide / len(after))) for name in after], fontsize="small")
    ax.set_yticks(range(len(before)), [_lines(name, 26) for name in before], fontsize="small")
    money = f", change of profit{f' in {currency}' if currency else ''}" if "change" in frame else ""
    ax.set(xlabel=f"segment after\ncustomers, share of the row with its interval{money}", ylabel="segment before")
    _bare(ax)
    return ax


def effort_plan(frame: pd.DataFrame, *, what: str = "reward", ax: Axes | None = None, currency: str = "") -> Axes:
    """Planned rewards beside gifts at random, or planned time beside the time now, of every segment.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.effort_plan` with ``by``.
    what : {"reward", "minutes"}
        Which of the two to draw.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, as wide as a page at most, otherwise.
    currency : str
        Named in the label of the axis of rewards.

    Returns
    -------
    matplotlib Axes
        Two bars per segment, planned in blue, now or at random in grey, with the amounts.

    Examples
    --------
    >>> frame = pd.DataFrame({"reward": [90.0, 10.0], "reward_at_random": [40.0, 60.0]}, index=["large", "small"])
    >>> [text.get_text() for text in effort_plan(frame).texts]
    ['90', '10', '40', '60']
    >>> plt.close()
    """
    other, word = {"reward": ("reward_at_random", "at random"), "minutes": ("minutes_now", "now")}[what]
    ax = _axes(ax, (PAGE - 1, 0.9 + 0.7 * max(len(frame), 2)))
    unit, written = (60.0, "{:,.0f}".format) if what == "minutes" else (1.0, money_text)
    places = np.arange(len(frame))
    for shift, column, color, label in ((-0.19, what, GAIN, "planned"), (0.19, other, NEUTRAL, word)):
        if column in frame:
            values = frame[column].to_numpy(dtype=float) / unit
            ax.barh(places + shift, values, height=0.36, color=color, label=label)
            for place, value in zip(places, values, strict=True):
                ax.annotate(
                    written(value), (value, place + shift), xytext=(4, 0), textcoords="offset points", va="center", fontsize="small"
                )
    ax.set_yticks(places, [_lines(name, 34) for name in frame.index], fontsize="small")
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=0.8)
    ax.margins(x=0.1)
    ax.set_xlabel("time (hours)" if what == "minutes" else "reward")
    if what == "reward":
        money_axis(ax, "x", currency)
    else:
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.spines[["top", "right"]].set_visible(False)
    legend_below(ax, ncols=2)
    return ax


def _class(number: int) -> str:
    return f"{number} (never)" if number == 0 else f"{number}"


def _lines(name, width: int) -> str:
    return fill(str(name).replace(" %", "\N{NO-BREAK SPACE}%"), max(width, 8))


def _bare(ax: Axes) -> None:
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
