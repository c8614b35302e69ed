"""What stays of the cost of customers who are no longer served?

The avoidable part of their cost ends with the work and leaves the ledger lines it came from. The rest is stranded: it is paid as before and
nobody causes it any more, so it becomes unused capacity of the activities that served them, and no cent of it moves to other customers.
"""

from __future__ import annotations

import numpy as np

from .cents import split_in_order
from .time_driven import UNUSED

__all__ = ["strand"]


def strand(flow, dropped: tuple[str, ...]) -> None:
    """Take the dropped customers out: their avoidable cost leaves the ledger, what stays is unused capacity of its activity."""
    gone = np.isin(flow.quantities.customers, dropped)[flow.customer]
    for period, activity in np.ndindex(len(flow.labels), len(flow.activities)):
        if flow.model.activities[flow.activities[activity]].level == "channel":
            gone[flow.quantities.slice(period, activity)] = False  # cost above the customers does not end with one of them
    stranded, saved = 0, np.zeros((len(flow.labels), len(flow.operating)), dtype="int64")
    for period, activity in np.ndindex(len(flow.labels), len(flow.activities)):
        part = flow.quantities.slice(period, activity)
        out = np.flatnonzero(gone[part]) + part.start
        if len(out) and not flow.model.activities[flow.activities[activity]].sustaining:
            name, pool = flow.activities[activity], flow.model.activities[flow.activities[activity]].pool
            cost, avoidable = int(flow.cents[out].sum()), int(flow.avoidable[out].sum())
            flow.keep(period, name, pool, UNUSED, cost - avoidable, 0)
            saved[period, flow.operating.index(pool)] += avoidable
            stranded += cost - avoidable
            _lighten(flow, period, name, pool, float(flow.quantities.quantity[out].sum()), cost, avoidable)
    _save(flow, saved)
    kept = ~gone
    flow.start = np.append(0, np.cumsum(kept))[flow.start]
    flow.customer, flow.cents, flow.avoidable = flow.customer[kept], flow.cents[kept], flow.avoidable[kept]
    count = len(dropped)
    rule = f"without {count:,} customer{'s' * (count != 1)} {saved.sum() / flow.unit:,.0f} of cost ends and the rest stays, stranded"
    flow.issues.append(("info", "scenario", rule, stranded / flow.unit, f"it stands as {UNUSED} of the activities that served them"))


def _lighten(flow, period: int, activity: str, pool: str, quantity: float, cost: int, avoidable: int) -> None:
    """Rates and capacity after a quantity of an activity is no longer asked for."""
    label = flow.labels[period]
    for row in flow.rates:
        if row[0] == label and row[1] == activity:
            row[-3], row[-1] = row[-3] - quantity, row[-1] - avoidable / flow.unit
    for row in flow.capacity:
        if row[0] == label and row[1] == pool:
            used = row[4] - quantity
            row[2], row[4:7], row[8] = row[2] - avoidable, [used, row[3] - used, used / row[3]], row[8] + cost - avoidable


def _save(flow, saved: np.ndarray) -> None:
    """Take cost that ends out of the ledger lines it came from, so that every balance and trace still closes."""
    flow.lines = flow.lines.copy()
    for period, place in zip(*np.nonzero(saved), strict=True):
        amounts, avoidable = flow.moved[:, period, :, place]
        sources = split_in_order(int(saved[period, place]), (avoidable if avoidable.sum() else amounts).astype("float64"))
        flow.moved[0, period, :, place] -= sources
        for source in np.flatnonzero(sources):
            found = np.flatnonzero((flow.lines["period"] == period) & (flow.lines["pool"] == source))
            lines = flow.lines.iloc[found]
            weights = lines["avoidable"] if lines["avoidable"].sum() else lines["cents"]
            cents = flow.lines["cents"].to_numpy(copy=True)
            cents[found] -= split_in_order(int(sources[source]), weights.to_numpy("float64"))
            flow.lines["cents"] = cents
