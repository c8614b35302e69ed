"""How many rows does an issue concern, how much money, and which are the first?

Questions about the same rows are asked together: a cluster takes longer to begin a query than to go through a million
rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from custprof.study.contracts import TABLES

__all__ = ["Spread", "place", "spreads", "weigh", "weigh_each"]


@dataclass(frozen=True)
class Spread:
    """How values are spread: of how many rows, the least and the greatest, and those that shares of the rows do not exceed."""

    rows: int
    least: Any
    greatest: Any
    below: tuple[Any, ...]


def weigh(study, table: str, where: str, shown: str | None = None, *, amount: str | None = None, distinct: bool = False) -> dict[str, Any]:
    """Rows, money and three examples of the rows of a table (among all that were read) that meet a condition."""
    rows, total = study.query(f"select count(*), {_money(study, table, amount)} from raw_{table} where {where}")[0]
    return _issue(study, table, where, shown, rows, total, distinct)


def weigh_each(study, table: str, conditions: Sequence[tuple[str, str, str | None]]) -> list[dict[str, Any]]:
    """As ``weigh`` for several conditions on a row alone, (where, shown, amount), counted in one pass."""
    counts = ", ".join(f"count(*) filter ({where}), {_money(study, table, amount, f'filter ({where})')}" for where, _, amount in conditions)
    (found,) = study.query(f"select {counts} from raw_{table}")
    return [
        _issue(study, table, where, shown, rows, total)
        for (where, shown, _), rows, total in zip(conditions, found[::2], found[1::2], strict=True)
    ]


def place(file: str, row: int | None) -> str:
    """Where a row stands, in words: "lines.csv row 7"; rows of a table of Spark have no number."""
    name = file.replace(chr(92), "/").rsplit("/", 1)[-1]
    return name if row is None else f"{name} row {row}"


def spreads(study, values: Iterable[tuple[str, str, str]], *shares: float) -> list[Spread]:
    """How values of one type are spread, each given as (table, SQL of the value, condition) among the used rows.

    ``below`` holds for each share the value (one that there is) which that share of the rows does not exceed.
    """
    values = list(values)
    each = " union all ".join(
        f"select {number} as what, {value} as value from used_{table} where {where}" for number, (table, value, where) in enumerate(values)
    )
    groups = f"(select what, value, count(*) as n from ({each}) as each group by 1, 2) as groups"
    upto = (
        "(select what, value, n, sum(n) over (partition by what order by value) as upto, sum(n) over (partition by what) as rows "
        f"from {groups}) as counted"
    )
    below = ", ".join(f"min(value) filter (upto >= {share} * rows)" for share in shares)
    found = study.query(f"select what, sum(n), min(value), max(value), {below} from {upto} group by what") if values else []
    by_number = {int(what): Spread(int(rows), least, greatest, tuple(below)) for what, rows, least, greatest, *below in found}
    return [by_number.get(number, Spread(0, None, None, (None,) * len(shares))) for number in range(len(values))]


def _money(study, table: str, amount: str | None, only: str = "") -> str:
    """SQL of the money of rows: of the table's amount, where it is known, unless another is named."""
    column, unit = TABLES[table].amount, 10**study.decimals
    amount = amount or (column if column in study.columns(table) else None)
    return f"sum(round(({amount}) * {unit})::hugeint) {only} / {unit}" if amount else "null"


def _issue(study, table: str, where: str, shown: str | None, rows: int, total: Any, distinct: bool = False) -> dict[str, Any]:
    examples = ""
    if rows and distinct:
        examples = ", ".join(
            str(name) for (name,) in study.query(f"select distinct {shown} from raw_{table} where {where} order by 1 limit 3")
        )
    elif rows:
        found = study.query(f"select _file, _row, {shown or 'null'} from read_{table} where {where} order by _file, _row, 3 limit 3")
        examples = "; ".join(place(file, row) + ("" if value is None else f" ({str(value)[:60]})") for file, row, value in found)
    return {"table": table, "rows": rows, "amount": _float(total), "examples": examples}


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)
