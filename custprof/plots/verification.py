"""How do verified losses look: how much of what is called a loss stands the questions?"""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from custprof.plots.money import LOSS, NEUTRAL, money_axis, money_text

__all__ = ["verify_losses"]


def verify_losses(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", what: str = "profit") -> Axes:
    """Money that customers lose, by what the check of each loss found.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.verify_losses`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.
    what : str
        What the money is, as `profit.profit_name` says it; for the labels.

    Returns
    -------
    matplotlib Axes
        One bar per verdict on a loss that occurs, the largest loss first; those that are confirmed in colour.

    Examples
    --------
    >>> frame = pd.DataFrame({"profit": [-9.0, -1.0, 5.0], "verdict": ["confirmed loss", "uncertain loss", "no loss"]})
    >>> [text.get_text() for text in verify_losses(frame).texts]
    ['-9, 1 customer', '-1, 1 customer']
    >>> plt.close()
    """
    grouped = frame[frame["profit"] < 0].groupby("verdict")["profit"].agg(["sum", "size"]).sort_values("sum", kind="stable")
    ax = plt.subplots(figsize=(8.0, 1.2 + 0.4 * max(len(grouped), 2)), layout="constrained")[1] if ax is None else ax
    rows = range(len(grouped))
    colors = [LOSS if verdict == "confirmed loss" else NEUTRAL for verdict in grouped.index]
    ax.barh(rows, grouped["sum"], color=colors, height=0.65)
    end = -grouped["sum"].min() if len(grouped) else 1.0
    for row, (money, count) in enumerate(zip(grouped["sum"], grouped["size"], strict=True)):
        words = f"{money_text(money)}, {count:,} customer{'' if count == 1 else 's'}"
        ax.text(0.012 * end, row, words, va="center", ha="left", fontsize="small")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(rows, list(grouped.index))
    ax.set(
        xlim=(-1.03 * end, 0.42 * end),
        ylim=(len(grouped) - 0.4, -0.6),
        xlabel="profit of the customers who lose" if what == "profit" else f"negative {what} of customers",
    )
    ax.set_xticks([tick for tick in ax.get_xticks() if -1.03 * end <= tick <= 0])
    ax.tick_params(axis="y", length=0)
    money_axis(ax, "x", currency)
    return ax
