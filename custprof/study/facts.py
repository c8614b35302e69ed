"""What has every customer bought, returned and paid, by line and by invoice?

One scan of the invoice lines and one of the invoices, written once with Narwhals for every engine. Money is summed as whole minor units,
so the ladder list revenue - discounts = invoice revenue, invoice revenue - returns = net revenue holds to the cent for every customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study.engine import collect, customer_key, day_number, lazy, money, nearest, period_label
from custprof.study.gathering import collect_by

__all__ = ["customer_facts", "is_return", "monthly_revenue", "study_facts"]

_COUNTS = ("lines", "orders", "returns_lines")
_COSTS = ("cost_of_goods", "freight", "commission")
_ORDER = (
    *_COUNTS,
    "first_order",
    "last_order",
    *("list_revenue", "discounts", "invoice_revenue", "returns", "net_revenue"),
    *_COSTS,
    "credit_cost",
    "bad_debt",
)


def customer_facts(
    transactions,
    invoices=None,
    *,
    by: str | None = None,
    period: str = "year",
    fiscal_start: int = 1,
    decimals: int = 2,
    credit: Mapping[str, float] | None = None,
    end: Any = None,
) -> pd.DataFrame:
    """Facts of every customer (and period) from invoice lines and invoices.

    Parameters
    ----------
    transactions : frame of any engine with customer_id, order_id, date, revenue (net of discount, returns negative), and where known
        list_amount, discount, cost_of_goods, freight, commission (positive costs), is_return
    invoices : frame with customer_id, invoiced_on, due_on, amount, and where known paid_on, amount_paid; without it no cost of credit or
        bad debt
    by : None, or "period" for one row per customer and period
    period, fiscal_start : length of a period (year, quarter, month) and the month in which the fiscal year starts
    decimals : decimals of the minor unit of money
    credit : annual_rate (a fraction) for the cost of credit, write_off_days for bad debt; what is not given is not computed
    end : the study's last day; invoices not paid count as open until then. The default is the last date of the transactions.

    Returns
    -------
    DataFrame indexed by customer_id (with by="period": customer_id, period), sorted; amounts that belong to nobody known are the row
    "(unknown customer)". Columns, those known: lines, orders (with at least one line that is not a return), returns_lines; first_order,
    last_order; list_revenue, discounts, invoice_revenue (lines that are not returns), returns (positive), net_revenue; cost_of_goods,
    freight, commission, credit_cost, bad_debt (positive costs). A line is a return where is_return says so, or where that is unknown and
    its revenue is negative. Credit cost of an invoice is amount x annual_rate x days / 365, from invoiced_on to paid_on (or the end),
    rounded to the minor unit. An invoice that is paid in full (amount_paid) on a day that nobody says (no paid_on) costs none, so that
    credit_cost is then a lower bound; the check counts these. Bad debt is what is unpaid of invoices due more than write_off_days before
    the end. Both belong to the period of invoiced_on.

    Raises
    ------
    ValueError
        Where ``by`` is neither None nor "period".

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["a", "a", None], "order_id": ["1", "2", "3"], "revenue": [90.0, -30.0, 5.0],
    ...     "date": pd.to_datetime(["2024-01-05", "2024-02-01", "2024-03-01"])})
    >>> customer_facts(lines)[["lines", "invoice_revenue", "returns", "net_revenue"]]
                        lines  invoice_revenue  returns  net_revenue
    customer_id
    (unknown customer)      1              5.0      0.0          5.0
    a                       2             90.0     30.0         60.0
    """
    if by not in (None, "period"):
        raise ValueError(f"by is {by!r}; choose None (one row per customer) or 'period'.")
    transactions = lazy(transactions)
    keys = ["customer_id"] if by is None else ["customer_id", "period"]
    facts = collect_by(_line_facts(transactions, by, period, fiscal_start, decimals), keys)
    if invoices is not None and credit:
        last = collect(transactions.select(nw.col("date").max()))["date"].iloc[0] if end is None else end
        owed = collect_by(_invoice_facts(lazy(invoices), by, period, fiscal_start, decimals, credit, pd.Timestamp(last).toordinal()), keys)
        # a customer may have invoices and no lines (or no lines in that period)
        facts = facts.join(owed, how="outer").sort_index()
    columns = {}
    for column in (column for column in _ORDER if column in facts):
        # column by column, so that cents and money are never held both
        values = facts.pop(column)
        if column in ("first_order", "last_order"):
            columns[column] = pd.to_datetime(values).dt.normalize()
        else:
            whole = values.fillna(0).astype("int64")
            columns[column] = whole if column in _COUNTS else whole / 10**decimals
    return pd.DataFrame(columns, index=facts.index, copy=False)


def study_facts(study, by: str | None = None) -> pd.DataFrame:
    """Facts of every customer of a study, with its periods and its terms of credit."""
    return customer_facts(
        study.table("transactions"),
        study.table("invoices") if "invoices" in study.tables and study.credit else None,
        by=by,
        period=study.period,
        fiscal_start=study.fiscal_start,
        decimals=study.decimals,
        credit=study.credit,
        end=study.end,
    )


def monthly_revenue(transactions, *, decimals: int = 2) -> pd.DataFrame:
    """Net revenue and returns of every month.

    Parameters
    ----------
    transactions : frame of any engine with date, revenue (returns negative), and where known is_return
    decimals : decimals of the minor unit of money

    Returns
    -------
    DataFrame with month (its first day), lines, revenue (net) and returns (positive), by month; months without lines are there with zeros.

    Examples
    --------
    >>> lines = pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-03-01", "2024-03-31"]), "revenue": [5.0, 7.0, -2.0]})
    >>> monthly_revenue(lines)
           month  lines  revenue  returns
    0 2024-01-01      1      5.0      0.0
    1 2024-02-01      0      0.0      0.0
    2 2024-03-01      2      5.0      2.0
    """
    lines = lazy(transactions)
    lines = lines.with_columns(_return=is_return(lines), _revenue=money("revenue", decimals), month=period_label("date", "month"))
    lines = lines.with_columns(_back=nw.when(nw.col("_return")).then(nw.col("_revenue")).otherwise(nw.lit(0)))
    months = collect(
        lines.group_by("month").agg(nw.len().alias("lines"), _total("_revenue").alias("revenue"), _total("_back").alias("returns"))
    )
    months = months.set_index(pd.PeriodIndex(months["month"], freq="M")).drop(columns="month").rename_axis(columns=None).sort_index()
    months = months.reindex(pd.period_range(months.index[0], months.index[-1], freq="M", name="month"), fill_value=0).astype("int64")
    months["revenue"], months["returns"] = months["revenue"] / 10**decimals, (0 - months["returns"]) / 10**decimals
    return months.reset_index().assign(month=lambda frame: frame["month"].dt.to_timestamp())


def is_return(lines: nw.LazyFrame) -> nw.Expr:
    """Whether a line is a return: as is_return says, or where that is unknown, by a negative revenue."""
    negative = nw.col("revenue") < 0
    if "is_return" not in lines.collect_schema().names():
        return negative.fill_null(False)
    said = nw.when(nw.col("is_return").is_null()).then(negative).otherwise(nw.col("is_return"))
    return said.fill_null(False).cast(nw.Boolean)


def _line_facts(lines: nw.LazyFrame, by: str | None, period: str, fiscal_start: int, decimals: int) -> nw.LazyFrame:
    known = lines.collect_schema().names()
    revenue, sale = money("revenue", decimals), ~nw.col("_return")
    columns = {"_return": is_return(lines), "_revenue": revenue}
    if by == "period":
        columns["period"] = period_label("date", period, fiscal_start).alias("period")
    listed = {"list_amount", "discount"} & set(known)
    if listed:
        before = revenue + money("discount", decimals) if "discount" in known else revenue
        if "list_amount" in known:
            before = nw.when(nw.col("list_amount").is_null()).then(before).otherwise(money("list_amount", decimals))
        columns["_list"] = before
    costs = [column for column in _COSTS if column in known]
    columns |= {column: money(column, decimals) for column in costs}
    keys = ["customer_id"] if by is None else ["customer_id", "period"]
    lines = lines.with_columns(customer_key(), **columns).with_columns(
        _sold=nw.when(sale).then(nw.col("_revenue")).otherwise(nw.lit(0)),
        _order=nw.when(sale).then(nw.col("order_id")),
        _day=nw.when(sale).then(nw.col("date")),
        _back=nw.col("_return").cast(nw.Int64),
        **({"_listed": nw.when(sale).then(nw.col("_list")).otherwise(nw.lit(0))} if listed else {}),
    )
    facts = lines.group_by(keys).agg(
        nw.len().alias("lines"),
        # null, the order of a return line, counts as one more order on every engine
        nw.col("_order").n_unique().alias("orders"),
        _total("_back").alias("returns_lines"),
        nw.col("_day").min().alias("first_order"),
        nw.col("_day").max().alias("last_order"),
        _total("_sold").alias("invoice_revenue"),
        _total("_revenue").alias("net_revenue"),
        *([_total("_listed").alias("list_revenue")] if listed else []),
        *(_total(column) for column in costs),
    )
    whole = ("lines", "orders", "returns_lines", "invoice_revenue", "net_revenue", *(["list_revenue"] if listed else []), *costs)
    return facts.with_columns(*map(_integer, whole)).with_columns(
        (nw.col("orders") - (nw.col("returns_lines") > 0).cast(nw.Int64)).alias("orders"),
        (nw.col("invoice_revenue") - nw.col("net_revenue")).alias("returns"),
        *([(nw.col("list_revenue") - nw.col("invoice_revenue")).alias("discounts")] if listed else []),
    )


def _invoice_facts(
    invoices: nw.LazyFrame, by: str | None, period: str, fiscal_start: int, decimals: int, credit: Mapping[str, float], end: int
) -> nw.LazyFrame:
    known = invoices.collect_schema().names()
    unpaid = nw.col("paid_on").is_null() if "paid_on" in known else nw.lit(True)
    columns = {"_amount": money("amount", decimals), "_from": day_number("invoiced_on"), "_due": day_number("due_on")}
    if by == "period":
        columns["period"] = period_label("invoiced_on", period, fiscal_start).alias("period")
    columns["_until"] = nw.when(unpaid).then(nw.lit(end)).otherwise(day_number("paid_on")) if "paid_on" in known else nw.lit(end)
    received = money("amount_paid", decimals) if "amount_paid" in known else nw.lit(0)
    missing = nw.col("amount_paid").is_null() if "amount_paid" in known else nw.lit(True)
    columns["_paid"] = nw.when(~unpaid & missing).then(money("amount", decimals)).otherwise(received)
    # paid in full, and nobody says when
    whole = ((columns["_amount"] >= 0) & (received >= columns["_amount"])) | ((columns["_amount"] < 0) & (received <= columns["_amount"]))
    settled = unpaid & ~missing & whole
    columns |= {"_open": unpaid, "_settled": settled}
    facts = {}
    if "annual_rate" in credit:
        none = nw.col("_settled") | (nw.col("_open") & (nw.col("_until") < nw.col("_from")))
        days = nw.when(none).then(nw.lit(0)).otherwise(nw.col("_until") - nw.col("_from"))
        facts["credit_cost"] = nearest(nw.col("_amount") * days * float(credit["annual_rate"]) / 365)
    if "write_off_days" in credit:
        late = (nw.col("_due") + int(credit["write_off_days"]) < end) & (nw.col("_paid") < nw.col("_amount"))
        facts["bad_debt"] = nw.when(late).then(nw.col("_amount") - nw.col("_paid")).otherwise(nw.lit(0))
    keys = ["customer_id"] if by is None else ["customer_id", "period"]
    invoices = invoices.with_columns(customer_key(), **columns).with_columns(**facts)
    return invoices.group_by(keys).agg(*(_total(column) for column in facts)).with_columns(*map(_integer, facts))


def _total(column: str) -> nw.Expr:
    return nw.col(column).sum()


def _integer(column: str) -> nw.Expr:
    """Engines that widen the sum of integers hand back integers again."""
    return nw.col(column).cast(nw.Int64)
