"""Which words may study.toml use, and what is wrong with the values that it gives them?

Every function returns sentences, one for each problem; an empty list where all is well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from custprof.study.contracts import TABLES
from custprof.study.engine import ENGINES, PERIODS
from custprof.study.errors import meant
from custprof.study.headers import derive, headers_in, is_template

__all__ = ["CREDIT", "NAMES", "STUDY", "TABLE", "TIE", "table_problems", "unknown_words", "value_problems", "wrong_types"]

STUDY = {
    **dict.fromkeys(("name", "currency", "period", "cost_model", "aliases", "engine", "memory_limit", "temp_directory"), str),
    **dict.fromkeys(("fiscal_start", "decimals", "threads"), int),
}
CREDIT = {"annual_rate": (int, float), "write_off_days": int}
TIE = {"accounts": list, "fact": str, "sign": int, "name": str}
TABLE = {
    "file": (str, list),
    "sql": str,
    "table": str,
    "folder": str,
    "sheet": str,
    "columns": dict,
    "date_format": (str, list),
    "decimal": (str, list),
    "thousands": str,
    "currency_sign": str,
    "delimiter": str,
    "encoding": str,
    "blank": (str, list),
    "duplicates": str,
    "service_codes": list,
    "preset": str,
    "leave_out": dict,
    "keep_only": dict,
    "negative": dict,
    "currency": (str, list),
    "fold": bool,
    "header": list,
    "headings": str,
    "totals": list,
    "fill_down": list,
    "spread": dict,
    "note": str,
}
#: Words whose values are texts as they stand in a file.
NAMES = ("header", "totals", "fill_down")


def unknown_words(section: dict[str, Any], known: Iterable[str], where: str, what: str = "known") -> list[str]:
    """Keys of a section that are no word of ours.

    Examples
    --------
    >>> unknown_words({"curency": "EUR"}, STUDY, "study.toml [study]")
    ["study.toml [study]: 'curency' is not known; did you mean 'currency'?"]
    """
    known = list(known)
    return [f"{where}: {key!r} is not {what}; {meant(key, known)}" for key in section if key not in known]


def wrong_types(section: dict[str, Any], types: dict[str, Any], where: str) -> list[str]:
    """Keys of a section that are unknown, and values of another type than the word wants.

    Examples
    --------
    >>> wrong_types({"decimals": "two"}, STUDY, "study.toml [study]")
    ["study.toml [study]: decimals = 'two' should be a whole number."]
    """
    problems = unknown_words(section, types, where)
    for key, value in section.items():
        kind = types.get(key, object)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (object, bool)):
            names = {
                bool: "true or false",
                str: "text in quotes",
                int: "a whole number",
                list: "a list",
                dict: "a table { ours = 'Theirs' }",
            }
            expected = " or ".join(dict.fromkeys(names.get(k, "a number") for k in (kind if isinstance(kind, tuple) else (kind,))))
            problems.append(f"{where}: {key} = {value!r} should be {expected}.")
    return problems


def table_problems(name: str, spec: dict[str, Any], where: str) -> list[str]:
    """What cannot be meant in the section of a table.

    Examples
    --------
    >>> table_problems("ledger", {"duplicates": "drop"}, "study.toml [tables.ledger]")
    ["study.toml [tables.ledger]: duplicates = 'drop'; choose 'keep' or 'set_aside'."]
    """
    problems = []
    named = [key for key in ("file", "sql", "table") if key in spec]
    if len(named) > 1:
        problems.append(f"{where} names both {' and '.join(named)}; keep one.")
    columns = spec.get("columns", {})
    if isinstance(columns, dict):
        problems += unknown_words(columns, TABLES[name].columns, f"{where} columns", f"a column of {name}")
        for ours, theirs in columns.items():
            problems += _name_problems(TABLES[name].columns.get(ours, "text"), theirs, f"{where} columns: {ours} = {theirs!r}")
    if spec.get("duplicates", "keep") not in ("keep", "set_aside"):
        problems.append(f"{where}: duplicates = {spec['duplicates']!r}; choose 'keep' or 'set_aside'.")
    if "service_codes" in spec and name != "transactions":
        problems.append(f"{where}: service_codes belong to transactions.")
    if "fold" in spec and TABLES[name].key is None:
        problems.append(f"{where}: fold makes one row of equal rows, which only tables with a key need ({_keyed()}).")
    for key in ("leave_out", "keep_only", "negative"):
        if isinstance(spec.get(key), dict) and not all(isinstance(value, str | list) for value in spec[key].values()):
            problems.append(f"{where}: {key} names values by their header: {key} = {{ Status = ['Draft', 'Void*'] }}.")
    if (
        isinstance(spread := spec.get("spread", {}), dict)
        and spread
        and not (spec.get("fill_down") and all(map(_is_names, spread.values())))
    ):
        problems.append(f"{where}: spread names columns by an amount, spread = {{ Subtotal = ['Quantity', 'Price'] }}, beside fill_down.")
    for key in NAMES:
        if isinstance(spec.get(key), list) and spec[key] and not _is_names(spec[key]):
            problems.append(f"{where}: {key} = {spec[key]!r} should be a list of texts, as they stand in the file: {key} = ['...'].")
    for key in ("decimal", "delimiter"):
        if isinstance(spec.get(key, "."), str) and len(spec.get(key, ".")) != 1:
            problems.append(f"{where}: {key} = {spec[key]!r} should be one character.")
    if isinstance(signs := spec.get("decimal"), list) and (sorted(map(str, signs)) != [",", "."] or "thousands" in spec):
        problems.append(f"{where}: decimal = {signs!r} should be one character, or ['.', ','] without thousands while it is not known.")
    if spec.get("thousands") == spec.get("decimal", "."):
        problems.append(f"{where}: thousands and decimal are both {spec.get('thousands')!r}.")
    return problems


def _name_problems(kind: str, theirs: Any, said: str) -> list[str]:
    """What is wrong with the name, names or template that a column is read from."""
    problems = []
    for name in theirs if isinstance(theirs, list) else [theirs]:
        if not isinstance(name, str | dict) or (isinstance(name, dict) and ("take" in name) != ("where" in name)):
            return [f"{said} should be text in quotes, or {{ take = '...', where = {{ ... }} }}."]
        if is_template(name):
            header = headers_in(name)
            try:
                derive(kind, name, header, ["VARCHAR"] * len(header), {})
            except ValueError as error:
                problems.append(f"{said} cannot be read: {error}.")
    return problems


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def _keyed() -> str:
    return ", ".join(name for name, contract in TABLES.items() if contract.key)


def value_problems(study: dict[str, Any], credit: dict[str, Any], file: str) -> list[str]:
    """Values of [study] and [credit] that lie outside what they may be.

    Examples
    --------
    >>> value_problems({"fiscal_start": 13}, {}, "study.toml")
    ['study.toml [study]: fiscal_start = 13; it is a month, 1 to 12.']
    """
    problems = []
    if study.get("period", "year") not in PERIODS:
        problems.append(f"{file} [study]: period = {study['period']!r}; choose one of {', '.join(PERIODS)}.")
    if study.get("engine", "duckdb") not in ENGINES:
        problems.append(f"{file} [study]: engine = {study['engine']!r}; choose one of {', '.join(ENGINES)}.")
    if isinstance(threads := study.get("threads", 1), int) and threads < 1:
        problems.append(f"{file} [study]: threads = {threads} is below 1.")
    if isinstance(start := study.get("fiscal_start", 1), int) and not 1 <= start <= 12:
        problems.append(f"{file} [study]: fiscal_start = {start}; it is a month, 1 to 12.")
    if isinstance(decimals := study.get("decimals", 2), int) and not 0 <= decimals <= 6:
        problems.append(f"{file} [study]: decimals = {decimals}; money has 0 to 6 decimals.")
    for key in ("annual_rate", "write_off_days"):
        if isinstance(value := credit.get(key, 0), int | float) and value < 0:
            problems.append(f"{file} [credit]: {key} = {value} is negative.")
    if isinstance(rate := credit.get("annual_rate", 0), int | float) and rate > 1:
        problems.append(f"{file} [credit]: annual_rate = {rate} is a fraction (0.08 is 8 percent).")
    return problems
