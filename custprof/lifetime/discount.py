"""What is a stream worth that fades and is discounted?

Every buy-till-you-die model here needs one integral only: a survival that falls like a power of age, discounted at a constant rate,

    decay_integral(n, z, h) = integral from 0 to h of exp(-z v) (1 + v)^-n dv.

With h infinite it is Tricomi's function U(1, 2 - n, z) (Fader, Hardie & Lee 2005, "RFM and CLV", eq. 6); with z = 0 it is a Box-Cox
transform. Textbook formulas overflow or lose all digits for large arguments; quadrature in log(1 + v), cut where nothing is left, does
not.
"""

from __future__ import annotations

import numpy as np
from scipy.special import boxcox1p

from custprof.costing.kinds import check_number
from custprof.lifetime.history import DAYS

__all__ = ["DAYS_PER_YEAR", "annuity", "check_rate", "decay_integral", "discount_rate", "fading_sum", "periods"]

DAYS_PER_YEAR = 365.25

_CUT = 45.0  # exp(-45) of the stream is left out
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_SUMMED = 4096  # periods summed one by one; beyond, the sum is an integral (Euler and Maclaurin)


def discount_rate(annual_rate: float, unit: str) -> float:
    """The continuous rate per unit of time that compounds to an annual rate.

    Parameters
    ----------
    annual_rate : float
        0.10 means that 1.10 in a year is worth 1 today. From 0 to 1.
    unit : {"D", "W", "M"}

    Examples
    --------
    >>> round(float(np.exp(12 * discount_rate(0.10, "M"))), 10)
    1.1
    """
    check_rate(annual_rate)
    return float(np.log1p(annual_rate) * DAYS[unit] / DAYS_PER_YEAR)


def check_rate(annual_rate: float) -> None:
    """Refuse a rate that is no fraction from 0 to 1.

    Examples
    --------
    >>> check_rate(10)
    Traceback (most recent call last):
    ...
    ValueError: annual_rate is 10; give a fraction a year from 0 to 1, 0.10 for 10 %.
    """
    check_number(annual_rate, "annual_rate", least=0, most=1, say="give a fraction a year from 0 to 1, 0.10 for 10 %")


def periods(years: float | None, unit: str) -> float:
    """A horizon in years as units of time; None is for ever.

    Examples
    --------
    >>> periods(1, "M"), periods(None, "W")
    (12.0, inf)
    """
    if years is None:
        return float("inf")
    check_number(years, "horizon", above=0, say="give years ahead greater than 0, or None for the whole life")
    return float(years) * DAYS_PER_YEAR / DAYS[unit]


def annuity(rate: float, time):
    """Worth today of a stream of 1 per unit of time, for so long a time (array), at a continuous rate (0 allowed if time is finite).

    Examples
    --------
    >>> annuity(0.0, 3.0), float(annuity(0.5, float("inf")))
    (3.0, 2.0)
    """
    if rate == 0:
        return time
    return -np.expm1(-rate * time) / rate


def decay_integral(n, z, h=np.inf):
    """Integral from 0 to h of exp(-z v) (1 + v)^-n dv.

    Parameters
    ----------
    n : array_like
        Power, > 0.
    z : array_like
        Discount, >= 0; where it is 0, h must be finite or n > 1.
    h : array_like, default infinite
        End of the horizon, >= 0.

    Returns
    -------
    ndarray
        Of the broadcast shape; relative error below 1e-10.

    Examples
    --------
    >>> round(float(decay_integral(2.0, 0.0)), 12), round(float(decay_integral(1e-9, 0.5)), 8)
    (1.0, 2.0)
    """
    n, z, h = np.broadcast_arrays(np.asarray(n, float), np.asarray(z, float), np.asarray(h, float))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        plain = np.where(np.isinf(h), np.where(n > 1, 1 / (n - 1), np.inf), boxcox1p(h, 1 - n))
    out = np.array(plain)
    discounted = (z > 0) & (h > 0)
    if discounted.any():
        out[discounted] = _discounted(n[discounted], z[discounted], h[discounted])
    return out


def fading_sum(log_term, rate: float, end: float = np.inf):
    """Sum over the periods 1, 2, ..., `end` of a stream that fades smoothly.

    Parameters
    ----------
    log_term : callable
        Log of the stream, discount included, at an array of periods (along its last axis), whole or not.
    rate : float
        Its continuous discount, >= 0; where it is 0, `end` must be finite.
    end : float
        Last period; what ends within a period is left out.

    Returns
    -------
    ndarray or float

    Examples
    --------
    >>> round(float(fading_sum(lambda t: -0.1 * t, 0.1)), 10), round(float(1 / np.expm1(0.1)), 10)
    (9.5083319448, 9.5083319448)
    """
    last = min(np.floor(end + 1e-9), np.ceil(_CUT / rate) if rate > 0 else np.inf)
    first = min(last, _SUMMED)
    total = np.exp(log_term(np.arange(1.0, first + 1))).sum(axis=-1)
    if last <= first:
        return total
    width = np.log(last / first)
    panels = int(np.ceil(width))
    w = ((np.arange(panels)[:, None] + _NODES) / panels * width).ravel()
    t = first * np.exp(w)
    inner = (np.exp(log_term(t)) * t * np.tile(_WEIGHTS, panels)).sum(axis=-1) * width / panels
    edges = np.exp(log_term(np.array([first, last, first - 1, first + 1, last - 1, last + 1])))
    slopes = (edges[..., 5] - edges[..., 4] - edges[..., 3] + edges[..., 2]) / 2
    return total + inner + (edges[..., 1] - edges[..., 0]) / 2 + slopes / 12


def _discounted(n: np.ndarray, z: np.ndarray, h: np.ndarray) -> np.ndarray:
    # in w = log(1 + v) the integrand is exp(-z (e^w - 1) - (n - 1) w); it has fallen below exp(-_CUT) at the first of these ends
    slack = _CUT + np.maximum(1 - n, 0) * (np.log1p(_CUT / z) + 5)
    end = np.minimum(np.log1p(h), np.log1p(slack / z))
    with np.errstate(divide="ignore"):
        end = np.minimum(end, np.where(n > 1, _CUT / (n - 1), np.inf))
    total = np.zeros_like(end)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        w = end * node
        total += weight * np.exp(-z * np.expm1(w) - (n - 1) * w)
    return total * end
