"""How long does a piece of work take, given what it contains?

A time equation is a line of arithmetic in a cost model, such as ``5 + 3*lines + 15*new_customer``. It is read by a whitelist into a
Narwhals expression that the engine runs on every row; nothing is ever evaluated as Python. Allowed are numbers, names of columns, ``+ - *
/``, parentheses, the comparisons ``< <= > >= == !=`` (1 where true, 0 where not), ``min(...)`` and ``max(...)``.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Collection
from dataclasses import dataclass, field

import narwhals.stable.v2 as nw
import pandas as pd

__all__ = ["TimeEquation", "TimeEquationError", "read_equation"]

_LONGEST, _DEEPEST = 500, 40
#: No number, and no row, counts more than this (1,900 years in minutes), so that no sum overflows.
_LARGEST = 1e9
_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_COMPARISON = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_REFUSED = {
    ast.Pow: "powers (**) are not allowed",
    ast.FloorDiv: "// is not allowed; use /",
    ast.Mod: "% is not allowed",
    ast.Attribute: "attributes (a dot after a name) are not allowed",
    ast.Subscript: "brackets [ ] are not allowed",
    ast.BoolOp: "'and' and 'or' are not allowed; multiply comparisons instead",
    ast.Not: "'not' is not allowed",
    ast.IfExp: "'if' is not allowed; multiply by a comparison instead",
}
_ALLOWED = "allowed are numbers, columns, + - * /, parentheses, comparisons, min and max"


class TimeEquationError(ValueError):
    """A time equation that is not plain arithmetic; the message points at the place."""


@dataclass(frozen=True)
class TimeEquation:
    """A time equation that was read and found to be plain arithmetic; made by `read_equation`.

    Attributes
    ----------
    text : str
        The equation as written.
    columns : tuple of str
        The columns it uses, in alphabetical order.
    """

    text: str
    columns: tuple[str, ...]
    _tree: ast.expr = field(repr=False, compare=False)

    def expression(self) -> nw.Expr:
        """The equation as a Narwhals expression (Float64): missing where a column it uses is missing, a division is by zero, or the result
        is beyond any sense."""
        value = _build(self._tree)
        for column in self.columns:
            value = nw.when(~nw.col(column).is_null()).then(value)
        return nw.when(value.abs() <= _LARGEST).then(value)

    def evaluate(self, frame: pd.DataFrame) -> pd.Series:
        """The equation on every row of a pandas frame, to try it out; same index.

        Examples
        --------
        >>> orders = pd.DataFrame({"lines": [4, 10], "new_customer": [0, 1], "rush": [0, 1]})
        >>> read_equation("5 + 3*lines + 15*new_customer + 10*rush").evaluate(orders).tolist()
        [17.0, 60.0]
        """
        lacking = [column for column in self.columns if column not in frame.columns]
        if lacking:
            raise ValueError(
                f'the time equation "{self.text}" needs {", ".join(lacking)}, which the frame lacks; it has {", ".join(frame.columns)}.'
            )
        minutes = nw.from_native(frame).with_columns(self.expression().alias("minutes"))
        return minutes.get_column("minutes").to_native()

    def terms(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What each term of the equation gives on every row: how a time comes about.

        Parameters
        ----------
        frame : DataFrame
            The columns that the equation uses.

        Returns
        -------
        DataFrame
            One column for each term that is added or taken away, and ``total``, the equation; same index.

        Examples
        --------
        >>> orders = pd.DataFrame({"lines": [4, 10], "rush": [0, 1]})
        >>> read_equation("5 + 3*lines + 10*rush").terms(orders).to_numpy().tolist()
        [[5.0, 12.0, 0.0, 17.0], [5.0, 30.0, 10.0, 45.0]]
        """
        texts = [f"-({ast.unparse(node)})" if taken else ast.unparse(node) for node, taken in _summands(self._tree)]
        return pd.DataFrame({**{text: read_equation(text).evaluate(frame) for text in texts}, "total": self.evaluate(frame)})


def read_equation(text: str | float, columns: Collection[str] | None = None) -> TimeEquation:
    """Read a time equation.

    Parameters
    ----------
    text : str or number
        The equation; a number is so many minutes for every row.
    columns : collection of str, optional
        The columns it may use; any name if not given.

    Returns
    -------
    TimeEquation

    Raises
    ------
    TimeEquationError
        If the text is anything but whitelisted arithmetic on known columns: the message shows the equation and marks the place.

    References
    ----------
    Kaplan, R. S. and Anderson, S. R. (2007), Time-Driven Activity-Based Costing, Harvard Business School Press, chapter 2.

    Examples
    --------
    >>> read_equation("6 + 1.5*lines + 12*(quantity > 100)").columns
    ('lines', 'quantity')
    >>> read_equation("6 + 1.5*line", columns=["lines", "quantity"])
    Traceback (most recent call last):
    custprof.costing.equations.TimeEquationError: 'line' is not a column here; did you mean 'lines'?
        6 + 1.5*line
                ^
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise TypeError(f"a time equation is text such as '5 + 3*lines' or a number, not {text!r}.")
    text = " ".join(str(text).split())
    if not text or len(text) > _LONGEST:
        raise TimeEquationError(f"a time equation has 1 to {_LONGEST} characters, this one {len(text)}.")
    if "#" in text:
        raise TimeEquationError(_point("comments (#) are not allowed", text, text.index("#")))
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        offset = getattr(error, "offset", None)
        raise TimeEquationError(_point("this is not arithmetic", text, offset - 1 if offset else len(text))) from None
    names: set[str] = set()
    _check(tree, text, columns, names, 0)
    equation = TimeEquation(text, tuple(sorted(names)), tree)
    if not names and not equation.evaluate(pd.DataFrame({"row": [0]})).notna().all():
        raise TimeEquationError(_point("this is no number of minutes", text, 0))
    return equation


def _check(node: ast.AST, text: str, columns: Collection[str] | None, names: set[str], depth: int) -> None:
    """Refuse everything that is not on the whitelist, and collect the names of columns."""
    if depth > _DEEPEST:
        raise TimeEquationError(_point(f"more than {_DEEPEST} levels of terms and parentheses; write it shorter", text, _place(node, text)))
    inside: list[ast.AST] = []
    match node:
        case ast.Constant(value=value) if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not _is_number(value):
                raise TimeEquationError(_point("this number is too large", text, _place(node, text)))
        case ast.Name(id=name):
            if columns is not None and name not in columns:
                raise TimeEquationError(_point(_unknown(name, columns), text, _place(node, text)))
            names.add(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            inside = [left, right]
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            inside = [operand]
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISON:
            inside = [left, right]
        case ast.Call(func=ast.Name(id="min" | "max"), args=args, keywords=[]) if len(args) > 1 and not any(
            isinstance(a, ast.Starred) for a in args
        ):
            inside = args
        case _:
            raise TimeEquationError(_point(_reason(node), text, _place(node, text)))
    for part in inside:
        _check(part, text, columns, names, depth + 1)


def _summands(node: ast.expr, taken: bool = False) -> list[tuple[ast.expr, bool]]:
    """The parts that an expression adds, or takes away."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        return [*_summands(node.left, taken), *_summands(node.right, taken != isinstance(node.op, ast.Sub))]
    return [(node, taken)]


def _build(node: ast.AST) -> nw.Expr:
    match node:
        case ast.Constant(value=value):
            return nw.lit(float(value))
        case ast.Name(id=name):
            return nw.col(name).cast(nw.Float64)
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_build(left), _build(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return nw.lit(0.0) - _build(operand)
        case ast.UnaryOp(operand=operand):
            return _build(operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _COMPARISON[type(op)](_build(left), _build(right)).cast(nw.Float64)
        case ast.Call(func=ast.Name(id=name), args=args):
            return (nw.min_horizontal if name == "min" else nw.max_horizontal)(*map(_build, args))
    raise AssertionError(ast.dump(node))


def _is_number(value: float) -> bool:
    try:
        return abs(float(value)) <= _LARGEST
    except OverflowError:
        return False


def _reason(node: ast.AST) -> str:
    refused = node.op if isinstance(node, (ast.BinOp, ast.UnaryOp)) else node
    if type(refused) in _REFUSED:
        return _REFUSED[type(refused)]
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else "this"
        return (
            f"{name}() takes two or more values, without names"
            if name in ("min", "max")
            else f"{name}() cannot be called; only min and max can"
        )
    if isinstance(node, ast.Compare):
        return "compare two values with one of < <= > >= == !="
    if isinstance(node, ast.Constant):
        return f"{node.value!r} is not a number"
    return f"this is not allowed; {_ALLOWED}"


def _unknown(name: str, columns: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(columns), n=1)
    return f"{name!r} is not a column here; " + (f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(columns))}.")


def _place(node: ast.AST, text: str) -> int:
    """Position of a node in the text (the parser counts bytes); for an operation, of its operator's left end."""
    anchor = getattr(node, "left", None) if isinstance(node, ast.BinOp) else None
    offset = anchor.end_col_offset if anchor is not None else node.col_offset
    place = len(text.encode()[:offset].decode(errors="ignore"))
    if anchor is not None:
        while place < len(text) and text[place] in " )":
            place += 1
    return place


def _point(reason: str, text: str, place: int) -> str:
    return f"{reason}\n    {text}\n    {' ' * min(place, len(text))}^"
