"""What would study.toml say about these exports?

Every file is recognised by its headers (see ``presets``), and how its numbers and dates are written by its first rows (see ``notation``).
What may be meant in two ways is a question for a person, never a guess.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from custprof.study.cells import literal
from custprof.study.contracts import TABLES
from custprof.study.currency import currencies_named
from custprof.study.errors import StudyError
from custprof.study.layout import arrange
from custprof.study.notation import find_notation
from custprof.study.presets import Preset, recognise
from custprof.study.progress import Steps, watched
from custprof.study.rows import DELIMITERS, TITLE, Rows, find_delimiter, split_rows
from custprof.study.sources import ENDINGS

__all__ = ["Proposal", "propose", "write_sections"]

#: So many rows of a file are looked at.
SAMPLE = 20_000
#: Endings of delimited text that a study reads where it is named.
TEXTS = (".txt", ".txt.gz", ".tsv", ".tsv.gz")
#: What stands in for a column that many exports lack.
UNNAMED = {"line_id": "{_row}"}
#: How the first cell of a total begins.
TOTAL = re.compile(r"(grand total|sub-?total|total|gesamt\w*|(zwischen)?summe\w*|totaux|somme|totale)\b|\*+$", re.IGNORECASE)
#: A cell that is no column's name, and a word of bookkeeping in one.
NUMBER = re.compile(r"[\d.,:/ +-]*\d[\d.,:/ +-]*")
BOOKS = re.compile(r"\b(soll|haben|debit|credit|débit|crédit|gegenkonto)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """Sections of study.toml, by table, for the files that were looked at.

    Attributes
    ----------
    sections : table and what study.toml would say about it, one for every file and table that it feeds
    systems : by file, the system and export that it was recognised as ("" where none was)
    currency : the currency of most amounts, "" where no file says it
    questions : what a person has to answer, in sentences
    problems : the files that could not be read, and why, in sentences
    """

    sections: list[tuple[str, dict[str, Any]]]
    systems: dict[str, str]
    currency: str = ""
    questions: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def propose(files: Iterable[str | Path], folder: str | Path) -> Proposal:
    """Look at exports and propose how a study in a folder would read them. Nothing is written, the files stay as they are.

    Parameters
    ----------
    files : CSV or other delimited text (also gzipped), Parquet or xlsx files; one that cannot be read stands in ``problems``
    folder : of the study, from which the files are named

    Raises
    ------
    StudyError
        Where none of the files can be read: lists them, and why.
    """
    files = [Path(file) for file in files]
    steps = Steps()
    with watched(steps, f"looking at {len(files)} exports" if len(files) > 1 else "looking at the export"):
        return _propose(files, Path(folder), steps)


def write_sections(proposal: Proposal) -> str:
    """The proposal as text of study.toml."""
    names = Counter(table for table, _ in proposal.sections)
    lines = []
    for table, spec in proposal.sections:
        title = f"[[tables.{table}]]" if names[table] > 1 else f"[tables.{table}]"
        section = [title, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in spec.items() if key != "columns")]
        if "preset" not in spec:
            theirs = spec["columns"]["theirs"]
            missing = [f'# {ours} = "{UNNAMED.get(ours, "...")}"' for ours in TABLES[table].required if ours not in theirs]
            section += [f"[tables.{table}.columns]  # ours = theirs; the file has {', '.join(filter(None, theirs))}", *missing]
            if missing and len(proposal.sections) > 1:  # the other files can be read without it
                section = [line if line.startswith("#") else f"# {line}" for line in section]
        lines += ["", *section]
    return "\n".join(lines) + "\n"


def _propose(files: list[Path], folder: Path, steps: Steps) -> Proposal:
    looked, problems = [], []
    for file in steps.of(files, end=50):
        if file.is_dir():
            problems.append(f"{file} is a folder; name the files in it: {file / '*.csv'}.")
        elif not file.is_file():
            problems.append(f"{file} does not exist.")
        elif not file.name.lower().endswith((*ENDINGS, *TEXTS)):
            problems.append(f"{file.name} is no {', '.join((*ENDINGS, *TEXTS))} file; save it as one.")
        elif file.resolve() in [other.resolve() for other, *_ in looked]:
            problems.append(f"{file.name} is given twice.")
        else:
            try:
                looked.append((file, *_look(file)))
            except StudyError as error:
                problems += error.problems
    sections, systems, questions, money = [], {}, [], Counter()
    fed = {next(iter(preset.tables)) for _, _, preset, _ in looked if preset}
    for file, options, preset, place in steps.of(looked, start=50):
        try:
            found, asked, codes = _propose_file(file, folder, options, preset, place, fed)
        except StudyError as error:
            problems += error.problems
            continue
        systems[str(file)] = f"{preset.system}, {preset.export}" if preset else ""
        sections += found
        questions += asked
        money.update(codes)
    if problems and not sections:
        raise StudyError(problems)
    if len(money) > 1:
        questions.append(f"there are amounts in {', '.join(sorted(money))}: say in [rates] what one of the others is worth.")
    return Proposal(sections, systems, money.most_common(1)[0][0] if money else "", questions, problems)


def _propose_file(
    file: Path, folder: Path, options: dict[str, Any], preset: Preset | None, place: int, fed: set[str]
) -> tuple[list[tuple[str, dict[str, Any]]], list[str], Counter]:
    """The sections of one file, what is to be asked about it, and the currencies that it names."""
    sections, questions, money = [], [], Counter()
    if preset:
        tables = _tables_of(preset, fed)
        options = {**options, **_layout(file, options, preset, place)}
    else:
        table, layout = _guess(file, options)
        tables, options = [table], {**options, **layout}
    for table in tables:
        spec = {"file": _from(file, folder), **({"preset": preset.name} if preset else {}), **options}
        said, asked, codes = _written(file, table, spec, preset)
        sections.append((table, {**spec, **said}))
        questions += [f"{file.name}: {question}" for question in asked if f"{file.name}: {question}" not in questions]
        money.update(codes)
    if not preset and (lacking := [ours for ours in TABLES[tables[0]].required if ours not in sections[0][1]["columns"]["theirs"]]):
        asked = f"name its columns in [tables.{tables[0]}] of study.toml (is it that table?): {', '.join(lacking)}."
        questions.append(f"{file.name}: not recognised; {asked}")
    return sections, questions, money


def _look(file: Path) -> tuple[dict[str, Any], Preset | None, int]:
    """How a file is written, which system wrote it, and in which of its rows the header stands (0 is the first)."""
    if file.name.lower().endswith(".xlsx"):
        return _look_into_workbook(file)
    if file.name.lower().endswith(".parquet"):
        found = recognise(row for _, row in islice(_rows(file, {}), 1))
        return {}, found[0] if found else None, 0
    options = {} if _is_text(file) else {"encoding": "cp1252"}
    best, refused = None, {}
    for delimiter in DELIMITERS:
        try:
            found = recognise(row for _, row in islice(split_rows(file, options, delimiter), 60))
        except StudyError as error:  # it does not split this file; another may
            refused[delimiter] = error
            continue
        if found and (best is None or len(found[0].recognise[0]) > len(best[1].recognise[0])):
            best = (options if delimiter == "," else {**options, "delimiter": delimiter}, *found)
    if len(refused) == len(DELIMITERS):
        raise refused[find_delimiter(file, options)]
    return best or (options, None, 0)


def _look_into_workbook(file: Path) -> tuple[dict[str, Any], Preset | None, int]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True)
    except Exception:
        raise StudyError(f"{file.name} is not a readable Excel workbook; save it again as .xlsx.") from None
    sheets = list(book.sheetnames)
    book.close()
    for sheet in sheets:
        if found := recognise(row for _, row in islice(split_rows(file, {"sheet": sheet}), 60)):
            return {"sheet": sheet}, *found
    return {"sheet": sheets[0]}, None, 0


def _rows(file: Path, spec: dict[str, Any]) -> Rows:
    """Number and cells of the first rows of a file of any kind."""
    if not file.name.lower().endswith(".parquet"):
        yield from split_rows(file, spec)
        return
    import duckdb

    with duckdb.connect() as con:
        try:
            rows = con.execute(f"select columns(*)::varchar from read_parquet({literal(file)}) limit {SAMPLE}")
            yield 1, [column[0] for column in rows.description]
            yield from enumerate(map(list, rows.fetchall()), 2)
        except duckdb.Error:
            raise StudyError(f"{file.name} is not a readable Parquet file; export it again.") from None


def _is_text(file: Path) -> bool:
    """Whether a file is text that is read without naming its encoding (UTF-8, or UTF-16 with its mark)."""
    import gzip

    decode = codecs.getincrementaldecoder("utf-8")()
    try:
        with gzip.open(file, "rb") if file.name.lower().endswith(".gz") else file.open("rb") as stream:
            first = stream.read(1 << 20)
            if first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return True
            while first:
                decode.decode(first)
                first = stream.read(1 << 20)
            decode.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except (OSError, EOFError):
        raise StudyError(f"{file.name} is cut short or not gzip; copy or export it again.") from None
    return True


def _tables_of(preset: Preset, fed: set[str]) -> list[str]:
    """The first table of a preset, and of its others those that no file feeds better."""
    first, *others = preset.tables
    chosen = [table for table in others if table not in fed]
    fed |= set(chosen)
    return [first, *chosen]


def _layout(file: Path, options: dict[str, Any], preset: Preset, place: int) -> dict[str, Any]:
    """What its preset does not say about a report: the header where a title stands above it, and the totals beside the lines."""
    said = set().union(*preset.tables.values())
    rows = [[(cell or "").strip() for cell in row] for _, row in islice(_rows(file, options), place, place + SAMPLE)]
    header, lines = rows[0], rows[1:]
    layout: dict[str, Any] = {"header": [cell for cell in header if cell][:3]} if place and "header" not in said else {}
    # a total leaves most cells blank
    totals = [row[0] for row in lines if row and TOTAL.match(row[0]) and 2 * sum(map(bool, row)) <= len(header)]
    if totals and "totals" not in said:
        layout["totals"] = list(dict.fromkeys(totals if len(set(totals)) <= 3 else [f"{TOTAL.match(total)[0]}*" for total in totals]))
    return layout


def _guess(file: Path, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The table that a file without a preset may be, by its name or else by the names of its columns, and the layout of a report."""
    first = [[(cell or "").strip() for cell in row] for _, row in islice(_rows(file, options), TITLE)]
    filled = [sum(map(bool, row)) for row in first]
    if not any(filled):
        raise StudyError(f"{file.name} is empty (no header); export it again.")
    # a title fills a cell or two; a line of metadata is made of numbers
    wide = [number for number, count in enumerate(filled) if 2 * count >= max(filled)]
    place = next((number for number in wide if 2 * sum(map(bool, map(NUMBER.fullmatch, first[number]))) < filled[number]), wide[0])
    layout: dict[str, Any] = {"header": [cell for cell in first[place] if cell][:3]} if place else {}
    if place and not first[place][0] and any(row[0] and not any(row[1:]) for row in first[place + 1 :]):
        layout |= {"headings": "Heading", "totals": ["Total*"]}
    known = {table: sum(column in first[place] for column in contract.columns) for table, contract in TABLES.items()}
    by_name = [table for table in TABLES if table.removesuffix("s") in file.name.lower()]
    likely = "ledger" if any(map(BOOKS.search, first[place])) else "transactions"
    return max(TABLES, key=lambda table: (table in by_name[:1], known[table], table == likely)), layout


def _written(file: Path, table: str, spec: dict[str, Any], preset: Preset | None) -> tuple[dict[str, Any], list[str], Counter]:
    """How the numbers and dates of a file are written, what is not clear about it, and the currencies it names."""
    under = preset.tables[table] if preset else {}
    rows = arrange(_rows(file, spec), {**under, **spec}, file.name)
    header = [cell or "" for cell in next(rows, (0, []))[1]]
    columns = under.get("columns", {name: name for name in TABLES[table].columns if name in header})
    sample = [row for _, row in islice(rows, SAMPLE) if len(row) == len(header)]
    said, asked = find_notation(columns, table, header, sample, spec, under)
    said = said if preset else {"columns": {"theirs": header}, **said}
    return said, asked, currencies_named(under, columns, header, sample, TABLES[table].money)


def _from(file: Path, folder: Path) -> str:
    """A file's name as study.toml writes it: from the study's folder."""
    with suppress(ValueError):  # another drive
        return os.path.relpath(file.resolve(), folder.resolve()).replace("\\", "/")
    return str(file.resolve()).replace("\\", "/")
