"""How does every cent of the ledger reach a customer or a residual row?

Ledger lines gather in pools, support pools pass their cost on to operating pools, operating pools pay for activities (by shares, or by
minutes of their capacity), activities charge customers by driver quantity. Each step splits whole cents by largest remainder, so that the
customers and the residual rows sum to the ledger to the cent. What has no customer keeps its amount under a name: unused capacity,
unassigned, unknown customer, business-sustaining. Customers that a scenario drops take their avoidable cost with them; what stays is
stranded, and stands as unused capacity of the activities that served them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .allocation import Allocation
from .cells import NO_POOL, SUSTAINING, UNASSIGNED, Cells, Layout
from .cents import MOST_CENTS, split_in_order
from .inputs import Quantities
from .model import CostModel
from .stranding import strand
from .support import support_shares
from .time_driven import UNUSED

__all__ = ["Inputs", "run_flow"]

#: Net quantities below this share of what they net carry no cost: a customer would get many times the amount, with either sign.
_CANCELLED = 0.01


@dataclass(frozen=True)
class Inputs:
    """Everything an allocation is worked out from: what a scenario changes before it is worked out again."""

    model: CostModel
    lines: pd.DataFrame
    together: tuple[list[str], ...]
    quantities: Quantities
    method: str
    order: list | None
    decimals: int
    attributes: pd.DataFrame
    issues: tuple[tuple, ...]
    dropped: tuple[str, ...] = ()

    @cached_property
    def layout(self) -> Layout:
        """The names behind the numbers."""
        return Layout(self.model, self.quantities.customers)


def run_flow(inputs: Inputs) -> Allocation:
    """Work out an allocation from what was read."""
    flow = Flow(inputs)
    flow.run()
    if inputs.dropped:
        strand(flow, inputs.dropped)
    return flow.allocation()


class Flow:
    """The cents on their way, period by period and pool by pool."""

    def __init__(self, inputs: Inputs):
        self.inputs, self.model, self.lines, self.quantities = inputs, inputs.model, inputs.lines, inputs.quantities
        model, quantities, together = inputs.model, inputs.quantities, inputs.together
        self.unit = 10**inputs.decimals
        model.flows.usage([name for names in together for name in names])  # says at once which periods lack amounts of service
        self.labels = [" to ".join(dict.fromkeys([names[0], names[-1]])) for names in together]
        self.issues, self.rates, self.capacity, self.residuals = [], [], [], []
        self.pools, self.operating = [*model.pools, NO_POOL], inputs.layout.operating
        self.activities = list(model.activities)
        self.customer, self.start = quantities.customer, quantities.start
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
        usage = self.model.flows.usage(self.inputs.together[period])
        support = support_shares(usage, method=self.inputs.method, order=self.inputs.order)
        for kind, column in enumerate(["cents", "avoidable"]):
            own = np.zeros(len(self.pools), dtype="int64")
            np.add.at(own, lines["pool"].to_numpy(), lines[column].to_numpy())
            for place, name in enumerate(self.pools):
                if name in self.operating:
                    self.moved[kind, period, place, self.operating.index(name)] = own[place]
                else:
                    weights = support.loc[name].reindex(self.operating, fill_value=0.0).to_numpy()
                    self.moved[kind, period, place] = _part(int(own[place]), self.moved[0, period, place] if kind else weights, weights)

    def spread(self, period: int, pool: str, cost: int, avoidable: int) -> None:
        """A pool without capacity: all of its cost to its activities, by their shares or else by their minutes."""
        activities = self.model.activities_of(pool)
        if not activities:
            self.keep(period, None, pool, UNASSIGNED, cost, avoidable)
            self.say(
                cost, "cost model", f'pool "{pool}" has no activity ({self.labels[period]})', "give the pool an activity, or a row in flows"
            )
            return
        shares = self.shares(period, activities)
        if not shares.any():
            self.keep(period, None, pool, UNASSIGNED, cost, avoidable)
            advice = f"its cost is kept as {UNASSIGNED}; check the rows that its activities count"
            self.say(cost, "drivers", f'nobody worked a minute for pool "{pool}" in {self.labels[period]}', advice)
            return
        amounts = self.split(cost, shares, f'pool "{pool}"', period)
        parts = _part(avoidable, amounts, shares)
        for activity, amount, part in zip(activities, amounts.tolist(), parts.tolist(), strict=True):
            quantity = self.total(period, activity.name)
            rate = amount / quantity if quantity > 0 else np.nan
            self.rate(period, activity, quantity, rate, amount)
            self.charge(period, activity, amount, part if activity.avoidable is None else round(amount * activity.avoidable))

    def shares(self, period: int, activities: list) -> np.ndarray:
        """Parts of the activities of a pool without capacity."""
        if len(activities) == 1 or activities[0].share is not None:
            return np.array([1.0 if activity.share is None else activity.share for activity in activities])
        return np.array([max(0.0, self.total(period, activity.name)) for activity in activities])

    def drive(self, period: int, pool: str, cost: int, avoidable: int) -> None:
        """A time-driven pool: cost by minutes of its capacity, the minutes left over as unused capacity."""
        label, capacity = self.labels[period], self.minutes(pool, period)
        activities = self.model.activities_of(pool)
        if capacity is None or not any(self.counted(period, activity) for activity in activities):
            self.keep(period, None, pool, UNASSIGNED, cost, avoidable)
            why = "no capacity_minutes" if capacity is None else "no driver quantities at all" if activities else "no activity"
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
        amounts = self.split(cost, weights, f'pool "{pool}"', period)
        # What is charged beyond the pool's cost, where it is over-driven, saves nobody anything: no more can be avoided than was spent.
        kept = max(unused, 0.0)
        parts = _part(avoidable, np.append(amounts[:-1], amounts[-1] if kept else 0), np.append(minutes, kept))
        spent = capacity / minutes.sum() if unused < 0 else 1.0
        for activity, used, amount, part in zip(activities, minutes, amounts.tolist(), parts.tolist(), strict=False):
            self.rate(period, activity, used, cost / capacity, amount)
            self.charge(period, activity, amount, part if activity.avoidable is None else round(amount * spent * activity.avoidable))
            if not self.counted(period, activity):
                rule = f'activity "{activity.name}" has no driver quantity in {label}'
                advice = f"without its minutes more of pool {pool} looks unused; {self.look(activity)}"
                self.say(cost, "drivers", rule, advice, known=False)
        self.keep(period, None, pool, UNUSED, int(amounts[-1]), int(parts[-1]))
        self.capacity.append(
            [label, pool, cost, capacity, minutes.sum(), unused, minutes.sum() / capacity, cost / capacity, int(amounts[-1])]
        )

    def charge(self, period: int, activity, cost: int, avoidable: int) -> None:
        """An activity's cost to its customers by driver quantity, or to the residual row where it belongs."""
        part = self.quantities.slice(period, self.activities.index(activity.name))
        if activity.rate is not None:
            cost, avoidable = self.vary(period, activity, cost, avoidable)
        total, all_of_it = self.total(period, activity.name), float(np.abs(self.quantities.quantity[part]).sum())
        if activity.sustaining:
            self.keep(period, activity.name, activity.pool, SUSTAINING, cost, avoidable)
        elif total <= 0:
            self.keep(period, activity.name, activity.pool, UNASSIGNED, cost, avoidable)
            rule = f'activity "{activity.name}" has no driver quantity in {self.labels[period]}'
            self.say(cost, "drivers", rule, f"its cost is kept as {UNASSIGNED}; {self.look(activity)}")
        elif total < _CANCELLED * all_of_it:
            self.keep(period, activity.name, activity.pool, UNASSIGNED, cost, avoidable)
            rule = f'quantities of activity "{activity.name}" cancel in {self.labels[period]}: {total:g} is left of {all_of_it:g}'
            self.say(cost, "drivers", rule, f"its cost is kept as {UNASSIGNED}; choose negative = absolute or zero")
        else:
            weights = self.quantities.quantity[part]
            self.cents[part] = self.split(cost, weights, f'activity "{activity.name}"', period)
            self.avoidable[part] = _part(avoidable, self.cents[part], weights)

    def vary(self, period: int, activity, cost: int, avoidable: int) -> tuple[int, int]:
        """What an activity charges at its standard rate, and of that the avoidable part; the rest of its cost is a variance, unassigned."""
        exact = max(0.0, self.total(period, activity.name)) * activity.rate * self.unit
        if not exact <= MOST_CENTS:
            raise ValueError(
                f'activity "{activity.name}" charges {exact / self.unit:.4g} at its standard rate in {self.labels[period]}, too much to'
                " hold every cent; check the rate and the driver quantities."
            )
        standard = round(exact)
        # The work saves what it has cost, whatever is charged for it.
        part = int(np.sign(avoidable)) * min(abs(avoidable), standard) if avoidable * cost >= 0 else 0
        self.keep(period, activity.name, activity.pool, UNASSIGNED, cost - standard, avoidable - part)
        rule = f'the standard rate of activity "{activity.name}" charges {standard / self.unit:,.0f} of {cost / self.unit:,.0f}'
        advice = f"the difference is kept as {UNASSIGNED} (negative where more is charged than was spent); renew the rate if it grows"
        self.say(cost - standard, "cost model", f"{rule} in {self.labels[period]}", advice)
        return standard, part

    def total(self, period: int, activity: str) -> float:
        return float(self.quantities.quantity[self.quantities.slice(period, self.activities.index(activity))].sum())

    def counted(self, period: int, activity) -> bool:
        """Whether the drivers say anything of an activity in a period."""
        part = self.quantities.slice(period, self.activities.index(activity.name))
        return part.start < part.stop

    def split(self, cents: int, weights: np.ndarray, what: str, period: int) -> np.ndarray:
        try:
            return split_in_order(cents, weights)
        except ValueError:
            raise ValueError(
                f"{what} cannot be split to the cent in {self.labels[period]}: {cents / self.unit:,.2f} by weights from"
                f" {weights.min():.3g} to {weights.max():.3g}; check its driver quantities, time equation, capacity and rate."
            ) from None

    def look(self, activity) -> str:
        where = f"table {activity.table}" if activity.table else "drivers"
        return f"check the rows of {where} and the activity's choice of rows"

    def minutes(self, pool: str, period: int) -> float | None:
        """Capacity of a pool in a period; where all ledger periods are pooled, the sum of theirs."""
        minutes = [self.model.pools[pool].capacity(name) for name in self.inputs.together[period]]
        return None if None in minutes else float(sum(minutes))

    def keep(self, period: int, activity: str | None, pool: str, row: str, cents: int, avoidable: int) -> None:
        """Put an amount without a customer into its residual row."""
        if cents or avoidable:
            place = self.activities.index(activity) if activity else len(self.activities)
            self.residuals.append((period, place, self.operating.index(pool), row, cents, avoidable))

    def say(self, cents: int, table: str, rule: str, advice: str, *, known: bool = True) -> None:
        """Mention what concerns an amount other than zero, with the amount where it is known."""
        if cents:
            self.issues.append(("warning", table, rule, cents / self.unit if known else None, advice))

    def rate(self, period: int, activity, quantity: float, rate: float, amount: int) -> None:
        basis = self.model.basis_of(activity.name)
        money = rate / self.unit if activity.rate is None else activity.rate
        names = [self.labels[period], activity.name, activity.pool, activity.level, activity.unit, basis]
        self.rates.append([*names, quantity, money, amount / self.unit])

    def allocation(self) -> Allocation:
        cells = Cells(self.start, self.customer, self.cents, self.avoidable, len(self.activities))
        residuals = pd.DataFrame(self.residuals, columns=["period", "activity", "pool", "row", "cents", "avoidable"])
        rates = pd.DataFrame(self.rates, columns=["period", "activity", "pool", "level", "driver", "basis", "quantity", "rate", "amount"])
        columns = ["period", "pool", "cost", "capacity_minutes", "used_minutes", "unused_minutes", "utilisation", "rate", "unused_cost"]
        capacity = pd.DataFrame(self.capacity, columns=columns)
        capacity[["cost", "rate", "unused_cost"]] /= self.unit
        capacity.insert(2, "department", [self.model.pools[pool].department for pool in capacity["pool"]])
        for label, pool, _, minutes, used, unused, *_, cents in self.capacity:
            if unused < 0:
                rule = f'pool "{pool}" is over-driven in {label}: {used:,.0f} of {minutes:,.0f} minutes'
                self.say(cents, "cost model", rule, "check unit minutes and capacity; the excess is a negative row of unused capacity")
        said = [*self.inputs.issues, *self.issues]
        issues = pd.DataFrame(said, columns=["severity", "table", "rule", "amount", "advice"]).astype({"amount": "float64"})
        return Allocation(
            self.inputs,
            tuple(self.labels),
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
