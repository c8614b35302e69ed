"""Do segments found some time ago still fit the customers of today, or is it time to find them again?

Two questions. Has the mix changed: the share stability index compares the shares of the segments then and now with what the draw of
customers alone would do. Have the customers moved away: in the scaler's space, how far do they lie from the centres of their segments, and
how many lie farther than nearly all did then? A shifted mix is news about customers; a much changed one, and customers far from their
centre, are reasons to refit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2
from sklearn.utils.validation import check_is_fitted

__all__ = ["segment_drift"]

#: A share stability index from the first is worth a look, from the second a changed population (Siddiqi).
SHIFTED, CHANGED = 0.1, 0.25
#: Of the customers then, this share lies within a segment's reach; segments fit no longer where this many times the rest lies outside.
WITHIN, TIMES = 0.95, 2.0


def segment_drift(segmenter, X_before: pd.DataFrame, X_after: pd.DataFrame) -> pd.DataFrame:
    """How the shares of the segments and the distances to their centres changed, with advice to keep or to refit.

    Parameters
    ----------
    segmenter : ProfitSegmenter
        Fitted; anything with predict and a fitted ``scaler_`` will do.
    X_before, X_after : DataFrame, customers x money columns
        The customers it was fitted on (or others of that time), and those of today: the columns of ``fit``, over periods of equal length.

    Returns
    -------
    DataFrame by segment, with a last row "all"
        customers_before, customers_after, share_before, share_after; stability (part of the share stability index, the sum of
        (after - before) x log(after / before); the whole in the last row); distance_before, distance_after (mean distance of its customers
        to the centre they had before, in standard deviations of the scaler's features); outside (share of today's customers farther from
        it than 95 % were before); advice (words; in the last row keep, watch or refit, with the reason).

    Raises
    ------
    ValueError
        If a frame has no customers or other columns than those of ``fit``.

    References
    ----------
    N. Siddiqi (2006), Credit Risk Scorecards, Wiley, on .1 and .25 for the index.
    B. Yurdakul & J. Naranjo (2020), Statistical properties of the population stability index, Journal of Risk Model Validation 14 (4):
    without change it is (1/n + 1/m) times a chi-squared variable.

    Examples
    --------
    >>> from custprof.segmentation import ProfitSegmenter
    >>> rng = np.random.default_rng(0)
    >>> revenue = np.repeat([1e3, 1e5], 200) * rng.lognormal(0, 0.3, 400)
    >>> X = pd.DataFrame({"revenue": revenue, "cost_to_serve": revenue * rng.uniform(0.1, 0.2, 400)})
    >>> segmenter = ProfitSegmenter(2).fit(X, X["revenue"] * 0.3 - X["cost_to_serve"])
    >>> segment_drift(segmenter, X, X)["advice"].iloc[-1]
    'keep: shares and distances are what they were'
    >>> segment_drift(segmenter, X, X.assign(cost_to_serve=X["revenue"] * 0.6))["advice"].iloc[-1]
    'refit: 100 % of the customers lie farther out than 95 % did'
    """
    check_is_fitted(segmenter)
    (then, home), (now, place) = (_placed(segmenter, X, name) for X, name in ((X_before, "X_before"), (X_after, "X_after")))
    segments = np.union1d(home, place)
    centres = pd.DataFrame(then).groupby(home).mean().reindex(segments).fillna(pd.Series(then.mean(axis=0)))
    before = pd.Series(np.linalg.norm(then - centres.loc[home].to_numpy(), axis=1), index=home)
    after = pd.Series(np.linalg.norm(now - centres.loc[place].to_numpy(), axis=1), index=place)
    reach = before.groupby(level=0).quantile(WITHIN).reindex(segments, fill_value=0.0)
    outside = after > reach.loc[place].to_numpy()
    rows = pd.Index([*segments, "all"], name="segment")
    table = pd.DataFrame({name: _by_segment(far, "size", rows) for name, far in (("customers_before", before), ("customers_after", after))})
    table = table.fillna(0).astype("int64")
    for name in ("before", "after"):
        table[f"share_{name}"] = table[f"customers_{name}"] / table.loc["all", f"customers_{name}"]
    table["stability"] = _index(table.iloc[:-1]).reindex(rows)
    table.loc["all", "stability"] = table["stability"].sum()
    table["distance_before"], table["distance_after"] = _by_segment(before, "mean", rows), _by_segment(after, "mean", rows)
    table["outside"] = _by_segment(outside, "mean", rows)
    chance = float(chi2.ppf(0.95, max(len(segments) - 1, 1)) * (1 / len(home) + 1 / len(place)))
    table["advice"] = [*(_said(row) for _, row in table.iloc[:-1].iterrows()), _advice(table.loc["all"], chance)]
    return table


def _placed(segmenter, X: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    if not len(X):
        raise ValueError(f"{name} has no customers; pass a frame with at least one row.")
    return np.asarray(segmenter.scaler_.transform(X), dtype=float), np.asarray(segmenter.predict(X))


def _by_segment(values: pd.Series, what: str, rows: pd.Index) -> pd.Series:
    """A figure of every segment, and of all customers in the last row."""
    found = values.groupby(level=0).agg(what).astype(object)
    found["all"] = values.agg(what) if what != "size" else len(values)
    return found.reindex(rows).astype(float)


def _index(table: pd.DataFrame) -> pd.Series:
    """Parts of the index; half a customer is added to each segment, so that an empty one does not make it infinite."""
    before, after = table["customers_before"] + 0.5, table["customers_after"] + 0.5
    before, after = before / before.sum(), after / after.sum()
    return (after - before) * np.log(after / before)


def _said(row: pd.Series) -> str:
    if not row["customers_before"] or not row["customers_after"]:
        return "nobody is here any more" if row["customers_before"] else "nobody was here before"
    size = "about as large"
    if abs(row["stability"]) >= SHIFTED / 2:
        size = "larger" if row["share_after"] > row["share_before"] else "smaller"
    return f"{size}, {row['outside'] * 100:.0f} % outside its former reach"


def _advice(row: pd.Series, chance: float) -> str:
    out, index = row["outside"], row["stability"]
    limit = TIMES * (1 - WITHIN)
    noise = 2 * np.sqrt(limit * (1 - limit) / row["customers_after"])
    if out > limit + noise:
        return f"refit: {out * 100:.0f} % of the customers lie farther out than {WITHIN * 100:.0f} % did"
    if index >= CHANGED and index > chance:
        return f"refit: the shares have changed (index {index:.2f}, {CHANGED} and more is another population)"
    if index >= SHIFTED and index > chance:
        return f"watch: the shares have shifted (index {index:.2f}), the segments still fit"
    if index >= SHIFTED:
        return f"keep: the shares differ (index {index:.2f}), but no more than so few customers do by chance (up to {chance:.2f})"
    return "keep: shares and distances are what they were"
