"""From raw exports of different systems to a checked study, as somebody does who meets them for the first time."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest
from test_presets import HARVEST, HEADERS, JOURNAL, QUICKBOOKS_REPORT, SAP, SHOPIFY, STRIPE, TOGGL, XERO_LINES, ZENDESK

from custprof.__main__ import main
from custprof.study import Study, StudyError
from custprof.study.aliases import suggest
from custprof.study.notation import find_notation
from custprof.study.proposing import propose


def harvest(*entries, sign=";", employee="Lée"):
    rows = [
        [date, client, "Site", "", "Support", "", hours, hours, "Yes", "No", "No", "Kim", employee, "Dev", "Yes"]
        for date, client, hours in entries
    ]
    return "\r\n".join([HARVEST.replace(",", sign), *(sign.join([*row, *[""] * 6]) for row in rows)])


def journal(*lines):
    rows = [
        dict.fromkeys(JOURNAL.split(","), "") | {"move": "M", "date": "2024-01-31", "account": account, "debit": debit, "credit": credit}
        for account, debit, credit in lines
    ]
    return "\n".join([JOURNAL, *(",".join(row.values()) for row in rows)])


@pytest.fixture
def raw(tmp_path):
    """Three exports: Xero with a byte order mark, Harvest from a German Excel, Odoo compressed."""
    folder = tmp_path / "raw exports [2024]"
    folder.mkdir()
    (folder / "xero.csv").write_bytes(("\ufeff" + "\n".join(XERO_LINES)).encode())
    (folder / "harvest.csv").write_bytes(harvest(("25.01.2024", "Ada Ltd", "7,5"), ("26.01.2024", "Bob", "0,25")).encode("cp1252"))
    (folder / "journal.csv.gz").write_bytes(gzip.compress(journal(("400000", "", "35.00"), ("600000", "70.00", "0")).encode()))
    return folder


def test_three_exports_of_different_systems_become_a_checked_study(raw, tmp_path, capsys):
    files = sorted(raw.iterdir())
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    assert main(["new", str(tmp_path / "acme"), "--from", *map(str, files)]) == 0
    said = capsys.readouterr().out
    for part in [
        "transactions: 5 rows read, 3 used",
        "customer_id <- ContactName",
        "employee <- First Name and Last Name",
        "not used: EmailAddress",
    ]:
        assert part in said
    assert "Please answer: there are amounts in EUR, USD: say in [rates]" in said
    assert "Still open: 1 question to answer, and customers of events are called otherwise than the others.\n" in said
    assert f"then: custprof aliases {tmp_path / 'acme'}, then: custprof check {tmp_path / 'acme'}" in said
    toml = tmp_path / "acme" / "study.toml"
    toml.write_text(toml.read_text() + "\n[rates]\nUSD = 0.5\n")

    assert main(["aliases", str(tmp_path / "acme")]) == 0
    aliases = tmp_path / "acme" / "aliases.csv"
    assert aliases.read_text(encoding="utf-8-sig").splitlines() == [
        "table,name,customer_id,similarity,confirmed",
        "events,Ada Ltd,Ada,1.0,",
    ]
    study = Study.open(tmp_path / "acme")
    assert study.currency == "EUR" and study.frame("events")["customer_id"].tolist() == ["Ada Ltd", "Bob"]
    assert "aliases wait" in set(study.check()["rule"])
    aliases.write_text(aliases.read_text().replace("1.0,", "1.0,yes"))

    assert main(["check", str(tmp_path / "acme"), "--quarantine", str(tmp_path / "back.csv")]) == 0
    study = Study.open(tmp_path / "acme")
    assert study.frame("events")[["customer_id", "minutes"]].to_numpy().tolist() == [["Ada", 450.0], ["Bob", 15.0]]
    assert study.customer_facts()["net_revenue"].to_dict() == {"Ada": 40.0, "Bob": -5.0, "Eve": 4.5}
    assert study.frame("ledger").set_index("account")["amount"].to_dict() == {"400000": -35.0, "600000": 70.0}
    assert "aliases wait" not in set(study.check()["rule"]) and (study.check()["severity"] != "error").all()
    back = pd.read_csv(tmp_path / "back.csv")
    assert (
        set(back["reason"]) == {"left out"}
        and back["what to do"].str.contains("on purpose").all()
        and "ContactName=Bob" in back.loc[0, "text"]
    )
    assert before == [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", sorted(HEADERS))
def test_an_export_with_every_cell_in_quotes_is_recognised(tmp_path, name, sign):
    for number, header in enumerate(HEADERS[name]):
        with (tmp_path / f"{number}.csv").open("w", newline="") as stream:
            csv.writer(stream, delimiter=sign, quoting=csv.QUOTE_ALL).writerows([cells := header.split(","), ["a, b; c"] * len(cells)])
    found = propose(sorted(tmp_path.glob("*.csv")), tmp_path)
    assert {spec["preset"] for _, spec in found.sections} == {name}
    assert {spec.get("delimiter", ",") for _, spec in found.sections} == {sign}


def quoted(header, *rows, sign=","):
    """An export with some of its cells filled, by their header."""
    names = header.split(",")
    cells = [names, *((dict.fromkeys(names, "") | row).values() for row in rows)]
    return "\r\n".join(sign.join(f'"{cell}"' if sign in str(cell) else str(cell) for cell in row) for row in cells) + "\r\n"


ENTRY = {"Client": "Ada", "Project": "P", "User": "Kim", "Description": "call"}
PAID = {"Created date (UTC)": "2024-01-25 10:00:00", "Currency": "usd", "Converted Currency": "eur", "Status": "Paid", "Captured": "true"}
GP = {"Document Type": "Invoice", "Document Number": "S1", "Customer Number": "A1", "Document Date": "1/25/2024"}
BC = {"Customer No.": "1", "Posting Date": "25.01.2024", "Due Date": "24.02.2024", "Document Type": "Invoice"}
MOVE = {"move": "M", "date": "01/31/2024", "account": "6000"}
#: As the systems write them, byte for byte: the table, its column, and the sum by hand.
WRITTEN = {
    "toggl": (
        "\ufeff"
        + quoted(f"{TOGGL},Amount (USD)", ENTRY | {"Start date": "2024-01-25", "Duration": "01:30:00", "Amount (USD)": "1,250.00"}),
        *("events", "minutes", 90.0),
    ),
    "toggl without amounts": (quoted(TOGGL, ENTRY | {"Start date": "25.01.2024", "Duration": "00:00:36"}), "events", "minutes", 0.6),
    "harvest": (harvest(("25.01.2024", "Ada", "7,5"), ("26.01.2024", "Ada", "1.000,25")), "events", "minutes", 60465.0),
    "harvest in English": (harvest(("01/25/2024", "Ada", "7.5"), ("01/26/2024", "Ada", "7:30"), sign=","), "events", "minutes", 900.0),
    "clockify": (
        quoted(
            HEADERS["clockify"][1],
            ENTRY | {"Start Date": "01/25/2024", "Start Time": "09:05:00 AM", "End Time": "12:20:00 PM", "Duration (h)": "03:15:00"},
            ENTRY | {"Start Date": "12/31/2024", "Start Time": "11:00:00 PM", "Duration (h)": "00:05:30", "Duration (decimal)": "0.09"},
        ),
        *("events", "minutes", 200.5),
    ),
    "stripe": (
        quoted(
            HEADERS["stripe_payments"][1],
            PAID | {"id": "a", "Amount": "9.00", "Converted Amount": "1,234.50", "Converted Amount Refunded": "0.50", "Customer ID": "c"},
            PAID | {"id": "b", "Amount": "9.00", "Converted Amount": "10.00", "Customer ID": "c", "Status": "Failed"},
        ),
        *("invoices", "amount", 1234.0),
    ),
    "dynamics gp": (
        quoted(
            HEADERS["gp_sales_lines"][1],
            GP | {"Quantity": "2.00", "Extended Price": "1,200.00", "Extended Cost": "700.00"},
            GP | {"Document Type": "Return", "Quantity": "1.00", "Extended Price": "600.00", "Extended Cost": "350.00"},
        ),
        *("transactions", "revenue", 600.0),
    ),
    "business central": (
        quoted(HEADERS["business_central"][0], BC | {"Document No.": "D", "Amount (LCY)": "1.190,00", "Sales (LCY)": "1.000,00"}, sign=";"),
        *("invoices", "amount", 1190.0),
    ),
    "odoo journal": (
        quoted(JOURNAL, MOVE | {"debit": "1,250.50", "credit": "0.00"}, MOVE | {"debit": "0.00", "credit": "250.25"}),
        *("ledger", "amount", 1000.25),
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_form_of_an_export_adds_up_as_by_hand(tmp_path, capsys, name):
    text, table, column, total = WRITTEN[name]
    (tmp_path / "export.csv").write_bytes(text.encode("cp1252" if name == "harvest" else "utf-8"))
    (tmp_path / "sold.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-05,9\n")
    given = ["export.csv"] if table == "transactions" else ["export.csv", "sold.csv"]
    assert main(["new", str(tmp_path / "acme"), "--from", *(str(tmp_path / each) for each in given)]) == 0
    asked = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Please answer")]
    assert [line for line in asked if "sold.csv: not recognised" not in line] == []
    assert Study.open(tmp_path / "acme").frame(table)[column].sum() == pytest.approx(total, abs=1e-9)


def test_a_file_that_no_delimiter_splits_says_why_once(tmp_path):
    (tmp_path / "a.csv").write_text('"Slip";"Day"\n"1";"2024-01-25"x\n')
    with pytest.raises(StudyError, match=r"a.csv cannot be read near line 2: ';' expected") as caught:
        propose([tmp_path / "a.csv"], tmp_path)
    assert len(caught.value.problems) == 1


def test_a_report_in_a_workbook_is_found_on_its_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Notes"])
    sheet = book.create_sheet("Sales")
    for row in csv.reader(QUICKBOOKS_REPORT.splitlines()):
        sheet.append(
            [float(cell.replace(",", "")) if cell.replace(",", "").replace(".", "").lstrip("-").isdigit() else cell for cell in row]
        )
    book.save(tmp_path / "sales.xlsx")
    main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "sales.xlsx")])
    study = Study.open(tmp_path / "acme")
    assert study.customer_facts()["net_revenue"].sum() == 732.25 and len(study.customer_facts()) == 3
    assert "report's total agrees" in set(study.check()["rule"])


def faktura(*lines, total="", above=("Fakturapositionen", "Stand: 31.12.2024", "")):
    """SAP's billing items as it writes them: a title, day first, 1.234,50-, and what else is wanted below."""
    names = [*SAP.split(","), "SHKZG"]
    rows = [dict.fromkeys(names, "") | {"VBELN": "9", "POSNR": "10", "WAERK": "EUR", **line} for line in lines]
    rows += [dict.fromkeys(names, "") | {"VBELN": "Gesamt", "NETWR": total}] if total else []
    return "\r\n".join([*above, ";".join(names), *(";".join(row.values()) for row in rows)])


SOLD = {"FKDAT": "19.01.2024", "KUNAG": "1054", "NETWR": "2.174,50"}
RETURNED = {"FKDAT": "20.01.2024", "KUNAG": "1070", "NETWR": "174,25-", "SHKZG": "X"}


def test_a_recognised_export_under_a_title_opens_at_once(tmp_path, capsys):
    (tmp_path / "sap.csv").write_bytes(faktura(SOLD, RETURNED, total="2.000,25").encode("cp1252"))
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "sap.csv")]) == 0
    assert "has no column" not in capsys.readouterr().out
    ((_, spec),) = propose([tmp_path / "sap.csv"], tmp_path).sections
    assert spec["header"] == ["VBELN", "POSNR", "FKDAT"] and spec["totals"] == ["Gesamt"]
    assert (spec["delimiter"], spec["decimal"], spec["thousands"], spec["date_format"]) == (";", ",", ".", ["%d.%m.%Y"])
    study = Study.open(tmp_path / "acme")
    assert study.customer_facts()["net_revenue"].to_dict() == {"1054": 2174.5, "1070": -174.25} and study.quarantine().empty


@pytest.mark.parametrize(("total", "apart"), [("2.000,25", 0.0), ("1,00", 1999.25), ("2.000,25-", 4000.5)])
def test_a_total_by_any_name_is_held_against_the_lines_above_it(tmp_path, total, apart):
    (tmp_path / "sap.csv").write_bytes(faktura(SOLD, RETURNED, total=total).encode("cp1252"))
    main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "sap.csv")])
    study = Study.open(tmp_path / "acme")
    assert len(study.report_totals("transactions")) == 1
    issues = study.check().set_index("rule")
    rule = "report's total differs" if apart else "report's total agrees"
    assert issues.loc[rule, "amount"] == apart and issues.loc[rule, "severity"] == ("warning" if apart else "info")


def test_subtotals_are_held_against_their_own_lines(tmp_path):
    lines = [
        "customer_id,order_id,date,revenue",
        "A,1,2024-01-05,2",
        "A,2,2024-01-05,3",
        "Sum,,,5",
        "B,3,2024-01-05,4",
        "Sum,,,4",
        "Sum,,,9",
    ]
    (tmp_path / "transactions.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "study.toml").write_text('[tables.transactions]\ntotals = ["Sum"]\n')
    said = Study.open(tmp_path).report_totals("transactions")
    assert said[["row", "total", "read"]].to_numpy().tolist() == [[4, 5, 5], [6, 4, 4], [7, 9, 9]]
    (tmp_path / "transactions.csv").write_text("\n".join(lines).replace("Sum,,,4", "Sum,,,3") + "\n")
    study = Study.open(tmp_path)
    assert study.report_totals("transactions")["read"].tolist() == [5, 4, 9]
    assert study.check().set_index("rule").loc["report's total differs", ["rows", "amount"]].tolist() == [1, 1.0]


@pytest.mark.parametrize("above", [(), ("Report", "")])
def test_totals_are_proposed_where_they_are_no_lines(tmp_path, above):
    entries = [("25.01.2024", f"Total Energies {number}", "7,5") for number in range(3)]
    text = "\r\n".join([*above, *harvest(*entries).splitlines(), *("Subtotal;;;;;;7,5" + str(n) for n in range(2)), "TOTAL;;;;;;22,5"])
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    ((_, spec),) = propose([tmp_path / "a.csv"], tmp_path).sections
    assert spec["totals"] == ["Subtotal", "TOTAL"] and spec.get("header") == (["Date", "Client", "Project"] if above else None)


def test_a_study_that_cannot_be_opened_yet_says_what_is_to_be_done(tmp_path, capsys):
    (tmp_path / "log.csv").write_text(harvest(("25.01.2024", "Ada", "7,5")), encoding="utf-8")
    main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "log.csv")])
    said = capsys.readouterr().out
    assert f"Not ready yet; to be done in {tmp_path / 'acme' / 'study.toml'}:" in said and "transactions: no file transactions.csv" in said


def test_two_time_logs_stand_side_by_side(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(f"{TOGGL}\nKim,k,Ada,P,T,,Yes,2024-01-25,,,,01:00:00,\n")
    (tmp_path / "b.csv").write_text(harvest(("2024-01-26", "Bob", "1.5"), sign=","), encoding="utf-8")
    (tmp_path / "c.csv").write_text(f"{SHOPIFY}\n#1,a@x.org,paid,,5,0,0,5,EUR,2024-01-25 10:00:00 +0000,1,P,5,,0,Ada\n")
    assert main(["new", str(tmp_path / "acme"), "--from", *(str(tmp_path / f"{name}.csv") for name in "abc")]) == 0
    study = Study.open(tmp_path / "acme")
    assert study.frame("events")["minutes"].tolist() == [60.0, 90.0]
    said = capsys.readouterr().out
    assert (
        said.index("  a.csv (toggl)") < said.index("minutes <- Duration") < said.index("  b.csv (harvest)") < said.index("minutes <- Hours")
    )
    fed = study.mapping().query("table == 'events'").set_index("files")
    assert fed["preset"].to_dict() == {"a.csv": "toggl", "b.csv": "harvest"} and "Tags" in fed.loc["a.csv", "not_used"]
    assert study.first_rows("events", section=1)["customer_id"].tolist() == ["Bob"]


def test_a_file_that_nobody_knows_is_asked_about(tmp_path, capsys):
    (tmp_path / "till.csv").write_text("Slip;Day;Card;Sum\n1;2024-01-05;7;3,30\n")
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "till.csv")]) == 0
    said = capsys.readouterr().out
    assert "till.csv: not recognised; name its columns" in said and "did you mean" not in said.split("till.csv")[0]
    toml = tmp_path / "acme" / "study.toml"
    left = "Still open: 1 question to answer, and the study cannot be opened yet.\n"
    assert said.endswith(f"{left}Put that right in {toml}, then: custprof check {toml.parent}\n")
    text = (tmp_path / "acme" / "study.toml").read_text()
    assert "the file has Slip, Day, Card, Sum" in text and '# revenue = "..."' in text
    text = text.replace('# customer_id = "..."', 'customer_id = "Card"').replace('# order_id = "..."', 'order_id = "Slip"')
    text = text.replace('# date = "..."', 'date = "Day"').replace('# revenue = "..."', 'revenue = "Sum"')
    (tmp_path / "acme" / "study.toml").write_text(
        text.replace("[tables.transactions.columns]", 'decimal = ","\n[tables.transactions.columns]')
    )
    assert Study.open(tmp_path / "acme").customer_facts()["net_revenue"].to_dict() == {"7": 3.3}


def test_standard_tables_are_taken_as_they_are(tmp_path):
    (tmp_path / "lines.csv").write_text("customer_id,order_id,date,revenue\nAda,1,25.01.2024,9\n")
    main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "lines.csv")])
    assert Study.open(tmp_path / "acme").customer_facts()["net_revenue"].to_dict() == {"Ada": 9.0}


@pytest.mark.parametrize(
    ("hours", "said", "asked"),
    [
        (["7,5", "0,25"], {"decimal": ","}, False),
        (["1.234,5", "7"], {"decimal": ",", "thousands": "."}, False),
        (["1,234.5"], {"decimal": ".", "thousands": ","}, False),
        (["1,234"], {"decimal": [",", "."]}, True),
        (["1.000", "2.100", "-3.200", "12"], {"decimal": [".", ","]}, True),
        (["1.000", "0.500"], {}, False),
        (["1.000", "2.10"], {}, False),
        (["7.5", "bad"], {}, False),
        (["7,5", "0,25", "1,5", "2,5", "3,5", "4,5", "5,5", "6,5", "8,5", "9,x1"], {"decimal": ","}, False),
        (["7:30"], {}, False),
    ],
)
def test_how_numbers_are_written_is_found_on_them(tmp_path, hours, said, asked):
    (tmp_path / "a.csv").write_text(harvest(*(("2024-01-25", "Ada", f'"{each}"') for each in hours), sign=","), encoding="utf-8")
    found = propose([tmp_path / "a.csv"], tmp_path)
    ((_, spec),) = found.sections
    assert {key: spec[key] for key in ("decimal", "thousands") if key in spec} == said
    assert any("with decimals, or with thousands" in question for question in found.questions) == asked


@pytest.mark.parametrize(
    ("dates", "formats"),
    [
        (["2024-01-25"], ["%Y-%m-%d"]),
        (["01/25/2024", "02/03/2024"], ["%m/%d/%Y"]),
        (["25/01/2024", "02/03/2024"], ["%d/%m/%Y"]),
        (["01/02/2024", "02/03/2024"], ["%m/%d/%Y", "%d/%m/%Y"]),
        (["25.01.2024"], ["%d.%m.%Y"]),
    ],
)
def test_how_dates_are_written_is_found_or_asked_never_guessed(tmp_path, dates, formats):
    (tmp_path / "a.csv").write_text(harvest(*((date, "Ada", "1") for date in dates), sign=","), encoding="utf-8")
    found = propose([tmp_path / "a.csv"], tmp_path)
    ((_, spec),) = found.sections
    assert spec["date_format"] == formats
    assert ("does '01/02/2024' in 'Date' begin with the day or the month" in " ".join(found.questions)) == (len(formats) > 1)


def test_a_report_that_nobody_knows_is_laid_out_and_waits_beside_the_others(tmp_path, capsys):
    report = ["Harbour Trading", "Ledger of accounts", "", ",Day,Text,Sum", "4000 Sales,,,", ",2024-01-25,May,1.00", "Total Sales,,,1.00"]
    (tmp_path / "our ledger.csv").write_text("\n".join(report) + "\n")
    (tmp_path / "lines.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-25,9\n")
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "our ledger.csv"), str(tmp_path / "lines.csv")]) == 0
    said = capsys.readouterr().out
    assert "transactions: 1 rows read, 1 used" in said and "our ledger.csv: not recognised; name its columns in [tables.ledger]" in said
    toml = tmp_path / "acme" / "study.toml"
    assert Study.open(toml).tables == ["transactions"]
    section = toml.read_text().partition("# [tables.ledger]\n")[2].partition("\n\n")[0]
    named = {"line_id": "row {_row}", "period": "Day", "account": "Heading", "amount": "Sum"}
    lines = [line.removeprefix("# ") for line in section.splitlines()]
    lines = [f'{ours} = "{named[ours]}"' if (ours := line.partition(" = ")[0]) in named else line for line in lines]
    toml.write_text(toml.read_text().replace(section, "\n".join(lines)).replace("# [tables.ledger]\n", "[tables.ledger]\n"))
    assert Study.open(toml).frame("ledger")[["account", "period", "amount"]].to_numpy().tolist() == [["4000 Sales", "2024", 1.0]]


DATEV = (
    "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;WKZ Basis-Umsatz;Konto;Gegenkonto (ohne BU-Schlüssel);"
    "BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext"
)
#: The line of metadata above the header: format, version, category, when and by whom it was made, the fiscal year and the period.
EXTF = '"EXTF";700;21;"Buchungsstapel";13;20240131120000000;;"RE";"Kim";"";1001;1;20240101;4;20240101;20240131;"Januar";"KL";1;0;0;"EUR"'


def test_a_line_of_metadata_above_the_header_is_not_taken_for_it(tmp_path, capsys):
    """DATEV's batch of postings: both sides of a posting stand on one line, as Konto (S is debit) and as Gegenkonto the other way round."""
    lines = [
        "1.190,00;S;EUR;;;;10000;8400;;2801;R1;;;Ada",
        "300,50;S;EUR;;;;4100;1200;;0202;B1;;;Miete",
        "0,50;H;EUR;;;;4100;1200;;0302;B2;;;",
    ]
    (tmp_path / "EXTF_Buchungsstapel.csv").write_bytes("\r\n".join([EXTF, DATEV, *lines]).encode("cp1252"))
    (tmp_path / "lines.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-28,1190\n")
    files = [str(tmp_path / name) for name in ("EXTF_Buchungsstapel.csv", "lines.csv")]
    assert main(["new", str(tmp_path / "acme"), "--from", *files]) == 0
    text = (tmp_path / "acme" / "study.toml").read_text(encoding="utf-8")
    assert 'header = ["Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz"]' in text and 'encoding = "cp1252"' in text
    assert "[tables.ledger]" in text and "the file has Umsatz (ohne Soll/Haben-Kz), " in text
    section = 'file = "../EXTF_Buchungsstapel.csv"\nencoding = "cp1252"\ndelimiter = ";"\ndecimal = ","\nthousands = "."\n'
    section += 'header = ["Umsatz (ohne Soll/Haben-Kz)"]\ndate_format = "%Y%d%m"\n'
    columns = (
        'columns = {{ line_id = "{{_row}} {0}", period = "2024{{Belegdatum}}", account = "{0}", amount = "Umsatz (ohne Soll/Haben-Kz)" }}\n'
    )
    sides = [("Konto", "H"), ("Gegenkonto (ohne BU-Schlüssel)", "S")]
    sides = [
        f'[[tables.ledger]]\n{section}negative = {{ "Soll/Haben-Kennzeichen" = ["{sign}"] }}\n{columns.format(name)}'
        for name, sign in sides
    ]
    (tmp_path / "acme" / "study.toml").write_text("\n".join(['[study]\nperiod = "month"\n', *sides]), encoding="utf-8")
    (tmp_path / "acme" / "transactions.csv").write_text((tmp_path / "lines.csv").read_text())
    ledger = Study.open(tmp_path / "acme").frame("ledger")
    assert ledger.groupby("account")["amount"].sum().to_dict() == {"10000": 1190.0, "1200": -300.0, "4100": 300.0, "8400": -1190.0}
    assert ledger.groupby("period")["amount"].count().to_dict() == {"2024-01": 2, "2024-02": 4} and ledger["line_id"].is_unique


def test_a_ledger_without_numbers_of_its_lines_is_offered_those_of_the_rows(tmp_path):
    (tmp_path / "ledger.csv").write_text("Konto;Belegdatum;Umsatz;S/H\n8400;28.01.2024;16,47;H\n3400;28.01.2024;11,00;S\n")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-25,9\n")
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "ledger.csv")]) == 0
    assert '# line_id = "{_row}"' in (tmp_path / "acme" / "study.toml").read_text()
    said = '[tables.ledger]\ndecimal = ","\nnegative = { "S/H" = ["H"] }\ndate_format = "%d.%m.%Y"\n[tables.ledger.columns]\n'
    said += 'account = "Konto"\namount = "Umsatz"\nperiod = "Belegdatum"\n'
    (tmp_path / "study.toml").write_text(said)
    with pytest.raises(StudyError, match=r"no column 'line_id'.*line_id = '\{_row\}' takes the number of the row"):
        Study.open(tmp_path)
    (tmp_path / "study.toml").write_text(said + 'line_id = "{_row}"\n')
    ledger = Study.open(tmp_path).frame("ledger")
    assert ledger[["line_id", "amount"]].to_numpy().tolist() == [["2", -16.47], ["3", 11.0]]


LEDGER = "Konto,Tag,Betrag\n6000,2024-01-28,{}\n6000,2024-01-28,1\n"
NUMBERED = '[tables.ledger.columns]\nline_id = "{_row}"\naccount = "Konto"\nperiod = "Tag"\namount = "Betrag"\n'


@pytest.mark.parametrize("kind", ["same header", "other header", "two folders", "two sections", "one file twice", "parquet", "workbooks"])
def test_numbers_of_rows_are_line_ids_in_every_file_of_a_table(tmp_path, kind):
    """Two files of two lines each, 5 + 1 and 7 + 1: no line is taken for the repeat of another."""
    names = {"two folders": ["2023/l.csv", "2024/l.csv"], "parquet": ["a.parquet", "b.parquet"], "workbooks": ["a.xlsx", "b.xlsx"]}
    names = names.get(kind, ["a.csv", "b.csv"])
    for name, amount in zip(names, (5, 7), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        lines = [line.split(",") for line in LEDGER.format(amount).splitlines()]
        frame = pd.DataFrame(lines[1:], columns=lines[0]).astype({"Betrag": int})
        frame = frame[["Tag", "Konto", "Betrag"]] if kind == "other header" and amount == 7 else frame
        if kind == "parquet":
            duckdb.from_df(frame).write_parquet(str(tmp_path / name))
        elif kind == "workbooks":
            frame.to_excel(tmp_path / name, index=False)
        else:
            frame.to_csv(tmp_path / name, index=False)
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-25,9\n")
    sections = f"[tables.ledger]\nfile = {names!r}\n{NUMBERED}"
    if kind in ("two sections", "one file twice"):
        files = names if kind == "two sections" else names[:1] * 2
        sections = "".join(f'[[tables.ledger]]\nfile = "{file}"\n{NUMBERED}' for file in files)
    (tmp_path / "study.toml").write_text(sections)
    study = Study.open(tmp_path)
    ledger = study.frame("ledger")
    assert ledger["amount"].sum() == (12 if kind == "one file twice" else 14) and study.quarantine("ledger").empty
    first, second = (1, 2) if kind == "parquet" else (2, 3)
    shown = {"two folders": ["2023/l.csv", "2024/l.csv"], "one file twice": ["a.csv (1)", "a.csv (2)"]}.get(kind, names)
    assert sorted(ledger["line_id"]) == sorted(f"{row} of {name}" for row in (first, second) for name in shown)


def test_the_rows_of_a_query_have_numbers_too(tmp_path):
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-25,9\n")
    query = "select * from (values ('6000', '2024-01-28', 5), ('6000', '2024-01-28', 1)) as t(Konto, Tag, Betrag)"
    (tmp_path / "study.toml").write_text(f'[tables.ledger]\nsql = "{query}"\n{NUMBERED}')
    assert Study.open(tmp_path).frame("ledger")[["line_id", "amount"]].to_numpy().tolist() == [["1", 5.0], ["2", 1.0]]


def test_parquet_is_recognised_and_read_as_it_is_typed(tmp_path, capsys):
    retail = {"InvoiceNo": ["1", "C2"], "StockCode": "P", "Quantity": [2, -1], "UnitPrice": [1.5, 1.5], "CustomerID": ["7", "7"]}
    sales = pd.DataFrame({**retail, "InvoiceDate": pd.to_datetime(["2024-01-25 10:00", "2024-02-02 09:00"]), "Country": "UK"})
    duckdb.from_df(sales).write_parquet(str(tmp_path / "sales.parquet"))
    log = pd.DataFrame({"Client": ["Ada"], "Date": ["25.01.2024"], "Hours": ["7,5"], "Project": "P", "Task": "T"})
    log = log.assign(**{"First Name": "Kim", "Last Name": "Lee"})
    duckdb.from_df(log).write_parquet(str(tmp_path / "time.parquet"))
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "sales.parquet"), str(tmp_path / "time.parquet")]) == 0
    assert "Please answer" not in capsys.readouterr().out
    study = Study.open(tmp_path / "acme")
    assert study.customer_facts()["net_revenue"].to_dict() == {"7": 1.5} and study.frame("events")["minutes"].tolist() == [450.0]
    (tmp_path / "broken.parquet").write_text("PAR1")
    with pytest.raises(StudyError, match=r"broken.parquet is not a readable Parquet file"):
        propose([tmp_path / "broken.parquet"], tmp_path)


@pytest.mark.parametrize("there", [False, True])
def test_an_interruption_leaves_no_half_study(tmp_path, monkeypatch, there):
    folder = tmp_path / "acme"
    if there:
        folder.mkdir()
    write, calls = Path.write_text, []

    def interrupted(path, *arguments, **options):
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", interrupted)
    assert main(["new", str(folder)]) == 130
    assert len(calls) == 4 and [each.name for each in tmp_path.iterdir()] == ["acme"] * there and not list(tmp_path.rglob("*.csv"))


def test_the_study_toml_that_is_made_names_the_engine_and_its_limits(tmp_path):
    main(["new", str(tmp_path / "acme")])
    (tmp_path / "acme" / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-25,9\n")
    toml = tmp_path / "acme" / "study.toml"
    text = toml.read_text().replace("/scratch", str(tmp_path)).replace('# engine = "duckdb"', 'engine = "pandas"')
    toml.write_text(text.replace("# memory_limit", "memory_limit").replace("# temp_directory", "temp_directory"))
    study = Study.open(tmp_path / "acme")
    assert (study.engine, study.settings.memory_limit, study.settings.temp_directory) == ("pandas", "2GB", tmp_path)


def test_files_that_cannot_be_read_are_all_said_and_nothing_is_made(tmp_path, capsys):
    (tmp_path / "a.pdf").write_text("x")
    (tmp_path / "b.xlsx").write_text("x")
    (tmp_path / "c.csv").write_text("")
    with pytest.raises(StudyError) as caught:
        propose([tmp_path / name for name in ("a.pdf", "b.xlsx", "d.csv")], tmp_path)
    assert len(caught.value.problems) == 3
    with pytest.raises(StudyError, match=r"c.csv is empty"):
        propose([tmp_path / "c.csv"], tmp_path)
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "a.pdf")]) == 2
    assert "a.pdf is no .csv" in capsys.readouterr().err and not (tmp_path / "acme").exists()


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path, capsys):
    (tmp_path / "sap.txt").write_bytes(faktura(SOLD).encode("cp1252"))
    (tmp_path / "torn.csv").write_text(HARVEST + '\n"2024-01-25,Ada\n')
    (tmp_path / "pay.tsv").write_text('Slip\tDay\n1\t"5"x\n')
    files = [str(tmp_path / name) for name in ("torn.csv", "nowhere.csv", "pay.tsv", "sap.txt")]
    assert main(["new", str(tmp_path / "acme"), "--from", *files]) == 1
    said = capsys.readouterr().out
    assert "Not read: torn.csv cannot be read near line 2" in said and "nowhere.csv does not exist" in said and "Not read: pay.tsv" in said
    assert "transactions: 1 rows read, 1 used" in said and "Still open: 3 exports that could not be read.\n" in said
    assert Study.open(tmp_path / "acme").customer_facts()["net_revenue"].to_dict() == {"1054": 2174.5}
    assert main(["new", str(tmp_path / "other"), "--from", files[3]]) == 0
    assert capsys.readouterr().out.endswith(f"Nothing is left open. Then: custprof check {tmp_path / 'other'}\n")


def test_confirmed_twice_is_refused_and_nothing_unconfirmed_is_used(tmp_path):
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "transactions.csv").write_text(
        "customer_id,order_id,date,revenue\nAda,1,2024-01-25,9\nAda Ltd,2,2024-01-25,1\nBob,2,2024-01-25,1\n"
    )
    aliases = tmp_path / "aliases.csv"
    aliases.write_text("name;customer_id;confirmed\nAda Ltd;Ada;yes\nBob;Ada;no\n")
    assert Study.open(tmp_path).customer_facts()["net_revenue"].to_dict() == {"Ada": 10.0, "Bob": 1.0}
    aliases.write_text("table,name,customer_id,confirmed\nevents,Ada Ltd,Ada,yes\n")
    assert len(Study.open(tmp_path).customer_facts()) == 3
    aliases.write_text("name,customer_id,confirmed\nBob,Ada,yes\nBob,Ada Ltd,yes\n")
    with pytest.raises(StudyError, match=r"1 names are confirmed for several customers, first \['Bob'\]"):
        Study.open(tmp_path).check()
    aliases.write_text("alias,customer_id\nBob,Ada\n")
    with pytest.raises(StudyError, match=r"aliases.csv has no column 'name'"):
        Study.open(tmp_path).check()


def test_suggestions_leave_the_legal_form_aside_and_keep_what_was_decided(tmp_path):
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\nC1,1,2024-01-25,9\nC2,1,2024-01-25,9\n")
    (tmp_path / "customers.csv").write_text("customer_id,name\nC1,Müller & Söhne GmbH\nC2,Zenith plc\n")
    (tmp_path / "events.csv").write_text(
        "customer_id,date,activity\nMÜLLER UND SÖHNE,2024-01-25,call\nNobody,2024-01-25,call\nC2,2024-01-25,call\n"
    )
    assert main(["aliases", str(tmp_path)]) == 0
    file = tmp_path / "aliases.csv"
    assert file.read_text(encoding="utf-8").splitlines()[1:] == ["events,MÜLLER UND SÖHNE,C1,Müller & Söhne GmbH,1.0,"]
    file.write_text(file.read_text(encoding="utf-8").replace("1.0,", "1.0,no"), encoding="utf-8")
    assert main(["aliases", str(tmp_path)]) == 0
    assert file.read_text(encoding="utf-8").splitlines()[1:] == ["events,MÜLLER UND SÖHNE,C1,Müller & Söhne GmbH,1.0,no"]


def test_customers_that_are_numbers_ask_for_a_table_with_their_names(tmp_path, capsys):
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\n1054,1,2024-01-25,9\n")
    (tmp_path / "events.csv").write_text("customer_id,date,activity\nVogt GmbH,2024-01-25,call\n")
    assert main(["aliases", str(tmp_path)]) == 0
    assert "add a table customers (customer_id, name)" in capsys.readouterr().out
    (tmp_path / "customers.csv").write_text("customer_id,name\n1054,Vogt\n")
    assert main(["aliases", str(tmp_path)]) == 0
    assert "add a table customers" not in capsys.readouterr().out


def test_aliases_compare_what_the_systems_call_their_customers(tmp_path, capsys):
    """SAP knows numbers and names, Stripe ids and names, a time log names alone: no table of customers is made by hand."""
    lines = [
        {"KUNAG": f"{number:010}", "NETWR": "9,00", "FKDAT": "25.01.2024", "NAME1": name} for number, name in enumerate(["Vogt AG", "Ada"])
    ]
    names = [*SAP.split(","), "NAME1"]
    rows = [dict.fromkeys(names, "") | {"VBELN": "9", "POSNR": "10", "WAERK": "EUR", **line} for line in lines]
    (tmp_path / "sap.csv").write_text("\n".join([";".join(names), *(";".join(row.values()) for row in rows)]))
    paid = {"id": "ch_1", "Created (UTC)": "2024-01-25 10:00:00", "Converted Amount": "9.00", "Converted Currency": "eur", "Status": "Paid"}
    paid = dict.fromkeys(STRIPE.split(","), "") | paid | {"Customer ID": "cus_Q7", "Customer Description": "Vogt"}
    (tmp_path / "stripe.csv").write_text(f"{STRIPE}\n{','.join(paid.values())}\n")
    (tmp_path / "log.csv").write_text(harvest(("25.01.2024", "ADA GmbH", "7,5"), ("25.01.2024", "Nobody", "1")), encoding="utf-8")
    acme = tmp_path / "acme"
    assert main(["new", str(acme), "--from", *(str(tmp_path / f"{name}.csv") for name in ("sap", "stripe", "log"))]) == 0
    assert "customer_name <- NAME1" in capsys.readouterr().out
    assert main(["aliases", str(acme)]) == 0
    assert (acme / "aliases.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "table,name,known_as,customer_id,called,similarity,confirmed",
        "events,ADA GmbH,,0000000001,Ada,1.0,",
        "invoices,cus_Q7,Vogt,0000000000,Vogt AG,1.0,",
    ]
    (acme / "aliases.csv").write_text((acme / "aliases.csv").read_text().replace("1.0,", "1.0,yes"))
    study = Study.open(acme)
    assert study.frame("events")["customer_id"].tolist() == ["0000000001", "Nobody"]
    assert study.frame("invoices")["customer_id"].tolist() == ["0000000000"]
    assert main(["aliases", str(acme)]) == 0
    assert (acme / "aliases.csv").read_text().count("yes") == 2
    out = tmp_path / "out"
    assert main(["pseudonymize", str(acme), str(out)]) == 0
    seen = "".join(gzip.decompress(file.read_bytes()).decode() for file in out.glob("*.gz"))
    assert "customer_name" in seen and [name for name in ("Vogt", "Ada", "ADA") if name in seen] == []


def test_the_customer_master_of_sap_names_the_numbers_of_its_invoices(tmp_path):
    (tmp_path / "kna1.csv").write_text("MANDT;KUNNR;LAND1;NAME1;ORT01;REGIO;BRSCH\n100;0000001054;DE;Vogt AG;Ulm;08;0007\n")
    (tmp_path / "sap.csv").write_bytes(faktura(SOLD | {"KUNAG": "0000001054"}, above=()).encode("cp1252"))
    (tmp_path / "log.csv").write_text(harvest(("25.01.2024", "Vogt", "7,5")), encoding="utf-8")
    files = [str(tmp_path / f"{name}.csv") for name in ("kna1", "sap", "log")]
    assert main(["new", str(tmp_path / "acme"), "--from", *files]) == 0
    (customer,) = Study.open(tmp_path / "acme").frame("customers").to_dict("records")
    assert customer == {"customer_id": "0000001054", "name": "Vogt AG", "industry": "0007", "region": "DE 08"}
    assert main(["aliases", str(tmp_path / "acme")]) == 0
    assert "events,Vogt,0000001054,Vogt AG,1.0," in (tmp_path / "acme" / "aliases.csv").read_text()


def test_zendesk_and_its_warning_come_with_the_study(tmp_path):
    (tmp_path / "t.csv").write_text(ZENDESK + "\n" + "," * 12 + "2024-01-25,,,Bob" + "," * 15 + "\n")
    (tmp_path / "c.csv").write_text("customer_id,order_id,date,revenue\nBob,1,2024-01-25,9\n")
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "t.csv"), str(tmp_path / "c.csv")]) == 0
    assert Study.open(tmp_path / "acme").check()["advice"].str.contains("no effort").any()


def test_amounts_that_may_be_thousands_are_asked_and_never_guessed(tmp_path, capsys):
    lines = ["customer_id;order_id;date;revenue", "a;1;31.12.2024;1.000", "b;2;30.12.2024;2.100", "a;3;29.12.2024;7"]
    (tmp_path / "transactions.csv").write_text("\n".join(lines))
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "transactions.csv")]) == 0
    said, toml = capsys.readouterr().out, tmp_path / "acme" / "study.toml"
    assert "is '1.000' a number with decimals, or with thousands? Instead of decimal = ['.', ','] say decimal = '.' (1.000)" in said
    assert "Nothing is left open" not in said
    text = toml.read_text().replace("# line_id", "line_id")
    toml.write_text(text)
    study = Study.open(toml)
    assert study.frame("transactions")["revenue"].tolist() == [7.0]
    assert study.quarantine()["reason"].tolist() == ["number ambiguous"] * 2
    for answer, revenue in (("'.'", {"a": 8.0, "b": 2.1}), ("','\nthousands = '.'", {"a": 1007.0, "b": 2100.0})):
        toml.write_text(text.replace('decimal = [".", ","]', f"decimal = {answer}"))
        assert Study.open(toml).customer_facts()["net_revenue"].to_dict() == revenue


KNOWN = [
    "Müller Kunststoffe GmbH",
    "Sauer Kunststoffe GmbH",
    "Jäger Maschinenbau AG",
    "Sauer Maschinenbau KG",
    "Köhler Bau",
    "Böhm e.K.",
    "Kühn s.r.o.",
]
KNOWN += ["Müller GmbH", "Müller GmbH & Co. KG", "Weiß Optik", "10023", "Open Air Ltd"]


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("Mueller Kunststoffe Gmbh", ["Müller Kunststoffe GmbH"]),
        ("Jaeger Maschinenbau", ["Jäger Maschinenbau AG"]),
        ("KOEHLER BAU", ["Köhler Bau"]),
        ("Boehm", ["Böhm e.K."]),
        ("Kuehn, s. r. o.", ["Kühn s.r.o."]),
        ("Mueller Gmbh", ["Müller GmbH"]),
        ("Mueller Gmbh & Co", ["Müller GmbH & Co. KG"]),
        ("Müller", ["Müller GmbH", "Müller GmbH & Co. KG"]),
        ("Weiss-Optik", ["Weiß Optik"]),
        ("Fischer Kunststoffe GmbH", []),
        ("0010023", ["10023"]),
        ("10024", []),
        ("Openair", ["Open Air Ltd"]),
    ],
)
def test_the_word_that_tells_customers_apart_decides_who_is_suggested(name, suggested):
    customers = pd.DataFrame({"customer_id": KNOWN, "name": KNOWN})
    for order in (customers, customers[::-1]):
        found = suggest(pd.DataFrame({"table": ["events"], "name": [name]}), order, duckdb.connect())
        assert found["customer_id"].tolist() == suggested


def test_aliases_whose_ids_lost_their_zeros_are_said(tmp_path):
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "customers.csv").write_text("customer_id,name\n0012,Köhler GmbH\n0013,Ada\n", encoding="utf-8")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,line_id,date,revenue\n0012,1,1,2024-01-01,5\n0013,2,1,2024-01-02,5\n")
    (tmp_path / "events.csv").write_text("customer_id,date,activity\nKoehler,2024-01-02,call\n", encoding="utf-8")
    assert main(["aliases", str(tmp_path)]) == 0
    aliases = tmp_path / "aliases.csv"
    assert aliases.read_bytes().startswith(b"\xef\xbb\xbf")
    right = aliases.read_text(encoding="utf-8-sig").replace("1.0,", "1.0,yes")
    aliases.write_text(right, encoding="utf-8-sig")
    study = Study.open(tmp_path)
    assert study.frame("events")["customer_id"].tolist() == ["0012"] and "aliases of no customer" not in set(study.check()["rule"])
    aliases.write_text(right.replace(",0012,", ",12,"), encoding="utf-8")
    issue = Study.open(tmp_path).check().set_index("rule").loc["aliases of no customer"]
    assert (issue["rows"], issue["examples"]) == (1, "12") and "1 of the 1 ids in aliases.csv" in issue["advice"]
    assert "drops the zeros" in issue["advice"]


def test_a_total_of_an_asterisk_is_that_cell_and_no_pattern(tmp_path):
    header = SAP.split(",")
    line = dict.fromkeys(header, "") | {
        "VBELN": "9001",
        "POSNR": "10",
        "FKDAT": "20240131",
        "KUNAG": "1000",
        "NETWR": "5.50",
        "BRTWR": "6.00",
    }
    line |= {"MATNR": "M", "FKIMG": "1", "WAVWR": "3.00", "KUNRG": "1000", "MWSBP": "1.00", "KZWI1": "1", "KZWI2": "1"}
    total = dict.fromkeys(header, "") | {"VBELN": "*", "NETWR": "5.50"}
    (tmp_path / "sap.csv").write_text("\n".join([SAP, ",".join(line.values()), ",".join(total.values())]), encoding="utf-8")
    found = propose([tmp_path / "sap.csv"], tmp_path)
    assert next(spec for table, spec in found.sections if table == "transactions")["totals"] == ["*"]
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "sap.csv")]) == 0
    study = Study.open(tmp_path / "acme")
    assert study.counts("transactions") == {"rows_read": 1, "rows_used": 1, "rows_set_aside": 0}
    assert study.passed_over("transactions")["kind"].tolist() == ["total"]
    toml = tmp_path / "acme" / "study.toml"
    toml.write_text(toml.read_text().replace('totals = ["*"]', 'totals = ["9*", "*"]'))
    with pytest.raises(StudyError, match=r"sap.csv holds no rows but those that totals = \['9\*', '\*'\] takes for totals"):
        Study.open(toml).check()


def test_own_headers_leave_nothing_to_name_and_the_next_command_is_quoted(tmp_path, capsys):
    folder = tmp_path / "Müller & Söhne"
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,line_id,date,revenue\na,1,1,2024-01-31,1.50\n")
    assert main(["new", str(folder), "--from", str(tmp_path / "transactions.csv")]) == 0
    assert f"Nothing is left open. Then: custprof check '{folder}'" in capsys.readouterr().out
    assert main(["new", str(tmp_path / "other"), "--from", str(tmp_path)]) == 2
    assert "is a folder; name the files in it" in capsys.readouterr().err


def test_a_table_without_a_usable_row_is_still_open(tmp_path, capsys):
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,line_id,date,revenue\na,1,1,2024-01-31,see annex\n")
    assert main(["new", str(tmp_path / "acme"), "--from", str(tmp_path / "transactions.csv")]) == 0
    assert "Still open: no row of transactions can be used (custprof check says why)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cells", "sign", "total"),
    [
        (["$1,401.54", "-$20.00", "$3.00"], "$", 1384.54),
        (["1.401,54 €", "-20,00 €", "3,00 €"], "€", 1384.54),
        (["EUR 1401.54", "EUR -20.00", "EUR 3.00"], "EUR", 1384.54),
    ],
)
def test_the_sign_of_a_currency_at_every_amount_is_named_and_read(tmp_path, cells, sign, total):
    lines = "".join(f'C{n};{n};2024-01-0{n};"{cell}";2\n' for n, cell in enumerate(cells, 1))
    (tmp_path / "sales.csv").write_text("customer_id;order_id;date;revenue;quantity\n" + lines, encoding="utf-8")
    assert main(["new", str(tmp_path / "s"), "--from", str(tmp_path / "sales.csv")]) == 0
    assert f'currency_sign = "{sign}"' in (tmp_path / "s" / "study.toml").read_text(encoding="utf-8")
    study = Study.open(tmp_path / "s")
    assert study.reconciliation().set_index("column").loc["revenue", ["amount_used", "rows_set_aside"]].tolist() == [total, 0]


def test_units_and_two_currencies_are_no_sign():
    header = ["Net", "Day"]
    columns = {"revenue": "Net"}
    for cells in (["5 %", "6 %"], ["$5", "€6"], ["5", "6"]):
        said, _ = find_notation(columns, "transactions", header, [[cell, ""] for cell in cells], {}, {})
        assert "currency_sign" not in said
