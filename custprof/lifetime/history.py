"""What has every customer done so far, in the few numbers that lifetime models read?

Lines become purchase days (the lines of a customer on one day are one purchase), purchase days become one row per customer: how many
repeat purchases, how old the customer was at the last one, how old it is now, and what a repeat purchase was worth on average. The
counting runs in the engine of the frame (DuckDB, Spark, Polars, pandas); only one row per customer is collected. The summary carries the
rules by which it counted in ``.attrs``: a model refuses customers who were counted by other ones than those it learnt from.
"""

from __future__ import annotations

import datetime as dt
import warnings

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.lifetime.grain import DAYS, last_whole, ordinal, period_number, period_of
from custprof.study.engine import UNKNOWN_CUSTOMER, collect, customer_key, day_number, lazy, money

__all__ = ["DAYS", "FINE", "NoPurchasesError", "last_date", "purchase_days", "read_lines", "read_rules", "step_length", "summarize"]

_LINE_COSTS = ("cost_of_goods", "freight", "commission")
_DATES = 12  # different dates from which a gap before the last one is strange
FINE = 4  #: Decimals kept when money is summed: every study's minor unit fits.


class NoPurchasesError(ValueError):
    """Nothing was sold to a known customer, so there is no history."""


def summarize(
    transactions,
    *,
    unit: str = "W",
    end=None,
    value: str = "revenue",
    grain: str = "D",
    returns: str = "net",
    free: bool = True,
) -> pd.DataFrame:
    """One row per customer: repeat purchases, age at the last one, age now, mean value of a repeat purchase.

    A purchase is a day: lines of a customer on the same day are one purchase worth their sum, however many orders they are. The first
    purchase starts the clock and is in neither ``frequency`` nor ``monetary_value``. What later returns gave back is not in
    ``monetary_value`` either: take it off the margin. Lines without a customer are left out, for nobody's repeat purchases can be counted
    among them.

    Parameters
    ----------
    transactions : frame
        Any frame Narwhals takes (the study's lazy table, pandas, Polars, Spark) with ``customer_id``, ``date`` (a date or timestamp) and
        ``revenue`` or the column named in `value`.
    unit : {"W", "D", "M"}
        Unit of ``recency`` and ``T``: days divided by 7, 1 or 30.4375 ("Q", "Y": 91.3125, 365.25). Nothing is rounded to the unit.
    end : date or str, optional
        Last day observed, inclusive; the last date of all lines when None, with a warning where it stands far from all others. What is
        dated later (orders booked ahead) is left out.
    value : str, default "revenue"
        Column whose mean is ``monetary_value``. ``"margin"``, where there is no such column, is revenue less the ``cost_of_goods``,
        ``freight`` and ``commission`` of the line, as far as they are known (costs positive).
    grain : {"D", "W", "M", "Q", "Y"}
        What is one purchase: all of a day, or all of a calendar week (from Monday), month, quarter or year. By anything but days,
        ``recency`` and ``T`` count whole periods, the grain is their unit, and a last period that is not complete at `end` is left out:
        what `BetaGeoBinomial` reads. The other models need days.
    returns : {"net", "apart"}
        "net": a day with a return (a negative line or ``is_return``) is a purchase only if more was bought than returned, and worth the
        difference. "apart": lines of returns are left out.
    free : bool
        Whether a day on which nothing was paid is a purchase.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id`` (text, sorted): ``frequency`` (repeat purchases, whole), ``recency`` (age at the last purchase, 0 for
        a single purchase), ``T`` (age at `end`), both in `unit`, ``monetary_value`` (currency units; 0 where nothing was repeated).
        ``.attrs`` holds ``unit``, ``end`` (ISO date), ``value``, ``grain``, ``returns`` and ``free``. ``join`` and ``merge`` drop it, and
        nobody can then refuse what was counted otherwise: add columns with ``summary.assign(channel=customers["channel"])``.

    Raises
    ------
    TypeError
        If ``date`` or `end` is not a date, or an amount is not a number.
    ValueError
        If a column, a date or an amount is missing, an amount is infinite, an option is unknown or no purchase is left.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "revenue": [5.0, 20.0, 10.0, 7.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-15", "2024-01-15", "2024-01-08"])})
    >>> summarize(lines, end="2024-01-29")
                 frequency  recency    T  monetary_value
    customer_id
    a                    1      2.0  4.0            30.0
    b                    0      0.0  3.0             0.0
    """
    rules = read_rules(unit, grain, returns, free)
    last_day = last_whole(ordinal(end) if end is not None else last_date(transactions), grain)
    until = period_of(last_day, grain)
    days = purchase_days(transactions, value, grain=grain, returns=returns, free=free).filter(nw.col("day") <= until)
    length = step_length(rules)
    first = days.group_by("customer_id").agg(nw.col("day").min().alias("first_day"))
    repeat = (nw.col("day") > nw.col("first_day")).cast(nw.Int64)
    facts = collect(
        days.join(first, on="customer_id", how="left")
        .with_columns((nw.col("value") * repeat).alias("repeat_value"), nw.col("day").alias("last_day"), nw.lit(1).alias("purchases"))
        .group_by("customer_id")
        .agg(nw.col("first_day").min(), nw.col("last_day").max(), nw.col("purchases").sum(), nw.col("repeat_value").sum())
    )
    if facts.empty:
        raise NoPurchasesError(
            f"no purchase of a known customer is left up to {dt.date.fromordinal(last_day)}; check the dates and customer_id."
        )
    facts = facts.set_index("customer_id").sort_index()
    frequency = facts["purchases"].to_numpy("int64") - 1
    value_sum = facts["repeat_value"].to_numpy("float64") / 10**FINE
    summary = pd.DataFrame(
        {
            "frequency": frequency,
            "recency": (facts["last_day"] - facts["first_day"]).to_numpy("float64") / length,
            "T": (until - facts["first_day"]).to_numpy("float64") / length,
            "monetary_value": np.divide(value_sum, frequency, out=np.zeros(len(facts)), where=frequency > 0),
        },
        index=pd.Index(facts.index.astype("str"), name="customer_id"),
    )
    summary.attrs = {**rules, "end": dt.date.fromordinal(last_day).isoformat(), "value": value}
    return summary


def read_lines(transactions, value: str) -> tuple[nw.LazyFrame, nw.Expr, nw.Expr]:
    """The lines that have a customer, what each is worth by `value`, and its size (revenue, where there is any); none lacks date or amount.

    Raises
    ------
    TypeError
        If a date is no date, or an amount no number.
    ValueError
        If a column, a date or an amount is missing, or an amount is infinite. Costs of a line may be missing where others are known.
    """
    frame, schema = _dated(transactions)
    columns, worth = _worth(schema, value)
    size = nw.col("revenue").cast(nw.Float64).fill_null(0.0) if "revenue" in schema else worth
    for column in dict.fromkeys([*columns, *(["revenue"] if "revenue" in schema else [])]):
        if not schema[column].is_numeric():
            raise TypeError(f"{column} is of type {schema[column]}, not a number; parse it first, for instance with pandas.to_numeric.")
    amounts = [name for name in columns if name not in _LINE_COSTS or name == value] + ["revenue"] * ("revenue" in schema)
    wrong = {"date": (nw.col("date").is_null(), "missing")}
    for name in dict.fromkeys(amounts):
        amount = nw.col(name).cast(nw.Float64)
        wrong[name] = (nw.col(name).is_null() | ~amount.is_finite(), "missing or infinite")
    for name in [name for name in columns if name not in wrong]:
        wrong[name] = (nw.col(name).cast(nw.Float64).fill_null(0.0).is_in([np.inf, -np.inf]), "infinite")
    sums = [found.cast(nw.Int64).sum().alias(name) for name, (found, _) in wrong.items()]
    count = collect(frame.select(*sums, nw.len().alias("lines"))).fillna(0).iloc[0].astype("int64")
    for name, (found, how) in wrong.items():
        if count[name]:
            first = collect(frame.filter(found).select(customer_key()).unique().sort("customer_id").head(3))["customer_id"].tolist()
            raise ValueError(f"{name} is {how} for {count[name]} of {count['lines']} lines, first of {first}; drop or fill them.")
    return frame.filter(~nw.col("customer_id").is_null() & (nw.col("customer_id").cast(nw.String) != UNKNOWN_CUSTOMER)), worth, size


def last_date(transactions) -> int:
    """The last date of all lines, as an ordinal; with a warning where it stands far from the one before: all would look gone since."""
    frame, _ = _dated(transactions)
    dates = np.sort(collect(frame.filter(~nw.col("date").is_null()).select(day_number("date")).unique())["date"].to_numpy("int64"))
    if not len(dates):
        raise NoPurchasesError("transactions hold no dated line.")
    if len(dates) > _DATES and dates[-1] - dates[-2] > (dates[-1] - dates[0]) / 4:
        last, before = (dt.date.fromordinal(int(day)) for day in dates[[-1, -2]])
        warnings.warn(
            f"the last date is {last}, {(last - before).days:,} days after the one before, {before}: if it is wrong, everybody looks gone "
            f"since; correct it, or give end='{before}'.",
            stacklevel=3,
        )
    return int(dates[-1])


def purchase_days(transactions, value: str, *, grain: str = "D", returns: str = "net", free: bool = True) -> nw.LazyFrame:
    """One row per customer and purchase day: customer_id, day (ordinal, or the number of the period), value (whole 1/10,000)."""
    frame, worth, size = read_lines(transactions, value)
    returned = size < 0
    if "is_return" in frame.collect_schema():
        returned = returned | nw.col("is_return").fill_null(False)
    if returns == "apart":
        frame, returned = frame.filter(~returned), nw.lit(False)
    enough = nw.col("size") > 0
    return (
        frame.select(
            customer_key(),
            period_number("date", grain).cast(nw.Int64).alias("day"),
            worth.alias("value"),
            size.alias("size"),
            returned.cast(nw.Int64).alias("returned"),
        )
        .with_columns(money("value", FINE), money("size", FINE))
        .group_by("customer_id", "day")
        .agg(nw.col("value").sum(), nw.col("size").sum(), nw.col("returned").max())
        .filter(enough | (nw.col("returned") == 0) if free else enough)
    )


def read_rules(unit: str, grain: str, returns: str, free: bool) -> dict:
    """What a summary carries of how it counted, its options checked."""
    if unit not in DAYS:
        raise ValueError(f"unit is {unit!r}; choose one of {', '.join(DAYS)} (days, weeks, months, quarters, years).")
    if grain not in DAYS:
        raise ValueError(f"grain is {grain!r}; choose one of {', '.join(DAYS)}: what is bought in one is one purchase.")
    if returns not in ("net", "apart"):
        raise ValueError(f"returns is {returns!r}; choose 'net' (against the purchases of the day) or 'apart' (left out).")
    return {"unit": unit if grain == "D" else grain, "grain": grain, "returns": returns, "free": bool(free)}


def step_length(rules: dict) -> float:
    """Days, or whole periods, in one unit of the ages of a summary."""
    return DAYS[rules["unit"]] if rules["grain"] == "D" else 1.0


def _dated(transactions) -> tuple[nw.LazyFrame, nw.Schema]:
    frame = lazy(transactions)
    schema = frame.collect_schema()
    lacking = [c for c in ("customer_id", "date") if c not in schema]
    if lacking:
        raise ValueError(f"transactions lack {', '.join(lacking)}; their columns are {', '.join(schema)}.")
    if schema["date"] not in (nw.Date, nw.Datetime):
        raise TypeError(f"date is of type {schema['date']}, not a date; parse it first, for instance with pandas.to_datetime.")
    return frame, schema


def _worth(schema: nw.Schema, value: str) -> tuple[list[str], nw.Expr]:
    """The columns and the row-wise expression of a value: one column, or revenue less the line's own costs for "margin"."""
    if value in schema:
        return [value], nw.col(value).cast(nw.Float64).fill_null(0.0)
    if value != "margin" or "revenue" not in schema or "cost_of_goods" not in schema:
        wanted = "revenue and cost_of_goods (for the margin)" if value == "margin" else repr(value)
        raise ValueError(f"transactions lack {wanted}; their columns are {', '.join(schema)}.")
    costs = [c for c in _LINE_COSTS if c in schema]
    expression = nw.col("revenue").cast(nw.Float64).fill_null(0.0)
    for cost in costs:
        expression = expression - nw.col(cost).cast(nw.Float64).fill_null(0.0)
    return ["revenue", *costs], expression
