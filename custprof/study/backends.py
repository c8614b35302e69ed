"""Which engine works on a study's rows, and what does it need to start?

An embedded DuckDB (see ``embedded``), which may hand the rows to polars or pandas, or Spark (see ``clustered``). What is missing is said
before anything runs.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from custprof.study.engine import ENGINES
from custprof.study.errors import StudyError
from custprof.study.progress import watched

__all__ = ["choose_engine", "spark_session"]

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
        _need_packages("sqlglot")
        return "spark", engine
    sessions = [frame.sparkSession for frame in (tables or {}).values() if hasattr(frame, "sparkSession")]
    if engine is None:
        engine = "spark" if sessions else "duckdb"
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; choose one of {', '.join(ENGINES)}, or give a Spark session.")
    if engine == "polars" and importlib.util.find_spec("polars") is None:
        raise StudyError("engine 'polars' needs polars: pip install polars, or use engine 'duckdb'.")
    if engine == "spark":
        _need_packages("pyspark", "sqlglot")
        if not sessions:
            _need_java()
    return engine, sessions[0] if sessions and engine == "spark" else None


def spark_session():
    """The running Spark session, or one made on this machine that shows no console, times in UTC, and as many shuffles as cores.

    Raises
    ------
    StudyError
        Where pyspark or Java 17 is missing.
    """
    _need_packages("pyspark")
    _need_java()
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
            with _said_to(log), watched(None, "starting Spark"), warnings.catch_warnings(action="ignore"):
                session = SparkSession.builder.appName("custprof").config(map=settings).getOrCreate()
        except Exception as error:
            log.seek(0)
            said = [*log.read().decode(errors="replace").splitlines()[-3:], str(error).splitlines()[0]]
            raise StudyError("Spark does not start: " + "; ".join(said)) from None
    _hear_interruptions(session)
    return session


def _hear_interruptions(session) -> None:
    """Let Ctrl-C end the jobs of a session in silence: pyspark would ask over the line that waits for an answer, and complain."""

    def stop(*_) -> None:
        def cancel() -> None:
            with suppress(Exception):
                session.sparkContext.cancelAllJobs()

        threading.Thread(target=cancel, daemon=True).start()
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread() and "SPARK_REMOTE" not in os.environ:
        signal.signal(signal.SIGINT, stop)
        logging.getLogger().addFilter(_is_no_interruption)


def _is_no_interruption(record: logging.LogRecord) -> bool:
    """Py4J writes every interruption with its traceback into the log that all share."""
    return not (record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt) and "sending command" in str(record.msg))


@contextmanager
def _said_to(log) -> Iterator[None]:
    """Let what is started here write its standard error into a file: Java would go on talking into notebooks."""
    kept, own = os.dup(2), sys.stderr
    os.dup2(log.fileno(), 2)
    try:
        with open(kept, "w", buffering=1, closefd=False) as shown:
            # what Python itself has to say goes where it went
            sys.stderr = shown if own is sys.__stderr__ else own
            yield
    finally:
        sys.stderr = own
        os.dup2(kept, 2)
        os.close(kept)


def _need_packages(*names: str) -> None:
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise StudyError(f"engine 'spark' needs {name}: pip install 'custprof[spark]', or use engine 'duckdb'.")


def _need_java() -> None:
    """Refuse Spark where the Java it needs is missing; its own messages do not name it."""
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
