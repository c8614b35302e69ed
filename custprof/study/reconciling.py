"""Does what was read equal what is used and set aside, and does the ledger agree with the tables?

Sums are made of whole minor units (and of thousandths of them for what was read), so the identities hold exactly. Nothing is ever forced
to agree.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pandas as pd

from custprof.study.cells import literal, number_sql
from custprof.study.contracts import TABLES
from custprof.study.errors import StudyError
from custprof.study.intake import FINE, Mapping
from custprof.study.sources import PASSED

__all__ = ["passed_over", "reconcile", "report_totals", "tie_ledger"]

_NAN = float("nan")
#: Signs of currencies, which reports print on totals alone.
_CURRENCY = re.compile(r"[$€£¥]\s*")


def reconcile(study) -> pd.DataFrame:
    """What was read, used and set aside, one row by table and money column.

    Returns
    -------
    DataFrame with table, column (empty for a table without money), rows_read = rows_used + rows_set_aside, amount_read = amount_used +
    amount_set_aside + amount_rounding, and rows_unknown, the rows set aside whose amount cannot be known.
    """
    return pd.DataFrame([row for table in study.tables for row in _reconcile_table(study, table)])


def tie_ledger(study) -> pd.DataFrame:
    """Accounts of the ledger against money of the tables.

    Returns
    -------
    DataFrame with accounts, fact, ledger (times the tie's sign), tables, difference (ledger - tables; missing where one side is not known).
    """
    named = [[str(account) for account in tie["accounts"]] for tie in study.settings.ties]
    posted, rows = _ledger_sums(study, {account for accounts in named for account in accounts}), []
    for tie, accounts in zip(study.settings.ties, named, strict=True):
        lines = [posted[account] for account in set(accounts) if account in posted]
        ledger = sum(lines) / 10**study.decimals * tie.get("sign", 1) if lines else _NAN
        tables = _fact_sum(study, tie["fact"])
        rows.append((", ".join(accounts), tie["fact"], ledger, tables, round(ledger - tables, study.decimals) + 0.0))
    return pd.DataFrame(rows, columns=["accounts", "fact", "ledger", "tables", "difference"])


def passed_over(study, table: str, mapping: Mapping) -> pd.DataFrame:
    """Rows of reports that are no rows of the table; the columns are those of ``Study.passed_over``."""
    files = [file for part in mapping.parts for file in part.files]
    reader = study.rows_of(table).con
    there = reader.execute(f"select 1 from duckdb_tables() where table_name = '{PASSED}'").fetchall()
    rows = reader.execute(f"select _file, _row, kind, cells from {PASSED} order by 1, 2").fetchall() if there else []
    return pd.DataFrame([row for row in rows if row[0] in files], columns=["file", "row", "kind", "cells"])


def report_totals(study, table: str, mapping: Mapping) -> pd.DataFrame:
    """Totals of reports and the lines above them; the columns are those of ``Study.report_totals``.

    A total may be that of all lines above it, of those below its heading, or of those below the total before: where it equals one of them
    it agrees. Else it is held against the lines below the heading that it names or the total before, the last of a file against all.
    """
    column, found = TABLES[table].amount, []
    places = mapping.columns.get(column, [None] * len(mapping.parts))
    for file, said in passed_over(study, table, mapping).groupby("file", sort=False):
        number = next(number for number, part in enumerate(mapping.parts) if file in part.files)
        place, spec, headings, before = places[number], mapping.parts[number].spec, [], 0
        last = said["row"][said["kind"] == "total"].max()
        for row in said.itertuples():
            first = (row.cells[0] or "").strip().casefold() if row.cells else ""
            headings += [(first, row.row)] if row.kind == "heading" else []
            cell = _CURRENCY.sub("", row.cells[place] or "").strip() if isinstance(place, int) and place < len(row.cells) else ""
            if row.kind == "total" and cell:
                own = max((each for each in headings if each[0] in first), key=lambda each: (len(each[0]), each[1]), default=None)
                starts = [own[1] if own else 0 if row.row == last else before, 0, headings[-1][1] if headings else 0, before]
                found.append((file, row.row, f"select {number_sql(literal(cell), spec)}", starts))
            before = row.row if row.kind == "total" else before
    reader, spans = study.rows_of(table).con, sorted({(file, start, end) for file, end, _, starts in found for start in starts})
    read, unit, rows = _read_between(study, table, column, spans), 10**study.decimals, []
    for file, end, sql, starts in found:
        ((total,),) = reader.execute(sql).fetchall()
        if total is not None:
            sums = [read[file, start, end] for start in starts]
            agreeing = (each for each in sums if round(each * unit) == round(total * unit))
            rows.append((file.replace("\\", "/").rsplit("/", 1)[-1], end, total, next(agreeing, sums[0])))
    return pd.DataFrame(rows, columns=["file", "row", "total", "read"])


def _read_between(study, table: str, column: str, spans: list[tuple[str, int, int]]) -> dict[tuple[str, int, int], float]:
    """What was read between two rows of a file, for spans of (file, row before the first, row behind the last)."""
    if not spans:
        return {}
    unit = 10**study.decimals
    listed = ", ".join(f"({number}, {literal(file)}, {start}, {end})" for number, (file, start, end) in enumerate(spans))
    sums = study.query(
        f"select n, sum(round({column} * {unit})::hugeint) / {unit} from (values {listed}) as s(n, f, a, b) "
        f"left join raw_{table} on _file = f and _row > a and _row < b group by n"
    )
    return {spans[int(number)]: float(amount or 0) for number, amount in sums}


def _reconcile_table(study, table: str) -> list[dict[str, Any]]:
    money = [column for column in TABLES[table].money if column in study.columns(table)]
    unknown = dict.fromkeys(("amount_read", "amount_used", "amount_set_aside", "amount_rounding"), _NAN) | {"rows_unknown": 0}
    amounts = _amounts(study, table, money) if money else {"": unknown}
    return [{"table": table, "column": column, **study.counts(table), **found} for column, found in amounts.items()]


def _amounts(study, table: str, columns: list[str]) -> dict[str, dict[str, Any]]:
    scale, asked, amounts = 10**study.decimals, [], {}
    for column in columns:
        whole = f"sum(round({column} * {scale})::hugeint)"
        # a blank optional cell is known to be nothing; an unreadable one is not
        lost = "true" if column in TABLES[table].required else f"split_part(_reason, '|', 1) in ('', '{column}')"
        asked += [
            f"coalesce({whole} filter (_reason is null), 0)",
            f"coalesce({whole} filter (_reason is not null), 0)",
            f'coalesce(sum("_rest_{column}"), 0)',
            f"count(*) filter (_reason is not null and {column} is null and {lost})",
        ]
    found = iter(study.query(f"select {', '.join(asked)} from raw_{table}")[0])
    for column in columns:
        used, aside, rest, unknown = (int(next(found)) for _ in range(4))
        amounts[column] = {
            "amount_read": float(Decimal((used + aside) * 10**FINE + rest) / (scale * 10**FINE)),
            "amount_used": used / scale,
            "amount_set_aside": aside / scale,
            "amount_rounding": float(Decimal(rest) / (scale * 10**FINE)),
            "rows_unknown": unknown,
        }
    return amounts


def _ledger_sums(study, accounts: set[str]) -> dict[str, int]:
    """What the ledger posts to accounts, in minor units; those without a line are left out."""
    if "ledger" not in study.tables or not accounts:
        return {}
    unit, listed = 10**study.decimals, ", ".join(map(literal, sorted(accounts)))
    asked = f"select account, sum(round(amount * {unit})::bigint) from used_ledger where account in ({listed}) group by account"
    return {account: int(total) for account, total in study.query(asked)}


def _fact_sum(study, fact: str) -> float:
    table, _, column = fact.rpartition(".")
    if table:
        return _NAN if study.lacks(fact) else _sum(study, table, column)
    try:
        facts, unit = study.customer_facts(), 10**study.decimals
    except StudyError:  # no transaction can be used: the check says which rows, and why
        return _NAN
    return float((facts[fact] * unit).round().sum() / unit) if fact in facts else _NAN


def _sum(study, table: str, column: str) -> float:
    unit = 10**study.decimals
    total = study.query(f"select sum(round({column} * {unit})::bigint) from used_{table}")[0][0]
    return _NAN if total is None else int(total) / unit
