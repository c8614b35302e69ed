"""What should be done about a cell that cannot be used?"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["ADVICE", "advise"]

#: What to do, by the rule that set a row aside.
ADVICE = {
    "required value missing": "Fill {column} in, or leave the rows aside: they are counted here and in no figure.",
    "not a number": "Write {column} as a plain number: digits and one decimal sign, without a currency.",
    "not finite": "{column} must be a finite number; correct the cells.",
    "too large": "{column} is larger than money that adds up exactly; correct the cells.",
    "out of range": "{column} lies outside its range; correct the cells.",
    "number ambiguous": "These are numbers with decimals, or a thousand times as much: say one sign in study.toml, decimal = '.', and "
    "thousands = ',' where such a sign stands behind thousands (or the other way round).",
    "date ambiguous": "The formats in date_format read these as different days; name one format only, or write dates as 2024-01-31.",
    "date unreadable": "Write {column} as 2024-01-31, or name the formats in study.toml: date_format = [...].",
    "not a yes or no": "Write {column} as true or false, 1 or 0, yes or no.",
    "period unreadable": "Write the period as 2024-03, 2024-Q1, 2024 or a date.",
    "period too long": "The ledger is kept in longer periods than the study; choose a longer period in study.toml.",
    "wrong number of fields": "These lines have more or fewer fields than the header (a delimiter inside a text "
    "needs quotes); correct or export again.",
    "left out": "Left out on purpose by leave_out or keep_only of the preset or of study.toml; change them if these rows should count.",
    "another currency": "Amounts of different currencies are never added; say in study.toml what one is worth: [rates] USD = 0.92.",
    "duplicate key": "Each {column} may stand once; one row stays, the others are set aside. Remove the repeats.",
    "duplicate line": "Set aside because study.toml says duplicates = 'set_aside'; one of each stays.",
}


def advise(rule: str, column: str, cell: str | None, spec: dict[str, Any]) -> str:
    """What to do about rows set aside by a rule, guessing from a cell what its writer meant.

    Parameters
    ----------
    rule, column : why the row is set aside
    cell : text of an offending cell
    spec : the table's section of study.toml

    Examples
    --------
    >>> advise("not a number", "revenue", "12,50", {})
    "The decimal sign looks like a comma: say decimal = ',' for the table in study.toml."
    """
    guess = {"date unreadable": _date, "not a number": _number}.get(rule)
    return (guess and guess(cell or "", spec)) or ADVICE[rule].format(column=column)


def _date(cell: str, spec: dict[str, Any]) -> str | None:
    given = spec.get("date_format", [])
    given = [given] if isinstance(given, str) else given
    if given and re.match(r"^\d{4}-\d{1,2}-\d{1,2}", cell):
        return _add_format("%Y-%m-%d")
    found = re.match(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", cell)
    if not found:
        return None
    first, sign, second, year = found.groups()
    year = "%Y" if len(year) == 4 else "%y"
    day, month = f"%d{sign}%m{sign}{year}", f"%m{sign}%d{sign}{year}"
    likely = day if int(first) > 12 or (sign == "." and int(second) <= 12) else month if int(second) > 12 else None
    if likely:
        return None if likely in given else _add_format(likely)
    return f"Say in study.toml whether the day or the month comes first: date_format = ['{day}'] or ['{month}']."


def _add_format(form: str) -> str:
    return f"Add the format to study.toml: date_format = [..., '{form}'] (%Y-%m-%d stands for 2024-01-31)."


def _number(cell: str, spec: dict[str, Any]) -> str | None:
    if isinstance(spec.get("decimal"), list):
        return ADVICE["number ambiguous"]
    if spec.get("decimal", ".") == "." and re.match(r"^[+-]?\d+,\d{1,2}$", cell):
        return "The decimal sign looks like a comma: say decimal = ',' for the table in study.toml."
    if re.match(r"^\(.*\d\)$", cell):
        return "Negative amounts are written with a minus in front; turn brackets in the export or by sql in study.toml."
    if re.match(r"^[+-]?\d{1,3}([,. ']\d{3})+([.,]\d+)?$", cell) and not spec.get("thousands"):
        sign, fraction = re.search(r"[,. ']", cell).group(), (re.findall(r"[.,](?=\d+$)", cell) or ["."])[0]
        say = f"thousands = {sign!r}" + (
            f" and decimal = '{fraction}'" if fraction != sign and fraction != spec.get("decimal", ".") else ""
        )
        return f"{cell!r} looks like thousands separated by {sign!r}: say {say} for the table in study.toml, or remove the separators."
    return None
