"""Where does the price go between the list and the pocket?

The price waterfall of Marn and Rosiello: from the list price the discounts lead to the invoice, returns to the net revenue, and what never
shows on the price line (freight, commission, the cost of credit, bad debt) to the pocket price; the cost of goods leaves the pocket margin,
and the work of serving the customer the profit.

References
----------
Marn, M. V. and Rosiello, R. L. (1992). Managing price, gaining profit. Harvard Business Review 70(5), 84-94.
"""

from __future__ import annotations

import pandas as pd

from custprof.profit.inputs import check_kind, check_pnl, named
from custprof.profit.ladder import DIRECT_COSTS, RESIDUALS, REVENUE
from custprof.profit.totals import total

__all__ = ["levers", "price_waterfall"]

_STEPS = ("discounts", "returns", *DIRECT_COSTS, "cost_of_goods", "cost_to_serve")
_ORDER = (*REVENUE, *DIRECT_COSTS, "pocket_price", "cost_of_goods", "pocket_margin", "cost_to_serve")


def price_waterfall(pnl: pd.DataFrame | pd.Series, customers=None) -> pd.DataFrame:
    """Steps from the list price over the pocket margin to the profit of one customer, a segment or all.

    Parameters
    ----------
    pnl : DataFrame or Series
        Rows of `customer_pnl` (they are added up), or one row of it. net_revenue is required; unknown steps are left out.
    customers : str or list-like of str, optional
        One customer_id, or those of a segment; without it all rows.

    Returns
    -------
    DataFrame
        In the order of the waterfall, columns step (list_revenue, discounts, invoice_revenue, returns, net_revenue, freight, commission,
        credit_cost, bad_debt, pocket_price, cost_of_goods, pocket_margin, cost_to_serve, the rows that are no customer where there are
        any, profit), amount (money, deductions negative), kind ("total", "step" or "residual") and share (fraction of the first total; NaN
        where that is zero).

    Raises
    ------
    ValueError
        If net_revenue is missing, an amount is missing or infinite, or a customer is not in `pnl` or none is named.

    References
    ----------
    Marn, M. V. and Rosiello, R. L. (1992). Harvard Business Review 70(5), 84-94.

    Examples
    --------
    >>> one = {"list_revenue": 100.0, "discounts": 15.0, "invoice_revenue": 85.0, "returns": 0.0, "net_revenue": 85.0,
    ...        "cost_of_goods": 40.0, "freight": 5.0, "commission": 3.0}
    >>> price_waterfall(pd.Series(one)).set_index("step")["amount"].to_dict()
    {'list_revenue': 100.0, 'discounts': -15.0, 'invoice_revenue': 85.0, 'returns': 0.0, 'net_revenue': 85.0, 'freight': -5.0,
     'commission': -3.0, 'pocket_price': 77.0, 'cost_of_goods': -40.0, 'pocket_margin': 37.0}
    """
    pnl = _rows(pnl, customers)
    if "net_revenue" not in pnl:
        raise ValueError(f"pnl lacks net_revenue (it has {', '.join(map(str, pnl.columns))}); give rows of customer_pnl.")
    check_pnl(pnl, needs=())
    above = pnl.index.get_level_values(0).isin(RESIDUALS[:-1])
    amounts = {name: total(pnl.loc[~above, name].astype(float)) for name in _ORDER if name in pnl}
    off_invoice = [-amounts[name] for name in DIRECT_COSTS if name in amounts]
    amounts["pocket_price"] = total([amounts["net_revenue"], *off_invoice])
    if "cost_of_goods" in amounts:
        amounts["pocket_margin"] = total([amounts["pocket_price"], -amounts["cost_of_goods"]])
    steps = [name for name in _ORDER if name in amounts and (name != "pocket_price" or off_invoice)]
    rows = [(name, -amounts[name], "step") if name in _STEPS else (name, amounts[name], "total") for name in steps]
    rows += (
        [(str(name), total(part), "residual") for name, part in pnl.loc[above, "profit"].groupby(level=0, sort=False)]
        if above.any()
        else []
    )
    if "cost_to_serve" in pnl:
        rows.append(("profit", total(pnl["profit"].astype(float)), "total"))
    frame = pd.DataFrame(rows, columns=["step", "amount", "kind"])
    first = frame["amount"].iloc[0]
    amount = frame["amount"] + 0.0
    return frame.assign(amount=amount, share=amount / first if first else float("nan"))


def levers(pnl: pd.DataFrame) -> pd.DataFrame:
    """What one percent of price, volume or cost is worth, if nothing else changes.

    Parameters
    ----------
    pnl : DataFrame
        Rows of `customer_pnl`, residual rows included where the company is meant: their cost moves with nobody, so they count in the profit
        only. net_revenue and profit are required.

    Returns
    -------
    DataFrame
        Index lever: "price" (one percent more net revenue for the same goods), "volume" (one percent more of everything that moves with the
        customers: net revenue, cost of goods, direct and avoidable cost; left out where avoidable cost is not known), "cost_of_goods" and
        "cost_to_serve" (one percent less of what the customers cause, where known). Columns amount (money, change of profit) and
        share_of_profit (fraction of the profit of all rows; NaN where that is zero or negative).

    Raises
    ------
    TypeError, ValueError
        If net_revenue or profit is not known, or amounts are missing, infinite or no numbers.

    References
    ----------
    Marn, M. V. and Rosiello, R. L. (1992). Harvard Business Review 70(5), 84-94, exhibit 1.

    Examples
    --------
    >>> pnl = pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [70.2], "cost_to_serve": [20.8], "profit": [9.0],
    ...     "avoidable_profit": [29.8]})
    >>> levers(pnl).round(3)
                   amount  share_of_profit
    lever
    price           1.000            0.111
    volume          0.298            0.033
    cost_of_goods   0.702            0.078
    cost_to_serve   0.208            0.023
    """
    columns = {"price": "net_revenue", "volume": "avoidable_profit", "cost_of_goods": "cost_of_goods", "cost_to_serve": "cost_to_serve"}
    check_pnl(pnl, needs=("net_revenue", "profit"))
    served = pnl[~pnl.index.get_level_values(0).isin(RESIDUALS[:-1])]
    amounts = pd.Series({lever: total(served[column]) / 100 for lever, column in columns.items() if column in pnl}, name="amount")
    whole = total(pnl["profit"])
    return amounts.rename_axis("lever").to_frame().assign(share_of_profit=amounts / whole if whole > 0 else float("nan"))


def _rows(pnl: pd.DataFrame | pd.Series, customers) -> pd.DataFrame:
    check_kind(pnl, (pd.DataFrame, pd.Series), "pnl", say="give rows of customer_pnl")
    if isinstance(pnl, pd.Series):
        pnl = pnl.to_frame().T.infer_objects()
    if customers is None:
        return pnl
    names = named(customers)
    if names.empty:
        raise ValueError("customers names nobody; name one or more, or leave it out for all.")
    known = pnl.index.get_level_values(0)
    unknown = names[~names.isin(known)]
    if len(unknown):
        raise ValueError(f"{len(unknown)} of {len(names)} customers are not in pnl, first {unknown[:3].tolist()}; check their ids.")
    return pnl[known.isin(names)]
