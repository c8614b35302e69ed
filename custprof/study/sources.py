"""Which files feed which table, and what are their columns?

Files are found and their headers read here, without reading the rows: CSV (also gzipped), Parquet, Excel, or a query over files in place.
Every part of a table is then a relation of the engine whose columns are called c0, c1, ... beside ``_file`` (where a row came from) and
``_ragged`` (the text of a line that has more or fewer fields than the header).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from glob import escape, glob, has_magic
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from custprof.study.errors import StudyError, meant
from custprof.study.layout import Passed, arrange, is_laid_out
from custprof.study.rows import find_delimiter, needs_decoding, split_rows

__all__ = ["ENDINGS", "PASSED", "Part", "find_parts", "read_part"]

ENDINGS = (".csv", ".csv.gz", ".parquet", ".xlsx")
#: Table of the engine with the rows of reports that are no rows of a table: title, heading, total.
PASSED = "passed_over"


@dataclass(frozen=True)
class Part:
    """Files of one table that share a header (or a query).

    Attributes
    ----------
    files : the files, in order; for a query one label
    header : column names as they stand in the files
    types : the engine's type of each column
    kind : csv, parquet, xlsx, sql, or spark (rows that Spark holds)
    spec : the table's section of study.toml
    delimiter : of CSV files
    """

    files: tuple[str, ...]
    header: tuple[str, ...]
    types: tuple[str, ...]
    kind: str
    spec: dict[str, Any]
    delimiter: str = ","


def find_parts(
    table: str, specs: list[dict[str, Any]], folder: Path, con: duckdb.DuckDBPyConnection
) -> tuple[list[Part], list[str], list[str]]:
    """Parts of a table, the problems (sentences) that keep it from being read, and notes on what was passed over.

    ``specs`` are the table's sections of study.toml; none looks for files of the table's name in the folder. A section may name a
    ``relation`` of the engine instead of files. No part and no problem: the table is absent.
    """
    found = [_find(table, spec, folder, con) for spec in (specs or [None])]
    return tuple([each for parts in found for each in parts[place]] for place in range(3))


def _find(table: str, spec: dict[str, Any] | None, folder: Path, con: duckdb.DuckDBPyConnection) -> tuple[list[Part], list[str], list[str]]:
    named, spec = spec is not None and ("file" in spec or "sql" in spec), spec or {}
    base = (folder / spec["folder"]).resolve() if "folder" in spec else folder
    if "sql" in spec or "relation" in spec:
        return _query_part(table, spec, base, con)
    files = _files(table, spec.get("file"), base)
    if not files:
        if named:
            near = sorted(file.name for file in base.glob("*") if file.name.endswith(ENDINGS)) if base.is_dir() else []
            hint = meant(str(spec["file"]), near) if base.is_dir() else "that folder does not exist."
            return [], [f"{table}: no file {spec['file']!r} in {base}; {hint}"], []
        return [], [], []
    parts, problems, notes = [], [], []
    if "file" not in spec:
        notes += [f"{file.name} is not read beside {files[0].name}" for file in _named_after(table, base) if file not in files]
    for file in files:
        try:
            part = _file_part(file, spec, table, con)
        except StudyError as error:
            problems += error.problems
            continue
        if part is None:
            notes.append(f"{file.name} holds no rows")
        elif parts and part.kind != "xlsx" and replace(parts[-1], files=part.files) == part:
            parts[-1] = replace(part, files=parts[-1].files + part.files)
        else:
            parts.append(part)
    if notes and not parts and not problems and (named or table == "transactions"):
        but = f" but those that totals = {spec['totals']} takes for totals" if spec.get("totals") else ""
        problems = [
            f"{table}: {note}{but}; export it again, or take the table out of study.toml." for note in notes if note.endswith("no rows")
        ]
    return parts, problems, notes


def read_part(part: Part, con: duckdb.DuckDBPyConnection, *, careful: bool = False) -> str:
    """The FROM clause that gives a part's rows.

    The engine reads CSV strictly and refuses a file with a line it cannot split; ``careful`` reads it row by row instead, so that no line
    is lost.
    """
    columns, numbered = ", ".join(f"c{i}" for i in range(len(part.header))), is_laid_out(part.spec)
    tail = "null::integer as _row, null::varchar as _ragged"
    if part.kind == "sql":
        tail = tail.replace("null::integer", "row_number() over ()") if numbered else tail
        return f"(select {columns}, {_text(part.files[0])} as _file, {tail} from ({_sql(part)}) as source({columns}))"
    files = ", ".join(map(_text, part.files))
    if part.kind == "parquet":
        named = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" as c{i}' for i, name in enumerate(part.header))
        tail, wanted = (tail.replace("null::integer", "file_row_number + 1"), ", file_row_number = true") if numbered else (tail, "")
        return f"(select {named}, filename as _file, {tail} from read_parquet([{files}], filename = true{wanted}))"
    if part.kind == "xlsx":
        return _register(part, con)
    if careful or numbered or any(needs_decoding(Path(file), part.spec.get("encoding")) for file in part.files):
        return _register(part, con)
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(part.header)))
    options = f"delim = {_text(part.delimiter)}, quote = '\"', escape = '\"', header = true, auto_detect = false, columns = {{{types}}}"
    return f"(select {columns}, filename as _file, {tail} from read_csv([{files}], {options}, filename = true))"


def _files(table: str, patterns: str | list[str] | None, base: Path) -> list[Path]:
    if patterns is None:
        found = _named_after(table, base)
        return found[:1] if found and found[0].name.startswith(f"{table}.") else found
    files = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        # a file may bear a name that looks like a pattern
        plain = not has_magic(pattern) or (base / pattern).is_file()
        files |= {str(base / pattern)} if plain else set(glob(str(Path(escape(str(base))) / pattern)))
    return sorted(Path(file) for file in files if Path(file).is_file())


def _named_after(table: str, base: Path) -> list[Path]:
    """Files called like a table (first), then those called like it and a further word (customers_2024.csv)."""
    alone = [base / f"{table}{ending}" for ending in ENDINGS if (base / f"{table}{ending}").is_file()]
    return alone + sorted(file for ending in ENDINGS for file in base.glob(f"{table}_*{ending}") if file.is_file())


def _file_part(file: Path, spec: dict[str, Any], table: str, con: duckdb.DuckDBPyConnection) -> Part | None:
    """The part of one file; None where it has a header and no rows."""
    name = file.name.lower()
    if name.endswith(".parquet"):
        try:
            described = con.execute(f"describe select * from read_parquet({_text(file)})").fetchall()
            rows = con.execute(f"select count(*) from read_parquet({_text(file)})").fetchall()[0][0]
        except duckdb.Error:
            raise StudyError(f"{table}: {file} is not a readable Parquet file; export it again.") from None
        header, types = tuple(row[0] for row in described), tuple(row[1] for row in described)
        return Part((str(file),), header, types, "parquet", spec) if rows else None
    if file.stat().st_size == 0:
        raise StudyError(f"{table}: {file.name} is empty (no bytes); export it again.")
    kind, delimiter = ("xlsx", ",") if name.endswith(".xlsx") else ("csv", spec.get("delimiter") or find_delimiter(file, spec))
    if name.endswith((".xls", ".xlsb", ".ods")):
        raise StudyError(f"{table}: {file.name} is a spreadsheet of another format; save it as .xlsx or .csv.")
    rows = arrange(split_rows(file, spec, delimiter), spec, file.name)
    first = next(rows, None)
    if first is None:
        raise StudyError(f"{table}: {file.name} is empty (no header); export it again.")
    header = tuple(str(cell or "").strip() for cell in first[1])
    return Part((str(file),), header, ("VARCHAR",) * len(header), kind, spec, delimiter) if next(rows, None) is not None else None


def _query_part(table: str, spec: dict[str, Any], base: Path, con: duckdb.DuckDBPyConnection) -> tuple[list[Part], list[str], list[str]]:
    part = Part((spec.get("table", f"{table} (sql)"),), (), (), "sql", {**spec, "folder": str(base)})
    if "described" in spec:
        header, types = (tuple(column[place] for column in spec["described"]) for place in range(2))
        return [replace(part, header=header, types=types, kind="spark")], [], []
    try:
        described = con.execute(f"describe select * from ({_sql(part)})").fetchall()
    except duckdb.Error as error:
        return [], [f"{table}: the sql of study.toml does not run: {str(error).splitlines()[0]}"], []
    header, types = tuple(row[0] for row in described), tuple(row[1] for row in described)
    return [Part(part.files, header, types, "sql", part.spec)], [], []


def _sql(part: Part) -> str:
    if "relation" in part.spec:
        return f"select * from {part.spec['relation']}"
    return part.spec["sql"].strip().rstrip(";").replace("{folder}", part.spec["folder"].replace("'", "''"))


def _text(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _register(part: Part, con: duckdb.DuckDBPyConnection) -> str:
    """Rows read by Python as a table of the engine; lines with other than the header's number of fields keep their text in ``_ragged``."""
    width = len(part.header)
    names = [*(f"c{i}" for i in range(width)), "_file", "_row", "_ragged"]
    con.execute(f"create or replace temp table _part ({', '.join(f'{name} varchar' for name in names)})")
    con.execute(f"create temp table if not exists {PASSED} (_file varchar, _row integer, kind varchar, cells varchar[])")
    for file in part.files:
        passed: Passed = []
        rows, block = arrange(split_rows(Path(file), part.spec, part.delimiter), part.spec, Path(file).name, passed), []
        next(rows, None)
        for number, row in rows:
            full = row + [None] * (width - len(row)) if part.kind == "xlsx" else row
            while len(full) > width and full[-1] in (None, ""):
                full = full[:-1]
            fits = len(full) == width
            block.append(
                [*(full if fits else [None] * width), file, str(number), None if fits else part.delimiter.join(cell or "" for cell in row)]
            )
            if len(block) == 200_000:
                _insert(con, block, names)
                block = []
        _insert(con, block, names)
        con.execute(f"delete from {PASSED} where _file = ?", [file])
        if passed:
            con.executemany(f"insert into {PASSED} values (?, ?, ?, ?)", [[file, *each] for each in passed])
    return "_part"


def _insert(con: duckdb.DuckDBPyConnection, block: list[list[str | None]], names: list[str]) -> None:
    if block:
        con.register("_block", pd.DataFrame(block, columns=names, dtype=object))
        con.execute("insert into _part select * from _block")
        con.unregister("_block")
