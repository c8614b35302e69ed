"""How is the text of a cell read as a number, a date, a period, a flag or a duration?

Everything here is SQL of the embedded engine, so that no row passes through Python. What cannot be read gives null, never a guess.
"""

from __future__ import annotations

__all__ = ["cast_cell", "clock_seconds", "literal", "number_sql", "period_sql"]

_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)
_YEARS = (1900, 2199)
_TIME = r"[ T,]+([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?$"
_CLOCK = r"^-?\d+:[0-5]\d(:[0-5]\d)?$"
_ISO = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}($|[ T]\d)"


def period_sql(date: str, period: str, fiscal_start: int = 1) -> str:
    """SQL for the period label of a date, the same as ``engine.period_label``.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("select " + period_sql("date '2024-04-01'", "quarter", 4)).fetchall()
    [('2025-Q1',)]
    """
    if period == "month":
        return f"strftime({date}, '%Y-%m')"
    shifted = f"({date} + interval {(13 - fiscal_start) % 12} month)"
    if period == "year":
        return f"lpad(year({shifted})::varchar, 4, '0')"
    return f"(lpad(year({shifted})::varchar, 4, '0') || '-Q' || quarter({shifted}))"


def cast_cell(
    kind: str, cell: str, dtype: str, spec: dict, period: str, fiscal_start: int, *, called: str
) -> tuple[str, str, list[tuple[str, str]]]:
    """SQL for a cell's text (null where blank), for its value once that text is ``called`` so, and the faults it may have: (rule, test on
    {b} and {v})."""
    base = dtype.split("(")[0].upper()
    text = f"nullif(trim({cell}), '')" if base == "VARCHAR" else f"{cell}::varchar"
    if base in ("FLOAT", "DOUBLE") and kind in ("text", "date", "period"):
        text = f"nullif({text}, 'nan')"
        text = f"case when {cell} = floor({cell}) and abs({cell}) < 1e15 then ({cell}::bigint)::varchar else {text} end"
    blanks = spec.get("blank", [])
    for blank in [blanks] if isinstance(blanks, str) else blanks:
        text = f"nullif({text}, {literal(str(blank).strip())})"
    blank, text, unread = text, called, "{b} is not null and {v} is null"
    if kind == "text":
        return blank, text, []
    if kind == "flag":
        value = f"case when lower({text}) in ('true', '1', 'yes') then true when lower({text}) in ('false', '0', 'no') then false end"
        return blank, value, [("not a yes or no", unread)]
    if kind == "date":
        return blank, *_date(text, cell, base, spec)
    if kind == "period":
        return blank, *_period(text, cell, base, spec, period, fiscal_start)
    value = f"{cell}::double" if base in _NUMBERS else number_sql(text, spec)
    if kind == "duration" and base == "VARCHAR":
        value = f"coalesce({clock_seconds(text)} / 60, {value})"
    if kind == "fraction":
        value = f"case when lower({text}) in ('true', 'yes') then 1 when lower({text}) in ('false', 'no') then 0 else {value} end"
    faults = [("not a number", unread), ("not finite", "not isfinite({v})")]
    if base == "VARCHAR" and isinstance(spec.get("decimal"), list):
        doubt = _readings(text, spec).replace("{", "{{").replace("}", "}}").replace(text, "{b}")
        faults.insert(0, ("number ambiguous", unread + f" and least({doubt}) is not null"))
    bounds = {"fraction": "{v} < 0 or {v} > 1", "score": "{v} < 0 or {v} > 10"}
    return blank, value, [*faults, ("out of range", bounds[kind])] if kind in bounds else faults


def number_sql(text: str, spec: dict) -> str:
    """A number from text: the decimal sign as named; a thousands separator only where named, and only before groups of three digits;
    a minus may stand behind the digits, and a currency's sign anywhere where it is named. Of two decimal signs, what they read alike, each
    with the other behind thousands."""
    if isinstance(spec.get("decimal"), list):
        read = _readings(text, spec)
        return f"case when least({read}) = greatest({read}) then least({read}) end"
    decimal, thousands = spec.get("decimal", "."), spec.get("thousands")
    if "currency_sign" in spec:
        text = f"trim(replace({text}, {literal(spec['currency_sign'])}, ''))"
    text = f"case when suffix({text}, '-') and not suffix({text}, '--') then '-' || left({text}, -1) else {text} end"
    value = text
    if thousands:
        if thousands == " ":
            # exports write the space between thousands as one that does not break
            text = f"translate({text}, '\u00a0\u202f', '  ')"
        pattern = rf"^[+-]?\d{{1,3}}([{thousands}]\d{{3}})+([{decimal}]\d*)?$"
        value = f"case when regexp_matches({text}, {literal(pattern)}) then replace({text}, {literal(thousands)}, '') else {text} end"
    if decimal != ".":
        value = f"case when contains({value}, '.') then null else replace({value}, {literal(decimal)}, '.') end"
    return f"case when contains({text}, '_') then null else try_cast({value} as double) end"


def clock_seconds(text: str) -> str:
    """SQL for the seconds of a duration written as a clock, 7:30 or 07:30:00; null for any other text."""
    hours, minutes, seconds = (f"coalesce(try_cast(split_part(ltrim({text}, '-'), ':', {part}) as double), 0)" for part in (1, 2, 3))
    sign = f"case when starts_with({text}, '-') then -1 else 1 end"
    return f"case when regexp_matches({text}, '{_CLOCK}') then {sign} * ({hours} * 3600 + {minutes} * 60 + {seconds}) end"


def _readings(text: str, spec: dict) -> str:
    other = {",": ".", ".": ","}
    return ", ".join(number_sql(text, {**spec, "decimal": sign, "thousands": other.get(sign)}) for sign in spec["decimal"])


def _day(text: str) -> str:
    """SQL for a date without the time of day behind it: the date is taken as it was written, in its own time zone."""
    # most dates have none, and the pattern costs more than their length
    return f"case when length({text}) <= 10 then {text} else regexp_replace({text}, '{_TIME}', '') end"


def _date(text: str, cell: str, base: str, spec: dict) -> tuple[str, list[tuple[str, str]]]:
    faults = [("date unreadable", "{b} is not null and {v} is null")]
    if base in ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"):
        return f"case when isfinite({cell}) then {cell}::date end", faults
    formats = spec.get("date_format", [])
    formats = [formats] if isinstance(formats, str) else formats
    if not formats:
        # the pattern keeps the engine from reading "epoch", "infinity" or a year of two digits
        return f"case when regexp_matches({text}, '{_ISO}') then try_cast({_day(text)} as timestamp)::date end", faults
    read = [f"try_strptime({text if '%H' in form or '%I' in form else _day(text)}, {literal(form)})::date" for form in formats]
    # %Y takes "23" for the year 23: a year that no business has is not read
    tried = ", ".join(f"case when year({day}) between {_YEARS[0]} and {_YEARS[1]} then {day} end" for day in read)
    if len(formats) == 1:
        return tried, faults
    return f"case when least({tried}) = greatest({tried}) then least({tried}) end", [
        ("date ambiguous", "{b} is not null and {v} is null and " + f"least({tried.replace(text, '{b}')}) is not null"),
        *faults,
    ]


def _period(text: str, cell: str, base: str, spec: dict, period: str, fiscal_start: int) -> tuple[str, list[tuple[str, str]]]:
    """A ledger's period (2024-03, 202403, 2024-Q1, 2024, M03.2024 by date_format, or a date) as the study's period.

    A quarter or year by name is one of the study's own, fiscal if they are.
    """
    date = _date(text, cell, base, spec)[0]
    first = f"try_cast(left({text}, 4) || '-' || right({text}, 2) || '-01' as date)"
    month = rf"case when regexp_matches({text}, '^\d{{4}}[-/.]?(0[1-9]|1[0-2])$') then {first} end"
    quarter, year = rf"regexp_matches({text}, '^\d{{4}}[- ]?Q[1-4]$')", rf"regexp_matches({text}, '^\d{{4}}$')"
    value = f"case when coalesce({date}, {month}) is not null then {period_sql(f'coalesce({date}, {month})', period, fiscal_start)}"
    if period in ("quarter", "year"):
        value += f" when {quarter} then " + (f"left({text}, 4) || '-' || right({text}, 2)" if period == "quarter" else f"left({text}, 4)")
    if period == "year":
        value += f" when {year} then {text}"
    coarse = "{v} is null and (" + (quarter + " or " + year).replace(text, "{b}").replace("{4}", "{{4}}") + ")"
    return value + " end", [("period too long", coarse), ("period unreadable", "{b} is not null and {v} is null")]


def literal(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"
