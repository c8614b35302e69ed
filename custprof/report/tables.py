"""How is a frame shown to a reader, in a notebook and in the report?

Text stands on the left and numbers on the right, shares in per cent, money with separators, column names in words. A named index becomes
the first column, a numbered one is hidden, and of a long table the beginning is shown, with its length said.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

__all__ = ["table"]

_FRACTIONS = {
    "break_even_loss",
    "caught",
    "chance_to_pay",
    "conversion",
    "detractors",
    "dissolved",
    "largest",
    "losing",
    "loss_caught",
    "needed_rise",
    "p_alive",
    "promoters",
    "recovered",
    "retention",
    "right",
    "rise",
    "to_carry_cost",
    "to_pay_back",
    "utilisation",
}
_INDICES = {"stability"}  #: Read against a limit of a tenth or more: further decimals say nothing.
_LEFT, _RIGHT = [("text-align", "left")], [("text-align", "right")]
_LABEL = [*_LEFT, ("white-space", "nowrap")]
_SENTENCE = [*_LEFT, ("min-width", "13em")]  # on a phone the table is moved sideways; a sentence is not squeezed to a word a line


def table(frame: pd.DataFrame, *, decimals: int = 2, rows: int = 20, caption: str = ""):
    """A frame made ready for reading; what a notebook shows when a cell ends in a frame.

    Parameters
    ----------
    frame : DataFrame
    decimals : int
        Decimals of numbers that are not whole.
    rows : int
        As many rows are shown; the caption says how many there are.
    caption : str

    Returns
    -------
    pandas Styler
        Columns that are shares or rates by their name are in per cent (``utilisation``, ``loss_share``, ``share_at_risk``), missing
        values are blank.

    Examples
    --------
    >>> shown = table(pd.DataFrame({"pool": ["it"], "cost_in": [1234.5], "share": [0.256]}))
    >>> html = shown.to_html()
    >>> "1,234.50" in html and "25.6%" in html and "cost in" in html
    True
    """
    length = len(frame)
    shown = _flat(frame.head(rows))
    note = f"The first {rows} of {length:,} rows." if length > rows else ""
    styler = shown.style.format({name: _format(name, shown[name], decimals) for name in shown}, na_rep="")
    styler = styler.format_index(lambda name: str(name).replace("_", " "), axis="columns")
    if isinstance(shown.index, pd.RangeIndex):
        styler = styler.hide(axis="index")
    sides = {name: _side(shown[name]) for name in shown}
    styler = styler.set_table_styles({name: [{"selector": "", "props": side}] for name, side in sides.items()})
    styler = styler.set_table_styles([{"selector": "caption", "props": [("caption-side", "top"), *_LEFT]}], overwrite=False)
    text = " ".join(filter(None, [caption, note]))
    return styler.set_caption(text) if text else styler


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Named levels of the index as columns, names of columns unique and in one level."""
    flat = frame.copy()
    if isinstance(flat.columns, pd.MultiIndex):
        flat.columns = [", ".join(str(part) for part in names if part != "") for names in flat.columns]
    flat.columns = pd.Index([str(name) for name in flat.columns])
    named = [name is not None for name in flat.index.names]
    if all(named) and not set(map(str, flat.index.names)) & set(flat.columns):
        flat = flat.reset_index()
    elif flat.index.nlevels > 1 or not flat.index.is_unique:
        flat = flat.set_axis(pd.Index([", ".join(map(str, np.atleast_1d(label))) for label in flat.index]))
    if not flat.index.is_unique:
        flat = flat.reset_index(names="")
    return flat.loc[:, ~flat.columns.duplicated()]


def _side(values: pd.Series) -> list[tuple[str, str]]:
    if types.is_numeric_dtype(values) and not types.is_bool_dtype(values):
        return _RIGHT
    longest = 3 if types.is_bool_dtype(values) else values.astype(str).str.len().max()
    return _SENTENCE if longest > 40 else _LABEL if longest <= 20 else _LEFT


def _format(name: str, values: pd.Series, decimals: int):
    if types.is_bool_dtype(values):
        return lambda value: "yes" if value else "no"
    if types.is_datetime64_any_dtype(values):
        return "{:%Y-%m-%d}"
    if types.is_integer_dtype(values):
        return "{:,}"
    if not types.is_float_dtype(values):
        return None
    if name in _FRACTIONS or name.endswith(("share", "_rate")) or name.startswith(("share ", "share_", "conversion_")):
        return "{:z.1%}"
    size = np.nanmax(np.abs(values.to_numpy(dtype=float)), initial=0.0)
    whole = (values.dropna() % 1 == 0).all()
    return "{:z,.0f}" if whole and size >= 1 else "{:z,.4f}" if 0 < size < 0.1 and name not in _INDICES else "{:z,." + str(decimals) + "f}"
