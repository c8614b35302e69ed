"""Which price, or which fee, makes a customer pay its way, and how much volume may that cost?

A rise of the net price brings its share of the net revenue, less what rises with it (a commission). What a market allows has an end: beyond
the highest rise the rest is not to be had by price alone, and is left to a fee or to less effort. Volume that goes takes its price along
and saves its goods and its avoidable cost; the rest of the cost stays. So the loss of volume that undoes a rise is measured against
avoidable profit, never against profit at full cost, which is smaller and would allow too much. How volume really answers is not known from
a profit and loss: an elasticity enters only where the caller states one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit import customers_only
from custprof.profit.inputs import check_amounts, check_beside, check_number, check_pnl, named

__all__ = ["WAYS", "reprice"]

#: What it takes, from nothing to what no price can do.
WAYS = ("nothing", "price", "price and fee or effort", "fee or effort")


def reprice(
    pnl: pd.DataFrame,
    *,
    target_margin: float = 0.0,
    highest_rise: float | None = None,
    rising=(),
    orders: pd.Series | None = None,
    elasticity: float | pd.Series | None = None,
) -> pd.DataFrame:
    """The rise in price that brings every customer to a margin, what is left for a fee, and the volume it may cost.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id with net_revenue and profit; residual rows are left out. Amounts are over its whole time:
        the answer is the price that should have stood.
    target_margin : float
        Profit wanted as a fraction of net revenue, below 1; 0 is break even.
    highest_rise : float, optional
        The highest rise that is thought possible (fraction of the price of today); without it there is no end.
    rising : str or list-like of str
        Columns of `pnl`, costs that rise with the price, such as commission.
    orders : Series of int, optional
        Orders by customer_id: the fee is then given for each.
    elasticity : float or Series of float by customer_id, optional
        Fraction by which volume changes for one of price (-2: one percent dearer, two percent less). Without it no effect on volume is
        assumed.

    Returns
    -------
    DataFrame by customer_id
        net_revenue and profit (money); needed_rise (fraction of the price: to the target at the volume of today; 0 for who is there, NaN
        where no price leads there); rise (fraction: what of it is allowed); brings (money, at the volume of today); fee (money that remains
        to the target: as a fee, or as effort saved); fee_per_order (money, with `orders`; NaN without one); way (one of `WAYS`). Where
        avoidable cost is known: break_even_loss (fraction of the volume that may go before the rise is worse than none; 1: losing all of it
        is no worse; NaN without a rise). With an elasticity: profit_change (money, of the company: the rise and the change of volume).

    Raises
    ------
    ValueError
        If columns are missing, amounts are missing or infinite, `pnl` is by period, a rise is negative, the margin is not below 1, orders
        or elasticities are missing or an elasticity is positive; or elasticity is given and avoidable cost is not known.

    Notes
    -----
    With net revenue R, profit P, avoidable profit A, costs k that rise with the price, a margin t and a rise p: the target is
    P + p (R - k) = t R (1 + p). Of the volume v may go while (1 - v) (A + p (R - k)) >= A, Nagle's change of sales to break even,
    -dP / (CM + dP), with A as the contribution margin CM. Volume is taken to save avoidable cost in proportion; where part of that cost
    ends only with the last order, less may go. At an elasticity e volume is (1 + p)^e of today's. A fee counts as revenue.

    References
    ----------
    T. T. Nagle, J. E. Hogan & J. Zale (2011), The Strategy and Tactics of Pricing, 5th edition, chapter on financial analysis.
    M. V. Marn & R. L. Rosiello (1992), Managing price, gaining profit, Harvard Business Review 70(5), 84-94.

    Examples
    --------
    Both lose 10 on sales of 100. When "a" goes, 40 of contribution go as well: at a price 10 % higher a fifth of the volume may leave.
    Of "b" nothing would be missed.

    >>> pnl = pd.DataFrame({"net_revenue": [100.0, 100.0], "profit": [-10.0, -10.0], "avoidable_profit": [40.0, -5.0]}, index=["a", "b"])
    >>> reprice(pnl)[["needed_rise", "brings", "way", "break_even_loss"]]
       needed_rise  brings    way  break_even_loss
    a          0.1    10.0  price              0.2
    b          0.1    10.0  price              1.0
    >>> reprice(pnl, highest_rise=0.04, elasticity=-2)[["rise", "fee", "way", "profit_change"]].round(2)
       rise  fee                      way  profit_change
    a  0.04  6.0  price and fee or effort           0.68
    b  0.04  6.0  price and fee or effort           4.08
    """
    rising = list(named(rising, "rising", what="column"))
    check_pnl(pnl, needs=("net_revenue", "profit", *rising), by_period=False)
    check_number(target_margin, "target_margin", say="give a fraction of net revenue below 1, 0.05 for 5 %")
    if not target_margin < 1:
        raise ValueError(f"target_margin is {target_margin}; give a fraction of net revenue below 1, 0.05 for 5 %.")
    if highest_rise is not None:
        check_number(highest_rise, "highest_rise", least=0, say="give the highest rise as a fraction of the price, 0.1 for 10 %")
    if elasticity is not None and "avoidable_profit" not in pnl:
        raise ValueError("elasticity needs to know what a loss of volume saves; give a pnl with avoidable_profit.")
    rows = customers_only(pnl)
    sold, profit = rows["net_revenue"].astype(float), rows["profit"].astype(float)
    pocket = sold - rows[rising].sum(axis=1)  # what one more of the price brings
    lacking = (target_margin * sold - profit).clip(lower=0.0)
    slope = pocket - target_margin * sold  # by how much it comes nearer to the target
    needed = (lacking / slope.where((sold > 0) & (slope > 0))).mask(lacking == 0, 0.0)
    most = np.inf if highest_rise is None else highest_rise
    rise = needed.fillna(0.0).clip(upper=most)
    brings = rise * pocket
    left = (lacking - rise * slope).mask(rise == needed, 0.0)
    fee = left / (1 - target_margin)
    found = pd.DataFrame({"net_revenue": sold, "profit": profit, "needed_rise": needed, "rise": rise, "brings": brings, "fee": fee})
    if orders is not None:
        counts = _beside(orders, rows.index, "orders")
        if (counts < 0).any():
            raise ValueError(f"orders are {counts[counts < 0].iloc[0]:g} for {counts.index[counts < 0][0]!r}; give counts of zero or more.")
        found["fee_per_order"] = fee / counts.where(counts > 0)
    found["way"] = np.select([lacking == 0, fee == 0, rise > 0], WAYS[:3], default=WAYS[3])
    if "avoidable_profit" in rows:
        after = rows["avoidable_profit"] + brings  # what leaves with all volume, at the new price
        found["break_even_loss"] = (brings / after.where(after > 0)).fillna(1.0).clip(upper=1.0).where(rise > 0)
    if elasticity is not None:
        volume = (1 + rise) ** _elasticities(elasticity, rows.index)
        found["profit_change"] = volume * after - rows["avoidable_profit"]
    return found


def _beside(values: pd.Series, index: pd.Index, name: str) -> pd.Series:
    """Numbers of all customers of an index."""
    check_beside(values, index, name)
    values = values.reindex(index)
    missing = index[values.isna()]
    if len(missing):
        raise ValueError(f"{name} are missing for {len(missing):,} of {len(index):,} customers, first {missing[:3].tolist()}; give all.")
    check_amounts(values, name)
    return values.astype(float)


def _elasticities(elasticity: float | pd.Series, index: pd.Index) -> float | pd.Series:
    say = "give zero or less: volume does not grow with the price"
    if not isinstance(elasticity, pd.Series):
        check_number(elasticity, "elasticity", most=0, say=say)
        return float(elasticity)
    values = _beside(elasticity, index, "elasticity")
    if (values > 0).any():
        raise ValueError(f"elasticity is {values[values > 0].iloc[0]} for {values.index[values > 0][0]!r}; {say}.")
    return values
