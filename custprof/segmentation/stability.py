"""Would these segments be found again, had other customers come by?

Hennig's cluster-wise stability: draw customers with replacement, cluster them again, and for every segment take the Jaccard similarity
with the most similar new segment, on the customers drawn. A segment that is a property of the customers comes back; one that is a property
of the algorithm does not.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from custprof.costing.kinds import check_number
from custprof.segmentation.scaler import MoneyScaler, as_money, check_money

__all__ = ["check_clusterer", "stability", "verdict"]

VALID, DOUBTFUL, DISSOLVED = 0.75, 0.6, 0.5
ONE = "one segment, nothing to find again"


def stability(
    X: pd.DataFrame,
    labels,
    *,
    estimator=None,
    n_bootstraps: int = 100,
    sample: int = 10_000,
    revenue: str | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Bootstrap Jaccard similarity of every segment, with a verdict.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        The frame that was segmented, in currency units.
    labels : array-like or Series of int, one per customer
        The segments, as in ``ProfitSegmenter.labels_``. A Series is matched to X by customer. Leave whales out: they are a rule, not a
        cluster.
    estimator : scikit-learn clusterer, optional
        What made the labels (default K-means); its number of clusters is set to that of the labels, if it has one to set.
    n_bootstraps : int
        How many times customers are drawn and clustered again.
    sample : int
        At most this many customers are used.
    revenue : str, optional
        The revenue column (default as in `MoneyScaler`).
    random_state : int

    Returns
    -------
    DataFrame by segment
        customers; jaccard (mean over the bootstraps); recovered (share of bootstraps with a similarity of at least .75); dissolved (share
        with at most .5); verdict ("valid" from .75, "doubtful" from .6, "not to be trusted" above .5, "dissolved"). All customers in one
        segment are found again whatever they are: NaN, and the verdict "one segment, nothing to find again".

    Raises
    ------
    ValueError
        If labels are missing, not one per customer, or money is missing.

    References
    ----------
    C. Hennig (2007), Cluster-wise assessment of cluster stability, Computational Statistics & Data Analysis 52, 258-271; limits as in the R
    package fpc, clusterboot.

    Examples
    --------
    >>> X = pd.DataFrame({"revenue": [1e3, 1.1e3, 1.2e3, 1.3e3, 1e6, 1.1e6, 1.2e6, 1.3e6], "cost_to_serve": [500.0] * 8})
    >>> stability(X, [1, 1, 1, 1, 0, 0, 0, 0], n_bootstraps=20)[["customers", "jaccard", "verdict"]].round(1)
             customers  jaccard verdict
    segment
    0                4      1.0   valid
    1                4      1.0   valid
    """
    X = as_money(X)
    values = check_money(X)
    check_clusterer(estimator)
    check_number(sample, "sample", least=2, whole=True, say="give a whole number from 2")
    check_number(n_bootstraps, "n_bootstraps", least=1, whole=True, say="give a whole number from 1")
    codes = _codes(labels, X)
    features = np.round(MoneyScaler(revenue).fit(X).transform(X), 9)
    rng = np.random.default_rng(random_state)
    rows = canonical_order(values, codes)
    if len(rows) > sample:
        rows = rows[np.sort(rng.choice(len(rows), sample, replace=False))]
    segments, inverse = np.unique(codes[rows], return_inverse=True)
    with threadpool_limits(1):
        runs = jaccards(
            features[rows], inverse, with_segments(estimator, len(segments) if sets_segments(estimator) else None), n_bootstraps, rng
        )
    table = pd.DataFrame(
        {
            "customers": pd.Series(codes).value_counts().reindex(segments).to_numpy(),
            "jaccard": mean_similarity(runs),
            "recovered": np.nanmean(np.where(np.isnan(runs), np.nan, runs >= VALID), axis=0),
            "dissolved": np.nanmean(np.where(np.isnan(runs), np.nan, runs <= DISSOLVED), axis=0),
        },
        index=pd.Index(segments, name="segment"),
    )
    if len(segments) == 1 and sets_segments(estimator):  # one that sets its own number may find others
        table[["jaccard", "recovered", "dissolved"]] = np.nan
    return table.assign(verdict=table["jaccard"].map(verdict))


def verdict(jaccard: float) -> str:
    """What a mean bootstrap Jaccard says of a segment.

    >>> [verdict(x) for x in (0.75, 0.6, 0.55, 0.5)]
    ['valid', 'doubtful', 'not to be trusted', 'dissolved']
    >>> verdict(float("nan"))
    'one segment, nothing to find again'
    """
    if np.isnan(jaccard):
        return ONE
    if jaccard >= VALID:
        return "valid"
    if jaccard >= DOUBTFUL:
        return "doubtful"
    return "not to be trusted" if jaccard > DISSOLVED else "dissolved"


def jaccards(features: np.ndarray, labels: np.ndarray, estimator, n_bootstraps: int, rng: np.random.Generator) -> np.ndarray:
    """Similarity of each segment (labels 0, 1, ...) with its best match in each bootstrap: n_bootstraps x segments, NaN where none was
    drawn."""
    n, k = len(labels), int(labels.max()) + 1
    runs = np.full((n_bootstraps, k), np.nan)
    for run in runs:
        drawn = np.unique(rng.integers(n, size=n))
        seeded = estimator.set_params(random_state=int(rng.integers(2**31))) if "random_state" in estimator.get_params() else estimator
        if len(drawn) < k:
            continue
        with warnings.catch_warnings():  # fewer different customers drawn than segments: a poor match, which is the answer
            warnings.simplefilter("ignore", ConvergenceWarning)
            again = np.unique(seeded.fit_predict(features[drawn]), return_inverse=True)[1]
        both = np.zeros((k, int(again.max()) + 1))
        np.add.at(both, (labels[drawn], again), 1)
        union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
        run[:] = np.where(both.sum(1) > 0, (both / np.maximum(union, 1)).max(1), np.nan)
    return runs


def mean_similarity(runs: np.ndarray) -> np.ndarray:
    """Mean of every segment over the bootstraps in which it was drawn; 0 if it never was.

    >>> mean_similarity(np.array([[1.0, np.nan], [0.5, np.nan]])).tolist()
    [0.75, 0.0]
    """
    drawn = ~np.isnan(runs)
    return np.nansum(runs, axis=0) / np.maximum(drawn.sum(axis=0), 1)


def check_clusterer(estimator) -> None:
    """Refuse what does not cluster: a name, a class, a regression.

    >>> check_clusterer("kmeans")
    Traceback (most recent call last):
    ...
    TypeError: the estimator is 'kmeans'; pass a clusterer or mixture of scikit-learn, made, such as KMeans() or GaussianMixture().
    """
    if estimator is not None and (
        isinstance(estimator, type) or not (hasattr(estimator, "fit_predict") and hasattr(estimator, "get_params"))
    ):
        raise TypeError(
            f"the estimator is {estimator!r}; pass a clusterer or mixture of scikit-learn, made, such as KMeans() or GaussianMixture()."
        )


def sets_segments(estimator) -> bool:
    """Whether a clusterer can be told the number of segments (DBSCAN, for one, cannot)."""
    return estimator is None or bool({"n_clusters", "n_components"} & set(estimator.get_params()))


def with_segments(estimator, k: int | None):
    """A fresh copy of a clusterer or mixture set to k segments (None: as it is); K-means with few starts if no estimator is given."""
    if estimator is None:
        return KMeans(k, n_init=2)
    if k is None:
        return clone(estimator)
    for name in ("n_clusters", "n_components"):
        if name in estimator.get_params():
            return clone(estimator).set_params(**{name: k})
    raise TypeError(
        f"{type(estimator).__name__} has neither n_clusters nor n_components; pass a clusterer whose number of segments can be set."
    )


def canonical_order(values: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Positions of the customers sorted by their values, then by ``last``: the order in the file and the ids then change nothing."""
    order = np.argsort(values[:, 0], kind="stable")  # most customers differ here already: only the others need all columns
    same = values[order[1:], 0] == values[order[:-1], 0]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    own = order[tied]
    order[tied] = own[np.lexsort((last[own], *values[own].T[::-1]))]
    return order


def _codes(labels, X: pd.DataFrame) -> np.ndarray:
    if isinstance(labels, pd.Series):
        if not labels.index.is_unique or not X.index.isin(labels.index).all() or len(labels) != len(X):
            raise ValueError("the labels are not of the same customers as X; pass one label for every customer of X.")
        labels = labels.reindex(X.index)
    codes = np.asarray(labels)
    if codes.shape != (len(X),):
        raise ValueError(f"there are {codes.size:,} labels for {len(X):,} customers; pass one label for every customer of X.")
    if pd.isna(codes).any():
        raise ValueError(f"the segment is missing for {int(pd.isna(codes).sum()):,} of {len(X):,} customers; drop them first.")
    if not np.issubdtype(codes.dtype, np.number):
        raise TypeError(f"the segments are called {codes[0]!r}, ...; pass their numbers, such as ProfitSegmenter.labels_.")
    return codes.astype(int)
