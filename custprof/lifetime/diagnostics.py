"""Did the model foresee what was held back, and does another foresee it better?

A model of purchases is looked at week by week (`tracking`), by what was known of the customers (`calibration`), beside other models
(`compare_models`), and for whether its probabilities of being there are honest (`reliability`); a model of spend by what purchases then
were worth (`spend_calibration`).
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.base import clone

from custprof.lifetime.checks import check_numeric
from custprof.lifetime.fitting import PurchaseModel
from custprof.lifetime.grain import ordinal
from custprof.lifetime.history import DAYS, _purchase_days, last_date
from custprof.lifetime.spend import GammaGamma
from custprof.study.engine import collect

__all__ = ["calibration", "compare_models", "reliability", "spend_calibration", "tracking"]

_ERRORS = ("expected", "error", "mean_error", "correlation")


def tracking(model: PurchaseModel, transactions, date, *, step: int = 7, end=None) -> pd.DataFrame:
    """Expected and actual repeat purchases of all customers together, week by week.

    Parameters
    ----------
    model : PurchaseModel
        Fitted on ``split(transactions, date).calibration``.
    transactions : frame
        As in `summarize`.
    date : date or str
        Last day the model has seen; customers who first bought after it are left out.
    step : int
        Days in one step.
    end : date or str, optional
        Last day compared; the last date of all lines when None. A last step that is not whole is left out.

    Returns
    -------
    DataFrame
        By step: ``until`` (its last day), ``expected`` and ``actual`` (repeat purchases in it), ``expected_total`` and ``actual_total``
        (since the first day), ``seen`` (False once the step ends after `date`).

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import ParetoNBD, split
    >>> model = ParetoNBD().fit(split(load_cdnow(), "1997-09-30").calibration)
    >>> tracking(model, load_cdnow(), "1997-09-30")[["expected_total", "actual_total"]].iloc[[38, 77]].round(0)
        expected_total  actual_total
    38          2525.0          2457
    77          4270.0          4339
    """
    cut = ordinal(date, "date")
    last = ordinal(end) if end is not None else last_date(transactions)
    days = _purchase_days(transactions, "revenue" if "revenue" in nw.from_native(transactions).collect_schema() else "margin")
    first = days.group_by("customer_id").agg(nw.col("day").min().alias("first_day")).filter(nw.col("first_day") <= cut)
    one = nw.lit(1).alias("count")
    began = collect(first.with_columns(one).group_by("first_day").agg(nw.col("count").sum())).sort_values("first_day")
    bought = days.join(first, on="customer_id", how="inner").filter((nw.col("day") > nw.col("first_day")) & (nw.col("day") <= last))
    came = collect(bought.with_columns(one).group_by("day").agg(nw.col("count").sum()))
    if began.empty:
        raise ValueError(f"no customer bought up to {pd.Timestamp.fromordinal(cut).date()}; check the date of the split.")
    start = int(began["first_day"].iloc[0])
    ends = start + step * np.arange(1, (last + 1 - start) // step + 1) - 1  # last day of each whole step
    ages = ends[:, None] - began["first_day"].to_numpy("int64")
    known, place = np.unique(np.maximum(ages, 0), return_inverse=True)
    expected_total = model.predict_new(known / DAYS[model.unit_ or "W"])[place.reshape(ages.shape)] @ began["count"].to_numpy("float64")
    by_day = np.bincount(came["day"].to_numpy("int64") - start, came["count"], minlength=last + 1 - start).cumsum()
    actual_total = by_day[ends - start].astype("int64")
    return pd.DataFrame(
        {
            "until": [pd.Timestamp.fromordinal(int(day)) for day in ends],
            "expected": np.diff(expected_total, prepend=0.0),
            "actual": np.diff(actual_total, prepend=0),
            "expected_total": expected_total,
            "actual_total": actual_total,
            "seen": ends <= cut,
        }
    )


def calibration(model: PurchaseModel, summary: pd.DataFrame, holdout: pd.DataFrame, *, by: str = "frequency", top: int = 7) -> pd.DataFrame:
    """Expected and actual purchases in the holdout, by how often the customers had bought before or by what was expected of them.

    Parameters
    ----------
    model : PurchaseModel
        Fitted on the calibration.
    summary, holdout : DataFrame
        The two halves of `split`.
    by : {"frequency", "expected"}
        Groups of equal frequency, or of about equal size from the customers least expected back to the most.
    top : int
        Frequencies from here on are one row; number of groups by expectation.

    Returns
    -------
    DataFrame
        By frequency ("0", "1", ... "7+") or group ("1" to "7"): ``customers``, ``expected`` and ``actual`` (mean purchases per customer in
        the holdout).

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import ParetoNBD, split
    >>> known, later = split(load_cdnow(), "1997-09-30")
    >>> calibration(ParetoNBD().fit(known), known, later, top=2)["customers"].tolist()
    [1411, 439, 507]
    """
    expected, actual = _foreseen(model, summary, holdout)
    if by == "frequency":
        group = np.minimum(summary["frequency"].to_numpy(), top)
    elif by == "expected":
        edges = np.quantile(expected, np.arange(1, top) / top)
        group = np.searchsorted(edges, expected, side="right") + 1
    else:
        raise ValueError(f"by is {by!r}; choose 'frequency' or 'expected'.")
    frame = pd.DataFrame({by: group, "foreseen": expected, "seen": actual})
    out = frame.groupby(by).agg(customers=("seen", "size"), expected=("foreseen", "mean"), actual=("seen", "mean"))
    return out.set_axis(_labels(out.index, top if by == "frequency" else None), axis=0).rename_axis(by)


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
    _refuse_others(summary, holdout)
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
    return out.set_axis(_labels(out.index, top), axis=0).rename_axis("frequency")


def compare_models(models, summary: pd.DataFrame, holdout: pd.DataFrame) -> pd.DataFrame:
    """Models of purchases side by side, by likelihood on the calibration and by error on the holdout.

    Parameters
    ----------
    models : sequence of PurchaseModel
        Fitted here, as clones, on the calibration.
    summary, holdout : DataFrame
        The two halves of `split`.

    Returns
    -------
    DataFrame
        By model, best error first: ``loglik``, ``bic`` (lower is better), ``converged``, ``expected`` (purchases of all in the holdout),
        ``error`` (of that sum, as a fraction of what came), ``mean_error`` (mean absolute error per customer) and ``correlation`` with what
        came. The last row "as often as before" is the rule of thumb that a model has to beat: each customer goes on at its past rate.

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import BetaGeoNBD, ParetoNBD, split
    >>> compare_models([ParetoNBD(), BetaGeoNBD()], *split(load_cdnow(), "1997-09-30"))[["loglik", "error", "mean_error"]].round(2)
                         loglik  error  mean_error
    model
    ParetoNBD          -9594.98  -0.12        0.75
    BetaGeoNBD         -9582.43  -0.12        0.79
    as often as before      NaN   0.56        1.02
    """
    rows = {}
    for model in models:
        if not isinstance(model, PurchaseModel):
            raise TypeError(f"{type(model).__name__} is no model of purchases in continuous time; its likelihood cannot be compared.")
        fitted = clone(model).fit(summary)
        expected, actual = _foreseen(fitted, summary, holdout)
        bic = len(fitted.params_) * np.log(len(summary)) - 2 * fitted.loglik_
        rows[type(model).__name__] = [fitted.loglik_, bic, fitted.converged_, *_errors(expected, actual)]
    best = sorted(rows, key=lambda name: rows[name][5])
    age, length = summary["T"].to_numpy("float64"), float(holdout["T"].iloc[0])
    rate = np.divide(summary["frequency"].to_numpy("float64"), age, out=np.zeros(len(age)), where=age > 0)
    before = {"as often as before": [np.nan, np.nan, None, *_errors(rate * length, holdout["frequency"].to_numpy("float64"))]}
    table = {name: rows[name] for name in best} | before
    out = pd.DataFrame.from_dict(table, orient="index", columns=["loglik", "bic", "converged", *_ERRORS])
    return out.rename_axis("model")


def reliability(p_alive: pd.Series, there: pd.Series | None = None, *, bins: int = 5, level: float = 0.95) -> pd.DataFrame:
    """How the probabilities of being there are spread, and, where it is known who is, whether they are honest.

    Parameters
    ----------
    p_alive : Series by customer
        Probabilities, as `PurchaseModel.p_alive` gives them.
    there : Series of bool by customer, optional
        Who is still there in truth (a simulation), or came back later.
    bins : int
        Number of equal steps from 0 to 1.
    level : float
        Of the interval of the share (Wilson).

    Returns
    -------
    DataFrame
        By step ("0 to 0.2", ...): ``customers``, ``expected`` (mean probability), and with `there` ``actual`` (share there), ``low``,
        ``high``. An empty step has missing values.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.

    Examples
    --------
    >>> p = pd.Series([0.1, 0.3, 0.9, 0.7], index=list("abcd"))
    >>> reliability(p, pd.Series([False, True, True, True], index=list("abcd")), bins=2)[["customers", "expected", "actual"]]
               customers  expected  actual
    p_alive
    0 to 0.5           2       0.2     0.5
    0.5 to 1           2       0.8     1.0
    """
    check_numeric(p_alive, "p_alive")
    wrong = ~p_alive.between(0, 1).to_numpy()
    if wrong.any():
        found = f"{wrong.sum()} of {len(p_alive)} customers, first {p_alive.index[wrong][:3].tolist()}"
        raise ValueError(f"p_alive is no probability for {found}; give fractions from 0 to 1.")
    step = np.minimum((p_alive.to_numpy() * bins).astype(int), bins - 1)
    n = np.bincount(step, minlength=bins)
    names = [f"{i / bins:.3g} to {(i + 1) / bins:.3g}" for i in range(bins)]
    with np.errstate(invalid="ignore", divide="ignore"):
        out = pd.DataFrame({"customers": n, "expected": np.bincount(step, p_alive, minlength=bins) / n}, index=names).rename_axis("p_alive")
        if there is None:
            return out
        known = there.reindex(p_alive.index)
        if known.isna().any():
            missing = known.index[known.isna()]
            raise ValueError(f"there is missing for {len(missing)} of {len(known)} customers, first {missing[:3].tolist()}; fill them.")
        share, z2 = np.bincount(step, known.to_numpy("float64"), minlength=bins) / n, ndtri((1 + level) / 2) ** 2
        middle, reach = share + z2 / (2 * n), np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2)))
        return out.assign(actual=share, low=(middle - reach) / (1 + z2 / n), high=(middle + reach) / (1 + z2 / n))


def _foreseen(model: PurchaseModel, summary: pd.DataFrame, holdout: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    _refuse_others(summary, holdout)
    return model.predict(summary, float(holdout["T"].iloc[0])).to_numpy(), holdout["frequency"].to_numpy("float64")


def _refuse_others(summary: pd.DataFrame, holdout: pd.DataFrame) -> None:
    if not summary.index.equals(holdout.index):
        raise ValueError("summary and holdout are not of the same customers; take both from one split().")


def _labels(numbers: pd.Index, top: int | None) -> list[str]:
    return [f"{top}+" if number == top else str(int(number)) for number in numbers]


def _errors(expected: np.ndarray, actual: np.ndarray) -> list[float]:
    varied = np.ptp(expected) > 0 and np.ptp(actual) > 0
    correlation = float(np.corrcoef(expected, actual)[0, 1]) if varied else np.nan
    came = actual.sum()
    return [expected.sum(), expected.sum() / came - 1 if came else np.nan, np.abs(expected - actual).mean(), correlation]
