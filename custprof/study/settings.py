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
                                 # fill_down = ["Order", "Date"], spread = { Subtotal = ["Quantity", "Price"] }
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from custprof.study.contracts import TABLES
from custprof.study.errors import StudyError
from custprof.study.presets import read_preset
from custprof.study.words import CREDIT, NAMES, STUDY, TABLE, TIE, table_problems, unknown_words, value_problems, wrong_types

__all__ = ["Settings", "make_settings", "read_settings"]

_SECTIONS = ("study", "credit", "rates", "tables", "ties")
#: Words that stand in study.toml alone, never in a preset.
_OWN = ("file", "sql", "table", "folder", "sheet", "preset")


@dataclass(frozen=True)
class Settings:
    """The contents of study.toml, with defaults filled in; ``problems`` are the sentences of what is wrong, ``misread`` the tables
    whose files are not looked at for it: what else was said of them would not be true."""

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
    misread: frozenset[str] = frozenset()

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
    problems = list(unknown_words(content, _SECTIONS, file))
    study, tables, ties = content.get("study", {}), content.get("tables", {}), content.get("ties", [])
    credit, rates = content.get("credit"), content.get("rates", {})
    if not all(isinstance(part, dict) for part in (study, tables, rates, credit or {})) or not isinstance(ties, list):
        raise StudyError(
            f"{file}: study, credit, rates and tables are sections ([study], [credit], [tables.transactions]), ties are [[ties]]."
        )
    problems += wrong_types(study, STUDY, f"{file} [study]") + wrong_types(credit or {}, CREDIT, f"{file} [credit]")
    problems += unknown_words(tables, TABLES, f"{file} [tables]", "a table")
    sections: dict[str, list[dict[str, Any]]] = {}
    misread: set[str] = set()
    for name, given in tables.items():
        where, found = f"{file} [tables.{name}]", []
        for spec in given if isinstance(given, list) else [given]:
            if not isinstance(spec, dict):
                found.append(f"{where} is a section of its own, with file = ... or sql = ...")
                continue
            wrong = wrong_types(spec, TABLE, where) + (table_problems(name, spec, where) if name in TABLES else [])
            if name in TABLES and _misreads(name, spec, where):
                misread.add(name)
            elif "preset" in spec and name in TABLES:
                spec = _preset_under(name, spec, where, folder, wrong)
            found += wrong
            sections.setdefault(name, []).append(dict(spec))
        problems += found
    for number, tie in enumerate(ties, 1):
        problems += wrong_types(tie, TIE, f"{file} [[ties]] {number}")
        problems += [f"{file} [[ties]] {number} lacks {key}." for key in ("accounts", "fact") if key not in tie]
    problems += value_problems(study, credit or {}, file)
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
        misread=frozenset(misread),
    )


def _misreads(table: str, spec: dict[str, Any], where: str) -> bool:
    """Whether a word of ours has a value with which a file cannot be read."""
    return any(
        wrong_types({word: spec[word]}, TABLE, where) or (word in NAMES and table_problems(table, {word: spec[word]}, where))
        for word in spec
        if word in TABLE
    )


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
    wrong = wrong_types(under, TABLE, place) or table_problems(name, under, place)
    wrong += [f"{place}: {key} belongs into study.toml." for key in _OWN if key in under]
    problems += wrong
    return {**under, **spec, "columns": spec.get("columns", {}), "preset_columns": under.get("columns", {})}
