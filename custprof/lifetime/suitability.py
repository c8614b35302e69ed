"""May these models be used on this history?

They take for granted that customers come and go without notice, buy at random times at a rate of their own that does not change, and spend
much the same each time; and that a customer was new at its first line. Each rule looks at one of these; where none refuses, both models are
fitted and the last three rules look at how that went. Sums by customer are made in the engine; one row per customer is looked at.
"""

from __future__ import annotations

import warnings

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from custprof.lifetime.checks import check_summary
from custprof.lifetime.discount import DAYS_PER_YEAR
from custprof.lifetime.grain import ordinal
from custprof.lifetime.history import DAYS, NoPurchasesError, purchase_days, summarize
from custprof.lifetime.newcomers import beginning
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.spend_fit import FAR_OFF, SPEND_FITS, spend_fit
from custprof.lifetime.value import CustomerValue
from custprof.study.engine import collect

__all__ = ["suitability", "usable"]

_SHORT = 60  # days
_NOBODY = 0.01  # of the customers gone: as good as none
_VERDICTS = ("REFUSE", "FLAG", "PASS")
_OF_SPEND = ("positive spend", "spend independent of frequency", "steady spend", "sizes of purchases")


def suitability(summary: pd.DataFrame, transactions=None, *, acquired: pd.Series | None = None) -> pd.DataFrame:
    """Verdicts on using buy-till-you-die models, rule by rule.

    Parameters
    ----------
    summary : DataFrame
        As `summarize` gives it.
    transactions : frame, optional
        The lines that `summary` was made of; without them nothing is said of the rhythm of purchases and of the drift of spend, and a pause
        of all customers is looked for among their last purchases only.
    acquired : Series of dates by customer, optional
        When customers were won, where that is known (missing dates allowed): it tells who was there before the data begin.

    Returns
    -------
    DataFrame
        By rule: ``verdict`` (PASS, FLAG: read with care, REFUSE: do not use), ``measure`` (the number looked at, missing where it cannot be
        known), ``reason`` (the same number and what it means, in words) and ``about`` ("spend": only what rests on the size of purchases
        hangs on it; "purchases": all does). The rules "parameters found", "customers leave" and "sizes of purchases" are of the fitted
        models and stand only where no rule before refuses these.

    Examples
    --------
    >>> yearly = pd.DataFrame({"frequency": [3] * 50, "recency": [156.0] * 50, "T": [180.0] * 50, "monetary_value": [99.0] * 50})
    >>> suitability(yearly).loc["regular purchases", "verdict"]
    'REFUSE'
    """
    check_summary(summary, "frequency", "recency", "T", "monetary_value")
    before, many, said = beginning(summary, acquired)
    lines = None if transactions is None else _days_of(summary, transactions)
    rows = _counts(summary)
    rows["known from the beginning"] = _rule(before, False, many, said)
    rows["dates without a hole"] = _hole(summary, lines)
    if lines is not None:
        rows |= _habits(lines)
    refused = {name for name, (verdict, _, _) in rows.items() if verdict == "REFUSE"}
    if summary.attrs.get("grain", "D") == "D" and refused <= {*_OF_SPEND}:
        rows |= _fits(summary, spend=not refused)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["verdict", "measure", "reason"]).rename_axis("rule")
    return table.assign(about=np.where(table.index.isin(_OF_SPEND), "spend", "purchases"))


def usable(transactions, *, value: str = "revenue", spend: bool = True) -> bool:
    """Whether a purchase history allows values from these models: something was sold, and `suitability` refuses nothing.

    Parameters
    ----------
    transactions : frame
        As in `summarize`.
    value : str
        As in `summarize`.
    spend : bool
        False asks about the model of purchases alone, who is still there and how often it will come: then the rules about spend do not
        matter.

    Examples
    --------
    >>> usable(pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-01"]), "revenue": [5.0]}))
    False
    """
    try:
        summary = summarize(transactions, value=value)
    except NoPurchasesError:
        return False
    verdicts = suitability(summary, transactions)
    return not ((verdicts["verdict"] == "REFUSE") & (spend | (verdicts["about"] == "purchases"))).any()


def _counts(summary: pd.DataFrame) -> dict[str, tuple[str, float, str]]:
    """What one row per customer tells: whether there is enough to learn from, no contract, and spend as the models want it."""
    x, recency = summary["frequency"].to_numpy("float64"), summary["recency"].to_numpy("float64")
    spend = summary["monetary_value"].to_numpy("float64")
    repeaters = x > 0
    n, again = len(x), int(repeaters.sum())
    days = float(summary["T"].max()) * DAYS[summary.attrs.get("unit", "W")]
    rows = {
        "length of time": _rule(
            days,
            days < _SHORT,
            days < 3 * _SHORT,
            f"{days:,.0f} days of history; estimates need {_SHORT} at least and are rough below {3 * _SHORT}",
        ),
        "customers": _rule(n, n < 30, n < 200, f"{n:,} customers; estimates need 30 at least and are rough below 200"),
        "repeaters": _rule(again, again < 10, again < 100, f"{again:,} of {n:,} bought again; only they tell how often and how much"),
    }
    gaps = recency[x >= 2] / x[x >= 2]
    varied = float(np.std(gaps) / np.mean(gaps)) if len(gaps) >= 10 else np.nan
    rows["regular purchases"] = _rule(
        varied,
        varied < 0.1,
        varied < 0.25,
        f"spread {_said(varied, 'fewer than 10 customers bought three times')} of the mean pause between customers; "
        "near 0 it is a contract or subscription, for which renewal models are made",
    )
    wrong = int((spend[repeaters] <= 0).sum())
    rows["positive spend"] = _rule(
        wrong, wrong > 0, False, f"{wrong:,} of {again:,} repeaters have a mean purchase of zero or less; Gamma-Gamma needs it positive"
    )
    linked = again >= 10 and np.ptp(x[repeaters]) > 0 and np.ptp(spend[repeaters]) > 0
    correlation = float(np.corrcoef(x[repeaters], spend[repeaters])[0, 1]) if linked else np.nan
    rows["spend independent of frequency"] = _rule(
        correlation,
        abs(correlation) > 0.6,
        abs(correlation) > 0.3,
        f"correlation {_said(correlation, 'too few repeaters, or all alike')} of frequency and mean purchase among repeaters; "
        "value is purchases times spend only if they are nearly independent",
    )
    return rows


def _days_of(summary: pd.DataFrame, transactions) -> nw.LazyFrame:
    counted = {name: summary.attrs[name] for name in ("returns", "free") if name in summary.attrs}
    days = purchase_days(transactions, summary.attrs.get("value", "revenue"), **counted)
    seen = days.filter(nw.col("day") <= ordinal(summary.attrs["end"])) if "end" in summary.attrs else days
    if collect(seen.select(nw.len().alias("days")))["days"].iloc[0] == 0:
        raise ValueError("the transactions hold no purchase in the time of the summary; give the lines that it was made of.")
    return seen


def _hole(summary: pd.DataFrame, days: nw.LazyFrame | None) -> tuple[str, float, str]:
    """The longest time in which nobody bought, as a share of all: a single wrong date stretches it over decades."""
    unit, age = DAYS[summary.attrs.get("unit", "W")], summary["T"].to_numpy("float64")
    end = ordinal(summary.attrs["end"]) if "end" in summary.attrs else 0
    bought = end - (age - summary["recency"].to_numpy("float64")) * unit if days is None else collect(days.select("day").unique())["day"]
    dates = np.unique(np.append(np.rint(bought), max(end, np.max(bought))))
    pauses = np.diff(dates)
    if not pauses.any():
        return _rule(0.0, False, False, "all was bought on one day")
    at, span = int(pauses.argmax()), max(age.max() * unit, dates[-1] - dates[0])
    length, share = pauses[at], pauses[at] / span
    day = [f"{pd.Timestamp.fromordinal(int(date)):%Y-%m-%d}" for date in dates[at : at + 2]] if end else []
    when = f" from {' to '.join(day)}" if day else ""
    reason = (
        f"nobody bought for {length:,.0f} day{'' if length == 1 else 's'}{when}, {share:.0%} of the time; a wrong date makes such a hole, "
        "or lines are missing there, and customers look gone"
    )
    return _rule(share, share > 1 / 3 and length > 28, share > 0.1 and length > 28, reason)


def _fits(summary: pd.DataFrame, *, spend: bool) -> dict[str, tuple[str, float, str]]:
    """Whether the models found their parameters, and whether sizes of purchases follow Gamma-Gamma."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the verdict says it
        model = CustomerValue().fit(summary) if spend else ParetoNBD().fit(summary)
    parts = (model.purchases_, model.spend_) if spend else (model,)
    lost, held = not all(part._optimum.found for part in parts), sum(int((part._optimum.ends != 0).sum()) for part in parts)
    said = " ".join(part.note_ for part in parts if part.note_) or f"{'both searches' if spend else 'the search'} ended inside the bounds"
    rows = {"parameters found": _rule(held, lost, held > 0, said), "customers leave": _leaving(parts[0], summary)}
    return rows | {"sizes of purchases": _sizes(model, summary)} if spend else rows


def _leaving(model: ParetoNBD, summary: pd.DataFrame) -> tuple[str, float, str]:
    """Where silence counts for nothing, everybody is expected to come for ever, and the interval is narrow because the model says so."""
    gone = float((1 - model.p_alive(summary)).sum())
    share = gone / len(summary)
    reason = (
        f"{gone:,.0f} of {len(summary):,} customers the model takes as gone; where it is next to nobody, a silence counts for nothing, all "
        "are expected to go on for ever, and values and their intervals are too sure"
    )
    return _rule(share, False, share < _NOBODY, reason)


def _sizes(model: CustomerValue, summary: pd.DataFrame) -> tuple[str, float, str]:
    try:
        near = spend_fit(model, summary)
    except ValueError as infinite:
        return _rule(np.nan, True, False, str(infinite))
    said = f"{near:.0%} of" if near == near else "unknown (nobody came back ten times) for"
    reason = (
        f"{said} those with ten repeat purchases and more are expected to spend within a factor of 1.5 of their own mean; where few are, "
        "sizes do not follow Gamma-Gamma and values of single customers are wrong"
    )
    return _rule(near, near < FAR_OFF, near < SPEND_FITS, reason)


def _habits(days: nw.LazyFrame) -> dict[str, tuple[str, float, str]]:
    """Whether purchases come at random, and whether they grow or shrink."""
    first = days.group_by("customer_id").agg(nw.col("day").min().alias("first_day"), nw.col("day").max().alias("last_day"))
    span = collect(first.select(nw.col("first_day").min(), nw.col("last_day").max())).iloc[0].astype("int64")
    late = (nw.col("day") > int(span.sum() // 2)).cast(nw.Int64)
    age = nw.col("day") - nw.col("first_day")
    inner = (nw.col("day") < nw.col("last_day")).cast(nw.Int64)
    repeated = days.join(first, on="customer_id", how="inner").filter(nw.col("day") > nw.col("first_day"))
    marked = repeated.with_columns(late.alias("late"), age.alias("age"), inner.alias("between")).with_columns(
        (1 - nw.col("late")).alias("early"), (nw.col("age") * nw.col("between")).alias("age_between"), nw.col("age").alias("length")
    )
    halves = [(nw.col(what) * nw.col(half)).alias(f"{what}_{half}") for what in ("age", "value") for half in ("early", "late")]
    sums = ["between", "age_between", "early", "late", *(f"{what}_{half}" for what in ("age", "value") for half in ("early", "late"))]
    facts = collect(
        marked.with_columns(*halves).group_by("customer_id").agg(nw.col("length").max(), *(nw.col(name).sum() for name in sums))
    )
    facts = facts.sort_values("customer_id")
    return {"random times": _rhythm(facts), "steady spend": _drift(facts)}


def _rhythm(facts: pd.DataFrame) -> tuple[str, float, str]:
    """Purchases at random lie evenly between the first and the last; the mean of k such has variance 1/(3 k) of half the length."""
    inner = facts[facts["between"] > 0]
    k = inner["between"].to_numpy("float64")
    place = 2 * inner["age_between"].to_numpy("float64") / (k * inner["length"].to_numpy("float64")) - 1
    spread = float(np.mean(3 * k * place**2)) if len(inner) >= 10 else np.nan
    reason = (
        f"{_said(spread, 'fewer than 10 customers bought three times')} times the scatter of purchases at random times (1); near 0 each "
        "customer keeps a rhythm of its own (a contract, a standing order), far above 1 purchases come in bursts or customers change"
    )
    return _rule(spread, spread < 0.05, spread < 0.5 or spread > 3, reason)


def _drift(facts: pd.DataFrame) -> tuple[str, float, str]:
    """Typical change a year of a customer's mean purchase, from the earlier to the later half of the time."""
    both = facts[(facts["value_early"] > 0) & (facts["value_late"] > 0)]
    change, sure = np.nan, False
    if len(both) >= 10:
        ratio = np.log((both["value_late"] / both["late"]) / (both["value_early"] / both["early"])).to_numpy()
        years = float((both["age_late"] / both["late"] - both["age_early"] / both["early"]).median()) / DAYS_PER_YEAR
        middle = float(np.median(ratio))
        sure = abs(middle) > 2.5 * float(np.std(ratio)) / np.sqrt(len(ratio))  # the median's spread is 1.25 of the mean's
        change = float(np.expm1(middle / years))
    said = "unknown (fewer than 10 customers bought again in both halves)" if np.isnan(change) else f"{change:+.0%} a year"
    reason = f"{said} in what a customer's purchase is worth, earlier half of the time against later; the models take it as constant"
    return _rule(change, sure and abs(change) > 0.5, sure and abs(change) > 0.1, reason)


def _rule(measure: float, refuse: bool, flag: bool, reason: str) -> tuple[str, float, str]:
    return _VERDICTS[0 if refuse else 1 if flag else 2], float(measure), reason


def _said(measure: float, unknown: str) -> str:
    return f"unknown ({unknown})" if np.isnan(measure) else f"{measure:.2f}"
