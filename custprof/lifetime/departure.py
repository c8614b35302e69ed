"""When did a customer leave who has not been seen since?

Pareto/NBD needs one integral by customer over the moment of leaving y, between the last purchase t_x and now T,

    Int_{t_x}^{T} (1 + y/alpha)^-(r+x) (1 + y/beta)^-(s+1) dy,

and means of its gradient's terms under the same weights. The usual form is a difference of hypergeometric functions, which overflows or
loses all digits. Here the integral is taken in w = log((c+y)/(c+t_x)), c the smaller of alpha and beta: the integrand is then exp of a
concave function with bounded slopes, is cut where nothing is left, and is smooth enough for a few Gauss-Legendre nodes.
"""

from __future__ import annotations

import numpy as np

__all__ = ["departure"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_CUT = 32.0  # exp(-32) of the largest value is left out
_PANEL = 4.0  # longest stretch of w that the nodes cover
_CHUNK = 4096  # rows at a time, so that the nodes stay in the processor's cache


def departure(params, x: np.ndarray, recency: np.ndarray, age: np.ndarray, *, means: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
    """Log of the integral over the moment of leaving, and means of what its gradient is made of.

    Parameters
    ----------
    params : sequence of float
        r, alpha, s, beta, all positive; alpha and beta may be arrays, shape (n,).
    x, recency, age : ndarray, shape (n,)
        Repeat purchases, t_x and T, in the unit of alpha and beta.
    means : bool
        Whether the means are wanted.

    Returns
    -------
    ndarray, shape (n,)
        Log of the integral, relative error of the integral below 1e-10; minus infinity where t_x = T.
    ndarray, shape (4, n), or None
        Means of log(1 + y/alpha), log(1 + y/beta), y/(alpha + y), y/(beta + y); of no meaning where t_x = T.

    Examples
    --------
    >>> log, _ = departure([1.0, 1.0, 1.0, 1.0], np.array([0.0]), np.array([0.0]), np.array([1.0]))
    >>> round(float(np.exp(log[0])), 12)  # of (1 + y)^-3
    0.375
    """
    r, alpha, s, beta = params
    swapped = np.greater(alpha, beta)
    near, far = np.minimum(alpha, beta), np.maximum(alpha, beta)
    power, other = np.where(swapped, s + 1.0, r + x), np.where(swapped, r + x, s + 1.0)
    low, high = near + recency, far + recency
    slope, ratio = power - 1, low / high
    width = _width(slope, other, ratio, np.log1p((age - recency) / low))
    panels = max(int(np.ceil(width.max(initial=0.0) / _PANEL)), 1)
    nodes = ((np.arange(panels)[:, None] + _NODES) / panels).ravel()
    weights = np.tile(_WEIGHTS / panels, panels)
    sums = np.empty((5 if means else 1, len(x)))
    for start in range(0, len(x), _CHUNK):
        part = np.s_[start : start + _CHUNK]
        sums[:, part] = _sums(*(each[part, None] for each in (slope, other, ratio, width, low, high, recency)), nodes, weights, means)
    with np.errstate(divide="ignore"):
        log = np.log(low * width * sums[0]) - (r + x) * np.log1p(recency / alpha) - (s + 1) * np.log1p(recency / beta)
    if not means:
        return log, None
    mean = np.where(width > 0, sums[1:] / np.where(width > 0, sums[0], 1.0), 0.0)
    mean[0] += np.log1p(recency / near)
    mean[1] += np.log1p(recency / far)
    return log, np.where(swapped, mean[[1, 0, 3, 2]], mean)


def _width(slope: np.ndarray, other: np.ndarray, ratio: np.ndarray, width: np.ndarray) -> np.ndarray:
    """How far the integrand exp(-slope w - other log(1 + ratio (e^w - 1))) is worth following, at most `width`."""
    rise = np.maximum(-slope, 0) * width
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        end = np.minimum(width, np.where(slope > 0, _CUT / slope, np.inf))
        end = np.minimum(end, np.log1p(np.expm1((_CUT + rise) / other) / ratio))
        peak = np.where(slope < 0, np.clip(np.log(-slope * (1 / ratio - 1) / (other + slope)), 0, end), 0.0)

    def fall(w):
        return slope * w + other * np.log1p(ratio * np.expm1(w))

    lost = fall(peak) + _CUT
    for _ in range(2):  # Newton's steps on a convex function, from beyond the end
        grown = ratio * np.expm1(end)
        steep = slope + other * (grown + ratio) / (1 + grown)
        excess = np.maximum(fall(end) - lost, 0)
        end = end - np.divide(excess, steep, out=np.zeros_like(end), where=excess > 0)
    return end


def _sums(slope, other, ratio, width, low, high, recency, nodes, weights, means: bool) -> np.ndarray:
    """Sum of the integrand over the nodes and, weighed with it, of the terms of the gradient."""
    w = width * nodes
    grown = np.expm1(w)
    scaled = ratio * grown
    log_far = np.log1p(scaled)
    mass = np.exp(-(slope * w + other * log_far)) * weights
    total = mass.sum(axis=1)
    if not means:
        return total[None]
    y = recency + low * grown
    terms = w, log_far, y / (low * (1 + grown)), y / (high * (1 + scaled))
    return np.stack([total, *(np.einsum("ij,ij->i", mass, term) for term in terms)])
