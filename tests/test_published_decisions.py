"""Published cases of decisions: one test per table, its source in the docstring."""

import numpy as np
import pandas as pd
import pytest

from custprof import decisions
from custprof.costing import CostModel, allocate
from custprof.profit import levers

#: Average economics of 2,463 companies: price 100, variable cost 70.2, fixed cost 20.8, operating profit 9.
AVERAGE = pd.DataFrame(
    {"net_revenue": [100.0], "cost_of_goods": [70.2], "cost_to_serve": [20.8], "profit": [9.0], "avoidable_profit": [29.8]},
    index=["company"],
)


def test_one_percent_of_price():
    """Marn & Rosiello (1992), Harvard Business Review 70(5), exhibit 1: one percent of price is worth 11.1 % of profit."""
    found = decisions.reprice(AVERAGE, target_margin=0.5, highest_rise=0.01).loc["company"]
    assert round(100 * found["brings"] / found["profit"], 1) == 11.1
    assert found["brings"] == pytest.approx(levers(AVERAGE).loc["price", "amount"])


def test_one_percent_of_volume_against_one_percent_of_price():
    """The same: one percent of volume is worth 3.3 %. So the volume that a rise of one percent may cost (derived) is 1 / 30.8."""
    assert round(100 * levers(AVERAGE).loc["volume", "share_of_profit"], 1) == 3.3
    found = decisions.reprice(AVERAGE, target_margin=0.5, highest_rise=0.01).loc["company"]
    assert found["break_even_loss"] == pytest.approx(1 / 30.8)
    at_even = np.log(1 - found["break_even_loss"]) / np.log(1.01)
    changed = decisions.reprice(AVERAGE, target_margin=0.5, highest_rise=0.01, elasticity=float(at_even))
    assert changed.loc["company", "profit_change"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("rise", "margin", "loss"), [(0.05, 0.45, 0.10), (0.10, 0.40, 0.20), (0.20, 0.30, 0.40), (0.10, 0.15, 0.40)])
def test_nagle_break_even_sales(rise, margin, loss):
    """Nagle, Hogan & Zale (2011), The Strategy and Tactics of Pricing: change of sales to break even = -dP / (CM + dP) (derived)."""
    pnl = pd.DataFrame({"net_revenue": [200.0], "profit": [0.0], "avoidable_profit": [200 * margin]}, index=["a"])
    found = decisions.reprice(pnl, target_margin=0.9, highest_rise=rise).loc["a"]
    assert found["break_even_loss"] == pytest.approx(loss) == rise / (margin + rise)


def test_what_only_seems_worthless_may_lose_little_volume():
    """Mogul, Penner, Slicer (Horngren): Slicer earns 7 and contributes 45; 5 % more may cost a third of it, not three quarters."""
    sales, cost = pd.Series([550.0, 330, 440]), pd.DataFrame({"goods": [380.0, 220, 340], "handling": [41.0, 18, 33]})
    saved = pd.DataFrame({"marketing": [11.0, 9, 10], "orders": [13.0, 7, 12]})
    stays = pd.DataFrame({"equipment": [10.0, 6, 8], "rent": [14.0, 8, 14], "administration": [20.0, 12, 16]})
    contributed = sales - cost.sum(axis=1) - saved.sum(axis=1)
    pnl = pd.DataFrame({"net_revenue": sales, "profit": contributed - stays.sum(axis=1), "avoidable_profit": contributed})
    pnl = pnl.set_axis(["Mogul", "Penner", "Slicer"])
    assert pnl["profit"].tolist() == [61.0, 50.0, 7.0] and pnl.loc["Slicer", "avoidable_profit"] == 45.0
    found = decisions.reprice(pnl, target_margin=0.9, highest_rise=0.05).loc["Slicer"]
    assert found["break_even_loss"] == pytest.approx(22 / (45 + 22))


def test_referral_value_of_the_two_types():
    """Kumar, Petersen & Leone (2010), Journal of Marketing 74(5), equation of the referral value (by hand): type one brings margin less
    marketing cost and the saved acquisition cost, type two the saved acquisition cost only."""
    people = pd.DataFrame({"customer_id": ["r", "y1", "y2"], "referred_by": [None, "r", "r"], "referral_type": [None, "one", "two"]})
    margin, marketing, saved = 100.0, 40.0, 25.0
    value = pd.Series({"r": 60.0, "y1": margin - marketing, "y2": margin - marketing})
    found = decisions.referral_value(people, value, acquisition_cost=saved)
    assert found.loc["r", "referral_value"] == (margin - marketing + saved) + saved
    assert found.loc["r", "value"] == 60.0


def test_freed_minutes_of_the_customer_service_department():
    """Kaplan & Anderson (2004), Harvard Business Review 82(11): 0.80 a minute, 44 minutes an inquiry; half of 1,400 of them (derived)."""
    pools = {"customer service": {"accounts": ["6100"], "capacity_minutes": 700_000}}
    ask = {"pool": "customer service", "level": "customer", "minutes": 1}
    model = CostModel.from_dict({"pools": pools, "activities": {"handle inquiries": ask}})
    ledger = pd.DataFrame({"line_id": ["1"], "account": ["6100"], "amount": [560_000.0], "avoidable": [0.0]})
    drivers = pd.DataFrame({"activity": "handle inquiries", "customer_id": ["losers", "others"], "quantity": [44 * 700, 44 * 700]})
    pnl = pd.DataFrame({"profit": [-1000.0, 100_000.0]}, index=["losers", "others"])
    freed = decisions.freed_time(pnl, allocate(model, ledger, drivers), "losers").loc["handle inquiries"]
    assert freed[["minutes", "cost", "ends", "stays"]].tolist() == [30_800.0, 24_640.0, 0.0, 24_640.0]
