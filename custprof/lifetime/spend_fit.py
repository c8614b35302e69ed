"""Do the sizes of purchases follow the model of spend?

Gamma-Gamma draws each customer towards all others, the more the fewer its purchases. Where it fits, little of that is left for those who
came often (`spend_fit`), and it foresees what a later purchase is worth at least as well as the customer's own mean
(`spend_calibration`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.lifetime.diagnostics import check_top, frequency_labels, refuse_others
from custprof.lifetime.spend import GammaGamma

__all__ = ["FAR_OFF", "SPEND_FITS", "spend_calibration", "spend_fit"]

#: Share of regular customers (`spend_fit`) from which values may be used for single customers.
SPEND_FITS = 0.8
FAR_OFF = 0.5  #: Below this share nothing that rests on the size of purchases is to be used.


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
    >>> from custprof.lifetime import CustomerValue, summarize
    >>> summary = summarize(load_cdnow(), end="1997-09-30")
    >>> round(spend_fit(CustomerValue().fit(summary), summary), 2)
    1.0
    """
    regulars = summary[(summary["frequency"] >= regular) & (summary["monetary_value"] > 0)]
    if regulars.empty:
        return float("nan")
    pull = model.spend_.predict(summary).reindex(regulars.index) / regulars["monetary_value"]
    return float(pull.between(1 / factor, factor).mean())


def spend_calibration(spend: GammaGamma, summary: pd.DataFrame, holdout: pd.DataFrame, *, top: int = 7) -> pd.DataFrame:
    """Expected and actual value of a purchase in the holdout, by how often the customers had bought again, and whether the model helps.

    A model of spend is of use if it comes nearer to what a customer's purchases are then worth than the customer's own mean does. Where
    sizes are heavy-tailed or of several kinds it does not, draws customers far from what they always do, and is not to be used for single
    ones. (Drawing them on a log scale is no way out: it underestimates the totals.)

    Parameters
    ----------
    spend : GammaGamma
        Fitted on the calibration.
    summary, holdout : DataFrame
        The two halves of `split`.
    top : int
        Frequencies from here on are one row.

    Returns
    -------
    DataFrame
        By frequency ("0", "1", ... "7+"), customers who bought in the holdout: ``customers``, ``expected`` and ``actual`` (mean purchase,
        currency units), ``missed_by`` and ``own_missed_by`` (typical factor between what came and the model or the customer's own mean,
        1 at best; no own mean at frequency 0).

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import split
    >>> known, later = split(load_cdnow(), "1997-09-30")
    >>> spend_calibration(GammaGamma().fit(known), known, later, top=2).round(2)
               customers  expected  actual  missed_by  own_missed_by
    frequency
    0                193     35.17   35.85       1.73            NaN
    1                157     33.32   37.71       1.54           1.60
    2+               334     36.76   37.90       1.35           1.37
    """
    check_top(top)
    refuse_others(summary, holdout, also=("value",))
    bought = ((holdout["frequency"] > 0) & (holdout["monetary_value"] > 0)).to_numpy()
    expected, actual = spend.predict(summary)[bought], holdout["monetary_value"][bought]
    own = summary["monetary_value"].where((summary["frequency"] > 0) & (summary["monetary_value"] > 0))[bought]
    frame = pd.DataFrame(
        {
            "frequency": np.minimum(summary["frequency"].to_numpy()[bought], top),
            "expected": expected,
            "actual": actual,
            "missed_by": np.abs(np.log(expected / actual)),
            "own_missed_by": np.abs(np.log(own / actual)),
        }
    )
    groups = frame.groupby("frequency")
    out = groups[["expected", "actual"]].mean().join(np.exp(groups[["missed_by", "own_missed_by"]].median()))
    out.insert(0, "customers", groups.size())
    return out.set_axis(frequency_labels(out.index, top), axis=0).rename_axis("frequency")
