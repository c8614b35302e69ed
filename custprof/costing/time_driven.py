"""What does an activity cost when time is the driver, and what does idle time cost?

Time-driven activity-based costing: a department's cost divided by the minutes it can practically work gives one rate a minute; activities
are charged the minutes they take, and what is left is the cost of unused capacity, a row of its own instead of a hidden part of the rates.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .cents import split_in_order, to_cents
from .kinds import as_numbers, check_frame, check_number

__all__ = ["UNUSED", "time_driven"]

#: The residual row of time that was paid and not used (negative where more was used than the capacity).
UNUSED = "(unused capacity)"


def time_driven(cost: float, capacity_minutes: float, activities: pd.DataFrame) -> pd.DataFrame:
    """Charge a department's cost to its activities by minutes of practical capacity.

    Parameters
    ----------
    cost : float
        Cost of the department in a period, currency units.
    capacity_minutes : float
        Minutes it can practically work in that period (often 80 to 85 % of the minutes paid).
    activities : DataFrame, by activity
        ``unit_minutes`` (minutes of one) and ``volume`` (how many in the period).

    Returns
    -------
    DataFrame, by activity and a last row "(unused capacity)"
        ``unit_minutes``, ``volume``, ``minutes``, ``rate`` (cost of one unit), ``cost``: exact cents that sum to `cost`. The last row has
        minutes and cost only; both are negative if the activities take more minutes than the capacity.

    Raises
    ------
    ValueError
        If the capacity is not positive, or minutes or volumes are missing or negative.

    References
    ----------
    Kaplan, R. S. and Anderson, S. R. (2004), Time-Driven Activity-Based Costing, Harvard Business Review 82(11), 131-138.

    Examples
    --------
    >>> activities = pd.DataFrame({"unit_minutes": [8, 44, 50], "volume": [49_000, 1_400, 2_500]}, index=["orders", "inquiries", "checks"])
    >>> time_driven(560_000, 700_000, activities)["cost"].to_dict()
    {'orders': 313600.0, 'inquiries': 49280.0, 'checks': 100000.0, '(unused capacity)': 97120.0}
    """
    say = "give the minutes that can be worked in the period, more than 0"
    check_number(capacity_minutes, "capacity_minutes", above=0, say=say)
    check_number(cost, "cost", say="give the cost of the period")
    check_frame(activities, "activities", needs=["unit_minutes", "volume"], say="give both by activity")
    if UNUSED in activities.index or activities.index.has_duplicates:
        raise ValueError(f"activities name one twice, or the residual row {UNUSED}; give every activity a name of its own.")
    table = activities[["unit_minutes", "volume"]]
    table = pd.DataFrame(as_numbers(table, "activities"), index=table.index, columns=table.columns)
    bad = table.index[~(np.isfinite(table) & (table >= 0)).all(axis="columns")]
    if len(bad):
        raise ValueError(
            f"unit_minutes or volume are missing or negative for {len(bad)} of {len(table)} activities, first {bad[:3].tolist()}."
        )
    table["minutes"] = table["unit_minutes"] * table["volume"]
    table["rate"] = table["unit_minutes"] * (cost / capacity_minutes)
    table.loc[UNUSED, "minutes"] = capacity_minutes - table["minutes"].sum()
    table["cost"] = split_in_order(int(to_cents(cost)), table["minutes"].to_numpy()) / 100
    return table
