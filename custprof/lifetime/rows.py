"""How are a million customers few rows to a model?

Customers with the same (frequency, recency, T) have the same likelihood and the same future: they are one row with a weight, and what
depends on the frequency alone is worked out once for each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Rows", "compress", "log_rising", "rising"]

_SHIFT = 12  # whole steps up to where Stirling's series is exact
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)


@dataclass
class Rows:
    """Unique (frequency, recency, T) and how to get back: ``x``, ``recency``, ``age`` by row, ``counts`` by ``x_values[x_code]``."""

    x: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    inverse: np.ndarray
    x_values: np.ndarray
    x_code: np.ndarray

    def weigh(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Weights of the rows from weights of the customers (1 each when None)."""
        return np.bincount(self.inverse, weights, minlength=len(self.x)).astype(float)

    def scaled(self, factor: float) -> Rows:
        """The same rows with times multiplied by a factor."""
        return Rows(self.x, self.recency * factor, self.age * factor, self.inverse, self.x_values, self.x_code)


def compress(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> Rows:
    """Unique rows of a summary.

    Examples
    --------
    >>> rows = compress(np.array([0.0, 2.0, 0.0]), np.array([0.0, 3.0, 0.0]), np.array([5.0, 5.0, 5.0]))
    >>> rows.x.tolist(), rows.weigh().tolist()
    ([0.0, 2.0], [2.0, 1.0])
    """
    x_values, by_x = np.unique(frequency, return_inverse=True)
    recencies, by_recency = np.unique(recency, return_inverse=True)
    ages, by_age = np.unique(age, return_inverse=True)
    code = (by_x.astype(np.int64) * len(recencies) + by_recency) * len(ages) + by_age
    unique, inverse = np.unique(code, return_inverse=True)
    x_code, rest = np.divmod(unique, len(recencies) * len(ages))
    recency_code, age_code = np.divmod(rest, len(ages))
    return Rows(x_values[x_code], recencies[recency_code], ages[age_code], inverse, x_values, x_code)


def rising(a: float, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of a (a+1) ... (a+k-1) for whole numbers k, and its derivative: gamma functions would lose the digits of a large `a`.

    Examples
    --------
    >>> log, slope = rising(2.0, np.array([0, 1, 3]))
    >>> np.exp(log).round(9).tolist(), slope.round(9).tolist()
    ([1.0, 2.0, 24.0], [0.0, 0.5, 1.083333333])
    """
    steps = a + np.arange(counts.max(initial=0))
    return tuple(np.append(0.0, np.cumsum(each))[counts.astype(int)] for each in (np.log(steps), 1 / steps))


def log_rising(a, reach):
    """Log of G(a + reach) / G(a) for any reach >= 0, to all digits: up by whole steps, then the ratio of Stirling's series.

    Examples
    --------
    >>> log_rising(2.0, np.array([0.0, 1.0, 3.0])).round(12).tolist() == np.log([1.0, 2.0, 24.0]).round(12).tolist()
    True
    """
    low, high = a + _SHIFT, a + _SHIFT + reach
    below = sum(np.log1p(reach / (a + step)) for step in range(_SHIFT))
    series = sum(k * (high**-p - low**-p) for k, p in zip(_STIRLING, (1.0, 3.0, 5.0, 7.0), strict=True))
    return (low - 0.5) * np.log1p(reach / low) + reach * (np.log(high) - 1) + series - below
