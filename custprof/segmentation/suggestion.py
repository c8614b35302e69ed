"""Which number of segments does the evidence speak for, and how surely?

Whether to cut at all is asked of the gaps, which look for any structure. A number is a candidate if all its segments are found again and
large enough. How often to cut is what most draws name: the fewest segments to which no larger candidate adds more, in separation and told
profit, than a set amount and a quarter of the steadiness it loses. An analyst would not part with steady segments for a small gain, either.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.segmentation.stability import DOUBTFUL, VALID

__all__ = ["suggest_k"]

#: How far the gap must rise above one segment at some k, its error deducted, against both references. Single heavy-tailed groups of
#: eighteen shapes stayed at or under .12; types of customers that overlap much reached .15 and more (tests/benchmarks/segment_numbers.py).
MATERIAL_GAP = 0.14
#: More segments must add this to the sum of silhouette and r2_arcsinh, since explained profit rises with every cut, worth it or not, and
#: this part of what the least stable segment loses in Jaccard.
WORTH, STEADINESS = 0.04, 0.25
#: Suggested by fewer draws than this, a number is called borderline.
AGREE = 4


def suggest_k(tables: list[pd.DataFrame], min_share: float) -> pd.DataFrame:
    """The mean of the draws with one k marked, and why, for every k, it is or is not the one.

    Parameters
    ----------
    tables : list of DataFrame by k
        The evidence of every draw, with the columns of `choose_k` from gap to r2_arcsinh.
    min_share : float
        Smallest share of the customers a segment may have.

    Returns
    -------
    DataFrame by k
        The means, then passes, draws, suggested and reason as in `choose_k`.

    Examples
    --------
    >>> k = pd.RangeIndex(1, 3, name="k")
    >>> draw = pd.DataFrame({"gap": [0.0, 0.4], "gap_se": 0.0, "gap_cloud": [0.0, 0.3], "gap_cloud_se": 0.0}, index=k)
    >>> draw = draw.assign(silhouette=[np.nan, 0.6], min_jaccard=[1.0, 0.9], jaccards=[[1.0], [0.9, 1.0]], min_share=[1.0, 0.5])
    >>> suggest_k([draw, draw], 0.02)[["draws", "suggested"]].to_dict("list")
    {'draws': [0, 2], 'suggested': [False, True]}
    """
    table = _mean(tables)
    pool, _ = _candidates(table, min_share)
    named = [_fewest(one, pool["min_jaccard"]) for one in tables]
    alone = [k if _structure(one) > MATERIAL_GAP else 1 for k, one in zip(named, tables, strict=True)]
    best = min(set(named), key=lambda k: (-named.count(k), k)) if _structure(table) > MATERIAL_GAP else 1
    why = _why(table, best, min_share)
    agree, others = alone.count(best), sorted(set(alone) - {best})
    if len(table) > 1:
        why += f", in {agree} of {len(tables)} draws"
    if others:
        also = ", ".join(f"{k} ({alone.count(k)})" for k in others)
        why += f"; {'borderline: ' if agree < AGREE else ''}{also} {'were' if len(others) > 1 else 'was'} also suggested"
    reasons = [why if k == best else _why_not(k, table, best, min_share) for k in table.index]
    counts = [alone.count(k) for k in table.index]
    return table.assign(passes=_passing(table, min_share), draws=counts, suggested=table.index == best, reason=reasons)


def _mean(tables: list[pd.DataFrame]) -> pd.DataFrame:
    whole = pd.concat(tables)
    mean = whole.drop(columns="jaccards").groupby(level="k").mean()
    jaccards_by_k = whole["jaccards"].groupby(level="k").agg(lambda lists: pd.DataFrame(lists.tolist()).mean().round(3).tolist())
    at = tables[0].columns.get_loc("jaccards")
    mean.insert(at, "jaccards", jaccards_by_k)
    return mean


def _passing(table: pd.DataFrame, min_share: float, least: float = VALID) -> pd.Series:
    return (table["min_jaccard"] >= least) & (table["min_share"] >= min_share)


def _candidates(table: pd.DataFrame, min_share: float) -> tuple[pd.DataFrame, bool]:
    """Rows of the numbers above one whose segments are found again, or nearly so if none are; and whether they are."""
    several = table[table.index > 1]
    sure = several[_passing(several, min_share)]
    return (sure, True) if len(sure) else (several[_passing(several, min_share, DOUBTFUL)], False)


def _gains(table: pd.DataFrame) -> pd.Series:
    """By how much both gaps lie above one segment, their error deducted."""
    rises = table[["gap", "gap_cloud"]] - table[["gap", "gap_cloud"]].loc[1]
    return (rises - table[["gap_se", "gap_cloud_se"]].to_numpy()).min(axis=1)


def _structure(table: pd.DataFrame) -> float:
    return float(_gains(table).iloc[1:].max()) if len(table) > 1 else -np.inf


def _worth(table: pd.DataFrame) -> pd.Series:
    """Separation, and told profit if it is known."""
    return sum(table[column] for column in ("silhouette", "r2_arcsinh") if column in table)


def _price(steadiness: pd.Series, k: int, others: pd.Index) -> pd.Series:
    """What other numbers of segments must add to k of them."""
    return WORTH + STEADINESS * (steadiness[k] - steadiness[others]).clip(lower=0)


def _fewest(table: pd.DataFrame, steadiness: pd.Series) -> int:
    """The fewest segments, of those whose steadiness is given, to which no more of them add their price; 1 if none are given."""
    worth = _worth(table[table.index.isin(steadiness.index)]).dropna()
    for k in worth.index:
        more = worth.index[worth.index > k]
        if (worth[more] - worth[k] <= _price(steadiness, k, more)).all():
            return int(k)
    return 1


def _why(table: pd.DataFrame, best: int, min_share: float) -> str:
    if len(table) == 1:
        return "too few different customers to tell segments apart"
    _, sure = _candidates(table, min_share)
    rise = _rise(table, int(_gains(table).iloc[1:].idxmax()))
    if best > 1:
        found = "every segment found again" if sure else "doubtful since at no number every segment is found again"
        return f"more than one group ({rise}), {found} (min_jaccard {table.loc[best, 'min_jaccard']:.2f}), more cuts add too little"
    if _structure(table) > MATERIAL_GAP:
        return f"more than one group ({rise}), but at every number some segment is too small or is not found again"
    return f"no structure: {rise}; a single heavy-tailed group reaches up to {MATERIAL_GAP} against both, errors deducted"


def _why_not(k: int, table: pd.DataFrame, best: int, min_share: float) -> str:
    row = table.loc[k]
    if k == 1:
        return "there is more than one group"
    if row["min_jaccard"] < VALID:
        return f"a segment is not found again (Jaccard {row['min_jaccard']:.2f})"
    if row["min_share"] < min_share:
        return f"smallest segment has {row['min_share']:.1%} of customers"
    if best == 1:
        return "stable, but one segment explains the data as well"
    if k < best:
        return "stable, but lower in separation and profit together"
    added, price = _worth(table)[k] - _worth(table)[best], _price(table["min_jaccard"], best, pd.Index([k])).iloc[0]
    return f"stable, but adds {added:.2f} to separation and profit together, where its steadiness asks {price:.2f}"


def _rise(table: pd.DataFrame, k: int) -> str:
    """How far both gaps lie above one segment at k, as the reader finds it in the table."""
    box, cloud = (table.loc[k, ["gap", "gap_cloud"]] - table.loc[1, ["gap", "gap_cloud"]]).astype(float).round(2) + 0.0
    return f"from k = 1 to {k} gap rises by {box:.2f} against a uniform box and gap_cloud by {cloud:.2f} against one heavy-tailed cloud"
