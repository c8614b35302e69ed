"""How is a model of purchases fitted to a million customers in a second, and how sure is it of its parameters?

Customers who are the same to the model are one row with a weight (see `rows`). Times are scaled to mean 1 and the mean log-likelihood is
maximised with its analytic gradient (see `search`); standard errors come from the observed information. `PurchaseModel` is what the models
of this stage share: a subclass brings the likelihood and what a survivor will do.
"""

from __future__ import annotations

import warnings
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from custprof.lifetime.checks import RULES, check_number, check_rules, read_summary
from custprof.lifetime.discount import DAYS_PER_YEAR, discount_rate, periods
from custprof.lifetime.history import DAYS
from custprof.lifetime.rows import Rows, compress
from custprof.lifetime.search import MANY, Axes, Optimum, maximise, sample, spread

__all__ = ["Future", "PurchaseModel", "check_weights", "ending", "pair_reasons"]

_UNITS = {"D": " a day", "W": " a week", "M": " a month", "Q": " a quarter", "Y": " a year", None: " a unit of time"}


class Future(NamedTuple):
    """One possible future by customer: purchases a unit of time while alive, time alive from now, one purchase at the very end or not."""

    rate: np.ndarray
    lifetime: np.ndarray
    last: np.ndarray


def check_weights(sample_weight, n: int) -> np.ndarray | None:
    """The weights of the customers as floats, or None."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() == 0:
        raise ValueError(f"sample_weight needs {n} finite numbers >= 0, one a customer, not all 0.")
    return weights


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
            ratio = f"{params[first] / params[second]:.2g}{_UNITS[unit] if second in times else ''}"
            reasons.append(f"{kind} hardly differ between customers, so {first} and {second} are known only as their ratio ({ratio})")
    return reasons


class PurchaseModel(BaseEstimator):
    """What the models of repeat purchases share: fitting, and expectations that are discounted or not.

    Parameters
    ----------
    unit : {"D", "W", "M"}, optional
        Unit of time of summaries that do not say theirs. A summary from `summarize` does, and a contradiction is refused.

    Attributes
    ----------
    params_ : Series
        Parameters by name; times in ``unit_``.
    se_ : Series
        Their standard errors, from the observed information; missing where parameters are known only together.
    loglik_ : float
        Log-likelihood in ``unit_`` (a change of unit shifts it by sum(frequency) x log of the ratio).
    converged_ : bool
        Whether the search ended at an inner optimum.
    note_ : str
        Why not, and what that means; empty when all is well. Ended at the boundary, a pair of parameters is known only together, and
        everything else as usual.
    unit_ : str or None
        Unit of the summary it was fitted on; without it, nothing can be discounted by the year.
    rules_ : dict
        How the summary was counted (grain, returns, free), as far as it says; others are refused.
    """

    _names: ClassVar[tuple[str, ...]]
    _times: ClassVar[tuple[str, ...]]  # parameters measured in time
    _kinds: ClassVar[tuple[str, str]]  # what differs between customers by the first and by the second pair of parameters
    _axes: ClassVar[Axes] = Axes(  # of each pair the log of the ratio, and the first
        np.array([[0.0, 1, 0, 0], [-1, 1, 0, 0], [0, 0, 0, 1], [0, 0, -1, 1]]), np.array([False, True, False, True])
    )

    def __init__(self, unit: str | None = None):
        self.unit = unit

    def fit(self, summary: pd.DataFrame, sample_weight=None):
        """Maximum likelihood.

        Parameters
        ----------
        summary : DataFrame
            Columns frequency, recency, T, one row per customer; see `summarize`.
        sample_weight : array_like, optional
            How many customers each row stands for.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the summary contradicts itself, or nobody bought again.
        """
        if self.unit is not None and self.unit not in DAYS:
            raise ValueError(f"unit is {self.unit!r}; choose one of {', '.join(DAYS)} (days, weeks, months, quarters, years).")
        frequency, recency, age = self._read(summary, self.unit)
        weights = check_weights(sample_weight, len(summary))
        rows = compress(frequency, recency, age)
        row_weights = rows.weigh(weights)
        bought = float((row_weights * rows.x).sum())
        if bought == 0:
            raise ValueError(f"none of {len(summary)} customers bought again; a model of repeat purchases has nothing to learn from.")
        scale = self._scaling(rows, row_weights)
        scaled = rows.scaled(1 / scale)
        objective, rough = self._objective(scaled, row_weights), None
        if len(rows.x) > MANY:
            some, times = sample(row_weights)
            rough = self._objective(scaled.take(some), times)
        start = self._start(bought / (row_weights * scaled.age).sum())
        optimum = maximise(objective, start, self._axes, rough=rough)
        self.unit_ = self.unit or summary.attrs.get("unit")
        self.rules_ = {name: summary.attrs[name] for name in RULES if name in summary.attrs}
        self.params_ = self._parameters(optimum.point, scale)
        self.se_ = self.params_ * spread(optimum, self._axes, row_weights.sum())
        self.note_ = ending(
            type(self).__name__, optimum, pair_reasons(self.params_, self._kinds, optimum.ends, times=self._times, unit=self.unit_)
        )
        self.converged_ = not self.note_
        if self.note_:
            warnings.warn(self.note_, ConvergenceWarning, stacklevel=2)
        self.loglik_ = float(-optimum.value * row_weights.sum() - bought * np.log(scale))
        self._optimum, self._scale = optimum, scale
        return self

    def loglik(self, summary: pd.DataFrame) -> pd.Series:
        """Log-likelihood of every customer under the fitted parameters."""
        rows = self._rows(summary)
        value, _ = self._likelihood(np.log(self.params_.to_numpy()), rows, gradient=False)
        return pd.Series(value[rows.inverse], index=summary.index, name="loglik")

    def p_alive(self, summary: pd.DataFrame) -> pd.Series:
        """Probability that the customer has not left for good, by customer."""
        rows = self._rows(summary)
        return pd.Series(self._alive(self.params_.to_numpy(), rows)[rows.inverse], index=summary.index, name="p_alive")

    def predict(self, summary: pd.DataFrame, t: float) -> pd.Series:
        """Expected purchases in the next `t` units of time, by customer (not discounted).

        Parameters
        ----------
        summary : DataFrame
            See `summarize`; in the unit of the fit.
        t : float
            Length of the period ahead in ``unit_``, not negative.

        Returns
        -------
        Series
            Index as `summary`: expected number of purchases.

        Raises
        ------
        TypeError
            If `t` is not a number, or a column of the summary not numeric.
        ValueError
            If `t` is negative or infinite, or the summary contradicts itself, names a customer twice or is in another unit.

        Examples
        --------
        >>> from custprof.datasets import load_cdnow
        >>> from custprof.lifetime import ParetoNBD, summarize
        >>> summary = summarize(load_cdnow(), end="1997-09-30")
        >>> ParetoNBD().fit(summary).predict(summary, 39).head(3).round(2).to_dict()
        {'0001': 1.46, '0002': 0.17, '0003': 0.11}
        """
        _check_time(t)
        rows = self._rows(summary)
        purchases, _ = self._expect(self.params_.to_numpy(), rows, 0.0, t)
        return pd.Series(purchases[rows.inverse], index=summary.index, name="purchases")

    def predict_new(self, t) -> np.ndarray | float:
        """Expected repeat purchases of a customer in the first `t` units of time after the first purchase (`t` a number or an array)."""
        self._check_fitted()
        for each in np.atleast_1d(t).tolist():
            _check_time(each)
        newcomer = compress(np.zeros(1), np.zeros(1), np.zeros(1))
        times = np.atleast_1d(np.asarray(t, dtype=float))
        expected = np.array([self._expect(self.params_.to_numpy(), newcomer, 0.0, each)[0][0] for each in times])
        return expected if np.ndim(t) else float(expected[0])

    def dert(self, summary: pd.DataFrame, *, annual_rate: float = 0.10, horizon: float | None = None) -> pd.Series:
        """Discounted expected residual transactions: future purchases, each worth less the later it comes.

        Parameters
        ----------
        annual_rate : float
            Discount a year (compounded); 0 only with a finite horizon.
        horizon : float, optional
            Years ahead; the whole life when None.
        """
        return self._discounted(summary, annual_rate, horizon)[0].rename("dert")

    def alive_time(self, summary: pd.DataFrame, *, annual_rate: float = 0.10, horizon: float | None = None) -> pd.Series:
        """Discounted years that the customer is expected to stay: what prices a cost that runs by time; parameters as for `dert`."""
        return self._discounted(summary, annual_rate, horizon)[1].rename("alive_time")

    def _discounted(self, summary: pd.DataFrame, annual_rate: float, horizon: float | None) -> tuple[pd.Series, pd.Series]:
        rows, (delta, end) = self._rows(summary), self._clock(annual_rate, horizon)
        purchases, time = self._expect(self.params_.to_numpy(), rows, delta, end)
        years = time * DAYS[self.unit_] / DAYS_PER_YEAR
        return pd.Series(purchases[rows.inverse], index=summary.index), pd.Series(years[rows.inverse], index=summary.index)

    def _clock(self, annual_rate: float, horizon: float | None) -> tuple[float, float]:
        """The continuous rate and the end of the horizon in the model's unit."""
        self._check_fitted()
        if self.unit_ is None:
            raise ValueError(
                f"the summary did not say its unit of time, so nothing can be discounted by the year; fit {type(self).__name__}(unit='W')."
            )
        delta, end = discount_rate(annual_rate, self.unit_), periods(horizon, self.unit_)
        if delta == 0 and np.isinf(end):
            raise ValueError("annual_rate is 0 over the whole life: the sum may be infinite; give a rate above 0 or a horizon in years.")
        return delta, end

    def _rows(self, summary: pd.DataFrame) -> Rows:
        self._check_fitted()
        rows = compress(*self._read(summary, self.unit_))
        check_rules(summary, self.rules_)
        return rows

    def _read(self, summary: pd.DataFrame, unit: str | None) -> tuple[np.ndarray, ...]:
        grain = summary.attrs.get("grain", "D") if isinstance(summary, pd.DataFrame) else "D"
        if grain != "D":
            raise ValueError(
                f"the summary counts purchases by {_UNITS[grain][3:]}, {type(self).__name__} needs days (grain='D'): coarser ones bias its "
                "parameters. Use BetaGeoBinomial for purchases by period."
            )
        return read_summary(summary, unit)

    def _scaling(self, rows: Rows, row_weights: np.ndarray) -> float:
        """The length of time in units of which the search runs."""
        return float(np.average(rows.age, weights=row_weights))

    def _check_fitted(self) -> None:
        if not hasattr(self, "params_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet; call fit(summary) first.")

    def _refit(self, rows: Rows, row_weights: np.ndarray) -> np.ndarray:
        """Parameters for other weights of the rows (in units of the scale), starting from the fit."""
        found = maximise(self._objective(rows, row_weights), self._optimum.point, self._axes, near=self._optimum)
        return self._parameters(found.point, self._scale).to_numpy()

    def _parameters(self, point: np.ndarray, scale: float) -> pd.Series:
        params = pd.Series(np.exp(point), index=list(self._names))
        params[list(self._times)] *= scale
        return params

    def _objective(self, rows: Rows, row_weights: np.ndarray):
        total = row_weights.sum()

        def objective(point):
            value, gradient = self._likelihood(point, rows)
            return -(row_weights @ value) / total, -(gradient @ row_weights) / total

        return objective

    # a subclass brings: _start(rate), _likelihood(point, rows), _alive(params, rows), _expect(params, rows, delta, end), _draw(...)


def _check_time(t: float) -> None:
    advice = "give the length of the period ahead in units of the summary, finite and not negative."
    check_number(t, "t", advice)
    if not (np.isfinite(t) and t >= 0):
        raise ValueError(f"t is {t!r}; {advice}")
