"""Which tables does a study have, and what must their columns hold?

The definitions are data: the checks, the intake and the templates read them. Types are text (ids stay text), number, duration (minutes,
also written as 1:30:00), money (a number, rounded to the study's minor unit), date, flag (yes or no), fraction (0 to 1, or yes or no),
score (0 to 10) and period (a month, quarter or year). ``customer_name`` is what the system of a table calls the customer whom it numbers:
``custprof aliases`` compares it, nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["REFERENCES", "TABLES", "Contract"]


@dataclass(frozen=True)
class Contract:
    """One standard table.

    Attributes
    ----------
    row : what one row is
    columns : type by column, in the order of the table
    required : columns that must be there
    key : the column whose values must not repeat, if any
    amount : the money column by which rows of the table are weighed in issues, if any
    date : the column that dates a row, if any
    nameless : whether rows without customer_id are used (they belong to the unknown customer) instead of set aside
    keeps_extra : whether further columns of the file are kept
    """

    row: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    key: str | None = None
    amount: str | None = None
    date: str | None = None
    nameless: bool = False
    keeps_extra: bool = False

    @property
    def money(self) -> list[str]:
        """The money columns."""
        return [column for column, kind in self.columns.items() if kind == "money"]


def _columns(text: str, **kinds: str) -> dict[str, str]:
    """Columns in order; those not given a kind are text."""
    kind_of = {column: kind for kind, columns in kinds.items() for column in columns.split()}
    return {column: kind_of.get(column, "text") for column in text.split()}


TABLES: dict[str, Contract] = {
    "customers": Contract(
        row="a customer",
        columns=_columns(
            "customer_id name kind industry region acquired_on channel campaign_id account_manager referred_by referral_type",
            date="acquired_on",
        ),
        required=("customer_id",),
        key="customer_id",
    ),
    "transactions": Contract(
        row="an invoice line",
        columns=_columns(
            "customer_id order_id date revenue product_id quantity list_amount discount cost_of_goods freight commission is_return "
            "customer_name",
            date="date",
            money="revenue list_amount discount cost_of_goods freight commission",
            number="quantity",
            flag="is_return",
        ),
        required=("customer_id", "order_id", "date", "revenue"),
        amount="revenue",
        date="date",
        nameless=True,
    ),
    "events": Contract(
        row="a time entry, call, ticket, visit, delivery or complaint",
        columns=_columns(
            "customer_id date activity quantity minutes department employee customer_name",
            date="date",
            number="quantity",
            duration="minutes",
        ),
        required=("customer_id", "date", "activity"),
        date="date",
        nameless=True,
    ),
    "ledger": Contract(
        row="a ledger line",
        columns=_columns(
            "line_id period account account_name amount pool department avoidable",
            period="period",
            money="amount",
            fraction="avoidable",
        ),
        required=("line_id", "period", "account", "amount"),
        key="line_id",
        amount="amount",
    ),
    "invoices": Contract(
        row="an invoice",
        columns=_columns(
            "invoice_id customer_id invoiced_on due_on amount paid_on amount_paid disputed customer_name",
            date="invoiced_on due_on paid_on",
            money="amount amount_paid",
            flag="disputed",
        ),
        required=("invoice_id", "customer_id", "invoiced_on", "due_on", "amount"),
        key="invoice_id",
        amount="amount",
        date="invoiced_on",
        nameless=True,
    ),
    "campaigns": Contract(
        row="a campaign",
        columns=_columns("campaign_id channel started_on ended_on spend", date="started_on ended_on", money="spend"),
        required=("campaign_id", "channel", "started_on", "spend"),
        key="campaign_id",
        amount="spend",
        date="started_on",
    ),
    "leads": Contract(
        row="a lead",
        columns=_columns(
            "lead_id created_on channel campaign_id contact_minutes won_on customer_id customer_name",
            date="created_on won_on",
            duration="contact_minutes",
        ),
        required=("lead_id", "created_on"),
        key="lead_id",
        date="created_on",
        keeps_extra=True,
    ),
    "ratings": Contract(
        row="an answer",
        columns=_columns("customer_id date score", date="date", score="score"),
        required=("customer_id", "date", "score"),
        date="date",
    ),
    "contributions": Contract(
        row="an indirect benefit",
        columns=_columns("customer_id date kind value", date="date", money="value"),
        required=("customer_id", "date"),
        amount="value",
        date="date",
    ),
}

#: (table, column) whose values name a row of another table: the other table.
REFERENCES: dict[tuple[str, str], str] = {
    ("transactions", "customer_id"): "customers",
    ("events", "customer_id"): "customers",
    ("invoices", "customer_id"): "customers",
    ("ratings", "customer_id"): "customers",
    ("contributions", "customer_id"): "customers",
    ("leads", "customer_id"): "customers",
    ("customers", "referred_by"): "customers",
    ("customers", "campaign_id"): "campaigns",
    ("leads", "campaign_id"): "campaigns",
}
