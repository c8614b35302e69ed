"""What the check suspects, each rule on a table that has the fault and is quiet without it."""

from __future__ import annotations

import pandas as pd
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


LEDGER = "line_id,period,account,amount\nL1,2024-01,6000,10\n"
SALES = sum(float(line.split(",")[3]) for line in SOLD.splitlines())
TIE = '[[ties]]\naccounts = ["4000"]\nfact = "net_revenue"\nsign = -1\n'
MODEL = '[pools.desk]\naccounts = ["6000"]\n[activities.serve]\npool = "desk"\ntable = "events"\ndriver = "rows"\n'
WHO, KINDS = "Who buys how much, and when?", "Which kinds of customers are there?"
WORTH = "What is a customer worth over its life, if a model fits?"
ALSO = ["Whom to keep, and whom to repair?", "Whom is it worth calling again, if a model fits?"]
FEW = "How much hangs on the largest customers?"
CAUSES, TIES, CAPACITY = (
    "What does each activity cost, and who causes it?",
    "Does the ledger agree with the invoice lines?",
    "Is the capacity that is paid for used?",
)


def flagged(folder, **options):
    """By the questions that are flagged, why."""
    (folder / "costs.toml").write_text(MODEL)
    issues(folder, **{"ledger": LEDGER, "events": "customer_id,date,activity,minutes\nC1,2024-05-01,call,9\n", **options})
    verdicts = answerable(Study.open(folder)).set_index("question")
    return verdicts.loc[verdicts["verdict"] == "FLAG", "because"].to_dict()


def test_a_sound_study_is_flagged_nowhere(tmp_path):
    assert flagged(tmp_path) == {}


@pytest.mark.parametrize(
    ("tables", "questions", "because"),
    [
        (
            {"events": "customer_id,date,activity,minutes\nC1,2024-05-01,ticket,1441\n"},
            [CAUSES, CAPACITY, KINDS, WORTH, *ALSO],
            "events.minutes: more than a day in one entry (1 rows: time that passed may pose as work)",
        ),
        (
            {"lines": SOLD + "C1,X,2004-05-01,150.00,P1,false\n"},
            [WHO, WORTH, *ALSO],
            "transactions.date: far from the other dates (1 rows: stretch the time)",
        ),
        (
            {"lines": SOLD + ",X,2024-05-01,150.00,P1,false\n"},
            [WHO, CAUSES, KINDS, WORTH, FEW, *ALSO],
            "transactions.customer_id: no customer (1 rows: belong to nobody known)",
        ),
        (
            {"lines": SOLD + "C1,X,never,150.00,P1,false\n", "ledger": f"{LEDGER}L2,2024-01,4000,{-SALES}\n", "toml": TIE},
            [WHO, TIES, CAUSES, KINDS, WORTH, FEW, *ALSO],
            "transactions.date: set aside: date unreadable (1 rows: missing from the answer)",
        ),
        (
            {"toml": '[[ties]]\naccounts = ["6000"]\nfact = "net_revenue"\n'},
            [TIES, CAUSES, CAPACITY, KINDS, WORTH, *ALSO],
            "ledger.account: does not tie (ledger and tables tell different amounts)",
        ),
    ],
)
def test_a_fault_flags_the_questions_that_it_touches_and_no_other(tmp_path, tables, questions, because):
    assert flagged(tmp_path, **tables) == dict.fromkeys(questions, because)


def test_either_of_two_columns_answers_where_the_list_price_goes(tmp_path):
    question = "Where does the list price go?"
    issues(tmp_path)
    asked = answerable(Study.open(tmp_path)).set_index("question").loc[question]
    assert asked[["verdict", "because"]].tolist() == ["REFUSE", "transactions.discount or transactions.list_amount is missing"]
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue,list_amount\nC1,1,2024-01-05,90,100\n")
    assert answerable(Study.open(tmp_path)).set_index("question").loc[question, "verdict"] == "PASS"


def test_work_touches_customers_only_where_a_cost_model_brings_it_to_them(tmp_path):
    issues(tmp_path, events="customer_id,date,activity,minutes\nC1,2024-05-01,ticket,1441\n")
    assert set(answerable(Study.open(tmp_path))["verdict"]) == {"PASS", "REFUSE"}


def test_verdicts_follow_from_what_is_missing_and_from_the_check(tmp_path):
    issues(tmp_path, lines=SOLD + "C1,X,2024-05-01,150000.00,P1,false\n")
    study = Study.open(tmp_path)
    verdicts = answerable(study).set_index("question")
    because = "transactions.revenue: out of proportion (1 rows: one typing error may outweigh all others)"
    assert verdicts.loc[WHO, ["verdict", "because"]].tolist() == ["FLAG", because]
    assert verdicts.loc["Which leads are worth the contact?", ["verdict", "because"]].tolist() == ["REFUSE", "leads is missing"]
    issues(tmp_path)
    assert answerable(Study.open(tmp_path)).set_index("question").loc[KINDS, "verdict"] == "PASS"
    issues(tmp_path, ratings="customer_id,date,score\nC1,2024-01-01,99\n")
    asked = answerable(Study.open(tmp_path)).set_index("question").loc["Would customers recommend the company?"]
    assert asked["verdict"] == "REFUSE" and asked["because"] == (
        "ratings: no usable row (1 rows: nothing to answer from); ratings.score: set aside: out of range (1 rows: missing from the answer)"
    )


def test_nothing_ties_where_nobody_named_accounts(tmp_path):
    issues(tmp_path, ledger=f"{LEDGER}L2,2024-01,4000,{-SALES}\n")
    asked = answerable(Study.open(tmp_path)).set_index("question").loc[TIES]
    assert asked[["verdict", "because"]].tolist() == ["REFUSE", "[[ties]] is missing"]
    issues(tmp_path, ledger=f"{LEDGER}L2,2024-01,4000,{-SALES}\n", toml=TIE)
    assert answerable(Study.open(tmp_path)).set_index("question").loc[TIES, "verdict"] == "PASS"


def test_a_date_of_the_first_year_is_far_from_the_others_and_no_more():
    lines = pd.DataFrame({"customer_id": "a", "order_id": [str(n) for n in range(200)], "date": ["2024-01-05"] * 199 + ["0001-01-06"]})
    issues = Study.from_tables({"transactions": lines.assign(revenue=1.0)}, currency="EUR").check()
    assert issues.set_index("rule").loc["far from the other dates", ["rows", "amount"]].tolist() == [1, 1.0]
    first = Study.from_tables({"transactions": lines.assign(revenue=1.0, date="0001-01-06")}, currency="EUR")
    assert "far from the other dates" not in first.check()["rule"].tolist()
