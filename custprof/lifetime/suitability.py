"""May these models be used on this history, and did they foresee what was held back?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.lifetime.checks import check_summary
from custprof.lifetime.fitting import PurchaseModel
from custprof.lifetime.history import summarize

__all__ = ["SPEND_FITS", "calibration", "spend_fit", "suitability", "usable"]

#: Share of regular customers (`spend_fit`) from which values may be used for single customers.
SPEND_FITS = 0.8
_VERDICTS = ("REFUSE", "FLAG", "PASS")


def suitability(summary: pd.DataFrame) -> pd.DataFrame:
    """Verdicts on using buy-till-you-die models, rule by rule.

    Parameters
    ----------
    summary : DataFrame
        As `summarize` gives it.

    Returns
    -------
    DataFrame
        By rule: ``verdict`` (PASS, FLAG: read with care, REFUSE: do not use), ``measure`` (the number looked at, missing where it cannot be
        known) and ``reason`` (the same number and what it means, in words).

    Examples
    --------
    >>> yearly = pd.DataFrame({"frequency": [3] * 50, "recency": [156.0] * 50, "T": [180.0] * 50, "monetary_value": [99.0] * 50})
    >>> suitability(yearly).loc["regular purchases", "verdict"]
    'REFUSE'
    """
    check_summary(summary, "frequency", "recency", "T", "monetary_value")
    x, recency = summary["frequency"].to_numpy("float64"), summary["recency"].to_numpy("float64")
    spend = summary["monetary_value"].to_numpy("float64")
    repeaters = x > 0
    n, again = len(x), int(repeaters.sum())
    rows = {
        "customers": _rule(n, n < 30, n < 200, f"{n} customers; estimates need 30 at least and are rough below 200"),
        "repeaters": _rule(again, again < 10, again < 100, f"{again} of {n} bought again; only they tell how often and how much"),
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
        wrong, wrong > 0, False, f"{wrong} of {again} repeaters have a mean purchase of zero or less; Gamma-Gamma needs it positive"
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
    return pd.DataFrame.from_dict(rows, orient="index", columns=["verdict", "measure", "reason"]).rename_axis("rule")


def usable(transactions, *, value: str = "revenue") -> bool:
    """Whether a purchase history allows these models at all: something was sold, and `suitability` refuses nothing.

    Parameters
    ----------
    transactions : frame
        As in `summarize`.
    value : str
        As in `summarize`.

    Examples
    --------
    >>> usable(pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-01"]), "revenue": [5.0]}))
    False
    """
    try:
        summary = summarize(transactions, value=value)
    except ValueError:  # nothing was sold to a known customer
        return False
    return not (suitability(summary)["verdict"] == "REFUSE").any()


def spend_fit(model, summary: pd.DataFrame, *, regular: int = 10, factor: float = 1.5) -> float:
    """Share of the regular customers whose expected purchase is near their own mean: whether Gamma-Gamma fits the sizes of purchases.

    Who came back often shows by itself what a purchase is worth; a model that draws such customers far towards all others does not fit,
    and its values are not to be used for single customers. From ``SPEND_FITS`` on it is good.

    Parameters
    ----------
    model : CustomerValue
        Fitted.
    summary : DataFrame
        As `summarize` gives it.
    regular : int
        Repeat purchases from which a customer is a regular.
    factor : float
        Near is between 1 / factor and factor times the own mean.

    Returns
    -------
    float
        Between 0 and 1; NaN where nobody is a regular.

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import CustomerValue
    >>> summary = summarize(load_cdnow(), end="1997-09-30")
    >>> round(spend_fit(CustomerValue().fit(summary), summary), 2)
    1.0
    """
    regulars = summary[(summary["frequency"] >= regular) & (summary["monetary_value"] > 0)]
    if regulars.empty:
        return float("nan")
    pull = model.spend_.predict(summary).reindex(regulars.index) / regulars["monetary_value"]
    return float(pull.between(1 / factor, factor).mean())


def calibration(model: PurchaseModel, summary: pd.DataFrame, holdout: pd.DataFrame, *, top: int = 7) -> pd.DataFrame:
    """Expected and actual purchases in the holdout, by how often the customers had bought before.

    Parameters
    ----------
    model : PurchaseModel
        Fitted on the calibration.
    summary, holdout : DataFrame
        The two halves of `split`.
    top : int
        Frequencies from here on are one row.

    Returns
    -------
    DataFrame
        By frequency ("0", "1", ... "7+"): ``customers``, ``expected`` and ``actual`` (mean purchases per customer in the holdout).

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import ParetoNBD, split
    >>> known, later = split(load_cdnow(), "1997-09-30")
    >>> calibration(ParetoNBD().fit(known), known, later, top=2)["customers"].tolist()
    [1411, 439, 507]
    """
    if not summary.index.equals(holdout.index):
        raise ValueError("summary and holdout are not of the same customers; take both from one split().")
    length = float(holdout["T"].iloc[0])
    frame = pd.DataFrame(
        {
            "frequency": np.minimum(summary["frequency"].to_numpy(), top),
            "expected": model.predict(summary, length).to_numpy(),
            "actual": holdout["frequency"].to_numpy("float64"),
        }
    )
    out = frame.groupby("frequency").agg(customers=("actual", "size"), expected=("expected", "mean"), actual=("actual", "mean"))
    out.index = pd.Index([f"{top}+" if f == top else str(int(f)) for f in out.index], name="frequency")
    return out


def _rule(measure: float, refuse: bool, flag: bool, reason: str) -> tuple[str, float, str]:
    return _VERDICTS[0 if refuse else 1 if flag else 2], float(measure), reason


def _said(measure: float, unknown: str) -> str:
    return f"unknown ({unknown})" if np.isnan(measure) else f"{measure:.2f}"
