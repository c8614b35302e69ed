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
        Columns question, notebook, answered ("yes", "no") and missing (words; empty where nothing is).

    Examples
    --------
    >>> class Lines:
    ...     def lacks(self, *needs):
    ...         return [need for need in needs if need != "transactions"]
    >>> answerable(Lines()).iloc[:2].values.tolist()
    [['Who buys how much, and when?', '01', 'yes', ''], ['Does the ledger agree with the invoice lines?', '01', 'no', 'ledger']]
    """
    rows = [(question, notebook, study.lacks(*needs)) for question, notebook, needs in QUESTIONS]
    return pd.DataFrame(
        [(question, notebook, "no" if missing else "yes", ", ".join(missing)) for question, notebook, missing in rows],
        columns=["question", "notebook", "answered", "missing"],
    )
