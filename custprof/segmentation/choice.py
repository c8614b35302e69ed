"""How many segments are there, and is there more than one?

No single index knows. So: every number of segments whose segments all come back in bootstraps (Jaccard of at least .75) and are large
enough is a candidate; the gap statistic alone asks whether there is any structure; and of the candidates the fewest are suggested, though
never fewer than the most that half of the customers predicts for the other half, to which more would add too little, in separation
(silhouette) and told profit, for the steadiness they lose. All of it is done in five draws of customers and of
chance: what the mean of them says, and most of them suggest, does not hang on one draw, and where they disagree the reason says so. One
segment is an answer.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from custprof.costing.kinds import check_number, check_once
from custprof.segmentation.assign import assign, learn_assignment
from custprof.segmentation.gap import fitted_labels, gap_table, seeded
from custprof.segmentation.scaler import MoneyScaler, as_money, check_money, check_numbers
from custprof.segmentation.stability import canonical_order, check_clusterer, jaccards, mean_similarity, with_segments
from custprof.segmentation.suggestion import suggest_k

__all__ = ["align_profit", "choose_k"]

GAP_SAMPLE, SILHOUETTE_SAMPLE = 1_500, 1_000
#: Draws of customers and of chance behind the suggestion, and halvings for the prediction strength in each.
DRAWS, HALVINGS = 5, 2


def choose_k(
    X: pd.DataFrame,
    profit=None,
    *,
    k_max: int = 10,
    min_share: float = 0.02,
    n_bootstraps: int = 60,
    estimator=None,
    sample: int = 5_000,
    revenue: str | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Evidence for every number of segments, and one reasoned suggestion.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Revenue, margins, costs, in currency units.
    profit : Series, optional
        Profit of the same customers (currency units, signed): adds what the segments say about profit, and chooses by it. Matched as by
        `ProfitSegmenter`.
    k_max : int
        Largest number of segments to try.
    min_share : float
        Smallest share of the customers a segment may have.
    n_bootstraps : int
        Resamples behind each Jaccard, over all draws.
    estimator : scikit-learn clusterer, optional
        Default K-means.
    sample : int
        At most this many customers are used in each of the five draws.
    revenue : str, optional
        The revenue column (default as in `MoneyScaler`).
    random_state : int

    Returns
    -------
    DataFrame by k (1, 2, ...)
        Means over the draws: gap, gap_se, gap_cloud, gap_cloud_se (gap statistic against uniform data and against one cloud with the same
        tails and rank correlations, with the standard errors of the simulation); silhouette (NaN for k = 1; on a sample in which every
        segment has its share); min_jaccard, mean_jaccard (over the segments, of their bootstrap means; in smaller draws than those of a
        `ProfitSegmenter`, whose verdicts may differ in the second digit); prediction_strength (of the pairs of customers in one segment of
        half of the customers, the share that segments found in the other half keep together, in the worst segment; .8 to .9 are usual);
        jaccards (list, smallest first); min_share (of the customers in the smallest segment); loss_caught (share of all losses that lies
        in segments losing money in total), r2_profit, r2_arcsinh (share of the variance of profit, and of arcsinh profit, between
        segments; raw profit alone prefers the worst segmentation) if profit is given; passes (bool: stable, large enough); draws (how many
        of the five suggest this k when asked alone, of its own gaps and separation; steadiness and prediction strength are those of all
        five); if_cut (bool: the number above one that is suggested, or would be without the gaps: for who must cut); suggested (bool, true
        once); reason (words).

        Suggested are the fewest segments that pass, but no fewer than the largest k that passes with a prediction_strength of .9, to which
        more would not add enough in separation and told profit to pay for the steadiness they lose; and 1 unless the gaps show structure.

        There is more than one group if at some k both gap and gap_cloud lie more than .14 above their values at k = 1, their own standard
        error deducted; the reason tells the k where they rise most. Then each draw names the smallest k that passes,
        is not below the one of prediction_strength, and to whose sum of silhouette and r2_arcsinh no larger one that passes adds more than
        .04 plus a quarter of what min_jaccard falls by; the k named most often is suggested, called borderline if fewer than four of the
        five draws suggest it, and the others are said.

    Raises
    ------
    ValueError
        If there are no customers, some stand more than once, money is missing, or k_max is below 1.

    References
    ----------
    R. Tibshirani, G. Walther & T. Hastie (2001), Estimating the number of clusters in a data set via the gap statistic, JRSS B 63, 411-423.
    C. Hennig (2007), CSDA 52, 258-271.
    R. Tibshirani & G. Walther (2005), Cluster validation by prediction strength, J. Computational and Graphical Statistics 14, 511-528.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> revenue = np.repeat([1e3, 1e5, 1e5], 200) * rng.lognormal(0, 0.3, 600)
    >>> cost = revenue * np.repeat([0.1, 0.1, 0.6], 200) * rng.lognormal(0, 0.2, 600)
    >>> table = choose_k(pd.DataFrame({"revenue": revenue, "cost_to_serve": cost}), k_max=5)
    >>> table.index[table["suggested"]].tolist()
    [3]
    """
    given, X = X, as_money(X)
    values = check_money(X)
    check_once(X.index, "X", say="sum their rows first")
    check_clusterer(estimator)
    check_number(sample, "sample", least=2, whole=True, say="give a whole number from 2")
    check_number(n_bootstraps, "n_bootstraps", least=1, whole=True, say="give a whole number from 1")
    check_number(k_max, "k_max", least=1, whole=True, say="give a whole number from 1")
    if not isinstance(min_share, Real):
        raise TypeError(f"min_share is {min_share!r}; give a share of the customers as a number, such as 0.02.")
    if not len(X):
        raise ValueError("there are no customers to segment; pass a frame with at least one row.")
    money = None if profit is None else align_profit(profit, given)
    scaler = MoneyScaler(revenue).fit(X)
    ordered = canonical_order(values, np.zeros(len(X)) if money is None else money)
    rng = np.random.default_rng(random_state)
    with threadpool_limits(1):
        tables = [
            _draw(X, scaler, money, _some(ordered, sample, rng), k_max, estimator, -(-n_bootstraps // DRAWS), rng) for _ in range(DRAWS)
        ]
    return suggest_k(tables, min_share, k_max=k_max)


def align_profit(profit, X) -> np.ndarray:
    """Profit in the row order of X; a Series is matched by customer, and by position where X is an array, which names no customers.

    >>> X = pd.DataFrame({"revenue": [1.0, 2.0]}, index=["a", "b"])
    >>> profit = pd.Series({"b": 5.0, "a": -1.0})
    >>> align_profit(profit, X).tolist(), align_profit(profit, X.to_numpy()).tolist()
    ([-1.0, 5.0], [5.0, -1.0])
    """
    if isinstance(profit, pd.DataFrame):
        raise TypeError("profit is a DataFrame; pass its one column, say pnl['profit'].")
    named = isinstance(X, pd.DataFrame)
    customers = X.index if named else pd.RangeIndex(len(X))
    check_once(customers, "X", say="sum their rows first")
    if isinstance(profit, pd.Series):
        check_numbers(profit, "profit")
        if named and not profit.index.equals(customers):
            check_once(profit.index, "profit", say="sum their rows first")
            absent = customers.difference(profit.index)
            if len(absent):
                raise ValueError(
                    f"profit has no row for {len(absent):,} of {len(X):,} customers, first {absent[:3].tolist()}; pass one for each."
                )
            profit = profit.reindex(customers)
        profit = profit.to_numpy(dtype=float, na_value=np.nan)
    check_numbers(pd.Series(np.ravel(profit)), "profit")
    money = np.asarray(profit, dtype=float)
    if money.shape != (len(X),):
        raise ValueError(f"profit has shape {money.shape} for {len(X):,} customers; pass one amount for each.")
    bad = ~np.isfinite(money)
    if bad.any():
        raise ValueError(
            f"profit is missing or infinite for {bad.sum():,} of {len(X):,} customers, first {customers[bad][:3].tolist()}; "
            "fill or drop them before segmenting."
        )
    return money


def _some(rows: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= size else rows[np.sort(rng.choice(len(rows), size, replace=False))]


def _draw(X: pd.DataFrame, scaler: MoneyScaler, money, rows: np.ndarray, k_max: int, estimator, n_bootstraps: int, rng) -> pd.DataFrame:
    """The evidence of one draw of customers and of chance, by k."""
    own = np.round(scaler.transform(X.iloc[rows]), 9)  # rounding absorbs what another currency does to the last digits
    different = len(np.unique(own, axis=0))
    k_max = min(k_max, max(different // 3, 1))  # with fewer than three customers to a segment there is nothing to resample
    gaps = gap_table(X.iloc[_some(rows, GAP_SAMPLE, rng)].astype(float), k_max, estimator=estimator, revenue=scaler.revenue_, rng=rng)
    evidence = [_evidence(own, None if money is None else money[rows], k, estimator, n_bootstraps, rng) for k in range(1, k_max + 1)]
    return gaps.join(pd.DataFrame(evidence, index=gaps.index))


def _evidence(features: np.ndarray, profit, k: int, estimator, n_bootstraps: int, rng: np.random.Generator) -> dict:
    labels = (
        np.zeros(len(features), dtype=int)
        if k == 1
        else fitted_labels(features, k, estimator or with_segments(None, k).set_params(n_init=10), rng)
    )
    runs = np.ones((1, 1)) if k == 1 else jaccards(features, labels, with_segments(estimator, k), n_bootstraps, rng)
    found = np.sort(mean_similarity(runs))
    near = _stratified(labels, SILHOUETTE_SAMPLE, rng)
    separable = 1 < len(np.unique(labels[near])) < len(near)
    row = {
        "silhouette": float(silhouette_score(features[near], labels[near])) if separable else np.nan,
        "min_jaccard": float(found[0]),
        "mean_jaccard": float(found.mean()),
        "prediction_strength": 1.0 if k == 1 else _prediction_strength(features, k, estimator, rng),
        "jaccards": found.round(3).tolist(),
        "min_share": float(np.bincount(labels).min() / len(labels)),
    }
    if profit is not None:
        scale = np.median(np.abs(profit[profit != 0])) if np.any(profit) else 1.0
        row |= {
            "loss_caught": _loss_caught(profit, labels),
            "r2_profit": _between(profit, labels),
            "r2_arcsinh": _between(np.arcsinh(profit / scale), labels),
        }
    return row


def _stratified(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of a sample in which every segment has its share, and two customers at least if it has them."""
    if len(labels) <= size:
        return np.arange(len(labels))
    rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    shares = [min(len(own), max(2, round(size * len(own) / len(labels)))) for own in rows]
    return np.sort(np.concatenate([rng.choice(own, share, replace=False) for own, share in zip(rows, shares, strict=True)]))


def _prediction_strength(features: np.ndarray, k: int, estimator, rng: np.random.Generator) -> float:
    """Mean over halvings of the least share of pairs of one segment of a half which the segments of the other half keep together."""
    strengths = []
    for _ in range(HALVINGS):
        order = rng.permutation(len(features))
        train, test = features[order[: len(order) // 2]], features[order[len(order) // 2 :]]
        theirs = assign(test, learn_assignment(seeded(estimator, k, rng).fit(train), train))
        own = fitted_labels(test, k, estimator, rng)
        both = np.zeros((own.max() + 1, len(np.unique(theirs))))
        np.add.at(both, (own, np.unique(theirs, return_inverse=True)[1]), 1)
        sizes = both.sum(axis=1)
        kept, pairs = (both * (both - 1)).sum(axis=1), sizes * (sizes - 1)
        strengths.append(np.min(kept[pairs > 0] / pairs[pairs > 0], initial=1.0))
    return float(np.mean(strengths))


def _loss_caught(profit: np.ndarray, labels: np.ndarray) -> float:
    losses = np.minimum(profit, 0)
    losing = np.bincount(labels, profit) < 0
    return float(losses[losing[labels]].sum() / losses.sum()) + 0.0 if losses.any() else np.nan  # never minus zero


def _between(values: np.ndarray, labels: np.ndarray) -> float:
    means = np.bincount(labels, values) / np.maximum(np.bincount(labels), 1)
    whole = ((values - values.mean()) ** 2).sum()
    return float(((means[labels] - values.mean()) ** 2).sum() / whole) if whole > 0 and labels.any() else 0.0
