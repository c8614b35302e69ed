"""Will the cost model of a study hold, and what does it leave out?

Everything that the allocation of a study would stumble over, or mention, is said beforehand and at once, as issues like those of the
study's own check: problems of the cost model's file, columns that its activities use and the tables lack, rows on which a driver has no
value, accounts in no pool, pools without activities, time beyond capacity.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection

import pandas as pd

from custprof.study import StudyError
from custprof.study.checks import COLUMNS

from .allocating import allocate
from .capacities import capacity_issues, covered_months
from .drivers import driver_quantities, lacking_columns
from .inputs import read_lines, read_quantities, unknown_quantities
from .kinds import check_study
from .model import CostModel
from .reading import CostModelError

__all__ = ["check_costs", "check_model"]

#: Costs that stand on the customers' own lines.
_ON_LINES = ("cost_of_goods", "freight", "commission", "credit_cost", "bad_debt")


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
    check_study(study)
    if study.lacks("ledger", "cost_model"):
        return _frame([])
    try:
        return check_model(CostModel.read(study.cost_model), study)
    except CostModelError as error:
        return _frame([_error(problem, f"correct it in {study.cost_model.name}") for problem in error.problems])


def check_model(model: CostModel, study=None) -> pd.DataFrame:
    """The method `CostModel.check`: every problem of a model, alone or on a study, at once."""
    found = [_said(*issue) for issue in _alone(model)]
    if study is None or study.lacks("ledger"):
        return _frame(found)
    try:
        ledger, lacking = study.frame("ledger"), lacking_columns(model, study)
        found += [_said(*issue) for issue in (*_accounts(model, ledger, study.settings.ties), *_invoiced_too(model, study, ledger))]
        months = covered_months(study, ledger)
        found += [_said(rule, None, advice) for rule, advice in capacity_issues(model, study.period, months)]
        found += study.check().query("table == 'ledger' and rule.str.contains('another currency')").to_dict("records")
        for table, activity, columns in lacking:
            names = ", ".join(columns)
            found.append(_error(f'activity "{activity}" uses {names}, which {table} lacks; add {names} to the table {table}'))
        if lacking:
            return _frame(found + _refused(lambda: read_lines(model, ledger, True, study.decimals, [])))
        drivers = driver_quantities(model, study)
    except StudyError:  # no row of a table can be used, an error of the study's own check
        return _frame(found)
    found += [_said(rule, None, advice, rows=rows) for rule, rows, advice in unknown_quantities(model, drivers)]
    return _frame(found + _tried(model.over(months), ledger, drivers.drop(columns="missing"), study.decimals, found))


def _alone(model: CostModel):
    """What is allowed and yet worth a look: rule, amount, advice."""
    for name in model.operating:
        if not model.activities_of(name):
            yield f'pool "{name}" has no activity', None, 'give it one (level = "business" keeps the cost with the business) or flows'
    for activity in model.activities.values():
        if activity.level in ("order", "customer", "channel") and activity.table == "transactions" and activity.per == "line":
            spread = f'activity "{activity.name}" is of level {activity.level} and counts invoice lines'
            yield spread, None, 'long orders get more than their part; per = "order" counts orders'


def _accounts(model: CostModel, ledger: pd.DataFrame, ties: list):
    """Accounts that the ledger lacks, accounts that are nowhere in the model, and direct accounts that nothing ties to the customers."""
    accounts = ledger["account"].astype(str)
    booked = set(accounts)
    for account, pool in model.pool_of().items():
        if account not in booked:
            rule = f'pool "{pool}" names account {account}, which the ledger lacks'
            yield rule, None, _nearest(account, booked) or "correct the number of the account, or leave it out: no cost comes from it"
    tied = {str(account) for tie in ties for account in tie["accounts"]}
    amounts = ledger["amount"].groupby(accounts).sum()
    for account in model.direct:
        if account not in booked:
            advice = _nearest(account, booked) or "correct the number of the account, or leave it out"
            yield f"direct names account {account}, which the ledger lacks", None, advice
        elif account not in tied:
            rule = f"account {account} is direct and no tie says which money of the invoice lines it is"
            yield rule, amounts[account], "it is left out of the cost of customers: add it to [[ties]] of study.toml, or to a pool"
    stray = ~accounts.isin([*model.pool_of(), *model.direct])
    if "pool" in ledger:
        stray &= ~ledger["pool"].isin(list(model.pools))
    for account, amount in ledger.loc[stray, "amount"].groupby(accounts[stray]).sum().items():
        yield f"account {account} is in no pool and not direct", amount, "add it to a pool, or to direct if it is on the invoice lines"


def _nearest(account: str, booked: Collection[str]) -> str:
    """What the ledger calls an account that is written another way, such as by its number alone."""
    joined = sorted(name for name in booked if re.match(rf"{re.escape(account)}\W", name))
    close = joined or difflib.get_close_matches(account, sorted(booked), n=1, cutoff=0.8)
    return f'the ledger has "{close[0]}"; write accounts in full, as they stand there' if len(close) == 1 else ""


def _invoiced_too(model: CostModel, study, ledger: pd.DataFrame):
    """Accounts of pools whose money stands on the customers' invoice lines already, by a tie of the study or by an equal total."""
    tied = {str(account): tie["fact"] for tie in study.settings.ties if "." not in tie["fact"] for account in tie["accounts"]}
    facts, unit = study.customer_facts(), 10**study.decimals
    totals = {int((facts[name] * unit).round().sum()): name for name in _ON_LINES if name in facts and facts[name].any()}
    booked = (ledger["amount"] * unit).round().groupby(ledger["account"].astype(str)).sum()
    for account, pool in model.pool_of().items():
        fact = tied.get(account) or totals.get(int(booked.get(account, 0)))
        if fact:
            rule = f'account {account} is in pool "{pool}" and its money is {fact} of the customers\' lines already'
            yield rule, booked.get(account, 0) / unit, "move it to direct; a cost that goes two ways is counted twice"


def _tried(model: CostModel, ledger: pd.DataFrame, drivers: pd.DataFrame, decimals: int, found: list[dict]) -> list[dict]:
    """What the allocation refuses, or else mentions and has not been said yet."""
    refused = [
        *_refused(lambda: read_lines(model, ledger, True, decimals, [])),
        *_refused(lambda: read_quantities(model, drivers, None, [])),
    ]
    if refused:
        return refused
    try:
        late = allocate(model, ledger, drivers, decimals=decimals).issues
    except ValueError as error:
        return [_error(str(error))]
    # The allocation says by period, and with amounts, what the model says of itself.
    for issue in list(found):
        if late["rule"].str.startswith(issue["rule"]).any():
            found.remove(issue)
    return [_said(issue.rule, issue.amount, issue.advice) for issue in late.itertuples()]


def _refused(read: Callable) -> list[dict]:
    try:
        read()
    except ValueError as error:
        return [_error(str(error))]
    return []


def _frame(found: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame([{"table": "cost model", "column": "", "rows": 0, "examples": "", **issue} for issue in found], columns=COLUMNS)
    kinds = {**dict.fromkeys(COLUMNS, "str"), "rows": "int64", "amount": "float64"}
    return frame.astype(kinds).sort_values("severity", kind="stable", ignore_index=True)


def _said(rule: str, amount: float | None, advice: str, *, rows: int = 0) -> dict:
    return {"severity": "warning", "rule": rule, "amount": amount, "rows": rows, "advice": _sentence(advice)}


def _error(problem: str, advice: str = "correct it in the cost model, or the ledger") -> dict:
    """A problem in words, "what is wrong; what to do" and below it an equation with its mark, as an issue."""
    first, *marked = problem.split("\n")
    rule, _, said = first.rstrip(".").rpartition(". " if ". " in first and not marked else "; ")
    return {"severity": "error", "rule": rule or said, "amount": None, "advice": "\n".join([_sentence(said if rule else advice), *marked])}


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else text + "."
