"""How many leads come, are contacted and are won, by channel, and how much time does a win take?"""

from __future__ import annotations

import pandas as pd

from custprof.costing.kinds import check_frame
from custprof.profit.shares import wilson

__all__ = ["funnel"]


def funnel(leads: pd.DataFrame, *, by: str | None = None, level: float = 0.95) -> pd.DataFrame:
    """Leads, contacted and won, with the conversion and its interval.

    Parameters
    ----------
    leads : DataFrame
        Columns created_on, won_on (missing while not won), and contact_minutes where known.
    by : str, optional
        A column to split by, say "channel" or "campaign_id"; a missing value is the row "(unknown)".
    level : float
        Of Wilson's interval.

    Returns
    -------
    DataFrame by group ("all leads" without by), most leads first
        leads; contacted (with minutes above zero) and minutes_per_win (all minutes over wins, NaN without wins), both only where
        contact_minutes is known; won; conversion (won over leads), conversion_low, conversion_high; days_to_win (median). Leads still open
        count as not won.

    Raises
    ------
    ValueError
        If a column is missing, or a lead was won before it was created.

    Examples
    --------
    >>> leads = pd.DataFrame({
    ...     "created_on": pd.to_datetime(["2024-01-01"] * 4), "won_on": pd.to_datetime(["2024-01-11", None, None, None]),
    ...     "channel": ["web", "web", "web", "fair"], "contact_minutes": [30, 15, 0, 60],
    ... })
    >>> funnel(leads, by="channel")[["leads", "contacted", "minutes_per_win", "won", "conversion", "days_to_win"]].round(2)
             leads  contacted  minutes_per_win  won  conversion  days_to_win
    channel
    web          3          2             45.0    1        0.33         10.0
    fair         1          1              NaN    0        0.00          NaN
    """
    check_frame(leads, "leads", needs=["created_on", "won_on", *([by] if by else [])], say="give the study's leads")
    created, won_on = pd.to_datetime(leads["created_on"]), pd.to_datetime(leads["won_on"])
    early = leads.index[won_on < created]
    if len(early):
        raise ValueError(
            f"{len(early)} of {len(leads):,} leads were won before they were created, first rows {early[:3].tolist()}; correct the dates."
        )
    groups = (
        leads[by].astype("object").where(leads[by].notna(), "(unknown)") if by else pd.Series("all leads", index=leads.index, name="group")
    )
    counts = pd.DataFrame({"leads": groups.groupby(groups).size()})
    won = won_on.notna().groupby(groups).sum()
    if "contact_minutes" in leads:
        minutes = leads["contact_minutes"].astype(float)
        counts["contacted"] = (minutes > 0).groupby(groups).sum()
        counts["minutes_per_win"] = minutes.groupby(groups).sum() / won.where(won > 0)
    low, high = wilson(won, counts["leads"], level=level)
    counts = counts.assign(won=won, conversion=won / counts["leads"], conversion_low=low, conversion_high=high)
    counts["days_to_win"] = (won_on - created).dt.days.groupby(groups).median()
    return counts.rename_axis(by or "group").sort_values("leads", ascending=False, kind="stable")
