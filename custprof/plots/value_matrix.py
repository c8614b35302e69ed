"""How does the customer value matrix look: own value against the value that referrals brought?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text

__all__ = ["value_matrix"]

_CORNERS = {  # where the name of a cell stands, in fractions of the Axes
    "advocate": (0.015, 0.985, "left", "top"),
    "champion": (0.985, 0.985, "right", "top"),
    "miser": (0.015, 0.015, "left", "bottom"),
    "affluent": (0.985, 0.015, "right", "bottom"),
}
_NEAR = 100.0  # below such a part of the largest amount the axes are even, so that zero and losses have a place


def value_matrix(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Own value against referral value; a point for every customer who referred others.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.referral_value`. Customers without an own value are not drawn.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the labels of the axes.

    Returns
    -------
    matplotlib Axes
        Referrers as points, blue circles where their own value is zero or more, orange triangles below. Grey lines, the medians of all
        customers, part the cells, whose names stand in the corners with all their customers and their referral value. Both axes are
        logarithmic but near zero.

    Examples
    --------
    >>> frame = pd.DataFrame({"value": [10.0, 500.0, 300.0, 40.0], "type_one": [1, 1, 0, 0], "type_two": [1, 0, 0, 0],
    ...     "referral_value": [540.0, 60.0, 0.0, 0.0], "cell": ["advocate", "champion", "affluent", "miser"]})
    >>> [text.get_text() for text in value_matrix(frame).texts][:2]
    ['advocate\\n1 customer, 540', 'champion\\n1 customer, 60']
    >>> plt.close()
    """
    known = frame[frame["value"].notna()]
    drawn = known[(known["type_one"] > 0) | (known["type_two"] > 0)]
    ax = plt.subplots(figsize=(7.5, 5.0), layout="constrained")[1] if ax is None else ax
    for gain, color, marker, name in ((True, GAIN, "o", "referrers worth 0 or more"), (False, LOSS, "v", "worth less")):
        of_these = drawn[(drawn["value"] >= 0) == gain]
        label = f"{name} ({len(of_these):,})"
        ax.scatter(of_these["value"], of_these["referral_value"], s=28, marker=marker, color=color, alpha=0.6, linewidths=0, label=label)
    for which, column, line in (("x", "value", ax.axvline), ("y", "referral_value", ax.axhline)):
        largest = max(float(drawn[column].abs().max()) if len(drawn) else 0.0, 1.0)
        near = 10.0 ** np.floor(np.log10(largest / _NEAR)) * (1 + 1e-9)  # or a rounded logarithm puts ticks below it
        getattr(ax, f"set_{which}scale")("symlog", linthresh=near)
        line(known[column].median(), color=NEUTRAL, linestyle="--", linewidth=1)
        line(0, color="black", linewidth=0.8)
    ax.margins(0.12, 0.2)
    ax.plot([], [], color=NEUTRAL, linestyle="--", linewidth=1, label="median of all")
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    for cell, (across, up, ha, va) in _CORNERS.items():
        own = known[known["cell"] == cell]
        words = f"{cell}\n{len(own):,} customer{'' if len(own) == 1 else 's'}, {money_text(own['referral_value'].sum())}"
        ax.text(across, up, words, transform=ax.transAxes, ha=ha, va=va, fontsize="small", fontweight="bold", bbox=box, zorder=4)
    ax.set(xlabel="own value", ylabel="value by referrals")
    for which in ("x", "y"):
        money_axis(ax, which, currency)
    legend_below(ax, ncols=3)
    return ax
