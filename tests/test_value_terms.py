"""What a purchase leaves and what a year of a customer costs, by hand."""

from types import SimpleNamespace

import pandas as pd
import pytest

from custprof.lifetime import value_terms

SUMMARY = pd.DataFrame({"frequency": [2, 0], "recency": [30.0, 0.0], "T": [104.0, 52.0]}, index=["a", "b"])
PNL = pd.DataFrame(
    {"invoice_revenue": [300.0, 100.0], "net_revenue": [280.0, 100.0], "contribution": [120.0, -20.0]}, index=["a", "b"]
).rename_axis("customer_id")


class Costs:
    """An allocation of two activities, one for every order and one for the customer, half of each avoidable."""

    model = SimpleNamespace(activities={"pick": SimpleNamespace(level="order"), "visit": SimpleNamespace(level="customer")})

    def customers(self, *, avoidable=False):
        table = pd.DataFrame({"pick": [30.0, 8.0, 9.0], "visit": [80.0, 40.0, 0.0]}, index=["a", "b", "(unused capacity)"])
        return table / 2 if avoidable else table


def test_own_figures_where_nothing_is_known_beforehand():
    terms = value_terms(SUMMARY, PNL, Costs(), prior=0.0)
    assert terms["margin"].tolist() == pytest.approx([0.4, -0.2])
    assert terms["cost_per_order"].tolist() == pytest.approx([10.0, 8.0])
    years = 7 / 365.25
    assert terms["cost_per_period"].tolist() == pytest.approx([80 / (104 * years), 40 / (52 * years)])


def test_a_customer_with_few_purchases_is_drawn_to_all():
    terms = value_terms(SUMMARY, PNL, prior=3.0)
    assert terms["margin"].tolist() == pytest.approx([(0.4 + 0.25) / 2, (-0.2 + 3 * 0.25) / 4])
    assert (terms[["cost_per_order", "cost_per_period"]] == 0).all(axis=None)


def test_avoidable_costs_are_those_of_the_allocation():
    full, part = (value_terms(SUMMARY, PNL, Costs(), avoidable=avoidable) for avoidable in (False, True))
    assert part["cost_per_order"].tolist() == pytest.approx((full["cost_per_order"] / 2).tolist())


def test_messages():
    with pytest.raises(ValueError, match=r"1 of 2 customers are not in pnl, first \['b'\]"):
        value_terms(SUMMARY, PNL.drop("b"))
    with pytest.raises(ValueError, match="nothing was sold"):
        value_terms(SUMMARY, PNL.assign(invoice_revenue=0.0))
