"""Is what was given what was meant?

One rule, one message: what a summary must hold, and what is no number though a number belongs there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from custprof.costing.kinds import check_number, check_numeric, check_once

__all__ = [
    "RULES",
    "check_fitted",
    "check_rules",
    "check_summary",
    "check_time",
    "check_weights",
    "read_summary",
]

RULES = ("grain", "returns", "free")  #: How a summary was counted, beside its unit.

_COLUMNS = ("frequency", "recency", "T")


def check_fitted(model, given: str = "summary") -> None:
    """Refuse a model that has learnt nothing yet."""
    check_is_fitted(model, msg=f"%(name)s is not fitted yet; call fit({given}) first.")


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
    check_once(summary.index, "summary")
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
        check_once(sample_weight.index, "sample_weight")
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
    check_number(t, "t", least=0, say="give the length of the period ahead in units of the summary, finite and not negative")


def _refuse(summary: pd.DataFrame, wrong: np.ndarray, what: str, advice: str) -> None:
    if wrong.any():
        raise ValueError(f"{what} for {wrong.sum()} of {len(summary)} customers, first {summary.index[wrong][:3].tolist()}; {advice}")
