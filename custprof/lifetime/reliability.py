"""Are the probabilities of being there honest?

Of the customers who are given 70 %, about 70 % should be there. Where nobody knows who is, the spread of the probabilities says how sure
the model is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_number, check_numeric, check_share
from custprof.profit.shares import wilson

__all__ = ["reliability"]


def reliability(p_alive: pd.Series, there: pd.Series | None = None, *, bins: int = 5, level: float = 0.95) -> pd.DataFrame:
    """How the probabilities of being there are spread, and, where it is known who is, whether they are honest.

    Parameters
    ----------
    p_alive : Series by customer
        Probabilities, as `PurchaseModel.p_alive` gives them.
    there : Series of bool by customer, optional
        Who is still there in truth (a simulation), or came back later.
    bins : int
        Number of equal steps from 0 to 1.
    level : float
        Of the interval of the share (Wilson).

    Returns
    -------
    DataFrame
        By step ("0 to 0.2", ...): ``customers``, ``expected`` (mean probability), and with `there` ``actual`` (share there), ``low``,
        ``high``. An empty step has missing values.

    Examples
    --------
    >>> p = pd.Series([0.1, 0.3, 0.9, 0.7], index=list("abcd"))
    >>> reliability(p, pd.Series([False, True, True, True], index=list("abcd")), bins=2)[["customers", "expected", "actual"]]
               customers  expected  actual
    p_alive
    0 to 0.5           2       0.2     0.5
    0.5 to 1           2       0.8     1.0
    """
    check_numeric(p_alive, "p_alive")
    check_number(bins, "bins", least=1, whole=True, say="give the number of steps from 0 to 1, such as 5")
    check_share(level, "level")
    wrong = ~p_alive.between(0, 1).to_numpy()
    if wrong.any():
        found = f"{wrong.sum()} of {len(p_alive)} customers, first {p_alive.index[wrong][:3].tolist()}"
        raise ValueError(f"p_alive is no probability for {found}; give fractions from 0 to 1.")
    step = np.minimum((p_alive.to_numpy() * bins).astype(int), bins - 1)
    n = np.bincount(step, minlength=bins)
    names = [f"{i / bins:.3g} to {(i + 1) / bins:.3g}" for i in range(bins)]
    with np.errstate(invalid="ignore", divide="ignore"):
        out = pd.DataFrame({"customers": n, "expected": np.bincount(step, p_alive, minlength=bins) / n}, index=names).rename_axis("p_alive")
        if there is None:
            return out
        known = there.reindex(p_alive.index)
        if known.isna().any():
            missing = known.index[known.isna()]
            raise ValueError(f"there is missing for {len(missing)} of {len(known)} customers, first {missing[:3].tolist()}; fill them.")
        if not known.isin([0, 1]).all():
            raise TypeError("there holds more than yes and no; give True for each customer who is there, False for the others.")
        hits = np.bincount(step, known.to_numpy("float64"), minlength=bins)
        low, high = wilson(hits, n, level=level)
        return out.assign(actual=hits / n, low=low, high=high)
