"""Published and stated figures of acquisition."""

import pandas as pd
import pytest

from custprof.acquisition import acquisition_cost, budget, compare_campaigns
from custprof.profit.shares import wilson


def test_campaign_of_ten_million_for_eighteen_customers():
    """The campaign in the brief of this project: 10,000,000 spent, 18 customers for a product of 150,000."""
    campaigns = pd.DataFrame({"campaign_id": ["launch"], "channel": ["tv"], "spend": [10_000_000.0]})
    customers = pd.DataFrame({"customer_id": range(18), "campaign_id": "launch"})
    revenue = pd.Series(150_000.0, index=range(18))
    row = compare_campaigns(campaigns, customers, profit=revenue).loc["launch"]
    assert round(acquisition_cost(campaigns, customers).loc["launch", "cost_per_customer"]) == 555_556
    assert revenue.sum() == 2_700_000
    assert row["net"] == -7_300_000
    assert row["needed"] == 67
    assert row["verdict"] == "not covered"


def test_budget_of_the_campaign_of_ten_million():
    """The same campaign: at 555,556 each for 150,000 it is not asked for another customer; asked all the same, it repeats its loss."""
    campaigns = pd.DataFrame({"campaign_id": ["launch"], "channel": ["tv"], "spend": [10_000_000.0]})
    customers = pd.DataFrame({"customer_id": range(18), "campaign_id": "launch"})
    compared = compare_campaigns(campaigns, customers, profit=pd.Series(150_000.0, index=range(18)))
    plan = budget(compared, 2_700_000, revenue_per_customer=150_000)
    assert plan.loc["tv", ["customers", "allowable", "asked"]].tolist() == [0, 150_000, "does not cover its cost"]
    assert plan["customers"].to_dict() == {"tv": 0, "(without a source)": 18, "(all)": 18}
    again = budget(compared, 18, least_return=None)
    assert again.loc["tv", ["customers", "cost", "net"]].tolist() == [18, 10_000_000, -7_300_000]
    more = budget(compared, compared.loc["launch", "needed"], stretch=67 / 18, least_return=None)
    assert more.loc["(all)", ["customers", "cost"]].tolist() == [67, 37_222_222.22]
    assert round(more.loc["tv", "cost_per_customer"]) == 555_556


NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("r", "n", "low", "high"), NEWCOMBE)
def test_wilson_intervals_of_newcombe(r, n, low, high):
    """R. G. Newcombe (1998), Two-sided confidence intervals for the single proportion, Stat. Med. 17, 857-872, table I, method 3."""
    found = wilson(r, n)
    assert float(found[0]) == pytest.approx(low, abs=5e-5)
    assert float(found[1]) == pytest.approx(high, abs=5e-5)
