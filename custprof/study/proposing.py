"""What would study.toml say about these exports?

Every file is recognised by its headers (see ``presets``); how its numbers and dates are written is found by trying the ways they may be
written on the first rows. What fits in two ways is a question for a person, never a guess.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from custprof.study.contracts import TABLES
from custprof.study.errors import StudyError
from custprof.study.headers import find_header, headers_in, is_template, star
from custprof.study.layout import arrange
from custprof.study.presets import Preset, recognise
from custprof.study.rows import split_rows
from custprof.study.sources import ENDINGS

__all__ = ["Proposal", "propose", "write_sections"]

#: So many rows of a file are looked at.
SAMPLE = 20_000
#: Share of the cells that a way of writing must read; the others are damaged, and set aside later.
ENOUGH = 0.9
_NUMBERS = {"money", "number", "duration", "fraction", "score"}
#: Decimal sign and thousands separator, the likelier first.
_SIGNS = ((".", None), (".", ","), (",", None), (",", "."), (",", " "), (".", "'"), (".", " "))
_TIME = re.compile(r"[ T,]+\d{1,2}:\d\d.*$")


@dataclass(frozen=True)
class Proposal:
    """Sections of study.toml, by table, for the files that were looked at.

    Attributes
    ----------
    sections : table and what study.toml would say about it, one for every file and table that it feeds
    systems : by file, the system and export that it was recognised as ("" where none was)
    currency : the currency of most amounts, "" where no file says it
    questions : what a person has to answer, in sentences
    """

    sections: list[tuple[str, dict[str, Any]]]
    systems: dict[str, str]
    currency: str = ""
    questions: list[str] = field(default_factory=list)


def propose(files: Iterable[str | Path], folder: str | Path) -> Proposal:
    """Look at exports and propose how a study in a folder would read them. Nothing is written, the files stay as they are.

    Parameters
    ----------
    files : CSV (also gzipped) or xlsx files
    folder : of the study, from which the files are named

    Raises
    ------
    StudyError
        Lists the files that cannot be read, are twice the same, or are no tables.
    """
    files = [Path(file) for file in files]
    looked, problems = [], []
    for file in files:
        if not file.is_file():
            problems.append(f"{file} does not exist.")
        elif not file.name.lower().endswith(tuple(ending for ending in ENDINGS if ending != ".parquet")):
            problems.append(f"{file.name} is no .csv, .csv.gz or .xlsx file; save it as one.")
        elif file.resolve() in [other.resolve() for other, *_ in looked]:
            problems.append(f"{file.name} is given twice.")
        else:
            try:
                looked.append((file, *_look(file)))
            except StudyError as error:
                problems += error.problems
    if problems:
        raise StudyError(problems)
    sections, systems, questions, money = [], {}, [], Counter()
    fed = {next(iter(preset.tables)) for _, _, preset in looked if preset}
    for file, options, preset in looked:
        systems[str(file)] = f"{preset.system}, {preset.export}" if preset else ""
        tables = _tables_of(preset, fed) if preset else [_guess(file, options)]
        for table in tables:
            spec = {"file": _from(file, Path(folder)), **({"preset": preset.name} if preset else {}), **options}
            said, asked, codes = _written(file, table, spec, preset)
            sections.append((table, {**spec, **said}))
            questions += [f"{file.name}: {question}" for question in asked if f"{file.name}: {question}" not in questions]
            money.update(codes)
        if not preset:
            questions.append(f"{file.name}: not recognised; name its columns in [tables.{tables[0]}] of study.toml (is it that table?).")
    if len(money) > 1:
        questions.append(f"there are amounts in {', '.join(sorted(money))}: say in [rates] what one of the others is worth.")
    return Proposal(sections, systems, money.most_common(1)[0][0] if money else "", questions)


def write_sections(proposal: Proposal) -> str:
    """The proposal as text of study.toml."""
    names = Counter(table for table, _ in proposal.sections)
    lines = []
    for table, spec in proposal.sections:
        lines += ["", f"[[tables.{table}]]" if names[table] > 1 else f"[tables.{table}]"]
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in spec.items() if key != "columns"]
        if "preset" not in spec:
            lines += [f"[tables.{table}.columns]  # ours = theirs; the file has {', '.join(spec['columns']['theirs'])}"]
            lines += [f'# {ours} = "..."' for ours in TABLES[table].required if ours not in spec["columns"]["theirs"]]
    return "\n".join(lines) + "\n"


def _look(file: Path) -> tuple[dict[str, Any], Preset | None]:
    """How a file is written and which system wrote it."""
    if file.name.lower().endswith(".xlsx"):
        return _look_into_workbook(file)
    options = {} if _is_text(file) else {"encoding": "cp1252"}
    best = None
    for delimiter in ",;\t|":
        found = recognise(row for _, row in islice(split_rows(file, options, delimiter), 60))
        if found and (best is None or len(found[0].recognise[0]) > len(best[1].recognise[0])):
            best = (options if delimiter == "," else {**options, "delimiter": delimiter}, found[0])
    return best or (options, None)


def _look_into_workbook(file: Path) -> tuple[dict[str, Any], Preset | None]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True)
    except Exception:
        raise StudyError(f"{file.name} is not a readable Excel workbook; save it again as .xlsx.") from None
    sheets = list(book.sheetnames)
    book.close()
    for sheet in sheets:
        if found := recognise(row for _, row in islice(split_rows(file, {"sheet": sheet}), 60)):
            return {"sheet": sheet}, found[0]
    return {"sheet": sheets[0]}, None


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


def _guess(file: Path, options: dict[str, Any]) -> str:
    """The table whose columns a file without a preset has most of, by their own names."""
    header = [cell or "" for cell in next(split_rows(file, options), (0, []))[1]]
    if not any(header):
        raise StudyError(f"{file.name} is empty (no header); export it again.")
    by_name = [table for table in TABLES if file.name.lower().startswith(table)]
    known = {table: sum(column in header for column in contract.columns) for table, contract in TABLES.items()}
    return by_name[0] if by_name else max(TABLES, key=lambda table: (known[table], table == "transactions"))


def _written(file: Path, table: str, spec: dict[str, Any], preset: Preset | None) -> tuple[dict[str, Any], list[str], Counter]:
    """How the numbers and dates of a file are written, what is not clear about it, and the currencies it names."""
    under = preset.tables[table] if preset else {}
    rows = arrange(split_rows(file, spec), {**under, **spec}, file.name)
    header = [cell or "" for cell in next(rows, (0, []))[1]]
    columns = under.get("columns", {name: name for name in TABLES[table].columns if name in header})
    sample = [row for _, row in islice(rows, SAMPLE) if len(row) == len(header)]
    cells = {kind: _cells(columns, kinds, table, header, sample) for kind, kinds in (("number", _NUMBERS), ("date", {"date", "period"}))}
    said: dict[str, Any] = {} if preset else {"columns": {"theirs": header}}
    asked: list[str] = []
    _signs(cells["number"], {**under, **spec}, said, asked)
    _formats(cells["date"], under, said, asked)
    return said, asked, _currencies(under, columns, header, sample, table)


def _cells(columns: dict[str, Any], kinds: set[str], table: str, header: list[str], sample: list[list[str | None]]) -> dict[str, list[str]]:
    """By header, the cells (not blank) of the columns that feed columns of some kinds."""
    named = [
        header[place]
        for ours, theirs in columns.items()
        if TABLES[table].columns[ours] in kinds
        for name in (theirs if isinstance(theirs, list) else [theirs])
        for part in _parts(name)
        if (place := find_header(part, header)) is not None
    ]
    at = {name: header.index(name) for name in dict.fromkeys(named)}
    return {name: [text for row in sample if (text := (row[place] or "").strip())] for name, place in at.items()}


def _parts(name: Any) -> list[str]:
    if isinstance(name, dict):
        return _parts(name["take"]) if "take" in name else []
    return [part.strip() for braces in re.findall(r"\{([^{}]*)\}", name) for part in braces.split("|")] if is_template(name) else [name]


def _signs(cells: dict[str, list[str]], spec: dict[str, Any], said: dict[str, Any], asked: list[str]) -> None:
    texts = {text for column in cells.values() for text in column if ":" not in text and re.search(r"\d", text)}
    given = (spec.get("decimal", "."), spec.get("thousands"))
    fits = {signs: sum(bool(re.fullmatch(_pattern(*signs), text)) for text in texts) for signs in dict.fromkeys([given, *_SIGNS])}
    fitting = [signs for signs, count in fits.items() if count == max(fits.values()) and count >= ENOUGH * len(texts)]
    if not fitting or fitting[0] == given:
        return
    comma = [signs for signs in fitting if signs[0] == ","]
    point = [signs for signs in fitting if signs[0] == "."]
    chosen = (comma if comma and (not point or spec.get("delimiter") == ";") else point)[0]
    said["decimal"] = chosen[0]
    if chosen[1]:
        said["thousands"] = chosen[1]
    if comma and point:
        example = next(text for text in sorted(texts) if "," in text or "." in text)
        asked.append(
            f"is {example!r} a number with decimals, or with thousands? Taken as decimal = {chosen[0]!r}; change it if it is wrong."
        )


def _pattern(decimal: str, thousands: str | None) -> str:
    digits = rf"(\d+|\d{{1,3}}([{thousands}\u00a0\u202f]\d{{3}})+)" if thousands == " " else r"\d+"
    digits = rf"(\d+|\d{{1,3}}([{thousands}]\d{{3}})+)" if thousands and thousands != " " else digits
    return rf"[+-]?({digits})?([{decimal}]\d*)?(e-?\d+)?-?"


def _formats(cells: dict[str, list[str]], under: dict[str, Any], said: dict[str, Any], asked: list[str]) -> None:
    """Name the one format that reads all dates of each column; where two do, and differently, ask."""
    known = [*under.get("date_format", []), "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d"]
    blank, chosen = under.get("blank", []), []
    for name, texts in cells.items():
        days = {_TIME.sub("", text) for text in texts if text not in blank}
        fits = {form: sum(_day(day, form) is not None for day in days) for form in dict.fromkeys(known)}
        fitting = [form for form, count in fits.items() if days and count == max(fits.values()) and count >= ENOUGH * len(days)]
        if len({tuple(_day(day, form) for day in sorted(days)) for form in fitting}) > 1:
            chosen += fitting
            asked.append(f"does {min(days)!r} in {name!r} begin with the day or the month? Keep one of date_format = {fitting}.")
        elif fitting:
            chosen.append(fitting[0])
    chosen = list(dict.fromkeys(chosen))
    if chosen and (chosen != ["%Y-%m-%d"] or under.get("date_format")):
        said["date_format"] = chosen


def _day(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form) if re.search(r"\d{4}", text) or "%y" in form else None
    except ValueError:
        return None


def _currencies(under: dict[str, Any], columns: dict[str, Any], header: list[str], sample: list, table: str) -> Counter:
    named = under.get("currency", [])
    for name in [named] if isinstance(named, str) else named:
        if (place := find_header(name, header)) is not None:
            return Counter((row[place] or "").strip().upper() for row in sample if (row[place] or "").strip())
    for ours in TABLES[table].money:
        for name in headers_in(columns[ours]) if isinstance(columns.get(ours), str) else []:
            if "*" in name and (place := find_header(name, header)) is not None:
                return Counter({star(name, header[place]).upper(): 1})
    return Counter()


def _from(file: Path, folder: Path) -> str:
    """A file's name as study.toml writes it: from the study's folder."""
    try:
        name = os.path.relpath(file.resolve(), folder.resolve())
    except ValueError:  # another drive
        name = str(file.resolve())
    return name.replace("\\", "/")
