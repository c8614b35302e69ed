"""High margin or cheap to serve: in which corner of Kaplan's map does each customer stand, and what follows?

What a customer leaves before it is served, against what serving it costs, both in relation to its net revenue so that small and big
customers compare. The lines between high and low are the rates of all customers together. A customer above the diagonal, where margin and
cost cancel, earns; in every corner it may be on either side.

References
----------
Shapiro, B. P., Rangan, V. K., Moriarty, R. T. and Ross, E. B. (1987). Manage customers for profits (not just sales). Harvard Business
Review 65(5), 101-108: the names of the cells.
Kaplan, R. S. and Narayanan, V. G. (2001). Measuring and managing customer profitability. Journal of Cost Management 15(5), 5-15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.inputs import check_number, check_pnl
from custprof.profit.ladder import customers_only
from custprof.profit.totals import total

__all__ = ["CELLS", "NO_REVENUE", "quadrant"]

#: Name of every cell, and what to do there.
CELLS = {
    "passive": "protect: reward loyalty, keep competitors away",
    "carriage trade": "keep the service, charge for what is special, make it cheaper to give",
    "bargain basement": "a low rate, not a low profit: keep serving simple and seek volume; look after the large ones in person",
    "aggressive": "renegotiate prices and terms, set minimum orders, cut the effort",
}
#: The cell of customers without positive net revenue, who have no rates.
NO_REVENUE = "(no net revenue)"


def quadrant(pnl: pd.DataFrame, *, margin_rate: float | None = None, cost_rate: float | None = None) -> pd.DataFrame:
    """The cell of every customer on the map of margin against cost to serve.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` with cost_to_serve and contribution (or gross_margin, or net_revenue, where that is the deepest known);
        residual rows are left out.
    margin_rate, cost_rate : float, optional
        From which rate a margin, above which a cost to serve is high (fractions of net revenue); by default the rates of all customers with
        positive net revenue together.

    Returns
    -------
    DataFrame
        Index customer_id. Columns net_revenue, margin (before cost to serve), cost_to_serve, profit (money), margin_rate and cost_rate
        (fractions of net revenue; NaN without positive net revenue), usual_margin_rate and usual_cost_rate (the lines between high and
        low), cell ("passive": high margin, low cost; "carriage trade": both high; "bargain basement": both low; "aggressive": low margin,
        high cost; "(no net revenue)") and action (words).

    Raises
    ------
    ValueError
        If cost_to_serve is not known, amounts are missing or infinite, `pnl` is by period, or a rate is not a fraction.

    References
    ----------
    Shapiro, Rangan, Moriarty and Ross (1987). Harvard Business Review 65(5), 101-108.

    Examples
    --------
    >>> pnl = pd.DataFrame({"net_revenue": [100.0, 100.0, 0.0], "contribution": [50.0, 30.0, 0.0], "cost_to_serve": [10.0, 40.0, 7.0],
    ...     "profit": [40.0, -10.0, -7.0]}, index=["a", "b", "c"])
    >>> quadrant(pnl)[["margin_rate", "usual_margin_rate", "cost_rate", "cell"]]
       margin_rate  usual_margin_rate  cost_rate              cell
    a          0.5                0.4        0.1           passive
    b          0.3                0.4        0.4        aggressive
    c          NaN                0.4        NaN  (no net revenue)
    """
    if isinstance(pnl, pd.DataFrame) and "cost_to_serve" not in pnl:
        raise ValueError("pnl lacks cost_to_serve; the quadrant needs an allocation (customer_pnl(facts, allocation)).")
    check_pnl(pnl, needs=("net_revenue", "profit"), by_period=False)
    for name, given in (("margin_rate", margin_rate), ("cost_rate", cost_rate)):
        if given is not None:
            check_number(given, name, least=-1, most=1, say="give a fraction of net revenue, say 0.3 for 30 %")
    rows = customers_only(pnl)
    margin = next(rows[name] for name in ("contribution", "gross_margin", "net_revenue") if name in rows)
    table = rows[["net_revenue"]].assign(margin=margin, cost_to_serve=rows["cost_to_serve"], profit=rows["profit"])
    sold = table["net_revenue"].where(table["net_revenue"] > 0)
    revenue = total(sold.dropna())
    for name, given, amount in (("margin", margin_rate, margin), ("cost", cost_rate, rows["cost_to_serve"])):
        usual = given if given is not None else total(amount[sold.notna()]) / revenue if revenue else np.nan
        table[f"{name}_rate"] = amount / sold
        table[f"usual_{name}_rate"] = float(usual)
    high, dear = table["margin_rate"] >= table["usual_margin_rate"], table["cost_rate"] > table["usual_cost_rate"]
    cells = [sold.isna(), high & ~dear, high & dear, ~high & ~dear]
    table["cell"] = np.select(cells, [NO_REVENUE, *list(CELLS)[:3]], default="aggressive")
    return table.assign(action=table["cell"].map({**CELLS, NO_REVENUE: "ask why there is work, or only returns, without sales"}))
