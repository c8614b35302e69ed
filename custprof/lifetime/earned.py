"""What has a customer brought by its age so far?

Mean cumulative discounted value per customer, from the lines themselves or, after the cost to serve, from the profit and loss by period;
with a band and in the columns of `value_curve`, which looks ahead.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.lifetime.discount import DAYS_PER_YEAR, check_rate
from custprof.lifetime.grain import ordinal
from custprof.lifetime.history import last_date, read_lines
from custprof.lifetime.periods import is_by_period, profit_by_period
from custprof.lifetime.pricing import check_level, group_labels
from custprof.study.engine import collect, customer_key, day_number, money

__all__ = ["value_history"]

#: Days in one step of age, as a fraction: a month is 487/16 = 30.4375 days.
_AGES = {"month": (487, 16), "quarter": (1461, 16), "year": (1461, 4)}
_FINE = 4


def value_history(
    transactions,
    *,
    value: str = "revenue",
    step: str = "month",
    groups=None,
    end=None,
    annual_rate: float = 0.10,
    level: float = 0.9,
    n_boot: int = 200,
    random_state=0,
) -> pd.DataFrame:
    """Mean cumulative discounted value per customer so far, by age and group, with a bootstrap band.

    Customers are of different age, so each step of age is averaged over the customers observed through the whole of it, and the steps are
    added up: late acquisitions neither pull the curve down nor drop out of its beginning. All lines count, returns too, discounted from the
    middle of the step to the first line of the customer.

    Parameters
    ----------
    transactions : frame
        As in `summarize`; or the profit and loss by customer and period, which knows the cost to serve: then a step of age is its period,
        counted from the one in which the customer first bought, and `step` and `end` say nothing. Leave out a last period that is not over.
    value : str
        Column to add up (``"profit"`` of a profit and loss), or ``"margin"`` of lines as in `summarize`.
    step : {"month", "quarter", "year"}
        Step of age: 30.4375, 91.3125 or 365.25 days.
    groups : Series by customer, optional
        One group "total" when None. Customers it does not name are refused.
    end : date or str, optional
        Last day observed.
    annual_rate : float
        Discount a year, compounded: 0.10 for 10 %.
    level, n_boot, random_state
        The band: customers drawn again with replacement.

    Returns
    -------
    DataFrame
        ``group``, ``horizon`` (age in years, starting with 0), ``customers`` (observed through the step), ``value`` (mean per customer,
        currency units), ``low``, ``high``.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "revenue": [10.0, 30.0, 20.0],
    ...     "date": pd.to_datetime(["2023-01-01", "2024-06-01", "2023-12-01"])})
    >>> value_history(lines, step="year", end="2025-01-05", annual_rate=0.0)[["horizon", "customers", "value"]]
       horizon  customers  value
    0      0.0          2    0.0
    1      1.0          2   15.0
    2      2.0          1   45.0
    """
    check_level(level, n_boot)
    if step not in _AGES:
        raise ValueError(f"step is {step!r}; choose one of {', '.join(_AGES)}.")
    check_rate(annual_rate)
    if is_by_period(transactions):
        facts, last, per_year = profit_by_period(transactions, value)
        first = facts.groupby("customer_id")["cohort"].first()
        observed, years, unit = last + 1 - first.to_numpy(), 1 / per_year, 1
    else:
        days, parts = _AGES[step]
        last_day = ordinal(end) if end is not None else last_date(transactions)
        facts, first = _by_age(transactions, value, last_day, days, parts)
        observed, years, unit = (last_day + 1 - first.to_numpy()) * parts // days, days / parts / DAYS_PER_YEAR, 10**_FINE  # whole steps
    steps = int(observed.max())
    if steps == 0:
        raise ValueError(f"no customer has been observed for a {step}; choose a shorter step.")
    labels = group_labels("total" if groups is None else groups, first.index).to_numpy()
    names, code = np.unique(labels, return_inverse=True)
    owner = first.index.get_indexer(facts["customer_id"])
    age = facts["age"].to_numpy("int64")
    seen = age < observed[owner]
    owner, age = owner[seen], age[seen]
    worth = facts["value"].to_numpy("float64")[seen] / unit * (1 + annual_rate) ** (-(age + 0.5) * years)
    cell, until = code[owner] * steps + age, code * (steps + 1) + observed

    def curve(weights):
        added = np.bincount(cell, worth * weights[owner], minlength=len(names) * steps).reshape(len(names), steps)
        ends = np.bincount(until, weights, minlength=len(names) * (steps + 1)).reshape(len(names), steps + 1)
        through = ends[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(through > 0, added / through, np.nan).cumsum(axis=1), through

    mean, through = curve(np.ones(len(first)))
    rng = np.random.default_rng(random_state)
    draws = np.stack([curve(rng.poisson(1.0, len(first)).astype(float))[0] for _ in range(n_boot)])
    low, high = _quantiles(draws, level)
    out = pd.DataFrame(
        {
            "group": np.repeat(names, steps),
            "horizon": np.tile(np.arange(1, steps + 1) * years, len(names)),
            "customers": through.astype(int).ravel(),
            "value": mean.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
        }
    )
    members = np.bincount(code)
    start = pd.DataFrame({"group": names, "horizon": 0.0, "customers": members, "value": 0.0, "low": 0.0, "high": 0.0})
    out = pd.concat([start, out[out["customers"] > 0]])
    return out.sort_values(["group", "horizon"], kind="stable", ignore_index=True)


def _by_age(transactions, value: str, last_day: int, days: int, parts: int) -> tuple[pd.DataFrame, pd.Series]:
    """Value by customer and whole step of age (1/10,000 units), and the first day of every customer."""
    frame, worth, _ = read_lines(transactions, value)
    lines = (
        frame.select(customer_key(), day_number("date").cast(nw.Int64).alias("day"), worth.alias("value"))
        .filter(nw.col("day") <= last_day)
        .with_columns(money("value", _FINE))
    )
    first = lines.group_by("customer_id").agg(nw.col("day").min().alias("first_day"))
    age = (nw.col("day") - nw.col("first_day")) * parts // days
    aged = lines.join(first, on="customer_id", how="left").with_columns(age.alias("age"))
    facts = collect(aged.group_by("customer_id", "age").agg(nw.col("value").sum())).sort_values(["customer_id", "age"], ignore_index=True)
    firsts = collect(first).set_index("customer_id")["first_day"].sort_index()
    if firsts.empty:
        raise ValueError("no line of a known customer is left; check the dates and customer_id.")
    return facts, firsts.astype("int64")


def _quantiles(draws: np.ndarray, level: float) -> np.ndarray:
    missing = np.isnan(draws).all(axis=0)
    out = np.nanquantile(np.where(missing, 0.0, draws), [(1 - level) / 2, (1 + level) / 2], axis=0)
    out[:, missing] = np.nan
    return out
