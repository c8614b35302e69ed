"""How many customers should each channel win next, for how much money, and what will they bring?

The forecast says how many customers are wanted, earlier campaigns say what a channel can do and what it costs. The channel that nets the
most per customer comes first: for a given number of customers that order brings the most money. None is asked for more than it has shown,
times a stated factor, because nobody has seen what it does beyond. What is then left of the forecast has no source, and says so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from custprof.acquisition.cost import NO_CAMPAIGN, UNKNOWN_CAMPAIGN
from custprof.costing import split_cents
from custprof.costing.kinds import check_frame, check_kind, check_numeric

__all__ = ["ALL_SOURCES", "NO_SOURCE", "budget"]

ALL_SOURCES, NO_SOURCE = "(all)", "(without a source)"
PAST = ("campaigns", "shown", "most", "cost_per_customer", "profit_per_customer", "allowable")
COLUMNS = (*PAST, "customers", "spend", "contact_cost", "cost", "profit", "net", "net_low", "net_high", "asked")


def budget(
    compared: pd.DataFrame,
    wanted: float,
    *,
    revenue_per_customer: float | None = None,
    periods: float = 1.0,
    stretch: float = 1.0,
    least_return: float | None = 0.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Customers and money by channel for a forecast, the best channel first.

    Parameters
    ----------
    compared : DataFrame
        Result of `compare_campaigns` by campaign, which gives the channels an interval; by channel, or of `acquisition_cost`, without one.
    wanted : float
        New customers that the sales forecast needs in the period ahead; with `revenue_per_customer` the revenue it needs of them.
    revenue_per_customer : float, optional
        Revenue of a new customer in the period (currency units).
    periods : float
        Length of the time behind `compared` in periods of the forecast: 3 if it covers three years and the forecast one.
    stretch : float
        How much of what it has shown per period a channel may be asked for; 1.5 is half as much again. Above 1 the plan assumes that
        more money brings more customers at the same cost each, which the past does not show.
    least_return : float or None
        What a unit of money paid for customers must net: 0 asks every channel whose profit covers its cost, 0.5 those that bring back
        one and a half. None asks the others too, after them, and nets NaN where their profit is unknown. Without profit in `compared`
        every channel is asked, the cheapest first.
    level : float
        Of the interval, and of those of profit in `compared`.

    Returns
    -------
    DataFrame by channel
        campaigns (behind it), shown (customers won per period), most (shown x stretch, in whole customers), cost_per_customer, customers
        (asked for), spend, contact_cost (if known), cost (their sum, exact to the cent), asked: "in full", "in part", "not needed", "does
        not cover its cost", "profit unknown", "nobody won", "too few to plan". With profit: profit_per_customer, allowable (the most that
        may be paid for one: profit_per_customer / (1 + least_return), not below zero), profit and net (expected), net_low, net_high (what
        the customers asked for may net; NaN where no channel has two campaigns). Channels that may be asked come first. Then the row
        "(without a source)" if the channels leave a part of the forecast to be found, and "(all)", whose customers are the forecast.

    Raises
    ------
    ValueError
        If columns are missing, there is no campaign, `wanted` is negative or missing, or an option is out of its range.

    Notes
    -----
    The interval asks how far the plan may miss, not how well the mean is known. Customers of a channel differ with the variance v that the
    intervals in `compared` show, and campaigns differ by more than the chance of their customers explains: by the factor f, the mean of
    e^2 / (v m) over all campaigns, where e is what a campaign of m customers netted beyond its channel's usual; f is not below 1. Then x
    more customers of a channel that won M vary by f v (x + x^2 / M), with Student's t on campaigns less channels. All channels give f, so
    that one with a single campaign is not taken for certain. Resampling two or three campaigns of a channel is far too sure of itself.

    That a channel costs the same per customer beyond what it has shown is an assumption on the bright side: sales rise on average by
    0.12 % in the short run when advertising rises by 1 % (Sethuraman and others).

    References
    ----------
    P. McCullagh & J. A. Nelder (1989), Generalized Linear Models, 2nd ed., Chapman & Hall, section 4.5 (over-dispersion by a factor).
    R. Sethuraman, G. J. Tellis & R. A. Briesch (2011), How well does advertising work?, Journal of Marketing Research 48, 457-471.

    Examples
    --------
    Fairs won 30 customers in two years for 60,000, mails 20 for 8,000, and 25 are wanted next year:

    >>> compared = pd.DataFrame(
    ...     {"channel": ["fair", "fair", "mail"], "spend": [30_000.0, 30_000, 8_000], "cost": [30_000.0, 30_000, 8_000],
    ...      "customers": [14, 16, 20], "known": [14, 16, 20], "profit_per_customer": [3_000.0, 3_000, 700]},
    ...     index=["fair 1", "fair 2", "mail 1"])
    >>> plan = budget(compared, 25, periods=2)
    >>> plan[["shown", "most", "allowable", "customers", "cost", "net", "asked"]]
                        shown  most  allowable  customers     cost      net    asked
    channel
    fair                 15.0    15     3000.0         15  30000.0  15000.0  in full
    mail                 10.0    10      700.0         10   4000.0   3000.0  in full
    (all)                25.0    25        NaN         25  34000.0  18000.0  in full
    """
    _check(compared, wanted, revenue_per_customer, periods, stretch, least_return, level)
    customers = int(np.ceil(round(wanted / (revenue_per_customer or 1.0), 9)))
    past = _campaigns(compared)
    plan = _money(_asked(_channels(past, periods, stretch, least_return), customers), past)
    if "profit_per_customer" in plan:
        plan = _expected(plan, past, level)
    return _with_totals(plan, customers, level)


def _check(compared, wanted, revenue_per_customer, periods, stretch, least_return, level) -> None:
    known = ["known"] if "profit_per_customer" in compared else []
    check_frame(compared, "compared", needs=["customers", "spend", "cost", *known], say="give the result of compare_campaigns")
    for name, value in {"wanted": wanted, "periods": periods, "stretch": stretch, "level": level}.items():
        check_kind(value, (int, float, np.number), name, say="give a number")
    if not 0 <= wanted < np.inf:
        raise ValueError(f"wanted is {wanted}; give the customers that the forecast needs, or the revenue with revenue_per_customer.")
    if revenue_per_customer is not None:
        check_kind(revenue_per_customer, (int, float, np.number), "revenue_per_customer", say="give a number")
    if revenue_per_customer is not None and not 0 < revenue_per_customer < np.inf:
        raise ValueError(f"revenue_per_customer is {revenue_per_customer}; give what a new customer buys in the period, above zero.")
    if not 0 < periods < np.inf or not 0 <= stretch < np.inf:
        raise ValueError(f"periods is {periods}, stretch {stretch}; give periods above zero and a stretch of zero or more.")
    if least_return is not None and not least_return > -1:
        raise ValueError(f"least_return is {least_return}; give what one unit of money must net, say 0, or None for no condition.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a share between 0 and 1, say 0.95.")
    for names in (["customers", "cost"], ["spend"]):
        for name in names:
            check_numeric(compared[name], f"{name} of compared")
        bad = compared.index[~((compared[names] >= 0) & np.isfinite(compared[names])).all(axis="columns")]
        if len(bad):
            how = "infinite" if np.isinf(compared.loc[bad, names]).any(axis=None) else "missing or negative"
            raise ValueError(f"{' or '.join(names)} is {how} for {len(bad)} of {len(compared)} rows, first {bad[:3].tolist()}.")


def _campaigns(compared: pd.DataFrame) -> pd.DataFrame:
    """One row per earlier campaign, in an order that does not depend on that of the rows."""
    past = compared[~compared.index.isin([NO_CAMPAIGN, UNKNOWN_CAMPAIGN])]
    if past.empty:
        raise ValueError("compared holds no campaign to learn from; plan the first one with a guess, and compare it afterwards.")
    channel = past["channel"] if "channel" in past else past.index.to_series()
    past = past.rename_axis(None).assign(channel=channel.astype("object").where(channel.notna(), "(unknown)"))
    return past.sort_values([name for name in ("channel", "customers", "cost", "profit_per_customer") if name in past])


def _channels(past: pd.DataFrame, periods: float, stretch: float, least_return: float | None) -> pd.DataFrame:
    """What each channel has shown, the best first, and whether and how far it may be asked."""
    by = past.groupby("channel")
    sums = by[[name for name in ("customers", "spend", "contact_cost", "cost") if name in past]].sum()
    won = sums["customers"]
    plan = pd.DataFrame({"campaigns": by.size(), "shown": won / periods, "most": np.floor((stretch * won / periods).round(9)).astype(int)})
    plan["cost_per_customer"] = sums["cost"] / won.where(won > 0)
    if "profit_per_customer" not in past:
        plan["eligible"] = won > 0
        return plan.sort_values(["eligible", "cost_per_customer"], ascending=[False, True], kind="stable")
    known = past["known"].groupby(past["channel"]).sum()
    earned = (past["profit_per_customer"].fillna(0) * past["known"]).groupby(past["channel"]).sum()
    plan["profit_per_customer"] = earned / known.where(known > 0)
    allowable = plan["profit_per_customer"] / (1 + (least_return or 0.0))
    plan["allowable"] = allowable.clip(lower=0)
    plan["eligible"] = (won > 0) & ((plan["cost_per_customer"] <= allowable) | (least_return is None))
    better = plan["profit_per_customer"] - plan["cost_per_customer"]
    return plan.loc[plan.assign(better=better).sort_values(["eligible", "better"], ascending=False, kind="stable").index]


def _asked(plan: pd.DataFrame, wanted: int) -> pd.DataFrame:
    """How many customers each channel is asked for, first come first served, and why no more."""
    most = plan["most"].where(plan["eligible"], 0)
    plan = plan.assign(customers=(wanted - (most.cumsum() - most)).clip(lower=0, upper=most).astype(int))
    return plan.assign(asked=[_why(row) for _, row in plan.iterrows()]).drop(columns="eligible")


def _why(row: pd.Series) -> str:
    if row["customers"] > 0:
        return "in full" if row["customers"] == row["most"] else "in part"
    if row["shown"] == 0:
        return "nobody won"
    if not row["eligible"]:
        return "profit unknown" if np.isnan(row["profit_per_customer"]) else "does not cover its cost"
    return "too few to plan" if row["most"] == 0 else "not needed"


def _money(plan: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Spend and cost of contact of the customers asked for, exact to the cent."""
    kinds = [name for name in ("spend", "contact_cost") if name in past]
    sums = past.groupby("channel")[[*kinds, "customers", "cost"]].sum().reindex(plan.index)
    cents = (plan["customers"] * (sums["cost"] * 100).round() / sums["customers"].clip(lower=1)).round().astype("int64")
    shares = [split_cents(total, sums.loc[name, kinds]) if total else pd.Series(0, index=kinds) for name, total in cents.items()]
    return plan.join(pd.DataFrame(shares, index=plan.index) / 100).assign(cost=cents / 100)


def _expected(plan: pd.DataFrame, past: pd.DataFrame, level: float) -> pd.DataFrame:
    """Profit and net of the customers asked for, with the variance behind the interval."""
    each = plan["profit_per_customer"]
    plan = plan.assign(profit=(each * plan["customers"]).where(plan["customers"] > 0, 0.0).round(2) + 0.0)
    plan["net"] = (plan["profit"] - plan["cost"]).round(2)
    won = past["customers"].where(past["known"] > 0).groupby(past["channel"]).sum().reindex(plan.index)
    differ, freedom = _dispersion(past, each - plan["cost_per_customer"], level)
    spread = differ.reindex(plan.index) * (plan["customers"] + plan["customers"] ** 2 / won.where(won > 0))
    return plan.assign(variance=spread.where(plan["customers"] > 0, 0.0), freedom=freedom)


def _dispersion(past: pd.DataFrame, usual: pd.Series, level: float) -> tuple[pd.Series, int]:
    """By channel the variance of what a customer nets, raised by how much more campaigns differ; and its degrees of freedom."""
    past = past[(past["customers"] > 0) & (past["known"] > 0)]  # of unknown profit nothing can be said, nor how far it lies from the usual
    channel, freedom = past["channel"], len(past) - past["channel"].nunique()
    if freedom < 1 or "profit_low" not in past:
        return pd.Series(np.nan, index=usual.index), 0
    free = (past["known"] - 1).where(past["profit_low"].notna(), 0)
    error = (past["profit_high"] - past["profit_low"]) / (2 * ndtri((1 + level) / 2))
    squares = (error * past["known"]).pow(2).fillna(0)  # resampling n customers shows (n - 1) / n of their variance
    pooled = squares.sum() / free.sum() if squares.any() else np.nan
    own = squares.groupby(channel).sum() / free.groupby(channel).sum()
    own = own.where(own > 0, pooled)
    net = past["profit_per_customer"] * past["customers"] - past["cost"]
    beyond = (net - channel.map(usual) * past["customers"]).fillna(0.0)
    factor = (beyond**2 / (channel.map(own) * past["customers"])).sum(min_count=1) / freedom
    return own * np.fmax(factor, 1.0), freedom


def _with_totals(plan: pd.DataFrame, wanted: int, level: float) -> pd.DataFrame:
    """The channels, the part of the forecast without a source, and the sum of both."""
    kinds = [name for name in ("spend", "contact_cost", "cost", "profit", "net", "variance") if name in plan]
    found = int(plan["customers"].sum())
    total = {**plan[["campaigns", "shown", "most"]].sum(), **plan[kinds].sum(skipna=False), "customers": wanted}
    total |= {name: round(total[name], 2) for name in kinds if name != "variance"}
    total["asked"] = "in full" if found == wanted else "in part"
    total["cost_per_customer"] = total["cost"] / found if found else np.nan
    if "profit" in plan:
        total |= {"profit_per_customer": total["profit"] / found if found else np.nan, "freedom": plan["freedom"].max()}
    rows = {NO_SOURCE: {"customers": wanted - found, **dict.fromkeys(kinds, 0.0), "asked": ""}} if wanted > found else {}
    ends = pd.DataFrame.from_dict({**rows, ALL_SOURCES: total}, orient="index").reindex(columns=plan.columns)
    whole = ["campaigns", "most", "customers"]
    table = pd.concat([plan, ends.fillna(dict.fromkeys(whole, 0))]).astype(dict.fromkeys(whole, int)).rename_axis("channel")
    if "profit" in plan:
        half = stdtrit(table["freedom"].where(table["freedom"] > 0), (1 + level) / 2) * np.sqrt(table["variance"])
        half = half.mask(table["variance"] == 0, 0.0)  # of nobody asked for nothing varies, however few campaigns there were
        table = table.assign(net_low=table["net"] - half, net_high=table["net"] + half)
    return table[[name for name in COLUMNS if name in table]]
