"""How is a fitted model kept, and taken up again by somebody else?

As JSON that a person can read: the kind of model, its options, and what it learnt, numbers to all their digits. Nothing in the file is
run. A `CustomerValue` keeps the rows it was fitted on, without ids or names, for its intervals draw customers again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from custprof.lifetime.betageo import BetaGeoNBD, ModifiedBetaGeoNBD
from custprof.lifetime.occasions import BetaGeoBinomial
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.renewals import BetaDiscreteWeibull, ShiftedBetaGeometric
from custprof.lifetime.search import Optimum
from custprof.lifetime.spend import GammaGamma
from custprof.lifetime.value import CustomerValue

__all__ = ["load_model", "save_model"]

_FORMAT = "custprof lifetime model 1"
_KINDS = {
    kind.__name__: kind
    for kind in (
        BetaDiscreteWeibull,
        BetaGeoBinomial,
        BetaGeoNBD,
        CustomerValue,
        GammaGamma,
        ModifiedBetaGeoNBD,
        ParetoNBD,
        ShiftedBetaGeometric,
    )
}


def save_model(model, path) -> Path:
    """Write a model of this stage as JSON.

    Parameters
    ----------
    model : estimator
        Fitted.
    path : str or Path
        File to write; one that exists is replaced.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    TypeError
        If the model is none of this stage.
    NotFittedError
        If it has not been fitted: there is nothing to keep.

    Examples
    --------
    >>> import tempfile
    >>> model = ShiftedBetaGeometric().fit([1000, 631, 468, 382])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load_model(save_model(model, folder + "/contracts.json"))
    >>> again.params_.equals(model.params_), again.survival(9).equals(model.survival(9))
    (True, True)
    """
    if type(model).__name__ not in _KINDS:
        raise TypeError(f"a {type(model).__name__} is no model of lifetimes; models are {', '.join(_KINDS)}.")
    check_is_fitted(model, msg="%(name)s is not fitted yet; call fit first, then save it.")
    path = Path(path)
    path.write_text(json.dumps({"format": _FORMAT, **_write(model)}, indent=1, allow_nan=False), encoding="utf-8")
    return path


def load_model(path):
    """Read a model that `save_model` wrote: it predicts as the one that was saved, to the last digit.

    Raises
    ------
    ValueError
        If the file holds no such model, or parameters that are missing or out of bounds.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        known = content["format"] == _FORMAT
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        known = False
    if not known:
        raise ValueError(f"{Path(path).name} holds no {_FORMAT}; write it with save_model.")
    try:
        model = _read(content)
        _check_learnt(model)
        return model
    except (KeyError, TypeError, AttributeError, ValueError) as wrong:
        raise ValueError(f"{Path(path).name} is damaged ({type(wrong).__name__}: {wrong}); write it again with save_model.") from wrong


def _write(value: Any) -> Any:
    if isinstance(value, BaseEstimator):
        options = value.get_params(deep=False)
        learnt = {name: _write(each) for name, each in vars(value).items() if name not in options}
        return {"model": type(value).__name__, "options": {name: _write(each) for name, each in options.items()}, "learnt": learnt}
    if isinstance(value, pd.Series):
        return {"names": value.index.tolist(), "values": _write(value.to_numpy())}
    if isinstance(value, Optimum):
        return {"optimum": {name: _write(each) for name, each in value._asdict().items()}}
    if isinstance(value, np.ndarray):
        return {"array": np.where(np.isnan(value), None, value).tolist() if value.dtype.kind == "f" else value.tolist()}
    if isinstance(value, tuple):
        return {"tuple": [_write(each) for each in value]}
    if isinstance(value, list):
        return [_write(each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"entries": {name: _write(each) for name, each in value.items()}}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be written.")


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "model" in value:
        model = _KINDS[value["model"]](**{name: _read(each) for name, each in value["options"].items()})
        for name, each in value["learnt"].items():
            setattr(model, name, _read(each))
        return model
    if "names" in value:
        return pd.Series(_read(value["values"]), index=value["names"])
    if "optimum" in value:
        return Optimum(**{name: _read(each) for name, each in value["optimum"].items()})
    if "array" in value:
        array = np.array(value["array"])
        return array.astype(float) if array.dtype == object else array
    if "tuple" in value:
        return tuple(map(_read, value["tuple"]))
    return {name: _read(each) for name, each in value["entries"].items()}


def _check_learnt(model) -> None:
    """Refuse parameters that no fit ends at; those after the model's own are coefficients of covariates."""
    if isinstance(model, CustomerValue):
        for part in (model.purchases_, model.spend_):
            _check_learnt(part)
        return
    known = getattr(model, "_known", None) or {"terms": [], "centre": [], "spread": []}
    own = len(model.params_) - len(known["terms"]) * len(getattr(model, "_moves", ()))
    positive, finite = list(model.params_.iloc[:own].items()), list(model.params_.iloc[own:].items())
    positive += [(f"the spread of {term}", size) for term, size in zip(known["terms"], known["spread"], strict=True)]
    finite += [(f"the average of {term}", middle) for term, middle in zip(known["terms"], known["centre"], strict=True)]
    for bound, words, found in ((0.0, " above 0", positive), (-np.inf, "", finite)):
        for name, value in found:
            if not bound < value < np.inf:
                raise ValueError(f"{name} is {float(value)}, not a finite number{words}")
