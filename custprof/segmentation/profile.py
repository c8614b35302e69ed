"""Who is in each segment, and what does it earn and cost, in money and as shares of revenue?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.segmentation.choice import align_profit
from custprof.segmentation.names import segment_names
from custprof.segmentation.scaler import as_money, check_money, revenue_column

__all__ = ["segment_profile"]


def segment_profile(X: pd.DataFrame, profit, labels, *, revenue: str | None = None, whales: int | None = None) -> pd.DataFrame:
    """One row per segment: size, profit, and its money columns.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Currency units.
    profit : array-like of float, one per customer
        In the row order of X; signed.
    labels : array-like of int, one per customer
        In the row order of X.
    revenue : str, optional
        The revenue column (default as in `MoneyScaler`).
    whales : int, optional
        The label that holds the whales, if any.

    Returns
    -------
    DataFrame by segment
        name (unique, see `segment_names`); customers; share (of customers); profit (sum); profit_share (of the total profit, NaN unless
        that is positive); loss_share (of all losses, NaN if there are none); mean_profit; losing (share of its customers with a loss);
        median_<column> for every money column; <column>_rate for every column but revenue (share of revenue of the median customer with
        revenue, NaN if there is none: the ratio of the sums would follow one giant).

    Raises
    ------
    ValueError
        If money is missing, or profit or labels are not one per customer.

    Examples
    --------
    >>> X = pd.DataFrame({"revenue": [100.0, 120.0, 900.0], "cost_to_serve": [20.0, 24.0, 600.0]})
    >>> profile = segment_profile(X, [10.0, 12.0, -90.0], [0, 0, 1])
    >>> profile[["customers", "profit", "loss_share", "cost_to_serve_rate"]].round(2)
             customers  profit  loss_share  cost_to_serve_rate
    segment
    0                2    22.0         0.0                0.20
    1                1   -90.0         1.0                0.67
    >>> profile["name"].tolist()
    ['medium revenue, earns, cost to serve 20 % of revenue', 'large revenue, loses money, cost to serve 67 % of revenue']
    """
    X = as_money(X)
    values = check_money(X)
    profit, labels = np.asarray(profit, dtype=float), np.asarray(labels)
    if profit.shape != (len(X),) or labels.shape != (len(X),):
        raise ValueError(
            f"profit has shape {profit.shape}, labels {labels.shape}, for {len(X):,} customers; pass one of each per customer."
        )
    align_profit(profit, X)
    at = revenue_column(X, revenue)
    frame = pd.DataFrame(values, columns=list(X.columns))
    by = pd.Index(labels, name="segment")
    money, grouped = pd.Series(profit).groupby(by), frame.groupby(by)
    medians = grouped.median()
    losses = pd.Series(np.maximum(-profit, 0)).groupby(by).sum()
    table = pd.DataFrame({"customers": money.size(), "share": money.size() / len(X), "profit": money.sum()})
    table["profit_share"] = table["profit"] / profit.sum() if profit.sum() > 0 else np.nan
    table["loss_share"] = losses / losses.sum() if losses.sum() > 0 else np.nan
    table["mean_profit"] = money.mean()
    table["losing"] = pd.Series(profit < 0).groupby(by).mean()
    table = table.join(medians.add_prefix("median_"))
    rates = frame.drop(columns=at).div(frame[at].where(frame[at] > 0), axis=0)
    table = table.join(rates.groupby(by).median().add_suffix("_rate"))
    table.insert(0, "name", segment_names(frame, profit, labels, revenue=at, whales=whales))
    return table
