"""The first hour with a client: raw exports of three systems to a report, by the commands of the README and nothing else."""

from __future__ import annotations

import csv
import shutil

import pandas as pd
import pytest
from conftest import NOTEBOOKS
from test_presets import HARVEST, QUICKBOOKS_LEDGER

from custprof.__main__ import main

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Company,Billing Country,Cancelled at,"
    "Payment Method,Refunded Amount,Vendor,Id,Lineitem discount"
)
COMPANIES = [f"{place} {trade}" for place in ("Alder", "Cedar", "Dune", "Glen") for trade in ("Bakery", "Books", "Architects")]
MONTHS = [f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)]
MODEL = """direct = ["4000 Sales"]
[pools.support]
accounts = ["6100 Wages Support"]
capacity_minutes = 12_000
[pools.house]
accounts = ["6200 Rent"]
[activities.serve]
pool = "support"
table = "events"
minutes = "minutes"
[activities."keep the house"]
pool = "house"
level = "business"
"""


def shop() -> tuple[list[list], dict[str, float]]:
    """Orders as Shopify exports them, their fields on the first line only, some with a discount on the whole; and sales by month."""
    header, rows, sold = SHOPIFY.split(","), [], dict.fromkeys(MONTHS, 0.0)
    for number in range(400):
        place = number * 5 % 12
        name, month = COMPANIES[place], MONTHS[number * 7 % 24]
        status = "voided" if number % 40 == 7 else "paid"
        lines = [(10.5 + 3 * ((number + line) % 9), 1 + (number + line) % 4) for line in range(1 + number % 3)]
        whole = sum(price * count for price, count in lines) * (0.9 if number % 5 == 0 else 1)
        sold[month] += round(whole, 2) if status == "paid" else 0
        for line, (price, count) in enumerate(lines):
            row = dict.fromkeys(header, "") | {"Name": f"#{1000 + number}", "Email": f"office{place}@x.example"}
            row |= {"Lineitem quantity": count, "Lineitem name": f"P{line}", "Lineitem price": price, "Lineitem discount": "0.00"}
            row["Created at"] = f"{month}-{1 + number % 28:02} 10:00:00 +0100"
            if not line:
                row |= {"Financial Status": status, "Currency": "EUR", "Subtotal": f"{round(whole, 2):.2f}"}
                row |= {"Billing Name": "Kim Lee", "Billing Company": name}
            rows.append(list(row.values()))
    return [header, *rows], sold


def books(sold: dict[str, float]) -> list[list]:
    """The general ledger as QuickBooks prints it: title, accounts as headings, balances, totals."""
    lines = [["Acme"], ["General Ledger"], ["January 1, 2023 - December 31, 2024"], [], QUICKBOOKS_LEDGER.split(",")]
    for account, monthly in {"1000 Checking": 500.0, "4000 Sales": None, "6100 Wages Support": 2600.0, "6200 Rent": 1500.0}.items():
        amounts = [round(amount, 2) if monthly is None else monthly for amount in sold.values()]
        lines += [[account, *[""] * 8], ["", "Beginning Balance", *[""] * 6, "10,000.00"]]
        days = [f"{month[5:]}/28/{month[:4]}" for month in sold]
        lines += [["", day, "Journal", "J", "", "", "", f"{amount:,.2f}", ""] for day, amount in zip(days, amounts, strict=True)]
        lines.append([f"Total for {account}", *[""] * 6, f"${sum(amounts):,.2f}", ""])
    return [*lines, ["TOTAL", *[""] * 8], ["Friday, January 3, 2025 - Accrual Basis", *[""] * 8]]


def times() -> list[list]:
    """Hours as a German account of Harvest exports them, customers with their legal form, some of nobody."""
    forms, rows = ["GmbH", "Ltd", ""], []
    for number in range(300):
        name = f"{COMPANIES[number * 7 % 11]} {forms[number % 3]}".strip() if number % 20 else ""
        day = f"{1 + number % 28:02}.{1 + number % 12:02}.{2023 + number % 2}"
        rows.append(
            [day, name, "Support", "", "Phone", "", "1,5", "1,5", "Nein", "Nein", "Nein", "Jörg", "Müller", "Support", "Ja", *[""] * 6]
        )
    return [HARVEST.split(","), *rows]


@pytest.fixture
def exports(tmp_path):
    """Three files: UTF-8 with commas, UTF-8 with a mark and a title, Windows with semicolons."""
    orders, sold = shop()
    forms = {"orders_export_1": (orders, "utf-8", ","), "Acme_General Ledger": (books(sold), "utf-8-sig", ",")}
    forms["harvest_time_report"] = (times(), "cp1252", ";")
    for name, (rows, encoding, sign) in forms.items():
        with open(tmp_path / f"{name}.csv", "w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=sign).writerows(rows)
    return [str(file) for file in sorted(tmp_path.glob("*.csv"))], sum(sold.values())


def test_from_three_raw_exports_to_a_report(exports, tmp_path, capsys):
    """The notebooks on data, costs, profit and decisions: those that read what these systems lack (cost of goods, avoidable cost)."""
    files, sold = exports
    study = tmp_path / "acme"
    assert main(["new", str(study), "--from", *files]) == 0
    said = capsys.readouterr().out
    assert "customer_id <- Email and Billing Name" in said and "set aside: left out" in said and "Please answer" not in said
    # what the README says comes next: the names, the cost model, what the check asks for
    assert main(["aliases", str(study)]) == 0
    names = {row[1] for row in times()[1:] if row[1]}
    assert f"aliases.csv: {len(names)} new names; write yes or no" in capsys.readouterr().out
    aliases = pd.read_csv(study / "aliases.csv", dtype=str)
    assert [name.startswith(called) for name, called in zip(aliases["name"], aliases["called"], strict=True)] == [True] * len(aliases)
    aliases.assign(confirmed="yes").to_csv(study / "aliases.csv", index=False)
    (study / "costs.toml").write_text(MODEL)
    text = (study / "study.toml").read_text(encoding="utf-8")
    kept = 'preset = "quickbooks_ledger"\nkeep_only = { Account = ["4*", "6*"] }'
    tie = '\n[[ties]]\naccounts = ["4000 Sales"]\nfact = "net_revenue"\n'
    (study / "study.toml").write_text(text.replace('preset = "quickbooks_ledger"', kept) + tie, encoding="utf-8")
    assert main(["check", str(study)]) == 0
    said = capsys.readouterr().out
    assert "tied (0.00 EUR)" in said and "not in customers" not in said and "acme: 0 errors" in said
    (tmp_path / "notebooks").mkdir()
    for notebook in NOTEBOOKS:
        if notebook.stem[:2] in ("01", "02", "03", "07"):
            shutil.copy(notebook, tmp_path / "notebooks")
    assert main(["report", str(study), "--out", str(tmp_path / "report"), "--notebooks", str(tmp_path / "notebooks")]) == 0
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (tmp_path / "report").glob("*.html")}
    assert set(pages) == {"index", "01_data", "02_costs", "03_profit", "07_decisions"}
    assert "The study has no cost that is known to end with its customer." in pages["03_profit"] and "Kim Lee" not in pages["01_data"]
    pnl = pd.read_excel(tmp_path / "report" / "customer_profit.xlsx", sheet_name="Customer P&L", index_col=0)
    assert round(pnl["net revenue"].sum(), 2) == round(sold, 2) and {"office0@x.example", "(unknown customer)", "(unused capacity)"} <= set(
        pnl.index
    )
    # wages, rent: customers and residual rows carry all of what the ledger says
    assert round(pnl["cost to serve"].sum(), 2) == 24 * (2600 + 1500)
