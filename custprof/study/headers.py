"""Which of a file's columns is meant by a name in study.toml or in a preset, and how is a column of ours made of several of theirs?

A name is a header as it stands in the file (or differs in case or blanks only), a pattern (``Amount (*)``; what the star stands for may be
a currency), a template with headers in braces, or a condition. The template of a text is filled in (``{First Name} {Last Name}``), that of
a number or duration is a sum (``{Quantity} * {Price} - {Discount|0}``), that of a date may add days (``{Invoice Date} + 30``). Behind a
bar stands what counts where the cell is blank or the column is missing: another header, or a value. A yes or no may be made of values
(``{ Type = ["Credit*"] }``), and any column may count in some rows only (``{ take = "Close Date", where = { Stage = "Won" } }``).
Templates are taken apart here, never evaluated. ``{_row}`` is the number of the row, with its file before it where a table has several.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from custprof.study.cells import clock_seconds, literal, number_sql

__all__ = ["ROW", "Derived", "carries", "derive", "find_header", "headers_in", "is_template", "star"]

#: In a template: the number of the row in its file. In a section of study.toml: the SQL of that number.
ROW = "_row"
_BRACES = re.compile(r"\{([^{}]*)\}")
_SUM = re.compile(r"^[\d\s.+*/()-]*$")


@dataclass(frozen=True)
class Derived:
    """A column made of others: SQL that gives its text, the places of the columns it is made of, days to add to a date, and whether
    the text is a cell's, written as the file writes it."""

    sql: str
    places: tuple[int, ...]
    days: int = 0
    plain: bool = False


def find_header(name: str, header: Sequence[str]) -> int | None:
    """The place of a name in a header: as it stands, else whatever its case and blanks, else as a pattern with a star.

    Examples
    --------
    >>> find_header("Amount (*)", ["Client", "Amount (USD)"]), find_header("start date", ["Start  Date"]), find_header("x", ["y"])
    (1, 0, None)
    """
    if name in header:
        return list(header).index(name)
    plain = [_plain(cell) for cell in header]
    if _plain(name) in plain:
        return plain.index(_plain(name))
    if "*" in name:
        pattern = _plain(name).replace("[", "[[]")
        return next((place for place, cell in enumerate(plain) if fnmatchcase(cell, pattern)), None)
    return None


def star(name: str, cell: str) -> str:
    """What a pattern's star stands for in a header.

    Examples
    --------
    >>> star("Amount (*)", "Amount (USD)")
    'USD'
    """
    before, _, after = name.partition("*")
    return cell.strip()[len(before) : len(cell.strip()) - len(after)].strip()


def is_template(name: object) -> bool:
    """Whether a name is a template or a condition, and not a header."""
    return isinstance(name, dict) or (isinstance(name, str) and "{" in name)


def headers_in(name: str | dict[str, Any]) -> list[str]:
    """The headers that a name needs, those behind a bar left out.

    Examples
    --------
    >>> headers_in("{Quantity} * {Price} - {Discount|0}"), headers_in("Price"), headers_in({"Type": "Return"})
    (['Quantity', 'Price'], ['Price'], ['Type'])
    """
    if isinstance(name, dict):
        return [*headers_in(name["take"]), *name.get("where", {})] if "take" in name else list(name)
    if not is_template(name):
        return [name]
    return [field[0] for field in map(_field, _BRACES.findall(name)) if len(field) == 1 and field != [ROW]]


def derive(kind: str, template: str | dict[str, Any], header: Sequence[str], types: Sequence[str], spec: dict[str, Any]) -> Derived | None:
    """The column that a template makes of a file's columns; None where the file lacks one that is needed.

    Parameters
    ----------
    kind : of the column that is made: text, number, duration, money, date or flag
    template : a text with headers in braces; {take, where}; or for a flag {header: values} that make it true
    header, types : of the file
    spec : the table's section of study.toml (decimal, thousands), with the SQL of what ``{_row}`` stands for

    Raises
    ------
    ValueError
        Where the template is no sum, or not of this kind.
    """
    if any(find_header(name, header) is None for name in headers_in(template)):
        return None
    if isinstance(template, dict) and "take" in template:
        taken = derive(kind, template["take"], header, types, spec) if is_template(template["take"]) else None
        place = find_header(str(template["take"]), header)
        taken = taken or Derived(_text(place), (place,), plain=True)
        used = (*taken.places, *(find_header(name, header) for name in template.get("where", {})))
        return Derived(
            f"case when {carries(template.get('where', {}), header, every=True)} then {taken.sql} end", used, taken.days, taken.plain
        )
    if isinstance(template, dict):
        if kind != "flag":
            raise ValueError("only a yes or no is made of values; say { take = '...', where = { ... } }")
        return Derived(
            f"case when {carries(template, header)} then 'true' else 'false' end", tuple(find_header(each, header) for each in template)
        )
    fields = [_field(found) for found in _BRACES.findall(template)]
    used = tuple(place for field in fields for name in field if (place := find_header(name, header)) is not None)
    if kind in ("number", "duration", "money"):
        return Derived(_sum(template, header, types, spec, kind == "duration"), used)
    if kind == "date":
        return Derived(_cell(fields[0], header, spec), used, _days(template))
    return Derived(_filled(template, header, spec), used)


def carries(conditions: Mapping[str, Any], header: Sequence[str], *, every: bool = False) -> str:
    """SQL that is true where a cell is one of the values given for its header (with ``every``: each cell of the headers that are there).

    A value may end or begin with a star; "" is a blank cell. Headers that a file lacks are passed over.
    """
    tests = [_one_of(f"c{place}", values) for theirs, values in conditions.items() if (place := find_header(theirs, header)) is not None]
    return f"({(' and ' if every else ' or ').join(tests)})" if tests else ("true" if every else "false")


def _one_of(cell: str, values: Any) -> str:
    text = f"lower(coalesce(trim({cell}::varchar), ''))"
    tests = []
    for value in values if isinstance(values, list) else [values]:
        plain = str(value).strip().lower()
        tests.append(f"{text} glob {literal(plain.replace('[', '[[]'))}" if "*" in plain else f"{text} = {literal(plain)}")
    return f"({' or '.join(tests)})"


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _field(braces: str) -> list[str]:
    """What stands in braces: a header, and behind bars what counts where it is blank."""
    return [part.strip() for part in braces.split("|")]


def _replace(template: str, with_what: Callable[[list[str]], str], between: Callable[[str], str]) -> Iterable[str]:
    """The pieces of a template in their order: texts and, at the odd places, what stands in braces."""
    for number, piece in enumerate(_BRACES.split(template)):
        if number % 2:
            yield with_what(_field(piece))
        elif piece:
            yield between(piece)


def _text(place: int | None) -> str:
    return "null::varchar" if place is None else f"nullif(trim(c{place}::varchar), '')"


def _cell(field: list[str], header: Sequence[str], spec: Mapping[str, Any]) -> str:
    """The text of the first cell of a field that is not blank; what is no header stands for itself."""
    if field == [ROW]:
        return spec.get(ROW, "_row::varchar")
    places = [find_header(name, header) for name in field]
    texts = [_text(place) for place in places[:1]]
    texts += [_text(place) if place is not None else literal(name) for name, place in zip(field[1:], places[1:], strict=True)]
    return f"coalesce({', '.join(texts)})" if len(texts) > 1 else texts[0]


def _sum(template: str, header: Sequence[str], types: Sequence[str], spec: dict[str, Any], clock: bool) -> str:
    try:
        if not _SUM.match(_BRACES.sub("1", template)):
            raise SyntaxError
        ast.parse(_BRACES.sub("(1)", template).strip(), mode="eval")
        defaults = {field[0]: float(field[1]) for field in map(_field, _BRACES.findall(template)) if len(field) == 2}
    except (SyntaxError, ValueError):
        raise ValueError("a sum is made of headers in braces, numbers and + - * / ( )") from None
    if any(len(field) > 2 for field in map(_field, _BRACES.findall(template))):
        raise ValueError("in a sum, one number may stand behind the bar")
    places = {field[0]: find_header(field[0], header) for field in map(_field, _BRACES.findall(template))}

    def number(name: str) -> str:
        place = places[name]
        if types[place] != "VARCHAR":
            return f"c{place}::double"
        read = number_sql(_text(place), spec)
        return f"coalesce({clock_seconds(_text(place))} / 3600, {read})" if clock else read

    def value(field: list[str]) -> str:
        name, default = field[0], f"{defaults.get(field[0], 0.0)!r}::double"
        if places[name] is None:
            return f"({default})"
        return f"(case when {_text(places[name])} is null then {default if name in defaults else 'null'} else {number(name)} end)"

    there = [name for name in places if places[name] is not None]
    unread = " or ".join(f"({_text(places[name])} is not null and {number(name)} is null)" for name in there)
    shown = f"concat_ws(' and ', {', '.join(_text(places[name]) for name in there)})"
    # nine decimals: the product of two decimal numbers is meant, not that of their nearest doubles
    total = f"round({''.join(_replace(template, value, str))}, 9)::varchar"
    return f"case when {unread} then {shown} else {total} end" if there else total


def _days(template: str) -> int:
    found = re.match(r"^\s*\{[^{}]*\}\s*(?:\+\s*(\d+))?\s*$", template)
    if not found:
        raise ValueError("a date is made of one header in braces, and days added to it: {Date} + 30")
    return int(found.group(1) or 0)


def _filled(template: str, header: Sequence[str], spec: Mapping[str, Any]) -> str:
    fields = [_field(found) for found in _BRACES.findall(template)]
    whole = " || ".join(_replace(template, lambda field: f"coalesce({_cell(field, header, spec)}, '')", literal))
    given = ", ".join(_cell(field, header, spec) for field in fields)
    return f"case when coalesce({given}) is not null then nullif(trim({whole}), '') end"
