"""How do the files' rows become typed rows, and which rows cannot be used, and why?

Every row that is read lands in one table of the engine, typed, with the reason that keeps it from being used (null for the rows that are
used): a column, a rule and the offending cell. So used + set aside = read holds by construction, in rows and in money. Money is rounded to
the study's minor unit here and nowhere else; what the rounding takes is kept beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from custprof.study.contracts import TABLES
from custprof.study.errors import StudyError, meant
from custprof.study.sources import Part, read_part

__all__ = ["FINE", "LIMIT", "Mapping", "map_columns", "period_sql", "read_table"]

#: Digits kept beyond the minor unit when money that was read is added up.
FINE = 3
#: Largest amount, in minor units, that a double holds exactly.
LIMIT = 9 * 10**15
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)
_YEARS = (1900, 2199)
_ISO = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}($|[ T]\d)"


@dataclass(frozen=True)
class Mapping:
    """Where a table's columns stand in each part's header, by our name; the extra columns that are kept, the headers that are not used."""

    parts: list[Part]
    columns: dict[str, list[int]]
    extra: dict[str, list[int]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)


def map_columns(table: str, parts: list[Part]) -> tuple[Mapping | None, list[str]]:
    """Match the headers of a table's parts with the standard columns; the mapping, or the problems in words."""
    for part in parts:
        sign = next((sign for sign in ";\t|," if part.kind == "csv" and len(part.header) == 1 and sign in part.header[0]), None)
        if sign:
            field = part.header[0] if len(part.header[0]) <= 40 else part.header[0][:40] + "..."
            return None, [f"{table}: the header of {_short(part)} is one field, {field!r}; say delimiter = {sign!r} for it in study.toml."]
    contract, problems, columns = TABLES[table], [], {}
    wanted = parts[0].spec.get("columns", {})
    for ours in contract.columns:
        theirs, places = wanted.get(ours, ours), []
        for part in parts:
            count = part.header.count(theirs)
            file = _short(part)
            if count > 1:
                problems.append(f"{table}: {file} has {count} columns called {theirs!r}; rename all but the one that is {ours}.")
            elif count == 1:
                places.append(part.header.index(theirs))
            elif ours in wanted or ours in contract.required:
                role = f", which study.toml names as {ours}" if ours in wanted else " (required)"
                free = [name for name in part.header if name and name not in contract.columns]
                problems.append(f"{table}: {file} has no column {theirs!r}{role}; {meant(theirs, free)}" + _map_hint(table, ours, wanted))
        if 0 < len(places) < len(parts) and not problems:
            lacking = ", ".join(_short(part) for part in parts if theirs not in part.header)
            problems.append(f"{table}: {lacking} lacks the column {theirs!r} that the other files have; give all files the same columns.")
        if len(places) == len(parts):
            columns[ours] = places
    if problems:
        return None, problems
    taken = {wanted.get(ours, ours) for ours in columns}
    others = [name for name in parts[0].header if name and name not in taken and name not in contract.columns]
    keep = contract.keeps_extra and all(part.header.count(name) == 1 for part in parts for name in others)
    extra = {name: [part.header.index(name) for part in parts] for name in others} if keep else {}
    return Mapping(parts, columns, extra, [] if keep else others), []


def read_table(table: str, mapping: Mapping, con: duckdb.DuckDBPyConnection, *, decimals: int, period: str, fiscal_start: int) -> None:
    """Read a table's rows into ``read_<table>`` and the rows that are used into the view ``used_<table>``.

    Columns of ``read_<table>``: the standard columns that are known, typed; ``_rest_<money>`` what rounding took, in thousandths of the
    minor unit; ``_reason`` (column|rule) and ``_cell`` of rows set aside, ``_text`` their whole text; ``_file`` and ``_row``.
    """
    con.execute("set preserve_insertion_order = true")
    try:
        con.execute(f"drop table if exists raw_{table}")
        for index, part in enumerate(mapping.parts):
            places = {ours: found[index] for ours, found in {**mapping.columns, **mapping.extra}.items()}
            start = f"insert into raw_{table} by name" if index else f"create temp table raw_{table} as"
            for careful in (False, True):
                try:
                    source = read_part(part, con, careful=careful)
                    con.execute(f"{start} {_typed(table, part, places, source, decimals, period, fiscal_start)}")
                    break
                except duckdb.Error as error:
                    if careful or part.kind != "csv":
                        raise StudyError(f"{table}: {_short(part)} cannot be read: {str(error).splitlines()[0]}") from None
    finally:
        con.execute("set preserve_insertion_order = false")
        con.execute("drop table if exists _part")
    _set_repeats_aside(table, mapping, con)
    _type_extra(table, mapping, con)
    con.execute(
        f"create or replace temp view read_{table} as select raw_{table}.rowid as _id, "
        f"* replace (coalesce(_row, raw_{table}.rowid - first + {_first(mapping)}) as _row) "
        f"from raw_{table} join (select _file, min(rowid) as first from raw_{table} group by _file) using (_file)"
    )
    known = [column for column in TABLES[table].columns if column in mapping.columns] + [_quoted(name) for name in mapping.extra]
    con.execute(f"create or replace temp view used_{table} as select {', '.join(known)} from raw_{table} where _reason is null")


def period_sql(date: str, period: str, fiscal_start: int = 1) -> str:
    """SQL for the period label of a date, the same as ``engine.period_label``.

    Examples
    --------
    >>> duckdb.sql("select " + period_sql("date '2024-04-01'", "quarter", 4)).fetchall()
    [('2025-Q1',)]
    """
    if period == "month":
        return f"strftime({date}, '%Y-%m')"
    shifted = f"({date} + interval {(13 - fiscal_start) % 12} month)"
    if period == "year":
        return f"lpad(year({shifted})::varchar, 4, '0')"
    return f"(lpad(year({shifted})::varchar, 4, '0') || '-Q' || quarter({shifted}))"


def _short(part: Part) -> str:
    names = [file.replace("\\", "/").rsplit("/", 1)[-1] for file in part.files]
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"


def _map_hint(table: str, ours: str, wanted: dict[str, str]) -> str:
    return "" if ours in wanted else f" Name it in study.toml: [tables.{table}] columns = {{ {ours} = '...' }}."


def _first(mapping: Mapping) -> int:
    """Number of the first row below the header, as a spreadsheet counts; queries and Parquet have no header row."""
    return 2 if mapping.parts[0].kind in ("csv", "xlsx") else 1


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _typed(table: str, part: Part, places: dict[str, int], source: str, decimals: int, period: str, fiscal_start: int) -> str:
    """The query from a part's raw columns to typed columns, reasons and texts."""
    contract, scale = TABLES[table], 10**decimals
    inner, outer, reasons, cells = [], [], [], []
    for ours, place in places.items():
        kind, name = contract.columns.get(ours, "text"), _quoted(ours)
        blank, value, faults = _cast(kind, f"c{place}", part.types[place], part.spec, period, fiscal_start)
        inner += [f"{blank} as {_quoted('b_' + ours)}", f"{value} as {_quoted('v_' + ours)}"]
        b, v = _quoted("b_" + ours), _quoted("v_" + ours)
        if kind == "money":
            faults = [*faults, ("too large", "abs({v}) * " + f"{scale} > {LIMIT}")]
            fits = f"isfinite({v}) and abs({v}) * {scale} <= {LIMIT}"
            rounded = f"round(case when {fits} then {v} end * {scale})"
            outer += [f"{rounded} / {scale} + 0.0::double as {name}"]
            rest = f"round((case when {fits} then {v} end * {scale} - {rounded}) * {10**FINE})"
            outer += [f"coalesce({rest}, 0)::smallint as {_quoted('_rest_' + ours)}"]
        else:
            outer.append(f"{v} as {name}")
        if ours in contract.required and not (ours == "customer_id" and contract.nameless):
            reasons.append(f"when {b} is null then '{ours}|required value missing'")
        reasons += [f"when {test.format(b=b, v=v)} then '{ours}|{rule}'" for rule, test in faults]
        cells.append(f"when '{ours}' then {b}")
    raw = ", ".join(f"c{i}" for i in range(len(part.header)))
    text = ", ".join(f"{_literal(name + '=')} || c{i}::varchar" for i, name in enumerate(part.header))
    reason = f"case when _ragged is not null then '|wrong number of fields' {' '.join(reasons)} end"
    return (
        f"select {', '.join(outer)}, {reason} as _reason, case split_part(_reason, '|', 1) {' '.join(cells)} else _ragged end as _cell, "
        f"case when _reason is not null then coalesce(_ragged, concat_ws('; ', {text})) end as _text, _file, _row from ("
        f"select {', '.join(inner)}, _file, _row::integer as _row, _ragged, {raw} from {source})"
    )


def _cast(kind: str, cell: str, dtype: str, spec: dict, period: str, fiscal_start: int) -> tuple[str, str, list[tuple[str, str]]]:
    """SQL for a cell's text (null where blank), its value, and the faults it may have: (rule, test on {b} and {v})."""
    base = dtype.split("(")[0].upper()
    text = f"nullif(trim({cell}), '')" if base == "VARCHAR" else f"{cell}::varchar"
    if base in ("FLOAT", "DOUBLE") and kind in ("text", "date", "period"):
        text = f"nullif({text}, 'nan')"
        text = f"case when {cell} = floor({cell}) and abs({cell}) < 1e15 then ({cell}::bigint)::varchar else {text} end"
    blanks = spec.get("blank", [])
    for blank in [blanks] if isinstance(blanks, str) else blanks:
        text = f"nullif({text}, {_literal(str(blank).strip())})"
    unread = "{b} is not null and {v} is null"
    if kind == "text":
        return text, text, []
    if kind == "flag":
        value = f"case when lower({text}) in ('true', '1', 'yes') then true when lower({text}) in ('false', '0', 'no') then false end"
        return text, value, [("not a yes or no", unread)]
    if kind == "date":
        return text, *_date(text, cell, base, spec)
    if kind == "period":
        return text, *_period(text, cell, base, spec, period, fiscal_start)
    value = f"{cell}::double" if base in _NUMBERS else _number(text, spec)
    if kind == "fraction":
        value = f"case when lower({text}) in ('true', 'yes') then 1 when lower({text}) in ('false', 'no') then 0 else {value} end"
    faults = [("not a number", unread), ("not finite", "not isfinite({v})")]
    bounds = {"fraction": "{v} < 0 or {v} > 1", "score": "{v} < 0 or {v} > 10"}
    return text, value, [*faults, ("out of range", bounds[kind])] if kind in bounds else faults


def _number(text: str, spec: dict) -> str:
    """A number from text: the decimal sign as named; a thousands separator only where named, and only before groups of three digits."""
    decimal, thousands = spec.get("decimal", "."), spec.get("thousands")
    value = text
    if thousands:
        if thousands == " ":
            # exports write the space between thousands as one that does not break
            text = f"translate({text}, '\u00a0\u202f', '  ')"
        pattern = rf"^[+-]?\d{{1,3}}([{thousands}]\d{{3}})+([{decimal}]\d*)?$"
        value = f"case when regexp_matches({text}, {_literal(pattern)}) then replace({text}, {_literal(thousands)}, '') else {text} end"
    if decimal != ".":
        value = f"case when contains({value}, '.') then null else replace({value}, {_literal(decimal)}, '.') end"
    return f"case when contains({text}, '_') then null else try_cast({value} as double) end"


def _date(text: str, cell: str, base: str, spec: dict) -> tuple[str, list[tuple[str, str]]]:
    faults = [("date unreadable", "{b} is not null and {v} is null")]
    if base in ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"):
        return f"case when isfinite({cell}) then {cell}::date end", faults
    formats = spec.get("date_format", [])
    formats = [formats] if isinstance(formats, str) else formats
    if not formats:
        # the pattern keeps the engine from reading "epoch", "infinity" or a year of two digits
        return f"case when regexp_matches({text}, '{_ISO}') then try_cast({text} as timestamp)::date end", faults
    read = [f"try_strptime({text}, {_literal(form)})::date" for form in formats]
    # %Y takes "23" for the year 23: a year that no business has is not read
    tried = ", ".join(f"case when year({day}) between {_YEARS[0]} and {_YEARS[1]} then {day} end" for day in read)
    if len(formats) == 1:
        return tried, faults
    return f"case when least({tried}) = greatest({tried}) then least({tried}) end", [
        ("date ambiguous", "{b} is not null and {v} is null and " + f"least({tried.replace(text, '{b}')}) is not null"),
        *faults,
    ]


def _period(text: str, cell: str, base: str, spec: dict, period: str, fiscal_start: int) -> tuple[str, list[tuple[str, str]]]:
    """A ledger's period (2024-03, 202403, 2024-Q1, 2024, M03.2024 by date_format, or a date) as the study's period.

    A quarter or year by name is one of the study's own, fiscal if they are.
    """
    date = _date(text, cell, base, spec)[0]
    first = f"try_cast(left({text}, 4) || '-' || right({text}, 2) || '-01' as date)"
    month = rf"case when regexp_matches({text}, '^\d{{4}}[-/.]?(0[1-9]|1[0-2])$') then {first} end"
    quarter, year = rf"regexp_matches({text}, '^\d{{4}}[- ]?Q[1-4]$')", rf"regexp_matches({text}, '^\d{{4}}$')"
    value = f"case when coalesce({date}, {month}) is not null then {period_sql(f'coalesce({date}, {month})', period, fiscal_start)}"
    if period in ("quarter", "year"):
        value += f" when {quarter} then " + (f"left({text}, 4) || '-' || right({text}, 2)" if period == "quarter" else f"left({text}, 4)")
    if period == "year":
        value += f" when {year} then {text}"
    coarse = "{v} is null and (" + (quarter + " or " + year).replace(text, "{b}").replace("{4}", "{{4}}") + ")"
    return value + " end", [("period too long", coarse), ("period unreadable", "{b} is not null and {v} is null")]


def _set_repeats_aside(table: str, mapping: Mapping, con: duckdb.DuckDBPyConnection) -> None:
    """Set aside the rows that repeat a key or, where study.toml asks, a whole line; which one stays depends on no order of the rows."""
    key, known = TABLES[table].key, [_quoted(name) for name in (*mapping.columns, *mapping.extra)]
    if key is None and mapping.parts[0].spec.get("duplicates") != "set_aside":
        return
    by, rule = (key, f"{key}|duplicate key") if key else (", ".join(known), "|duplicate line")
    text = f"concat_ws('; ', {', '.join(f'{column}::varchar' for column in known)})"
    con.execute(
        f"update raw_{table} set _reason = '{rule}', _cell = {key or 'null'}, _text = {text} "
        f"where rowid in (select r from (select rowid as r, row_number() over (partition by {by} order by {', '.join(known)}) as n "
        f"from raw_{table} where _reason is null) where n > 1)"
    )


def _type_extra(table: str, mapping: Mapping, con: duckdb.DuckDBPyConnection) -> None:
    """Turn extra columns that hold only numbers into numbers."""
    for name in map(_quoted, mapping.extra):
        unread = con.execute(
            f"select count(*) from raw_{table} where {name} is not null and try_cast({name} as double) is null"
        ).fetchall()[0][0]
        if not unread:
            con.execute(f"alter table raw_{table} alter {name} type double")
