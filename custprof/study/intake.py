"""How do the files' rows become typed rows, and which rows cannot be used, and why?

Every row that is read lands in one table of the engine, typed, with the reason that keeps it from being used (null for the rows that are
used): a column, a rule and the offending cell. So used + set aside = read holds by construction, in rows and in money. Money is rounded to
the study's minor unit here and nowhere else; what the rounding takes is kept beside it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import duckdb

from custprof.study.cells import cast_cell, literal
from custprof.study.contracts import TABLES
from custprof.study.currency import currency_of, worth_of
from custprof.study.errors import StudyError, meant
from custprof.study.headers import ROW, Derived, carries, derive, find_header, headers_in, is_template
from custprof.study.settings import Settings
from custprof.study.sources import Part, read_part

__all__ = ["FINE", "LIMIT", "NOTHING", "Mapping", "first_row", "map_columns", "quoted", "short", "type_part", "type_rows"]

#: Digits kept beyond the minor unit when money that was read is added up.
FINE = 3
#: Stands for a column that one of several sections lacks.
NOTHING = Derived("null::varchar", ())
#: Largest amount, in minor units, that a double holds exactly.
LIMIT = 9 * 10**15


@dataclass(frozen=True)
class Mapping:
    """What every part of a table gives each of our columns: the place of theirs, or a column made of several.

    Attributes
    ----------
    parts : the table's parts
    columns : by our name, for each part
    extra : the same for columns that are kept though they are none of ours
    unused : for each part, headers that feed nothing (of the parts of one section, at the first)
    currencies : for each part the SQL of a row's currency; empty where nothing says it
    """

    parts: list[Part]
    columns: dict[str, list[int | Derived]]
    extra: dict[str, list[int | Derived]] = field(default_factory=dict)
    unused: list[list[str]] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)

    @property
    def known(self) -> str:
        """The names of all columns that are kept, for SQL."""
        return ", ".join(quoted(name) for name in (*self.columns, *self.extra))

    @property
    def sections(self) -> list[int]:
        """The numbers of the parts with which a section of study.toml begins."""
        return [number for number, part in enumerate(self.parts) if number == 0 or part.spec is not self.parts[number - 1].spec]

    @property
    def line(self) -> str:
        """SQL of the text of a row whose own text was not kept."""
        return f"concat_ws('; ', {', '.join(f'{quoted(name)}::varchar' for name in (*self.columns, *self.extra))})"

    def asks(self, word: str, value: Any = True) -> bool:
        """Whether a section of study.toml says a word with a value."""
        return any(part.spec.get(word) == value for part in self.parts)


def map_columns(table: str, parts: list[Part]) -> tuple[Mapping | None, list[str]]:
    """Match the headers of a table's parts with the standard columns; the mapping, or the problems in words."""
    for part in parts:
        sign = next((sign for sign in ";\t|," if part.kind == "csv" and len(part.header) == 1 and sign in part.header[0]), None)
        if sign:
            field = part.header[0] if len(part.header[0]) <= 40 else part.header[0][:40] + "..."
            return None, [f"{table}: the header of {short(part)} is one field, {field!r}; say delimiter = {sign!r} for it in study.toml."]
    contract, problems, columns, numbers = TABLES[table], [], {}, _row_numbers(parts)
    for ours, kind in contract.columns.items():
        places: list[int | Derived | None] = []
        for part, number in zip(parts, numbers, strict=True):
            own, wanted = _wanted(part)
            names = _names(wanted.get(ours, ours))
            theirs, place = names[0], _place(names, kind, part, ours in wanted, number)
            if isinstance(theirs, str) and part.header.count(theirs) > 1:
                count = part.header.count(theirs)
                problems.append(f"{table}: {short(part)} has {count} columns called {theirs!r}; rename all but the one that is {ours}.")
            elif place is None and (ours in own or ours in contract.required):
                problems.append(_lacking(table, ours, names, part, wanted, own))
            places.append(place)
        lacking = [part for part, place in zip(parts, places, strict=True) if place is None]
        if len(lacking) < len(parts) and not problems:
            problems += _uneven(table, ours, lacking, parts)
            columns[ours] = [NOTHING if place is None else place for place in places]
    if problems:
        return None, problems
    # what a condition reads is used, and where further columns are kept it is kept as well
    unused = [[] for _ in parts]
    for at in Mapping(parts, columns).sections:
        unused[at] = _unused(parts[at], table, [places[at] for places in columns.values()], contract.keeps_extra)
    others = list(dict.fromkeys(name for names in unused for name in names))
    keep = contract.keeps_extra and all(part.header.count(name) == 1 for part in parts for name in others)
    extra = {name: [part.header.index(name) for part in parts] for name in others} if keep else {}
    return Mapping(
        parts,
        columns,
        extra,
        [[] for _ in parts] if keep else unused,
        [currency_of(part.header, part.spec, [_names(_wanted(part)[1].get(ours, [])) for ours in contract.money]) for part in parts],
    ), []


def type_rows(table: str, mapping: Mapping, con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Read the rows of a table's parts into ``raw_<table>`` of DuckDB, typed and with the reason that keeps a row from being used."""
    con.execute("set preserve_insertion_order = true")
    try:
        con.execute(f"drop table if exists raw_{table}")
        for index, part in enumerate(mapping.parts):
            start = f"insert into raw_{table} by name" if index else f"create temp table raw_{table} as"
            for careful in (False, True):
                try:
                    con.execute(f"{start} {type_part(table, mapping, index, read_part(part, con, careful=careful), settings)}")
                    break
                except duckdb.Error as error:
                    if careful or part.kind != "csv":
                        raise StudyError(f"{table}: {short(part)} cannot be read: {str(error).splitlines()[0]}") from None
    finally:
        con.execute("set preserve_insertion_order = false")
        con.execute("drop table if exists _part")


def type_part(table: str, mapping: Mapping, index: int, source: str, settings: Settings) -> str:
    """The query from a part's raw columns (c0, c1, ..., of the FROM clause ``source``) to typed columns, reasons and texts."""
    part, contract, scale = mapping.parts[index], TABLES[table], 10**settings.decimals
    places = {ours: found[index] for ours, found in {**mapping.columns, **mapping.extra}.items()}
    derived, blanks, inner, outer, cells = [], [], [], [], []
    reasons, left_out = _left_out(part)
    sign = f"case when {carries(part.spec['negative'], part.header)} then -1 end" if "negative" in part.spec else ""
    currency = mapping.currencies[index]
    worth = worth_of(currency, settings)
    if worth and contract.money:
        reasons.append(f"when {worth} is null then '|another currency'")
        left_out += f"when 'another currency' then {currency}"
    for ours, place in places.items():
        kind, name = contract.columns.get(ours, "text"), quoted(ours)
        cell, dtype, spec, days = f"c{place}", "", part.spec, 0
        if isinstance(place, Derived):
            cell, dtype, days = quoted("d_" + ours), "VARCHAR", place.days
            derived.append(f"{place.sql} as {cell}")
            spec = spec if place.plain else {key: spec[key] for key in ("date_format", "blank") if key in spec}
        b, v = quoted("b_" + ours), quoted("v_" + ours)
        blank, value, faults = cast_cell(kind, cell, dtype or part.types[place], spec, settings.period, settings.fiscal_start, called=b)
        if sign and (kind == "money" or ours == "quantity"):
            value = f"coalesce(abs({value}) * {sign}, {value})"
        if worth and kind == "money":
            value = f"({value}) * {worth}"
        value = f"({value}) + {days}" if days else value
        blanks.append(f"{blank} as {b}")
        inner += [b, f"{value} as {v}"]
        if kind == "money":
            faults = [*faults, ("too large", "abs({v}) * " + f"{scale} > {LIMIT}")]
            fits = f"isfinite({v}) and abs({v}) * {scale} <= {LIMIT}"
            rounded = f"round(case when {fits} then {v} end * {scale})"
            outer += [f"{rounded} / {scale} + 0.0::double as {name}"]
            rest = f"round((case when {fits} then {v} end * {scale} - {rounded}) * {10**FINE})"
            outer += [f"coalesce({rest}, 0)::smallint as {quoted('_rest_' + ours)}"]
        else:
            outer.append(f"{v} as {name}")
        if ours in contract.required and not (ours == "customer_id" and contract.nameless):
            reasons.append(f"when {b} is null then '{ours}|required value missing'")
        reasons += [f"when {test.format(b=b, v=v)} then '{ours}|{rule}'" for rule, test in faults]
        cells.append(f"when '{ours}' then {b}")
    raw = ", ".join(f"c{i}" for i in range(len(part.header)))
    text = ", ".join(f"{literal(name + '=')} || c{i}::varchar" for i, name in enumerate(part.header))
    reason = f"case when _ragged is not null then '|wrong number of fields' {' '.join(reasons)} end"
    others = f"case split_part(_reason, '|', 2) {left_out} else _ragged end" if left_out else "_ragged"
    made = f"(select *, {', '.join(derived)} from {source})" if derived else source
    return (
        f"select {', '.join(outer)}, {reason} as _reason, case split_part(_reason, '|', 1) {' '.join(cells)} else {others} end as _cell, "
        f"case when _reason is not null then coalesce(_ragged, concat_ws('; ', {text})) end as _text, _file, _row from ("
        f"select {', '.join(inner)}, _file, _row::integer as _row, _ragged, {raw} from (select *, {', '.join(blanks)} from {made}))"
    )


def first_row(mapping: Mapping) -> int:
    """Number of the first row below the header, as a spreadsheet counts; queries and Parquet have no header row."""
    return 2 if mapping.parts[0].kind in ("csv", "xlsx") else 1


def short(part: Part) -> str:
    """What the files of a part are called, in a word."""
    names = [file.replace("\\", "/").rsplit("/", 1)[-1] for file in part.files]
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _names(theirs: Any) -> list[Any]:
    return theirs if isinstance(theirs, list) else [theirs]


def _place(names: list[Any], kind: str, part: Part, named: bool, number: str) -> int | Derived | None:
    """What a part gives for the first of several names that it has; a name that nobody gave is taken only as it stands."""
    for name in names:
        if is_template(name):
            place = derive(kind, name, part.header, part.types, {**part.spec, ROW: number})
        elif named:
            place = find_header(name, part.header)
        else:
            place = part.header.index(name) if name in part.header else None
        if place is not None:
            return place
    return None


def _row_numbers(parts: list[Part]) -> list[str]:
    """SQL, by part, of a row's number that no other row of the table has: where there are several files, "7 of lines_2024.csv"."""
    names = [[file.replace("\\", "/").split("/") for file in part.files] for part in parts]
    tails = Counter(
        "/".join(name[-length:]) for name in {tuple(name) for part in names for name in part} for length in range(1, len(name) + 1)
    )
    numbers, read = [], Counter(file for part in parts for file in part.files)
    if read.total() == 1:
        return ["_row::varchar"]
    again: Counter = Counter()
    for part, split in zip(parts, names, strict=True):
        cases = []
        for file, name in zip(part.files, split, strict=True):
            again[file] += 1
            shown = next(tail for length in range(1, len(name) + 1) if tails[tail := "/".join(name[-length:])] == 1)
            shown += f" ({again[file]})" if read[file] > 1 else ""
            cases.append(f"when _file in ({literal(file)}, {literal(name[-1])}) then {literal(f' of {shown}')}")
        numbers.append(f"(_row::varchar || case {' '.join(cases)} end)")
    return numbers


def _wanted(part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
    """What study.toml itself names, and what it names with its preset."""
    own = part.spec.get("columns", {})
    return own, {**part.spec.get("preset_columns", {}), **own}


def _uneven(table: str, ours: str, lacking: list[Part], parts: list[Part]) -> list[str]:
    """Files that one section of study.toml describes have the same columns; those of another section may lack some."""
    files = [part for part in lacking if any(other.spec is part.spec and other not in lacking for other in parts)]
    theirs = _names(_wanted(parts[0])[1].get(ours, ours))[0]
    return [
        f"{table}: {', '.join(map(short, files))} lacks the column {theirs!r} that the other files have; give all files the same columns."
    ][: len(files)]


def _lacking(table: str, ours: str, names: list[Any], part: Part, wanted: dict[str, Any], own: dict[str, Any]) -> str:
    plain = [theirs for name in names for theirs in headers_in(name)]
    lacking = [name for name in plain if find_header(name, part.header) is None]
    who = "study.toml" if ours in own else f"preset {part.spec.get('preset')}"
    role = f", which {who} names as {ours}" if ours in wanted else " (required)"
    free = [name for name in part.header if name and name not in TABLES[table].columns]
    place = f"study.toml: [tables.{table}] columns = {{ {ours} = '...' }}"
    if str(part.spec.get("table", "")).endswith(" handed in"):
        place = f'settings={{"tables": {{"{table}": {{"columns": {{"{ours}": "..."}}}}}}}}'
    hint = "" if ours in own else f" Name it in {place}."
    if ours == "line_id":
        hint += " Where the file has no such column, line_id = '{_row}' takes the number of the row."
    has = meant(lacking[0], free) if free else f"its columns are {', '.join(filter(None, part.header))}."
    return f"{table}: {short(part)} has no column {' or '.join(map(repr, lacking[:3]))}{role}; {has}{hint}"


def _unused(part: Part, table: str, places: list[int | Derived], plainly: bool) -> list[str]:
    """The headers of a part that feed nothing (``plainly``: that are no column of ours as they stand)."""
    if plainly:
        return [name for at, name in enumerate(part.header) if name and at not in places and name not in TABLES[table].columns]
    taken = {place for each in places for place in (each.places if isinstance(each, Derived) else (each,))}
    conditions = {**part.spec.get("leave_out", {}), **part.spec.get("keep_only", {}), **part.spec.get("negative", {})}
    named = [*conditions, *_names(part.spec.get("currency", []))]
    taken |= {place for name in named if (place := find_header(name, part.header)) is not None}
    return [name for at, name in enumerate(part.header) if name and at not in taken and name not in TABLES[table].columns]


def _left_out(part: Part) -> tuple[list[str], str]:
    """SQL of the reason for rows that study.toml or the preset leave out, and of the cells that say so."""
    spec = part.spec
    tests = [carries(spec["leave_out"], part.header)] if "leave_out" in spec else []
    tests += [f"not {carries(spec['keep_only'], part.header, every=True)}"] if "keep_only" in spec else []
    named = [name for name in {**spec.get("leave_out", {}), **spec.get("keep_only", {})} if find_header(name, part.header) is not None]
    if not named:
        return [], ""
    shown = ", ".join(f"{literal(name + ' ')} || c{find_header(name, part.header)}::varchar" for name in named)
    return [f"when {' or '.join(tests)} then '|left out'"], f"when 'left out' then concat_ws(', ', {shown}) "
