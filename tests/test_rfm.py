"""Classes of recency, frequency and money: ties, thresholds, rules and messages."""

from __future__ import annotations

import pickle
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from custprof.segmentation import RFM, RFM_RULES, ProfitSegmenter, rfm_facts
from custprof.segmentation.breaks import natural_breaks, quantile_breaks

HALVES = {
    "loses": {"monetary": 0},
    "never": {"recency": 0, "monetary": (1, 2)},
    "late": {"recency": 1, "monetary": (1, 2)},
    "lately": {"recency": 2, "monetary": (1, 2)},
}


@pytest.fixture
def customers() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frequency = rng.geometric(0.3, 500)
    X = pd.DataFrame(
        {
            "recency": rng.integers(0, 400, 500).astype(float),
            "frequency": frequency,
            "monetary": (frequency * rng.normal(40, 60, 500)).round(2),
        },
        index=[f"c{number}" for number in range(500)],
    )
    X.loc[["c7", "c8"], ["recency", "frequency"]] = [np.nan, 0]
    return X


def test_quantile_classes_by_hand():
    X = pd.DataFrame({"recency": [1, 2, 3, 4, 5], "frequency": [1, 1, 1, 2, 5], "monetary": [10.0, 20.0, 30.0, 40.0, 50.0]})
    rfm = RFM().fit(X)
    assert rfm.thresholds_["frequency"].tolist() == [1, 1, 1, 2]
    assert rfm.transform(X)[:, 0].tolist() == [5, 4, 3, 2, 1]  # the latest is the best
    assert rfm.transform(X)[:, 1].tolist() == [1, 1, 1, 4, 5]  # three in five lie below the fourth
    assert rfm.labels_.tolist() == ["R5 F1 M1", "R4 F1 M2", "R3 F1 M3", "R2 F4 M4", "R1 F5 M5"]


def test_a_thousand_equal_customers_stand_in_one_class():
    X = pd.DataFrame({"recency": 30.0, "frequency": 2, "monetary": 100.0}, index=range(1000))
    for method in ("quantile", "natural"):
        assert len(np.unique(RFM(10, method=method).fit(X).labels_)) == 1


def test_losses_and_customers_who_never_bought_have_classes_of_their_own(customers):
    rfm = RFM(rules=RFM_RULES).fit(customers)
    classes = pd.DataFrame(rfm.transform(customers), index=customers.index, columns=["r", "f", "m"])
    assert ((classes["m"] == 0) == (customers["monetary"] < 0)).all()
    assert classes.index[classes["r"] == 0].tolist() == classes.index[classes["f"] == 0].tolist() == ["c7", "c8"]
    assert (pd.Series(rfm.labels_, index=customers.index)[customers["monetary"] < 0] == "loses money").all()
    earners = customers[customers["monetary"] >= 0]
    assert rfm.thresholds_["monetary"].tolist() == quantile_breaks(earners["monetary"].to_numpy(), 5).tolist()  # losses move no threshold


def test_new_customers_are_judged_by_stored_thresholds(customers):
    rfm = RFM().fit(customers)
    one = pd.DataFrame({"recency": [0.0], "frequency": [1_000], "monetary": [-1.0]})
    assert rfm.predict(one).tolist() == ["R5 F5 M0"]
    assert rfm.predict(customers.iloc[::-1]).tolist() == rfm.labels_[::-1].tolist()


def test_where_nobody_bought_all_are_called_so(customers):
    X = customers.assign(recency=np.nan, frequency=0)
    for method in ("quantile", "natural"):
        rfm = RFM(method=method, rules=RFM_RULES).fit(X)
        assert rfm.labels_.tolist() == np.where(X["monetary"] < 0, "loses money", "never bought").tolist()
        assert rfm.predict(customers.iloc[:1]).tolist() != ["never bought"]


def test_cells_hold_all_customers_and_all_money(customers):
    cells = RFM().fit(customers).cells_
    assert cells["customers"].sum() == len(customers)
    segments = RFM(rules=RFM_RULES).fit(customers).segments_
    assert segments.index.equals(customers.index) and segments.cat.categories.tolist() == list(RFM_RULES)
    assert cells["monetary"].sum() == pytest.approx(customers["monetary"].sum())
    assert cells["losses"].sum() == pytest.approx(customers["monetary"].clip(upper=0).sum())


def test_given_cuts_belong_to_the_lower_side():
    X = pd.DataFrame({"recency": [30.0, 31.0, 400.0], "frequency": [1, 2, 3], "monetary": [0.0, 100.0, 100.01]})
    rfm = RFM(2, cuts={"recency": [30, 90], "monetary": [100]}).fit(X)
    assert rfm.transform(X)[:, [0, 2]].tolist() == [[3, 1], [2, 1], [1, 2]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=4, max_size=12), st.integers(2, 4))
def test_natural_breaks_leave_the_least_spread_of_all_ways_to_cut(amounts, classes):
    values = np.array(amounts, dtype=float)
    different = np.unique(values)
    if len(different) <= classes:
        return
    scaled = np.arcsinh(values / np.quantile(np.abs(values[values != 0]), 0.25))

    def spread(cuts):
        group = np.searchsorted(cuts, values)
        return sum(((scaled[group == g] - scaled[group == g].mean()) ** 2).sum() for g in range(classes) if (group == g).any())

    least = min(spread(different[list(ends)]) for ends in combinations(range(len(different) - 1), classes - 1))
    assert spread(natural_breaks(values, classes)) == pytest.approx(least, abs=1e-6)


def test_natural_breaks_of_very_many_values_come_near_the_exact_ones():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(centre, 0.05 * centre, 5_000) for centre in (100, 1_000, 10_000)])
    cuts = natural_breaks(values, 3)
    assert cuts.tolist() == [values[:5_000].max(), values[5_000:10_000].max()]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["quantile", "natural"]), st.sampled_from([1 / 3, 25.17, 1000.0]))
def test_order_ids_and_currency_change_nothing_and_equals_stay_together(seed, method, rate):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"recency": rng.integers(0, 9, 60).astype(float), "frequency": rng.integers(1, 5, 60), "monetary": rng.normal(5, 20, 60).round()}
    )
    before = X.copy()
    labels = pd.Series(RFM(4, method=method).fit(X).labels_)
    order = rng.permutation(60)
    moved = X.iloc[order].assign(monetary=lambda frame: frame["monetary"] * rate).set_axis([f"x{number}" for number in range(60)])
    assert RFM(4, method=method).fit(moved).labels_.tolist() == labels[order].tolist()
    assert labels.groupby([X[column] for column in X]).nunique().max() == 1
    pd.testing.assert_frame_equal(X, before)


def test_it_is_an_estimator(customers):
    rfm = RFM(3, method="natural", rules=None)
    assert clone(rfm).get_params() == rfm.get_params() == {"classes": 3, "method": "natural", "cuts": None, "rules": None}
    frame = rfm.set_output(transform="pandas").fit_transform(customers)
    assert frame.columns.tolist() == ["recency_class", "frequency_class", "monetary_class"]
    assert frame.index.equals(customers.index)
    assert clone(RFM(rules=RFM_RULES)).fit_predict(customers).tolist() == RFM(rules=RFM_RULES).fit(customers).labels_.tolist()
    piped = make_pipeline(FunctionTransformer(lambda X: X.assign(monetary=X["monetary"] / 2)), RFM())
    assert piped.fit_predict(customers).tolist() == RFM().fit(customers).labels_.tolist()


@pytest.mark.parametrize("rfm", [RFM(rules=RFM_RULES), RFM(3, method="natural"), RFM(cuts={"recency": np.array([30, 90])})], ids=str)
def test_json_gives_back_the_same_classes_and_names(customers, tmp_path, rfm):
    rfm.fit(customers)
    again = RFM.load(rfm.save(tmp_path / "rfm.json"))
    assert (again.predict(customers) == rfm.labels_).all()
    assert (again.transform(customers) == rfm.transform(customers)).all()
    assert again.rules == rfm.rules
    assert "c7" not in (tmp_path / "rfm.json").read_text()
    assert (RFM.load(again.save(tmp_path / "again.json")).predict(customers) == rfm.labels_).all()


def test_json_of_something_else_is_refused(customers, tmp_path):
    path = RFM().fit(customers).save(tmp_path / "rfm.json")
    with pytest.raises(ValueError, match=r"\(format 'custprof rfm 1'\); expected 'custprof segments 1'"):
        ProfitSegmenter.load(path)
    path.write_text(path.read_text().replace('"thresholds"', '"limits"'))
    with pytest.raises(ValueError, match=r"lacks \['thresholds'\]"):
        RFM.load(path)
    path.write_text("no")
    with pytest.raises(ValueError, match="not a segmentation written by custprof: it is not JSON"):
        RFM.load(path)
    with pytest.raises(NotFittedError):
        RFM().save(path)


def test_rules_that_leave_cells_out_are_refused_with_the_cells(customers):
    rules = {name: rule for name, rule in RFM_RULES.items() if name != "need attention"}
    with pytest.raises(
        ValueError, match=r"leave out 5 of 156 cells, first \['R3 F3 M1', 'R3 F3 M2', 'R3 F3 M3'\]; give every cell a segment"
    ):
        RFM(rules=rules).fit(customers)


def test_rules_that_hold_a_cell_twice_are_refused_with_the_segments(customers):
    with pytest.raises(ValueError, match="hold some cells twice: 'best' and 'champions' overlap; give every cell to one segment"):
        RFM(rules=RFM_RULES | {"best": {"recency": 5, "frequency": 5, "monetary": 5}}).fit(customers)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"a": {"recency": (1, 6)}}, r"the rule of 'a' has recency \(1, 6\), but its classes go from 0 to 5"),
        ({"a": {"spend": 1}}, "the rule of 'a' is .* give classes by column"),
        ({"a": 5}, "the rule of 'a' is 5; give classes by column"),
    ],
)
def test_rules_that_say_nothing_possible_are_refused(customers, rules, message):
    with pytest.raises(ValueError, match=message):
        RFM(rules=rules).fit(customers)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recency": -1.0}, r"recency is negative for 500 of 500 customers, first \['c0', 'c1', 'c2'\]; correct or drop them"),
        ({"recency": np.inf}, "recency is infinite"),
        ({"recency": np.nan}, "recency is missing though frequency is not zero for 498 of 500"),
        ({"frequency": -1}, "frequency is missing, infinite or negative"),
        ({"monetary": np.nan}, "monetary is missing or infinite"),
        ({"T": 52.0}, "its recency counts from the first purchase"),
    ],
)
def test_impossible_figures_are_refused(customers, change, message):
    with pytest.raises(ValueError, match=message):
        RFM().fit(customers.assign(**change))


def test_the_wrong_kind_is_refused(customers):
    with pytest.raises(TypeError, match="X is a list; give recency, frequency, monetary by customer"):
        RFM().fit([[1, 2, 3]])
    with pytest.raises(TypeError, match="monetary is text, such as '5'"):
        RFM().fit(customers.assign(monetary="5"))
    with pytest.raises(ValueError, match=r"X lacks monetary; it has recency, frequency.* as rfm_facts does"):
        RFM().fit(customers.drop(columns="monetary"))
    with pytest.raises(ValueError, match="there are no customers to rank"):
        RFM().fit(customers.iloc[:0])
    with pytest.raises(ValueError, match="stand in X more than once"):
        RFM().fit(pd.concat([customers, customers.iloc[:1]]))
    with pytest.raises(ValueError, match="classes is 1 and method 'quantile'"):
        RFM(1).fit(customers)
    with pytest.raises(ValueError, match=r"the cuts of recency are \[90, 30\]; give a list of ascending numbers"):
        RFM(cuts={"recency": [90, 30]}).fit(customers)
    with pytest.raises(ValueError, match=r"cuts name \['spend'\]"):
        RFM(cuts={"spend": [90]}).fit(customers)


def test_facts_of_the_study_become_recency_frequency_and_money():
    facts = pd.DataFrame(
        {
            "last_order": pd.to_datetime(["2024-12-31", "2024-12-01", None, "2024-01-01"]),
            "orders": [4, 1, 0, 9],
            "net_revenue": [9.0, 8.0, -1.0, 5.0],
        },
        index=pd.Index(["a", "b", "c", "(unknown customer)"], name="customer_id"),
    )
    X = rfm_facts(facts, end="2024-12-31", monetary=pd.Series({"c": -2.0, "b": 1.0, "a": 3.0}))
    assert X.index.tolist() == ["a", "b", "c"]
    assert X["monetary"].tolist() == [3.0, 1.0, -2.0]
    assert X["recency"].tolist()[:2] == [0, 30] and np.isnan(X.loc["c", "recency"])
    caused_cost = pd.Series({"z": -7.0, "b": 1.0, "a": 3.0, "c": 0.0, "(unused capacity)": -9.0})
    X = rfm_facts(facts, end="2024-12-31", monetary=caused_cost)
    assert X.index.tolist() == ["a", "b", "c", "z"] and X.index.name == "customer_id"
    assert X.loc["z", ["frequency", "monetary"]].tolist() == [0, -7.0] and np.isnan(X.loc["z", "recency"])
    with pytest.raises(ValueError, match=r"money is missing for 1 of 3 customers, first \['c'\]; give it for each"):
        rfm_facts(facts, end="2024-12-31", monetary=pd.Series({"b": 1.0, "a": 3.0}))
    with pytest.raises(ValueError, match="facts lacks last_order, profit; it has"):
        rfm_facts(facts.drop(columns="last_order"), end="2024-12-31", monetary="profit")


@pytest.mark.parametrize(
    "check",
    [
        "check_clusterer_compute_labels_predict",
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimators_unfitted",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_transformers_unfitted",
        "check_valid_tag_types",
    ],
)
def test_scikit_learns_own_checks_that_pass_no_array(check):
    """The others fit arrays, and an RFM takes frames of recency, frequency and monetary; the test below does as they do, on a frame."""
    getattr(estimator_checks, check)("RFM", RFM())


def test_scikit_learns_other_checks_on_a_frame():
    X = pd.DataFrame({"recency": [2, 2, 90, 200, np.nan], "frequency": [9, 9, 1, 2, 0], "monetary": [500.0, 500.0, 40.0, 60.0, -30.0]})
    before, rfm = X.copy(), RFM(2)
    assert rfm.fit(X) is rfm and rfm.get_params() == RFM(2).get_params()
    pd.testing.assert_frame_equal(X, before)
    again, kept = clone(rfm).fit(X), pickle.loads(pickle.dumps(rfm))
    for other in (again, kept, clone(rfm).fit(X.iloc[::-1])):
        assert (other.predict(X) == rfm.labels_).all() and (other.transform(X) == rfm.transform(X)).all()
    assert (np.concatenate([rfm.predict(X.iloc[[row]]) for row in range(len(X))]) == rfm.labels_).all()
    assert rfm.n_features_in_ == 3 and rfm.set_output(transform="pandas").transform(X).columns.tolist() == list(rfm.get_feature_names_out())
