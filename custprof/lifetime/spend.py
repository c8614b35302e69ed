"""What will a purchase of this customer be worth, if a few purchases say little and the other customers say more?

Gamma-Gamma (Fader & Hardie 2013, after Colombo & Jiang 1999): a purchase is worth Gamma(p, nu), the customers' nu is Gamma(q, gamma). A
customer's expected purchase lies between its own mean and the mean of all, closer to its own the more it bought. Values must be positive:
fit it on revenue and give a margin afterwards, or on margin where every customer's is positive. Costs enter in `CustomerValue`; values are
never shifted.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from custprof.lifetime.checks import check_fitted, check_summary, check_weights
from custprof.lifetime.endings import ending
from custprof.lifetime.rows import log_rising
from custprof.lifetime.search import MANY, Axes, maximise, spread

__all__ = ["GammaGamma"]

_STEPS = 4096  # of the logs of what customers spent
_CHUNK = 8192  # customers at a time, so that they stay in the processor's cache
_AXES = Axes(np.array([[0.0, 1, 0], [0, 0, 1], [1, -1, 1]]), np.array([False, True, True]))  # p gamma / q, p and q


class GammaGamma(BaseEstimator):
    """Mean value of a purchase by customer, shrunk towards the mean of all.

    Attributes
    ----------
    params_ : Series
        ``p``, ``q`` (shapes) and ``gamma`` (scale, currency units); the mean purchase of all customers is p gamma / (q - 1).
    se_ : Series
        Standard errors from the observed information; missing where parameters are known only together.
    loglik_ : float
        Log-likelihood of the repeaters' mean values.
    converged_ : bool
        Whether the search ended at an inner optimum.
    note_ : str
        Why not, and what that means; empty when all is well.
    value_ : str or None
        What the values are (``revenue``, ``margin``), as the summary says.

    References
    ----------
    Fader & Hardie (2013), "The gamma-gamma model of monetary value", eq. 1a and 5.

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import summarize
    >>> summary = summarize(load_cdnow(), end="1997-09-30")
    >>> spend = GammaGamma().fit(summary).predict(summary)
    >>> pd.DataFrame({"own mean": summary["monetary_value"], "expected": spend}).head(3).round(2)
                 own mean  expected
    customer_id
    0001            22.34     24.65
    0002            11.77     18.91
    0003             0.00     35.17
    """

    def fit(self, summary: pd.DataFrame, sample_weight=None):
        """Maximum likelihood on the customers who bought again.

        Parameters
        ----------
        summary : DataFrame
            Columns frequency and monetary_value (mean of the repeat purchases, currency units).
        sample_weight : Series by customer, or array_like in the order of the summary, optional
            How many customers each row stands for.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If fewer than two customers bought again, or a repeater's mean value is not positive.
        """
        check_summary(summary, "frequency", "monetary_value")
        weights = check_weights(sample_weight, summary.index)
        frequency, value = summary["frequency"].to_numpy("float64"), summary["monetary_value"].to_numpy("float64")
        repeaters = np.flatnonzero(frequency > 0 if weights is None else (frequency > 0) & (weights > 0))
        if len(repeaters) < 2:
            raise ValueError(f"{len(repeaters)} of {len(summary)} customers bought again; a model of spend needs at least two.")
        x, value = frequency[repeaters], value[repeaters]
        wrong = value <= 0
        if wrong.any():
            raise ValueError(
                f"monetary_value is not positive for {wrong.sum()} of {len(repeaters)} repeaters, "
                f"first {summary.index[repeaters[wrong]][:3].tolist()}; "
                "fit on revenue and give the margin to CustomerValue.predict, or leave them out. Never shift the values."
            )
        weights = np.ones(len(x)) if weights is None else weights[repeaters]
        if len(x) <= MANY:  # sums do not depend on the order of the rows, be it by their last digit
            order = np.lexsort([x, value])
            x, value, weights = x[order], value[order], weights[order]
        scale = float(np.average(value, weights=weights))
        data = _data(x, value / scale)
        optimum = maximise(_objective(data, weights, gather=_steps if len(x) > MANY else _each), np.log([2.0, 3.0, 2.0]), _AXES)
        self.value_ = summary.attrs.get("value")
        self.params_ = _parameters(optimum.point, scale)
        self.se_ = self.params_ * spread(optimum, _AXES, weights.sum())
        self.note_ = ending("GammaGamma", optimum, _reasons(optimum.ends))
        self.converged_ = not self.note_
        if self.note_:
            warnings.warn(self.note_, ConvergenceWarning, stacklevel=2)
        self.loglik_ = float(-weights.sum() * (optimum.value + np.log(scale)))
        self._optimum, self._scale = optimum, scale
        return self

    def predict(self, summary: pd.DataFrame) -> pd.Series:
        """Expected value of a future purchase by customer, in currency units.

        Raises
        ------
        ValueError
            If the mean is infinite (q <= 1 for a customer without repeat purchases): the data say too little about the tail of spend.
        """
        check_fitted(self)
        check_summary(summary, "frequency", "monetary_value")
        mean = _mean(self.params_.to_numpy(), summary["frequency"].to_numpy("float64"), summary["monetary_value"].to_numpy("float64"))
        if not np.isfinite(mean).all():
            raise ValueError(
                f"the expected purchase is infinite for {(~np.isfinite(mean)).sum()} of {len(mean)} customers: "
                f"q is {self.params_['q']:.3g}, not above 1. Look at the largest purchases, or give a spend of your own."
            )
        return pd.Series(mean, index=summary.index, name="spend")

    def _refit(self, data: tuple, weights: np.ndarray) -> np.ndarray:
        """Parameters for other weights of the repeaters (values in units of the scale), starting from the fit."""
        found = maximise(_objective(data, weights), self._optimum.point, _AXES, near=self._optimum)
        return _parameters(found.point, self._scale).to_numpy()

    def _draw(self, rng: np.random.Generator, params: np.ndarray, frequency: np.ndarray, value: np.ndarray) -> tuple[float, np.ndarray]:
        """Shape of a purchase's value and its scale by customer, one draw from what is known of the customer."""
        p, q, gamma = params
        return p, (gamma + frequency * value) / rng.gamma(p * frequency + q)


def _data(x: np.ndarray, value: np.ndarray) -> tuple:
    counts = np.bincount(x.astype(np.intp)) if x.max() < max(len(x), MANY) else None
    if counts is None:
        x_values, code = np.unique(x, return_inverse=True)
    else:  # without sorting
        x_values = np.flatnonzero(counts)
        code = (np.cumsum(counts > 0) - 1)[x.astype(np.intp)]
    return x_values.astype(float), code, x * value


def _objective(data: tuple, weights: np.ndarray, *, gather=None):
    x, code, spent = data
    by_x, total = np.bincount(code, weights, len(x)), weights.sum()
    shares_at, log_spent = (gather or _each)(spent, x, code, weights)
    constant = log_spent - by_x @ np.log(x)  # of the logs of the mean values

    def objective(point):
        p, q, gamma = np.exp(point)
        (shares, sums), (fall_shares, fall_sums) = shares_at(gamma)
        sums = sums + log_spent
        size = p * x
        rise = digamma(size + q)
        loglik = by_x @ log_rising(size, q) + total * (q * point[2] - gammaln(q)) - p * shares - q * sums - constant
        d_p = by_x @ (x * (rise - digamma(size))) - shares
        d_q = by_x @ rise + total * (point[2] - digamma(q)) - sums
        return -loglik / total, -np.array([p * d_p, q * d_q, total * q - p * fall_shares - q * fall_sums]) / total

    return objective


def _each(spent: np.ndarray, x: np.ndarray, code: np.ndarray, weights: np.ndarray):
    """Sums of log(1 + gamma/spent), of purchases and of customers, and their derivatives by log gamma; and the sum of log(spent)."""
    bought = weights * x[code]

    def shares_at(gamma: float):
        log_share, fill = np.log1p(gamma / spent), gamma / (gamma + spent)
        return (bought @ log_share, weights @ log_share), (bought @ fill, weights @ fill)

    return shares_at, weights @ np.log(spent)


def _steps(spent: np.ndarray, x: np.ndarray, code: np.ndarray, weights: np.ndarray):
    """As `_each`, of customers gathered in narrow steps of log(spent), with mean and variance in each: right to 1e-12 of the sum."""
    low, high = np.log(spent.min()), np.log(spent.max())
    width = max(high - low, 1e-9) / _STEPS
    moments = np.zeros((3, 2, _STEPS))
    for start in range(0, len(spent), _CHUNK):
        part = np.s_[start : start + _CHUNK]
        along = (np.log(spent[part]) - low) / width
        step = np.clip(along.astype(np.intp), 0, _STEPS - 1)
        off = along - (step + 0.5)
        for i, by in enumerate((weights[part] * x[code[part]], weights[part])):
            for power in range(3):
                moments[power, i] += np.bincount(step, by, _STEPS)
                by = by * off
    taken = np.flatnonzero(moments[0, 1])
    size, first, second = moments[:, :, taken]
    mean = first / size
    at, half = low + (taken + 0.5 + mean) * width, (second - size * mean**2) * width**2 / 2
    spent_each = np.exp(at)

    def shares_at(gamma: float):
        fill = gamma / (gamma + spent_each)
        bend = fill * (1 - fill)
        share = np.log1p(gamma / spent_each)
        return (size * share + half * bend).sum(axis=1), (size * fill + half * bend * (1 - 2 * fill)).sum(axis=1)

    return shares_at, size[1] @ at[1]


def _mean(params: np.ndarray, frequency: np.ndarray, value: np.ndarray) -> np.ndarray:
    p, q, gamma = params
    below = p * frequency + q - 1
    with np.errstate(divide="ignore"):
        return np.where(below > 0, p * (gamma + frequency * value) / np.where(below > 0, below, 1), np.inf)


def _parameters(point: np.ndarray, scale: float) -> pd.Series:
    return pd.Series(np.exp(point) * [1, 1, scale], index=["p", "q", "gamma"])


def _reasons(ends: np.ndarray) -> list[str]:
    """In words, for each parameter that is held at an end."""
    mean, within, between = ends
    reasons = ["the mean purchase is next to nothing or beyond all bounds"] * bool(mean)
    for end, what, name in [(within, "purchases of a customer", "p"), (between, "customers' mean purchases", "q")]:
        if end:
            how = "hardly differ" if end < 0 else "differ beyond all bounds"
            reasons.append(f"{what} {how}, so {name} and gamma mean nothing by themselves")
    return reasons
