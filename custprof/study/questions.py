"""Which questions can a study answer, which of its faults touch the answer, and what would it take to answer the others?"""

from __future__ import annotations

import pandas as pd

__all__ = ["QUESTIONS", "answerable"]

_SALES = ("transactions.customer_id", "transactions.revenue", "transactions.is_return", "customers.customer_id", "customers.name")
_COSTS = ("transactions.cost_of_goods", "transactions.freight", "transactions.commission")
_WORK = ("events", "ledger", "transactions.order_id")
_TIME = ("transactions.date", "transactions.order_id")
_PROFIT = ("transactions.cost_of_goods", "ledger", "cost_model")
_WON = ("campaigns", "customers.campaign_id")

#: Question, notebook that answers it, what it needs (one of several by |), and what else the answer rests on where it is there: columns,
#: or whole tables.
QUESTIONS = (
    ("Who buys how much, and when?", "01", ("transactions",), (*_SALES, *_TIME)),
    ("Does the ledger agree with the invoice lines?", "01", ("ledger", "ties"), ("transactions.revenue", *_COSTS, "ledger")),
    ("What does each activity cost, and who causes it?", "02", ("ledger", "cost_model"), ("transactions.customer_id", *_WORK)),
    ("Is the capacity that is paid for used?", "02", ("ledger", "cost_model", "events.minutes"), ("ledger", "events.date")),
    ("What gross margin does each customer leave?", "03", ("transactions.cost_of_goods",), _SALES),
    ("Where does the list price go?", "03", ("transactions.discount|transactions.list_amount",), _SALES),
    ("What do late payment and bad debt cost?", "03", ("invoices", "credit"), ("invoices",)),
    ("Who makes or loses money after the cost to serve?", "03", _PROFIT, (*_SALES, *_COSTS, *_WORK)),
    ("Which kinds of customers are there?", "04", ("transactions",), (*_SALES, *_COSTS, *_WORK)),
    ("What is a customer worth over its life, if a model fits?", "05", ("transactions",), (*_SALES, *_COSTS, *_TIME, *_WORK)),
    ("What does a won customer cost, and which campaigns paid?", "06", _WON, ("customers", "leads", *_SALES, *_COSTS, *_WORK)),
    ("What may the next customers cost?", "06", _WON, ("customers", "leads", *_SALES, *_COSTS, *_WORK)),
    ("Can the next customers be served?", "06", (*_WON, "ledger", "cost_model"), ("customers", *_WORK)),
    ("Which leads are worth the contact?", "06", ("leads",), ("leads",)),
    ("Whom to keep, and whom to repair?", "07", ("transactions",), (*_SALES, *_COSTS, *_TIME, *_WORK)),
    ("With whom to part, and what would that change?", "07", (*_PROFIT, "ledger.avoidable"), (*_SALES, *_COSTS, *_TIME, *_WORK)),
    ("What would the time of those who part earn elsewhere?", "07", (*_PROFIT, "ledger.avoidable"), (*_SALES, *_COSTS, *_WORK)),
    ("Whom do referrals bring?", "07", ("customers.referred_by", "customers.referral_type"), ("customers", *_SALES, *_COSTS, *_WORK)),
    ("Who brought case studies, features or a name?", "07", ("contributions",), ("contributions",)),
    ("Whom is it worth calling again, if a model fits?", "07", ("transactions",), (*_SALES, *_COSTS, *_TIME, *_WORK)),
    ("How much hangs on the largest customers?", "07", ("transactions",), _SALES),
    ("What would leave with an account manager?", "07", ("customers.account_manager",), _SALES),
    ("Would customers recommend the company?", "07", ("ratings",), ("ratings",)),
)
#: What a fault does to an answer, by the beginning of its rule.
EFFECTS = {
    "set aside": "missing from the answer",
    "no usable row": "nothing to answer from",
    "no customer": "belong to nobody known",
    "not in transactions": "cost of customers without a sale",
    "not in": "known by their id only",
    "aliases wait": "one customer may stand as two",
    "aliases of no customer": "one customer may stand as two",
    "name shared by customers": "one customer may stand as two",
    "customer written in several ways": "one customer may stand as two",
    "repeated line": "may count twice",
    "out of proportion": "one typing error may outweigh all others",
    "far from the other dates": "stretch the time",
    "later than today": "stretch the time",
    "before 1970": "stretch the time",
    "more than a day in one entry": "time that passed may pose as work",
    "more than 24 hours a day": "time that passed may pose as work",
    "no payments": "every invoice counts as open",
    "paid without a date": "their credit is not counted",
    "period without transactions": "cost without the sales of its time",
    "does not tie": "ledger and tables tell different amounts",
    "report's total differs": "lines are missing or were changed",
}


def answerable(study) -> pd.DataFrame:
    """The questions of the notebooks, and whether this study has what they need.

    Parameters
    ----------
    study : Study
        Anything with ``lacks(*needs)`` and ``check()``.

    Returns
    -------
    DataFrame
        Columns question, notebook, answered ("yes", "no"), missing (words; empty where nothing is), verdict and because. The verdict is
        REFUSE where something is missing or no row of a table can be used, FLAG where the check warns of a column, or of rows, that the
        answer rests on, else PASS; because says what, how many rows, and what that does to the answer.

    Examples
    --------
    >>> class Lines:
    ...     def lacks(self, *needs):
    ...         return [need for need in needs if need != "transactions"]
    ...     def check(self):
    ...         return pd.DataFrame([["warning", "transactions", "date", "far from the other dates", 3]],
    ...             columns=["severity", "table", "column", "rule", "rows"])
    >>> answers = answerable(Lines()).set_index("question")
    >>> answers.loc["What is a customer worth over its life, if a model fits?", ["verdict", "because"]].tolist()
    ['FLAG', 'transactions.date: far from the other dates (3 rows: stretch the time)']
    >>> answers.loc["Which kinds of customers are there?", "verdict"], answers.loc["Which leads are worth the contact?", "because"]
    ('PASS', 'leads is missing')
    """
    issues = study.check()
    issues = issues[issues["severity"].isin(["error", "warning"])]
    modelled = not study.lacks("ledger", "cost_model")
    rows = []
    for question, notebook, needs, uses in QUESTIONS:
        missing = [" or ".join(ways) for ways in (need.split("|") for need in needs) if study.lacks(*ways) == ways]
        # work and its cost reach no customer without a cost model
        rests = {
            *"|".join(needs).split("|"),
            *(use for use in uses if modelled or use.partition(".")[0] not in ("events", "ledger") or "ledger" in needs),
        }
        found = issues[pd.Series([_touches(issue, rests) for issue in issues.itertuples()], index=issues.index, dtype=bool)]
        verdict = "REFUSE" if missing or (found["severity"] == "error").any() else "FLAG" if len(found) else "PASS"
        lacking = f"{', '.join(missing).replace('ties', '[[ties]]')} {'is' if len(missing) == 1 else 'are'} missing" if missing else ""
        because = lacking or "; ".join(dict.fromkeys(map(_said, found.itertuples())))
        rows.append((question, notebook, "no" if missing else "yes", ", ".join(missing), verdict, because))
    return pd.DataFrame(rows, columns=["question", "notebook", "answered", "missing", "verdict", "because"])


def _touches(issue, rests: set[str]) -> bool:
    """Whether an answer rests on the column of an issue, or on the rows of its table where it is about whole rows."""
    whole = not issue.column or issue.rule.startswith("set aside")
    if whole:
        return any(use.partition(".")[0] == issue.table for use in rests)
    # of the invoice lines every answer uses some columns only; they are named
    return f"{issue.table}.{issue.column}" in rests or (issue.table in rests and issue.table != "transactions")


def _said(issue) -> str:
    effect = next((effect for rule, effect in EFFECTS.items() if issue.rule.startswith(rule)), "")
    counted = ": ".join(filter(None, [f"{issue.rows:,} rows" if issue.rows else "", effect]))
    where = f"{issue.table}.{issue.column}" if issue.column else issue.table
    return f"{where}: {issue.rule}" + (f" ({counted})" if counted else "")
