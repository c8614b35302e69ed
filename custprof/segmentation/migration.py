"""Where did the customers of each segment go from one period to the next, and with how much money?

Both periods must be placed by the same rules (one fitted segmenter or one `RFM`), else a change of rules looks like a change of customers.
A customer absent before is "new", one absent after is "lost", so every change of the company's profit belongs to a pair of segments.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_kind, check_once, check_share
from custprof.profit import total
from custprof.profit.shares import wilson
from custprof.segmentation.scaler import check_numbers

__all__ = ["LOST", "NEW", "migration"]

NEW, LOST = "new", "lost"


def migration(before: pd.Series, after: pd.Series, *, profit_before=None, profit_after=None, level: float = 0.95) -> pd.DataFrame:
    """Customers and money by the segments they came from and went to.

    Parameters
    ----------
    before, after : Series by customer_id
        Segment of every customer who was there in the earlier and in the later period; segments as names or numbers. A category keeps its
        order in the result.
    profit_before, profit_after : Series by customer_id, optional
        Profit of the customers in each period (currency units, signed); both or neither. Only that of customers placed in it counts.
    level : float
        Of the intervals of the shares.

    Returns
    -------
    DataFrame
        Index segment_before (the segments, then "new") and segment_after (the segments, then "lost"), every pair. Columns customers;
        share (of the customers of segment_before; NaN where there are none), low and high (Wilson's interval); with profits also
        profit_before, profit_after and change (currency units: the changes add up to the change of the customers' profit to the cent).

    Raises
    ------
    TypeError
        If segments are not a Series.
    ValueError
        If a customer stands twice, a segment is missing or called "new" or "lost", or a profit is missing.

    Examples
    --------
    >>> before = pd.Series({"a": "good", "b": "good", "c": "poor"})
    >>> after = pd.Series({"a": "good", "b": "poor", "d": "poor"})
    >>> earned = pd.Series({"a": 9.0, "b": 8.0, "c": -2.0})
    >>> moves = migration(before, after, profit_before=earned, profit_after=pd.Series({"a": 9.5, "b": 1.0, "d": -1.0}))
    >>> moves[moves["customers"] > 0][["customers", "share", "change"]]
                                  customers  share  change
    segment_before segment_after
    good           good                   1    0.5     0.5
                   poor                   1    0.5    -7.0
    poor           lost                   1    1.0     2.0
    new            poor                   1    1.0    -1.0
    """
    for name, labels in (("before", before), ("after", after)):
        _check(labels, name)
    check_share(level, "level")
    if (profit_before is None) != (profit_after is None):
        raise ValueError("only one of profit_before and profit_after is given; give both or neither.")
    segments = _segments(before, after)
    everyone = before.index.union(after.index)
    frame = pd.DataFrame(
        {
            "segment_before": before.astype(object).reindex(everyone, fill_value=NEW),
            "segment_after": after.astype(object).reindex(everyone, fill_value=LOST),
        }
    )
    pairs = pd.MultiIndex.from_product([[*segments, NEW], [*segments, LOST]], names=["segment_before", "segment_after"])
    pairs = pairs[pairs != (NEW, LOST)]
    by = ["segment_before", "segment_after"]
    table = pd.DataFrame({"customers": frame.groupby(by).size().reindex(pairs, fill_value=0)})
    from_there = table.groupby(level=0)["customers"].transform("sum")
    table["share"] = table["customers"] / from_there.where(from_there > 0)
    table["low"], table["high"] = wilson(table["customers"], from_there, level=level)
    if profit_before is None:
        return table
    for name, profit, labels in (("profit_before", profit_before, before), ("profit_after", profit_after, after)):
        frame[name] = _money(profit, labels, name).reindex(everyone, fill_value=0.0)
    money = frame.groupby(by)[["profit_before", "profit_after"]].agg(total).reindex(pairs, fill_value=0.0)
    return table.join(money).assign(change=(money["profit_after"] - money["profit_before"]).round(4))


def _check(labels: pd.Series, name: str) -> None:
    check_kind(labels, pd.Series, name, say="give a Series of segments by customer_id")
    check_once(labels.index, name)
    missing = labels.index[labels.isna()]
    if len(missing):
        raise ValueError(
            f"the segment {name} is missing for {len(missing):,} of {len(labels):,} customers, first {missing[:3].tolist()}; "
            "leave out who was not there."
        )
    taken = [word for word in (NEW, LOST) if (labels.astype(object) == word).any()]
    if taken:
        raise ValueError(f"a segment in {name} is called {taken[0]!r}, which says who came or went; rename it.")


def _segments(before: pd.Series, after: pd.Series) -> list:
    """All segments, in the order of the categories if there are any."""
    seen = list(pd.unique(pd.concat([before.astype(object), after.astype(object)])))
    orders = [labels.cat.categories.tolist() for labels in (before, after) if isinstance(labels.dtype, pd.CategoricalDtype)]
    order = list(dict.fromkeys(name for names in orders for name in names))
    return order + sorted((name for name in seen if name not in order), key=lambda name: (isinstance(name, str), name))


def _money(profit, labels: pd.Series, name: str) -> pd.Series:
    check_kind(profit, pd.Series, name, say="give a Series of profit by customer_id")
    check_once(profit.index, name)
    check_numbers(profit, name)
    money = profit.reindex(labels.index).astype(float)
    missing = money.index[~np.isfinite(money)]
    if len(missing):
        raise ValueError(
            f"{name} is missing for {len(missing):,} of {len(money):,} customers, first {missing[:3].tolist()}; give it for each."
        )
    return money
