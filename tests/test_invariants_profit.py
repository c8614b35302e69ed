"""What must hold for any customers: every cent adds up, order and currency scale change nothing, no input is mutated."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from custprof import decisions, profit
from custprof.study.facts import customer_facts

quick = settings(max_examples=15, deadline=None)

CENTS = st.integers(-(10**9), 10**9)
COSTS = st.integers(0, 10**8)


@st.composite
def profits(draw, least=1):
    cents = draw(st.lists(CENTS, min_size=least, max_size=40))
    return pd.Series(np.array(cents) / 100, index=[f"c{place:03d}" for place in range(len(cents))])


@st.composite
def books(draw):
    """Facts and an allocation of a made-up company: customers on either side only, and residual rows."""
    count = draw(st.integers(1, 8))
    ids = [f"c{place}" for place in range(count)]

    def column():
        return np.array(draw(st.lists(COSTS, min_size=count, max_size=count))) / 100

    facts = pd.DataFrame({"list_revenue": column(), "discounts": column(), "returns": column()}, index=ids)
    facts["invoice_revenue"] = (facts["list_revenue"] - facts["discounts"]).round(2)
    facts["net_revenue"] = (facts["invoice_revenue"] - facts["returns"]).round(2)
    for name in draw(st.sets(st.sampled_from(["cost_of_goods", "freight", "commission", "credit_cost", "bad_debt"]))):
        facts[name] = column()
    rows = [*draw(st.sets(st.sampled_from([*ids, "y", "z"]), min_size=1)), "(unused capacity)", "(unknown customer)"]
    costs = {name: np.array(draw(st.lists(CENTS, min_size=len(rows), max_size=len(rows)))) / 100 for name in ("pick", "sell")}
    full = pd.DataFrame(costs, index=rows)
    part = (full * draw(st.sampled_from([0.25, 0.5, 1.0]))).round(2)
    return facts, SimpleNamespace(customers=lambda by=None, avoidable=False: part if avoidable else full)


def cents(amount):
    return round(amount * 100)


@quick
@given(books())
def test_profit_is_contribution_less_what_was_allocated_to_the_cent(given_books):
    facts, allocation = given_books
    pnl = profit.customer_pnl(facts, allocation)
    before = profit.customer_pnl(facts)["profit"]
    allocated = cents(allocation.customers().to_numpy().sum())
    assert cents(profit.total(pnl["profit"])) == cents(profit.total(before)) - allocated
    if not allocation.customers(avoidable=True).any(axis=None):
        assert "avoidable_cost" not in pnl
        return
    avoidable = cents(allocation.customers(avoidable=True).to_numpy().sum())
    assert cents(profit.total(pnl["avoidable_profit"])) == cents(profit.total(before)) - avoidable
    assert set(facts.index) | set(allocation.customers().index) == set(pnl.index)
    assert not pnl.isna().any(axis=None)


@quick
@given(books())
def test_the_ladder_adds_up_from_total_to_total(given_books):
    facts, allocation = given_books
    steps = profit.ladder(profit.customer_pnl(facts, allocation))
    unknown = steps["kind"] == "unknown"
    assert (steps["amount"].isna() == unknown).all() and (steps["source"] != "").all()
    reached = 0
    for place, row in enumerate(steps[~unknown].itertuples()):
        if row.kind == "total" and place:
            assert cents(row.amount) == reached
        reached = cents(row.amount) if row.kind == "total" else reached + cents(row.amount)


@quick
@given(books())
def test_the_price_waterfall_leads_over_the_contribution_to_the_profit(given_books):
    facts, allocation = given_books
    pnl = profit.customer_pnl(facts, allocation)
    frame = profit.price_waterfall(pnl)
    amounts = frame.set_index("step")["amount"]
    reached = amounts["pocket_margin" if "pocket_margin" in amounts else "pocket_price" if "pocket_price" in amounts else "net_revenue"]
    assert cents(reached) == cents(profit.total(pnl["contribution" if "contribution" in pnl else "net_revenue"]))
    assert cents(amounts["profit"]) == cents(profit.total(pnl["profit"]))
    between = frame["amount"].where(frame["kind"] != "total", 0.0).cumsum() + amounts.iloc[0]
    assert (between - frame["amount"])[frame["kind"] == "total"].abs().max() < 0.005


@quick
@given(books(), st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_rows_and_nothing_is_mutated(given_books, random):
    facts, allocation = given_books
    kept, costs = facts.copy(deep=True), allocation.customers().copy(deep=True)
    order = random.sample(list(facts.index), len(facts))
    one, other = profit.customer_pnl(facts, allocation), profit.customer_pnl(facts.loc[order], allocation)
    pd.testing.assert_frame_equal(one.sort_index(), other.sort_index())
    pd.testing.assert_frame_equal(facts, kept)
    pd.testing.assert_frame_equal(allocation.customers(), costs)


@quick
@given(profits())
def test_the_whale_ends_at_the_total_and_never_rises_after_its_peak(values):
    kept = values.copy()
    curve, summary = profit.whale_curve(values), profit.whale_summary(values)
    assert curve["cumulative_profit"].iloc[-1] == profit.total(values) == summary["total"]
    assert cents(summary["peak"]) + cents(summary["losses"]) == cents(summary["total"])
    assert max(0.0, curve["cumulative_profit"].max()) == summary["peak"]
    assert (np.diff(curve["profit"]) <= 0).all()
    if summary["total"] > 0:
        assert curve["cumulative_share"].iloc[-1] == 1.0
    pd.testing.assert_series_equal(values, kept)


@quick
@given(profits(), st.randoms(use_true_random=False))
def test_the_whale_does_not_depend_on_order(values, random):
    mixed = values.loc[random.sample(list(values.index), len(values))]
    pd.testing.assert_frame_equal(profit.whale_curve(values), profit.whale_curve(mixed))


@quick
@given(profits(least=2), st.sampled_from([1e-6, 0.01, 1000.0, 25.4]))
def test_shares_and_inequality_do_not_depend_on_the_currency(values, rate):
    one, other = profit.whale_curve(values), profit.whale_curve(values * rate)
    if abs(profit.total(values)) > 1:
        np.testing.assert_allclose(one["cumulative_share"], other["cumulative_share"], rtol=1e-6)
    gini = profit.normalized_gini(values)
    assert 0 <= gini <= 1
    np.testing.assert_allclose(gini, profit.normalized_gini(values * rate), atol=1e-12)
    np.testing.assert_allclose(gini, profit.normalized_gini(-values), atol=1e-12)


@quick
@given(profits(least=2), CENTS, st.randoms(use_true_random=False))
def test_costs_above_the_customers_are_spread_to_the_cent_or_not_at_all(values, cost, random):
    pnl = pd.DataFrame({"profit": values, "net_revenue": values.abs() + 0.01})
    above = pd.DataFrame({"cost": [cost / 100, 12.34], "spread_on": ["net_revenue", None]}, index=["channel", "head office"])
    loaded = profit.spread_levels(pnl, above)
    assert cents(profit.total(loaded["channel"])) == cost
    assert cents(profit.total(loaded["after_head office"])) == cents(profit.total(values)) - cost - 1234
    assert (loaded.loc[values.index, "head office"] == 0).all()
    mixed = pnl.loc[random.sample(list(pnl.index), len(pnl))]
    pd.testing.assert_frame_equal(profit.spread_levels(mixed, above).loc[loaded.index], loaded)


@st.composite
def receivables(draw):
    day, amount = st.integers(0, 700), st.integers(-(10**5), 10**7)
    rows = draw(
        st.lists(st.tuples(st.sampled_from(["a", "b", None]), day, amount, st.none() | day, st.floats(0, 1)), min_size=1, max_size=30)
    )
    frame = pd.DataFrame(rows, columns=["customer_id", "due", "amount", "paid", "part"])
    start = pd.Timestamp("2023-01-01")
    known = pd.DataFrame({"customer_id": frame["customer_id"].astype(object), "amount": frame["amount"] / 100})
    known["due_on"] = start + pd.to_timedelta(frame["due"], unit="D")
    known["invoiced_on"] = known["due_on"] - pd.Timedelta(days=30)
    known["paid_on"] = start + pd.to_timedelta(frame["paid"].astype(float), unit="D")
    known["amount_paid"] = (known["amount"] * np.where(frame["paid"].isna(), frame["part"], 1.0)).round(2)
    return known


@quick
@given(receivables(), st.randoms(use_true_random=False))
def test_what_is_unpaid_is_either_owed_or_written_off(invoices, random):
    end, lines = pd.Timestamp("2024-12-01"), pd.DataFrame({"customer_id": ["a"], "order_id": "1", "revenue": 1.0})
    rates = pd.Series(0.25, index=["not due", "1-30 days", "31-60 days", "61-90 days", "91-180 days"])
    owed = profit.expected_credit_loss(invoices, end=end, rates=rates)
    lost = customer_facts(lines.assign(date=end), invoices[invoices["amount"] > 0], credit={"write_off_days": 180}, end=end)["bad_debt"]
    unpaid = (invoices["amount"] - invoices["amount_paid"])[invoices["amount"] > 0].clip(lower=0.0).sum()
    assert cents(owed["owed"].sum()) + cents(lost.sum()) == cents(unpaid)
    np.testing.assert_allclose(owed[rates.index].sum(axis=1), owed["owed"])
    mixed = invoices.sample(frac=1, random_state=random.randint(0, 9))
    pd.testing.assert_frame_equal(profit.expected_credit_loss(mixed, end=end, rates=rates), owed)
    by_year = profit.expected_credit_loss(invoices, end=end, rates=rates, by="year")
    assert cents(by_year["owed"].sum()) == cents(owed["owed"].sum())


@st.composite
def histories(draw):
    cells = draw(
        st.dictionaries(
            st.tuples(st.sampled_from("abcdef"), st.sampled_from(["2022", "2023", "2024"])), st.tuples(CENTS, CENTS), min_size=1
        )
    )
    cells |= {("g", "2022"): (100, 200), ("g", "2024"): (-100, 100)}
    rows = pd.MultiIndex.from_tuples(list(cells), names=["customer_id", "period"])
    return pd.DataFrame(list(cells.values()), columns=["profit", "avoidable_profit"], index=rows) / 100


@quick
@given(histories())
def test_changes_of_class_hold_every_customer_and_all_the_money(history):
    moves, table = profit.drift(history), profit.transitions(history)
    assert table["customers"].sum() == len(moves)
    periods = history["profit"].groupby(level="period").sum()
    assert cents(table["change"].sum()) == cents(periods.iloc[-1] - periods.iloc[0])
    assert not ((moves["class_before"] == "new") & (moves["class_after"] == "lost")).any()


@quick
@given(histories())
def test_nobody_is_parted_with_who_pays_or_loses_once(history):
    verified = decisions.verify_losses(history)
    whole = history.groupby(level="customer_id").sum().round(2)
    advice = decisions.recommend(whole, verified=verified)
    parted = advice[advice["action"] == "part"].index
    assert (whole.loc[parted, "profit"] < 0).all() and (whole.loc[parted, "avoidable_profit"] < 0).all()
    assert (verified.loc[parted, "avoidable_loss_periods"] > 1).all()
    assert set(advice.index) == set(whole.index) and (advice["reason"] != "").all()


@quick
@given(books())
def test_the_effect_of_dropping_leads_from_before_to_after(given_books):
    facts, allocation = given_books
    pnl = profit.customer_pnl(facts, allocation)
    assume("avoidable_cost" in pnl)
    gone = facts.index[::2]
    effect = decisions.drop_effect(pnl, gone).set_index("step")["amount"]
    assert cents(effect["profit_after"]) == cents(effect["profit_before"]) - cents(profit.total(pnl.loc[gone, "avoidable_profit"]))
    rest = profit.total(pnl["profit"].drop(gone))
    assert cents(effect["profit_after"]) == cents(rest) + cents(effect["stranded_cost"])


@quick
@given(profits())
def test_concentration_stays_between_equal_and_one(values):
    if not (values > 0).any():
        return
    found = decisions.concentration(values)
    assert 1 / found["customers"] - 1e-12 <= found["herfindahl"] <= 1 + 1e-12
    assert found["customers"] + found["left_out"] == len(values)
