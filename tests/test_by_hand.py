"""The report added up again from the demo's files, with csv and Decimal only: nothing of custprof computes here."""

import csv
import gzip
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import openpyxl
import pytest

from custprof.datasets import demo_path

pytestmark = pytest.mark.xdist_group("report")

CENT = Decimal("0.01")
RESIDUALS = {"(unused capacity)", "(unassigned)", "(business-sustaining)", "(unknown customer)"}


def rows_of(name):
    for path in sorted(demo_path().glob(name)):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield from csv.DictReader(content.decode("utf-8").splitlines())


@pytest.fixture(scope="module")
def sheet(demo_report):
    """The sheet "Customer P&L" as {row: {column: Decimal}}."""
    book = openpyxl.load_workbook(demo_report / "customer_profit.xlsx", read_only=True, data_only=True)
    header, *rows = [row for row in book["Customer P&L"].iter_rows(values_only=True) if row[0] is not None]
    names = [str(name).replace(" ", "_") for name in header]
    return {
        row[0]: {name: Decimal(str(cell)) for name, cell in zip(names, row, strict=True) if isinstance(cell, int | float)} for row in rows
    }


@pytest.fixture(scope="module")
def lines():
    return list(rows_of("transactions_*.csv.gz"))


@pytest.fixture(scope="module")
def customer(lines):
    """The customer with the most returned lines: nothing about it is simple."""
    returned = defaultdict(int)
    for line in lines:
        returned[line["customer_id"]] += line["is_return"] == "True" and bool(line["customer_id"])
    return max(sorted(returned), key=returned.get)


def test_a_customer_s_ladder_by_hand_to_the_cent(sheet, lines, customer):
    own = [line for line in lines if line["customer_id"] == customer]
    sold = [line for line in own if line["is_return"] != "True"]
    back = [line for line in own if line["is_return"] == "True"]
    assert sold and back
    revenue = sum(Decimal(line["revenue"]) for line in own)
    expected = {
        "list_revenue": sum(Decimal(line["list_amount"]) for line in sold),
        "discounts": sum(Decimal(line["discount"]) for line in sold),
        "returns": -sum(Decimal(line["revenue"]) for line in back),
        "net_revenue": revenue,
        **{name: sum(Decimal(line[name]) for line in own) for name in ("cost_of_goods", "freight", "commission")},
    }
    last = max(date.fromisoformat(line["date"]) for line in lines)
    interest = lost = Decimal(0)
    for invoice in rows_of("invoices.csv.gz"):
        if invoice["customer_id"] != customer:
            continue
        amount, paid = Decimal(invoice["amount"]), Decimal(invoice["amount_paid"] or "0")
        until = date.fromisoformat(invoice["paid_on"]) if invoice["paid_on"] else last
        days = (until - date.fromisoformat(invoice["invoiced_on"])).days
        interest += (amount * Decimal("0.08") * days / 365).quantize(CENT, ROUND_HALF_UP)
        overdue = date.fromisoformat(invoice["due_on"]) + timedelta(days=180) < last
        lost += max(amount - paid, Decimal(0)) if overdue else 0
    expected |= {"credit_cost": interest, "bad_debt": lost}
    row = sheet[customer]
    assert {name: row[name].quantize(CENT) for name in expected} == expected
    contribution = revenue - sum(expected[name] for name in ("cost_of_goods", "freight", "commission", "credit_cost", "bad_debt"))
    assert row["contribution"].quantize(CENT) == contribution
    assert row["profit"].quantize(CENT) == contribution - row["cost_to_serve"].quantize(CENT)


def test_a_customer_s_reminders_by_hand_within_a_cent_a_year(sheet, customer):
    """Credit control is spread over reminders; its own accounts here, the part of IT and facilities is bounded by their ledger lines."""
    reminders, own = defaultdict(int), defaultdict(int)
    for event in rows_of("events.csv.gz"):
        if event["activity"] == "reminder":
            reminders[event["date"][:4]] += 1
            own[event["date"][:4]] += event["customer_id"] == customer
    spent = defaultdict(Decimal)
    for line in rows_of("ledger.csv"):
        if line["account"] == "6400":
            spent[line["period"][:4]] += Decimal(line["amount"])
    least = sum(spent[year] * own[year] / reminders[year] for year in reminders)
    charged = sheet[customer]["remind_late_payers"]
    assert least - len(reminders) * CENT <= charged <= least * Decimal("1.5")


def test_customers_and_residual_rows_are_the_ledger(sheet):
    ledger = sum(Decimal(line["amount"]) for line in rows_of("ledger.csv"))
    assert sum(row["profit"].quantize(CENT) for row in sheet.values()) == -ledger
    overheads = sum(Decimal(line["amount"]) for line in rows_of("ledger.csv") if line["account"] >= "6000")
    assert sum(row["cost_to_serve"].quantize(CENT) for row in sheet.values()) == overheads
    assert sheet.keys() >= RESIDUALS - {"(unassigned)"}
