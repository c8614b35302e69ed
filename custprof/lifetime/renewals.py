"""How many contracts will still run, if every customer decides at each renewal, and the loyal remain?

In a contract the loss of a customer is seen, so the data are counts: how many of a cohort are left after each period. At every renewal a
customer leaves with a probability of its own, theta ~ Beta(alpha, beta); those who leave easily leave first, and retention rises with age
though nobody changes (shifted beta-geometric). In the beta-discrete-Weibull a customer's own chance to leave moves with age too:

    S(t) = B(alpha, beta + t^c) / B(alpha, beta),

falling for c < 1, rising for c > 1; with c = 1 it is the former.
"""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import digamma
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from custprof.costing.kinds import check_number
from custprof.lifetime.checks import check_fitted
from custprof.lifetime.discount import discount_rate, fading_sum
from custprof.lifetime.endings import ending, pair_reasons
from custprof.lifetime.history import DAYS
from custprof.lifetime.rows import log_survival
from custprof.lifetime.search import Axes, maximise, spread

__all__ = ["BetaDiscreteWeibull", "ShiftedBetaGeometric"]

_HUGE = 1e300


class ShiftedBetaGeometric(BaseEstimator):
    """Survival of a cohort in a contract: every customer has its own constant chance to leave at a renewal.

    Parameters
    ----------
    unit : {"Y", "Q", "M", "W", "D"}, default "Y"
        Time between two renewals; what a year's discount is converted to.

    Attributes
    ----------
    params_ : Series
        ``alpha`` and ``beta`` of the chance to leave (mean alpha / (alpha + beta)).
    se_ : Series
        Their standard errors, from the observed information; missing where they are known only together.
    loglik_ : float
    converged_ : bool
        Whether the search ended at an inner optimum.
    note_ : str
        Why not, and what that means; empty when all is well.

    References
    ----------
    Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21; Fader & Hardie (2010), "Customer-base
    valuation in a contractual setting", Marketing Science 29, eq. 6 and 9, for the discounted lifetimes.

    Examples
    --------
    >>> left = pd.Series([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> model = ShiftedBetaGeometric().fit(left)
    >>> model.params_.round(3).to_dict()
    {'alpha': 0.704, 'beta': 1.182}
    >>> model.survival([1, 12]).round(3).to_dict()
    {1: 0.627, 12: 0.17}
    """

    _names: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    _axes: ClassVar[Axes] = Axes(np.array([[0.0, 1], [-1, 1]]), np.array([False, True]))

    def __init__(self, unit: str = "Y"):
        self.unit = unit

    def fit(self, survivors):
        """Maximum likelihood.

        Parameters
        ----------
        survivors : Series, DataFrame or array_like
            Customers left after 0, 1, 2, ... periods; a DataFrame holds one cohort a column, a younger one with missing values at its end.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If the counts are not numbers.
        ValueError
            If a cohort grows or has gaps, nobody ever left, or there are fewer periods than parameters.
        """
        if self.unit not in DAYS:
            raise ValueError(f"unit is {self.unit!r}; choose one of {', '.join(DAYS)} (days, weeks, months, quarters, years).")
        lost, left = _counts(survivors)
        customers = lost.sum() + left.sum()
        if len(lost) < len(self._names):
            seen, needed = f"{len(lost)} period{'s' * (len(lost) > 1)}", len(self._names)
            raise ValueError(f"survivors show {seen}; the {needed} parameters of {type(self).__name__} need at least {needed}.")
        if lost.sum() == 0:
            raise ValueError(f"none of {customers:.0f} customers left; a model of retention has nothing to learn from.")
        churn = lost.sum() / (lost @ np.arange(1, len(lost) + 1) + left @ np.arange(1, len(left) + 1))
        start = np.log([1.0, max(1 / churn - 1, 0.1), 1.0])[: len(self._names)]
        optimum = maximise(self._objective(lost, left), start, self._axes)
        self.params_ = pd.Series(np.exp(optimum.point), index=list(self._names))
        self.se_ = self.params_ * spread(optimum, self._axes, customers)
        reasons = pair_reasons(self.params_, ("chances of leaving",), optimum.ends[:2])
        reasons += ["customers leave at one age or hardly ever, so c means nothing by itself"] * bool(optimum.ends[2:].any())
        self.note_ = ending(type(self).__name__, optimum, reasons)
        self.converged_ = not self.note_
        if self.note_:
            warnings.warn(self.note_, ConvergenceWarning, stacklevel=2)
        self.loglik_ = float(-optimum.value * customers)
        self._optimum = optimum
        return self

    def survival(self, periods) -> pd.Series:
        """Share of a cohort that is left after so many periods (whole numbers), a Series indexed by them."""
        check_fitted(self, "survivors")
        ages = _whole(periods)
        return pd.Series(np.exp(self._log_survival(ages)), index=pd.Index(ages.astype(int), name="age"), name="survival")

    def retention(self, periods) -> pd.Series:
        """Share of the customers in a period 1, 2, ... that renews at its end, a Series indexed by the periods."""
        check_fitted(self, "survivors")
        ages = _whole(periods, least=1)
        rate = np.exp(self._log_survival(ages) - self._log_survival(ages - 1))
        return pd.Series(rate, index=pd.Index(ages.astype(int), name="age"), name="retention")

    def predict(self, survivors, periods: int) -> pd.Series:
        """Customers left of a cohort in each of the next periods, indexed by the age of the cohort.

        Examples
        --------
        >>> left = pd.Series([1000, 631, 468, 382, 326, 289, 262, 241])
        >>> ShiftedBetaGeometric().fit(left).predict(left, 2).round(1).to_dict()
        {8: 221.9, 9: 206.1}
        """
        check_fitted(self, "survivors")
        counts = _cohort(pd.Series(survivors), "survivors")
        now = len(counts) - 1
        ages = now + 1 + np.arange(int(_whole(periods, least=1)[0]))
        expected = counts[-1] * np.exp(self._log_survival(ages) - self._log_survival(now))
        return pd.Series(expected, index=pd.Index(ages, name="age"), name="customers")

    def del_(self, *, annual_rate: float = 0.10, renewals: int | None = None) -> float:
        """Discounted expected lifetime in periods: what a payment of 1 at the start of every period is worth.

        Parameters
        ----------
        annual_rate : float
            Discount a year, compounded: 0.10 makes 1.10 in a year worth 1 today. Above 0.
        renewals : int, optional
            None: a new customer, with its first payment. A number: a customer who renewed so often, just before its next renewal, whose
            payment is the first one counted if it comes.
        """
        check_fitted(self, "survivors")
        rate = discount_rate(annual_rate, self.unit)
        if rate == 0:
            raise ValueError("annual_rate is 0 over the whole life: the sum may be infinite; give a rate above 0.")
        before = 0 if renewals is None else int(_whole(renewals)[0])
        start = self._log_survival(before)
        later = fading_sum(lambda t: self._log_survival(before + t) - start - rate * t, rate)
        return 1.0 + float(later) if renewals is None else float(later * np.exp(rate))

    def _log_survival(self, ages) -> np.ndarray:
        alpha, beta, *c = self.params_
        return log_survival(alpha, beta, _reach(np.asarray(ages, dtype=float), *c))

    def _objective(self, lost: np.ndarray, left: np.ndarray):
        ages, total = np.arange(len(lost) + 1.0), lost.sum() + left.sum()

        def objective(point):
            params = np.exp(point)
            (alpha, beta), reach, slopes = params[:2], _reach(ages, *params[2:]), _slopes(*params, ages=ages)
            log = log_survival(alpha, beta, reach)
            step = log_survival(alpha, beta + reach[:-1], np.diff(reach))  # the difference of logs would lose the digits of a small one
            with np.errstate(divide="ignore", over="ignore"):
                died = log[:-1] + np.log(-np.expm1(step))
                odds = 1 / np.expm1(-step)  # survivors of the step for each who left
            value = np.where(lost > 0, lost * died, 0.0).sum() + left @ log[1:]
            bend = slopes[:, :-1] - odds * (slopes[:, 1:] - slopes[:, :-1])
            gradient = np.where(lost > 0, lost * bend, 0.0).sum(axis=1) + slopes[:, 1:] @ left
            return -value / total, -gradient[: len(point)] / total

        return objective


class BetaDiscreteWeibull(ShiftedBetaGeometric):
    """Survival of a cohort in a contract whose customers' own chance to leave falls (c < 1) or rises (c > 1) with age.

    Attributes
    ----------
    params_ : Series
        ``alpha``, ``beta`` and ``c``; with c = 1 it is `ShiftedBetaGeometric`.
    se_, loglik_, converged_, note_
        As there.

    References
    ----------
    Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to project customer retention revisited: the role of duration dependence", Journal
    of Interactive Marketing 43.

    Examples
    --------
    >>> model = BetaDiscreteWeibull().fit([1000, 869, 743, 653, 593])
    >>> model.params_.round(3).to_dict()
    {'alpha': 0.259, 'beta': 1.723, 'c': 1.584}
    """

    _names = ("alpha", "beta", "c")
    _axes = Axes(np.array([[0.0, 1, 0], [-1, 1, 0], [0, 0, 1]]), np.array([False, True, False]))


def _slopes(alpha: float, beta: float, c: float = 1.0, *, ages: np.ndarray) -> np.ndarray:
    """Derivatives of the log of survival by the logs of alpha, beta and c."""
    reach = _reach(ages, c)
    both = digamma(alpha + beta) - digamma(alpha + beta + reach)
    alone = digamma(beta + reach) - digamma(beta)
    close = reach * (digamma(beta + reach) - digamma(alpha + beta + reach))
    grow = c * np.log(np.maximum(ages, 1)) * np.where(reach > 1e6 * (1 + alpha + beta), -alpha, close)
    return np.stack([alpha * both, beta * (both + alone), grow])


def _reach(ages: np.ndarray, c: float = 1.0) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.minimum(ages**c, _HUGE)


def _counts(survivors) -> tuple[np.ndarray, np.ndarray]:
    """Customers lost in period 1, 2, ..., and customers last seen at its end, over all cohorts."""
    frame = survivors if isinstance(survivors, pd.DataFrame) else pd.Series(survivors, name="survivors").to_frame()
    cohorts = [_cohort(frame[column], column) for column in frame]
    longest = max(map(len, cohorts), default=0) - 1
    if longest < 1:
        raise ValueError("survivors hold no period: give the customers left after 0, 1, 2, ... periods.")
    lost, left = np.zeros(longest), np.zeros(longest)
    for counts in cohorts:
        lost[: len(counts) - 1] -= np.diff(counts)
        if len(counts) > 1:
            left[len(counts) - 2] += counts[-1]
    return lost, left


def _cohort(counts: pd.Series, name) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(counts):
        raise TypeError(f"{name} is of type {counts.dtype}, not a number; give the customers left after 0, 1, 2, ... periods.")
    values = counts.to_numpy("float64")
    known = np.flatnonzero(~np.isnan(values))
    values = values[: known[-1] + 1] if len(known) else values[:0]
    if np.isnan(values).any() or np.isinf(values).any() or (values < 0).any():
        raise ValueError(f"{name} is missing, infinite or negative within its {len(values)} ages; give counts from age 0 without gaps.")
    grown = np.flatnonzero(np.diff(values) > 0)
    if len(grown):
        raise ValueError(
            f"{name} grows at {len(grown)} of {len(values)} ages, first {(grown[:3] + 1).tolist()}; a cohort only loses customers."
        )
    return values


def _whole(periods, least: int = 0) -> np.ndarray:
    values = np.atleast_1d(np.asarray(periods))
    advice = f"give whole periods from {least}"
    if values.dtype.kind not in "iuf":
        check_number(periods, "periods", say=advice)
    if values.ndim > 1 or (values < least).any() or (values % 1 != 0).any():
        raise ValueError(f"periods are {periods!r}; {advice}.")
    return values.astype(float)
