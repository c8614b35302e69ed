"""What does it change that more is known of a customer than its purchases?

What stays with a customer (channel, region, segment when it was won) moves the scale of a rate and leaves its shape:

    Pareto/NBD   alpha_i = alpha exp(-c x_i)    beta_i = beta exp(-d x_i)
    BG/NBD       alpha_i = alpha exp(-c x_i)    a_i = a exp(d x_i)    b_i = b exp(e x_i)

A positive c is a customer who buys more often, exp(c) times for each unit of x; a positive d is one who leaves sooner. Numbers and yes or
no are taken as they are; numbers that are names (channels 1 to 4) would be taken for amounts, so make them text first. Of a column of names
each name but the first has a coefficient, against that first one: in the order of its categories, or of the alphabet. Twice the gain in
log-likelihood over the model without them is chi-squared, with as many degrees of freedom as coefficients, where they say nothing.

The x_i are differences from the average of the customers it learnt from (of a name, from its share), so alpha, beta, a and b are those of
the average customer, and neither the unit of a column nor where it begins to count (a date, a year) is of any matter.

Whether a customer was there before the data begin is such a covariate, and one to give: taken for new, such customers (who have stayed, for
those who left are missing) may make drop-out look rare. In simulated firms what was expected of the really new came out a quarter too high,
and with the covariate both kinds came right to a few per cent (tests/test_truncation_lifetime.py). Where leaving grows rarer with age,
as in the demo company, both models expect too little of the old.

References
----------
Fader, P. S. & Hardie, B. G. S. (2007). Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from custprof.lifetime.search import Axes

__all__ = ["coefficients", "describe", "design", "moved", "name_terms", "widen"]

_NAMES = 50  # different names in a column; beyond, a coefficient stands on too few customers
_ALIKE = 1e-8  # of the largest: columns that say the same
_FAR = 50.0  # a rate exp(50) times the average is no rate, and not far from where floats end


def describe(summary: pd.DataFrame, columns, weights: np.ndarray | None = None) -> dict:
    """What a model needs to know of its covariates: ``levels`` by column (None for numbers), ``terms``, their ``centre`` and ``spread``.

    `weights` say how many customers each row stands for (1 each when None).

    Raises
    ------
    TypeError
        If `columns` is no list of names.
    ValueError
        If a column is absent, incomplete, the same for all, follows from the others, has too many different names, or a name under which
        nobody bought again: its coefficient would have no bounds.

    Examples
    --------
    >>> customers = pd.DataFrame({"channel": ["web", "shop", "web"], "age": [30.0, 40.0, 50.0], "frequency": [3, 1, 0]})
    >>> describe(customers, ["channel", "age"])["terms"]
    ['channel=web', 'age']
    """
    if isinstance(columns, str) or not all(isinstance(each, str) for each in columns):
        raise TypeError(f"covariates is {columns!r}; give a list of columns of the summary, ['channel'].")
    if len(set(columns)) < len(columns):
        raise ValueError(f"covariates names a column twice: {list(columns)}.")
    _check_columns(summary, columns)
    levels = {name: _levels(summary[name]) for name in columns}
    for name, known in levels.items():
        if known is not None and len(known) > _NAMES:
            raise ValueError(f"{name} has {len(known)} different values among {len(summary)} customers; group them to {_NAMES} at most.")
    terms = [term for name, known in levels.items() for term in ([name] if known is None else [f"{name}={each}" for each in known[1:]])]
    twice = sorted({term for term in terms if terms.count(term) > 1})
    if twice:
        raise ValueError(f"the covariates {list(columns)} name {', '.join(twice)} twice; rename a column.")
    for name, known in levels.items():
        if known is not None or pd.api.types.is_bool_dtype(summary[name].infer_objects()):
            counted = summary["frequency"] * (1 if weights is None else weights)
            bought = counted.groupby(summary[name].astype(str)).sum()
            silent = bought.index[bought == 0].tolist()
            if silent:
                whose = f"{name} is {', '.join(silent[:3])}" + (" (of a weight above 0)" if weights is not None else "")
                raise ValueError(f"nobody whose {whose} bought again; group such customers with others.")
    x = design(summary, {"levels": levels, "centre": 0.0})
    share = np.full(len(x), 1 / len(x)) if weights is None else weights / weights.sum()
    centre = np.array([math.fsum(share * column) for column in x.T])  # the same to the last digit in any order
    away = (x - centre)[share > 0]
    spread = np.sqrt(share[share > 0] @ away**2)
    same = [name for name in columns if levels[name] is not None and len(levels[name]) < 2]
    same += [term for term, size, middle in zip(terms, spread, np.abs(x).max(axis=0), strict=True) if size <= 1e-12 * middle]
    if same:
        raise ValueError(f"the same for all {len(summary)} customers: {', '.join(same)}; leave it out of the covariates.")
    scaled = away / spread
    own = np.linalg.eigvalsh((scaled.T * share[share > 0]) @ scaled)
    if own[0] < _ALIKE * own[-1]:
        raise ValueError(f"the covariates {terms} follow from one another (a weighted sum of them is the same for all); leave one out.")
    return {"levels": levels, "terms": terms, "centre": centre, "spread": spread}


def design(summary: pd.DataFrame, known: dict, coefficients: np.ndarray | None = None) -> np.ndarray:
    """The covariates as numbers, shape (customers, terms), in the units of their columns, as differences from the ``centre``.

    Raises
    ------
    ValueError
        If a column is absent or incomplete, or holds a name that the model has not seen; or if by the `coefficients` of a fit it would move
        a rate beyond any sense.

    Examples
    --------
    >>> design(pd.DataFrame({"channel": ["web", "shop"]}), {"levels": {"channel": ["fair", "shop", "web"]}, "centre": [0.5, 0.25]}).tolist()
    [[-0.5, 0.75], [0.5, -0.25]]
    """
    _check_columns(summary, known["levels"])
    parts = []
    for name, levels in known["levels"].items():
        column = summary[name]
        if levels is None:
            column = column.infer_objects()  # yes and no, kept as objects
            if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
                raise TypeError(f"{name} is of type {column.dtype}, the model learnt from numbers.")
            values = column.to_numpy("float64")
            _refuse(summary, ~np.isfinite(values), f"{name} is infinite", "give finite numbers.")
            parts.append(values[:, None])
            continue
        text = column.astype(str)
        advice = f"it learnt from {', '.join(levels[:8])}{', ...' if len(levels) > 8 else ''}: give one of these."
        _refuse(summary, ~text.isin(levels).to_numpy(), f"{name} is new to the model", advice)
        parts.append((text.to_numpy()[:, None] == np.array(levels[1:], dtype=object)).astype(float))
    found = np.hstack(parts) - known["centre"]
    if coefficients is not None:
        far = np.abs(found @ coefficients.reshape(-1, found.shape[1]).T).max(axis=1) > _FAR
        _refuse(summary, far, "the covariates lie too far from those the model learnt from", "correct them or drop them.")
    return found


def widen(axes: Axes, known: dict, moves: dict[str, tuple[int, int]]) -> Axes:
    """The axes of a search over parameters and coefficients, these in units of the ``spread``.

    Examples
    --------
    >>> axes = Axes(np.eye(1), np.array([False]))
    >>> widen(axes, {"spread": np.array([2.0])}, {"purchases": (0, -1)}).turn.tolist()
    [[1.0, 0.0], [0.0, 0.5]]
    """
    scales = np.tile(1 / known["spread"], len(moves))
    return Axes(block_diag(axes.turn, np.diag(scales)), np.append(axes.shape, np.zeros(len(scales), dtype=bool)))


def moved(point: np.ndarray, covariates: np.ndarray | None, moves: dict[str, tuple[int, int]]) -> list:
    """Log-parameters, those that covariates move by row; `point` is log-parameters, then the coefficients of every process.

    Examples
    --------
    >>> moved(np.array([0.5, 2.0]), np.array([[0.0], [1.0]]), {"purchases": (0, -1)})
    [array([ 0.5, -1.5])]
    """
    if covariates is None:
        return list(point)
    terms = covariates.shape[1]
    base = len(point) - len(moves) * terms
    logs = list(point[:base])
    for (place, sign), coefficients in zip(moves.values(), point[base:].reshape(len(moves), terms), strict=True):
        logs[place] = logs[place] + sign * (covariates @ coefficients)
    return logs


def name_terms(known: dict | None, moves: dict[str, tuple[int, int]]) -> list[str]:
    """Names of the coefficients: of every process, every term."""
    return [f"{process}: {term}" for process in moves for term in known["terms"]] if known else []


def coefficients(params: pd.Series, errors: pd.Series, known: dict, moves: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """The coefficients by process and term; the columns are told in `PurchaseModel`."""
    index = pd.MultiIndex.from_product([list(moves), known["terms"]], names=["process", "term"])
    found, errors = params.to_numpy()[-len(index) :], errors.to_numpy()[-len(index) :]
    return pd.DataFrame(
        {"coefficient": found, "se": errors, "times": np.exp(found), "average": np.tile(known["centre"], len(moves))}, index=index
    )


def _levels(column: pd.Series) -> list[str] | None:
    """The different names of a column in their order; None where it holds numbers, or yes and no."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = set(column.astype(str))
        return [str(each) for each in column.cat.categories if str(each) in found]
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column.infer_objects()):
        return None
    return sorted(set(column.astype(str)))


def _check_columns(summary: pd.DataFrame, columns) -> None:
    lacking = [name for name in columns if name not in summary.columns]
    if lacking:
        raise ValueError(
            f"summary lacks the covariates {lacking}; add them by customer: summary.assign({lacking[0]}=customers[{lacking[0]!r}])."
        )
    for name in columns:
        _refuse(summary, summary[name].isna().to_numpy(), f"{name} is missing", "fill or drop them.")


def _refuse(summary: pd.DataFrame, wrong: np.ndarray, what: str, advice: str) -> None:
    if wrong.any():
        raise ValueError(f"{what} for {wrong.sum()} of {len(summary)} customers, first {summary.index[wrong][:3].tolist()}; {advice}")
