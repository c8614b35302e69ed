"""Which named segment holds which cell of classes, and does every cell have just one?

A cell is a class of recency, of frequency and of money. A rule is a box of cells; rules are checked to hold every cell that can occur once,
so that every customer has a segment and none has two.
"""

from __future__ import annotations

from itertools import product

import numpy as np

__all__ = ["cell_owners", "single_cells"]


def single_cells(highest: dict[str, int]) -> dict[str, dict[str, int]]:
    """A rule for every cell that can occur, named in short.

    Parameters
    ----------
    highest : dict of column to its best class
        Columns recency, frequency, monetary, in this order; classes go from 0. Who never bought has class 0 of the first two.

    Examples
    --------
    >>> cells = single_cells({"recency": 1, "frequency": 1, "monetary": 1})
    >>> list(cells)
    ['R0 F0 M0', 'R0 F0 M1', 'R1 F1 M0', 'R1 F1 M1']
    >>> cells["R1 F1 M0"]
    {'recency': 1, 'frequency': 1, 'monetary': 0}
    """
    cells = product(*(range(top + 1) for top in highest.values()))
    return {_spoken(cell): dict(zip(highest, cell, strict=True)) for cell in cells if (cell[0] == 0) == (cell[1] == 0)}


def cell_owners(rules: dict, highest: dict[str, int]) -> np.ndarray:
    """For every cell of classes the position of the rule that holds it.

    Parameters
    ----------
    rules : dict of name to {column: class or (lowest, highest)}
        A column not said may have every class.
    highest : dict of column to its best class
        As in `single_cells`.

    Returns
    -------
    ndarray of int, classes of recency x of frequency x of monetary
        -1 where no customer can be.

    Raises
    ------
    ValueError
        If a rule names columns or classes that are not there, or the rules leave a cell out or hold one twice.

    Examples
    --------
    >>> rules = {"loses money": {"monetary": 0}, "earns": {"monetary": 1}}
    >>> cell_owners(rules, {"recency": 1, "frequency": 1, "monetary": 1})[1, 1].tolist()
    [0, 1]
    """
    owners, taken = np.full([top + 1 for top in highest.values()], -1), {}
    for position, (name, rule) in enumerate(rules.items()):
        box = owners[_box(name, rule, highest)]
        if (box >= 0).any():
            taken[name] = list(rules)[box.max()]
        box[...] = position
    if taken:
        pairs = [f"{new!r} and {old!r}" for new, old in taken.items()]
        raise ValueError(f"rules hold some cells twice: {', '.join(pairs[:3])} overlap; give every cell to one segment.")
    cells = single_cells(highest)
    bare = [name for name, cell in cells.items() if owners[tuple(cell.values())] < 0]
    if bare:
        raise ValueError(f"the rules leave out {len(bare)} of {len(cells)} cells, first {bare[:3]}; give every cell a segment.")
    return owners


def _box(name: str, rule: dict, highest: dict[str, int]) -> tuple[slice, ...]:
    """The cells of one rule."""
    box = []
    if not isinstance(rule, dict) or set(rule) - set(highest):
        raise ValueError(f"the rule of {name!r} is {rule!r}; give classes by column, of {list(highest)}.")
    for column, top in highest.items():
        allowed = rule.get(column, (0, top))
        low, high = allowed if isinstance(allowed, tuple | list) else (allowed, allowed)
        if not 0 <= low <= high <= top:
            raise ValueError(f"the rule of {name!r} has {column} {allowed!r}, but its classes go from 0 to {top}.")
        box.append(slice(low, high + 1))
    return tuple(box)


def _spoken(cell: tuple[int, ...]) -> str:
    """A cell in short: R5 F4 M0."""
    return " ".join(f"{letter}{place}" for letter, place in zip("RFM", cell, strict=True))
