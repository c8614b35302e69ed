"""What is drawn for segments and campaigns equals the frames."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt
from sklearn.decomposition import PCA

from custprof.acquisition import compare_campaigns, funnel
from custprof.plots import acquisition as campaign_plots
from custprof.plots import segmentation as plots
from custprof.profit import whale_curve
from custprof.segmentation import MoneyScaler, ProfitSegmenter, map_loadings, segment_map, segment_profile


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    revenue = np.repeat([2e3, 5e4, 6e4], 80) * rng.lognormal(0, 0.4, 240)
    X = pd.DataFrame({"net_revenue": revenue, "cost_to_serve": revenue * np.repeat([0.5, 0.1, 0.6], 80) * rng.lognormal(0, 0.2, 240)})
    return X, ProfitSegmenter().fit(X, X["net_revenue"] * 0.3 - X["cost_to_serve"])


def test_choose_k_draws_every_segment_once_and_the_suggestion(fitted):
    table = fitted[1].k_table_
    ax = plots.choose_k(table)
    dots = sorted(float(y) for line in ax.lines[:2] for y in line.get_ydata())
    assert dots == pytest.approx(sorted(table["jaccards"].explode().astype(float)))
    assert ax.lines[2].get_ydata()[1:].tolist() == table["silhouette"].iloc[1:].tolist()
    band = ax.patches[0]
    assert band.get_x() + band.get_width() / 2 == pytest.approx(table["suggested"].idxmax())


def test_profile_writes_the_money(fitted):
    frame = fitted[1].profile_
    ax = plots.profile(frame, currency="EUR")
    texts = [text.get_text() for text in ax.texts]
    assert len(texts) == len(frame) * (frame.shape[1] - 5)
    assert texts[: len(frame)] == [f"{customers}" for customers in frame["customers"]]
    assert ax.get_xlabel() == "money in EUR"
    labels = [label.get_text().replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ") for label in ax.get_xticklabels()]
    assert labels == frame["name"].tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "number of customers",
        "total profit",
        "share of all losses",
        "mean profit",
        "share of customers losing",
        "median net revenue",
        "median cost to serve",
        "median cost to serve of revenue",
    ]


def test_profile_tells_small_rates_apart_says_nothing_of_minus_zero_and_shades_losses_as_losses():
    frame = pd.DataFrame({"name": ["a", "b"], "losing": [0.0, 1.0], "gross_margin_rate": [-0.001, 0.2]})
    ax = plots.profile(frame)
    assert [text.get_text() for text in ax.texts] == ["0 %", "100 %", "-0.1 %", "20 %"]
    assert ax.images[0].get_array().tolist() == [[0, -1], [-0.005, 1]]
    small = plots.profile(pd.DataFrame({"name": ["a", "b", "c"], "discounts_rate": [-0.0002, 0.004, 0.0099]}))
    assert [text.get_text() for text in small.texts] == ["0.0 %", "0.4 %", "1.0 %"]


def test_profile_paints_sizes_and_costs_grey_for_they_are_neither_gain_nor_loss():
    frame = pd.DataFrame({"name": ["a", "b"], "customers": [4, 2], "mean_profit": [3.0, -1.0], "median_cost_to_serve": [9.0, 3.0]})
    judged, sizes = (np.ma.filled(image.get_array(), np.nan) for image in plots.profile(frame).images)
    assert np.isnan(judged).tolist() == [[True, True], [False, False], [True, True]]
    assert np.isnan(sizes).tolist() == [[False, False], [True, True], [False, False]]
    assert not np.nansum([np.nan_to_num(np.ma.filled(image.get_array(), 0.0)) for image in plots.profile(frame.head(1)).images])


def test_no_amount_is_written_beside_the_marks_of_the_segments():
    curve = whale_curve(pd.Series({"a": 500.0, "b": 400.0, "c": 5.0})).assign(segment=["x", "y", "z"])
    assert min(plots.segment_whale(curve).get_yticks()) == 0


def test_profile_says_no_rate_where_the_median_customer_has_no_revenue():
    frame = pd.DataFrame({"name": ["a", "b"], "median_revenue": [50.0, 0.0], "median_cost": [5.0, 9.0], "cost_rate": [0.1, 3.0]})
    ax = plots.profile(frame)
    assert [text.get_text() for text in ax.texts] == ["50", "0", "5", "9", "10 %", ""]
    assert np.isnan(np.ma.filled(ax.images[0].get_array(), np.nan)[-1].tolist()[1])
    assert frame["cost_rate"].tolist() == [0.1, 3.0]


def test_the_names_of_neighbours_stand_apart():
    """Two columns of "medium revenue," ran together."""
    names = [f"medium revenue, loses money, cost to serve {i} % of revenue" for i in range(6)]
    ax = plots.profile(pd.DataFrame({"name": names, "customers": 1}))
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(right.x0 - left.x1 > 8 for left, right in pairwise(boxes))


@pytest.mark.parametrize("count", [1, 3, 8, 11])
def test_profile_is_readable_at_the_width_of_a_page(fitted, count):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.lognormal(8, 1, (110, 5)), columns=["net_revenue", "discounts", "returns", "gross_margin", "cost_to_serve"])
    frame = segment_profile(X, X["gross_margin"] - X["cost_to_serve"], np.arange(110) % count)
    ax = plots.profile(frame)
    ax.figure.canvas.draw()
    width = ax.figure.get_figwidth()
    assert min(text.get_fontsize() for text in [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels()]) * min(1, 9 / width) >= 8
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 + 1 for left, right in pairwise(boxes))
    assert ax.get_tightbbox().x0 >= 0
    assert ax.get_tightbbox().x1 <= ax.figure.bbox.x1


def test_segment_map_draws_every_customer_in_the_order_of_the_segments_and_an_arrow_per_feature(fitted):
    X, segmenter = fitted
    points, loadings = segment_map(X), map_loadings(X)
    _, given = plt.subplots()
    ax = plots.segment_map(points.assign(segment=segmenter.segments_), loadings, ax=given)
    assert ax is given
    names = [line.get_label() for line in ax.lines[: segmenter.n_segments_]]
    assert names == segmenter.profile_["name"].tolist()
    for segment, line in enumerate(ax.lines[: segmenter.n_segments_]):
        assert sorted(line.get_xdata()) == sorted(points.loc[segmenter.labels_ == segment, "across"])
    assert [text.get_text() for text in ax.texts if text.get_text()] == [name.replace("_", " ") for name in loadings.index]
    arrows = [text.xy for text in ax.texts if not text.get_text()]
    assert np.allclose(np.array(arrows) / arrows[0][0], loadings.to_numpy() / loadings.iloc[0, 0])
    shares = [f"({100 * share:.0f} % of all differences)" for share in loadings.attrs["shares"]]
    assert shares[0] in ax.get_xlabel()
    assert shares[1] in ax.get_ylabel()


def test_an_arrow_that_points_beyond_the_customers_is_drawn_within_the_axes():
    """Most customers high above and one far below: the arrow is as long as the longest, and points up."""
    points = pd.DataFrame({"across": [-3.0, 3.0, 0.0], "up": [0.5, 0.5, -3.0], "segment": 0})
    ax = plots.segment_map(points, pd.DataFrame({"across": [0.0], "up": [1.0]}, index=["revenue"]))
    tip = next(text.xy for text in ax.texts if not text.get_text())
    label = next(text for text in ax.texts if text.get_text())
    assert ax.get_ylim()[0] < tip[1] < ax.get_ylim()[1]
    assert label.get_position()[1] < ax.get_ylim()[1]


def test_a_map_of_one_figure_has_one_axis():
    X = pd.DataFrame({"revenue": [1.0, 5.0, 900.0]})
    ax = plots.segment_map(segment_map(X).assign(segment=0), map_loadings(X))
    assert ax.get_ylabel() == "no second axis: customers differ in one figure only"
    assert not len(ax.get_yticks())


def test_the_map_turns_the_features_and_loses_nothing(fitted):
    X = fitted[0]
    features = MoneyScaler().fit_transform(X)
    named = X.rename(columns={MoneyScaler().fit(X).revenue_: "sales"})
    assert segment_map(named, revenue="sales").equals(segment_map(X))
    assert (map_loadings(named, revenue="sales").to_numpy() == map_loadings(X).to_numpy()).all()
    loadings = map_loadings(X)
    assert segment_map(X).to_numpy() == pytest.approx((features - features.mean(axis=0)) @ loadings.to_numpy())
    assert loadings.attrs["shares"] == pytest.approx(np.sort(PCA().fit(features).explained_variance_ratio_)[::-1][:2])


def test_many_customers_are_thinned_on_the_map():
    points = pd.DataFrame({"across": np.arange(12_000.0), "up": 1.0, "segment": 0})
    ax = plots.segment_map(points, pd.DataFrame({"across": [1.0], "up": [0.0]}, index=["revenue"]))
    assert len(ax.lines[0].get_xdata()) == 4000


def test_segment_whale_draws_the_curve_and_where_each_segment_stands(fitted):
    X, segmenter = fitted
    curve = whale_curve(X["net_revenue"] * 0.3 - X["cost_to_serve"])
    curve = curve.assign(segment=segmenter.segments_.reindex(curve.index))
    ax = plots.segment_whale(curve, currency="EUR")
    assert ax.lines[0].get_ydata()[1:].tolist() == curve["cumulative_profit"].tolist()
    rows = ax.lines[2 : 2 + segmenter.n_segments_]
    assert [line.get_label() for line in rows] == segmenter.profile_["name"].tolist()
    for line in rows:
        assert list(line.get_xdata()) == curve.loc[curve["segment"] == line.get_label(), "customer_share"].tolist()
    assert ax.get_ylabel() == "cumulative profit (EUR)"


def test_compare_campaigns_draws_costs_profits_and_verdicts():
    campaigns = pd.DataFrame({"campaign_id": ["a", "b", "c"], "channel": "x", "spend": [100.0, 9000.0, 50.0]})
    customers = pd.DataFrame({"customer_id": range(20), "campaign_id": ["a", "b"] * 10})
    frame = compare_campaigns(campaigns, customers, profit=pd.Series(np.arange(20) + 50.0))
    ax = campaign_plots.compare_campaigns(frame, currency="EUR")
    assert ax.lines[0].get_xdata()[:2].tolist() == [10, 900]
    drawn = {line.get_label(): list(line.get_xdata()) for line in ax.lines}
    assert drawn["profit: covered"] == [frame.loc["a", "profit_per_customer"]]
    assert drawn["profit: not covered"] == [frame.loc["b", "profit_per_customer"]]
    assert [text.get_text() for text in ax.texts] == ["nobody won"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a (10 won)", "b (10 won)", "c (0 won)"]


def test_funnel_draws_the_conversion():
    created = pd.to_datetime(["2024-01-01"] * 6)
    won = pd.to_datetime(["2024-01-02", None, None, "2024-01-02", "2024-01-02", None])
    frame = funnel(pd.DataFrame({"created_on": created, "won_on": won, "channel": ["w", "w", "w", "f", "f", "w"]}), by="channel")
    ax = campaign_plots.funnel(frame)
    assert [bar.get_width() for bar in ax.patches] == frame["conversion"].tolist()
    assert [text.get_text() for text in ax.texts] == ["1 of 4", "2 of 2"]
