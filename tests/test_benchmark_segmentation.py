"""The benchmark of segments runs, and its rivals do the same work."""

from __future__ import annotations

import pandas as pd
from benchmarks import segmentation as benchmark
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from custprof.segmentation import MoneyScaler


def test_a_small_run_measures_every_program():
    table = pd.DataFrame(benchmark.compare(0, 0, 3_000)).set_index("program")
    assert table.index.tolist() == ["custprof", "duckdb", "pandas"] and "error" not in table
    assert len(set(table["found"])) == 1
    assert table.loc["custprof", "parted"] == 0 < table.loc["duckdb", "parted"]
    assert (table["seconds"] >= 0).all()


def test_the_choice_finds_the_kinds_that_the_loop_does_not():
    money = benchmark.simulate_money(400)
    with threadpool_limits(1):
        assert (benchmark.choose_ours(*money), benchmark.choose_loop(*money)) == (5, 2)


def test_both_loops_find_the_same_stability(monkeypatch):
    monkeypatch.setattr(benchmark, "BOOTSTRAPS", 20)
    X, _ = benchmark.simulate_money(400)
    with threadpool_limits(1):
        labels = KMeans(5, n_init=1, random_state=0).fit_predict(MoneyScaler().fit_transform(X))
        assert abs(benchmark.stable_ours(X, labels) - benchmark.stable_loop(X, labels)) < 0.1
