"""How is a model of purchases fitted to a million customers in a second, and how sure is it of its parameters?

Customers who are the same to the model are one row with a weight (see `rows`). Times are scaled to mean 1 and the mean log-likelihood is
maximised with its analytic gradient (see `search`); standard errors come from the observed information. `PurchaseModel` is what the models
of this stage share: a subclass brings the likelihood and what a survivor will do.
"""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from custprof.lifetime.checks import RULES, check_fitted, check_rules, check_time, check_weights, read_summary
from custprof.lifetime.covariates import coefficients, describe, design, moved, name_terms, widen
from custprof.lifetime.discount import DAYS_PER_YEAR, discount_rate, periods
from custprof.lifetime.endings import UNITS, ending, pair_reasons
from custprof.lifetime.history import DAYS
from custprof.lifetime.rows import Rows, compress
from custprof.lifetime.search import MANY, Axes, maximise, sample, spread

__all__ = ["PurchaseModel"]


class PurchaseModel(BaseEstimator):
    """What the models of repeat purchases share: fitting, and expectations that are discounted or not.

    Parameters
    ----------
    unit : {"D", "W", "M"}, optional
        Unit of time of summaries that do not say theirs. A summary from `summarize` does, and a contradiction is refused.
    covariates : list of str, optional
        Columns of the summary that say what stays with a customer, put there by ``summary.assign(channel=customers["channel"])``: numbers
        and yes or no as they are, names as one coefficient each against the first (see `covariates`; channels called 1 to 4 are names:
        ``.astype(str)``). What is predicted for needs them too. Customers alike in purchases and covariates are still one row.

    Attributes
    ----------
    params_ : Series
        Parameters by name; times in ``unit_``. Covariates add their coefficients, "purchases: channel=web"; the other parameters are then
        those of the average customer, each term at its average.
    coef_ : DataFrame
        With covariates, by process and term: ``coefficient``, ``se``, ``times``, the factor on a rate for each unit, and ``average``.
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
    _moves: ClassVar[dict[str, tuple[int, int]]] = {}  # by process the parameter that covariates move, and which way
    _known: dict | None = None  # of the covariates it learnt from
    _kinds: ClassVar[tuple[str, str]]  # what differs between customers by the first and by the second pair of parameters
    _plain: ClassVar[Axes] = Axes(  # of each pair the log of the ratio, and the first
        np.array([[0.0, 1, 0, 0], [-1, 1, 0, 0], [0, 0, 0, 1], [0, 0, -1, 1]]), np.array([False, True, False, True])
    )

    def __init__(self, unit: str | None = None, covariates=None):
        self.unit = unit
        self.covariates = covariates

    def fit(self, summary: pd.DataFrame, sample_weight=None):
        """Maximum likelihood.

        Parameters
        ----------
        summary : DataFrame
            Columns frequency, recency, T and the covariates, one row per customer; see `summarize`.
        sample_weight : Series by customer, or array_like in the order of the summary, optional
            How many customers each row stands for.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the summary contradicts itself, nobody bought again, or a covariate is incomplete or tells nothing of its own.
        """
        if self.unit is not None and self.unit not in DAYS:
            raise ValueError(f"unit is {self.unit!r}; choose one of {', '.join(DAYS)} (days, weeks, months, quarters, years).")
        frequency, recency, age = self._read(summary, self.unit)
        weights = check_weights(sample_weight, summary.index)
        if self.covariates and not self._moves:
            raise ValueError(f"{type(self).__name__} takes no covariates; ParetoNBD and BetaGeoNBD do.")
        self._known = describe(summary, self.covariates, weights) if self.covariates else None
        rows = compress(frequency, recency, age, design(summary, self._known) if self._known else None)
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
        start = np.zeros(len(self._axes.shape))
        start[: len(self._names)] = self._start(bought / (row_weights * scaled.age).sum())
        optimum = maximise(objective, start, self._axes, rough=rough)
        self.unit_ = self.unit or summary.attrs.get("unit")
        self.rules_ = {name: summary.attrs[name] for name in RULES if name in summary.attrs}
        self.params_ = self._parameters(optimum.point, scale)
        logs = np.arange(len(self.params_)) < len(self._names)
        self.se_ = self.params_.where(logs, 1.0) * spread(optimum, self._axes, row_weights.sum())
        reasons = pair_reasons(self.params_, self._kinds, optimum.ends[logs], times=self._times, unit=self.unit_)
        reasons += [f"{name} has no bounds" for name in self.params_.index[~logs][optimum.ends[~logs] != 0]]
        self.note_ = ending(type(self).__name__, optimum, reasons)
        self.converged_ = not self.note_
        if self.note_:
            warnings.warn(self.note_, ConvergenceWarning, stacklevel=2)
        self.loglik_ = float(-optimum.value * row_weights.sum() - bought * np.log(scale))
        self._optimum, self._scale = optimum, scale
        return self

    def loglik(self, summary: pd.DataFrame) -> pd.Series:
        """Log-likelihood of every customer under the fitted parameters."""
        rows = self._rows(summary)
        value, _ = self._likelihood([np.log(each) for each in self._own(rows)], rows, gradient=False)
        return pd.Series(value[rows.inverse], index=summary.index, name="loglik")

    def p_alive(self, summary: pd.DataFrame) -> pd.Series:
        """Probability that the customer has not left for good, by customer."""
        rows = self._rows(summary)
        return pd.Series(self._alive(self._own(rows), rows)[rows.inverse], index=summary.index, name="p_alive")

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
            If `t` is negative or infinite, or the summary contradicts itself, names a customer twice or is in another unit, or covariates
            lie so far from those of the fit that no rate can be told.

        Examples
        --------
        >>> from custprof.datasets import load_cdnow
        >>> from custprof.lifetime import ParetoNBD, summarize
        >>> summary = summarize(load_cdnow(), end="1997-09-30")
        >>> ParetoNBD().fit(summary).predict(summary, 39).head(3).round(2).to_dict()
        {'0001': 1.46, '0002': 0.17, '0003': 0.11}
        """
        check_time(t)
        rows = self._rows(summary)
        purchases, _ = self._expect(self._own(rows), rows, 0.0, t)
        return pd.Series(purchases[rows.inverse], index=summary.index, name="purchases")

    def predict_new(self, t, **covariates) -> np.ndarray | float:
        """Expected repeat purchases of a customer in the first `t` units of time after the first purchase (`t` a number or an array).

        A model with covariates needs those of the customer: ``predict_new(52, channel="web")``.
        """
        check_fitted(self)
        for each in np.atleast_1d(t).tolist():
            check_time(each)
        wanted = list(self._known["levels"]) if self._known else []
        if set(wanted) != set(covariates):
            raise ValueError(f"predict_new needs t and {wanted or 'no covariates'} of the customer, not {list(covariates)}.")
        newcomer = compress(*np.zeros((3, 1)), self._design(pd.DataFrame([covariates])))
        times = np.atleast_1d(np.asarray(t, dtype=float))
        expected = np.array([self._expect(self._own(newcomer), newcomer, 0.0, each)[0][0] for each in times])
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
        purchases, time = self._expect(self._own(rows), rows, delta, end)
        years = time * DAYS[self.unit_] / DAYS_PER_YEAR
        return pd.Series(purchases[rows.inverse], index=summary.index), pd.Series(years[rows.inverse], index=summary.index)

    def _clock(self, annual_rate: float, horizon: float | None) -> tuple[float, float]:
        """The continuous rate and the end of the horizon in the model's unit."""
        check_fitted(self)
        if self.unit_ is None:
            raise ValueError(
                f"the summary did not say its unit of time, so nothing can be discounted by the year; fit {type(self).__name__}(unit='W')."
            )
        delta, end = discount_rate(annual_rate, self.unit_), periods(horizon, self.unit_)
        if delta == 0 and np.isinf(end):
            raise ValueError("annual_rate is 0 over the whole life: the sum may be infinite; give a rate above 0 or a horizon in years.")
        return delta, end

    def _rows(self, summary: pd.DataFrame) -> Rows:
        check_fitted(self)
        known = self._read(summary, self.unit_)
        if self.unit is None and self.unit_ is not None and "unit" not in summary.attrs:
            warnings.warn(
                f"the summary does not say its unit, the model learnt in {self.unit_!r} and takes it so; a join or merge drops .attrs: "
                "add columns with summary.assign(...), or set summary.attrs to those of the summary it came from.",
                stacklevel=3,
            )
        check_rules(summary, self.rules_)
        return compress(*known, self._design(summary))

    def _read(self, summary: pd.DataFrame, unit: str | None) -> tuple[np.ndarray, ...]:
        grain = summary.attrs.get("grain", "D") if isinstance(summary, pd.DataFrame) else "D"
        if grain != "D":
            raise ValueError(
                f"the summary counts purchases by {UNITS[grain][3:]}, {type(self).__name__} needs days (grain='D'): coarser ones bias its "
                "parameters. Use BetaGeoBinomial for purchases by period."
            )
        return read_summary(summary, unit)

    def _scaling(self, rows: Rows, row_weights: np.ndarray) -> float:
        """The length of time in units of which the search runs."""
        return float(np.average(rows.age, weights=row_weights))

    def _refit(self, rows: Rows, row_weights: np.ndarray) -> np.ndarray:
        """Parameters for other weights of the rows (in units of the scale), starting from the fit."""
        found = maximise(self._objective(rows, row_weights), self._optimum.point, self._axes, near=self._optimum)
        return self._parameters(found.point, self._scale).to_numpy()

    def _parameters(self, point: np.ndarray, scale: float) -> pd.Series:
        n = len(self._names)
        params = pd.Series(np.append(np.exp(point[:n]), point[n:]), index=[*self._names, *name_terms(self._known, self._moves)])
        params[list(self._times)] *= scale
        return params

    @property
    def _axes(self) -> Axes:
        return widen(self._plain, self._known, self._moves) if self._known else self._plain

    @property
    def coef_(self) -> pd.DataFrame:
        """Coefficients of the covariates by process and term: ``coefficient``, ``se``, ``times`` (its exponential), ``average``."""
        check_fitted(self)
        if not self._known:
            raise AttributeError(f"{type(self).__name__} was fitted without covariates, so it has no coefficients.")
        return coefficients(self.params_, self.se_, self._known, self._moves)

    def _design(self, summary: pd.DataFrame) -> np.ndarray | None:
        return design(summary, self._known, self.params_.to_numpy()[len(self._names) :]) if self._known else None

    def _own(self, rows: Rows) -> list:
        """The fitted parameters, by row where covariates move them."""
        return self._by_row(self.params_.to_numpy(), rows)

    def _by_row(self, params: np.ndarray, rows: Rows) -> list:
        if rows.covariates is None:
            return list(params)
        n = len(self._names)
        return [np.exp(each) for each in moved(np.append(np.log(params[:n]), params[n:]), rows.covariates, self._moves)]

    def _objective(self, rows: Rows, row_weights: np.ndarray):
        total, x = row_weights.sum(), rows.covariates

        def objective(point):
            value, gradient = self._likelihood(moved(point, x, self._moves), rows)
            slope = gradient @ row_weights
            if x is not None:  # by the chain rule
                slope = np.concatenate([slope, *(sign * (gradient[place] * row_weights) @ x for place, sign in self._moves.values())])
            return -(row_weights @ value) / total, -slope / total

        return objective

    # a subclass brings: _start(rate), _likelihood(point, rows), _alive(params, rows), _expect(params, rows, delta, end), _draw(...)
