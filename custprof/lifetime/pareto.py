"""How often will a customer buy, if it may leave unseen at any moment?

Pareto/NBD (Schmittlein, Morrison & Colombo 1987): while alive a customer buys at random with rate lambda ~ Gamma(r, alpha) and leaves with
rate mu ~ Gamma(s, beta). The likelihood is written with the moment of leaving y,

    L = G(r+x)/G(r) alpha^r beta^s [ (alpha+T)^-(r+x) (beta+T)^-s + s Int_{t_x}^{T} (alpha+y)^-(r+x) (beta+y)^-(s+1) dy ],

and the integral is cumulated over the ages that occur in the data, for every number of purchases once: no hypergeometric function, no
overflow.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from custprof.lifetime.discount import decay_integral
from custprof.lifetime.fitting import Future, PurchaseModel, Rows

__all__ = ["ParetoNBD"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_STEPS = 256  # cells of the age axis at least
_SPAN = 600.0  # log of the largest ratio summed in plain numbers


class ParetoNBD(PurchaseModel):
    """Repeat purchases and silent departure, the departure independent of the purchases.

    Attributes
    ----------
    params_ : Series
        ``r`` and ``alpha`` (purchase rate: mean r/alpha per unit of time), ``s`` and ``beta`` (rate of leaving: mean s/beta).
    se_, loglik_, converged_, unit_
        See `PurchaseModel`.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Management Science 33; Fader & Hardie (2005), "A note on deriving the Pareto/NBD model";
    Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, for the discounted expectations.

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import summarize
    >>> summary = summarize(load_cdnow(), end="1997-09-30")
    >>> model = ParetoNBD().fit(summary)
    >>> model.params_.round(3).to_dict()
    {'r': 0.553, 'alpha': 10.578, 's': 0.606, 'beta': 11.669}
    >>> model.p_alive(summary).head(3).round(2).tolist()
    [0.87, 0.17, 0.3]
    """

    _names = ("r", "alpha", "s", "beta")
    _times = ("alpha", "beta")

    def _start(self, rate: float) -> np.ndarray:
        return np.log([1.0, 1 / rate, 0.5, 0.5])

    def _prepare(self, rows: Rows) -> Rows:
        breaks = _breaks(rows)
        rows.extra = {
            "breaks": breaks,
            "from": np.searchsorted(breaks, rows.recency),
            "to": np.searchsorted(breaks, rows.age),
            "nodes": breaks[:-1, None] + np.diff(breaks)[:, None] * _NODES,
            "weights": np.diff(breaks)[:, None] * _WEIGHTS,
        }
        return rows

    def _likelihood(self, point: np.ndarray, rows: Rows, *, gradient: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
        r, alpha, s, beta = np.exp(point)
        x, age, x_values, code = rows.x, rows.age, rows.x_values, rows.x_code
        alive, left, means = self._branches(r, alpha, s, beta, rows, gradient)
        mixed = np.logaddexp(alive, left)
        value = (gammaln(r + x_values) - gammaln(r) - x_values * np.log(alpha))[code] + mixed
        if not gradient:
            return value, None
        gone = np.exp(left - mixed)
        stay = 1 - gone
        log_alpha, log_beta, inv_alpha, inv_beta = means
        d_r = (digamma(r + x_values) - digamma(r))[code] - stay * np.log1p(age / alpha) - gone * log_alpha
        d_s = gone / s - stay * np.log1p(age / beta) - gone * log_beta
        d_alpha = r / alpha - (r + x) * (stay / (alpha + age) + gone * inv_alpha)
        d_beta = s / beta - stay * s / (beta + age) - gone * (s + 1) * inv_beta
        return value, np.stack([r * d_r, alpha * d_alpha, s * d_s, beta * d_beta])

    def _branches(self, r, alpha, s, beta, rows: Rows, gradient: bool):
        """Log of the two terms of the likelihood, in units of alpha^-(r+x) beta^-s, and means over the moment of leaving."""
        x, age = rows.x, rows.age
        alive = -(r + x) * np.log1p(age / alpha) - s * np.log1p(age / beta)
        parts, nodes, weights = rows.extra, rows.extra["nodes"], rows.extra["weights"]
        breaks, power = parts["breaks"], (r + rows.x_values)[:, None]
        log_alpha, log_beta = np.log1p(nodes / alpha), np.log1p(nodes / beta)
        base = -power * np.log1p(breaks[:-1] / alpha) - (s + 1) * np.log1p(breaks[:-1] / beta)
        fall_alpha = log_alpha - np.log1p(breaks[:-1, None] / alpha)
        fall = np.exp(-power[:, :, None] * fall_alpha) * (weights * np.exp(-(s + 1) * (log_beta - np.log1p(breaks[:-1, None] / beta))))
        moments = [np.ones_like(nodes), log_alpha, log_beta, 1 / (alpha + nodes), 1 / (beta + nodes)] if gradient else [np.ones_like(nodes)]
        cells = np.einsum("xjn,mjn->mxj", fall, np.stack(moments), optimize=False)
        code, start, end = rows.x_code, parts["from"], parts["to"]
        top = base[np.arange(len(base)), np.minimum(_first_of(start, code, len(base)), base.shape[1] - 1)]
        if (top - base[:, -1]).max() < _SPAN:
            sums = _tails(cells * np.exp(np.minimum(base - top[:, None], _SPAN)))
            here = sums[:, code, start] - sums[:, code, end]
            with np.errstate(divide="ignore", invalid="ignore"):
                log_integral = np.log(np.maximum(here[0], 0)) + top[code]
                means = np.where(here[0] > 0, here[1:] / here[0], 0.0)
        else:
            with np.errstate(divide="ignore"):
                logs = _log_tails(np.log(cells) + base)
            late, early = logs[:, code, end], logs[:, code, start]
            with np.errstate(divide="ignore", invalid="ignore"):
                here = early + np.log(-np.expm1(np.minimum(late - early, 0)))
                log_integral = np.where(end > start, here[0], -np.inf)
                means = np.where(np.isfinite(log_integral), np.exp(here[1:] - here[0]), 0.0)
        return alive, np.log(s / beta) + log_integral, means

    def _alive(self, params: np.ndarray, rows: Rows) -> np.ndarray:
        alive, left, _ = self._branches(*params, rows, False)
        return 1 / (1 + np.exp(np.minimum(left - alive, 700)))

    def _expect(self, params: np.ndarray, rows: Rows, delta: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        r, alpha, s, beta = params
        ages, inverse = np.unique(rows.age, return_inverse=True)
        known = beta + ages
        time = self._alive(params, rows) * (known * decay_integral(s, delta * known, end / known))[inverse]
        return time * (r + rows.x) / (alpha + rows.age), time

    def _draw(self, rng: np.random.Generator, params: np.ndarray, rows: Rows, alive: np.ndarray) -> Future:
        r, alpha, s, beta = params
        x, age = rows.x[rows.inverse], rows.age[rows.inverse]
        rate = rng.gamma(r + x) / (alpha + age)
        leaving = np.maximum(rng.gamma(s, size=len(x)) / (beta + age), 1e-300)
        stays = rng.random(len(x)) < alive[rows.inverse]
        return Future(rate, np.where(stays, rng.exponential(size=len(x)) / leaving, 0.0), np.zeros(len(x), dtype=bool))


def _breaks(rows: Rows) -> np.ndarray:
    """Ages that bound the cells: all that occur, and in between so many that no cell holds more than two e-foldings of the integrand."""
    first, last = rows.recency.min(), rows.age.max()
    steps = np.linspace(first, last if last > first else first + 1, _STEPS + 1)
    breaks = np.unique(np.concatenate([rows.recency, rows.age, steps]))
    by_recency = np.argsort(rows.recency, kind="stable")
    most = np.maximum.accumulate(rows.x[by_recency])[np.searchsorted(rows.recency[by_recency], breaks[:-1], side="right") - 1]
    width = np.diff(breaks)
    with np.errstate(divide="ignore", invalid="ignore"):
        pieces = np.clip(np.nan_to_num(np.ceil(width * most / (2 * breaks[:-1])), nan=1.0), 1, 64).astype(int)
    place = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.append(np.repeat(breaks[:-1], pieces) + place * np.repeat(width / pieces, pieces), breaks[-1])


def _first_of(start: np.ndarray, code: np.ndarray, size: int) -> np.ndarray:
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, code, start)
    return first


def _tails(cells: np.ndarray) -> np.ndarray:
    """Sums from every break to the last one; zero at the last."""
    sums = np.zeros((*cells.shape[:-1], cells.shape[-1] + 1))
    sums[..., :-1] = np.cumsum(cells[..., ::-1], axis=-1)[..., ::-1]
    return sums


def _log_tails(logs: np.ndarray) -> np.ndarray:
    sums = np.full((*logs.shape[:-1], logs.shape[-1] + 1), -np.inf)
    sums[..., :-1] = np.logaddexp.accumulate(logs[..., ::-1], axis=-1)[..., ::-1]
    return sums
