"""How do the simulated customers pay, and how much of the company's time do they take?

Invoices, events (calls, emails, complaints, special requests, visits, reminders), answers to surveys and contributions.
Service does not follow revenue: that is what makes some customers unprofitable.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import DAYS, EVENTS, pick, to_dates

__all__ = [
    "CREDIT_RATE",
    "WRITE_OFF_DAYS",
    "draw_contributions",
    "draw_events",
    "draw_invoices",
    "draw_ratings",
    "event_table",
    "invoice_table",
]

CREDIT_RATE = 0.08
WRITE_OFF_DAYS = 180

_YEAR = 365.25
_REMINDED_AFTER = (10, 30, 60)
_NOISE = 0.35


def draw_invoices(rng: np.random.Generator, people: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One invoice per order of a known customer, amounts in whole cents and days as numbers; paid is -1 while open.

    A payment after the last day of the study has not happened yet. Credit notes are settled at once. interest is the imputed cost of credit
    of each invoice and bad_debt what remains unpaid too long after the due date, both in cents.

    Examples
    --------
    >>> people = pd.DataFrame({"terms": [30], "late": [0.0], "disputed": [0.0], "unpaid": [0.0]})
    >>> orders = pd.DataFrame({"order": [0, 1], "customer": [0, 0], "day": [10, 20], "revenue": [36500, -500]})
    >>> invoices = draw_invoices(np.random.default_rng(0), people, orders)
    >>> invoices[["due", "amount", "amount_paid"]].to_numpy().tolist()
    [[40, 36500, 36500], [50, -500, -500]]
    """
    orders = orders[orders["customer"] >= 0]
    customer, day, amount = (orders[name].to_numpy() for name in ("customer", "day", "revenue"))
    count = len(orders)
    due = day + people["terms"].to_numpy()[customer]
    late = people["late"].to_numpy()[customer]
    wait = np.rint(rng.gamma(1.5, 1.0, count) * late / 1.5 * 1.2) - np.rint(8 * rng.random(count))
    disputed = (rng.random(count) < people["disputed"].to_numpy()[customer]) & (amount > 0)
    paid = np.maximum(due + wait + np.where(disputed, 20 + np.rint(40 * rng.random(count)), 0), day + 1).astype(np.int64)
    never = (rng.random(count) < people["unpaid"].to_numpy()[customer] * np.where(disputed, 6.0, 1.0)) & (amount > 0)
    partly = never & (rng.random(count) < 0.35)
    part = np.rint(amount * (0.2 + 0.6 * rng.random(count))).astype(np.int64)
    credit = amount <= 0
    paid = np.where(credit, day, paid)
    open_ = (never | (paid >= DAYS)) & ~credit
    amount_paid = np.where(open_, np.where(partly, part, 0), amount)
    paid = np.where(open_, -1, paid)
    days = np.where(open_, DAYS - 1, paid) - day
    interest = np.rint(amount / 100 * CREDIT_RATE * days / 365 * 100).astype(np.int64)
    bad_debt = np.where(open_ & (due + WRITE_OFF_DAYS < DAYS - 1), amount - amount_paid, 0)
    return pd.DataFrame(
        {
            "order": orders["order"].to_numpy(), "customer": customer, "day": day, "due": due, "amount": amount, "paid": paid,
            "amount_paid": amount_paid, "disputed": disputed, "interest": interest, "bad_debt": bad_debt,
        }
    )  # fmt: skip


def draw_events(rng: np.random.Generator, people: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """Every call, email, complaint, special request, visit and reminder, by day, with the minutes written down (true minutes x noise).

    A drifter asks for more and more while it is a customer.

    Examples
    --------
    >>> from custprof.datasets.people import draw_customers
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> invoices = pd.DataFrame({"customer": [0], "amount": [100], "due": [30], "paid": [55]})
    >>> events = draw_events(rng, people, invoices)
    >>> int((EVENTS["activity"].to_numpy()[events["kind"]] == "reminder").sum())  # after 10 days, paid before the second
    1
    """
    parts = []
    start, window = people["start"].to_numpy(), (people["end"] - people["start"]).to_numpy()
    drifts = (people["type"] == "drifter").to_numpy()
    for kind, rate in enumerate(EVENTS["rate"]):
        if not rate:
            continue
        expected = people[rate].to_numpy() * window / _YEAR * np.where(drifts, 2.6, 1.0)
        who = np.repeat(np.arange(len(people)), rng.poisson(expected))
        elapsed = rng.random(len(who))
        kept = ~drifts[who] | (rng.random(len(who)) < (0.3 + 2.3 * elapsed) / 2.6)
        day = np.floor(start[who] + elapsed * window[who]).astype(np.int64)
        parts.append(pd.DataFrame({"customer": who, "day": day, "kind": kind})[kept])
    parts.append(_reminders(invoices))
    events = pd.concat(parts, ignore_index=True)
    events["day"] = events["day"].clip(0, DAYS - 1)
    events = events.sort_values(["day", "customer", "kind"], kind="stable", ignore_index=True)
    unit = EVENTS["unit_minutes"].to_numpy()[events["kind"]]
    noise = np.exp(_NOISE * rng.standard_normal(len(events)) - _NOISE**2 / 2)
    events["minutes"] = np.maximum(1, np.rint(unit * noise)).astype(np.int64)
    events["employee"] = pick(rng.random(len(events)), np.array([4, 3, 3, 2, 1]))
    return events


def _reminders(invoices):
    billed = invoices[invoices["amount"] > 0]
    until = np.where(billed["paid"] < 0, DAYS, billed["paid"])
    open_ = [billed.assign(day=billed["due"] + after)[billed["due"] + after < until] for after in _REMINDED_AFTER]
    frame = pd.concat(open_)[["customer", "day"]]
    kind = int(np.flatnonzero(EVENTS["activity"] == "reminder")[0])
    return frame[frame["day"] < DAYS].assign(kind=kind)


def draw_ratings(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Answers from 0 to 10 to a yearly survey, about one customer in three each year; worse from those who soon leave."""
    parts = []
    for year in range(3):
        day = 365 * year + np.floor(365 * rng.random(len(people))).astype(np.int64)
        answers = (rng.random(len(people)) < 0.35) & (day >= people["start"]) & (day < people["end"])
        leaving = (people["drop"] - day < 200) * 1.8
        score = np.clip(np.rint(people["rating"] - leaving + 1.5 * rng.standard_normal(len(people))), 0, 10).astype(np.int64)
        parts.append(pd.DataFrame({"customer": np.arange(len(people)), "day": day, "score": score})[answers])
    return pd.concat(parts).sort_values(["day", "customer"], kind="stable", ignore_index=True)


def draw_contributions(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Case studies, ideas for features and help for the brand from a few customers, with what the company thinks each is worth (cents)."""
    chance = people["type"].map({"champion": 0.10, "solid": 0.02, "costly giant": 0.15}).fillna(0.006).to_numpy()
    gives = np.flatnonzero(rng.random(len(people)) < chance)
    kind = pick(rng.random(len(gives)), np.array([3, 4, 2]))
    value = np.rint(np.array([40, 25, 60])[kind] * rng.gamma(2.0, 0.5, len(gives))) * 100 * 100
    day = np.floor(people["start"].to_numpy()[gives] + rng.random(len(gives)) * (people["end"] - people["start"]).to_numpy()[gives])
    frame = pd.DataFrame(
        {"customer": gives, "day": day.astype(np.int64).clip(0, DAYS - 1), "kind": np.array(["case study", "feature", "brand"])[kind]}
    )
    return frame.assign(value=value.astype(np.int64)).sort_values(["day", "customer"], kind="stable", ignore_index=True)


def event_table(ids: np.ndarray, events: pd.DataFrame) -> pd.DataFrame:
    """The standard table events.

    Examples
    --------
    >>> events = pd.DataFrame({"customer": [0], "day": [1], "kind": [0], "minutes": [9], "employee": [2]})
    >>> event_table(np.array(["C00001"]), events).iloc[0].astype(str).tolist()
    ['C00001', '2023-01-02 00:00:00', 'call', '9', 'Customer service', 'C3']
    """
    department = EVENTS["department"].to_numpy()[events["kind"]]
    prefix = np.array([name[0] for name in EVENTS["department"]], dtype=object)[events["kind"]]
    return pd.DataFrame(
        {
            "customer_id": ids[events["customer"]],
            "date": to_dates(events["day"].to_numpy()),
            "activity": EVENTS["activity"].to_numpy()[events["kind"]],
            "minutes": events["minutes"],
            "department": department,
            "employee": prefix + (events["employee"] + 1).astype(str).to_numpy(),
        }
    )


def invoice_table(ids: np.ndarray, numbers: np.ndarray, invoices: pd.DataFrame) -> pd.DataFrame:
    """The standard table invoices; an open invoice has no date of payment.

    Examples
    --------
    >>> one = {"order": 0, "customer": 0, "day": 0, "due": 30, "amount": 500, "paid": -1, "amount_paid": 0, "disputed": False}
    >>> table = invoice_table(np.array(["C00001"]), np.array([12]), pd.DataFrame([one]))
    >>> table["invoice_id"][0], float(table["amount"][0]), bool(table["paid_on"].isna()[0])
    ('I0000012', 5.0, True)
    """
    return pd.DataFrame(
        {
            "invoice_id": np.array([f"I{number:07d}" for number in numbers[invoices["order"]]], dtype=object),
            "customer_id": ids[invoices["customer"]],
            "invoiced_on": to_dates(invoices["day"].to_numpy()),
            "due_on": to_dates(invoices["due"].to_numpy()),
            "amount": invoices["amount"] / 100,
            "paid_on": to_dates(invoices["paid"].to_numpy(), (invoices["paid"] >= 0).to_numpy()),
            "amount_paid": invoices["amount_paid"] / 100,
            "disputed": invoices["disputed"],
        }
    )
