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
