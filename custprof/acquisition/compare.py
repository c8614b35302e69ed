"""Which campaigns brought customers who earn more than they cost to win?

Cost per customer alone prefers the cheap customer; here the profit of the customers won stands beside it, with an interval, since a
campaign wins few customers and their profits differ widely.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from custprof.acquisition.contacts import unmatched
from custprof.acquisition.cost import NO_CAMPAIGN, UNKNOWN_CAMPAIGN, acquisition_cost, checked_customers, place_in
from custprof.costing.kinds import check_kind, check_once, check_share
from custprof.profit.shares import wilson

__all__ = ["compare_campaigns"]

MANY = 5_000  # customers of whom a mean is as good as normal, and too many to draw again thousands of times
DRAWN_AT_ONCE = 5_000_000


def compare_campaigns(
    campaigns: pd.DataFrame,
    customers: pd.DataFrame,
    leads: pd.DataFrame | None = None,
    profit: pd.Series | None = None,
    *,
    by: str = "campaign_id",
    minute_rate: float | None = None,
    level: float = 0.95,
    n_bootstraps: int = 2000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Cost, conversion and profit of every campaign or channel, with intervals and a verdict.

    Parameters
    ----------
    campaigns, customers, leads, by, minute_rate
        As in `acquisition_cost`; leads with won_on (missing while not won) give the conversion.
    profit : Series by customer_id, optional
        What a customer earned or will earn (currency units, signed), before the cost of winning it: profit so far, or lifetime value.
    level : float
        Of the intervals.
    n_bootstraps : int
        Resamples of the won customers behind the interval of their mean profit; beyond 5,000 customers the interval is normal.
    random_state : int

    Returns
    -------
    DataFrame by campaign or channel
        The columns of `acquisition_cost`, without the rows for no campaign, and then: leads_won, conversion, conversion_low,
        conversion_high (with leads; Wilson); with profit: known (won customers whose profit is known), profit_per_customer (mean of
        those), profit_low, profit_high (percentile bootstrap, NaN below two), net (profit of the known customers less the whole cost, NaN
        where none is known), needed (customers at that profit to cover the cost; NaN if they earn nothing), verdict: "covered" or "not
        covered" if the whole interval says so, else "open"; "nobody won", "profit unknown".

    Raises
    ------
    ValueError
        As `acquisition_cost`; if a customer has several profits, not one of the customers won has any, or level is not between 0 and 1.

    Examples
    --------
    A campaign of 10 million that won 18 customers for a product of 150,000:

    >>> campaigns = pd.DataFrame({"campaign_id": ["launch"], "channel": ["tv"], "spend": [10_000_000.0]})
    >>> customers = pd.DataFrame({"customer_id": range(18), "campaign_id": "launch"})
    >>> table = compare_campaigns(campaigns, customers, profit=pd.Series(150_000.0, index=range(18)))
    >>> table[["customers", "cost_per_customer", "net", "needed", "verdict"]].round(0)
                 customers  cost_per_customer        net  needed      verdict
    campaign_id
    launch              18           555556.0 -7300000.0    67.0  not covered
    """
    check_share(level, "level")
    table = acquisition_cost(campaigns, customers, leads, by=by, minute_rate=minute_rate)
    table = table[~table.index.isin([NO_CAMPAIGN, UNKNOWN_CAMPAIGN])]
    home = campaigns.set_index("campaign_id")["channel"] if by == "channel" else None
    if leads is not None and "won_on" in leads:
        place = _group(leads["campaign_id"], campaigns, home)
        won = leads["won_on"].notna().groupby(place).sum().reindex(table.index, fill_value=0)
        low, high = wilson(won, table["leads"], level=level)
        table = table.assign(
            leads_won=won, conversion=won / table["leads"].where(table["leads"] > 0), conversion_low=low, conversion_high=high
        )
    if profit is None:
        return table
    table = table.join(_profits(checked_customers(customers), campaigns, home, profit, level, n_bootstraps, random_state))
    table = table.fillna({"known": 0}).astype({"known": int})
    mean = table["profit_per_customer"]
    unknown = (table["known"] == 0) & (table["customers"] > 0)
    table["net"] = (mean.fillna(0) * table["known"] - table["cost"]).mask(unknown)
    table["needed"] = np.ceil((table["cost"] / mean.where(mean > 0)).round(9))
    return table.assign(verdict=[_verdict(row) for _, row in table.iterrows()])


def _group(campaign_id: pd.Series, campaigns: pd.DataFrame, home: pd.Series | None) -> pd.Series:
    place = place_in(campaign_id, campaigns["campaign_id"])
    return place if home is None else place.map(home).fillna(place)


def _profits(customers, campaigns, home, profit, level, n_bootstraps, random_state) -> pd.DataFrame:
    check_kind(profit, pd.Series, "profit", say="give a Series by customer_id, say pnl['profit']")
    check_once(profit.index, "profit")
    place = _group(customers["campaign_id"], campaigns, home)
    place = place[~place.isin([NO_CAMPAIGN, UNKNOWN_CAMPAIGN])]
    if strangers := unmatched(customers.loc[place.index, "customer_id"], profit, of="campaigns"):
        raise ValueError(strangers)
    money = customers.loc[place.index, "customer_id"].map(profit).astype(float)
    rng = np.random.default_rng(random_state)
    rows = {}
    for group, known in money.groupby(place, sort=True):
        known = np.sort(known.dropna().to_numpy())  # sorted: the order of the customers does not move the interval
        interval = _interval(known, level, n_bootstraps, rng) if len(known) >= 2 else (np.nan, np.nan)
        rows[group] = (len(known), known.mean() if len(known) else np.nan, *interval)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["known", "profit_per_customer", "profit_low", "profit_high"]).astype(float)


def _interval(known: np.ndarray, level: float, n_bootstraps: int, rng: np.random.Generator) -> np.ndarray:
    """Percentile bootstrap of the mean, a few million draws at a time."""
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    if len(known) > MANY:
        return known.mean() + ndtri(ends) * known.std(ddof=1) / np.sqrt(len(known))
    rounds = max(DRAWN_AT_ONCE // len(known), 1)
    parts = [min(rounds, n_bootstraps - done) for done in range(0, n_bootstraps, rounds)]
    return np.quantile(np.concatenate([known[rng.integers(len(known), size=(n, len(known)))].mean(axis=1) for n in parts]), ends)


def _verdict(row: pd.Series) -> str:
    if row["customers"] == 0:
        return "nobody won"
    if row["known"] == 0:
        return "profit unknown"
    if row["profit_low"] >= row["cost_per_customer"]:
        return "covered"
    return "not covered" if row["profit_high"] < row["cost_per_customer"] else "open"
