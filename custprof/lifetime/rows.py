"""How are a million customers few rows to a model?

Customers with the same (frequency, recency, T) have the same likelihood and the same future: they are one row with a weight, and what
depends on the frequency alone is worked out once for each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Rows", "compress", "log_rising", "log_survival", "rising"]

_FEW = 100_000  # cells that may be counted in a table
_SHIFT = 12  # whole steps up to where Stirling's series is exact
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)


@dataclass
class Rows:
    """Unique (frequency, recency, T) and how to get back.

    ``x``, ``recency`` and ``age`` by row, sorted by them in this order; each is ``values[code]`` of its few distinct values; ``inverse`` is
    the row of every customer. Where ``covariates`` are known, shape (rows, terms), customers of a row are the same in them too.
    """

    inverse: np.ndarray
    x_values: np.ndarray
    x_code: np.ndarray
    recency_values: np.ndarray
    recency_code: np.ndarray
    age_values: np.ndarray
    age_code: np.ndarray
    covariates: np.ndarray | None = None

    def __post_init__(self):
        self.x = self.x_values[self.x_code]
        self.recency = self.recency_values[self.recency_code]
        self.age = self.age_values[self.age_code]

    def weigh(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Weights of the rows from weights of the customers (1 each when None)."""
        return np.bincount(self.inverse, weights, minlength=len(self.x)).astype(float)

    def scaled(self, factor: float) -> Rows:
        """The same rows with times multiplied by a factor."""
        return replace(self, recency_values=self.recency_values * factor, age_values=self.age_values * factor)

    def take(self, places: np.ndarray) -> Rows:
        """Some of the rows."""
        codes = {name: getattr(self, name)[places] for name in ("x_code", "recency_code", "age_code")}
        codes["covariates"] = None if self.covariates is None else self.covariates[places]
        return replace(self, inverse=np.arange(len(places)), **codes)


def compress(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray, covariates: np.ndarray | None = None) -> Rows:
    """Unique rows of a summary, and of the covariates (customers, terms) that go with it.

    Examples
    --------
    >>> rows = compress(np.array([0.0, 2.0, 0.0]), np.array([0.0, 3.0, 0.0]), np.array([5.0, 5.0, 5.0]))
    >>> rows.x.tolist(), rows.weigh().tolist()
    ([0.0, 2.0], [2.0, 1.0])
    """
    (x_values, by_x), (recencies, by_recency), (ages, by_age) = map(_codes, (frequency, recency, age))
    patterns, by_pattern = (covariates, 0) if covariates is None else _patterns(covariates)
    alike = 1 if patterns is None else len(patterns)
    code = ((by_x * len(recencies) + by_recency) * len(ages) + by_age) * alike + by_pattern
    cells = len(x_values) * len(recencies) * len(ages) * alike
    if cells <= max(2 * len(code), _FEW):
        unique = np.flatnonzero(np.bincount(code, minlength=cells))
        place = np.zeros(cells, dtype=np.intp)
        place[unique] = np.arange(len(unique))
        inverse = place[code]
    else:
        unique, inverse = np.unique(code, return_inverse=True)
    unique, pattern = np.divmod(unique, alike)
    x_code, rest = np.divmod(unique, len(recencies) * len(ages))
    known = None if patterns is None else patterns[pattern]
    return Rows(inverse, x_values, x_code, recencies, rest // len(ages), ages, rest % len(ages), known)


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


def log_survival(leave, stay, steps):
    """Log of the chance to stay through so many steps (any number >= 0), the chance to leave at each drawn from Beta(leave, stay).

    It is B(leave, stay + steps) / B(leave, stay), in which `leave` and `steps` may change places: the smaller one keeps the digits.

    Examples
    --------
    >>> np.exp(log_survival(1.0, 1.0, np.array([0.0, 1.0, 3.0]))).round(12).tolist()
    [1.0, 0.5, 0.25]
    """
    few = steps < leave
    first, second = np.where(few, steps, leave), np.where(few, leave, steps)
    return log_rising(stay, first) - log_rising(stay + second, first)


def _codes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values in order, and the place of every value among them; on a grid of days by arithmetic instead of sorting."""
    unique = np.unique(values)
    if len(unique) > 1:
        step = np.diff(unique).min()
        at = (unique - unique[0]) / step
        if at[-1] < max(len(values), _FEW) and np.abs(at - np.rint(at)).max() < 0.01:
            place = np.zeros(int(np.rint(at[-1])) + 1, dtype=np.intp)
            place[np.rint(at).astype(np.intp)] = np.arange(len(unique))
            return unique, place[np.rint((values - unique[0]) / step).astype(np.intp)]
    return unique, np.searchsorted(unique, values)


def _patterns(covariates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows of a table of numbers, sorted, and the place of every row among them."""
    code = np.zeros(len(covariates), dtype=np.int64)
    for column in covariates.T:
        values, by = _codes(column)
        first, code = np.unique(code * len(values) + by, return_index=True, return_inverse=True)[1:]
    return covariates[first], code
