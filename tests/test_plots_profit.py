"""The figures of profit and decisions draw what the frames say, on their own Axes only."""

import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from custprof import decisions, plots, profit
from custprof.plots.ink import ink_on
from custprof.plots.money import GAIN, LOSS


@pytest.fixture
def company():
    """A heavy-tailed company of 300 customers with residual rows."""
    rng = np.random.default_rng(3)
    ids = pd.Index([f"c{place:03d}" for place in range(300)], name="customer_id")
    revenue = rng.lognormal(8, 1.8, 300).round(2)
    facts = pd.DataFrame({"net_revenue": revenue, "cost_of_goods": (revenue * rng.normal(0.7, 0.2, 300)).round(2)}, index=ids)
    costs = pd.DataFrame({name: rng.lognormal(5, 1.2, 300).round(2) for name in ("pick", "visit")}, index=ids)
    costs.loc["(unused capacity)"] = [50000.0, 0.0]
    pnl = profit.customer_pnl(facts, costs)
    pnl["avoidable_cost"] = (pnl["cost_to_serve"] / 2).round(2)
    return pnl.assign(avoidable_profit=pnl["contribution"] - pnl["avoidable_cost"])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def overlaps(ax):
    """Pairs of texts on the Axes that cover each other, and texts that leave it."""
    ax.figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts if text.get_text()]
    pairs = [(one, other) for place, (one, box) in enumerate(boxes) for other, more in boxes[place + 1 :] if box.overlaps(more)]
    frame = ax.get_window_extent()
    outside = [text for text, box in boxes if box.x0 < frame.x0 - 1 or box.x1 > frame.x1 + 1]
    return pairs, outside


def test_money_axis_writes_short_money_and_the_currency_once():
    _, ax = plt.subplots()
    ax.set_ylabel("profit")
    assert plots.money_axis(plots.money_axis(ax, currency="EUR"), currency="EUR").get_ylabel() == "profit (EUR)"
    assert plots.money_axis(ax, "x", currency="CZK").get_xlabel() == "CZK"
    ticks = [ax.yaxis.get_major_formatter()(amount) for amount in (-20_000, 0, 0.25, 350_000, 950_000, 1_000_000, 1_250_000, 2.5e9)]
    assert ticks == ["-20 k", "0", "0.25", "350 k", "950 k", "1 M", "1.25 M", "2.5 bn"]
    with pytest.raises(ValueError, match="which is 'z'; choose 'x' or 'y'"):
        plots.money_axis(ax, "z")


def test_whale_draws_the_curve_from_zero_in_money(company):
    curve = profit.whale_curve(profit.customers_only(company)["profit"])
    ax = plots.whale_curve(curve, currency="EUR", mark=["c000", "c007"], benchmark="Kanthal: 225 %")
    drawn = np.concatenate([line.get_ydata() for line in ax.lines[:2]])
    peak = int(np.concatenate([[0], curve["cumulative_profit"]]).argmax())
    np.testing.assert_array_equal(np.delete(drawn, peak), [0, *curve["cumulative_profit"]])
    assert sorted(ax.lines[-1].get_ydata()) == sorted(curve.loc[["c000", "c007"], "cumulative_profit"])
    assert ax.get_ylabel() == "cumulative profit (EUR)" and ax.texts[-1].get_text() == "Kanthal: 225 %"
    assert overlaps(ax) == ([], [])


def test_whale_of_a_losing_company_speaks_of_money_only():
    texts = plots.whale_curve(profit.whale_curve(pd.Series({"a": 5.0, "b": -9.0}))).texts
    said = "the total is not positive: shares of it would say nothing"
    assert [text.get_text() for text in texts] == ["peak 5 at 50 % of customers", "total -4", said]
    assert overlaps(texts[0].axes) == ([], [])


def test_whale_draws_its_band_and_names_what_is_marked(company):
    customers = profit.customers_only(company)
    band = profit.whale_band(customers["profit"])
    ax = plots.whale_curve(profit.whale_curve(customers["profit"]), band=band, mark=customers["net_revenue"].nlargest(3))
    drawn = ax.collections[0].get_paths()[0].vertices
    assert drawn[:, 1].min() == min(band["low"].min(), 0) and drawn[:, 1].max() == band["high"].max()
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["if other customers of the same kind had come", "the 3 customers with the most net revenue"]


@pytest.mark.parametrize("values", [{"a": 5.0}, {"a": -5.0, "b": -1.0}, {"a": 0.0}])
def test_whale_draws_edges(values):
    assert plots.whale_curve(profit.whale_curve(pd.Series(values))).lines


def test_ladder_bars_are_the_frame(company):
    steps = profit.ladder(company)
    ax = plots.ladder(steps, currency="EUR")
    frame = steps[steps["kind"] != "unknown"]
    assert [bar.get_width() for bar in ax.patches] == frame["amount"].tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == [step.replace("_", " ") for step in frame["step"]]
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ends[-2] == pytest.approx(frame["amount"].iloc[-1])
    assert overlaps(ax) == ([], [])


def test_price_waterfall_writes_amount_and_share():
    frame = profit.price_waterfall(
        pd.DataFrame(
            {"list_revenue": [7e6], "discounts": 1e6, "invoice_revenue": 6e6, "net_revenue": 6e6, "freight": 20000.0, "cost_of_goods": 4e6}
        )
    )
    ax = plots.price_waterfall(frame, currency="EUR")
    words = [
        "7 M  (100 %)",
        "-1 M  (-14 %)",
        "6 M  (86 %)",
        "6 M  (86 %)",
        "-20 k  (-0.3 %)",
        "5.98 M  (85 %)",
        "-4 M  (-57 %)",
        "1.98 M  (28 %)",
    ]
    assert [text.get_text() for text in ax.texts] == words
    assert overlaps(ax) == ([], [])


def test_quadrant_draws_every_customer_by_rates_and_names_the_cells(company):
    frame = profit.quadrant(company)
    ax = plots.quadrant(frame, currency="EUR")
    rates = frame[["cost_rate", "margin_rate"]].to_numpy()
    points = np.concatenate([dots.get_offsets() for dots in ax.collections])
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    expected = np.clip(rates, [left, low], [right, high])
    np.testing.assert_allclose(points[np.lexsort(points.T)], expected[np.lexsort(expected.T)])
    filled, hollow = ax.collections[0], ax.collections[1]
    assert len(filled.get_facecolors()) and not len(hollow.get_facecolors())
    assert len(filled.get_offsets()) + len(hollow.get_offsets()) == (frame["profit"] >= 0).sum()
    sizes = filled.get_sizes()
    assert (np.diff(sizes) <= 0).all() and sizes.max() <= 500  # the biggest lie below the smaller
    line = ax.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert [ax.lines[2].get_ydata()[0], ax.lines[3].get_xdata()[0]] == frame[["usual_margin_rate", "usual_cost_rate"]].iloc[0].tolist()
    cells = {text.get_text().split("\n")[0]: text.get_text().split("\n")[1] for text in ax.texts}
    passive = frame[frame["cell"] == "passive"]
    assert cells["passive"] == f"{len(passive)} customers, {plots.money_text(passive['profit'].sum())} EUR"
    assert set(cells) == set(frame["cell"]) and overlaps(ax) == ([], [])
    assert ax.get_xlabel() == "cost to serve, share of net revenue"


def test_quadrant_without_revenue_says_so():
    pnl = pd.DataFrame({"net_revenue": [0.0], "cost_to_serve": [3.0], "profit": [-3.0]}, index=["a"])
    with pytest.raises(ValueError, match="no customer has positive net revenue; there are no rates to draw"):
        plots.quadrant(profit.quadrant(pnl))


def test_transitions_write_customers_shares_and_money():
    rows = pd.MultiIndex.from_tuples([("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "2")], names=["customer_id", "period"])
    table = profit.transitions(pd.DataFrame({"profit": [5e6, -2e6, 100.0, 200.0, -350e3]}, index=rows))
    ax = plots.transitions(table, currency="EUR")
    assert [text.get_text() for text in ax.texts] == ["1 (50 %)\n9-91 %\n+100", "1 (50 %)\n9-91 %\n-7 M", "1 (100 %)\n21-100 %\n-350 k"]
    image = ax.images[0].get_array()
    assert image.filled(-1).tolist() == [[0.5, 0.5], [-1, 1.0]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["profit", "loss"]  # nobody was neutral or lost
    assert [label.get_text() for label in ax.get_yticklabels()] == ["profit", "new"]
    assert overlaps(ax) == ([], [])


def test_marked_customers_are_named_and_those_close_together_share_a_list(company):
    curve = profit.whale_curve(profit.customers_only(company)["profit"])
    ends = [*curve.index[:4], *curve.index[-2:]]
    ax = plots.whale_curve(curve, currency="EUR", mark=ends)
    assert [text.get_text() for text in ax.texts[:2]] == [", ".join(ends[:3]) + "\n" + ends[3], ", ".join(ends[4:])]
    assert overlaps(ax)[0] == []
    assert len(plots.whale_curve(curve, mark=curve.index[:13]).texts) == len(ax.texts) - 2  # too many to name


def test_no_label_of_a_waterfall_stands_on_the_line_of_zero():
    frame = pd.DataFrame({"step": ["a", "b", "c"], "amount": [-150e3, 148e3, -40.0], "kind": ["total", "step", "step"]})
    ax = plots.waterfall(frame)
    ax.figure.canvas.draw()
    zero = ax.transData.transform((0, 0))[0]
    assert not any(text.get_window_extent().x0 <= zero <= text.get_window_extent().x1 for text in ax.texts)


def test_labels_say_what_the_money_is_and_one_customer_is_one(company):
    rows = pd.MultiIndex.from_tuples([("a", "1"), ("a", "2")], names=["customer_id", "period"])
    moves = profit.transitions(pd.DataFrame({"profit": [1.0, -1.0]}, index=rows))
    assert plots.transitions(moves, currency="GBP", what="net revenue").get_xlabel().endswith("and change of net revenue (GBP)")
    assert plots.recommendations(decisions.recommend(company), what="gross margin").get_xlabel() == "gross margin of the customers"
    lost = pd.DataFrame({"profit": [-9.0], "verdict": ["loss, avoidable cost not known"]})
    assert plots.verify_losses(lost, what="net revenue").get_xlabel() == "negative net revenue of customers"
    one = plots.quadrant(profit.quadrant(company.loc[["c001", "c002"]]))
    assert all("1 customers" not in words for words in [text.get_text() for text in (*one.texts, *one.get_legend().get_texts())])


def test_the_legend_of_the_calibration_stands_below_its_points():
    frame = pd.DataFrame({"customers": [50, 50], "expected": [0.02, 0.04], "turned": [0.03, 0.09], "low": [0.0, 0.03], "high": [0.1, 0.2]})
    ax = plots.warning_calibration(frame)
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().y1 < ax.get_window_extent().y0


def test_recommendations_draw_money_and_count(company):
    advice = decisions.recommend(company)
    ax = plots.recommendations(advice, currency="EUR")
    money = advice.groupby("action")["profit"].sum()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert [bar.get_width() for bar in ax.patches] == money[names].tolist()
    assert ax.texts[0].get_text().startswith(f"{(advice['action'] == 'keep').sum()} customers, ")
    assert overlaps(ax) == ([], [])


def test_drop_effect_leaves_the_note_in_words(company):
    effect = decisions.drop_effect(company, ["c001", "c002"])
    ax = plots.drop_effect(effect, currency="EUR")
    assert len(ax.patches) == 4 and "stranded cost -" in ax.get_xlabel()
    assert overlaps(ax) == ([], [])


def test_manager_risk_bars_are_the_frame(company):
    people = pd.DataFrame({"account_manager": (["Ann", "Bea", None] * 100)}, index=profit.customers_only(company).index)
    risk = decisions.manager_risk(company, people)
    ax = plots.manager_risk(risk, currency="EUR")
    assert [bar.get_width() for bar in ax.patches[:3]] == risk["profit_at_risk"].tolist()
    assert overlaps(ax) == ([], [])


def test_leakage_bars_add_up_to_the_leaks():
    rows = pd.MultiIndex.from_product([[f"c{place}" for place in range(20)], ["discounts", "returns"]], names=["customer_id", "leak"])
    frame = pd.DataFrame({"amount": np.arange(40.0) * 100}, index=rows)
    ax = plots.leakage(frame, currency="EUR", top=5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c19", "c18", "c17", "c16", "c15"]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(2, 5).sum(axis=0)
    assert widths.tolist() == [7700, 7300, 6900, 6500, 6100]
    assert [text.get_text() for text in ax.texts] == ["7.7 k", "7.3 k", "6.9 k", "6.5 k", "6.1 k"] and overlaps(ax) == ([], [])


def test_every_figure_draws_on_the_given_axes_and_leaves_frame_and_settings(company):
    customers = profit.customers_only(company)
    rows = pd.MultiIndex.from_tuples([("a", "1"), ("a", "2")], names=["customer_id", "period"])
    calls = [
        (plots.whale_curve, profit.whale_curve(customers["profit"])),
        (plots.ladder, profit.ladder(company)),
        (plots.price_waterfall, profit.price_waterfall(company)),
        (plots.waterfall, profit.ladder(company)),
        (plots.quadrant, profit.quadrant(customers)),
        (plots.transitions, profit.transitions(pd.DataFrame({"profit": [1.0, -1.0]}, index=rows))),
        (plots.recommendations, decisions.recommend(company)),
        (plots.drop_effect, decisions.drop_effect(company, ["c001"])),
        (plots.manager_risk, decisions.manager_risk(company, pd.DataFrame({"account_manager": ["Ann"]}, index=["c000"]))),
    ]
    settings = matplotlib.rcParams.copy()
    for draw, frame in calls:
        kept = frame.copy(deep=True)
        figure, (ax, other) = plt.subplots(1, 2)
        assert draw(frame, ax=ax) is ax
        assert not other.has_data() and ax.get_title() == "" and len(figure.axes) == 2
        pd.testing.assert_frame_equal(frame, kept)
        plt.close(figure)
    assert matplotlib.rcParams == settings


def test_words_on_a_colour_can_be_read_on_it():
    """Contrast of 4.5 to 1, of whatever share."""
    for map_name in ("cividis", "viridis"):
        for share in np.linspace(0, 1, 101):
            red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in plt.get_cmap(map_name)(share)[:3])
            light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            contrast = (light + 0.05) / 0.05 if ink_on(plt.get_cmap(map_name)(share)) == "black" else 1.05 / (light + 0.05)
            assert contrast >= 4.5


def test_parts_that_may_gain_or_lose_have_neither_colour():
    frame = pd.DataFrame({"profit_before": [30.0], "volume": [8.0], "work": [-20.0], "profit_after": [18.0]}, index=["a"])
    drawn = {to_hex(bar.get_facecolor()).upper() for bar in plots.drift_effects(frame).patches}
    assert len(drawn) == 2 and not drawn & {GAIN, LOSS}


def test_gains_alone_have_one_line_of_zero():
    """The axes began a little left of zero, and two lines stood side by side."""
    rows = pd.MultiIndex.from_tuples([("a", "returns")], names=["customer_id", "leak"])
    ax = plots.leakage(pd.DataFrame({"amount": [100.0]}, index=rows))
    assert ax.get_xlim()[0] == 0 and ax.get_legend() is None


def test_the_names_of_a_low_curve_stand_above_the_line_of_zero():
    curve = profit.whale_curve(pd.Series({f"c{i}": 10.0 + i for i in range(100)}))
    ax = plots.whale_curve(curve, mark=curve.index[:10])
    ax.figure.canvas.draw()
    names = ax.texts[0].get_window_extent()
    assert names.y0 >= ax.transData.transform((0, 0))[1] - 1
    drawn = ax.transData.transform(curve[["customer_share", "cumulative_profit"]].to_numpy())
    assert (drawn[(drawn[:, 0] >= names.x0) & (drawn[:, 0] <= names.x1), 1] > names.y1).all()  # and below the curve


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_a_move_is_written_on_a_colour_on_which_black_can_be_read(share):
    moves = pd.MultiIndex.from_tuples([("profit", "profit")], names=["class_before", "class_after"])
    image = plots.transitions(pd.DataFrame({"customers": [3], "share": [share], "change": [9.0]}, index=moves)).images[0]
    assert ink_on(image.to_rgba(image.get_array())[0, 0, :3]) == "black"
