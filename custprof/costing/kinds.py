"""Is an argument of the kind that is asked for?

Python's own messages speak of the inside of a function. These name the argument, what it is and what to give instead; every stage after the
study asks with them at its doors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["as_numbers", "check_frame", "check_kind", "check_number", "check_seed", "check_study"]


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
        if not pd.api.types.is_numeric_dtype(value[column]):
            raise TypeError(f"{column} of {name} is of type {value[column].dtype}, not a number; parse it first with pandas.to_numeric.")
        gaps = int(value[column].isna().sum())
        if gaps:
            raise ValueError(f"{column} of {name} is missing in {gaps:,} of {len(value):,} rows; fill or drop them before.")


def check_number(value, name: str, *, least: float = -np.inf, most: float = np.inf, whole: bool = False, say: str) -> None:
    """Refuse an option that is no finite number, or lies outside what makes sense.

    Examples
    --------
    >>> check_number(-1, "draws", least=1, whole=True, say="give a whole number of one or more")
    Traceback (most recent call last):
    ValueError: draws is -1; give a whole number of one or more.
    """
    known = isinstance(value, (int, float, np.integer, np.floating)) and np.isfinite(value)
    if not known or not least <= value <= most or (whole and value != int(value)):
        raise ValueError(f"{name} is {value!r}; {say}.")


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
