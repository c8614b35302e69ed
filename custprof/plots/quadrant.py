"""How does the map of margin against cost to serve look, with every customer on it?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_text

__all__ = ["quadrant"]

_CORNERS = {  # where the name of a cell stands, in fractions of the Axes
    "passive": (0.015, 0.985, "left", "top"),
    "carriage trade": (0.985, 0.985, "right", "top"),
    "bargain basement": (0.015, 0.015, "left", "bottom"),
    "aggressive": (0.985, 0.015, "right", "bottom"),
}
_FAR = {"cost_rate": (0.0, 0.9), "margin_rate": (0.04, 0.995)}  # quantiles beyond which customers stand at the edge of the frame


def quadrant(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Margin against cost to serve, both as shares of net revenue; a point for every customer, its area by net revenue.

    Parameters
    ----------
    frame : DataFrame
        Result of `profit.quadrant`. Customers without rates are not drawn.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named with the profit of the cells.

    Returns
    -------
    matplotlib Axes
        Above the diagonal a customer earns (blue circles), below it loses (orange triangles). Grey lines part the cells, whose names,
        customers and profit stand in the corners. Customers far out stand hollow at the edge of the frame.

    Raises
    ------
    ValueError
        If no customer has rates.

    Examples
    --------
    >>> frame = pd.DataFrame({"net_revenue": [100.0, 100.0], "profit": [40.0, -10.0], "margin_rate": [0.5, 0.3], "cost_rate": [0.1, 0.4],
    ...     "usual_margin_rate": 0.4, "usual_cost_rate": 0.25, "cell": ["passive", "aggressive"]})
    >>> [text.get_text() for text in quadrant(frame, currency="EUR").texts]
    ['passive\\n1 customer, 40 EUR', 'aggressive\\n1 customer, -10 EUR']
    >>> plt.close()
    """
    drawn = frame[frame["margin_rate"].notna()].sort_values("net_revenue", ascending=False, kind="stable")
    if drawn.empty:
        raise ValueError("no customer has positive net revenue; there are no rates to draw.")
    ax = plt.subplots(figsize=(7.5, 5.5), layout="constrained")[1] if ax is None else ax
    (left, right), (low, high) = (_limits(drawn[name], *far) for name, far in _FAR.items())
    x, y = drawn["cost_rate"].clip(left, right), drawn["margin_rate"].clip(low, high)
    inside = (x == drawn["cost_rate"]) & (y == drawn["margin_rate"])
    area = np.clip(500 * drawn["net_revenue"] / drawn["net_revenue"].max(), 6, None)
    for gain, color, marker, name in ((True, GAIN, "o", "profit"), (False, LOSS, "v", "loss")):
        of_these = (drawn["profit"] >= 0) == gain
        for here, face in ((of_these & inside, color), (of_these & ~inside, "none")):
            label = f"{name} ({_customers(int(of_these.sum()))})" if face == color else None
            ax.scatter(
                x[here],
                y[here],
                s=area[here],
                marker=marker,
                facecolors=face,
                edgecolors=color,
                linewidths=0.6,
                alpha=0.5,
                label=label,
                clip_on=False,
            )
    if not inside.all():
        ax.scatter([], [], s=40, facecolors="none", edgecolors=NEUTRAL, label=f"beyond the frame ({int((~inside).sum()):,})")
    ax.plot([left, right], [left, right], color="black", linewidth=1, label="profit = 0")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.axhline(drawn["usual_margin_rate"].iloc[0], color=NEUTRAL, linewidth=1, linestyle="--", label="all customers together")
    ax.axvline(drawn["usual_cost_rate"].iloc[0], color=NEUTRAL, linewidth=1, linestyle="--")
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    for cell, (across, up, ha, va) in _CORNERS.items():
        own = drawn[drawn["cell"] == cell]
        if len(own):
            words = f"{cell}\n{_customers(len(own))}, {money_text(own['profit'].sum())} {currency}".rstrip()
            ax.text(across, up, words, transform=ax.transAxes, ha=ha, va=va, fontsize="small", fontweight="bold", bbox=box, zorder=4)
    ax.set(xlim=(left, right), ylim=(low, high))
    ax.set(xlabel="cost to serve, share of net revenue", ylabel="margin before cost to serve, share of net revenue")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=0))
    for handle in legend_below(ax, ncols=3).legend_handles[:2]:
        handle.set_sizes([40])
    return ax


def _customers(count: int) -> str:
    return f"{count:,} customer{'' if count == 1 else 's'}"


def _limits(rates: pd.Series, low: float, high: float) -> tuple[float, float]:
    """A frame around most of the rates, and around zero."""
    ends = rates.quantile([low, high])
    low, high = min(ends.iloc[0], 0.0), max(ends.iloc[1], 0.0)
    room = 0.12 * max(high - low, 0.05)
    return low - room if low < 0 else 0.0, high + room
