"""How do the decisions look: actions, repaired prices, dropped customers, leaks, calls to make, profit that hangs on representatives?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from custprof.plots.ink import PARTS
from custprof.plots.legend import legend_below
from custprof.plots.money import GAIN, LOSS, NEUTRAL, money_axis, money_text
from custprof.plots.profit import waterfall

__all__ = ["drop_effect", "leakage", "manager_risk", "recommendations", "reengage", "reprice"]

_ACTION_COLORS = {"keep": GAIN, "repair": "#E69F00", "part": LOSS, "gone": NEUTRAL}


def recommendations(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", what: str = "profit") -> Axes:
    """Profit of the customers by recommended action, with their number.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.recommend`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure otherwise.
    currency : str
        Named in the label of the axis.
    what : str
        What the money is, as `profit.profit_name` says it; for the labels.

    Returns
    -------
    matplotlib Axes
        One bar per action that occurs, as long as the profit of its customers, labelled with their count and money.

    Examples
    --------
    >>> frame = pd.DataFrame({"action": ["keep", "keep", "part"], "profit": [900.0, 600.0, -200.0]})
    >>> [text.get_text() for text in recommendations(frame).texts]
    ['2 customers, 1.5 k', '1 customer, -200']
    >>> plt.close()
    """
    ax = _axes(ax, (7.5, 2.6))
    actions = [action for action in _ACTION_COLORS if (frame["action"] == action).any()]
    grouped = frame.groupby("action")["profit"]
    counts, money = grouped.size().reindex(actions), grouped.sum().reindex(actions)
    ax.barh(range(len(actions)), money, color=[_ACTION_COLORS[action] for action in actions], height=0.65)
    words = [f"{count:,} customer{'' if count == 1 else 's'}, {money_text(money[action])}" for action, count in counts.items()]
    _finish(ax, actions, money.to_numpy(), words, f"{what} of the customers", currency)
    return ax


def drop_effect(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """Company profit before and after some customers go; the stranded cost is written below.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.drop_effect`.
    ax, currency
        As for `recommendations`.

    Returns
    -------
    matplotlib Axes
        A waterfall; rows of the kind "note" stand as text under it.

    Examples
    --------
    >>> frame = pd.DataFrame({"step": ["profit_before", "lost_contribution", "avoided_cost", "profit_after", "stranded_cost"],
    ...                       "amount": [68.0, -67.0, 22.0, 23.0, -38.0], "kind": ["total", "step", "step", "total", "note"]})
    >>> drop_effect(frame, currency="EUR").get_xlabel()
    'amount (EUR), with stranded cost -38 that stays'
    >>> plt.close()
    """
    ax = waterfall(frame, ax=ax, currency=currency)
    notes = frame[frame["kind"] == "note"]
    words = [f"{step.replace('_', ' ')} {money_text(amount)}" for step, amount in zip(notes["step"], notes["amount"], strict=True)]
    if words:
        ax.set_xlabel(f"{ax.get_xlabel()}, with {' and '.join(words)} that stays")
    return ax


def leakage(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", top: int = 12) -> Axes:
    """What leaks at the customers with the largest leaks, by kind of leak.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.leakage`.
    ax, currency
        As for `recommendations`.
    top : int
        How many customers to draw, most money first.

    Returns
    -------
    matplotlib Axes
        One bar per customer, in parts by leak, those of most money first; beyond nine kinds the rest is grey. The sum stands beside it.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_tuples([("a", "discounts"), ("b", "returns"), ("a", "returns")], names=["customer_id", "leak"])
    >>> ax = leakage(pd.DataFrame({"amount": [100.0, 30.0, 5.0]}, index=rows))
    >>> [(float(bar.get_x()), float(bar.get_width())) for bar in ax.patches]
    [(0.0, 100.0), (0.0, 0.0), (100.0, 5.0), (0.0, 30.0)]
    >>> plt.close()
    """
    kinds = frame.groupby(level="leak")["amount"].sum().sort_values(ascending=False, kind="stable").index
    parts = frame["amount"].unstack("leak").reindex(columns=kinds).fillna(0.0)  # noqa: PD010
    sums = parts.sum(axis=1).sort_values(ascending=False, kind="stable").head(top)
    ax = _axes(ax, (7.5, 1.4 + 0.34 * max(len(sums), 3)))
    reached = np.zeros(len(sums))
    for place, kind in enumerate(kinds):
        color = PARTS[place] if place < len(PARTS) else NEUTRAL
        ax.barh(range(len(sums)), parts.loc[sums.index, kind], left=reached, color=color, height=0.65, label=kind.replace("_", " "))
        reached = reached + parts.loc[sums.index, kind].to_numpy()
    _finish(ax, [str(name) for name in sums.index], sums.to_numpy(), [money_text(amount) for amount in sums], "leaks away", currency)
    if len(kinds) > 1:
        legend_below(ax, ncols=4)
    return ax


def manager_risk(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", top: int = 15, what: str = "profit") -> Axes:
    """Profit that could leave with each account manager, the largest customer's part darker.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.manager_risk`.
    ax, currency, what
        As for `recommendations`.
    top : int
        How many managers to draw, most at risk first.

    Returns
    -------
    matplotlib Axes
        One bar per manager, labelled with the customers and the share of all profit at risk.

    Examples
    --------
    >>> frame = pd.DataFrame({"customers": [2], "profit_at_risk": [60.0], "share_at_risk": [0.6], "largest_share": [0.5]}, index=["Ann"])
    >>> [text.get_text() for text in manager_risk(frame).texts]
    ['2 customers, 60 % of all']
    >>> plt.close()
    """
    shown = frame.head(top)
    ax = _axes(ax, (7.5, 1.0 + 0.4 * max(len(shown), 3)))
    at_risk = shown["profit_at_risk"].to_numpy()
    ax.barh(range(len(shown)), at_risk, color="#88BBDD", height=0.65, label="other customers")
    ax.barh(
        range(len(shown)), (shown["profit_at_risk"] * shown["largest_share"]).fillna(0.0), color=GAIN, height=0.65, label="largest customer"
    )
    words = [
        f"{count:,} customer{'' if count == 1 else 's'}, {share:.0%} of all".replace("%", " %")
        for count, share in zip(shown["customers"], shown["share_at_risk"], strict=True)
    ]
    _finish(ax, [str(name) for name in shown.index], at_risk, words, f"{what} at risk", currency)
    ax.legend(loc="lower right", frameon=True, edgecolor=NEUTRAL)
    return ax


def reprice(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "") -> Axes:
    """What lacks to the target, by what it takes to get there: what the price brings, and what remains for a fee or less effort.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.reprice`; customers for whom it takes nothing are not drawn.
    ax, currency
        As for `recommendations`.

    Returns
    -------
    matplotlib Axes
        One bar per way that occurs, in two parts, labelled with its customers and their money.

    Examples
    --------
    >>> frame = pd.DataFrame({"way": ["price", "price and fee or effort"], "brings": [10.0, 4.0], "fee": [0.0, 6.0]})
    >>> [text.get_text() for text in reprice(frame).texts]
    ['1 customer, 10', '1 customer, 10']
    >>> plt.close()
    """
    groups = frame[frame["way"] != "nothing"].groupby("way")
    money = groups[["brings", "fee"]].sum().assign(customers=groups.size())
    money = money.loc[sorted(money.index, key=["price", "price and fee or effort", "fee or effort"].index)]
    ax = _axes(ax, (7.5, 1.5 + 0.4 * max(len(money), 2)))
    ax.barh(range(len(money)), money["brings"], color=GAIN, height=0.65, label="by price")
    ax.barh(range(len(money)), money["fee"], left=money["brings"], color="#E69F00", height=0.65, label="by a fee or less effort")
    ends = (money["brings"] + money["fee"]).to_numpy()
    words = [
        f"{count:,} customer{'' if count == 1 else 's'}, {money_text(end)}" for count, end in zip(money["customers"], ends, strict=True)
    ]
    _finish(ax, list(money.index), ends, words, "lacks to the target", currency)
    legend_below(ax, ncols=2)
    return ax


def reengage(frame: pd.DataFrame, *, ax: Axes | None = None, currency: str = "", top: int = 12) -> Axes:
    """The most that a contact may cost, for the customers whom it is most worth calling again.

    Parameters
    ----------
    frame : DataFrame
        Result of `decisions.reengage`.
    ax, currency
        As for `recommendations`.
    top : int
        How many customers to draw.

    Returns
    -------
    matplotlib Axes
        One bar per customer; beside it how long the customer has been silent, and how often it used to come.

    Examples
    --------
    >>> frame = pd.DataFrame({"silent_days": [560], "usual_interval": [35.0], "most_per_contact": [80.0]})
    >>> [text.get_text() for text in reengage(frame).texts]
    ['silent for 560 days, came every 35']
    >>> plt.close()
    """
    shown = frame.head(top)
    ax = _axes(ax, (7.5, 1.4 + 0.34 * max(len(shown), 3)))
    amounts = shown["most_per_contact"].to_numpy()
    ax.barh(range(len(shown)), amounts, color=GAIN, height=0.65)
    came = [f"came every {days:,.0f}" if days == days else "came once" for days in shown["usual_interval"]]
    words = [f"silent for {days:,} days, {often}" for days, often in zip(shown["silent_days"], came, strict=True)]
    _finish(ax, [str(name) for name in shown.index], amounts, words, "a contact may cost at most", currency)
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _finish(ax: Axes, names: list[str], amounts: np.ndarray, words: list[str], label: str, currency: str) -> None:
    low, high = min(amounts.min(initial=0.0), 0.0), max(amounts.max(initial=0.0), 0.0)
    span = high - low or 1.0
    ax.set_xlim(low - 0.01 * span if low < 0 else 0.0, high + (0.08 + 0.014 * max(map(len, words), default=0)) * span)
    for row, (amount, text) in enumerate(zip(amounts, words, strict=True)):
        ax.text(max(amount, 0.0) + 0.012 * span, row, text, va="center", ha="left", fontsize="small")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.4, -0.6), xlabel=label)
    ax.tick_params(axis="y", length=0)
    money_axis(ax, "x", currency)
