"""What must hold of every plan and every capacity: nothing is lost, nothing is negative, order and ids change nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof.acquisition import budget, capacity_check, profit_of_alike, prune_funnel

few = settings(max_examples=25, deadline=None)

campaign = st.tuples(
    st.sampled_from(["fair", "web", "post", "tv"]),
    st.integers(0, 5_000_000),  # cents
    st.integers(0, 900_000),
    st.integers(0, 60),
    st.integers(-400_000, 900_000),
    st.integers(0, 200_000),
)
plans = st.lists(campaign, min_size=1, max_size=9)


def compared(rows):
    frame = pd.DataFrame(rows, columns=["channel", "spend", "contact_cost", "customers", "mean", "error"])
    money = frame[["spend", "contact_cost", "mean", "error"]] / 100
    none = frame["customers"] == 0
    return frame.assign(
        spend=money["spend"],
        contact_cost=money["contact_cost"],
        cost=money["spend"] + money["contact_cost"],
        known=frame["customers"],
        profit_per_customer=money["mean"].mask(none),
        profit_low=(money["mean"] - money["error"]).mask(frame["customers"] < 2),
        profit_high=(money["mean"] + money["error"]).mask(frame["customers"] < 2),
    )


@few
@given(rows=plans, wanted=st.integers(0, 300), stretch=st.sampled_from([0.0, 0.5, 1.0, 1.7]), least=st.sampled_from([None, 0.0, 0.4]))
def test_a_plan_sums_to_the_forecast_and_its_money_to_the_cent(rows, wanted, stretch, least):
    plan = budget(compared(rows), wanted, stretch=stretch, least_return=least, periods=2)
    parts, whole = plan.iloc[:-1], plan.iloc[-1]
    assert parts["customers"].sum() == whole["customers"] == wanted
    for name in ("spend", "contact_cost", "cost", "profit", "net"):
        assert round(parts[name].sum(), 2) == whole[name]
    assert ((plan["spend"] + plan["contact_cost"]).round(2) == plan["cost"]).all()
    assert ((plan["cost"] * 100).round(6) % 1 == 0).all()
    assert (plan[["customers", "spend", "contact_cost", "cost"]] >= 0).all(axis=None)
    asked = parts[parts["asked"] != ""]
    assert (asked["customers"] <= asked["most"]).all()
    paying = asked[asked["customers"] > 0]
    if least is not None:
        assert (paying["cost_per_customer"] <= paying["allowable"] + 1e-9).all()
    assert not (plan["net_low"] > plan["net"]).any() and not (plan["net"] > plan["net_high"]).any()


@few
@given(rows=plans, wanted=st.integers(0, 200), more=st.integers(0, 50))
def test_more_customers_never_cost_less_and_more_stretch_never_leaves_more_to_find(rows, wanted, more):
    past = compared(rows)
    small, large = budget(past, wanted), budget(past, wanted + more)
    assert (large["cost"].reindex(small.index).fillna(0) >= small["cost"]).all()
    lacking = [budget(past, wanted, stretch=stretch)["customers"].get("(without a source)", 0) for stretch in (1.0, 1.5)]
    assert lacking[1] <= lacking[0]


@few
@given(rows=plans, wanted=st.integers(0, 200), seed=st.integers(0, 99))
def test_the_order_of_the_campaigns_changes_nothing(rows, wanted, seed):
    past = compared(rows)
    other = past.sample(frac=1, random_state=seed).set_axis([f"x{place}" for place in range(len(past))])
    pd.testing.assert_frame_equal(budget(past, wanted), budget(other, wanted))


@few
@given(
    pools=st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 9_000), st.integers(0, 90)), min_size=1, max_size=6),
    prospects=st.integers(0, 200),
    seed=st.integers(0, 99),
)
def test_as_many_can_be_served_as_the_first_row_says_and_not_one_more(pools, prospects, seed):
    capacity = pd.DataFrame(pools, columns=["capacity_minutes", "used_minutes", "minutes"]).assign(period="2025")
    capacity["pool"] = [f"pool {place}" for place in range(len(capacity))]
    minutes = capacity.set_index("pool")["minutes"]
    table = capacity_check(capacity, minutes, prospects)
    assert np.allclose(table["left_minutes"], table["capacity_minutes"] - table["used_minutes"] - table["needed_minutes"])
    room = table["can_serve"].iloc[0]
    assert room == table["can_serve"].min() and table["bottleneck"].sum() == (prospects > 0 and (minutes > 0).any())
    if np.isfinite(room):
        needing = table[table["minutes_each"] > 0]
        served = capacity_check(capacity, minutes, room).loc[needing.index]
        assert (served["left_minutes"] >= np.minimum(needing["free_minutes"], 0) - 1e-6).all()
        assert (capacity_check(capacity, minutes, room + 1).loc[needing.index, "left_minutes"] < 0).any()
    shuffled = capacity.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(capacity_check(shuffled, minutes.sample(frac=1, random_state=seed), prospects), table)


leads = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(-900, 900), st.integers(0, 60), st.booleans()), min_size=3, max_size=40
)


@few
@given(rows=leads, rate=st.floats(0.01, 100), shift=st.integers(-500, 500))
def test_worth_of_alike_lies_between_theirs_and_that_of_all_and_moves_with_the_currency(rows, rate, shift):
    frame = pd.DataFrame(rows, columns=["channel", "profit", "minutes", "won"]).assign(customer_id=range(len(rows)))
    profit = frame["profit"].astype(float)
    table = profit_of_alike(frame, profit)
    assert table["credibility"].between(0, 1).all()
    theirs = profit.groupby(frame["channel"]).mean()
    assert table["profit"].between(theirs.min() - 1e-6, theirs.max() + 1e-6).all()
    moved = profit_of_alike(frame, profit * rate + shift)
    assert moved["profit"].to_numpy() == pytest.approx(table["profit"].to_numpy() * rate + shift, rel=1e-6, abs=1e-4)


@few
@given(rows=leads)
def test_the_groups_of_a_pruned_funnel_sum_to_all_leads(rows):
    frame = pd.DataFrame(rows, columns=["channel", "worth", "contact_minutes", "won"])
    frame["customer_id"] = pd.Series([f"c{place}" for place in range(len(frame))]).where(frame["won"])
    profit = pd.Series(10.0, index=frame["customer_id"].dropna())
    table = prune_funnel(frame, frame["worth"].astype(float), profit, minute_rate=1.5, by="channel")
    sums = ["leads", "poor", "minutes", "poor_minutes", "saved", "poor_won", "forgone", "gain"]
    assert np.allclose(table[sums].iloc[:-1].sum(), table.loc["all leads", sums].astype(float))
    assert table.loc["all leads", "minutes"] == frame["contact_minutes"].sum()
    assert (table["gain_low"] <= table["gain"]).all() and (table["gain"] <= table["gain_high"]).all()
