"""Which expressions does the row-level work share, whatever engine runs it?

Everything that scans lines or events is written once with Narwhals and runs on DuckDB (the embedded default), Spark, Polars or pandas.
Money is summed as whole minor units (cents), so that every engine gives the same cents whatever the order of the rows.
"""

from __future__ import annotations

import warnings
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study.progress import watched

__all__ = [
    "ENGINES",
    "PERIODS",
    "UNKNOWN_CUSTOMER",
    "Stream",
    "collect",
    "customer_key",
    "day_number",
    "lazy",
    "money",
    "nearest",
    "period_label",
]

#: Engines that a study's rows may be worked on with.
ENGINES = ("duckdb", "spark", "polars", "pandas")

#: The residual row of amounts that belong to nobody known.
UNKNOWN_CUSTOMER = "(unknown customer)"
#: Lengths of a period that a study may choose.
PERIODS = ("year", "quarter", "month")


def lazy(frame) -> nw.LazyFrame:
    """Any frame Narwhals knows (DuckDB relation, Spark, Polars, pandas, Ibis), as a Narwhals LazyFrame.

    Examples
    --------
    >>> lazy(pd.DataFrame({"customer_id": ["a"]})).collect_schema().names()
    ['customer_id']
    """
    return nw.from_native(frame).lazy()


def collect(frame: nw.LazyFrame) -> pd.DataFrame:
    """The rows of a lazy frame as a pandas DataFrame, of the same types from every engine; keep it to one row per customer, activity or
    period.
    """
    kind = frame.implementation
    with watched(None, "adding up rows"), warnings.catch_warnings():
        if kind.is_spark_like():
            # pyspark warns of every new pandas at every call; what it is asked here is tested
            warnings.simplefilter("ignore")
        rows = frame.collect(backend="polars" if kind.is_polars() else "pandas").to_native()
    if kind.is_duckdb() or kind.is_pandas():
        return rows.reset_index(drop=True)
    with duckdb.connect(config={"pandas_analyze_sample": 10**9}) as con:
        con.register("rows", Stream(rows) if kind.is_polars() else rows)
        done = con.sql("select * from rows").df()
    # polars counts in unsigned numbers
    return done.astype(dict.fromkeys(done.select_dtypes("unsignedinteger"), "int64"))


class Stream:
    """A frame that hands its rows on as Arrow, without pyarrow."""

    def __init__(self, frame: Any):
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows, as the Arrow PyCapsule interface wants them."""
        return self._frame.__arrow_c_stream__(requested_schema)


def nearest(value: nw.Expr) -> nw.Expr:
    """The nearest whole number (Int64), halves away from zero: left to themselves some engines round them to even.

    Examples
    --------
    >>> halves = lazy(pd.DataFrame({"x": [0.5, 2.5, -0.5, 1.4]}))
    >>> collect(halves.select(nearest(nw.col("x"))))["x"].tolist()
    [1, 3, -1, 1]
    """
    return nw.when(value < 0).then((value - 0.5).ceil()).otherwise((value + 0.5).floor()).cast(nw.Int64)


def money(column: str, decimals: int = 2) -> nw.Expr:
    """A money column as whole minor units (Int64); a missing amount counts as zero.

    Examples
    --------
    >>> lines = lazy(pd.DataFrame({"revenue": [0.1, 0.2, None]}))
    >>> collect(lines.select(money("revenue")))["revenue"].tolist()
    [10, 20, 0]
    """
    return nearest(nw.col(column).cast(nw.Float64).fill_null(0.0) * 10**decimals)


def customer_key(column: str = "customer_id") -> nw.Expr:
    """The customer's id, or the residual row's name where there is none: nothing is lost to an inner join."""
    return nw.col(column).cast(nw.String).fill_null(UNKNOWN_CUSTOMER).alias("customer_id")


def day_number(column: str) -> nw.Expr:
    """Days since 0001-01-01, as datetime.date.toordinal counts them (SQL engines disagree on date differences).

    Examples
    --------
    >>> from datetime import date
    >>> days = lazy(pd.DataFrame({"date": pd.to_datetime(["2024-02-29"])})).select(day_number("date"))
    >>> int(collect(days)["date"][0]) == date(2024, 2, 29).toordinal()
    True
    """
    before = nw.col(column).dt.year() - 1
    return (365 * before + before // 4 - before // 100 + before // 400 + nw.col(column).dt.ordinal_day()).alias(column)


def period_label(column: str, period: str = "year", fiscal_start: int = 1) -> nw.Expr:
    """The period of a date: "2024", "2024-Q1" or "2024-03".

    A fiscal year that starts in another month than January carries the calendar year in which it ends.

    Examples
    --------
    >>> dates = lazy(pd.DataFrame({"date": pd.to_datetime(["2023-03-31", "2023-04-01"])}))
    >>> collect(dates.select(period_label("date", fiscal_start=4)))["date"].tolist()
    ['2023', '2024']
    >>> collect(dates.select(period_label("date", "quarter")))["date"].tolist()
    ['2023-Q1', '2023-Q2']
    """
    if period not in PERIODS:
        raise ValueError(f"period is {period!r}; choose one of {', '.join(PERIODS)}.")
    year, month = nw.col(column).dt.year().cast(nw.Int64), nw.col(column).dt.month().cast(nw.Int64)
    if period == "month":
        return nw.concat_str(year.cast(nw.String), month.cast(nw.String).str.zfill(2), separator="-").alias(column)
    if fiscal_start > 1:
        year = year + (month >= fiscal_start).cast(nw.Int64)
        month = (month - fiscal_start + 12) % 12 + 1
    if period == "year":
        return year.cast(nw.String)
    return nw.concat_str(year.cast(nw.String), ((month - 1) // 3 + 1).cast(nw.String), separator="-Q").alias(column)
