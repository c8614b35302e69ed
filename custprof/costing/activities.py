"""What are pools, flows between them and activities, and what may drive an activity?

A pool gathers the cost of ledger accounts; an activity takes cost from a pool and names what drives it: rows or columns of one of the
study's ``TABLES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from custprof.study.coverage import MONTHS

from .equations import TimeEquation

__all__ = ["LEVELS", "NEGATIVE", "ORDER_NUMBERS", "TABLES", "YES_NO", "Activity", "Flows", "Pool"]

#: What an activity's work grows with; cost of level "business" stays with the business.
LEVELS = ("line", "order", "customer", "channel", "business")
#: What to do with a customer whose driver quantities sum to less than zero (returns).
NEGATIVE = ("refuse", "net", "absolute", "zero")
#: Tables that can drive an activity: date of the work, numbers to count with, columns to choose rows by.
TABLES = {
    "transactions": (
        "date",
        ("quantity", "revenue", "list_amount", "discount", "cost_of_goods", "freight", "commission", "is_return"),
        ("customer_id", "order_id", "product_id"),
    ),
    "events": ("date", ("quantity", "minutes"), ("customer_id", "activity", "department", "employee")),
    "invoices": ("invoiced_on", ("amount", "amount_paid", "disputed"), ("customer_id",)),
    "leads": ("created_on", ("contact_minutes",), ("customer_id", "channel", "campaign_id")),
    "ratings": ("date", ("score",), ("customer_id",)),
    "contributions": ("date", ("value",), ("customer_id", "kind")),
}
#: Columns of these tables that are true or false.
YES_NO = ("is_return", "disputed")
#: What is known of a whole order.
ORDER_NUMBERS = ("lines", "quantity", "revenue", "is_return", "first_order")


@dataclass(frozen=True)
class Pool:
    """Cost of a department or a resource, gathered from ledger accounts; with `capacity_minutes` it is time-driven: minutes of
    each period, or by period, or with `capacity_per` of a whole year, quarter or month."""

    name: str
    accounts: tuple[str, ...] = ()
    department: str | None = None
    capacity_minutes: float | Mapping[str, float] | None = None
    capacity_per: str | None = None

    def capacity(self, period: str) -> float | None:
        """Minutes that can be worked in a period; None where the pool has no capacity for it."""
        return self.capacity_minutes.get(period) if isinstance(self.capacity_minutes, Mapping) else self.capacity_minutes

    def prorated(self, months: Mapping[str, float]) -> dict[str, float]:
        """Minutes by period where `capacity_per` says what they are of, by the months that the data cover of each."""
        known = {period: self.capacity(period) for period in months}
        return {period: minutes * months[period] / MONTHS[self.capacity_per] for period, minutes in known.items() if minutes is not None}


@dataclass(frozen=True)
class Flows:
    """Service that support pools give to other pools: amounts by support pool and pool, one number for all periods or one by period."""

    served: Mapping[str, Mapping[str, float | Mapping[str, float]]]
    pools: tuple[str, ...]

    @property
    def periods(self) -> list[str]:
        """Periods that have amounts of their own."""
        by_period = [amount for row in self.served.values() for amount in row.values() if isinstance(amount, Mapping)]
        return sorted({str(period) for amount in by_period for period in amount})

    def usage(self, periods: list[str]) -> pd.DataFrame:
        """Amounts of service, support pools x pools, added up over periods (a number for all periods counts once for each)."""
        table = pd.DataFrame(0.0, index=list(self.served), columns=list(self.pools))
        for support, row in self.served.items():
            for pool, amount in row.items():
                table.loc[support, pool] = _over(amount, periods, f'flows of "{support}": the service to "{pool}"')
        return table


def _over(amount: float | Mapping[str, float], periods: list[str], what: str) -> float:
    if not isinstance(amount, Mapping):
        return float(amount) * max(1, len(periods))
    by_period = {str(period): value for period, value in amount.items()}
    lacking = [period for period in periods if period not in by_period]
    if lacking:
        raise ValueError(
            f"{what} is not said for {len(lacking)} of {len(periods)} periods, first {lacking[:3]}; add them to the cost model."
        )
    return float(sum(by_period[period] for period in periods))


@dataclass(frozen=True)
class Activity:
    """Work that a pool pays for, and what drives it: a time equation or a driver, summed over the rows of a table.

    With a `rate` (currency units for one unit of the driver) customers pay this standard, whatever the work has cost; with `avoidable` this
    fraction of its cost ends when the work ends, whatever the accounts say.
    """

    name: str
    pool: str
    level: str = "customer"
    table: str | None = None
    per: str = "line"
    where: Mapping[str, tuple] = field(default_factory=dict)
    driver: str | None = None
    minutes: TimeEquation | None = None
    share: float | None = None
    rate: float | None = None
    avoidable: float | None = None
    negative: str = "refuse"

    @property
    def sustaining(self) -> bool:
        """Whether the cost stays with the business instead of any customer."""
        return self.level == "business"

    @property
    def unit(self) -> str:
        """What the driver quantity counts."""
        return "minutes" if self.minutes is not None else self.driver or ""
