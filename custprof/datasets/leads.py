"""Who asked the simulated company for an offer, and who of them became a customer?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.datasets.market import DAYS, INDUSTRIES, REGIONS, TYPES, Market, pick, to_dates

__all__ = ["draw_leads", "lead_table"]

_LEAD_SOURCES = ("web form", "phone", "email", "event", "visit")


def draw_leads(rng: np.random.Generator, market: Market, people: pd.DataFrame) -> pd.DataFrame:
    """Every lead: those that became the block's new customers, and those that were lost, with what was known of them at the time.

    A campaign's true conversion says how many leads were lost for each that was won; a slow first answer and special wishes lose leads.
    """
    won = np.flatnonzero(~people["old"].to_numpy())
    n_won, n_campaigns = len(won), len(market.campaigns)
    by_campaign = (people["campaign"].to_numpy()[won] >= 0).sum() * market.campaign_share / market.campaign_share.sum()
    odds = np.append((1 - market.conversion) / market.conversion * by_campaign, 2.0 * (n_won - by_campaign.sum()))
    lost_campaign = np.repeat(np.append(np.arange(n_campaigns), -1), rng.poisson(odds))
    n_lost = len(lost_campaign)

    def known_or(column: str, lost) -> np.ndarray:
        """What is known of the customers who were won, then of the leads that were lost."""
        return np.concatenate([people[column].to_numpy()[won], lost])

    names = market.campaigns["channel"].to_numpy()
    free = np.array(["website", "referral", "recommendation of a partner"], dtype=object)[pick(rng.random(n_lost), np.array([6, 2, 2]))]
    lost_type = pick(rng.random(n_lost), TYPES["share"].to_numpy() * market.tilt[lost_campaign])
    type_of = np.concatenate([pd.Index(TYPES["type"]).get_indexer(people["type"].iloc[won]), lost_type])
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
            "channel": known_or("channel", np.where(lost_campaign >= 0, names[lost_campaign], free)),
            "campaign": known_or("campaign", lost_campaign),
            "contact_minutes": np.rint(np.where(is_won, 95, 45) * rng.gamma(2.0, 0.5, count)).astype(np.int64) + 5,
            "won": known_or("acquired", np.full(n_lost, -1)),
            "customer": np.concatenate([won, np.full(n_lost, -1)]),
            "industry": known_or("industry", np.array(INDUSTRIES)[pick(rng.random(n_lost), np.ones(len(INDUSTRIES)))]),
            "region": REGIONS["region"].to_numpy()[known_or("region", pick(rng.random(n_lost), np.array([2, 2, 2, 2, 3])))],
            "company_size": known_or("employees", lost_size.astype(np.int64)),
            "expected_volume": np.rint(volume * np.exp(0.5 * rng.standard_normal(count)) / 100).astype(np.int64) * 100,
            "needs_special_service": rng.random(count) < np.where(is_won, needs, np.minimum(1.0, needs * 1.3)),
            "source": np.array(_LEAD_SOURCES)[pick(rng.random(count), np.array([4, 3, 2, 2, 1]))],
            "response_hours": np.round(rng.gamma(1.2, 1 / 1.2, count) * np.where(is_won, 14, 34), 1),
        }
    )
    return frame.sort_values(["created", "customer", "expected_volume"], kind="stable", ignore_index=True)


def lead_table(market: Market, ids: np.ndarray, first: int, leads: pd.DataFrame) -> pd.DataFrame:
    """The standard table leads, numbered from `first`; a lost lead has neither a day won nor a customer."""
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
