"""What must hold for any customers: order, ids and currency change nothing, and nothing is counted twice or lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof import decisions
from custprof.costing import CostModel, allocate

quick = settings(max_examples=20, deadline=None)
MODEL = CostModel.from_dict(
    {
        "pools": {"sales": {"accounts": ["6100"], "capacity_minutes": 5000}},
        "activities": {name: {"pool": "sales", "level": "customer", "minutes": 1} for name in ("call", "visit")},
    }
)


@st.composite
def books(draw):
    """Profit and loss of some customers, in cents; avoidable profit is never below profit."""
    count = draw(st.integers(2, 12))
    cents = {
        name: draw(st.lists(st.integers(low, 10**7), min_size=count, max_size=count))
        for name, low in (("sold", -(10**5)), ("goods", 0), ("stays", 0))
    }
    sold, goods, stays = (np.array(values) / 100 for values in cents.values())
    ids = pd.Index([f"c{place:02d}" for place in range(count)], name="customer_id")
    avoidable = (sold - goods).round(2)
    return pd.DataFrame({"net_revenue": sold, "avoidable_profit": avoidable, "profit": (avoidable - stays).round(2)}, index=ids)


def mixed(frame, seed):
    return frame.sample(frac=1, random_state=seed)


@quick
@given(books(), st.floats(0, 0.5), st.floats(0, 1), st.integers(0, 99))
def test_price_and_fee_lead_to_the_target_whatever_the_order_and_the_currency(pnl, target, highest, seed):
    found = decisions.reprice(pnl, target_margin=target, highest_rise=highest, elasticity=-1.0)
    short = found["way"] != "nothing"
    sold = pnl["net_revenue"] + found["brings"] + found["fee"]
    after = pnl["profit"] + found["brings"] + found["fee"]
    assert np.allclose(after[short], (target * sold)[short], rtol=1e-9, atol=1e-6)
    assert (found.loc[~short, ["rise", "brings", "fee"]] == 0).all(axis=None)
    assert found["rise"].between(0, highest).all() and found["break_even_loss"].dropna().between(0, 1).all()
    pd.testing.assert_frame_equal(
        decisions.reprice(mixed(pnl, seed), target_margin=target, highest_rise=highest, elasticity=-1.0).sort_index(), found
    )
    larger = decisions.reprice(pnl * 1024, target_margin=target, highest_rise=highest, elasticity=-1.0)
    assert np.allclose(larger["fee"], found["fee"] * 1024) and larger["way"].tolist() == found["way"].tolist()
    assert np.allclose(larger["break_even_loss"], found["break_even_loss"], equal_nan=True)


@quick
@given(books(), st.floats(0.01, 1))
def test_more_volume_than_the_break_even_loss_does_harm_and_less_does_not(pnl, highest):
    found = decisions.reprice(pnl, highest_rise=highest)
    raised = found[(found["rise"] > 0) & (found["break_even_loss"] < 1)]
    before = pnl.loc[raised.index, "avoidable_profit"]
    for more, sign in ((1e-3, -1), (-1e-3, 1)):
        after = (1 - raised["break_even_loss"] - more) * (before + raised["brings"])
        assert (np.sign(after - before) == sign).all()


@st.composite
def referrals(draw):
    """Customers, each referred by an earlier one or by nobody, so that there is no circle."""
    count = draw(st.integers(2, 20))
    ids = [f"c{place:02d}" for place in range(count)]
    by = [None] + [draw(st.one_of(st.none(), st.sampled_from([*ids[:place], "stranger"]))) for place in range(1, count)]
    kind = [None if name is None else draw(st.sampled_from(["one", "two"])) for name in by]
    value = draw(st.lists(st.integers(-(10**6), 10**6), min_size=count, max_size=count))
    return pd.DataFrame({"customer_id": ids, "referred_by": by, "referral_type": kind}), pd.Series(value, index=ids, dtype=float) / 4


@quick
@given(referrals(), st.integers(0, 1000), st.integers(0, 99))
def test_every_referred_customer_counts_once_for_one_referrer(people_and_value, saved, seed):
    people, value = people_and_value
    found = decisions.referral_value(people, value, acquisition_cost=saved)
    kinds = people.set_index("customer_id")["referral_type"]
    assert found["referred_value"].sum() == value[kinds.eq("one")].sum()
    assert found["saved_cost"].sum() == saved * kinds.notna().sum()
    assert found["type_one"].sum() + found["type_two"].sum() == kinds.notna().sum()
    pd.testing.assert_frame_equal(decisions.referral_value(mixed(people, seed), mixed(value, seed), acquisition_cost=saved), found)
    renamed = {name: f"z{99 - place}" for place, name in enumerate(value.index)}
    again = decisions.referral_value(people.replace(renamed), value.rename(renamed), acquisition_cost=saved).rename(
        index={new: old for old, new in renamed.items()}
    )
    pd.testing.assert_frame_equal(again.loc[found.index].rename_axis("customer_id"), found)
    larger = decisions.referral_value(people, value * 8, acquisition_cost=saved * 8)
    assert larger["cell"].equals(found["cell"]) and (larger["referral_value"] == 8 * found["referral_value"]).all()


@st.composite
def served(draw):
    """An allocation of minutes with some that can be avoided, and profits of the customers."""
    ids = [f"c{place}" for place in range(draw(st.integers(3, 8)))]
    rows = [(name, customer, draw(st.integers(1, 200))) for name in ("call", "visit") for customer in ids]
    ledger = pd.DataFrame(
        {
            "line_id": ["1"],
            "account": ["6100"],
            "amount": [draw(st.integers(1, 10**7)) / 100],
            "avoidable": [draw(st.integers(0, 100)) / 100],
        }
    )
    profit = [-5.0, 7.0] + [draw(st.integers(-(10**6), 10**6)) / 100 for _ in ids[2:]]
    drivers = pd.DataFrame(rows, columns=["activity", "customer_id", "quantity"])
    return pd.DataFrame({"profit": profit}, index=ids), allocate(MODEL, ledger, drivers), drivers


@quick
@given(served(), st.floats(0.1, 1), st.integers(0, 99))
def test_minutes_given_are_those_freed_and_so_are_the_cents(case, share, seed):
    pnl, allocation, drivers = case
    freed, given_on = decisions.freed_time(pnl, allocation, "c0", share=share), decisions.redeploy(pnl, allocation, "c0", share=share)
    minutes = share * drivers.loc[drivers["customer_id"] == "c0", "quantity"].sum()
    assert freed["minutes"].sum() == pytest.approx(minutes) and given_on["minutes"].sum() == pytest.approx(minutes)
    assert round(given_on["cost"].sum(), 2) == round(freed["cost"].sum(), 2)
    assert round(given_on["given_up"].sum(), 2) == round(freed["ends"].sum(), 2)
    assert (freed["ends"] + freed["stays"]).round(2).tolist() == freed["cost"].tolist()
    assert "c0" not in given_on.index and (given_on["expected_profit"] > 0).all()
    pd.testing.assert_frame_equal(decisions.redeploy(mixed(pnl, seed), allocation, "c0", share=share), given_on)


@quick
@given(st.data(), st.integers(0, 99))
def test_a_call_is_worth_the_same_in_any_order_and_currency(data, seed):
    count = data.draw(st.integers(1, 15))
    ids = pd.Index([f"c{place:02d}" for place in range(count)], name="customer_id")
    draw = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    age = draw.uniform(1, 200, count)
    again = draw.integers(0, 9, count)
    summary = pd.DataFrame(
        {"frequency": again, "recency": np.where(again > 0, age * draw.uniform(0.05, 1, count), 0.0), "T": age}, index=ids
    )
    summary.attrs = {"unit": "W", "end": "2025-06-30"}
    pnl = pd.DataFrame({"profit": draw.normal(50, 100, count)}, index=ids)
    now = pd.DataFrame({"value": draw.normal(20, 50, count), "p_alive": draw.random(count)}, index=ids)
    found = decisions.reengage(pnl, summary, now, chance=0.25, contact_cost=2.0)
    assert (
        (found["profit"] > 0).all() and (found["active_value"] > 0).all() and (found["due_on"].dropna() > pd.Timestamp("2025-06-30")).all()
    )
    assert np.allclose(found["expected_gain"], 0.25 * found["at_stake"] - 2)
    assert found["most_per_contact"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(
        decisions.reengage(mixed(pnl, seed), mixed(summary, seed), mixed(now, seed), chance=0.25, contact_cost=2.0), found
    )
    money = [frame.assign(**{name: frame[name] * 16}) for frame, name in ((pnl, "profit"), (now, "value"))]
    larger = decisions.reengage(money[0], summary, *money[1:], chance=0.25, contact_cost=32.0)
    assert larger.index.equals(found.index) and np.allclose(larger["expected_gain"], 16 * found["expected_gain"])
    assert np.allclose(larger["chance_to_pay"], found["chance_to_pay"])
