"""What a segmentation does at its edges: rows that lost their customers, whales, empty components, files that were changed."""

import copy
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import Memory
from sklearn.cluster import DBSCAN, AgglomerativeClustering, BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.impute import SimpleImputer
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import make_pipeline
from test_segmentation import five_types

from custprof.segmentation import RFM, ProfitSegmenter, choose_k, segment_profile, segment_rules, segment_sql, stability
from custprof.segmentation.assign import assign, learn_assignment


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


# rules


def placed_by_sql(rules, X):
    duckdb = pytest.importorskip("duckdb")
    customers = X.rename_axis("customer_id").reset_index()
    with duckdb.connect() as connection:
        connection.register("customers", customers)
        return connection.sql(segment_sql(rules)).df().set_index("customer_id")["segment"].reindex(X.index).to_numpy()


def test_whales_have_the_first_rule_and_every_condition_stands_alone():
    X, profit = money()
    segmenter = ProfitSegmenter(3, whales=0.02).fit(X, -profit)  # then whales are not the first segment
    rules, labels = segmenter.rules_, segmenter.labels_
    first = rules.iloc[0]
    assert first["name"].startswith("whales")
    assert first[["customers", "right"]].tolist() == [6, 1.0]
    assert first["rule"] == f"revenue {segmenter.whale_limit_:,.14g} or more"
    assert rules["customers"].sum() == len(X)
    assert set(rules["segment"]) == set(range(4))
    for some in (rules, rules.iloc[::-1]):
        placed = placed_by_sql(some, X)
        assert (placed[X["revenue"] >= segmenter.whale_limit_] == first["segment"]).all()
        assert (placed == labels).mean() == pytest.approx(segmenter.fidelity_)


def test_whales_beside_one_segment():
    X, profit = money()
    segmenter = ProfitSegmenter(1, whales=0.02).fit(X, profit)
    assert segmenter.rules_["rule"].tolist()[1:] == ["every other customer"]
    assert segmenter.fidelity_ == 1
    assert (placed_by_sql(segmenter.rules_, X) == segmenter.labels_).all()


def test_a_segment_without_a_rule_is_said():
    X = pd.DataFrame({"revenue": [10.0] * 5 + [20.0] * 5})
    rules = segment_rules(X, [0] * 4 + [1] + [2] * 5)
    assert rules["segment"].tolist() == [0, 2, 1]
    assert rules.iloc[-1][["rule", "customers"]].tolist() == ["no rule leads here: its customers fall under those of other segments", 0]
    assert placed_by_sql(rules, X).tolist() == [0] * 5 + [2] * 5


def test_rounding_moves_no_customer_to_the_other_side():
    revenue = np.linspace(90e3, 110e3, 40)
    fee = revenue * np.repeat([0.0001, 0.0004], 20)
    rules = segment_rules(pd.DataFrame({"revenue": revenue, "fee": fee}), np.repeat([0, 1], 20), max_leaves=2)
    assert rules["right"].tolist() == [1.0, 1.0]
    assert float(rules.loc[1, "sql"].split("<= ")[1].split(" *")[0]) > 0
    near = pd.DataFrame({"revenue": [100_010.0] * 5 + [100_020.0] * 5})
    assert segment_rules(near, [0] * 5 + [1] * 5)["rule"].tolist() == ["revenue at most 100,015", "revenue over 100,015"]
    wide = pd.DataFrame({"revenue": [1_001.0] * 5 + [2_346.0] * 5})
    assert segment_rules(wide, [0] * 5 + [1] * 5)["rule"].tolist() == ["revenue at most 1,670", "revenue over 1,670"]


# new customers


@pytest.mark.parametrize("estimator", [BayesianGaussianMixture(), GaussianMixture(), KMeans(n_init=1)], ids=str)
def test_new_customers_are_assigned_among_the_segments_that_live(estimator):
    X, profit = money()
    segmenter = ProfitSegmenter(6, estimator=estimator, min_share=0).fit(X, profit)
    far = pd.concat([X * [1, factor] for factor in (0, 0.01, 3, 30, -5)] + [X * [0, 1], -X])
    assert set(segmenter.predict(far)) <= set(segmenter.labels_)
    assert (segmenter.predict(X) == segmenter.labels_).all()


def test_a_segment_empty_when_found_gets_nobody():
    X, profit = five_types(2000)[:2]
    segmenter = ProfitSegmenter(8, estimator=BayesianGaussianMixture(random_state=0)).fit(X, profit)
    assert set(segmenter.predict(X * [1, 3, 0.2])) <= set(segmenter.labels_)
    rule = learn_assignment(Lone().fit([[0.0], [1.0]]), np.array([[0.0], [1.0]]))
    assert assign(np.array([[0.2], [9.0]]), rule).tolist() == [0, 1]  # to 9 it gives 5, which nobody had


class Lone:
    """A clusterer of its own kind: the whole part of half of the amount, 5 from 5 on."""

    def fit(self, X):
        return self

    def predict(self, X):
        return np.where(np.ravel(X) > 5, 5, np.ravel(X) >= 1).astype(int)


def test_a_clusterer_predicts_itself_unless_it_is_one_of_centres():
    X, profit = five_types(2000)[:2]
    segmenter = ProfitSegmenter(5, estimator=BisectingKMeans(), min_share=0).fit(X, profit)
    assert segmenter.assigned_by_ == "predict of BisectingKMeans"
    new = five_types(3000, seed=5)[0]
    features = np.round(segmenter.scaler_.transform(new), 9)
    theirs = segmenter.estimator_.predict(features)
    assert pd.Series(segmenter.predict(new)).groupby(theirs).nunique().eq(1).all()
    assert (np.argmin(((features[:, None] - segmenter.estimator_.cluster_centers_) ** 2).sum(-1), axis=1) != theirs).mean() > 0.02
    for one in (MiniBatchKMeans(n_init=3), KMeans(n_init=2)):
        centred = ProfitSegmenter(4, estimator=one, min_share=0).fit(X, profit)
        assert centred.assigned_by_ == "nearest centre"
        places = pd.Series(centred.predict(new)).groupby(centred.estimator_.predict(np.round(centred.scaler_.transform(new), 9)))
        assert places.nunique().eq(1).all()


# columns with names and without


def test_a_frame_and_an_array_of_the_same_columns_are_one():
    X, profit = money()
    framed, plain = ProfitSegmenter(3).fit(X, profit), ProfitSegmenter(3).fit(X.to_numpy(), profit)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but ProfitSegmenter was fitted with feature names"):
        assert (framed.predict(X.to_numpy()) == framed.labels_).all()
    with pytest.warns(UserWarning, match="X has feature names, but ProfitSegmenter was fitted without feature names"):
        assert (plain.predict(X) == plain.labels_).all()
    with pytest.warns(UserWarning, match="fitted with feature names"):
        assert (framed.scaler_.transform(X.to_numpy()) == framed.scaler_.transform(X)).all()
    with pytest.raises(ValueError, match="X has 1 features, but ProfitSegmenter is expecting 2"):
        framed.predict(X.to_numpy()[:, :1])
    with pytest.raises(ValueError, match="feature names should match"):
        framed.predict(X[["cost_to_serve", "revenue"]])


def test_the_revenue_column_can_be_named():
    X, profit = money()
    usual = ProfitSegmenter().fit(X, profit)
    turned = X[["cost_to_serve", "revenue"]].rename(columns={"revenue": "remainder__sales", "cost_to_serve": "remainder__cost"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = ProfitSegmenter(revenue="remainder__sales").fit(turned, profit)
        plain = ProfitSegmenter(revenue="x1").fit(turned.to_numpy(), profit)
    assert named.labels_.tolist() == plain.labels_.tolist() == usual.labels_.tolist()
    assert (named.revenue_, plain.revenue_) == ("remainder__sales", "x1")
    columns = ["customers", "profit", "jaccard"]
    assert (named.profile_[columns].to_numpy() == plain.profile_[columns].to_numpy()).all()
    with pytest.raises(ValueError, match="revenue column 'sales' is not among"):
        ProfitSegmenter(revenue="sales").fit(X, profit)


# words


def test_one_segment_has_nothing_to_be_found_again():
    X, profit = money()
    profile = ProfitSegmenter(1).fit(X, profit).profile_
    assert profile["verdict"].tolist() == ["one segment, nothing to find again"]
    assert profile["jaccard"].isna().all()
    beside = ProfitSegmenter(1, whales=0.02).fit(X, profit).profile_
    assert sorted(beside["verdict"]) == ["a rule", "one segment, nothing to find again"]
    judged = stability(X, [0] * len(X), n_bootstraps=5)
    assert judged[["jaccard", "recovered", "dissolved"]].isna().all(axis=None)
    own = stability(X, [0] * len(X), estimator=DBSCAN(eps=0.2), n_bootstraps=5)  # it may find others, so the question stands
    assert own["verdict"].item() in ("valid", "doubtful", "not to be trusted", "dissolved")


def test_customers_who_return_more_than_they_buy_have_net_returns():
    X = pd.DataFrame({"revenue": [-50.0, -60.0, 500.0, 600.0], "cost_to_serve": [1.0, 1.0, 50.0, 60.0]})
    names = segment_profile(X, [5.0, 6.0, 90.0, 95.0], [1, 1, 0, 0])["name"]
    assert names[1] == "net returns, earns"
    few = segment_profile(pd.DataFrame({"revenue": [-5.0, -5.0, 90.0, 500.0], "cost": [1.0] * 4}), [1.0] * 4, [1, 1, 1, 0])["name"]
    assert few[1].startswith("mostly net returns")


@pytest.mark.parametrize("cuts", [[np.nan], [30, np.inf], [30, np.nan, 90], [-np.inf], ["soon"], 30, []], ids=str)
def test_cuts_of_rfm_are_ascending_numbers(cuts):
    X = pd.DataFrame({"recency": [1.0, 40.0], "frequency": [2, 1], "monetary": [9.0, 5.0]})
    with pytest.raises(ValueError, match=r"the cuts of recency are .*; give a list of ascending numbers, none of them missing or infinite"):
        RFM(cuts={"recency": cuts}).fit(X)


# files


def saved(tmp_path, **options):
    X, profit = money()
    segmenter = ProfitSegmenter(3, **options).fit(X, profit)
    return segmenter, segmenter.save(tmp_path / "segments.json"), X, profit


@pytest.mark.parametrize(
    "estimator", [GaussianMixture(covariance_type="diag", n_init=np.int64(2)), AgglomerativeClustering(linkage="average")], ids=str
)
def test_a_file_keeps_the_estimator_for_the_next_fit(tmp_path, estimator):
    segmenter, path, X, profit = saved(tmp_path, estimator=estimator)
    again = ProfitSegmenter.load(path)
    assert again.estimator.get_params() == estimator.get_params()
    assert (again.fit(X, profit).labels_ == segmenter.labels_).all()


def test_a_file_that_cannot_keep_the_estimator_says_so(tmp_path):
    _, path, X, _ = saved(tmp_path, estimator=AgglomerativeClustering(memory=Memory(None)))
    with pytest.warns(UserWarning, match="found by AgglomerativeClustering, which could not be kept; they predict as they did, but to fit"):
        again = ProfitSegmenter.load(path)
    assert again.estimator is None
    assert len(again.predict(X)) == len(X)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"estimator": {"made_by": "os", "parameters": {}}}))
    with pytest.warns(UserWarning, match="found by os, which could not be kept"):
        ProfitSegmenter.load(path)


def test_what_belongs_to_customers_is_not_in_a_file(tmp_path):
    again = ProfitSegmenter.load(saved(tmp_path)[1])
    for name in ("labels_", "segments_"):
        with pytest.raises(AttributeError, match=rf"{name} is not kept in a file, which has no customers in it; use predict\(X\)"):
            getattr(again, name)
    with pytest.raises(AttributeError, match="object has no attribute 'labels_'"):
        _ = ProfitSegmenter().labels_
    assert copy.deepcopy(again).columns_ == again.columns_


def test_chance_that_a_file_cannot_hold_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"random_state is RandomState\(MT19937\).*, which JSON cannot hold; set it to a number"):
        saved(tmp_path, random_state=np.random.RandomState(0))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("parameters", {"chance": 1}),
        ("parameters", 3),
        ("estimator", {"made_by": "KMeans", "parameters": {"wings": 2}}),
        ("estimator", "KMeans"),
        ("scaler", {}),
        ("scaler", {"revenue": "revenue", "size_weight": 1, "scale": 1, "rate_scale": [1], "mean": [0], "spread": [1, 1, 1]}),
        ("n_segments_", "many"),
        ("fidelity_", None),
        ("assignment", {"by": "nearest centre", "centres": [[0.0]]}),
        ("assignment", {"by": "horoscope"}),
        ("assignment", {"by": "predict", "model": "x"}),
        ("home", []),
        ("order", [[0, 99]]),
    ],
    ids=str,
)
def test_a_damaged_file_is_refused_with_the_part_that_is_wrong(tmp_path, part, value):
    path = saved(tmp_path)[1]
    path.write_text(json.dumps(json.loads(path.read_text()) | {part: value}))
    with pytest.raises(ValueError, match=rf"segments.json: {part} cannot be read .*: the file was changed after it was written"):
        ProfitSegmenter.load(path)


def test_a_file_sets_nothing_but_what_it_should(tmp_path):
    path = saved(tmp_path)[1]
    document = json.loads(path.read_text())
    document["frames"]["predict"] = document["predict"] = document["frames"]["rules_"]
    path.write_text(json.dumps(document))
    assert callable(ProfitSegmenter.load(path).predict)
    path.write_text(json.dumps(document | {"frames": {}}))
    with pytest.raises(ValueError, match="profile_ cannot be read"):
        ProfitSegmenter.load(path)
    path.write_text(path.read_text()[:500])
    with pytest.raises(ValueError, match=r"segments\.json is not a segmentation written by custprof: it is not JSON"):
        ProfitSegmenter.load(path)


def test_a_damaged_rfm_is_refused_with_the_part_that_is_wrong(tmp_path):
    X = pd.DataFrame({"recency": [1.0, 40.0], "frequency": [2, 1], "monetary": [9.0, 5.0]})
    path = RFM(2).fit(X).save(tmp_path / "rfm.json")
    document = json.loads(path.read_text())
    for part, value in (("parameters", {"wings": 2}), ("thresholds", {"recency": [1.0]}), ("thresholds", 3)):
        path.write_text(json.dumps(document | {part: value}))
        with pytest.raises(ValueError, match=rf"rfm.json: {part} cannot be read"):
            RFM.load(path)
