"""How far would a share swing with another draw of as many?

Wilson's interval holds its level for a handful of customers too, and at shares of zero and one, where the usual one has no width.

References
----------
Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American Statistical Association
22(158), 209-212.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

__all__ = ["wilson"]


def wilson(successes, trials, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Wilson's interval around shares of so many: arrays (low, high), NaN without trials.

    Examples
    --------
    >>> low, high = wilson([5, 0], [10, 10])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.2366, 0.0], [0.7634, 0.2775])
    """
    hits, of = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    of = np.where(of > 0, of, np.nan)
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (hits + z**2 / 2) / (of + z**2)
    reach = z * np.sqrt(hits * (of - hits) / of + z**2 / 4) / (of + z**2)
    # At the ends the interval touches 0 and 1, and not only nearly.
    return np.where(hits == 0, 0.0 * of, middle - reach), np.where(hits == of, of / of, middle + reach)
