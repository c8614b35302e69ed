"""How does a segmentation go from one computer to another, without pickle and without a customer in it?

A fitted `ProfitSegmenter` becomes one JSON document: scales, the rule that assigns customers, names, profile and rules in money; a fitted
`RFM` another: thresholds and the rules of its names. Whoever reads it can look into it; nothing in it is executed, and a file that was
changed is refused with the part that is wrong.
"""

from __future__ import annotations

import json
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import cluster, mixture
from sklearn.base import BaseEstimator

from custprof.segmentation.assign import assign
from custprof.segmentation.scaler import MoneyScaler

__all__ = ["as_document", "as_rfm_document", "read_document", "restore", "restore_rfm", "write_document"]

FORMAT, RFM_FORMAT = "custprof segments 1", "custprof rfm 1"
FRAMES = ("profile_", "rules_", "merged_", "k_table_")
PARTS = ("parameters", "columns", "named_columns", "scaler", "assignment", "home", "order", "frames")
PLAIN = {
    "revenue_": str,
    "n_segments_": int,
    "n_features_in_": int,
    "fidelity_": float,
    "whale_limit_": lambda limit: None if limit is None else float(limit),
}


def as_document(segmenter) -> dict:
    """A fitted segmenter as dictionaries, lists, numbers and text. Raises TypeError if its clusterer predicts in a way of its own.

    >>> from custprof.segmentation import ProfitSegmenter
    >>> X = pd.DataFrame({"revenue": [10.0, 12.0, 900.0, 950.0], "cost_to_serve": [9.0, 10.0, 90.0, 80.0]})
    >>> document = as_document(ProfitSegmenter(2).fit(X, X["revenue"] * 0.5 - X["cost_to_serve"]))
    >>> document["format"], document["assignment"]["by"]
    ('custprof segments 1', 'nearest centre')
    """
    if "model" in segmenter.assignment_:
        raise TypeError(
            f"{segmenter.assignment_['made_by']} predicts in a way of its own, which JSON cannot hold; "
            "use K-means, a Gaussian mixture or a clusterer without predict, or keep the Python object."
        )
    scaler = segmenter.scaler_
    parameters = {name: _plain(value) for name, value in segmenter.get_params(deep=False).items() if name != "estimator"}
    for name, value in parameters.items():
        if not _is_json(value):
            raise TypeError(f"{name} is {value!r}, which JSON cannot hold; set it to a number with set_params before saving.")
    return {
        "format": FORMAT,
        "parameters": parameters,
        "estimator": _described(segmenter.estimator),
        "columns": [str(column) for column in scaler.columns_],
        "named_columns": hasattr(segmenter, "feature_names_in_"),
        "scaler": {
            "revenue": scaler.revenue_,
            "size_weight": scaler.size_weight,
            "scale": scaler.scale_,
            "rate_scale": scaler.rate_scale_.tolist(),
            "mean": scaler.mean_.tolist(),
            "spread": scaler.spread_.tolist(),
        },
        "assignment": segmenter.assignment_,
        "home": [[_plain(label), _plain(home)] for label, home in segmenter.home_.items()],
        "order": [[_plain(label), segment] for label, segment in segmenter.order_.items()],
        **{name: _plain(getattr(segmenter, name)) for name in PLAIN},
        "frames": {name: _frame(getattr(segmenter, name)) for name in FRAMES},
    }


def restore(segmenter, document: dict):
    """Give a new segmenter what ``as_document`` wrote of another: it predicts and explains as that one did, and knows no customers."""
    _check(document, FORMAT, (*PARTS, *PLAIN))
    with _reading("parameters"):
        segmenter.set_params(**document["parameters"])
    with _reading("estimator"):
        segmenter.set_params(estimator=_made(document.get("estimator")))
    with _reading("scaler"):
        segmenter.scaler_ = _scaler(document["scaler"], document["columns"])
    for name in PLAIN:
        with _reading(name):
            setattr(segmenter, name, PLAIN[name](document[name]))
    for name in FRAMES:
        with _reading(name):
            frame = document["frames"][name]
            setattr(segmenter, name, None if frame is None else _table(frame))
    segmenter.columns_, segmenter.assignment_ = document["columns"], document["assignment"]
    with _reading("named_columns"):
        if document["named_columns"]:
            segmenter.feature_names_in_ = segmenter.scaler_.feature_names_in_ = np.asarray(document["columns"], dtype=object)
    with _reading("assignment"):
        found = assign(np.zeros((1, len(segmenter.columns_))), segmenter.assignment_)
    with _reading("home"):
        segmenter.home_ = dict(map(tuple, document["home"]))
        segmenter.home_[int(found[0])]
    with _reading("order"):
        segmenter.order_ = dict(map(tuple, document["order"]))
        [segmenter.profile_.index[segmenter.order_[label]] for label in segmenter.home_.values()]
    return segmenter


def as_rfm_document(rfm) -> dict:
    """A fitted `RFM` as dictionaries, lists, numbers and text.

    >>> from custprof.segmentation import RFM
    >>> X = pd.DataFrame({"recency": [1.0, 9.0], "frequency": [3, 1], "monetary": [50.0, -5.0]})
    >>> as_rfm_document(RFM(2).fit(X))["thresholds"]
    {'recency': [1.0], 'frequency': [1.0], 'monetary': [50.0]}
    """
    cuts = None if rfm.cuts is None else {column: np.asarray(given, dtype=float).tolist() for column, given in rfm.cuts.items()}
    thresholds = {column: found.astype(float).tolist() for column, found in rfm.thresholds_.items()}
    parameters = {"classes": int(rfm.classes), "method": rfm.method, "cuts": cuts, "rules": rfm.rules}
    return {"format": RFM_FORMAT, "parameters": parameters, "thresholds": thresholds}


def restore_rfm(rfm, document: dict):
    """Give a new `RFM` what ``as_rfm_document`` wrote of another: its parameters and thresholds."""
    _check(document, RFM_FORMAT, ("parameters", "thresholds"))
    with _reading("parameters"):
        parameters = document["parameters"]
        if parameters["rules"] is not None:  # JSON has lists where the rules have pairs
            parameters = parameters | {"rules": {name: _pairs(rule) for name, rule in parameters["rules"].items()}}
        rfm.set_params(**parameters)
    with _reading("thresholds"):
        return rfm._with({column: np.asarray(found, dtype=float) for column, found in document["thresholds"].items()})


def write_document(document: dict, path: str | Path) -> Path:
    """Write a document as JSON, and return where."""
    path = Path(path)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_document(path: str | Path, into):
    """Read a document written by `write_document` and hand it to ``into``. Raises ValueError, with the path, for what is no such document.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "one.json"
    >>> read_document(write_document({"a": 1}, path), lambda document: document["a"])
    1
    """
    try:
        return into(json.loads(Path(path).read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not a segmentation written by custprof: it is not JSON ({error}).") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


@contextmanager
def _reading(part: str):
    """Say which part of a document is wrong, whatever is wrong with it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{part} cannot be read ({type(error).__name__}: {error}): the file was changed after it was written; save it again."
        ) from error


def _scaler(kept: dict, columns: list[str]) -> MoneyScaler:
    scaler = MoneyScaler(kept["revenue"], size_weight=float(kept["size_weight"]))
    scaler.columns_, scaler.revenue_, scaler.scale_ = columns, kept["revenue"], float(kept["scale"])
    scaler.rate_scale_ = pd.Series(kept["rate_scale"], index=[name for name in columns if name != kept["revenue"]], dtype=float)
    names = scaler.get_feature_names_out()
    scaler.mean_, scaler.spread_ = (pd.Series(kept[name], index=names, dtype=float) for name in ("mean", "spread"))
    scaler.n_features_in_ = len(columns)
    return scaler


def _described(estimator) -> dict | None:
    """The class of an estimator and its parameters as far as they differ from the usual; none if JSON cannot hold them."""
    if estimator is None:
        return None
    usual, own = type(estimator)().get_params(), estimator.get_params(deep=False)
    changed = {name: _plain(value) for name, value in own.items() if repr(value) != repr(usual.get(name))}
    return {"made_by": type(estimator).__name__, "parameters": changed if _is_json(changed) else None}


def _made(described: dict | None) -> BaseEstimator | None:
    """The estimator, if it is one of scikit-learn's clusterers or mixtures; else none, with a warning."""
    if described is None:
        return None
    name, parameters = described["made_by"], described["parameters"]
    home = next((module for module in (cluster, mixture) if name in module.__all__ and isinstance(getattr(module, name), type)), None)
    if home is None or parameters is None:
        warnings.warn(
            f"the segments were found by {name}, which could not be kept; they predict as they did, but to fit again set it first: "
            "set_params(estimator=...), or K-means is taken.",
            stacklevel=2,
        )
        return None
    return getattr(home, name)().set_params(**parameters)


def _is_json(value) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _check(document, expected: str, parts: tuple[str, ...]) -> None:
    written = document.get("format") if isinstance(document, dict) else None
    if written != expected:
        raise ValueError(f"this is not a segmentation written by custprof (format {written!r}); expected {expected!r}.")
    lacking = [name for name in parts if name not in document]
    if lacking:
        raise ValueError(f"the segmentation lacks {lacking[:3]}: the file was changed after it was written; save it again.")


def _pairs(rule: dict) -> dict:
    return {column: tuple(allowed) if isinstance(allowed, list) else allowed for column, allowed in rule.items()}


def _frame(table: pd.DataFrame | None) -> dict | None:
    if table is None:
        return None
    rows = [[_plain(value) for value in row] for row in table.itertuples(index=False)]
    types = [str(kind) if kind.kind in "bif" else "object" for kind in map(np.dtype, _kinds(table))]
    return {"name": table.index.name, "index": table.index.tolist(), "columns": list(table.columns), "types": types, "rows": rows}


def _kinds(table: pd.DataFrame) -> list:
    return [kind if isinstance(kind, np.dtype) else object for kind in table.dtypes]


def _table(frame: dict) -> pd.DataFrame:
    table = pd.DataFrame(frame["rows"], index=pd.Index(frame["index"], name=frame["name"], dtype=int), columns=frame["columns"])
    kinds = {column: kind for column, kind in zip(frame["columns"], frame["types"], strict=True) if kind != "object"}
    return table.astype(kinds)


def _plain(value):
    """A number, text, list or None as JSON has it; what is missing is null."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
