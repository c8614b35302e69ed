"""What should be known about the data before any figure is believed?

A list of rules, each a function from the study to issues. An error stops the study, a warning goes with it into the report, an info is
said once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from custprof.study import provenance, suspicions
from custprof.study.advice import advise
from custprof.study.conditions import CONDITIONS
from custprof.study.contracts import REFERENCES, TABLES
from custprof.study.weighing import place, weigh, weigh_each

__all__ = ["COLUMNS", "RULES", "find_issues"]

COLUMNS = ["severity", "table", "column", "rule", "rows", "amount", "examples", "advice"]
_SEVERITIES = ["error", "warning", "info"]


def find_issues(study, through: Callable[[Sequence[Any]], Iterable[Any]] = iter) -> pd.DataFrame:
    """Issues of a study, errors first, by table and column; `through` counts the rules as they are asked.

    Returns
    -------
    DataFrame with severity (error, warning, info), table, column, rule, rows, amount (money of the rows where the table has money and it
    is known, else missing), examples (at most three) and advice (what to do).
    """
    issues = [
        {"column": "", "rows": 0, "amount": float("nan"), "examples": "", **issue} for rule in through(RULES) for issue in rule(study)
    ]
    frame = pd.DataFrame(issues, columns=COLUMNS)
    tables = [*TABLES, *frame["table"]]
    rank = frame.assign(
        severity=frame["severity"].map(_SEVERITIES.index), table=frame["table"].map(tables.index), rows=-frame["rows"].astype("int64")
    ).sort_values(["severity", "table", "rows", "column", "rule"])
    return frame.loc[rank.index].astype({"rows": "int64", "amount": "float64"}).reset_index(drop=True)


def _set_aside(study) -> Iterator[dict[str, Any]]:
    for table in (table for table in study.tables if study.counts(table)["rows_set_aside"]):
        for reason, cell in study.query(
            f"select _reason, min(_cell) from raw_{table} where _reason is not null group by _reason order by _reason"
        ):
            column, rule = reason.split("|")
            yield {
                "severity": "info" if rule == "left out" else "warning",
                **weigh(study, table, f"_reason = '{reason}'", "_cell"),
                "column": column,
                "rule": f"set aside: {rule}",
                "advice": advise(rule, column, cell, next(iter(study.settings.tables.get(table, [])), {})),
            }


def _nothing_left(study) -> Iterator[dict[str, Any]]:
    for table in study.tables:
        if not study.counts(table)["rows_used"]:
            yield {
                "severity": "error",
                **weigh(study, table, "true", "_cell"),
                "rule": "no usable row",
                "advice": (
                    f"Every row of {table} is set aside for the reasons given beside; put them right, or take the table out of study.toml."
                ),
            }


def _not_listed(study) -> Iterator[dict[str, Any]]:
    for (table, column), other in REFERENCES.items():
        if other == "customers" and other not in study.tables and table != "transactions":  # then those are the customers who bought
            other = "transactions"
        if table in study.tables and other in study.tables and column in study.columns(table):
            key = TABLES[other].key or "customer_id"
            issue = weigh(
                study,
                table,
                f"_reason is null and {column} is not null and {column} not in (select {key} from used_{other} where {key} is not null)",
                column,
                distinct=True,
            )
            if issue["rows"]:
                yield {
                    "severity": "warning",
                    **issue,
                    "column": column,
                    "rule": f"not in {other}",
                    "advice": (
                        "Used as they are: cost, and no sale. Are they called otherwise there? custprof aliases suggests which is which."
                        if other == "transactions"
                        else f"Used as they are; add them to {other} or correct {column}."
                    ),
                }


def _repeated_lines(study) -> Iterator[dict[str, Any]]:
    for table in study.tables:
        if TABLES[table].key is not None or study.settings.said(table, "duplicates") == "set_aside":
            continue
        unit, column = 10**study.decimals, TABLES[table].amount
        money = f"first(round({column} * {unit})::bigint)" if column in study.columns(table) else "null"
        groups = (
            f"(select min(rowid) as first, count(*) - 1 as again, {money} as money from raw_{table} where _reason is null "
            f"group by {', '.join(study.columns(table))} having count(*) > 1)"
        )
        rows, amount = study.query(f"select coalesce(sum(again), 0), sum(money * again) / {unit} from {groups}")[0]
        if rows:
            # rows of a table of Spark have no number, so there is no first of them
            shown = study.query(
                f"select _file, _row from read_{table} where _id in "
                f"(select first from {groups} where first is not null order by 1 limit 3) order by _file, _row"
            )
            yield {
                "severity": "warning",
                "table": table,
                "rule": "repeated line",
                "rows": int(rows),
                "amount": float("nan") if amount is None else float(amount),
                "examples": "; ".join(place(file, row) for file, row in shown),
                "advice": (
                    "Kept: lines that agree in every column that is read can be true, such as two tickets of a day. If the export repeats "
                    "them, say duplicates = 'set_aside' for the table in study.toml."
                ),
            }


def _conditions(study) -> Iterator[dict[str, Any]]:
    for table in study.tables:
        rules = [rule for rule in CONDITIONS if rule.table == table and {rule.column, *rule.needs} <= set(study.columns(table))]
        asked = [(f"_reason is null and ({rule.where.format(half=0.5 / 10**study.decimals)})", rule.column, rule.amount) for rule in rules]
        for rule, issue in zip(rules, weigh_each(study, table, asked) if asked else [], strict=True):
            if issue["rows"]:
                yield {"severity": rule.severity, **issue, "column": rule.column, "rule": rule.rule, "advice": rule.advice}


def _rounded(study) -> Iterator[dict[str, Any]]:
    frame = study.reconciliation()
    for row in frame[frame["amount_rounding"].fillna(0) != 0].itertuples():
        yield {
            "severity": "info",
            "table": row.table,
            "column": row.column,
            "rule": "rounded",
            "rows": int(study.query(f'select count(*) from raw_{row.table} where "_rest_{row.column}" <> 0')[0][0]),
            "amount": row.amount_rounding,
            "advice": (
                f"Money is kept to {study.decimals} decimals, the amount is what rounding took; set decimals in study.toml to keep more."
            ),
        }


def _elapsed_only(study) -> Iterator[dict[str, Any]]:
    if "events" in study.tables and "minutes" not in study.columns("events"):
        yield {
            "severity": "info",
            "table": "events",
            "column": "minutes",
            "rule": "no effort",
            "rows": study.counts("events")["rows_used"],
            "advice": "Events can be counted, their time cannot: map minutes of work (the time a ticket was open is no effort).",
        }


def _periods(study) -> Iterator[dict[str, Any]]:
    if "ledger" in study.tables:
        sold = {label for (label,) in study.query(f"select distinct {study.period_of('date')} from used_transactions")}
        posted = {label for (label,) in study.query("select distinct period from used_ledger")}
        if posted - sold:
            labels = ", ".join(f"'{label}'" for label in sorted(posted - sold))
            yield {
                "severity": "warning",
                **weigh(study, "ledger", f"_reason is null and period in ({labels})", "period", distinct=True),
                "column": "period",
                "rule": "period without transactions",
                "advice": "The ledger has cost in periods in which no line was sold; extend the transactions or leave the periods out.",
            }


def _ties(study) -> Iterator[dict[str, Any]]:
    for tie in study.ties().itertuples():
        said = f"ledger {tie.accounts}: {study.money(tie.ledger, study.decimals)}; {tie.fact}: {study.money(tie.tables, study.decimals)}"
        if pd.isna(tie.difference):
            severity, advice = "warning", f"Cannot be compared: {tie.fact} or the accounts are not in the study."
        elif tie.difference == 0:
            severity, advice = "info", "The ledger and the tables agree."
        else:
            severity, advice = (
                "warning",
                "The ledger and the tables differ by this amount; nothing is forced to agree. Find out what one has and the other lacks.",
            )
        yield {
            "severity": severity,
            "table": "ledger",
            "column": "account",
            "rule": "tied" if severity == "info" else "does not tie",
            "amount": tie.difference,
            "examples": said,
            "advice": advice,
        }


RULES = [
    _nothing_left,
    _set_aside,
    _not_listed,
    _repeated_lines,
    _conditions,
    *suspicions.RULES,
    _periods,
    _ties,
    _rounded,
    _elapsed_only,
    *provenance.RULES,
]
