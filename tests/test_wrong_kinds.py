"""What is of the wrong kind is refused in custprof's words, by name, and never in Python's own from the inside of a function."""

import traceback
from functools import partial

import numpy as np
import pandas as pd
import pytest

from custprof import acquisition, costing, decisions, profit
from custprof.profit.inputs import FACTS, MARGINS

IDS = pd.Index(list("abc"), name="customer_id")
ROWS = pd.MultiIndex.from_product([list("abc"), ["2023", "2024", "2025"]], names=["customer_id", "period"])


def pnl_of(index):
    size = np.arange(len(index), dtype=float)
    facts = pd.DataFrame({"net_revenue": 100.0 + size, "cost_of_goods": 60.0}, index=index)
    return profit.customer_pnl(facts, pd.DataFrame({"call": 10.0 * size}, index=index)).assign(avoidable_cost=5.0, avoidable_profit=20.0)


PNL, BY_PERIOD = pnl_of(IDS), pnl_of(ROWS)
COSTS, PROFIT = PNL[["call"]], PNL["profit"]
INVOICES = pd.DataFrame({"customer_id": ["a"], "invoiced_on": ["2024-01-01"], "due_on": ["2024-02-01"], "amount": [9.0]}).astype(
    {"invoiced_on": "datetime64[s]", "due_on": "datetime64[s]"}
)
RATES = pd.DataFrame({"period": ["2023"], "activity": ["call"], "rate": [1.0]})
SOLD = pd.DataFrame({"quantity": 1.0, "revenue": BY_PERIOD["net_revenue"], "product_id": "x"}).set_index("product_id", append=True)
BACKTEST = pd.DataFrame({"turned": [True, False], "probability": [0.9, 0.2]}, index=["a", "b"])
PLAN = decisions.effort_plan(PNL[["profit"]].clip(lower=1.0), budget=30)
RATINGS = pd.DataFrame({"customer_id": ["a"], "date": pd.Timestamp("2025-01-01"), "score": [9]})
SUPPORT = pd.Series({"it": 5.0, "shop": 1.0}), pd.DataFrame({"it": [0.0], "shop": [1.0]}, index=["it"])
WORK = pd.DataFrame({"unit_minutes": [8.0], "volume": [4.0]}, index=["order"])
MODEL = costing.CostModel.from_dict(
    {"pools": {"desk": {"accounts": ["61"]}}, "activities": {"take": {"pool": "desk", "level": "order", "driver": "rows"}}}
)
LEDGER = pd.DataFrame({"line_id": ["1"], "account": ["61"], "amount": [9.0]})
DRIVERS = pd.DataFrame({"activity": ["take"], "customer_id": ["a"], "quantity": [1.0]})
TIMED = costing.allocate(
    costing.CostModel.from_dict(
        {
            "pools": {"sales": {"accounts": ["61"], "capacity_minutes": 9}},
            "activities": {"visit": {"pool": "sales", "level": "customer", "minutes": 1}},
        }
    ),
    LEDGER.assign(avoidable=0.5),
    pd.DataFrame({"activity": "visit", "customer_id": IDS, "quantity": 2.0}),
)
PEOPLE = pd.DataFrame({"referred_by": [None, "a", None], "referral_type": [None, "one", None]}, index=IDS)
SUMMARY = pd.DataFrame({"frequency": 2, "recency": 3.0, "T": 90.0}, index=IDS)
SUMMARY.attrs = {"unit": "W", "end": "2025-12-31"}
EXPECTED = pd.DataFrame({"value": 9.0, "p_alive": 0.1}, index=IDS)

#: Each call, and the arguments that are tried with wrong kinds; all others are right.
CALLS = [
    (profit.customer_pnl, {"facts": PNL[["net_revenue"]], "allocation": COSTS}),
    (profit.customers_only, {"pnl": PNL}),
    (profit.activity_columns, {"pnl": PNL}),
    (profit.profit_basis, {"pnl": PNL}),
    (profit.profit_name, {"pnl": PNL}),
    (profit.whale_curve, {"profit": PROFIT}),
    (profit.whale_band, {"profit": PROFIT, "level": 0.9, "resamples": 2, "random_state": 0}),
    (profit.top_shares, {"profit": PROFIT, "top": (1,)}),
    (profit.normalized_gini, {"values": PROFIT}),
    (profit.price_waterfall, {"pnl": PNL}),
    (profit.levers, {"pnl": PNL}),
    (profit.drift, {"pnl_by_period": BY_PERIOD, "neutral": 0.0}),
    (partial(profit.drift_effects, BY_PERIOD), {"products": SOLD, "rates": RATES, "decimals": 2}),
    (profit.effect_steps, {"effects": profit.drift_effects(BY_PERIOD)}),
    (profit.warning_scores, {"backtest": BACKTEST}),
    (profit.warning_calibration, {"backtest": BACKTEST, "bins": 2}),
    (profit.total, {"values": PROFIT}),
    (profit.credit_loss_rates, {"invoices": INVOICES, "end": "2025-01-01", "write_off_days": 180, "decimals": 2}),
    (decisions.verify_losses, {"pnl_by_period": BY_PERIOD, "error": 0.2, "certainty": 0.9, "draws": 5, "random_state": 0}),
    (decisions.loss_probability, {"costs": COSTS, "profit": PROFIT, "draws": 5}),
    (decisions.recommend, {"pnl": PNL, "value": PROFIT, "verified": decisions.verify_losses(BY_PERIOD, draws=5), "p_alive": 0 * PROFIT}),
    (decisions.drop_effect, {"pnl": PNL, "customers": ["a"], "freed_income": 0.0}),
    (decisions.leakage, {"pnl": PNL.assign(list_revenue=200.0, discounts=5.0), "policy": 0.1, "classes": 2}),
    (decisions.concentration, {"values": PNL["net_revenue"]}),
    (decisions.manager_risk, {"pnl": PNL, "customers": pd.DataFrame({"account_manager": "Ann"}, index=IDS)}),
    (decisions.net_promoter_score, {"ratings": RATINGS}),
    (decisions.effort_plan, {"customers": PNL[["profit"]].abs(), "minutes": 10.0, "budget": 5.0, "rewarded": 0.5}),
    (decisions.compare_rewards, {"plan": PLAN}),
    (decisions.reprice, {"pnl": PNL, "target_margin": 0.1, "highest_rise": 0.1, "orders": PROFIT, "elasticity": -1.0}),
    (decisions.referral_value, {"customers": PEOPLE, "value": PROFIT, "acquisition_cost": 5.0}),
    (decisions.indirect_benefit, {"contributions": RATINGS[["customer_id"]], "decimals": 2}),
    (decisions.freed_time, {"pnl": PNL, "allocation": TIMED, "customers": ["a"], "share": 0.5, "activities": ["visit"]}),
    (decisions.redeploy, {"pnl": PNL, "allocation": TIMED, "customers": ["a"], "potential": PROFIT, "elasticity": 0.1}),
    (
        decisions.reengage,
        {
            "pnl": PNL,
            "summary": SUMMARY,
            "now": EXPECTED,
            "chance": 0.1,
            "contact_cost": 2.0,
            "alive_below": 0.5,
        },
    ),
    (costing.allocate, {"model": MODEL, "ledger": LEDGER, "drivers": DRIVERS, "customers": pd.DataFrame({"kind": "x"}, index=IDS)}),
    (costing.allocate_study, {"study": object()}),
    (costing.check_costs, {"study": object()}),
    (partial(costing.driver_quantities, study=object()), {"model": MODEL}),
    (costing.allocate_support, dict(zip(("costs", "usage"), SUPPORT, strict=True))),
    (costing.support_shares, {"usage": SUPPORT[1]}),
    (costing.time_driven, {"cost": 100.0, "capacity_minutes": 50.0, "activities": WORK}),
    (partial(costing.split_cents, 100), {"weights": pd.Series({"a": 1.0})}),
    (acquisition.funnel, {"leads": pd.DataFrame({"created_on": ["2024-01-01"], "won_on": ["2024-01-02"]})}),
    (acquisition.acquisition_cost, {"campaigns": LEDGER.iloc[:0], "customers": LEDGER.iloc[:0]}),
]


def wrong_of(value):
    """A text, a list, a number that is none or makes no sense; of a frame also none of its columns, one of them, or text in it."""
    yield from ("x", [1, "x"], 3.5 if not isinstance(value, float) else None)
    if isinstance(value, (int, float)):
        yield from (float("nan"), float("inf"), -1 if value is not None else None)
    if isinstance(value, pd.DataFrame):
        yield from (pd.DataFrame(), value.iloc[:, 0] if value.shape[1] > 1 else None)
        numbers = [name for name in value.select_dtypes("number") if name in (*FACTS, *MARGINS, "probability", "score", "amount", "call")]
        yield from (value.assign(**{name: "text"}) for name in numbers[-1:])
    if isinstance(value, pd.Series):
        yield value.astype(str) + "x"


CASES = [
    pytest.param(call, {**right, name: wrong}, isinstance(wrong, str | list), id=f"{getattr(call, 'func', call).__name__}-{name}-{place}")
    for call, right in CALLS
    for name in right
    for place, wrong in enumerate(wrong_of(right[name]))
    if wrong is not None
]


@pytest.mark.parametrize(("call", "arguments", "never"), CASES)
def test_a_wrong_kind_is_refused_by_the_function_that_is_asked(call, arguments, never):
    try:
        call(**arguments)
    except (TypeError, ValueError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        assert "custprof" in last.filename and "raise" in last.line, f"the message is not ours: {error}"
    else:
        assert not never, "a text or a list was taken for what it is not"
