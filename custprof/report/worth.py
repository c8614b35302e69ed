"""What are the customers of a study worth, how sure is that, and what forbids to say it?

The fit, the seed and the options of notebook 05, so that the report's first page and its workbook say the same as the notebook.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ANNUAL_RATE", "HORIZON", "LEVEL", "Worth", "value_customers"]

HORIZON, ANNUAL_RATE, LEVEL = 5, 0.10, 0.9
_ROUNDS = 100


class Worth(NamedTuple):
    """What `value_customers` found; None where a verdict of `lifetime.suitability` forbids it, and ``refused`` then says which.

    ``value``: frame by customer; ``avoidable``: Series, counting avoidable cost only, or all cost
    where nobody has said which ends with a customer; ``p_alive``: Series; ``total``: value, low and high
    of all; ``history``: summary of the purchases, where the model takes some customers for gone and found its parameters.
    """

    value: pd.DataFrame | None
    avoidable: pd.Series | None
    p_alive: pd.Series | None
    total: pd.Series | None
    refused: str
    history: pd.DataFrame | None = None


def value_customers(study, pnl: pd.DataFrame, allocation) -> Worth:
    """Lifetime value of every customer of a study and of all together, as far as the models may be used.

    Parameters
    ----------
    study : Study
    pnl : DataFrame
        `profit.customer_pnl` of the study.
    allocation : Allocation or None

    Returns
    -------
    Worth
        ``avoidable`` and ``history`` are missing, too, where values are not for decisions about single customers.

    Examples
    --------
    >>> from custprof.datasets import load_demo
    >>> value_customers(load_demo(), pnl, None).total["low"]              # doctest: +SKIP
    """
    from sklearn.exceptions import ConvergenceWarning

    from custprof.lifetime import CustomerValue, ParetoNBD, suitability, summarize, value_terms
    from custprof.lifetime.history import NoPurchasesError

    lines = study.table("transactions")
    try:
        history = summarize(lines)
    except NoPurchasesError:
        return Worth(None, None, None, None, "refused: nothing was sold to a known customer")
    verdicts = suitability(history, lines)
    refusing = verdicts[verdicts["verdict"] == "REFUSE"]
    refused = f"refused: {', '.join(refusing.index)}" if len(refusing) else ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the notebook on lifetime value shows it to its reader
        if refused:
            known = (refusing["about"] == "spend").all()
            return Worth(None, None, ParetoNBD().fit(history).p_alive(history) if known else None, None, refused)
        model = CustomerValue().fit(history)
    ahead = {"horizon": HORIZON, "annual_rate": ANNUAL_RATE}
    terms = value_terms(history, pnl, allocation)
    value = model.predict(history, **terms, **ahead)
    total = model.interval(history, by="total", **terms, **ahead, level=LEVEL, n_boot=_ROUNDS).loc["total", ["value", "low", "high"]]
    single = verdicts.loc["sizes of purchases", "verdict"] == "PASS"
    if not single:
        return Worth(value, None, value["p_alive"], total, "")
    terms = value_terms(history, pnl, allocation, avoidable="avoidable_profit" in pnl)
    avoidable = model.predict(history, **terms, **ahead)["value"]
    leaving = (verdicts.loc[["parameters found", "customers leave"], "verdict"] == "PASS").all()
    return Worth(value, avoidable, value["p_alive"], total, "", history if leaving else None)
