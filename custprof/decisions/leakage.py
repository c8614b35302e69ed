"""Who gets more than the price says: discounts beyond the policy, returns and terms far from what peers get?

Every leak is a rate: discounts of the list revenue, returns, freight, commission, credit cost and bad debt of the invoice revenue. A
discount may break a policy. Any rate may lie far from that of peers, the customers of about equal volume: beyond Tukey's fence, the third
quartile plus one and a half times the distance between the quartiles. What leaks is the money between the rate and the one that is allowed
or usual.

References
----------
Marn, M. V. and Rosiello, R. L. (1992). Managing price, gaining profit. Harvard Business Review 70(5), 84-94: outliers of the pocket price.
Tukey, J. W. (1977). Exploratory Data Analysis. Addison-Wesley, chapter 2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit import customers_only
from custprof.profit.inputs import check_amounts, check_number, check_pnl, named

__all__ = ["leakage"]

_STEPS = ("returns", "freight", "commission", "credit_cost", "bad_debt")
_PEERS = 12  # fewer customers than this in a class of volume say nothing about what is usual
_COLUMNS = ("amount", "actual_rate", "allowed_rate", "against", "taken", "share_of_margin", "turns_loss", "reason")


def leakage(pnl: pd.DataFrame, *, policy: float | pd.Series | None = None, also=(), classes: int = 10) -> pd.DataFrame:
    """Leaks of every customer, most money first.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id; residual rows are left out. What it does not know cannot leak.
    policy : float or Series of float, optional
        Highest discount allowed, as a fraction of list revenue; a Series has it by the list revenue from which it holds.
    also : str or list-like of str
        Further columns of `pnl` that a customer may get too much of, such as activities for bonuses, promotions, complaints or special
        requests; costs, positive.
    classes : int
        Into how many classes of equal size the customers are put by volume to find their peers; equal volumes share a class.

    Returns
    -------
    DataFrame
        Index customer_id and leak (the step). Columns amount (money: what would come back at the rate allowed; of returns the gross margin
        in them, since goods come back), actual_rate and allowed_rate (fractions of list revenue for discounts, else of invoice revenue),
        against ("policy" or "peers": whichever is further away), taken (money, the whole step), share_of_margin (fraction of the
        contribution before the step that the step takes; NaN where there was none), turns_loss (True where the customer loses money and
        would not without the leak) and reason (words).

    Raises
    ------
    ValueError
        If net_revenue or a column of `also` is missing, `pnl` is by period or has missing or infinite amounts, a policy is not a fraction,
        or `classes` below one.

    References
    ----------
    Marn and Rosiello (1992). Harvard Business Review 70(5), 84-94.

    Examples
    --------
    >>> pnl = pd.DataFrame({"list_revenue": [1000.0, 2000.0], "discounts": [250.0, 100.0], "invoice_revenue": [750.0, 1900.0],
    ...     "net_revenue": [750.0, 1900.0], "profit": [-40.0, 300.0]}, index=pd.Index(["a", "b"], name="customer_id"))
    >>> found = leakage(pnl, policy=0.15)
    >>> found[["amount", "actual_rate", "allowed_rate", "turns_loss"]]
                           amount  actual_rate  allowed_rate  turns_loss
    customer_id leak
    a           discounts   100.0         0.25          0.15        True
    >>> found["reason"].tolist()
    ['discounts of 25.0 % of list revenue; the policy allows 15.0 %']
    """
    also = list(named(also, "also", what="column"))
    check_pnl(pnl, needs=("net_revenue", "profit", *also), by_period=False)
    for name in also:
        check_amounts(pnl[name], name)
    check_number(classes, "classes", least=1, whole=True, say="give a whole number of classes, one or more")
    rows = customers_only(pnl)
    bases = {"discounts": "list_revenue"} if {"discounts", "list_revenue"} <= set(rows) else {}
    sold = "invoice_revenue" if "invoice_revenue" in rows else "net_revenue"
    bases |= {name: sold for name in (*_STEPS, *also) if name in rows}
    worth = (rows["gross_margin"] / rows["net_revenue"].where(rows["net_revenue"] > 0)).clip(0, 1) if "gross_margin" in rows else None
    parts = []
    for name, base in bases.items():
        weight = worth.fillna(0.0) if name == "returns" and worth is not None else pd.Series(1.0, index=rows.index)
        allowed = _policy(policy, rows[base]) if name == "discounts" and policy is not None else None
        parts.append(_leaks(rows, name, base, weight, allowed, classes))
    empty = pd.DataFrame(columns=list(_COLUMNS), index=pd.MultiIndex.from_arrays([[], []], names=["customer_id", "leak"]))
    found = pd.concat([part for part in parts if len(part)]) if any(map(len, parts)) else empty
    return found.sort_index().sort_values("amount", ascending=False, kind="stable")


def _leaks(rows: pd.DataFrame, name: str, base: str, weight: pd.Series, allowed: pd.Series | None, classes: int) -> pd.DataFrame:
    volume = rows[base].where(rows[base] > 0)
    rate = rows[name] / volume
    usual, fence = _peers(rate, volume, classes)
    above = {"peers": (rate - usual).where(rate > fence)}
    if allowed is not None:
        above["policy"] = (rate - allowed).where(rate > allowed + 1e-9)
    above = pd.DataFrame(above).dropna(how="all")
    against = above.fillna(-1.0).idxmax(axis=1)
    kept = above.index
    amount = (above.max(axis=1) * volume[kept] * weight[kept]).round(2)
    limit = usual[kept].where(against == "peers", 0.0 if allowed is None else allowed[kept])
    taken, margin = rows.loc[kept, name] * weight[kept], rows.loc[kept].get("contribution", rows.loc[kept, "profit"])
    before = (margin + taken).where(margin + taken > 0)
    lost = rows.loc[kept, "profit"]
    reasons = [_reason(name, base, *row) for row in zip(rate[kept], limit, against, strict=True)]
    frame = pd.DataFrame(
        {
            "amount": amount,
            "actual_rate": rate[kept],
            "allowed_rate": limit,
            "against": against,
            "taken": rows.loc[kept, name],
            "share_of_margin": taken / before,
            "turns_loss": (lost < 0) & (lost + amount >= 0),
            "reason": reasons,
        }
    )[list(_COLUMNS)]
    frame = frame[frame["amount"] > 0]
    return frame.set_axis(pd.MultiIndex.from_product([frame.index, [name]], names=["customer_id", "leak"]))


def _peers(rate: pd.Series, volume: pd.Series, classes: int) -> tuple[pd.Series, pd.Series]:
    """The usual rate among customers of about equal volume, and the fence beyond which a rate is far from it."""
    peers = rate.groupby(np.ceil(volume.rank(pct=True) * classes))
    low, usual, high = (peers.transform("quantile", share) for share in (0.25, 0.5, 0.75))
    enough = peers.transform("count") >= _PEERS
    return usual.where(enough), (high + 1.5 * (high - low)).where(enough)


def _policy(policy: float | pd.Series, volume: pd.Series) -> pd.Series:
    if not isinstance(policy, pd.Series):
        check_number(policy, "policy", say="give the highest discount as a fraction, or a Series of them by list revenue")
        policy = pd.Series([policy], index=[0.0])
    steps = policy.sort_index()
    check_amounts(steps, "policy")
    if not steps.between(0, 1).all():
        raise ValueError(f"policy holds {steps[~steps.between(0, 1)].iloc[0]}; a discount is a fraction between 0 and 1 of list revenue.")
    place = np.searchsorted(steps.index.to_numpy(dtype=float), volume.to_numpy(dtype=float), side="right") - 1
    return pd.Series(np.where(place < 0, 0.0, steps.to_numpy(dtype=float)[place.clip(0)]), index=volume.index)


def _reason(name: str, base: str, rate: float, limit: float, against: str) -> str:
    other = {"peers": "peers of equal volume have", "policy": "the policy allows"}[against]
    return f"{name.replace('_', ' ')} of {rate:.1%} of {base.replace('_', ' ')}; {other} {limit:.1%}".replace("%", " %")
