"""Which of a study's tables are there, and what keeps it from being read? Asked before any row is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custprof.study.backends import choose_engine
from custprof.study.clustered import ClusteredRows
from custprof.study.contracts import TABLES
from custprof.study.embedded import EmbeddedRows
from custprof.study.engine import ENGINES
from custprof.study.errors import StudyError, meant
from custprof.study.intake import Mapping as ColumnMapping
from custprof.study.intake import map_columns
from custprof.study.settings import Settings, make_settings
from custprof.study.sources import find_parts

__all__ = ["Found", "find_tables", "given_settings"]


@dataclass(frozen=True)
class Found:
    """What was found: the mappings of the tables that are there, notes on files passed over, and where the rows will be."""

    mappings: dict[str, ColumnMapping]
    notes: dict[str, list[str]]
    rows: EmbeddedRows | ClusteredRows


def find_tables(settings: Settings, engine: Any, given: Mapping[str, Any]) -> Found:
    """Find a study's tables and match their columns with ours.

    Parameters
    ----------
    settings : Settings
    engine : as for ``Study.open``
    given : frames handed in, by the name of our table

    Raises
    ------
    StudyError
        Lists everything that keeps the study from being read.
    """
    problems, mappings, notes = list(settings.problems), {}, {}
    name, session = choose_engine(settings.engine if engine is None and settings.engine in ENGINES else engine, given)
    if settings.temp_directory is not None and not settings.temp_directory.is_dir():
        raise StudyError([*problems, f"study.toml [study] temp_directory: {settings.temp_directory} does not exist."])
    rows = ClusteredRows(settings, session) if name == "spark" else EmbeddedRows(settings, name)
    for table in (table for table in TABLES if table not in settings.misread):
        specs, wrong = _sections(table, settings.tables.get(table, []), given, rows)
        parts, unfound, passed = ([], [], []) if wrong else find_parts(table, specs, settings.folder, rows.con)
        wrong += unfound
        problems += wrong
        if passed and not wrong:
            notes[table] = passed
        if parts:
            mapping, wrong = map_columns(table, parts)
            problems += wrong
            if mapping is not None:
                mappings[table] = mapping
        elif table == "transactions" and not wrong:
            near = sorted(file.name for file in settings.folder.iterdir() if file.is_file() and file.name != "study.toml")
            hint = meant("transactions.csv", near)
            problems.append(f"transactions: no file transactions.csv, .csv.gz, .parquet or .xlsx in {settings.folder}; {hint}")
    if problems:
        raise StudyError(problems)
    return Found(mappings, notes, rows)


def given_settings(
    tables: Mapping[str, Any], folder: Path, settings: Mapping[str, Any], cost_model: str | Path | None, **words: str
) -> Settings:
    """The settings of a study whose tables are handed in; the folder is an empty one."""
    if unknown := [table for table in tables if table not in TABLES]:
        raise StudyError([f"{table!r} is not a table; {meant(str(table), list(TABLES))}" for table in unknown])
    content = {key: dict(value) if isinstance(value, Mapping) else value for key, value in settings.items()}
    content["study"] = {**words, **content.get("study", {})}
    if cost_model is not None:
        content["study"]["cost_model"] = str(Path(cost_model).resolve())
    return make_settings(content, folder, "settings")


def _sections(
    table: str, specs: list[dict[str, Any]], given: Mapping[str, Any], rows: EmbeddedRows | ClusteredRows
) -> tuple[list[dict[str, Any]], list[str]]:
    """A table's sections of study.toml, with the relation of those that a frame or a table of Spark's catalog feeds; and problems."""
    if table in given:
        return [{**next(iter(specs), {}), **rows.take(given[table], f"{table} handed in", f"given_{table}")}], []
    sections, problems = [], []
    for number, spec in enumerate(specs):
        try:
            sections.append({**spec, **rows.take_table(spec["table"], f"given_{table}_{number}")} if "table" in spec else spec)
        except StudyError as error:
            problems += [f"{table}: {problem}" for problem in error.problems]
    return sections, problems
