"""How do the simulated customers pay, and how much of the company's time do they take?

Invoices, events (calls, emails, complaints, special requests, visits, reminders), answers to surveys, contributions and leads.
Service does not follow revenue: that is what makes some customers unprofitable.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import DAYS, EVENTS, INDUSTRIES, REGIONS, TYPES, Market, pick, to_dates

__all__ = [
    "CREDIT_RATE",
    "WRITE_OFF_DAYS",
    "draw_contributions",
    "draw_events",
    "draw_invoices",
    "draw_leads",
    "draw_ratings",
    "event_table",
    "invoice_table",
    "lead_table",
]

CREDIT_RATE = 0.08
WRITE_OFF_DAYS = 180

_YEAR = 365.25
_REMINDED_AFTER = (10, 30, 60)
_NOISE = 0.35
_LEAD_SOURCES = ("web form", "phone", "email", "event", "visit")


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
    >>> from custprof.datasets.economy import draw_customers
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
    """Answers from 0 to 10 to a yearly survey, about one customer in three each year; worse from those who soon leave.

    Examples
    --------
    >>> from custprof.datasets.economy import draw_customers
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> bool(draw_ratings(rng, people)["score"].between(0, 10).all())
    True
    """
    parts = []
    for year in range(3):
        day = 365 * year + np.floor(365 * rng.random(len(people))).astype(np.int64)
        answers = (rng.random(len(people)) < 0.35) & (day >= people["start"]) & (day < people["end"])
        leaving = (people["drop"] - day < 200) * 1.8
        score = np.clip(np.rint(people["rating"] - leaving + 1.5 * rng.standard_normal(len(people))), 0, 10).astype(np.int64)
        parts.append(pd.DataFrame({"customer": np.arange(len(people)), "day": day, "score": score})[answers])
    return pd.concat(parts).sort_values(["day", "customer"], kind="stable", ignore_index=True)


def draw_contributions(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Case studies, ideas for features and help for the brand from a few customers, with what the company thinks each is worth (cents).

    Examples
    --------
    >>> from custprof.datasets.economy import draw_customers
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> draw_contributions(rng, people).columns.tolist()
    ['customer', 'day', 'kind', 'value']
    """
    chance = people["type"].map({"champion": 0.10, "solid": 0.02, "costly giant": 0.15}).fillna(0.006).to_numpy()
    gives = np.flatnonzero(rng.random(len(people)) < chance)
    kind = pick(rng.random(len(gives)), np.array([3, 4, 2]))
    value = np.rint(np.array([40, 25, 60])[kind] * rng.gamma(2.0, 0.5, len(gives))) * 100 * 100
    day = np.floor(people["start"].to_numpy()[gives] + rng.random(len(gives)) * (people["end"] - people["start"]).to_numpy()[gives])
    frame = pd.DataFrame(
        {"customer": gives, "day": day.astype(np.int64).clip(0, DAYS - 1), "kind": np.array(["case study", "feature", "brand"])[kind]}
    )
    return frame.assign(value=value.astype(np.int64)).sort_values(["day", "customer"], kind="stable", ignore_index=True)


def draw_leads(rng: np.random.Generator, market: Market, people: pd.DataFrame) -> pd.DataFrame:
    """Every lead: those that became the block's new customers, and those that were lost, with what was known of them at the time.

    A campaign's true conversion says how many leads were lost for each that was won; a slow first answer and special wishes lose leads.

    Examples
    --------
    >>> from custprof.datasets.economy import draw_customers
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> leads = draw_leads(rng, market, people)
    >>> int((leads["won"] >= 0).sum()) == int((~people["old"]).sum())
    True
    """
    won = np.flatnonzero(~people["old"].to_numpy())
    n_won, n_campaigns = len(won), len(market.campaigns)
    by_campaign = (people["campaign"].to_numpy()[won] >= 0).sum() * market.campaign_share / market.campaign_share.sum()
    odds = np.append((1 - market.conversion) / market.conversion * by_campaign, 2.0 * (n_won - by_campaign.sum()))
    lost_campaign = np.repeat(np.append(np.arange(n_campaigns), -1), rng.poisson(odds))
    n_lost = len(lost_campaign)
    campaign = np.concatenate([people["campaign"].to_numpy()[won], lost_campaign])
    names = market.campaigns["channel"].to_numpy()
    free = np.array(["website", "referral", "recommendation of a partner"], dtype=object)[pick(rng.random(n_lost), np.array([6, 2, 2]))]
    channel = np.concatenate([people["channel"].to_numpy()[won], np.where(lost_campaign >= 0, names[lost_campaign], free)])

    lost_type = pick(rng.random(n_lost), TYPES["share"].to_numpy() * market.tilt[lost_campaign])
    type_of = np.concatenate([np.searchsorted(np.arange(len(TYPES)), _type_numbers(people.iloc[won])), lost_type])
    is_won = np.arange(n_won + n_lost) < n_won
    started = (market.campaigns["started_on"].to_numpy() - np.datetime64("2023-01-01")) / np.timedelta64(1, "D")
    lost_day = np.where(lost_campaign >= 0, started[lost_campaign] + rng.gamma(1.5, 30.0, n_lost), rng.random(n_lost) * DAYS)
    before = np.rint(3 + rng.gamma(1.5, 18.0, n_won))
    created = np.concatenate([np.maximum(people["acquired"].to_numpy()[won] - before, 0), np.minimum(lost_day, DAYS - 1)]).astype(np.int64)

    expected = TYPES["orders"].to_numpy() * TYPES["spend"].to_numpy()
    lost_volume = 5600 * expected[lost_type] * rng.gamma(1.2, 1 / 1.2, n_lost)
    volume = np.concatenate([(people["orders_per_year"] * people["mean_order"]).to_numpy()[won], lost_volume])
    needs = np.array([0.12, 0.14, 0.04, 0.22, 0.68, 0.85, 0.34])[type_of]
    lost_size = 1 + np.rint(np.exp(np.log(lost_volume / 350 + 0.5) + 0.7 * rng.standard_normal(n_lost)))
    count = n_won + n_lost
    frame = pd.DataFrame(
        {
            "created": created,
            "channel": channel,
            "campaign": campaign,
            "contact_minutes": np.rint(np.where(is_won, 95, 45) * rng.gamma(2.0, 0.5, count)).astype(np.int64) + 5,
            "won": np.concatenate([people["acquired"].to_numpy()[won], np.full(n_lost, -1)]),
            "customer": np.concatenate([won, np.full(n_lost, -1)]),
            "industry": np.concatenate(
                [people["industry"].to_numpy()[won], np.array(INDUSTRIES)[pick(rng.random(n_lost), np.ones(len(INDUSTRIES)))]]
            ),
            "region": REGIONS["region"].to_numpy()[
                np.concatenate([people["region"].to_numpy()[won], pick(rng.random(n_lost), np.array([2, 2, 2, 2, 3]))])
            ],
            "company_size": np.concatenate([people["employees"].to_numpy()[won], lost_size.astype(np.int64)]),
            "expected_volume": np.rint(volume * np.exp(0.5 * rng.standard_normal(count)) / 100).astype(np.int64) * 100,
            "needs_special_service": rng.random(count) < np.where(is_won, needs, np.minimum(1.0, needs * 1.3)),
            "source": np.array(_LEAD_SOURCES)[pick(rng.random(count), np.array([4, 3, 2, 2, 1]))],
            "response_hours": np.round(rng.gamma(1.2, 1 / 1.2, count) * np.where(is_won, 14, 34), 1),
        }
    )
    return frame.sort_values(["created", "customer", "expected_volume"], kind="stable", ignore_index=True)


def _type_numbers(people):
    return people["type"].map({name: number for number, name in enumerate(TYPES["type"])}).to_numpy()


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


def lead_table(market: Market, ids: np.ndarray, first: int, leads: pd.DataFrame) -> pd.DataFrame:
    """The standard table leads, numbered from `first`; a lost lead has neither a day won nor a customer.

    Examples
    --------
    >>> from custprof.datasets.economy import draw_customers
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> table = lead_table(market, np.array([f"C{k + 1:05d}" for k in range(100)]), 1, draw_leads(rng, market, people))
    >>> bool((table["won_on"].isna() == table["customer_id"].isna()).all())
    True
    """
    campaign, won, customer = (leads[name].to_numpy() for name in ("campaign", "won", "customer"))
    table = pd.DataFrame(
        {
            "lead_id": np.array([f"L{first + k:06d}" for k in range(len(leads))], dtype=object),
            "created_on": to_dates(leads["created"].to_numpy()),
            "channel": leads["channel"],
            "campaign_id": np.where(campaign >= 0, market.campaigns["campaign_id"].to_numpy()[campaign], None),
            "contact_minutes": leads["contact_minutes"],
            "won_on": to_dates(won, won >= 0),
            "customer_id": np.where(customer >= 0, ids[customer], None),
        }
    )
    features = ["industry", "region", "company_size", "expected_volume", "needs_special_service", "source", "response_hours"]
    return pd.concat([table, leads[features]], axis=1)
