"""Which money columns make kinds of customers?

A kind is something lasting. A column is worth segmenting on if customers who have a high rate of it in one period have a high rate in the
next (their ranks correlate), and if no other column says the same already. Looked at are the steps of the profit ladder by which a customer
acts: the price it gets, what it sends back, what it buys, when it pays, the service it takes. Freight and commission are left out: they
follow from where a customer lives and who attends to it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

__all__ = ["segment_features"]

#: Steps of the ladder that the customer's own acts decide; of two that say the same, the one that repeats better is kept.
CANDIDATES = ("discounts", "returns", "gross_margin", "credit_cost", "bad_debt", "cost_to_serve")
REPEATS, SAME = 0.5, 0.9
#: Fewest customers who bought in two periods running for a correlation to count.
FEWEST = 20


def segment_features(by_period: pd.DataFrame) -> pd.DataFrame:
    """Look at every money column before it makes segments.

    Parameters
    ----------
    by_period : DataFrame by customer_id and period
        Profit and loss of the customers alone (`profit.customers_only`): net_revenue and any of discounts, returns, gross_margin,
        credit_cost, bad_debt and cost_to_serve, in currency units. Rates are of net revenue, where that is positive.

    Returns
    -------
    DataFrame by column: net_revenue, the size, then the others, best repeated first
        without (share of customers who have none of it in any period); repeats (Spearman correlation of its rate from one period to the
        next, mean over the periods; NaN with a single one); like (the other column whose rate is ranked most alike); likeness (absolute
        Spearman correlation with it); used (bool); reason (words). If no column repeats, the best one is used all the same.

    Raises
    ------
    ValueError
        If there is no net_revenue, or the index is not by customer_id and period.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([range(40), ["2024", "2025"]], names=["customer_id", "period"])
    >>> rng = np.random.default_rng(0)
    >>> rate = np.repeat(rng.uniform(0, 0.3, 40), 2)
    >>> pnl = pd.DataFrame({"net_revenue": 100.0, "discounts": 100 * rate, "returns": rng.uniform(0, 9, 80)}, index=index)
    >>> segment_features(pnl)["used"].to_dict()
    {'net_revenue': True, 'discounts': True, 'returns': False}
    """
    if "net_revenue" not in by_period or by_period.index.nlevels != 2:
        raise ValueError("a profit and loss by customer_id and period with net_revenue is needed; pass customers_only(customer_pnl(...)).")
    columns = [column for column in CANDIDATES if column in by_period and by_period[column].any()]
    rates = _rates(by_period, columns)
    whole = by_period.groupby(level=0).sum()
    alike = _rates(whole, columns).corr("spearman").abs().fillna(0.0)
    table = pd.DataFrame({"without": (whole[columns] == 0).mean(), "repeats": pd.Series(_repeats(rates), dtype=float)}, index=columns)
    table = table.sort_values("repeats", ascending=False, kind="stable")
    others = {column: alike[column].drop(column) for column in table.index}
    table["like"] = [other.idxmax() if len(other) else None for other in others.values()]
    table["likeness"] = [other.max() if len(other) else np.nan for other in others.values()]
    table["reason"] = _reasons(table, alike)
    table["used"] = [reason.startswith(("repeats", "one period", "none repeats")) for reason in table["reason"]]
    size = {"without": (whole["net_revenue"] == 0).mean(), "used": True, "reason": "the size of the customer"}
    table = pd.concat([pd.DataFrame([size], index=["net_revenue"]), table])
    return table[["without", "repeats", "like", "likeness", "used", "reason"]].astype({"used": bool}).rename_axis("column")


def _rates(money: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return money[columns].div(money["net_revenue"].where(money["net_revenue"] > 0), axis=0)


def _repeats(rates: pd.DataFrame) -> dict[str, float]:
    periods = [rates.xs(period, level=1) for period in sorted(rates.index.unique(level=1))]
    found = {}
    for column in rates:
        pairs = [pd.concat([first[column], second[column]], axis=1).dropna() for first, second in pairwise(periods)]
        each = pd.Series([both.rank().corr().iloc[0, 1] for both in pairs if len(both) >= FEWEST], dtype=float)
        found[column] = float(each.mean())  # a rate that is the same for everybody has no correlation
    return found


def _reasons(table: pd.DataFrame, alike: pd.DataFrame) -> list[str]:
    kept: list[str] = []
    reasons = []
    for column, repeats in table["repeats"].items():
        same = next((other for other in kept if alike.loc[column, other] >= SAME), None)
        if same:
            reasons.append(f"says the same as {same}")
        elif repeats >= REPEATS or (not kept and table["repeats"].notna().any()):
            kept.append(column)
            reasons.append("repeats from period to period" if repeats >= REPEATS else "none repeats well: the best of them")
        elif np.isnan(repeats) and table["repeats"].isna().all():
            kept.append(column)
            reasons.append("one period only: nothing to compare with")
        else:
            reasons.append("does not repeat: chance, not a kind")
    return reasons
