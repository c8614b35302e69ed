"""How unequal is the profit of the customers, when some of it is negative?

The ordinary Gini index leaves the range from 0 to 1 as soon as values are negative, and a Lorenz curve of them means nothing. This index
divides by the largest difference that the same gains and losses could make, and stays between 0 and 1.

References
----------
Raffinetti, E., Siletti, E. and Vernizzi, A. (2015). On the Gini coefficient normalization when attributes with negative values are
considered. Statistical Methods & Applications 24, 507-521.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.inputs import as_numbers, check_profits

__all__ = ["normalized_gini"]


def normalized_gini(values) -> float:
    """Gini index of values that may be negative, between 0 (all alike) and 1 (all gains with one, all losses with another).

    G* = sum over i, j of |y_i - y_j| / (2 (n - 1) sum of |y|), found by one sort.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        Profit, say, of n >= 2 customers. Any unit: the index does not depend on it. A Series is by customer_id, residual rows left out.

    Returns
    -------
    float
        The index; 0.0 when all values are zero.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two values, some are missing, infinite or no numbers, or a Series holds a customer twice or rows that are
        no customer.

    References
    ----------
    Raffinetti, E., Siletti, E. and Vernizzi, A. (2015). Statistical Methods & Applications 24, 507-521.

    Examples
    --------
    >>> round(normalized_gini([-7, -15, 11, -10, 2, 4, 40]), 6)
    0.816479
    >>> normalized_gini([5, 5, 5]), normalized_gini([0, 0, 10]), normalized_gini([-10, 0, 10])
    (0.0, 1.0, 1.0)
    """
    if isinstance(values, (pd.Series, pd.DataFrame)):
        check_profits(values, name="values")
    ordered = np.sort(as_numbers(values, "values").ravel())
    count = ordered.size
    if count < 2:
        raise ValueError(f"values holds {count} number; inequality needs two or more.")
    wrong = int((~np.isfinite(ordered)).sum())
    if wrong:
        raise ValueError(f"values are missing or infinite for {wrong} of {count} customers; fill or drop them before.")
    size = np.abs(ordered).max()
    if size == 0:
        return 0.0
    scaled = ordered / size  # keeps the sums far from overflow
    differences = 2 * np.dot(2 * np.arange(1, count + 1) - count - 1, scaled)
    return float(min(max(differences / (2 * (count - 1) * np.abs(scaled).sum()), 0.0), 1.0))
