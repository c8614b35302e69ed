"""Which periods the data cover whole, and what a capacity given per year becomes in the others, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

import custprof as cp
from custprof.study.engine import collect, lazy, period_label


def study_of(start: str, end: str, *, period: str = "year", fiscal_start: int = 1, **tables) -> cp.Study:
    lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "revenue": [10.0, 20.0], "date": pd.to_datetime([start, end])})
    given = {"study": {"period": period, "fiscal_start": fiscal_start}}
    return cp.Study.from_tables({"transactions": lines, **tables}, currency="EUR", settings=given)


def months(*args, **settings) -> dict:
    return cp.study.period_coverage(study_of(*args, **settings))["months"].to_dict()


def test_a_year_of_six_months_is_not_whole_and_not_compared():
    found = cp.study.period_coverage(study_of("2023-01-02", "2025-06-30"))
    assert found["months"].to_dict() == {"2023": 12, "2024": 12, "2025": 6}
    assert found["compared"].tolist() == [True, True, False]
    assert found["note"].tolist() == ["", "", "2025 holds 6 of 12 months"]


def test_with_one_whole_period_the_cut_one_is_compared_and_said():
    found = cp.study.period_coverage(study_of("2024-01-01", "2025-06-30"))
    assert found["compared"].all()
    assert found["note"].tolist() == ["", "2025 holds 6 of 12 months"]


def test_a_month_counts_by_its_days_but_for_holidays_at_its_edge():
    assert months("2024-01-01", "2024-12-23") == {"2024": 12}
    assert months("2024-01-01", "2024-12-22") == {"2024": pytest.approx(11 + 22 / 31)}
    assert months("2024-01-10", "2024-12-31") == {"2024": pytest.approx(11 + 22 / 31)}
    assert months("2024-04-11", "2024-04-20") == {"2024": pytest.approx(10 / 30)}


def test_quarters_months_and_fiscal_years():
    assert months("2024-01-01", "2024-05-31", period="quarter") == {"2024-Q1": 3, "2024-Q2": 2}
    assert months("2024-01-01", "2024-02-10", period="month") == {"2024-01": 1, "2024-02": pytest.approx(10 / 29)}
    assert months("2024-01-01", "2024-06-30", fiscal_start=4) == {"2024": 3, "2025": 3}
    assert months("2024-01-01", "2024-06-30", fiscal_start=4, period="quarter") == {"2024-Q4": 3, "2025-Q1": 3}


@pytest.mark.parametrize("period", ["year", "quarter", "month"])
@pytest.mark.parametrize("fiscal_start", [1, 2, 7, 12])
def test_periods_are_called_as_in_all_tables(period, fiscal_start):
    days = pd.DataFrame({"date": pd.date_range("2023-01-01", "2024-12-31", freq="D")})
    names = sorted(collect(lazy(days).select(period_label("date", period, fiscal_start)))["date"].unique())
    assert list(months("2023-01-01", "2024-12-31", period=period, fiscal_start=fiscal_start)) == names


DESK = {"accounts": ["6100"], "capacity_minutes": 1200}
ORDERS = {"take orders": {"pool": "desk", "level": "order", "table": "transactions", "per": "order", "minutes": "10"}}
MODEL = {"pools": {"desk": DESK}, "activities": ORDERS}
PER_YEAR = {"pools": {"desk": DESK | {"capacity_per": "year"}}, "activities": ORDERS}


def with_ledger(tmp_path, content: str, periods: list[str], start: str, end: str, **settings) -> cp.Study:
    """Cost of 600 in each period, and an order of ten minutes at each end of the data."""
    (tmp_path / "costs.toml").write_text(content, encoding="utf-8")
    ledger = pd.DataFrame({"line_id": periods, "period": periods, "account": "6100", "amount": 600.0})
    lines = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "revenue": [10.0, 20.0], "date": pd.to_datetime([start, end])})
    tables = {"transactions": lines, "ledger": ledger}
    return cp.Study.from_tables(tables, currency="EUR", cost_model=tmp_path / "costs.toml", settings={"study": settings})


POOL = '[pools.desk]\naccounts = ["6100"]\ncapacity_minutes = 1200\n'
ACTIVITY = '[activities."take orders"]\npool = "desk"\nlevel = "order"\ntable = "transactions"\nper = "order"\nminutes = "10"\n'
PLAIN, YEARLY = POOL + ACTIVITY, POOL + 'capacity_per = "year"\n' + ACTIVITY


@pytest.mark.parametrize(
    ("periods", "end", "settings", "minutes", "rates"),
    [
        (["2024", "2025"], "2025-06-30", {}, [1200, 600], [0.5, 1.0]),  # 600 / 1200 and, for six of twelve months, 600 / 600
        (["2024-Q1", "2024-Q2"], "2024-06-30", {"period": "quarter"}, [300, 300], [2.0, 2.0]),
        (["2024-Q1", "2024-Q2"], "2024-04-30", {"period": "quarter"}, [300, 100], [2.0, 6.0]),
        (["2024-01", "2024-02"], "2024-02-28", {"period": "month"}, [100, 100], [6.0, 6.0]),
    ],
)
def test_a_capacity_per_year_is_worked_in_the_months_that_the_data_cover(tmp_path, periods, end, settings, minutes, rates):
    study = with_ledger(tmp_path, YEARLY, periods, "2024-01-02", end, **settings)
    allocation = cp.costing.allocate_study(study)
    assert allocation.capacity()["capacity_minutes"].tolist() == minutes
    assert allocation.capacity()["rate"].tolist() == rates
    assert not cp.costing.check_costs(study)["rule"].str.contains("capacity_minutes").any()
    assert allocation.what_if(capacity={"desk": 50}).capacity()["capacity_minutes"].tolist() == [50, 50]


def test_a_plain_capacity_counts_in_full_and_is_questioned_where_a_period_is_cut(tmp_path):
    study = with_ledger(tmp_path, PLAIN, ["2024", "2025"], "2024-01-02", "2025-06-30")
    assert cp.costing.allocate_study(study).capacity()["capacity_minutes"].tolist() == [1200, 1200]
    issue = cp.costing.check_costs(study).iloc[0]
    said = 'pool "desk" has capacity_minutes = 1,200 in each period, also where the data cover a part: 2025 (6 of 12 months)'
    assert (issue["severity"], issue["rule"]) == ("warning", said)
    assert 'write capacity_per = "year"' in issue["advice"]


def test_a_plain_capacity_is_questioned_where_periods_are_no_years(tmp_path):
    study = with_ledger(tmp_path, PLAIN, ["2024-Q1", "2024-Q2"], "2024-01-02", "2024-06-30", period="quarter")
    issue = cp.costing.check_costs(study).iloc[0]
    assert issue["rule"] == 'pool "desk" has capacity_minutes = 1,200 in every quarter'
    assert issue["advice"].endswith('if of a quarter, write capacity_per = "quarter".')


def test_a_plain_capacity_on_whole_years_is_as_ever(tmp_path):
    study = with_ledger(tmp_path, PLAIN, ["2024", "2025"], "2024-01-02", "2025-12-30")
    assert not cp.costing.check_costs(study)["rule"].str.contains("capacity_minutes").any()
    yearly = cp.costing.CostModel.from_dict(PER_YEAR).over({"2024": 12.0, "2025": 12.0})
    assert yearly.pools["desk"].capacity_minutes == {"2024": 1200, "2025": 1200}


def test_minutes_by_period_may_be_per_year_too():
    model = cp.costing.CostModel.from_dict(
        {"pools": {"desk": DESK | {"capacity_minutes": {"2024": 1200, "2025": 1800}, "capacity_per": "year"}}}
    )
    assert model.over({"2024": 12, "2025": 6}).pools["desk"].capacity_minutes == {"2024": 1200, "2025": 900}


def test_a_capacity_per_year_needs_months_and_minutes():
    ledger = pd.DataFrame({"line_id": ["1"], "account": ["6100"], "amount": [600.0]})
    drivers = pd.DataFrame({"activity": ["take orders"], "customer_id": ["a"], "quantity": [10.0]})
    model = cp.costing.CostModel.from_dict(PER_YEAR)
    with pytest.raises(ValueError, match='pool "desk" has its capacity per year; give months'):
        cp.costing.allocate(model, ledger, drivers)
    assert cp.costing.allocate(model, ledger, drivers, months={"all": 18}).capacity()["capacity_minutes"].tolist() == [1800]
    with pytest.raises(cp.costing.CostModelError, match="capacity_per is 'yeer'; did you mean 'year'"):
        cp.costing.CostModel.from_dict({"pools": {"desk": DESK | {"capacity_per": "yeer"}}})
    with pytest.raises(cp.costing.CostModelError, match="capacity_per and no capacity_minutes; give the minutes of a whole month"):
        cp.costing.CostModel.from_dict({"pools": {"desk": {"accounts": ["6100"], "capacity_per": "month"}}})


def test_spreading_by_revenue_forgets_what_the_capacity_was_of():
    assert cp.costing.volume_based(cp.costing.CostModel.from_dict(PER_YEAR)).pools["desk"].capacity_per is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("6020", 'The ledger has "6020 Gehälter Lager"; write accounts in full, as they stand there.'),
        ("6020 Gehalter Lager", 'The ledger has "6020 Gehälter Lager"; write accounts in full, as they stand there.'),
        ("602", "Correct the number of the account, or leave it out: no cost comes from it."),
    ],
)
def test_an_account_is_named_as_the_ledger_writes_it(tmp_path, written, said):
    study = with_ledger(tmp_path, PLAIN.replace("6100", written), ["2024"], "2024-01-02", "2024-12-30")
    ledger = study.frame("ledger").assign(account="6020 Gehälter Lager")
    study = cp.Study.from_tables(
        {"transactions": study.frame("transactions"), "ledger": ledger}, currency="EUR", cost_model=tmp_path / "costs.toml"
    )
    issues = cp.costing.check_costs(study).set_index("rule")["advice"]
    assert issues[f'pool "desk" names account {written}, which the ledger lacks'] == said
