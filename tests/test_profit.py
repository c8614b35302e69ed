"""The profit stage by hand-computed cases, edges and messages."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from custprof import costing, decisions, profit
from custprof.datasets import load_demo

KNOWN = {
    "list_revenue": [1000.0, 500.0, 0.0],
    "discounts": [100.0, 20.0, 0.0],
    "invoice_revenue": [900.0, 480.0, 0.0],
    "returns": [50.0, 0.0, 0.0],
    "net_revenue": [850.0, 480.0, 0.0],
    "cost_of_goods": [400.0, 300.0, 0.0],
    "freight": [20.1, 10.2, 0.0],
    "commission": [8.5, 4.8, 0.0],
    "credit_cost": [3.33, 0.0, 0.0],
    "bad_debt": [0.0, 30.0, 0.0],
}
ROWS = ["a", "b", "z", "(unused capacity)", "(unknown customer)"]


@pytest.fixture
def facts():
    return pd.DataFrame(KNOWN, index=pd.Index(["b", "a", "(unknown customer)"], name="customer_id"))


@pytest.fixture
def allocation():
    """An allocation by hand: z has cost but no facts, the unused capacity is nobody's."""
    full = pd.DataFrame({"pick": [30.0, 60.0, 5.0, 12.5, 0.0], "sell": [200.0, 10.0, 7.0, 0.0, 1.0]}, index=ROWS)
    part = pd.DataFrame({"pick": [15.0, 30.0, 2.5, 0.0, 0.0], "sell": [90.0, 4.0, 3.0, 0.0, 0.5]}, index=ROWS)
    asked = []

    def customers(*, by=None, avoidable=False):
        asked.append((by, avoidable))
        return part if avoidable else full

    return SimpleNamespace(customers=customers, asked=asked, total=float(full.to_numpy().sum()))


def by_customer_and_period(rows, **columns):
    return pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(rows, names=["customer_id", "period"]))


def test_ladder_of_a_customer_by_hand(facts, allocation):
    row = profit.customer_pnl(facts, allocation).loc["b"]
    assert row["gross_margin"] == 450.0
    assert row["contribution"] == 418.07  # 450 - 20.1 - 8.5 - 3.33
    assert row["cost_to_serve"] == 70.0
    assert row["profit"] == 348.07
    assert row["avoidable_cost"] == 34.0
    assert row["avoidable_profit"] == 384.07


def test_columns_stand_in_the_order_of_the_ladder(facts, allocation):
    pnl = profit.customer_pnl(facts, allocation)
    serve = ["pick", "sell", "cost_to_serve", "profit", "avoidable_cost", "avoidable_profit"]
    margins = ["gross_margin", "freight", "commission", "credit_cost", "bad_debt", "contribution"]
    assert list(pnl) == [*list(KNOWN)[:6], *margins, *serve]
    assert pnl.index.name == "customer_id"
    assert profit.activity_columns(pnl) == ["pick", "sell"]


def test_no_cent_is_lost_between_facts_allocation_and_profit(facts, allocation):
    pnl = profit.customer_pnl(facts, allocation)
    assert round(pnl["profit"].sum(), 2) == round(pnl["contribution"].sum() - allocation.total, 2)
    assert profit.total(pnl["cost_to_serve"]) == allocation.total


def test_customers_without_facts_and_residual_rows_come_in_with_zero_revenue(facts, allocation):
    pnl = profit.customer_pnl(facts, allocation)
    assert pnl.index.tolist() == ["b", "a", "z", "(unknown customer)", "(unused capacity)"]
    assert pnl.loc["z", ["net_revenue", "contribution", "profit"]].tolist() == [0.0, 0.0, -12.0]
    assert pnl.loc["(unused capacity)", "profit"] == -12.5
    assert profit.customers_only(pnl).index.tolist() == ["b", "a", "z"]


def test_unknown_columns_stay_absent_and_profit_is_the_deepest_known_margin(facts):
    revenue = profit.customer_pnl(facts[["net_revenue"]])
    assert list(revenue) == ["net_revenue", "profit"]
    assert revenue["profit"].tolist() == [850.0, 480.0, 0.0]
    margin = profit.customer_pnl(facts[["net_revenue", "cost_of_goods"]])
    assert list(margin) == ["net_revenue", "cost_of_goods", "gross_margin", "contribution", "profit"]
    assert margin["profit"].tolist() == [450.0, 180.0, 0.0]
    no_goods = profit.customer_pnl(facts[["net_revenue", "freight"]])
    assert "gross_margin" not in no_goods
    assert no_goods.loc["b", "profit"] == 829.9


def test_cost_to_serve_is_deducted_even_where_no_direct_cost_is_known(facts, allocation):
    pnl = profit.customer_pnl(facts[["net_revenue"]], allocation)
    assert "contribution" not in pnl
    assert pnl.loc["b", "profit"] == 780.0
    assert pnl.loc["b", "avoidable_profit"] == 816.0


def test_avoidable_cost_is_absent_where_the_ledger_does_not_know_it(facts, allocation):
    unknown = SimpleNamespace(customers=lambda by=None, avoidable=False: None if avoidable else allocation.customers(by=by))
    assert "avoidable_profit" not in profit.customer_pnl(facts, unknown)
    silent = SimpleNamespace(customers=lambda by=None, avoidable=False: allocation.customers() * (0.0 if avoidable else 1.0))
    assert "avoidable_profit" not in profit.customer_pnl(facts, silent)
    assert "avoidable_profit" not in profit.customer_pnl(facts, allocation.customers())
    assert "avoidable_profit" not in profit.customer_pnl(facts)


def test_a_missing_amount_means_no_lines():
    facts = by_customer_and_period([("a", "2023"), ("a", "2024")], net_revenue=[10.0, np.nan], freight=[np.nan, np.nan])
    assert profit.customer_pnl(facts)["profit"].tolist() == [10.0, 0.0]


def test_by_period_asks_the_allocation_by_period():
    facts = by_customer_and_period([("a", "2023"), ("a", "2024")], net_revenue=[10.0, 20.0])
    cost = by_customer_and_period([("a", "2023"), ("z", "2024"), ("(unassigned)", "2023")], pick=[4.0, 5.0, 6.0])
    asked = []

    def customers(*, by=None, avoidable=False):
        asked.append(by)
        return None if avoidable else cost

    pnl = profit.customer_pnl(facts, SimpleNamespace(customers=customers))
    assert set(asked) == {"period"}
    assert pnl["profit"].to_dict() == {("a", "2023"): 6.0, ("a", "2024"): 20.0, ("z", "2024"): -5.0, ("(unassigned)", "2023"): -6.0}
    assert pnl.index.names == ["customer_id", "period"]
    assert profit.customers_only(pnl).index.tolist() == [("a", "2023"), ("a", "2024"), ("z", "2024")]


def test_other_facts_are_left_aside_and_nothing_is_mutated(facts, allocation):
    more = facts.assign(lines=[3, 4, 0], first_order="2023-01-01")
    kept = more.copy(deep=True)
    pnl = profit.customer_pnl(more, allocation)
    assert "lines" not in pnl and "first_order" not in pnl
    pd.testing.assert_frame_equal(more, kept)


def test_pnl_messages(facts, allocation):
    with pytest.raises(TypeError, match=r"facts is a list; give the frame"):
        profit.customer_pnl([1])
    with pytest.raises(ValueError, match=r"facts lack net_revenue \(they have revenue\)"):
        profit.customer_pnl(pd.DataFrame({"revenue": [1.0]}))
    with pytest.raises(ValueError, match=r"1 of \d customers stand in facts more than once, first \['b'\]"):
        profit.customer_pnl(pd.concat([facts, facts.iloc[:1]]))
    with pytest.raises(ValueError, match=r"list_revenue less discounts is not invoice_revenue for 1 of 3 rows, first \['a'\]"):
        profit.customer_pnl(facts.assign(discounts=[100.0, 21.0, 0.0]))
    with pytest.raises(ValueError, match=r"activities \['freight'\] bear the names of steps"):
        profit.customer_pnl(facts, allocation.customers().rename(columns={"pick": "freight"}))
    with pytest.raises(ValueError, match=r"facts are by customer_id but the allocation is by customer_id and period"):
        profit.customer_pnl(facts, by_customer_and_period([("a", "2023")], pick=[1.0]))


def test_profit_basis_says_what_is_deducted_and_what_is_not_known(facts, allocation):
    assert profit.profit_basis(profit.customer_pnl(facts, allocation)) == (
        "Profit is net revenue less cost of goods, freight, commission, credit cost, bad debt and cost to serve (2 activities)."
    )
    assert profit.profit_basis(profit.customer_pnl(facts[["net_revenue", "cost_of_goods"]])) == (
        "Gross margin is net revenue less cost of goods. "
        "Not known, so not deducted: freight, commission, credit cost, bad debt, cost to serve."
    )
    assert profit.profit_basis(profit.customer_pnl(facts[["net_revenue"]])) == (
        "Profit is net revenue. Not known, so not deducted: cost of goods, freight, commission, credit cost, bad debt, cost to serve."
    )


def test_ladder_of_the_company_leads_from_list_revenue_to_profit(facts, allocation):
    pnl = profit.customer_pnl(facts, allocation)
    steps = profit.ladder(pnl)
    amount = steps.set_index("step")["amount"]
    assert amount["list_revenue"] == 1500.0 and amount["discounts"] == -120.0 and amount["net_revenue"] == 1330.0
    assert amount["sell"] == -218.0 and amount["(unused capacity)"] == -12.5
    assert amount["customer_profit"] + amount["(unused capacity)"] == amount["profit"] == profit.total(pnl["profit"])
    between = steps[steps["kind"] != "total"].groupby((steps["kind"] == "total").cumsum())["amount"].sum()
    totals = steps.loc[steps["kind"] == "total", "amount"]
    np.testing.assert_allclose(np.diff(totals), between.reindex(range(1, len(totals)), fill_value=0.0), atol=1e-9)


def test_ladder_of_one_customer_has_no_residual_rows(facts, allocation):
    steps = profit.ladder(profit.customer_pnl(facts, allocation).loc[["b"]])
    assert steps["step"].iloc[-1] == "profit" and "customer_profit" not in set(steps["step"])
    assert "residual" not in set(steps["kind"])


def test_ladder_names_the_table_behind_every_step_and_what_is_not_known(facts):
    steps = profit.ladder(profit.customer_pnl(facts.drop(columns=["credit_cost", "bad_debt"]))).set_index("step")
    assert steps.loc["freight", ["amount", "kind", "source"]].tolist() == [-30.3, "step", "transactions.freight"]
    assert steps.index[steps["kind"] == "unknown"].tolist() == ["credit_cost", "bad_debt", "cost_to_serve"]
    assert steps.loc["bad_debt", "amount"] != 0 and np.isnan(steps.loc["bad_debt", "amount"])
    assert steps.loc["bad_debt", "source"] == "not known; it would take invoices, [credit] of the study: write_off_days"
    assert steps.loc["cost_to_serve", "source"] == "not known; it would take ledger, by the cost model"
    assert steps.loc["contribution", "source"] == "the steps above"


def test_ladder_names_pool_level_and_what_is_counted():
    content = {
        "pools": {"service": {"accounts": ["6200"]}},
        "activities": {
            "settle complaints": {
                "pool": "service",
                "level": "customer",
                "table": "events",
                "where": {"activity": "complaint"},
                "driver": "rows",
            }
        },
    }
    allocation = costing.allocate(
        costing.CostModel.from_dict(content),
        pd.DataFrame({"line_id": ["1"], "period": ["2024"], "account": ["6200"], "amount": [9.0]}),
        pd.DataFrame({"activity": ["settle complaints"], "customer_id": ["a"], "quantity": [3.0]}),
    )
    pnl = profit.customer_pnl(pd.DataFrame({"net_revenue": [20.0]}, index=["a"]), allocation)
    steps = profit.ladder(pnl, allocation=allocation).set_index("step")
    said = "ledger, pool service; level customer; by events (activity: complaint)"
    assert steps.loc["settle complaints", ["amount", "source"]].tolist() == [-9.0, said]


def test_cost_of_a_channel_stands_above_its_customers(facts):
    pools = {"shop": {"accounts": ["6300"]}, "desk": {"accounts": ["6100"]}}
    activities = {
        "trade fair": {"pool": "shop", "level": "channel", "driver": "rows"},
        "pick": {"pool": "desk", "level": "order", "driver": "rows"},
    }
    ledger = pd.DataFrame({"line_id": ["1", "2"], "account": ["6300", "6100"], "amount": [11.5, 90.0], "avoidable": [0.5, 0.5]})
    drivers = pd.DataFrame({"activity": ["trade fair", "trade fair", "pick"], "customer_id": ["a", "b", "b"], "quantity": [1.0, 1.0, 1.0]})
    allocation = costing.allocate(costing.CostModel.from_dict({"pools": pools, "activities": activities}), ledger, drivers)
    pnl = profit.customer_pnl(facts, allocation)
    assert pnl.loc[["a", "b"], "trade fair"].tolist() == [0, 0] and pnl.loc["b", "pick"] == 90
    above = pnl.loc["(business-sustaining)", ["trade fair", "cost_to_serve", "profit", "avoidable_cost"]]
    assert above.tolist() == [11.5, 11.5, -11.5, 5.75]
    assert profit.total(pnl["cost_to_serve"]) == 101.5


def test_costs_above_the_customers_need_a_key_that_makes_sense():
    pnl = pd.DataFrame({"profit": [5.0, -1.0], "net_revenue": [9.0, 8.0]}, index=["a", "b"])
    above = pd.DataFrame({"cost": [3.0], "spread_on": ["profit"]}, index=["channel"])
    with pytest.raises(ValueError, match=r"channel is to be spread on profit, which is negative for 1 of 2 customers, first \['b'\]"):
        profit.spread_levels(pnl, above)
    with pytest.raises(ValueError, match=r"channel is to be spread on 'orders', which pnl lacks; it has profit, net_revenue"):
        profit.spread_levels(pnl, above.assign(spread_on="orders"))
    with pytest.raises(ValueError, match=r"the 2 weights sum to zero"):
        profit.spread_levels(pnl.assign(net_revenue=0.0), above.assign(spread_on="net_revenue"))


INVOICES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "b", "c", "c"],
        "invoiced_on": pd.to_datetime(["2023-01-01", "2023-02-01", "2023-03-01", "2024-10-01", "2024-12-01", "2023-04-01"]),
        "due_on": pd.to_datetime(["2023-01-31", "2023-03-03", "2023-03-31", "2024-11-10", "2024-12-31", "2023-05-01"]),
        "amount": [1000.0, 500.0, 500.0, 300.0, 80.0, -60.0],
        "paid_on": pd.to_datetime(["2023-01-20", "2023-04-20", None, None, None, None]),
        "amount_paid": [1000.0, 500.0, 100.0, 50.0, 0.0, 0.0],
    }
)


def test_loss_rates_come_from_invoices_whose_fate_is_known():
    rates = profit.credit_loss_rates(INVOICES, end="2024-12-31")
    assert rates["reached"].tolist() == [2000.0, 900.0, 900.0, 400.0, 400.0]
    assert rates["loss_rate"].round(4).tolist() == [0.2, 0.4444, 0.4444, 1.0, 1.0]


def test_expected_credit_loss_by_hand():
    """b's 250 are 51 days late, c's 80 due that day; b's 400 of 2023 are written off, the credit note is left aside."""
    found = profit.expected_credit_loss(INVOICES, end="2024-12-31")
    assert found.index.tolist() == ["b", "c"]
    assert found.loc["b", ["not due", "31-60 days", "owed", "provision"]].tolist() == [0, 250, 250, 111.11]
    assert found.loc["c", ["not due", "owed", "provision"]].tolist() == [80, 80, 16]
    pnl = profit.customer_pnl(pd.DataFrame({"net_revenue": [500.0], "bad_debt": [400.0]}, index=["b"]), provision=found["provision"])
    assert pnl["profit"].to_dict() == {"b": -11.11, "c": -16.0}
    assert profit.ladder(pnl).set_index("step").loc["credit_loss_provision", "amount"] == -127.11
    by_year = profit.expected_credit_loss(INVOICES, end="2024-12-31", by="year")
    assert by_year.index.tolist() == [("b", "2024"), ("c", "2024")]


def test_expected_credit_loss_is_the_same_name_in_decisions():
    assert decisions.expected_credit_loss is profit.expected_credit_loss


def test_credit_messages():
    with pytest.raises(ValueError, match="no invoice was due more than 180 days before 2023-02-01, so the past tells no loss rates"):
        profit.expected_credit_loss(INVOICES, end="2023-02-01")
    with pytest.raises(ValueError, match=r"rates of \['91-180 days'\] are missing or outside 0 to 1"):
        rates = pd.Series(0.1, index=["not due", "1-30 days", "31-60 days", "61-90 days"])
        profit.expected_credit_loss(INVOICES, end="2024-12-31", rates=rates)
    with pytest.raises(ValueError, match="write_off_days is 60; the classes of age reach beyond 90 days"):
        profit.credit_loss_rates(INVOICES, end="2024-12-31", write_off_days=60)
    with pytest.raises(ValueError, match="provision is not by customer_id as the facts are"):
        by_year = profit.expected_credit_loss(INVOICES, end="2024-12-31", by="year")
        profit.customer_pnl(pd.DataFrame({"net_revenue": [1.0]}, index=["a"]), provision=by_year["provision"])


@pytest.fixture(scope="module")
def demo():
    study = load_demo()
    return study, costing.allocate_study(study)


def test_every_line_of_the_demo_reassembles_to_its_ledger_total(demo):
    """Line by line and year by year: what stands at the customers and in the residual rows is what the accounts say, to the cent."""
    study, allocation = demo
    pnl = profit.customer_pnl(study.customer_facts(by="period"), allocation)
    ledger = study.frame("ledger")
    cents = ledger.assign(cents=(ledger["amount"] * 100).round())
    booked = (cents.groupby(["account", "period"])["cents"].sum() / 100).unstack()  # noqa: PD010
    lines = pnl.groupby(level="period").agg(profit.total)
    accounts = {
        "net_revenue": "4000",
        "cost_of_goods": "5000",
        "freight": "5100",
        "commission": "5200",
        "credit_cost": "5300",
        "bad_debt": "5400",
    }
    for name, account in accounts.items():
        sign = -1 if name == "net_revenue" else 1
        assert lines[name].tolist() == (sign * booked.loc[account]).tolist(), name
    overheads = booked.loc[booked.index >= "6000"].sum().round(2)
    assert lines["cost_to_serve"].tolist() == overheads.tolist()
    assert lines["profit"].tolist() == (-booked.sum()).round(2).tolist()
    assert profit.total(lines["profit"]) == profit.total(profit.customer_pnl(study.customer_facts(), allocation)["profit"])


def test_every_invoice_of_the_demo_is_paid_owed_or_lost(demo):
    study, _ = demo
    invoices = study.frame("invoices")
    owed = profit.expected_credit_loss(study.table("invoices"), end=study.end)
    lost = study.customer_facts()["bad_debt"].sum()
    assert round(invoices["amount_paid"].sum() + owed["owed"].sum() + lost, 2) == round(invoices["amount"].sum(), 2)


def test_activities_of_the_demo_reassemble_by_department(demo):
    study, allocation = demo
    pnl = profit.customer_pnl(study.customer_facts(), allocation)
    table = profit.departments(allocation.by("department"), profit.customers_only(pnl)["profit"])
    unknown = pnl.loc["(unknown customer)", "cost_to_serve"]
    assert profit.total(table["cost"]) == profit.total(profit.customers_only(pnl)["cost_to_serve"])
    assert profit.total([*table["cost"], *table["not_customers"]]) == allocation.total and unknown > 0


def test_whale_curve_breaks_ties_by_id_whatever_the_order():
    one = profit.whale_curve(pd.Series({"b": 5.0, "a": 5.0, "c": 9.0, "d": -4.0}))
    other = profit.whale_curve(pd.Series({"d": -4.0, "c": 9.0, "a": 5.0, "b": 5.0}))
    pd.testing.assert_frame_equal(one, other)
    assert one.index.tolist() == ["c", "a", "b", "d"]
    assert list(one) == ["customer_share", "profit", "cumulative_profit", "cumulative_share"]


def test_whale_of_one_customer():
    curve = profit.whale_curve(pd.Series({"a": 12.0}))
    assert curve.to_numpy().tolist() == [[1.0, 12.0, 12.0, 1.0]]
    assert profit.whale_summary(pd.Series({"a": 12.0}))["best_fifth"] == 12.0


@pytest.mark.parametrize("values", [[-5.0, -1.0], [5.0, -5.0], [0.0, 0.0]])
def test_shares_of_a_total_of_zero_or_less_are_not_given(values):
    series = pd.Series(values, index=["a", "b"])
    curve, summary = profit.whale_curve(series), profit.whale_summary(series)
    assert curve["cumulative_share"].isna().all() and curve["cumulative_profit"].iloc[-1] == sum(values)
    assert np.isnan(summary["peak_share_of_total"]) and np.isnan(summary["best_fifth_share_of_total"])


def test_whale_summary_of_loss_makers_only():
    summary = profit.whale_summary(pd.Series({"a": -5.0, "b": -1.0}))
    assert summary[["peak", "customers_at_peak", "losses", "loss_makers", "share_of_loss_makers"]].tolist() == [0, 0, -6, 2, 1]


def test_whale_summary_by_hand():
    summary = profit.whale_summary(pd.Series({"a": 60.0, "b": 50.0, "c": 10.0, "d": 0.0, "e": -20.0}))
    assert summary.to_dict() == {
        "customers": 5,
        "total": 100.0,
        "peak": 120.0,
        "peak_share_of_total": 1.2,
        "customers_at_peak": 0.6,
        "losses": -20.0,
        "erosion": 20.0,
        "loss_makers": 1,
        "share_of_loss_makers": 0.2,
        "makers": 3,
        "neutral": 1,
        "takers": 1,
        "best_fifth": 60.0,
        "best_fifth_share_of_total": 0.6,
    }


def test_makers_neutral_and_takers_by_a_band():
    summary = profit.whale_summary(pd.Series({"a": 60.0, "b": 10.0, "c": -10.0, "d": -20.0}), neutral=10.0)
    assert summary[["makers", "neutral", "takers", "loss_makers"]].tolist() == [1, 2, 1, 2]
    with pytest.raises(ValueError, match="neutral is -1; it is the size of a band"):
        profit.whale_summary(pd.Series({"a": 1.0}), neutral=-1)


def test_top_shares_by_number_and_by_fraction():
    values = pd.Series([50.0, 30.0, 20.0, 0.0, -20.0], index=list("abcde"))
    table = profit.top_shares(values, top=(1, 2, 7, 0.2, 0.5))
    assert table.index.tolist() == ["best 1", "best 2", "best 20 %", "best 50 %"]
    assert table["customers"].tolist() == [1, 2, 1, 3] and table["profit"].tolist() == [50, 80, 50, 100]
    assert table["share_of_total"].tolist() == [0.625, 1.0, 0.625, 1.25] and table["share_of_peak"].tolist() == [0.5, 0.8, 0.5, 1.0]
    losing = profit.top_shares(pd.Series({"a": -1.0, "b": -2.0}), top=(1,))
    assert losing["profit"].tolist() == [-1.0] and losing[["share_of_total", "share_of_peak"]].isna().all(axis=None)
    with pytest.raises(ValueError, match="top holds 0; give whole numbers"):
        profit.top_shares(values, top=(0,))


def test_whale_band_needs_a_seed_only_and_covers_the_curve():
    values = pd.Series(np.random.default_rng(1).normal(10, 40, 300), index=[f"c{place}" for place in range(300)])
    band = profit.whale_band(values, random_state=3)
    pd.testing.assert_frame_equal(band, profit.whale_band(values.sample(frac=1, random_state=5), random_state=3))
    assert not band.equals(profit.whale_band(values, random_state=4))
    curve = profit.whale_curve(values)
    there = np.interp(band.index, [0, *curve["customer_share"]], [0, *curve["cumulative_profit"]])
    assert (band["low"] <= there + 1e-9).all() and (there <= band["high"] + 1e-9).all()
    spread = 1.645 * values.std() * np.sqrt(300)  # of a sum, by the central limit theorem
    assert band.loc[1.0, "high"] - band.loc[1.0, "low"] == pytest.approx(2 * spread, rel=0.15)
    wide = profit.whale_band(values, level=0.99, random_state=3)
    assert (wide["low"] <= band["low"]).all() and (wide["high"] >= band["high"]).all()
    assert profit.whale_band(pd.Series({"a": 5.0})).loc[1.0].tolist() == [5.0, 5.0]
    with pytest.raises(ValueError, match="level is 90; give a probability between 0 and 1"):
        profit.whale_band(values, level=90)


def test_whale_messages():
    with pytest.raises(TypeError, match=r"profit is a DataFrame; give a Series by customer_id"):
        profit.whale_curve(pd.DataFrame({"profit": [1.0]}))
    for text in (pd.Series({"a": "1", "b": "2"}), pd.Series({"a": "1", "b": 2}, dtype=object)):
        with pytest.raises(TypeError, match=r"profit is of type (str|object), not a number; .*pandas.to_numeric"):
            profit.whale_curve(text)
        with pytest.raises(TypeError, match=r"profit is of type"):
            profit.whale_summary(text)
    with pytest.raises(ValueError, match=r"profit holds no customer"):
        profit.whale_curve(pd.Series(dtype=float))
    with pytest.raises(ValueError, match=r"profit is missing for 1 of 2 customers, first \['b'\]; fill or drop them before ranking"):
        profit.whale_summary(pd.Series({"a": 1.0, "b": np.nan}))
    with pytest.raises(ValueError, match=r"rows that are no customer: \['\(unassigned\)'\]; rank customers_only"):
        profit.whale_curve(pd.Series({"a": 1.0, "(unassigned)": -3.0}))
    with pytest.raises(ValueError, match=r"1 of \d+ customers stand in profit more than once, first \['a'\]"):
        profit.whale_curve(pd.Series([1.0, 2.0], index=["a", "a"]))


def test_gini_edges_and_messages():
    assert profit.normalized_gini([0.0, 0.0]) == 0.0
    with pytest.raises(ValueError, match="values holds 1 number; inequality needs two or more"):
        profit.normalized_gini([3.0])
    with pytest.raises(ValueError, match="missing or infinite for 1 of 3 customers"):
        profit.normalized_gini([1.0, 2.0, np.nan])


def test_gini_of_signed_values_equals_its_definition():
    values = np.random.default_rng(5).standard_t(2, 60)
    pairs = np.abs(values[:, None] - values[None, :]).sum()
    assert profit.normalized_gini(values) == pytest.approx(pairs / (2 * 59 * np.abs(values).sum()), rel=1e-12)


def test_price_waterfall_takes_one_customer_a_segment_or_all(facts, allocation):
    pnl = profit.customer_pnl(facts, allocation)
    one, same, named = profit.price_waterfall(pnl.loc["b"]), profit.price_waterfall(pnl.loc[["b"]]), profit.price_waterfall(pnl, "b")
    pd.testing.assert_frame_equal(one, same)
    pd.testing.assert_frame_equal(one, named)
    assert list(one) == ["step", "amount", "kind", "share"]
    amount = one.set_index("step")["amount"]
    assert amount["pocket_price"] == 818.07  # 850 - 20.1 - 8.5 - 3.33
    assert amount["pocket_margin"] == pnl.loc["b", "contribution"]
    assert amount.iloc[-2:].to_dict() == {"cost_to_serve": -70.0, "profit": 348.07}
    assert one["share"].iloc[1] == -0.1
    segment = profit.price_waterfall(pnl, ["a", "b"]).set_index("step")["amount"]
    assert segment["pocket_margin"] == 553.07 and segment["profit"] == 253.07  # 418.07 + 135, less 70 + 230
    with pytest.raises(ValueError, match=r"1 of 2 customers are not in pnl, first \['q'\]; check their ids"):
        profit.price_waterfall(pnl, ["a", "q"])


def test_price_waterfall_of_all_ends_at_the_company_s_profit(facts, allocation):
    pnl = profit.customer_pnl(facts, allocation)
    frame = profit.price_waterfall(pnl)
    amount = frame.set_index("step")["amount"]
    assert amount["pocket_margin"] == profit.total(pnl["contribution"])
    assert frame["step"].tolist()[-3:] == ["cost_to_serve", "(unused capacity)", "profit"]
    assert amount["(unused capacity)"] == -12.5 and amount["profit"] == profit.total(pnl["profit"])
    assert round(amount["pocket_margin"] + amount["cost_to_serve"] + amount["(unused capacity)"], 2) == amount["profit"]


def test_price_waterfall_of_revenue_only_has_no_pocket():
    frame = profit.price_waterfall(pd.DataFrame({"net_revenue": [10.0, 0.0]}))
    assert frame["step"].tolist() == ["net_revenue"]
    assert np.isnan(profit.price_waterfall(pd.DataFrame({"net_revenue": [0.0]}))["share"].iloc[0])
    with pytest.raises(ValueError, match="pnl lacks net_revenue"):
        profit.price_waterfall(pd.DataFrame({"revenue": [10.0]}))


MAP = pd.DataFrame(
    {
        "net_revenue": [100.0, 100.0, 100.0, 100.0, 0.0, -5.0, 0.0],
        "contribution": [60.0, 50.0, 20.0, 10.0, 0.0, -4.0, 0.0],
        "cost_to_serve": [10.0, 50.0, 5.0, 35.0, 3.0, 1.0, 50.0],
        "profit": [50.0, 0.0, 15.0, -25.0, -3.0, -5.0, -50.0],
    },
    index=["a", "b", "c", "d", "e", "f", "(unused capacity)"],
)


def test_quadrant_parts_the_customers_at_the_rates_of_all_together():
    found = profit.quadrant(MAP)
    assert found["usual_margin_rate"].unique().tolist() == [0.35] and found["usual_cost_rate"].unique().tolist() == [0.25]
    cells = {
        "a": "passive",
        "b": "carriage trade",
        "c": "bargain basement",
        "d": "aggressive",
        "e": "(no net revenue)",
        "f": "(no net revenue)",
    }
    assert found["cell"].to_dict() == cells
    assert found.loc["d", "action"].startswith("renegotiate prices") and found.loc["e", "action"].startswith("ask why")
    assert "look after the large ones in person" in found.loc["c", "action"]  # c may bring most of all by amount
    assert found.loc["b", ["margin_rate", "cost_rate"]].tolist() == [0.5, 0.5] and np.isnan(found.loc["f", "margin_rate"])
    moved = profit.quadrant(MAP, margin_rate=0.15, cost_rate=0.6)
    assert moved["cell"].tolist()[:4] == ["passive", "passive", "passive", "bargain basement"]
    no_goods = profit.quadrant(MAP.drop(columns="contribution"))
    assert (no_goods["margin"] == MAP["net_revenue"].drop("(unused capacity)")).all()
    with pytest.raises(ValueError, match="pnl lacks cost_to_serve; the quadrant needs an allocation"):
        profit.quadrant(MAP[["net_revenue", "profit"]])


def test_a_view_keeps_every_customer_and_every_cent():
    groups = pd.Series({"a": "end user", "b": "intermediary", "c": "end user", "d": None, "z": "end user"}, name="kind")
    view = profit.profit_by(MAP, groups)
    assert view.index.tolist() == ["end user", "intermediary", "(not known)", "(unused capacity)"] and view.index.name == "kind"
    assert view["customers"].tolist() == [2, 1, 3, 0] and view["loss_makers"].tolist() == [0, 0, 3, 0]
    assert view["profit"].tolist() == [65.0, 0.0, -33.0, -50.0] and view["losses"].tolist() == [0.0, 0.0, -33.0, 0.0]
    assert view[["net_revenue", "contribution", "cost_to_serve", "profit"]].sum().tolist() == MAP.sum().tolist()
    assert view.loc["end user", ["profit_rate", "cost_to_serve_rate"]].tolist() == [0.325, 0.075]
    with pytest.raises(ValueError, match=r"1 of \d+ customers stand in groups more than once, first \['a'\]"):
        profit.profit_by(MAP, pd.Series(["x", "y"], index=["a", "a"]))
    with pytest.raises(ValueError, match="pnl lacks profit; it has net_revenue"):
        profit.profit_by(MAP[["net_revenue"]], groups)


def test_relationship_knows_who_came_before_the_data_and_who_never_bought():
    dates = pd.to_datetime(["2023-02-01", "2025-03-01", "2025-04-01", None, None, "2023-01-01"])
    facts = pd.DataFrame({"lines": [3, 1, 1, 0, 2, 9], "first_order": dates}, index=["a", "b", "c", "d", "e", "(unknown customer)"])
    found = profit.relationship(facts, new_since="2025-01-01")
    assert found.to_dict() == {"a": "regular", "b": "new", "c": "new", "d": "potential", "e": "regular"}
    won = pd.Series(pd.to_datetime(["2021-05-05", None, "2025-05-05"]), index=["b", "c", "z"])
    told = profit.relationship(facts, new_since="2025-01-01", acquired_on=won)
    assert told.to_dict() == {"a": "regular", "b": "regular", "c": "new", "d": "potential", "e": "regular", "z": "potential"}


def test_departments_by_cost_touches_and_who_they_are_spent_on():
    rows = ["a", "b", "(unused capacity)"]
    costs = pd.DataFrame(
        {"Sales": [1.0, 3.0, 0.0], "Service": [0.0, 20.0, 6.0], "Legal": [0.0, 0.0, 0.0], "IT": [0.0, 0.0, 9.0]}, index=rows
    )
    events = pd.DataFrame({"department": ["Sales", "Sales", "Service"], "customer_id": ["a", "b", None]})
    table = profit.departments(costs, pd.Series({"a": 4.0, "b": -1.0}), touches=events)
    assert table.index.tolist() == ["Service", "Sales", "IT"]
    assert (
        table["cost"].tolist() == [20, 4, 0] and table["customers"].tolist() == [1, 2, 0] and table["not_customers"].tolist() == [6, 0, 9]
    )
    assert table["share_on_loss_makers"].tolist()[:2] == [1.0, 0.75] and np.isnan(table.loc["IT", "cost_per_customer"])
    assert table["touches"].tolist() == [0, 2, 0]


PERIODS = by_customer_and_period(
    [
        ("a", "2023"),
        ("a", "2024"),
        ("b", "2023"),
        ("c", "2024"),
        ("d", "2023"),
        ("d", "2024"),
        ("e", "2023"),
        ("e", "2024"),
        ("(unassigned)", "2023"),
    ],
    net_revenue=[100.0, 60.0, 10.0, 20.0, 5.0, 5.0, 7.0, 0.0, 0.0],
    cost_to_serve=[20.0, 80.0, 40.0, 8.0, 5.0, 4.0, 2.0, 0.0, 9.0],
    profit=[80.0, -20.0, -30.0, 12.0, 0.0, 1.0, 5.0, 0.0, -9.0],
)


def test_drift_names_new_lost_and_turned_customers():
    moves = profit.drift(PERIODS).droplevel("period")
    assert moves["class_before"].to_dict() == {"a": "profit", "b": "loss", "c": "new", "d": "neutral", "e": "profit"}
    assert moves["class_after"].to_dict() == {"a": "loss", "b": "lost", "c": "profit", "d": "profit", "e": "lost"}
    assert moves.loc["a", ["change", "net_revenue_change", "cost_to_serve_change"]].tolist() == [-100.0, -40.0, 60.0]
    assert moves.index[moves["warning"]].tolist() == ["a"]


def test_drift_compares_consecutive_periods_only():
    rows = by_customer_and_period([("a", "2022"), ("b", "2023"), ("a", "2024")], profit=[1.0, 2.0, 3.0])
    moves = profit.drift(rows)
    assert moves.index.tolist() == [("a", "2023"), ("a", "2024"), ("b", "2023"), ("b", "2024")]
    assert moves["class_before"].tolist() == ["profit", "new", "new", "profit"]
    assert moves["class_after"].tolist() == ["lost", "profit", "profit", "lost"]
    assert "warning" not in moves


def test_neutral_is_a_band():
    assert profit.drift(PERIODS, neutral=20.0).loc[("a", "2024"), "class_after"] == "neutral"


def test_transitions_count_every_customer_once_and_all_the_money():
    table = profit.transitions(PERIODS)
    assert table["customers"].sum() == 5 and len(table) == 15
    assert table.loc[("profit", "loss"), ["customers", "share", "change"]].tolist() == [1, 0.5, -100.0]
    customers = profit.customers_only(PERIODS)["profit"].groupby(level="period").sum()
    assert table["change"].sum() == customers["2024"] - customers["2023"]
    assert table["share"].groupby(level=0).sum().to_dict() == {"loss": 1.0, "neutral": 1.0, "new": 1.0, "profit": 1.0}


def test_drift_messages():
    with pytest.raises(ValueError, match=r"not by customer_id and period; make it from study.customer_facts\(by='period'\)"):
        profit.drift(pd.DataFrame({"profit": [1.0]}))
    with pytest.raises(ValueError, match="lacks profit"):
        profit.transitions(PERIODS[["net_revenue"]])
    with pytest.raises(ValueError, match="holds 1 period; a change needs two or more"):
        profit.drift(PERIODS.xs("2023", level="period", drop_level=False))
    with pytest.raises(ValueError, match="neutral is -1"):
        profit.drift(PERIODS, neutral=-1)


def test_totals_keep_cents_and_units_of_any_size():
    assert profit.total([1e11, 0.01, -1e11]) == 0.01
    assert profit.total(np.full(1_000_000, 0.1)) == 100_000.0
    assert profit.total([1e-9, 2e-9]) == pytest.approx(3e-9, rel=1e-12)
    assert profit.total([]) == 0.0 and profit.running_total([0.0, 0.0]).tolist() == [0.0, 0.0]
    assert profit.running_total(pd.Series([0.1] * 10))[-1] == 1.0


LATER = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "invoiced_on": pd.to_datetime(["2024-12-01", "2025-01-02", "2024-11-01"]),
        "due_on": pd.to_datetime(["2024-12-31", "2025-02-01", "2024-12-01"]),
        "amount": [100.0, 500.0, 40.0],
        "paid_on": pd.to_datetime(["2025-01-10", None, "2024-12-20"]),
        "amount_paid": [100.0, 0.0, 40.0],
    }
)
RATES = pd.Series(0.5, index=["not due", "1-30 days", "31-60 days", "61-90 days", "91-180 days"])


@pytest.mark.parametrize(
    ("end", "owed"), [("2024-12-31", {"a": 100.0}), ("2025-01-10", {"b": 500.0}), ("2024-12-19", {"a": 100.0, "c": 40.0})]
)
def test_on_a_day_of_the_past_only_what_was_known_then_is_owed(end, owed):
    assert profit.expected_credit_loss(LATER, end=end, rates=RATES)["owed"].to_dict() == owed


def test_loss_rates_of_the_past_do_not_know_what_was_paid_later():
    late = LATER.iloc[[0]].assign(paid_on=pd.Timestamp("2026-01-01"))
    assert profit.credit_loss_rates(late, end="2025-12-31")["lost"].tolist() == [100.0] * 5
    assert profit.credit_loss_rates(late, end="2026-01-01")["lost"].tolist() == [0.0] * 5


def test_what_is_owed_on_a_past_day_of_the_demo_is_counted_by_hand(demo):
    study, _ = demo
    end = pd.Timestamp("2024-12-31")
    invoices = study.frame("invoices")
    there = invoices[(invoices["invoiced_on"] <= end) & (invoices["amount"] > 0) & (invoices["due_on"] >= end - pd.Timedelta(days=180))]
    received = there["amount_paid"].fillna(there["amount"]).where(there["paid_on"].isna() | (there["paid_on"] <= end), 0.0)
    unpaid = (there["amount"] - received.where(there["paid_on"].notna() | there["amount_paid"].notna(), 0.0)).clip(lower=0.0)
    found = profit.expected_credit_loss(study.table("invoices"), end=end)
    assert round(found["owed"].sum(), 2) == round(unpaid.sum(), 2)
    assert len(found) == there.loc[unpaid > 0, "customer_id"].nunique()


@pytest.mark.parametrize("name", ["amount", "due_on", "invoiced_on"])
def test_an_invoice_without_amount_or_day_is_refused(name):
    gap = LATER.assign(**{name: LATER[name].where(LATER["customer_id"] != "b")})
    with pytest.raises(ValueError, match=rf"{name} is missing for 1 of 3 invoices; fill it"):
        profit.expected_credit_loss(gap, end="2024-12-31", rates=RATES)


def test_rates_of_loss_are_a_series():
    with pytest.raises(TypeError, match="rates is a list; give a Series by the classes of age"):
        profit.expected_credit_loss(LATER, end="2024-12-31", rates=[0.1] * 5)


def test_levers_move_only_what_moves_with_the_customers():
    index = ["a", "(unknown customer)", "(unused capacity)"]
    pnl = pd.DataFrame({"net_revenue": [90.0, 10.0, 0], "cost_to_serve": [20.0, 0, 30], "profit": [50.0, 10, -30]}, index=index)
    found = profit.levers(pnl.assign(avoidable_profit=[60.0, 10.0, -12.0]))
    assert found["amount"].to_dict() == {"price": 1.0, "volume": 0.7, "cost_to_serve": 0.2}
    assert found["share_of_profit"].tolist() == pytest.approx([1 / 30, 0.7 / 30, 0.2 / 30])
