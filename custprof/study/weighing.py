"""How many rows does an issue concern, how much money, and which are the first?"""

from __future__ import annotations

from typing import Any

from custprof.study.contracts import TABLES

__all__ = ["place", "weigh"]


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
        found = study.query(f"select _file, _row, {shown or 'null'} from read_{table} where {where} order by _file, _row limit 3")
        examples = "; ".join(place(file, row) + ("" if value is None else f" ({str(value)[:60]})") for file, row, value in found)
    return {"table": table, "rows": rows, "amount": _float(total), "examples": examples}


def place(file: str, row: int) -> str:
    """Where a row stands, in words: "lines.csv row 7"."""
    return f"{file.replace(chr(92), '/').rsplit('/', 1)[-1]} row {row}"


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)
