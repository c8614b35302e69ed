"""How do customers' lives look: value by age or horizon, retention, cohorts, and the ranks by revenue and by profit?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from custprof.plots.ink import ink_on
from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text
from custprof.plots.segmentation import DIVERGING

__all__ = ["cohorts", "rank_changes", "retention_curve", "value_curve"]

_MOST = 8  # groups that a reader can tell apart
_LONG = 30  # letters of a name that has a row of the legend for itself
_EVERYBODY = 2.0  # a share beyond the scale of all others: grey
_DASHES = ("-", (0, (5, 3)), (0, (1.5, 2.5)))  # in turn, so that curves that coincide are seen through one another


def value_curve(curve: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", cost: float | None = None) -> Axes:
    """Cumulative discounted value per customer by age or horizon, a line and a band for each group; curves that coincide show both.

    Parameters
    ----------
    curve : DataFrame
        Result of `lifetime.value_curve` or `lifetime.value_history`; at most 8 groups.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.
    cost : float, optional
        Cost of acquiring a customer: a dashed line to be reached.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> curve = pd.DataFrame({"group": "web", "horizon": [0.0, 1.0], "value": [0.0, 9.0], "low": [0.0, 7.0], "high": [0.0, 11.0]})
    >>> value_curve(curve, currency="EUR").get_ylabel()
    'discounted value per customer (EUR)'
    >>> plt.close()
    """
    ax = _axes(ax, room=_rows_of_names(curve))
    for place, (name, part, color) in enumerate(_groups(curve)):
        ax.fill_between(part["horizon"], part["low"], part["high"], color=color, alpha=0.18, linewidth=0)
        ax.plot(
            part["horizon"], part["value"], color=color, linewidth=2, linestyle=_DASHES[place % 3], zorder=2 + place % 3 / 10, label=name
        )
    ax.axhline(0, color="black", linewidth=0.8)
    if cost is not None:
        ax.axhline(cost, color=NEUTRAL, linewidth=1.2, linestyle="--")
        ax.annotate(f"cost {money_text(cost)}", (1, cost), xycoords=("axes fraction", "data"), ha="right", va="bottom", color="#555555")
    ax.set(xlabel="years", ylabel="discounted value per customer")
    ax.set_xlim(left=0)
    money_axis(ax, "y", currency)
    return _legend(ax, curve)


def retention_curve(curve: pd.DataFrame, *, ax: Axes | None = None, unit: str = "W") -> Axes:
    """Share of customers still active by age, as steps with their interval, for each group.

    Parameters
    ----------
    curve : DataFrame
        Result of `lifetime.retention_curve`; at most 8 groups.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    unit : {"D", "W", "M"}
        Unit of the ages, for the label.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> curve = pd.DataFrame({"group": "total", "age": [0.0, 5.0], "retention": [1.0, 0.6], "low": [1.0, 0.5], "high": [1.0, 0.7]})
    >>> retention_curve(curve).get_xlabel()
    'age (weeks)'
    >>> plt.close()
    """
    ax = _axes(ax, room=_rows_of_names(curve))
    for name, part, color in _groups(curve):
        ax.fill_between(part["age"], part["low"], part["high"], step="post", color=color, alpha=0.18, linewidth=0)
        ax.step(part["age"], part["retention"], where="post", color=color, linewidth=2, label=name)
    ax.set(xlabel=f"age ({ {'D': 'days', 'W': 'weeks', 'M': 'months'}[unit] })", ylabel="customers still active", ylim=(0, 1.02))
    ax.set_xlim(left=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    return _legend(ax, curve)


def cohorts(table: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", what: str = "retention") -> Axes:
    """Heat map of cohorts by age, with their size; cells of a period in which the data end are left blank, the 100 % of age 0 are grey.

    Where a cohort has brought less than nothing so far, money is orange below zero and blue above.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.cohorts`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the colours where money is shown.
    what : {"retention", "cumulative_value"}
        Share of the cohort that bought, or value per customer so far.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> table = pd.DataFrame({"cohort": ["2024", "2024"], "age": [0, 1], "retention": [1.0, 0.4], "complete": [True, True]})
    >>> [text.get_text() for text in cohorts(table).texts]
    ['100 %', '40 %']
    >>> plt.close()
    """
    if what not in ("retention", "cumulative_value"):
        raise ValueError(f"what is {what!r}; choose 'retention' or 'cumulative_value'.")
    ax = _axes(ax)
    shown = table[table["complete"]]
    if shown.empty:
        raise ValueError("no period of any cohort is complete; choose a shorter period.")
    grid = shown.pivot_table(index="cohort", columns="age", values=what)
    label = "bought in the period" if what == "retention" else f"value per customer{f' ({currency})' if currency else ''}"
    written = grid.map(lambda v: "" if np.isnan(v) else f"{v:.0%}".replace("%", " %") if what == "retention" else money_text(v))
    colored = grid.copy()
    if what == "retention" and grid.shape[1] > 1:
        colored[0] = _EVERYBODY  # by definition
    if "customers" in shown:
        colored.index = [f"{name}   n = {n:,}" for name, n in shown.groupby("cohort")["customers"].first().items()]
    top = np.nanmax(colored[colored < _EVERYBODY].to_numpy()) if what == "retention" else None
    many = grid.size > 400
    lost = what != "retention" and np.nanmin(grid.to_numpy()) < 0
    reach = np.nanmax(np.abs(grid.to_numpy()))
    scale = {"vmin": -1.6 * reach, "vmax": 1.6 * reach} if lost else {"vmin": 0 if what == "retention" else None, "vmax": top}
    colors = DIVERGING if lost else plt.get_cmap("cividis").with_extremes(over="#d9d9d9")
    said = PercentFormatter(1.0, decimals=0, symbol=" %") if what == "retention" else FuncFormatter(lambda v, _: money_text(v, digits=6))
    sns.heatmap(
        colored, ax=ax, cmap=colors, **scale,
        annot=False if many else written, fmt="", annot_kws={"fontsize": 8}, cbar_kws={"label": label, "format": said}, linewidths=0.5,
    )  # fmt: skip
    ax.figure.canvas.draw()  # the colours of the cells are known only then
    known = (shade for shade, value in zip(ax.collections[0].get_facecolors(), grid.to_numpy().ravel(), strict=True) if not np.isnan(value))
    for text, shade in zip(ax.texts, known, strict=False):
        text.set_color(ink_on(shade))
    ax.set(xlabel="age (periods since the first purchase)", ylabel="cohort")
    ax.tick_params(axis="y", rotation=0)
    return ax


def rank_changes(table: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", named: int = 5, of: str = "profit") -> Axes:
    """Value of profit, or of a margin, against value of revenue, a point for each customer; those whose rank falls most are named.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.rank_changes`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the labels of the axes.
    named : int
        As many of the first rows are ringed and named, where their rank falls; a name that would lie on another is left out.
    of : str
        What the value is of, in words: "gross margin" where the study knows no other cost.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> table = pd.DataFrame({"revenue": [90.0, 50.0], "value": [-5.0, 20.0], "fall": [1, -1]}, index=["big", "small"])
    >>> [text.get_text() for text in rank_changes(table).texts]
    ['big']
    >>> plt.close()
    """
    ax = _axes(ax)
    loses = table["value"] < 0
    for at_loss, color, label in ((False, GAIN, "worth something"), (True, LOSS, "costs more than it brings")):
        part = table[loses == at_loss]
        ax.scatter(part["revenue"], part["value"], s=14, color=color, alpha=0.45, linewidths=0, label=f"{label} ({len(part):,})")
    first = table.head(named)
    first = first[first["fall"] > 0]
    ax.scatter(first["revenue"], first["value"], s=46, facecolors="none", edgecolors="black", linewidths=1.1)
    written = np.empty((0, 2))
    for name, place in zip(
        first.index, first[["revenue", "value"]].to_numpy() / np.ptp(table[["revenue", "value"]].to_numpy(), axis=0).clip(1e-9), strict=True
    ):
        if (np.abs(written - place) > (0.09, 0.04)).any(axis=1).all():  # names that would lie on one another are left out
            written = np.vstack([written, place])
            ax.annotate(str(name), first.loc[name, ["revenue", "value"]], xytext=(7, -3), textcoords="offset points", fontsize=8)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(xlabel="value of revenue", ylabel=f"value of {of}")
    ax.set_xlim(left=0)
    ax.margins(x=0.1)
    money_axis(money_axis(ax, "x", currency), "y", currency)
    legend_below(ax)
    return ax


def _axes(ax: Axes | None, *, room: int = 0) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=(7.5, 4.5 + 0.2 * room), layout="constrained")[1]


def _rows_of_names(curve: pd.DataFrame) -> int:
    """Rows of the legend below the first, for which a figure is higher, so that the curves keep their room."""
    names = curve["group"].astype(str).unique()
    return len(names) - 1 if max(map(len, names)) > _LONG else (len(names) - 1) // 4


def _groups(curve: pd.DataFrame):
    """Name, rows and colour of each group; one of categories has the colour of its place among them, whoever else is drawn."""
    names = list(dict.fromkeys(curve["group"]))
    places = names if not isinstance(curve["group"].dtype, pd.CategoricalDtype) else list(curve["group"].cat.categories)
    if len(places) > _MOST:
        raise ValueError(f"{len(places)} groups are too many for one figure; choose at most {_MOST}.")
    colors = dict(zip(places, sns.color_palette("colorblind", _MOST) if len(places) > 1 else [GAIN], strict=False))
    return [(name, curve[curve["group"] == name], colors[name]) for name in places if name in names]


def _legend(ax: Axes, curve: pd.DataFrame) -> Axes:
    names = curve["group"].astype(str).unique()
    if len(names) > 1:
        legend_below(ax, ncols=1 if max(map(len, names)) > _LONG else 4, handlelength=3)
    return ax
