"""What do the customers of the simulated company buy and return?

Every function takes a random generator and returns frames whose rows point at customers by their position in the block.
Money is in whole cents.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import DAYS, REGIONS, SPEND, Market, pick
from custprof.datasets.people import working_day

__all__ = ["draw_lines", "order_frame"]

_YEAR = 365.25
_FREIGHT_PER_ORDER, _FREIGHT_SHARE = 750, 0.021
_CASH_ORDERS = 0.105
_INSIDE_COMMISSION = 0.005
_DRIFT_FALL = 0.85


def draw_lines(rng: np.random.Generator, market: Market, people: pd.DataFrame, *, closing: bool) -> pd.DataFrame:
    """Draw every line that the customers buy and return, and some cash sales to nobody known, in order of their days.

    `closing` puts one cash sale on the last day, so that the study always ends there. Column order counts the orders of the block from 0.

    Examples
    --------
    >>> from custprof.datasets.market import draw_market
    >>> from custprof.datasets.people import draw_customers
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


def _sale_lines(rng, market, people):
    window = (people["end"] - people["start"]).to_numpy()
    repeats = rng.poisson(people["orders_per_year"].to_numpy() * window / _YEAR)
    who = np.repeat(np.arange(len(people)), repeats)
    elapsed = rng.random(len(who))
    drifts = (people["type"] == "drifter").to_numpy()[who]
    kept = ~drifts | (rng.random(len(who)) < 1 - _DRIFT_FALL * elapsed)
    new = np.flatnonzero(~people["old"].to_numpy())
    customer = np.concatenate([who[kept], new])
    day = working_day(np.concatenate([(people["start"].to_numpy()[who] + elapsed * window[who])[kept], people["start"].to_numpy()[new]]))

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
    day = working_day(rng.random(n_orders) * DAYS)
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
    lines["day"] = working_day(lines["day"] + wait[lines["order"]])
    for name in ("quantity", "list_amount", "discount", "revenue", "cost_of_goods", "commission"):
        lines[name] = -lines[name]
    return lines[lines["day"] < DAYS].assign(is_return=True)


def _year_number(day):
    return (np.asarray(day) >= 365).astype(np.int64) + (np.asarray(day) >= 365 + 366)
