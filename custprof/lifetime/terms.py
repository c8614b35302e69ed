"""At what margin does a customer buy, and what does it cost to serve and to keep?

The lifetime models say how often a customer will buy and for how much. What is left of it comes from the profit and loss and the
allocation: the margin of what is bought, the cost of every purchase (activities of level line and order) and the cost of a year of holding
the customer (activities of level customer). One year of one customer says little, so each figure of a customer is drawn towards that of
all customers, the more so the fewer purchases stand behind it.

References
----------
Buehlmann, H. (1967). Experience rating and credibility. ASTIN Bulletin 4(3), 199-207.
"""

from __future__ import annotations

import pandas as pd

from custprof.lifetime.checks import check_summary
from custprof.lifetime.discount import periods
from custprof.profit import customers_only

__all__ = ["value_terms"]

_PER_PURCHASE = ("line", "order")


def value_terms(summary: pd.DataFrame, pnl: pd.DataFrame, allocation=None, *, avoidable: bool = False, prior: float = 3.0) -> pd.DataFrame:
    """Margin, cost per purchase and cost per year of every customer, for `CustomerValue.predict`.

    With z = purchases / (purchases + `prior`), a figure is z times the customer's own plus 1 - z times that of all customers together.

    Parameters
    ----------
    summary : DataFrame
        By customer_id, as `summarize` gives it: frequency and T.
    pnl : DataFrame
        `customer_pnl` over the same time, by customer_id; residual rows are left out.
    allocation : Allocation, optional
        What `costing.allocate` returned; without it serving costs nothing that is known.
    avoidable : bool
        Only the part of the cost to serve that ends with the customer: for the question whether to part with it.
    prior : float
        Purchases of an average customer that each customer's own history is weighed against; 0 takes the own figures as they are.

    Returns
    -------
    DataFrame
        Index as `summary`: margin (fraction of what is bought, before the costs below, after returns), cost_per_order and
        cost_per_period (a year), both in currency units and not negative. Give it on as ``model.predict(summary, **terms)``.

    Raises
    ------
    ValueError
        If customers of the summary are not in `pnl`, or nothing was sold to them.

    Examples
    --------
    >>> summary = pd.DataFrame({"frequency": [2, 0], "recency": [30.0, 0.0], "T": [52.0, 52.0]}, index=["a", "b"])
    >>> pnl = pd.DataFrame({"net_revenue": [300.0, 100.0], "gross_margin": [120.0, 20.0]}, index=["a", "b"])
    >>> value_terms(summary, pnl)["margin"].round(4).to_dict()
    {'a': 0.375, 'b': 0.3125}
    """
    check_summary(summary, "frequency", "T")
    known = customers_only(pnl)
    missing = summary.index[~summary.index.isin(known.index)]
    if len(missing):
        raise ValueError(
            f"{len(missing)} of {len(summary)} customers are not in pnl, first {missing[:3].tolist()}; make both of one study."
        )
    rows = known.loc[summary.index]
    bought = rows["invoice_revenue"] if "invoice_revenue" in rows else rows["net_revenue"]
    if not bought.sum() > 0:
        raise ValueError("nothing was sold to the customers of the summary; a margin cannot be taken.")
    kept = next(rows[name] for name in ("contribution", "gross_margin", "net_revenue") if name in rows)
    per_purchase, held = _costs(allocation, summary.index, avoidable)
    purchases = summary["frequency"] + 1
    years = summary["T"] / periods(1.0, summary.attrs.get("unit", "W"))
    own = purchases / (purchases + prior)
    return pd.DataFrame(
        {
            "margin": _drawn(kept, bought, own),
            "cost_per_order": _drawn(per_purchase, purchases, own),
            "cost_per_period": _drawn(held, years.clip(lower=1 / 12), own),
        }
    )


def _drawn(amount: pd.Series, base: pd.Series, own: pd.Series) -> pd.Series:
    """Own ratio and that of all, by credibility; where a customer has no base, that of all."""
    of_all = amount.sum() / base.sum()
    ratio = (amount / base.where(base > 0)).fillna(of_all)
    return own * ratio + (1 - own) * of_all


def _costs(allocation, index: pd.Index, avoidable: bool) -> tuple[pd.Series, pd.Series]:
    if allocation is None:
        nothing = pd.Series(0.0, index=index)
        return nothing, nothing
    costs = allocation.customers(avoidable=avoidable).reindex(index, fill_value=0.0)
    activities = allocation.model.activities
    purchase = [name for name in costs if name in activities and activities[name].level in _PER_PURCHASE]
    return costs[purchase].sum(axis=1).clip(lower=0), costs.drop(columns=purchase).sum(axis=1).clip(lower=0)
