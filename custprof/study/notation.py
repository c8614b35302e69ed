"""How are the numbers and dates of an export written?

The ways in which they may be written are tried on its cells. What fits in two ways is asked, never guessed.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from custprof.study.contracts import TABLES
from custprof.study.headers import find_header, is_template

__all__ = ["find_notation"]

#: Share of the cells that a way of writing must read; the others are damaged, and set aside later.
ENOUGH = 0.9
_NUMBERS = {"money", "number", "duration", "fraction", "score"}
#: Decimal sign and thousands separator, the likelier first.
_SIGNS = ((".", None), (".", ","), (",", None), (",", "."), (",", " "), (".", "'"), (".", " "))
#: A number that is one with decimals or a thousand times as much.
_DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}-?")
#: An amount with the sign or the code of a currency before or behind it.
_SIGNED = re.compile(r"[+-]?\s*(?P<before>[^\d\s.,:'()%+-]{1,3})?\s*[+-]?\d[\d.,' ]*?-?\s*(?P<behind>[^\d\s.,:'()%+-]{1,3})?")
_TIME = re.compile(r"[ T,]+\d{1,2}:\d\d.*$")


def find_notation(
    columns: dict[str, Any], table: str, header: list[str], sample: list[list[str | None]], spec: dict[str, Any], under: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What study.toml would say of decimal signs, thousands and dates, and what has to be asked.

    Parameters
    ----------
    columns : what feeds the table's columns
    table : name of the table
    header, sample : the export's header and some of its rows
    spec, under : what study.toml says already, and what the preset under it says

    Examples
    --------
    >>> find_notation({"revenue": "Net", "date": "Day"}, "transactions", ["Net", "Day"], [["7,50", "31.12.2024"]], {}, {})
    ({'decimal': ',', 'date_format': ['%d.%m.%Y']}, [])
    """
    said: dict[str, Any] = {}
    asked: list[str] = []
    sign = _currency_sign(_cells(columns, {"money"}, table, header, sample), {**under, **spec}, said)
    numbers = _cells(columns, _NUMBERS, table, header, sample)
    if sign:
        numbers = {name: [text.replace(sign, "").strip() for text in texts] for name, texts in numbers.items()}
    _signs(numbers, {**under, **spec}, said, asked)
    _formats(_cells(columns, {"date", "period"}, table, header, sample), under, said, asked)
    return said, asked


def _cells(columns: dict[str, Any], kinds: set[str], table: str, header: list[str], sample: list[list[str | None]]) -> dict[str, list[str]]:
    """By header, the cells (not blank) of the columns that feed columns of some kinds."""
    named = [
        header[place]
        for ours, theirs in columns.items()
        if TABLES[table].columns[ours] in kinds
        for name in (theirs if isinstance(theirs, list) else [theirs])
        for part in _parts(name)
        if (place := find_header(part, header)) is not None
    ]
    at = {name: header.index(name) for name in dict.fromkeys(named)}
    return {name: [text for row in sample if (text := (row[place] or "").strip())] for name, place in at.items()}


def _parts(name: Any) -> list[str]:
    if isinstance(name, dict):
        return _parts(name["take"]) if "take" in name else []
    return [part.strip() for braces in re.findall(r"\{([^{}]*)\}", name) for part in braces.split("|")] if is_template(name) else [name]


def _currency_sign(cells: dict[str, list[str]], spec: dict[str, Any], said: dict[str, Any]) -> str:
    """The sign or code that stands at the amounts of a whole column, and no other anywhere."""
    found = {
        name: [(sign := _SIGNED.fullmatch(text)) and (sign["before"] or sign["behind"]) for text in texts] for name, texts in cells.items()
    }
    signs = {sign for column in found.values() for sign in column if sign}
    whole = any(column and sum(map(bool, column)) >= ENOUGH * len(column) for column in found.values())
    if "currency_sign" not in spec and len(signs) == 1 and whole:
        said["currency_sign"] = next(iter(signs))
    return said.get("currency_sign", spec.get("currency_sign", ""))


def _signs(cells: dict[str, list[str]], spec: dict[str, Any], said: dict[str, Any], asked: list[str]) -> None:
    texts = {text for column in cells.values() for text in column if ":" not in text and re.search(r"\d", text)}
    marked = [text for text in sorted(texts) if re.search(r"[.,]", text)]
    if "decimal" not in spec and "thousands" not in spec and len(signs := {_doubt(text) for text in marked}) == 1 and signs != {""}:
        sign = signs.pop()
        said["decimal"] = [sign, ",.".replace(sign, "")]
        asked.append(_ask(marked[0], *said["decimal"]))
        return
    given = (spec.get("decimal", "."), spec.get("thousands"))
    fits = {signs: sum(bool(re.fullmatch(_pattern(*signs), text)) for text in texts) for signs in dict.fromkeys([given, *_SIGNS])}
    fitting = [signs for signs, count in fits.items() if count == max(fits.values()) and count >= ENOUGH * len(texts)]
    if not fitting or fitting[0] == given:
        return
    comma = [signs for signs in fitting if signs[0] == ","]
    point = [signs for signs in fitting if signs[0] == "."]
    chosen = (comma if comma and (not point or spec.get("delimiter") == ";") else point)[0]
    said["decimal"] = chosen[0]
    if chosen[1]:
        said["thousands"] = chosen[1]
    if comma and point:
        example = next(text for text in sorted(texts) if "," in text or "." in text)
        asked.append(
            f"is {example!r} a number with decimals, or with thousands? Taken as decimal = {chosen[0]!r}; change it if it is wrong."
        )


def _doubt(text: str) -> str:
    """The only sign of a number that may be its decimal sign or stand behind its thousands; empty where there is no doubt."""
    found = _DOUBTFUL.fullmatch(text)
    return found[1] if found else ""


def _ask(text: str, sign: str, other: str) -> str:
    whole, part = text.replace(sign, ""), text.replace(sign, ".")
    return (
        f"is {text!r} a number with decimals, or with thousands? Instead of decimal = {[sign, other]} say decimal = '{sign}' ({part}), "
        f"or decimal = '{other}' and thousands = '{sign}' ({whole}); until then the rows are set aside."
    )


def _pattern(decimal: str, thousands: str | None) -> str:
    digits = rf"(\d+|\d{{1,3}}([{thousands}\u00a0\u202f]\d{{3}})+)" if thousands == " " else r"\d+"
    digits = rf"(\d+|\d{{1,3}}([{thousands}]\d{{3}})+)" if thousands and thousands != " " else digits
    return rf"[+-]?({digits})?([{decimal}]\d*)?(e-?\d+)?-?"


def _formats(cells: dict[str, list[str]], under: dict[str, Any], said: dict[str, Any], asked: list[str]) -> None:
    """Name the one format that reads all dates of each column; where two do, and differently, ask."""
    known = [*under.get("date_format", []), "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d"]
    blank, chosen = under.get("blank", []), []
    for name, texts in cells.items():
        days = {_TIME.sub("", text) for text in texts if text not in blank}
        fits = {form: sum(_day(day, form) is not None for day in days) for form in dict.fromkeys(known)}
        fitting = [form for form, count in fits.items() if days and count == max(fits.values()) and count >= ENOUGH * len(days)]
        if len({tuple(_day(day, form) for day in sorted(days)) for form in fitting}) > 1:
            chosen += fitting
            asked.append(f"does {min(days)!r} in {name!r} begin with the day or the month? Keep one of date_format = {fitting}.")
        elif fitting:
            chosen.append(fitting[0])
    chosen = list(dict.fromkeys(chosen))
    if chosen and (chosen != ["%Y-%m-%d"] or under.get("date_format")):
        said["date_format"] = chosen


def _day(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form) if re.search(r"\d{4}", text) or "%y" in form else None
    except ValueError:
        return None
