"""How does a segmentation go from one computer to another, without pickle and without a customer in it?

A fitted `ProfitSegmenter` becomes one JSON document: scales, the rule that assigns customers, names, profile and rules in money; a fitted
`RFM` another: thresholds and the rules of its names. Whoever reads it can look into it; nothing in it is executed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from custprof.segmentation.scaler import MoneyScaler

__all__ = ["as_document", "as_rfm_document", "read_document", "restore", "restore_rfm", "write_document"]

FORMAT, RFM_FORMAT = "custprof segments 1", "custprof rfm 1"
FRAMES = ("profile_", "rules_", "merged_", "k_table_")
PARTS = ("parameters", "columns", "named_columns", "scaler", "assignment", "home", "order", "frames")
PLAIN = ("revenue_", "n_segments_", "n_features_in_", "fidelity_", "whale_limit_")


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
    parameters = segmenter.get_params(deep=False)
    return {
        "format": FORMAT,
        "parameters": {name: _plain(value) for name, value in parameters.items() if name != "estimator"},
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
    segmenter.set_params(**document["parameters"])
    kept, scaler = document["scaler"], MoneyScaler(document["scaler"]["revenue"], size_weight=document["scaler"]["size_weight"])
    columns = document["columns"]
    segmenter.columns_, scaler.columns_, scaler.revenue_, scaler.scale_ = columns, columns, kept["revenue"], kept["scale"]
    scaler.rate_scale_ = pd.Series(kept["rate_scale"], index=[name for name in columns if name != kept["revenue"]], dtype=float)
    names = scaler.get_feature_names_out()
    scaler.mean_, scaler.spread_ = pd.Series(kept["mean"], index=names), pd.Series(kept["spread"], index=names)
    for name in PLAIN:
        setattr(segmenter, name, document[name])
    for name, frame in document["frames"].items():
        setattr(segmenter, name, None if frame is None else _table(frame))
    scaler.n_features_in_ = segmenter.n_features_in_
    if document["named_columns"]:
        scaler.feature_names_in_ = segmenter.feature_names_in_ = np.asarray(columns, dtype=object)
    segmenter.scaler_, segmenter.assignment_ = scaler, document["assignment"]
    segmenter.home_, segmenter.order_ = (dict(map(tuple, document[name])) for name in ("home", "order"))
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
    parameters = document["parameters"]
    if parameters["rules"] is not None:  # JSON has lists where the rules have pairs
        parameters = parameters | {"rules": {name: _pairs(rule) for name, rule in parameters["rules"].items()}}
    rfm.set_params(**parameters)
    return rfm._with({column: np.asarray(found, dtype=float) for column, found in document["thresholds"].items()})


def write_document(document: dict, path: str | Path) -> Path:
    """Write a document as JSON, and return where."""
    path = Path(path)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_document(path: str | Path) -> dict:
    """Read a document written by `write_document`. Raises ValueError if it is no JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not a segmentation written by custprof: it is not JSON ({error}).") from error


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
