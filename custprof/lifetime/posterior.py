"""What do the data say of the parameters, if nothing is taken to be normal?

Maximum likelihood gives the best parameters and, from the curvature there, their standard errors. Where customers are few that curvature
misleads: the rate of leaving is known far better downwards than upwards. pymc-marketing (the optional extra ``bayes``) draws from the whole
posterior instead; nothing else in the package needs it, and it takes a minute or two where the fit takes a hundredth of a second.
Times are in units of their mean and spend in units of its mean, so priors mean the same in days and in weeks: shapes are log-normal
around 1, scales around a third of the mean age, gamma around the mean purchase, each within a factor of 20 with 95 %; coefficients of
covariates in standard deviations are normal(0, 1).
"""

from __future__ import annotations

import logging
import os
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from custprof.lifetime.betageo import BetaGeoNBD, ModifiedBetaGeoNBD
from custprof.lifetime.checks import check_fitted
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.spend import GammaGamma
from custprof.lifetime.value import CustomerValue

__all__ = ["posterior"]

_KINDS = {
    ParetoNBD: "ParetoNBDModel",
    BetaGeoNBD: "BetaGeoModel",
    ModifiedBetaGeoNBD: "ModifiedBetaGeoModel",
    GammaGamma: "GammaGammaModel",
}
_WIDE = 1.5  # of a log-normal prior
_THIRD = np.log(1 / 3)
_APART = 1.05
_COEFFICIENTS = {
    "purchases": ("purchase_coefficient", "purchase_coefficient_alpha"),
    "leaving": ("dropout_coefficient",),
    "a": ("dropout_coefficient_a",),
    "b": ("dropout_coefficient_b",),
}


def posterior(model, summary: pd.DataFrame, *, draws: int = 1000, chains: int = 2, random_state: int = 0) -> pd.DataFrame:
    """Parameters drawn from what the data allow, by pymc-marketing, to be laid beside ``params_`` and ``se_``.

    Parameters
    ----------
    model : ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD, GammaGamma or CustomerValue
        Fitted; of a `CustomerValue` both parts are drawn, one after the other.
    summary : DataFrame
        What it was fitted on, one row a customer.
    draws, chains : int
        Draws kept from each chain, and chains; as many again are thrown away at the start.
    random_state : int
        The same state gives the same draws, on one kind of machine.

    Returns
    -------
    DataFrame
        By chain and draw, a column for each of the model's parameters, in its units. ``.describe()`` tells mean and quantiles;
        ``CustomerValue.interval(method=draws)`` takes the parameters of its rounds from it.

    Raises
    ------
    ImportError
        If pymc-marketing is not installed.
    TypeError
        If the model is of another kind.

    Examples
    --------
    >>> posterior("ParetoNBD", None)
    Traceback (most recent call last):
    ...
    TypeError: a str has no posterior here; models are CustomerValue, ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD, GammaGamma.
    """
    if not isinstance(model, (CustomerValue, *_KINDS)):
        raise TypeError(
            f"a {type(model).__name__} has no posterior here; models are CustomerValue, {', '.join(k.__name__ for k in _KINDS)}."
        )
    if find_spec("pymc_marketing") is None:
        raise ImportError(
            'posteriors need pymc-marketing, which is not installed; pip install "custprof[bayes]", or use the standard errors in se_.'
        )
    if isinstance(model, CustomerValue):
        parts = [
            posterior(part, summary, draws=draws, chains=chains, random_state=random_state) for part in (model.purchases_, model.spend_)
        ]
        return pd.concat(parts, axis=1)
    check_fitted(model)
    data, priors = (_spends if isinstance(model, GammaGamma) else _purchases)(model, summary)
    found = _sample(_KINDS[type(model)], data, priors, isinstance(model, ParetoNBD), draws, chains, random_state)
    columns = (_read_spends if isinstance(model, GammaGamma) else _read_purchases)(model, found)
    index = pd.MultiIndex.from_product([range(chains), range(draws)], names=["chain", "draw"])
    out = pd.DataFrame(columns, index=index)[list(model.params_.index)]
    apart = _apart(out)
    if (apart > _APART).any():
        named = ", ".join(f"{name} ({size:.2f})" for name, size in apart[apart > _APART].items())
        warnings.warn(f"the chains have not met: R-hat is above {_APART} for {named}; take more draws.", ConvergenceWarning, stacklevel=2)
    return out


def _sample(kind: str, data: pd.DataFrame, priors: dict, steep: bool, draws: int, chains: int, random_state: int):
    """The posterior of a model of pymc-marketing, quietly."""
    quiet = logging.getLogger("pymc")
    level = quiet.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymc_extras.prior import Prior
        from pymc_marketing import clv

        distributions = {name: Prior(*each[:1], **each[1]) if isinstance(each, tuple) else each for name, each in priors.items()}
        options = {
            "chains": chains,
            "cores": min(chains, os.cpu_count() or 1),
            "random_seed": random_state,
            "progressbar": False,
            "compute_convergence_checks": False,
        }
        try:
            quiet.setLevel(logging.ERROR)
            model = getattr(clv, kind)(model_config=distributions)
            if steep:  # its gradient takes minutes; a sampler without, on every tenth step, is as good with four parameters
                found = model.fit(data, method="demz", draws=10 * draws, tune=10 * draws, **options)
                return found.posterior.isel(draw=slice(9, None, 10))
            return model.fit(data, method="mcmc", draws=draws, tune=draws, **options).posterior
        finally:
            quiet.setLevel(level)


def _apart(draws: pd.DataFrame) -> pd.Series:
    """Split R-hat by parameter (Gelman et al. 2013, p. 284): 1 where the halves of all chains tell the same."""
    half = draws.index.get_level_values("draw") >= draws.index.levels[1].size // 2
    parts = draws.groupby([draws.index.get_level_values("chain"), half])
    n, within = parts.size().min(), parts.var().mean()
    return np.sqrt((n - 1) / n + parts.mean().var() / within)


def _purchases(model, summary: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Times in units of the fit's scale, covariates standardised, and priors for that."""
    frequency, recency, age = model._read(summary, model.unit_)
    data = pd.DataFrame({"frequency": frequency, "recency": recency / model._scale, "T": age / model._scale})
    data.insert(0, "customer_id", np.arange(len(data)))
    priors = {name: _log_normal(_THIRD if name in model._times else 0.0) for name in model._names}
    known, x = model._known, model._design(summary)
    if known:
        names = [f"x{i}" for i in range(x.shape[1])]
        data[names] = x / known["spread"]
        priors |= {"purchase_covariate_cols": names, "dropout_covariate_cols": names}
        priors |= dict.fromkeys(("purchase_coefficient", "dropout_coefficient"), ("Normal", {"mu": 0, "sigma": 1}))
    return data, priors


def _read_purchases(model, found) -> dict[str, np.ndarray]:
    known = model._known
    params = {name: _flat(found[f"{name}_scale" if f"{name}_scale" in found else name]) for name in model._names}
    if known:
        for process in model._moves:
            name = next(each for each in _COEFFICIENTS[process] if each in found)
            coefficients = _flat(found[name]).reshape(-1, len(known["terms"])) / known["spread"]
            params |= {f"{process}: {term}": column for term, column in zip(known["terms"], coefficients.T, strict=True)}
    return {name: values * (model._scale if name in model._times else 1.0) for name, values in params.items()}


def _spends(model: GammaGamma, summary: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    again = summary[summary["frequency"] > 0]
    data = pd.DataFrame({"frequency": again["frequency"].to_numpy(float), "monetary_value": again["monetary_value"].to_numpy(float)})
    data["monetary_value"] /= model._scale
    data.insert(0, "customer_id", np.arange(len(data)))
    return data, {name: _log_normal(0.0) for name in ("p", "q", "v")}


def _read_spends(model: GammaGamma, found) -> dict[str, np.ndarray]:
    return {"p": _flat(found["p"]), "q": _flat(found["q"]), "gamma": _flat(found["v"]) * model._scale}


def _log_normal(middle: float) -> tuple[str, dict]:
    return "LogNormal", {"mu": middle, "sigma": _WIDE}


def _flat(values) -> np.ndarray:
    return values.to_numpy().reshape(-1, *values.shape[2:])
