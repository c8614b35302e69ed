"""Published cases of customer profit: one test per table, its source in the docstring."""

from types import SimpleNamespace

import pandas as pd
import pytest

from custprof import decisions, profit
from custprof.datasets import load_case


def spring():
    """Facts and activity costs of the five customers of Spring Distribution, from quantities and rates."""
    customers = pd.Index(list("PQRST"), name="customer_id")
    cases = pd.Series([2080, 8750, 60800, 31800, 3900], index=customers)
    price = pd.Series([14.40, 14.16, 13.20, 13.92, 12.96], index=customers)
    facts = pd.DataFrame(
        {"list_revenue": cases * 14.40, "invoice_revenue": cases * price, "returns": 0.0, "cost_of_goods": cases * 12.0}
    ).round(2)
    facts["discounts"] = (facts["list_revenue"] - facts["invoice_revenue"]).round(2)
    facts["net_revenue"] = facts["invoice_revenue"]
    costs = pd.DataFrame(
        {
            "take orders": pd.Series([15, 25, 30, 25, 30], index=customers) * 100.0,
            "visit": pd.Series([2, 3, 6, 2, 3], index=customers) * 80.0,
            "deliver": pd.Series([10 * 14, 30 * 4, 60 * 3, 40 * 8, 20 * 40], index=customers) * 2.0,
            "handle cases": cases * 0.5,
            "expedite": pd.Series([0, 0, 0, 0, 1], index=customers) * 300.0,
        }
    )
    return facts, costs


def test_spring_distribution_through_the_whole_ladder():
    """Horngren, Datar and Rajan, Cost Accounting: customers with different prices; operating income derived from the inputs."""
    pnl = profit.customer_pnl(*spring())
    assert pnl["discounts"].tolist() == [0, 2100, 72960, 15264, 5616]
    assert pnl["gross_margin"].tolist() == [4992, 18900, 72960, 61056, 3744]
    assert pnl["profit"].tolist() == [2012, 11545, 38720, 41856, -3346]
    assert profit.total(pnl["profit"]) == 90787


def test_spring_distribution_whale_curve():
    """The same: 46.1, 88.8, 101.5, 103.7, 100 %; the largest customer by volume, R, ranks second."""
    curve = profit.whale_curve(profit.customer_pnl(*spring())["profit"])
    assert (100 * curve["cumulative_share"]).round(1).tolist() == [46.1, 88.8, 101.5, 103.7, 100.0]
    assert curve.index.tolist() == ["S", "R", "Q", "P", "T"]


def test_spring_distribution_ladder_of_the_company():
    """The same, all five customers together, every step from list revenue to operating income."""
    amounts = profit.ladder(profit.customer_pnl(*spring())).set_index("step")["amount"]
    assert amounts["list_revenue"] == 107330 * 14.40
    assert amounts["discounts"] == -95940 and amounts["gross_margin"] == 161652
    assert amounts["take orders"] == -12500 and amounts["expedite"] == -300 and amounts["profit"] == 90787


def test_allied_office_products():
    """Allied Office Products (Narayanan): customers A and B buy the same for 79,320, one earns 18,885.49, the other loses 509.21."""
    cost = pd.Series([1_550_000, 1_801_000, 761_000, 734_000, 612_000, 250_000.0])
    volume = pd.Series([350_000, 310_000, 775_000, 697_500, 775_000, 8_500.0])
    used = pd.DataFrame({"A": [350, 364, 910, 910, 910, 0], "B": [700, 790, 2500, 2500, 2500, 26]})
    names = ["storage", "requisition handling", "stock selection", "pick-pack", "data entry", "desktop delivery"]
    costs = used.mul(cost / volume, axis=0).set_axis(names).T.assign(carrying=[1950.0, 6815.0])
    facts = pd.DataFrame({"net_revenue": 79320.0, "cost_of_goods": 50000.0}, index=["A", "B"])
    pnl = profit.customer_pnl(facts, costs.assign(freight_out=[2250.0, 7500.0]))
    assert pnl["cost_to_serve"].round(2).tolist() == [10434.51, 29829.21]
    assert pnl["profit"].round(2).tolist() == [18885.49, -509.21]


def test_rod_manufacturing_after_each_level_of_cost():
    """Rod Manufacturing: customer income, after the channel's 740,000, and fully loaded; every key is named, and a loss is seen nowhere."""
    case = load_case("rod_manufacturing")
    customers = case["customers"]
    facts = pd.DataFrame({"net_revenue": customers["revenue"].astype(float)})
    pnl = profit.customer_pnl(facts, pd.DataFrame({"customer-level cost": customers["customer_level_cost"].astype(float)}))
    keys = {"customer income": "profit", "revenue": "net_revenue", "customer-level cost": "customer-level cost"}
    loaded = profit.spread_levels(pnl, case["above"].assign(spread_on=case["above"]["spread_on"].map(keys)))
    assert loaded["profit"].tolist() == [379448, 593011, 692267, 214274]
    assert loaded["after_channel"].round().tolist() == [230011, 359468, 419634, 129887]
    assert loaded["after_administration"].round().tolist() == [70827, 128988, 78866, 60319]
    assert profit.total(loaded["after_administration"]) == 339000
    for name, column in (("customer_income", "profit"), ("after_channel", "after_channel"), ("fully_loaded", "after_administration")):
        assert (loaded[column].round() == case["expected"][name]).all()


def mogul_penner_slicer():
    """Three customers in thousands; what is avoidable: handling, marketing, orders and delivery, but no equipment, rent, administration."""
    customers = ["Mogul", "Penner", "Slicer"]
    facts = pd.DataFrame({"net_revenue": [550.0, 330, 440], "cost_of_goods": [380.0, 220, 340]}, index=customers)
    full = pd.DataFrame(
        {
            "handling": [41.0, 18, 33],
            "equipment": [10.0, 6, 8],
            "rent": [14.0, 8, 14],
            "marketing": [11.0, 9, 10],
            "orders and delivery": [13.0, 7, 12],
            "administration": [20.0, 12, 16],
        },
        index=customers,
    )
    part = full.assign(equipment=0.0, rent=0.0, administration=0.0)
    return profit.customer_pnl(facts, SimpleNamespace(customers=lambda by=None, avoidable=False: part if avoidable else full))


def test_dropping_slicer_loses_45():
    """Horngren: dropping a customer; income 61, 50 and 7, yet dropping Slicer loses 440-340-33-10-12 = 45 (derived)."""
    pnl = mogul_penner_slicer()
    assert pnl["profit"].tolist() == [61, 50, 7]
    effect = decisions.drop_effect(pnl, ["Slicer"]).set_index("step")["amount"]
    assert effect["profit_after"] - effect["profit_before"] == -45
    assert effect["stranded_cost"] == -38  # equipment 8, rent 14, administration 16
    assert decisions.recommend(pnl).loc["Slicer", ["action", "if_parted"]].tolist() == ["keep", -45]


def test_dropping_wisk_pays_only_where_the_space_is_leased():
    """Horngren, Allied West: dropping Wisk loses 15,000; if the freed space leases for 20,000 the net gain is 5,000.

    The two results are the published ones; the inputs are made to fit them.
    """
    pnl = pd.DataFrame({"cost_to_serve": [94000.0], "avoidable_cost": [55000.0], "profit": [-24000.0]}, index=["Wisk"])
    after = {lease: decisions.drop_effect(pnl, "Wisk", freed_income=lease).set_index("step")["amount"] for lease in (0, 20000)}
    assert {lease: row["profit_after"] - row["profit_before"] for lease, row in after.items()} == {0: -15000, 20000: 5000}


def test_price_waterfall_to_the_invoice():
    """Price waterfall: 7,000 list less 700 and 350 gives 5,950 (both discounts stand in one column)."""
    frame = profit.price_waterfall(
        pd.Series({"list_revenue": 7000.0, "discounts": 1050.0, "invoice_revenue": 5950.0, "net_revenue": 5950.0})
    )
    assert frame.set_index("step").loc[["discounts", "invoice_revenue"], "amount"].tolist() == [-1050, 5950]


def test_price_waterfall_to_the_pocket():
    """Marn and Rosiello, Harvard Business Review 1992, kind: 100 - 15 = 85 invoice; - 5 - 3 = 77 pocket; - 40 = 37."""
    facts = pd.DataFrame({"list_revenue": [100.0], "discounts": 15.0, "invoice_revenue": 85.0, "returns": 0.0, "net_revenue": 85.0})
    pnl = profit.customer_pnl(facts.assign(cost_of_goods=40.0, freight=5.0, commission=3.0))
    amounts = profit.price_waterfall(pnl).set_index("step")["amount"]
    assert amounts[["invoice_revenue", "pocket_price", "pocket_margin"]].tolist() == [85, 77, 37]


def test_one_percent_of_price_and_of_volume():
    """Marn and Rosiello, Harvard Business Review 1992: +1 % price -> +11.1 % profit, +1 % volume -> +3.3 %.

    The economics of the average company behind it: of 100 in revenue 70.2 are variable cost, 20.8 fixed cost and 9 profit (derived from its
    7.8 % and 2.3 % for one percent of variable and fixed cost).
    """
    facts = pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": 70.2}, index=["average"])
    fixed = pd.DataFrame({"fixed": [20.8]}, index=["average"])
    nothing = SimpleNamespace(customers=lambda by=None, avoidable=False: fixed * (0 if avoidable else 1))
    assert profit.levers(profit.customer_pnl(facts, nothing)).loc["price", "share_of_profit"] == pytest.approx(0.111, abs=5e-4)
    known = profit.customer_pnl(facts, nothing).assign(avoidable_profit=29.8)
    found = (100 * profit.levers(known)["share_of_profit"]).round(1)
    assert found.to_dict() == {"price": 11.1, "volume": 3.3, "cost_of_goods": 7.8, "cost_to_serve": 2.3}
    assert profit.levers(known.assign(profit=-1.0))["share_of_profit"].isna().all()


def test_mogul_penner_slicer_on_full_and_avoidable_cost_in_the_shipped_case():
    """The same case as it is shipped: incomes 61, 50 and 7; the effect of dropping Slicer is -45."""
    case = load_case("mogul_penner_slicer")
    customers = case["customers"].astype(float)
    facts = customers[["sales", "cost_of_goods"]].set_axis(["net_revenue", "cost_of_goods"], axis=1)
    full = customers.drop(columns=["sales", "cost_of_goods"])
    part = full * case["avoidable"][full.columns]
    pnl = profit.customer_pnl(facts, SimpleNamespace(customers=lambda by=None, avoidable=False: part if avoidable else full))
    assert pnl["profit"].to_dict() == case["expected_income"].to_dict()
    assert -pnl.loc[case["dropped"], "avoidable_profit"] == case["expected_effect_of_dropping"]


def test_normalized_gini_of_signed_values():
    """Raffinetti, Siletti and Vernizzi 2015: G* of (-7, -15, 11, -10, 2, 4, 40) is 872/1068 = .81648, the ordinary Gini 2.4914."""
    assert profit.normalized_gini([-7, -15, 11, -10, 2, 4, 40]) == pytest.approx(872 / 1068, abs=1e-12)
    assert profit.normalized_gini([-7, -15, 11, -10, 2, 4, 40]) == pytest.approx(0.816480, abs=1e-6)
