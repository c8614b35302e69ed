"""How much of what customers still owe will be lost?

Open invoices are put into classes by their age, and every class has a loss rate: the provision matrix of IFRS 9. The rates come from the
company's own past. Of the invoices whose fate is known (due more than write_off_days ago), take the money that was still unpaid at the age
at which a class begins: the part of it that was never paid is the rate of the class. What is overdue for longer than write_off_days is no
longer expected but lost, and stands in bad_debt: no invoice is in both. Of a past day only what was known then counts: an invoice issued
later is not there yet, and money that came later is still owed.

References
----------
IFRS 9 Financial Instruments (2014), B5.5.35: a provision matrix as a practical expedient for trade receivables.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from custprof.costing.kinds import check_number
from custprof.study.engine import collect, customer_key, day_number, lazy, money, period_label

__all__ = ["credit_loss_rates", "expected_credit_loss"]

_AGES = (0, 30, 60, 90)  # days overdue at which a class ends; the last class ends where the invoice is written off


def credit_loss_rates(invoices, *, end, write_off_days: int = 180, decimals: int = 2) -> pd.DataFrame:
    """The share of the money in each class of age that was never paid, from the company's own past.

    Parameters
    ----------
    invoices : frame of any engine
        With due_on, amount, and where known invoiced_on, paid_on and amount_paid, such as ``study.table("invoices")``. Credit notes are
        left aside.
    end : date
        The day on which the account is taken; what comes to pass later is not known.
    write_off_days : int
        Days overdue after which an unpaid invoice counts as lost.
    decimals : int
        Decimals of the minor unit of money.

    Returns
    -------
    DataFrame
        Index age ("not due", "1-30 days", ...), youngest first. Columns reached (money of invoices of known fate that was unpaid when it
        entered the class), lost (the part of it never paid) and loss_rate (fraction; of a class that nothing reached, the rate of the next
        younger one; NaN throughout where no invoice is old enough).

    Raises
    ------
    ValueError
        If an invoice has no amount or no day on which it is due.

    Examples
    --------
    >>> invoices = pd.DataFrame({"due_on": pd.to_datetime(["2024-01-01"] * 4), "amount": [600.0, 200.0, 100.0, 100.0],
    ...     "paid_on": pd.to_datetime(["2024-01-01", "2024-02-20", None, None]), "amount_paid": [600.0, 200.0, 0.0, 50.0]})
    >>> credit_loss_rates(invoices, end="2025-01-01").head(3)
               reached   lost  loss_rate
    age
    not due     1000.0  150.0   0.150000
    1-30 days    350.0  150.0   0.428571
    31-60 days   350.0  150.0   0.428571
    """
    labels = _labels(write_off_days)
    last = _day(end)
    known = _owed(invoices, last, decimals).filter((nw.col("_due") + int(write_off_days) < last) & (nw.col("_amount") > 0))
    amount, lost = nw.col("_amount"), nw.col("_owed")
    reached = [
        amount,
        *(nw.when(~nw.col("_open") & (nw.col("_paid_on") > nw.col("_due") + days)).then(amount).otherwise(lost) for days in _AGES),
    ]
    sums = collect(known.select(*(part.sum().alias(label) for label, part in zip(labels, reached, strict=True)), lost.sum().alias("lost")))
    sums = sums.iloc[0].fillna(0.0).astype(float) / 10**decimals
    table = pd.DataFrame({"reached": sums[labels], "lost": sums["lost"]}, index=pd.Index(labels, name="age"))
    return table.assign(loss_rate=(table["lost"] / table["reached"].where(table["reached"] > 0)).ffill())


def expected_credit_loss(
    invoices,
    *,
    end,
    rates: pd.Series | None = None,
    write_off_days: int = 180,
    by: str | None = None,
    fiscal_start: int = 1,
    decimals: int = 2,
) -> pd.DataFrame:
    """What customers owe by age of the invoice, and the loss to expect from it.

    Parameters
    ----------
    invoices : frame of any engine
        With customer_id, invoiced_on, due_on, amount, and where known paid_on and amount_paid. Credit notes are left aside.
    end : date
        The day on which the account is taken; what is issued by then and not paid by then is open. A payment without a day (amount_paid
        without paid_on) counts as received.
    rates : Series of float, optional
        Loss rate (fraction) by the classes of age; without it `credit_loss_rates` of the same invoices.
    write_off_days : int
        Days overdue after which an unpaid invoice is lost (bad_debt of `Study.customer_facts`) and no longer here.
    by : {None, "year", "quarter", "month"}
        With a length of period one row per customer and period of invoiced_on, as bad_debt is.
    fiscal_start : int
        Month in which the fiscal year starts.
    decimals : int
        Decimals of the minor unit of money.

    Returns
    -------
    DataFrame
        Index customer_id (and period), the customers with open invoices; "(unknown customer)" for those of nobody known. Columns "not due",
        "1-30 days", "31-60 days", "61-90 days" and the class up to write_off_days (money owed), owed (their sum) and provision (money,
        positive: each class times its rate, rounded to the minor unit).

    Raises
    ------
    ValueError
        If no invoice is old enough to tell the rates and none are given, a class has no rate or one outside 0 to 1, or an invoice has no
        amount, no day on which it is issued or none on which it is due.

    References
    ----------
    IFRS 9 Financial Instruments (2014), B5.5.35.

    Examples
    --------
    >>> invoices = pd.DataFrame({"customer_id": ["a", "a", "b"], "invoiced_on": pd.to_datetime(["2024-11-01", "2024-12-15", "2024-12-20"]),
    ...     "due_on": pd.to_datetime(["2024-12-01", "2025-01-14", "2025-01-19"]), "amount": [100.0, 50.0, 80.0]})
    >>> rates = pd.Series([0.01, 0.1, 0.2, 0.4, 0.8], index=["not due", "1-30 days", "31-60 days", "61-90 days", "91-180 days"])
    >>> expected_credit_loss(invoices, end="2024-12-31", rates=rates)[["not due", "1-30 days", "owed", "provision"]]
                 not due  1-30 days   owed  provision
    customer_id
    a               50.0      100.0  150.0       10.5
    b               80.0        0.0   80.0        0.8
    """
    labels = _labels(write_off_days)
    if rates is not None and not isinstance(rates, pd.Series):
        raise TypeError(f"rates is a {type(rates).__name__}; give a Series by the classes of age, as credit_loss_rates returns.")
    if rates is None:
        rates = credit_loss_rates(invoices, end=end, write_off_days=write_off_days, decimals=decimals)["loss_rate"]
        if rates.isna().any():
            raise ValueError(
                f"no invoice was due more than {write_off_days} days before {end}, so the past tells no loss rates; give rates."
            )
    wrong = [label for label in labels if not 0 <= rates.get(label, -1.0) <= 1]
    if wrong:
        raise ValueError(f"rates of {wrong} are missing or outside 0 to 1; give one for each of {labels}.")
    check_number(fiscal_start, "fiscal_start", least=1, most=12, whole=True, say="give the month in which the fiscal year starts, 1 to 12")
    last = _day(end)
    owed = _owed(invoices, last, decimals, by=by, fiscal_start=fiscal_start, held=True)
    owed = owed.filter((nw.col("_due") + int(write_off_days) >= last) & (nw.col("_owed") > 0))
    late = last - nw.col("_due")
    older = {label: nw.when(late > days).then(nw.col("_owed")).otherwise(nw.lit(0)) for label, days in zip(labels[1:], _AGES, strict=True)}
    keys = ["customer_id"] if by is None else ["customer_id", "period"]
    older = {labels[0]: nw.col("_owed"), **older}  # what is at least as old as a class
    table = collect(owed.with_columns(customer_key(), **older).group_by(keys).agg(*(nw.col(label).sum() for label in labels)))
    cents = table.set_index(keys)[labels].sort_index().rename_axis(columns=None).astype("int64")
    cents = cents - cents.shift(-1, axis=1, fill_value=0)
    found = cents.assign(owed=cents.sum(axis=1), provision=(cents * rates[labels].astype(float)).round(0).sum(axis=1))
    return found / 10**decimals


def _owed(invoices, last: int, decimals: int, *, by: str | None = None, fiscal_start: int = 1, held: bool = False) -> nw.LazyFrame:
    """Of invoices issued by the last day: day due, day paid, amount and what of it had not come in by then, in minor units."""
    check_number(decimals, "decimals", least=0, most=4, whole=True, say="give 0 to 4 decimals of the minor unit of money")
    try:
        invoices = lazy(invoices)
    except TypeError:
        raise TypeError(f"invoices is a {type(invoices).__name__}; give study.table('invoices') or a frame like it.") from None
    schema = invoices.collect_schema()
    known = schema.names()
    lacking = [name for name in ("due_on", "amount", *(["customer_id"] if held else [])) if name not in known]
    if lacking:
        raise ValueError(f"invoices lack {', '.join(lacking)}; they have {', '.join(known) or 'no columns'}.")
    if not schema["amount"].is_numeric():
        raise TypeError("amount of invoices is no number; parse it first.")
    _refuse_gaps(invoices, [name for name in ("amount", "due_on", "invoiced_on") if name != "invoiced_on" or name in known])
    columns = {"_amount": money("amount", decimals), "_due": day_number("due_on")}
    columns["_paid_on"] = day_number("paid_on") if "paid_on" in known else nw.lit(0)
    columns["_unpaid"] = nw.col("paid_on").is_null() if "paid_on" in known else nw.lit(True)
    columns["_received"] = money("amount_paid", decimals) if "amount_paid" in known else nw.lit(0)
    columns["_unsaid"] = nw.col("amount_paid").is_null() if "amount_paid" in known else nw.lit(True)
    if by is not None:
        columns["period"] = period_label("invoiced_on", by, fiscal_start)
    if "invoiced_on" in known:
        invoices = invoices.with_columns(_issued=day_number("invoiced_on")).filter(nw.col("_issued") <= last)
    later = ~nw.col("_unpaid") & (nw.col("_paid_on") > last)
    in_full = nw.when(~nw.col("_unpaid") & nw.col("_unsaid")).then(nw.col("_amount")).otherwise(nw.col("_received"))
    invoices = invoices.with_columns(**columns).with_columns(_open=nw.col("_unpaid") | later)
    invoices = invoices.with_columns(_paid=nw.when(later).then(nw.lit(0)).otherwise(in_full))
    short = nw.when(nw.col("_paid") < nw.col("_amount")).then(nw.col("_amount") - nw.col("_paid")).otherwise(nw.lit(0))
    return invoices.with_columns(_owed=nw.when(nw.col("_amount") > 0).then(short).otherwise(nw.lit(0)))


def _refuse_gaps(invoices: nw.LazyFrame, columns: list[str]) -> None:
    """Refuse invoices, credit notes aside, of which an amount or a day is missing: nobody knows what is owed."""
    rows = invoices.filter(nw.col("amount").is_null() | (nw.col("amount") > 0))
    gaps = collect(rows.select(nw.len().alias("_all"), *(nw.col(name).is_null().cast(nw.Int64).sum().alias(name) for name in columns)))
    for name in columns:
        if int(gaps.loc[0, name] or 0):
            raise ValueError(
                f"{name} is missing for {int(gaps.loc[0, name])} of {int(gaps.loc[0, '_all'])} invoices; fill it, or drop these invoices."
            )


def _day(end) -> int:
    try:
        return pd.Timestamp(end).toordinal()
    except (TypeError, ValueError):
        raise ValueError(f"end is {end!r}; give the day on which the account is taken, say '2024-12-31'.") from None


def _labels(write_off_days: int) -> list[str]:
    check_number(write_off_days, "write_off_days", whole=True, say="give a whole number of days")
    if write_off_days <= _AGES[-1]:
        raise ValueError(f"write_off_days is {write_off_days}; the classes of age reach beyond {_AGES[-1]} days.")
    starts = [start + 1 for start in _AGES]
    return ["not due", *(f"{start}-{end} days" for start, end in zip(starts, [*_AGES[1:], write_off_days], strict=True))]
