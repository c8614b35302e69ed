"""What the check suspects, each rule on a table that has the fault and is quiet without it."""

from __future__ import annotations

import pytest

from custprof.study import Study, answerable

LINES = "customer_id,order_id,date,revenue,product_id,is_return\n"
SOLD = "".join(f"C{n % 7},O{n},2024-{n % 12 + 1:02}-{n % 28 + 1:02},{100 + n % 50}.00,P1,false\n" for n in range(400))


def issues(folder, lines=SOLD, toml="", **tables):
    (folder / "study.toml").write_text('[study]\ncurrency = "EUR"\n' + toml)
    (folder / "transactions.csv").write_text(LINES + lines)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return Study.open(folder).check().set_index("rule")


CREDIT = "[credit]\nannual_rate = 0.08\n"
FAULTS = {
    "out of proportion": ({"lines": SOLD + "C1,X,2024-05-01,150000.00,P1,false\n"}, 1, 150000.0),
    "far from the other dates": ({"lines": SOLD + "C1,X,2004-05-01,150.00,P1,false\nC1,Y,1999-05-01,1,P1,false\n"}, 2, 151.0),
    "return without a sale": ({"lines": SOLD + "C1,X,2024-05-01,-9.00,P2,true\nC1,Y,2024-12-31,-9.00,P1,true\n"}, 1, -9.0),
    "more than a day in one entry": (
        {"events": "customer_id,date,activity,minutes\nC1,2024-05-01,ticket,1441\nC1,2024-05-01,call,1440\n"},
        1,
        None,
    ),
    "more than 24 hours a day": (
        {"events": "customer_id,date,activity,minutes,employee\n" + "C1,2024-05-01,call,800,Kim\n" * 2 + "C1,2024-05-01,call,800,Jo\n"},
        2,
        None,
    ),
    "not in transactions": ({"events": "customer_id,date,activity\nAda,2024-05-01,call\nC1,2024-05-01,call\n,2024-05-01,call\n"}, 1, None),
    "a month or more outside the transactions": (
        {"events": "customer_id,date,activity\nC1,2025-05-01,call\nC1,2025-01-05,call\n"},
        1,
        None,
    ),
    "name shared by customers": (
        {"customers": "customer_id,name\n" + "".join(f"C{n},{'Ada' if n < 2 else n}\n" for n in range(7))},
        2,
        None,
    ),
    "customer written in several ways": ({"lines": SOLD + "c1,X,2024-05-01,7.00,P1,false\n"}, 58, None),
    "no payments": ({"invoices": "invoice_id,customer_id,invoiced_on,due_on,amount\nI1,C1,2024-05-01,2024-06-01,9\n"}, 1, 9.0),
    "paid without a date": (
        {
            "toml": CREDIT,
            "invoices": "invoice_id,customer_id,invoiced_on,due_on,amount,paid_on,amount_paid\n"
            "I1,C1,2024-05-01,2024-06-01,9,,9\nI2,C1,2024-05-01,2024-06-01,9,2024-05-05,9\nI3,C1,2024-05-01,2024-06-01,9,,3\n",
        },
        1,
        9.0,
    ),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_suspicion_names_its_rows_and_money_and_no_other_rule_speaks(tmp_path, rule):
    tables, rows, amount = FAULTS[rule]
    found = issues(tmp_path, **tables)
    assert found.loc[rule, "rows"] == rows and found.loc[rule, "advice"].endswith(".")
    assert amount is None or found.loc[rule, "amount"] == amount
    assert not set(FAULTS) & set(found.index) - {rule}


def test_a_sound_study_is_not_suspected(tmp_path):
    assert issues(tmp_path).empty


def test_verdicts_follow_from_what_is_missing_and_from_the_check(tmp_path):
    issues(tmp_path, lines=SOLD + "C1,X,2024-05-01,150000.00,P1,false\n")
    study = Study.open(tmp_path)
    verdicts = answerable(study).set_index("question")
    assert verdicts.loc["Who buys how much, and when?", ["verdict", "because"]].tolist() == ["FLAG", "transactions: out of proportion"]
    assert verdicts.loc["Which leads are worth the contact?", ["verdict", "because"]].tolist() == ["REFUSE", "leads is missing"]
    issues(tmp_path)
    assert answerable(Study.open(tmp_path)).set_index("question").loc["Which kinds of customers are there?", "verdict"] == "PASS"
    issues(tmp_path, ratings="customer_id,date,score\nC1,2024-01-01,99\n")
    asked = answerable(Study.open(tmp_path)).set_index("question").loc["Would customers recommend the company?"]
    assert (asked["verdict"], asked["because"]) == ("REFUSE", "ratings: no usable row, set aside: out of range")
