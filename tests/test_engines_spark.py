"""Rows that Spark holds stay where they are, and give the same issues, sums and rows set aside as in DuckDB."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import duckdb
import pandas as pd
import pytest
from conftest import NO_SPARK
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from test_invariants_study import BAD_MONEY, THOUSANDTHS

import custprof as cp
from custprof.report.pseudonyms import pseudonymize
from custprof.study import TABLES, Study
from custprof.study.dialect import Untranslatable, date_pattern

DAMAGED = {
    "customers": {
        "columns": ["Kunde", "name", "region", "acquired_on", "referred_by"],
        "rows": [
            ("a", "Ada GmbH", "North", "05.01.2023", None),
            ("b", "Bert & Co", "South", "2023-02-31", "zz"),
            ("c", "ada gmbh ", None, "31.12.2023", "a"),
            ("c", "Cleo", "East", "1.2.2024", "a"),
            ("", "Nobody", "East", "1.2.2024", None),
            ("A", "Another Ada", "West", "12/31/2023", None),
        ],
        "words": {"columns": {"customer_id": "Kunde"}, "date_format": ["%d.%m.%Y", "%m/%d/%Y"]},
    },
    "transactions": {
        "columns": ["customer_id", "order_id", "date", "Betrag", "Rabatt", "list_amount", "product_id", "Status", "Waehrung", "is_return"],
        "rows": [
            *(
                (
                    f"{'abc'[n % 3]}",
                    str(n),
                    f"{n % 28 + 1}.{n % 12 + 1}.2024",
                    f"1.{n:03},505",
                    "1,5",
                    "n/a",
                    f"p{n % 4}",
                    "ok",
                    "EUR",
                    "no",
                )
                for n in range(120)
            ),
            ("a", "7001", "05.01.2024 23:59", "9.999.999,00", None, None, "p1", "ok", None, "no"),
            ("a", "7002", "05.01.2024", "-50,00", "0", None, "p9", "ok", "eur", "yes"),
            ("a", "7003", "05.01.2024", "12,34-", None, None, "p1", "ok", "EUR", None),
            (None, "7004", "05.01.2024", "20,00", "-3,00", "25", "p1", "ok", "EUR", "no"),
            ("b", None, "05.01.2024", "30,00", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7006", "soon", "40,00", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7007", "31.02.2024", "40,00", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7008", "05.01.2024", "vierzig", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7009", "05.01.2024", "1e400", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7010", "05.01.2024", "12d", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7011", "05.01.2024", "1_000", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7012", "05.01.2024", "999999999999999999", None, None, "p1", "ok", "EUR", "no"),
            ("b", "7013", "05.01.2024", "10,00", None, None, "p1", "Draft", "EUR", "no"),
            ("b", "7014", "05.01.2024", "11,00", None, None, "p1", "Void 3", "EUR", "no"),
            ("b", "7015", "05.01.2024", "12,00", None, None, "p1", "ok", "USD", "no"),
            ("b", "7016", "05.01.2024", "13,00", None, None, "p1", "ok", "CHF", "no"),
            ("b", "7017", "05.01.2024", "14,00", None, None, "p1", "ok", "EUR", "perhaps"),
            ("zz", "7018", "05.01.2044", "15,005", "1,00", None, "p1", "ok", "EUR", "yes"),
            ("zz", "7019", "05.01.1901", "0,125", None, None, None, "ok", "EUR", "no"),
            (" b ", "7020", "05.01.2024", "16,00", None, None, "p1", "ok", "EUR", "no"),
            *[("c", "7021", "06.01.2024", "17,00", None, None, "p1", "ok", "EUR", "no")] * 3,
        ],
        "words": {
            "columns": {"revenue": "Betrag", "discount": "Rabatt", "cost_of_goods": "{Betrag} / {Rabatt|4} * 0.3"},
            "date_format": ["%d.%m.%Y", "%d.%m.%Y %H:%M"],
            "decimal": ",",
            "thousands": ".",
            "blank": ["n/a"],
            "leave_out": {"Status": ["Draft", "Void*"]},
            "currency": "Waehrung",
        },
    },
    "events": {
        "columns": ["customer_id", "date", "activity", "minutes", "employee"],
        "rows": [
            ("a", "2024-01-05 10:30:00", "call", "1:30:00", "Eve"),
            ("a", "2024-1-5", "call", "90", "Eve"),
            ("a", "2024/01/05", "call", "1400", "Eve"),
            ("b", "05.01.2024", "call", "10", "Eve"),
            ("b", "2024-01-06T07:05:00Z", "call", "-5", "Max"),
            ("b", "2024-01-06 25:00", "call", "5", "Max"),
            ("b", "0001-01-06", "call", "5", "Max"),
            ("b", "2024-01-06", "", "5", "Max"),
            (None, "2024-01-06", "visit", "0.1", "Max"),
            *[("b", "2024-01-06", "visit", "1441", "Max")] * 2,
            ("c", "2024-03-06", "visit", "nan", "Max"),
            ("c", "2026-03-06", "visit", "7,5", "Max"),
        ],
        "words": {"duplicates": "set_aside"},
    },
    "ledger": {
        "columns": ["line_id", "period", "account", "amount", "avoidable"],
        "rows": [
            ("1", "2024-01", "4000", "-120", "yes"),
            ("2", "202402", "4000", "-0.005", "0.5"),
            ("2", "2024-Q3", "4000", "7", "1.5"),
            ("2", "2024", "5000", "8", "no"),
            ("3", "2024-03-15", "5000", "9", None),
            ("4", "2019", "5000", "10", None),
            ("5", "24", "5000", "10", None),
            (None, "2024", "5000", "10", None),
        ],
        "words": {},
    },
    "invoices": {
        "columns": ["invoice_id", "customer_id", "invoiced_on", "amount", "amount_paid", "paid_on"],
        "rows": [
            *[("i1", "a", "2024-01-05", "100", "100", None)] * 2,
            ("i1", "b", "2024-01-05", "100", "100", None),
            ("i2", "b", "2024-01-05", "100", "120", "2023-12-31"),
            ("i3", "zz", "1969-01-05", "100", None, "2024-02-02"),
        ],
        "words": {"fold": True, "columns": {"due_on": "{invoiced_on} + 30"}},
    },
    "leads": {
        "columns": ["lead_id", "created_on", "contact_minutes", "Size (FTE)", "Note", "won_on", "customer_id"],
        "rows": [
            ("l1", "2024-01-05", "0:45", "12", "x", None, None),
            ("l2", "2024-01-06", "30", " 1e2", "7", "2024-02-01", "a"),
            ("l3", "2024-01-07", None, None, None, None, "yy"),
        ],
        "words": {},
    },
}
SETTINGS = {
    "study": {"period": "quarter", "fiscal_start": 4},
    "credit": {"annual_rate": 0.08, "write_off_days": 90},
    "rates": {"USD": 0.92},
    "tables": {table: content["words"] for table, content in DAMAGED.items()},
    "ties": [{"accounts": ["4000"], "fact": "net_revenue", "sign": -1}, {"accounts": ["5000"], "fact": "ratings.score"}],
}


def test_a_damaged_study_of_parquet_files_is_the_same_in_every_row(spark, tmp_path):
    """Rows of Parquet files have numbers in Spark too, so even the examples are the same."""
    files = write_parquet(DAMAGED, tmp_path)
    settings = {**SETTINGS, "tables": {table: {**words, "file": str(files[table])} for table, words in SETTINGS["tables"].items()}}
    held, here = (study_of(settings, tmp_path, engine) for engine in (spark, "duckdb"))
    assert_frame_equal(held.check(), here.check(), check_exact=True)
    assert_frame_equal(held.quarantine(), here.quarantine(), check_exact=True, check_dtype=False)
    assert_same_rows(held, here)
    assert len(here.check()) > 35 and here.quarantine()["reason"].nunique() > 11
    for table in held.tables:
        assert_frame_equal(held.first_rows(table), here.first_rows(table))


def test_a_damaged_study_of_frames_is_the_same_but_for_places(spark, tmp_path):
    files = write_parquet(DAMAGED, tmp_path)
    frames = {table: spark.read.parquet(str(file)).repartition(3) for table, file in files.items()}
    tables = {table: pd.DataFrame(content["rows"], columns=content["columns"], dtype=object) for table, content in DAMAGED.items()}
    held = Study.from_tables(frames, currency="EUR", settings=SETTINGS)
    here = Study.from_tables(tables, currency="EUR", settings=SETTINGS)
    assert held.engine == "spark"
    assert_frame_equal(held.check().drop(columns="examples"), here.check().drop(columns="examples"), check_exact=True)
    assert_frame_equal(in_order(held.quarantine()), in_order(here.quarantine()), check_exact=True, check_dtype=False)
    assert_same_rows(held, here)


def test_the_demo_in_sparks_catalog_is_the_same_to_the_cent_and_stays_there(spark, tmp_path):
    demo = Study.open(cp.datasets.demo_path())
    words = {}
    for table in demo.tables:
        demo.rows_of(table).here(table).execute(f"copy (select * from used_{table}) to '{tmp_path / table}.parquet' (format parquet)")
        spark.read.parquet(str(tmp_path / f"{table}.parquet")).createOrReplaceTempView(f"demo_{table}")
        words[table] = {"table": f"demo_{table}"}
    settings = {"study": {"period": "year"}, "credit": demo.credit, "ties": demo.settings.ties, "tables": words}
    held = Study.from_tables({}, name="Demo", currency="EUR", cost_model=demo.cost_model, engine=spark, settings=settings)
    issues = ["severity", "table", "column", "rule", "rows", "amount"]
    assert_frame_equal(held.check()[issues], demo.check()[issues], check_exact=True)
    assert_frame_equal(held.reconciliation(), demo.reconciliation(), check_exact=True)
    assert_frame_equal(held.missing(), demo.missing(), check_exact=True)
    assert_frame_equal(held.ties(), demo.ties(), check_exact=True)
    pnls = [cp.profit.customer_pnl(study.customer_facts(), cp.costing.allocate_study(study)) for study in (held, demo)]
    assert_frame_equal(*pnls, check_exact=True)
    # no row was copied: DuckDB has no table of the study's, and nothing was written into the temporary folder
    assert held.rows.con.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
    assert list(held.rows.folder.rglob("*.parquet")) == [] and held.rows.moved == {}


def test_parquet_that_only_spark_sees_is_named_by_its_path(spark, tmp_path):
    lines = duckdb.sql(
        "select 'a' as customer_id, i::varchar as order_id, date '2024-01-05' as date, 0.1 * i as revenue from range(10) t(i)"
    )
    (tmp_path / "lines").mkdir()
    lines.write_parquet(str(tmp_path / "lines" / "part.parquet"))
    settings = {"tables": {"transactions": {"table": f"parquet.`{tmp_path / 'lines'}`"}}}
    study = Study.from_tables({}, currency="EUR", engine=spark, settings=settings)
    assert study.customer_facts()["net_revenue"].to_dict() == {"a": 4.5}


def test_rows_of_several_sources_meet_in_spark(spark, tmp_path):
    """A table fed by a frame's rows in Spark and by a file that the driver reads is one table; repeats are found across them."""
    (tmp_path / "more.csv").write_text("customer_id,name\nb,Bert\nc,Cleo\n", encoding="utf-8")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\na,1,2024-01-05,9.5\n", encoding="utf-8")
    spark.createDataFrame([("a", "Ada"), ("b", "Bert")], "customer_id string, name string").createOrReplaceTempView("people")
    (tmp_path / "study.toml").write_text(
        'study = { currency = "EUR" }\n[[tables.customers]]\ntable = "people"\n[[tables.customers]]\nfile = "more.csv"\n', encoding="utf-8"
    )
    study = Study.open(tmp_path, engine=spark)
    assert study.frame("customers")["customer_id"].tolist() == ["a", "b", "c"]
    assert study.quarantine("customers")[["reason", "cell"]].to_numpy().tolist() == [["duplicate key", "b"]]
    assert study.reconciliation()["rows_set_aside"].tolist() == [1, 0]


def test_aliases_name_the_customers_in_spark(spark, tmp_path):
    (tmp_path / "study.toml").write_text('study = { currency = "EUR" }\n[tables.transactions]\ntable = "alias_lines"\n', encoding="utf-8")
    (tmp_path / "customers.csv").write_text("customer_id,name\nc1,Ada Limited\n", encoding="utf-8")
    rows = [("Ada Ltd", "1", "2024-01-05", 9.5), ("ADA limited", "2", "2024-01-06", 1.0)]
    spark.createDataFrame(rows, "customer_id string, order_id string, date string, revenue double").createOrReplaceTempView("alias_lines")
    (tmp_path / "aliases.csv").write_text("table,name,customer_id,similarity,confirmed\n,Ada Ltd,c1,1,yes\n", encoding="utf-8")
    study = Study.open(tmp_path, engine=spark)
    assert study.customer_facts()["net_revenue"].to_dict() == {"ADA limited": 1.0, "c1": 9.5}
    assert study.suggest_aliases()[["table", "name", "customer_id"]].to_numpy().tolist() == [["transactions", "ADA limited", "c1"]]


def test_what_spark_cannot_read_in_place_is_said_and_read_all_the_same(spark, tmp_path):
    rows = [("a", "1", "2024 day 5", 9.5), ("b", "2", "2024 day 60", 4.0)]
    lines = spark.createDataFrame(rows, "customer_id string, order_id string, date string, revenue double")
    settings = {"tables": {"transactions": {"date_format": "%Y day %j"}}}
    study = Study.from_tables({"transactions": lines}, currency="EUR", settings=settings)
    said = study.check().query("rule == 'not read in place'")
    assert said[["severity", "table", "examples"]].to_numpy().tolist() == [
        ["info", "transactions", "the date format '%Y day %j' is not read in Spark"]
    ]
    assert study.customer_facts()["first_order"].tolist() == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-02-29")]
    nested = spark.sql("select array('a') as customer_id, '1' as order_id, date'2024-01-05' as date, 9.5 as revenue")
    study = Study.from_tables({"transactions": nested}, currency="EUR")
    assert study.check()["examples"].tolist() == ["a column of type ARRAY<STRING> is not read in Spark"]
    assert study.customer_facts().index.tolist() == ["[a]"]


def test_numbers_and_times_of_spark_as_cells(spark):
    """Numbers that are ids become the texts that DuckDB makes of them."""
    numbers = "(cast(12345678 as double)), (0.5D), (1e15D), (1.5e-4D), (2.5e20D), (cast('nan' as double)), (cast(null as double))"
    lines = spark.sql(
        f"select x as customer_id, x as order_id, timestamp'2024-01-05 23:30:00' as date, cast(2.675 as decimal(9,3)) as revenue, "
        f"cast(1.1 as float) as list_amount from values {numbers} as t(x)"
    )
    held = Study.from_tables({"transactions": lines}, currency="EUR")
    here = Study.from_tables({"transactions": lines}, currency="EUR", engine="duckdb")
    assert_frame_equal(held.frame("transactions"), here.frame("transactions"))
    assert_frame_equal(in_order(held.quarantine()), in_order(here.quarantine()), check_dtype=False)
    assert held.frame("transactions")["order_id"].tolist() == ["0.00015", "0.5", "1000000000000000.0", "12345678", "2.5e+20"]


def test_what_is_read_is_kept_by_spark_and_few_rows_are_one_partition(spark, capsys):
    """Else every question would read and type the rows again."""
    sold = spark.createDataFrame([("a", "1", "2024-01-05", 9.5)] * 9, "customer_id string, order_id string, date string, revenue double")
    study = Study.from_tables({"transactions": sold.repartition(3)}, currency="EUR")
    study.table("transactions").to_native().explain()
    said = capsys.readouterr().out
    assert "InMemoryTableScan" in said and "Coalesce 1" in said


def test_two_studies_share_a_session(spark):
    def study(customer: str) -> Study:
        sold = spark.createDataFrame(
            [(customer, "1", "2024-01-05", 9.5)], "customer_id string, order_id string, date string, revenue double"
        )
        return Study.from_tables({"transactions": sold}, currency="EUR")

    one, other = study("a"), study("b")
    assert [each.customer_facts().index.tolist() for each in (one, other, one)] == [["a"], ["b"], ["a"]]
    prefix = one.rows._prefix
    del one
    assert not any(table.name.startswith(prefix) for table in spark.catalog.listTables())


def test_pseudonyms_of_a_study_that_spark_holds(spark, tmp_path):
    (tmp_path / "in").mkdir()
    spark.createDataFrame(
        [("Ada", "1", "2024-01-05", 9.5), ("Bert", "2", "2024-01-06", 1.0)],
        "customer_id string, order_id string, date string, revenue double",
    ).createOrReplaceTempView("to_hide")
    (tmp_path / "in" / "study.toml").write_text(
        'study = { currency = "EUR", engine = "spark" }\n[tables.transactions]\ntable = "to_hide"\n', encoding="utf-8"
    )
    pseudonymize(tmp_path / "in", tmp_path / "out")
    facts = Study.open(tmp_path / "out").customer_facts()
    assert sorted(facts["net_revenue"]) == [1.0, 9.5] and all(name.startswith("c") and len(name) == 17 for name in facts.index)


def test_totals_of_reports_are_held_against_what_spark_holds(spark, tmp_path):
    lines = ["customer_id,order_id,date,revenue", "A,1,2024-01-05,2", "A,2,2024-01-05,3.01", "Sum,,,5.01", "B,3,soon,4", "Sum,,,4.02"]
    (tmp_path / "transactions.csv").write_text("\n".join([*lines, "Sum,,,9.01"]) + "\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text('study = { currency = "EUR" }\n[tables.transactions]\ntotals = ["Sum"]\n', encoding="utf-8")
    held, here = (Study.open(tmp_path, engine=engine) for engine in (spark, "duckdb"))
    assert held.report_totals("transactions")[["row", "total", "read"]].to_numpy().tolist() == [
        [4, 5.01, 5.01],
        [6, 4.02, 4],
        [7, 9.01, 9.01],
    ]
    assert_frame_equal(held.report_totals("transactions"), here.report_totals("transactions"), check_exact=True)
    assert_frame_equal(held.passed_over("transactions"), here.passed_over("transactions"))
    assert_frame_equal(held.check(), here.check(), check_exact=True)
    assert held.check().set_index("rule").loc["report's total differs", ["rows", "amount"]].tolist() == [1, -0.02]


CELLS = {
    "customer_id": st.sampled_from(["C1", "C2", "c1", " C3", "", None]),
    "order_id": st.sampled_from(["O1", "O2", "O3", "O1 ", "", None]),
    "date": st.sampled_from(
        [
            "2023-12-31",
            "2024-01-01",
            "2024-6-3",
            "2024/06/30",
            "2024-06-30 23:59",
            "31.12.2023",
            "2024-02-30",
            "",
            "soon",
            "1969-12-31",
            None,
        ]
    ),
    "revenue": THOUSANDTHS | BAD_MONEY | st.none(),
    "list_amount": THOUSANDTHS | st.sampled_from(["", "n/a", "7-", "+7", ".5", "5.", "1_000", " 12 "]),
    "is_return": st.sampled_from(["", "true", "no", "YES", "perhaps", None]),
}


@settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(
    rows=st.lists(st.tuples(*CELLS.values()), min_size=10, max_size=40),
    people=st.lists(st.tuples(CELLS["customer_id"], st.sampled_from(["Ada", " ada", "Bert", "", None])), min_size=1, max_size=6),
    aside=st.booleans(),
)
def test_whatever_is_wrong_with_rows_both_engines_find_the_same(spark, rows, people, aside):
    """What is read is used or set aside, in rows and money; issues and profit and loss are equal to the cent."""
    columns = {"transactions": list(CELLS), "customers": ["customer_id", "name"]}
    content = {"transactions": rows, "customers": people}
    ours = {table: pd.DataFrame(content[table], columns=names, dtype=object) for table, names in columns.items()}
    theirs = {
        table: spark.createDataFrame(content[table], ", ".join(f"{name} string" for name in names)) for table, names in columns.items()
    }
    words = {"study": {"period": "quarter"}, "tables": {"transactions": {"duplicates": "set_aside"} if aside else {}}}
    held, here = (Study.from_tables(tables, currency="EUR", settings=words) for tables in (theirs, ours))
    whole = held.reconciliation()
    assert held.rows.moved == {}
    assert whole.groupby("table")["rows_read"].first().to_dict() == {"customers": len(people), "transactions": len(rows)}
    assert (whole["rows_read"] == whole["rows_used"] + whole["rows_set_aside"]).all()
    rest = whole["amount_read"] - whole["amount_used"] - whole["amount_set_aside"] - whole["amount_rounding"]
    assert rest.abs().max() < 1e-6
    assert_frame_equal(whole, here.reconciliation(), check_exact=True)
    assert_frame_equal(held.check().drop(columns="examples"), here.check().drop(columns="examples"), check_exact=True)
    assert_frame_equal(in_order(held.quarantine()), in_order(here.quarantine()), check_exact=True, check_dtype=False)
    if held.counts("transactions")["rows_used"]:
        pnls = [cp.profit.customer_pnl(study.customer_facts(by="period")) for study in (held, here)]
        assert_frame_equal(*pnls, check_exact=True)


@pytest.mark.skipif(bool(NO_SPARK) or os.name == "nt", reason=NO_SPARK or "signals are those of POSIX")
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_stops_spark_hears_one_sentence(tmp_path, number, status):
    """In a terminal, whose bars tell how far it is; the signal comes while Spark works."""
    (tmp_path / "study.toml").write_text('study = { currency = "EUR", engine = "spark" }\n', encoding="utf-8")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\na,1,2024-01-05,9.5\n", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    at_once = "import sys; from custprof.study import progress; progress.PATIENCE = 0; from custprof.__main__ import main; sys.exit(main())"
    ours, theirs = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", at_once, "check", str(tmp_path)], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with suppress(OSError):  # so a terminal ends
        while piece := os.read(ours, 65536):
            before_it, said = said, said + piece
            if b"reading transactions" in said and b"reading transactions" not in before_it:
                process.send_signal(number)
    os.close(ours)
    assert process.wait(60) == status
    assert b"starting Spark" in said and b"Traceback" not in said and b"ERROR" not in said
    assert said.replace(b"\r", b"\n").strip().splitlines()[-1] == b"Stopped. Nothing was written."
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("form", ["%Y-%j", "%d.%m.%Y %z", "%c"])
def test_date_formats_that_spark_has_no_words_for(form):
    with pytest.raises(Untranslatable, match="the date format"):
        date_pattern(form)


def write_parquet(tables, folder) -> dict:
    """One Parquet file of texts by table."""
    files = {}
    for table, content in tables.items():
        files[table] = folder / f"{table}.parquet"
        rows = pd.DataFrame(content["rows"], columns=content["columns"], dtype=object)
        names = ", ".join(f'"{name}"::varchar as "{name}"' for name in content["columns"])
        duckdb.from_df(rows).project(names).write_parquet(str(files[table]))
    return files


def study_of(settings, folder, engine) -> Study:
    return Study.from_tables({}, name="Damaged", currency="EUR", engine=engine, settings=settings)


def assert_same_rows(held: Study, here: Study) -> None:
    assert_frame_equal(held.reconciliation(), here.reconciliation(), check_exact=True)
    assert_frame_equal(held.missing(), here.missing(), check_exact=True)
    assert_frame_equal(held.ties(), here.ties(), check_exact=True)
    for by in (None, "period"):
        assert_frame_equal(held.customer_facts(by=by), here.customer_facts(by=by), check_exact=True)
    for table in held.tables:
        assert_frame_equal(held.frame(table), here.frame(table), check_exact=True, obj=table)
    assert (held.start, held.end) == (here.start, here.end) and set(held.tables) == set(DAMAGED) <= set(TABLES)


def in_order(quarantine: pd.DataFrame) -> pd.DataFrame:
    """Rows set aside, without their places."""
    return quarantine.drop(columns=["file", "row"]).sort_values(["table", "text", "reason"]).reset_index(drop=True)
