"""How alike are the names of two customers?

Word by word: the rare word of a name says more than one that many customers bear, the legal form says next to nothing, and umlauts are
the same however they are written. Ids are alike or not: numbers that differ in a digit are two customers.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

import duckdb
import pandas as pd

__all__ = ["likenesses"]

#: Words more unlike than this are different words (Jaro-Winkler, 1 is equal).
SAME_WORD = 0.85
_FORMS = re.compile(
    "gmbh|mbh|ag|kg|kgaa|ohg|gbr|ug|se|eg|ek|ev|co|inc|incorporated|llc|llp|lp|ltd|limited|plc|corp|corporation|company|sa|sarl|sas|srl|spa"
    "|bv|nv|ab|oy|oyj|as|asa|aps|pty|sro|doo|zoo|kft|zrt|bt|nyrt|cie|the|and|und|et|e|y|i"
)
_UMLAUTS = re.compile("([aou])e")
_ID = re.compile(r"\S*\d\S*\d\S*")


def likenesses(names: Iterable[str], known: Iterable[str], con: duckdb.DuckDBPyConnection, least: float) -> pd.DataFrame:
    """For every name the known names that are most like it, several where they are equally like it.

    Parameters
    ----------
    names, known : names or ids; an id (two digits or more, no blank) is like an id that differs in signs, capitals and leading zeros only
    con : does the work
    least : names more unlike than this are left out (0 to 1)

    Returns
    -------
    DataFrame with name, known and similarity: the share of the words of both that the other has too, words weighed by how few of the known
    names have them, legal forms left out. They decide between names that are equally alike otherwise.

    Examples
    --------
    >>> known = ["Müller Kunststoffe GmbH", "Sauer Kunststoffe GmbH", "Müller GmbH", "Jäger AG"]
    >>> likenesses(["Mueller Kunststoffe Gmbh", "JAEGER", "Sauer"], known, duckdb.connect(), 0.9).values.tolist()
    [['Mueller Kunststoffe Gmbh', 'Müller Kunststoffe GmbH', 1.0], ['JAEGER', 'Jäger AG', 1.0]]
    """
    ours = [(name, *_taken_apart(name)) for name in dict.fromkeys(names)]
    theirs = [(name, *_taken_apart(name)) for name in dict.fromkeys(known)]
    bearers = Counter(word for _, words, _ in theirs for word in words)
    weights = {word: _weight(bearers[word], len(theirs)) for _, words, _ in (*ours, *theirs) for word in words}
    for relation, side in (("_ours", ours), ("_theirs", theirs)):
        rows = [(" ".join(words), word, weights[word]) for words in dict.fromkeys(words for _, words, _ in side) for word in words]
        con.register(relation, pd.DataFrame(rows, columns=["name", "word", "weight"]))
    try:
        scores = {(a, b): s for a, b, s in con.execute(_SCORES, [least]).fetchall()}
    finally:
        con.unregister("_ours")
        con.unregister("_theirs")
    bearing: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for name, words, forms in theirs:
        bearing.setdefault(" ".join(words), []).append((name, forms))
    joined: dict[str, list[str]] = {}
    for words in bearing:
        joined.setdefault(words.replace(" ", ""), []).append(words)
    likely: dict[str, dict[str, float]] = {}
    for (a, b), score in scores.items():
        likely.setdefault(a, {})[b] = score
    rows = []
    for name, words, forms in ours:
        found = {**likely.get(" ".join(words), {}), **dict.fromkeys(joined.get("".join(words), []), 1.0)} if words else {}
        ranked = [(score, _shared(forms, others), other) for plain, score in found.items() for other, others in bearing[plain]]
        best = max(ranked, default=(0, 0, ""))[:2]
        rows += [(name, other, score) for score, shared, other in sorted(ranked) if (score, shared) == best]
    return pd.DataFrame(rows, columns=["name", "known", "similarity"])


#: Shares of words, in whole numbers, so that no order of the rows matters.
_SCORES = f"""
with pairs as (
    select u.word as a, t.word as b, case when u.word = t.word then 1000 when regexp_matches(u.word || t.word, '[0-9]') then 0
        else round(1000 * jaro_winkler_similarity(u.word, t.word))::int end as s
    from (select distinct word::varchar as word from _ours) u, (select distinct word::varchar as word from _theirs) t
    where s >= {round(1000 * SAME_WORD)}
), met as (
    select u.name as a, t.name as b, u.word as word, t.word as other, u.weight as weight, t.weight as others, s
    from _ours u join pairs p on p.a = u.word join _theirs t on p.b = t.word
), shares as (
    select a, b, max(s) * weight as share from met group by a, b, word, weight
    union all select a, b, max(s) * others as share from met group by a, b, other, others
), whole as (select 'a' as side, name, sum(weight) as weight from _ours group by name
    union all select 'b', name, sum(weight) from _theirs group by name)
select a, b, round(sum(share) / 1000.0 / (any_value(u.weight) + any_value(t.weight)), 3) as score
from shares join whole u on u.side = 'a' and u.name = a join whole t on t.side = 'b' and t.name = b
group by a, b having score >= $1
"""


def _taken_apart(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The words of a name, plainly, and its legal forms; an id is one word."""
    plain = unicodedata.normalize("NFKD", str(name).strip().casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    if _ID.fullmatch(plain):
        return (re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", plain)),), frozenset()
    plain = re.sub(r"\b([a-z])\.\s?(?=[a-z]\.)", r"\1", plain)  # s. r. o. is one word
    words = dict.fromkeys(re.sub(r"[\W_]+", " ", plain).split())
    kept = [word for word in words if not _FORMS.fullmatch(word)] or list(words)
    return tuple(_UMLAUTS.sub(r"\1", word) for word in kept), frozenset(filter(_FORMS.fullmatch, words))


def _weight(bearers: int, names: int) -> int:
    return round(1000 * math.log(1 + names / max(bearers, 1)))


def _shared(forms: frozenset[str], others: frozenset[str]) -> float:
    return len(forms & others) / len(forms | others) if forms | others else 1.0
