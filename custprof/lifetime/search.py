"""Where is a likelihood highest, and is its highest point inside or at the boundary of the model?

These models let customers differ by Gamma or Beta distributions, each with a shape and a mean. Shape and scale grow without end together
where customers hardly differ, and then only the mean is known. So the search does not run in logarithms of shape and scale: its axes are
the log of the mean and u = log(1 + 1/shape), on which the likelihood stays smooth up to u = 0, where all customers are alike. An optimum
at the end of an axis is a point as good as any other; the axis is held there and everything else is known as usual.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

__all__ = ["MANY", "Axes", "Optimum", "maximise", "sample", "spread"]

MANY = 10_000  #: Rows from which a sample goes ahead.

_FAR = 14.0  # a mean may differ by exp(14) from the scale of the data, a shape be as small as exp(-14)
_ALIKE = 1e-5  # u of a shape of 100,000: customers differ by 0.3 %
_SAMPLE = 5_000
_STEP = 1e-4
_NOISE = 1e-8  # of a mean log-likelihood at large shapes


class Axes(NamedTuple):
    """Log-parameters are ``turn @ levels``; a level is the log of a mean or, where ``shape`` says so, of a shape."""

    turn: np.ndarray
    shape: np.ndarray


class Optimum(NamedTuple):
    """Where a search ended.

    ``value``: the mean negative log-likelihood; ``point``: log-parameters; ``place``: the same on the axes; ``hessian`` of the value on
    the axes; ``ends``: -1 or 1 for an axis held at its lower or upper end, else 0; ``found``: whether this is an optimum at all.
    """

    value: float
    point: np.ndarray
    place: np.ndarray
    hessian: np.ndarray
    ends: np.ndarray
    found: bool


def maximise(objective, start: np.ndarray, axes: Axes, *, rough=None, near: Optimum | None = None) -> Optimum:
    """Minimise a mean negative log-likelihood that gives (value, gradient) at log-parameters.

    `rough`, the same of a sample of the customers, brings the search close; it ends on all of them. Near a known optimum (a resample of
    the same customers) its Hessian serves again: a handful of steps.

    Examples
    --------
    >>> axes = Axes(np.array([[0.0, 1.0], [-1.0, 1.0]]), np.array([False, True]))
    >>> def objective(point):  # best at a mean of 2 and no shape large enough
    ...     mean, shape = np.exp(point[0] - point[1]), np.exp(point[0])
    ...     slope = np.array([2 * np.log(mean / 2) - 1 / shape, -2 * np.log(mean / 2)])
    ...     return np.log(mean / 2) ** 2 + 1 / shape, slope
    >>> best = maximise(objective, np.zeros(2), axes)
    >>> np.exp(best.point[0] - best.point[1]).round(6).item(), best.ends.tolist(), best.found
    (2.0, [0, -1], True)
    """
    low, high = np.where(axes.shape, _ALIKE, -_FAR), np.full(len(axes.shape), _FAR)

    def turned(of):
        def on_axes(place):
            value, gradient = of(_log_parameters(place, axes))
            return value, axes.turn.T @ gradient * _rise(place, axes)

        return on_axes

    on_axes = turned(objective)
    if near is not None:
        place, value, _, settled = _descend(on_axes, near.place, _definite(near.hessian), low, high, 1e-6)
        return Optimum(value, _log_parameters(place, axes), place, near.hessian, near.ends, settled)
    level = np.linalg.solve(axes.turn, start)
    begin = np.where(axes.shape, np.log1p(np.exp(-level)), level)
    options = {"gtol": 1e-7, "ftol": 1e-14, "maxiter": 1000}
    search = {"jac": True, "method": "L-BFGS-B", "bounds": list(zip(low, high, strict=True)), "options": options}
    with _threads().limit(limits=1):  # matrices of four by four: threads would only wait for each other
        settled, place = False, begin
        for first in filter(None, (turned(rough) if rough else None, on_axes)):
            if not settled:
                place = minimize(first, place, **search).x
                hessian = _definite(_hessian(first, place, low, high))
                place, value, gradient, settled = _descend(on_axes, place, hessian, low, high, 1e-10)
        hessian = _hessian(on_axes, place, low, high)
    ends = np.where((place <= low) & (gradient > 0), -1, np.where((place >= high) & (gradient < 0), 1, 0))
    free = ends == 0
    found = np.abs(gradient[free]).max(initial=0.0) < 1e-5
    return Optimum(float(value), _log_parameters(place, axes), place, hessian, ends, bool(found))


def sample(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some thousand customers at even distances, in the order they stand in: their places, and how often each is taken.

    Examples
    --------
    >>> [part.tolist() for part in sample(np.array([2500.0, 0, 7500]))]
    [[0, 2], [1250, 3750]]
    """
    reached = weights.cumsum()
    picked = np.searchsorted(reached, (np.arange(_SAMPLE) + 0.5) * (reached[-1] / _SAMPLE), side="right")
    return np.unique(np.minimum(picked, len(reached) - 1), return_counts=True)


def spread(optimum: Optimum, axes: Axes, customers: float) -> np.ndarray:
    """Standard errors of the log-parameters, from the observed information; missing for parameters that are known only together."""
    held = optimum.ends != 0
    adrift = (axes.turn[:, held & ~axes.shape] != 0).any(axis=1)  # where a mean is held, the shapes that go with it say nothing either
    free = ~(held | (axes.turn[adrift] != 0).any(axis=0))
    information = optimum.hessian[np.ix_(free, free)] * customers
    if not (optimum.found and np.isfinite(information).all() and (np.linalg.eigvalsh(information) > 0).all()):
        return np.full(len(free), np.nan)
    slopes = axes.turn * _rise(optimum.place, axes)
    variance = np.einsum("ij,jk,ik->i", slopes[:, free], np.linalg.inv(information), slopes[:, free])
    return np.where((axes.turn[:, ~free] != 0).any(axis=1), np.nan, np.sqrt(variance))


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()  # looks the libraries up once


def _descend(objective, place, hessian, low, high, tolerance: float):
    """Quasi-Newton steps in a box (BFGS from a good Hessian): place, value, gradient, and whether the gradient vanished."""
    value, gradient = objective(place)
    for _ in range(60):
        free = ~((place <= low) & (gradient > 0) | (place >= high) & (gradient < 0))
        if np.abs(gradient[free]).max(initial=0.0) < tolerance:
            return place, value, gradient, True
        step = np.zeros_like(place)
        step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        for part in 0.5 ** np.arange(12):
            trial = np.clip(place + part * step, low, high)
            new_value, new_gradient = objective(trial)
            if new_value <= value + 1e-4 * gradient @ (trial - place) + _NOISE:
                break
        else:
            return place, value, gradient, False
        move, bend = trial - place, new_gradient - gradient
        if move @ bend > 1e-12 * (move @ move):
            pushed = hessian @ move
            hessian = hessian + np.outer(bend, bend) / (move @ bend) - np.outer(pushed, pushed) / (move @ pushed)
        place, value, gradient = trial, new_value, new_gradient
    return place, value, gradient, False


def _hessian(objective, place, low, high) -> np.ndarray:
    centre = np.clip(place, low + _STEP, high - _STEP)
    rows = [(objective(centre + move)[1] - objective(centre - move)[1]) / (2 * _STEP) for move in np.eye(len(place)) * _STEP]
    return (np.array(rows) + np.array(rows).T) / 2


def _definite(hessian: np.ndarray) -> np.ndarray:
    """The nearest Hessian that leads downhill."""
    values, vectors = np.linalg.eigh(np.nan_to_num(hessian))
    sizes = np.abs(values)
    return (vectors * np.maximum(sizes, max(1e-4 * sizes.max(), 1e-12))) @ vectors.T


def _log_parameters(place: np.ndarray, axes: Axes) -> np.ndarray:
    return axes.turn @ np.where(axes.shape, -np.log(np.expm1(np.where(axes.shape, place, 1.0))), place)


def _rise(place: np.ndarray, axes: Axes) -> np.ndarray:
    """Derivative of the levels along the axes."""
    return np.where(axes.shape, 1 / np.expm1(-np.where(axes.shape, place, 1.0)), 1.0)
