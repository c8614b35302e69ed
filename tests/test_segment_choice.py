"""How many segments: kinds that one half of the customers tells of the other are not given up, one kind stays one, and words say why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmarks.segment_numbers import single_group
from benchmarks.segmentation import simulate_money
from sklearn.metrics import adjusted_rand_score

from custprof.segmentation import ProfitSegmenter, choose_k
from custprof.segmentation.suggestion import suggest_k


def draw(gain=0.5, strength=(1, 0.95, 0.95, 0.5, 0.95, 0.5), **columns):
    """Evidence of one draw, in which six numbers pass and more segments add little; the last strength that is high is at five."""
    k = pd.RangeIndex(1, 7, name="k")
    frame = pd.DataFrame({"gap": gain, "gap_se": 0.012, "gap_cloud": gain, "gap_cloud_se": 0.015}, index=k)
    frame.loc[1, ["gap", "gap_cloud"]] = 0.0
    frame = frame.assign(silhouette=[np.nan, 0.5, 0.5, 0.5, 0.5, 0.5], min_jaccard=0.9, jaccards=[[0.9] * i for i in k], min_share=0.1)
    return frame.assign(prediction_strength=list(strength), **columns)


def suggested(*draws, min_share=0.02):
    return int(suggest_k(list(draws), min_share)["suggested"].idxmax())


def test_the_most_segments_that_each_half_tells_of_the_other_are_the_fewest_suggested():
    assert suggested(draw()) == 5  # before it had a say: two
    assert suggested(draw(strength=(1, 0.95, 0.89, 0.5, 0.89, 0.5))) == 2
    assert suggested(draw(strength=(1, 0.5, 0.5, 0.5, 0.5, 0.5))) == 2
    assert suggested(draw(silhouette=[np.nan, 0.5, 0.5, 0.5, 0.5, 0.6])) == 6  # above it gain against steadiness decides
    assert suggested(draw(min_jaccard=[1, 0.9, 0.9, 0.9, 0.7, 0.7])) == 3  # only numbers that pass have a say
    assert suggested(draw(min_share=[1, 0.3, 0.2, 0.2, 0.01, 0.01])) == 3


def test_the_strength_asked_is_the_mean_of_the_draws():
    low, high = draw(strength=(1, 0.95, 0.95, 0.5, 0.87, 0.5)), draw()
    assert suggested(low, high) == 5
    assert suggested(low, low, high) == 3


def test_every_number_says_why_not():
    table = suggest_k([draw(silhouette=[np.nan, 0.5, 0.5, 0.5, 0.5, 0.6], r2_arcsinh=[0, 0.1, 0.1, 0.1, 0.1, 0.2])] * 5, 0.02)
    assert table.index[table["suggested"]].tolist() == [6]
    assert table.loc[3, "reason"] == "stable, but 5 kinds are so clear that each half tells the other's (prediction_strength 0.95)"
    assert table.loc[5, "reason"] == "stable, but 6 add 0.20 to separation and profit together, where steadiness asks 0.04"


def test_whether_to_cut_is_asked_of_the_gaps_alone_and_the_words_show_why():
    """.15 against .14 is no tie: errors of .012 and .015 are deducted, and .135 are left."""
    table = suggest_k([draw(gain=0.15)] * 5, 0.02)
    assert table.index[table["suggested"]].tolist() == [1]
    assert table.index[table["if_cut"]].tolist() == [5]
    assert "gap_cloud by 0.15 against one heavy-tailed cloud, 0.135 after errors; more than 0.14 would speak" in table.loc[1, "reason"]
    assert table.loc[2, "reason"].endswith("the gaps alone decide whether to cut")
    several = suggest_k([draw(gain=0.5)] * 5, 0.02)
    assert several["if_cut"].equals(several["suggested"])
    assert not suggest_k([draw(min_jaccard=[1, 0.5, 0.5, 0.5, 0.5, 0.5])] * 5, 0.02)["if_cut"].any()


def test_five_kinds_of_money_are_five():
    """Its first draw of 5,000 customers; without the prediction strength, three were suggested in five of five draws."""
    X, profit = simulate_money(5_000, 0)
    table = choose_k(X, profit, k_max=6, n_bootstraps=20, sample=3_000)
    assert table["suggested"].idxmax() == 5
    assert table.loc[5, ["min_jaccard", "prediction_strength"]].min() > 0.9
    kind = np.random.default_rng(0).integers(0, 5, 5_000)  # the first thing it draws
    assert adjusted_rand_score(kind, ProfitSegmenter(5).fit(X, profit).labels_) > 0.9


def three_thirds(each=100):
    rng = np.random.default_rng(0)
    revenue = np.repeat([1e3, 1e5, 1e5], each) * rng.lognormal(0, 0.3, 3 * each)
    cost = revenue * np.repeat([0.1, 0.1, 0.6], each) * rng.lognormal(0, 0.2, 3 * each)
    return pd.DataFrame({"revenue": revenue, "cost_to_serve": cost})


def test_one_number_tried_is_not_too_few_customers():
    assert choose_k(three_thirds(), k_max=1).loc[1, "reason"] == "no other number was tried (k_max = 1)"
    alike = pd.DataFrame({"revenue": [100.0] * 30, "cost_to_serve": [20.0] * 30})
    assert choose_k(alike).loc[1, "reason"] == "too few different customers to tell segments apart"


def test_a_least_share_that_no_number_of_segments_keeps_is_named():
    X = three_thirds()
    table = choose_k(X, k_max=3, n_bootstraps=10, min_share=0.4)
    assert table["suggested"].idxmax() == 1
    assert "some segment is too small or is not found again (min_share is 40.0%)" in table.loc[1, "reason"]
    assert table.loc[3, "reason"] == "the smallest segment has 33.3% of the customers, less than min_share"


@pytest.mark.parametrize("shape", ["pareto 1", "signed", "five rates"])
def test_prediction_strength_does_not_cut_a_single_group(shape):
    X, profit = single_group(shape, 7, 800)
    assert choose_k(X, profit, k_max=6, n_bootstraps=20)["suggested"].idxmax() == 1
