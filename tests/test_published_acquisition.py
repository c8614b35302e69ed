"""Published and stated figures of acquisition."""

import pandas as pd
import pytest

from custprof.acquisition import acquisition_cost, compare_campaigns
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


NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("r", "n", "low", "high"), NEWCOMBE)
def test_wilson_intervals_of_newcombe(r, n, low, high):
    """R. G. Newcombe (1998), Two-sided confidence intervals for the single proportion, Stat. Med. 17, 857-872, table I, method 3."""
    found = wilson(r, n)
    assert float(found[0]) == pytest.approx(low, abs=5e-5)
    assert float(found[1]) == pytest.approx(high, abs=5e-5)
