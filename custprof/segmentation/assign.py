"""To which segment does a customer belong whom the clustering has never seen?

Where a clusterer predicts by the nearest centre or the likeliest component of a Gaussian mixture, the answer is kept as plain numbers,
which can be written down as JSON; so it is where it cannot predict and a decision tree stands in for it (the surrogate tree). One that
predicts in some other way is asked itself, and cannot be written down. Nobody comes to a segment that was empty when it was found.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import AffinityPropagation, KMeans, MeanShift, MiniBatchKMeans
from sklearn.mixture import GaussianMixture
from sklearn.tree import DecisionTreeClassifier

__all__ = ["assign", "learn_assignment"]

CENTRES, MIXTURE, TREE, PREDICT = "nearest centre", "likeliest component", "surrogate tree", "predict"
#: The clusterers whose own predict is just that; of others it may agree on the customers seen and differ on new ones.
BY_CENTRE, BY_DENSITY = (KMeans, MiniBatchKMeans, MeanShift, AffinityPropagation), (GaussianMixture,)
MOST_LEAVES = 64


def learn_assignment(model, features: np.ndarray) -> dict:
    """How a fitted clusterer assigns customers, in plain numbers where that is possible.

    Parameters
    ----------
    model : fitted scikit-learn clusterer or mixture
        With ``predict``, or with the ``labels_`` of the rows of features.
    features : ndarray, customers x features
        What it was fitted on.

    Returns
    -------
    dict
        by ("nearest centre", "likeliest component", "surrogate tree" or "predict"), agreement (share of the customers whom it places
        where the clusterer does), made_by (its class) and the numbers that `assign` needs, of the segments that have customers. Where
        "predict" names another, the nearest of their means decides.

    Examples
    --------
    >>> from sklearn.cluster import AgglomerativeClustering, KMeans
    >>> features = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> rule = learn_assignment(KMeans(2, n_init=1, random_state=0).fit(features), features)
    >>> rule["by"], sorted(np.ravel(rule["centres"]).tolist())
    ('nearest centre', [0.5, 10.5])
    >>> tree = learn_assignment(AgglomerativeClustering(2).fit(features), features)
    >>> tree["by"], tree["agreement"], assign(np.array([[-5.0], [50.0]]), tree).tolist()
    ('surrogate tree', 1.0, [1, 0])
    """
    if not hasattr(model, "predict"):
        return _tree(features, np.asarray(model.labels_)) | {"made_by": type(model).__name__}
    labels = np.asarray(model.predict(features))
    made = {"agreement": 1.0, "made_by": type(model).__name__}
    living, home = np.unique(labels, return_inverse=True)
    if type(model) in BY_CENTRE and living[0] >= 0:
        return {"by": CENTRES, "centres": np.asarray(model.cluster_centers_, dtype=float)[living].tolist()} | made
    if type(model) in BY_DENSITY:
        return _mixture(model, living) | made
    centres = [features[home == place].mean(axis=0).tolist() for place in range(len(living))]
    return {"by": PREDICT, "model": model, "labels": living.tolist(), "centres": centres} | made


def assign(features: np.ndarray, rule: dict) -> np.ndarray:
    """Label of every row of features, as the rule of `learn_assignment` says: ndarray of int.

    >>> assign(np.array([[1.0], [4.0]]), {"by": "nearest centre", "centres": [[0.0], [5.0]]}).tolist()
    [0, 1]
    """
    if rule["by"] == PREDICT:
        living, found = np.asarray(rule["labels"]), np.asarray(rule["model"].predict(features))
        return np.where(np.isin(found, living), found, living[_nearest(features, rule["centres"])])
    if rule["by"] == CENTRES:
        return _nearest(features, rule["centres"])
    if rule["by"] == MIXTURE:
        parts = zip(rule["log_weights"], rule["means"], rule["roots"], strict=True)
        return np.column_stack([_log_density(features, *part) for part in parts]).argmax(axis=1)
    return _walk(features.astype(np.float32), rule)


def _nearest(features: np.ndarray, centres: list) -> np.ndarray:
    centres = np.asarray(centres)
    return ((features**2).sum(axis=1, keepdims=True) - 2 * features @ centres.T + (centres**2).sum(axis=1)).argmin(axis=1)


def _mixture(model: GaussianMixture, living: np.ndarray) -> dict:
    width = model.means_.shape[1]
    roots = model.precisions_cholesky_
    whole = {
        "full": lambda: roots,
        "tied": lambda: [roots] * len(model.means_),
        "diag": lambda: [np.diag(root) for root in roots],
        "spherical": lambda: [np.eye(width) * root for root in roots],
    }[model.covariance_type]()
    return {
        "by": MIXTURE,
        "log_weights": np.log(model.weights_[living]).tolist(),
        "means": model.means_[living].tolist(),
        "roots": [np.asarray(whole[component]).tolist() for component in living],
    }


def _log_density(features: np.ndarray, log_weight: float, mean: list, root: list) -> np.ndarray:
    root = np.asarray(root)
    return log_weight + np.log(np.diag(root)).sum() - 0.5 * (((features - mean) @ root) ** 2).sum(axis=1)


def _tree(features: np.ndarray, labels: np.ndarray) -> dict:
    tree = DecisionTreeClassifier(max_leaf_nodes=MOST_LEAVES, random_state=0).fit(features, labels)
    parts = tree.tree_
    rule = {
        "by": TREE,
        "left": parts.children_left.tolist(),
        "right": parts.children_right.tolist(),
        "feature": parts.feature.tolist(),
        "threshold": parts.threshold.tolist(),
        "label": tree.classes_[parts.value[:, 0].argmax(axis=1)].tolist(),
    }
    return rule | {"agreement": float((assign(features, rule) == labels).mean())}


def _walk(features: np.ndarray, rule: dict) -> np.ndarray:
    left, right, feature, threshold, label = (np.asarray(rule[name]) for name in ("left", "right", "feature", "threshold", "label"))
    node, rows = np.zeros(len(features), dtype=int), np.arange(len(features))
    while (inner := left[node] >= 0).any():
        low = features[rows, np.maximum(feature[node], 0)] <= threshold[node]
        node = np.where(inner, np.where(low, left[node], right[node]), node)
    return label[node]
