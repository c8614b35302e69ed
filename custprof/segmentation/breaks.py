"""Where does one class of amounts end and the next begin?

Thresholds between classes are values that occur: whatever equals a threshold is below it, so equal values are never parted. Quantile breaks
give every class the same number of customers as far as ties allow; natural breaks give the least spread within classes, found exactly by
dynamic programming.
"""

from __future__ import annotations

import numpy as np

__all__ = ["natural_breaks", "quantile_breaks"]

#: Natural breaks are exact up to this many different values; more are first joined into as many steps of equal width.
DIFFERENT = 2_000


def quantile_breaks(values: np.ndarray, classes: int) -> np.ndarray:
    """Thresholds that part values into classes of equal number, ties together.

    Parameters
    ----------
    values : ndarray of float
        None missing.
    classes : int
        At least 2.

    Returns
    -------
    ndarray of ``classes - 1`` values, ascending
        The i-th is the smallest value that at least i / classes of the values do not exceed. Where many values are equal thresholds repeat
        and the classes between them are empty: a class still says how many lie below.

    Examples
    --------
    >>> quantile_breaks(np.array([1.0, 1.0, 1.0, 2.0, 5.0]), 5).tolist()
    [1.0, 1.0, 1.0, 2.0]
    """
    at = -(-np.arange(1, classes) * len(values) // classes) - 1
    return np.partition(values, at)[at]


def natural_breaks(values: np.ndarray, classes: int) -> np.ndarray:
    """Thresholds with the least spread within classes (Fisher, Jenks), on arcsinh values.

    Parameters
    ----------
    values : ndarray of float
        None missing. They are compared as ``arcsinh(value / scale)``, scale the lower quartile of the absolute values that are not zero, so
        that a few giants do not make a class each, and the currency changes nothing.
    classes : int
        At least 2.

    Returns
    -------
    ndarray of ``classes - 1`` values, ascending
        The largest value of every class but the last. With fewer different values than classes the last threshold repeats.

    References
    ----------
    W. D. Fisher (1958), On grouping for maximum homogeneity, JASA 53, 789-798.

    Examples
    --------
    >>> natural_breaks(np.array([1.0, 1.2, 1.1, 30.0, 33.0, 1000.0]), 3).tolist()
    [1.2, 33.0]
    """
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= classes:
        below = different[:-1] if len(different) > 1 else different
        return np.pad(below, (0, classes - 1 - len(below)), mode="edge")
    scale = np.quantile(np.abs(values[values != 0]), 0.25)
    points = np.round(np.arcsinh(different / scale), 9)  # rounding absorbs what another currency does to the last digits
    steps = np.floor((points - points[0]) / np.ptp(points) * DIFFERENT) if len(points) > DIFFERENT else points
    last = np.flatnonzero(np.diff(steps, append=np.inf))
    weight, first, second = (np.add.reduceat(x, np.r_[0, last[:-1] + 1]) for x in (counts, counts * points, counts * points**2))
    return different[last[_cut(weight, first, second, classes)]]


def _cut(weight: np.ndarray, first: np.ndarray, second: np.ndarray, classes: int) -> np.ndarray:
    """Last group of every class but the last, from the weights, sums and sums of squares of the groups: the exact least sum of squares."""
    w, s, q = (np.concatenate([[0.0], np.cumsum(x)]) for x in (weight, first, second))
    n = len(weight)
    inside = w[None, 1:] - w[:-1, None]  # from group i (row) to group j (column)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = q[None, 1:] - q[:-1, None] - (s[None, 1:] - s[:-1, None]) ** 2 / inside
    cost[np.tril_indices(n, -1)] = np.inf
    best, starts = cost[0], []
    for _ in range(classes - 1):
        through = np.concatenate([[np.inf], best[:-1]])[:, None] + cost  # the last class starts at row i
        starts.append(through.argmin(axis=0))
        best = through[starts[-1], np.arange(n)]
    ends, at = [], n - 1
    for start in reversed(starts):
        at = start[at] - 1
        ends.append(at)
    return np.array(ends[::-1])
