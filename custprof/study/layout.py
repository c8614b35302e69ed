"""How do the rows of a printed report become the rows of a table?

Some exports are reports: a title above the header, the customer's name on a line of its own above the customer's lines, totals between
them; or fields of an order that stand on its first line only. What is no row of the table is passed over, counted and kept with its kind,
so that a total of the report can be held against the lines that were read.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from fnmatch import fnmatchcase
from itertools import groupby
from math import prod
from typing import Any

from custprof.study.errors import StudyError
from custprof.study.headers import find_header
from custprof.study.rows import TITLE, Row, Rows

__all__ = ["LAYOUT", "arrange", "is_laid_out"]

#: The words of study.toml that describe a report: they need the rows one after the other.
LAYOUT = ("header", "headings", "totals", "fill_down", "spread")
Passed = list[tuple[int, str, Row]]


def is_laid_out(spec: dict[str, Any]) -> bool:
    """Whether a table's section of study.toml asks for rows in their order."""
    columns = {**spec.get("preset_columns", {}), **spec.get("columns", {})}
    return any(word in spec for word in LAYOUT) or "{_row" in str(columns)


def arrange(rows: Rows, spec: dict[str, Any], name: str, passed: Passed | None = None) -> Rows:
    """The header and the rows of a table, out of the rows of a report.

    Parameters
    ----------
    rows : number and cells of every row that is not blank
    spec : the table's section of study.toml. ``header``: names that stand in the header (the rows above it are a title); ``headings``: the
        column to make of rows of which only the first cell is filled; ``totals``: first cells of rows that are totals (a star stands for
        anything, alone for the cell ``*``); ``fill_down``: columns that stand on the first of several rows only, the first of them
        telling which rows belong together; ``spread``: amounts on the first of such rows, to be split over all of them in proportion to the
        product of some columns, as a column called "<amount> of the line"
    name : of the file
    passed : filled with (number, kind, cells) of the rows that are title, heading or total

    Examples
    --------
    >>> report = [["Sales by customer"], ["", "Date", "Amount"], ["Ada"], ["", "2024-01-02", "5"], ["Total for Ada", "", "5"]]
    >>> spec = {"header": ["Date"], "headings": "Customer", "totals": ["Total for *"]}
    >>> [row for _, row in arrange(enumerate(report, 1), spec, "report.csv")]
    [['', 'Date', 'Amount', 'Customer'], ['', '2024-01-02', '5', 'Ada']]
    """
    passed = [] if passed is None else passed
    number, header = _header(rows, spec, name, passed)
    if header is None:
        return
    body = _headed(rows, spec, passed) if "headings" in spec else _without_totals(rows, spec, passed)
    heading = [spec["headings"]] if "headings" in spec else []
    body = _filled(body, header, spec["fill_down"]) if spec.get("fill_down") else body
    names = [cell or "" for cell in header]
    spread = {name: by for name, by in spec.get("spread", {}).items() if find_header(name, names) is not None}
    yield number, [*header, *heading, *(f"{name} of the line" for name in spread)]
    yield from _spread(body, names, spread, spec) if spread else body


def _header(rows: Rows, spec: dict[str, Any], name: str, passed: Passed) -> tuple[int, Row | None]:
    wanted = spec.get("header", [])
    for number, row in rows:
        cells = [cell or "" for cell in row]
        if all(find_header(each, cells) is not None for each in wanted):
            return number, row
        passed.append((number, "title", row))
        if len(passed) == TITLE:
            break
    if wanted and passed:
        raise StudyError(f"{name} has no row with {', '.join(map(repr, wanted))} among its first {len(passed)}: is it another report?")
    return 0, None


def _without_totals(rows: Rows, spec: dict[str, Any], passed: Passed) -> Rows:
    for number, row in rows:
        if _is_total(_first(row), spec):
            passed.append((number, "total", row))
        else:
            yield number, row


def _headed(rows: Rows, spec: dict[str, Any], passed: Passed) -> Rows:
    """Rows with the heading they stand under behind them; a heading within a heading ends with its own total."""
    under: list[str] = []
    for number, row in rows:
        first = _first(row)
        if _is_total(first, spec):
            passed.append((number, "total", row))
            closed = max((name for name in under if name.casefold() in first.casefold()), key=len, default=None)
            del under[under.index(closed) if closed else -1 :]
        elif first and not any(cell and cell.strip() for cell in row[1:]):
            passed.append((number, "heading", row))
            under.append(first)
        else:
            yield number, [*row, under[-1] if under else None]


def _filled(rows: Rows, header: Row, names: list[str]) -> Rows:
    places = [place for name in names if (place := find_header(name, [cell or "" for cell in header])) is not None]
    if not places:
        yield from rows
        return
    key, kept = places[0], {}
    for number, row in rows:
        if len(row) > max(places):
            if (row[key] or "").strip() not in ("", kept.get(key)):
                kept = {key: row[key].strip()}
            row = list(row)
            for place in places:
                if (row[place] or "").strip():
                    kept.setdefault(place, row[place])
                else:
                    row[place] = kept.get(place)
        yield number, row


def _spread(rows: Rows, header: list[str], spread: dict[str, list[str]], spec: dict[str, Any]) -> Rows:
    """Rows with, behind them, their parts of the amounts that stand on the first row of their group."""
    key = find_header(spec["fill_down"][0], header)
    for _, group in groupby(rows, key=lambda numbered: _cell(numbered[1], key) or numbered[0]):
        together = list(group)
        parts = []
        for name, by in spread.items():
            amounts, *factors = [[_cell(row, find_header(each, header)) for _, row in together] for each in (name, *by)]
            weights = [prod((_number(cell, spec) or Decimal(0) for cell in row), start=Decimal(1)) for row in zip(*factors, strict=True)]
            parts.append(_split(next(filter(None, amounts), ""), weights, spec))
        for place, (number, row) in enumerate(together):
            beyond = any(cell for cell in row[len(header) :])
            yield number, [*(row if beyond else row[: len(header)]), *(part[place] for part in parts)]


def _split(text: str, weights: list[Decimal], spec: dict[str, Any]) -> list[str]:
    """An amount in parts that add up to it, by largest remainder; of what is no number each part says so, and is set aside for it."""
    total = _number(text, spec)
    if total is None:
        return [text and f"{text} for {len(weights)} lines"] * len(weights)
    weights = weights if sum(weights) else [Decimal(1), *[Decimal(0)] * (len(weights) - 1)]
    scale = Decimal(10) ** max(2, -total.as_tuple().exponent)
    exact = [total * scale * weight / sum(weights) for weight in weights]
    units = [int(part.to_integral_value(ROUND_FLOOR)) for part in exact]
    left = int(total * scale) - sum(units)
    for place in sorted(range(len(units)), key=lambda at: (units[at] - exact[at], at))[:left]:
        units[place] += 1
    return [f"{unit / scale:f}".replace(".", _sign(spec)) for unit in units]


def _sign(spec: dict[str, Any]) -> str:
    """The decimal sign; a point while it is not known."""
    return spec.get("decimal", ".") if isinstance(spec.get("decimal"), str) else "."


def _number(text: str, spec: dict[str, Any]) -> Decimal | None:
    if isinstance(spec.get("decimal"), list) and {".", ","} & set(text):
        return None
    try:
        number = Decimal(text.replace(spec.get("thousands", ""), "").replace(_sign(spec), "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _cell(row: Row, place: int | None) -> str:
    return (row[place] or "").strip() if place is not None and place < len(row) else ""


def _first(row: Row) -> str:
    return (row[0] or "").strip() if row else ""


def _is_total(first: str, spec: dict[str, Any]) -> bool:
    """Whether a first cell is a total's; a pattern of stars only stands for the cell as it is."""
    patterns = spec.get("totals", [])
    return bool(first) and any(
        first == each if not each.strip("*") else fnmatchcase(first.casefold(), each.casefold()) for each in patterns
    )
