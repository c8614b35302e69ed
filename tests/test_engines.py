"""Every engine finds the same, to the cent: DuckDB, polars, pandas and Spark (where it is installed, with Java)."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import pytest
from conftest import NO_SPARK, ROOT
from pandas.testing import assert_frame_equal

import custprof as cp
from custprof.study import Study, StudyError
from custprof.study.engine import collect, lazy, money, nearest
from custprof.study.facts import customer_facts, monthly_revenue

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))

LACKS = {
    "polars": "polars is not installed" if importlib.util.find_spec("polars") is None else "",
    "spark": NO_SPARK,
}
OTHERS = [pytest.param(name, marks=pytest.mark.skipif(bool(LACKS.get(name)), reason=LACKS.get(name, ""))) for name in ("pandas", *LACKS)]
LINES = {
    "customer_id": ["a", "a", None, "b", "b"],
    "order_id": ["1", "2", "3", "4", "4"],
    "date": pd.to_datetime(["2023-12-31", "2024-02-29", "2024-03-01", "2024-01-01", "2024-01-01"]),
    "revenue": [0.1, -0.3, 5.0, 2.675, 0.125],
    "discount": [0.05, None, None, 0.0, 0.2],
}


@pytest.mark.parametrize("engine", OTHERS)
def test_the_demo_is_the_same_to_the_cent_on_every_engine(engine, request):
    study = Study.open(cp.datasets.demo_path(), engine=request.getfixturevalue("spark") if engine == "spark" else engine)
    assert study.engine == engine
    found, expected = demo_results(study), demo_on_duckdb()
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame, check_exact=True, obj=name)
    assert expected["profit and loss"]["profit"].abs().sum() > 0


@pytest.mark.parametrize("engine", OTHERS)
def test_frames_of_an_engine_make_the_same_study(engine, request, tmp_path):
    demo = Study.open(cp.datasets.demo_path())
    tables = {name: demo.frame(name) for name in ("customers", "transactions", "ledger")}
    if engine == "spark":
        tables = {"transactions": tables["transactions"].head(5000)}
    expected = Study.from_tables(tables, currency="EUR")
    frames = {name: as_frame(frame, engine, request, tmp_path / name) for name, frame in tables.items()}
    study = Study.from_tables(frames, currency="EUR")
    assert study.engine == ("spark" if engine == "spark" else "duckdb") and study.currency == "EUR"
    assert_frame_equal(study.customer_facts(), expected.customer_facts(), check_exact=True)
    assert_frame_equal(study.reconciliation(), expected.reconciliation())
    assert study.reconciliation()["rows_read"].iloc[0] == len(tables[study.reconciliation()["table"].iloc[0]])


@pytest.mark.parametrize("engine", OTHERS)
def test_facts_of_frames_handed_in(engine, request, tmp_path):
    lines = as_frame(pd.DataFrame(LINES), engine, request, tmp_path / "lines")
    for by in (None, "period"):
        assert_frame_equal(customer_facts(lines, by=by), customer_facts(duckdb.from_df(pd.DataFrame(LINES)), by=by), check_exact=True)
    facts = customer_facts(lines)
    # cents by hand: 267.5 and 12.5 cents are rounded away from zero
    assert facts["net_revenue"].to_dict() == {"(unknown customer)": 5.0, "a": -0.2, "b": 2.81}
    assert facts.loc["b", ["list_revenue", "discounts", "orders"]].tolist() == [3.01, 0.2, 1]
    assert_frame_equal(monthly_revenue(lines), monthly_revenue(pd.DataFrame(LINES)))


@pytest.mark.parametrize("engine", OTHERS)
def test_halves_are_rounded_away_from_zero_on_every_engine(engine, request, tmp_path):
    halves = pd.DataFrame({"x": [0.5, 1.5, 2.5, -0.5, -2.5, 0.49, -7.0, None]})
    frame = lazy(as_frame(halves, engine, request, tmp_path / "halves"))
    assert sorted(collect(frame.select(money("x", 0)))["x"]) == [-7, -3, -1, 0, 0, 1, 2, 3]
    assert sorted(collect(frame.filter(~nw.col("x").is_null()).select(nearest(nw.col("x"))))["x"]) == [-7, -3, -1, 0, 1, 2, 3]


def test_relations_of_another_connection_and_frames_with_their_own_headers():
    con = duckdb.connect()
    con.execute(
        "create table sold as select 'C1' as \"Customer No.\", '7' as order_id, date '2024-05-06' as date, 12.345::decimal(9,3) as revenue"
    )
    settings = {"study": {"period": "month"}, "tables": {"transactions": {"columns": {"customer_id": "Customer No."}}}}
    study = Study.from_tables({"transactions": con.table("sold")}, name="Given", currency="EUR", settings=settings)
    assert (study.name, study.period) == ("Given", "month")
    assert study.customer_facts()["net_revenue"].to_dict() == {"C1": 12.35}
    assert study.mapping().loc[0, ["files", "columns"]].tolist()[0] == "transactions handed in"


def test_tables_of_arrow():
    arrow = pytest.importorskip("pyarrow")
    sold = arrow.Table.from_pandas(pd.DataFrame(LINES), preserve_index=False)
    assert_same_study(sold)
    assert_same_study(sold.slice(0, 5).combine_chunks())


@pytest.mark.parametrize("backend", ["memtable", "duckdb", "sqlite"])
def test_tables_of_ibis_come_from_where_they_are(backend):
    ibis = pytest.importorskip("ibis")
    if backend == "memtable":
        return assert_same_study(ibis.memtable(pd.DataFrame(LINES)))
    con = getattr(ibis, backend).connect()
    # by its own SQL: the newest Ibis makes no table of a frame with the newest sqlglot
    con.raw_sql("create table sold (customer_id text, order_id text, date text, revenue double, discount double)")
    for row in pd.DataFrame(LINES).astype({"date": str}).itertuples(index=False):
        cells = ["null" if pd.isna(cell) else repr(cell) for cell in row]
        con.raw_sql(f"insert into sold values ({', '.join(cells)})")
    sold = con.table("sold")
    assert_same_study(sold.filter(sold.order_id != "99"))


def test_rows_handed_in_are_checked_as_those_of_files():
    lines = pd.DataFrame(LINES).drop(columns="discount").assign(date=["2024-01-01", "soon", "2024-01-02", None, "2024-01-03"])
    study = Study.from_tables({"transactions": lines}, currency="EUR")
    row = study.reconciliation().iloc[0]
    assert (row["rows_read"], row["rows_used"], row["rows_set_aside"]) == (5, 3, 2)
    assert sorted(study.quarantine()["reason"]) == ["date unreadable", "required value missing"]
    assert study.quarantine()["file"].unique().tolist() == ["transactions handed in"]


def test_what_cannot_be_handed_in_is_said():
    with pytest.raises(StudyError, match=r"'sales' is not a table"):
        Study.from_tables({"sales": pd.DataFrame(LINES)})
    with pytest.raises(TypeError, match=r"list is no table; hand in a pandas, polars, DuckDB, Arrow, Ibis or Spark frame"):
        Study.from_tables({"transactions": [1, 2]})
    with pytest.raises(StudyError, match=r"transactions: .* has no column 'order_id'"):
        Study.from_tables({"transactions": pd.DataFrame(LINES).drop(columns="order_id")})


def test_a_table_of_sparks_catalog(spark, tmp_path):
    spark.createDataFrame(
        [("a", "1", 9.5, "2024-01-05"), ("b", "2", 4.0, "never")], "Kunde string, order_id string, revenue double, date string"
    ).createOrReplaceTempView("sold")
    write_study(tmp_path, "", '[tables.transactions]\ntable = "sold"\ncolumns = { customer_id = "Kunde" }')
    study = Study.open(tmp_path, engine=spark)
    assert study.table("transactions").implementation.is_pyspark()
    assert study.customer_facts()["net_revenue"].to_dict() == {"a": 9.5}
    assert study.quarantine()["file"].tolist() == ["sold"]
    with pytest.raises(StudyError, match=r"transactions: table = 'sold' is one of Spark's catalog; say engine = 'spark'"):
        Study.open(tmp_path)
    write_study(tmp_path, "", '[tables.transactions]\ntable = "unsold"')
    with pytest.raises(StudyError, match=r"transactions: Spark cannot read the table 'unsold'"):
        Study.open(tmp_path, engine="spark")


def test_times_and_decimals_of_spark(spark):
    sold = spark.sql("select 'a' as customer_id, 7 as order_id, timestamp'2024-01-05 23:30:00' as date, 9.505bd as revenue")
    facts = Study.from_tables({"transactions": sold}, currency="EUR").customer_facts()
    assert facts["net_revenue"].to_dict() == {"a": 9.51}
    assert facts["first_order"].tolist() == [pd.Timestamp("2024-01-05")]


def test_spark_says_nothing_into_a_notebook(tmp_path):
    if LACKS["spark"]:
        pytest.skip(LACKS["spark"])
    write_study(tmp_path, 'engine = "spark"')
    code = f"from custprof.study import Study; print(Study.open({str(tmp_path)!r}).customer_facts()['net_revenue'].to_dict())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.stdout.strip(), done.stderr.strip()) == ("{'a': 9.5}", "")


def test_study_toml_names_the_engine_and_the_memory(tmp_path):
    (tmp_path / "spill").mkdir()
    write_study(tmp_path, 'engine = "pandas"\nmemory_limit = "200MB"\ntemp_directory = "spill"\nthreads = 1')
    study = Study.open(tmp_path)
    assert (study.engine, Study.open(tmp_path, engine="duckdb").engine) == ("pandas", "duckdb")
    said = dict(
        study.query("select name, value from duckdb_settings() where name in ('memory_limit', 'threads', 'preserve_insertion_order')")
    )
    assert said == {"memory_limit": "190.7 MiB", "threads": "1", "preserve_insertion_order": "false"}
    assert study.query("select value from duckdb_settings() where name = 'temp_directory'")[0][0].startswith(str(tmp_path / "spill"))
    assert study.customer_facts()["net_revenue"].to_dict() == {"a": 9.5}


@pytest.mark.parametrize(
    "words, said",
    [
        ('engine = "sparkle"', r"engine = 'sparkle'; choose one of duckdb, spark, polars, pandas"),
        ('memory_limit = "plenty"', r"\[study\]: DuckDB does not start: memory_limit = 'plenty' is no size; write one such as '2GB'"),
        ('temp_directory = "nowhere"', r"temp_directory: .*nowhere does not exist"),
        ("threads = 0", r"threads = 0 is below 1"),
    ],
)
def test_settings_of_the_engine_that_cannot_be(tmp_path, words, said):
    write_study(tmp_path, words)
    with pytest.raises(StudyError, match=said):
        Study.open(tmp_path)


def test_what_an_engine_lacks_is_said_before_the_run(tmp_path, monkeypatch):
    write_study(tmp_path, "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r"needs polars: pip install polars"):
        Study.open(tmp_path, engine="polars")
    with pytest.raises(StudyError, match=r"needs pyspark: pip install 'custprof\[spark\]'"):
        Study.open(tmp_path, engine="spark")


def test_the_java_that_spark_needs_is_asked_for_by_name(tmp_path, monkeypatch):
    write_study(tmp_path, "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StudyError, match=r"needs Java 17 or newer, and there is none in JAVA_HOME; .*openjdk-17"):
        Study.open(tmp_path, engine="spark")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    (tmp_path / "bin" / "java").chmod(0o755)
    with pytest.raises(StudyError, match=r"needs Java 17 or newer, .*java is 8; "):
        Study.open(tmp_path, engine="spark")


def test_contenders_of_the_engine_benchmark_agree(capsys):
    import engine

    others = [] if LACKS["polars"] else ["polars", "custprof on polars"]
    table = engine.main(["--lines=4000", "--memory-limit=200MB", "--contenders", "custprof", "sql", "pandas", *others])
    assert table[["task", "contender"]].to_numpy().tolist() == [
        [task, name] for task in ("T1", "T2") for name in ("custprof", "sql", "pandas", *others)
    ]
    assert (table[["wall s", "cpu s", "peak GiB", "cpu ratio"]] > 0).all(axis=None)
    assert capsys.readouterr().out.startswith("4,000 lines, 166 customers, DuckDB limited to 200MB; the best of 1 runs each")


def assert_same_study(lines) -> None:
    """A table handed in makes the study that the same rows make in pandas."""
    found, expected = (Study.from_tables({"transactions": each}, currency="EUR") for each in (lines, pd.DataFrame(LINES)))
    assert_frame_equal(found.customer_facts(), expected.customer_facts(), check_exact=True)
    assert_frame_equal(found.check(), expected.check())
    assert len(found.frame("transactions")) == len(pd.DataFrame(LINES))


def demo_results(study) -> dict[str, pd.DataFrame]:
    """What all the functions find that scan rows of the demo."""
    lines, invoices = study.table("transactions"), study.table("invoices")
    allocation, model = cp.costing.allocate_study(study), cp.costing.CostModel.read(study.cost_model)
    split = cp.lifetime.split(lines, "2025-06-30")
    pnl = cp.profit.customer_pnl(study.customer_facts(), allocation)
    return {
        "profit and loss": pnl,
        "departments": cp.profit.departments(allocation.by("department"), pnl["profit"], touches=study.table("events")),
        "by period": cp.profit.customer_pnl(study.customer_facts(by="period"), allocation.customers(by="period")),
        "drivers": cp.costing.driver_quantities(model, study),
        "rows behind a driver": cp.costing.driver_rows(model, study, "pick and pack", n=5),
        "months": study.monthly_revenue(),
        "products": cp.profit.product_sales(lines, by="year"),
        "loss rates": cp.profit.credit_loss_rates(invoices, end=study.end),
        "credit loss": cp.profit.expected_credit_loss(invoices, end=study.end),
        "calibration": split.calibration,
        "holdout": split.holdout,
        "cohorts": cp.lifetime.cohorts(lines),
        "history": cp.lifetime.value_history(lines, n_boot=10, random_state=0),
        "suitability": cp.lifetime.suitability(split.calibration, lines),
    }


@cache
def demo_on_duckdb() -> dict[str, pd.DataFrame]:
    return demo_results(Study.open(cp.datasets.demo_path()))


def as_frame(frame: pd.DataFrame, engine: str, request, path):
    """A pandas frame as one of another engine."""
    if engine == "pandas":
        return frame
    if engine == "polars":
        return __import__("polars").DataFrame({name: column.replace({float("nan"): None}).tolist() for name, column in frame.items()})
    duckdb.from_df(frame).write_parquet(str(path))
    return request.getfixturevalue("spark").read.parquet(str(path))


def write_study(folder, words: str, tables: str = "") -> None:
    (folder / "study.toml").write_text(f'[study]\ncurrency = "EUR"\n{words}\n{tables}\n', encoding="utf-8")
    if not tables:
        (folder / "transactions.csv").write_text("customer_id,order_id,date,revenue\na,1,2024-01-05,9.5\n", encoding="utf-8")


def test_a_frame_that_lacks_a_column_is_told_its_columns_and_where_to_name_it():
    frame = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "date": ["2024-01-05"], "quantity": [1]})
    with pytest.raises(StudyError) as raised:
        Study.from_tables({"transactions": frame})
    said = str(raised.value)
    assert "no column 'revenue' (required); its columns are customer_id, order_id, date, quantity." in said
    assert 'Name it in settings={"tables": {"transactions": {"columns": {"revenue": "..."}}}}.' in said and "study.toml" not in said
