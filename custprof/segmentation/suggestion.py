"""Which number of segments does the evidence speak for, and how surely?

A number is a candidate if all its segments are found again and large enough. Whether to cut at all is asked of the mean of the draws, since
one draw of references is noisy; how often to cut is what most draws name: the fewest segments about as good as the best.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.segmentation.stability import DOUBTFUL, VALID

__all__ = ["suggest_k"]

#: How far the gap must rise above one segment, its error deducted, against both references. Single heavy-tailed groups of eight shapes
#: stayed at or under .09; five types of customers reached .45, seven that overlap much .16.
MATERIAL_GAP = 0.1
#: A further segment must add this to the sum of silhouette and r2_arcsinh: explained profit rises with every cut, worth it or not.
WORTH = 0.04
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
    passes = _passing(table, min_share)
    alone = [_fewest(one, min_share) if _structure(one, min_share) > MATERIAL_GAP else 1 for one in tables]
    gain = _structure(table, min_share)
    best = 1
    if gain > MATERIAL_GAP:
        named = [_fewest(one, min_share) for one in tables]
        best = min(set(named), key=lambda k: (-named.count(k), k))
    why = _why(table, best, gain, min_share)
    agree, others = alone.count(best), sorted(set(alone) - {best})
    if len(table) > 1:
        why += f", in {agree} of {len(tables)} draws"
    if others:
        also = ", ".join(f"{k} ({alone.count(k)})" for k in others)
        why += f"; {'borderline: ' if agree < AGREE else ''}{also} {'were' if len(others) > 1 else 'was'} also suggested"
    reasons = [why if k == best else _why_not(k, row, best, min_share) for k, row in table.iterrows()]
    return table.assign(passes=passes, draws=[alone.count(k) for k in table.index], suggested=table.index == best, reason=reasons)


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


def _structure(table: pd.DataFrame, min_share: float) -> float:
    pool, _ = _candidates(table, min_share)
    return float(_gains(table)[pool.index].max()) if len(pool) else -np.inf


def _fewest(table: pd.DataFrame, min_share: float) -> int:
    """The fewest segments about as good as the best; 1 if none are found again."""
    pool, _ = _candidates(table, min_share)
    score = sum(pool[column] for column in ("silhouette", "r2_arcsinh") if column in pool)
    return int(pool.index[score >= score.max() - WORTH][0]) if len(pool) else 1


def _why(table: pd.DataFrame, best: int, gain: float, min_share: float) -> str:
    if len(table) == 1:
        return "too few different customers to tell segments apart"
    pool, sure = _candidates(table, min_share)
    looked_at = pool if len(pool) else table.iloc[1:]
    rise = _rise(table, int(_gains(table)[looked_at.index].idxmax()))
    if best > 1:
        found = "every segment found again" if sure else "doubtful since at no number every segment is found again"
        return f"more than one group ({rise}), {found} (min_jaccard {table.loc[best, 'min_jaccard']:.2f}), the fewest as good as any"
    if gain > MATERIAL_GAP or (not len(pool) and _gains(table).max() > MATERIAL_GAP):
        return f"more than one group ({rise}), but at every number some segment is too small or is not found again"
    return f"no structure: {rise}; a single heavy-tailed group reaches up to {MATERIAL_GAP} against both, errors deducted"


def _why_not(k: int, row: pd.Series, best: int, min_share: float) -> str:
    if k == 1:
        return "there is more than one group"
    if row["min_jaccard"] < VALID:
        return f"a segment is not found again (Jaccard {row['min_jaccard']:.2f})"
    if row["min_share"] < min_share:
        return f"smallest segment has {row['min_share']:.1%} of customers"
    if best == 1:
        return "stable, but one segment explains the data as well"
    return "stable, but lower in separation and profit together" if k < best else "stable, but more segments add too little"


def _rise(table: pd.DataFrame, k: int) -> str:
    """How far both gaps lie above one segment at k, as the reader finds it in the table."""
    box, cloud = (table.loc[k, ["gap", "gap_cloud"]] - table.loc[1, ["gap", "gap_cloud"]]).astype(float).round(2) + 0.0
    return f"from k = 1 to {k} gap rises by {box:.2f} against a uniform box and gap_cloud by {cloud:.2f} against one heavy-tailed cloud"
