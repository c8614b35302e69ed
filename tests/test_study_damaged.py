"""A study whose files are damaged says so in plain words, and loses nothing."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from custprof.study import Study, StudyError

HEADER = "customer_id,order_id,date,revenue,discount"
LINES = ["C1,O1,2024-01-05,100.00,10", "C1,O2,2024-02-05,50.5,", "C1,O3,2024-03-05,-20,0"]


WHOLE = "\n".join([HEADER, *LINES]) + "\n"


def write(folder, text=WHOLE, toml="", name="transactions.csv", **files):
    (folder / "study.toml").write_text('[study]\nname = "T"\ncurrency = "EUR"\n' + toml)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    for file, content in files.items():
        (folder / f"{file}.csv").write_text(content)
    return folder


def damaged(folder, *lines, **options):
    return Study.open(write(folder, "\n".join([HEADER, *LINES, *lines]) + "\n", **options))


def issue(study, rule):
    issues = study.check()
    found = issues[issues["rule"] == rule]
    assert len(found) == 1, issues.to_string()
    return found.iloc[0]


def accounted(study, read=None):
    """The identity of every study: used + set aside = read, in rows and in money."""
    whole = study.reconciliation()
    assert (whole["rows_read"] == whole["rows_used"] + whole["rows_set_aside"]).all()
    money = whole[whole["column"] != ""]
    difference = money["amount_read"] - money["amount_used"] - money["amount_set_aside"] - money["amount_rounding"]
    assert (difference.abs() < 1e-9).all()
    assert len(study.quarantine()) == whole.drop_duplicates("table")["rows_set_aside"].sum()
    if read is not None:
        assert whole.set_index("table").loc["transactions", "rows_read"].max() == read
    return money.set_index(["table", "column"]).loc[("transactions", "revenue")]


def test_an_undamaged_study_has_nothing_set_aside(tmp_path):
    study = damaged(tmp_path)
    assert study.check().empty
    assert accounted(study, 3)["amount_used"] == 130.5


def test_a_missing_column_names_file_column_and_what_to_do(tmp_path):
    write(tmp_path, "Customer,order_id,date,revenue\nC1,O1,2024-01-01,5\n")
    message = r"transactions.csv has no column 'customer_id' \(required\); did you mean 'Customer'.*\[tables.transactions\] columns"
    with pytest.raises(StudyError, match=message):
        Study.open(tmp_path)


def test_every_problem_is_listed_at_once(tmp_path):
    columns = 'columns = { custmer_id = "X", revenue = "Net" }'
    toml = f'perod = "year"\n[tables.transactions]\n{columns}\n[tables.invoices]\nfile = "invoices.xlsx"\n[tables.clients]\n'
    write(tmp_path, "id,order_id,date,amount\nC1,O1,2024-01-01,5\n", toml, customers="")
    with pytest.raises(StudyError) as caught:
        Study.open(tmp_path)
    message = str(caught.value)
    assert len(caught.value.problems) == 7 and message.startswith("7 problems:")
    for part in [
        "'perod'",
        "did you mean 'period'",
        "'custmer_id'",
        "'clients'",
        "no column 'Net'",
        "no file 'invoices.xlsx'",
        "customers.csv is empty",
    ]:
        assert part in message


def test_text_in_amounts_is_set_aside_with_its_reason(tmp_path):
    study = damaged(tmp_path, "C3,O4,2024-04-01,abc,0", "C3,O5,2024-04-01,7,n/a")
    revenue = accounted(study, 5)
    assert revenue["amount_used"] == 130.5 and revenue["amount_set_aside"] == 7 and revenue["rows_unknown"] == 1
    issues = study.check().set_index("column")
    assert (issues["rule"] == "set aside: not a number").all() and (issues["severity"] == "warning").all()
    assert "transactions.csv row 5 (abc)" in issues.loc["revenue", "examples"] and pd.isna(issues.loc["revenue", "amount"])
    assert "row 6 (n/a)" in issues.loc["discount", "examples"] and issues.loc["discount", "amount"] == 7
    assert study.quarantine()["text"].str.contains("revenue=abc").any()


def test_amounts_that_are_not_finite_or_absurdly_large_are_set_aside(tmp_path):
    study = damaged(tmp_path, "C3,O4,2024-04-01,inf,0", "C3,O4,2024-04-01,NaN,0", "C3,O5,2024-04-01,1e300,0", "C3,O5,2024-04-01,1_000,0")
    assert accounted(study, 7)["amount_read"] == 130.5
    assert sorted(study.quarantine()["reason"]) == ["not a number", "not finite", "not finite", "too large"]


def test_a_decimal_comma_gets_advice_and_then_is_read(tmp_path):
    text = "customer_id;order_id;date;revenue\nC1;O1;2024-01-05;1.234,50\nC1;O2;2024-01-05;12,50\nC1;O3;2024-01-05;-3\n"
    study = Study.open(write(tmp_path, text))
    assert "decimal = ','" in study.check()["advice"].str.cat() and accounted(study)["amount_used"] == -3
    study = Study.open(write(tmp_path, text, "[tables.transactions]\ndecimal = ','\n"))
    assert accounted(study)["amount_used"] == 9.5 and "thousands = '.'" in issue(study, "set aside: not a number")["advice"]
    study = Study.open(write(tmp_path, text, "[tables.transactions]\ndecimal = ','\nthousands = '.'\n"))
    assert accounted(study)["amount_used"] == 1244.0 and study.check().empty


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_spaces_between_thousands_may_be_of_any_kind(tmp_path, space):
    toml = '[tables.transactions]\nthousands = " "\ndecimal = ","\n'
    text = f"customer_id;order_id;date;revenue\nC1;O1;2024-01-05;1{space}234{space}567,50\nC1;O1;2024-01-05;12{space}34\n"
    study = Study.open(write(tmp_path, text, toml))
    assert accounted(study, 2)["amount_used"] == 1234567.5 and len(study.quarantine()) == 1


def test_brackets_around_negative_amounts_get_advice(tmp_path):
    study = damaged(tmp_path, "C3,O4,2024-04-01,(12.50),0")
    assert "minus in front" in issue(study, "set aside: not a number")["advice"]


def test_words_for_nothing_may_be_named(tmp_path):
    study = damaged(tmp_path, "n/a,O4,2024-04-01,5,n/a", toml='[tables.transactions]\nblank = "n/a"\n')
    assert accounted(study, 4)["amount_used"] == 135.5 and "(unknown customer)" in study.customer_facts().index


def test_blank_lines_before_below_and_between_are_no_rows(tmp_path):
    study = Study.open(write(tmp_path, "\n\n" + "\n\n".join([HEADER, *LINES]) + "\n   \n\n"))
    assert accounted(study, 3)["amount_used"] == 130.5 and study.quarantine().empty


def test_thousands_separators_are_refused_with_advice(tmp_path):
    study = damaged(tmp_path, 'C3,O4,2024-04-01,"1,234.50",0')
    assert "thousands = ','" in issue(study, "set aside: not a number")["advice"]
    study = damaged(
        tmp_path, 'C3,O4,2024-04-01,"1,234.50",0', 'C3,O5,2024-04-01,"12,34",0', toml='[tables.transactions]\nthousands = ","\n'
    )
    assert accounted(study)["amount_used"] == 130.5 + 1234.5 and study.quarantine()["cell"].tolist() == ["12,34"]


def test_mixed_date_formats_are_set_aside_never_guessed(tmp_path):
    lines = ["C3,O4,31.12.2024,5,0", "C3,O5,20240105,6,0", "C3,O6,24-01-05,7,0", "C3,O7,2024-02-30,8,0", "C3,O8,infinity,9,0"]
    study = damaged(tmp_path, *lines)
    row = issue(study, "set aside: date unreadable")
    assert (row["rows"], row["amount"]) == (5, 35) and accounted(study, 8)["amount_set_aside"] == 35
    study = damaged(tmp_path, lines[0], toml='[tables.transactions]\ndate_format = ["%Y-%m-%d", "%d.%m.%Y"]\n')
    assert study.check().empty and study.end == pd.Timestamp("2024-12-31")


def test_a_date_that_two_formats_read_differently_is_ambiguous(tmp_path):
    toml = '[tables.transactions]\ndate_format = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y"]\n'
    study = damaged(tmp_path, "C3,O4,01/02/2024,5,0", "C3,O4,13/02/2024,5,0", "C3,O4,02/02/2024,5,0", toml=toml)
    assert study.quarantine()[["cell", "reason"]].to_numpy().tolist() == [["01/02/2024", "date ambiguous"]]
    assert accounted(study)["amount_used"] == 140.5


def test_the_advice_on_dates_names_the_format(tmp_path):
    assert "%m/%d/%Y" in issue(damaged(tmp_path, "C3,O4,12/31/2024,5,0"), "set aside: date unreadable")["advice"]
    assert "whether the day or the month" in issue(damaged(tmp_path, "C3,O4,01/02/2024,5,0"), "set aside: date unreadable")["advice"]


def test_repeated_lines_are_kept_and_said_or_set_aside(tmp_path):
    study = damaged(tmp_path, LINES[0], LINES[0], LINES[2])
    row = issue(study, "repeated line")
    assert (row["rows"], row["amount"], row["severity"]) == (3, 180.0, "warning") and accounted(study, 6)["rows_used"] == 6
    study = damaged(tmp_path, LINES[0], LINES[0], LINES[2], toml='[tables.transactions]\nduplicates = "set_aside"\n')
    assert issue(study, "set aside: duplicate line")["rows"] == 3
    assert accounted(study, 6)["amount_used"] == 130.5


def test_repeated_keys_are_set_aside_whatever_the_order_of_the_rows(tmp_path):
    rows = ["C1,Zed", "C1,Alpha", "C2,Beta"]
    kept = []
    for number, order in enumerate([rows, rows[::-1]]):
        (tmp_path / str(number)).mkdir()
        study = damaged(tmp_path / str(number), customers="\n".join(["customer_id,name", *order]) + "\n")
        kept.append(study.frame("customers"))
        assert issue(study, "set aside: duplicate key")["rows"] == 1
    pd.testing.assert_frame_equal(*kept)


def test_customers_without_a_row_of_their_own_are_kept_and_said(tmp_path):
    study = damaged(tmp_path, "C9,O4,2024-04-01,7,0", "C8,O4,2024-04-01,7,0", customers="customer_id\nC1\nC2\n")
    row = issue(study, "not in customers")
    assert (row["rows"], row["amount"], row["examples"]) == (2, 14.0, "C8, C9")
    assert accounted(study)["rows_used"] == 5 and "C9" in study.customer_facts().index


def test_lines_without_a_customer_belong_to_the_unknown_customer(tmp_path):
    study = damaged(tmp_path, ",O4,2024-04-01,7,0", "  ,O5,2024-04-01,8,0")
    row = issue(study, "no customer")
    assert (row["rows"], row["amount"]) == (2, 15.0)
    assert study.customer_facts().loc["(unknown customer)", "net_revenue"] == 15.0


def test_missing_required_values_are_set_aside(tmp_path):
    study = damaged(tmp_path, "C3,,2024-04-01,7,0", "C3,O4,,8,0", "C3,O4,2024-04-01,,0")
    assert study.quarantine()["column"].tolist() == ["order_id", "date", "revenue"]
    assert accounted(study, 6)["amount_set_aside"] == 15


@pytest.mark.parametrize(
    "text", ["", HEADER, HEADER + "\n", HEADER + "\n\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf" + HEADER.encode() + b"\r\n"]
)
def test_an_empty_file_is_an_error(tmp_path, text):
    with pytest.raises(StudyError, match=r"transactions.csv (is empty|holds no rows)"):
        Study.open(write(tmp_path, text))


def test_an_empty_optional_table_is_passed_over_unless_study_toml_names_it(tmp_path):
    study = damaged(tmp_path, customers="customer_id,name\n")
    assert "customers" not in study.tables and issue(study, "file passed over")["examples"] == "customers.csv holds no rows"
    write(tmp_path, toml='[tables.customers]\nfile = "customers.csv"\n')
    with pytest.raises(StudyError, match=r"customers: customers.csv holds no rows"):
        Study.open(tmp_path)


def test_no_usable_row_is_an_error_that_stops_the_study(tmp_path):
    study = Study.open(write(tmp_path, HEADER + "\nC1,O1,yesterday,5,\nC1,O1,today,6,\n"))
    assert issue(study, "no usable row")["severity"] == "error" and accounted(study, 2)["amount_set_aside"] == 11
    with pytest.raises(StudyError, match=r"transactions: no row can be used \(date date unreadable\)"):
        study.table("transactions")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_byte_order_marks_and_line_ends_change_nothing(tmp_path, mark, end):
    study = Study.open(write(tmp_path, mark + (end.join([HEADER, *LINES]) + end).encode()))
    assert accounted(study, 3)["amount_used"] == 130.5 and study.check().empty


def test_line_ends_may_be_mixed(tmp_path):
    study = Study.open(write(tmp_path, f"{HEADER}\n{LINES[0]}\r\n{LINES[1]}\n{LINES[2]}"))
    assert accounted(study, 3)["amount_used"] == 130.5


def test_another_encoding_is_said_and_read_when_named(tmp_path):
    text = (HEADER + ",product_id\nC1,O1,2024-01-05,5,,café\n").encode("latin-1")
    with pytest.raises(StudyError, match=r"transactions.csv is not UTF-8 text \(line 2, byte 0xE9\); say encoding = 'cp1252'"):
        Study.open(write(tmp_path, text)).check()
    for encoding in ("latin-1", "cp1252"):
        study = Study.open(write(tmp_path, text, f'[tables.transactions]\nencoding = "{encoding}"\n'))
        assert study.frame("transactions")["product_id"].tolist() == ["café"]
    with pytest.raises(StudyError, match="'klingon' is not an encoding"):
        Study.open(write(tmp_path, text, '[tables.transactions]\nencoding = "klingon"\n'))


def test_utf_16_is_read_by_its_byte_order_mark(tmp_path):
    text = HEADER.replace(",", "\t") + "\nC1\tO1\t2024-01-05\t5\t\n"
    assert accounted(Study.open(write(tmp_path, text.encode("utf-16"))), 1)["amount_used"] == 5


def test_lines_with_too_many_or_too_few_fields_are_set_aside_with_their_text(tmp_path):
    study = damaged(tmp_path, "C3,O4,2024-04-01,7", "C3,O5,2024-04-01,8,0,extra", "C3,O6,2024-04-01,9,1", "C3,O7,2024-04-01,9,1,")
    row = issue(study, "set aside: wrong number of fields")
    assert row["rows"] == 2 and pd.isna(row["amount"]) and "row 5 (C3,O4,2024-04-01,7)" in row["examples"]
    assert study.quarantine()["text"].tolist() == ["C3,O4,2024-04-01,7", "C3,O5,2024-04-01,8,0,extra"]
    revenue = accounted(study, 7)
    assert revenue["amount_used"] == 148.5 and revenue["rows_unknown"] == 2


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path):
    study = damaged(tmp_path, '"C\n3",O4,2024-04-01,7,0', "C3,O4,2024-04-01,bad,0")
    assert study.quarantine()["row"].tolist() == [6]
    study = damaged(tmp_path, '"C\n3",O4,2024-04-01,7,0', "C3,O4,2024-04-01,bad,0", "x")
    assert study.quarantine()["row"].tolist() == [6, 7]


def test_a_header_that_stands_twice_is_refused_where_it_matters(tmp_path):
    with pytest.raises(StudyError, match=r"transactions.csv has 2 columns called 'revenue'; rename all but the one that is revenue"):
        Study.open(write(tmp_path, "customer_id,order_id,date,revenue,revenue\nC1,O1,2024-01-01,5,6\n"))
    study = Study.open(write(tmp_path, "customer_id,order_id,date,revenue,note,note,\nC1,O1,2024-01-01,5,6,7,8\n"))
    assert accounted(study, 1)["amount_used"] == 5 and issue(study, "columns not used")["examples"] == "note, note"


def test_quoted_line_breaks_quotes_and_delimiters_are_read(tmp_path):
    study = damaged(tmp_path, '"C\n3","O,4",2024-04-01,7,0', '"C ""4""",O5,2024-04-01,8,0')
    assert accounted(study, 5)["amount_used"] == 145.5
    assert {"C\n3", 'C "4"'} <= set(study.frame("transactions")["customer_id"])


def test_an_open_quote_is_refused_with_its_line(tmp_path):
    with pytest.raises(StudyError, match=r"transactions.csv cannot be read near line \d+.*quote is not closed"):
        damaged(tmp_path, '"C3,O4,2024-04-01,7,0', LINES[0]).check()


def test_a_gzip_file_cut_short_is_refused(tmp_path):
    whole = gzip.compress(("\n".join([HEADER, *LINES * 2000]) + "\n").encode())
    with pytest.raises(StudyError, match=r"transactions.csv.gz is cut short"):
        Study.open(write(tmp_path, whole[: len(whole) // 2], name="transactions.csv.gz")).check()


def test_files_of_one_table_must_have_the_same_columns(tmp_path):
    write(tmp_path, "\n".join([HEADER, *LINES]), name="transactions_2023.csv")
    write(tmp_path, "customer_id,order_id,date,revenue\nC1,O9,2023-01-01,5\n", name="transactions_2024.csv")
    with pytest.raises(StudyError, match=r"transactions_2024.csv lacks the column 'discount'"):
        Study.open(tmp_path)
    write(tmp_path, "revenue,customer_id,order_id,date,discount\nx,C1,O9,2023-01-01,1\n", name="transactions_2024.csv")
    study = Study.open(tmp_path)
    assert accounted(study, 4)["amount_used"] == 130.5 and study.quarantine().loc[0, ["file", "row"]].tolist() == [
        "transactions_2024.csv",
        2,
    ]


def test_a_file_that_is_not_read_beside_another_is_said(tmp_path):
    write(tmp_path, name="transactions_2023.csv")
    study = damaged(tmp_path)
    assert issue(study, "file passed over")["examples"] == "transactions_2023.csv is not read beside transactions.csv"
    assert accounted(study, 3)["amount_used"] == 130.5


def test_folders_may_have_any_name(tmp_path):
    folder = tmp_path / "a [1] *it's* {x} ä"
    folder.mkdir()
    toml = '[tables.transactions]\nfile = "transactions*.csv"\n'
    assert accounted(damaged(folder, "C1,O9,2024-01-01,1", toml=toml), 4)["amount_used"] == 130.5
    toml = "[tables.transactions]\nsql = \"select * from read_csv('{folder}/transactions.csv', all_varchar = true)\"\n"
    assert accounted(damaged(folder, toml=toml), 3)["amount_used"] == 130.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[study\n", "study.toml cannot be read"),
        ("[study]\nname = Demo\n", "Text values need quotes"),
        ("study = 1\n", "are sections"),
        ("[study]\nperiod = 'week'\n", "choose one of year, quarter, month"),
        ("[study]\nfiscal_start = 13\n", "it is a month"),
        ("[study]\ndecimals = 'two'\n", "decimals = 'two' should be a whole number"),
        ("[study]\ncost_model = 'x.toml'\n", "x.toml does not exist"),
        ("[credit]\nannual_rate = 8\n", "is a fraction"),
        ("[credit]\nrate = 0.08\n", "'rate' is not known; choose from 'annual_rate'"),
        ("[[ties]]\naccounts = ['1']\n", r"\[\[ties\]\] 1 lacks fact"),
        ("[tables]\nledger = 'ledger.csv'\n", "is a section of its own"),
        ("[tables.transactions]\nsql = 'select 1 as x'\nfile = 'a'\n", "names both file and sql"),
        ("[tables.transactions]\nsql = 'selec 1'\n", "the sql of study.toml does not run"),
        ("[tables.transactions]\nduplicates = 'drop'\n", "choose 'keep' or 'set_aside'"),
        ("[tables.ledger]\nfile = 'led*.csv'\n", "no file 'led\\*.csv'"),
        ("[tables.transactions]\nfile = 'transactions.xls'\n", "no file 'transactions.xls'.*did you mean 'transactions.csv'"),
    ],
)
def test_settings_that_cannot_be_read_say_why(tmp_path, text, message):
    write(tmp_path)
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(StudyError, match=message) as caught:
        Study.open(tmp_path)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_folder_without_a_study_or_transactions_says_so(tmp_path):
    with pytest.raises(StudyError, match=r"study.toml does not exist; name a folder"):
        Study.open(tmp_path)
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "transaction.csv").write_text("a\n1\n")
    with pytest.raises(StudyError, match=r"no file transactions.csv.*did you mean 'transaction.csv'"):
        Study.open(tmp_path)


def test_nothing_is_written_into_the_study(tmp_path):
    study = damaged(tmp_path, "C3,O4,bad,7,0", "x")
    before = sorted((file.name, file.read_bytes()) for file in tmp_path.iterdir())
    study.check(), study.customer_facts(), study.quarantine()
    assert before == sorted((file.name, file.read_bytes()) for file in tmp_path.iterdir())


def test_a_year_of_two_digits_is_set_aside_with_the_format_that_reads_it(tmp_path):
    text = "\n".join([HEADER, "C1,O1,05.01.2024,100.00,10", "C1,O2,3.7.23,50.5,"]) + "\n"
    study = Study.open(write(tmp_path, text, toml='[tables.transactions]\ndate_format = "%d.%m.%Y"\n'))
    found = issue(study, "set aside: date unreadable")
    assert found["rows"] == 1 and "%d.%m.%y" in found["advice"]
    accounted(study, 2)
    assert study.start == study.end == pd.Timestamp("2024-01-05")


def test_the_advice_on_a_date_never_repeats_a_format_that_is_there(tmp_path):
    text = "\n".join([HEADER, "C1,O1,05.01.2024,100.00,10", "C1,O2,2023-07-03,50.5,"]) + "\n"
    study = Study.open(write(tmp_path, text, toml='[tables.transactions]\ndate_format = "%d.%m.%Y"\n'))
    assert "'%Y-%m-%d'" in issue(study, "set aside: date unreadable")["advice"]


def test_ties_wait_where_no_transaction_can_be_used(tmp_path):
    toml = '[[ties]]\naccounts = ["4000"]\nfact = "net_revenue"\nsign = -1\n'
    ledger = "line_id,period,account,amount\nL1,2024-01,4000,-5.00\n"
    study = Study.open(write(tmp_path, f"{HEADER}\nC1,O1,sometime,100.00,10\n", toml=toml, ledger=ledger))
    assert issue(study, "set aside: date unreadable")["rows"] == 1


def test_a_wrong_delimiter_is_said_once(tmp_path):
    text = WHOLE.replace(",", ";")
    with pytest.raises(StudyError, match=r"the header of transactions.csv is one field, .*; say delimiter = ';'") as caught:
        Study.open(write(tmp_path, text, toml='[tables.transactions]\ndelimiter = ","\n'))
    assert len(caught.value.problems) == 1
