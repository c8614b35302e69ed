"""Will the cost model of a study hold, and what does it leave out?

Everything that the allocation of a study would stumble over, or mention, is said beforehand and at once, as issues like those of the
study's own check: problems of the cost model's file, columns that its activities use and the tables lack, rows on which a driver has no
value, accounts in no pool, pools without activities, time beyond capacity.
"""

from __future__ import annotations

import pandas as pd

from custprof.study import StudyError
from custprof.study.checks import COLUMNS

from .drivers import driver_quantities, lacking_columns
from .flow import allocate
from .inputs import unknown_quantities
from .model import CostModel
from .reading import CostModelError

__all__ = ["check_costs"]


def check_costs(study) -> pd.DataFrame:
    """Issues of a study's cost model, in the columns of ``study.check()``.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        ``severity`` (error: the ledger cannot be allocated; warning), ``table`` ("cost model"), ``column`` (empty), ``rule``, ``rows``
        (on which a driver has no value), ``amount`` (currency units at stake, missing where not known), ``examples`` (empty), ``advice``;
        errors first. Empty where all is well, and where the study lacks a ledger or a cost model. A table of which no row can be used is
        left to the study's own check.

    Examples
    --------
    >>> from custprof.datasets import load_demo
    >>> issues = check_costs(load_demo())
    >>> issues["rule"].tolist()
    ['pool "customer_service" is over-driven in 2025: 324,040 of 313,000 minutes']
    """
    found: list[dict] = []
    if not study.lacks("ledger", "cost_model"):
        try:
            found = _find(study)
        except CostModelError as error:
            found = [_error(problem, study) for problem in error.problems]
        except StudyError:  # no row of a table can be used, an error of the study's own check
            found = []
    frame = pd.DataFrame([{"table": "cost model", "column": "", "rows": 0, "examples": "", **issue} for issue in found], columns=COLUMNS)
    return frame.astype({"rows": "int64", "amount": "float64"}).sort_values("severity", kind="stable", ignore_index=True)


def _find(study) -> list[dict]:
    model = CostModel.read(study.cost_model)
    ledger = study.frame("ledger")
    found = [
        _error(
            f'activity "{activity}" uses {", ".join(columns)}, which {table} lacks; add {", ".join(columns)} to the table {table}', study
        )
        for table, activity, columns in lacking_columns(model, study)
    ]
    own = model.check(ledger).to_dict("records")
    if found:
        return found + [_said(issue) for issue in own]
    drivers = driver_quantities(model, study)
    found = [
        _said({"severity": "warning", "rule": rule, "amount": None, "advice": advice}, rows)
        for rule, rows, advice in unknown_quantities(model, drivers)
    ]
    try:
        allocation = allocate(model, ledger, drivers.drop(columns="missing"), decimals=study.decimals)
    except ValueError as error:
        return [_error(str(error), study), *found, *(_said(issue) for issue in own)]
    late = allocation.issues.to_dict("records")
    # The allocation says by period, and with amounts, what the model says of itself.
    early = [issue for issue in own if not any(each["rule"].startswith(issue["rule"]) for each in late)]
    return found + [_said(issue) for issue in (*early, *late)]


def _said(issue: dict, rows: int = 0) -> dict:
    kept = {name: issue[name] for name in ("severity", "rule", "amount")}
    return kept | {"rows": rows, "advice": _sentence(issue["advice"])}


def _error(problem: str, study) -> dict:
    """A problem in words, "what is wrong; what to do" and below it an equation with its mark, as an issue."""
    first, *marked = problem.split("\n")
    rule, _, advice = first.rstrip(".").rpartition(". " if ". " in first and not marked else "; ")
    if not rule:
        rule, advice = advice, f"correct it in {study.cost_model.name}"
    return {"severity": "error", "rule": rule, "amount": None, "advice": "\n".join([_sentence(advice), *marked])}


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else text + "."
