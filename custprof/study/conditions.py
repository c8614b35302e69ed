"""Which rows are used as they are, and yet deserve a word?

The rules are data: a condition over the used rows of one table, and what to do about the rows that meet it.
"""

from __future__ import annotations

from dataclasses import dataclass

from custprof.study.contracts import TABLES

__all__ = ["CONDITIONS", "DAY", "Condition"]

#: Minutes of a day.
DAY = 24 * 60


@dataclass(frozen=True)
class Condition:
    """Rows of one table, used as they are, that deserve a word.

    ``where`` and ``amount`` are SQL over the used rows ({half} is half a minor unit); ``needs`` are the columns without which it is not
    asked.
    """

    table: str
    column: str
    rule: str
    where: str
    advice: str
    needs: tuple[str, ...] = ()
    severity: str = "warning"
    amount: str | None = None


CONDITIONS = [
    *(
        Condition(
            table,
            "customer_id",
            "no customer",
            "customer_id is null",
            'Used, and counted in the row "(unknown customer)"; fill customer_id in where it can be known.',
        )
        for table, contract in TABLES.items()
        if contract.nameless
    ),
    *(
        Condition(
            table,
            contract.date,
            "later than today",
            f"{contract.date} > current_date",
            "Used as they are, and they move the end of the study; correct the dates or set date_format.",
        )
        for table, contract in TABLES.items()
        if contract.date
    ),
    *(
        Condition(
            table,
            contract.date,
            "before 1970",
            f"{contract.date} < date '1970-01-01'",
            "Probably a placeholder; leave the cell blank or correct it.",
        )
        for table, contract in TABLES.items()
        if contract.date
    ),
    Condition(
        "transactions",
        "revenue",
        "list amount less discount is not revenue",
        "abs(list_amount - coalesce(discount, 0) - revenue) > {half}",
        "The amount is list amount less discount less revenue. The price ladder takes list amount less revenue as the "
        "discount; check the three columns.",
        ("list_amount", "discount"),
        amount="list_amount - coalesce(discount, 0) - revenue",
    ),
    Condition(
        "transactions",
        "discount",
        "negative discount",
        "discount < 0 and revenue >= 0",
        "Discounts are positive numbers; a surcharge is negative. Turn the sign in study.toml's sql if the export has it the other way.",
        ("discount",),
        amount="discount",
    ),
    *(
        Condition(
            "transactions",
            column,
            "negative cost on a sale",
            f"{column} < 0 and revenue > 0",
            "Costs are positive numbers (negative on returns that bring goods back); turn the sign if the export has it the other way.",
            (column,),
            amount=column,
        )
        for column in ("cost_of_goods", "freight", "commission")
    ),
    Condition(
        "transactions",
        "is_return",
        "return with positive revenue",
        "is_return and revenue > 0",
        "Returns have negative revenue; these raise it. Turn their sign.",
        ("is_return",),
    ),
    Condition(
        "transactions",
        "is_return",
        "negative revenue that is no return",
        "not is_return and revenue < 0",
        "Taken as negative sales (credits, corrections), as is_return says; change is_return if they are returns.",
        ("is_return",),
        "info",
    ),
    Condition("events", "minutes", "negative minutes", "minutes < 0", "Time cannot be negative; correct the entries.", ("minutes",)),
    Condition(
        "events",
        "minutes",
        "more than a day in one entry",
        f"minutes > {DAY}",
        "It looks like time that passed while something was open, which is no effort; map minutes of work.",
    ),
    Condition(
        "invoices",
        "paid_on",
        "paid before invoiced",
        "paid_on < invoiced_on",
        "Counted as credit given by the customer; check the dates.",
        ("paid_on",),
    ),
    Condition("invoices", "due_on", "due before invoiced", "due_on < invoiced_on", "Used as it is; check the dates."),
    Condition(
        "invoices",
        "amount_paid",
        "paid more than invoiced",
        "amount_paid > amount + {half}",
        "The amount is what was paid beyond the invoice; it lowers no bad debt of other invoices.",
        ("amount_paid",),
        amount="amount_paid - amount",
    ),
    Condition(
        "campaigns", "ended_on", "ended before it started", "ended_on < started_on", "Used as it is; check the dates.", ("ended_on",)
    ),
    Condition("campaigns", "spend", "negative spend", "spend < 0", "Spend is a positive number; turn its sign."),
]
