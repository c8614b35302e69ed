"""Where do the cents stand, and what do they add up to?

Cents of customers stand in cells, one for each period, activity and customer; what has no customer stands in a few residual rows beside
them. Every table of an allocation is a sum of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from custprof.study.engine import UNKNOWN_CUSTOMER

from .time_driven import UNUSED

if TYPE_CHECKING:
    from .model import CostModel

__all__ = [
    "NO_ACTIVITY",
    "NO_LINE",
    "NO_POOL",
    "RESIDUALS",
    "SUSTAINING",
    "UNASSIGNED",
    "Cells",
    "Layout",
    "Rows",
    "attribute_rows",
    "sum_cells",
]

#: The residual row of cost whose activity or pool has no driver quantity.
UNASSIGNED = "(unassigned)"
#: The residual row of cost that keeps the business going and belongs to no customer.
SUSTAINING = "(business-sustaining)"
#: The residual rows, in the order in which they follow the customers.
RESIDUALS = (UNKNOWN_CUSTOMER, UNUSED, UNASSIGNED, SUSTAINING)
#: The column of amounts that no activity has.
NO_ACTIVITY = "(no activity)"
#: The line in a trace of what a standard rate charges beyond any cost.
NO_LINE = "(no ledger line)"
#: The node of ledger lines that no pool has.
NO_POOL = "(no pool)"


@dataclass(frozen=True)
class Cells:
    """Cents of customers, sorted by period, activity and customer; `start` holds where each period and activity begins."""

    start: np.ndarray
    customer: np.ndarray
    cents: np.ndarray
    avoidable: np.ndarray
    activities: int

    def groups(self) -> Iterator[tuple[int, int, slice]]:
        """Period, activity and slice of cells, for every period and activity with customers."""
        for group in range(len(self.start) - 1):
            part = slice(self.start[group], self.start[group + 1])
            if part.start < part.stop:
                yield *divmod(group, self.activities), part


@dataclass(frozen=True)
class Rows:
    """Rows of a table: their label and names, the row of every customer, and the activities whose cost stays above the customers."""

    label: str
    names: np.ndarray
    row: np.ndarray
    above: frozenset[int]

    def residual(self, name: str) -> int:
        """The row of a residual: they are the last."""
        return len(self.names) - len(RESIDUALS) + RESIDUALS.index(name)

    def of(self, activity: int, customers: np.ndarray) -> np.ndarray:
        """The rows that the customers' cells of an activity belong to."""
        return self.row[customers] if activity not in self.above else np.full(len(customers), self.residual(SUSTAINING))


@dataclass(frozen=True)
class Layout:
    """What stands behind the numbers of activities, pools and customers: the names of a model, and the ids of the drivers."""

    model: CostModel
    ids: np.ndarray

    @cached_property
    def activities(self) -> list[str]:
        """The activities, and "(no activity)"."""
        return [*self.model.activities, NO_ACTIVITY]

    @cached_property
    def operating(self) -> list[str]:
        """The operating pools, and "(no pool)"."""
        return [*self.model.operating, NO_POOL]

    @cached_property
    def pool_of(self) -> list[int]:
        """By activity, the operating pool that pays."""
        return [self.operating.index(activity.pool) for activity in self.model.activities.values()]

    @cached_property
    def above(self) -> frozenset[int]:
        """Activities of a channel: their cost is kept by customer only to be gathered by channel, and stays above the customers."""
        return frozenset(place for place, activity in enumerate(self.model.activities.values()) if activity.level == "channel")

    @cached_property
    def customers(self) -> Rows:
        """The customers, then the residual rows, of which the unknown customer is the first."""
        known = self.ids != UNKNOWN_CUSTOMER
        names = np.append(self.ids[known], np.array(RESIDUALS, dtype="object"))
        return Rows("customer_id", names, np.where(known, np.cumsum(known) - 1, known.sum()), self.above)


def attribute_rows(values: pd.Series, ids: np.ndarray, above: frozenset[int]) -> Rows:
    """Rows by an attribute of the customers, in the order of their ids."""
    label = str(values.name)
    values = values.astype("object").where(values.notna(), "(not known)").astype("str").to_numpy("object")
    values[np.isin(values, RESIDUALS)] += f" as {label}"  # a value that looks like a residual row is none
    values[ids == UNKNOWN_CUSTOMER] = UNKNOWN_CUSTOMER
    found = sorted(set(values) - {UNKNOWN_CUSTOMER}, key=lambda name: (name == "(not known)", name))
    names = np.array([*found, *RESIDUALS], dtype="object")
    place = {name: number for number, name in enumerate(names)}
    return Rows(label, names, np.array([place[name] for name in values], dtype="int64"), above)


def sum_cells(
    cells: Cells,
    residuals: pd.DataFrame,
    rows: Rows,
    columns: Sequence[str],
    of_activity: np.ndarray,
    *,
    unit: int,
    of_pool: np.ndarray | None = None,
    periods: Sequence[str] = (),
    avoidable: bool = False,
) -> pd.DataFrame:
    """Money by row (and period, where periods are given) and by the column that activities, or else pools, belong to."""
    times, cents = len(periods) or 1, cells.avoidable if avoidable else cells.cents
    row = np.array([rows.residual(name) for name in residuals["row"]], dtype="int64")
    time = residuals["period"].to_numpy("int64") if periods else np.zeros(len(residuals), dtype="int64")
    column = of_activity[residuals["activity"].to_numpy("int64")] if of_pool is None else of_pool[residuals["pool"].to_numpy("int64")]
    used = np.zeros((len(rows.names), times), dtype=bool)
    used[row, time] = True
    for period, activity, part in cells.groups():
        used[rows.of(activity, cells.customer[part]), period if periods else 0] = True
    place = np.cumsum(used).reshape(used.shape) - 1
    table = np.zeros((len(columns), int(used.sum())), dtype="int64")
    for period, activity, part in cells.groups():
        where = place[rows.of(activity, cells.customer[part]), period if periods else 0]
        np.add.at(table[of_activity[activity]], where, cents[part])
    np.add.at(table, (column, place[row, time]), residuals["avoidable" if avoidable else "cents"].to_numpy("int64"))
    # Money takes the place of the cents, column by column: for a million customers and 200 activities this is 1.6 GB.
    money = table.view("float64")
    for number in range(len(columns)):
        money[number] = table[number] / unit
    return pd.DataFrame(money.T, index=_index(rows, used, periods), columns=list(columns), copy=False)


def _index(rows: Rows, used: np.ndarray, periods: Sequence[str]) -> pd.Index:
    row, time = np.nonzero(used)
    names = pd.Index(rows.names[row], name=rows.label, dtype="str")
    if not periods:
        return names
    return pd.MultiIndex.from_arrays([names, pd.Index(periods, dtype="str")[time]], names=[rows.label, "period"])
