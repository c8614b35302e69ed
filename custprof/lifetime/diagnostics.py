"""Did the model of purchases foresee what was held back, and does another foresee it better?

It is looked at week by week (`tracking`), by what was known of the customers (`calibration`), and beside other models and a rule of thumb
(`compare_models`).
"""

from __future__ import annotations

import warnings

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from custprof.costing.kinds import check_number
from custprof.lifetime.checks import RULES
from custprof.lifetime.fitting import PurchaseModel
from custprof.lifetime.grain import ordinal
from custprof.lifetime.history import DAYS, last_date, purchase_days
from custprof.study.engine import collect

__all__ = ["calibration", "check_top", "compare_models", "frequency_labels", "refuse_others", "tracking"]

_ERRORS = ("expected", "error", "mean_error", "correlation")


def tracking(model: PurchaseModel, transactions, date, *, step: int = 7, end=None, summary: pd.DataFrame | None = None) -> pd.DataFrame:
    """Expected and actual repeat purchases of all customers together, week by week.

    Parameters
    ----------
    model : PurchaseModel
        Fitted on ``split(transactions, date).calibration``.
    transactions : frame
        As in `summarize`; counted by the rules (returns, free) of the summary that the model learnt from.
    date : date or str
        Last day the model has seen; customers who first bought after it are left out.
    step : int
        Days in one step.
    end : date or str, optional
        Last day compared; the last date of all lines when None. A last step that is not whole is left out.
    summary : DataFrame, optional
        Of a model with covariates, the summary it was fitted on: what is expected is then of each customer's own parameters.

    Returns
    -------
    DataFrame
        By step: ``until`` (its last day), ``expected`` and ``actual`` (repeat purchases in it), ``expected_total`` and ``actual_total``
        (since the first day), ``seen`` (False once the step ends after `date`).

    Raises
    ------
    ValueError
        If nobody bought up to `date`, `end` is before the first purchase, or covariates of customers are not given.

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
    _check_kind(model)
    check_number(step, "step", least=1, whole=True, say="give the days in one step, 7 for a week")
    cut = ordinal(date, "date")
    last = ordinal(end) if end is not None else last_date(transactions)
    value = "revenue" if "revenue" in nw.from_native(transactions).collect_schema() else "margin"
    days = purchase_days(transactions, value, **{name: rule for name, rule in model.rules_.items() if name != "grain"})
    first = days.group_by("customer_id").agg(nw.col("day").min().alias("first_day")).filter(nw.col("first_day") <= cut)
    one = nw.lit(1).alias("count")
    bought = days.join(first, on="customer_id", how="inner").filter((nw.col("day") > nw.col("first_day")) & (nw.col("day") <= last))
    came = collect(bought.with_columns(one).group_by("day").agg(nw.col("count").sum()))
    newborn, began = _newborn(model, summary, collect(first).set_index("customer_id")["first_day"].sort_index(), cut)
    start = int(began["first_day"].min())
    if last < start:
        raise ValueError(f"end is before the first purchase, {pd.Timestamp.fromordinal(start).date()}; nothing is left to compare.")
    ends = start + step * np.arange(1, (last + 1 - start) // step + 1) - 1  # last day of each whole step
    ages = ends[:, None] - began["first_day"].to_numpy("int64")
    known, place = np.unique(np.maximum(ages, 0), return_inverse=True)
    foreseen = np.array([model.predict(newborn, age / DAYS[model.unit_ or "W"]).to_numpy() for age in known])
    expected_total = foreseen[place.reshape(ages.shape), began["kind"].to_numpy()] @ began["count"].to_numpy("float64")
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
    check_top(top)
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
    return out.set_axis(frequency_labels(out.index, top if by == "frequency" else None), axis=0).rename_axis(by)


def compare_models(models, summary: pd.DataFrame, holdout: pd.DataFrame) -> pd.DataFrame:
    """Models of purchases side by side, by likelihood on the calibration and by error on the holdout.

    Parameters
    ----------
    models : sequence of PurchaseModel
        Fitted here, as clones, on the calibration; one kind may stand there more than once, with other options.
    summary, holdout : DataFrame
        The two halves of `split`.

    Returns
    -------
    DataFrame
        By model and its options, best error first: ``loglik``, ``bic`` (lower is better), ``converged``, ``expected`` (purchases of all in
        the holdout), ``error`` (of that sum, as a fraction of what came), ``mean_error`` (mean absolute error per customer),
        ``correlation`` with what came and ``note`` (what the model says of its own fit, empty where all is well; no warning is raised).
        The last row "as often as before" is the rule of thumb that a model has to beat: each customer goes on at its past rate.

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
        _check_kind(model)
        name = " ".join(repr(model).split()).removesuffix("()")
        if name in rows:
            raise ValueError(f"{name} is there twice; compare each model once.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the column note says it
            fitted = clone(model).fit(summary)
        expected, actual = _foreseen(fitted, summary, holdout)
        bic = len(fitted.params_) * np.log(len(summary)) - 2 * fitted.loglik_
        rows[name] = [fitted.loglik_, bic, fitted.converged_, *_errors(expected, actual), fitted.note_ or ""]
    if not rows:
        raise ValueError("there is no model to compare; give a list such as [ParetoNBD(), BetaGeoNBD()].")
    best = sorted(rows, key=lambda name: rows[name][5])
    age, length = summary["T"].to_numpy("float64"), float(holdout["T"].iloc[0])
    rate = np.divide(summary["frequency"].to_numpy("float64"), age, out=np.zeros(len(age)), where=age > 0)
    before = {"as often as before": [np.nan, np.nan, None, *_errors(rate * length, holdout["frequency"].to_numpy("float64")), ""]}
    table = {name: rows[name] for name in best} | before
    out = pd.DataFrame.from_dict(table, orient="index", columns=["loglik", "bic", "converged", *_ERRORS, "note"])
    return out.rename_axis("model")


def check_top(top: int) -> None:
    """Refuse a number of rows that is none."""
    check_number(top, "top", least=1, whole=True, say="give the frequency from which customers are one row, or a number of groups")


def refuse_others(summary: pd.DataFrame, holdout: pd.DataFrame, *, also: tuple[str, ...] = ()) -> None:
    """Refuse two halves that are not of one split: other customers, other rules of counting, or times that do not follow one another.

    Rules are compared as far as both halves say theirs; those named in `also`, too.
    """
    known, later, advice = summary.attrs, holdout.attrs, "take both from one split()."
    if not summary.index.equals(holdout.index):
        raise ValueError(f"summary and holdout are not of the same customers; {advice}")
    if "unit" in known and "unit" in later and known["unit"] != later["unit"]:
        raise ValueError(f"the summary is in unit {known['unit']!r}, the holdout in {later['unit']!r}; {advice}")
    for name in (*RULES, *also):
        if name in known and name in later and known[name] != later[name]:
            raise ValueError(f"{name} is {known[name]!r} in the summary, {later[name]!r} in the holdout; {advice}")
    if "end" in known and "start" in later and known["end"] != later["start"]:
        raise ValueError(f"the summary ends at {known['end']}, the holdout starts after {later['start']}; {advice}")


def frequency_labels(numbers: pd.Index, top: int | None) -> list[str]:
    """Names of the rows of a table by frequency: "0", "1", ... and "7+" for the last."""
    return [f"{top}+" if number == top else str(int(number)) for number in numbers]


def _check_kind(model) -> None:
    if not isinstance(model, PurchaseModel):
        raise TypeError(f"{type(model).__name__} is no model of purchases in continuous time; its likelihood cannot be compared.")


def _newborn(model: PurchaseModel, summary: pd.DataFrame | None, first: pd.Series, cut: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers at their first purchase, one of each kind that the model tells apart; and how many of each began on which day."""
    day = pd.Timestamp.fromordinal(cut).date()
    if first.empty:
        raise ValueError(f"no customer bought up to {day}; check the date of the split.")
    nothing = {"frequency": 0, "recency": 0.0, "T": 0.0}
    kinds, kind = pd.DataFrame(index=[0]), 0
    if model.covariates:
        wanted = list(model.covariates)
        if summary is None:
            raise ValueError(
                f"{type(model).__name__} has the covariates {wanted}; give the summary that holds them, tracking(..., summary=known)."
            )
        absent = first.index.difference(summary.index)
        if len(absent):
            raise ValueError(
                f"summary lacks {len(absent)} of {len(first)} customers who bought up to {day}, first {absent[:3].tolist()}; "
                "give the summary that the model was fitted on."
            )
        model.predict(summary, 0)  # refuses what is no summary, or lacks a covariate
        own = summary.loc[first.index, wanted]
        kind = own.groupby(wanted, observed=True).ngroup()
        kinds = own.loc[kind.drop_duplicates().sort_values().index]
    began = pd.DataFrame({"first_day": first.astype("int64"), "kind": kind, "count": 1})
    newborn = kinds.assign(**nothing)
    newborn.attrs = {"unit": model.unit_} if model.unit_ else {}
    return newborn, began.groupby(["first_day", "kind"], as_index=False).sum()


def _foreseen(model: PurchaseModel, summary: pd.DataFrame, holdout: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    refuse_others(summary, holdout)
    return model.predict(summary, float(holdout["T"].iloc[0])).to_numpy(), holdout["frequency"].to_numpy("float64")


def _errors(expected: np.ndarray, actual: np.ndarray) -> list[float]:
    varied = np.ptp(expected) > 0 and np.ptp(actual) > 0
    correlation = float(np.corrcoef(expected, actual)[0, 1]) if varied else np.nan
    came = actual.sum()
    return [expected.sum(), expected.sum() / came - 1 if came else np.nan, np.abs(expected - actual).mean(), correlation]
