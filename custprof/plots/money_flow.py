"""How does the way of the money look, from the ledger through pools and activities to customers and residual rows?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import patches
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.path import Path

from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_text

__all__ = ["money_flow"]

_HEADS = ("ledger", "pools", "activities", "lands on")
_WIDTH, _STEP = 0.07, 1.0
#: The least height of a node with its gap, in lines of text: labels never overlap.
_LINE = 1.0


def money_flow(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Ribbons from the ledger's pools to the pools that use them, to activities, to customers and residual rows.

    Parameters
    ----------
    frame : DataFrame
        Result of `Allocation.money_flow`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise, as high as its labels need.
    currency : str
        Written once below the figure.

    Returns
    -------
    matplotlib Axes
        One ribbon for each row, as thick as its amount; negative amounts (credits, over-driven time) are hatched. Nodes stand largest first
        and carry their amounts. Where no pool serves another, the first column is left out.

    Examples
    --------
    >>> rows = [(1, "desk", "desk", 9.0), (2, "desk", "calls", 9.0), (3, "calls", "customers", 9.0)]
    >>> ax = money_flow(pd.DataFrame(rows, columns=["stage", "source", "target", "amount"]))
    >>> [patch.get_gid() for patch in ax.patches if patch.get_gid()]
    ['desk > calls', 'calls > customers']
    >>> plt.close()
    """
    links = [part for _, part in frame.groupby("stage")]
    if links and (links[0]["source"] == links[0]["target"]).all():
        links = links[1:]
    heads = _HEADS[-len(links) - 1 :]
    columns = [_nodes(links, place) for place in range(len(links) + 1)] if links else []
    lines = max([len(column) for column in columns], default=1)
    if ax is None:
        ax = plt.subplots(figsize=(9.5, 1.2 + 0.42 * lines), layout="constrained")[1]
    total = max([column.abs().sum() for column in columns], default=1.0) or 1.0
    # A line of text for each node of the fullest column, and as much again for the money.
    scale = lines / total
    height = 2.0 * lines
    places = [_places(column * scale, height) for column in columns]
    for place, column in enumerate(columns):
        for name, amount in column.items():
            top, tall = places[place][name]
            colour = GAIN if name == "customers" else NEUTRAL if str(name).startswith("(") else "#444444"
            ax.add_patch(patches.Rectangle((place * _STEP, top), _WIDTH, tall, facecolor=colour, edgecolor="none"))
            _label(ax, place, len(columns), top + tall / 2, f"{_plain(name)}  {money_text(amount)}")
        ax.text(place * _STEP + _WIDTH / 2, -0.6, heads[place], ha="center", va="bottom", fontweight="bold", fontsize="small")
    for place, part in enumerate(links):
        _ribbons(ax, part, places[place], places[place + 1], place, scale)
    ax.set(xlim=(-0.55, (len(columns) - 1) * _STEP + _WIDTH + 0.7), ylim=(height + 0.2, -1.2))
    ax.set_axis_off()
    if currency:
        ax.text(0.0, height + 0.2, f"Amounts in {currency}.", fontsize="small", va="top")
    return ax


def _nodes(links: list[pd.DataFrame], place: int) -> pd.Series:
    """Amount by node of a column, largest first, residual rows last."""
    side, part = ("source", links[place]) if place < len(links) else ("target", links[-1])
    amounts = part.groupby(side)["amount"].sum()
    if place and place < len(links):
        amounts = amounts.reindex(amounts.index.union(links[place - 1]["target"].unique()), fill_value=0.0)
    order = sorted(amounts.index, key=lambda name: (str(name).startswith("("), -abs(amounts[name]), str(name)))
    return amounts.reindex(order)


def _places(heights: pd.Series, height: float) -> dict[str, tuple[float, float]]:
    """Top and height of the nodes of a column, spread over the figure."""
    tall = heights.abs().to_numpy()
    slots = np.maximum(tall, _LINE)
    gap = (height - slots.sum()) / max(1, len(tall))
    tops = np.cumsum(slots + gap) - slots - gap / 2
    return {name: (top + (slot - own) / 2, own) for name, top, slot, own in zip(heights.index, tops, slots, tall, strict=True)}


def _ribbons(ax: Axes, part: pd.DataFrame, left: dict, right: dict, place: int, scale: float) -> None:
    rank = {name: number for number, name in enumerate(right)}
    first = {name: number for number, name in enumerate(left)}
    part = part.sort_values(["source", "target"], key=lambda names: names.map(first if names.name == "source" else rank), kind="stable")
    start, end = {name: top for name, (top, _) in left.items()}, {name: top for name, (top, _) in right.items()}
    x0, x1 = place * _STEP + _WIDTH, (place + 1) * _STEP
    middle = (x0 + x1) / 2
    for row in part.itertuples():
        thick = abs(row.amount) * scale
        y0, y1 = start[row.source], end[row.target]
        start[row.source], end[row.target] = y0 + thick, y1 + thick
        points = [
            (x0, y0),
            (middle, y0),
            (middle, y1),
            (x1, y1),
            (x1, y1 + thick),
            (middle, y1 + thick),
            (middle, y0 + thick),
            (x0, y0 + thick),
        ]
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
        negative = row.amount < 0
        colour = LOSS if negative else GAIN if row.target == "customers" else "#8FA8BF" if not str(row.target).startswith("(") else NEUTRAL
        style = {"facecolor": colour, "alpha": 0.45, "edgecolor": LOSS if negative else "none", "hatch": "xx" if negative else None}
        ax.add_patch(patches.PathPatch(Path(points, codes), linewidth=0, gid=f"{row.source} > {row.target}", **style))


def _label(ax: Axes, place: int, columns: int, y: float, text: str) -> None:
    inside = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    if place == 0:
        ax.text(-0.03, y, text, ha="right", va="center", fontsize="small")
    else:
        box = None if place == columns - 1 else inside
        ax.text(place * _STEP + _WIDTH + 0.03, y, text, ha="left", va="center", fontsize="small", bbox=box)


def _plain(name) -> str:
    return str(name).strip("()").replace("_", " ")
