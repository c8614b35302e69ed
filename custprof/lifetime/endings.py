"""In words: where did the search for a model's parameters end, and what does that mean for them?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.lifetime.search import Optimum

__all__ = ["UNITS", "ending", "pair_reasons"]

UNITS = {"D": " a day", "W": " a week", "M": " a month", "Q": " a quarter", "Y": " a year", None: " a unit of time"}


def ending(name: str, optimum: Optimum, reasons: list[str]) -> str:
    """What there is to say of the end of a search: nothing where it ended inside."""
    if not optimum.found:
        return f"{name} did not converge: its parameters are not to be trusted."
    if not optimum.ends.any():
        return ""
    return f"{name} ended at its boundary: {'; '.join(reasons)}. Predictions stand, the standard errors of these parameters do not."


def pair_reasons(params: pd.Series, kinds, ends: np.ndarray, *, times=(), unit: str | None = None) -> list[str]:
    """In words, for each pair of parameters that is held at an end, what that says of its kind of difference between customers."""
    reasons = []
    for i, (kind, mean, shape) in enumerate(zip(kinds, ends[::2], ends[1::2], strict=True)):
        first, second = params.index[2 * i : 2 * i + 2]
        if mean or shape > 0:
            size = {-1: "next to nothing", 0: "next to nothing for most, far higher for a few", 1: "as high as can be"}[int(mean)]
            reasons.append(f"{kind} are {size}, so {first} and {second} mean nothing by themselves")
        elif shape:
            ratio = f"{params[first] / params[second]:.2g}{UNITS[unit] if second in times else ''}"
            reasons.append(f"{kind} hardly differ between customers, so {first} and {second} are known only as their ratio ({ratio})")
    return reasons
