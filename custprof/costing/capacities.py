"""Of what time are the minutes that a pool can work, and how much of it do the data cover?

A capacity counts in full for each period, unless its pool says `capacity_per`. A year's minutes for half a year of data would halve every
rate and call the rest unused, so a plain number is questioned wherever it may stand for another time than it was meant for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from custprof.study.coverage import MONTHS, period_coverage

from .inputs import ALL
from .model import CostModel

__all__ = ["capacity_issues", "covered_months"]


def covered_months(study, ledger: pd.DataFrame) -> dict[str, float]:
    """Months of every period of a ledger that the invoice lines of its study cover (see `study.period_coverage`); a period without any is
    taken as whole, and a ledger without periods covers all of them, called "all"."""
    covered = period_coverage(study)["months"].to_dict()
    if "period" not in ledger:
        return {ALL: float(sum(covered.values()))}
    return {period: float(covered.get(period, MONTHS[study.period])) for period in sorted(ledger["period"].astype("str").unique())}


def capacity_issues(model: CostModel, period: str, months: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Plain capacities that may be of another time than they count for: rule and advice.

    Parameters
    ----------
    model : CostModel
    period : {"year", "quarter", "month"}
        Of the study.
    months : mapping
        From `covered_months`.

    Examples
    --------
    >>> model = CostModel.from_dict({"pools": {"desk": {"accounts": ["6100"], "capacity_minutes": 120_000}}})
    >>> next(capacity_issues(model, "year", {"2024": 12.0, "2025": 6.0}))[0]
    'pool "desk" has capacity_minutes = 120,000 in each period, also where the data cover a part: 2025 (6 of 12 months)'
    >>> list(capacity_issues(model, "year", {"2024": 12.0, "2025": 12.0}))
    []
    """
    cut = {name: held for name, held in months.items() if held != MONTHS[period] and name != ALL}
    part = ", ".join(f"{name} ({held:.3g} of {MONTHS[period]} month{'s' * (period != 'month')})" for name, held in cut.items())
    for name, pool in model.pools.items():
        minutes = pool.capacity_minutes
        if minutes is None or pool.capacity_per is not None or isinstance(minutes, Mapping) or not (cut or period != "year"):
            continue
        given = f'pool "{name}" has capacity_minutes = {minutes:,}'
        rule = f"{given} in each period, also where the data cover a part: {part}" if cut else f"{given} in every {period}"
        meant = 'if they are minutes of a year, write capacity_per = "year" below them: each period then has the part that the data cover'
        also = '"month" and "quarter" work alike' if period == "year" else f'if of a {period}, write capacity_per = "{period}"'
        yield rule, f"{meant}; {also}"
