"""Does what was read equal what is used and set aside, and does the ledger agree with the tables?

Sums are made of whole minor units (and of thousandths of them for what was read), so the identities hold exactly. Nothing is ever forced
to agree.
"""

from __future__ import annotations

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
    rows = []
    for tie in study.settings.ties:
        accounts = [str(account) for account in tie["accounts"]]
        ledger, tables = _ledger_sum(study, accounts) * tie.get("sign", 1), _fact_sum(study, tie["fact"])
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
    """Grand totals of reports and the lines above them; the columns are those of ``Study.report_totals``."""
    column, rows = TABLES[table].amount, []
    places = mapping.columns.get(column, [None] * len(mapping.parts))
    for said in passed_over(study, table, mapping).itertuples():
        number = next(number for number, part in enumerate(mapping.parts) if said.file in part.files)
        place, cells = places[number], said.cells
        grand = said.kind == "total" and (cells[0] or "").strip().casefold() == "total"
        if grand and isinstance(place, int) and place < len(cells) and cells[place]:
            said_total = number_sql(literal(cells[place].strip()), mapping.parts[number].spec)
            ((total,),) = study.rows_of(table).con.execute(f"select {said_total}").fetchall()
            unit = 10**study.decimals
            whole = f"sum(round({column} * {unit})::hugeint) / {unit}"
            ((read,),) = study.query(f"select {whole} from raw_{table} where _file = {literal(said.file)}")
            rows.append((said.file.replace("\\", "/").rsplit("/", 1)[-1], total, read))
    return pd.DataFrame(rows, columns=["file", "total", "read"]).dropna()


def _reconcile_table(study, table: str) -> list[dict[str, Any]]:
    rows, kept = study.query(f"select count(*), count(*) filter (_reason is null) from raw_{table}")[0]
    counts = {"rows_read": rows, "rows_used": kept, "rows_set_aside": rows - kept}
    money = [column for column in TABLES[table].money if column in study.columns(table)]
    return [{"table": table, "column": column, **counts, **_amounts(study, table, column)} for column in money] or [
        {
            "table": table,
            "column": "",
            **counts,
            "amount_read": _NAN,
            "amount_used": _NAN,
            "amount_set_aside": _NAN,
            "amount_rounding": _NAN,
            "rows_unknown": 0,
        }
    ]


def _amounts(study, table: str, column: str) -> dict[str, Any]:
    scale, whole = 10**study.decimals, f"sum(round({column} * {10**study.decimals})::hugeint)"
    # a blank optional cell is known to be nothing; an unreadable one is not
    lost = "true" if column in TABLES[table].required else f"split_part(_reason, '|', 1) in ('', '{column}')"
    used, aside, rest, unknown = study.query(
        f"select coalesce({whole} filter (_reason is null), 0), coalesce({whole} filter (_reason is not null), 0), "
        f'coalesce(sum("_rest_{column}"), 0), count(*) filter (_reason is not null and {column} is null and {lost}) from raw_{table}'
    )[0]
    used, aside, rest = int(used), int(aside), int(rest)
    return {
        "amount_read": float(Decimal((used + aside) * 10**FINE + rest) / (scale * 10**FINE)),
        "amount_used": used / scale,
        "amount_set_aside": aside / scale,
        "amount_rounding": float(Decimal(rest) / (scale * 10**FINE)),
        "rows_unknown": unknown,
    }


def _ledger_sum(study, accounts: list[str]) -> float:
    if "ledger" not in study.tables:
        return _NAN
    listed = ", ".join("'" + account.replace("'", "''") + "'" for account in accounts)
    return _sum(study, "ledger", "amount", f"where account in ({listed})")


def _fact_sum(study, fact: str) -> float:
    table, _, column = fact.rpartition(".")
    if table:
        return _NAN if study.lacks(fact) else _sum(study, table, column)
    try:
        facts, unit = study.customer_facts(), 10**study.decimals
    except StudyError:  # no transaction can be used: the check says which rows, and why
        return _NAN
    return float((facts[fact] * unit).round().sum() / unit) if fact in facts else _NAN


def _sum(study, table: str, column: str, where: str = "") -> float:
    unit = 10**study.decimals
    total = study.query(f"select sum(round({column} * {unit})::bigint) from used_{table} {where}")[0][0]
    return _NAN if total is None else int(total) / unit
