"""How does a result of many rows, by customer and period, come out of an engine in little memory?

The engine sorts it into a temporary file within its own memory. It is read from there piece by piece, and the texts of its keys, which
would be most of it, are held once.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from custprof.study.engine import collect

__all__ = ["collect_by"]

#: A piece has so many of DuckDB's vectors of 2,048 rows.
_PIECE = 50


def collect_by(frame: nw.LazyFrame, keys: list[str]) -> pd.DataFrame:
    """The rows of a lazy frame as a pandas DataFrame, indexed and sorted by keys.

    Parameters
    ----------
    frame : rows of any engine, one for all values of the keys together
    keys : columns of texts, none of them missing

    Returns
    -------
    DataFrame
        The other columns, of the types of ``engine.collect``, each in memory of its own: what pops one gives its memory back.

    Examples
    --------
    >>> rows = duckdb.sql("select * from (values ('b', 'Q1', 3), ('a', 'Q2', 2), ('a', 'Q1', 1)) as rows(customer_id, period, lines)")
    >>> collect_by(nw.from_native(rows), ["customer_id", "period"])["lines"].to_dict()
    {('a', 'Q1'): 1, ('a', 'Q2'): 2, ('b', 'Q1'): 3}
    """
    if not _writes_here(frame):
        return collect(frame).set_index(keys).sort_index()
    with tempfile.TemporaryDirectory(prefix="custprof-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "rows.parquet"
        frame.sort(*keys).sink_parquet(str(file))
        rows = _read(str(file / "*.parquet" if file.is_dir() else file), keys)
    # no engine promises the order of the rows in its files
    return rows if rows.index.is_monotonic_increasing else rows.sort_index()


def _writes_here(frame: nw.LazyFrame) -> bool:
    """Whether an engine writes files that this machine can read: those of a cluster's workers may be theirs."""
    kind = frame.implementation
    if kind.is_pyspark():
        with suppress(Exception):
            return frame.to_native().sparkSession.sparkContext.master.startswith("local")
    return kind.is_duckdb() or kind.is_polars()


def _read(files: str, keys: list[str]) -> pd.DataFrame:
    """Parquet files whose rows are sorted by keys."""
    texts = {key: _Texts() for key in keys} if len(keys) > 1 else {}
    pieces: dict[str, list[pd.Series]] = {}
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("select * from read_parquet($1)", [files])
        piece = con.fetch_df_chunk(_PIECE)
        kinds = piece.dtypes
        while True:
            for key, held in texts.items():
                held.add(piece.pop(key).to_numpy("object"))
            for name in piece:
                pieces.setdefault(name, []).append(piece[name])
            if not len(piece := con.fetch_df_chunk(_PIECE)):
                break
    rows = pd.DataFrame({name: pd.concat(pieces.pop(name), ignore_index=True) for name in list(pieces)}, copy=False)
    if not texts:
        return rows.set_index(keys)
    levels, codes = zip(*(texts.pop(key).levels(kinds[key]) for key in keys), strict=True)
    return rows.set_axis(pd.MultiIndex(levels, codes, names=keys, verify_integrity=False), axis=0)


class _Texts:
    """A column of texts in which equal ones stand together: each is held once, the rows hold its number."""

    def __init__(self):
        self._number: dict[str, int] = {}
        self._codes: list[np.ndarray] = []

    def add(self, texts: np.ndarray) -> None:
        """The next rows."""
        new = np.ones(len(texts), dtype=bool)
        new[1:] = texts[1:] != texts[:-1]
        numbers = [self._number.setdefault(text, len(self._number)) for text in texts[new]]
        self._codes.append(np.array(numbers, dtype="int32")[np.cumsum(new) - 1])

    def levels(self, kind) -> tuple[pd.Index, np.ndarray]:
        """The texts, sorted, and the place of each row's text among them."""
        names = sorted(self._number)
        place = np.empty(len(names), dtype="int32")
        place[[self._number[name] for name in names]] = np.arange(len(names))
        return pd.Index(names, dtype=kind), place[np.concatenate(self._codes)]
