"""How is money written on a figure, on its axes and beside its bars?

Amounts are shortened to thousands (k), millions (M), billions (bn) and trillions (tn): "1.2 M", "350 k", "-20 k". The currency is said
once, in the label of the axis, and never on every tick.
"""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

__all__ = ["GAIN", "LOSS", "NEUTRAL", "money_axis", "money_text"]

#: Colours that colour-blind readers tell apart: gains, losses, and what is neither (residuals, totals, guides).
GAIN, LOSS, NEUTRAL = "#0072B2", "#D55E00", "#999999"

_UNITS = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))


def money_text(amount: float, *, digits: int = 3) -> str:
    """An amount of money as a short text.

    Parameters
    ----------
    amount : float
        Amount in currency units, of either sign.
    digits : int
        Significant digits.

    Returns
    -------
    str
        The amount in the largest unit it fills; "" where it is unknown (NaN).

    Examples
    --------
    >>> [money_text(amount) for amount in (1_234_567, 350_000, -20_000, 999_999, 77, 0)]
    ['1.23 M', '350 k', '-20 k', '1 M', '77', '0']
    """
    if math.isnan(amount):
        return ""
    if abs(amount) < 1e-9 or math.isinf(amount):
        return "0" if abs(amount) < 1 else f"{amount}"
    size = float(f"{abs(amount):.{digits}g}")
    unit, suffix = next(((unit, f" {suffix}") for unit, suffix in _UNITS if size >= unit), (1.0, ""))
    return f"{'-' if amount < 0 else ''}{size / unit:.{max(digits, 3)}g}{suffix}"


def money_axis(ax: Axes, which: str = "y", currency: str = "") -> Axes:
    """Write the ticks of one axis as money, and the currency in that axis's label.

    Call it after the label is set: "profit" becomes "profit (EUR)"; an axis without a label gets the currency as its label. Ticks are
    "1.2 M", "350 k", "-20 k" on linear, log and symlog scales (set the scale first).

    Parameters
    ----------
    ax : matplotlib Axes
        The axes to change.
    which : {"x", "y"}
        Which of its axes carries money.
    currency : str
        Currency to name in the label, say "EUR"; "" names none.

    Returns
    -------
    matplotlib Axes
        The same axes.

    Raises
    ------
    ValueError
        If `which` is neither "x" nor "y".

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> _ = ax.set_ylabel("profit")
    >>> money_axis(ax, currency="EUR").get_ylabel()
    'profit (EUR)'
    >>> ax.yaxis.get_major_formatter()(1_200_000)
    '1.2 M'
    >>> plt.close(figure)
    """
    if which not in ("x", "y"):
        raise ValueError(f"which is {which!r}; choose 'x' or 'y'.")
    axis = getattr(ax, f"{which}axis")
    axis.set_major_formatter(FuncFormatter(lambda amount, _: money_text(amount, digits=6)))
    axis.set_minor_formatter(NullFormatter())
    label = axis.get_label().get_text()
    if currency and not label.endswith(f"({currency})"):
        axis.set_label_text(f"{label} ({currency})" if label else currency)
    return ax
