"""Is an argument of the kind that is asked for?

Python's own messages speak of the inside of a function. These name the argument, what it is and what to give instead; every stage after the
study asks with them at its doors.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = [
    "as_numbers",
    "check_frame",
    "check_kind",
    "check_number",
    "check_numeric",
    "check_once",
    "check_seed",
    "check_share",
    "check_study",
]


def check_kind(value, kind: type | tuple[type, ...], name: str, *, say: str) -> None:
    """Refuse what is of another kind.

    Examples
    --------
    >>> check_kind("x", pd.DataFrame, "pnl", say="give the frame of customer_pnl")
    Traceback (most recent call last):
    TypeError: pnl is a str; give the frame of customer_pnl.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} is a {type(value).__name__}; {say}.")


def check_frame(value, name: str, *, needs: Sequence[str] = (), numbers: Sequence[str] = (), say: str) -> None:
    """Refuse what is no frame, lacks columns, or holds text (or nothing) where numbers are needed.

    Examples
    --------
    >>> check_frame(pd.DataFrame({"a": [1]}), "rates", needs=["rate"], say="give Allocation.rates()")
    Traceback (most recent call last):
    ValueError: rates lacks rate; it has a. Give Allocation.rates().
    """
    check_kind(value, pd.DataFrame, name, say=say)
    missing = [column for column in (*needs, *numbers) if column not in value]
    if missing:
        has = ", ".join(map(str, value.columns)) or "no columns"
        raise ValueError(f"{name} lacks {', '.join(missing)}; it has {has}. {say[:1].upper()}{say[1:]}.")
    for column in numbers:
        check_numeric(value[column], f"{column} of {name}")
        gaps = int(value[column].isna().sum())
        if gaps:
            raise ValueError(f"{column} of {name} is missing in {gaps:,} of {len(value):,} rows; fill or drop them before.")


def check_numeric(values, name: str) -> None:
    """Refuse a column of anything but numbers.

    Examples
    --------
    >>> check_numeric(pd.Series([1j]), "margin")
    Traceback (most recent call last):
    TypeError: margin is of type complex128, not a number; parse it first, for instance with pandas.to_numeric.
    """
    check_kind(values, pd.Series, name, say="give a Series")
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_complex_dtype(values):
        raise TypeError(f"{name} is of type {values.dtype}, not a number; parse it first, for instance with pandas.to_numeric.")


def check_once(customers: pd.Index, name: str, *, say: str = "give one row for each") -> None:
    """Refuse a customer (by period: a row) that stands there more than once.

    Examples
    --------
    >>> check_once(pd.Index(["a", "b", "a"]), "margin")
    Traceback (most recent call last):
    ValueError: 1 of 2 customers stand in margin more than once, first ['a']; give one row for each.
    """
    if not customers.is_unique:
        twice = customers[customers.duplicated()].unique()
        who = "rows" if customers.nlevels > 1 else "customers"
        raise ValueError(
            f"{len(twice):,} of {customers.nunique():,} {who} stand in {name} more than once, first {twice[:3].tolist()}; {say}."
        )


def check_number(
    value, name: str, *, least: float = -np.inf, above: float = -np.inf, most: float = np.inf, whole: bool = False, say: str
) -> None:
    """Refuse an option that is no finite number, or lies outside what makes sense.

    Examples
    --------
    >>> check_number(-1, "draws", least=1, whole=True, say="give a whole number of one or more")
    Traceback (most recent call last):
    ValueError: draws is -1; give a whole number of one or more.
    >>> check_number("5", "horizon", above=0, say="give years ahead")
    Traceback (most recent call last):
    TypeError: horizon is '5', not a number; give years ahead.
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, not a number; {say}.")
    if not (np.isfinite(value) and least <= value <= most and value > above) or (whole and not isinstance(value, numbers.Integral)):
        raise ValueError(f"{name} is {value!r}; {say}.")


def check_share(value, name: str, *, say: str = "give a probability between 0 and 1, such as 0.95") -> None:
    """Refuse what does not lie between 0 and 1, the ends left out.

    Examples
    --------
    >>> check_share(95, "level")
    Traceback (most recent call last):
    ValueError: level is 95; give a probability between 0 and 1, such as 0.95.
    """
    check_number(value, name, above=0, most=np.nextafter(1, 0), say=say)


def check_seed(random_state) -> None:
    """Refuse a seed with which no result comes again."""
    check_number(
        random_state, "random_state", least=0, whole=True, say="give a whole number of zero or more, so that the result comes again"
    )


def check_study(study) -> None:
    """Refuse what holds no tables to ask for.

    Examples
    --------
    >>> check_study("demo")
    Traceback (most recent call last):
    TypeError: study is a str; open one with Study.open.
    """
    if not hasattr(study, "lacks"):
        raise TypeError(f"study is a {type(study).__name__}; open one with Study.open.")


def as_numbers(values, name: str) -> np.ndarray:
    """Values as floats.

    Examples
    --------
    >>> as_numbers([1, "x"], "values")
    Traceback (most recent call last):
    TypeError: values holds what is no number; parse it first, for instance with pandas.to_numeric.
    """
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} holds what is no number; parse it first, for instance with pandas.to_numeric.") from None
