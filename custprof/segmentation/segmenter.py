"""Which kinds of customers does the company have, by what they bring and what they cost?

`ProfitSegmenter` puts together the stage: size and rates (`MoneyScaler`), the number of segments (`choose_k`), K-means or another clusterer
on a sample in one thread, segments ordered by mean profit, named and profiled in money, and rules that say them in words.
"""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Real
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from custprof.costing.kinds import check_number
from custprof.segmentation.assign import assign, learn_assignment
from custprof.segmentation.choice import align_profit, choose_k
from custprof.segmentation.profile import segment_profile
from custprof.segmentation.rules import segment_rules
from custprof.segmentation.saving import as_document, read_document, restore, write_document
from custprof.segmentation.scaler import MoneyScaler, as_money, check_money, is_whole, revenue_column
from custprof.segmentation.stability import canonical_order, check_clusterer, sets_segments, stability, with_segments

__all__ = ["ProfitSegmenter"]

#: The raw label of whales; clusterers use -1 for noise.
WHALE = -2
#: Bootstraps behind the verdict on every segment in the profile.
DRAWS = 50


class ProfitSegmenter(ClusterMixin, BaseEstimator):
    """Segments of customers on money columns, ordered by profit: 0 has the highest mean profit.

    The order of the rows, the customers' ids and the currency change nothing.

    Parameters
    ----------
    n_segments : int or "auto"
        "auto" takes the suggestion of `choose_k`, which may be one, or leaves the number to an estimator that finds its own (DBSCAN). With
        whales, they come on top.
    estimator : scikit-learn clusterer or mixture, optional
        Default K-means with five starts. Its number of clusters and random_state are set here. One without ``predict`` is replaced by a
        surrogate tree for assigning customers, those it was fitted on too: ``assigned_by_`` says so, and how well the tree agrees with it.
        What it takes for noise is a segment like any other.
    revenue : str, optional
        The revenue column, such as "remainder__sales" or, of an array, "x2". Default as in `MoneyScaler`.
    whales : float
        Share of the customers (largest by revenue; customers of equal revenue stay together) set apart as a segment of their own before the
        others are segmented; 0 for none.
    min_share : float
        A segment with a smaller share of the customers is merged into the nearest, and listed in ``merged_``; where a number of segments
        was asked for, a warning says so.
    sample : int
        At most this many customers are used to find the segments; all are then assigned.
    random_state : int

    Attributes
    ----------
    labels_ : ndarray of int, one per customer in the row order of X
    segments_ : Series by customer
        The name of the customer's segment, an ordered category, best first.
    profile_ : DataFrame by segment
        See `segment_profile`: name, customers, share, profit, profit_share, loss_share, mean_profit, losing, median_<column>,
        <column>_rate; then jaccard (similarity of the segment to its like in 50 bootstraps, as by `stability`) and verdict ("a rule" for
        whales, "one segment, nothing to find again").
    rules_ : DataFrame by rule
        See `segment_rules`: segment, name, rule, sql, customers, right; the first that of the whales, if any. ``fidelity_`` is the share of
        all customers that the rules place right.
    k_table_ : DataFrame by k, or None if n_segments is a number
        See `choose_k`.
    merged_ : DataFrame
        customers, share, into (segment): one row for every segment that was too small to stand.
    n_segments_ : int
    assigned_by_ : str
        How customers are assigned, in words.
    scaler_, estimator_ : the fitted parts
    whale_limit_ : float or None
        Revenue from which a customer is a whale.

    Raises
    ------
    TypeError
        If columns of X are not numbers, profit is text, or a number of segments is asked of an estimator that finds its own.
    ValueError
        If profit is not given, customers stand more than once, amounts are missing or infinite, or there are fewer (different) customers
        than segments.

    Examples
    --------
    >>> X = pd.DataFrame(
    ...     {"revenue": [900.0, 1000.0, 1100.0, 950.0, 1050.0, 980.0], "cost_to_serve": [90.0, 100.0, 110.0, 700.0, 800.0, 750.0]},
    ...     index=list("abcdef"),
    ... )
    >>> segmenter = ProfitSegmenter(n_segments=2).fit(X, y=0.4 * X["revenue"] - X["cost_to_serve"])
    >>> segmenter.labels_.tolist()
    [0, 0, 0, 1, 1, 1]
    >>> segmenter.profile_["name"].tolist()
    ['medium revenue, earns, cost to serve 10 % of revenue', 'medium revenue, loses money, cost to serve 76 % of revenue']
    >>> segmenter.predict(pd.DataFrame({"revenue": [5000.0], "cost_to_serve": [300.0]})).tolist()
    [0]
    """

    def __init__(self, n_segments="auto", estimator=None, *, revenue=None, whales=0.0, min_share=0.02, sample=50_000, random_state=0):
        self.n_segments = n_segments
        self.estimator = estimator
        self.revenue = revenue
        self.whales = whales
        self.min_share = min_share
        self.sample = sample
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y=None) -> ProfitSegmenter:
        """Find the segments.

        Parameters
        ----------
        X : DataFrame, customers x money columns
            Currency units: revenue (see `MoneyScaler`), gross_margin, cost_to_serve, ...; one row per customer.
        y : Series or array
            Profit of the same customers, currency units, signed: describes and orders the segments, and makes none. A Series is matched by
            customer; by position if X is an array (as after an imputer), which names no customers.
        """
        given, X = X, as_money(X, self)
        values = check_money(X)
        self._check(X, y)
        profit = align_profit(y, given)
        self.revenue_ = revenue_column(X, self.revenue)
        revenue = X[self.revenue_].to_numpy(dtype=float)
        self.whale_limit_ = _whale_limit(revenue, self.whales)
        small = np.ones(len(X), dtype=bool) if self.whale_limit_ is None else revenue < self.whale_limit_
        rows = np.flatnonzero(small)[canonical_order(values[small], profit[small])]
        raw = np.full(len(X), WHALE)
        raw[rows] = self._cluster(X.iloc[rows], profit[rows])
        self._name(X, profit, raw)
        if self.n_segments != "auto" and len(self.merged_):
            warnings.warn(
                f"{self.n_segments} segments were asked for and {len(self.merged_)} of them had less than {self.min_share:.1%} of the "
                "customers, so they joined the nearest (see merged_); with min_share=0 they stand.",
                stacklevel=2,
            )
        self._judge(X.iloc[rows], self.labels_[rows])
        return self

    def fit_predict(self, X: pd.DataFrame, y=None, **kwargs) -> np.ndarray:
        """Find the segments (see ``fit``) and return the labels: ndarray of int, one per customer."""
        return self.fit(X, y, **kwargs).labels_

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Segment of every customer of X (the columns of ``fit``, in currency units): ndarray of int."""
        check_is_fitted(self, "assignment_")
        X = as_money(X, self, reset=False)
        with threadpool_limits(1):
            found = assign(self._features(X), self.assignment_)
        raw = np.array([self.home_[label] for label in found.tolist()], dtype=int)
        if self.whale_limit_ is not None:
            raw = np.where(X[self.revenue_].to_numpy(dtype=float) >= self.whale_limit_, WHALE, raw)
        return np.array([self.order_[label] for label in raw.tolist()], dtype=int)

    @property
    def assigned_by_(self) -> str:
        """How customers are assigned to the segments, in words."""
        by, agreement, made_by = (self.assignment_[name] for name in ("by", "agreement", "made_by"))
        if by != "surrogate tree":
            return f"predict of {made_by}" if by == "predict" else by
        return f"surrogate tree, since {made_by} cannot predict; it places {agreement:.1%} of the customers where that does"

    def save(self, path: str | Path) -> Path:
        """Write the segmentation, without its customers, as JSON; `load` reads it. Returns the path.

        Raises TypeError for a clusterer that predicts in a way of its own, which JSON cannot hold (a Bayesian mixture, say).
        """
        check_is_fitted(self, "assignment_")
        return write_document(as_document(self), path)

    @classmethod
    def load(cls, path: str | Path) -> ProfitSegmenter:
        """Read a segmentation that `save` wrote: it predicts, profiles and explains as the one that was written.

        It has no ``labels_`` and ``segments_``, which belong to customers. ``estimator`` is kept if it is of scikit-learn and JSON can hold
        its parameters; a warning says if it is not. Raises ValueError, with the part that is wrong, for a file that was changed.
        """
        return read_document(path, partial(restore, cls()))

    def __getattr__(self, name: str):
        if name in ("labels_", "segments_", "estimator_") and "assignment_" in vars(self):
            raise AttributeError(f"{name} is not kept in a file, which has no customers in it; use predict(X).")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _check(self, X: pd.DataFrame, y) -> None:
        if y is None:
            raise ValueError(
                "the profit of the customers is needed to order and name the segments: fit(X, y=pnl['profit']). ProfitSegmenter "
                "requires y to be passed, but the target y is None."
            )
        if not (self.n_segments == "auto" or (is_whole(self.n_segments) and self.n_segments >= 1)):
            raise ValueError(f"n_segments is {self.n_segments!r}; give a whole number from 1, or 'auto'.")
        check_clusterer(self.estimator)
        check_number(self.sample, "sample", least=2, whole=True, say="give a whole number from 2")
        for name in ("whales", "min_share"):
            if not isinstance(share := getattr(self, name), Real):
                raise TypeError(f"{name} is {share!r}; give a share of the customers as a number, such as 0.02.")
        if not 0 <= self.whales < 1 or not 0 <= self.min_share < 1:
            raise ValueError(
                f"whales is {self.whales} and min_share {self.min_share}; both are shares of the customers, from 0 to below 1."
            )
        if not len(X):
            raise ValueError("there are no customers to segment; pass a frame with at least one row.")
        if len(X) < (1 if self.n_segments == "auto" else self.n_segments):
            raise ValueError(f"{self.n_segments} segments asked of {len(X):,} customers; ask for fewer, or pass more customers.")

    def _cluster(self, X: pd.DataFrame, profit: np.ndarray) -> np.ndarray:
        """Raw labels of the customers of X (in canonical order), those of small segments already merged."""
        self.scaler_ = MoneyScaler(self.revenue_).fit(X)
        features = self._features(X)
        self.k_table_, k = None, self.n_segments
        if k == "auto" and not sets_segments(self.estimator):
            k = None
        elif k == "auto":
            chosen = {"min_share": self.min_share, "estimator": self.estimator, "revenue": self.revenue_, "random_state": self.random_state}
            self.k_table_ = choose_k(X, profit, **chosen)
            k = int(self.k_table_.index[self.k_table_["suggested"]][0])
        different = len(np.unique(features, axis=0)) if k and len(features) <= self.sample else k
        if k and different < k:
            raise ValueError(f"{k} segments asked of {different} different customers ({len(X):,} in all); ask for fewer.")
        model = KMeans(k, n_init=5) if self.estimator is None else with_segments(self.estimator, k)
        if "random_state" in model.get_params():
            model.set_params(random_state=self.random_state)
        rng = np.random.default_rng(self.random_state)
        chosen = np.sort(rng.choice(len(X), self.sample, replace=False)) if len(X) > self.sample else slice(None)
        with threadpool_limits(1):
            self.estimator_ = model.fit(features[chosen])
            self.assignment_ = learn_assignment(self.estimator_, features[chosen])
            found = assign(features, self.assignment_)
        self.home_, self._merged = _merge(features, found, self.min_share)
        return np.array([self.home_[label] for label in found.tolist()])

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        return np.round(self.scaler_.transform(X), 9)  # absorbs what another currency does to the last digits

    def _name(self, X: pd.DataFrame, profit: np.ndarray, raw: np.ndarray) -> None:
        means = pd.Series(profit).groupby(raw).mean().sort_values(ascending=False, kind="stable")
        self.order_ = {int(label): segment for segment, label in enumerate(means.index)}
        self.labels_ = np.array([self.order_[label] for label in raw.tolist()], dtype=int)
        self.n_segments_ = len(means)
        self.profile_ = segment_profile(X, profit, self.labels_, revenue=self.revenue_, whales=self.order_.get(WHALE))
        names = self.profile_["name"]
        self.segments_ = pd.Series(pd.Categorical.from_codes(self.labels_, list(names), ordered=True), index=X.index, name="segment")
        self.rules_ = segment_rules(X, self.labels_, names=names, revenue=self.revenue_, whales=self.whale_limit_)
        self.fidelity_ = float((self.rules_["customers"] * self.rules_["right"].fillna(0)).sum() / len(X))
        self.merged_ = self._merged.assign(into=[self.order_[label] for label in self._merged["into"]])

    def _judge(self, X: pd.DataFrame, labels: np.ndarray) -> None:
        """Add to the profile how well every segment is found again; whales are a rule, not a cluster."""
        asked = {"estimator": self.estimator, "revenue": self.revenue_, "n_bootstraps": DRAWS, "random_state": self.random_state}
        judged = stability(X, labels, **asked)
        self.profile_ = self.profile_.join(judged[["jaccard", "verdict"]])
        self.profile_["verdict"] = self.profile_["verdict"].fillna("a rule")


def _whale_limit(revenue: np.ndarray, share: float) -> float | None:
    if share == 0:
        return None
    count = max(1, round(share * len(revenue)))
    limit = float(np.sort(revenue)[-count])
    return limit if limit > revenue.min() else None  # no one is left to be smaller than


def _merge(features: np.ndarray, labels: np.ndarray, min_share: float) -> tuple[dict, pd.DataFrame]:
    """Where every found label ends, once segments below the share have joined the nearest, smallest first; and what was merged."""
    found = np.unique(labels).tolist()
    home, merged = {label: label for label in found}, []
    while True:
        ends = [home[label] for label in found]
        counts = pd.Series(labels).map(home).value_counts()
        if len(counts) < 2 or counts.min() >= min_share * len(labels):
            break
        small = int(counts[counts == counts.min()].index.min())
        now = np.array([home[label] for label in labels.tolist()])
        centres = {label: features[now == label].mean(axis=0) for label in np.unique(ends)}
        into = min((label for label in centres if label != small), key=lambda label: np.linalg.norm(centres[label] - centres[small]))
        merged.append({"customers": int(counts[small]), "share": counts[small] / len(labels), "into": into})
        home = {label: into if end == small else end for label, end in home.items()}
    frame = pd.DataFrame(merged, columns=["customers", "share", "into"])
    return home, frame.assign(into=[home[label] for label in frame["into"]])
