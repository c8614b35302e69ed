import warnings

import numpy as np
import pandas as pd
import pytest
from benchmarks import segment_numbers as numbers
from sklearn.base import clone
from sklearn.cluster import DBSCAN, AgglomerativeClustering, Birch, KMeans
from sklearn.linear_model import LinearRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.utils.estimator_checks import parametrize_with_checks

from custprof.segmentation import (
    MoneyScaler,
    ProfitSegmenter,
    choose_k,
    segment_features,
    segment_profile,
    segment_rules,
    segment_sql,
    stability,
    tutorial_segments,
)
from custprof.segmentation.suggestion import suggest_k
from custprof.study import Study

TYPES = {
    "share": [0.08, 0.30, 0.16, 0.16, 0.30],
    "revenue": [300e3, 30e3, 20e3, 60e3, 2e3],
    "margin": [0.35, 0.45, 0.25, 0.35, 0.40],
    "cost": [0.12, 0.15, 0.12, 0.55, 0.70],
}


def five_types(n, seed=0):
    """Good accounts, a good core, low-margin customers, demanding ones and a costly tail; 42 % lose money, most of the loss in one type."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(5, n, p=TYPES["share"])
    pick = {name: np.array(values)[kind] for name, values in TYPES.items()}
    revenue = pick["revenue"] * rng.lognormal(0, 0.8, n)
    margin = revenue * np.clip(pick["margin"] + 0.05 * rng.standard_normal(n), -0.1, 0.8)
    cost = revenue * pick["cost"] * rng.lognormal(0, 0.33, n)
    index = pd.Index([f"C{i:05}" for i in range(n)], name="customer_id")
    X = pd.DataFrame({"net_revenue": revenue, "gross_margin": margin, "cost_to_serve": cost}, index=index).round(2)
    return X, (X["gross_margin"] - X["cost_to_serve"]).rename("profit"), kind


@pytest.fixture(scope="module")
def base():
    return five_types(2000)


@pytest.fixture(scope="module")
def fitted(base):
    X, profit, _ = base
    return ProfitSegmenter().fit(X, profit)


def loss_caught(profit, labels):
    total = profit.groupby(np.asarray(labels)).transform("sum")
    return profit[(profit < 0) & (total < 0)].sum() / profit[profit < 0].sum()


# five types


def test_auto_finds_the_five_types_and_nearly_all_of_the_losses(base, fitted):
    X, profit, kind = base
    assert fitted.n_segments_ == 5
    assert adjusted_rand_score(kind, fitted.labels_) > 0.78
    assert loss_caught(profit, fitted.labels_) > 0.9
    zscored = KMeans(5, n_init=5, random_state=0).fit_predict((X - X.mean()) / X.std())
    assert adjusted_rand_score(kind, zscored) < 0.3


def test_labels_are_ordered_by_mean_profit(base, fitted):
    _, profit, _ = base
    means = profit.groupby(fitted.labels_).mean()
    assert means.index.tolist() == list(range(5))
    assert means.is_monotonic_decreasing
    assert fitted.profile_["mean_profit"].tolist() == pytest.approx(means.tolist())


def test_profile_adds_up_and_names_are_unique(base, fitted):
    X, profit, _ = base
    profile = fitted.profile_
    assert profile["customers"].sum() == len(X)
    assert profile["share"].sum() == pytest.approx(1)
    assert profile["profit"].sum() == pytest.approx(profit.sum())
    assert profile["profit_share"].sum() == pytest.approx(1)
    assert profile["loss_share"].sum() == pytest.approx(1)
    assert profile["name"].is_unique
    assert (
        profile["name"].iloc[-1] == "large revenue, loses money, cost to serve 56 % of revenue"
    )  # the typical customer of a type drawn around 55 %
    first = fitted.labels_ == 0
    assert profile.loc[0, "median_net_revenue"] == X.loc[first, "net_revenue"].median()
    assert profile.loc[0, "cost_to_serve_rate"] == pytest.approx((X["cost_to_serve"] / X["net_revenue"])[first].median())


def test_segments_are_named_by_customer_best_first(base, fitted):
    assert fitted.segments_.index.equals(base[0].index)
    assert fitted.segments_.cat.categories.tolist() == fitted.profile_["name"].tolist()
    assert fitted.segments_.cat.codes.tolist() == fitted.labels_.tolist()


def test_predict_repeats_the_labels_and_places_new_customers(base, fitted):
    X, _, _ = base
    assert (fitted.predict(X) == fitted.labels_).all()
    new = pd.DataFrame({"net_revenue": [500e3, 1e3], "gross_margin": [175e3, 400.0], "cost_to_serve": [60e3, 800.0]})
    placed = fitted.predict(new)
    assert placed[0] == 0
    assert fitted.profile_.loc[placed[1], "profit"] < 0


def test_rules_cover_every_customer_in_money_units(base, fitted):
    rules = fitted.rules_
    assert rules["customers"].sum() == len(base[0])
    assert set(rules["segment"]) == set(range(5))
    assert fitted.fidelity_ > 0.92
    assert rules["rule"].str.contains("of revenue").any()
    assert rules.loc[1, "name"] == fitted.profile_.loc[0, "name"]


def test_k_table_suggests_once_and_says_why(fitted):
    table = fitted.k_table_
    assert table["suggested"].sum() == 1
    reason = table.loc[table["suggested"], "reason"].item()
    assert "found again" in reason
    top = int(reason.split("from k = 1 to ")[1].split(" ")[0])
    assert f"gap moves by {table.loc[top, 'gap'] - table.loc[1, 'gap']:.2f} against a uniform box" in reason
    assert f"gap_cloud by {table.loc[top, 'gap_cloud'] - table.loc[1, 'gap_cloud']:.2f} against one heavy-tailed cloud" in reason
    assert f"min_jaccard {table.loc[5, 'min_jaccard']:.2f}" in reason
    assert ". " not in reason
    assert len(reason) < 240
    assert (table["reason"].str.len() > 10).all()
    assert table.loc[1, "min_jaccard"] == 1
    assert np.isnan(table.loc[1, "silhouette"])
    assert table.loc[5, ["loss_caught", "r2_arcsinh"]].min() > 0.7


@pytest.mark.parametrize("seed", [0, 1])
def test_the_number_of_segments_does_not_hang_on_the_random_state(seed):
    X, profit, kind = five_types(20_000, seed)
    tables = [choose_k(X, profit, random_state=random_state) for random_state in (0, 1)]
    assert [table["suggested"].idxmax() for table in tables] == [5, 5]
    assert all(table.loc[5, "draws"] >= 4 for table in tables)
    assert adjusted_rand_score(kind, ProfitSegmenter(5).fit(X, profit).labels_) > 0.82  # CASES, section 3


def test_three_clear_kinds_are_not_cut_along_a_column_that_says_nothing():
    X, profit, kind = three_kinds()
    for random_state in (0, 1):
        table = choose_k(X, profit, random_state=random_state)
        assert table["suggested"].idxmax() == 3
    assert adjusted_rand_score(kind, ProfitSegmenter(3).fit(X, profit).labels_) > 0.9


def three_kinds(n=3000):
    """Small customers, large ones that cost little and large ones that cost much; discounts differ among all alike."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], n // 3)
    revenue = np.array([1e3, 1e5, 1e5])[kind] * rng.lognormal(0, 0.8, n)
    cost = revenue * np.array([0.1, 0.1, 0.6])[kind] * rng.lognormal(0, 0.4, n)
    X = pd.DataFrame({"revenue": revenue, "cost_to_serve": cost, "discounts": revenue * 0.1 * rng.lognormal(0, 0.5, n)})
    return X, 0.4 * revenue - cost, kind


def draw(picked, gain=0.5):
    """Evidence of one draw whose best number is the one picked, at a rise of both gaps of ``gain``."""
    k = pd.RangeIndex(1, 7, name="k")
    frame = pd.DataFrame({"gap": gain, "gap_se": 0.0, "gap_cloud": gain, "gap_cloud_se": 0.0, "silhouette": 0.3}, index=k)
    frame.loc[1, ["gap", "gap_cloud"]] = 0.0
    frame.loc[picked:, "silhouette"] = 0.5
    return frame.assign(min_jaccard=0.9, jaccards=[[0.9] * i for i in k], min_share=0.1)


def test_a_borderline_number_says_which_others_the_draws_suggest():
    agreed = suggest_k([draw(3)] * 5, 0.02)
    assert agreed["suggested"].idxmax() == 3
    assert agreed["draws"].tolist() == [0, 0, 5, 0, 0, 0]
    assert agreed.loc[3, "reason"].endswith("in 5 of 5 draws")
    nearly = suggest_k([draw(3)] * 4 + [draw(6)], 0.02)
    assert nearly.loc[3, "reason"].endswith("in 4 of 5 draws; 6 (1) was also suggested")
    split = suggest_k([draw(3)] * 2 + [draw(6), draw(6), draw(2)], 0.02)
    assert split["suggested"].idxmax() == 3  # of two named as often, the smaller
    assert split.loc[3, "reason"].endswith("in 2 of 5 draws; borderline: 2 (1), 6 (2) were also suggested")
    weak = suggest_k([draw(3, 0.05)] * 4 + [draw(5, 0.15)], 0.02)
    assert weak["suggested"].idxmax() == 1
    assert weak.loc[1, "reason"].startswith("no structure")
    assert weak.loc[1, "reason"].endswith("in 4 of 5 draws; 5 (1) was also suggested")


def test_more_segments_must_pay_for_the_steadiness_they_lose():
    """Two to six segments add .06: enough by itself (.04), not if the weakest of them is found again by .1 less (.04 + .1 / 4)."""
    steady = draw(3).assign(silhouette=[np.nan, 0.3, 0.5, 0.5, 0.5, 0.56])
    assert suggest_k([steady] * 5, 0.02)["suggested"].idxmax() == 6
    less = [steady.assign(min_jaccard=[1.0, 0.9, 0.9, 0.9, 0.9, 0.8])] * 5
    table = suggest_k(less, 0.02)
    assert table["suggested"].idxmax() == 3
    assert table["passes"].all()
    assert table.loc[6, "reason"] == "stable, but adds 0.06 to separation and profit together, where its steadiness asks 0.07"


def test_structure_is_asked_of_every_number_even_of_those_that_cannot_be_chosen():
    """The gap says whether there is any structure: at six, where a segment is too small; three then are the answer."""
    gaps = draw(3, 0.05).assign(gap_cloud=[0, 0.05, 0.05, 0.05, 0.05, 0.3], gap=[0, 0.05, 0.05, 0.05, 0.05, 0.3])
    assert suggest_k([gaps.assign(min_share=[1, 0.1, 0.1, 0.1, 0.1, 0.001])] * 5, 0.02)["suggested"].idxmax() == 3
    none = suggest_k([gaps.assign(min_share=[1] + [0.001] * 5)] * 5, 0.02)
    assert none["suggested"].idxmax() == 1
    assert "but at every number some segment is too small or is not found again" in none.loc[1, "reason"]


@pytest.mark.parametrize(("name", "k"), [("online_retail", 1), ("adventureworks", 4)])
def test_real_customers_are_cut_alike_at_any_random_state(name, k):
    """Ten random states of each in tests/benchmarks/segment_numbers.py."""
    if not numbers.STUDIES.exists():
        pytest.skip("the shared data are not there")
    X, profit = numbers.study_money(Study.open(numbers.ROOT / "tests" / "studies" / name))
    assert [choose_k(X, profit, random_state=state)["suggested"].idxmax() for state in (4, 9)] == [k, k]


@pytest.mark.parametrize("shape", ["lognormal, wide rates", "student 3", "exponential", "large cost less", "beta rates"])
def test_single_groups_of_other_shapes_are_one_segment(shape):
    X, profit = numbers.single_group(shape, 1)
    assert choose_k(X, profit)["suggested"].idxmax() == 1


def test_stability_finds_the_types_valid_and_noise_not(base, fitted):
    X, _, _ = base
    assert (stability(X, fitted.labels_, n_bootstraps=15)["verdict"] == "valid").all()
    rng = np.random.default_rng(0)
    cloud = pd.DataFrame(np.exp(rng.standard_normal((400, 3))), columns=["revenue", "gross_margin", "cost_to_serve"])
    labels = KMeans(7, n_init=2, random_state=0).fit_predict(MoneyScaler().fit_transform(cloud))
    assert (stability(cloud, labels, n_bootstraps=15)["verdict"] != "valid").any()


# one segment is an answer


def one_group(kind, n=1000, seed=1):
    rng = np.random.default_rng(seed)
    revenue, shape = {
        "lognormal": (rng.lognormal(9, 1.2, n), 0.4),
        "pareto": (1e4 * (rng.pareto(1.5, n) + 0.2), 0.6),
        "student": (1e4 * np.exp(0.9 * rng.standard_t(4, n)), 0.3),
    }[kind]
    margin = revenue * (0.35 + 0.06 * rng.standard_normal(n))
    return pd.DataFrame({"revenue": revenue, "gross_margin": margin, "cost_to_serve": revenue * 0.25 * rng.lognormal(0, shape, n)})


@pytest.mark.parametrize("kind", ["lognormal", "pareto", "student"])
def test_one_heavy_tailed_group_is_one_segment(kind):
    X = one_group(kind)
    table = choose_k(X, X["gross_margin"] - X["cost_to_serve"])
    assert table.index[table["suggested"]].tolist() == [1]
    assert table.loc[1, "reason"].startswith("no structure")


def test_signed_heavy_tailed_noise_is_one_segment():
    X = pd.DataFrame(np.random.default_rng(3).standard_t(2.5, (1500, 3)) * 1e4, columns=["revenue", "gross_margin", "cost_to_serve"])
    assert choose_k(X)["suggested"].idxmax() == 1


def test_two_clear_groups_are_two_segments():
    rng = np.random.default_rng(0)
    revenue = np.repeat([1e3, 1e6], 200) * rng.lognormal(0, 0.4, 400)
    X = pd.DataFrame({"revenue": revenue, "cost_to_serve": revenue * 0.1 * rng.lognormal(0, 0.3, 400)})
    segmenter = ProfitSegmenter().fit(X, X["revenue"] * 0.3 - X["cost_to_serve"])
    assert segmenter.n_segments_ == 2
    assert segmenter.profile_["customers"].tolist() == [200, 200]


def test_customers_all_alike_are_one_segment():
    X = pd.DataFrame({"revenue": [100.0] * 30, "cost_to_serve": [20.0] * 30})
    segmenter = ProfitSegmenter().fit(X, [5.0] * 30)
    assert segmenter.labels_.tolist() == [0] * 30
    assert segmenter.profile_["name"].tolist() == ["all customers"]
    assert segmenter.rules_["rule"].tolist() == ["every customer"]
    assert "too few different" in segmenter.k_table_.loc[1, "reason"]


def test_constant_columns_say_nothing(base):
    X, profit, _ = base
    X, profit = X.head(400), profit.head(400)
    plain = ProfitSegmenter(4).fit(X, profit)
    with_zeros = ProfitSegmenter(4).fit(X.assign(freight=0.0), profit)
    assert (plain.labels_ == with_zeros.labels_).all()


def test_one_customer_and_a_few():
    X = pd.DataFrame({"revenue": [100.0], "cost_to_serve": [20.0]})
    assert ProfitSegmenter().fit(X, [80.0]).predict(X).tolist() == [0]
    X = pd.DataFrame({"revenue": [100.0, 200.0, 50.0, 0.0], "cost_to_serve": [20.0, 1.0, 5.0, 9.0]})
    assert ProfitSegmenter().fit(X, [80.0, 1.0, 2.0, -9.0]).n_segments_ == 1


# choices


def test_whales_are_a_named_segment_of_their_own(base):
    X, profit, _ = base
    segmenter = ProfitSegmenter(5, whales=0.005).fit(X, profit)
    top = X["net_revenue"].nlargest(10).index
    assert segmenter.n_segments_ == 6
    assert len(set(segmenter.segments_[top])) == 1
    assert segmenter.segments_[top[0]].startswith("whales (median revenue ")
    assert (segmenter.segments_ == segmenter.segments_[top[0]]).sum() == 10
    assert segmenter.whale_limit_ == X.loc[top, "net_revenue"].min()
    assert (segmenter.predict(X) == segmenter.labels_).all()


def test_whales_among_equals_are_nobody():
    X = pd.DataFrame({"revenue": [100.0] * 20, "cost_to_serve": range(20)})
    assert ProfitSegmenter(2, whales=0.1).fit(X, np.arange(20.0)).whale_limit_ is None


def test_small_segments_are_merged_and_reported():
    rng = np.random.default_rng(0)
    revenue = np.concatenate([rng.lognormal(8, 0.2, 100), rng.lognormal(11, 0.2, 100), [9e8]])
    X = pd.DataFrame({"revenue": revenue, "cost_to_serve": 0.1 * revenue})
    with pytest.warns(UserWarning, match=r"3 segments were asked for and 1 of them had less than 2\.0% of the customers"):
        segmenter = ProfitSegmenter(3, min_share=0.02).fit(X, 0.2 * revenue)
    assert segmenter.n_segments_ == 2
    assert segmenter.merged_.to_dict("records") == [{"customers": 1, "share": 1 / 201, "into": 0}]
    assert (segmenter.predict(X) == segmenter.labels_).all()
    with warnings.catch_warnings(action="error"):  # nothing to say where all stand, or no number was asked for
        kept = ProfitSegmenter(3, min_share=0).fit(X, 0.2 * revenue)
        ProfitSegmenter(min_share=0.02).fit(X, 0.2 * revenue)
    assert kept.profile_["customers"].tolist() == [1, 100, 100]
    assert kept.merged_.empty


def test_other_estimators_and_sampling(base):
    X, profit, kind = base
    mixture = ProfitSegmenter(5, estimator=GaussianMixture(covariance_type="diag")).fit(X, profit)
    assert mixture.n_segments_ == 5
    assert mixture.estimator.n_components == 1  # the one passed in is left alone
    sampled = ProfitSegmenter(5, sample=800).fit(X, profit)
    assert len(sampled.labels_) == len(X)
    assert adjusted_rand_score(kind, sampled.labels_) > 0.75


def test_profit_is_matched_by_customer_and_nothing_is_changed(base):
    X, profit, _ = base
    X, profit = X.head(300), profit.head(300)
    before = X.copy(), profit.copy()
    shuffled = profit.sample(frac=1, random_state=1)
    assert (ProfitSegmenter(3).fit(X, shuffled).labels_ == ProfitSegmenter(3).fit(X, profit).labels_).all()
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(profit, before[1])


def test_it_is_a_scikit_learn_estimator():
    segmenter = clone(ProfitSegmenter(4, whales=0.01))
    assert segmenter.get_params()["whales"] == 0.01
    assert segmenter.set_params(n_segments=3).n_segments == 3


#: scikit-learn's own checks that do not apply, and why; all others are run and pass.
NOT_APPLICABLE = {
    "check_clustering": "fits without y: segments are ordered by profit, so y is required",
    "check_fit2d_1sample": "one customer cannot be two segments; the message says so in words of its own",
}


def not_applicable(estimator):
    return NOT_APPLICABLE if isinstance(estimator, ProfitSegmenter) else {}


@parametrize_with_checks([MoneyScaler(), ProfitSegmenter(2)], expected_failed_checks=not_applicable)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_a_clusterer_without_predict_assigns_by_a_tree_and_says_so(base):
    X, profit, kind = base
    segmenter = ProfitSegmenter(5, estimator=AgglomerativeClustering(), sample=1000).fit(X, profit)
    assert segmenter.assigned_by_.startswith("surrogate tree, since AgglomerativeClustering cannot predict; it places ")
    assert segmenter.assignment_["agreement"] > 0.97
    assert (segmenter.predict(X) == segmenter.labels_).all()
    assert adjusted_rand_score(kind, segmenter.labels_) > 0.6
    assert ProfitSegmenter(2).fit(X.head(50), profit.head(50)).assigned_by_ == "nearest centre"


def test_an_estimator_that_finds_its_own_number_is_left_to_it(base):
    X, profit, _ = base
    segmenter = ProfitSegmenter(estimator=DBSCAN(eps=0.25, min_samples=5)).fit(X.head(600), profit.head(600))
    assert segmenter.n_segments_ >= 2
    assert segmenter.k_table_ is None
    assert segmenter.profile_["customers"].sum() == 600  # noise is a segment, or joins one


@pytest.mark.parametrize(
    "estimator",
    [None, AgglomerativeClustering(), *(GaussianMixture(covariance_type=kind) for kind in ("full", "tied", "diag", "spherical"))],
    ids=str,
)
def test_json_gives_back_the_same_segments(base, tmp_path, estimator):
    X, profit = base[0].head(600), base[1].head(600)
    segmenter = ProfitSegmenter(3, estimator=estimator, whales=0.01).fit(X, profit)
    path = segmenter.save(tmp_path / "segments.json")
    again = ProfitSegmenter.load(path)
    assert (again.predict(base[0]) == segmenter.predict(base[0])).all()
    pd.testing.assert_frame_equal(again.profile_, segmenter.profile_)
    pd.testing.assert_frame_equal(again.rules_, segmenter.rules_)
    pd.testing.assert_frame_equal(again.merged_, segmenter.merged_)
    assert again.assigned_by_ == segmenter.assigned_by_
    assert X.index[0] not in path.read_text()
    assert ProfitSegmenter.load(again.save(tmp_path / "again.json")).profile_.equals(segmenter.profile_)


def test_json_refuses_what_it_cannot_hold(base, tmp_path):
    X, profit = base[0].head(300), base[1].head(300)
    for estimator in (Birch(), BayesianGaussianMixture()):
        own = rf"{type(estimator).__name__} predicts in a way of its own, which JSON cannot hold; use K-means, a Gaussian mixture"
        with pytest.raises(TypeError, match=own):
            ProfitSegmenter(3, estimator=estimator, min_share=0).fit(X, profit).save(tmp_path / "segments.json")
    for text in ("{}", "[]", "segments", "3"):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(ValueError, match="not a segmentation written by custprof"):
            ProfitSegmenter.load(tmp_path / "other.json")
    path = ProfitSegmenter(2).fit(base[0].head(50), base[1].head(50)).save(tmp_path / "segments.json")
    path.write_text(path.read_text().replace('"scaler"', '"other"'))
    with pytest.raises(ValueError, match=r"lacks \['scaler'\]: the file was changed"):
        ProfitSegmenter.load(path)


def test_sql_places_customers_as_the_rules_do(base, fitted):
    duckdb = pytest.importorskip("duckdb")
    X = pd.concat(
        [base[0], pd.DataFrame({"net_revenue": [0.0, 0.0], "gross_margin": [0.0, -5.0], "cost_to_serve": [0.0, 9.0]}, ["z", "y"])]
    )
    customers = X.rename_axis("customer_id").reset_index()
    with duckdb.connect() as connection:
        connection.register("customers", customers)
        placed = connection.sql(segment_sql(fitted.rules_)).df().set_index("customer_id")["segment"].reindex(X.index)
    assert placed.notna().all()
    assert (placed.to_numpy()[:-2] == fitted.labels_).mean() == pytest.approx(fitted.fidelity_)
    odd = segment_rules(pd.DataFrame({"revenue": [1.0, 1.0], "cost of calls": [0.0, 9.0]}), [0, 1])
    assert odd["sql"].str.contains('"cost of calls"', regex=False).all()


def test_sql_quotes_words_that_a_database_keeps_for_itself():
    duckdb = pytest.importorskip("duckdb")
    X = pd.DataFrame({"order": [1.0, 2.0, 90.0, 95.0], "end": [0.0, 0.1, 50.0, 60.0], "group": [1.0, 1.0, 1.0, 1.0]})
    rules = segment_rules(X, [1, 1, 0, 0], revenue="order")
    customers = X.assign(key=list("abcd"))
    with duckdb.connect() as connection:
        connection.register("table", customers)
        placed = connection.sql(segment_sql(rules, table="table", key="key")).df()
    assert placed["segment"].tolist() == [1, 1, 0, 0]


def test_the_verdict_of_the_profile_is_that_of_stability(base, fitted):
    judged = stability(base[0], fitted.labels_, n_bootstraps=50)
    assert fitted.profile_["jaccard"].tolist() == judged["jaccard"].tolist()
    assert fitted.profile_["verdict"].tolist() == judged["verdict"].tolist()


def test_fit_predict_passes_the_profit_on(base, fitted):
    X, profit = base[0].head(200), base[1].head(200)
    assert (ProfitSegmenter(2).fit_predict(X, profit) == ProfitSegmenter(2).fit(X, profit).labels_).all()


def test_columns_may_be_numbers(base):
    X, profit = base[0].head(200), base[1].head(200)
    numbered, named_alike = X.set_axis([0, 1, 2], axis="columns"), X.set_axis(["0", "1", "2"], axis="columns")
    segmenter = ProfitSegmenter(3).fit(numbered, profit)
    assert (segmenter.labels_ == ProfitSegmenter(3).fit(named_alike, profit).labels_).all()
    assert (segmenter.predict(numbered) == segmenter.labels_).all()
    assert segmenter.revenue_ == "0"


def test_profile_tells_how_well_every_segment_is_found_again(base, fitted):
    assert (fitted.profile_["verdict"] == "valid").all()
    assert fitted.profile_["jaccard"].between(0.75, 1).all()
    whales = ProfitSegmenter(3, whales=0.01).fit(base[0].head(500), base[1].head(500)).profile_
    assert whales["verdict"].eq("a rule").sum() == 1


# features


def test_columns_that_do_not_repeat_or_say_the_same_are_left_out():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([range(200), ["2024", "2025"]], names=["customer_id", "period"])
    rate = np.repeat(rng.uniform(0.05, 0.3, 200), 2)
    pnl = pd.DataFrame({"net_revenue": rng.lognormal(8, 1, 400)}, index=index)
    pnl["discounts"] = pnl["net_revenue"] * rate
    pnl["gross_margin"] = pnl["net_revenue"] * (0.5 - rate + 0.01 * rng.standard_normal(400))
    pnl["returns"] = pnl["net_revenue"] * rng.uniform(0, 0.1, 400) * (rng.random(400) < 0.5)
    table = segment_features(pnl)
    assert table.index[table["used"]].tolist() == ["net_revenue", "discounts"]
    assert table.loc["gross_margin", "reason"] == "says the same as discounts"
    assert table.loc["returns", "reason"].startswith("does not repeat")
    assert table.loc["discounts", "repeats"] == pytest.approx(1)
    first = pnl.xs("2024", level="period")["returns"] / pnl.xs("2024", level="period")["net_revenue"]
    second = pnl.xs("2025", level="period")["returns"] / pnl.xs("2025", level="period")["net_revenue"]
    assert table.loc["returns", "repeats"] == pytest.approx(first.corr(second, method="spearman"))


def test_one_period_has_nothing_to_compare_and_the_best_of_none_is_used():
    index = pd.MultiIndex.from_product([range(50), ["2024", "2025"]], names=["customer_id", "period"])
    rng = np.random.default_rng(1)
    pnl = pd.DataFrame({"net_revenue": 100.0, "returns": rng.uniform(0, 9, 100)}, index=index)
    assert segment_features(pnl).loc["returns", "reason"].startswith("none repeats well")
    single = segment_features(pnl.xs("2024", level="period", drop_level=False))
    assert single.loc["returns", ["used", "reason"]].tolist() == [True, "one period only: nothing to compare with"]
    with pytest.raises(ValueError, match="by customer_id and period with net_revenue"):
        segment_features(pnl.droplevel("period"))


# the recipe of tutorials


def test_the_recipe_of_tutorials_deletes_the_losses_and_hides_the_others():
    rng = np.random.default_rng(0)
    spend = np.append(rng.lognormal(6, 1, 300), [-50.0] * 10)
    index = [f"c{i}" for i in range(310)]
    rfm = pd.DataFrame({"recency": rng.integers(0, 300, 310) * 1.0, "frequency": rng.geometric(0.3, 310), "monetary": spend}, index=index)
    rfm.loc["c3", ["recency", "frequency"]] = [np.nan, 0]
    profit = pd.Series(np.where(spend > 0, spend * 0.2 - 40, -50), index=index)
    table = tutorial_segments(rfm, profit)
    assert table.index.tolist() == ["1", "2", "3", "4", "deleted"]
    assert table.loc["deleted", "customers"] == 11
    assert table["customers"].sum() == 310
    assert table["profit"].sum() == pytest.approx(profit.sum())
    assert table["loss_share"].sum() == pytest.approx(1)
    order = np.random.default_rng(1).permutation(310)
    pd.testing.assert_frame_equal(tutorial_segments(rfm.iloc[order], profit), table)
    bought = rfm.index[rfm["recency"].notna() & (spend > 0)]
    assert tutorial_segments(rfm.loc[bought], profit).loc["deleted", ["customers", "profit", "loss_share"]].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="4 segments asked of 1 different customers"):
        tutorial_segments(rfm.assign(recency=1.0, frequency=1, monetary=5.0), profit)
    with pytest.raises(ValueError, match="profit has no row for 10 of 310 customers"):
        tutorial_segments(rfm, profit.head(300))
    with pytest.raises(ValueError, match="X lacks recency, frequency; it has monetary"):
        tutorial_segments(rfm[["monetary"]], profit)
    with pytest.raises(ValueError, match="4 segments asked of 3 different customers who spent something"):
        tutorial_segments(rfm.head(4).drop(index="c3"), profit)


# scaler


def test_scaler_by_hand():
    X = pd.DataFrame({"revenue": [100.0, 300.0, 0.0, -50.0], "freight": [100.0, 0.0, 7.0, 50.0]})
    scaler = MoneyScaler(size_weight=0.25).fit(X)
    assert scaler.scale_ == 75.0
    assert scaler.rate_scale_.to_dict() == {"freight": 0.5}
    rate = np.arcsinh([1.0, 0.0, 2.0, 1.0])
    assert scaler.transform(X)[:, 1] == pytest.approx((rate - rate.mean()) / rate.std())
    size = np.arcsinh(X["revenue"] / 75)
    assert scaler.transform(X)[:, 0] == pytest.approx((size - size.mean()) / size.std(ddof=0) / 2)


def test_what_lies_far_out_ends_at_two_and_a_half_standard_deviations():
    X = pd.DataFrame({"revenue": [100.0] * 99 + [1e9], "freight": [5.0] * 99 + [-5e8]})
    features = MoneyScaler(size_weight=1.0).fit_transform(X)
    assert features[-1].tolist() == [2.5, -2.5]
    assert np.ptp(features[:-1], axis=0).tolist() == [0, 0]


def test_scaler_takes_revenue_by_name_or_first():
    X = pd.DataFrame({"freight": [1.0, 2.0], "net_revenue": [10.0, 30.0]})
    assert MoneyScaler().fit(X).get_feature_names_out().tolist() == ["net_revenue", "freight / net_revenue"]
    assert MoneyScaler(revenue="freight").fit(X).revenue_ == "freight"
    with pytest.warns(UserWarning, match="no column is called net_revenue or .*: the first, 'freight', is taken for revenue"):
        assert MoneyScaler().fit(X.rename(columns={"net_revenue": "sales"})).revenue_ == "freight"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a plain array has no names, and one column no others
        MoneyScaler().fit(X.to_numpy())
        MoneyScaler().fit(X[["freight"]])


def test_a_fixed_rate_of_revenue_is_not_blown_up_from_rounding(base):
    X, _, _ = base
    features = MoneyScaler().set_output(transform="pandas").fit_transform(X.assign(commission=(X["net_revenue"] * 0.03).round(2)))
    assert features["commission / net_revenue"].std() < 0.01
    assert features["cost_to_serve / net_revenue"].std() == pytest.approx(1, abs=0.01)


# names and rules


def named(segments):
    """Names of segments given as rows of (revenue, discounts, cost to serve, profit)."""
    rows = [row for segment in segments for row in segment]
    X = pd.DataFrame([row[:3] for row in rows], columns=["revenue", "discounts", "cost_to_serve"], dtype=float)
    labels = np.repeat(range(len(segments)), [len(segment) for segment in segments])
    return segment_profile(X, [row[3] for row in rows], labels)["name"].tolist()


def test_a_segment_is_named_by_the_ratio_that_sets_it_apart():
    good, small = [(9000, 900, 900, 2700), (8000, 720, 1000, 2000)] * 3, [(700, 60, 250, 10), (800, 75, 280, -8)] * 3
    cheap = [(3000, 1600, 900, -900), (2500, 1350, 800, -800), (2800, 1500, 820, -850)]
    names = named([good, small, cheap])
    assert names[0].endswith("earns, cost to serve 11 % of revenue")
    assert names[1].endswith("about even, 50 % lose, cost to serve 35 % of revenue")
    assert names[2].endswith("loses money, discounts 54 % of revenue")


def test_a_losing_segment_is_named_by_what_costs_it_money():
    X, profit, _ = five_types(600)
    labels = (X["cost_to_serve"] > X["gross_margin"]).astype(int)
    X["gross_margin"] += 0.3 * X["net_revenue"] * labels  # a high margin sets them apart, but is not why they lose
    X["cost_to_serve"] += 0.3 * X["net_revenue"] * labels
    names = segment_profile(X, profit, labels)["name"]
    assert "loses money, cost to serve" in names[1]


def test_names_tell_the_total_and_who_falls_out_of_it():
    steady, poor = [(1000, 0, 0, 100)] * 20, [(1000, 500, 0, -50)] * 9
    heavy = [(1000, 0, 0, 100)] * 17 + [(1000, 0, 0, -200)] * 3
    assert "earns, no discounts" in named([steady, poor])[0]
    assert "earns, 15 % lose, " in named([heavy, poor])[0]
    assert "loses money, 30 % lose, " in named([steady, [(1000, 500, 0, 50)] * 7 + [(1000, 500, 0, -500)] * 3])[1]
    assert "loses money, discounts 50 % of revenue" in named([steady, [*poor, (1000, 500, 0, 5)]])[1]
    assert "about even, 45 % lose, " in named([steady, [(1000, 500, 0, 40)] * 11 + [(1000, 500, 0, -60)] * 9])[1]
    assert "earns, 40 % lose, " in named([poor, [(1000, 0, 0, 900)] * 6 + [(1000, 0, 0, -700)] * 4])[1]  # 260 of 1,000 is not even


def test_names_say_no_revenue_and_costs_above_revenue():
    X = pd.DataFrame({"revenue": [0.0, 0.0, 100.0, 110.0], "freight": [5.0, 6.0, 10.0, 11.0]})
    profile = segment_profile(X, [-5.0, -6.0, 1.0, -0.5], [1, 1, 0, 0])
    assert profile["name"].tolist() == ["large revenue, about even, 50 % lose, freight 10 % of revenue", "no revenue, loses money"]
    assert np.isnan(profile.loc[1, "freight_rate"])
    many = [(1000, 50, 100, 300)] * 5
    assert named([many, [(1, 0, 190, -190)] * 3])[1] == "small revenue, loses money, cost to serve more than revenue"
    assert named([many, [(0, 0, 190, -190)] * 3 + [(9, 1, 190, -182)]])[1] == "mostly no revenue, loses money"
    assert named([many, [(1000, 0, 100, 350)] * 4])[1] == "medium revenue, earns, no discounts"


def test_a_name_speaks_of_the_typical_customer_not_of_one_giant():
    """A hundred customers at 10 % and one whale at nothing: by the sums all of them would have hardly any cost to serve."""
    usual, whale, poor = [(1000, 0, 100, 100)] * 100, [(10**9, 0, 1, 10**6)], [(1000, 0, 600, -200)] * 50
    names = named([usual + whale, poor])
    assert names[0].endswith("cost to serve 10 % of revenue")
    X = pd.DataFrame({"revenue": [100.0, 100, 100, 10, 10], "returns": [0.0, 0, 150, 5, 5]})
    profile = segment_profile(X, [1.0, 1.0, 1.0, -1.0, -1.0], [0, 0, 0, 1, 1])
    assert profile["returns_rate"].tolist() == [0.0, 0.5]
    assert profile["name"].tolist() == ["large revenue, earns, mostly no returns", "small revenue, loses money, returns 50 % of revenue"]


def test_names_stay_unique_for_segments_that_look_alike():
    X = pd.DataFrame({"revenue": [100.0, 100.0], "cost_to_serve": [10.0, 10.0]})
    names = segment_profile(X, [1.0, 1.0], [0, 1])["name"]
    assert names.is_unique


def test_rules_by_hand():
    X = pd.DataFrame({"revenue": [100.0] * 8, "cost_to_serve": [10.0] * 4 + [50.0] * 4})
    rules = segment_rules(X, [0] * 4 + [1] * 4)
    assert rules["right"].tolist() == [1.0, 1.0]
    assert rules["rule"].tolist() in (
        ["cost to serve at most 30", "cost to serve over 30"],
        ["cost to serve at most 26.9 % of revenue", "cost to serve over 26.9 % of revenue"],
    )


# messages


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (
            lambda X: X.mask(X.iloc[1, 0] == X),
            ValueError,
            r"net_revenue is missing \(NaN\) for 1 of 50 customers, first \['C00001'\]; fill or drop",
        ),
        (lambda X: X.replace(X.iloc[2, 2], np.inf), ValueError, r"cost_to_serve is infinite \(inf\) for 1 of 50 customers"),
        (
            lambda X: X.assign(freight="1.234,50", commission="12"),
            TypeError,
            r"columns \['freight', 'commission'\] are text, such as '1.234,50'; turn them into numbers before segmenting",
        ),
        (lambda X: X.assign(first_order=pd.Timestamp("2024-01-01")), TypeError, r"columns \['first_order'\] are not numbers"),
        (lambda X: X.to_numpy().astype(str).astype(object) + "?", ValueError, "could not convert string to float"),
        (lambda X: X.assign(freight=1j), TypeError, r"columns \['freight'\] are not numbers"),
        (lambda X: X[[]], ValueError, "X has no columns"),
        (lambda X: X[["net_revenue", "net_revenue"]], ValueError, "appear more than once"),
    ],
)
def test_bad_money_is_refused(base, change, error, match):
    X, profit, _ = base
    with pytest.raises(error, match=match):
        ProfitSegmenter(2).fit(change(X.head(50)), profit.head(50))


def test_bad_choices_are_refused(base):
    X, profit = base[0].head(50), base[1].head(50)
    for segmenter, y, error, match in [
        (ProfitSegmenter(2), None, ValueError, "the profit of the customers is needed"),
        (ProfitSegmenter(2), profit.head(40), ValueError, "profit has no row for 10 of 50 customers, first"),
        (ProfitSegmenter(2), profit.where(profit.index != "C00003"), ValueError, r"profit is missing or infinite for 1 of 50 .*'C00003'"),
        (ProfitSegmenter(2), [1.0, 2.0], ValueError, r"profit has shape \(2,\) for 50 customers"),
        (ProfitSegmenter(51), profit, ValueError, "51 segments asked of 50 customers"),
        (ProfitSegmenter("many"), profit, ValueError, "n_segments is 'many'; give a whole number from 1, or 'auto'"),
        (ProfitSegmenter(True), profit, ValueError, "n_segments is True; give a whole number from 1, or 'auto'"),
        (ProfitSegmenter(2, whales="5%"), profit, TypeError, "whales is '5%'; give a share of the customers as a number"),
        (ProfitSegmenter(2, min_share="a"), profit, TypeError, "min_share is 'a'; give a share"),
        *(
            (ProfitSegmenter(2, sample=sample), profit, error, f"sample is {sample!r}{what}; give a whole number from 2")
            for error, what, samples in ((ValueError, "", (0, -5, 2.5)), (TypeError, ", not a number", ("a", True)))
            for sample in samples
        ),
        (ProfitSegmenter(2, estimator="kmeans"), profit, TypeError, "the estimator is 'kmeans'; pass a clusterer"),
        (ProfitSegmenter(2, estimator=KMeans), profit, TypeError, "the estimator is <class .*; pass a clusterer"),
        (ProfitSegmenter(2, estimator=LinearRegression()), profit, TypeError, r"the estimator is LinearRegression\(\); pass a clusterer"),
        (ProfitSegmenter(2, whales=5), profit, ValueError, "whales is 5"),
        (ProfitSegmenter(2, estimator=DBSCAN()), profit, TypeError, "DBSCAN has neither n_clusters nor n_components"),
    ]:
        with pytest.raises(error, match=match):
            segmenter.fit(X, y)
    twice, again = pd.concat([X, X.head(5)]), pd.concat([profit, profit.head(5)])
    for refused in (
        lambda: ProfitSegmenter(2).fit(twice, again),
        lambda: ProfitSegmenter(2).fit(twice, again.to_numpy()),
        lambda: choose_k(twice),
    ):
        with pytest.raises(
            ValueError, match=r"5 of 50 customers stand in X more than once, first \['C00000', 'C00001', 'C00002'\]; sum their"
        ):
            refused()
    with pytest.raises(ValueError, match="5 of 50 customers stand in profit more than once, first"):
        ProfitSegmenter(2).fit(X, again)
    for text in (profit.astype(str), profit.astype(str).astype(object), profit.astype(str).tolist()):
        with pytest.raises(TypeError, match=r"profit is text, such as '-?[0-9.]+'; turn it into numbers"):
            ProfitSegmenter(2).fit(X, text)
    with pytest.raises(ValueError, match="3 segments asked of 2 different customers"):
        ProfitSegmenter(3).fit(pd.DataFrame({"revenue": [1.0, 1.0, 2.0, 2.0]}), [1.0] * 4)
    with pytest.raises(ValueError, match="there are no customers to segment"):
        ProfitSegmenter().fit(X.head(0), profit.head(0))
    for refused in (lambda: choose_k(X, sample=0), lambda: stability(X, [0] * 50, sample=0)):
        with pytest.raises(ValueError, match="sample is 0; give a whole number from 2"):
            refused()
    for k_max in (0, 2.5):
        with pytest.raises(ValueError, match=f"k_max is {k_max!r}; give a whole number from 1"):
            choose_k(X, k_max=k_max)
    with pytest.raises(TypeError, match="k_max is 'a', not a number; give a whole number from 1"):
        choose_k(X, k_max="a")
    with pytest.raises(TypeError, match="min_share is 'x'; give a share"):
        choose_k(X, min_share="x")
    with pytest.raises(TypeError, match=r"the segments are called .*'a'.*; pass their numbers"):
        stability(X, ["a"] * 50)
    with pytest.raises(ValueError, match="profit is missing or infinite for 1 of 50"):
        segment_profile(X, profit.where(profit.index != "C00003"), [0] * 50)
    with pytest.raises(ValueError, match="there are no customers"):
        choose_k(X.head(0))
    with pytest.raises(ValueError, match="49 labels for 50 customers"):
        stability(X, [0] * 49)
    with pytest.raises(ValueError, match="feature names should match"):
        MoneyScaler().fit(X).transform(X[["net_revenue"]])
    with pytest.raises(ValueError, match="revenue column 'sales' is not among"):
        MoneyScaler(revenue="sales").fit(X)
