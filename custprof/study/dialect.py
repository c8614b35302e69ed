"""How is a question written for DuckDB asked of Spark, so that it means the same?

All SQL of a study is written once, in DuckDB's words. sqlglot parses it and writes it in Spark's; what both engines call alike and mean
differently is put right here: which texts are numbers and dates, how a number is written as text, halves, divisions by zero, patterns,
and rows that are not in another table. What cannot be said in Spark raises ``Untranslatable``; nothing is translated nearly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from fnmatch import fnmatch
from typing import Any

__all__ = ["Untranslatable", "date_pattern", "to_spark"]

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
#: By directive of a date format: what it matches (never giving a digit back, as DuckDB's reader does not) and what it stands for.
_DIRECTIVES = {
    "d": (r"(\d{1,2}+)", "day"),
    "m": (r"(\d{1,2}+)", "month"),
    "Y": (r"(\d{1,4}+)", "year"),
    "y": (r"(\d{1,2}+)", "short year"),
    "b": (f"({'|'.join(name[:3] for name in _MONTHS)})", "name"),
    "B": (f"({'|'.join(_MONTHS)})", "name"),
    "H": (r"(?:2[0-3]|[01]?\d)(?!\d)", ""),
    "I": (r"(?:1[0-2]|0?[1-9])(?!\d)", ""),
    "M": (r"[0-5]?\d(?!\d)", ""),
    "S": (r"[0-5]?\d(?!\d)", ""),
    "f": (r"\d{1,9}+", ""),
    "p": (r"[AaPp][Mm]", ""),
    "%": ("%", ""),
}
_ISO = r"^((?!0000)\d{4}([-/])\d{1,2}\2\d{1,2})([ T](2[0-3]|[01]?\d):[0-5]?\d(:[0-5]?\d(\.\d+)?)?)?\z"
_NUMBER = r"^\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity|nan))\s*\z"
# what Java would write 1.2E7 and DuckDB 12000000.0, 1.0E16 and 1e+16
_PLAIN = r"regexp_replace(regexp_replace(cast(try_cast(_x as decimal(38, 21)) as string), '0+\\z', ''), '[.]\\z', '.0')"
_POWER = (
    r"regexp_replace(split_part(_t, 'E', 1), '[.]0\\z', '') || 'e' || if(contains(_t, 'E-'), '-', '+') "
    r"|| lpad(ltrim('-', split_part(_t, 'E', 2)), 2, '0')"
)
_TEXT = (
    "case when not _t rlike '[EIN]' then _t when isnan(_x) then 'nan' when abs(_x) = double('infinity') then if(_x > 0, 'inf', '-inf') "
    f"when abs(_x) >= 1e-4 and abs(_x) < 1e16 then {_PLAIN} else {_POWER} end"
)


class Untranslatable(ValueError):
    """What is asked cannot be said in Spark's words."""


def to_spark(sql: str, *, tables: Callable[[str], str] = str, floats: Collection[str] = ()) -> str:
    """DuckDB's SQL as Spark's.

    Parameters
    ----------
    sql : one query, as the study writes them
    tables : gives the name of a table in Spark
    floats : columns that hold floating-point numbers, for those that become text

    Raises
    ------
    Untranslatable
        Where a date format has no counterpart.
    """
    import sqlglot
    from sqlglot import exp

    def template(words: str, **nodes: Any):
        def put(node):
            return nodes[node.name].copy() if isinstance(node, exp.Column) and node.name in nodes else node

        return exp.Paren(this=sqlglot.parse_one(words, read="spark").transform(put))

    def function(node, name: str) -> bool:
        return isinstance(node, exp.Anonymous) and node.name.lower() == name

    def change(node):
        if isinstance(node, exp.Table):
            node.set("this", exp.to_identifier(tables(node.name), quoted=True))
        elif isinstance(node, exp.Cast):
            return change_cast(node)
        elif isinstance(node, exp.RegexpLike | exp.RegexpReplace):
            # Java's $ also stands before a last line break
            pattern = node.expression.name
            node.set("expression", exp.Literal.string(re.sub(r"(?<!\\)\$", r"\\z", pattern)))
        elif isinstance(node, exp.Glob):
            return exp.RegexpLike(this=node.this, expression=exp.Literal.string(_glob(node.expression.name)))
        elif isinstance(node, exp.Div) and not node.expression.is_number:
            return template("_a * if(_b = 0, double('infinity'), 1) / if(_b = 0, 1, _b)", _a=node.this, _b=node.expression)
        elif isinstance(node, exp.Round) and node.args.get("decimals") is not None:
            return template(f"round(_x * 1e{node.args['decimals'].name}) / 1e{node.args['decimals'].name}", _x=node.this)
        elif isinstance(node, exp.EQ) and isinstance(node.expression, exp.Floor):
            # Spark's floor is a whole number of 64 bits, and refuses what is larger
            return template("_x % 1 = 0", _x=node.this)
        elif isinstance(node, exp.Left) and isinstance(node.expression, exp.Neg):
            return template("left(_x, length(_x) - _n)", _x=node.this, _n=node.expression.this)
        elif isinstance(node, exp.Not) and isinstance(node.this, exp.In) and node.this.args.get("query"):
            return change_absent(node.this)
        elif isinstance(node, exp.Typeof):
            return template("if(typeof(_x) = 'string', 'VARCHAR', upper(typeof(_x)))", _x=node.this)
        elif function(node, "isfinite"):
            (x,) = node.expressions
            # cells as they came are asked only where they are dates, and those of Spark are all finite
            dates = isinstance(x, exp.Column) and fnmatch(x.name, "c[0-9]*")
            return template("_x is not null" if dates else "abs(_x) < double('infinity')", _x=x)
        elif function(node, "suffix"):
            return template("endswith(_x, _y)", _x=node.expressions[0], _y=node.expressions[1])
        elif function(node, "parse_filename"):
            return template(r"substring_index(replace(_x, '\\', '/'), '/', -1)", _x=node.expressions[0])
        return node

    def change_cast(node):
        to, inner = node.to.this, node.this
        if function(inner, "try_strptime"):
            text, form = inner.expressions
            return template(_date(form.name), _t=text)
        if to == exp.DataType.Type.DATE and isinstance(inner, exp.TryCast) and inner.to.this in exp.DataType.TEMPORAL_TYPES:
            words = (
                f"case when _t rlike {_quoted(_ISO)} then try_cast(replace(regexp_extract(_t, {_quoted(_ISO)}, 1), '/', '-') as date) end"
            )
            return template(words, _t=inner.this)
        if to == exp.DataType.Type.DOUBLE and isinstance(node, exp.TryCast):
            return template(f"case when _t rlike {_quoted(_NUMBER)} then try_cast(_t as double) end", _t=inner)
        if to == exp.DataType.Type.INT128:
            # a Decimal that fits a long is summed without loss and far faster than a wider one
            node.set("to", exp.DataType.build("decimal(18, 0)"))
        if to == exp.DataType.Type.TEXT:
            bare = inner.unnest()
            if (isinstance(bare, exp.Column) and bare.name in floats) or (isinstance(bare, exp.Div | exp.Round)):
                words = re.sub(r"\b_t\b", "cast(_x as string)", _TEXT)
                # an expression is written once, however often its text asks for it
                words = words if isinstance(bare, exp.Column) else f"transform(array(_y), _x -> {words})[0]"
                return template(words, _x=bare, _y=inner) if isinstance(bare, exp.Column) else template(words, _y=inner)
        return node

    def change_absent(node):
        """``not in`` lets Spark compare every row with every other; its columns here are never null."""
        query = node.args["query"].this.copy()
        query.set("expressions", [exp.alias_(query.expressions[0].unalias(), "_other", quoted=True)])
        return exp.Not(
            this=template("exists (select 1 from _q where _other = _x)", _x=node.this).this.transform(
                lambda each: query.subquery("_q") if isinstance(each, exp.Table) and each.name == "_q" else each
            )
        )

    try:
        # the root is never changed itself, and what stands inside is changed before what stands around it
        query = sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.ParseError as error:
        raise Untranslatable(str(error).splitlines()[0]) from None
    for node in reversed(list(query.walk())):
        if (changed := change(node)) is not node:
            node.replace(changed)
    return query.sql("spark", identify=True)


def date_pattern(form: str) -> tuple[str, list[str]]:
    r"""The pattern of a date format, and what its groups stand for.

    Raises
    ------
    Untranslatable
        Where the format asks for what is no part of a date or a time of day.

    Examples
    --------
    >>> date_pattern("%d.%m.%Y")
    ('^(\\d{1,2}+)\\.(\\d{1,2}+)\\.(\\d{1,4}+)\\z', ['day', 'month', 'year'])
    """
    pattern, parts = "^", []
    for sign, plain in re.findall(r"%-?(.)|([^%]+)", form):
        if sign and sign not in _DIRECTIVES:
            raise Untranslatable(f"the date format {form!r}")
        matched, part = _DIRECTIVES[sign] if sign else (re.escape(plain), "")
        pattern += matched
        parts += [part] if part else []
    return pattern + r"\z", parts


def _date(form: str) -> str:
    """Spark's words for the date of a text ``_t`` written in a format; null for any other text."""
    pattern, parts = date_pattern(form)
    found = {part: f"regexp_extract(_t, {_quoted(pattern)}, {number})" for number, part in enumerate(parts, 1)}
    year = f"lpad({found['year']}, 4, '0')" if "year" in found else "'1900'"
    if short := found.get("short year"):
        year = f"cast(if(cast({short} as int) < 69, 2000, 1900) + cast({short} as int) as string)"
    month, day = found.get("month", "'1'"), found.get("day", "'1'")
    if name := found.get("name"):
        names = ", ".join(_quoted(name[:3]) for name in _MONTHS)
        month = f"cast(array_position(array({names}), left({name}, 3)) as string)"
    return f"case when _t rlike {_quoted(pattern)} then try_cast({year} || '-' || {month} || '-' || {day} as date) end"


def _glob(pattern: str) -> str:
    """DuckDB's pattern of stars as one of Java."""
    pieces = re.findall(r"\[\[\]|.", pattern, re.DOTALL)
    said = {"*": ".*", "?": ".", "[[]": r"\["}
    return "(?s)^" + "".join(said.get(piece) or re.escape(piece) for piece in pieces) + r"\z"


def _quoted(text: str) -> str:
    """A text as a literal of Spark's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
