"""What does study.toml say? Read, held against the words it may use, and every problem collected.

::

    [study]
    name = "Demo company"        # the folder's name if left out
    currency = "EUR"
    period = "year"              # year, quarter or month
    fiscal_start = 1             # month in which the fiscal year starts
    decimals = 2                 # of the minor unit of money
    cost_model = "costs.toml"    # taken by itself where it is there
    [credit]                     # optional: what it costs that customers pay late, or never
    annual_rate = 0.08
    write_off_days = 180
    [tables.transactions]        # a table whose file bears its name (transactions.csv, transactions_*.csv.gz, ...) needs no section
    file = "sales*.csv"          # or sql = "select ... from read_parquet('{folder}/x.parquet')"
    folder = "../exports"        # where the file is, and {folder} in sql; by default the study's folder
    sheet = "Sales"              # of a workbook
    columns = { customer_id = "Customer No." }             # our name = theirs
    date_format = ["%d.%m.%Y"]   # besides none: 2024-01-31, with or without a time
    decimal = ","                # and thousands = ".", delimiter = ";", encoding = "cp1252", blank = ["n/a"]
    duplicates = "set_aside"     # repeats of a whole line; by default they are kept and said
    service_codes = ["POST"]     # products that are no goods: said, and used
    [[ties]]                     # accounts of the ledger that should equal a fact of all customers, or a table's money
    accounts = ["5000"]
    fact = "cost_of_goods"       # or "campaigns.spend"
    sign = 1                     # -1 where the ledger has it negative
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from custprof.study.contracts import TABLES
from custprof.study.engine import PERIODS
from custprof.study.errors import StudyError, meant

__all__ = ["Settings", "read_settings"]

_SECTIONS = ("study", "credit", "tables", "ties")
_STUDY = {"name": str, "currency": str, "period": str, "fiscal_start": int, "decimals": int, "cost_model": str}
_CREDIT = {"annual_rate": (int, float), "write_off_days": int}
_TIE = {"accounts": list, "fact": str, "sign": int, "name": str}
_TABLE = {
    "file": str,
    "sql": str,
    "folder": str,
    "sheet": str,
    "columns": dict,
    "date_format": (str, list),
    "decimal": str,
    "thousands": str,
    "delimiter": str,
    "encoding": str,
    "blank": (str, list),
    "duplicates": str,
    "service_codes": list,
}


@dataclass(frozen=True)
class Settings:
    """The contents of study.toml, with defaults filled in; ``problems`` are the sentences of what is wrong."""

    folder: Path
    name: str
    currency: str = ""
    period: str = "year"
    fiscal_start: int = 1
    decimals: int = 2
    cost_model: Path | None = None
    credit: dict[str, float] | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    ties: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_settings(path: str | Path) -> Settings:
    """Settings of the study in a folder (or of the study.toml given).

    Parameters
    ----------
    path : folder with a study.toml, or the path of the TOML file itself

    Returns
    -------
    Settings; what is wrong with its words stands in ``problems``

    Raises
    ------
    StudyError
        Where there is no study.toml or it is not TOML.
    """
    path = Path(path)
    file = path / "study.toml" if path.is_dir() or not path.suffix else path
    if not file.is_file():
        raise StudyError(f"{file} does not exist; name a folder that holds a study.toml (custprof new DIR makes one).")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise StudyError(f"{file} is not UTF-8 text; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{file} cannot be read: {error}. Text values need quotes, and every key is written key = value.") from None
    return _settings(content, file.parent.resolve(), file.name)


def _settings(content: dict[str, Any], folder: Path, file: str) -> Settings:
    problems = list(_unknown(content, _SECTIONS, file))
    study, tables, ties = content.get("study", {}), content.get("tables", {}), content.get("ties", [])
    credit = content.get("credit")
    if not all(isinstance(part, dict) for part in (study, tables, credit or {})) or not isinstance(ties, list):
        raise StudyError(f"{file}: study, credit and tables are sections ([study], [credit], [tables.transactions]), ties are [[ties]].")
    problems += _wrong(study, _STUDY, f"{file} [study]") + _wrong(credit or {}, _CREDIT, f"{file} [credit]")
    problems += _unknown(tables, TABLES, f"{file} [tables]", "a table")
    for name, spec in tables.items():
        where = f"{file} [tables.{name}]"
        problems += (
            _wrong(spec, _TABLE, where) if isinstance(spec, dict) else [f"{where} is a section of its own, with file = ... or sql = ..."]
        )
        if isinstance(spec, dict) and name in TABLES:
            problems += _table_problems(name, spec, where)
    for number, tie in enumerate(ties, 1):
        problems += _wrong(tie, _TIE, f"{file} [[ties]] {number}")
        problems += [f"{file} [[ties]] {number} lacks {key}." for key in ("accounts", "fact") if key not in tie]
    problems += _value_problems(study, credit or {}, file)
    cost_model, given = folder / study.get("cost_model", "costs.toml"), "cost_model" in study
    if given and not cost_model.is_file():
        problems.append(f"{file} [study] cost_model: {cost_model} does not exist.")
    return Settings(
        folder=folder,
        name=study.get("name", folder.name),
        currency=study.get("currency", ""),
        period=study.get("period", "year"),
        fiscal_start=study.get("fiscal_start", 1),
        decimals=study.get("decimals", 2),
        cost_model=cost_model if cost_model.is_file() else None,
        credit=dict(credit) if credit else None,
        tables={name: dict(spec) for name, spec in tables.items() if name in TABLES and isinstance(spec, dict)},
        ties=[dict(tie) for tie in ties],
        problems=problems,
    )


def _unknown(section: dict[str, Any], known: Iterable[str], where: str, what: str = "known") -> list[str]:
    known = list(known)
    return [f"{where}: {key!r} is not {what}; {meant(key, known)}" for key in section if key not in known]


def _wrong(section: dict[str, Any], types: dict[str, Any], where: str) -> list[str]:
    problems = _unknown(section, types, where)
    for key, value in section.items():
        kind = types.get(key, object)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not object):
            names = {str: "text in quotes", int: "a whole number", list: "a list", dict: "a table { ours = 'Theirs' }"}
            expected = " or ".join(dict.fromkeys(names.get(k, "a number") for k in (kind if isinstance(kind, tuple) else (kind,))))
            problems.append(f"{where}: {key} = {value!r} should be {expected}.")
    return problems


def _table_problems(name: str, spec: dict[str, Any], where: str) -> list[str]:
    problems = []
    if ("file" in spec) and ("sql" in spec):
        problems.append(f"{where} names both file and sql; keep one.")
    columns = spec.get("columns", {})
    if isinstance(columns, dict):
        problems += _unknown(columns, TABLES[name].columns, f"{where} columns", f"a column of {name}")
        problems += [
            f"{where} columns: {ours} = {theirs!r} should be text in quotes."
            for ours, theirs in columns.items()
            if not isinstance(theirs, str)
        ]
    if spec.get("duplicates", "keep") not in ("keep", "set_aside"):
        problems.append(f"{where}: duplicates = {spec['duplicates']!r}; choose 'keep' or 'set_aside'.")
    if "service_codes" in spec and name != "transactions":
        problems.append(f"{where}: service_codes belong to transactions.")
    for key in ("decimal", "delimiter"):
        if isinstance(spec.get(key, "."), str) and len(spec.get(key, ".")) != 1:
            problems.append(f"{where}: {key} = {spec[key]!r} should be one character.")
    if spec.get("thousands") == spec.get("decimal", "."):
        problems.append(f"{where}: thousands and decimal are both {spec.get('thousands')!r}.")
    return problems


def _value_problems(study: dict[str, Any], credit: dict[str, Any], file: str) -> list[str]:
    problems = []
    if study.get("period", "year") not in PERIODS:
        problems.append(f"{file} [study]: period = {study['period']!r}; choose one of {', '.join(PERIODS)}.")
    if isinstance(start := study.get("fiscal_start", 1), int) and not 1 <= start <= 12:
        problems.append(f"{file} [study]: fiscal_start = {start}; it is a month, 1 to 12.")
    if isinstance(decimals := study.get("decimals", 2), int) and not 0 <= decimals <= 6:
        problems.append(f"{file} [study]: decimals = {decimals}; money has 0 to 6 decimals.")
    for key in ("annual_rate", "write_off_days"):
        if isinstance(value := credit.get(key, 0), int | float) and value < 0:
            problems.append(f"{file} [credit]: {key} = {value} is negative.")
    if isinstance(rate := credit.get("annual_rate", 0), int | float) and rate > 1:
        problems.append(f"{file} [credit]: annual_rate = {rate} is a fraction (0.08 is 8 percent).")
    return problems
