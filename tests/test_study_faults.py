"""Every fault in every place: each table as a damaged file, and each of its columns with each fault that its cells can have."""

from __future__ import annotations

import gzip
import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof.study import TABLES, Study, StudyError

CELLS = {"text": "x{n}", "number": "2", "duration": "3", "money": "10.50", "date": "2024-01-05", "flag": "true"}
CELLS |= {"fraction": "0.5", "score": "7", "period": "2024-01"}
FAULTS = {
    "number": [("abc", "not a number"), ("1,5", "not a number"), ("inf", "not finite")],
    "duration": [("an hour", "not a number"), ("7:75", "not a number")],
    "money": [("abc", "not a number"), ("12 EUR", "not a number"), ("nan", "not finite"), ("1e300", "too large")],
    "date": [("31.12.2024", "date unreadable"), ("2024-02-30", "date unreadable"), ("2024-01-05 25:00", "date unreadable")],
    "flag": [("perhaps", "not a yes or no")],
    "fraction": [("1.5", "out of range"), ("half", "not a number")],
    "score": [("11", "out of range"), ("-1", "out of range")],
    "period": [("spring", "period unreadable"), ("2024-13", "period unreadable")],
}
LINES = "customer_id,order_id,date,revenue\nC1,O1,2024-01-05,9.00\n"


def sound(table, number):
    """A row without a fault, its texts its own."""
    return [CELLS[kind].format(n=number) for kind in TABLES[table].columns.values()]


def write(folder, table, content, name=None):
    (folder / "study.toml").write_text('[study]\nperiod = "month"\n')
    (folder / "transactions.csv").write_text(LINES)
    (folder / (name or f"{table}.csv")).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def text_of(table, rows):
    return "\n".join([",".join(TABLES[table].columns), *(",".join(row) for row in rows)]) + "\n"


def adds_up(study):
    whole = study.reconciliation()
    assert (whole["rows_read"] == whole["rows_used"] + whole["rows_set_aside"]).all()
    money = whole[whole["column"] != ""]
    assert ((money["amount_read"] - money["amount_used"] - money["amount_set_aside"] - money["amount_rounding"]).abs() < 1e-9).all()
    return whole.set_index("table")


@pytest.mark.parametrize("table", TABLES)
def test_each_fault_in_each_column_sets_its_row_aside_and_money_adds_up(tmp_path, table):
    contract, rows, expected = TABLES[table], [sound(table, 0)], []
    for place, (column, kind) in enumerate(contract.columns.items()):
        faults = FAULTS.get(kind, [])
        if column in contract.required and not (column == "customer_id" and contract.nameless):
            faults = [*faults, ("", "required value missing"), ("   ", "required value missing")]
        for cell, rule in faults:
            row = sound(table, len(rows))
            row[place] = f'"{cell}"'
            rows.append(row)
            expected.append((len(rows) + 1, column, rule))
    for cut in (rows[0][:-1], [*rows[0], "more"]):
        rows.append(cut)
        expected.append((len(rows) + 1, "", "wrong number of fields"))
    if contract.key:
        rows.append(sound(table, 0))
        expected.append((len(rows) + 1, contract.key, "duplicate key"))
    study = Study.open(write(tmp_path, table, text_of(table, rows)))
    aside = study.quarantine(table)
    # of two equal keys either may stay
    found = {(row.row if row.reason != "duplicate key" else len(rows) + 1, row.column, row.reason) for row in aside.itertuples()}
    assert found == set(expected) and len(aside) == len(expected)
    whole = adds_up(study)
    assert whole.loc[[table], "rows_used"].max() == 1
    money = [column for column in contract.money if column in study.columns(table)]
    assert all(whole.loc[[table]].set_index("column").loc[column, "amount_used"] == 10.5 for column in money)
    advised = study.check()
    advised = advised[(advised["table"] == table) & advised["rule"].str.startswith("set aside")]
    assert advised["rows"].sum() == len(expected) and (advised["advice"].str.len() > 20).all()


def workbook():
    """The bytes of a workbook without a cell."""
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


def damaged_files(table):
    """By the fault: a file of the table, and what is said."""
    header, row = ",".join(TABLES[table].columns), ",".join(sound(table, 1))
    required = TABLES[table].required[0]
    whole = gzip.compress((header + "\n" + (row + "\n") * 3000).encode())
    return {
        "bytes": (b"", f"{table}.csv is empty"),
        "encoding": (f"{header}\n{row.replace('x1', chr(233))}\n".encode("cp1252"), "is not UTF-8 text"),
        "quote": (f'{header}\n"{row}\n', "quote is not closed"),
        "column": (f"{header.replace(required, 'other', 1)}\n{row}\n", f"no column '{required}'"),
        "twice": (f"{header},{required}\n{row},x\n", f"2 columns called '{required}'"),
        "binary": (bytes(range(256)) * 20, rf"{table}"),
        "gzip": (whole[: len(whole) // 2], "is cut short"),
        "no gzip": (f"{header}\n{row}\n".encode(), "is cut short or not gzip"),
        "workbook": (b"PK no workbook", "is not a readable Excel workbook"),
        "parquet": (b"PAR1 no table", "is not a readable Parquet file"),
        "empty workbook": (workbook(), f"{table}.xlsx is empty \\(no header\\)"),
        "workbook as text": (workbook(), f"{table}.csv is an Excel workbook; give it the ending .xlsx"),
        "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(600), f"{table}.csv is an old Excel workbook"),
        "web page": (b"\n<HTML><table></table></html>\n<p>\n", f"{table}.csv is a web page; open it in a spreadsheet"),
        "parquet as text": (b"PAR1" + bytes(90), f"{table}.csv is a Parquet file"),
        "no mark": (f"{header}\n{row}\n".encode("utf-16-le"), "UTF-16 text without its mark; say encoding = 'utf-16-le'"),
        "half a letter": (f"{header}\n{row}\n".encode("utf-16")[:-1], f"{table}.csv is not UTF-16-LE text"),
    }


@pytest.mark.parametrize("fault", damaged_files("customers"))
@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_file_ends_in_a_clear_message(tmp_path, table, fault):
    content, message = damaged_files(table)[fault]
    ending = {"gzip": "csv.gz", "no gzip": "csv.gz", "workbook": "xlsx", "empty workbook": "xlsx", "parquet": "parquet"}.get(fault, "csv")
    write(tmp_path, table, content, f"{table}.{ending}")
    if table == "transactions" and ending != "csv":
        (tmp_path / "transactions.csv").unlink()
    with pytest.raises(StudyError, match=message) as caught:
        Study.open(tmp_path).check()
    assert "Traceback" not in str(caught.value) and len(str(caught.value)) < 600


PRESET = """[tables.transactions.columns]
customer_id = "{Client|Mail}"
order_id = "No"
date = "Day"
revenue = "{Count} * {Price} - {Off|0}"
is_return = { Kind = ["Credit*"] }
[tables.transactions]
leave_out = { Kind = ["Draft"] }
negative = { Kind = ["Credit*"] }
"""
CENTS = st.integers(0, 99_999).map(lambda cents: f"{cents / 100:.2f}")
ROW = st.tuples(
    st.sampled_from(["Ada", "Bob", ""]),
    st.sampled_from(["a@x", ""]),
    st.sampled_from(["1", "2", ""]),
    st.sampled_from(["2024-01-05", "2024-01-06 10:00", "soon", ""]),
    st.sampled_from(["1", "2", "-1", "", "x"]),
    CENTS | st.sampled_from(["", "1.5.0"]),
    CENTS | st.sampled_from(["", "", "?"]),
    st.sampled_from(["Sale", "Credit note", "Draft", ""]),
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=12))
def test_whatever_a_preset_reads_is_used_or_set_aside_and_what_a_person_would_add_up(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("made")
    top, _, rest = PRESET.partition("[tables.transactions]\n")
    (folder / "till.toml").write_text(f"[tables.transactions]\n{rest}{top}")
    (folder / "study.toml").write_text('[tables.transactions]\nfile = "x.csv"\npreset = "till.toml"\n')
    (folder / "x.csv").write_text("\n".join(["Client,Mail,No,Day,Count,Price,Off,Kind", *map(",".join, rows)]) + "\n")
    study = Study.open(folder)
    whole = adds_up(study).loc["transactions"]
    assert whole["rows_read"] == len(rows)
    kept = [
        row
        for row in rows
        if row[2]
        and row[3].startswith("2024")
        and row[4] in ("1", "2", "-1")
        and row[5] not in ("", "1.5.0")
        and row[6] != "?"
        and row[7] != "Draft"
    ]
    amounts = [round(int(row[4]) * float(row[5]) * 100) - round(float(row[6] or 0) * 100) for row in kept]
    amounts = [-abs(amount) if row[7].startswith("Credit") else amount for row, amount in zip(kept, amounts, strict=True)]
    assert whole["rows_used"] == len(kept) and round(whole["amount_used"] * 100) == sum(amounts)
    if kept:
        names = [row[0] or row[1] or "(unknown customer)" for row in kept]
        facts = (study.customer_facts()["net_revenue"] * 100).round().astype(int)
        assert facts.to_dict() == {
            name: sum(amount for other, amount in zip(names, amounts, strict=True) if other == name) for name in names
        }
