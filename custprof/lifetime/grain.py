"""Which unit of time is a date counted in?

A day, or a calendar week, month, quarter or year with a number of its own, the same in the engine and in Python, so that periods are
subtracted like days.
"""

from __future__ import annotations

import datetime as dt

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.study.engine import day_number

__all__ = ["DAYS", "last_whole", "ordinal", "period_number", "period_of"]

#: Days in one unit of time: a week is 7 days, a year 365.25, quarters and months are fractions of it.
DAYS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Q": 365.25 / 4, "Y": 365.25}

_PARTS = {"M": 12, "Q": 4, "Y": 1}  # of a year


def period_number(column: str, grain: str) -> nw.Expr:
    """The number of the period of a date column: days and weeks (from Monday) since 0001-01-01, months, quarters and years since year 0."""
    if grain in _PARTS:
        parts = _PARTS[grain]
        return nw.col(column).dt.year() * parts + (nw.col(column).dt.month() - 1) * parts // 12
    return day_number(column) if grain == "D" else (day_number(column) - 1) // 7


def period_of(day: int, grain: str) -> int:
    """The number of the period of a day given as an ordinal.

    Examples
    --------
    >>> day = dt.date(2024, 5, 17).toordinal()
    >>> period_of(day, "Q") == 2024 * 4 + 1, period_of(day + 3, "W") - period_of(day, "W")
    (True, 1)
    """
    if grain in _PARTS:
        date, parts = dt.date.fromordinal(day), _PARTS[grain]
        return date.year * parts + (date.month - 1) * parts // 12
    return day if grain == "D" else (day - 1) // 7


def last_whole(day: int, grain: str) -> int:
    """The last day (ordinal) of the last period that is complete at a day.

    Examples
    --------
    >>> dt.date.fromordinal(last_whole(dt.date(2024, 5, 17).toordinal(), "M")).isoformat()
    '2024-04-30'
    """
    while period_of(day + 1, grain) == period_of(day, grain):
        day -= 1
    return day


def ordinal(date, name: str = "end") -> int:
    """The day of a date as an ordinal; numbers would be nanoseconds since 1970, so they are refused.

    Examples
    --------
    >>> ordinal("0001-01-31")
    31
    """
    advice = "give a date, such as '2024-12-31'."
    if not isinstance(date, str | dt.date | np.datetime64) and date is not pd.NaT:
        raise TypeError(f"{name} is {date!r}, not a date; {advice}")
    try:
        day = pd.Timestamp(date)
    except ValueError:
        day = pd.NaT
    if day is pd.NaT:
        raise ValueError(f"{name} is {date!r}; {advice}")
    return day.date().toordinal()
