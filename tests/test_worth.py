"""The worth of the customers on a report's first page: with its interval, or the verdict that forbids it."""

import numpy as np
import pandas as pd
import pytest

import custprof as cp
from custprof.lifetime import CustomerValue, summarize
from custprof.profit import customer_pnl
from custprof.report.summary import cover, summarize_study
from custprof.report.worth import value_customers


def shop(folder, sizes, *, days=1000):
    """Three hundred customers who come at random until they leave; a purchase is worth what `sizes` says of customer and chance."""
    rng, rows = np.random.default_rng(3), []
    for c in range(300):
        day, last, pause = rng.uniform(0, 0.6 * days), rng.exponential(1.5 * days), rng.gamma(2, 20)
        while day < min(days, last + 0.6 * days):
            rows.append((f"c{c:03}", f"o{len(rows)}", pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(day)), round(sizes(c, rng), 2)))
            day += 1 + rng.exponential(pause)
    pd.DataFrame(rows, columns=["customer_id", "order_id", "date", "revenue"]).to_csv(folder / "transactions.csv", index=False)
    (folder / "study.toml").write_text('[study]\nname = "Shop"\ncurrency = "EUR"\n', encoding="utf-8")
    return cp.Study.open(folder)


def worth_card(study):
    tables = summarize_study(study)
    return next(card for card in cover(study, tables)["cards"] if card["label"] == "Worth of the customers"), tables


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_the_worth_stands_with_its_interval(tmp_path):
    study = shop(tmp_path, lambda c, rng: rng.gamma(5, 10))
    card, tables = worth_card(study)
    figures = tables["Key figures"].set_index("figure")["amount"]
    value, low, high = figures.filter(like="lifetime value")
    assert low < value < high and tables["Lifetime value"]["value"].sum() == pytest.approx(value)
    said = [f"{cp.plots.money_text(amount)} EUR" for amount in (value, low, high)]
    assert card["value"] == said[0] and card["note"].startswith(f"{said[1]} to {said[2]} with 90% probability; net revenue expected")
    history = summarize(study.table("transactions"))
    terms = cp.lifetime.value_terms(history, customer_pnl(study.customer_facts(), None))
    asked = {"horizon": 5, "annual_rate": 0.10, "n_boot": 100}
    assert CustomerValue().fit(history).interval(history, by="total", **terms, **asked).loc["total"].tolist() == [300, value, low, high]


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_where_sizes_forbid_a_value_the_card_says_so_and_who_is_there_is_still_known(tmp_path):
    study = shop(tmp_path, lambda c, rng: rng.choice([10.0, 3000.0], p=[0.95, 0.05]))
    card, tables = worth_card(study)
    assert (card["value"], card["note"]) == ("not known", "notebook 05 refuses the models, by its verdict on: sizes of purchases")
    assert "Lifetime value" not in tables
    found = value_customers(study, customer_pnl(study.customer_facts(), None), None)
    assert found.value is None and found.avoidable is None and found.p_alive.between(0, 1).all()


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_whom_to_call_again_is_asked_only_where_the_model_takes_some_for_gone(tmp_path, monkeypatch):
    monkeypatch.setattr("custprof.report.worth._ROUNDS", 10)
    rng = np.random.default_rng(5)  # customers who never leave
    rows = [(f"c{c:03}", pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(day)), round(rng.gamma(5, 2 + c % 9), 2))
            for c in range(300) for day in np.cumsum(rng.exponential(20 + rng.gamma(2, 20), 40)) if day < 700]  # fmt: skip
    lines = pd.DataFrame(rows, columns=["customer_id", "date", "revenue"]).rename_axis("order_id").reset_index()
    lines.to_csv(tmp_path / "transactions.csv", index=False)
    (tmp_path / "study.toml").write_text('[study]\nname = "Shop"\ncurrency = "EUR"\n', encoding="utf-8")
    studies = cp.Study.open(tmp_path), cp.datasets.load_demo()
    loyal, demo = (value_customers(each, customer_pnl(each.customer_facts(), None), None) for each in studies)
    assert loyal.avoidable is not None and loyal.history is None
    assert demo.history.index.equals(demo.avoidable.index)


def test_without_a_word_on_avoidable_cost_the_value_counts_all_of_it(monkeypatch):
    monkeypatch.setattr("custprof.report.worth._ROUNDS", 10)
    study = cp.datasets.load_demo()
    allocation = cp.costing.allocate_study(study)
    pnl = customer_pnl(study.customer_facts(), allocation)
    known, not_known = (
        value_customers(study, each, allocation) for each in (pnl, pnl.drop(columns=["avoidable_cost", "avoidable_profit"]))
    )
    pd.testing.assert_series_equal(not_known.avoidable, known.value["value"])
    assert (known.avoidable >= known.value["value"] - 1e-6).all() and known.avoidable.sum() > known.value["value"].sum()


def test_no_history_has_no_worth(tmp_path):
    study = shop(tmp_path, lambda c, rng: 10.0, days=20)
    found = value_customers(study, customer_pnl(study.customer_facts(), None), None)
    assert all(each is None for each in found[:4]) and found.refused.startswith("refused: length of time")
