"""What came into a study, from which columns, and what was left behind or blank?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from custprof.study.advice import advise
from custprof.study.cells import literal
from custprof.study.contracts import TABLES
from custprof.study.errors import StudyError, meant
from custprof.study.intake import NOTHING, Mapping

__all__ = [
    "advise_on",
    "count_missing",
    "describe_mappings",
    "first_rows",
    "has",
    "known_table",
    "list_quarantine",
    "refuse_unusable",
    "sources",
]


def sources(mapping: Mapping) -> list[dict[str, str]]:
    """By section and our column, what of a table's files feeds it; see ``Study.sources``."""
    found = []
    for number in mapping.sections:
        header = mapping.parts[number].header
        fed = {ours: places[number] for ours, places in mapping.columns.items() if places[number] != NOTHING}
        found.append(
            {
                ours: header[place] if isinstance(place, int) else " and ".join(header[each] for each in dict.fromkeys(place.places))
                for ours, place in fed.items()
            }
        )
    return found


def describe_mappings(mappings: dict[str, Mapping]) -> pd.DataFrame:
    """What feeds the tables; the columns are those of ``Study.mapping``."""
    rows = []
    for table, mapping in mappings.items():
        for number, fed in zip(mapping.sections, sources(mapping), strict=True):
            spec = mapping.parts[number].spec
            files = list(dict.fromkeys(Path(file).name for part in mapping.parts if part.spec is spec for file in part.files))
            columns = [ours if theirs in (ours, "") else f"{ours} from {theirs}" for ours, theirs in fed.items()]
            shown = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
            unused = mapping.unused[number]
            others = ", ".join(unused[:8]) + (f" and {len(unused) - 8} more" if len(unused) > 8 else "")
            rows.append((table, shown, spec.get("preset", ""), ", ".join(columns), others))
    return pd.DataFrame(rows, columns=["table", "files", "preset", "columns", "not_used"])


def first_rows(study, table: str, count: int, mapping: Mapping, section: int) -> pd.DataFrame:
    """The first used rows of a section of a table in the order of its files, for a look."""
    known, spec = ", ".join(study.columns(table)), mapping.parts[mapping.sections[section]].spec
    files = ", ".join(literal(file) for part in mapping.parts if part.spec is spec for file in part.files)
    where = f"_reason is null and _file in ({files})" if len(mapping.sections) > 1 else "_reason is null"
    return study.rows_of(table).frame(f"select {known} from raw_{table} where {where} order by rowid, {known} limit {int(count)}")


def has(study, need: str) -> bool:
    """Whether a study has a table, a "table.column", a "cost_model", "credit" or "ties"."""
    if need in ("cost_model", "credit"):
        return getattr(study, need) is not None
    if need == "ties":
        return bool(study.settings.ties)
    table, _, column = need.partition(".")
    if table not in TABLES or (column and column not in TABLES[table].columns and not TABLES[table].keeps_extra):
        raise ValueError(f"{need!r} is not something a study may have: {meant(need, ['cost_model', 'credit', *TABLES])}")
    return table in study.tables and (not column or column in study.columns(table) or column in study.written_columns(table))


def known_table(study, name: str) -> str:
    """The name of a table that the study has; a StudyError where it has none of that name."""
    if name in study.tables:
        return name
    if name in TABLES:
        raise StudyError(
            f"{study.name} has no table {name}; it has {', '.join(study.tables)}. Add {name}.csv or [tables.{name}] to study.toml."
        )
    raise StudyError(f"{name!r} is not a table; {meant(name, list(TABLES))}")


def refuse_unusable(study, table: str) -> None:
    """Raise a StudyError where all rows of a table are set aside, with the commonest reasons."""
    if study.counts(table)["rows_used"]:
        return
    reasons = study.query(f"select replace(_reason, '|', ' ') from raw_{table} group by _reason order by count(*) desc, 1 limit 3")
    said = "; ".join(reason.strip() for (reason,) in reasons)
    raise StudyError(f"{table}: no row can be used ({said}); study.check() says what to do.")


def count_missing(study) -> pd.DataFrame:
    """How much of each column is blank among the rows that are used; the columns are those of ``Study.missing``."""
    rows = []
    for table in study.tables:
        names = study.columns(table)
        ((count, *blank),) = study.query(f"select count(*), {', '.join(f'count(*) - count({name})' for name in names)} from used_{table}")
        rows += [(table, name, count, empty / max(count, 1)) for name, empty in zip(names, blank, strict=True)]
    return pd.DataFrame(rows, columns=["table", "column", "rows", "missing_share"])


def list_quarantine(study, tables: Iterable[str]) -> pd.DataFrame:
    """Rows set aside; the columns are those of ``Study.quarantine``."""
    frames = []
    for name in tables:
        amount = TABLES[name].amount
        money = amount if amount in study.columns(name) else "null::double"
        frames.append(
            study.rows_of(name).frame(
                f"select '{name}' as \"table\", parse_filename(_file) as file, _row as row, split_part(_reason, '|', 1) as \"column\", "
                f"split_part(_reason, '|', 2) as reason, _cell as cell, {money} as amount, _text as text "
                f"from read_{name} where _reason is not null order by _file, _row, _text"
            )
        )
    frames = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(frames, ignore_index=True)


def advise_on(study, quarantine: pd.DataFrame) -> list[str]:
    """What to do about each row of ``Study.quarantine()``."""
    return [
        advise(row.reason, row.column, row.cell, next(iter(study.settings.tables.get(row.table, [])), {}))
        for row in quarantine.itertuples()
    ]
