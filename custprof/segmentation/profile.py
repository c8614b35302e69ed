"""Who is in each segment, what does it earn, and what should it be called?

Everything is said in money and in words made from the data, since a segment is only as useful as the sentence that a sales manager can
repeat.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.segmentation.scaler import check_money, revenue_column

__all__ = ["segment_profile"]

LARGE, SMALL, BREAK_EVEN = 0.7, 0.3, 0.02


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
        name (unique); customers; share (of customers); profit (sum); profit_share (of the total profit, NaN unless that is positive);
        loss_share (of all losses, NaN if there are none); mean_profit; losing (share of its customers with a loss); median_<column> for
        every money column; <column>_rate for every column but revenue (sum over sum of revenue, NaN unless that is positive).

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
    values = check_money(X)
    profit, labels = np.asarray(profit, dtype=float), np.asarray(labels)
    if profit.shape != (len(X),) or labels.shape != (len(X),):
        raise ValueError(
            f"profit has shape {profit.shape}, labels {labels.shape}, for {len(X):,} customers; pass one of each per customer."
        )
    at = revenue_column(X, revenue)
    frame = pd.DataFrame(values, columns=list(X.columns))
    by = pd.Index(labels, name="segment")
    money, grouped = pd.Series(profit).groupby(by), frame.groupby(by)
    sums, medians = grouped.sum(), grouped.median()
    losses = pd.Series(np.maximum(-profit, 0)).groupby(by).sum()
    table = pd.DataFrame({"customers": money.size(), "share": money.size() / len(X), "profit": money.sum()})
    table["profit_share"] = table["profit"] / profit.sum() if profit.sum() > 0 else np.nan
    table["loss_share"] = losses / losses.sum() if losses.sum() > 0 else np.nan
    table["mean_profit"] = money.mean()
    table["losing"] = pd.Series(profit < 0).groupby(by).mean()
    table = table.join(medians.add_prefix("median_"))
    rates = sums.drop(columns=at).div(sums[at].where(sums[at] > 0), axis=0)
    table = table.join(rates.add_suffix("_rate"))
    table.insert(0, "name", _names(frame[at], sums[at], medians[at], table, rates, whales))
    return table


def short_money(amount: float) -> str:
    """An amount in three significant digits, for names and rules.

    >>> [short_money(x) for x in (0.5, 51_234, -1_260_000)]
    ['0.5', '51,200', '-1,260,000']
    """
    rounded = float(f"{amount:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def words(column: str) -> str:
    """A column's name as it is spoken.

    >>> words("cost_to_serve")
    'cost to serve'
    """
    return str(column).replace("_", " ")


def _names(
    revenue: pd.Series, total: pd.Series, median: pd.Series, table: pd.DataFrame, rates: pd.DataFrame, whales: int | None
) -> list[str]:
    if len(table) == 1:
        return ["all customers"]
    telling = _telling(rates)
    said = {}
    for segment, row in table.iterrows():
        place = (revenue < median[segment]).mean() + (revenue == median[segment]).mean() / 2
        size = "large revenue" if place >= LARGE else "small revenue" if place <= SMALL else "medium revenue"
        if median[segment] <= 0:
            size = "no revenue"
        if segment == whales:
            size = f"whales (median revenue {short_money(median[segment])})"
        margin = row["profit"] / total[segment] if total[segment] > 0 else np.sign(row["profit"])
        result = "breaks even" if abs(margin) < BREAK_EVEN else "earns" if margin > 0 else "loses money"
        said[segment] = [size, result, *([_rate(rates, segment, telling)] if telling else [])]
    groups = pd.Series({segment: ", ".join(parts[:2]) for segment, parts in said.items()})
    for _, same in groups.groupby(groups):  # of one size and result: the ratio that tells them apart is said as well
        spread = rates.loc[same.index].max() - rates.loc[same.index].min()
        if len(same) > 1 and telling and spread.notna().any() and spread.idxmax() != telling:
            for segment in same.index:
                said[segment].append(_rate(rates, segment, spread.idxmax()))
    for segment in _alike(said):
        said[segment].append(f"median revenue {short_money(median[segment])}")
    for segment in _alike(said):
        said[segment].append(f"no. {segment}")
    return [", ".join(part for part in parts if part) for parts in said.values()]


def _telling(rates: pd.DataFrame) -> str | None:
    """The ratio to name segments by: cost to serve, else the one that differs most between them."""
    if "cost_to_serve" in rates:
        return "cost_to_serve"
    spread = (rates.max() - rates.min()).dropna()
    return str(spread.idxmax()) if len(spread) else None


def _rate(rates: pd.DataFrame, segment: int, column: str) -> str:
    rate = rates.loc[segment, column]
    return "" if np.isnan(rate) else f"{words(column)} {rate * 100:.0f} % of revenue"


def _alike(said: dict) -> list:
    names = pd.Series({segment: ", ".join(part for part in parts if part) for segment, parts in said.items()})
    return list(names.index[names.duplicated(keep=False)])
