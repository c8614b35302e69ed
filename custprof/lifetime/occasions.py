"""How often will a customer take the next occasions, if there is one a period and it may have left unseen?

BG/BB (Fader, Hardie & Shang 2010): purchases happen only at given occasions (a yearly appeal, an annual fair, a monthly box), or are
counted as yes or no in each period. While alive a customer buys at an occasion with probability p ~ Beta(alpha, beta); before every
occasion it leaves with probability theta ~ Beta(gamma, delta). With n occasions so far, the last purchase at t_x,

    L = B(alpha+x, beta+n-x)/B(alpha, beta) B(gamma, delta+n)/B(gamma, delta)
        + Sum_{k=t_x}^{n-1} B(alpha+x, beta+k-x)/B(alpha, beta) B(gamma+1, delta+k)/B(gamma, delta);

the sum is made from the last occasion backwards, once for every (x, n), in logarithms.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from custprof.lifetime.checks import read_summary
from custprof.lifetime.discount import fading_sum
from custprof.lifetime.fitting import PurchaseModel
from custprof.lifetime.futures import Future
from custprof.lifetime.rows import Rows, log_survival, rising

__all__ = ["BetaGeoBinomial"]


class BetaGeoBinomial(PurchaseModel):
    """Purchases at one occasion a period, and silent departure: yes or no in each period, as for donors asked once a year.

    The summary counts in periods: ``frequency`` occasions taken, the last of them ``recency``, of ``T`` in all, without the first
    purchase; ``summarize(grain="Y")`` makes it. Purchases and the time alive are discounted to the end of their period.

    Attributes
    ----------
    params_ : Series
        ``alpha`` and ``beta`` (chance of buying at an occasion: mean alpha / (alpha + beta)), ``gamma`` and ``delta`` (chance of leaving
        before one: mean gamma / (gamma + delta)).
    se_, loglik_, converged_, note_, unit_
        See `PurchaseModel`.

    References
    ----------
    Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting", Marketing Science 29, eq. 6 to 14.

    Examples
    --------
    >>> import pandas as pd
    >>> donors = pd.DataFrame({"frequency": [0, 1, 1, 2, 2, 3], "recency": [0, 1, 3, 2, 3, 3], "T": 3})
    >>> model = BetaGeoBinomial(unit="Y").fit(donors, sample_weight=[40, 12, 6, 9, 8, 25])
    >>> model.p_alive(donors).round(2).tolist()
    [0.15, 0.25, 1.0, 0.54, 1.0, 1.0]
    """

    _names = ("alpha", "beta", "gamma", "delta")
    _times = ()
    _kinds = ("chances of buying", "chances of leaving")

    def _read(self, summary, unit: str | None) -> tuple[np.ndarray, ...]:
        frequency, recency, age = read_summary(summary, unit)
        for name, values in (("recency", recency), ("T", age)):
            wrong = values % 1 != 0
            if wrong.any():
                found = f"{wrong.sum()} of {len(values)} customers, first {summary.index[wrong][:3].tolist()}"
                raise ValueError(f"{name} is no whole number of periods for {found}; summarize with a grain such as grain='M'.")
        wrong = frequency > recency
        if wrong.any():
            found = f"{wrong.sum()} of {len(frequency)} customers, first {summary.index[wrong][:3].tolist()}"
            raise ValueError(f"frequency is above recency for {found}; there is one occasion a period.")
        return frequency, recency, age

    def _scaling(self, rows: Rows, row_weights: np.ndarray) -> float:
        return 1.0  # periods are counted, not measured

    def _start(self, rate: float) -> np.ndarray:
        return np.log([1.0, max(1 / rate - 1, 0.1), 0.5, 2.0])

    def _likelihood(self, point, rows: Rows, *, gradient: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
        alpha, beta, gamma, delta = np.exp(point)
        x, n, row_pair, steps = _pairs(rows)
        bought, d_bought = rising(alpha, x)
        missed, d_missed = rising(beta, np.arange(n.max() + 1))
        asked, d_asked = rising(alpha + beta, np.arange(n.max() + 1))
        stayed, d_stayed = rising(delta, np.arange(n.max() + 1))
        faced, d_faced = rising(gamma + delta, np.arange(n.max() + 2))
        value, slopes = np.empty(len(rows.x)), np.empty((4, len(rows.x))) if gradient else None
        total, mean = np.full(len(x), -np.inf), np.zeros((4, len(x)))
        for k in range(n.max(), -1, -1):
            now = np.flatnonzero((n >= k) & (x <= k))
            last, misses = n[now] == k, k - x[now]  # the term of those who are here still, or who left before occasion k + 1
            term = bought[now] + missed[misses] - asked[k] + stayed[k] - np.where(last, faced[k], faced[k + 1] - np.log(gamma))
            both = np.logaddexp(total[now], term)
            if gradient:
                leaving = np.where(last, d_faced[k], d_faced[k + 1])
                slope = np.stack(
                    [d_bought[now] - d_asked[k], d_missed[misses] - d_asked[k], ~last / gamma - leaving, d_stayed[k] - leaving]
                )
                mean[:, now] += np.exp(term - both) * (slope - mean[:, now])
            total[now] = both
            here = steps[k]
            value[here] = total[row_pair[here]]
            if gradient:
                slopes[:, here] = mean[:, row_pair[here]]
        return value, slopes * np.exp(point)[:, None] if gradient else None

    def _alive(self, params: np.ndarray, rows: Rows) -> np.ndarray:
        alpha, beta, gamma, delta = params
        x, n = rows.x.astype(int), rows.age.astype(int)
        here = rising(alpha, x)[0] + rising(beta, n - x)[0] - rising(alpha + beta, n)[0] + rising(delta, n)[0] - rising(gamma + delta, n)[0]
        return np.exp(here - self._likelihood(np.log(params), rows, gradient=False)[0])

    def _expect(self, params: np.ndarray, rows: Rows, delta: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        alpha, beta, leave, stay = params
        n, code = np.unique(rows.age, return_inverse=True)
        here = (stay + n)[:, None]
        time = self._alive(params, rows) * fading_sum(lambda t: log_survival(leave, here, t) - delta * t, delta, end)[code]
        return time * (alpha + rows.x) / (alpha + beta + rows.age), time

    def _draw(self, rng: np.random.Generator, params, rows: Rows, alive: np.ndarray) -> Future:
        alpha, beta, gamma, delta = params
        owner = rows.inverse
        chance = rng.beta((alpha + rows.x)[owner], (beta + rows.age - rows.x)[owner])
        leave = np.maximum(rng.beta(gamma, (delta + rows.age)[owner]), 1e-300)
        stays = rng.random(len(owner)) < alive[owner]
        with np.errstate(divide="ignore"):
            lasts = np.floor(-rng.exponential(size=len(owner)) / np.log1p(-leave))
        return Future(chance, np.where(stays, lasts, 0.0), np.zeros(len(owner), dtype=bool), occasions=True)


def _pairs(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Unique (x, n), the pair of every row, and the rows whose last purchase was at occasion k, for every k."""
    ages, age_code = np.unique(rows.age, return_inverse=True)
    unique, row_pair = np.unique(rows.x_code * len(ages) + age_code, return_inverse=True)
    x, n = rows.x_values[unique // len(ages)].astype(int), ages[unique % len(ages)].astype(int)
    by_recency = np.argsort(rows.recency, kind="stable")
    ends = np.searchsorted(rows.recency[by_recency], np.arange(n.max() + 2))
    return x, n, row_pair, [by_recency[a:b] for a, b in pairwise(ends)]
