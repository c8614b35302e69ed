"""What does each customer look like after the costs that stand above it, if somebody insists on spreading them?

Cost of a channel, of marketing or of the whole business is caused by no single customer: in `customer_pnl` it stands in rows of its own. A
fully loaded profit needs a key for every such cost, and the key decides the answer. So it is made only on demand, by keys that are named,
and a cost without a key stays in its row.
"""

from __future__ import annotations

import pandas as pd

from custprof.costing import split_cents
from custprof.profit.inputs import check_amounts, check_frame, check_pnl
from custprof.profit.ladder import customers_only

__all__ = ["spread_levels"]


def spread_levels(pnl: pd.DataFrame, above: pd.DataFrame, *, decimals: int = 2) -> pd.DataFrame:
    """Profit of every customer after each level of cost above it.

    Parameters
    ----------
    pnl : DataFrame
        Rows of customers with profit and the columns that serve as keys; residual rows are left out. For the cost of one channel give its
        customers only.
    above : DataFrame
        Index the name of the cost, in the order of the levels (the channel first, the business last). Columns cost (money, positive) and
        spread_on (the column of `pnl` in proportion to which it is spread; missing: not spread).
    decimals : int
        Decimals of the minor unit of money.

    Returns
    -------
    DataFrame
        The customers, then a row "(name)" for every cost that is not spread. Columns profit (before), then for every cost name (its part,
        money) and after_name (profit less all parts so far). Every column of parts sums to its cost to the cent.

    Raises
    ------
    ValueError
        If a key is unknown, negative for some customers (a loss draws no cost) or zero for all, a cost is missing or infinite, or two
        costs bear one name.

    References
    ----------
    Cooper, R. and Kaplan, R. S. (1991). Profit priorities from activity-based costing. Harvard Business Review 69(3), 130-135.

    Examples
    --------
    >>> pnl = pd.DataFrame({"net_revenue": [300.0, 100.0], "profit": [60.0, 40.0]}, index=["a", "b"])
    >>> above = pd.DataFrame({"cost": [20.0, 30.0], "spread_on": ["net_revenue", None]}, index=["channel", "rent"])
    >>> spread_levels(pnl, above)
            profit  channel  after_channel  rent  after_rent
    a         60.0     15.0           45.0   0.0        45.0
    b         40.0      5.0           35.0   0.0        35.0
    (rent)     0.0      0.0            0.0  30.0       -30.0
    """
    _check(pnl, above)
    customers = customers_only(pnl)
    unspread = [f"({name})" for name, key in above["spread_on"].items() if pd.isna(key)]
    rows = customers.index.append(pd.Index(unspread)).set_names(customers.index.names)
    table = pd.DataFrame({"profit": customers["profit"].astype(float).reindex(rows, fill_value=0.0)})
    left = table["profit"]
    for name, cost, key in above[["cost", "spread_on"]].itertuples(name=None):
        if pd.isna(key):
            part = pd.Series({f"({name})": float(cost)})
        else:
            weights = _weights(customers, name, key)
            part = split_cents(round(cost * 10**decimals), weights) / 10**decimals
        table[name] = part.reindex(rows, fill_value=0.0)
        left = table[f"after_{name}"] = (left - table[name]).round(4)
    return table


def _check(pnl: pd.DataFrame, above: pd.DataFrame) -> None:
    check_pnl(pnl, by_period=False)
    check_frame(above, "above", needs=["cost", "spread_on"], say="give money, and a column of pnl to spread it on, or missing")
    if above.index.has_duplicates:
        raise ValueError(f"above holds {above.index[above.index.duplicated()][:3].tolist()} more than once; name each cost once.")
    check_amounts(above["cost"], "cost", then="give the cost of each level.")


def _weights(customers: pd.DataFrame, name: str, key: str) -> pd.Series:
    if key not in customers:
        raise ValueError(f"{name} is to be spread on {key!r}, which pnl lacks; it has {', '.join(map(str, customers.columns))}.")
    check_amounts(customers[key], str(key))
    weights = customers[key].astype(float)
    below = weights.index[weights < 0]
    if len(below):
        raise ValueError(
            f"{name} is to be spread on {key}, which is negative for {len(below)} of {len(weights)} customers, first {below[:3].tolist()};"
            " choose a key that is not, or leave the cost in its row."
        )
    return weights
