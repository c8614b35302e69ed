"""What of a study may still tell who a customer is, once the names are gone?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

__all__ = ["TRAITS", "Names", "find_disclosures", "names_of", "texts_that_name"]

#: Traits that stay readable and together may tell who a customer is.
TRAITS = ("kind", "industry", "region", "channel")
#: Columns that name customers and people.
_PEOPLE = ("customer_id", "referred_by", "name", "customer_name", "account_manager", "employee")
#: Words of names that tell nobody: legal forms, titles, trades and what companies are called.
_COMMON = """
    gmbh mbbh gbmh gesellschaft haftung verein stiftung gruppe group holding holdings limited corp corporation incorporated company
    companies sarl société societe sociedad limitada anonyme anonima srls spol oyj aktiebolag bros brothers sons söhne soehne partner
    partners associates international national global europe deutschland germany austria france world central city
    service services solutions systems system consulting consultants trading trade sales vertrieb handel handels import export
    industries industrie industry technology technologies technik media marketing design studio store stores shop market markt
    bakery bäckerei baeckerei metzgerei apotheke pharmacy hotel restaurant café cafe foods food retail wholesale logistics transport
    construction engineering electric electronics energy office school university hospital clinic club
    frau herr herrn madame monsieur miss misses doctor prof professor
    customer customers client clients kunde kunden supplier unknown unbekannt private privat business cust test none null
    with from this that und oder für fuer nord süd north south east west
"""
_FEW = 3
#: Letters of a name that are known again within a longer word.
_WITHIN = 5
_FINDINGS = ["table", "column", "finding", "customers", "examples", "advice"]


@dataclass(frozen=True)
class Names:
    """The names of a study's customers and people in lower case, and the words that few of these names hold."""

    whole: frozenset[str]
    words: frozenset[str]

    def in_text(self, text: str) -> str | None:
        """A name that is a run of whole words of a text, or a word of a name in it; None where it names nobody.

        A word of a name counts as well where a longer word begins or ends with it (Zachariasstraße), if it has five letters or more.

        Examples
        --------
        >>> names = Names(frozenset({"zacharias gmbh"}), frozenset({"zacharias"}))
        >>> [names.in_text(text) for text in ("Call with Zacharias", "Alte Zachariasstraße 7", "Call")]
        ['zacharias', 'zacharias', None]
        """
        text = text.casefold()
        parts = re.findall(r"\S+", text)
        runs = (parts[start:end] for start in range(len(parts)) for end in range(start + 1, min(len(parts), start + 8) + 1))
        whole = next((name for run in runs if (name := " ".join(run).strip(".,;:()")) in self.whole), None)
        return whole or next((part for word in _words(text) for part in _parts(word) if part in self.words), None)


def names_of(study, hidden: Mapping[str, Mapping[str, str]]) -> Names:
    """Whom the columns name that become pseudonyms.

    A word of four letters or more is a name's own where at most three names hold it, or one in a hundred, and where it is no legal form,
    title or trade.

    Parameters
    ----------
    study : Study
    hidden : by table, the columns that become pseudonyms
    """
    from custprof.study.writing import distinct_texts

    columns = [(table, column) for table in study.tables for column in hidden[table] if column in _PEOPLE]
    names = {text.casefold() for table, column in columns for text in distinct_texts(study, table, column)}
    held = Counter(word for name in names for word in set(_words(name)))
    few, common = max(_FEW, len(names) // 100), set(_COMMON.split())
    words = {word for word, count in held.items() if count <= few and word not in common}
    return Names(frozenset(name for name in names if len(name) > 3), frozenset(words))


def texts_that_name(study, hidden: Mapping[str, Mapping[str, str]], names: Names) -> dict[tuple[str, str], list[str]]:
    """By table and column that stays readable, the texts that name somebody."""
    from custprof.study import TABLES
    from custprof.study.writing import distinct_texts

    found = {}
    for table in study.tables:
        for column in study.written_columns(table):
            if column not in hidden[table] and TABLES[table].columns.get(column, "text") == "text":
                found[table, column] = [text for text in distinct_texts(study, table, column) if names.in_text(text)]
    return {place: texts for place, texts in found.items() if texts}


def find_disclosures(study, hidden: Mapping[str, Mapping[str, str]], *, smallest: int = 5, keep: Iterable[str] = ()) -> pd.DataFrame:
    """Small groups of customers with the same traits, and names in texts of columns that stay readable.

    Parameters
    ----------
    study : Study
    hidden : by table, the columns that become pseudonyms
    smallest : groups of fewer customers are said
    keep : columns, as "table.column", whose texts stay readable although they name somebody; elsewhere these texts become pseudonyms

    Returns
    -------
    DataFrame
        table, column, finding, customers (how many it concerns), examples, advice.

    References
    ----------
    Samarati, P. and Sweeney, L. (1998), Protecting privacy when disclosing information: k-anonymity, SRI-CSL-98-04.
    """
    return pd.DataFrame([*_small_groups(study, smallest, hidden), *_names_elsewhere(study, hidden, set(keep))], columns=_FINDINGS)


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


def _names_elsewhere(study, hidden: Mapping[str, Mapping[str, str]], keep: set[str]) -> list[dict]:
    """Names of customers and of people that stand in texts of columns that stay readable."""
    from custprof.study.writing import distinct_texts

    findings, names = [], names_of(study, hidden)
    for (table, column), texts in texts_that_name(study, hidden, names).items():
        place = f"{table}.{column}"
        advice = f"Rename them, or hide {place}." if place in keep else f"They became pseudonyms; keep {place} if they name nobody."
        findings.append(
            {
                "table": table,
                "column": column,
                "finding": f"{len(texts)} of {len(distinct_texts(study, table, column))} texts name somebody",
                "customers": len({names.in_text(text) for text in texts}),
                "examples": "; ".join(texts[:3]),
                "advice": advice,
            }
        )
    return findings


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{4,}", text)


def _parts(word: str) -> list[str]:
    """A word, and what it begins and ends with, longest first."""
    lengths = range(len(word) - 1, _WITHIN - 1, -1)
    return [word, *(part for length in lengths for part in (word[:length], word[-length:]))]
