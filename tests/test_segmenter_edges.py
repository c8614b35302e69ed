"""What a segmentation does at its edges: rows that lost their customers, whales, empty components, files that were changed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from custprof.segmentation import ProfitSegmenter, choose_k


def money(n=300, seed=0):
    """Three kinds of customers, their profit, and string ids in no order."""
    rng = np.random.default_rng(seed)
    revenue = np.repeat([1e3, 1e5, 1e5], n // 3) * rng.lognormal(0, 0.4, n)
    cost = revenue * np.repeat([0.1, 0.1, 0.6], n // 3) * rng.lognormal(0, 0.3, n)
    X = pd.DataFrame({"revenue": revenue, "cost_to_serve": cost})
    order = rng.permutation(n)
    X, profit = X.iloc[order], (0.4 * revenue - cost)[order]
    return X, pd.Series(profit, X.index)


# profit of rows without customers


@pytest.mark.parametrize("ids", [lambda X: X.index, lambda X: [f"c{i}" for i in X.index], lambda X: X.index[::-1] + 1000])
def test_profit_is_matched_by_position_where_a_step_before_took_the_customers_away(ids):
    X, profit = money()
    by_customer = ProfitSegmenter(3).fit(X, profit)
    X, profit = X.set_axis(ids(X)), profit.set_axis(ids(X))
    piped = make_pipeline(SimpleImputer(), ProfitSegmenter(3)).fit(X, profit)[-1]
    assert piped.profile_["profit"].tolist() == by_customer.profile_["profit"].tolist()
    assert piped.labels_.tolist() == by_customer.labels_.tolist()
    with pytest.raises(ValueError, match=r"profit has shape \(299,\) for 300 customers"):
        ProfitSegmenter(3).fit(X.to_numpy(), profit.head(299))


def test_choose_k_matches_profit_by_position_for_an_array():
    X, profit = money()
    few = {"k_max": 3, "n_bootstraps": 5}
    assert (
        choose_k(X.to_numpy(), profit, **few)["r2_profit"].tolist()
        == choose_k(X.to_numpy(), profit.to_numpy(), **few)["r2_profit"].tolist()
    )
