"""Which ledger lines stand behind the cost of a customer?

Lineage is not stored. A cell belongs to an activity, the activity to a pool, and the pool has one mix of ledger lines, so the way back is
worked out when asked, from the customer's cells alone.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .cells import NO_LINE, RESIDUALS, SUSTAINING
from .cents import split_in_order

if TYPE_CHECKING:
    from .allocation import Allocation

__all__ = ["trace_cost"]


def trace_cost(allocation: Allocation, customer_id: str) -> pd.DataFrame:
    """The method `Allocation.trace`."""
    cells = _cells_of(allocation, customer_id)
    if cells is None:
        raise ValueError(f"customer_id {customer_id!r} has no cost here; it is neither in the drivers nor a residual row with an amount.")
    of_source, cents = allocation._lines.groupby(["period", "pool"]).indices, allocation._lines["cents"].to_numpy()
    parts = []
    for period, activity, pool, left in cells:
        for source, amount in zip(*_shares(left, allocation._moved[period, :, pool]), strict=True):
            lines = of_source[(period, source)]
            places, amounts = _shares(amount, cents[lines])
            parts += [(period, activity, pool, line, part) for line, part in zip(lines[places].tolist(), amounts, strict=True)]
            left -= sum(amounts)
        if left:  # a standard rate charges it, and no ledger line of the pool stands behind it
            parts.append((period, activity, pool, -1, left))
    period, activity, pool, line, part = np.array(parts, dtype="int64").reshape(-1, 5).T
    named = ((allocation.periods, period), (allocation._layout.activities, activity), (allocation._layout.operating, pool))
    columns = [pd.Index(names, dtype="str")[at] for names, at in named]
    for name, nothing in (("line_id", NO_LINE), ("account", "")):
        columns.append(allocation._lines[name].astype("object").reindex(line, fill_value=nothing).infer_objects().array)
    names = ["period", "activity", "pool", "line_id", "account", "amount"]
    return pd.DataFrame(dict(zip(names, [*columns, part / allocation._unit], strict=True)))


def _cells_of(allocation: Allocation, name: str) -> list[tuple[int, int, int, int]] | None:
    """Period, activity, pool and cents of a row of `customers`; None if there is no such row."""
    if name in RESIDUALS[1:]:
        found = allocation._residuals[allocation._residuals["row"] == name]
        cells = list(found[["period", "activity", "pool", "cents"]].itertuples(index=False, name=None))
        if name == SUSTAINING:
            cells += [
                (period, activity, allocation._layout.pool_of[activity], int(allocation._cells.cents[part].sum()))
                for period, activity, part in allocation._cells.groups()
                if activity in allocation._layout.above
            ]
        return cells or None
    place = bisect_left(allocation._layout.ids, name)
    if place == len(allocation._layout.ids) or allocation._layout.ids[place] != name:
        return None
    cells = []
    for period, activity, part in allocation._cells.groups():
        at = part.start + int(np.searchsorted(allocation._cells.customer[part], np.int32(place)))  # of their type, or all are copied
        if at < part.stop and allocation._cells.customer[at] == place and activity not in allocation._layout.above:
            cells.append((period, activity, allocation._layout.pool_of[activity], int(allocation._cells.cents[at])))
    return cells or None


def _shares(total: int, amounts: np.ndarray) -> tuple[list[int], list[int]]:
    """Split cents in proportion to amounts; the places that get some, and what they get. Of amounts that are all zero none gets any."""
    if not amounts.any():
        return [], []
    cents = split_in_order(int(total), (amounts if amounts.sum() else np.abs(amounts)).astype("float64"))
    places = np.flatnonzero(cents)
    return places.tolist(), cents[places].tolist()
