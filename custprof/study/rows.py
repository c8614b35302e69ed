"""How is a file split into rows of cells?

CSV (also gzipped) and sheets of workbooks, row by row, without asking what the cells mean. What cannot be split says where and why.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from custprof.study.errors import StudyError, meant

__all__ = ["DELIMITERS", "TITLE", "Row", "Rows", "find_delimiter", "needs_decoding", "split_rows"]

#: The title of a report has at most so many rows.
TITLE = 40
DELIMITERS = ",;\t|"

#: First bytes of files that are no text, whatever their ending says, and what they are.
_DISGUISED = {
    b"PK\x03\x04": "an Excel workbook; give it the ending .xlsx",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as .xlsx",
    b"<html": "a web page; open it in a spreadsheet and save it as .xlsx or .csv",
    b"<!doctype": "a web page; open it in a spreadsheet and save it as .xlsx or .csv",
    b"PAR1": "a Parquet file; give it the ending .parquet",
}

Row = list[str | None]
Rows = Iterator[tuple[int, Row]]


def split_rows(file: Path, spec: dict[str, Any], delimiter: str | None = None) -> Rows:
    """Number and cells of every row of a CSV file or a workbook's sheet that is not blank, as they stand."""
    if file.name.lower().endswith(".xlsx"):
        return _excel_rows(file, spec.get("sheet"))
    return _csv_rows(file, delimiter or spec.get("delimiter") or find_delimiter(file, spec), spec.get("encoding"))


def find_delimiter(file: Path, spec: dict[str, Any]) -> str:
    """The delimiter that splits the header into most columns; where a title stands above the header, any of the first lines."""
    try:
        with _open(file, spec.get("encoding")) as stream:
            head = list(islice(stream, TITLE if "header" in spec else 1))
    except (UnicodeDecodeError, UnicodeError, OSError, EOFError):
        return ","
    return max(DELIMITERS, key=lambda delimiter: max((len(row) for row in csv.reader(head, delimiter=delimiter)), default=0))


def needs_decoding(file: Path, encoding: str | None) -> bool:
    """Whether Python must decode a file, because the engine reads UTF-8 only."""
    if encoding is None:
        return _starts_utf16(file)
    return codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig", "ascii")


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


def _disguise(file: Path, encoding: str | None) -> str:
    """What a file is that says it is CSV and is not; empty where it may be."""
    try:
        with _bytes(file) as stream:
            first = stream.read(200).removeprefix(codecs.BOM_UTF8).lstrip()
    except (OSError, EOFError):
        return ""
    for start, what in _DISGUISED.items():
        if first[:10].lower().startswith(start.lower()):
            return what
    if encoding is None and not _starts_utf16(file) and 0 < first.count(0) >= len(first) // 3:
        return f"UTF-16 text without its mark; say encoding = '{'utf-16-le' if first[1:2] == bytes(1) else 'utf-16-be'}' in study.toml"
    return ""


def _csv_rows(file: Path, delimiter: str, encoding: str | None) -> Rows:
    """Number (the header is row 1) and fields of every row that is not blank."""
    if what := _disguise(file, encoding):
        raise StudyError(f"{file.name} is {what}.")
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
