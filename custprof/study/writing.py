"""How does a table of a study become a file again, with some of its texts replaced?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from custprof.study.cells import literal

__all__ = ["distinct_texts", "write_table"]


def distinct_texts(study, table: str, column: str) -> list[str]:
    """The different texts of a column among the rows that are used, sorted; blank cells left out."""
    name = _quoted(column)
    return [text for (text,) in study.query(f"select distinct {name}::varchar from used_{table} where {name} is not null order by 1")]


def write_table(study, table: str, file: Path, replaced: Mapping[str, pd.Series]) -> None:
    """Write the used rows of a table to a gzipped CSV file, in an order that says nothing of the order they were read in.

    Parameters
    ----------
    study : Study
    table : one of the study's tables
    file : Path
    replaced : by column, what stands for each of its texts (a Series indexed by the texts); every other column is written as it is
    """
    con, names = study.rows_of(table).here(table), study.written_columns(table)
    chosen, joins = [], []
    for number, name in enumerate(names):
        if name in replaced:
            con.register(f"_tokens{number}", pd.DataFrame({"text": replaced[name].index, "token": replaced[name].to_numpy()}, dtype=object))
            joins.append(f"left join _tokens{number} t{number} on t{number}.text::varchar = used.{_quoted(name)}::varchar")
            chosen.append(f"t{number}.token::varchar as {_quoted(name)}")
        else:
            chosen.append(f"used.{_quoted(name)}")
    try:
        rows = f"select {', '.join(chosen)} from used_{table} used {' '.join(joins)} order by all"
        con.execute(f"copy ({rows}) to {literal(file)} (format csv, header, compression gzip)")
    finally:
        for number, name in enumerate(names):
            if name in replaced:
                con.unregister(f"_tokens{number}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
