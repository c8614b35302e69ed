"""What was known of the customers at a date, and what did they do after it?

For testing a model on what it has not seen: a summary up to the date, and the purchases of the same customers afterwards, counted by the
same rules, which both halves carry in ``.attrs``.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.lifetime.grain import last_whole, ordinal, period_of
from custprof.lifetime.history import FINE, last_date, purchase_days, read_rules, step_length, summarize
from custprof.study.engine import collect

__all__ = ["Split", "split"]


class Split(NamedTuple):
    """What was known at a date and what followed: ``calibration`` (a summary) and ``holdout`` (the same customers, after the date)."""

    calibration: pd.DataFrame
    holdout: pd.DataFrame


def split(
    transactions,
    date,
    *,
    unit: str = "W",
    end=None,
    value: str = "revenue",
    grain: str = "D",
    returns: str = "net",
    free: bool = True,
) -> Split:
    """The customers as they were known at a date, and what the same customers did after it: for testing a model on what it has not seen.

    Both halves count by the same rules, which they carry. Customers first seen after the date are in neither half.

    Parameters
    ----------
    transactions, unit, end, value, grain, returns, free
        As in `summarize`; `end` is the last day of the holdout.
    date : date or str
        Last day of the calibration, inclusive; a period that is not complete then is of the holdout.

    Returns
    -------
    Split
        ``calibration``: the summary at `date`. ``holdout``: the same index, ``frequency`` (purchases after `date`), ``T`` (length of the
        holdout, in `unit`), ``monetary_value`` (mean value of these purchases, 0 where there are none). Both carry their rules.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "revenue": [5.0, 20.0, 10.0, 7.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-22", "2024-01-08"])})
    >>> split(lines, "2024-01-15").holdout
                 frequency    T  monetary_value
    customer_id
    a                    1  1.0            10.0
    b                    0  1.0             0.0
    """
    rules = read_rules(unit, grain, returns, free)
    last_day = last_whole(ordinal(end) if end is not None else last_date(transactions), grain)
    cut = last_whole(ordinal(date, "date"), grain)
    if cut >= last_day:
        raise ValueError(
            f"nothing is left to hold out: the split is at {dt.date.fromordinal(cut)}, the data end at {dt.date.fromordinal(last_day)}."
        )
    counted = {"grain": grain, "returns": returns, "free": free}
    calibration = summarize(transactions, unit=unit, end=date, value=value, **counted)
    start, until = period_of(cut, grain), period_of(last_day, grain)
    after = purchase_days(transactions, value, **counted).filter((nw.col("day") > start) & (nw.col("day") <= until))
    facts = collect(
        after.with_columns(nw.lit(1).alias("purchases"), nw.col("value").alias("total"))
        .group_by("customer_id")
        .agg(nw.col("purchases").sum(), nw.col("total").sum())
    )
    facts = facts.set_index("customer_id").reindex(calibration.index, fill_value=0)
    bought = facts["purchases"].to_numpy("int64")
    total = facts["total"].to_numpy("float64") / 10**FINE
    holdout = pd.DataFrame(
        {
            "frequency": bought,
            "T": (until - start) / step_length(rules),
            "monetary_value": np.divide(total, bought, out=np.zeros(len(facts)), where=bought > 0),
        },
        index=calibration.index,
    )
    holdout.attrs = {**calibration.attrs, "start": calibration.attrs["end"], "end": dt.date.fromordinal(last_day).isoformat()}
    return Split(calibration, holdout)
