"""Whom of those who have probably left is it worth calling again, and what may the call cost?

A contact earns something only if the customer would not have come by itself, if it comes back, and if what it then brings is worth having.
A model of value gives p, the probability that the customer is still there, and p A, what is expected of it as things are; A is what it is
worth if it is there, judged by all of its history, the silence included. At stake is the rest, (1 - p) A: what is lost if it has left. How
often a contact succeeds nobody knows from invoices: that chance is stated by the caller, and the chance from which a contact pays stands
beside it. Who was served at a loss, or would be, is not called.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.lifetime.checks import check_summary
from custprof.lifetime.grain import DAYS
from custprof.profit import customers_only
from custprof.profit.inputs import check_amounts, check_beside, check_frame, check_number, check_pnl

__all__ = ["reengage"]

_IN_RHYTHM = 2  # intervals: after a longer silence the next date in the old rhythm says nothing


def reengage(
    pnl: pd.DataFrame,
    summary: pd.DataFrame,
    now: pd.DataFrame,
    *,
    chance: float | pd.Series,
    contact_cost: float | None = None,
    alive_below: float = 0.5,
) -> pd.DataFrame:
    """Profitable customers who have probably left, the most promising contact first.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id: only who has brought a profit is on the list.
    summary : DataFrame
        Result of `lifetime.summarize` over the same time, with its ``.attrs``.
    now : DataFrame
        What is expected of each customer as things are: by customer_id value (money, at margin after cost to serve) and p_alive
        (probability that it is still there), as ``CustomerValue.predict(summary, **terms)`` gives them.
    chance : float or Series of float by customer_id
        Stated probability that a contact brings a customer back who has left.
    contact_cost : float, optional
        What a contact costs (money, above zero).
    alive_below : float
        Probability of being there below which a customer has probably left.

    Returns
    -------
    DataFrame by customer_id, the highest worth of a contact first
        p_alive; silent_days and usual_interval (days since the last purchase, and between its purchases on average; the interval is missing
        for who bought once); due_on (the next date in that rhythm after the end of the data; missing after a silence of more than two
        intervals, when the rhythm is broken); profit (money so far); active_value (money: its value if it is there); at_stake (money: that
        less its value as things are); most_per_contact (money: at_stake times the chance, so much a contact may cost at most). With a
        contact_cost: chance_to_pay (chance from which the contact pays; above 1 it never does) and expected_gain (money, signed).

    Raises
    ------
    ValueError
        If a probability is outside 0 to 1, a customer of the summary lacks profit, value, p_alive or chance, the cost of a contact is not
        above zero, or the summary does not carry its end and unit.

    Notes
    -----
    The model expects p A anyway, so A is value over p_alive, E(value | there at the end of the data). It rests on as many purchases in as
    much time as the customer had, weighed with those of all customers: two purchases in a week and a year of silence are a rare customer
    and not a weekly one, and the size of a single purchase is drawn toward that of all. Who came back would buy more often than A says if
    it had bought fast and left early; A is on the careful side. Of a p_alive of exactly zero A is not known, and the customer is left out.
    A model that takes next to nobody for gone knows nothing at stake: ask `lifetime.suitability`, rules "customers leave" and "parameters
    found", before this list is used.

    Examples
    --------
    "a" bought every fifth week until week 20 and has been silent for 80; "b" was here last week:

    >>> summary = pd.DataFrame({"frequency": [4, 19], "recency": [20.0, 99.0], "T": [100.0, 100.0]}, index=["a", "b"])
    >>> summary.attrs = {"unit": "W", "end": "2025-12-31"}
    >>> pnl = pd.DataFrame({"profit": [900.0, 4000.0]}, index=["a", "b"])
    >>> now = pd.DataFrame({"value": [250.0, 2940.0], "p_alive": [0.25, 0.98]}, index=["a", "b"])
    >>> found = reengage(pnl, summary, now, chance=0.1, contact_cost=30)
    >>> found[["active_value", "at_stake", "most_per_contact", "chance_to_pay"]]
                 active_value  at_stake  most_per_contact  chance_to_pay
    customer_id
    a                  1000.0     750.0              75.0           0.04
    """
    unit, end = _clock(summary)
    check_pnl(pnl, by_period=False)
    say = "give a probability between 0 and 1"
    check_number(alive_below, "alive_below", least=0, most=1, say=say)
    if contact_cost is not None:
        check_number(contact_cost, "contact_cost", say="give what a contact costs, above zero")
        if not contact_cost > 0:
            raise ValueError(f"contact_cost is {contact_cost}; give what a contact costs, above zero.")
    if not isinstance(chance, pd.Series):
        check_number(chance, "chance", least=0, most=1, say=say)
        chance = pd.Series(float(chance), index=summary.index)
    check_frame(now, "now", numbers=["value", "p_alive"], say="give what CustomerValue.predict returned")
    given = {"p_alive": now["p_alive"], "profit": customers_only(pnl)["profit"], "value": now["value"], "chance": chance}
    rows = pd.DataFrame({name: _of_all(values, summary.index, name) for name, values in given.items()})
    for name in ("p_alive", "chance"):
        if not rows[name].between(0, 1).all():
            strange = rows.loc[~rows[name].between(0, 1), name]
            raise ValueError(f"{name} is {strange.iloc[0]} for {strange.index[0]!r}; {say}.")
    again, last, age = (summary[name].astype(float) for name in ("frequency", "recency", "T"))
    silent, interval = (age - last) * unit, last * unit / again.where(again > 0)
    rows.insert(1, "silent_days", silent.round().astype("int64"))
    rows.insert(2, "usual_interval", interval)
    due = _until_due(silent, interval).where(silent <= _IN_RHYTHM * interval)
    rows.insert(3, "due_on", end + pd.to_timedelta(np.ceil(due), unit="D"))
    value, chance = rows.pop("value"), rows.pop("chance")
    rows["active_value"] = value / rows["p_alive"].where(rows["p_alive"] > 0)
    rows["at_stake"] = rows["active_value"] - value
    rows["most_per_contact"] = rows["at_stake"] * chance
    if contact_cost is not None:
        rows["chance_to_pay"] = contact_cost / rows["at_stake"].where(rows["at_stake"] > 0)
        rows["expected_gain"] = rows["most_per_contact"] - contact_cost
    called = (rows["p_alive"] < alive_below) & (rows["profit"] > 0) & (rows["at_stake"] > 0)
    return rows[called].sort_index().sort_values("most_per_contact", ascending=False, kind="stable").rename_axis("customer_id")


def _clock(summary: pd.DataFrame) -> tuple[float, pd.Timestamp]:
    """Days of the unit of time, and the last day looked at."""
    check_summary(summary, "frequency", "recency", "T")
    missing = [name for name in ("unit", "end") if name not in summary.attrs]
    if missing:
        raise ValueError(f"summary does not carry its {' and '.join(missing)}; give that of lifetime.summarize, and add columns by assign.")
    return DAYS[summary.attrs["unit"]], pd.Timestamp(summary.attrs["end"])


def _of_all(values: pd.Series, index: pd.Index, name: str) -> pd.Series:
    check_beside(values, index, name)
    check_amounts(values, name, gaps=True)
    found = values.reindex(index)
    missing = index[found.isna()]
    if len(missing):
        raise ValueError(
            f"{name} is missing for {len(missing):,} of {len(index):,} customers of the summary, first {missing[:3].tolist()}; give all."
        )
    return found.astype(float)


def _until_due(silent: pd.Series, interval: pd.Series) -> pd.Series:
    """Days from the end to the next date in the customer's own rhythm; a date that is today is over."""
    return interval * (np.floor((silent / interval).round(9)) + 1) - silent
