"""How do the customers lie to each other, seen from where one sees most of it?

The features of `MoneyScaler` are turned so that two axes hold as much of their variance as two can (principal components). The loadings say
what the axes are made of.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.segmentation.scaler import MoneyScaler

__all__ = ["map_loadings", "segment_map"]


def segment_map(X: pd.DataFrame, *, revenue: str | None = None) -> pd.DataFrame:
    """Place of every customer on two axes.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Currency units.
    revenue : str, optional
        The revenue column; see `MoneyScaler`.

    Returns
    -------
    DataFrame by customer
        across, up: without unit; the sign is such that the largest loading of an axis is positive.

    Examples
    --------
    >>> X = pd.DataFrame({"revenue": [10.0, 100.0, 1000.0], "freight": [5.0, 20.0, 50.0]}, index=list("abc"))
    >>> segment_map(X)["up"].abs().max() < segment_map(X)["across"].abs().max()
    np.True_
    """
    centred, axes, _ = _turned(MoneyScaler(revenue).fit_transform(X))
    return pd.DataFrame(centred @ axes.T, index=X.index, columns=["across", "up"])


def map_loadings(X: pd.DataFrame, *, revenue: str | None = None) -> pd.DataFrame:
    """What the axes of `segment_map` are made of.

    Parameters
    ----------
    X, revenue
        As for `segment_map`.

    Returns
    -------
    DataFrame by feature
        across, up: the feature's part in each axis (squares add up to 1). ``attrs["shares"]``: share of the variance that each axis holds.

    Examples
    --------
    >>> X = pd.DataFrame({"revenue": [10.0, 100.0, 1000.0], "freight": [5.0, 20.0, 50.0]})
    >>> (map_loadings(X) ** 2).sum().round(6).tolist()
    [1.0, 1.0]
    """
    scaler = MoneyScaler(revenue).fit(X)
    _, axes, shares = _turned(scaler.transform(X))
    loadings = pd.DataFrame(axes.T, index=pd.Index(scaler.get_feature_names_out(), name="feature"), columns=["across", "up"])
    loadings.attrs["shares"] = shares
    return loadings


def _turned(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[float]]:
    centred = features - features.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = np.zeros((2, features.shape[1]))
    best = vectors.T[::-1][:2]
    axes[: len(best)] = best * np.sign(best[np.arange(len(best)), np.abs(best).argmax(axis=1)])[:, None]
    held, whole = ((centred @ axes.T) ** 2).sum(axis=0), (centred**2).sum()
    return centred, axes, (held / whole).tolist() if whole > 0 else [0.0, 0.0]
