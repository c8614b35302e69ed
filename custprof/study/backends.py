"""Which engine works on a study's rows, and how do tables get into it and out of it?

Rows are read and checked by an embedded DuckDB that keeps to memory and a temporary folder, whatever the engine. The rows that may be used
are then worked on (facts, driver quantities, histories, cohorts) by the engine the study names: DuckDB itself, Spark, polars or pandas.
Spark and polars read them as Parquet from the temporary folder; what Spark holds comes into DuckDB the same way.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw

from custprof.study.engine import ENGINES, Stream, lazy
from custprof.study.errors import StudyError

__all__ = ["choose_engine", "connect", "given_sections", "hand_out", "spark_session", "take_in"]

_JAVA = 17


def choose_engine(engine: Any, tables: Mapping[str, Any] | None = None) -> tuple[str, Any]:
    """The engine's name and the Spark session that was given, if any; what is missing for an engine is said here, before anything runs.

    Parameters
    ----------
    engine : one of ``ENGINES``, a Spark session, or None: Spark where one of the tables handed in is a Spark frame, else DuckDB
    tables : tables handed in, by name

    Raises
    ------
    ValueError
        Where there is no such engine.
    StudyError
        Where the engine is not installed, or Spark finds no Java.

    Examples
    --------
    >>> choose_engine(None), choose_engine("pandas")
    (('duckdb', None), ('pandas', None))
    """
    if hasattr(engine, "createDataFrame"):
        return "spark", engine
    sessions = [frame.sparkSession for frame in (tables or {}).values() if hasattr(frame, "sparkSession")]
    if engine is None:
        engine = "spark" if sessions else "duckdb"
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; choose one of {', '.join(ENGINES)}, or give a Spark session.")
    if engine == "polars" and importlib.util.find_spec("polars") is None:
        raise StudyError("engine 'polars' needs polars: pip install polars, or use engine 'duckdb'.")
    if engine == "spark" and not sessions:
        _need_spark()
    return engine, sessions[0] if sessions and engine == "spark" else None


def spark_session():
    """The running Spark session, or one made on this machine that shows no console, times in UTC, and as many shuffles as cores.

    Raises
    ------
    StudyError
        Where pyspark or Java 17 is missing.
    """
    _need_spark()
    with warnings.catch_warnings():
        # pyspark warns of every new pandas; what it is asked here is tested
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

    if (running := SparkSession.getActiveSession()) is not None:
        return running
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "false" if importlib.util.find_spec("pyarrow") is None else "true",
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
    }
    with tempfile.TemporaryFile() as log:
        try:
            with _said_to(log), warnings.catch_warnings(action="ignore"):
                return SparkSession.builder.appName("custprof").config(map=settings).getOrCreate()
        except Exception as error:
            log.seek(0)
            said = [*log.read().decode(errors="replace").splitlines()[-3:], str(error).splitlines()[0]]
            raise StudyError("Spark does not start: " + "; ".join(said)) from None


def connect(folder: str, memory_limit: str = "", threads: int = 0) -> duckdb.DuckDBPyConnection:
    """An embedded DuckDB that spills into a folder, keeps no order of rows and loads nothing from the network.

    Raises
    ------
    StudyError
        Where the memory limit is none that DuckDB understands.
    """
    config: dict[str, Any] = {"temp_directory": folder, "preserve_insertion_order": False}
    config |= {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    config |= {"memory_limit": memory_limit} if memory_limit else {}
    config |= {"threads": threads} if threads else {}
    try:
        con = duckdb.connect(config=config)
    except duckdb.Error as error:
        raise StudyError(f"study.toml [study]: DuckDB does not start: {str(error).splitlines()[0]}") from None
    con.execute("set enable_progress_bar = true; set enable_progress_bar_print = false")
    return con


def given_sections(
    table: str,
    specs: list[dict[str, Any]],
    given: Mapping[str, Any],
    engine: tuple[str, Any],
    con: duckdb.DuckDBPyConnection,
    folder: str,
) -> tuple[list[dict[str, Any]], list[str]]:
    """A table's sections of study.toml, with the ``relation`` of those that a frame or a table of Spark's catalog feeds; and problems."""
    sections, problems = [], []
    if table in given:
        specs = [{**next(iter(specs), {}), "table": f"{table} handed in"}]
    for number, spec in enumerate(specs):
        if "table" not in spec:
            sections.append(spec)
            continue
        relation = f"given_{table}_{number}"
        if table in given:
            take_in(given[table], relation, con, folder)
        elif engine[0] != "spark":
            problems.append(f"{table}: table = {spec['table']!r} is one of Spark's catalog; say engine = 'spark', or name a file or sql.")
            continue
        else:
            try:
                take_in((engine[1] or spark_session()).table(spec["table"]), relation, con, folder)
            except Exception as error:
                problems.append(f"{table}: Spark cannot read the table {spec['table']!r}: {str(error).splitlines()[0]}")
                continue
        sections.append({**spec, "relation": relation})
    return sections, problems


def take_in(frame: Any, relation: str, con: duckdb.DuckDBPyConnection, folder: str) -> None:
    """Make a frame of any engine a relation of the embedded one: pandas, polars, Arrow, DuckDB, Ibis or Spark.

    Spark and lazy frames write themselves as Parquet into the folder, where DuckDB reads them; the others are copied.

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
    if known.implementation.is_pandas():
        con.register("_frame", native)
        con.execute(f"create temp table {relation} as select * from _frame")
        con.unregister("_frame")
    elif isinstance(known, nw.DataFrame) or known.implementation.is_duckdb():
        con.register("_frame", Stream(native))
        con.execute(f"create temp table {relation} as select * from _frame")
        con.unregister("_frame")
    else:
        file = Path(folder) / f"{relation}.parquet"
        lazy(native).sink_parquet(str(file))
        files = f"{file}/*.parquet" if file.is_dir() else str(file)
        con.execute(f"create temp view {relation} as select * from read_parquet('{_escaped(files)}')")


def hand_out(name: str, engine: str, session: Any, con: duckdb.DuckDBPyConnection, folder: str) -> nw.LazyFrame:
    """The rows of a relation ``used_<name>`` as a lazy frame of DuckDB, polars or Spark."""
    if engine == "duckdb":
        return nw.from_native(con.sql(f"select * from used_{name}"))
    file = Path(folder) / f"used_{name}.parquet"
    if not file.exists():
        con.execute(f"copy (select * from used_{name}) to '{_escaped(str(file))}' (format parquet)")
    if engine == "spark":
        return nw.from_native((session or spark_session()).read.parquet(str(file)))
    import polars as pl

    return nw.from_native(pl.scan_parquet(file))


@contextmanager
def _said_to(log) -> Iterator[None]:
    """Let what is started here write its standard error into a file: Java would go on talking into notebooks."""
    kept = os.dup(2)
    os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _escaped(path: str) -> str:
    return path.replace("'", "''")


def _need_spark() -> None:
    """Refuse Spark where pyspark or the Java it needs is missing; its own messages name neither."""
    if importlib.util.find_spec("pyspark") is None:
        raise StudyError("engine 'spark' needs pyspark: pip install 'custprof[spark]', or use engine 'duckdb'.")
    if "SPARK_REMOTE" in os.environ:
        return
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    hint = "on Debian or Ubuntu: sudo apt-get install openjdk-17-jre-headless; or use engine 'duckdb'."
    if java is None:
        raise StudyError(f"engine 'spark' needs Java {_JAVA} or newer, and there is none{' in JAVA_HOME' if home else ''}; {hint}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < _JAVA:
        raise StudyError(f"engine 'spark' needs Java {_JAVA} or newer, {java} is {found[1] if found else 'unreadable'}; {hint}")
