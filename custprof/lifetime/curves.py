"""How does what a customer will bring add up with the years, when is its cost earned back, and how long does it stay?

`value_curve` looks ahead: expected cumulative value per customer by horizon, from a fitted `CustomerValue`. It has a band and the same
columns as `value_history` looking back, so one figure draws either, and `break_even` reads from either when a cost of acquisition is earned
back. `retention_curve` says how long customers stay.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from custprof.costing.kinds import check_frame, check_number, check_share
from custprof.lifetime.checks import check_summary
from custprof.lifetime.futures import group_draws, possible_parameters
from custprof.lifetime.pricing import check_level, group_labels
from custprof.lifetime.value import CustomerValue

__all__ = ["break_even", "retention_curve", "value_curve"]


def value_curve(
    model: CustomerValue,
    summary: pd.DataFrame,
    *,
    horizons=(1, 2, 3, 4, 5),
    groups=None,
    level: float = 0.9,
    method: str = "bootstrap",
    n_boot: int = 200,
    random_state=0,
    **terms,
) -> pd.DataFrame:
    """Expected cumulative discounted value per customer, by horizon and group, with a band.

    Parameters
    ----------
    model : CustomerValue
        Fitted.
    summary : DataFrame
        The customers, as `summarize` gives them.
    horizons : sequence of float
        Years ahead.
    groups : Series by customer, optional
        Segment, channel, ...; one group "total" when None.
    level, method, n_boot, random_state
        As in `CustomerValue.interval`: the band covers parameters and chance, for the mean of the group.
    **terms
        margin, cost_per_order, cost_per_period and annual_rate, as in `CustomerValue.predict`.

    Returns
    -------
    DataFrame
        ``group``, ``horizon`` (years, starting with 0), ``customers``, ``value`` (mean per customer, currency units), ``low``, ``high``.

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import summarize
    >>> summary = summarize(load_cdnow(), end="1997-09-30")
    >>> curve = value_curve(CustomerValue().fit(summary), summary, horizons=[1, 5], n_boot=20, margin=0.3)
    >>> curve["horizon"].tolist(), bool(curve["value"].is_monotonic_increasing)
    ([0.0, 1.0, 5.0], True)
    """
    check_level(level, n_boot)
    given = np.atleast_1d(np.asarray(horizons))
    years = np.unique(given.astype(float)) if given.dtype.kind in "iuf" else given[:0]
    if len(years) == 0 or not (np.isfinite(years).all() and years[0] > 0):
        raise ValueError(f"horizons are {horizons!r}; give finite years ahead, each greater than 0.")
    unknown = set(terms) - {"margin", "cost_per_order", "cost_per_period", "annual_rate"}
    if unknown:
        raise TypeError(f"value_curve does not know {sorted(unknown)}; its terms are margin, cost_per_order, cost_per_period, annual_rate.")
    labels = group_labels("total" if groups is None else groups, summary.index).to_numpy()
    names, code, customers = np.unique(labels, return_inverse=True, return_counts=True)
    given = {"margin": None, "cost_per_order": 0.0, "cost_per_period": 0.0, "annual_rate": 0.10} | terms
    rng = np.random.default_rng(random_state)
    priced = model._terms(summary, *given.values())
    draws = group_draws(model, summary, priced, list(years), possible_parameters(model, method, n_boot, rng), rng, code=code) / customers
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    frames = []
    for k, year in enumerate(years):
        value = np.bincount(code, model.predict(summary, horizon=year, **given)["value"].to_numpy()) / customers
        frames.append(
            pd.DataFrame({"group": names, "horizon": year, "customers": customers, "value": value, "low": low[k], "high": high[k]})
        )
    start = pd.DataFrame({"group": names, "horizon": 0.0, "customers": customers, "value": 0.0, "low": 0.0, "high": 0.0})
    return pd.concat([start, *frames]).sort_values(["group", "horizon"], kind="stable", ignore_index=True)


def break_even(curve: pd.DataFrame, *, cost) -> pd.DataFrame:
    """The age at which a customer has earned back what it cost, from a curve of `value_curve` or `value_history`.

    Parameters
    ----------
    curve : DataFrame
        Columns group, horizon, value, low, high.
    cost : float or Series by group
        Cost per customer to be earned back (acquisition), currency units, positive.

    Returns
    -------
    DataFrame
        By group: ``cost``, ``years`` (where the mean first reaches the cost, interpolated between the points), ``earliest`` and ``latest``
        (the same for the high and the low end of the band); missing where the curve does not get there.

    Examples
    --------
    >>> curve = pd.DataFrame({"group": "all", "horizon": [0.0, 1, 2], "value": [0.0, 40, 60], "low": [0.0, 20, 30], "high": [0.0, 60, 90]})
    >>> break_even(curve, cost=50.0)
           cost  years  earliest  latest
    group
    all    50.0    1.5  0.833333     NaN
    """
    check_frame(curve, "curve", needs=["group", "horizon", "value", "low", "high"], say="make it with value_curve or value_history")
    if not isinstance(cost, pd.Series):
        check_number(cost, "cost", say="give an amount per customer, or a Series of amounts by group")
    rows = {}
    for group, part in curve.groupby("group", sort=True):
        wanted = float(cost.get(group, np.nan)) if isinstance(cost, pd.Series) else float(cost)
        if not wanted >= 0:
            raise ValueError(f"cost of group {group!r} is {wanted!r}; give an amount per customer that is not negative.")
        ages = part["horizon"].to_numpy()
        rows[group] = [wanted, *(_crossing(ages, part[column].to_numpy(), wanted) for column in ("value", "high", "low"))]
    out = pd.DataFrame.from_dict(rows, orient="index", columns=["cost", "years", "earliest", "latest"])
    return out.rename_axis("group")


def retention_curve(summary: pd.DataFrame, *, inactive_after: float, groups=None, level: float = 0.95) -> pd.DataFrame:
    """Share of customers still active, by age: Kaplan-Meier.

    A customer is active from its first purchase until `inactive_after` units of time after its last one. Whoever bought longer ago than
    that has become inactive at that age; all others are active still and count as long as they were observed. A customer who would come
    back after a longer pause counts as lost if the data end in the pause, so choose `inactive_after` so long that few come back. All
    customers who bought once and no more are lost at that very age, `inactive_after`, which is the step that the curve takes there.

    Parameters
    ----------
    summary : DataFrame
        As `summarize` gives it.
    inactive_after : float
        Units of the summary (weeks, say), greater than 0.
    groups : Series by customer, optional
        One group "total" when None.
    level : float
        Of the interval: log-log transformed Greenwood, pointwise.

    Returns
    -------
    DataFrame
        ``group``, ``age`` (units of the summary, starting with 0), ``at_risk`` (active and observed just before), ``lost`` (at this age),
        ``retention``, ``low``, ``high`` (shares). Where customers are observed beyond the last loss, the last row is the oldest age of any,
        at which nobody was lost.

    References
    ----------
    Kaplan & Meier (1958), JASA 53; Kalbfleisch & Prentice (2002), "The statistical analysis of failure time data", section 1.4.

    Examples
    --------
    >>> summary = pd.DataFrame({"frequency": [0, 1, 0, 1], "recency": [0.0, 2, 0, 9], "T": [10.0, 10, 2, 10]}, index=list("abcd"))
    >>> retention_curve(summary, inactive_after=3)[["age", "at_risk", "lost", "retention"]]
       age  at_risk  lost  retention
    0  0.0        4     0   1.000000
    1  3.0        3     1   0.666667
    2  5.0        2     1   0.333333
    3  10.0        1     0   0.333333
    """
    check_summary(summary)
    check_number(inactive_after, "inactive_after", above=0, say="give the pause, in the summary's unit, after which a customer is lost")
    check_share(level, "level")
    recency, age = summary["recency"].to_numpy("float64"), summary["T"].to_numpy("float64")
    lost = age - recency > inactive_after
    until = np.where(lost, recency + inactive_after, age)
    labels = group_labels("total" if groups is None else groups, summary.index).to_numpy()
    parts = [_kaplan_meier(until[labels == name], lost[labels == name], level).assign(group=name) for name in np.unique(labels)]
    columns = ["group", "age", "at_risk", "lost", "retention", "low", "high"]
    return pd.concat(parts, ignore_index=True)[columns]


def _kaplan_meier(until: np.ndarray, lost: np.ndarray, level: float) -> pd.DataFrame:
    ages, events = np.unique(until[lost], return_counts=True)
    if until.max() > max(ages.max(initial=0.0), 0.0):  # nobody is lost any more, but some are followed on
        ages, events = np.append(ages, until.max()), np.append(events, 0)
    at_risk = len(until) - np.searchsorted(np.sort(until), ages, side="left")
    retention = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost_share = events / (at_risk * (at_risk - events))
        spread = np.sqrt(np.cumsum(lost_share)) / np.abs(np.log(retention))
        reach = ndtri((1 + level) / 2) * spread
        low, high = retention ** np.exp(reach), retention ** np.exp(-reach)
    known = np.isfinite(spread)  # nothing can be said of the spread once all are lost
    table = {"age": ages, "at_risk": at_risk, "lost": events, "retention": retention}
    table |= {"low": np.where(known, low, np.nan), "high": np.where(known, high, np.nan)}
    start = pd.DataFrame({"age": [0.0], "at_risk": [len(until)], "lost": [0], "retention": [1.0], "low": [1.0], "high": [1.0]})
    return pd.concat([start, pd.DataFrame(table)], ignore_index=True) if len(ages) else start


def _crossing(ages: np.ndarray, values: np.ndarray, wanted: float) -> float:
    reached = np.flatnonzero(values >= wanted)
    if len(reached) == 0:
        return float("nan")
    i = reached[0]
    if i == 0:
        return float(ages[0])
    return float(ages[i - 1] + (ages[i] - ages[i - 1]) * (wanted - values[i - 1]) / (values[i] - values[i - 1]))
