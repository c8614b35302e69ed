"""What stands in the books of the simulated company: its ledger, and the capacity of its departments?

Direct accounts are sums of the tables by month, to the cent. Overheads follow from what the departments could do (their practical capacity)
and what a minute there costs, so that capacity nobody uses is paid for all the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import DAYS, EVENTS, START, Market

__all__ = ["ACCOUNTS", "MINUTES", "Totals", "ledger_table", "practical_capacity"]

#: Time equations of the two activities on orders; the cost model of the demo uses the same.
MINUTES = {
    "pick and pack": {"order": 8.0, "lines": 2.5, "is_return": 14.0},
    "process orders": {"order": 7.0, "lines": 1.2, "is_return": 12.0},
}

#: Overhead accounts: avoidable is the share of cost that disappears with the work, cost is per minute of capacity, or per reminder, or a
#: share of revenue.
ACCOUNTS = pd.DataFrame(
    columns=["account", "account_name", "department", "pool", "avoidable", "cost"],
    data=[
        ("6000", "Warehouse wages", "Warehouse", "warehouse", 0.80, 0.66),
        ("6010", "Warehouse rent", "Warehouse", "warehouse", 0.00, 0.17),
        ("6100", "Order desk wages", "Order desk", "order_desk", 0.70, 0.78),
        ("6200", "Customer service wages", "Customer service", "customer_service", 0.75, 0.82),
        ("6210", "Customer service tools", "Customer service", "customer_service", 0.40, 0.09),
        ("6300", "Field sales wages", "Field sales", "field_sales", 0.60, 0.80),
        ("6310", "Field sales cars", "Field sales", "field_sales", 0.65, 0.20),
        ("6400", "Credit control", "Credit control", "credit_control", 0.70, 7.50),
        ("6600", "Administration", "Administration", "administration", 0.10, 0.0230),
        ("6700", "Facilities", "Facilities", "facilities", 0.05, 0.0120),
        ("6800", "IT", "IT", "it", 0.15, 0.0180),
    ],
)

#: How far the busiest year fills the practical capacity: customer service was over-driven then.
_FILLED = {"warehouse": 0.89, "order_desk": 0.87, "customer_service": 1.035, "field_sales": 0.86}
_POOL_OF_DEPARTMENT = {"Customer service": "customer_service", "Field sales": "field_sales"}
_RISE = (0.975, 1.0, 1.025)
_DIRECT = {
    "4000": ("Sales", "revenue"),
    "5000": ("Cost of goods", "cost_of_goods"),
    "5100": ("Freight", "freight"),
    "5200": ("Commission", "commission"),
    "5300": ("Interest on receivables", "interest"),
    "5400": ("Bad debt", "bad_debt"),
}
_MONTHS = np.arange(START.astype("datetime64[M]"), START.astype("datetime64[M]") + np.timedelta64(36, "M"))


class Totals:
    """Monthly sums over the blocks, in cents, and the minutes that departments worked by year: all that the ledger needs to know.

    Examples
    --------
    >>> Totals().month["revenue"].shape
    (36,)
    """

    def __init__(self) -> None:
        self.month = {name: np.zeros(36, dtype=np.int64) for _, name in _DIRECT.values()}
        self.minutes = {pool: np.zeros(3) for pool in _FILLED}
        self.reminders = 0

    def add(self, lines: pd.DataFrame, orders: pd.DataFrame, invoices: pd.DataFrame, events: pd.DataFrame, leads: pd.DataFrame) -> None:
        """Add the amounts and the minutes of one block."""
        for frame, names in ((lines, ("revenue", "cost_of_goods", "freight", "commission")), (invoices, ("interest", "bad_debt"))):
            month = _month_number(frame["day"].to_numpy())
            for name in names:
                np.add.at(self.month[name], month, frame[name].to_numpy())
        year = _month_number(orders["day"].to_numpy()) // 12
        for pool, activity in (("warehouse", "pick and pack"), ("order_desk", "process orders")):
            equation = MINUTES[activity]
            minutes = equation["order"] + equation["lines"] * orders["lines"] + equation["is_return"] * orders["is_return"]
            self.minutes[pool] += np.bincount(year, weights=minutes, minlength=3)
        department = EVENTS["department"].to_numpy()[events["kind"]]
        year = _month_number(events["day"].to_numpy()) // 12
        for name, pool in _POOL_OF_DEPARTMENT.items():
            mine = department == name
            self.minutes[pool] += np.bincount(year[mine], weights=events["minutes"].to_numpy()[mine], minlength=3)
        year = _month_number(leads["created"].to_numpy()) // 12
        self.minutes["field_sales"] += np.bincount(year, weights=leads["contact_minutes"], minlength=3)
        self.reminders += int((department == "Credit control").sum())


def practical_capacity(totals: Totals) -> dict[str, int]:
    """Minutes a year that each department can work, from its busiest year, rounded to thousands (hundreds in small companies).

    Examples
    --------
    >>> totals = Totals()
    >>> totals.minutes["warehouse"] += [8900, 17800, 17800]
    >>> practical_capacity(totals)["warehouse"]  # 17,800 minutes fill 89 % of it
    20000
    """
    capacity = {}
    for pool, minutes in totals.minutes.items():
        busiest = minutes.max() / _FILLED[pool]
        step = 1000 if busiest >= 20_000 else 100
        capacity[pool] = max(step, round(busiest / step) * step)
    return capacity


def ledger_table(rng: np.random.Generator, market: Market, totals: Totals) -> pd.DataFrame:
    """The standard table ledger: one line per month and account; revenue negative, cost positive, so that the sum is minus the profit."""
    capacity = practical_capacity(totals)
    yearly_revenue = totals.month["revenue"].sum() / 100 / 3
    parts = []
    for account, (name, amount) in _DIRECT.items():
        sign = -1 if account == "4000" else 1
        parts.append(_account(account, name, None, np.nan, sign * totals.month[amount]))
    for row in ACCOUNTS.itertuples():
        base = capacity.get(row.pool, totals.reminders / 3 if row.pool == "credit_control" else yearly_revenue)
        noise = 1 + 0.03 * (rng.random(36) - 0.5)
        monthly = np.rint(base * row.cost * np.repeat(_RISE, 12) / 12 * noise * 100).astype(np.int64)
        parts.append(_account(row.account, row.account_name, row.department, row.avoidable, monthly))
    parts.append(_account("6500", "Campaigns", "Marketing", 1.0, _campaign_months(market)))
    ledger = pd.concat(parts).sort_values(["period", "account"], kind="stable", ignore_index=True)
    ledger.insert(0, "line_id", [f"G{k + 1:05d}" for k in range(len(ledger))])
    return ledger


def _account(account, name, department, avoidable, cents):
    return pd.DataFrame(
        {
            "period": np.datetime_as_string(_MONTHS),
            "account": account,
            "account_name": name,
            "amount": cents / 100,
            "department": department,
            "avoidable": avoidable,
        }
    )


def _campaign_months(market):
    cents = np.zeros(36, dtype=np.int64)
    started = (market.campaigns["started_on"].to_numpy().astype("datetime64[M]") - _MONTHS[0]).astype(np.int64)
    np.add.at(cents, started, np.rint(market.campaigns["spend"].to_numpy() * 100).astype(np.int64))
    return cents


def _month_number(day):
    """Months since January 2023 of day numbers."""
    months = (START + np.arange(DAYS)).astype("datetime64[M]")
    return (months - _MONTHS[0]).astype(np.int64)[day]
