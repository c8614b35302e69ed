"""Which questions can a study answer, and what would it take to answer the others?"""

from __future__ import annotations

import pandas as pd

__all__ = ["QUESTIONS", "answerable"]

#: Question, notebook that answers it, what it needs.
QUESTIONS = (
    ("Who buys how much, and when?", "01", ("transactions",)),
    ("Does the ledger agree with the invoice lines?", "01", ("ledger",)),
    ("What does each activity cost, and who causes it?", "02", ("ledger", "cost_model")),
    ("Is the capacity that is paid for used?", "02", ("ledger", "cost_model", "events.minutes")),
    ("What gross margin does each customer leave?", "03", ("transactions.cost_of_goods",)),
    ("Where does the list price go?", "03", ("transactions.discount",)),
    ("What do late payment and bad debt cost?", "03", ("invoices", "credit")),
    ("Who makes or loses money after the cost to serve?", "03", ("transactions.cost_of_goods", "ledger", "cost_model")),
    ("Which kinds of customers are there?", "04", ("transactions",)),
    ("What is a customer worth over its life?", "05", ("transactions",)),
    ("What does a won customer cost, and which campaigns paid?", "06", ("campaigns", "customers.campaign_id")),
    ("Which leads are worth the contact?", "06", ("leads",)),
    ("Keep, repair or part?", "07", ("transactions.cost_of_goods", "ledger", "cost_model", "ledger.avoidable")),
    ("What would leave with an account manager?", "07", ("customers.account_manager",)),
    ("Would customers recommend the company?", "07", ("ratings",)),
)


def answerable(study) -> pd.DataFrame:
    """The questions of the notebooks, and whether this study has what they need.

    Parameters
    ----------
    study : Study
        Anything with ``lacks(*needs)``.

    Returns
    -------
    DataFrame
        Columns question, notebook, answered ("yes", "no"), missing (words; empty where nothing is), verdict and because. The verdict is
        REFUSE where something is missing or no row of a table can be used, FLAG where the check warns of a table that the answer rests on,
        else PASS; because says what.

    Examples
    --------
    >>> class Lines:
    ...     def lacks(self, *needs):
    ...         return [need for need in needs if need != "transactions"]
    ...     def check(self):
    ...         return pd.DataFrame({"severity": ["warning"], "table": ["transactions"], "rule": ["repeated line"]})
    >>> answerable(Lines()).iloc[:2, 2:].values.tolist()
    [['yes', '', 'FLAG', 'transactions: repeated line'], ['no', 'ledger', 'REFUSE', 'ledger is missing']]
    """
    issues = study.check()
    rows = []
    for question, notebook, needs in QUESTIONS:
        missing = study.lacks(*needs)
        verdict, because = _verdict(needs, missing, issues)
        rows.append((question, notebook, "no" if missing else "yes", ", ".join(missing), verdict, because))
    return pd.DataFrame(rows, columns=["question", "notebook", "answered", "missing", "verdict", "because"])


def _verdict(needs: tuple[str, ...], missing: list[str], issues: pd.DataFrame) -> tuple[str, str]:
    if missing:
        return "REFUSE", f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    # every answer is about customers, and those come out of the transactions
    tables = ["transactions", *(need.partition(".")[0] for need in needs)]
    found = issues[issues["table"].isin(tables) & issues["severity"].isin(["error", "warning"])]
    said = [f"{table}: {', '.join(dict.fromkeys(rules))}" for table, rules in found.groupby("table", sort=False)["rule"]]
    return "REFUSE" if (found["severity"] == "error").any() else "FLAG" if len(found) else "PASS", "; ".join(said)
