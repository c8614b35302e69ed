"""Customers between segments, and segments that drift: by hand, at the edges, and against simulated change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from custprof.segmentation import RFM, ProfitSegmenter, migration, segment_drift


def kinds(rng, counts=(300, 300, 300)) -> pd.DataFrame:
    """Three kinds of customers, far apart."""
    revenue = np.repeat([2e3, 5e4, 6e4], counts) * rng.lognormal(0, 0.3, sum(counts))
    cost = revenue * np.repeat([0.5, 0.1, 0.6], counts) * rng.lognormal(0, 0.15, sum(counts))
    return pd.DataFrame({"revenue": revenue, "cost_to_serve": cost})


@pytest.fixture(scope="module")
def fitted():
    X = kinds(np.random.default_rng(0))
    return X, ProfitSegmenter(3).fit(X, 0.4 * X["revenue"] - X["cost_to_serve"])


def test_moves_by_hand():
    before = pd.Series(pd.Categorical(["good", "good", "poor", "poor"], ["good", "poor"]), index=list("abcd"))
    after = pd.Series(pd.Categorical(["good", "poor", "poor", "poor"], ["good", "poor"]), index=list("abce"))
    earned = pd.Series({"a": 90.0, "b": 80.0, "c": -20.0, "d": -5.0})
    earns = pd.Series({"a": 95.5, "b": 1.0, "c": -20.1, "e": 7.0})
    moves = migration(before, after, profit_before=earned, profit_after=earns)
    assert moves.index.tolist() == [(x, y) for x in ("good", "poor", "new") for y in ("good", "poor", "lost") if (x, y) != ("new", "lost")]
    assert moves["customers"].tolist() == [1, 1, 0, 0, 1, 1, 0, 1]
    assert moves["share"].tolist() == [0.5, 0.5, 0, 0, 0.5, 0.5, 0, 1]
    assert moves["change"].tolist() == [5.5, -79.0, 0.0, 0.0, -0.1, 5.0, 0.0, 7.0]
    assert moves["change"].sum() == pytest.approx(earns.sum() - earned.sum(), abs=1e-9)


def test_intervals_are_those_of_wilson():
    before = pd.Series("x", index=range(20))
    moves = migration(before, before.iloc[:13])
    for to, count in (("x", 13), ("lost", 7)):
        interval = binomtest(count, 20).proportion_ci(0.95, method="wilson")
        assert moves.loc[("x", to), ["low", "high"]].tolist() == pytest.approx([interval.low, interval.high])
    wide, narrow = migration(before, before.iloc[:13], level=0.99), migration(before, before.iloc[:13], level=0.5)
    assert (wide["low"] < narrow["low"])[:2].all() and (wide["high"] > narrow["high"])[:2].all()


def test_everyone_stays_goes_or_comes():
    same = pd.Series(["x", "y"], index=["a", "b"])
    assert migration(same, same).loc[[("x", "x"), ("y", "y")], "share"].tolist() == [1.0, 1.0]
    gone = migration(same, same.iloc[:0])
    assert gone.loc[(slice(None), "lost"), "customers"].tolist() == [1, 1]
    come = migration(same.iloc[:0], same)
    assert come.loc["new", "customers"].to_dict() == {"x": 1, "y": 1}
    assert come.loc[("x", "y"), ["share", "low", "high"]].isna().all()  # nobody was there to go anywhere


def test_order_of_customers_changes_nothing_and_nothing_is_mutated():
    rng = np.random.default_rng(2)
    before, after = (pd.Series(rng.integers(0, 3, 90), index=rng.choice(120, 90, replace=False)) for _ in range(2))
    money = [pd.Series(rng.normal(0, 9, 120).round(2)) for _ in range(2)]
    copies = before.copy(), after.copy()
    moves = migration(before, after, profit_before=money[0], profit_after=money[1])
    shuffled = migration(
        before.sample(frac=1, random_state=1), after.sample(frac=1, random_state=2), profit_before=money[0][::-1], profit_after=money[1]
    )
    pd.testing.assert_frame_equal(moves, shuffled)
    assert before.equals(copies[0]) and after.equals(copies[1])
    assert moves["customers"].sum() == len(before.index.union(after.index))
    there = money[1].loc[after.index].sum() - money[0].loc[before.index].sum()
    assert moves["change"].sum() == pytest.approx(there, abs=1e-6)


def test_classes_of_rfm_migrate_too():
    X = pd.DataFrame(
        {"recency": [1.0, 50.0, 90.0, 200.0], "frequency": [9, 5, 2, 1], "monetary": [90.0, 40.0, -5.0, 1.0]}, index=list("abcd")
    )
    rfm = RFM(2).fit(X)
    later = X.assign(recency=X["recency"] + 100)
    moves = migration(pd.Series(rfm.labels_, X.index), pd.Series(rfm.predict(later), X.index))
    assert moves.loc[[("R2 F2 M2", "R1 F2 M2"), ("R2 F2 M1", "R1 F2 M1")], "customers"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("before", "options", "error", "message"),
    [
        (["x"], {}, TypeError, "before is a list; give a Series of segments by customer_id"),
        (pd.Series(["x", "x"], index=["a", "a"]), {}, ValueError, "1 of 1 customers stand in before more than once"),
        (pd.Series(["x", None], index=["a", "b"]), {}, ValueError, r"the segment before is missing for 1 of 2 customers, first \['b'\]"),
        (pd.Series(["new"], index=["a"]), {}, ValueError, "a segment in before is called 'new'"),
        (pd.Series(["x"], index=["a"]), {"level": 95}, ValueError, "level is 95; give a probability"),
        (pd.Series(["x"], index=["a"]), {"profit_before": pd.Series({"a": 1.0})}, ValueError, "give both or neither"),
        (
            pd.Series(["x"], index=["a"]),
            {"profit_before": pd.Series({"b": 1.0}), "profit_after": pd.Series({"a": 1.0})},
            ValueError,
            r"profit_before is missing for 1 of 1 customers, first \['a'\]",
        ),
        (pd.Series(["x"], index=["a"]), {"profit_before": [1.0], "profit_after": [1.0]}, TypeError, "profit_before is a list"),
    ],
)
def test_what_cannot_be_compared_is_refused(before, options, error, message):
    with pytest.raises(error, match=message):
        migration(before, pd.Series(["x"], index=["a"]), **options)


def test_drift_by_hand(fitted):
    X, segmenter = fitted
    later = pd.concat([X, X.iloc[:300]], ignore_index=True)  # the small ones double
    table = segment_drift(segmenter, X, later)
    small = segmenter.predict(X.iloc[:1])[0]
    assert table["customers_after"].tolist() == [600 if row == small else 300 for row in range(3)] + [1200]
    shares = (np.array([600.5, 300.5, 300.5]) / 1201.5, np.array([300.5] * 3) / 901.5)
    assert table.loc["all", "stability"] == pytest.approx(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
    pd.testing.assert_series_equal(table["distance_before"].iloc[:3], table["distance_after"].iloc[:3], check_names=False)
    centre = segmenter.scaler_.transform(X)[segmenter.labels_ == small].mean(axis=0)
    apart = np.linalg.norm(segmenter.scaler_.transform(X)[segmenter.labels_ == small] - centre, axis=1)
    assert table.loc[small, "distance_before"] == pytest.approx(apart.mean())
    assert table.loc["all", "advice"].startswith("watch: the shares have shifted (index 0.1")
    assert table.loc[small, "advice"].startswith("larger, 5 % outside")


def test_other_customers_of_the_same_kinds_are_no_reason_to_refit(fitted):
    X, segmenter = fitted
    for seed in range(5):
        later = kinds(np.random.default_rng(100 + seed))
        assert segment_drift(segmenter, X, later)["advice"].iloc[-1].startswith("keep: shares and distances")


def test_a_new_kind_of_customer_is_a_reason_to_refit(fitted):
    X, segmenter = fitted
    dear = X.assign(cost_to_serve=X["revenue"] * 3).iloc[:200]
    assert segment_drift(segmenter, X, pd.concat([X, dear]))["advice"].iloc[-1].startswith("refit: ")


def test_a_population_of_other_shares_is_a_reason_to_refit(fitted):
    X, segmenter = fitted
    advice = segment_drift(segmenter, X, kinds(np.random.default_rng(7), (800, 50, 50)))["advice"].iloc[-1]
    assert advice.startswith("refit: the shares have changed (index ")


def test_few_customers_differ_by_chance(fitted):
    X, segmenter = fitted
    advice = segment_drift(segmenter, X, X.iloc[[0, 1, 2, 300, 301, 302, 303, 304, 600]])["advice"].iloc[-1]
    assert advice.startswith("keep: the shares differ (index ") and "by chance" in advice


def test_a_segment_that_emptied_is_said(fitted):
    X, segmenter = fitted
    table = segment_drift(segmenter, X, X.iloc[300:])
    gone = segmenter.predict(X.iloc[:1])[0]
    assert table.loc[gone, "advice"] == "nobody is here any more" and np.isfinite(table["stability"]).all()
    back = segment_drift(segmenter, X.iloc[300:], X)
    assert back.loc[gone, "advice"] == "nobody was here before" and np.isnan(back.loc[gone, "distance_before"])


def test_drift_refuses_no_customers_and_other_columns(fitted):
    X, segmenter = fitted
    with pytest.raises(ValueError, match="X_after has no customers"):
        segment_drift(segmenter, X, X.iloc[:0])
    with pytest.raises(ValueError, match="cost_to_serve"):
        segment_drift(segmenter, X, X[["revenue"]])
