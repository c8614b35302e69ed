"""What of a study may still tell who a customer is, once the names are gone?"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

__all__ = ["TRAITS", "find_disclosures"]

#: Traits that stay readable and together may tell who a customer is.
TRAITS = ("kind", "industry", "region", "channel")
_FINDINGS = ["table", "column", "finding", "customers", "examples", "advice"]


def find_disclosures(study, hidden: Mapping[str, Mapping[str, str]], *, smallest: int = 5) -> pd.DataFrame:
    """Small groups of customers with the same traits, and names in texts that stay readable.

    Parameters
    ----------
    study : Study
    hidden : by table, the columns that become pseudonyms
    smallest : groups of fewer customers are said

    Returns
    -------
    DataFrame
        table, column, finding, customers (how many it concerns), examples, advice.

    References
    ----------
    Samarati, P. and Sweeney, L. (1998), Protecting privacy when disclosing information: k-anonymity, SRI-CSL-98-04.
    """
    return pd.DataFrame([*_small_groups(study, smallest, hidden), *_names_elsewhere(study, hidden)], columns=_FINDINGS)


def _small_groups(study, smallest: int, hidden: Mapping[str, Mapping[str, str]]) -> list[dict]:
    """Groups of customers whose traits together are rare."""
    if "customers" not in study.tables:
        return []
    traits = [trait for trait in TRAITS if trait in study.columns("customers") and trait not in hidden["customers"]]
    findings = []
    for columns in [[trait] for trait in traits] + ([traits] if len(traits) > 1 else []):
        names = ", ".join(columns)
        groups = study.query(
            f"select count(*), {names} from used_customers group by {names} having count(*) < {int(smallest)} order by all"
        )
        if groups:
            shown = ["/".join("" if text is None else text for text in group[1:]) for group in groups]
            findings.append(
                {
                    "table": "customers",
                    "column": names,
                    "finding": f"{len(groups)} groups of fewer than {smallest}",
                    "customers": sum(group[0] for group in groups),
                    "examples": "; ".join(shown[:3]),
                    "advice": f"Who knows the trade may tell who they are; put rare values together, or hide customers.{columns[-1]}.",
                }
            )
    return findings


def _names_elsewhere(study, hidden: Mapping[str, Mapping[str, str]]) -> list[dict]:
    """Names of customers and of people that stand in texts which stay readable."""
    from custprof.study import TABLES
    from custprof.study.writing import distinct_texts

    people = {"customer_id", "name", "account_manager", "employee"}
    names = {
        text.casefold()
        for table in study.tables
        for column in hidden[table]
        if column in people
        for text in distinct_texts(study, table, column)
    }
    names = {name for name in names if len(name) > 3}
    findings = []
    for table in study.tables:
        for column in study.written_columns(table):
            if column in hidden[table] or TABLES[table].columns.get(column, "text") != "text":
                continue
            texts = distinct_texts(study, table, column)
            found = [(text, named) for text in texts if (named := _named_in(text.casefold(), names))]
            if found:
                findings.append(
                    {
                        "table": table,
                        "column": column,
                        "finding": f"{len(found)} of {len(texts)} texts name somebody",
                        "customers": len({named for _, named in found}),
                        "examples": "; ".join(text for text, _ in found[:3]),
                        "advice": f"Rename them, or hide {table}.{column}.",
                    }
                )
    return findings


def _named_in(text: str, names: set[str]) -> str | None:
    """A name that is a run of whole words of a text."""
    words = re.findall(r"\S+", text)
    runs = (words[start:end] for start in range(len(words)) for end in range(start + 1, min(len(words), start + 8) + 1))
    return next((name for run in runs if (name := " ".join(run).strip(".,;:()")) in names), None)
