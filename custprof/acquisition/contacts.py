"""Which leads should be contacted now, and how much time went to those that were worth less than the contact?

A lead is worth its chance times what customers like it have earned, less the contact. Poor leads take the time that good ones need; what
not contacting them would have saved, and what it would have lost, says whether pruning the funnel pays.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from custprof.costing.kinds import check_frame, check_number, check_numeric, check_once, check_share

__all__ = ["foreign_ids", "open_leads", "profit_of_alike", "prune_funnel"]


def open_leads(leads: pd.DataFrame, *, window: int = 90, as_of=None) -> pd.DataFrame:
    """The leads that can still be won: neither won nor older than the window.

    Parameters
    ----------
    leads : DataFrame
        Columns created_on, won_on (missing while not won).
    window : int
        Days that a lead has to be won, as of the `LeadScorer`.
    as_of : date, optional
        Today; default the last date in the leads.

    Returns
    -------
    DataFrame
        Those rows of `leads`.

    Examples
    --------
    >>> leads = pd.DataFrame({"created_on": ["2025-01-01", "2025-06-01", "2025-06-02"], "won_on": [None, None, "2025-06-20"]})
    >>> open_leads(leads)["created_on"].tolist()
    ['2025-06-01']
    """
    check_frame(leads, "leads", needs=["created_on", "won_on"], say="give the study's leads")
    created, won_on = pd.to_datetime(leads["created_on"]), pd.to_datetime(leads["won_on"])
    today = pd.concat([created, won_on]).max() if as_of is None else pd.Timestamp(as_of)
    still = (won_on.isna() | (won_on > today)) & (created <= today) & (created + pd.Timedelta(days=window) > today)
    return leads[still]


def profit_of_alike(
    leads: pd.DataFrame, profit: pd.Series, *, by: str | list[str] = "channel", past: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What a lead's customer would earn: the mean of the customers won from leads like it, as far as they can be believed.

    The mean of few customers says little, for their profits differ widely. It is drawn towards the mean of all, the more the fewer they
    are (Bühlmann-Straub credibility), so that one whale does not make a channel.

    Parameters
    ----------
    leads : DataFrame
        Columns of `by`; missing values are a kind of their own.
    profit : Series by customer_id
        What customers earned or will earn, before the cost of winning them (currency units, signed).
    by : str or list of str
        What makes leads alike, known before the contact. An empty list takes all as alike.
    past : DataFrame, optional
        Earlier leads with customer_id (missing while not won) and the columns of `by`, to learn from; default `leads`.

    Returns
    -------
    DataFrame by row of `leads`
        alike (customers won from leads like it whose profit is known, each once), their_profit (mean, NaN without any), credibility (weight
        of that mean, 0 to 1; 0 where no kind has two customers), profit (credibility x their_profit + (1 - credibility) x the mean of all,
        itself weighted by credibility).

    Raises
    ------
    ValueError
        If columns are missing, or fewer than two won leads have a known profit.

    References
    ----------
    H. Bühlmann & E. Straub (1970), Glaubwürdigkeit für Schadensätze, Mitteilungen der Vereinigung schweizerischer
    Versicherungsmathematiker 70, 111-133.

    Examples
    --------
    >>> leads = pd.DataFrame({"channel": ["fair"] * 3 + ["mail"] * 4, "customer_id": ["a", "b", "c", "d", "e", "f", None]})
    >>> profit = pd.Series({"a": 3.0, "b": 5.0, "c": 7.0, "d": 6.0, "e": 12.0, "f": 9.0})
    >>> profit_of_alike(leads, profit).drop_duplicates().round(3)
       alike  their_profit  credibility  profit
    0      3           5.0        0.729   5.542
    3      3           9.0        0.729   8.458
    """
    by = [by] if isinstance(by, str) else list(by)
    past = leads if past is None else past
    check_frame(past, "past" if past is not leads else "leads", needs=[*by, "customer_id"], say="give the study's leads")
    check_frame(leads, "leads", needs=by, say="give the study's leads")
    earned = earned_by(past, profit)
    like, known = _kind(leads, by), _kind(past.loc[earned.index], by)
    number = {kind: place for place, kind in enumerate(sorted(set(like) | set(known)))}
    like = like.map(number)
    won = pd.DataFrame({"kind": known.map(number), "customer": past["customer_id"].loc[earned.index], "earned": earned})
    won = won.drop_duplicates(["kind", "customer"])
    groups = won.groupby("kind")["earned"].agg(["size", "mean"])
    n, mean = groups["size"], groups["mean"]
    scale = n.sum() - (n**2).sum() / n.sum()
    overall = won["earned"].mean()
    if scale > 0 and len(won) > len(n):
        within = ((won["earned"] - won["kind"].map(mean)) ** 2).sum() / (len(won) - len(n))
        between = max(((n * (mean - overall) ** 2).sum() - (len(n) - 1) * within) / scale, 0.0)
    else:  # one kind, or nobody twice in any: how customers of a kind differ is not known, and the kinds are not told apart
        within = between = 0.0
    weight = n * between / (n * between + within) if between else n * 0.0
    centre = (weight * mean).sum() / weight.sum() if between else overall
    table = pd.DataFrame({"alike": like.map(n).fillna(0).astype(int), "their_profit": like.map(mean)})
    table["credibility"] = like.map(weight).fillna(0.0)
    return table.assign(profit=centre + table["credibility"] * (table["their_profit"].fillna(centre) - centre))


def earned_by(past: pd.DataFrame, profit: pd.Series) -> pd.Series:
    """By row of the won leads whose customer's profit is known that profit; two at least.

    >>> earned_by(pd.DataFrame({"customer_id": ["a", None, "b", "c"]}), pd.Series({"a": 5.0, "b": 7.0})).to_dict()
    {0: 5.0, 2: 7.0}
    """
    check_frame(past, "past", needs=["customer_id"], say="give the study's leads")
    check_once(profit.index, "profit")
    check_numeric(profit, "profit")
    earned = past["customer_id"].map(profit).dropna().astype(float)
    known, strangers = past["customer_id"].loc[earned.index].nunique(), unmatched(past["customer_id"], profit)
    if known < 2:
        raise ValueError(
            f"the profit of {known} won leads is known; at least two are needed to tell what the next ones will earn. {strangers}".rstrip()
        )
    return earned


def prune_funnel(
    leads: pd.DataFrame, expected_value: pd.Series, profit: pd.Series, *, minute_rate: float, by: str | None = None, level: float = 0.95
) -> pd.DataFrame:
    """What it would have brought not to contact the leads that were expected to be worth less than the contact.

    Parameters
    ----------
    leads : DataFrame
        Columns contact_minutes (missing: none were spent) and customer_id (missing where not won): leads whose outcome is known, best later
        ones than those that the expectation was learnt from.
    expected_value : Series by row of `leads`
        The column of that name of `LeadScorer.expected_value`; a lead below zero is poor.
    profit : Series by customer_id
        What the won customers earned or will earn (currency units, signed); who is not in it earned nothing.
    minute_rate : float
        Cost of a minute of contact (currency units).
    by : str, optional
        A column to split by, say "channel"; a missing value is the row "(unknown)".
    level : float
        Of the interval.

    Returns
    -------
    DataFrame by group ("all leads" last, and alone without by), most minutes for poor leads first
        leads, poor, minutes, poor_minutes, poor_share (of the minutes), saved (cost of the poor leads' minutes), poor_won (customers who
        came from poor leads all the same), forgone (their profit, signed), gain (saved - forgone: what pruning would have brought),
        gain_low, gain_high (normal, for a sum over leads that differ). One large customer among the poor leads decides the gain, and then
        the interval is wide.

    Raises
    ------
    ValueError
        If columns are missing, the expected value is missing for some leads, not one of the won customers is in `profit`, or level is not
        between 0 and 1.

    Examples
    --------
    >>> leads = pd.DataFrame({"contact_minutes": [60, 30, 30], "customer_id": ["a", None, "b"]})
    >>> table = prune_funnel(leads, pd.Series([90.0, -5.0, -1.0]), pd.Series({"a": 200.0, "b": 20.0}), minute_rate=1.0)
    >>> table[["poor", "poor_minutes", "poor_share", "saved", "forgone", "gain"]]
               poor  poor_minutes  poor_share  saved  forgone  gain
    group
    all leads     2          60.0         0.5   60.0     20.0  40.0
    """
    check_once(profit.index, "profit")
    check_frame(leads, "leads", needs=["contact_minutes", "customer_id", *([by] if by else [])], say="give the study's leads")
    worth = expected_value.reindex(leads.index)
    if worth.isna().any():
        raise ValueError(f"expected_value is missing for {int(worth.isna().sum())} of {len(leads)} leads; value every lead first.")
    check_share(level, "level")
    check_number(minute_rate, "minute_rate", least=0, say="give the cost of a minute of contact, zero or more")
    if strangers := unmatched(leads["customer_id"], profit):
        raise ValueError(f"what the won customers earned is not known. {strangers}")
    minutes, poor = leads["contact_minutes"].astype(float).fillna(0.0), worth < 0
    forgone = leads["customer_id"].map(profit).astype(float).where(poor).fillna(0.0)
    rows = pd.DataFrame(
        {
            "leads": 1,
            "poor": poor.astype(int),
            "minutes": minutes,
            "poor_minutes": minutes.where(poor, 0.0),
            "poor_won": (poor & leads["customer_id"].notna()).astype(int),
            "forgone": forgone,
            "squares": (minutes.where(poor, 0.0) * minute_rate - forgone) ** 2,
        }
    )
    table = rows.sum().to_frame("all leads").T
    if by:
        parts = rows.groupby(_kind(leads, [by]).str[0].to_numpy()).sum().sort_values("poor_minutes", ascending=False, kind="stable")
        table = pd.concat([parts, table])
    table = table.astype({"leads": int, "poor": int, "poor_won": int}).rename_axis(by or "group")
    table["poor_share"] = table["poor_minutes"] / table["minutes"].where(table["minutes"] > 0)
    table["saved"] = table["poor_minutes"] * minute_rate
    table["gain"] = table["saved"] - table["forgone"]
    half = ndtri((1 + level) / 2) * np.sqrt((table["squares"] - table["gain"] ** 2 / table["leads"]).clip(lower=0))
    table = table.assign(gain_low=table["gain"] - half, gain_high=table["gain"] + half)
    return table[
        [*("leads", "poor", "minutes", "poor_minutes", "poor_share", "saved", "poor_won", "forgone"), "gain", "gain_low", "gain_high"]
    ]


def foreign_ids(customers: pd.Series, profit: pd.Series, *, of: str = "leads") -> str:
    """Whether customers come from another system than the profits: a sentence if not one of them has a profit, or all have none but zero.

    Parameters
    ----------
    customers : Series of customer_id
        Missing ones do not count.
    profit : Series by customer_id
    of : str
        Whose customers they are, for the sentence.

    Returns
    -------
    str
        Empty if one of them has a profit other than zero, or there are no customers.

    Examples
    --------
    >>> foreign_ids(pd.Series(["1", None]), pd.Series({"001": 5.0}))
    "None of the 1 customers of the leads is in profit, first ['1'] against ['001']; give both the same ids."
    >>> foreign_ids(pd.Series(["1", "2"]), pd.Series({"1": 5.0}))
    ''
    """
    ids = pd.Index(customers.dropna().unique())
    if not len(ids) or profit[profit.index.isin(ids)].ne(0).any():
        return ""
    return unmatched(customers, profit, of=of) or (
        f"None of the {len(ids):,} customers of the {of} has a profit other than zero, first {ids[:3].tolist()}; "
        "do the sales name them by the same ids?"
    )


def unmatched(customers: pd.Series, profit: pd.Series, *, of: str = "leads") -> str:
    """The first half of `foreign_ids`: a sentence if not one of the customers stands in profit.

    >>> unmatched(pd.Series(["1", "2"]), pd.Series({"1": 0.0}))
    ''
    """
    ids = pd.Index(customers.dropna().unique())
    if not len(ids) or ids.isin(profit.index).any():
        return ""
    return (
        f"None of the {len(ids):,} customers of the {of} is in profit, first {ids[:3].tolist()} against {profit.index[:3].tolist()}; "
        "give both the same ids."
    )


def _kind(leads: pd.DataFrame, by: list[str]) -> pd.Series:
    """What makes leads alike: of each lead the texts of the columns."""
    parts = [leads[name].astype("object").where(leads[name].notna(), "(unknown)").astype(str) for name in by]
    return pd.Series(list(zip(*parts, strict=True)) if by else [()] * len(leads), index=leads.index, dtype="object")
