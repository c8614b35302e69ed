"""How does every cent of the ledger reach a customer or a residual row?

Ledger lines gather in pools, support pools pass their cost on to operating pools, operating pools pay for activities (by shares, or by
minutes of their capacity), activities charge customers by driver quantity. Each step splits whole cents by largest remainder, so that the
customers and the residual rows sum to the ledger to the cent. What has no customer keeps its amount under a name: unused capacity,
unassigned, unknown customer, business-sustaining.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .allocation import NO_POOL, SUSTAINING, UNASSIGNED, Allocation, Cells
from .cents import split_in_order
from .drivers import driver_quantities
from .inputs import Quantities, read_lines, read_quantities
from .model import CostModel
from .support import support_shares
from .time_driven import UNUSED

__all__ = ["allocate", "allocate_study"]


def allocate(
    model: CostModel,
    ledger: pd.DataFrame,
    drivers: pd.DataFrame,
    *,
    method: str = "reciprocal",
    order: list | None = None,
    decimals: int = 2,
) -> Allocation:
    """Allocate a ledger to customers, every cent of it.

    Parameters
    ----------
    model : CostModel
    ledger : DataFrame
        ``line_id``, ``account``, ``amount`` (currency units, cost positive, credit negative), optionally ``period``, ``pool`` (goes before
        the account's pool) and ``avoidable`` (fraction of the amount that ends when the work ends; missing: taken as not avoidable). Lines
        of the model's direct accounts are left out.
    drivers : DataFrame
        ``activity``, ``customer_id`` (missing: "(unknown customer)"), ``quantity``, optionally ``period`` and ``missing``, as
        `driver_quantities` gives. With periods each period has its own rates; without, all ledger periods are pooled (and capacities added
        up).
    method : {"reciprocal", "direct", "step_down"}
        How support pools pass on their cost; see `allocate_support`.
    order : list
        The order of support pools for "step_down".
    decimals : int
        Decimals of the currency's minor unit.

    Returns
    -------
    Allocation

    Raises
    ------
    ValueError
        If a column is missing, an amount or quantity is not a number, a line stands twice, an activity is not in the model, or customers
        have negative driver quantities and the activity names no policy.

    Examples
    --------
    >>> model = CostModel.from_dict(
    ...     {
    ...         "pools": {"desk": {"accounts": ["6100"], "capacity_minutes": 100}},
    ...         "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}},
    ...     }
    ... )
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> allocate(model, ledger, drivers).customers()
                       take orders  (no activity)
    customer_id
    a                        600.0            0.0
    b                        200.0            0.0
    (unused capacity)          0.0          200.0
    """
    by_period = "period" in ledger.columns and "period" in drivers.columns
    issues: list[tuple] = []
    lines, periods = read_lines(model, ledger, by_period, decimals, issues)
    together = [[period] for period in periods] if by_period else [periods]
    quantities = read_quantities(model, drivers, periods if by_period else None, issues)
    flow = _Flow(model, lines, together, quantities, support_shares(model.flows, method=method, order=order), decimals)
    flow.run()
    return flow.allocation(issues)


def allocate_study(study, *, method: str = "reciprocal", order: list | None = None) -> Allocation | None:
    """Allocate the ledger of a study by its cost model; None if the study lacks either.

    Parameters
    ----------
    study : Study
    method, order
        As for `allocate`.

    Returns
    -------
    Allocation or None
    """
    if study.lacks("ledger", "cost_model"):
        return None
    model = CostModel.read(study.cost_model)
    return allocate(model, study.frame("ledger"), driver_quantities(model, study), method=method, order=order, decimals=study.decimals)


class _Flow:
    """The cents on their way, period by period and pool by pool."""

    def __init__(
        self, model: CostModel, lines: pd.DataFrame, together: list[list[str]], quantities: Quantities, support: pd.DataFrame, decimals: int
    ):
        self.model, self.lines, self.together, self.quantities, self.support = model, lines, together, quantities, support
        self.decimals, self.unit = decimals, 10**decimals
        self.labels = [" to ".join(dict.fromkeys([names[0], names[-1]])) for names in together]
        self.issues, self.rates, self.capacity, self.residuals = [], [], [], []
        self.pools, self.operating = [*model.pools, NO_POOL], [*model.operating, NO_POOL]
        self.activities = list(model.activities)
        self.cents = np.zeros(len(quantities.quantity), dtype="int64")
        self.avoidable = np.zeros(len(quantities.quantity), dtype="int64")
        self.moved = np.zeros((2, len(self.labels), len(self.pools), len(self.operating)), dtype="int64")

    def run(self) -> None:
        for period in range(len(self.labels)):
            self.gather(period)
            for place, name in enumerate(self.operating):
                cost, avoidable = (int(part) for part in self.moved[:, period, :, place].sum(axis=1))
                if name == NO_POOL:
                    self.keep(period, None, name, UNASSIGNED, cost, avoidable)
                elif self.model.pools[name].capacity_minutes is None:
                    self.spread(period, name, cost, avoidable)
                else:
                    self.drive(period, name, cost, avoidable)

    def gather(self, period: int) -> None:
        """Cost of every pool from its ledger lines, and what support pools pass on to operating pools, in cents."""
        lines = self.lines[self.lines["period"] == period]
        for kind, column in enumerate(["cents", "avoidable"]):
            own = np.zeros(len(self.pools), dtype="int64")
            np.add.at(own, lines["pool"].to_numpy(), lines[column].to_numpy())
            for place, name in enumerate(self.pools):
                if name in self.operating:
                    self.moved[kind, period, place, self.operating.index(name)] = own[place]
                else:
                    weights = self.support.loc[name].reindex(self.operating, fill_value=0.0).to_numpy()
                    self.moved[kind, period, place] = _part(int(own[place]), self.moved[0, period, place] if kind else weights, weights)

    def spread(self, period: int, pool: str, cost: int, avoidable: int) -> None:
        """A pool without capacity: all of its cost to its activities, by their shares."""
        activities = self.model.activities_of(pool)
        if not activities:
            self.keep(period, None, pool, UNASSIGNED, cost, avoidable)
            self.say(
                cost, "cost model", f'pool "{pool}" has no activity ({self.labels[period]})', "give the pool an activity, or a row in flows"
            )
            return
        shares = np.array([1.0 if activity.share is None else activity.share for activity in activities])
        amounts = split_in_order(cost, shares)
        parts = _part(avoidable, amounts, shares)
        for activity, amount, part in zip(activities, amounts.tolist(), parts.tolist(), strict=True):
            quantity = self.total(period, activity.name)
            self.rate(period, activity, quantity, amount / quantity if quantity > 0 else np.nan, amount)
            self.charge(period, activity, amount, part)

    def drive(self, period: int, pool: str, cost: int, avoidable: int) -> None:
        """A time-driven pool: cost by minutes of its capacity, the minutes left over as unused capacity."""
        label, capacity = self.labels[period], self.minutes(pool, period)
        activities = self.model.activities_of(pool)
        if capacity is None or not activities or not self.worked(period):
            self.keep(period, None, pool, UNASSIGNED, cost, avoidable)
            why = "no capacity_minutes" if capacity is None else "no activity" if not activities else "no driver quantities at all"
            self.say(
                cost,
                "cost model",
                f'time-driven pool "{pool}" has {why} in {label}',
                "its cost cannot be told from unused capacity; complete it",
            )
            return
        minutes = np.array([max(0.0, self.total(period, activity.name)) for activity in activities])
        unused = capacity - minutes.sum()
        weights = np.append(minutes, unused)
        amounts = split_in_order(cost, weights)
        parts = _part(avoidable, amounts, weights)
        for activity, used, amount, part in zip(activities, minutes, amounts.tolist(), parts.tolist(), strict=False):
            self.rate(period, activity, used, cost / capacity, amount)
            self.charge(period, activity, amount, part)
        self.keep(period, None, pool, UNUSED, int(amounts[-1]), int(parts[-1]))
        self.capacity.append(
            (label, pool, cost, capacity, minutes.sum(), unused, minutes.sum() / capacity, cost / capacity, int(amounts[-1]))
        )
        if unused < 0:
            rule = f'pool "{pool}" is over-driven in {label}: {minutes.sum():,.0f} of {capacity:,.0f} minutes'
            self.say(
                int(amounts[-1]), "cost model", rule, "check unit minutes and capacity; the excess is a negative row of unused capacity"
            )

    def charge(self, period: int, activity, cost: int, avoidable: int) -> None:
        """An activity's cost to its customers by driver quantity, or to the residual row where it belongs."""
        part = self.quantities.slice(period, self.activities.index(activity.name))
        if activity.sustaining:
            self.keep(period, activity.name, activity.pool, SUSTAINING, cost, avoidable)
        elif self.total(period, activity.name) <= 0:
            self.keep(period, activity.name, activity.pool, UNASSIGNED, cost, avoidable)
            where = f"table {activity.table}" if activity.table else "drivers"
            rule = f'activity "{activity.name}" has no driver quantity in {self.labels[period]}'
            self.say(
                cost, "drivers", rule, f"its cost is kept as {UNASSIGNED}; check the rows of {where} and the activity's choice of rows"
            )
        else:
            weights = self.quantities.quantity[part]
            self.cents[part] = split_in_order(cost, weights)
            self.avoidable[part] = _part(avoidable, self.cents[part], weights)

    def total(self, period: int, activity: str) -> float:
        return float(self.quantities.quantity[self.quantities.slice(period, self.activities.index(activity))].sum())

    def worked(self, period: int) -> bool:
        first, last = period * len(self.activities), (period + 1) * len(self.activities)
        return bool(self.quantities.start[first] < self.quantities.start[last])

    def minutes(self, pool: str, period: int) -> float | None:
        """Capacity of a pool in a period; where all ledger periods are pooled, the sum of theirs."""
        minutes = [self.model.pools[pool].capacity(name) for name in self.together[period]]
        return None if None in minutes else float(sum(minutes))

    def keep(self, period: int, activity: str | None, pool: str, row: str, cents: int, avoidable: int) -> None:
        """Put an amount without a customer into its residual row."""
        if cents or avoidable:
            place = self.activities.index(activity) if activity else len(self.activities)
            self.residuals.append((period, place, self.operating.index(pool), row, cents, avoidable))

    def say(self, cents: int, table: str, rule: str, advice: str) -> None:
        if cents:
            self.issues.append(("warning", table, rule, cents / self.unit, advice))

    def rate(self, period: int, activity, quantity: float, rate: float, amount: int) -> None:
        row = (
            self.labels[period],
            activity.name,
            activity.pool,
            activity.level,
            activity.unit,
            quantity,
            rate / self.unit,
            amount / self.unit,
        )
        self.rates.append(row)

    def allocation(self, issues: list[tuple]) -> Allocation:
        cells = Cells(self.quantities.start, self.quantities.customer, self.cents, self.avoidable)
        residuals = pd.DataFrame(self.residuals, columns=["period", "activity", "pool", "row", "cents", "avoidable"])
        rates = pd.DataFrame(self.rates, columns=["period", "activity", "pool", "level", "driver", "quantity", "rate", "amount"])
        columns = ["period", "pool", "cost", "capacity_minutes", "used_minutes", "unused_minutes", "utilisation", "rate", "unused_cost"]
        capacity = pd.DataFrame(self.capacity, columns=columns)
        capacity[["cost", "rate", "unused_cost"]] /= self.unit
        issues = pd.DataFrame([*issues, *self.issues], columns=["severity", "table", "rule", "amount", "advice"]).astype(
            {"amount": "float64"}
        )
        return Allocation(
            self.model,
            self.decimals,
            tuple(self.labels),
            self.quantities.customers,
            cells,
            residuals,
            self.lines,
            self.moved[0],
            rates,
            capacity,
            issues,
        )


def _part(total: int, amounts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A part of an amount (the avoidable cents) over the same cells: in proportion to their cents, so that no cell's part exceeds its
    amount."""
    return split_in_order(total, amounts.astype("float64") if amounts.sum() != 0 else weights)
