"""Which names of two systems mean the same customer?

Never guessed: a file ``aliases.csv`` beside study.toml says it, one row by name, and only the rows count that a person has confirmed.
What is alike is suggested, the likeliest customers for every name that no customer bears, to be looked through and confirmed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pandas as pd

from custprof.study.contracts import REFERENCES
from custprof.study.errors import StudyError
from custprof.study.likeness import likenesses

__all__ = ["COLUMNS", "confirmed", "leading_nowhere", "names_of", "read_aliases", "suggest", "suggest_for", "waiting"]

COLUMNS = ("table", "name", "customer_id", "similarity", "confirmed")
_YES = ("yes", "true", "1", "x", "y", "ja", "oui")
#: Names more unlike than this are not suggested (see ``likenesses``, 1 is equal).
LEAST = 0.75


def confirmed(file: Path, table: str) -> pd.DataFrame:
    """The confirmed aliases of a table: name and customer_id, each name once.

    Raises
    ------
    StudyError
        Where the file lacks a column, or a name is confirmed for two customers.
    """
    rows = read_aliases(file)
    rows = rows[rows["confirmed"].str.lower().isin(_YES) & rows["table"].isin(["", table])]
    rows = rows[["name", "customer_id"]].drop_duplicates()
    twice = sorted(set(rows["name"][rows["name"].duplicated()]))
    if twice:
        raise StudyError(f"{file.name}: {len(twice)} names are confirmed for several customers, first {twice[:3]}; leave one of each.")
    return rows.astype(object)


def waiting(file: Path) -> int:
    """How many rows of the file are neither confirmed nor refused."""
    return int((read_aliases(file)["confirmed"] == "").sum())


def leading_nowhere(study) -> list[str]:
    """The customer_ids of the confirmed rows of aliases.csv that are no customer's, sorted."""
    rows = read_aliases(study.settings.aliases)
    said = set(rows["customer_id"][rows["confirmed"].str.lower().isin(_YES)])
    base = "customers" if "customers" in study.tables else "transactions"
    return sorted(said - {customer for (customer,) in study.query(f"select distinct customer_id from used_{base}")})


def suggest(unknown: pd.DataFrame, customers: pd.DataFrame, con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """For every unknown name the customer that is called most like it; each of several that are called equally like it.

    Parameters
    ----------
    unknown : table, name: customers of tables that are no customer of the study; and known_as, where a table's system calls them otherwise
    customers : customer_id, name: the customers that there are

    Returns
    -------
    DataFrame with table, name, customer_id, similarity (0 to 1, see ``likenesses``) and confirmed (empty: a person
    writes yes or no), likeliest first.

    Examples
    --------
    >>> unknown = pd.DataFrame({"table": ["events"], "name": ["ACME Ltd."]})
    >>> customers = pd.DataFrame({"customer_id": ["C1", "C2"], "name": ["Acme Limited", "Zenith"]})
    >>> suggest(unknown, customers, duckdb.connect())[["name", "customer_id", "similarity"]].values.tolist()
    [['ACME Ltd.', 'C1', 1.0]]
    """
    unknown = unknown.assign(known_as=unknown["known_as"] if "known_as" in unknown else unknown["name"])
    customers = customers.drop_duplicates().rename(columns={"name": "known"})
    found = likenesses(unknown["known_as"], customers["known"], con, LEAST).rename(columns={"name": "known_as"})
    rows = unknown.merge(found, on="known_as").merge(customers, on="known").assign(confirmed="")
    rows = rows.sort_values(["similarity", "table", "name", "customer_id"], ascending=[False, True, True, True], ignore_index=True)
    return rows[list(COLUMNS)].drop_duplicates(ignore_index=True)


def suggest_for(study, con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Suggestions for the names of a study's tables that are no customer's (of the customers, else of the transactions)."""
    base = "customers" if "customers" in study.tables else "transactions"
    known = {customer for customer, _ in _called(study, base)}
    customers = _called(study, base) + (
        [pair for pair in _called(study, "transactions") if pair[0] in known] if base == "customers" else []
    )
    unknown = [(table, *pair) for table in _naming(study) if table != base for pair in _called(study, table) if pair[0] not in known]
    return suggest(
        pd.DataFrame(unknown, columns=["table", "name", "known_as"]), pd.DataFrame(customers, columns=["customer_id", "name"]), con
    )


def names_of(study) -> dict[str, str]:
    """By customer_id, what a study's tables call the customer (the table of customers before others) where that is not its id."""
    names: dict[str, str] = {}
    for table in ["customers"] * ("customers" in study.tables) + _naming(study):
        for customer, called in _called(study, table):
            names |= {customer: called} if called != customer and customer not in names else {}
    return names


def _naming(study) -> list[str]:
    """The tables but customers whose rows name customers."""
    return [table for table, column in REFERENCES if column == "customer_id" and table in study.tables and column in study.columns(table)]


def _called(study, table: str) -> list[tuple[str, str]]:
    """The customers of a table and what they are called there: by a column with their names, else by their id."""
    column = "name" if table == "customers" else "customer_name"
    called = f"coalesce({column}, customer_id)" if column in study.columns(table) else "customer_id"
    return study.query(f"select distinct customer_id, {called} from used_{table} where customer_id is not null order by all")


def read_aliases(file: Path) -> pd.DataFrame:
    """The rows of aliases.csv as text; none where there is no such file."""
    if not file.is_file():
        return pd.DataFrame(columns=list(COLUMNS), dtype=object)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StudyError(f"{file.name} is not UTF-8 text; save it as CSV UTF-8.") from None
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ","))
    lacking = [name for name in ("name", "customer_id", "confirmed") if rows and name not in rows[0]]
    if lacking:
        raise StudyError(f"{file.name} has no column {lacking[0]!r}; its columns are {', '.join(COLUMNS)}.")
    return pd.DataFrame([{name: (row.get(name) or "").strip() for name in COLUMNS} for row in rows], columns=list(COLUMNS), dtype=object)
