"""Is there any structure, or is it one group with a long tail?

The gap statistic compares the spread within k segments with that of a reference without segments. Two references are used, since each is
fooled by something that customers do. Uniform in the box along the principal axes (Tibshirani, Walther and Hastie) takes skewness and
signs for structure. One cloud in money units, with the middle and tails of every column and their rank correlations, takes tails that come
together for structure. Types of customers beat both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from custprof.segmentation.scaler import MoneyScaler, low_amount
from custprof.segmentation.stability import with_segments

__all__ = ["fitted_labels", "gap_table", "seeded"]

REFERENCES = 4
#: Quantiles that the cloud shares with each column: its middle and its tails, but no bumps in between, which may be segments.
KNOTS = (0.01, 0.05, 0.5, 0.95, 0.99)
#: A column with gains and losses has two bumps of its own on the arcsinh scale, one on each side of zero: the cloud has them too.
SIGNED_KNOTS = (0.01, 0.05, *np.arange(0.1, 0.95, 0.1), 0.95, 0.99)
BOTH_SIGNS = 0.1


def gap_table(
    X: pd.DataFrame, k_max: int, *, estimator=None, revenue: str | None = None, rng: np.random.Generator | None = None
) -> pd.DataFrame:
    """Gap statistic of one to k_max segments against both references.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Sorted by value where the order must not matter.
    k_max : int
    estimator : scikit-learn clusterer, optional
    revenue : str, optional
        The revenue column (default as in `MoneyScaler`).
    rng : numpy Generator, optional

    Returns
    -------
    DataFrame by k
        gap, gap_se (uniform reference; simulation error), gap_cloud, gap_cloud_se (one cloud). Unit: log of the squared spread within
        segments.

    References
    ----------
    R. Tibshirani, G. Walther & T. Hastie (2001), Estimating the number of clusters in a data set via the gap statistic, JRSS B 63, 411-423.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"revenue": np.repeat([1e3, 1e6], 100) * rng.lognormal(0, 0.2, 200), "freight": rng.lognormal(5, 0.2, 200)})
    >>> gaps = gap_table(X, 3)
    >>> bool((gaps.loc[2] > gaps.loc[1] + 0.2)[["gap", "gap_cloud"]].all())
    True
    """
    rng = np.random.default_rng(0) if rng is None else rng
    index = pd.RangeIndex(1, k_max + 1, name="k")
    scaler = MoneyScaler(revenue).fit(X)
    seen_at = np.round(scaler.transform(X), 9)
    if k_max < 2 or np.ptp(seen_at, axis=0).max() < 1e-7:
        return pd.DataFrame(0.0, index=index, columns=["gap", "gap_se", "gap_cloud", "gap_cloud_se"])
    seen = _log_spreads(seen_at, k_max, estimator, rng)
    uniform = np.array([_log_spreads(box, k_max, estimator, rng) for box in _boxes(seen_at, rng)])
    clouds = np.array([_log_spreads(MoneyScaler(revenue).fit(cloud).transform(cloud), k_max, estimator, rng) for cloud in _clouds(X, rng)])
    error = np.sqrt(1 + 1 / REFERENCES)
    return pd.DataFrame(
        {
            "gap": uniform.mean(axis=0) - seen,
            "gap_se": uniform.std(axis=0) * error,
            "gap_cloud": clouds.mean(axis=0) - seen,
            "gap_cloud_se": clouds.std(axis=0) * error,
        },
        index=index,
    )


def _boxes(features: np.ndarray, rng: np.random.Generator):
    """Samples uniform in the box of the features along their principal axes."""
    centred = features - features.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes[sizes > 1e-7 * sizes.max()].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    for _ in range(REFERENCES):
        yield rng.uniform(low, high, turned.shape)


def _clouds(X: pd.DataFrame, rng: np.random.Generator):
    """Samples of one cloud: the columns' rank correlations (a Gaussian copula), their middle and tails, but not their bumps."""
    scale = np.array([low_amount(column) for column in X.to_numpy(dtype=float).T])
    levels = np.arcsinh(X.to_numpy(dtype=float) / scale)
    normal = ndtri(X.rank(method="average").to_numpy() / (len(X) + 1))
    alive = normal.std(axis=0) > 1e-12
    root = np.zeros((X.shape[1], X.shape[1]))
    values, vectors = np.linalg.eigh(np.atleast_2d(np.corrcoef(normal[:, alive].T)))
    root[np.ix_(alive, alive)] = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    margins = [_margin(column) for column in levels.T]
    for _ in range(REFERENCES):
        drawn = rng.standard_normal(X.shape) @ root.T
        cloud = np.column_stack([np.interp(column, *margin) for column, margin in zip(drawn.T, margins, strict=True)])
        yield pd.DataFrame(np.sinh(cloud) * scale, columns=X.columns)


def _margin(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores and the levels that belong to them: the shape of one column of the cloud."""
    rarer = min((levels < 0).mean(), (levels > 0).mean())
    knots = SIGNED_KNOTS if rarer > BOTH_SIGNS else KNOTS
    n = len(levels)
    scores = ndtri(np.clip([0, *knots, 1], 1 / (n + 1), n / (n + 1)))  # below a hundred customers the outer knots are the extremes
    return scores, np.quantile(levels, [0, *knots, 1])


def _log_spreads(features: np.ndarray, k_max: int, estimator, rng: np.random.Generator) -> np.ndarray:
    centred = features - features.mean(axis=0)
    out = np.empty(k_max)
    for k in range(1, k_max + 1):
        labels = np.zeros(len(centred), dtype=int) if k == 1 else fitted_labels(centred, k, estimator, rng)
        sums = np.array([np.bincount(labels, column) for column in centred.T])
        out[k - 1] = np.log(max((centred**2).sum() - (sums**2 / np.bincount(labels)).sum(), 1e-12))
    return out


def fitted_labels(features: np.ndarray, k: int, estimator, rng: np.random.Generator) -> np.ndarray:
    """Labels 0, 1, ... of k segments by a fresh copy of the estimator."""
    return np.unique(seeded(estimator, k, rng).fit_predict(features), return_inverse=True)[1]


def seeded(estimator, k: int, rng: np.random.Generator):
    """A fresh copy of the estimator for k segments, its chance drawn from rng."""
    model = with_segments(estimator, k)
    return model.set_params(random_state=int(rng.integers(2**31))) if "random_state" in model.get_params() else model
