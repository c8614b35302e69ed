"""What is in a study: which tables, checked, with every row that was read accounted for?

A study is a folder with study.toml and tables. Opening it reads the settings and the headers and lists every problem at once (see
``opening``); rows are read at their first use, once, into an embedded DuckDB (``embedded``) or where Spark holds them (``clustered``).
Nothing is ever written into the study's folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study import describing
from custprof.study.aliases import suggest_for
from custprof.study.cells import period_sql
from custprof.study.checks import find_issues
from custprof.study.clustered import ClusteredRows
from custprof.study.contracts import TABLES
from custprof.study.embedded import EmbeddedRows
from custprof.study.errors import StudyError
from custprof.study.facts import monthly_revenue, study_facts
from custprof.study.opening import Found, find_tables, given_settings
from custprof.study.progress import Steps, watched
from custprof.study.reconciling import passed_over, reconcile, report_totals, tie_ledger
from custprof.study.settings import Settings, read_settings

__all__ = ["Study"]

#: From pandas 3 on a copy shares its numbers until one side changes them.
_DEEP = int(pd.__version__.split(".")[0]) < 3


class Study:
    """A company's tables, opened with ``Study.open``.

    Attributes
    ----------
    name, currency, period (year, quarter or month), fiscal_start (month), decimals : as study.toml says
    folder : Path of the study
    engine : what works on the rows: duckdb, spark, polars or pandas
    cost_model : Path of the cost model, or None
    credit : dict with annual_rate and write_off_days, or None
    tables : names of the tables that are there
    start, end : first and last date of the transactions

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "study.toml").write_text('[study]\\ncurrency = "EUR"\\n')
    >>> lines = "customer_id,order_id,date,revenue\\na,1,2024-01-05,90\\nb,2,2024-02-01,40\\nb,3,soon,7\\n"
    >>> _ = (folder / "transactions.csv").write_text(lines)
    >>> study = Study.open(folder)
    >>> study.check()[["severity", "rule", "rows", "amount"]].to_dict("records")
    [{'severity': 'warning', 'rule': 'set aside: date unreadable', 'rows': 1, 'amount': 7.0}]
    >>> study.reconciliation().loc[0, ["amount_read", "amount_used", "amount_set_aside"]].tolist()
    [137.0, 130.0, 7.0]
    >>> study.customer_facts()["net_revenue"].to_dict()
    {'a': 90.0, 'b': 40.0}
    """

    def __init__(self, settings: Settings, found: Found):
        self.settings, self.notes, self.engine = settings, found.notes, found.rows.engine
        self.name, self.currency, self.period = settings.name, settings.currency, settings.period
        self.fiscal_start, self.decimals, self.folder = settings.fiscal_start, settings.decimals, settings.folder
        self.cost_model, self.credit = settings.cost_model, settings.credit
        self.tables = list(found.mappings)
        self.rows, self._mappings = found.rows, found.mappings
        self._counts: dict[str, dict[str, int]] = {}
        self._kept: dict[Any, Any] = {}

    @classmethod
    def open(cls, path: str | Path, *, engine: Any = None) -> Study:
        """Open the study in a folder.

        Parameters
        ----------
        path : folder with study.toml (or the TOML file)
        engine : what works on the rows: "duckdb" (embedded, larger than memory), "spark" (the running session, or one made on this
            machine), "polars", "pandas", or a Spark session; by default what study.toml says, else "duckdb". Spark reads its tables and
            Parquet where they are; what DuckDB reads for it (CSV, Excel, sql) passes through the temporary folder (``temp_directory`` in
            study.toml), which the workers of a cluster must reach.

        Raises
        ------
        TypeError
            If `path` is no path.
        ValueError
            If there is no such engine.
        StudyError
            Lists everything that keeps the study from being read: settings, missing or empty files, missing columns, an engine that is
            not installed.
        """
        if not isinstance(path, str | PathLike):
            raise TypeError(f"path is {path!r}; give the study's folder, or cp.datasets.demo_path() for the demo.")
        return cls(settings := read_settings(path), find_tables(settings, engine, {}))

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, Any],
        *,
        name: str = "Tables",
        currency: str = "",
        cost_model: str | Path | None = None,
        engine: Any = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Study:
        """Open tables handed in as frames, with all the checks of a folder.

        Parameters
        ----------
        tables : by the name of our table a pandas, polars, DuckDB, Arrow, Ibis or Spark frame
        name, currency : what the study is called, and the currency of its amounts
        cost_model : path of a cost model
        engine : as for ``open``; by default Spark where one of the frames is Spark's (with its session), else DuckDB
        settings : further sections as study.toml has them, for example
            ``{"study": {"period": "month"}, "tables": {"transactions": {"columns": {"customer_id": "Customer No."}}}}``

        Raises
        ------
        TypeError, ValueError, StudyError
            As for ``open``, and where something handed in is no frame.

        Examples
        --------
        >>> lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "revenue": [9.5, 4.0]})
        >>> lines["date"] = pd.to_datetime(["2024-01-05", "2024-02-01"])
        >>> study = Study.from_tables({"transactions": lines}, currency="EUR")
        >>> study.customer_facts()["net_revenue"].to_dict(), study.end
        ({'a': 9.5, 'b': 4.0}, Timestamp('2024-02-01 00:00:00'))
        """
        with tempfile.TemporaryDirectory(prefix="custprof-") as empty:
            made = given_settings(tables, Path(empty), settings or {}, cost_model, name=name, currency=currency)
            return cls(made, find_tables(made, engine, tables))

    def __repr__(self) -> str:
        return f"<Study {self.name!r}: {', '.join(self.tables)}>"

    def table(self, name: str) -> nw.LazyFrame:
        """The used rows of a table, in the engine, with the standard columns that are known, typed.

        Ids and texts are String, dates Date, numbers and money Float64 (money in currency units, rounded to the minor unit), is_return and
        disputed Boolean. A missing customer_id stays null (``engine.customer_key`` names it). The order of the rows means nothing.

        Raises
        ------
        StudyError
            Where the study has no such table, or none of its rows can be used.
        """
        self._usable(name)
        return self.rows.lazy(name)

    def frame(self, name: str) -> pd.DataFrame:
        """The used rows of a table as a pandas DataFrame, sorted by all columns."""
        self._usable(name)
        with watched(self.rows, f"fetching {name}"):
            return self._once(("frame", name), lambda: self.rows.frame(f"select * from used_{name} order by all")).copy()

    def counts(self, name: str) -> dict[str, int]:
        """How many rows of a table were read, are used and were set aside: rows_read, rows_used, rows_set_aside."""
        self._load(name)
        return dict(self._counts[name])

    def columns(self, name: str) -> list[str]:
        """The standard columns of a table that are known."""
        return list(self._mapping(name).columns)

    def sources(self, name: str) -> list[dict[str, str]]:
        """For each section that feeds the table (the rows of ``mapping``), by our column, the header or headers that feed it."""
        return describing.sources(self._mapping(name))

    def mapping(self) -> pd.DataFrame:
        """What feeds the tables, by section of study.toml: table, files, preset, columns (ours from theirs), not_used (headers)."""
        return describing.describe_mappings(self._mappings)

    def missing(self) -> pd.DataFrame:
        """How much of each column is blank among the rows that are used: table, column, rows, missing_share (a fraction)."""
        return describing.count_missing(self)

    def first_rows(self, name: str, count: int = 3, *, section: int = 0) -> pd.DataFrame:
        """The first used rows of one of the sections that feed a table, in the order of its files, for a look."""
        return describing.first_rows(self, name, count, self._mapping(name), section)

    def unused(self, name: str) -> list[str]:
        """The headers of a table's files that feed nothing."""
        return [header for unused in self._mapping(name).unused for header in unused]

    def written_columns(self, name: str) -> list[str]:
        """The columns of ``table(name)``: the standard columns that are known, and further ones where a table keeps them."""
        known = self.columns(name)
        return [*(column for column in TABLES[name].columns if column in known), *self._mapping(name).extra]

    def lacks(self, *needs: str) -> list[str]:
        """Which of the things needed are missing: tables, "table.column", "cost_model", "credit" or "ties"."""
        return [need for need in needs if not describing.has(self, need)]

    @property
    def start(self) -> pd.Timestamp:
        """First date of the transactions."""
        return self._dates()[0]

    @property
    def end(self) -> pd.Timestamp:
        """Last date of the transactions."""
        return self._dates()[1]

    def check(self) -> pd.DataFrame:
        """Issues found in the data: severity, table, column, rule, rows, amount, examples, advice (see ``checks.find_issues``)."""
        for table in self.tables:
            self._load(table)
        steps = Steps()
        with watched(steps, "checking"):
            return self._once("issues", lambda: find_issues(self, steps.of)).copy()

    def quarantine(self, table: str | None = None) -> pd.DataFrame:
        """Rows set aside: table, file, row (the header is row 1), column, reason, cell, amount (where known) and text (of the row)."""
        return describing.list_quarantine(self, self.tables if table is None else [describing.known_table(self, table)])

    def suggest_aliases(self) -> pd.DataFrame:
        """Customers that a table may mean by names that no customer bears, to be confirmed in aliases.csv (see ``aliases.suggest``)."""
        return suggest_for(self, self.rows.con)

    def reconciliation(self) -> pd.DataFrame:
        """What was read, used and set aside, by table and money column (see ``reconciling.reconcile``)."""
        with watched(self.rows, "adding up what was read"):
            return self._once("reconciliation", lambda: reconcile(self)).copy()

    def passed_over(self, table: str) -> pd.DataFrame:
        """Rows of printed reports that are no rows of a table: file, row, kind (title, heading, total) and cells."""
        return passed_over(self, table, self._mapping(table))

    def report_totals(self, table: str) -> pd.DataFrame:
        """The totals that stand in printed reports beside the lines above them that were read: file, row, total, read."""
        return report_totals(self, table, self._mapping(table))

    def ties(self) -> pd.DataFrame:
        """Accounts of the ledger against money of the tables, as [[ties]] in study.toml name them (see ``reconciling.tie_ledger``)."""
        return tie_ledger(self)

    def customer_facts(self, by: str | None = None) -> pd.DataFrame:
        """Facts of every customer (and period, with by="period"), see ``facts.customer_facts``."""
        self._usable("transactions")
        with watched(self.rows, "adding up the customers"):
            return self._once(("facts", by), lambda: study_facts(self, by)).copy(deep=_DEEP)

    def monthly_revenue(self) -> pd.DataFrame:
        """Lines, net revenue and returns by month, see ``facts.monthly_revenue``."""
        return monthly_revenue(self.table("transactions"), decimals=self.decimals)

    def money(self, x: float, decimals: int = 0) -> str:
        """An amount in words: "1,234,567 EUR"."""
        return "unknown" if pd.isna(x) else f"{round(x, decimals) + 0.0:,.{decimals}f} {self.currency}".rstrip()

    def period_of(self, date: str) -> str:
        """SQL for the study's period label of a date column."""
        return period_sql(date, self.period, self.fiscal_start)

    def query(self, sql: str) -> list[tuple]:
        """Rows of an SQL query over the tables ``used_<table>`` and ``read_<table>``."""
        for table in self.tables:
            if f"_{table}" in sql:
                self._load(table)
        return self.rows.query(sql)

    def rows_of(self, name: str) -> EmbeddedRows | ClusteredRows:
        """Where the rows of a table are, which are read."""
        self._load(name)
        return self.rows

    def _mapping(self, name: str):
        return self._mappings[describing.known_table(self, name)]

    def _load(self, name: str) -> None:
        if describing.known_table(self, name) in self._counts:
            return
        with watched(self.rows, f"reading {name}"):
            counts = self.rows.read(name, self._mappings[name])
        if not counts["rows_read"]:
            raise StudyError(f"{name}: the files (or the sql) give no rows.")
        self._counts[name] = counts

    def _usable(self, name: str) -> None:
        self._load(name)
        self._once(("usable", name), lambda: describing.refuse_unusable(self, name))

    def _dates(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        self._usable("transactions")
        return self._once("dates", lambda: tuple(map(pd.Timestamp, self.query("select min(date), max(date) from used_transactions")[0])))

    def _once(self, key: Any, find: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = find()
        return self._kept[key]
