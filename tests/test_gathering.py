"""A result of many rows comes out of every engine as pandas would index and sort it, and in little more memory than its numbers."""

from __future__ import annotations

import tracemalloc

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from custprof.costing import CostModel, driver_quantities
from custprof.study import Study, gathering
from custprof.study.engine import lazy
from custprof.study.facts import customer_facts
from custprof.study.gathering import collect_by

KEYS = ["customer_id", "period"]
#: Ids that sort by code point, in an order that is not theirs; two or three rows each, so that some stand across two pieces.
ROWS = pd.DataFrame({"number": range(5000)}).assign(
    customer_id=lambda rows: np.where(rows["number"] % 2003 % 3, "Zé𝄞 ", "a ") + (rows["number"] * 7919 % 2003).astype("str"),
    period=lambda rows: "2024-Q" + (1 + rows["number"] // 2003).astype("str"),
    day=lambda rows: pd.Timestamp("2024-01-01") + pd.to_timedelta(rows["number"] % 300, unit="D"),
    share=lambda rows: rows["number"] / 7,
)


@pytest.mark.parametrize("keys", [KEYS, KEYS[:1]])
@pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas", "spark"])
def test_rows_are_indexed_and_sorted_as_pandas_does(engine, keys, monkeypatch, request, tmp_path):
    monkeypatch.setattr(gathering, "_PIECE", 1)
    rows = ROWS if len(keys) > 1 else ROWS.drop(columns="period").drop_duplicates("customer_id", ignore_index=True)
    found = collect_by(lazy(as_frame(rows, engine, request, tmp_path / "rows.parquet")), keys)
    expected = rows.set_index(keys).sort_index()
    assert_frame_equal(found, duckdb.from_df(expected.reset_index()).df().set_index(keys), check_exact=True)
    assert found.index.tolist() == sorted(found.index) and found["number"].to_dict() == expected["number"].to_dict()


def test_rows_that_an_engine_wrote_in_another_order_are_sorted(monkeypatch):
    monkeypatch.setattr(nw.LazyFrame, "sort", lambda frame, *keys: frame)
    found = collect_by(lazy(duckdb.from_df(ROWS)), KEYS)
    assert found["number"].to_dict() == ROWS.set_index(KEYS)["number"].to_dict() and found.index.is_monotonic_increasing


def test_no_rows_keep_their_columns():
    none = lazy(duckdb.from_df(ROWS)).filter(nw.col("number") < 0)
    for keys in (KEYS, KEYS[:1]):
        found = collect_by(none, keys)
        assert found.empty and list(found.index.names) == keys and found["number"].dtype == "int64"


@pytest.mark.parametrize("by", [None, "period"])
def test_facts_take_little_more_memory_than_their_numbers(by):
    lines = duckdb.sql(
        "select 'customer ' || (i % 100000) as customer_id, i::varchar as order_id, "
        "date '2024-01-01' + (i // 100000 * 92)::integer as date, 12.5 as revenue, "
        "1.0 as discount, 7.0 as cost_of_goods from range(400000) as r(i)"
    )
    assert len(customer_facts(lines.limit(10), by=by, period="quarter")) == 10  # what is imported at the first use is no row
    tracemalloc.start()
    facts = customer_facts(lines, by=by, period="quarter")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(facts) == (100_000 if by is None else 400_000)
    texts = 100_000 * (8 + 64)
    assert peak < 2.2 * (int(facts.memory_usage(index=False).sum()) + texts)


def test_driver_quantities_take_no_text_for_every_row():
    model = CostModel.from_dict(
        {"pools": {"service": {"accounts": ["1"]}}, "activities": {"serve": {"pool": "service", "table": "events", "driver": "rows"}}}
    )
    rows = "select 'customer ' || (i % 100000) as customer_id, date '2024-01-01' + (i // 100000 * 92)::integer as date, 'serve' as activity"
    driver_quantities(model, Events(f"{rows} from range(10) as r(i)"))
    tracemalloc.start()
    drivers = driver_quantities(model, Events(f"{rows} from range(400000) as r(i)"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(drivers) == 400_000 and peak < 6 * int(drivers.memory_usage().sum())


def test_facts_of_a_study_are_held_once_and_nobody_changes_them(tmp_path):
    (tmp_path / "study.toml").write_text('[study]\ncurrency = "EUR"\n')
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\na,1,2024-01-05,90\nb,2,2024-02-01,40\n")
    study = Study.open(tmp_path)
    mine, theirs = study.customer_facts(), study.customer_facts()
    mine.loc["a", "net_revenue"] = 0.0
    mine["more"], mine.index.name = 1, "mine"
    assert theirs["net_revenue"].tolist() == study.customer_facts()["net_revenue"].tolist() == [90.0, 40.0]
    assert "more" not in theirs and study.customer_facts().index.name == "customer_id"
    if pd.__version__ >= "3":
        assert np.shares_memory(theirs["lines"].to_numpy(), study.customer_facts()["lines"].to_numpy())


class Events:
    """A study of which driver quantities ask no more than a table of events."""

    period, fiscal_start, tables = "quarter", 1, ("events",)

    def __init__(self, sql: str):
        self.sql = sql

    def lacks(self, *needs: str) -> list[str]:
        return []

    def table(self, name: str) -> nw.LazyFrame:
        return lazy(duckdb.sql(self.sql))


def as_frame(rows: pd.DataFrame, engine: str, request, file):
    if engine == "polars":
        return pytest.importorskip("polars").LazyFrame(rows.to_dict("list"))
    if engine == "spark":
        duckdb.from_df(rows).write_parquet(str(file))
        return request.getfixturevalue("spark").read.parquet(str(file))
    return duckdb.from_df(rows) if engine == "duckdb" else rows
