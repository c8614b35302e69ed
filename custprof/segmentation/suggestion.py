"""Which number of segments does the evidence speak for, and how surely?

Whether to cut at all is asked of the gaps alone, which look for any structure: a single group can be cut as steadily as several. A number
is a candidate if all its segments are found again and large enough. Never fewer are suggested than the most that one half of the customers
predicts for the other (prediction strength of .9: kinds so clear are not given up for being many). From there on, how often to cut is what
most draws name: the fewest segments to which no larger candidate adds more, in separation and told profit, than a set amount and a quarter
of the steadiness it loses. An analyst would not part with steady segments for a small gain, either.
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
#: Segments of which one half of the customers tells the other: the largest k that reaches this. Tibshirani & Walther (2005) found .8 to .9
#: to serve; at .8 three clear kinds are cut along a column of noise (.84), five clear kinds reach .93 and more.
PREDICTED = 0.9
#: Suggested by fewer draws than this, a number is called borderline.
AGREE = 4


def suggest_k(tables: list[pd.DataFrame], min_share: float, *, k_max: int | None = None) -> pd.DataFrame:
    """The mean of the draws with one k marked, and why, for every k, it is or is not the one.

    Parameters
    ----------
    tables : list of DataFrame by k
        The evidence of every draw, with the columns of `choose_k` from gap to r2_arcsinh.
    min_share : float
        Smallest share of the customers a segment may have.
    k_max : int, optional
        The largest number that was to be tried: where the tables end before it there were too few different customers.

    Returns
    -------
    DataFrame by k
        The means, then passes, draws, if_cut, suggested and reason as in `choose_k`.

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
    least = _least(pool)
    pool = pool[pool.index >= least]
    named = [_fewest(one, pool["min_jaccard"]) for one in tables]
    alone = [k if _structure(one) > MATERIAL_GAP else 1 for k, one in zip(named, tables, strict=True)]
    cut = min(set(named), key=lambda k: (-named.count(k), k))
    best = cut if _structure(table) > MATERIAL_GAP else 1
    why = _why(table, best, min_share, k_max)
    agree, others = alone.count(best), sorted(set(alone) - {best})
    if len(table) > 1:
        why += f", in {agree} of {len(tables)} draws"
    if others:
        also = ", ".join(f"{k} ({alone.count(k)})" for k in others)
        why += f"; {'borderline: ' if agree < AGREE else ''}{also} {'were' if len(others) > 1 else 'was'} also suggested"
    reasons = [why if k == best else _why_not(k, table, best, min_share, least) for k in table.index]
    counts = [alone.count(k) for k in table.index]
    marks = {"if_cut": (table.index == cut) & (table.index > 1), "suggested": table.index == best}
    return table.assign(passes=_passing(table, min_share), draws=counts, **marks, reason=reasons)


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


def _least(pool: pd.DataFrame) -> int:
    """The most segments, of the candidates, that one half of the customers predicts for the other; 1 if there are none."""
    if "prediction_strength" not in pool:
        return 1
    return int(max(pool.index[pool["prediction_strength"] >= PREDICTED], default=1))


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


def _why(table: pd.DataFrame, best: int, min_share: float, k_max: int | None) -> str:
    if len(table) == 1:
        return "no other number was tried (k_max = 1)" if k_max == 1 else "too few different customers to tell segments apart"
    _, sure = _candidates(table, min_share)
    rise = _rise(table, int(_gains(table).iloc[1:].idxmax()))
    if best > 1:
        found = "every segment found again" if sure else "doubtful since at no number every segment is found again"
        return f"more than one group ({rise}), {found} (min_jaccard {table.loc[best, 'min_jaccard']:.2f}), more cuts add too little"
    if _structure(table) > MATERIAL_GAP:
        limit = f"min_share is {min_share:.1%}"
        return f"more than one group ({rise}), but at every number some segment is too small or is not found again ({limit})"
    return f"no structure beyond one heavy-tailed group: {rise}; more than {MATERIAL_GAP} would speak for several"


def _why_not(k: int, table: pd.DataFrame, best: int, min_share: float, least: int) -> str:
    row = table.loc[k]
    if k == 1:
        return "there is more than one group"
    if row["min_jaccard"] < VALID:
        return f"a segment is not found again (Jaccard {row['min_jaccard']:.2f})"
    if row["min_share"] < min_share:
        return f"the smallest segment has {row['min_share']:.1%} of the customers, less than min_share"
    if best == 1:
        return "its segments are found again, but so are those of a single heavy-tailed group: the gaps alone decide whether to cut"
    if k < least:
        strength = table.loc[least, "prediction_strength"]
        return f"stable, but {least} kinds are so clear that each half tells the other's (prediction_strength {strength:.2f})"
    added, price = _compared(table, k, best)
    if k < best:
        return f"stable, but {best} add {added:.2f} to separation and profit together, where steadiness asks {price:.2f}"
    return f"stable, but adds {added:.2f} to separation and profit together, where its steadiness asks {price:.2f}"


def _compared(table: pd.DataFrame, k: int, best: int) -> tuple[float, float]:
    """What the larger of two numbers adds to the smaller, and what it must."""
    few, many = sorted((k, best))
    worth = _worth(table)
    return worth[many] - worth[few], _price(table["min_jaccard"], few, pd.Index([many])).iloc[0]


def _rise(table: pd.DataFrame, k: int) -> str:
    """How far both gaps lie above one segment at k, as the reader finds it in the table, and what their errors leave of the less."""
    box, cloud = (table.loc[k, ["gap", "gap_cloud"]] - table.loc[1, ["gap", "gap_cloud"]]).astype(float).round(2) + 0.0
    return (
        f"from k = 1 to {k} gap moves by {box:.2f} against a uniform box and gap_cloud by {cloud:.2f} against one heavy-tailed cloud, "
        f"{_gains(table)[k]:.3f} after errors"
    )
