"""Where does the price go between the list and the pocket?

The price waterfall of Marn and Rosiello: from the list price the discounts lead to the invoice, returns to the net revenue, and what never
shows on the price line (freight, commission, the cost of credit, bad debt) to the pocket price; the cost of goods leaves the pocket margin.

References
----------
Marn, M. V. and Rosiello, R. L. (1992). Managing price, gaining profit. Harvard Business Review 70(5), 84-94.
"""

from __future__ import annotations

import pandas as pd

from custprof.profit.ladder import DIRECT_COSTS
from custprof.profit.totals import total

__all__ = ["price_waterfall"]

_STEPS = ("discounts", "returns", *DIRECT_COSTS, "cost_of_goods")
_ORDER = ("list_revenue", "discounts", "invoice_revenue", "returns", "net_revenue", *DIRECT_COSTS, "pocket_price", "cost_of_goods")


def price_waterfall(pnl: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Steps from the list price to the pocket margin of one customer, a segment or all.

    Parameters
    ----------
    pnl : DataFrame or Series
        Rows of `customer_pnl` (they are added up), or one row of it. net_revenue is required; unknown steps are left out.

    Returns
    -------
    DataFrame
        In the order of the waterfall, columns step (list_revenue, discounts, invoice_revenue, returns, net_revenue, freight, commission,
        credit_cost, bad_debt, pocket_price, cost_of_goods, pocket_margin), amount (money, deductions negative), kind ("total" or "step")
        and share (fraction of the first total; NaN where that is zero).

    Raises
    ------
    ValueError
        If net_revenue is missing.

    Examples
    --------
    >>> one = {"list_revenue": 100.0, "discounts": 15.0, "invoice_revenue": 85.0, "returns": 0.0, "net_revenue": 85.0,
    ...        "cost_of_goods": 40.0, "freight": 5.0, "commission": 3.0}
    >>> price_waterfall(pd.Series(one)).set_index("step")["amount"].to_dict()
    {'list_revenue': 100.0, 'discounts': -15.0, 'invoice_revenue': 85.0, 'returns': 0.0, 'net_revenue': 85.0, 'freight': -5.0,
     'commission': -3.0, 'pocket_price': 77.0, 'cost_of_goods': -40.0, 'pocket_margin': 37.0}
    """
    if isinstance(pnl, pd.Series):
        pnl = pnl.to_frame().T
    if "net_revenue" not in pnl:
        raise ValueError(f"pnl lacks net_revenue (it has {', '.join(map(str, pnl.columns))}); give rows of customer_pnl.")
    amounts = {name: total(pnl[name].astype(float)) for name in _ORDER if name in pnl}
    off_invoice = [amounts[name] for name in DIRECT_COSTS if name in amounts]
    amounts["pocket_price"] = total([amounts["net_revenue"], *(-amount for amount in off_invoice)])
    steps = [name for name in _ORDER if name in amounts and (name != "pocket_price" or off_invoice)]
    rows = [(name, -amounts[name] if name in _STEPS else amounts[name], "step" if name in _STEPS else "total") for name in steps]
    if "cost_of_goods" in amounts:
        rows.append(("pocket_margin", total([amounts["pocket_price"], -amounts["cost_of_goods"]]), "total"))
    frame = pd.DataFrame(rows, columns=["step", "amount", "kind"])
    first = frame["amount"].iloc[0]
    amount = frame["amount"] + 0.0
    return frame.assign(amount=amount, share=amount / first if first else float("nan"))
