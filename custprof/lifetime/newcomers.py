"""Who was a customer already when the data begin?

Such customers look new at their first line, and those who had left before are missing: a model that learns from all of them takes their
drop-out for that of new ones, and may find it too rare. Where the dates of acquisition are unknown, a rush of first purchases right at the
beginning tells.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_kind, check_once
from custprof.lifetime.checks import check_summary
from custprof.lifetime.grain import DAYS

__all__ = ["beginning", "newcomers"]

_PART = 12  # of the time: where acquisitions are unknown, who first bought within it may have been there before
_SHORTEST = 28  # days


def newcomers(summary: pd.DataFrame, *, acquired: pd.Series | None = None) -> pd.Series:
    """Whether each customer was won since the data begin, so that a model may learn from its whole life.

    Parameters
    ----------
    summary : DataFrame
        As `summarize` gives it.
    acquired : Series of dates by customer, optional
        When customers were won (missing dates: not known, no newcomer). Without it who first bought after a twelfth of the time, and after
        four weeks at least, is a newcomer.

    Returns
    -------
    Series of bool by customer

    Examples
    --------
    >>> yearly = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": [52.0, 50.0, 20.0]}, index=list("abc"))
    >>> newcomers(yearly).tolist()
    [False, False, True]
    """
    check_summary(summary, "frequency", "recency", "T")
    unit, age = _unit(summary), summary["T"].to_numpy("float64")
    if acquired is not None and "end" in summary.attrs:
        return (_dates(acquired, summary.index) >= _start(summary)).rename("newcomer")
    days = (age.max() - age) * unit
    return pd.Series(days >= _window(days), index=summary.index, name="newcomer")


def beginning(summary: pd.DataFrame, acquired: pd.Series | None) -> tuple[float, bool, str]:
    """The share of customers who were there before the data begin, as far as it shows; whether that is many; the same in words."""
    n = len(summary)
    meaning = "such customers look new at their first line, those who had left are missing, so that drop-out is not that of new customers"
    if acquired is not None and "end" in summary.attrs:
        older = int((_dates(acquired, summary.index) < _start(summary)).sum())
        return older / n, older > 0.02 * n, f"{older:,} of {n:,} customers were won before the data begin; {meaning}"
    age = summary["T"].to_numpy("float64")
    days = (age.max() - age) * _unit(summary)
    window = _window(days)
    first, then = int((days < window).sum()), int(((days >= window) & (days < 2 * window)).sum())
    rush = first > 1.5 * then + 3 * np.sqrt(then + 1)
    said = f"{first:,} of {n:,} customers first bought in the first {window} days of the data, {then:,} in the next {window}"
    return first / n, rush, f"{said}; where it is many more, they were there before: {meaning}"


def _window(days: np.ndarray) -> int:
    return max(_SHORTEST, round(days.max() / _PART))


def _unit(summary: pd.DataFrame) -> float:
    return DAYS[summary.attrs.get("unit", "W")]


def _start(summary: pd.DataFrame) -> pd.Timestamp:
    return pd.Timestamp(summary.attrs["end"]) - pd.Timedelta(days=round(summary["T"].max() * _unit(summary)))


def _dates(acquired: pd.Series, index: pd.Index) -> pd.Series:
    check_kind(acquired, pd.Series, "acquired", say="give a Series of dates by customer_id")
    check_once(acquired.index, "acquired")
    dates = pd.to_datetime(acquired.astype("object"), errors="coerce")
    wrong = (dates.isna() & acquired.notna()).to_numpy()
    if wrong.any():
        found = f"{wrong.sum()} of {len(acquired)} customers, first {acquired.index[wrong][:3].tolist()}"
        raise ValueError(f"acquired is no date for {found}; parse it first, for instance with pandas.to_datetime.")
    return dates.dt.tz_localize(None).reindex(index)
