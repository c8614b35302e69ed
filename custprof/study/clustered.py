"""Where do a study's rows live on a cluster? In Spark, which checks, weighs, sets aside and sums them where they are.

Frames, tables of the catalog and Parquet files are read in place: only counts, sums, examples, rows set aside when they are asked for, and
frames of customers come to the driver. Files that only the driver can read (CSV, Excel, sql, frames of other engines) are read there by
DuckDB and handed to Spark as Parquet in the temporary folder, which the workers of a cluster must reach. A table of Parquet files that only
Spark sees is named ``table = "parquet.`s3a://sales/lines`"``.
"""

from __future__ import annotations

import weakref
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study.aliases import confirmed
from custprof.study.backends import spark_session
from custprof.study.cells import literal
from custprof.study.contracts import TABLES
from custprof.study.dialect import Untranslatable, to_spark
from custprof.study.embedded import EmbeddedRows, count_rows
from custprof.study.errors import StudyError
from custprof.study.intake import Mapping, quoted, short, type_part, type_rows
from custprof.study.settings import Settings

__all__ = ["ClusteredRows"]

#: Types of Spark as DuckDB calls them; all others are called alike.
_TYPES = {"STRING": "VARCHAR", "INT": "INTEGER", "TIMESTAMP": "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NTZ": "TIMESTAMP"}
_NESTED = ("BINARY", "BLOB", "ARRAY", "MAP", "STRUCT", "VARIANT")
_TEXTS = ("text", "date", "flag", "period")
#: So many rows are one partition, of which Spark asks every question in one task, without a shuffle.
_FEW = 100_000
#: Numbers that a file's rows stay below.
_FILE = 2**40


class ClusteredRows:
    """The rows of a study in Spark, in temporary views of the session whose names belong to this study alone.

    The views are those of ``EmbeddedRows`` with the same columns. Rows of a frame or of a catalog's table have no number: their ``_row`` is
    missing, their place is the table's name. What is read is kept by Spark (in memory, else on its disks) until the study is let go.

    Parameters
    ----------
    settings : Settings
    session : Spark session
    """

    engine = "spark"

    def __init__(self, settings: Settings, session: Any):
        self.settings = settings
        self.files = EmbeddedRows(settings)
        self.con, self.folder, self.moved = self.files.con, self.files.folder, self.files.moved
        self.session = session or spark_session()
        self._prefix, self._views, self._held = f"custprof_{uuid4().hex[:12]}_", [], []
        self._floats = {column for contract in TABLES.values() for column, kind in contract.columns.items() if kind not in _TEXTS}
        weakref.finalize(self, _let_go, self.session, self._views, self._held).atexit = False

    def take(self, frame: Any, label: str, relation: str) -> dict[str, Any]:
        """The section of study.toml that reads a frame handed in: Spark's own where it is, another as DuckDB takes it."""
        native = nw.to_native(frame, pass_through=True)
        if not hasattr(native, "sparkSession"):
            return self.files.take(frame, label, relation)
        self._name(native, relation)
        columns = [(field.name, field.dataType.simpleString().upper()) for field in native.schema.fields]
        return {"table": label, "relation": relation, "described": [(name, _TYPES.get(kind, kind)) for name, kind in columns]}

    def take_table(self, name: str, relation: str) -> dict[str, Any]:
        """The section of study.toml that reads a table of Spark's catalog.

        Raises
        ------
        StudyError
            Where Spark knows no such table.
        """
        try:
            return self.take(self.session.table(name), name, relation)
        except Exception as error:
            raise StudyError(f"Spark cannot read the table {name!r}: {str(error).splitlines()[0]}") from None

    def read(self, table: str, mapping: Mapping) -> dict[str, int]:
        """As in ``EmbeddedRows``, with the rows where they are; a StudyError where Spark cannot read them."""
        try:
            return self._read(table, mapping)
        except StudyError:
            raise
        except Exception as error:
            raise StudyError(f"{table}: {short(mapping.parts[0])} cannot be read: {str(error).splitlines()[0]}") from error

    def _read(self, table: str, mapping: Mapping) -> dict[str, int]:
        numbers = [number for number, part in enumerate(mapping.parts) if part.kind in ("spark", "parquet")]
        try:
            frames = [self._typed(table, mapping, number) for number in numbers]
        except Untranslatable as error:
            self.moved[table] = f"{error} is not read in Spark"
            numbers, frames, mapping = [], [], self._moved(mapping)
        frames += self._read_here(table, _only(mapping, [n for n in range(len(mapping.parts)) if n not in numbers]))
        files = ", ".join(literal(Path(file).name if part.kind == "parquet" else file) for part in mapping.parts for file in part.files)
        self._name(reduce(lambda some, more: some.unionByName(more, allowMissingColumns=True), frames), f"typed_{table}")
        self._put(
            f"typed_{table}",
            f"select *, array_position(array({files}), _file) * {_FILE} + _row as rowid from {self._view(f'typed_{table}')}",
        )
        self._name_by_alias(table, mapping)
        self._set_repeats_aside(table, mapping)
        self._held.append(self.session.table(self._view(f"typed_{table}")).persist())
        counts = count_rows(self, f"typed_{table}")
        # under a name of its own: Spark lets the rows of a view go that is made anew
        rows = self.session.sql(self._changed(table, self._numbers(table, mapping), f"typed_{table}"))
        self._name(rows.coalesce(1) if counts["rows_read"] <= _FEW else rows, f"raw_{table}")
        known = [quoted(column) for column in TABLES[table].columns if column in mapping.columns] + [quoted(name) for name in mapping.extra]
        self._put(f"read_{table}", f"select *, rowid as _id from {self._view(f'raw_{table}')}")
        self._put(f"used_{table}", self._said(f"select {', '.join(known)} from raw_{table} where _reason is null"))
        return counts

    def query(self, sql: str) -> list[tuple]:
        """The rows of a query in DuckDB's words."""
        return [tuple(map(_plain, row)) for row in self.session.sql(self._said(sql)).collect()]

    def frame(self, sql: str) -> pd.DataFrame:
        """The rows of a query as a pandas DataFrame, of the types that DuckDB gives and in its order where it has one."""
        found = self.session.sql(self._said(sql))
        kinds = {"string": "varchar", "int": "integer", "timestamp": "timestamp", "timestamp_ntz": "timestamp", "void": "integer"}
        cast = ", ".join(
            f"{quoted(name)}::{'double' if kind.startswith('decimal') else kinds.get(kind, kind)} as {quoted(name)}"
            for name, kind in found.dtypes
        )
        rows = pd.DataFrame([tuple(row) for row in found.collect()], columns=found.columns, dtype=object)
        with duckdb.connect(config={"pandas_analyze_sample": 10**9}) as con:
            con.register("rows", rows)
            return con.execute(f"select {cast} from rows").df()

    def lazy(self, table: str) -> nw.LazyFrame:
        """The used rows of a table as a lazy frame of Spark."""
        return nw.from_native(self.session.table(self._view(f"used_{table}")))

    def here(self, table: str) -> duckdb.DuckDBPyConnection:
        """DuckDB with ``used_<table>`` in it: all its rows come to the driver, for a file that is written there."""
        if not self.con.execute(f"select 1 from duckdb_views() where view_name = 'used_{table}'").fetchall():
            self.files.take(self.lazy(table), table, f"used_{table}")
        return self.con

    def query_progress(self) -> float:
        """Percent of the running stages' tasks that are done; where none runs, of what the driver reads for them."""
        with suppress(Exception):
            tracker = self.session.sparkContext.statusTracker()
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if stages:
                return 100 * sum(stage.numCompletedTasks for stage in stages) / max(sum(stage.numTasks for stage in stages), 1)
        return self.files.query_progress()

    def _typed(self, table: str, mapping: Mapping, number: int) -> Any:
        """The typed rows of a part that Spark reads in place."""
        part = mapping.parts[number]
        used = {place for places in mapping.columns.values() for place in (getattr(places[number], "places", (places[number],)))}
        for place in used:
            if part.types[place].split("(")[0].split("<")[0].split("[")[0] in _NESTED or part.types[place].endswith("]"):
                raise Untranslatable(f"a column of type {part.types[place]}")
        cells = ", ".join(f"{quoted(name)} as c{place}" for place, name in enumerate(part.header))
        if part.kind == "parquet":
            relation, where = f"files_{table}_{number}", "_file, _row"
            rows = self.session.read.parquet(*map(_local, part.files))
            self._name(rows.selectExpr("*", "_metadata.file_name as _file", "int(_metadata.row_index + 1) as _row"), relation)
        else:
            relation, where = part.spec["relation"], f"{literal(part.files[0])} as _file, null::integer as _row"
        source = f"(select {cells}, {where}, null::varchar as _ragged from {relation}) as source"
        floats = {f"c{place}" for place, kind in enumerate(part.types) if kind in ("FLOAT", "DOUBLE")}
        return self.session.sql(self._said(type_part(table, mapping, number, source, self.settings), floats))

    def _moved(self, mapping: Mapping) -> Mapping:
        """The mapping of a table whose rows Spark cannot read: they go to DuckDB as Parquet."""
        parts = []
        for part in mapping.parts:
            if part.kind == "spark":
                self.files.take(self.session.table(self._view(part.spec["relation"])), part.files[0], part.spec["relation"])
                part = replace(part, kind="sql")
            parts.append(part)
        return replace(mapping, parts=parts)

    def _read_here(self, table: str, mapping: Mapping) -> list[Any]:
        """The rows of files that the driver reads, handed to Spark."""
        if not mapping.parts:
            return []
        type_rows(table, mapping, self.con, self.settings)
        self.files.number_rows(table, mapping)
        file = self.folder / f"read_{table}.parquet"
        self.files.write(f"select * exclude (_id) from read_{table}", file)
        self.con.execute(f"drop view read_{table}; drop table raw_{table}")
        return [self.session.read.parquet(_local(file))]

    def _name_by_alias(self, table: str, mapping: Mapping) -> None:
        """As in ``EmbeddedRows``: customers by the names that aliases.csv confirms."""
        if self.settings.aliases is None or "customer_id" not in mapping.columns:
            return
        names = confirmed(self.settings.aliases, table)
        known = self.session.createDataFrame([tuple(row) for row in names.to_numpy()], "_name string, _customer string")
        self._name(known, "aliases")
        self._change(table, {"customer_id": "coalesce(_customer, customer_id)"}, f"typed_{table} left join aliases on _name = customer_id")

    def _set_repeats_aside(self, table: str, mapping: Mapping) -> None:
        """As in ``EmbeddedRows``: one row of those that are folded stays; repeats of a key or line are set aside."""
        rests = [f"_rest_{column}" for column in TABLES[table].money if column in mapping.columns]
        place = ", ".join(["_file", "_row", *map(quoted, rests)])
        if mapping.asks("fold"):
            numbered = f"row_number() over (partition by _reason is null, {mapping.known} order by {place})"
            self._change(
                table, {}, f"(select *, {numbered} as _again from typed_{table}) as numbered where _reason is not null or _again = 1"
            )
        key = TABLES[table].key
        if key is None and not mapping.asks("duplicates", "set_aside"):
            return
        by, rule = (key, f"{key}|duplicate key") if key else (mapping.known, "|duplicate line")
        numbered = f"row_number() over (partition by _reason is null, {by} order by {mapping.known}, {place})"
        again = "_reason is null and _again > 1"
        changes = {"_reason": f"'{rule}'", "_cell": key or "null", "_text": mapping.line}
        self._change(
            table,
            {column: f"case when {again} then {value} else {column} end" for column, value in changes.items()},
            f"(select *, {numbered} as _again from typed_{table}) as numbered",
        )

    def _numbers(self, table: str, mapping: Mapping) -> dict[str, str]:
        """As in ``EmbeddedRows``: extra columns that hold only numbers become numbers."""
        names, numbers = [quoted(name) for name in mapping.extra], {}
        if names:
            unread = ", ".join(f"count(*) filter ({name} is not null and try_cast({name} as double) is null)" for name in names)
            (counts,) = self.query(f"select {unread} from typed_{table}")
            numbers = {name: f"try_cast({quoted(name)} as double)" for name, count in zip(mapping.extra, counts, strict=True) if not count}
        return numbers

    def _change(self, table: str, changes: dict[str, str], source: str) -> None:
        """Make typed_<table> anew with some columns changed."""
        self._put(f"typed_{table}", self._changed(table, changes, source))

    def _changed(self, table: str, changes: dict[str, str], source: str) -> str:
        columns = self.session.table(self._view(f"typed_{table}")).columns
        chosen = [f"{changes[name]} as {quoted(name)}" if name in changes else quoted(name) for name in columns]
        return self._said(f"select {', '.join(chosen)} from {source}")

    def _view(self, name: str) -> str:
        return self._prefix + name

    def _name(self, frame: Any, name: str) -> None:
        self._views.append(self._view(name))
        frame.createOrReplaceTempView(self._view(name))

    def _put(self, name: str, sql: str) -> None:
        self._name(self.session.sql(sql), name)

    def _said(self, sql: str, floats: set[str] | None = None) -> str:
        """A query in Spark's words, over the views of this study."""
        return to_spark(
            sql, tables=lambda name: self._view(name) if self._view(name) in self._views else name, floats=floats or self._floats
        )


def _only(mapping: Mapping, numbers: list[int]) -> Mapping:
    """The mapping of some of a table's parts."""

    def chosen(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: [places[number] for number in numbers] for name, places in columns.items()}

    return replace(
        mapping,
        parts=[mapping.parts[number] for number in numbers],
        columns=chosen(mapping.columns),
        extra=chosen(mapping.extra),
        currencies=[mapping.currencies[number] for number in numbers],
    )


def _local(file: str | Path) -> str:
    """A file of this machine as Spark calls it; a bare path would be one of the cluster's own file system."""
    return "file:///" + Path(file).absolute().as_posix().lstrip("/")


def _plain(value: Any) -> Any:
    """A number of Spark as DuckDB gives it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _let_go(session: Any, views: list[str], held: list[Any]) -> None:
    with suppress(Exception):
        for frame in held:
            frame.unpersist()
        for view in set(views):
            session.catalog.dropTempView(view)
