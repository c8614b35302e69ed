"""Which periods do the data cover whole, and which only in part?

A year of which the data hold six months is no year to compare with: everything in it is about half. Only the first and the last period of
a study can be cut, by the first and the last date of its invoice lines.
"""

from __future__ import annotations

import pandas as pd

__all__ = ["EDGE_DAYS", "MONTHS", "period_coverage"]

#: Months of a whole period.
MONTHS = {"year": 12, "quarter": 3, "month": 1}
#: A month whose edge the data miss by at most so many days is whole: nobody buys from Christmas Eve to the end of the year.
EDGE_DAYS = 8


def period_coverage(study) -> pd.DataFrame:
    """How many months of every period the data of a study cover.

    Parameters
    ----------
    study : Study
        Or anything with ``start`` and ``end`` (dates), ``period`` (year, quarter or month) and ``fiscal_start`` (month).

    Returns
    -------
    DataFrame
        One row by period, from that of the first invoice line to that of the last: ``months`` (covered, a float), ``of`` (months of a
        whole period), ``whole`` (bool), ``compared`` (bool: fit to be compared with the others; a cut period is not where at least two
        are whole) and ``note`` ("2025 holds 6 of 12 months", empty where whole). The months between the first line and the last are
        whole; the first and the last month count by their days, or whole where the data miss at most ``EDGE_DAYS`` of them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> dates = {"start": pd.Timestamp("2023-01-03"), "end": pd.Timestamp("2025-06-28")}
    >>> period_coverage(SimpleNamespace(period="year", fiscal_start=1, **dates))[["months", "of", "compared", "note"]]
            months  of  compared                       note
    period
    2023      12.0  12      True
    2024      12.0  12      True
    2025       6.0  12     False  2025 holds 6 of 12 months
    """
    months = pd.period_range(study.start, study.end, freq="M")
    held = pd.Series(1.0, index=months)
    for month, missed in ((months[0], study.start.day - 1), (months[-1], months[-1].days_in_month - study.end.day)):
        held[month] -= missed / month.days_in_month if missed > EDGE_DAYS else 0
    label = pd.Index([_label(month, study.period, study.fiscal_start) for month in months], name="period")
    table = held.groupby(label.to_numpy()).sum().rename_axis("period").to_frame("months")
    table["of"] = MONTHS[study.period]
    table["whole"] = table["months"] == table["of"]
    table["compared"] = table["whole"] | (table["whole"].sum() < 2)
    words = [f"{period} holds {round(row.months, 1):g} of {row.of} month{'s' * (row.of > 1)}" for period, row in table.iterrows()]
    return table.assign(note=pd.Series(words, index=table.index, dtype="str").where(~table["whole"], ""))


def _label(month: pd.Period, period: str, fiscal_start: int) -> str:
    """The name of the period of a month, as `engine.period_label` gives it."""
    if period == "month":
        return f"{month.year}-{month.month:02d}"
    year = month.year + (fiscal_start > 1 and month.month >= fiscal_start)
    return f"{year}" if period == "year" else f"{year}-Q{(month.month - fiscal_start) % 12 // 3 + 1}"
