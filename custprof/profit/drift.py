"""Which customers turned from profit to loss, or came, or went, from one period to the next?

Every customer of a period stands in one class: "profit", "neutral" (within a band around zero) or "loss". Between two periods one that was
not there before is "new", and one that is no longer there is "lost": so every change of the company's profit belongs to a pair of classes,
and every customer to one state of `STATES`, of which "turned unprofitable" is the one to act on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.inputs import check_number, check_pnl
from custprof.profit.ladder import customers_only
from custprof.profit.shares import wilson
from custprof.profit.totals import total

__all__ = ["CLASSES", "STATES", "drift", "transitions"]

#: Classes of a customer in a period, and what stands for absence before ("new") and after ("lost").
CLASSES = ("profit", "neutral", "loss", "new", "lost")
#: What happened to a customer between two periods; "neutral" is not unprofitable.
STATES = ("new", "lost", "turned unprofitable", "turned profitable", "stayed unprofitable", "stayed profitable")


def drift(pnl_by_period: pd.DataFrame, *, neutral: float = 0.0) -> pd.DataFrame:
    """Change of every customer's profit between consecutive periods.

    Parameters
    ----------
    pnl_by_period : DataFrame
        Result of `customer_pnl` by customer_id and period; residual rows are left out. A row of zeros counts as absent.
    neutral : float
        Profit of at most this size, either way, is "neutral" (money).

    Returns
    -------
    DataFrame
        Index customer_id and period (the later of the two), one row for every customer who is there in either. Columns period_before,
        profit_before, profit_after, change (money), class_before ("profit", "neutral", "loss" or "new"), class_after ("profit",
        "neutral", "loss" or "lost"), state (one of `STATES`; from and to "neutral" counts as from and to profit); where known
        net_revenue_change and cost_to_serve_change (money), and then warning: True where volume fell while the cost to serve rose. "new"
        means not there in the period before, whether or not ever seen.

    Raises
    ------
    ValueError
        If the frame is not by customer and period, lacks profit, has missing or infinite amounts or a row twice, or holds fewer than two
        periods.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_tuples([("a", "2023"), ("a", "2024"), ("b", "2024")], names=["customer_id", "period"])
    >>> drift(pd.DataFrame({"profit": [30.0, -5.0, 12.0]}, index=rows))[["change", "class_before", "class_after", "state"]]
                        change class_before class_after                state
    customer_id period
    a           2024     -35.0       profit        loss  turned unprofitable
    b           2024      12.0          new      profit                  new
    """
    tables = _by_period(pnl_by_period, neutral)
    customers, periods = tables["profit"].index, tables["profit"].columns
    before, after = ({name: table.to_numpy()[:, part] for name, table in tables.items()} for part in (slice(None, -1), slice(1, None)))
    kept = before["there"] | after["there"]
    customer, pair = kept.nonzero()  # by customer, then by period
    index = pd.MultiIndex.from_arrays([customers.take(customer), periods.take(pair + 1)], names=["customer_id", "period"])
    before, after = ({name: values[kept] for name, values in side.items()} for side in (before, after))
    moves = pd.DataFrame({"period_before": periods.take(pair), "profit_before": before["profit"], "profit_after": after["profit"]})
    moves["change"] = (after["profit"] - before["profit"]).round(4)
    classes = [_class(side["profit"], side["there"], neutral, absent) for side, absent in ((before, "new"), (after, "lost"))]
    moves["class_before"], moves["class_after"] = (_names(CLASSES, places) for places in classes)
    moves["state"] = _names(STATES, _state(*classes))
    for name in ("net_revenue", "cost_to_serve"):
        if name in tables:
            moves[f"{name}_change"] = (after[name] - before[name]).round(4)
    if "net_revenue" in tables and "cost_to_serve" in tables:
        stayed = before["there"] & after["there"]
        moves["warning"] = (moves["net_revenue_change"] < 0) & (moves["cost_to_serve_change"] > 0) & stayed
    return moves.set_axis(index)


def transitions(pnl_by_period: pd.DataFrame, *, neutral: float = 0.0) -> pd.DataFrame:
    """How many customers went from which class to which, and what it changed.

    Parameters
    ----------
    pnl_by_period : DataFrame
        As for `drift`; with more than two periods all consecutive pairs are counted together.
    neutral : float
        As for `drift`.

    Returns
    -------
    DataFrame
        Index class_before (profit, neutral, loss, new) and class_after (profit, neutral, loss, lost), every pair. Columns customers
        (count), share (fraction of the customers of class_before; NaN for an empty class), low and high (Wilson's
        95 % interval of that share: how far it would swing with another draw of as many customers), profit_before, profit_after and change
        (money; the changes add up to the change of the customers' profit). ``transitions(...)["customers"].unstack()`` is the matrix.

    Raises
    ------
    ValueError
        As `drift`.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_tuples([("a", "2023"), ("a", "2024"), ("b", "2024")], names=["customer_id", "period"])
    >>> moves = transitions(pd.DataFrame({"profit": [30.0, -5.0, 12.0]}, index=rows))
    >>> moves.loc[("profit", "loss")].round(4).to_dict()
    {'customers': 1.0, 'share': 1.0, 'low': 0.2065, 'high': 1.0, 'profit_before': 30.0, 'profit_after': -5.0, 'change': -35.0}
    """
    moves = drift(pnl_by_period, neutral=neutral)
    grouped = moves.groupby(["class_before", "class_after"])
    table = grouped[["profit_before", "profit_after", "change"]].agg(total)
    table.insert(0, "customers", grouped.size())
    pairs = pd.MultiIndex.from_product([[*CLASSES[:3], "new"], [*CLASSES[:3], "lost"]], names=["class_before", "class_after"])
    table = table.reindex(pairs[pairs != ("new", "lost")], fill_value=0)
    before = table.groupby(level="class_before")["customers"].transform("sum")
    table.insert(1, "share", table["customers"] / before.where(before > 0))
    low, high = wilson(table["customers"], before)
    table.insert(2, "low", low)
    table.insert(3, "high", high)
    return table


def _by_period(pnl: pd.DataFrame, neutral: float) -> dict[str, pd.DataFrame]:
    check_pnl(pnl, name="pnl_by_period", by_period=True)
    check_number(neutral, "neutral", least=0, say="it is the size of a band around zero, so give zero or more")
    rows = customers_only(pnl)
    periods = rows.index.get_level_values(1).unique()
    if len(periods) < 2:
        raise ValueError(f"pnl_by_period holds {len(periods)} period; a change needs two or more.")
    numbers = rows.select_dtypes("number")
    known = [name for name in ("profit", "net_revenue", "cost_to_serve") if name in rows]
    tables = {name: rows[name].unstack(fill_value=0.0).sort_index(axis=1) for name in known}  # noqa: PD010
    tables["there"] = (numbers != 0).any(axis=1).unstack(fill_value=False).sort_index(axis=1).astype(bool)  # noqa: PD010
    return tables


def _class(profit: np.ndarray, there: np.ndarray, neutral: float, absent: str) -> np.ndarray:
    """Places in `CLASSES`."""
    return np.select([~there, np.abs(profit) <= neutral, profit > 0], [CLASSES.index(absent), 1, 0], default=2)


def _state(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Places in `STATES`, from those in `CLASSES`."""
    new, lost, loss = (CLASSES.index(name) for name in ("new", "lost", "loss"))
    lost_money, loses_money = before == loss, after == loss
    cases = [before == new, after == lost, loses_money & ~lost_money, lost_money & ~loses_money, loses_money]
    return np.select(cases, range(5), default=5)


def _names(names: tuple[str, ...], places: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(names, dtype="str").take(places)
