"""How is money added without losing a cent, however many rows there are?

Adding a million floats one after another drifts by cents. Here amounts become whole numbers first: as many decimals are kept as fit into 64
bits (at least the four that a study may ask for, up to amounts of 100 billion), the whole numbers are added, and the sum is divided once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import as_numbers

__all__ = ["running_total", "total"]

_ROOM = 1e14  # a scaled amount below this keeps its last decimal exact in float64
_SUM_ROOM = 9e18  # the largest int64


def total(values) -> float:
    """Sum of money amounts, exact to the minor unit and independent of their order.

    Parameters
    ----------
    values : array-like of float
        Amounts in currency units, none missing.

    Returns
    -------
    float
        Their sum in currency units; 0.0 for no amounts.

    Examples
    --------
    >>> 0.1 + 0.2, total([0.1, 0.2])
    (0.30000000000000004, 0.3)
    """
    whole, scale = _whole(values)
    return float(whole.sum() / scale)


def running_total(values) -> np.ndarray:
    """Running sum of money amounts, exact to the minor unit at every step.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        Amounts in currency units, none missing.

    Returns
    -------
    numpy array of float, shape (n,)
        Sum of the first 1, 2, ..., n amounts.

    Examples
    --------
    >>> running_total([0.1, 0.1, 0.1]).tolist()
    [0.1, 0.2, 0.3]
    """
    whole, scale = _whole(values)
    return whole.cumsum() / scale


def _whole(values) -> tuple[np.ndarray, float]:
    amounts = as_numbers(values.to_numpy() if isinstance(values, pd.Series) else values, "values")
    size = np.abs(amounts)
    if not amounts.size or not size.max():
        return np.zeros(amounts.size, dtype=np.int64), 1.0
    kept = max(np.log10(_ROOM) - np.log10(size.max()), 0.0)
    scale = 10.0 ** np.floor(min(kept, np.log10(_SUM_ROOM) - np.log10(size.sum()), 22.0))
    return np.rint(amounts * scale).astype(np.int64), scale
