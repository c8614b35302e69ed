"""Which colour do words take on a coloured cell, and which colours tell parts apart that are neither gains nor losses?"""

from __future__ import annotations

from matplotlib.colors import to_rgb

__all__ = ["PARTS", "ink_on"]

#: Colours that colour-blind readers tell apart (Tol, 2021, the muted scheme), none of them the blue of gains or the vermilion of losses.
PARTS = ("#332288", "#DDCC77", "#AA4499", "#88CCEE", "#999933", "#CC6677", "#44AA99", "#117733", "#882255")
_HALFWAY = 0.179  # the luminance on which black and white have the same contrast, 4.6 to 1


def ink_on(color) -> str:
    """Black or white, whichever can be read better on a colour.

    Parameters
    ----------
    color : any colour that matplotlib knows

    Returns
    -------
    str

    References
    ----------
    Web Content Accessibility Guidelines 2.2 (2023), relative luminance and contrast ratio.

    Examples
    --------
    >>> ink_on("#FFFFFF"), ink_on("#0072B2"), ink_on("#999999")
    ('black', 'white', 'black')
    """
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color))
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _HALFWAY else "white"
