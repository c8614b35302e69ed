"""How many rows does an issue concern, how much money, and which are the first?"""

from __future__ import annotations

from typing import Any

from custprof.study.contracts import TABLES

__all__ = ["place", "quantiles", "weigh"]


def weigh(study, table: str, where: str, shown: str | None = None, *, amount: str | None = None, distinct: bool = False) -> dict[str, Any]:
    """Rows, money and three examples of the rows of a table (among all that were read) that meet a condition."""
    column, unit = TABLES[table].amount, 10**study.decimals
    amount = amount or (column if column in study.columns(table) else None)
    money = f"sum(round(({amount}) * {unit})::hugeint) / {unit}" if amount else "null"
    rows, total = study.query(f"select count(*), {money} from raw_{table} where {where}")[0]
    examples = ""
    if rows and distinct:
        examples = ", ".join(
            str(name) for (name,) in study.query(f"select distinct {shown} from raw_{table} where {where} order by 1 limit 3")
        )
    elif rows:
        found = study.query(f"select _file, _row, {shown or 'null'} from read_{table} where {where} order by _file, _row, 3 limit 3")
        examples = "; ".join(place(file, row) + ("" if value is None else f" ({str(value)[:60]})") for file, row, value in found)
    return {"table": table, "rows": rows, "amount": _float(total), "examples": examples}


def place(file: str, row: int | None) -> str:
    """Where a row stands, in words: "lines.csv row 7"; rows of a table of Spark have no number."""
    name = file.replace(chr(92), "/").rsplit("/", 1)[-1]
    return name if row is None else f"{name} row {row}"


def quantiles(study, table: str, value: str, where: str, *shares: float) -> tuple[int, list[Any]]:
    """How many used rows meet a condition, and below which values of theirs these shares of the rows stay (values that there are)."""
    groups = f"(select {value} as value, count(*) as n from used_{table} where {where} group by 1) as groups"
    upto = f"(select value, n, sum(n) over (order by value) as upto, sum(n) over () as rows from {groups}) as counted"
    found = ", ".join(f"min(value) filter (upto >= {share} * rows)" for share in shares)
    ((rows, *values),) = study.query(f"select coalesce(sum(n), 0), {found} from {upto}")
    return int(rows), values


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)
