"""Do the usual recipes find the same kinds, and the losses?

Three that tutorials teach are set beside the segments of this package: K-means on standardised columns, a Gaussian mixture on the amounts
as they are, and quintiles of recency, frequency and money. Where the true kinds are known, as in a simulation, agreement with them is
counted. And the whole recipe of most tutorials, deletion of returns and losses included, is followed to see what becomes of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from custprof.segmentation.choice import align_profit
from custprof.segmentation.rfm import RFM, RFM_RULES, check_facts
from custprof.segmentation.scaler import check_money
from custprof.segmentation.segmenter import ProfitSegmenter
from custprof.segmentation.stability import jaccards, mean_similarity, verdict

__all__ = ["compare_recipes", "tutorial_segments"]

BOOTSTRAPS = 50


def compare_recipes(X: pd.DataFrame, profit: pd.Series, *, n_segments: int, rfm=None, types=None, random_state: int = 0) -> pd.DataFrame:
    """The same number of segments by this package and by the usual recipes.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Currency units.
    profit : Series by customer
        Signed.
    n_segments : int
        How many segments each recipe makes; RFM makes its own.
    rfm : DataFrame by customer, optional
        recency, frequency, monetary, as of `rfm_facts`: adds quintiles of the three, as cells and as the usual names.
    types : Series by customer, optional
        True kinds.
    random_state : int

    Returns
    -------
    DataFrame by recipe
        segments (found), largest (share of the customers in the largest), loss_caught (share of all losses in segments that lose money in
        total, NaN without losses) and, with types, adjusted_rand (1: the true kinds; 0: as by chance).

    Raises
    ------
    ValueError
        If money is missing.

    References
    ----------
    L. Hubert & P. Arabie (1985), Comparing partitions, Journal of Classification 2, 193-218.

    Examples
    --------
    >>> X = pd.DataFrame({"revenue": [9.0, 10.0, 11.0, 900.0, 950.0, 1000.0], "freight": [1.0, 1.0, 1.0, 90.0, 95.0, 100.0]})
    >>> compare_recipes(X, X["revenue"] - 100, n_segments=2, types=pd.Series(list("aaabbb")))["adjusted_rand"].tolist()
    [1.0, 1.0, 1.0]
    """
    values = check_money(X)
    profit = profit.reindex(X.index)
    scores = StandardScaler().fit_transform(values)
    with threadpool_limits(1):
        found = {
            "rates and size (here)": ProfitSegmenter(n_segments, random_state=random_state).fit(X, profit).labels_,
            "z-scores, K-means": KMeans(n_segments, n_init=5, random_state=random_state).fit_predict(scores),
            "raw amounts, mixture": GaussianMixture(n_segments, reg_covar=1e-3, random_state=random_state).fit_predict(values),
        }
    if rfm is not None:
        found["RFM quintiles"] = RFM().fit(rfm.reindex(X.index)).labels_
        found["RFM quintiles, named"] = RFM(rules=RFM_RULES).fit(rfm.reindex(X.index)).labels_
    rows = {recipe: _judged(np.unique(labels, return_inverse=True)[1], profit.to_numpy()) for recipe, labels in found.items()}
    table = pd.DataFrame(rows).T.astype({"segments": int}).rename_axis("recipe")
    if types is not None:
        table["adjusted_rand"] = [adjusted_rand_score(types.reindex(X.index), labels) for labels in found.values()]
    return table


def tutorial_segments(rfm: pd.DataFrame, profit: pd.Series, *, n_segments: int = 4, random_state: int = 0) -> pd.DataFrame:
    """What most tutorials do: drop who spent nothing, z-scores of recency, frequency and spend, K-means; and what it does to the losses.

    Parameters
    ----------
    rfm : DataFrame by customer
        recency, frequency, monetary (spend), as of `rfm_facts`.
    profit : Series by customer
        Of the same customers, signed.
    n_segments : int
    random_state : int

    Returns
    -------
    DataFrame by segment ("1", the highest mean spend, "2", ..., then "deleted": without a purchase, or with spend of zero or less)
        customers; share (of all); median recency, frequency and monetary; profit (sum); losing (share of its customers with a loss);
        loss_share (of all losses, NaN if there are none); jaccard (similarity to its like in 50 bootstraps) and verdict, as by `stability`.

    Raises
    ------
    ValueError
        If fewer different customers than segments spent something, or a column or a profit is missing.

    Examples
    --------
    >>> rfm = pd.DataFrame({"recency": [1.0, 2.0, 90.0, 99.0, 5.0], "frequency": [9, 8, 1, 1, 1], "monetary": [90.0, 80.0, 5.0, 6.0, -7.0]})
    >>> tutorial_segments(rfm, pd.Series([9.0, -2.0, 1.0, 1.0, -7.0]), n_segments=2)[["customers", "profit", "loss_share"]].round(2)
             customers  profit  loss_share
    segment
    1                2     7.0        0.22
    2                2     2.0        0.00
    deleted          1    -7.0        0.78
    """
    check_facts(rfm)
    profit, kept = pd.Series(align_profit(profit, rfm), index=rfm.index), rfm["recency"].notna() & (rfm["monetary"] > 0)
    spent = rfm.loc[kept, ["recency", "frequency", "monetary"]].astype(float).sort_values(["monetary", "recency", "frequency"])
    different = len(spent.drop_duplicates())
    if different < n_segments:
        raise ValueError(f"{n_segments} segments asked of {different:,} different customers who spent something; ask for fewer.")
    scores = StandardScaler().fit_transform(spent)
    with threadpool_limits(1):
        found = KMeans(n_segments, n_init=5, random_state=random_state).fit_predict(scores)
        order = spent["monetary"].groupby(found).mean().sort_values(ascending=False).index
        labels = np.argsort(order.to_numpy())[found]
        runs = jaccards(scores, labels, KMeans(n_segments, n_init=2), BOOTSTRAPS, np.random.default_rng(random_state))
    names = pd.Series([str(label + 1) for label in labels], index=spent.index).reindex(rfm.index).fillna("deleted").rename("segment")
    by, losses = rfm.groupby(names), np.maximum(-profit, 0)
    table = pd.DataFrame({"customers": by.size(), "share": by.size() / len(rfm)})
    table = table.join(by[["recency", "frequency", "monetary"]].median().add_prefix("median_"))
    table = table.assign(profit=profit.groupby(names).sum(), losing=(profit < 0).groupby(names).mean())
    table["loss_share"] = losses.groupby(names).sum() / losses.sum() if losses.any() else np.nan
    table = table.reindex([*map(str, range(1, n_segments + 1)), "deleted"]).rename_axis("segment")
    sums = ["customers", "share", "profit", *(["loss_share"] if losses.any() else [])]  # nobody may be deleted
    table[sums] = table[sums].fillna(0)
    found_again = pd.Series(mean_similarity(runs), index=table.index[:-1])
    return table.astype({"customers": int}).assign(jaccard=found_again, verdict=found_again.map(verdict))


def _judged(codes: np.ndarray, profit: np.ndarray) -> dict:
    sizes, losses = np.bincount(codes), np.minimum(profit, 0)
    losing = np.bincount(codes, profit) < 0
    caught = losses[losing[codes]].sum() / losses.sum() + 0.0 if losses.any() else np.nan
    return {"segments": len(sizes), "largest": sizes.max() / len(codes), "loss_caught": caught}
