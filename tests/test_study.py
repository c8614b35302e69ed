"""Opening a study, its tables, the facts of its customers, and what the check says: cases computed by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from custprof.study import TABLES, Study, StudyError, customer_facts
from custprof.study.cells import period_sql
from custprof.study.engine import collect, lazy, period_label

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"

TRANSACTIONS = """customer_id,order_id,date,revenue,list_amount,discount,cost_of_goods,is_return
C1,O1,2023-01-05,90,100,10,60,false
C1,O1,2023-01-05,45,,5,30,no
C1,O2,2024-06-01,-20,-20,0,-12,true
C2,O3,2023-12-31,10.10,,,7,0
,O4,2024-02-01,1,1,0,1,
"""
INVOICES = """invoice_id,customer_id,invoiced_on,due_on,amount,paid_on,amount_paid
I1,C1,2023-01-05,2023-02-05,135,2023-03-06,135
I2,C2,2023-12-31,2023-12-31,10.10,,
I3,C9,2023-01-01,2023-01-31,1000,2023-12-31,400
"""
TOML = """[study]
name = "Hand"
currency = "EUR"
[credit]
annual_rate = 0.08
write_off_days = 100
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study.toml").write_text(TOML)
    (tmp_path / "transactions.csv").write_text(TRANSACTIONS)
    (tmp_path / "invoices.csv").write_text(INVOICES)
    return tmp_path


def test_a_study_knows_its_settings_tables_and_dates(folder):
    study = Study.open(folder)
    assert (study.name, study.currency, study.period, study.fiscal_start, study.decimals) == ("Hand", "EUR", "year", 1, 2)
    assert study.tables == ["transactions", "invoices"] and study.folder == folder
    assert (study.start, study.end) == (pd.Timestamp("2023-01-05"), pd.Timestamp("2024-06-01"))
    assert study.cost_model is None and study.credit == {"annual_rate": 0.08, "write_off_days": 100}
    assert repr(study) == "<Study 'Hand': transactions, invoices>"


def test_tables_hold_the_known_standard_columns_typed(folder):
    study = Study.open(folder)
    table = study.table("transactions")
    schema = table.collect_schema()
    assert isinstance(table, nw.LazyFrame)
    assert (
        schema["date"] == nw.Date
        and schema["revenue"] == nw.Float64
        and schema["is_return"] == nw.Boolean
        and schema["customer_id"] == nw.String
    )
    assert schema.names() == ["customer_id", "order_id", "date", "revenue", "list_amount", "discount", "cost_of_goods", "is_return"]
    frame = study.frame("transactions")
    assert len(frame) == 5 and frame["customer_id"].isna().sum() == 1 and frame["list_amount"].isna().sum() == 2
    frame["revenue"] = 0.0
    assert study.frame("transactions")["revenue"].sum() == pytest.approx(126.10)


def test_facts_by_hand(folder):
    facts = Study.open(folder).customer_facts()
    assert facts.index.name == "customer_id" and facts.index.tolist() == ["(unknown customer)", "C1", "C2", "C9"]
    one = facts.loc["C1"]
    assert one[["lines", "orders", "returns_lines"]].tolist() == [3, 1, 1]
    assert (one["first_order"], one["last_order"]) == (pd.Timestamp("2023-01-05"), pd.Timestamp("2023-01-05"))
    ladder = ["list_revenue", "discounts", "invoice_revenue", "returns", "net_revenue", "cost_of_goods"]
    assert one[ladder].tolist() == [150.0, 15.0, 135.0, 20.0, 115.0, 78.0]
    # 135 x 0.08 x 60 / 365 = 1.775; C2 is open until 2024-06-01, 153 days; C9 was paid after 364 days and 600 short
    assert facts["credit_cost"].tolist() == [0.0, 1.78, 0.34, 79.78]
    assert facts["bad_debt"].tolist() == [0.0, 0.0, 10.10, 600.0]
    assert facts.loc["C9", "lines"] == 0 and pd.isna(facts.loc["C9", "first_order"])
    assert facts["lines"].dtype == "int64" and facts["net_revenue"].dtype == "float64"


def test_facts_by_period_add_up_to_the_facts(folder):
    study = Study.open(folder)
    whole, parts = study.customer_facts(), study.customer_facts(by="period")
    assert parts.index.names == ["customer_id", "period"] and parts.loc[("C1", "2024"), "returns"] == 20.0
    money = [column for column in whole if whole[column].dtype == "float64"]
    pd.testing.assert_frame_equal(parts[money].groupby("customer_id").sum(), whole[money])
    with pytest.raises(ValueError, match="by is 'month'; choose None"):
        study.customer_facts(by="month")


def test_facts_are_the_same_from_pandas(folder):
    study, other = Study.open(folder), Study.open(folder, engine="pandas")
    for by in (None, "period"):
        pd.testing.assert_frame_equal(study.customer_facts(by), other.customer_facts(by))


@pytest.mark.parametrize("engine", [lambda frame: frame, lambda frame: duckdb.from_df(frame)])
def test_credit_is_not_counted_where_nobody_says_when_an_invoice_was_paid(engine):
    day = pd.Timestamp("2024-01-01")
    lines = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "date": [pd.Timestamp("2024-12-31")], "revenue": [1.0]})
    rows = [
        ("settled", 365.0, 365.0, None),
        ("more than settled", 365.0, 400.0, None),
        ("credit settled", -365.0, -365.0, None),
        ("credit open", -365.0, 0.0, None),
        ("in part", 365.0, 364.99, None),
        ("open", 365.0, None, None),
        ("dated", 365.0, 365.0, pd.Timestamp("2024-01-11")),
        ("largest that adds up", 9e13, 9e13, None),
    ]
    invoices = pd.DataFrame(rows, columns=["customer_id", "amount", "amount_paid", "paid_on"]).assign(invoiced_on=day, due_on=day)
    invoices["paid_on"] = pd.to_datetime(invoices["paid_on"])
    terms = {"annual_rate": 0.1, "write_off_days": 30}
    facts = customer_facts(engine(lines), engine(invoices), credit=terms, end="2024-12-31").drop(index="a")
    nothing = ["settled", "more than settled", "credit settled", "largest that adds up"]
    assert facts["credit_cost"].to_dict() == {
        **dict.fromkeys(nothing, 0.0),
        "credit open": -36.5,
        "in part": 36.5,
        "open": 36.5,
        "dated": 1.0,
    }
    assert facts.loc[facts["bad_debt"] > 0, "bad_debt"].to_dict() == {"in part": 0.01, "open": 365.0}
    without = customer_facts(engine(lines), engine(invoices.drop(columns="paid_on")), credit=terms, end="2024-12-31")
    assert without["credit_cost"].to_dict() == {**facts["credit_cost"].to_dict(), "dated": 0.0, "a": 0.0}


def test_facts_leave_out_what_is_not_known():
    lines = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "date": pd.to_datetime(["2024-01-01"]), "revenue": [-3.0]})
    before = lines.copy()
    facts = customer_facts(lines)
    assert list(facts) == ["lines", "orders", "returns_lines", "first_order", "last_order", "invoice_revenue", "returns", "net_revenue"]
    assert facts.loc["a", ["orders", "returns_lines", "returns"]].tolist() == [0, 1, 3.0]
    pd.testing.assert_frame_equal(lines, before)


@pytest.mark.parametrize("engine", ["sparkle", 3])
def test_an_unknown_engine_is_refused(folder, engine):
    with pytest.raises(ValueError, match="choose one of duckdb, spark, polars, pandas"):
        Study.open(folder, engine=engine)


def test_lacks_says_what_is_missing(folder):
    study = Study.open(folder)
    needs = ("ledger", "transactions.cost_of_goods", "transactions.freight", "cost_model", "credit", "invoices")
    assert study.lacks(*needs) == ["ledger", "transactions.freight", "cost_model"] and study.lacks() == []
    with pytest.raises(ValueError, match="did you mean 'ledger'"):
        study.lacks("legder")


def test_a_table_that_is_not_there_is_said(folder):
    study = Study.open(folder)
    with pytest.raises(StudyError, match=r"Hand has no table ledger; it has transactions, invoices. Add ledger.csv"):
        study.table("ledger")
    with pytest.raises(StudyError, match="'orders' is not a table"):
        study.frame("orders")


def test_money_in_words(folder):
    study = Study.open(folder)
    assert study.money(1234567.4) == "1,234,567 EUR" and study.money(-0.4) == "0 EUR" and study.money(np.nan) == "unknown"
    assert study.money(-1234.5, 2) == "-1,234.50 EUR"


LEDGER = "line_id,period,account,amount,avoidable\n"


def ledger(folder, *lines, period="year", extra=""):
    (folder / "study.toml").write_text(f'[study]\nperiod = "{period}"\n{extra}')
    (folder / "ledger.csv").write_text(LEDGER + "\n".join(lines) + "\n")
    return Study.open(folder)


@pytest.mark.parametrize(
    ("period", "fiscal_start", "expected"),
    [
        ("year", 1, ["2023", "2024", "2024", "2023", "2024"]),
        ("year", 4, ["2024", "2024", "2024", "2023", "2024"]),
        ("quarter", 1, ["2023-Q4", "2024-Q1", "2024-Q1", "2023-Q3", "period too long"]),
        ("quarter", 4, ["2024-Q3", "2024-Q4", "2024-Q4", "2023-Q3", "period too long"]),
        ("month", 1, ["2023-12", "2024-01", "2024-03", "period too long", "period too long"]),
    ],
)
def test_ledger_periods_become_the_periods_of_the_study(folder, period, fiscal_start, expected):
    lines = ["1,2023-12,a,1,", "2,2024-01-31,a,1,", "3,202403,a,1,", "4,2023-Q3,a,1,", "5,2024,a,1,"]
    study = ledger(folder, *lines, period=period, extra=f"fiscal_start = {fiscal_start}\n")
    aside = study.quarantine("ledger")
    labels = dict(zip(study.frame("ledger")["line_id"], study.frame("ledger")["period"], strict=True))
    labels |= {text.split(";")[0].split("=")[1]: reason for text, reason in zip(aside["text"], aside["reason"], strict=True)}
    assert [labels[str(number)] for number in range(1, 6)] == expected


def test_period_labels_of_the_ledger_are_those_of_the_lines(folder):
    study = Study.open(folder)
    days = pd.DataFrame({"date": pd.date_range("2019-11-01", "2021-03-31", freq="9D")})
    series = "range(timestamp '2019-11-01', timestamp '2021-04-01', interval 9 day)"
    for period in ("year", "quarter", "month"):
        for start in (1, 2, 7, 12):
            by_sql = study.query(f"select {period_sql('date', period, start)} from (select unnest({series})::date as date)")
            assert [label for (label,) in by_sql] == collect(lazy(days).select(period_label("date", period, start)))["date"].tolist()


def test_avoidable_is_a_fraction_or_yes_or_no(folder):
    study = ledger(folder, "1,2024,a,1,0.25", "2,2024,a,1,yes", "3,2024,a,1,false", "4,2024,a,1,", "5,2024,a,1,1.5")
    assert study.frame("ledger").set_index("line_id")["avoidable"].fillna(-1).to_dict() == {"1": 0.25, "2": 1, "3": 0, "4": -1}
    assert study.quarantine("ledger")["reason"].tolist() == ["out of range"]


def test_money_is_rounded_to_the_minor_unit_and_the_rounding_stands_by_itself(folder):
    study = ledger(folder, "1,2024,a,0.005,", "2,2024,a,1.234,", "3,foo,a,7.001,")
    row = study.reconciliation().set_index("table").loc["ledger"]
    assert (row["amount_read"], row["amount_used"], row["amount_set_aside"], row["amount_rounding"]) == (8.24, 1.24, 7.0, 0.0)
    assert "rounded" not in study.check()["rule"].tolist()
    assert str(ledger(folder, "1,2024,a,-0.001,").frame("ledger")["amount"][0]) == "0.0"
    study = ledger(folder, "1,2024,a,1.234,")
    row = study.check().set_index("rule").loc["rounded"]
    assert row["severity"] == "info" and row["amount"] == pytest.approx(0.004) and row["rows"] == 1


def test_ties_are_said_and_never_forced(folder):
    ties = """[[ties]]
accounts = ["4000", 4001]
fact = "net_revenue"
sign = -1
[[ties]]
accounts = ["5000"]
fact = "transactions.cost_of_goods"
[[ties]]
accounts = ["9999"]
fact = "freight"
"""
    study = ledger(folder, "1,2023,4000,-100,", "2,2024,4001,-26.10,", "3,2024,5000,90,", extra=ties)
    frame = study.ties()
    assert frame["accounts"].tolist() == ["4000, 4001", "5000", "9999"]
    assert frame["ledger"].tolist()[:2] == [126.10, 90.0] and frame["tables"].tolist()[:2] == [126.10, 86.0]
    assert frame["difference"].tolist()[:2] == [0.0, 4.0] and frame["difference"].isna().tolist() == [False, False, True]
    said = study.check().query("column == 'account'")
    assert said["rule"].tolist() == ["does not tie", "does not tie", "tied"] and said["severity"].tolist() == ["warning", "warning", "info"]


def test_issues_have_their_columns_and_errors_come_first(folder):
    issues = Study.open(folder).check()
    assert list(issues) == ["severity", "table", "column", "rule", "rows", "amount", "examples", "advice"]
    assert issues["severity"].tolist() == sorted(issues["severity"], key=["error", "warning", "info"].index)
    assert (issues["advice"].str.len() > 20).all()


@pytest.mark.parametrize(
    ("line", "rule", "amount"),
    [
        ("C1,O9,2024-01-01,80,100,10,50,", "list amount less discount is not revenue", 10.0),
        ("C1,O9,2199-01-01,80,,,50,", "later than today", 80.0),
        ("C1,O9,1900-01-01,80,,,50,", "before 1970", 80.0),
        ("C1,O9,2024-01-01,80,,-5,50,", "negative discount", -5.0),
        ("C1,O9,2024-01-01,80,,,-50,", "negative cost on a sale", -50.0),
        ("C1,O9,2024-01-01,80,,,50,true", "return with positive revenue", 80.0),
        ("C1,O9,2024-01-01,-80,,,50,false", "negative revenue that is no return", -80.0),
    ],
)
def test_lines_that_deserve_a_word(folder, line, rule, amount):
    (folder / "transactions.csv").write_text(TRANSACTIONS + line + "\n")
    row = Study.open(folder).check().set_index("rule").loc[rule]
    assert row["amount"] == amount and row["rows"] == 1 and "transactions.csv row 7" in row["examples"]


def test_rows_of_other_tables_that_deserve_a_word(folder):
    (folder / "invoices.csv").write_text(INVOICES + "I4,C1,2024-01-05,2024-01-01,10,2024-01-01,30\n")
    (folder / "campaigns.csv").write_text("campaign_id,channel,started_on,ended_on,spend\nK1,mail,2024-02-01,2024-01-01,-5\n")
    (folder / "customers.csv").write_text("customer_id,campaign_id,referred_by\nC1,K9,C7\nC2,K1,C1\nC9,,\n")
    (folder / "events.csv").write_text("customer_id,date,activity\nC1,2024-01-01,call\n,2024-01-01,call\n")
    (folder / "ratings.csv").write_text("customer_id,date,score\nC1,2024-01-01,11\nC1,2024-01-02,9\n")
    (folder / "ledger.csv").write_text(LEDGER + "1,2021,a,5,\n")
    rules = {(row.table, row.column, row.rule) for row in Study.open(folder).check().itertuples()}
    assert rules >= {
        ("invoices", "paid_on", "paid before invoiced"),
        ("invoices", "due_on", "due before invoiced"),
        ("invoices", "amount_paid", "paid more than invoiced"),
        ("campaigns", "ended_on", "ended before it started"),
        ("campaigns", "spend", "negative spend"),
        ("customers", "campaign_id", "not in campaigns"),
        ("customers", "referred_by", "not in customers"),
        ("events", "minutes", "no effort"),
        ("events", "customer_id", "no customer"),
        ("ratings", "score", "set aside: out of range"),
        ("ledger", "period", "period without transactions"),
    }


def test_columns_are_mapped_and_those_not_used_are_named(tmp_path):
    columns = 'columns = { customer_id = "Kunde", order_id = "Beleg", date = "Tag", revenue = "Netto" }'
    (tmp_path / "study.toml").write_text(f'[tables.transactions]\nfile = "sales*.csv"\n{columns}\n')
    (tmp_path / "sales_1.csv").write_text("Kunde,Beleg,Tag,Netto,Lager\n007,1,2024-01-01,5,A\n")
    (tmp_path / "sales_2.csv").write_text("Kunde,Beleg,Tag,Netto,Lager\n 007 ,2,2024-01-02,6,A\n")
    study = Study.open(tmp_path)
    assert study.customer_facts()["net_revenue"].to_dict() == {"007": 11.0}
    assert study.check()[["rule", "examples"]].to_numpy().tolist() == [["columns not used", "Lager"]]


def test_excel_is_read_with_its_dates_numbers_and_rows(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Sales")
    sheet.append(["customer_id", "order_id", "date", "revenue", "is_return"])
    sheet.append([7, "O1", pd.Timestamp("2024-01-05").to_pydatetime(), 12.5, False])
    sheet.append([])
    sheet.append([8, "O2", "#N/A", 3, None])
    book.save(tmp_path / "transactions.xlsx")
    (tmp_path / "study.toml").write_text("")
    with pytest.raises(StudyError, match=r"2 sheets; name one in study.toml"):
        Study.open(tmp_path)
    (tmp_path / "study.toml").write_text('[tables.transactions]\nfile = "transactions.xlsx"\nsheet = "Sales"\n')
    study = Study.open(tmp_path)
    assert study.frame("transactions")["customer_id"].tolist() == ["7"] and study.start == pd.Timestamp("2024-01-05")
    assert study.quarantine()[["row", "cell", "amount"]].to_numpy().tolist() == [[4, "#N/A", 3.0]]


def test_parquet_and_queries_are_read_in_place(folder):
    source = Study.open(folder)
    source.query(f"copy (select * from used_transactions) to '{folder / 'lines.parquet'}' (format parquet)")
    (folder / "study.toml").write_text('[tables.transactions]\nfile = "lines.parquet"\n')
    pd.testing.assert_frame_equal(Study.open(folder).frame("transactions"), source.frame("transactions"))
    sql = "select 1.0::double as customer_id, order_id, date::timestamp as date, -revenue as Netto from '{folder}/lines.parquet'"
    (folder / "study.toml").write_text(f'[tables.transactions]\nsql = """{sql}"""\ncolumns = {{ revenue = "Netto" }}\n')
    study = Study.open(folder)
    assert study.frame("transactions")["customer_id"].unique().tolist() == ["1"]
    assert study.customer_facts()["net_revenue"].sum() == -126.10


def test_missing_ids_of_float_columns_are_missing(folder):
    lines = "(values (7.0::double, 1), ('nan'::double, 2), (null, 3)) as lines(customer_id, order_id)"
    sql = f"select *, date '2024-01-01' as date, 5 as revenue from {lines}"
    (folder / "study.toml").write_text(f'[tables.transactions]\nsql = """{sql}"""\n')
    assert Study.open(folder).customer_facts()["lines"].to_dict() == {"(unknown customer)": 2, "7": 1}


def test_leads_keep_their_features(folder):
    (folder / "leads.csv").write_text("lead_id,created_on,Company size,source\nL1,2024-01-01,12,web\nL2,2024-01-02,,fair\n")
    study = Study.open(folder)
    leads = study.frame("leads")
    assert list(leads) == ["lead_id", "created_on", "Company size", "source"] and leads["Company size"].dtype == "float64"
    assert study.lacks("leads.source", "leads.won_on") == ["leads.won_on"]


def test_service_codes_are_said_with_their_money(folder):
    toml = '[tables.transactions]\nfile = "transactions.csv"\ncolumns = { product_id = "order_id" }\nservice_codes = ["O3", "O4"]\n'
    (folder / "study.toml").write_text(toml)
    (folder / "transactions.csv").write_text(TRANSACTIONS)
    row = Study.open(folder).check().set_index("rule").loc["service codes"]
    assert (row["rows"], row["amount"], row["severity"]) == (2, 11.10, "info")


def test_the_engine_opens_no_network(folder):
    study = Study.open(folder)
    settings = dict(study.query("select name, value from duckdb_settings() where name like 'auto%known_extensions'"))
    assert set(settings.values()) == {"false"}


def test_contracts_are_whole():
    for name, table in TABLES.items():
        known = set(table.columns)
        assert set(table.required) <= known and {table.key, table.amount, table.date} - {None} <= known, name


@pytest.mark.skipif(not (DEMO / "study.toml").exists(), reason="the demo study is not there")
def test_the_demo_study_is_whole():
    study = Study.open(DEMO)
    assert not (study.check()["severity"] == "error").any() and study.quarantine().empty
    assert study.tables == list(TABLES) and (study.ties()["difference"] == 0).all()
    assert (study.reconciliation()["rows_set_aside"] == 0).all()


def test_a_study_is_opened_by_a_folder():
    for path in (None, 7):
        with pytest.raises(TypeError, match=rf"path is {path}; give the study's folder, or cp.datasets.demo_path\(\) for the demo"):
            Study.open(path)


def test_advice_on_text_in_a_required_column_does_not_say_to_leave_it_blank(folder):
    (folder / "transactions.csv").write_text(TRANSACTIONS + "C1,O9,2023-01-05,ninety,,,,\n")
    row = Study.open(folder).check().set_index("rule").loc["set aside: not a number"]
    assert row["column"] == "revenue" and row["advice"].startswith("Write revenue as a plain number") and "blank" not in row["advice"]


def test_accounts_keep_their_names(folder):
    (folder / "ledger.csv").write_text("line_id,period,account,account_name,amount\n1,2023,4000,Sales,-5\n2,2023,5000,,5\n")
    study = Study.open(folder)
    assert study.frame("ledger")["account_name"].fillna("").tolist() == ["Sales", ""]
    assert "columns not used" not in study.check()["rule"].tolist()


@pytest.mark.parametrize("kind", ["str", "object", "string", "category"])
def test_frames_handed_in_turned_round_are_read_as_they_stand(kind):
    lines = pd.DataFrame({"customer_id": ["a", "b", "a"], "order_id": ["1", "2", "3"], "revenue": [9.5, 4.0, 1.25]})
    lines["date"] = pd.to_datetime(["2024-01-05", "2024-02-01", "2024-03-01"])
    lines["returned"] = pd.array([1, None, 3], dtype="Int64")
    lines = lines.astype({"customer_id": kind})
    facts = Study.from_tables({"transactions": lines}).customer_facts()
    for turned in (lines.iloc[::-1], lines.iloc[::-1].reset_index(drop=True), lines[lines.columns[::-1]].iloc[::-1], lines.iloc[[2, 0, 1]]):
        pd.testing.assert_frame_equal(Study.from_tables({"transactions": turned}).customer_facts(), facts)


@pytest.mark.parametrize("ask", ["columns", "unused", "sources", "written_columns", "passed_over", "report_totals", "first_rows"])
def test_a_table_that_is_not_there_is_said_by_all_that_describe_it(ask):
    lines = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "revenue": [9.5], "date": pd.to_datetime(["2024-01-05"])})
    study = Study.from_tables({"transactions": lines})
    with pytest.raises(StudyError, match="has no table events; it has transactions"):
        getattr(study, ask)("events")
    with pytest.raises(StudyError, match="'event' is not a table"):
        getattr(study, ask)("event")
