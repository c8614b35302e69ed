"""Does every node pass on what it takes in, and which way did the money go?

Pools, activities and the ends of the way (customers, the unknown customer, unused, unassigned, sustaining) are the nodes; the cents of an
allocation are added up between them.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from custprof.study.engine import UNKNOWN_CUSTOMER

from .cells import NO_POOL, RESIDUALS

if TYPE_CHECKING:
    from .allocation import Allocation

__all__ = ["money_flow", "node_balance"]


def node_balance(allocation: Allocation) -> pd.DataFrame:
    """The method `Allocation.balance`."""
    operating, moved = allocation._layout.operating, allocation._moved
    support = {name: moved.sum(axis=(0, 2))[place] for place, name in enumerate(allocation.model.pools) if name not in operating}
    rows = [(name, "support pool", cents, cents, 0, 0, 0, 0, 0) for name, cents in support.items()]
    out = _outflow(allocation)
    cost_in = moved.sum(axis=(0, 1))
    for place, name in enumerate(operating):
        if name != NO_POOL or cost_in[place]:
            rows.append((name, "pool", cost_in[place], 0, *out[:, place].sum(axis=0)))
    charged = allocation._rates.groupby("activity")["amount"].sum() * allocation._unit
    for place, name in enumerate(allocation.model.activities):
        rows.append((name, "activity", round(charged.get(name, 0.0)), 0, *out[place].sum(axis=0)))
    columns = ["node", "kind", "cost_in", "to_pools", "to_customers", "to_unknown", "unused", "unassigned", "sustaining"]
    table = pd.DataFrame(rows, columns=columns)
    table["remainder"] = table["cost_in"] - table[columns[3:]].sum(axis="columns")
    table[[*columns[2:], "remainder"]] /= allocation._unit
    return table


def money_flow(allocation: Allocation) -> pd.DataFrame:
    """The method `Allocation.money_flow`."""
    ends = ["customers", *RESIDUALS]
    operating, activities = allocation._layout.operating, allocation._layout.activities
    moved, out = allocation._moved.sum(axis=0), _outflow(allocation)
    pools = [*allocation.model.pools, NO_POOL]
    rows = [(1, pools[i], operating[j], moved[i, j]) for i, j in np.argwhere(moved)]
    to_activity = out.sum(axis=2)
    rows += [(2, operating[j], activities[i], to_activity[i, j]) for j, i in np.argwhere(to_activity.T)]
    to_end = out.sum(axis=1)
    rows += [(3, activities[i], ends[k], to_end[i, k]) for i, k in np.argwhere(to_end)]
    table = pd.DataFrame(rows, columns=["stage", "source", "target", "amount"])
    return table.assign(amount=table["amount"].astype("int64") / allocation._unit)


def _outflow(allocation: Allocation) -> np.ndarray:
    """Cents by activity, operating pool and where they end: customers, unknown customer, unused, unassigned, sustaining."""
    cells = allocation._cells
    out = np.zeros((len(allocation._layout.activities), len(allocation._layout.operating), 5), dtype="int64")
    unknown = bisect_left(allocation._layout.ids, UNKNOWN_CUSTOMER)
    for _, activity, part in cells.groups():
        pool = allocation._layout.pool_of[activity]
        if activity in allocation._layout.above:
            out[activity, pool, 4] += int(cells.cents[part].sum())
            continue
        nobody = int(cells.cents[part][cells.customer[part] == unknown].sum())
        out[activity, pool, :2] += int(cells.cents[part].sum()) - nobody, nobody
    for residual in allocation._residuals.itertuples():
        out[residual.activity, residual.pool, 1 + RESIDUALS.index(residual.row)] += residual.cents
    return out
