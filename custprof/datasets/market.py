"""What is the same for every customer of the simulated company: calendar, types of customer, products, campaigns, account managers?

All amounts here are in currency units and all rates per year. The company is a wholesaler of workshop supplies that exists only here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "CHANNELS",
    "DAYS",
    "EVENTS",
    "INDUSTRIES",
    "KINDS",
    "LIFE",
    "REGIONS",
    "SPEND",
    "START",
    "TYPES",
    "Market",
    "draw_market",
    "pick",
    "to_dates",
]

START = np.datetime64("2023-01-01")
#: Days of the three years; day 0 is 2023-01-01 and day 1095 is 2025-12-31, on which the last line is always sold.
DAYS = 1096

#: Purchases are Poisson with gamma rates (shape r), customers drop out after an exponential time with gamma rates
#: (shape s, rate beta in years).
LIFE = {"orders_shape_r": 1.3, "orders_per_year": 10.7, "dropout_shape_s": 0.9, "dropout_beta_years": 4.0}
#: The list value of an order is gamma (shape p) around the customer's mean, which is inverse gamma (shape q) around the mean of its type.
SPEND = {"order_shape_p": 3.0, "customer_shape_q": 5.0, "mean_order": 560.0}

_TYPE_COLUMNS = "type share orders spend lines discount returns calls emails visits complaints requests late unpaid disputed terms rating"
#: Types of customer, known in the truth only. orders and spend multiply the averages above; discount, returns, unpaid and disputed are
#: fractions; calls to requests are events a year; late is days beyond the terms; rating the mean answer from 0 to 10.
TYPES = pd.DataFrame(
    columns=_TYPE_COLUMNS.split(),
    data=[
        ("champion", 0.080, 1.55, 1.95, 4.2, 0.060, 0.010, 5.0, 7.0, 1.6, 0.3, 0.3, 2, 0.0010, 0.003, 30, 8.8),
        ("solid", 0.330, 1.05, 1.05, 3.6, 0.090, 0.020, 5.0, 5.0, 1.6, 0.4, 0.5, 7, 0.0020, 0.005, 30, 8.0),
        ("small steady", 0.275, 0.90, 0.40, 2.4, 0.040, 0.015, 2.0, 4.0, 0.1, 0.2, 0.1, 5, 0.0020, 0.004, 14, 8.1),
        ("bargain hunter", 0.130, 1.00, 0.80, 3.4, 0.280, 0.140, 5.0, 7.0, 0.6, 1.2, 0.8, 16, 0.0060, 0.030, 30, 6.9),
        ("service hog", 0.095, 0.85, 0.80, 3.8, 0.130, 0.050, 23.0, 18.0, 5.0, 3.5, 6.0, 12, 0.0040, 0.025, 30, 6.2),
        ("costly giant", 0.008, 5.20, 2.80, 5.0, 0.335, 0.060, 185.0, 150.0, 60.0, 26.0, 92.0, 28, 0.0020, 0.030, 60, 7.0),
        ("drifter", 0.082, 1.30, 1.00, 3.6, 0.110, 0.030, 9.0, 8.0, 2.5, 1.2, 1.6, 10, 0.0030, 0.010, 30, 7.3),
    ],
)

#: Events that a customer causes: the department that answers and the true minutes of one.
EVENTS = pd.DataFrame(
    columns=["activity", "department", "unit_minutes", "rate"],
    data=[
        ("call", "Customer service", 9.0, "calls"),
        ("email", "Customer service", 5.0, "emails"),
        ("complaint", "Customer service", 35.0, "complaints"),
        ("special request", "Customer service", 50.0, "requests"),
        ("visit", "Field sales", 110.0, "visits"),
        ("reminder", "Credit control", 6.0, ""),
    ],
)

INDUSTRIES = ("Automotive", "Construction", "Electrical", "Food", "Furniture", "Machinery", "Metalwork", "Public services")
#: Regions with their share of the customers and what freight costs there beside the average.
REGIONS = pd.DataFrame(
    {
        "region": ["North", "East", "South", "West", "Abroad"],
        "share": [0.26, 0.16, 0.28, 0.22, 0.08],
        "freight": [0.85, 1.1, 0.9, 0.95, 2.0],
    }
)
KINDS = ("business", "intermediary", "end user")
#: Channels without a campaign, and what share of the new customers comes through each.
CHANNELS = {"website": 0.16, "referral": 0.13, "recommendation of a partner": 0.08}

_N_PRODUCTS = 240
_PRICE_LEVEL = (1.0, 1.025, 1.045)
_COST_LEVEL = (1.0, 1.020, 1.050)

# name, channel, start, days, spend at 2,000 customers, share of the campaigns' new customers, conversion,
# what it brings (multiples of the types' shares)
_CAMPAIGNS = [
    ("Trade fair", "trade fair", "02-13", 12, 38000, 0.17, 0.34, (2.2, 1.3, 0.8, 0.6, 0.8, 1.5, 1.0)),
    ("Price offer", "mailing", "03-20", 40, 21000, 0.26, 0.42, (0.4, 0.7, 0.9, 3.6, 1.2, 1.5, 0.9)),
    ("Search ads", "search ads", "01-16", 300, 30000, 0.22, 0.16, (0.7, 0.8, 1.7, 1.2, 0.9, 0.3, 0.8)),
    ("Telephone round", "telesales", "05-08", 60, 26000, 0.13, 0.11, (0.6, 0.9, 1.0, 1.2, 2.4, 0.8, 1.3)),
    ("Workshop days", "workshop", "09-11", 20, 24000, 0.12, 0.48, (2.8, 1.4, 0.6, 0.3, 0.7, 0.4, 1.0)),
    ("Social media", "social media", "06-05", 120, 19000, 0.10, 0.05, (0.3, 0.6, 1.9, 1.7, 1.1, 0.0, 0.6)),
]


@dataclass(frozen=True)
class Market:
    """The company's surroundings: list price and cost by product and year (cents), campaigns, account managers.

    ``tilt`` is by campaign (last row: no campaign) and type; ``lost`` is the expected number of lost leads per campaign and customer.
    """

    price: np.ndarray
    unit_cost: np.ndarray
    popularity: np.ndarray
    campaigns: pd.DataFrame
    campaign_share: np.ndarray
    conversion: np.ndarray
    tilt: np.ndarray
    commission_rate: np.ndarray
    manager_share: np.ndarray

    def campaign_truth(self) -> pd.DataFrame:
        """What each campaign truly does: its conversion and the shares of the types it brings."""
        shares = TYPES["share"].to_numpy() * self.tilt[:-1]
        shares = pd.DataFrame(shares / shares.sum(axis=1, keepdims=True), columns=["share " + name for name in TYPES["type"]]).round(4)
        truth = pd.DataFrame({"campaign_id": self.campaigns["campaign_id"], "conversion": self.conversion})
        return pd.concat([truth, shares], axis=1)


def draw_market(rng: np.random.Generator, n_customers: int) -> Market:
    """Draw products, campaigns and account managers; campaigns' spend and the number of managers follow the number of customers.

    Examples
    --------
    >>> market = draw_market(np.random.default_rng(0), 2000)
    >>> market.price.shape, len(market.campaigns), len(market.commission_rate)
    ((240, 3), 18, 8)
    """
    base = np.clip(np.exp(np.log(8.5) + 0.9 * rng.standard_normal(_N_PRODUCTS)), 0.6, 120.0)
    cost_share = 0.49 + 0.14 * rng.random(_N_PRODUCTS)
    price = np.rint(base[:, None] * np.array(_PRICE_LEVEL) * 100).astype(np.int64)
    unit_cost = np.rint((base * cost_share)[:, None] * np.array(_COST_LEVEL) * 100).astype(np.int64)
    popularity = rng.gamma(0.8, 1.0, _N_PRODUCTS)

    years = ("2023", "2024", "2025")
    rows = [
        (f"{name} {year}", channel, f"{year}-{start}", days, spend)
        for year in years
        for name, channel, start, days, spend, *_ in _CAMPAIGNS
    ]
    frame = pd.DataFrame(rows, columns=["campaign_id", "channel", "started_on", "days", "spend"])
    frame["started_on"] = pd.to_datetime(frame["started_on"]).astype("datetime64[s]")
    frame["ended_on"] = frame["started_on"] + pd.to_timedelta(frame.pop("days"), unit="D")
    wobble = 0.85 + 0.3 * rng.random(len(frame))
    frame["spend"] = np.rint(frame["spend"] * wobble * n_customers / 2000) * 1.0
    share = np.tile([row[5] for row in _CAMPAIGNS], 3) * np.repeat([0.36, 0.34, 0.30], len(_CAMPAIGNS))
    conversion = np.round(np.tile([row[6] for row in _CAMPAIGNS], 3) * (0.9 + 0.2 * rng.random(len(frame))), 3)
    tilt = np.vstack([np.tile([row[7] for row in _CAMPAIGNS], (3, 1)), np.ones(len(TYPES))])

    n_managers = max(8, round(8 * n_customers / 2000))
    commission_rate = np.round(0.015 + 0.02 * rng.random(n_managers), 4)
    manager_share = 1 / (1.5 + np.arange(n_managers) % 8)
    return Market(
        price=price,
        unit_cost=unit_cost,
        popularity=popularity,
        campaigns=frame[["campaign_id", "channel", "started_on", "ended_on", "spend"]],
        campaign_share=share,
        conversion=conversion,
        tilt=tilt,
        commission_rate=commission_rate,
        manager_share=manager_share,
    )


def pick(uniform: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Turn uniform numbers into category numbers: `weights` are one row for all, or one row each.

    Examples
    --------
    >>> pick(np.array([0.1, 0.6, 0.9]), np.array([1, 1, 2])).tolist()
    [0, 2, 2]
    """
    cumulated = np.cumsum(weights, axis=-1) / np.sum(weights, axis=-1, keepdims=True)
    if cumulated.ndim == 1:
        return np.minimum(np.searchsorted(cumulated, uniform, side="right"), len(cumulated) - 1)
    return np.minimum((uniform[:, None] >= cumulated).sum(axis=1), cumulated.shape[1] - 1)


def to_dates(days: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """Day numbers (day 0 is 2023-01-01) as dates; not known becomes no date.

    Examples
    --------
    >>> to_dates(np.array([0, 1095]), np.array([True, False])).astype("datetime64[D]").astype(str).tolist()
    ['2023-01-01', 'NaT']
    """
    dates = (START + np.asarray(days).astype(np.int64)).astype("datetime64[s]")
    return dates if known is None else np.where(known, dates, np.datetime64("NaT", "s"))
