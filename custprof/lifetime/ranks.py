"""Whose rank changes when customers are ranked by the value of profit and not of revenue, and why?

Most lifetime values are of revenue. Both rest on the same purchases and the same spend; what parts them is what is earned on a purchase,
what it costs to handle and what it costs to hold the customer, each as a share of the revenue to come, beside that of all together.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing.kinds import check_frame, check_numeric, check_once

__all__ = ["rank_changes"]

_PARTS = {"margin": "margin", "order_cost": "cost of orders", "holding_cost": "cost of holding"}


def rank_changes(value: pd.DataFrame) -> pd.DataFrame:
    """Customers by how far they fall from the ranking by revenue to that by profit, with the reason.

    Parameters
    ----------
    value : DataFrame
        By customer, as `CustomerValue.predict` gives it: purchases, spend, margin, order_cost, holding_cost, value.

    Returns
    -------
    DataFrame
        By customer, deepest fall first: ``revenue`` (discounted purchases x spend) and ``value``, currency units; ``rank_by_revenue`` and
        ``rank_by_value`` (1 is best, ties share the better rank), ``fall`` (places lost, negative where the rank rises); ``margin_share``,
        ``order_cost_share`` and ``holding_cost_share`` (of the revenue, costs positive) and ``because``: for those who fall, the share that
        is worst against that of all customers together.

    Raises
    ------
    ValueError
        If a column is lacking, an amount is missing or a customer stands there twice.

    Examples
    --------
    >>> value = pd.DataFrame({"purchases": [10.0, 4.0], "spend": [100.0, 50.0], "margin": [300.0, 60.0], "order_cost": [-50.0, -4.0],
    ...     "holding_cost": [-600.0, -6.0], "value": [-350.0, 50.0]}, index=["large", "small"])
    >>> rank_changes(value)["because"].to_dict()
    {'large': 'cost of holding 60% of revenue, of all 50%', 'small': ''}
    """
    needed = ["purchases", "spend", *_PARTS, "value"]
    check_frame(value, "value", needs=needed, say="give the result of CustomerValue.predict")
    check_once(value.index, "value")
    for name in needed:
        check_numeric(value[name], name)
    missing = ~np.isfinite(value[needed].to_numpy("float64")).all(axis=1)
    if missing.any():
        found = f"{missing.sum()} of {len(value)} customers, first {value.index[missing][:3].tolist()}"
        raise ValueError(f"value is missing for {found}; fill or drop them.")
    revenue = (value["purchases"] * value["spend"]).rename("revenue")
    table = pd.DataFrame({"revenue": revenue, "value": value["value"]})
    ranks = table.rank(ascending=False, method="min").astype(int).add_prefix("rank_by_")
    table = table.join(ranks).assign(fall=ranks["rank_by_value"] - ranks["rank_by_revenue"])
    shares = value[list(_PARTS)].div(revenue.where(revenue > 0), axis=0)
    usual = value[list(_PARTS)].sum() / revenue.sum()
    worse = (shares - usual).fillna(0.0)
    table = table.join(shares.mul([1, -1, -1]).add_suffix("_share") + 0.0)
    worst = worse.to_numpy().argmin(axis=1)
    reasons = [_reason(list(_PARTS)[k], share[k], usual) for share, k in zip(shares.to_numpy(), worst, strict=True)]
    table["because"] = np.where((table["fall"] > 0) & (worse.min(axis=1) < 0), reasons, "")
    order = pd.DataFrame({"fall": -table["fall"], "revenue": -table["revenue"], "name": table.index.astype(str)}, index=table.index)
    return table.loc[order.sort_values(["fall", "revenue", "name"], kind="stable").index]


def _reason(part: str, share: float, usual: pd.Series) -> str:
    sign = 1 if part == "margin" else -1  # a margin keeps its sign, a cost is said without
    return f"{_PARTS[part]} {sign * share:.0%} of revenue, of all {sign * usual[part]:.0%}"
