"""Is what was given what was meant?

One rule, one message: what a summary must hold, and what is no number though a number belongs there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = [
    "RULES",
    "check_number",
    "check_numeric",
    "check_rules",
    "check_share",
    "check_summary",
    "check_time",
    "check_weights",
    "check_whole",
    "read_summary",
    "refuse_repeated",
]

RULES = ("grain", "returns", "free")  #: How a summary was counted, beside its unit.

_COLUMNS = ("frequency", "recency", "T")


def check_summary(summary: pd.DataFrame, *columns: str) -> None:
    """Refuse a summary that lacks columns, holds missing values, names a customer twice or contradicts itself.

    Examples
    --------
    >>> check_summary(pd.DataFrame({"frequency": [2], "recency": [9.0], "T": [4.0]}))
    Traceback (most recent call last):
    ...
    ValueError: recency is after T for 1 of 1 customers, first [0]; both are ages, counted from the first purchase.
    """
    if not isinstance(summary, pd.DataFrame):
        raise TypeError(f"summary is a {type(summary).__name__}, not a DataFrame; make it with summarize(transactions).")
    needed = columns or _COLUMNS
    lacking = [c for c in needed if c not in summary.columns]
    if lacking:
        raise ValueError(f"summary lacks the columns {lacking}; make it with summarize(transactions).")
    if summary.empty:
        raise ValueError("summary holds no customers.")
    refuse_repeated(summary.index, "summary")
    for column in needed:
        check_numeric(summary[column], column)
        values = summary[column].to_numpy("float64")
        if not np.isfinite(values.sum()):
            _refuse(summary, ~np.isfinite(values), f"{column} is missing or infinite", "fill or drop them.")
    frequency = summary["frequency"].to_numpy("float64")
    uncounted = (frequency < 0) | (frequency != np.floor(frequency))
    _refuse(summary, uncounted, "frequency is not a whole number >= 0", "it counts repeat purchases.")
    if "T" in needed:
        recency, age = summary["recency"].to_numpy("float64"), summary["T"].to_numpy("float64")
        _refuse(summary, recency > age + 1e-9, "recency is after T", "both are ages, counted from the first purchase.")
        _refuse(summary, recency < 0, "recency is negative", "it is the age at the last purchase.")
        _refuse(summary, (frequency > 0) != (recency > 0), "frequency and recency contradict each other", "both are 0, or neither.")


def read_summary(summary: pd.DataFrame, unit: str | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns frequency, recency and T of a checked summary as float arrays, refused if it is in another unit than `unit`."""
    check_summary(summary)
    own = summary.attrs.get("unit")
    if unit is not None and own is not None and own != unit:
        raise ValueError(f"the summary is in unit {own!r}, the model in {unit!r}; summarize the transactions with unit={unit!r}.")
    return tuple(summary[column].to_numpy("float64") for column in _COLUMNS)


def check_rules(summary: pd.DataFrame, rules: dict) -> None:
    """Refuse a summary that says it was counted by other rules than those a model learnt from.

    Examples
    --------
    >>> apart = pd.DataFrame({"frequency": [2]})
    >>> apart.attrs["returns"] = "apart"
    >>> check_rules(apart, {"returns": "net"})
    Traceback (most recent call last):
    ...
    ValueError: the summary was made with returns='apart', the model learnt from returns='net'; summarize both alike.
    """
    for name, known in rules.items():
        own = summary.attrs.get(name, known)
        if own != known:
            raise ValueError(f"the summary was made with {name}={own!r}, the model learnt from {name}={known!r}; summarize both alike.")


def check_number(value, name: str, advice: str) -> None:
    """Refuse what is not one number, text above all.

    Examples
    --------
    >>> check_number("5", "horizon", "give years ahead.")
    Traceback (most recent call last):
    ...
    TypeError: horizon is '5', not a number; give years ahead.
    """
    if np.ndim(value) or np.asarray(value).dtype.kind not in "iuf":
        raise TypeError(f"{name} is {value!r}, not a number; {advice}")


def check_weights(sample_weight, index: pd.Index) -> np.ndarray | None:
    """The weights of the customers of an index as floats, or None: a Series by customer, or numbers in the order of the index.

    Examples
    --------
    >>> check_weights(pd.Series({"b": 2, "a": 1}), pd.Index(["a", "b"])).tolist()
    [1.0, 2.0]
    """
    if sample_weight is None:
        return None
    n = len(index)
    if isinstance(sample_weight, pd.Series):
        refuse_repeated(sample_weight.index, "sample_weight")
        check_numeric(sample_weight, "sample_weight")
        sample_weight = sample_weight.reindex(index)
        missing = sample_weight.isna().to_numpy()
        if missing.any():
            found = f"{missing.sum()} of {n} customers, first {index[missing][:3].tolist()}"
            raise ValueError(f"sample_weight is missing for {found}; fill or drop them, or give an array in the order of the summary.")
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() == 0:
        raise ValueError(f"sample_weight needs {n} finite numbers >= 0, one a customer, not all 0.")
    return weights


def check_time(t: float) -> None:
    """Refuse a length of time ahead that is no number, negative or infinite."""
    advice = "give the length of the period ahead in units of the summary, finite and not negative."
    check_number(t, "t", advice)
    if not (np.isfinite(t) and t >= 0):
        raise ValueError(f"t is {t!r}; {advice}")


def check_whole(value, name: str, advice: str, *, least: int = 1) -> None:
    """Refuse what is not one whole number from `least` on.

    Examples
    --------
    >>> check_whole(0, "step", "give days, 7 for a week.")
    Traceback (most recent call last):
    ...
    ValueError: step is 0; give days, 7 for a week.
    """
    check_number(value, name, advice)
    if not (value >= least and value == int(value)):
        raise ValueError(f"{name} is {value!r}; {advice}")


def check_share(value, name: str, advice: str) -> None:
    """Refuse what does not lie between 0 and 1.

    Examples
    --------
    >>> check_share(95, "level", "give a probability between 0 and 1, such as 0.95.")
    Traceback (most recent call last):
    ...
    ValueError: level is 95; give a probability between 0 and 1, such as 0.95.
    """
    check_number(value, name, advice)
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value!r}; {advice}")


def check_numeric(values: pd.Series, name: str) -> None:
    """Refuse a column of anything but numbers.

    Examples
    --------
    >>> check_numeric(pd.Series(["5"]), "margin")
    Traceback (most recent call last):
    ...
    TypeError: margin is of type str, not a number; parse it first, for instance with pandas.to_numeric.
    """
    if not isinstance(values, pd.Series):
        raise TypeError(f"{name} is a {type(values).__name__}; give a Series.")
    if not pd.api.types.is_numeric_dtype(values):
        raise TypeError(f"{name} is of type {values.dtype}, not a number; parse it first, for instance with pandas.to_numeric.")


def refuse_repeated(index: pd.Index, name: str) -> None:
    """Refuse customers that are named more than once.

    Examples
    --------
    >>> refuse_repeated(pd.Index(["a", "b", "a"]), "margin")
    Traceback (most recent call last):
    ...
    ValueError: margin names 1 of 2 customers more than once, first ['a']; give one row per customer.
    """
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        raise ValueError(
            f"{name} names {len(twice)} of {index.nunique()} customers more than once, first {twice[:3].tolist()}; "
            "give one row per customer."
        )


def _refuse(summary: pd.DataFrame, wrong: np.ndarray, what: str, advice: str) -> None:
    if wrong.any():
        raise ValueError(f"{what} for {wrong.sum()} of {len(summary)} customers, first {summary.index[wrong][:3].tolist()}; {advice}")
