"""How far may what really comes fall from what is expected?

Two sources of doubt are played through together. The parameters: either customers are drawn again with replacement and both models
refitted, from the fit they have, so that 200 refits take seconds; or parameters are drawn from the normal distribution around the optimum
whose width the curvature of the likelihood gives (Laplace). Chance: under each set of parameters every customer lives one possible future,
drawn from what the model knows of it. Purchases are drawn one by one while their discount leaves 5 % of their worth; what comes later
enters by its mean given the customer's own rate, lifetime and spend, which changes no expectation and next to no spread.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from custprof.lifetime.checks import read_summary
from custprof.lifetime.discount import DAYS_PER_YEAR, annuity
from custprof.lifetime.history import DAYS
from custprof.lifetime.rows import compress
from custprof.lifetime.search import _ALIKE, _FAR, Axes, Optimum, _log_parameters
from custprof.lifetime.spend import _AXES, _data, _parameters

__all__ = ["Future", "group_draws", "possible_parameters", "refits"]

_CHUNK = 5_000
_FUTURES = 5  # lives of a customer in each round, where its own interval is wanted
_DRAWN = np.log(20.0)
_FLAT = 1e-2  # information along an axis: a spread of 10, further than the axis reaches


class Future(NamedTuple):
    """One possible future by customer: purchases a unit of time while alive, time alive from now, one purchase at the very end or not.

    With ``occasions`` the rate is the chance of one purchase at the end of each unit of time.
    """

    rate: np.ndarray
    lifetime: np.ndarray
    last: np.ndarray
    occasions: bool = False


def possible_parameters(model, method, n_boot: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Parameters of purchases and spend that the data allow as well, `n_boot` times, by "bootstrap", "laplace" or from given draws.

    Parameters
    ----------
    model : CustomerValue
        Fitted.
    method : {"bootstrap", "laplace"} or DataFrame
        Draws of all parameters, as `posterior` gives them: `n_boot` of its rows are taken by chance.
    n_boot : int
    rng : numpy Generator

    Returns
    -------
    list of (ndarray, ndarray)
    """
    if isinstance(method, pd.DataFrame):
        names = [list(part.params_.index) for part in (model.purchases_, model.spend_)]
        lacking = [name for part in names for name in part if name not in method.columns]
        if lacking or method.empty:
            raise ValueError(f"the draws lack {lacking or 'rows'}; make them by posterior(model, summary) of the same CustomerValue.")
        taken = method.iloc[rng.choice(len(method), n_boot, replace=n_boot > len(method))]
        return list(zip(*(taken[each].to_numpy("float64") for each in names), strict=True))
    if method == "bootstrap":
        return refits(model, n_boot, rng)
    if method != "laplace":
        raise ValueError(f"method is {method!r}; choose 'bootstrap' or 'laplace'.")
    (customers, repeaters), purchases, spend = model._counts, model.purchases_, model.spend_
    lives = _neighbours(purchases._optimum, purchases._axes, customers, n_boot, rng)
    spends = _neighbours(spend._optimum, _AXES, repeaters, n_boot, rng)
    return [
        (purchases._parameters(life, purchases._scale).to_numpy(), _parameters(each, spend._scale).to_numpy())
        for life, each in zip(lives, spends, strict=True)
    ]


def refits(model, n_boot: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Parameters of purchases and spend, refitted on customers drawn with replacement, `n_boot` times.

    Parameters
    ----------
    model : CustomerValue
        Fitted.
    n_boot : int
    rng : numpy Generator

    Returns
    -------
    list of (ndarray, ndarray)
    """
    (frequency, recency, age, value, weights), known = model._sample.T[:5], model._sample[:, 5:]
    purchases, spend = model.purchases_, model.spend_
    rows = compress(frequency, recency, age, known if known.size else None)
    scaled = rows.scaled(1 / purchases._scale)
    repeaters = frequency > 0
    spent = _data(frequency[repeaters], value[repeaters] / spend._scale)
    n, out = round(weights.sum()), []
    with threadpool_limits(1):  # matrices of four by four: threads would only wait for each other
        while len(out) < n_boot:
            drawn = rng.multinomial(n, weights / weights.sum()).astype(float)
            if (drawn[repeaters] > 0).sum() >= 2:
                out.append((purchases._refit(scaled, rows.weigh(drawn)), spend._refit(spent, drawn[repeaters])))
    return out


def group_draws(
    model, summary: pd.DataFrame, terms, horizons, parameters, rng: np.random.Generator, *, code=None, quantiles=None
) -> np.ndarray:
    """Values drawn from the possible futures: sums by group, or quantiles by customer.

    Parameters
    ----------
    model : CustomerValue
    summary : DataFrame
    terms : Terms
        Margin and costs by customer, and the annual rate.
    horizons : list of float or None
        Years ahead, ascending; None for the whole life.
    parameters : list
        From `refits`.
    rng : numpy Generator
    code : ndarray of int, optional
        Group of every customer; then the result is (rounds, horizons, groups).
    quantiles : list of float, optional
        Without `code`: the result is (quantiles, customers), at the last horizon.
    """
    purchases = model.purchases_
    frequency, recency, age = read_summary(summary, purchases.unit_)
    value = summary["monetary_value"].to_numpy("float64")
    delta, _ = purchases._clock(terms.annual_rate, horizons[-1])
    ends = np.array([purchases._clock(terms.annual_rate, h)[1] for h in horizons])
    year = DAYS[purchases.unit_] / DAYS_PER_YEAR
    columns = [frequency, recency, age, value, terms.margin, terms.order_cost, terms.holding_cost * year]
    known = purchases._design(summary)
    columns += [] if known is None else [*known.T]
    if code is not None:
        columns.append(code.astype(float))
    table, same = np.column_stack(columns), np.arange(len(summary))
    if code is None:  # customers who are the same in everything have the same interval
        table, same = np.unique(table, axis=0, return_inverse=True)
    else:  # the draws follow what customers are, not where they stand
        table = table[np.lexsort(table.T)]
    lives = 1 if code is not None else _FUTURES
    out = np.zeros((len(parameters), len(ends), code.max() + 1)) if code is not None else np.empty((len(quantiles), len(table)))
    for start in range(0, len(table), _CHUNK):
        x, last, now, mean, *money = table[start : start + _CHUNK].T
        covariates = None if known is None else np.column_stack(money[3 : 3 + known.shape[1]])
        rows = compress(x, last, now, covariates)
        chunk = np.empty((len(parameters) * lives, len(ends), len(x)))
        for i, (life, spend) in enumerate(parameters):
            life = purchases._by_row(life, rows)
            alive = purchases._alive(life, rows)
            for j in range(i * lives, (i + 1) * lives):
                future = purchases._draw(rng, life, rows, alive)
                shape, scale = model.spend_._draw(rng, spend, x, mean)
                chunk[j] = _play(rng, future, shape, scale, money[:3], delta, ends)
        if code is None:
            out[:, start : start + _CHUNK] = np.quantile(chunk[:, -1], quantiles, axis=0)
        else:
            groups = money[-1].astype(int)
            for i in range(len(parameters)):
                for k in range(len(ends)):
                    out[i, k] += np.bincount(groups, chunk[i, k], minlength=out.shape[2])
    return out[:, same] if code is None else out


def _neighbours(optimum: Optimum, axes: Axes, customers: float, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Log-parameters drawn around an optimum; an axis held at its end stays there, as does one along which the likelihood is flat (the
    shape of drop-out rates that are next to nothing), and no draw leaves the model."""
    free = (optimum.ends == 0) & (np.diag(optimum.hessian) * customers > _FLAT)
    information = optimum.hessian[np.ix_(free, free)] * customers
    if not (np.isfinite(information).all() and (np.linalg.eigvalsh(information) > 0).all()):
        raise ValueError("the likelihood has no clear highest point, so its curvature says nothing; use method='bootstrap'.")
    places = np.tile(optimum.place, (n, 1))
    places[:, free] += rng.standard_normal((n, free.sum())) @ np.linalg.inv(np.linalg.cholesky(information))
    places = np.clip(places, np.where(axes.shape, _ALIKE, -_FAR), _FAR)
    return [_log_parameters(place, axes) for place in places]


def _play(rng: np.random.Generator, future, shape: float, scale: np.ndarray, money, delta: float, ends: np.ndarray) -> np.ndarray:
    """Discounted value up to every horizon (horizons, customers) of one future."""
    margin, order_cost, holding_cost = money
    n, stop = len(scale), min(ends[-1], _DRAWN / delta if delta else np.inf)
    worth_of = _occasions_worth if future.occasions else annuity
    if future.occasions:
        ends, stop = ends + 1e-9, np.floor(stop + 1e-9)
    time = np.minimum(future.lifetime, stop)
    owner, when = (_at_occasions if future.occasions else _at_any_time)(rng, future.rate, time)
    parting = np.flatnonzero(future.last & (future.lifetime <= stop))
    owner, when = np.concatenate([owner, parting]), np.concatenate([when, future.lifetime[parting]])
    worth = np.exp(-delta * when) * (margin[owner] * scale[owner] * rng.gamma(shape, size=len(owner)) - order_cost[owner])
    first = np.searchsorted(ends, when)
    total = (
        np.bincount(first * n + owner, worth, minlength=len(ends) * n)[: len(ends) * n].reshape(len(ends), n).cumsum(axis=0, dtype=float)
    )
    later = future.rate * (margin * shape * scale - order_cost)
    for k, end in enumerate(ends):
        alive = worth_of(delta, np.minimum(future.lifetime, end))
        total[k] -= holding_cost * alive
        if end > stop:
            total[k] += later * (alive - worth_of(delta, time))
    return total


def _at_any_time(rng: np.random.Generator, rate: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who buys, and when."""
    owner = np.repeat(np.arange(len(rate)), rng.poisson(rate * time))
    return owner, rng.random(len(owner)) * time[owner]


def _at_occasions(rng: np.random.Generator, chance: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who buys, and at which of the occasions that come while the customer is here."""
    counts = time.astype(np.intp)
    owner = np.repeat(np.arange(len(chance)), counts)
    when = np.arange(1, len(owner) + 1) - np.repeat(np.cumsum(counts) - counts, counts)
    bought = rng.random(len(owner)) < chance[owner]
    return owner[bought], when[bought].astype(float)


def _occasions_worth(rate: float, time):
    """Worth today of 1 at the end of each whole unit of time, for so long a time."""
    whole = np.floor(time)
    return annuity(rate, whole) * (rate / np.expm1(rate) if rate else 1.0)
