"""How do the results of the lifetime stage look: value by age or horizon, retention, cohorts, and the tests of a model?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import PercentFormatter

from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, NEUTRAL, money_axis, money_text

__all__ = ["calibration", "cohorts", "reliability", "retention_curve", "tracking", "value_curve"]

_MOST = 8  # groups that a reader can tell apart
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    for name, part, color in _groups(curve):
        ax.fill_between(part["age"], part["low"], part["high"], step="post", color=color, alpha=0.18, linewidth=0)
        ax.step(part["age"], part["retention"], where="post", color=color, linewidth=2, label=name)
    ax.set(xlabel=f"age ({ {'D': 'days', 'W': 'weeks', 'M': 'months'}[unit] })", ylabel="customers still active", ylim=(0, 1.02))
    ax.set_xlim(left=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    return _legend(ax, curve)


def calibration(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Expected and actual purchases per customer in the holdout, by purchases before.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.calibration`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [9, 4], "expected": [0.2, 1.1], "actual": [0.3, 1.0]}, index=["0", "1+"])
    >>> [text.get_text() for text in calibration(table).get_legend().get_texts()]
    ['expected', 'actual']
    >>> plt.close()
    """
    ax = _axes(ax)
    places = np.arange(len(table))
    ax.plot(places, table["expected"], color=GAIN, marker="o", linewidth=2, label="expected")
    ax.plot(places, table["actual"], color="black", marker="s", linestyle="--", linewidth=1.5, label="actual")
    ax.set_xticks(places, [f"{name}\nn = {n:,}" for name, n in zip(table.index, table["customers"], strict=True)])
    known = "repeat purchases before the split" if table.index.name == "frequency" else "customers, least expected back to most"
    ax.set(xlabel=known, ylabel="purchases per customer after the split")
    ax.set_ylim(0, 1.08 * max(table[["expected", "actual"]].max().max(), 1e-9))
    ax.legend(frameon=False)
    return ax


def tracking(table: pd.DataFrame, *, ax: Axes | None = None, total: bool = False) -> Axes:
    """Expected and actual repeat purchases by week, with a line where the model saw no more.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.tracking`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    total : bool
        Purchases since the first day instead of those of each step.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> until = pd.to_datetime(["2024-01-07", "2024-01-14"])
    >>> table = pd.DataFrame({"until": until, "expected": [4.0, 5.0], "actual": [3, 6], "seen": [True, False]})
    >>> tracking(table).get_ylabel()
    'repeat purchases'
    >>> plt.close()
    """
    ax = _axes(ax)
    end = "_total" if total else ""
    ax.plot(table["until"], table[f"actual{end}"], color="black", linestyle="--", linewidth=1.2, label="actual")
    ax.plot(table["until"], table[f"expected{end}"], color=GAIN, linewidth=2, label="expected")
    if table["seen"].any() and not table["seen"].all():
        ax.axvline(table.loc[table["seen"], "until"].iloc[-1], color=NEUTRAL, linewidth=1.2, label="end of what the model saw")
    ax.set_ylabel("repeat purchases" + (" since the first day" if total else ""))
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(AutoDateLocator(maxticks=8))
    ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
    legend_below(ax, depth=28)
    return ax


def reliability(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Probabilities of being there against the share that is, on a diagonal; where that is not known, how many customers have which.

    Parameters
    ----------
    table : DataFrame
        Result of `lifetime.reliability`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [9, 4], "expected": [0.2, 0.9]}, index=["0 to 0.5", "0.5 to 1"])
    >>> [int(bar.get_height()) for bar in reliability(table).patches]
    [9, 4]
    >>> plt.close()
    """
    ax = _axes(ax)
    if "actual" not in table:
        ax.bar(table.index, table["customers"], color=GAIN, width=0.9)
        ax.set(xlabel="probability of being there", ylabel="customers")
        return ax
    known = table[table["customers"] > 0]
    ax.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1.2, label="honest")
    reach = [known["actual"] - known["low"], known["high"] - known["actual"]]
    ax.errorbar(
        known["expected"], known["actual"], yerr=np.maximum(reach, 0), color=GAIN, marker="o", linewidth=2, capsize=3, label="found"
    )
    for _, row in known.iterrows():
        ax.annotate(
            f"n = {row['customers']:,.0f}", (row["expected"], row["actual"]), xytext=(8, -12), textcoords="offset points", fontsize=9
        )
    ax.set(xlabel="probability of being there", ylabel="share truly there", xlim=(0, 1.18), ylim=(0, 1.05))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axis.set_ticks(np.linspace(0, 1, 6))
    ax.legend(frameon=False, loc="upper left")
    return ax


def cohorts(table: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", what: str = "retention") -> Axes:
    """Heat map of cohorts by age; cells of a period in which the data end are left blank, the 100 % of age 0 are grey.

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
    grid = table[table["complete"]].pivot_table(index="cohort", columns="age", values=what)
    label = "bought in the period" if what == "retention" else f"value per customer{f' ({currency})' if currency else ''}"
    written = grid.map(lambda v: "" if np.isnan(v) else f"{v:.0%}".replace("%", " %") if what == "retention" else money_text(v))
    top = np.nanmax(grid.to_numpy()[:, 1:]) if what == "retention" and grid.shape[1] > 1 else None  # age 0 is 100 % by definition
    many = grid.size > 400
    colors = plt.get_cmap("cividis").with_extremes(over="#d9d9d9")
    sns.heatmap(
        grid, ax=ax, cmap=colors, vmin=0 if what == "retention" else None, vmax=top, annot=False if many else written, fmt="",
        annot_kws={"fontsize": 8}, cbar_kws={"label": label}, linewidths=0.5,
    )  # fmt: skip
    ax.set(xlabel="age (periods since the first purchase)", ylabel="cohort")
    ax.tick_params(axis="y", rotation=0)
    return ax


def _axes(ax: Axes | None) -> Axes:
    return ax if ax is not None else plt.subplots(figsize=(7.5, 4.5), layout="constrained")[1]


def _groups(curve: pd.DataFrame):
    names = list(dict.fromkeys(curve["group"]))
    if len(names) > _MOST:
        raise ValueError(f"{len(names)} groups are too many for one figure; choose at most {_MOST}.")
    colors = sns.color_palette("colorblind", _MOST) if len(names) > 1 else [GAIN]
    return [(name, curve[curve["group"] == name], color) for name, color in zip(names, colors, strict=False)]


def _legend(ax: Axes, curve: pd.DataFrame) -> Axes:
    names = curve["group"].astype(str).unique()
    if len(names) > 1:
        legend_below(ax, ncols=1 if max(map(len, names)) > 30 else 4, handlelength=3)
    return ax
