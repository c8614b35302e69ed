"""Every preset on an export with exactly the headers and in the forms that its system writes."""

from __future__ import annotations

import codecs

import pandas as pd
import pytest

from custprof.study import Study, StudyError
from custprof.study.presets import presets, recognise


def open_export(folder, table, preset, text, *, encoding="utf-8", toml="", study="", name="export.csv", currency="EUR"):
    """A study of one export; tables other than transactions get a line of transactions beside them."""
    section = f'[tables.{table}]\nfile = "{name}"\npreset = "{preset}"\n{toml}\n'
    (folder / "study.toml").write_text(f'[study]\ncurrency = "{currency}"\n{study}\n{section}', encoding="utf-8")
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    if table != "transactions":
        (folder / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-05,9\n")
    opened = Study.open(folder)
    whole = opened.reconciliation()
    assert (whole["rows_read"] == whole["rows_used"] + whole["rows_set_aside"]).all()
    money = whole[whole["column"] != ""]
    assert ((money["amount_read"] - money["amount_used"] - money["amount_set_aside"] - money["amount_rounding"]).abs() < 1e-9).all()
    return opened


def rules(study, table):
    issues = study.check()
    return set(issues["rule"][issues["table"] == table])


TOGGL = "User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags"
HARVEST = (
    "Date,Client,Project,Project Code,Task,Notes,Hours,Hours Rounded,Billable?,Invoiced?,Approved?,First Name,Last Name,Roles,Employee?,"
    "Billable Rate,Billable Amount,Cost Rate,Cost Amount,Currency,External Reference URL"
)
CLOCKIFY = (
    "Project,Client,Description,Task,User,Group,Email,Tags,Billable,Start Date,Start Time,End Date,End Time,Duration (h),"
    "Duration (decimal),Billable Rate (USD),Billable Amount (USD)"
)
ZENDESK = (
    "Id,Requester,Requester domain,Submitter,Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Updated at,Assigned at,"
    "Organization,Due date,Initially assigned at,Solved at,Resolution time,Satisfaction Score,Group stations,"
    "Assignee stations,Reopens,Replies,"
    "First reply time in minutes,First resolution time in minutes,Full resolution time in minutes,Agent wait time in minutes,"
    "Requester wait time in minutes,On hold time in minutes"
)
FRESHDESK = (
    "Ticket ID,Subject,Description,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,Closed time,"
    "Last update time,Initial response time,Time tracked,First response time (in hrs),Resolution time (in hrs),Agent interactions,"
    "Customer interactions,Resolution status,First response status,Tags,Survey results,Product"
)
ADDRESS = ",".join(
    f"{kind}{part}"
    for kind in ("PO", "SA")
    for part in ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode", "Country")
)
XERO = (
    f"ContactName,EmailAddress,{ADDRESS},"
    "InvoiceNumber,Reference,InvoiceDate,DueDate,PlannedDate,Total,TaxTotal,InvoiceAmountPaid,InvoiceAmountDue,InventoryItemCode,Description,"
    "Quantity,UnitAmount,Discount,LineAmount,AccountCode,TaxType,TaxAmount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,"
    "Currency,Type,Sent,Status"
)
STRIPE = (
    "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,Converted Amount Refunded,Fee,Tax,"
    "Converted Currency,Mode,Status,Statement Descriptor,Customer ID,Customer Description,Customer Email,Captured,Card ID,Disputed Amount,"
    "Dispute Status,Dispute Reason"
)
GP_LINES = "SOPTYPE,SOPNUMBE,DOCDATE,CUSTNMBR,ITEMNMBR,ITEMDESC,QUANTITY,EXTDCOST,XTNDPRCE,UNITCOST,UNITPRCE"
GP_CAPTIONS = (
    "Document Type,Document Number,Document Date,Customer Number,Item Number,Item Description,Quantity,Extended Cost,Extended Price,"
    "Unit Cost,Unit Price"
)
GP_DEBTS = (
    "CUSTNMBR,DOCNUMBR,RMDTYPAL,DOCDATE,SLSAMNT,TRXDSCRN,CHEKNMBR,FRTAMNT,MISCAMNT,TAXAMNT,CASHAMNT,ORTRXAMT,COMDLRAM,DINVPDOF,DISTKNAM,"
    "SLPRSNID,SLSTERCD,PYMTRMID"
)
CENTRAL = (
    "Entry No.,Customer No.,Posting Date,Document Type,Document No.,Sales (LCY),Profit (LCY),Inv. Discount (LCY),Salesperson Code,Due Date,"
    "Open,Amount (LCY),Remaining Amt. (LCY)"
)
SAP = "VBELN,POSNR,FKDAT,KUNAG,KUNRG,MATNR,FKIMG,BRTWR,NETWR,KZWI1,KZWI2,KZWI3,KZWI4,KZWI5,KZWI6,WAVWR,MWSBP,SKFBP,WAERK,PROVG,PVRTNR"
ODOO = "Number,Invoice Partner Display Name,Invoice/Bill Date,Due Date,Untaxed Amount Signed,Total Signed,Currency,Payment Status"
ODOO_LINES = (
    "Number,Invoice Partner Display Name,Invoice/Bill Date,Due Date,Currency,Payment Status,Invoice lines/Product,Invoice lines/Quantity,"
    "Invoice lines/Unit Price"
)
JOURNAL = (
    "move,name,date,journal,period,partner,account,date_maturity,debit,credit,balance,reconcile,analytic_account,ref,amount_residual,"
    "amount_currency,currency_name,product,quantity"
)
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Subtotal,Shipping,Taxes,Total,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem sku,Lineitem discount,Billing Name"
)
HUBSPOT = "Record ID,Deal Name,Deal Stage,Amount,Deal owner,Close Date,Create Date,Last Activity Date,Associated Company"
HUBSPOT_ELSEWHERE = {
    "gewonnen": "Datensatz-ID,Deal-Name,Deal-Phase,Betrag,Abschlussdatum,Erstellungsdatum,Zugeordnetes Unternehmen",
    "Fermé gagné": "Identifiant de l'enregistrement,Nom de la transaction,Phase de la transaction,Montant,Date de fermeture,"
    "Date de création,Entreprise associée",
    "Cierre ganado": "ID de registro,Nombre del negocio,Etapa del negocio,Valor,Fecha de cierre,Fecha de creación,Empresa asociada",
}
SHOPIFY_BARE = "Name,Email,Financial Status,Created at,Lineitem name,Lineitem quantity,Lineitem price,Lineitem discount,Billing Name"
SALESFORCE = (
    "Id,IsDeleted,AccountId,Name,StageName,Amount,Probability,CloseDate,Type,LeadSource,CampaignId,OwnerId,IsWon,IsClosed,CreatedDate"
)
VTIGER = "accountid,accountname,account_type,phone,email1,website,industry,employees,annual_revenue"
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
QUICKBOOKS_LEDGER = ",Date,Transaction Type,Num,Name,Memo/Description,Split,Amount,Balance"
QUICKBOOKS = ",Date,Transaction Type,Num,Product/Service,Memo/Description,Qty,Sales Price,Amount,Balance"

SAP_CUSTOMERS = "MANDT,KUNNR,LAND1,NAME1,NAME2,ORT01,PSTLZ,REGIO,BRSCH,KTOKD,ERDAT"
TEMPO = (
    "Issue Key,Issue summary,Hours,Work date,Username,Full name,Period,Account Key,Account Name,Account Lead,Account Category,"
    "Account Customer,Activity Name,Component,All Components,Version Name,Issue Type,Issue Status,Project Key,Project Name,Epic,Epic Link,"
    "Work Description,Parent Key,Reporter,External Hours,Billed Hours,Issue Original Estimate,Issue Remaining Estimate"
)

HEADERS = {
    "toggl": [TOGGL, TOGGL + ",Amount ()", TOGGL + ",Amount (USD)"],
    "harvest": [HARVEST, HARVEST + ",Employee Id", HARVEST.replace("Roles,Employee?", "Department,Roles,Employee?")],
    "clockify": [CLOCKIFY, CLOCKIFY.replace("USD", "EUR")],
    "zendesk": [ZENDESK],
    "freshdesk": [FRESHDESK],
    "xero_invoices": [XERO],
    "quickbooks_sales": [QUICKBOOKS],
    "quickbooks_ledger": [QUICKBOOKS_LEDGER],
    "stripe_payments": [STRIPE, STRIPE.replace("Created (UTC)", "Created date (UTC)")],
    "gp_sales_lines": [GP_LINES, GP_CAPTIONS],
    "gp_receivables": [GP_DEBTS],
    "business_central": [CENTRAL],
    "sap_billing": [SAP],
    "sap_customers": [SAP_CUSTOMERS],
    "tempo_worklogs": [TEMPO],
    "odoo_invoices": [ODOO],
    "odoo_invoice_lines": [ODOO_LINES],
    "odoo_journal": [JOURNAL],
    "shopify_orders": [SHOPIFY, SHOPIFY_BARE],
    "hubspot_deals": [HUBSPOT, *HUBSPOT_ELSEWHERE.values()],
    "salesforce_opportunities": [SALESFORCE],
    "vtiger_accounts": [VTIGER],
    "online_retail": [RETAIL],
}


def test_every_preset_has_its_headers_here():
    assert sorted(HEADERS) == presets()


@pytest.mark.parametrize(("name", "header"), [(name, header) for name, headers in HEADERS.items() for header in headers])
def test_a_preset_is_recognised_by_its_headers_and_by_no_other(name, header):
    found, row = recognise([header.split(",")])
    assert (found.name, row) == (name, 0)
    assert recognise([["Report of things"], [cell.upper() + " " for cell in header.split(",")]])[0].name == name


def test_headers_that_nobody_wrote_are_not_recognised():
    assert recognise([["customer_id", "order_id", "date", "revenue"]]) is None


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("amount", ["", ",Amount ()", ",Amount (USD)"])
def test_toggl(tmp_path, mark, amount):
    rest = ",12.50" if amount else ""
    lines = [
        TOGGL + amount,
        f"Kim,kim@x.org,Ada,Site,Design,,Yes,2024-01-05,09:00:00,2024-01-05,10:30:00,01:30:00,{rest}",
        f"Kim,kim@x.org,,Own,,,No,2024-01-06,09:00:00,2024-01-06,09:00:36,00:00:36,{rest}",
    ]
    events = open_export(tmp_path, "events", "toggl", mark + "\r\n".join(lines).encode()).frame("events").set_index("activity")
    assert events["minutes"].to_dict() == {"Design": 90.0, "Own": 0.6} and events["employee"].eq("kim@x.org").all()
    assert events.loc["Design", "customer_id"] == "Ada" and pd.isna(events.loc["Own", "customer_id"])


@pytest.mark.parametrize(
    ("sign", "date", "hours", "toml"),
    [
        (",", "2024-01-25", "7.5", ""),
        (";", "25.01.2024", "7,5", 'decimal = ","'),
        (",", "01/25/2024", "7:30", ""),
        ("\t", "25/01/2024", "07:30:00", ""),
    ],
)
def test_harvest(tmp_path, sign, date, hours, toml):
    header = HARVEST.replace("Employee?", "Employee?,Department").replace(",", sign)
    cells = [date, "Ada", "Site", "", "Support", "", hours, hours, "Yes", "No", "No", "Kim", "Lee", "Dev", "Yes", "Care", *[""] * 6]
    study = open_export(tmp_path, "events", "harvest", f"{header}\n{sign.join(cells)}\n", toml=toml)
    (row,) = study.frame("events").to_dict("records")
    assert (row["date"].date().isoformat(), row["minutes"], row["department"]) == ("2024-01-25", 450.0, "Care")
    assert (row["activity"], row["employee"], row["customer_id"]) == ("Support", "Kim Lee", "Ada")


def test_minutes_of_a_clock_are_whole_minutes(tmp_path):
    clocks = [f"{minutes // 60:02}:{minutes % 60:02}:00" for minutes in range(600)]
    lines = [f"Kim,k,Ada,P,T,,Yes,2024-01-05,,,,{clock}," for clock in clocks]
    minutes = open_export(tmp_path, "events", "toggl", "\n".join([TOGGL, *lines])).frame("events")["minutes"]
    assert sorted(minutes) == list(range(600))
    hours = [f"2024-01-05,Ada,Site,,Support,,{clock},,,,,Kim,Lee,Dev,,,,,,," for clock in clocks]
    minutes = open_export(tmp_path, "events", "harvest", "\n".join([HARVEST, *hours])).frame("events")["minutes"]
    assert sorted(minutes) == list(range(600))


def test_harvest_with_an_employee_id_in_another_encoding(tmp_path):
    line = "2024-01-25,Müller,Site,,Support,,1,1,Yes,No,No,Kim,Lee,Dev,Yes,,,,,EUR,,E7"
    study = open_export(tmp_path, "events", "harvest", f"{HARVEST},Employee Id\n{line}\n", encoding="cp1252", toml='encoding = "cp1252"')
    assert study.frame("events")[["customer_id", "employee"]].to_numpy().tolist() == [["Müller", "E7"]]


def test_a_day_that_may_be_a_month_is_not_guessed(tmp_path):
    lines = [f"{date},Ada,Site,,Support,,1,1,Yes,No,No,Kim,Lee,Dev,Yes,,,,,EUR," for date in ("01/02/2024", "25/02/2024", "03/03/2024")]
    study = open_export(tmp_path, "events", "harvest", "\n".join([HARVEST, *lines]))
    assert study.quarantine()[["cell", "reason"]].to_numpy().tolist() == [["01/02/2024", "date ambiguous"]]
    study = open_export(tmp_path, "events", "harvest", "\n".join([HARVEST, *lines]), toml='date_format = "%d/%m/%Y"')
    assert study.quarantine().empty and len(study.frame("events")) == 3


def test_clockify(tmp_path):
    lines = [
        CLOCKIFY,
        "Site,Ada,,Build,Kim,Team,kim@x.org,,Yes,01/25/2024,09:00:00 AM,01/25/2024,11:15:00 AM,02:15:00,2.25,10.00,22.50",
        "Site,Bob,,,Kim,Team,kim@x.org,,Yes,01/26/2024,02:00:00 PM,01/26/2024,02:30:00 PM,00:30:00,0.50,10.00,5.00",
    ]
    events = open_export(tmp_path, "events", "clockify", "\n".join(lines)).frame("events").set_index("customer_id")
    assert events["minutes"].to_dict() == {"Ada": 135.0, "Bob": 30.0} and events["activity"].to_dict() == {"Ada": "Build", "Bob": "Site"}
    assert events["date"].dt.strftime("%Y-%m-%d").tolist() == ["2024-01-25", "2024-01-26"]


def test_zendesk_says_that_elapsed_time_is_no_effort(tmp_path):
    def line(organization, created):
        cells = dict.fromkeys(ZENDESK.split(","), "") | {
            "Requester domain": "ada.org",
            "Assignee": "Kim",
            "Full resolution time in minutes": "9000",
        }
        cells |= {"Created at": created, "Organization": organization, "Status": "Solved", "Ticket type": "Problem"}
        return ",".join(cells.values())

    text = "\n".join([ZENDESK, line("Ada", "2024-01-25 23:30:00 -0500"), line("", "2024-01-26 10:00")])
    study = open_export(tmp_path, "events", "zendesk", text)
    assert "minutes" not in study.columns("events") and {"no effort", "about this export"} <= rules(study, "events")
    assert study.check()["advice"].str.contains("no effort").any()
    events = study.frame("events")
    assert events["customer_id"].tolist() == ["Ada", "ada.org"] and events["date"].dt.day.tolist() == [25, 26]


def test_freshdesk(tmp_path):
    def line(**cells):
        return ",".join((dict.fromkeys(FRESHDESK.split(","), "") | {key.replace("_", " "): value for key, value in cells.items()}).values())

    lines = [
        line(Ticket_ID="1", Created_time="2024-01-25 10:00:00", Time_tracked="00:45:00", Type="Question", Agent="Kim"),
        line(Ticket_ID="2", Created_time="2024-01-26 10:00:00", Agent="Kim"),
    ]
    study = open_export(tmp_path, "events", "freshdesk", "\n".join([FRESHDESK, *lines]))
    events = study.frame("events").sort_values("date")
    assert events["minutes"].tolist()[0] == 45 and events["minutes"].isna().tolist() == [False, True]
    assert "no customer" in rules(study, "events") and events["customer_id"].isna().all()
    lines = [f"{header},{extra}" for header, extra in zip([FRESHDESK, *lines], ["Company name", "Ada", "No Company"], strict=True)]
    assert open_export(tmp_path, "events", "freshdesk", "\n".join(lines)).frame("events")["customer_id"].notna().sum() == 1


def xero(**cells):
    return ",".join((dict.fromkeys(XERO.split(","), "") | {"Currency": "EUR", "Status": "Paid", "Type": "Sales invoice"} | cells).values())


XERO_LINES = [
    XERO,
    *[
        xero(
            ContactName="Ada", InvoiceNumber="I1", InvoiceDate="25/01/2024", DueDate="24/02/2024", Total="44", InvoiceAmountPaid="44",
            Quantity="2", UnitAmount=unit, LineAmount=amount, TaxAmount="2", Description=what,
        )
        for unit, amount, what in (("11", "20", "Pens"), ("10", "20", "Ink"))
    ],
    xero(ContactName="Bob", InvoiceNumber="I2", InvoiceDate="26/01/2024", DueDate="", Total="7", LineAmount="7", Status="Voided"),
    xero(
        ContactName="Bob", InvoiceNumber="C1", InvoiceDate="27/01/2024", Total="5", LineAmount="5", Quantity="1", UnitAmount="5",
        Type="Sales credit note",
    ),
    xero(ContactName="Eve", InvoiceNumber="I3", InvoiceDate="28/01/2024", Total="9", LineAmount="9", Currency="USD"),
]  # fmt: skip


def test_xero_lines(tmp_path):
    study = open_export(tmp_path, "transactions", "xero_invoices", "\n".join(XERO_LINES))
    assert study.customer_facts()["net_revenue"].to_dict() == {"Ada": 40.0, "Bob": -5.0}
    assert study.customer_facts().loc["Ada", "discounts"] == 2.0 and study.customer_facts().loc["Bob", "returns"] == 5.0
    aside = study.quarantine().set_index("reason")
    assert aside["amount"].to_dict() == pytest.approx({"left out": 7.0, "another currency": float("nan")}, nan_ok=True)
    assert aside.loc["left out", "cell"] == "Status Voided, Type Sales invoice" and aside.loc["another currency", "cell"] == "USD"
    converted = open_export(tmp_path, "transactions", "xero_invoices", "\n".join(XERO_LINES), study="[rates]\nusd = 0.5\n")
    assert converted.customer_facts().loc["Eve", "net_revenue"] == 4.5


def test_xero_invoices_out_of_their_lines(tmp_path):
    study = open_export(tmp_path, "invoices", "xero_invoices", "\n".join(XERO_LINES))
    (row,) = study.frame("invoices").to_dict("records")
    assert (row["invoice_id"], row["amount"], row["amount_paid"], str(row["due_on"].date())) == ("I1", 44.0, 44.0, "2024-02-24")
    assert "set aside: duplicate key" not in rules(study, "invoices")
    broken = "\n".join(XERO_LINES).replace("44,,44", "45,,44", 1)
    assert "set aside: duplicate key" in rules(open_export(tmp_path, "invoices", "xero_invoices", broken), "invoices")


MONTH_FIRST = 'date_format = "%m/%d/%Y"'
QUICKBOOKS_REPORT = "\n".join(
    [
        "Sales by Customer Detail,,,,,,,,,",
        "Ada & Co,,,,,,,,,",
        '"January 1 - December 31, 2024",,,,,,,,,',
        "",
        QUICKBOOKS,
        "Ada,,,,,,,,,",
        ',01/25/2024,Invoice,1001,Pens,Blue,2.00,617.25,"1,234.50","1,234.50"',
        ",02/26/2024,Credit Memo,1002,Pens,,-1.00,617.25,-617.25,617.25",
        "Site of Ada,,,,,,,,,",
        ",03/01/2024,Invoice,1003,Ink,,1.00,10.00,10.00,627.25",
        "Total for Site of Ada,,,,,,1.00,,$10.00,",
        ",03/02/2024,Invoice,1004,Ink,,1.00,5.00,5.00,632.25",
        'Total for Ada,,,,,,2.00,,"632.25",',
        "Total Care Inc,,,,,,,,,",
        ",03/15/2024,Sales Receipt,,Pens,,1.00,100.00,100.00,100.00",
        "Total for Total Care Inc,,,,,,1.00,,100.00,",
        'TOTAL,,,,,,3.00,,"732.25",',
        "",
        '"Friday, Mar 15, 2024 10:00:00 AM GMT - Accrual Basis",,,,,,,,,',
    ]
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quickbooks_report(tmp_path, end):
    study = open_export(tmp_path, "transactions", "quickbooks_sales", QUICKBOOKS_REPORT.replace("\n", end), toml=MONTH_FIRST)
    facts = study.customer_facts()
    assert facts["net_revenue"].to_dict() == {"Ada": 622.25, "Site of Ada": 10.0, "Total Care Inc": 100.0}
    assert facts.loc["Ada", "returns"] == 617.25 and study.quarantine().empty
    issues = study.check().set_index("rule")
    assert issues.loc["rows of a report", "examples"] == "4 headings, 3 titles, 4 totals"
    assert issues.loc["report's total agrees", ["rows", "amount"]].tolist() == [4, 0]


def test_quickbooks_ledger(tmp_path):
    lines = [
        *("Ada & Co,,,,,,,,", "General Ledger,,,,,,,,", '"January 1 - December 31, 2024",,,,,,,,', "", QUICKBOOKS_LEDGER),
        *("1000 Checking,,,,,,,,", ',Beginning Balance,,,,,,,"10,000.00"', ',01/31/2024,Deposit,7,Ada,,4000 Sales,"1,500.00","11,500.00"'),
        *('Total for 1000 Checking,,,,,,,"$1,500.00",', "6100 Wages,,,,,,,,", ",02/15/2024,Check,8,Kim,,1000 Checking,900.00,900.00"),
        *(",02/16/2024,Check,8,Kim,,1000 Checking,-100.00,800.00", "Total for 6100 Wages,,,,,,,$800.00,", "TOTAL,,,,,,,,", ""),
        '"Friday, Mar 15, 2024 10:00:00 AM GMT - Accrual Basis",,,,,,,,',
    ]
    toml = MONTH_FIRST + '\nkeep_only = { Account = ["4*", "6*"] }'
    study = open_export(tmp_path, "ledger", "quickbooks_ledger", "\n".join(lines), toml=toml)
    ledger = study.frame("ledger")
    assert ledger[["account", "amount"]].to_numpy().tolist() == [["6100 Wages", 900.0], ["6100 Wages", -100.0]]
    assert ledger["line_id"].tolist() == ["Check 8 row 10", "Check 8 row 11"] and set(study.quarantine()["reason"]) == {"left out"}
    opened = open_export(tmp_path, "ledger", "quickbooks_ledger", "\n".join(lines), toml=MONTH_FIRST)
    assert opened.frame("ledger")["amount"].sum() == 2300.0 and opened.quarantine()["cell"].tolist() == ["Date Beginning Balance"]


def test_a_total_that_the_lines_do_not_reach_is_said(tmp_path):
    text = "\n".join(line for line in QUICKBOOKS_REPORT.replace('"732.25"', '"$732.25"').splitlines() if "1004" not in line)
    issues = open_export(tmp_path, "transactions", "quickbooks_sales", text, toml=MONTH_FIRST).check().set_index("rule")
    assert issues.loc["report's total differs", "amount"] == -5.0 and issues.loc["report's total differs", "severity"] == "warning"


def test_a_report_of_another_kind_is_said(tmp_path):
    with pytest.raises(StudyError, match=r"export.csv has no row with 'Date', 'Transaction Type'.*is it another report"):
        open_export(tmp_path, "transactions", "quickbooks_sales", "Profit and Loss\n,Total\nIncome,5\n")


def stripe(created="Created (UTC)", **cells):
    header = STRIPE.replace("Created (UTC)", created).split(",")
    return ",".join((dict.fromkeys(header, "") | {"Currency": "usd", "Converted Currency": "eur", "Status": "Paid"} | cells).values())


@pytest.mark.parametrize("created", ["Created (UTC)", "Created date (UTC)"])
def test_stripe(tmp_path, created):
    common = {created: "2024-01-25 23:59:59", "Customer ID": "cus_1", "Fee": "0.50", "Captured": "true"}
    lines = [
        STRIPE.replace("Created (UTC)", created),
        stripe(created, id="ch_1", Amount="12", **{"Converted Amount": "10", "Converted Amount Refunded": "2.50"}, **common),
        stripe(created, id="ch_2", Amount="12", **{"Converted Amount": "10"}, **common | {"Customer ID": "", "Customer Email": "b@x.org"}),
        stripe(created, id="ch_3", Amount="12", **{"Converted Amount": "10"}, **common | {"Status": "Failed"}),
        stripe(created, id="ch_4", Amount="9", **{"Converted Amount": "8", "Dispute Status": "Lost"}, **common),
    ]
    invoices = open_export(tmp_path, "invoices", "stripe_payments", "\n".join(lines)).frame("invoices").set_index("invoice_id")
    assert invoices["amount"].to_dict() == {"ch_1": 7.5, "ch_2": 10.0, "ch_4": 8.0}
    assert invoices["customer_id"].to_dict() == {"ch_1": "cus_1", "ch_2": "b@x.org", "ch_4": "cus_1"}
    assert (invoices["paid_on"] == pd.Timestamp("2024-01-25")).all() and invoices["disputed"].tolist() == [False, False, True]
    sales = open_export(tmp_path, "transactions", "stripe_payments", "\n".join(lines)).customer_facts()
    assert sales["commission"].sum() == 1.5 and sales["net_revenue"].sum() == 25.5


@pytest.mark.parametrize(("header", "kinds"), [(GP_LINES, "3 4 2"), (GP_CAPTIONS, "Invoice Return Order")])
def test_gp_sales_lines(tmp_path, header, kinds):
    sale, back, order = kinds.split()
    lines = [
        header,
        f"{sale},STD1,2024-01-25 00:00:00.000,ADA01,P1,Pens,2.00000,12.00000,20.00000,6,10",
        f"{back},RTN1,2024-01-26 00:00:00.000,ADA01,P1,Pens,1.00000,6.00000,10.00000,6,10",
        f"{order},ORD1,2024-01-27 00:00:00.000,ADA01,P1,Pens,9,54,90,6,10",
    ]
    study = open_export(tmp_path, "transactions", "gp_sales_lines", "\n".join(lines))
    facts = study.customer_facts().loc["ADA01"]
    assert facts[["net_revenue", "returns", "cost_of_goods", "returns_lines"]].tolist() == [10.0, 10.0, 6.0, 1]
    assert study.quarantine()[["reason", "amount"]].to_numpy().tolist() == [["left out", 90.0]]
    assert study.frame("transactions")["quantity"].sum() == 1


def test_gp_receivables(tmp_path):
    lines = [
        GP_DEBTS,
        "ADA01,INV1,1,2024-01-25,100.00,,,0,0,19,0,119.00,5.00,2024-03-01,2.00,KIM,,Net 30",
        "ADA01,INV2,1,2024-02-25,50.00,,,0,0,0,0,50.00,2.50,1900-01-01 00:00:00.000,0,KIM,,Net 30",
        "ADA01,CRD1,7,2024-02-26,10.00,,,0,0,0,0,10.00,0.50,1900-01-01,0,KIM,,",
        "ADA01,PMT1,9,2024-03-01,0,,77,0,0,0,119,119.00,0,1900-01-01,0,,,",
    ]
    study = open_export(tmp_path, "invoices", "gp_receivables", "\n".join(lines))
    invoices = study.frame("invoices").set_index("invoice_id")
    assert invoices["amount"].to_dict() == {"INV1": 119.0, "INV2": 50.0} and invoices["paid_on"].isna().tolist() == [False, True]
    assert invoices["due_on"].dt.strftime("%m-%d").tolist() == ["02-24", "03-26"]
    facts = open_export(tmp_path, "transactions", "gp_receivables", "\n".join(lines)).customer_facts().loc["ADA01"]
    assert facts[["net_revenue", "discounts", "commission", "returns"]].tolist() == [138.0, 2.0, 7.0, 10.0]


def test_business_central(tmp_path):
    lines = [
        CENTRAL,
        "1,10000,01/25/2024,Invoice,103001,100.00,40.00,5.00,JO,02/24/2024,Yes,119.00,19.00",
        "2,10000,01/26/2024,Payment,2596,0,0,0,,,No,-100.00,0",
        "3,10000,01/27/2024,Credit Memo,104001,-20.00,-8.00,0,JO,,No,-23.80,0",
    ]
    invoices = open_export(tmp_path, "invoices", "business_central", "\n".join(lines)).frame("invoices")
    assert invoices[["invoice_id", "amount", "amount_paid"]].to_numpy().tolist() == [["103001", 119.0, 100.0]]
    facts = open_export(tmp_path, "transactions", "business_central", "\n".join(lines)).customer_facts().loc["10000"]
    assert facts[["net_revenue", "cost_of_goods", "returns", "discounts"]].tolist() == [80.0, 48.0, 20.0, 5.0]


@pytest.mark.parametrize(("date", "minus"), [("20240125", "-"), ("25.01.2024", "-")])
def test_sap_billing(tmp_path, date, minus):
    line = f"0090000001,000010,{date},0000001000,0000001000,MAT1,{{}},{{}},{{}},0,0,0,0,0,0,{{}},19,0,EUR,,"
    lines = [SAP + ",SHKZG", line.format(2, 110, 100, 60) + ",", line.format(1, 55, 50, 30) + ",X", line.format(1, "7-", "7.50-", 1) + ","]
    facts = open_export(tmp_path, "transactions", "sap_billing", "\n".join(lines)).customer_facts().loc["0000001000"]
    assert facts[["net_revenue", "cost_of_goods"]].tolist() == [42.5, 31.0]
    plain = open_export(tmp_path, "transactions", "sap_billing", f"{SAP}\n{line.format(2, 110, 100, 60)}\n").customer_facts()
    assert plain.loc["0000001000", ["net_revenue", "discounts"]].tolist() == [100.0, 10.0]


def test_tempo_worklogs_are_the_customer_s_of_their_account_else_of_their_project(tmp_path):
    def line(**cells):
        cells = {name.replace("_", " "): cell for name, cell in cells.items()}
        return ",".join((dict.fromkeys(TEMPO.split(","), "") | {"Username": "kim", "Project Name": "Site"} | cells).values())

    lines = [
        line(Hours="1.75", Work_date="2024-01-25 09:00", Account_Customer="Ada", Account_Name="Ada 2024", Activity_Name="Build"),
        line(Hours="0.5", Work_date="2024-01-26 09:00", Issue_Type="Bug"),
    ]
    events = open_export(tmp_path, "events", "tempo_worklogs", "\n".join([TEMPO, *lines])).frame("events").set_index("customer_id")
    assert events["minutes"].to_dict() == {"Ada": 105.0, "Site": 30.0} and events["activity"].to_dict() == {"Ada": "Build", "Site": "Bug"}
    assert events["date"].dt.day.tolist() == [25, 26] and events["employee"].eq("kim").all()


def test_odoo_invoices(tmp_path):
    lines = [
        ODOO,
        "INV/2024/00001,Ada,2024-01-25,2024-02-24,100.00,119.00,EUR,Paid",
        "RINV/2024/00001,Ada,2024-01-26,,-20.00,-23.80,EUR,Not Paid",
        "/,Bob,2024-01-27,,9,9,EUR,Not Paid",
    ]
    study = open_export(tmp_path, "transactions", "odoo_invoices", "\n".join(lines))
    assert study.customer_facts()["net_revenue"].to_dict() == {"Ada": 80.0} and study.quarantine()["cell"].tolist() == ["Number /"]
    invoices = open_export(tmp_path, "invoices", "odoo_invoices", "\n".join(lines)).frame("invoices")
    assert invoices[["amount", "amount_paid"]].to_numpy().tolist() == [[119.0, 119.0]]


def test_odoo_invoices_with_lines_stand_on_the_first_line_only(tmp_path):
    lines = [
        ODOO_LINES,
        "INV/2024/00001,Ada,2024-01-25,2024-02-24,EUR,Paid,Pens,2,10.00",
        ",,,,,,Ink,1,5.00",
        "RINV/2024/00001,Bob,2024-01-26,,EUR,Paid,Pens,1,10.00",
    ]
    facts = open_export(tmp_path, "transactions", "odoo_invoice_lines", "\n".join(lines)).customer_facts()
    assert facts["net_revenue"].to_dict() == {"Ada": 25.0, "Bob": -10.0} and facts["orders"].to_dict() == {"Ada": 1, "Bob": 0}


def test_odoo_journal(tmp_path):
    def line(account, debit, credit, name="Ada"):
        cells = dict.fromkeys(JOURNAL.split(","), "") | {"move": "INV/1", "name": name, "date": "2024-01-25", "account": account}
        return ",".join((cells | {"debit": debit, "credit": credit, "analytic_account": "Sales"}).values())

    text = "\n".join([JOURNAL, line("400000 Sales", "", "100.00"), line("400000 Sales", "", "100.00"), line("600000 Wages", "70.00", "0")])
    ledger = open_export(tmp_path, "ledger", "odoo_journal", text).frame("ledger")
    assert ledger.groupby("account")["amount"].sum().to_dict() == {"400000 Sales": -200.0, "600000 Wages": 70.0}
    assert ledger["line_id"].is_unique and ledger["period"].unique().tolist() == ["2024"]


def test_shopify_orders(tmp_path):
    lines = [
        SHOPIFY,
        "#1001,ada@x.org,paid,,45,5,0,50,EUR,2024-01-25 23:30:00 +0200,2,Pens,10.00,,0.00,Ada",
        "#1001,ada@x.org,,,,,,,,2024-01-25 23:30:00 +0200,1,Ink,30.00,,5.00,",
        "#1002,,paid,,8,0,0,8,EUR,2024-01-26 10:00:00 +0200,1,Pens,7.00,,0.00,Bob",
        "#1002,,,,,,,,,,1,Ink,1.00,,,",
        "#1003,eve@x.org,voided,,9,0,0,9,EUR,2024-01-26 10:00:00 +0200,1,Pens,9.00,,0,Eve",
    ]
    study = open_export(tmp_path, "transactions", "shopify_orders", "\n".join(lines))
    facts = study.customer_facts()
    assert facts["net_revenue"].to_dict() == {"Bob": 8.0, "ada@x.org": 45.0} and facts.loc["ada@x.org", "discounts"] == 5.0
    assert study.frame("transactions")["date"].dt.day.tolist() == [26, 26, 25, 25] and len(study.quarantine()) == 1
    customers = open_export(tmp_path, "customers", "shopify_orders", "\n".join(lines)).frame("customers")
    assert customers.to_numpy().tolist() == [["Bob", "Bob"], ["ada@x.org", "Ada"], ["eve@x.org", "Eve"]]


@pytest.mark.parametrize("sign", [".", ","])
def test_a_discount_on_a_whole_shopify_order_is_shared_by_its_lines_to_the_cent(tmp_path, sign):
    lines = [
        SHOPIFY,
        "#1,ada@x,paid,,85.00,5,0,90,EUR,2024-01-25 10:00:00 +0200,3,Pens,10.00,,0.00,Ada",
        "#1,ada@x,,,,,,,,2024-01-25 10:00:00 +0200,1,Ink,20.00,,0.00,",
        "#1,ada@x,,,,,,,,2024-01-25 10:00:00 +0200,5,Caps,10.00,,0.00,",
        "#2,bob@x,paid,,45.01,0,0,0,EUR,2024-01-25 10:00:00 +0200,1,Pens,10.00,,0.00,Bob",
        "#2,bob@x,,,,,,,,2024-01-25 10:00:00 +0200,1,Ink,10.00,,0.00,",
        "#3,eve@x,paid,,gratis,0,0,0,EUR,2024-01-25 10:00:00 +0200,1,Pens,10.00,,0.00,Eve",
        "#3,eve@x,,,,,,,,2024-01-25 10:00:00 +0200,1,Ink,10.00,,0.00,",
        "#4,gift@x,paid,,0.00,0,0,0,EUR,2024-01-25 10:00:00 +0200,0,Pens,10.00,,0.00,Gift",
        "#5,too,few",
    ]
    text, toml = "\n".join(lines), f'decimal = "{sign}"'
    text = text if sign == "." else text.replace(",", ";").replace(".", ",")
    study = open_export(tmp_path, "transactions", "shopify_orders", text, toml=toml)
    sold = study.frame("transactions").set_index(["order_id", "product_id"])["revenue"].to_dict()
    # 85 over 30, 20, 50; an odd cent goes to the first of equal lines
    assert sold == {
        **{("#1", "Pens"): 25.5, ("#1", "Ink"): 17.0, ("#1", "Caps"): 42.5},
        **{("#2", "Pens"): 22.51, ("#2", "Ink"): 22.5, ("#4", "Pens"): 0.0},
    }
    facts = study.customer_facts()
    assert facts.loc["ada@x", ["list_revenue", "discounts", "net_revenue"]].tolist() == [100.0, 15.0, 85.0]
    assert study.quarantine()["reason"].tolist() == ["not a number", "not a number", "wrong number of fields"]
    assert "gratis for 2 lines" in study.quarantine().loc[0, "cell"] and "set aside: list amount" not in rules(study, "transactions")
    assert "list amount less discount is not revenue" not in rules(study, "transactions")


def test_shopify_orders_without_their_sums(tmp_path):
    lines = [
        SHOPIFY_BARE,
        "#1001,ada@x.org,paid,2024-01-25 23:30:00 +0200,Pens,2,10.00,1.50,Ada",
        "#1001,ada@x.org,,,Ink,1,30.00,0.00,",
        "#1002,,paid,2024-01-26 10:00:00 +0200,Pens,3,7.00,0,Bob",
    ]
    facts = open_export(tmp_path, "transactions", "shopify_orders", "\n".join(lines)).customer_facts()
    assert facts["net_revenue"].to_dict() == {"Bob": 21.0, "ada@x.org": 48.5} and facts["discounts"].sum() == 1.5
    assert facts["orders"].to_dict() == {"Bob": 1, "ada@x.org": 1}


def test_odoo_invoices_with_their_lines_sums_and_discounts(tmp_path):
    header = f"{ODOO_LINES},Invoice lines/Discount (%)"
    lines = [header, "INV/1,Ada,2024-01-25,,EUR,Paid,Pens,2,10.00,25", ",,,,,,Ink,1,5.00,", "INV/2,Eve,2024-01-26,,USD,Paid,Ink,1,8.00,"]
    study = open_export(tmp_path, "transactions", "odoo_invoice_lines", "\n".join(lines), study="[rates]\nUSD = 0.5\n")
    assert study.customer_facts()["net_revenue"].to_dict() == {"Ada": 20.0, "Eve": 4.0}
    lines = [f"{ODOO_LINES},Invoice lines/Subtotal", "INV/1,Ada,2024-01-25,,EUR,Paid,Pens,2,10.00,14.99", ",,,,,,Ink,1,5.00,5.00"]
    study = open_export(tmp_path, "transactions", "odoo_invoice_lines", "\n".join(lines))
    assert study.customer_facts()["net_revenue"].to_dict() == {"Ada": 19.99}


@pytest.mark.parametrize(("won", "header"), HUBSPOT_ELSEWHERE.items())
def test_hubspot_deals_in_other_languages(tmp_path, won, header):
    lines = [header, f"1,Big,{won},100,01.02.2024 08:00,05.01.2024 10:11,Ada", "2,Small,Verloren,5,25.02.2024 08:00,06.01.2024 09:00,Bob"]
    leads = open_export(tmp_path, "leads", "hubspot_deals", "\n".join(lines), toml='date_format = "%d.%m.%Y"').frame("leads")
    leads = leads.set_index("lead_id")
    assert leads["won_on"].dt.strftime("%m-%d").fillna("").to_dict() == {"1": "02-01", "2": ""}
    assert leads["created_on"].dt.day.to_dict() == {"1": 5, "2": 6} and leads["customer_id"].to_dict() == {"1": "Ada", "2": "Bob"}


def test_hubspot_deals_in_two_languages(tmp_path):
    english = [
        HUBSPOT,
        "1,Big,Closed Won,100,Kim,2024-02-01,2024-01-05 10:11,,Ada",
        "2,Small,Closed Lost,5,Kim,2024-03-01,2024-01-06 09:00,,Bob",
    ]
    german = [HEADERS["hubspot_deals"][1], "1,Groß,Abgeschlossen und gewonnen,100,01.02.2024 08:00,05.01.2024 10:11,Ada"]
    leads = open_export(tmp_path, "leads", "hubspot_deals", "\n".join(english)).frame("leads").set_index("lead_id")
    assert leads["won_on"].isna().to_dict() == {"1": False, "2": True} and leads.loc["2", "Deal Stage"] == "Closed Lost"
    (lead,) = open_export(tmp_path, "leads", "hubspot_deals", "\n".join(german)).frame("leads").to_dict("records")
    assert (str(lead["created_on"].date()), str(lead["won_on"].date()), lead["customer_id"]) == ("2024-01-05", "2024-02-01", "Ada")


def test_salesforce_opportunities(tmp_path):
    def line(ident, won, deleted="false"):
        return f"{ident},{deleted},001A,Deal,Closed,100,50,2024-02-01,New,Web,,005A,{won},true,2024-01-05T23:30:00.000+0000"

    study = open_export(
        tmp_path, "leads", "salesforce_opportunities", "\n".join([SALESFORCE, line(1, "true"), line(2, "false"), line(3, "true", "true")])
    )
    leads = study.frame("leads").set_index("lead_id")
    assert leads["won_on"].notna().to_dict() == {"1": True, "2": False} and leads["channel"].tolist() == ["Web", "Web"]
    assert str(leads.loc["1", "created_on"].date()) == "2024-01-05"


def test_vtiger_accounts(tmp_path):
    customers = open_export(tmp_path, "customers", "vtiger_accounts", f"{VTIGER}\n12x7,Ada,Customer,,,,Retail,5,100\n").frame("customers")
    assert customers[["customer_id", "name", "kind", "industry"]].to_numpy().tolist() == [["12x7", "Ada", "Customer", "Retail"]]


def test_online_retail(tmp_path):
    lines = [
        RETAIL,
        "536365,85123A,HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom",
        "C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom",
        "536414,22139,,56,12/1/2010 11:52,0,,United Kingdom",
    ]
    study = open_export(tmp_path, "transactions", "online_retail", "\n".join(lines), toml='date_format = "%m/%d/%Y"')
    facts = study.customer_facts()
    assert facts["net_revenue"].to_dict() == {"(unknown customer)": 0.0, "14527": -27.5, "17850": 15.3}
    assert facts.loc["14527", "returns"] == 27.5 and "service codes" in rules(study, "transactions")


@pytest.mark.parametrize(
    ("preset", "table", "header", "name"),
    [
        ("sap_billing", "transactions", SAP, "NAME1"),
        ("gp_sales_lines", "transactions", GP_LINES, "CUSTNAME"),
        ("gp_sales_lines", "transactions", GP_CAPTIONS, "Customer Name"),
        ("gp_receivables", "invoices", GP_DEBTS, "CUSTNAME"),
        ("business_central", "invoices", CENTRAL, "Customer Name"),
        ("salesforce_opportunities", "leads", SALESFORCE, "Account Name"),
        ("stripe_payments", "invoices", STRIPE, ""),
    ],
)
def test_the_name_beside_a_customer_s_number_is_known_and_changes_nothing(tmp_path, preset, table, header, name):
    cells = {
        "KUNAG": "1",
        "FKDAT": "20240125",
        "VBELN": "9",
        "NETWR": "5",
        "CUSTNMBR": "1",
        "SOPTYPE": "3",
        "SOPNUMBE": "9",
        "DOCDATE": "2024-01-25",
    }
    cells |= {"XTNDPRCE": "5", "Document Type": "Invoice", "Document Number": "9", "Document Date": "2024-01-25", "Customer Number": "1"}
    cells |= {"Extended Price": "5", "DOCNUMBR": "9", "RMDTYPAL": "1", "ORTRXAMT": "5", "Customer No.": "1", "Posting Date": "2024-01-25"}
    cells |= {
        "Document No.": "9",
        "Amount (LCY)": "5",
        "Remaining Amt. (LCY)": "0",
        "Id": "9",
        "AccountId": "1",
        "CreatedDate": "2024-01-25",
    }
    cells |= {
        "id": "9",
        "Created (UTC)": "2024-01-25",
        "Converted Amount": "5",
        "Customer ID": "1",
        "Customer Description": "Ada",
        "WAERK": "EUR",
    }
    names = [*header.split(","), *[name] * bool(name)]
    line = ",".join("Ada" if each == name else cells.get(each, "") for each in names)
    study = open_export(tmp_path, table, preset, f"{','.join(names)}\n{line}\n")
    frame = study.frame(table)
    assert frame[["customer_id", "customer_name"]].to_numpy().tolist() == [["1", "Ada"]]
    assert "amount" not in frame or frame["amount"].tolist() == [5.0]


def test_a_system_is_added_by_a_file_of_its_own(tmp_path):
    (tmp_path / "till.toml").write_text(
        '[tables.transactions.columns]\ncustomer_id = "Card"\norder_id = "Slip"\nrevenue = "{Price} * {Count}"\ndate = "Day"\n'
    )
    study = open_export(tmp_path, "transactions", "till.toml", "Slip,Day,Card,Price,Count\n1,2024-01-05,7,1.10,3\n2,2024-01-05,8,abc,3\n")
    assert study.customer_facts()["net_revenue"].to_dict() == {"7": 3.3}
    assert study.quarantine()[["column", "reason", "cell"]].to_numpy().tolist() == [["revenue", "not a number", "abc and 3"]]


def test_two_systems_may_feed_one_table(tmp_path):
    for name, text in {
        "time.csv": f"{TOGGL}\nKim,k,Ada,P,T,,Yes,2024-01-05,,,,01:00:00,\n",
        "tickets.csv": f"{ZENDESK}\n" + "," * 12 + "2024-01-06,,,Bob" + "," * 15,
    }.items():
        (tmp_path / name).write_text(text + "\n")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-05,9\n")
    (tmp_path / "study.toml").write_text(
        '[[tables.events]]\nfile = "time.csv"\npreset = "toggl"\n[[tables.events]]\nfile = "tickets.csv"\npreset = "zendesk"\n'
    )
    events = Study.open(tmp_path).frame("events").set_index("customer_id")
    assert (
        events.loc["Ada", "minutes"] == 60.0
        and pd.isna(events.loc["Bob", "minutes"])
        and events["activity"].to_dict() == {"Ada": "T", "Bob": "ticket"}
    )


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ('preset = "xero_invoice"', r"preset 'xero_invoice' is not known; did you mean 'xero_invoices'"),
        ('preset = "harvest"', r"preset 'harvest' feeds events, not transactions"),
        ('preset = "mine.toml"', r"preset .*mine.toml does not exist"),
        ('preset = "xero_invoices"', r"has no column 'ContactName', which preset xero_invoices names as customer_id"),
        ("columns = { revenue = \"{a} + len('x')\" }", r"a sum is made of headers in braces, numbers and"),
        ('columns = { revenue = "{a} * (" }', r"a sum is made of headers"),
        ('columns = { date = "{a} - 1" }', r"a date is made of one header in braces"),
        ("columns = { revenue = { a = 'b' } }", r"only a yes or no is made of values"),
        ("columns = { date = { take = 'a' } }", r"should be text in quotes, or"),
        ("leave_out = { Status = 1 }", r"leave_out names values by their header"),
        ("fold = true", r"fold makes one row of equal rows"),
        ('spread = { Total = ["Count"] }', r"spread names columns by an amount, .* beside fill_down"),
        ('fill_down = ["No"]\nspread = { Total = "Count" }', r"spread names columns by an amount"),
    ],
)
def test_words_that_cannot_be_read_say_why(tmp_path, section, message):
    (tmp_path / "x.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-05,9\n")
    (tmp_path / "study.toml").write_text(f'[tables.transactions]\nfile = "x.csv"\n{section}\n')
    with pytest.raises(StudyError, match=message):
        Study.open(tmp_path)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("header = 4", "header = 4 should be a list"),
        ('header = "VBELN"', "header = 'VBELN' should be a list"),
        ("header = [4]", "header = [4] should be a list of texts"),
        ('totals = "Gesamt"', "totals = 'Gesamt' should be a list"),
        ("headings = 1", "headings = 1 should be text in quotes"),
        ('negative = "H"', "negative = 'H' should be a table"),
    ],
)
def test_a_wrong_word_beside_a_preset_is_the_only_problem(tmp_path, said, problem):
    with pytest.raises(StudyError) as caught:
        open_export(tmp_path, "transactions", "sap_billing", f"Title\n{SAP}\n", toml=said)
    assert len(caught.value.problems) == 1 and problem in caught.value.problems[0]
