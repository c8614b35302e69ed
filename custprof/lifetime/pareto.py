"""How often will a customer buy, if it may leave unseen at any moment?

Pareto/NBD (Schmittlein, Morrison & Colombo 1987): while alive a customer buys at random with rate lambda ~ Gamma(r, alpha) and leaves with
rate mu ~ Gamma(s, beta). The likelihood is written with the moment of leaving y,

    L = G(r+x)/G(r) alpha^r beta^s [ (alpha+T)^-(r+x) (beta+T)^-s + s Int_{t_x}^{T} (alpha+y)^-(r+x) (beta+y)^-(s+1) dy ],

with the integral in `departure`: no hypergeometric function, no overflow.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from custprof.lifetime.departure import departure
from custprof.lifetime.discount import decay_integral
from custprof.lifetime.fitting import PurchaseModel
from custprof.lifetime.futures import Future
from custprof.lifetime.rows import Rows, rising

__all__ = ["ParetoNBD"]


class ParetoNBD(PurchaseModel):
    """Repeat purchases and silent departure, the departure independent of the purchases.

    Attributes
    ----------
    params_ : Series
        ``r`` and ``alpha`` (purchase rate: mean r/alpha per unit of time), ``s`` and ``beta`` (rate of leaving: mean s/beta).
    se_, loglik_, converged_, note_, unit_
        See `PurchaseModel`.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Management Science 33; Fader & Hardie (2005), "A note on deriving the Pareto/NBD model";
    Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, for the discounted expectations; Fader & Hardie (2007),
    "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models".

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

    Does a large first purchase say how often a customer will come back? 1.7 times as often; of leaving it says nothing for sure.

    >>> lines = load_cdnow()
    >>> began = lines["date"] == lines.groupby("customer_id")["date"].transform("min")
    >>> summary = summary.assign(large=lines[began].groupby("customer_id")["revenue"].sum() > 50)
    >>> ParetoNBD(covariates=["large"]).fit(summary).coef_.round(2)
                     coefficient    se  times  average
    process   term
    purchases large         0.55  0.11   1.73     0.17
    leaving   large         0.29  0.23   1.33     0.17
    """

    _names = ("r", "alpha", "s", "beta")
    _times = ("alpha", "beta")
    _kinds = ("purchase rates", "drop-out rates")
    _moves: ClassVar[dict] = {"purchases": (1, -1), "leaving": (3, -1)}

    def _start(self, rate: float) -> np.ndarray:
        return np.log([1.0, 1 / rate, 0.5, 0.5])

    def _likelihood(self, point, rows: Rows, *, gradient: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
        r, alpha, s, beta = params = [np.exp(each) for each in point]
        x, age, x_values, code = rows.x, rows.age, rows.x_values, rows.x_code
        alive, left, means = _branches(params, rows, gradient)
        mixed = np.logaddexp(alive, left)
        log_rising, slope_rising = rising(r, x_values)
        value = log_rising[code] - x * point[1] + mixed
        if not gradient:
            return value, None
        gone = np.exp(left - mixed)
        stay = 1 - gone
        log_alpha, log_beta, share_alpha, share_beta = means
        d_r = slope_rising[code] - stay * np.log1p(age / alpha) - gone * log_alpha
        d_alpha = (r + x) * (stay * age / (alpha + age) + gone * share_alpha) - x  # both times the parameter
        d_s = gone / s - stay * np.log1p(age / beta) - gone * log_beta
        d_beta = stay * s * age / (beta + age) + gone * ((s + 1) * share_beta - 1)
        return value, np.stack([r * d_r, d_alpha, s * d_s, d_beta])

    def _alive(self, params, rows: Rows) -> np.ndarray:
        alive, left, _ = _branches(params, rows, False)
        return 1 / (1 + np.exp(np.minimum(left - alive, 700)))

    def _expect(self, params, rows: Rows, delta: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        r, alpha, s, beta = params
        known, inverse = np.unique(beta + rows.age, return_inverse=True)
        time = self._alive(params, rows) * (known * decay_integral(s, delta * known, end / known))[inverse]
        return time * (r + rows.x) / (alpha + rows.age), time

    def _draw(self, rng: np.random.Generator, params, rows: Rows, alive: np.ndarray) -> Future:
        r, alpha, s, beta = params
        owner = rows.inverse
        rate = rng.gamma((r + rows.x)[owner]) / (alpha + rows.age)[owner]
        leaving = np.maximum(rng.gamma(s, size=len(owner)) / (beta + rows.age)[owner], 1e-300)
        stays = rng.random(len(owner)) < alive[owner]
        return Future(rate, np.where(stays, rng.exponential(size=len(owner)) / leaving, 0.0), np.zeros(len(owner), dtype=bool))


def _branches(params, rows: Rows, gradient: bool):
    """Log of the two terms of the likelihood, in units of alpha^-(r+x) beta^-s, and means over the moment of leaving."""
    r, alpha, s, beta = params
    alive = -(r + rows.x) * np.log1p(rows.age / alpha) - s * np.log1p(rows.age / beta)
    log_integral, means = departure(params, rows.x, rows.recency, rows.age, means=gradient)
    return alive, np.log(s / beta) + log_integral, means
