"""Do the customers won later stay longer and bring more than those won before?

A cohort is the customers of one calendar period of first purchase; the table follows each through its age in periods. Counted in the
engine.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.lifetime.history import last_date, read_lines
from custprof.lifetime.periods import is_by_period, profit_by_period
from custprof.study.engine import PERIODS, collect, customer_key, money

__all__ = ["cohorts"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_FINE = 4


def cohorts(transactions, *, period: str = "quarter", value: str = "revenue") -> pd.DataFrame:
    """Retention and value of each cohort by age.

    Parameters
    ----------
    transactions : frame
        As in `summarize`; lines without a customer are left out. Or the profit and loss by customer and period, which knows the cost to
        serve: then its periods count (leave out a last one that is not over), and what a customer cost before it first bought counts in
        the period of that.
    period : {"quarter", "month", "year"}
        Calendar periods, of the cohorts and of the ages, where lines are given.
    value : str
        Column to add up (``"profit"`` of a profit and loss), or ``"margin"`` of lines as in `summarize`; returns count.

    Returns
    -------
    DataFrame
        ``cohort`` ("2024-Q1", by first line above zero), ``age`` (periods since, 0 the cohort's own), ``customers`` (in the cohort),
        ``active`` (with a line above zero in the period), ``retention`` (active / customers), ``value`` (of the period, currency units),
        ``cumulative_value`` (per customer of the cohort, not discounted), ``complete`` (False where the data end within the period).

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "b"], "revenue": [10.0, 30.0, 20.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-06-30", "2024-03-01"])})
    >>> cohorts(lines)[["cohort", "age", "customers", "active", "retention", "cumulative_value"]]
        cohort  age  customers  active  retention  cumulative_value
    0  2024-Q1    0          2       2        1.0              15.0
    1  2024-Q1    1          2       1        0.5              30.0
    """
    if is_by_period(transactions):
        table, newest, per_year = profit_by_period(transactions, value)
        table = table.assign(number=table["cohort"] + table["age"], value=(table["value"] * 10**_FINE).round().astype("int64"))
        facts = table.groupby(["cohort", "number"], as_index=False)[["value", "bought"]].sum()
        sizes = table.groupby("cohort")["customer_id"].nunique()
        return _triangle(facts, sizes, newest, True, {1: "year", 4: "quarter", 12: "month"}[per_year])
    if period not in PERIODS:
        raise ValueError(f"period is {period!r}; choose one of {', '.join(PERIODS)}.")
    frame, worth, size = read_lines(transactions, value)
    month = nw.col("date").dt.year().cast(nw.Int64) * 12 + nw.col("date").dt.month().cast(nw.Int64) - 1
    lines = (
        frame.select(
            customer_key(), (month // _MONTHS[period]).alias("number"), worth.alias("value"), (size > 0).cast(nw.Int64).alias("bought")
        )
        .with_columns(money("value", _FINE))
        .group_by("customer_id", "number")
        .agg(nw.col("value").sum(), nw.col("bought").max())
    )
    first = lines.filter(nw.col("bought") == 1).group_by("customer_id").agg(nw.col("number").min().alias("cohort"))
    facts = collect(
        lines.join(first, on="customer_id", how="inner").group_by("cohort", "number").agg(nw.col("value").sum(), nw.col("bought").sum())
    )
    if facts.empty:
        raise ValueError("no line above zero of a known customer is left; check revenue and customer_id.")
    sizes = collect(first.with_columns(nw.lit(1).alias("customers")).group_by("cohort").agg(nw.col("customers").sum()))
    last = pd.Timestamp.fromordinal(last_date(transactions))
    months = _MONTHS[period]
    finished = last == last + pd.offsets.MonthEnd(0) and last.month % months == 0
    newest = (last.year * 12 + last.month - 1) // months
    return _triangle(facts, sizes.set_index("cohort")["customers"].sort_index(), newest, finished, period)


def _triangle(facts: pd.DataFrame, sizes: pd.Series, newest: int, finished: bool, period: str) -> pd.DataFrame:
    cells = pd.MultiIndex.from_tuples([(c, n) for c in sizes.index for n in range(c, newest + 1)], names=["cohort", "number"])
    facts = facts[facts["number"] >= facts["cohort"]].set_index(["cohort", "number"]).reindex(cells, fill_value=0).reset_index()
    customers = sizes.loc[facts["cohort"]].to_numpy("int64")
    value = facts["value"].to_numpy("int64")
    gathered = facts.groupby("cohort")["value"].cumsum().to_numpy("int64")
    return pd.DataFrame(
        {
            "cohort": [_label(number, period) for number in facts["cohort"]],
            "age": (facts["number"] - facts["cohort"]).to_numpy("int64"),
            "customers": customers,
            "active": facts["bought"].to_numpy("int64"),
            "retention": facts["bought"].to_numpy("float64") / customers,
            "value": value / 10**_FINE,
            "cumulative_value": gathered / 10**_FINE / customers,
            "complete": np.asarray((facts["number"] < newest) | finished, dtype=bool),
        }
    )


def _label(number: int, period: str) -> str:
    if period == "year":
        return str(number)
    if period == "quarter":
        return f"{number // 4}-Q{number % 4 + 1}"
    return f"{number // 12}-{number % 12 + 1:02d}"
