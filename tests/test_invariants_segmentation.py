"""What must not move the segments: the order of the rows, the ids, the currency; and money that is conserved by the profile."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof.costing import allocate_study
from custprof.datasets import simulate_company
from custprof.profit import customer_pnl, customers_only
from custprof.segmentation import MoneyScaler, ProfitSegmenter, choose_k, compare_recipes, rfm_facts, segment_features
from custprof.study import Study

few = settings(max_examples=8, deadline=None)


def company(seed, n=240):
    rng = np.random.default_rng(seed)
    revenue = np.repeat([2e3, 5e4, 6e4], n // 3) * rng.lognormal(0, 0.5, n)
    cost = revenue * np.repeat([0.5, 0.1, 0.6], n // 3) * rng.lognormal(0, 0.3, n)
    X = pd.DataFrame({"net_revenue": revenue, "gross_margin": revenue * 0.35, "cost_to_serve": cost}).round(2)
    return X, X["gross_margin"] - X["cost_to_serve"]


@few
@given(seed=st.integers(0, 10**6), k=st.integers(2, 5))
def test_row_order_and_ids_change_nothing(seed, k):
    X, profit = company(seed)
    order = np.random.default_rng(seed + 1).permutation(len(X))
    other = X.iloc[order].set_axis([f"Z{i}" for i in range(len(X))])
    labels = ProfitSegmenter(k, sample=150).fit(X, profit).labels_
    assert (ProfitSegmenter(k, sample=150).fit(other, profit.to_numpy()[order]).labels_ == labels[order]).all()


@few
@given(seed=st.integers(0, 10**6), rate=st.floats(1e-4, 1e4), k=st.integers(2, 5))
def test_the_currency_changes_nothing(seed, rate, k):
    X, profit = company(seed)
    euro, other = ProfitSegmenter(k).fit(X, profit), ProfitSegmenter(k).fit(X * rate, profit * rate)
    assert (euro.labels_ == other.labels_).all()
    assert other.profile_["profit"].to_numpy() == pytest.approx(euro.profile_["profit"].to_numpy() * rate)


def test_the_suggested_number_does_not_depend_on_order_or_currency():
    X, profit = company(5)
    table = choose_k(X, profit, k_max=5)
    order = np.random.default_rng(0).permutation(len(X))
    pd.testing.assert_frame_equal(table, choose_k(X.iloc[order], profit.iloc[order], k_max=5))
    assert table["suggested"].idxmax() == choose_k(X * 117.3, profit * 117.3, k_max=5)["suggested"].idxmax()


@few
@given(
    values=st.lists(st.tuples(*[st.floats(-1e9, 1e9).map(lambda x: round(x, 2))] * 3), min_size=1, max_size=30),
)
def test_any_finite_money_gets_finite_features_and_a_segment(values):
    X = pd.DataFrame(values, columns=["revenue", "gross_margin", "cost_to_serve"])
    assert np.isfinite(MoneyScaler().fit_transform(X)).all()
    segmenter = ProfitSegmenter(1).fit(X, X["gross_margin"])
    assert segmenter.profile_["customers"].sum() == len(X)
    assert segmenter.profile_["profit"].sum() == pytest.approx(X["gross_margin"].sum(), abs=1e-3)


@few
@given(seed=st.integers(0, 10**6), k=st.integers(1, 5))
def test_alike_customers_are_classed_alike_and_every_cent_and_loss_maker_stays(seed, k):
    X, profit = company(seed)
    profit = profit.round(2)
    twins = pd.concat([X, X.set_axis([f"twin {i}" for i in X.index])])
    both = pd.concat([profit, profit]).set_axis(twins.index)
    segmenter = ProfitSegmenter(k).fit(twins, both)
    assert (segmenter.labels_[: len(X)] == segmenter.labels_[len(X) :]).all()
    assert round(segmenter.profile_["profit"].sum(), 2) == round(both.sum(), 2)
    losing = (segmenter.profile_["losing"] * segmenter.profile_["customers"]).sum()
    assert round(losing) == (both < 0).sum()


def test_one_huge_whale_neither_makes_the_segments_nor_is_lost():
    X, profit = company(3)
    whale = pd.DataFrame({"net_revenue": [1e12], "gross_margin": [3e11], "cost_to_serve": [1e10]}, index=["whale"])
    plain = ProfitSegmenter(3).fit(X, profit)
    with_whale = ProfitSegmenter(3).fit(pd.concat([X, whale]), pd.concat([profit, pd.Series({"whale": 2.9e11})]))
    assert (pd.Series(plain.labels_) == with_whale.labels_[:-1]).mean() > 0.97
    assert with_whale.profile_["customers"].sum() == len(X) + 1
    assert with_whale.profile_["customers"].min() > 10


def test_the_demos_true_types_are_found_clearly_better_than_by_the_usual_recipes(tmp_path):
    """Another company than the demo, so that nothing is fitted to the one; the notebook shows four."""
    other = Study.open(simulate_company(800, 5, out=tmp_path / "company"))
    facts = other.customer_facts()
    pnl = customers_only(customer_pnl(facts, allocate_study(other)))
    by_period = customers_only(customer_pnl(other.customer_facts(by="period"), allocate_study(other)))
    used = segment_features(by_period)["used"]
    types = pd.read_csv(other.folder / "truth" / "customers.csv").set_index("customer_id")["type"]
    rfm = rfm_facts(facts, end=other.end, monetary=pnl["net_revenue"])
    table = compare_recipes(pnl[used.index[used]], pnl["profit"], n_segments=5, rfm=rfm, types=types)
    assert table["adjusted_rand"].iloc[0] > 0.25
    assert table["adjusted_rand"].iloc[0] > 2 * table["adjusted_rand"].iloc[1:].max()
    assert table["loss_caught"].iloc[0] > table["loss_caught"].iloc[1:].max()
