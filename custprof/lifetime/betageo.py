"""How often will a customer buy, if it may leave only right after a purchase?

BG/NBD (Fader, Hardie & Lee 2005): purchases at rate lambda ~ Gamma(r, alpha); after every repeat purchase the customer leaves with
probability p ~ Beta(a, b). Somebody who never bought again cannot have left, so one-timers count as alive for sure. The modified model
(Batislam, Denizel & Filiztekin 2007; Hoppe & Wagner 2007) lets customers leave after the first purchase too. Expectations are averaged
over p by Gauss-Jacobi quadrature, which stays accurate where the published hypergeometric forms lose all digits. With covariates every
customer has an a and b of its own; the nodes are smooth in log a and log b, so those of many customers are interpolated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.polynomial.chebyshev import chebpts1, chebvander
from scipy.linalg import eigh_tridiagonal
from scipy.special import digamma, expit

from custprof.lifetime.discount import decay_integral
from custprof.lifetime.fitting import PurchaseModel
from custprof.lifetime.futures import Future
from custprof.lifetime.rows import Rows, compress, log_rising, rising

__all__ = ["BetaGeoNBD", "ModifiedBetaGeoNBD"]

_NODES = 64
_CHUNK = 8192  # of 64 nodes each at a time
_POINTS = 14  # by a and by b, between which the nodes of a cell are interpolated, to 1e-10 of the average
_WIDTH = np.log(2)  # of a cell
_STEPS = (chebpts1(_POINTS) + 1) / 2
_TO_VALUES = np.linalg.inv(chebvander(chebpts1(_POINTS), _POINTS - 1))


class BetaGeoNBD(PurchaseModel):
    """Repeat purchases, with departure right after a repeat purchase; one-timers are alive for sure, which inflates retention.

    Attributes
    ----------
    params_ : Series
        ``r`` and ``alpha`` (purchase rate: mean r/alpha per unit of time), ``a`` and ``b`` (departure after a purchase: mean a/(a+b)).
    se_, loglik_, converged_, note_, unit_
        See `PurchaseModel`.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers the easy way", Marketing Science 24, eq. 3 to 10; Fader & Hardie (2007),
    "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models".

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"frequency": [0, 0, 1, 4, 2, 9], "recency": [0, 0, 9.0, 20.0, 4.0, 24.0], "T": [30.0, 25, 26, 28, 30, 25]})
    >>> model = BetaGeoNBD(unit="W").fit(summary)
    >>> model.p_alive(summary)[:2].tolist()
    [1.0, 1.0]
    """

    _names = ("r", "alpha", "a", "b")
    _times = ("alpha",)
    _kinds = ("purchase rates", "chances of leaving")
    _moves: ClassVar[dict] = {"purchases": (1, -1), "a": (2, 1), "b": (3, 1)}
    _offset: ClassVar[int] = 0  # chances to leave before the first repeat purchase

    def _start(self, rate: float) -> np.ndarray:
        return np.log([1.0, 1 / rate, 1.0, 2.0])

    def _likelihood(self, point, rows: Rows, *, gradient: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
        r, alpha, a, b = [np.exp(each) for each in point]
        x, k = rows.x, rows.x + self._offset
        up, d_up = rising(r, rows.x_values)
        stayed, chosen = log_rising(b, k), log_rising(a + b, k)
        log_odds = self._log_odds(r, alpha, a, b, rows)
        old = np.log1p(rows.age / alpha)
        value = up[rows.x_code] + stayed - chosen - x * point[1] - (r + x) * old + np.logaddexp(0, log_odds)
        if not gradient:
            return value, None
        gone, lag = expit(log_odds), np.log1p((rows.age - rows.recency) / (alpha + rows.recency))
        share_age, share_recency = rows.age / (alpha + rows.age), rows.recency / (alpha + rows.recency)
        d_alpha = (r + x) * (share_age - gone * (share_age - share_recency)) - x  # times alpha
        d_chosen = digamma(a + b + k) - digamma(a + b)
        d_b = digamma(b + k) - digamma(b) - d_chosen - gone / (b + np.maximum(k, 1) - 1)
        return value, np.stack([r * (d_up[rows.x_code] - old + gone * lag), d_alpha, gone - a * d_chosen, b * d_b])

    def _objective(self, rows: Rows, row_weights: np.ndarray):
        """As for every model; without covariates logs and weights are taken once for each distinct frequency, recency and T."""
        if rows.covariates is not None:
            return super()._objective(rows, row_weights)
        x, ages, recencies, total = rows.x_values, rows.age_values, rows.recency_values, row_weights.sum()
        k = x + self._offset
        some = np.searchsorted(rows.x, 1 - self._offset)  # from this row on customers have had a chance to leave
        x_code, age_code, recency_code = rows.x_code[some:], rows.age_code[some:], rows.recency_code[some:]
        weights, bought = row_weights[some:], rows.x[some:]
        by_x, by_age = np.bincount(rows.x_code, row_weights, len(x)), np.bincount(rows.age_code, row_weights, len(ages))
        bought_by_age = np.bincount(rows.age_code, row_weights * rows.x, len(ages))

        def objective(point):
            r, alpha, a, b = np.exp(point)
            (up, d_up), (stayed, d_stayed), (chosen, d_chosen) = rising(r, x), rising(b, k), rising(a + b, k)
            old, power = np.log1p(ages / alpha), r * by_age + bought_by_age
            lag = old[age_code] - np.log1p(recencies / alpha)[recency_code]
            before = b + np.maximum(k, 1) - 1
            log_odds = np.log(a / before)[x_code] + (r + bought) * lag
            small = np.exp(-np.abs(log_odds))
            gone = weights * np.where(log_odds > 0, 1.0, small) / (1 + small)
            left = np.bincount(x_code, gone, len(x))
            value = by_x @ (up + stayed - chosen - x * np.log(alpha)) - power @ old
            value += weights @ (np.maximum(log_odds, 0) + np.log1p(small))
            d_r = by_x @ d_up - by_age @ old + gone @ lag
            share_age, share_recency = ages / (alpha + ages), recencies / (alpha + recencies)
            d_alpha = power @ share_age - by_x @ x - (gone * (r + bought)) @ (share_age[age_code] - share_recency[recency_code])
            d_a = left.sum() / a - by_x @ d_chosen
            d_b = by_x @ (d_stayed - d_chosen) - left @ (1 / before)
            return -value / total, -np.array([r * d_r, d_alpha, a * d_a, b * d_b]) / total

        return objective

    def _log_odds(self, r, alpha, a, b, rows: Rows) -> np.ndarray:
        """Log odds of having left after the last purchase against being here still."""
        chances = rows.x + self._offset
        odds = np.log(a / (b + np.maximum(chances, 1) - 1)) + (r + rows.x) * np.log1p((rows.age - rows.recency) / (alpha + rows.recency))
        return np.where(chances > 0, odds, -np.inf)

    def _alive(self, params, rows: Rows) -> np.ndarray:
        return expit(-self._log_odds(*params, rows))

    def _expect(self, params, rows: Rows, delta: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        pairs = compress(rows.x, np.zeros_like(rows.x), rows.age, rows.covariates)
        first = np.unique(pairs.inverse, return_index=True)[1]
        r, alpha, a, b = [np.broadcast_to(each, rows.x.shape)[first] for each in params]
        shapes, ages = r + pairs.x, alpha + pairs.age
        purchases, time = np.empty(len(first)), np.empty(len(first))
        for part, leave, weight in _quadrature(np.column_stack([a, b + pairs.x + self._offset])):
            shape, known = shapes[part, None], ages[part, None]
            slow = known / leave
            time[part] = (weight * slow * decay_integral(shape, delta * slow, end / slow)).sum(axis=1)
            purchases[part] = (weight * shape / leave * decay_integral(shape + 1, delta * slow, end / slow)).sum(axis=1)
        alive = self._alive(params, rows)
        return alive * purchases[pairs.inverse], alive * time[pairs.inverse]

    def _draw(self, rng: np.random.Generator, params, rows: Rows, alive: np.ndarray) -> Future:
        r, alpha, a, b = params
        owner = rows.inverse
        rate = rng.gamma((r + rows.x)[owner]) / (alpha + rows.age)[owner]
        leave = np.maximum(rng.beta(np.broadcast_to(a, rows.x.shape)[owner], (b + rows.x + self._offset)[owner]), 1e-300)
        stays = rng.random(len(owner)) < alive[owner]
        lifetime = np.where(stays, rng.exponential(size=len(owner)) / np.maximum(rate * leave, 1e-300), 0.0)
        return Future(rate * (1 - leave), lifetime, stays)


class ModifiedBetaGeoNBD(BetaGeoNBD):
    """The BG/NBD in which a customer may also leave right after its first purchase, so that one-timers need not be alive.

    Attributes
    ----------
    params_, se_, loglik_, converged_, note_, unit_
        As for `BetaGeoNBD`.

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24; Hoppe & Wagner (2007), Marketing ZFP 29.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"frequency": [0, 0, 1, 4, 2, 9], "recency": [0, 0, 9.0, 20.0, 4.0, 24.0], "T": [30.0, 25, 26, 28, 30, 25]})
    >>> bool(ModifiedBetaGeoNBD(unit="W").fit(summary).p_alive(summary)[0] < 1)
    True
    """

    _offset = 1


def _quadrature(betas: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Nodes and weights of averages over Beta(a, b) for every row (a, b), some thousand rows at a time: places, nodes, weights."""
    logs = np.log(betas) / _WIDTH
    corners, cell = np.unique(np.floor(logs), axis=0, return_inverse=True)
    order = np.argsort(cell, kind="stable")
    for corner, places in zip(corners, np.split(order, np.cumsum(np.bincount(cell))[:-1]), strict=True):
        unique, code = np.unique(betas[places], axis=0, return_inverse=True)
        few = len(unique) <= _POINTS**2
        grid = unique if few else np.exp(_WIDTH * (corner + np.stack(np.meshgrid(_STEPS, _STEPS, indexing="ij"), axis=-1).reshape(-1, 2)))
        nodes, weights = _jacobi(grid)
        for start in range(0, len(places), _CHUNK):
            part = places[start : start + _CHUNK]
            if few:
                yield part, nodes[code[start : start + _CHUNK]], weights[code[start : start + _CHUNK]]
                continue
            by_a, by_b = (chebvander(2 * each - 1, _POINTS - 1) @ _TO_VALUES for each in (logs[part] - corner).T)
            shares = (by_a[:, :, None] * by_b[:, None, :]).reshape(len(part), -1)
            yield part, np.clip(shares @ nodes, 1e-300, 1), shares @ weights


def _jacobi(betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (summing to 1) of averages over Beta(a, b), for every pair a, b; Golub & Welsch 1969."""
    nodes, weights = np.empty((len(betas), _NODES)), np.empty((len(betas), _NODES))
    k = np.arange(1, _NODES)
    for i, (a, b) in enumerate(betas):
        first, second = b - 1, a - 1  # weight (1-u)^first (1+u)^second on [-1, 1]
        total = first + second
        diagonal = np.empty(_NODES)
        diagonal[0] = (second - first) / (total + 2)
        diagonal[1:] = (second**2 - first**2) / ((2 * k + total) * (2 * k + total + 2))
        square = np.empty(_NODES - 1)
        square[0] = 4 * (first + 1) * (second + 1) / ((total + 2) ** 2 * (total + 3))
        j = k[1:]
        square[1:] = 4 * j * (j + first) * (j + second) * (j + total) / ((2 * j + total) ** 2 * (2 * j + total + 1) * (2 * j + total - 1))
        roots, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
        nodes[i], weights[i] = np.clip((roots + 1) / 2, 1e-300, 1), vectors[0] ** 2
    return nodes, weights
