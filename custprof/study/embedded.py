"""Where do a study's rows live on one machine? In an embedded DuckDB that keeps to memory and a temporary folder.

It reads the files of every study. Polars and pandas are handed the rows that may be used; so is Spark (see ``clustered``).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study.aliases import confirmed
from custprof.study.contracts import TABLES
from custprof.study.engine import Stream, lazy
from custprof.study.errors import StudyError
from custprof.study.intake import Mapping, first_row, quoted, type_rows
from custprof.study.settings import Settings

__all__ = ["EmbeddedRows", "count_rows"]


class EmbeddedRows:
    """The rows of a study in DuckDB.

    By table there are ``raw_<table>`` (every row that was read: the standard columns that are known, typed; ``_rest_<money>`` what rounding
    took, in thousandths of the minor unit; ``_reason`` (column|rule) and ``_cell`` of rows set aside, ``_text`` their whole text; ``_file``
    and ``_row``), the view ``read_<table>`` of the same rows with their numbers and ``_id``, and the view ``used_<table>``.

    Parameters
    ----------
    settings : Settings, with the memory limit, the threads and the temporary folder
    engine : what works on the rows once they are read: duckdb, polars or pandas
    """

    def __init__(self, settings: Settings, engine: str = "duckdb"):
        self.settings, self.engine = settings, engine
        self._scratch = tempfile.TemporaryDirectory(prefix="custprof-", dir=settings.temp_directory, ignore_cleanup_errors=True)
        self.folder = Path(self._scratch.name)
        self.con = _connect(self._scratch.name, settings.memory_limit, settings.threads)
        #: by table, why its rows are not read where they are
        self.moved: dict[str, str] = {}

    def take(self, frame: Any, label: str, relation: str) -> dict[str, Any]:
        """The section of study.toml that reads a frame handed in; Spark and lazy frames write themselves as Parquet, others are copied.

        Raises
        ------
        TypeError
            Where it is no frame.
        """
        native = nw.to_native(frame, pass_through=True)
        try:
            known = nw.from_native(native)
        except TypeError:
            raise TypeError(f"{type(frame).__name__} is no table; hand in a pandas, polars, DuckDB, Arrow, Ibis or Spark frame.") from None
        if isinstance(known, nw.DataFrame) or known.implementation.is_duckdb():
            self._copy(native if known.implementation.is_pandas() else Stream(native), relation)
        else:
            file = self.folder / f"{relation}.parquet"
            lazy(native).sink_parquet(str(file))
            files = f"{file}/*.parquet" if file.is_dir() else str(file)
            self.con.execute(f"create temp view {relation} as select * from read_parquet('{_escaped(files)}')")
        return {"table": label, "relation": relation}

    def take_table(self, name: str, relation: str) -> dict[str, Any]:
        """Refuses a table of Spark's catalog."""
        raise StudyError(f"table = {name!r} is one of Spark's catalog; say engine = 'spark', or name a file or sql.")

    def read(self, table: str, mapping: Mapping) -> dict[str, int]:
        """Read a table's rows, and set those aside that cannot be used; how many there are is told by ``count_rows``."""
        type_rows(table, mapping, self.con, self.settings)
        self._name_by_alias(table, mapping)
        self._fold(table, mapping)
        self._set_repeats_aside(table, mapping)
        self._type_extra(table, mapping)
        self.number_rows(table, mapping)
        known = [column for column in TABLES[table].columns if column in mapping.columns] + [quoted(name) for name in mapping.extra]
        self.con.execute(f"create or replace temp view used_{table} as select {', '.join(known)} from raw_{table} where _reason is null")
        return count_rows(self, f"raw_{table}")

    def number_rows(self, table: str, mapping: Mapping) -> None:
        """Make the view ``read_<table>``, in which every row has its number in its file."""
        self.con.execute(
            f"create or replace temp view read_{table} as select raw_{table}.rowid as _id, "
            f"* replace (coalesce(_row, raw_{table}.rowid - first + {first_row(mapping)}) as _row) "
            f"from raw_{table} join (select _file, min(rowid) as first from raw_{table} group by _file) using (_file)"
        )

    def query(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.con.execute(sql).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """The rows of a query as a pandas DataFrame."""
        return self.con.execute(sql).df()

    def lazy(self, table: str) -> nw.LazyFrame:
        """The used rows of a table as a lazy frame of the engine."""
        if self.engine == "duckdb":
            return nw.from_native(self.con.sql(f"select * from used_{table}"))
        if self.engine == "pandas":
            return nw.from_native(self.frame(f"select * from used_{table} order by all")).lazy()
        import polars as pl

        file = self.folder / f"used_{table}.parquet"
        if not file.exists():
            self.write(f"select * from used_{table}", file)
        return nw.from_native(pl.scan_parquet(file))

    def here(self, table: str) -> duckdb.DuckDBPyConnection:
        """DuckDB with ``used_<table>`` in it."""
        return self.con

    def write(self, sql: str, file: Path) -> None:
        """The rows of a query as a Parquet file."""
        self.con.execute(f"copy ({sql}) to '{_escaped(str(file))}' (format parquet)")

    def query_progress(self) -> float:
        """Percent of the running query that are done."""
        return self.con.query_progress()

    def _copy(self, frame: Any, relation: str) -> None:
        """Make a table of a frame's rows."""
        try:
            self.con.register("_frame", frame)
        except duckdb.Error:
            if not isinstance(frame, pd.DataFrame):
                raise
            # DuckDB cannot read columns that lie in memory last row first, as frame[::-1] has them; a copy has them in order
            self.con.register("_frame", frame.copy())
        self.con.execute(f"create temp table {relation} as select * from _frame")
        self.con.unregister("_frame")

    def _name_by_alias(self, table: str, mapping: Mapping) -> None:
        """Give customers that are called otherwise in this table their customer_id, as the confirmed rows of aliases.csv say."""
        if self.settings.aliases is not None and "customer_id" in mapping.columns:
            self.con.register("_aliases", confirmed(self.settings.aliases, table))
            self.con.execute(f"update raw_{table} set customer_id = a.customer_id from _aliases a where a.name = raw_{table}.customer_id")
            self.con.unregister("_aliases")

    def _fold(self, table: str, mapping: Mapping) -> None:
        """Make one row of used rows that are equal in every column, where study.toml asks for it."""
        if mapping.asks("fold"):
            self.con.execute(
                f"delete from raw_{table} where _reason is null and rowid not in "
                f"(select min(rowid) from raw_{table} where _reason is null group by {mapping.known})"
            )

    def _set_repeats_aside(self, table: str, mapping: Mapping) -> None:
        """Set aside the rows that repeat a key or, where study.toml asks, a whole line; which one stays depends on no order of the rows."""
        key = TABLES[table].key
        if key is None and not mapping.asks("duplicates", "set_aside"):
            return
        by, rule = (key, f"{key}|duplicate key") if key else (mapping.known, "|duplicate line")
        self.con.execute(
            f"update raw_{table} set _reason = '{rule}', _cell = {key or 'null'}, _text = {mapping.line} "
            f"where rowid in (select r from (select rowid as r, row_number() over (partition by {by} order by {mapping.known}) as n "
            f"from raw_{table} where _reason is null) where n > 1)"
        )

    def _type_extra(self, table: str, mapping: Mapping) -> None:
        """Turn extra columns that hold only numbers into numbers."""
        for name in map(quoted, mapping.extra):
            if not self.query(f"select count(*) from raw_{table} where {name} is not null and try_cast({name} as double) is null")[0][0]:
                self.con.execute(f"alter table raw_{table} alter {name} type double")


def count_rows(rows: Any, relation: str) -> dict[str, int]:
    """How many rows of a table were read, are used and were set aside, wherever they live: rows_read, rows_used, rows_set_aside."""
    ((read, used),) = rows.query(f"select count(*), count(*) filter (_reason is null) from {relation}")
    return {"rows_read": read, "rows_used": used, "rows_set_aside": read - used}


def _connect(folder: str, memory_limit: str = "", threads: int = 0) -> duckdb.DuckDBPyConnection:
    """An embedded DuckDB that spills into a folder, keeps no order of rows and loads nothing from the network."""
    config: dict[str, Any] = {"temp_directory": folder, "preserve_insertion_order": False}
    config |= {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    config |= {"memory_limit": memory_limit} if memory_limit else {}
    config |= {"threads": threads} if threads else {}
    try:
        con = duckdb.connect(config=config)
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        if memory_limit and "memory" in why.lower():
            why = f"memory_limit = {memory_limit!r} is no size; write one such as '2GB' or '500MB'."
        raise StudyError(f"study.toml [study]: DuckDB does not start: {why}") from None
    con.execute("set enable_progress_bar = true; set enable_progress_bar_print = false")
    return con


def _escaped(path: str) -> str:
    return path.replace("'", "''")
