"""Who are the customers of the simulated company, and what do they buy and return?

Every function takes a random generator and returns frames whose rows point at customers by their position in the block.
Money is in whole cents.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import CHANNELS, DAYS, INDUSTRIES, KINDS, LIFE, REGIONS, SPEND, START, TYPES, Market, pick, to_dates

__all__ = ["customer_ids", "customer_table", "customer_truth", "draw_customers", "draw_lines", "order_frame"]

_YEAR = 365.25
_OLD = 0.63
_FREIGHT_PER_ORDER, _FREIGHT_SHARE = 750, 0.021
_CASH_ORDERS = 0.105
_INSIDE_COMMISSION = 0.005
_DRIFT_FALL = 0.85
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
    return _working_day(np.clip(day, 0, DAYS - 1))


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


def draw_lines(rng: np.random.Generator, market: Market, people: pd.DataFrame, *, closing: bool) -> pd.DataFrame:
    """Draw every line that the customers buy and return, and some cash sales to nobody known, in order of their days.

    `closing` puts one cash sale on the last day, so that the study always ends there. Column order counts the orders of the block from 0.

    Examples
    --------
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> lines = draw_lines(rng, market, people, closing=True)
    >>> bool((lines["list_amount"] - lines["discount"] == lines["revenue"]).all())
    True
    """
    sales = _sale_lines(rng, market, people)
    cash = _cash_lines(rng, market, len(people), closing)
    cash["order"] += 1 + sales["order"].max() if len(sales) else 0
    returns = _return_lines(rng, people, sales)
    returns["order"] += 1 + cash["order"].max()
    lines = pd.concat([sales, cash, returns], ignore_index=True)
    orders = lines.drop_duplicates("order")
    sequence = orders["order"].to_numpy()[np.lexsort((orders["order"], orders["is_return"], orders["customer"], orders["day"]))]
    rank = np.empty(len(sequence), dtype=np.int64)
    rank[np.unique(sequence, return_inverse=True)[1]] = np.arange(len(sequence))
    lines["order"] = rank[np.unique(lines["order"].to_numpy(), return_inverse=True)[1]]
    return lines.sort_values("order", kind="stable", ignore_index=True)


def _sale_lines(rng, market, people):
    window = (people["end"] - people["start"]).to_numpy()
    repeats = rng.poisson(people["orders_per_year"].to_numpy() * window / _YEAR)
    who = np.repeat(np.arange(len(people)), repeats)
    elapsed = rng.random(len(who))
    drifts = (people["type"] == "drifter").to_numpy()[who]
    kept = ~drifts | (rng.random(len(who)) < 1 - _DRIFT_FALL * elapsed)
    new = np.flatnonzero(~people["old"].to_numpy())
    customer = np.concatenate([who[kept], new])
    day = _working_day(np.concatenate([(people["start"].to_numpy()[who] + elapsed * window[who])[kept], people["start"].to_numpy()[new]]))

    n_lines = 1 + rng.poisson(people["lines_per_order"].to_numpy()[customer] - 1)
    p = SPEND["order_shape_p"]
    value = people["mean_order"].to_numpy()[customer] / p * rng.gamma(p, 1.0, len(customer)) * 100
    order = np.repeat(np.arange(len(customer)), n_lines)
    part = rng.gamma(2.0, 1.0, len(order))
    part = part / np.bincount(order, weights=part)[order]
    lines = _priced(rng, market, day[order], (value[order] * part))
    lines.insert(0, "customer", customer[order])
    lines.insert(1, "order", order)

    rate = np.clip(people["discount_rate"].to_numpy()[lines["customer"]] + 0.02 * rng.standard_normal(len(lines)), 0.0, 0.5)
    lines["discount"] = np.rint(lines["list_amount"] * rate).astype(np.int64)
    lines["revenue"] = lines["list_amount"] - lines["discount"]
    far = REGIONS["freight"].to_numpy()[people["region"].to_numpy()][lines["customer"]]
    lines["freight"] = np.rint(far * (_FREIGHT_PER_ORDER / n_lines[order] + _FREIGHT_SHARE * lines["list_amount"])).astype(np.int64)
    rates = np.append(market.commission_rate, _INSIDE_COMMISSION)
    lines["commission"] = np.rint(lines["revenue"] * rates[people["manager"].to_numpy()[lines["customer"]]]).astype(np.int64)
    lines["is_return"] = False
    return lines


def _priced(rng, market, day, value):
    """Lines of about `value` cents each: a product of the list, as many pieces as come nearest, at the year's price and cost."""
    product = pick(rng.random(len(day)), market.popularity)
    year = _year_number(day)
    price = market.price[product, year]
    quantity = np.maximum(1, np.rint(value / price)).astype(np.int64)
    return pd.DataFrame(
        {
            "day": day,
            "product": product,
            "quantity": quantity,
            "list_amount": price * quantity,
            "cost_of_goods": market.unit_cost[product, year] * quantity,
        }
    )


def _cash_lines(rng, market, count, closing):
    n_orders = max(1, round(_CASH_ORDERS * count))
    day = _working_day(rng.random(n_orders) * DAYS)
    if closing:
        day[-1] = DAYS - 1
    order = np.repeat(np.arange(n_orders), 1 + (rng.random(n_orders) < 0.45))
    lines = _priced(rng, market, day[order], 100 * rng.gamma(2.0, 22.0, len(order)))
    lines.insert(0, "customer", -1)
    lines.insert(1, "order", order)
    return lines.assign(discount=0, revenue=lines["list_amount"], freight=0, commission=0, is_return=False)


def _return_lines(rng, people, sales):
    """Goods that come back some days later, as a credit note of its own: amounts negative, but we pay the freight."""
    n_orders = int(sales["order"].max()) + 1 if len(sales) else 0
    customer = np.zeros(n_orders, dtype=np.int64)
    customer[sales["order"]] = sales["customer"]
    comes_back = rng.random(n_orders) < people["return_rate"].to_numpy()[customer]
    wait = 3 + np.floor(22 * rng.random(n_orders))
    kept = comes_back[sales["order"]] & (rng.random(len(sales)) < 0.65)
    lines = sales[kept].copy()
    lines["day"] = _working_day(lines["day"] + wait[lines["order"]])
    for name in ("quantity", "list_amount", "discount", "revenue", "cost_of_goods", "commission"):
        lines[name] = -lines[name]
    return lines[lines["day"] < DAYS].assign(is_return=True)


def _working_day(day):
    """Saturdays move to Friday and Sundays to Monday (day 0 is a Sunday)."""
    day = np.floor(np.asarray(day)).astype(np.int64)
    weekday = (day + 6) % 7
    return day - (weekday == 5) + (weekday == 6)


def _year_number(day):
    return (np.asarray(day) >= 365).astype(np.int64) + (np.asarray(day) >= 365 + 366)


def order_frame(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per order: customer (-1 for cash sales), day, lines, revenue (cents) and is_return.

    Examples
    --------
    >>> lines = pd.DataFrame({"order": [0, 0], "customer": 7, "day": 3, "revenue": [100, 50], "is_return": False})
    >>> order_frame(lines)[["customer", "lines", "revenue"]].iloc[0].tolist()
    [7, 2, 150]
    """
    orders = lines.groupby("order").agg(
        customer=("customer", "first"),
        day=("day", "first"),
        lines=("revenue", "size"),
        revenue=("revenue", "sum"),
        is_return=("is_return", "first"),
    )
    return orders.reset_index()


def customer_table(market: Market, people: pd.DataFrame) -> pd.DataFrame:
    """The standard table customers, without anything the company could not know.

    Examples
    --------
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> customer_table(market, people)["customer_id"].iloc[-1]
    'C00100'
    """
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
    """What only the simulation knows of each customer.

    Examples
    --------
    >>> from custprof.datasets.market import draw_market
    >>> rng = np.random.default_rng(0)
    >>> market = draw_market(rng, 100)
    >>> people = draw_customers(rng, market, first=1, count=100)
    >>> customer_truth(people).columns[:3].tolist()
    ['customer_id', 'type', 'dropped_out_on']
    """
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


def _name(number):
    """A made-up name, different for every number."""
    names, trades = _NAMES.split(), _TRADES.split()
    again, position = number // (len(names) * len(trades)), number * 977 % (len(names) * len(trades))
    return f"{names[position // len(trades)]} {trades[position % len(trades)]}" + (f" {again + 1}" if again else "")
