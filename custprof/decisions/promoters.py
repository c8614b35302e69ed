"""Would customers recommend the company, and how sure is that?

The net promoter score is the share of promoters (9 or 10) less the share of detractors (0 to 6). With few answers it means little, so
it never stands without its interval: the adjusted Wald interval, which adds three answers, three quarters of one to each end.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from custprof.profit.inputs import check_frame, check_kind

__all__ = ["net_promoter_score"]

_ADDED = 3.0  # answers added by the adjusted Wald interval; 3/4 of one at either end, the rest in the middle


def net_promoter_score(ratings: pd.DataFrame, *, by: str | None = None, level: float = 0.95) -> pd.DataFrame:
    """Net promoter score of the latest answer of every customer, with its interval.

    Parameters
    ----------
    ratings : DataFrame
        One row per answer: customer_id, date, score (0 to 10) and, where asked, the column `by`. A customer's earlier answers are left out.
    by : str, optional
        Column to group by, such as a segment; rows without a value are left out. Without it one row for "all".
    level : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        Index group. Columns answers (count), promoters and detractors (fractions), score (promoters - detractors, -1 to 1), low and high.

    Raises
    ------
    ValueError
        If a column is missing or a score lies outside 0 to 10.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the "net promoter score". The American Statistician 70(4), 365-372.

    Examples
    --------
    >>> answers = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "date": pd.Timestamp("2025-05-01"), "score": [10, 9, 7, 3]})
    >>> net_promoter_score(answers).round(3)
           answers  promoters  detractors  score    low   high
    group
    all          4        0.5        0.25   0.25 -0.442  0.727
    """
    if by is not None:
        check_kind(by, str, "by", say="name a column of ratings")
    needs = ["customer_id", "date", *([by] if by else [])]
    check_frame(ratings, "ratings", needs=needs, numbers=["score"], say="give the study's ratings")
    outside = ratings[~ratings["score"].between(0, 10)]
    if len(outside):
        first = outside["customer_id"].head(3).tolist()
        raise ValueError(f"{len(outside)} of {len(ratings)} scores are not between 0 and 10, first of {first}; mend or drop them.")
    latest = ratings.sort_values(["date", "score"], kind="stable").drop_duplicates("customer_id", keep="last")
    group = latest[by] if by else pd.Series("all", index=latest.index)
    scored = latest.assign(promoters=latest["score"] >= 9, detractors=latest["score"] <= 6).groupby(group.rename("group"))
    table = scored[["promoters", "detractors"]].mean()
    table.insert(0, "answers", scored.size())
    n, half = table["answers"] + _ADDED, NormalDist().inv_cdf((1 + level) / 2)
    up, down = ((table["answers"] * table[end] + _ADDED / 4) / n for end in ("promoters", "detractors"))
    spread = half * np.sqrt((up + down - (up - down) ** 2) / n)
    return table.assign(
        score=table["promoters"] - table["detractors"], low=(up - down - spread).clip(-1, 1), high=(up - down + spread).clip(-1, 1)
    )
