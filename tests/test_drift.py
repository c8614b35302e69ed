"""Drift: classes and intervals, effects that add up to the cent, and a warning that is tested out of time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from custprof import plots, profit
from custprof.profit.products import NOT_SPLIT, RETURNED
from custprof.profit.shares import wilson

quick = settings(max_examples=25, deadline=None)
EFFECTS = ["volume", "mix", "price", "discounts", "unit_cost"]


def by_period(rows, **columns):
    return pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(rows, names=["customer_id", "period"]), dtype=float)


def effects_of(frame):
    return frame.loc[:, "profit_before":"profit_after"].iloc[:, 1:-1]


# what happened to whom


def test_every_customer_has_one_state():
    rows = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "1"), ("c", "2"), ("d", "1"), ("d", "2"), ("e", "1"), ("f", "2")]
    pnl = by_period(rows, profit=[5, -1, -1, 5, -1, -2, 5, 0, 3, 3])
    states = profit.drift(pnl)["state"].droplevel("period")
    assert states.to_dict() == {
        "a": "turned unprofitable",
        "b": "turned profitable",
        "c": "stayed unprofitable",
        "d": "lost",  # a row of zeros is absence
        "e": "lost",
        "f": "new",
    }
    assert set(states) < set(profit.STATES)


def test_the_neutral_band_is_not_unprofitable():
    pnl = by_period([("a", "1"), ("a", "2"), ("a", "3")], profit=[9, -1, -9])
    assert profit.drift(pnl, neutral=2)["state"].tolist() == ["stayed profitable", "turned unprofitable"]


def test_who_comes_back_after_a_missing_period_is_new_and_was_lost():
    pnl = by_period([("a", "1"), ("a", "3"), ("b", "2")], profit=[9, 4, 1])
    moves = profit.drift(pnl)
    assert moves["state"].to_dict() == {("a", "2"): "lost", ("a", "3"): "new", ("b", "2"): "new", ("b", "3"): "lost"}


def test_the_interval_of_a_share_is_that_of_wilson_1927():
    """8 of 20: 0.219 to 0.613 (Agresti, A. and Coull, B. A. (1998) give the formula; the ends solve the score equation)."""
    low, high = wilson(8, 20)
    for end in (low, high):
        assert abs(0.4 - end) == pytest.approx(1.959963984540054 * np.sqrt(end * (1 - end) / 20))
    table = profit.transitions(by_period([("a", "1"), ("a", "2")], profit=[1, 1]))
    assert table.loc[("profit", "profit"), ["share", "high"]].tolist() == [1.0, 1.0]
    assert table.loc["loss"][["low", "high"]].isna().all(axis=None)
    known = table.dropna()
    assert ((known["low"] <= known["share"]) & (known["share"] <= known["high"])).all()


# why the profit changed


def test_volume_mix_price_discount_and_cost_by_hand():
    """Before 10 x at list 10 and 10 y at list 20, cost 6 and 10, no discount: value 300, margin 140. After 20 x and 5 y."""
    index = pd.MultiIndex.from_tuples([("a", "1", "x"), ("a", "1", "y"), ("a", "2", "x"), ("a", "2", "y")])
    sold = pd.DataFrame(
        {
            "quantity": [10.0, 10, 20, 5],
            "list_amount": [100.0, 200, 220, 100],  # x at 11 now
            "revenue": [100.0, 200, 220, 90],  # 2 off each y
            "cost_of_goods": [60.0, 100, 120, 55],  # y costs 11 now
        },
        index=index.set_names(["customer_id", "period", "product_id"]),
    )
    pnl = by_period([("a", "1"), ("a", "2")], net_revenue=[300, 310], cost_of_goods=[160, 175], freight=[10, 14], cost_to_serve=[20, 50])
    pnl["profit"] = pnl["net_revenue"] - pnl["cost_of_goods"] - pnl["freight"] - pnl["cost_to_serve"]
    found = profit.drift_effects(pnl, products=sold).iloc[0]
    # at old prices today's basket is 200 + 100 = 300: no volume; its margin 20 x 4 + 5 x 10 = 130
    assert found[EFFECTS].tolist() == [0.0, -10.0, 20.0, -10.0, -5.0]
    assert found[["returns", "unsplit", "freight", "cost_to_serve"]].tolist() == [0.0, 0.0, -4.0, -30.0]
    assert found["profit_after"] - found["profit_before"] == -39.0


def test_without_products_price_and_mix_are_one_effect_and_say_so():
    pnl = by_period(
        [("a", "1"), ("a", "2")],
        list_revenue=[100, 150],
        discounts=[10, 30],
        returns=[0, 5],
        net_revenue=[90, 115],
        cost_of_goods=[50, 80],
    )
    pnl["profit"] = pnl["net_revenue"] - pnl["cost_of_goods"]
    found = profit.drift_effects(pnl)
    # margin 40 on 100 of list; 50 more list: 20; discounts 10 % -> 20 %: -15; goods 50 % -> 53.3 %: -5; 5 given back
    assert effects_of(found).iloc[0].to_dict() == {"new": 0, "lost": 0, "volume": 20, "discounts": -15, "price_and_mix": -5, "returns": -5}
    only_revenue = profit.drift_effects(pnl[["net_revenue"]].assign(profit=pnl["net_revenue"]))
    assert effects_of(only_revenue).iloc[0].to_dict() == {"new": 0, "lost": 0, "volume": 25}


def test_a_product_not_bought_before_is_volume_and_mix_and_never_price():
    index = pd.MultiIndex.from_tuples([("a", "1", "x"), ("a", "2", "y")], names=["customer_id", "period", "product_id"])
    sold = pd.DataFrame({"quantity": [10.0, 1.0], "revenue": [100.0, 300.0], "cost_of_goods": [50.0, 200.0]}, index=index)
    pnl = by_period([("a", "1"), ("a", "2")], net_revenue=[100, 300], cost_of_goods=[50, 200], profit=[50, 100])
    found = profit.drift_effects(pnl, products=sold).iloc[0]
    assert found[["volume", "mix", "price", "unit_cost"]].tolist() == [100.0, -50.0, 0.0, 0.0]


def test_new_and_lost_customers_are_effects_of_their_own():
    pnl = by_period([("a", "1"), ("b", "2")], net_revenue=[7, 9], profit=[7, 9])
    found = effects_of(profit.drift_effects(pnl))
    assert found.loc[("a", "2")].to_dict() == {"new": 0, "lost": -7, "volume": 0}
    assert found.loc[("b", "2")].to_dict() == {"new": 9, "lost": 0, "volume": 0}


def test_work_and_rates_part_the_cost_to_serve():
    pnl = by_period([("a", "1"), ("a", "2")], net_revenue=[50, 50], call=[10, 18], visit=[4, 4], cost_to_serve=[14, 22], profit=[36, 28])
    rates = pd.DataFrame({"period": ["1", "2"], "activity": "call", "rate": [1.0, 1.2]})  # visits have no rate
    found = profit.drift_effects(pnl, rates=rates).iloc[0]
    assert found["work"] == -5.0 and found["rates"] == -3.0  # 15 calls instead of 10 at 1.0; 0.2 more for each of 15


def test_effect_steps_lead_from_before_to_after():
    pnl = by_period([("a", "1"), ("a", "2"), ("b", "2")], net_revenue=[5, 9, 3], profit=[5, 9, 3])
    steps = profit.effect_steps(profit.drift_effects(pnl)).set_index("step")["amount"]
    assert steps.to_dict() == {"profit_before": 5.0, "new": 3.0, "volume": 4.0, "profit_after": 12.0}


@st.composite
def sales(draw):
    """Lines of a few customers and products over three periods, with returns, lines without product, and gaps."""
    cents = st.integers(0, 10**7)
    count = draw(st.integers(2, 25))
    lines = pd.DataFrame(
        {
            "customer_id": [draw(st.sampled_from("abc")) for _ in range(count)],
            "product_id": [draw(st.sampled_from(["x", "y", "z", None])) for _ in range(count)],
            "date": pd.to_datetime([f"{draw(st.sampled_from([2022, 2023, 2024]))}-06-01" for _ in range(count)]),
            "quantity": [draw(st.integers(-5, 50)) for _ in range(count)],
            "list_amount": [draw(cents) / 100 for _ in range(count)],
            "cost_of_goods": [draw(cents) / 100 for _ in range(count)],
            "order_id": [str(place) for place in range(count)],
        }
    )
    lines["revenue"] = (lines["list_amount"] * draw(st.sampled_from([1.0, 0.9, 0.35]))).round(2)
    back = lines["quantity"] < -2
    for name in ("list_amount", "revenue", "cost_of_goods"):
        lines[name] = lines[name].where(~back, -lines[name])
    return pd.concat([lines, lines.head(1).assign(date=pd.Timestamp("2022-06-01")), lines.head(1).assign(date=pd.Timestamp("2023-06-01"))])


@quick
@given(sales(), st.booleans(), st.lists(st.integers(0, 10**6), min_size=9, max_size=9))
def test_the_effects_of_every_customer_add_up_to_the_cent(lines, with_products, work):
    from custprof.study.facts import customer_facts

    facts = customer_facts(lines, by="period")
    every = pd.MultiIndex.from_product([list("abc"), ["2022", "2023", "2024"]], names=["customer_id", "period"])
    pnl = profit.customer_pnl(facts, pd.DataFrame({"call": np.array(work) / 100, "visit": 1.25}, index=every))
    products = profit.product_sales(lines) if with_products else None
    rates = pd.DataFrame({"period": ["2022", "2023", "2024"], "activity": "call", "rate": [0.5, 0.61, 0.4]})
    found = profit.drift_effects(pnl, products=products, rates=rates)
    change = ((found["profit_after"] - found["profit_before"]) * 100).round()
    assert ((effects_of(found) * 100).round().sum(axis=1) == change).all()
    shuffled = profit.drift_effects(pnl.sample(frac=1, random_state=1), products=products, rates=rates)
    pd.testing.assert_frame_equal(found, shuffled)


@quick
@given(sales())
def test_the_unit_in_which_a_product_is_counted_does_not_matter(lines):
    from custprof.study.facts import customer_facts

    pnl = profit.customer_pnl(customer_facts(lines, by="period"))
    products = profit.product_sales(lines)
    dozens = products.assign(quantity=products["quantity"] / np.where(products.index.get_level_values(2) == "x", 12, 1))
    one, other = (effects_of(profit.drift_effects(pnl, products=table)) for table in (products, dozens))
    np.testing.assert_allclose(one, other, atol=0.021)  # a cent of rounding may move


def test_product_sales_keep_every_cent_and_name_what_is_no_product():
    lines = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", None],
            "product_id": ["x", None, "x", "x", "y"],
            "quantity": [2, 1, -1, None, 3],
            "revenue": [20.0, 5.0, -9.0, 4.0, 7.0],
            "date": pd.Timestamp("2024-05-01"),
        }
    )
    found = profit.product_sales(lines)["revenue"]
    assert found["a", "2024"].to_dict() == {NOT_SPLIT: 9.0, RETURNED: -9.0, "x": 20.0}
    assert found.sum() == lines["revenue"].sum()
    assert ("(unknown customer)", "2024", "y") in found.index
    with pytest.raises(ValueError, match="transactions lack quantity; without them price and mix cannot be told apart"):
        profit.product_sales(lines.drop(columns="quantity"))


def test_effects_say_what_is_wrong():
    pnl = by_period([("a", "1"), ("a", "2")], net_revenue=[50, 60], profit=[50, 55])
    with pytest.raises(ValueError, match="profit is not net revenue less the known costs for 1 of 1 changes"):
        profit.drift_effects(pnl)
    with pytest.raises(ValueError, match="lacks net_revenue"):
        profit.drift_effects(pnl[["profit"]])
    with pytest.raises(ValueError, match="holds 1 period"):
        profit.drift_effects(pnl.iloc[:1])
    index = pd.MultiIndex.from_tuples([("a", "1", "x")], names=["customer_id", "period", "product_id"])
    other = pd.DataFrame({"quantity": [1.0], "revenue": [50.0]}, index=index)
    with pytest.raises(ValueError, match=r"products differ from pnl_by_period in net_revenue for 1 of 2 rows, first \[\('a', '2'\)\]"):
        profit.drift_effects(pnl, products=other)
    with pytest.raises(ValueError, match="products are not by customer_id, period and product_id"):
        profit.drift_effects(pnl, products=pnl)


# who will turn


@pytest.fixture(scope="module")
def thinning():
    """Customers whose usual profit differs: the chance of a loss is known for each. 800 of them, four years."""
    rng = np.random.default_rng(3)
    ids = [f"c{place:03d}" for place in range(800)]
    usual = rng.uniform(0, 100, 800)
    rows = pd.MultiIndex.from_product([ids, ["2021", "2022", "2023", "2024"]], names=["customer_id", "period"])
    profits = (np.repeat(usual, 4) + 30 * rng.standard_normal(3200)).round(2)
    return pd.DataFrame({"profit": profits}, index=rows)


def test_the_probability_is_calibrated_and_beats_the_rules_of_thumb(thinning):
    seen = profit.backtest_warning(thinning)
    scores = profit.warning_scores(seen)
    rules = scores.drop(index="early warning")
    assert scores.loc["early warning", "brier"] < rules["brier"].min()
    assert scores.loc["early warning", "auc"] > rules["auc"].max()
    table = profit.warning_calibration(seen, bins=4)
    assert ((table["low"] <= table["expected"]) & (table["expected"] <= table["high"])).sum() >= 3
    assert table["customers"].sum() == len(seen) == (thinning["profit"].xs("2023", level="period") > 0).sum()


def test_the_test_is_out_of_time(thinning):
    """What happened in the last period must not reach the probabilities that were tested on it."""
    last = thinning.index.get_level_values("period") == "2024"
    other = thinning.assign(profit=thinning["profit"].where(~last, -thinning["profit"]))
    assert profit.backtest_warning(thinning)["probability"].equals(profit.backtest_warning(other)["probability"])
    assert not profit.backtest_warning(thinning)["turned"].equals(profit.backtest_warning(other)["turned"])


def test_warnings_do_not_depend_on_order_or_currency_and_mutate_nothing(thinning):
    kept = thinning.copy(deep=True)
    found = profit.early_warning(thinning)
    pd.testing.assert_frame_equal(found, profit.early_warning(thinning.sample(frac=1, random_state=0)))
    yen = profit.early_warning(thinning * 150)
    np.testing.assert_allclose(found["probability"], yen["probability"].reindex(found.index), atol=1e-6)
    pd.testing.assert_frame_equal(thinning, kept)
    assert found["probability"].is_monotonic_decreasing and found["probability"].between(0, 1).all()
    assert (found["at_stake"] - found["probability"] * found["profit"]).abs().max() < 0.006


def test_the_reason_names_only_what_raises_the_risk(thinning):
    found = profit.early_warning(thinning)
    thin = found["profit"] < found["profit"].median()
    assert found.loc[thin, "reason"].iloc[0].startswith("a profit of only ")
    assert set(found.loc[~thin, "reason"]) == {"nothing stands out"}


def test_a_customer_who_leaves_does_not_turn(thinning):
    left = thinning.drop(index=[(f"c{place:03d}", "2024") for place in range(100)])
    assert not profit.backtest_warning(left)["turned"].reindex([f"c{place:03d}" for place in range(100)]).any()


def test_no_warning_where_there_is_too_little_to_learn_from(thinning):
    two = thinning[thinning.index.get_level_values("period") < "2023"]
    assert profit.warning_obstacle(two).endswith("needs three periods; there are 2.")
    assert "only 0 turned unprofitable or did not" in profit.warning_obstacle(thinning.abs() + 1)
    assert "only 0 turned" in profit.warning_obstacle(-thinning.abs() - 1)  # everybody loses: nobody is left to turn
    assert "only 0 turned" in profit.warning_obstacle(thinning.loc[["c001"]].abs())
    assert profit.warning_obstacle(thinning) == ""
    last = thinning.index.get_level_values("period") == "2024"
    assert "none turned unprofitable: there is nothing to test on" in profit.warning_obstacle(
        thinning.assign(profit=thinning["profit"].mask(last, 50.0))
    )
    with pytest.raises(ValueError, match="needs three periods"):
        profit.early_warning(two)
    with pytest.raises(ValueError, match="not by customer_id and period"):
        profit.warning_obstacle(thinning.droplevel("period"))
    with pytest.raises(ValueError, match="lacks profit"):
        profit.warning_obstacle(thinning.rename(columns={"profit": "gain"}))


def test_on_the_demo_the_drifters_of_the_truth_are_found_and_the_warning_holds():
    """The simulation makes drifters buy less and ask for more: that is what their effects must say."""
    from custprof import costing, datasets

    study = datasets.load_demo()
    allocation = costing.allocate_study(study)
    pnl = profit.customer_pnl(study.customer_facts(by="period"), allocation)
    kind = datasets.load_truth()["customers"].set_index("customer_id")["type"]
    found = profit.drift_effects(pnl, products=profit.product_sales(study.table("transactions")), rates=allocation.rates())
    drifter = found.index.get_level_values(0).map(kind) == "drifter"
    steps = effects_of(found[drifter]).sum().sort_values()
    assert steps.index[:2].tolist() == ["volume", "work"]
    turned = found["state"] == "turned unprofitable"
    assert turned[drifter].mean() > 2 * turned[~drifter].mean()
    scores = profit.warning_scores(profit.backtest_warning(pnl))
    assert scores["brier"].idxmin() == "early warning" and scores["auc"].idxmax() == "early warning"


# figures


def test_effect_bars_are_the_frame_and_the_mark_is_their_sum():
    frame = pd.DataFrame(
        {"profit_before": [30.0, 5.0], "volume": [8.0, -3.0], "work": [-20.0, 0.0], "freight": [1.0, 2.0], "profit_after": [19.0, 4.0]},
        index=pd.MultiIndex.from_tuples([("a", "2"), ("b", "2")]),
    )
    ax = plots.drift_effects(frame, currency="EUR")
    drawn = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    assert drawn == {"volume": [8.0, -3.0], "work": [-20.0, 0.0], "all others": [1.0, 2.0]}
    assert ax.collections[0].get_offsets()[:, 0].tolist() == [-11.0, -1.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_xlabel() == "effect on profit (EUR)"


def test_warning_figures_are_their_frames(thinning):
    found = profit.early_warning(thinning)
    ax = plots.early_warning(found, top=3)
    assert [bar.get_width() for bar in ax.patches] == found["probability"].head(3).tolist()
    table = profit.warning_calibration(profit.backtest_warning(thinning))
    points = plots.warning_calibration(table).containers[0].lines[0]
    np.testing.assert_allclose(points.get_xydata(), table[["expected", "turned"]])
    plt.close("all")


def test_figures_stand_when_there_is_nothing_to_draw():
    pnl = by_period([("a", "1"), ("a", "2")], net_revenue=[5, 5], profit=[5, 5])
    assert plots.drift_effects(profit.drift_effects(pnl)).get_xlim()[1] > 0
    assert plots.drift_effects(profit.drift_effects(pnl).iloc[:0]).get_ylim()[1] < 0
    nobody = pd.DataFrame({"probability": [], "profit": [], "reason": []})
    assert not plots.early_warning(nobody).patches
    plt.close("all")
