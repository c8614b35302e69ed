"""How do a study's tables become a workbook that an accountant likes to open?

One sheet per table, a first sheet that explains the others; money, shares, counts and dates formatted, negative money in red, headers
frozen, filters on, columns as wide as their contents, a page of A4 wide in print. The same tables give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_excel"]

CREATED = dt.datetime(2020, 1, 1)
ROWS = 1_048_576
WIDEST = 48
MEASURED_ROWS = 200
SHARES = ("share", "utilisation", "conversion", "losing", "p_alive", "probability", "rise", "break_even_loss", "chance_to_pay")
COUNTS = ("rows", "lines", "orders", "customers", "frequency", "rank", "returns_lines", "segment_id", "loss_makers")


def to_excel(tables: Mapping[str, pd.DataFrame], path: str | Path, *, notes: Mapping[str, str] | None = None, title: str = "") -> Path:
    """Write tables into an Excel workbook, one sheet each, after a sheet that explains them.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        The sheets in their order, by name (31 characters at most). A named index becomes the first columns. Columns with "share" or
        "_rate" in their names are shown as percentages, whole numbers as counts, other numbers as money with two decimals.
    path : str or Path
        The file to write; an existing one is replaced.
    notes : mapping of str to str, optional
        One sentence per sheet for the first sheet.
    title : str, default ""
        The heading of the first sheet.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If a table has more rows than a sheet can hold, or a name is no valid name of a sheet.

    Notes
    -----
    Texts are written as texts: a customer called ``=1+1`` is no formula, a product code ``00123`` keeps its zeros and an address no link.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> pnl = pd.DataFrame({"profit": [120.5, -30.0]}, index=pd.Index(["c1", "=c2"], name="customer_id"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = to_excel({"P&L": pnl}, f"{folder}/book.xlsx", notes={"P&L": "Profit by customer."})
    ...     pd.read_excel(file, sheet_name="P&L").values.tolist()
    [['c1', 120.5], ['=c2', -30.0]]
    """
    import xlsxwriter

    path = Path(path)
    _check(tables)
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": title or "custprof", "created": CREATED})
        formats = _formats(book)
        _write_contents(book.add_worksheet("Contents"), tables, notes or {}, title, formats)
        for name, table in tables.items():
            _write_table(book.add_worksheet(name), _flat(table), formats)
    return path


def _check(tables) -> None:
    for name, table in tables.items():
        if not name or len(name) > 31 or set(name) & set("[]:*?/\\") or name.lower() in ("contents", "history"):
            raise ValueError(f"{name!r} cannot name a sheet; use 1 to 31 characters without []:*?/\\, and neither Contents nor History.")
        if len(table) >= ROWS:
            raise ValueError(f"{name} has {len(table):,} rows and a sheet holds {ROWS - 1:,}; write it as CSV or shorten it.")


def _formats(book) -> dict:
    grey = {"border_color": "#D0D5DA"}
    return {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "header": book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "valign": "top", **grey}),
        "header_right": book.add_format(
            {"bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "valign": "top", "align": "right", **grey}
        ),
        "link": book.add_format({"font_color": "#0072B2", "underline": 1, "valign": "top"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        "text": book.add_format({"num_format": "@"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "share": book.add_format({"num_format": "0.0%;[Red]-0.0%"}),
        "number": book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"}),
    }


def _write_contents(sheet, tables, notes, title, formats) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, 2, 100)
    sheet.write_string(0, 0, title or "Contents", formats["title"])
    for column, header in enumerate(["Sheet", "Rows", "What it shows"]):
        sheet.write_string(2, column, header, formats["header"])
    for row, (name, table) in enumerate(tables.items(), start=3):
        sheet.write_url(row, 0, f"internal:'{name.replace(chr(39), chr(39) * 2)}'!A1", formats["link"], name)
        sheet.write_number(row, 1, len(table), formats["count"])
        sheet.write_string(row, 2, notes.get(name, ""), formats["wrap"])


def _write_table(sheet, table: pd.DataFrame, formats) -> None:
    texts = 0
    for column, name in enumerate(table.columns):
        values = table.iloc[:, column]
        kind = _kind(str(name), values)
        texts = column + 1 if kind == "text" and column == texts else texts
        sheet.set_column(column, column, _width(str(name), values, kind), formats[kind])
        header = formats["header_right" if kind in ("number", "count", "share") else "header"]
        sheet.write_string(0, column, str(name).replace("_", " "), header)
        for row, value in enumerate(values.tolist(), start=1):
            _write_value(sheet, row, column, value, formats[kind])
    sheet.freeze_panes(1, min(texts, 1))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)  # as wide as a page, as long as it takes, the header on each
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")
    if len(table.columns):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _write_value(sheet, row: int, column: int, value, cell_format) -> None:
    """An empty cell for what is missing or not finite, else a number, a date or a text."""
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        if math.isfinite(value):
            sheet.write_number(row, column, value, cell_format)
    elif isinstance(value, dt.datetime | dt.date):
        sheet.write_datetime(row, column, _naive(value), cell_format)
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value)
        sheet.write_string(row, column, text[:32_767], cell_format)


def _naive(value):
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Index levels with a name become columns, a plain row number does not."""
    return table.reset_index() if any(name is not None for name in table.index.names) else table


def _kind(name: str, values: pd.Series) -> str:
    from pandas.api import types

    if types.is_datetime64_any_dtype(values.dtype) or _all_dates(values):
        return "date"
    if types.is_bool_dtype(values.dtype) or not types.is_numeric_dtype(values.dtype):
        return "text"
    if types.is_integer_dtype(values.dtype) or name in COUNTS:
        return "count"
    words = name.lower().split("_")
    return "share" if name.endswith("_rate") or any(word in words or word == name for word in SHARES) else "number"


def _all_dates(values: pd.Series) -> bool:
    known = values.dropna()
    return len(known) > 0 and values.dtype == object and all(isinstance(value, dt.date) for value in known.head(MEASURED_ROWS))


def _width(name: str, values: pd.Series, kind: str) -> float:
    widest = max((len(word) for word in name.split("_")), default=0) + 3
    if kind == "date":
        return max(widest, 12)
    if kind in ("number", "count", "share"):
        finite = values.abs().max()
        digits = len(f"{finite:,.2f}") if finite == finite and math.isfinite(finite) else 4
        return max(widest, digits + 2)
    lengths = values.dropna().head(MEASURED_ROWS).map(lambda value: len(str(value)))
    return min(WIDEST, max(widest, 8, (int(lengths.max()) if len(lengths) else 0) + 2))
