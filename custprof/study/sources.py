"""Which files feed which table, and what are their columns?

Files are found and their headers read here, without reading the rows: CSV (also gzipped), Parquet, Excel, or a query over files in place.
Every part of a table is then a relation of the engine whose columns are called c0, c1, ... beside ``_file`` (where a row came from) and
``_ragged`` (the text of a line that has more or fewer fields than the header).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from glob import escape, glob, has_magic
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from custprof.study.errors import StudyError, meant
from custprof.study.layout import TITLE, Passed, arrange, is_laid_out

__all__ = ["ENDINGS", "PASSED", "Part", "find_parts", "read_part", "split_rows"]

ENDINGS = (".csv", ".csv.gz", ".parquet", ".xlsx")
#: Table of the engine with the rows of reports that are no rows of a table: title, heading, total.
PASSED = "passed_over"
_DELIMITERS = ",;\t|"

Rows = Iterator[tuple[int, list[str | None]]]


@dataclass(frozen=True)
class Part:
    """Files of one table that share a header (or a query).

    Attributes
    ----------
    files : the files, in order; for a query one label
    header : column names as they stand in the files
    types : the engine's type of each column
    kind : csv, parquet, xlsx or sql
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

    ``specs`` are the table's sections of study.toml; none looks for files of the table's name in the folder. No part and no problem: the
    table is absent.
    """
    found = [_find(table, spec, folder, con) for spec in (specs or [None])]
    return tuple([each for parts in found for each in parts[place]] for place in range(3))


def _find(table: str, spec: dict[str, Any] | None, folder: Path, con: duckdb.DuckDBPyConnection) -> tuple[list[Part], list[str], list[str]]:
    named, spec = spec is not None and ("file" in spec or "sql" in spec), spec or {}
    base = (folder / spec["folder"]).resolve() if "folder" in spec else folder
    if "sql" in spec:
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
        problems = [f"{table}: {note}; export it again, or take the table out of study.toml." for note in notes if note.endswith("no rows")]
    return parts, problems, notes


def read_part(part: Part, con: duckdb.DuckDBPyConnection, *, careful: bool = False) -> str:
    """The FROM clause that gives a part's rows.

    The engine reads CSV strictly and refuses a file with a line it cannot split; ``careful`` reads it row by row instead, so that no line
    is lost.
    """
    columns = ", ".join(f"c{i}" for i in range(len(part.header)))
    tail = "null::integer as _row, null::varchar as _ragged"
    if part.kind == "sql":
        return f"(select {columns}, {_text(part.files[0])} as _file, {tail} from ({_sql(part)}) as source({columns}))"
    files = ", ".join(map(_text, part.files))
    if part.kind == "parquet":
        named = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" as c{i}' for i, name in enumerate(part.header))
        return f"(select {named}, filename as _file, {tail} from read_parquet([{files}], filename = true))"
    if part.kind == "xlsx":
        return _register(part, con)
    if careful or is_laid_out(part.spec) or _decoded_first(part):
        return _register(part, con)
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(part.header)))
    options = f"delim = {_text(part.delimiter)}, quote = '\"', escape = '\"', header = true, auto_detect = false, columns = {{{types}}}"
    return f"(select {columns}, filename as _file, {tail} from read_csv([{files}], {options}, filename = true))"


def split_rows(file: Path, spec: dict[str, Any], delimiter: str | None = None) -> Rows:
    """Number and cells of every row of a CSV file or a workbook's sheet that is not blank, as they stand."""
    if file.name.lower().endswith(".xlsx"):
        return _excel_rows(file, spec.get("sheet"))
    return _csv_rows(file, delimiter or spec.get("delimiter") or _delimiter(file, spec), spec.get("encoding"))


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
    kind, delimiter = ("xlsx", ",") if name.endswith(".xlsx") else ("csv", spec.get("delimiter") or _delimiter(file, spec))
    if name.endswith((".xls", ".xlsb", ".ods")):
        raise StudyError(f"{table}: {file.name} is a spreadsheet of another format; save it as .xlsx or .csv.")
    rows = arrange(split_rows(file, spec, delimiter), spec, file.name)
    first = next(rows, None)
    if first is None:
        raise StudyError(f"{table}: {file.name} is empty (no header); export it again.")
    header = tuple(str(cell or "").strip() for cell in first[1])
    return Part((str(file),), header, ("VARCHAR",) * len(header), kind, spec, delimiter) if next(rows, None) is not None else None


def _query_part(table: str, spec: dict[str, Any], base: Path, con: duckdb.DuckDBPyConnection) -> tuple[list[Part], list[str], list[str]]:
    part = Part((f"{table} (sql)",), (), (), "sql", {**spec, "folder": str(base)})
    try:
        described = con.execute(f"describe select * from ({_sql(part)})").fetchall()
    except duckdb.Error as error:
        return [], [f"{table}: the sql of study.toml does not run: {str(error).splitlines()[0]}"], []
    header, types = tuple(row[0] for row in described), tuple(row[1] for row in described)
    return [Part(part.files, header, types, "sql", part.spec)], [], []


def _sql(part: Part) -> str:
    return part.spec["sql"].strip().rstrip(";").replace("{folder}", part.spec["folder"].replace("'", "''"))


def _text(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _decoded_first(part: Part) -> bool:
    """Whether Python must decode the files, because the engine reads UTF-8 only."""
    named = part.spec.get("encoding")
    if named is None:
        return any(_starts_utf16(Path(file)) for file in part.files)
    return codecs.lookup(named).name not in ("utf-8", "utf-8-sig", "ascii")


def _open(file: Path, encoding: str | None) -> io.TextIOWrapper:
    if encoding is None:
        encoding = "utf-16" if _starts_utf16(file) else "utf-8-sig"
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise StudyError(f"{file.name}: {encoding!r} is not an encoding; usual ones are 'utf-8', 'cp1252' and 'latin-1'.") from None
    return io.TextIOWrapper(_bytes(file), encoding="utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding, newline="")


def _bytes(file: Path) -> io.BufferedIOBase:
    return gzip.open(file, "rb") if file.name.lower().endswith(".gz") else open(file, "rb")


def _starts_utf16(file: Path) -> bool:
    try:
        with _bytes(file) as stream:
            return stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    except (OSError, EOFError):
        return False


def _delimiter(file: Path, spec: dict[str, Any]) -> str:
    """The delimiter that splits the header into most columns; where a title stands above the header, any of the first lines."""
    try:
        with _open(file, spec.get("encoding")) as stream:
            head = list(islice(stream, TITLE if "header" in spec else 1))
    except (UnicodeDecodeError, UnicodeError, OSError, EOFError):
        return ","
    return max(_DELIMITERS, key=lambda delimiter: max((len(row) for row in csv.reader(head, delimiter=delimiter)), default=0))


def _csv_rows(file: Path, delimiter: str, encoding: str | None) -> Rows:
    """Number (the header is row 1) and fields of every row that is not blank."""
    with _open(file, encoding) as stream:
        rows = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            yield from enumerate((row for row in rows if len(row) > 1 or (row and row[0].strip())), 1)
        except UnicodeDecodeError as error:
            where = f"line {_undecodable(file, error.encoding)}, byte 0x{error.object[error.start]:02X}"
            raise StudyError(
                f"{file.name} is not {error.encoding.upper()} text ({where}); say encoding = 'cp1252' in study.toml where Excel on Windows "
                "saved it, or save it as UTF-8."
            ) from None
        except csv.Error as error:
            raise StudyError(
                f"{file.name} cannot be read near line {rows.line_num}: {error}. A quote is not closed, or stands inside a field without "
                'being doubled (12" is written "12"""); correct the line or export again.'
            ) from None
        except (OSError, EOFError):
            raise StudyError(f"{file.name} is cut short or not gzip; copy or export it again.") from None


def _undecodable(file: Path, encoding: str) -> int:
    """Number of the first line that is not text of an encoding."""
    with _bytes(file) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return 1


def _excel_rows(file: Path, sheet: str | None) -> Rows:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception:
        raise StudyError(f"{file.name} is not a readable Excel workbook; save it again as .xlsx.") from None
    try:
        named = sheet or (book.sheetnames[0] if len(book.sheetnames) == 1 else file.name.split(".")[0])
        if named not in book.sheetnames:
            raise StudyError(
                f"{file.name} has {len(book.sheetnames)} sheets; name one in study.toml, sheet = ...: {meant(named, book.sheetnames)}"
            )
        for number, cells in enumerate(book[named].iter_rows(values_only=True), 1):
            row = [_cell(value) for value in cells]
            if any(cell is not None for cell in row):
                yield number, row
    finally:
        book.close()


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat() if isinstance(value, date) else str(value)


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
