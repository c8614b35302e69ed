"""Who are the customers of the simulated company: where do they come from, how do they behave, and what may the company know of them?

Every function takes a random generator and returns frames whose rows point at customers by their position in the block.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import CHANNELS, DAYS, INDUSTRIES, KINDS, LIFE, REGIONS, SPEND, START, TYPES, Market, pick, to_dates

__all__ = ["customer_ids", "customer_table", "customer_truth", "draw_customers", "working_day"]

_YEAR = 365.25
_OLD = 0.63
_NAMES = (
    "Adler Almo Berg Birko Brenn Corda Dahl Delta Elbe Eska Falk Fenn Garda Gerol Hansa Havel Ilmen Isar Janko Jura Kern Kolb Lahn Lenz "
    "Marl Moro Nagel Norva Oker Orbis Pelz Prado Quint Rabe Rhea Saale Senn Talos Tarn Ulm Urban Varo Vega Wald Werra Xeno Yara Zeder Zorn"
)
_TRADES = (
    "Bau Metall Technik Werk Holz Motoren Elektro Anlagen Service Handel Tools Systems Supply Build Works Fabrik Lager Druck Glas Stahl "
    "Pumpen Fenster Haus Bahn Solar Kran Licht Fahrzeuge Feinblech Montage Logistik Kunststoff Labor Armaturen Verpackung Antriebe Klima"
)


def draw_customers(rng: np.random.Generator, market: Market, first: int, count: int) -> pd.DataFrame:
    """Draw `count` customers, the first of them number `first`: who they are, when they come and go, and how they behave.

    Customers who came before 2023 have survived until then: their drop-out rate is drawn given that (gamma with rate beta + age).

    Examples
    --------
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> bool((people["start"] < people["end"]).all())
    True
    """
    old = rng.random(count) < _OLD
    campaign, channel, tilt = _origins(rng, market, old)
    even = (np.argsort(rng.random(count), kind="stable") + rng.random(count)) / count  # stratified: every block has its giants
    kind_of = pick(even, TYPES["share"].to_numpy() * tilt)
    traits = TYPES.iloc[kind_of].reset_index(drop=True)
    frame = pd.DataFrame({"number": first + np.arange(count), "type": traits["type"], "old": old, "campaign": campaign, "channel": channel})

    age = np.where(old, np.minimum(0.1 + rng.gamma(1.6, 2.4, count), 14.0), 0.0)
    frame["acquired"] = np.where(old, -np.ceil(age * _YEAR), _arrival_days(rng, market, campaign)).astype(np.int64)
    dropout_rate = rng.gamma(LIFE["dropout_shape_s"], 1.0, count) / (LIFE["dropout_beta_years"] + age)
    frame["start"] = np.maximum(frame["acquired"], 0)
    frame["drop"] = frame["start"] + _YEAR * rng.exponential(1.0, count) / dropout_rate
    frame["end"] = np.minimum(frame["drop"], float(DAYS))

    alike = np.where(traits["type"] == "costly giant", 0.5, 1.0)  # giants differ less in size, or a single one would be the company
    r, q = LIFE["orders_shape_r"], SPEND["customer_shape_q"]
    frame["orders_per_year"] = LIFE["orders_per_year"] * traits["orders"] * (rng.gamma(r, 1 / r, count)) ** alike
    frame["mean_order"] = SPEND["mean_order"] * traits["spend"] * ((q - 1) / rng.gamma(q, 1.0, count)) ** alike
    frame["lines_per_order"] = traits["lines"]
    frame["discount_rate"] = np.clip(traits["discount"] * rng.gamma(10.0, 0.1, count), 0.0, 0.45)
    frame["return_rate"] = np.clip(traits["returns"] * rng.gamma(3.0, 1 / 3.0, count), 0.0, 0.4)
    for name in ("calls", "emails", "visits", "complaints", "requests"):
        frame[name] = traits[name] * rng.gamma(2.0, 0.5, count)
    frame["late"] = traits["late"] * rng.gamma(1.5, 1 / 1.5, count)
    for name in ("unpaid", "disputed", "terms", "rating"):
        frame[name] = traits[name]

    frame["industry"] = np.array(INDUSTRIES)[pick(rng.random(count), np.array([9, 18, 13, 9, 10, 16, 17, 8]))]
    frame["region"] = pick(rng.random(count), REGIONS["share"].to_numpy())
    kinds = np.where((frame["type"] == "costly giant").to_numpy()[:, None], [0.35, 0.65, 0.0], [0.68, 0.19, 0.13])
    frame["kind"] = np.array(KINDS)[pick(rng.random(count), kinds)]
    yearly = frame["orders_per_year"] * frame["mean_order"]
    held = rng.random(count) < 1 / (1 + np.exp(-2.5 * np.log(yearly / 9000)))
    frame["manager"] = np.where(held, pick(rng.random(count), market.manager_share), -1)
    frame["employees"] = 1 + np.rint(np.exp(np.log(yearly / 350) + 0.7 * rng.standard_normal(count))).astype(np.int64)
    return _refer(rng, frame)


def customer_table(market: Market, people: pd.DataFrame) -> pd.DataFrame:
    """The standard table customers, without anything the company could not know."""
    ids = customer_ids(people)
    campaign, manager, referrer = people["campaign"].to_numpy(), people["manager"].to_numpy(), people["referrer"].to_numpy()
    managers = np.array([f"M{k + 1:02d}" for k in range(len(market.commission_rate))], dtype=object)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "name": [_name(number) for number in people["number"]],
            "kind": people["kind"],
            "industry": people["industry"],
            "region": REGIONS["region"].to_numpy()[people["region"].to_numpy()],
            "acquired_on": to_dates(people["acquired"].to_numpy()),
            "channel": people["channel"],
            "campaign_id": np.where(campaign >= 0, market.campaigns["campaign_id"].to_numpy()[campaign], None),
            "account_manager": np.where(manager >= 0, managers[manager], None),
            "referred_by": np.where(referrer >= 0, ids[referrer], None),
            "referral_type": people["referral_type"],
        }
    )


def customer_truth(people: pd.DataFrame) -> pd.DataFrame:
    """What only the simulation knows of each customer."""
    drop = people["drop"].to_numpy()
    return pd.DataFrame(
        {
            "customer_id": customer_ids(people),
            "type": people["type"],
            "dropped_out_on": to_dates(np.minimum(drop, DAYS), drop < DAYS),
            "orders_per_year": people["orders_per_year"].round(4),
            "mean_spend": (people["mean_order"] * (1 - people["discount_rate"])).round(2),
            "discount_rate": people["discount_rate"].round(4),
            "return_rate": people["return_rate"].round(4),
            **{f"{name}_per_year": people[name].round(4) for name in ("calls", "emails", "visits", "complaints", "requests")},
        }
    )


def customer_ids(people: pd.DataFrame) -> np.ndarray:
    """The ids C00001, C00002, ... of a block's customers.

    Examples
    --------
    >>> customer_ids(pd.DataFrame({"number": [1, 2]})).tolist()
    ['C00001', 'C00002']
    """
    return np.array([f"C{number:05d}" for number in people["number"]], dtype=object)


def working_day(day):
    """Saturdays move to Friday and Sundays to Monday (day 0 is a Sunday)."""
    day = np.floor(np.asarray(day)).astype(np.int64)
    weekday = (day + 6) % 7
    return day - (weekday == 5) + (weekday == 6)


def _origins(rng, market, old):
    """Campaign (or -1), channel and the multiples of the types' shares of every customer."""
    count, n_campaigns = len(old), len(market.campaigns)
    free = np.array(list(CHANNELS.values()))
    source = pick(rng.random(count), np.append(free, 1 - free.sum()))
    campaign = np.where(old | (source < len(free)), -1, pick(rng.random(count), market.campaign_share))
    names = np.array([*CHANNELS, *market.campaigns["channel"]], dtype=object)
    any_campaign = len(free) + pick(rng.random(count), market.campaign_share) % n_campaigns
    channel = names[np.where(source < len(free), source, np.where(old, any_campaign, len(free) + campaign))]
    tilt = market.tilt[campaign].copy()
    tilt[channel == "referral"] *= np.array([2.0, 1.2, 1.0, 0.5, 0.5, 0.6, 1.0])
    return campaign, channel, tilt


def _arrival_days(rng, market, campaign):
    """Day of the first order: some weeks after the campaign started, or any day where there was none."""
    started = ((market.campaigns["started_on"].to_numpy() - START) / np.timedelta64(1, "D")).astype(np.int64)
    count = len(campaign)
    day = np.where(campaign < 0, rng.random(count) * DAYS, started[campaign] + 7 + rng.gamma(1.5, 45.0, count))
    late = day >= DAYS - 1
    day = np.where(late, started[campaign] + rng.random(count) * (DAYS - 1 - started[campaign]), day)
    return working_day(np.clip(day, 0, DAYS - 1))


def _refer(rng, frame):
    """Who referred whom: customers of the channel referral (type one) and a few that a campaign won as well (type two)."""
    count = len(frame)
    new = ~frame["old"].to_numpy()
    one = new & (frame["channel"] == "referral").to_numpy()
    two = new & ~one & (rng.random(count) < 0.08)
    willing = frame["type"].map({"champion": 5.0, "solid": 2.0, "small steady": 1.0, "drifter": 0.5}).fillna(0.25).to_numpy()
    order = np.lexsort((np.arange(count), frame["acquired"].to_numpy()))
    weight = np.cumsum(willing[order])
    earlier = np.searchsorted(frame["acquired"].to_numpy()[order], frame["acquired"].to_numpy(), side="left")
    total = np.where(earlier > 0, weight[np.maximum(earlier - 1, 0)], 0.0)
    referrer = order[np.minimum(np.searchsorted(weight, rng.random(count) * total, side="right"), count - 1)]
    known = (one | two) & (earlier > 0)
    frame["referrer"] = np.where(known, referrer, -1)
    frame["referral_type"] = np.where(known, np.where(one, "one", "two"), None)
    return frame


def _name(number):
    """A made-up name, different for every number."""
    names, trades = _NAMES.split(), _TRADES.split()
    again, position = number // (len(names) * len(trades)), number * 977 % (len(names) * len(trades))
    return f"{names[position // len(trades)]} {trades[position % len(trades)]}" + (f" {again + 1}" if again else "")
