"""What does study.toml say? Read, held against the words it may use, and every problem collected.

::

    [study]
    name = "Demo company"        # the folder's name if left out
    currency = "EUR"
    period = "year"              # year, quarter or month
    fiscal_start = 1             # month in which the fiscal year starts
    decimals = 2                 # of the minor unit of money
    cost_model = "costs.toml"    # taken by itself where it is there
    engine = "duckdb"            # or spark, polars, pandas: what works on the rows
    memory_limit = "2GB"         # of DuckDB (by default 80 % of the machine's memory); beyond it rows go to
    temp_directory = "/scratch"  # a folder made here and removed again (by default in the system's temporary folder)
    threads = 4                  # of DuckDB (by default one for each core)
    [credit]                     # optional: what it costs that customers pay late, or never
    annual_rate = 0.08
    write_off_days = 180
    [tables.transactions]        # a table whose file bears its name (transactions.csv, transactions_*.csv.gz, ...) needs no section
    file = "sales*.csv"          # or sql = "select ... from read_parquet('{folder}/x.parquet')"
    folder = "../exports"        # where the file is, and {folder} in sql; by default the study's folder
    table = "sales.invoices"     # or a table of Spark's catalog (engine = "spark")
    sheet = "Sales"              # of a workbook
    preset = "xero_invoices"     # the system that wrote it: its words stand for all below, until they are said otherwise
    columns = { customer_id = "Customer No." }             # our name = theirs, or made of theirs (see ``headers``):
                                 # revenue = "{Quantity} * {Price} - {Discount|0}", is_return = { Type = ["Credit*"] }
    date_format = ["%d.%m.%Y"]   # besides none: 2024-01-31, with or without a time
    decimal = ","                # and thousands = ".", delimiter = ";", encoding = "cp1252", blank = ["n/a"]
    duplicates = "set_aside"     # repeats of a whole line; by default they are kept and said
    service_codes = ["POST"]     # products that are no goods: said, and used
    leave_out = { Status = ["Draft", "Void*"] }            # set aside, and said; keep_only is the other way round
    negative = { Type = "Return" }                         # lines whose amounts are negative however they are written
    currency = "Currency"        # the column with the currency: other money than the study's is set aside, or converted by [rates]
    fold = true                  # rows that are equal in every column of ours are one row (invoices out of invoice lines)
    header = ["Date", "Amount"]  # of a printed report (see ``layout``), with headings = "Customer", totals = ["Total *"],
                                 # fill_down = ["Order", "Date"]
    # A table that two systems feed has two sections: [[tables.events]] and [[tables.events]].
    [rates]                      # what one of another currency is worth in the study's
    USD = 0.92
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
from custprof.study.engine import ENGINES, PERIODS
from custprof.study.errors import StudyError, meant
from custprof.study.headers import derive, headers_in, is_template
from custprof.study.presets import read_preset

__all__ = ["Settings", "make_settings", "read_settings"]

_SECTIONS = ("study", "credit", "rates", "tables", "ties")
_STUDY = {
    **dict.fromkeys(("name", "currency", "period", "cost_model", "aliases", "engine", "memory_limit", "temp_directory"), str),
    **dict.fromkeys(("fiscal_start", "decimals", "threads"), int),
}
_CREDIT = {"annual_rate": (int, float), "write_off_days": int}
_TIE = {"accounts": list, "fact": str, "sign": int, "name": str}
_TABLE = {
    "file": (str, list),
    "sql": str,
    "table": str,
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
    "preset": str,
    "leave_out": dict,
    "keep_only": dict,
    "negative": dict,
    "currency": (str, list),
    "fold": bool,
    "header": list,
    "headings": str,
    "totals": list,
    "fill_down": list,
    "note": str,
}
_OWN = ("file", "sql", "table", "folder", "sheet", "preset")


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
    rates: dict[str, float] = field(default_factory=dict)
    aliases: Path | None = None
    engine: str | None = None
    memory_limit: str = ""
    temp_directory: Path | None = None
    threads: int = 0
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ties: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def said(self, table: str, word: str, default: Any = None) -> Any:
        """What the sections of a table say about something, the first that does."""
        return next((spec[word] for spec in self.tables.get(table, []) if word in spec), default)


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
    return make_settings(content, file.parent.resolve(), file.name)


def make_settings(content: dict[str, Any], folder: Path, file: str) -> Settings:
    """Settings from the words of a study.toml, for a folder; ``file`` is what problems call the place of the words."""
    problems = list(_unknown(content, _SECTIONS, file))
    study, tables, ties = content.get("study", {}), content.get("tables", {}), content.get("ties", [])
    credit, rates = content.get("credit"), content.get("rates", {})
    if not all(isinstance(part, dict) for part in (study, tables, rates, credit or {})) or not isinstance(ties, list):
        raise StudyError(
            f"{file}: study, credit, rates and tables are sections ([study], [credit], [tables.transactions]), ties are [[ties]]."
        )
    problems += _wrong(study, _STUDY, f"{file} [study]") + _wrong(credit or {}, _CREDIT, f"{file} [credit]")
    problems += _unknown(tables, TABLES, f"{file} [tables]", "a table")
    sections: dict[str, list[dict[str, Any]]] = {}
    for name, given in tables.items():
        where, found = f"{file} [tables.{name}]", []
        for spec in given if isinstance(given, list) else [given]:
            if not isinstance(spec, dict):
                found.append(f"{where} is a section of its own, with file = ... or sql = ...")
                continue
            wrong = _wrong(spec, _TABLE, where) + (_table_problems(name, spec, where) if name in TABLES else [])
            if not wrong and "preset" in spec and name in TABLES:
                spec = _preset_under(name, spec, where, folder, wrong)
            found += wrong
            sections.setdefault(name, []).append(dict(spec))
        problems += found
    for number, tie in enumerate(ties, 1):
        problems += _wrong(tie, _TIE, f"{file} [[ties]] {number}")
        problems += [f"{file} [[ties]] {number} lacks {key}." for key in ("accounts", "fact") if key not in tie]
    problems += _value_problems(study, credit or {}, file)
    problems += [
        f"{file} [rates]: {code} = {rate!r} should be a number above 0: what one {code} is worth in the study's currency."
        for code, rate in rates.items()
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0
    ]
    cost_model, given = folder / study.get("cost_model", "costs.toml"), "cost_model" in study
    if given and not cost_model.is_file():
        problems.append(f"{file} [study] cost_model: {cost_model} does not exist.")
    aliases = folder / str(study.get("aliases", "aliases.csv"))
    if "aliases" in study and not aliases.is_file():
        problems.append(f"{file} [study] aliases: {aliases} does not exist.")
    return Settings(
        folder=folder,
        name=study.get("name", folder.name),
        currency=study.get("currency", ""),
        period=study.get("period", "year"),
        fiscal_start=study.get("fiscal_start", 1),
        decimals=study.get("decimals", 2),
        cost_model=cost_model if cost_model.is_file() else None,
        credit=dict(credit) if credit else None,
        rates={str(code).upper(): rate for code, rate in rates.items()},
        aliases=aliases if aliases.is_file() else None,
        engine=study.get("engine"),
        memory_limit=study.get("memory_limit", ""),
        temp_directory=folder / study["temp_directory"] if "temp_directory" in study else None,
        threads=study.get("threads", 0),
        tables={name: specs for name, specs in sections.items() if name in TABLES},
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
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (object, bool)):
            names = {
                bool: "true or false",
                str: "text in quotes",
                int: "a whole number",
                list: "a list",
                dict: "a table { ours = 'Theirs' }",
            }
            expected = " or ".join(dict.fromkeys(names.get(k, "a number") for k in (kind if isinstance(kind, tuple) else (kind,))))
            problems.append(f"{where}: {key} = {value!r} should be {expected}.")
    return problems


def _table_problems(name: str, spec: dict[str, Any], where: str) -> list[str]:
    problems = []
    named = [key for key in ("file", "sql", "table") if key in spec]
    if len(named) > 1:
        problems.append(f"{where} names both {' and '.join(named)}; keep one.")
    columns = spec.get("columns", {})
    if isinstance(columns, dict):
        problems += _unknown(columns, TABLES[name].columns, f"{where} columns", f"a column of {name}")
        for ours, theirs in columns.items():
            problems += _name_problems(TABLES[name].columns.get(ours, "text"), theirs, f"{where} columns: {ours} = {theirs!r}")
    if spec.get("duplicates", "keep") not in ("keep", "set_aside"):
        problems.append(f"{where}: duplicates = {spec['duplicates']!r}; choose 'keep' or 'set_aside'.")
    if "service_codes" in spec and name != "transactions":
        problems.append(f"{where}: service_codes belong to transactions.")
    if "fold" in spec and TABLES[name].key is None:
        problems.append(f"{where}: fold makes one row of equal rows, which only tables with a key need ({_keyed()}).")
    for key in ("leave_out", "keep_only", "negative"):
        if isinstance(spec.get(key), dict) and not all(isinstance(value, str | list) for value in spec[key].values()):
            problems.append(f"{where}: {key} names values by their header: {key} = {{ Status = ['Draft', 'Void*'] }}.")
    for key in ("decimal", "delimiter"):
        if isinstance(spec.get(key, "."), str) and len(spec.get(key, ".")) != 1:
            problems.append(f"{where}: {key} = {spec[key]!r} should be one character.")
    if spec.get("thousands") == spec.get("decimal", "."):
        problems.append(f"{where}: thousands and decimal are both {spec.get('thousands')!r}.")
    return problems


def _name_problems(kind: str, theirs: Any, said: str) -> list[str]:
    """What is wrong with the name, names or template that a column is read from."""
    problems = []
    for name in theirs if isinstance(theirs, list) else [theirs]:
        if not isinstance(name, str | dict) or (isinstance(name, dict) and ("take" in name) != ("where" in name)):
            return [f"{said} should be text in quotes, or {{ take = '...', where = {{ ... }} }}."]
        if is_template(name):
            header = headers_in(name)
            try:
                derive(kind, name, header, ["VARCHAR"] * len(header), {})
            except ValueError as error:
                problems.append(f"{said} cannot be read: {error}.")
    return problems


def _preset_under(name: str, spec: dict[str, Any], where: str, folder: Path, problems: list[str]) -> dict[str, Any]:
    """A table's section with its preset's words under its own."""
    try:
        preset = read_preset(spec["preset"], folder)
    except StudyError as error:
        problems += [f"{where}: {problem}" for problem in error.problems]
        return spec
    if name not in preset.tables:
        problems.append(f"{where}: preset {spec['preset']!r} feeds {', '.join(preset.tables)}, not {name}.")
        return spec
    under, place = preset.tables[name], f"preset {spec['preset']} [tables.{name}]"
    wrong = _wrong(under, _TABLE, place) or _table_problems(name, under, place)
    wrong += [f"{place}: {key} belongs into study.toml." for key in _OWN if key in under]
    problems += wrong
    return {**under, **spec, "columns": spec.get("columns", {}), "preset_columns": under.get("columns", {})}


def _keyed() -> str:
    return ", ".join(name for name, contract in TABLES.items() if contract.key)


def _value_problems(study: dict[str, Any], credit: dict[str, Any], file: str) -> list[str]:
    problems = []
    if study.get("period", "year") not in PERIODS:
        problems.append(f"{file} [study]: period = {study['period']!r}; choose one of {', '.join(PERIODS)}.")
    if study.get("engine", "duckdb") not in ENGINES:
        problems.append(f"{file} [study]: engine = {study['engine']!r}; choose one of {', '.join(ENGINES)}.")
    if isinstance(threads := study.get("threads", 1), int) and threads < 1:
        problems.append(f"{file} [study]: threads = {threads} is below 1.")
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
