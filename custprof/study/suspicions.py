"""What looks wrong, though every row of it can be used?

Amounts that are out of all proportion, dates far from the others, returns of what was never sold, time that passed posing as work,
customers who share a name, payments without a date. Each rule is a function from the study to issues (see ``checks``); nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from custprof.study.conditions import DAY
from custprof.study.contracts import TABLES
from custprof.study.weighing import spreads, weigh

__all__ = ["RULES"]

#: An amount is out of proportion beyond so many times what 99 of 100 rows of its table stay below.
TIMES = 100
#: Fewer rows say nothing about proportions.
FEWEST = 100
_YEAR = 366


def _outliers(study) -> Iterator[dict[str, Any]]:
    columns = [("transactions", column) for column in TABLES["transactions"].money] + [("events", "minutes")]
    known = [(table, column) for table, column in columns if table in study.tables and column in study.columns(table)]
    found = spreads(study, [(table, f"abs({column})", f"{column} <> 0") for table, column in known], 0.99)
    for (table, column), spread in zip(known, found, strict=True):
        if spread.rows >= FEWEST and spread.greatest > (high := TIMES * spread.below[0]):
            yield {
                "severity": "warning",
                **weigh(study, table, f"_reason is null and abs({column}) > {high}", column),
                "column": column,
                "rule": "out of proportion",
                "advice": f"More than {TIMES} times what 99 of 100 rows stay below: is a decimal sign misplaced? Used as it is.",
            }


def _dates_apart(study) -> Iterator[dict[str, Any]]:
    dated = [(table, TABLES[table].date) for table in study.tables if TABLES[table].date]
    for (table, date), spread in zip(
        dated, spreads(study, [(table, date, f"{date} is not null") for table, date in dated], 0.01, 0.99), strict=True
    ):
        if not spread.rows:
            continue
        low, high = spread.below
        issue = weigh(study, table, f"_reason is null and ({date} < date '{low}' - {_YEAR} or {date} > date '{high}' + {_YEAR})", date)
        if issue["rows"]:
            yield {
                "severity": "warning",
                **issue,
                "column": date,
                "rule": "far from the other dates",
                "advice": "More than a year before or after nearly all others: a year may be mistyped, and it stretches the study.",
            }


def _outside(study) -> Iterator[dict[str, Any]]:
    sold = study.query("select min(date), max(date) from used_transactions")[0]
    for table in ("events", "invoices"):
        if table in study.tables and sold[0] is not None:
            date = TABLES[table].date
            issue = weigh(study, table, f"_reason is null and {date} not between date '{sold[0]}' - 31 and date '{sold[1]}' + 31", date)
            if issue["rows"]:
                yield {
                    "severity": "info",
                    **issue,
                    "column": date,
                    "rule": "a month or more outside the transactions",
                    "advice": "Used: they cost, while the sales of those days are not here. Export the same time from every system.",
                }


def _returns_without_sale(study) -> Iterator[dict[str, Any]]:
    known = study.columns("transactions")
    item = "product_id" if "product_id" in known else "null"
    back = "coalesce(is_return, revenue < 0)" if "is_return" in known else "revenue < 0"
    # the columns of the sales are called otherwise, so that those of the returns are meant where their names stand
    sales = f"(select customer_id as buyer, {item} as item, min(date) as sold from used_transactions where not {back} group by all)"
    sold = f"exists (select 1 from {sales} where buyer = customer_id and item is not distinct from {item} and sold <= date)"
    issue = weigh(study, "transactions", f"_reason is null and customer_id is not null and {back} and not {sold}", "customer_id")
    if issue["rows"]:
        yield {
            "severity": "info",
            **issue,
            "column": "is_return" if "is_return" in known else "revenue",
            "rule": "return without a sale",
            "advice": "Nothing of the kind was sold to this customer before: the sale may be older than the export, or another customer's.",
        }


def _elapsed_time(study) -> Iterator[dict[str, Any]]:
    if "events" not in study.tables or "minutes" not in study.columns("events"):
        return
    if "employee" in study.columns("events"):
        busy = f"select employee, date from used_events where employee is not null group by all having round(sum(minutes), 6) > {DAY}"
        issue = weigh(study, "events", f"_reason is null and minutes <= {DAY} and (employee, date) in ({busy})", "employee", distinct=True)
        if issue["rows"]:
            yield {
                "severity": "warning",
                **issue,
                "column": "employee",
                "rule": "more than 24 hours a day",
                "advice": "Entries of one person on one day add up to more than a day; minutes may be seconds, or entries be repeated.",
            }


def _shared_names(study) -> Iterator[dict[str, Any]]:
    if "customers" in study.tables and "name" in study.columns("customers"):
        same = "select lower(trim(name)) from used_customers where name is not null group by 1 having count(*) > 1"
        issue = weigh(study, "customers", f"_reason is null and lower(trim(name)) in ({same})", "name", distinct=True)
        if issue["rows"]:
            yield {
                "severity": "warning",
                **issue,
                "column": "name",
                "rule": "name shared by customers",
                "advice": "Different ids, one name: where they are one customer, say so in aliases.csv; until then they are two.",
            }
    for table in study.tables:
        if TABLES[table].nameless:
            ways = f"select lower(customer_id) from used_{table} group by 1 having count(distinct customer_id) > 1"
            issue = weigh(study, table, f"_reason is null and lower(customer_id) in ({ways})", "customer_id", distinct=True)
            if issue["rows"]:
                yield {
                    "severity": "warning",
                    **issue,
                    "column": "customer_id",
                    "rule": "customer written in several ways",
                    "advice": "Ids that differ in capitals only are different customers here; write them alike, or say so in aliases.csv.",
                }


def _payments(study) -> Iterator[dict[str, Any]]:
    known = study.columns("invoices") if "invoices" in study.tables else []
    if not known:
        return
    if "paid_on" not in known and "amount_paid" not in known:
        yield {
            "severity": "warning",
            **weigh(study, "invoices", "_reason is null"),
            "column": "paid_on",
            "rule": "no payments",
            "advice": "Nothing says what was paid: every invoice counts as open, and overdue ones as lost. Map paid_on or amount_paid.",
        }
    elif "amount_paid" in known and study.credit:
        undated = "amount_paid * sign(amount) >= abs(amount) and amount <> 0" + (" and paid_on is null" if "paid_on" in known else "")
        issue = weigh(study, "invoices", f"_reason is null and {undated}", "invoice_id")
        if issue["rows"]:
            yield {
                "severity": "warning",
                **issue,
                "column": "paid_on",
                "rule": "paid without a date",
                "advice": "Nobody says when: these cost no credit here, so its cost is a lower bound. Map paid_on where the export has it.",
            }


RULES = [_outliers, _dates_apart, _outside, _returns_without_sale, _elapsed_time, _shared_names, _payments]
