"""What should a segment be called, so that its name says what sets it apart and is true to who is in it?

A name has three parts, all made from the data: how large its customers are, what it earns in total (and how many do otherwise), and the
ratio to revenue in which it differs most from everybody else. A segment that loses money is named by the largest difference that costs it
money: who reads the name will act on it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.segmentation.scaler import bounded_ratio

__all__ = ["segment_names"]

#: A segment is large (small) where its median customer lies above (below) this share of all customers.
LARGE, SMALL = 0.7, 0.3
#: About even: what is left is less than this share of revenue, and the smaller of gains and losses at least this share of the larger.
EVEN_MARGIN, EVEN_BALANCE = 0.05, 0.5
#: Rates that vary less than this (one per cent of revenue) between customers are not taken for a difference.
LEAST_SPREAD = 0.01
#: The share of customers who lose is said of a segment that earns from the first of these on, of one that loses money up to the second.
SOME_LOSE, MOST_LOSE = 0.05, 0.8


def segment_names(X: pd.DataFrame, profit, labels, *, revenue: str, whales: int | None = None) -> pd.Series:
    """A short, unique name for every segment.

    Parameters
    ----------
    X : DataFrame, customers x money columns
        Currency units.
    profit : array-like of float, one per customer
        In the row order of X; signed.
    labels : array-like of int, one per customer
        In the row order of X.
    revenue : str
        The revenue column.
    whales : int, optional
        The label that holds the whales, if any.

    Returns
    -------
    Series of str by segment
        Size, result, ratio. The ratio is that of the median customer with revenue, so that no giant speaks for all; "more than revenue"
        above 100 %, "mostly no" where the median has none and some have, none for a segment without revenue.
        The one named differs most from the median customer of the other segments, as a / (a + revenue), in standard deviations of customers
        within segments.

    Examples
    --------
    >>> money = {"revenue": [900.0, 800.0, 850.0, 900.0], "discounts": [90.0, 80.0, 500.0, 480.0], "freight": [30.0, 20.0, 40.0, 50.0]}
    >>> segment_names(pd.DataFrame(money), [90.0, 80.0, -40.0, -60.0], [0, 0, 1, 1], revenue="revenue").tolist()
    ['medium revenue, earns, discounts 10 % of revenue', 'medium revenue, loses money, discounts 56 % of revenue']
    """
    frame = X.astype(float).reset_index(drop=True)
    by, profit = np.asarray(labels), pd.Series(np.asarray(profit, dtype=float))
    sums, medians = frame.groupby(by).sum(), frame[revenue].groupby(by).median()
    if len(sums) == 1:
        return pd.Series(["all customers"], index=sums.index)
    ratios, apart, helps = _differences(frame, profit, by, revenue)
    said, named = {}, {}
    for segment, total in sums[revenue].items():
        result = _result(profit[by == segment], total)
        said[segment] = [_size(frame[revenue], medians[segment], total, segment == whales), *result]
        named[segment] = _telling(apart.loc[segment], helps, result) if min(total, medians[segment]) > 0 else None
    kinds = pd.Series({segment: (*parts[:2], named[segment]) for segment, parts in said.items()})
    also = {
        segment: _between(ratios.loc[same.index]) for _, same in kinds.groupby(kinds, sort=False) if len(same) > 1 for segment in same.index
    }
    for segment, column in named.items():  # of one kind: the ratio that tells them apart is said as well
        columns = dict.fromkeys([column, also.get(segment)] if column else [])
        said[segment] += [_rate(one, frame.loc[by == segment, one], frame.loc[by == segment, revenue]) for one in columns if one]
    for last in (lambda segment: f"median revenue {short_money(medians[segment])}", lambda segment: f"no. {segment}"):
        names = pd.Series({segment: ", ".join(parts) for segment, parts in said.items()})
        for segment in names.index[names.duplicated(keep=False)]:
            said[segment].append(last(segment))
    return pd.Series({segment: ", ".join(parts) for segment, parts in said.items()})


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


def _differences(frame: pd.DataFrame, profit: pd.Series, by: np.ndarray, revenue: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Ratios of the segments, and by how much each differs from the median customer of the rest, both in standard deviations of customers
    within segments; and whether customers with a higher ratio have a higher (1) or lower (-1) margin."""
    columns = frame.columns.drop(revenue)

    def ratio(money: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(bounded_ratio(money[columns].to_numpy(), money[[revenue]].to_numpy()), index=money.index, columns=columns)

    single = ratio(frame)
    sold = frame[revenue] > 0
    own = single[sold].groupby(by[sold]).median().reindex(np.unique(by), fill_value=0.0)
    within = (single - single.groupby(by).transform("mean"))[sold]  # without revenue every ratio is at an end of its scale
    spread = (within**2).mean().pow(0.5).fillna(0).clip(lower=LEAST_SPREAD)
    rest = pd.DataFrame({segment: single[by != segment].median() for segment in own.index}).T
    margin = pd.Series(bounded_ratio(profit.to_numpy(), frame[revenue].to_numpy()))
    helps = np.sign((single - single.mean()).mul(margin - margin.mean(), axis=0).sum())
    return own / spread, (own - rest) / spread, helps


def _size(revenue: pd.Series, median: float, total: float, whales: bool) -> str:
    if whales:
        return f"whales (median revenue {short_money(median)})"
    if median < 0:
        return "mostly net returns" if total > 0 else "net returns"
    if median == 0:
        return "mostly no revenue" if total > 0 else "no revenue"
    place = (revenue < median).mean() + (revenue == median).mean() / 2
    return "large revenue" if place >= LARGE else "small revenue" if place <= SMALL else "medium revenue"


def _result(profit: pd.Series, revenue: float) -> list[str]:
    """What the segment earns in total, and the share who lose wherever that word alone would hide it."""
    gains, losses, losing = profit.clip(lower=0).sum(), -profit.clip(upper=0).sum(), (profit < 0).mean()
    offset = min(gains, losses) >= EVEN_BALANCE * max(gains, losses)
    if gains == losses or (offset and abs(gains - losses) < EVEN_MARGIN * revenue):
        word, say = "about even", losing > 0
    elif gains > losses:
        word, say = "earns", losing >= SOME_LOSE
    else:
        word, say = "loses money", losing < MOST_LOSE
    return [word, f"{losing * 100:.0f} % lose"] if say else [word]


def _telling(apart: pd.Series, helps: pd.Series, result: list[str]) -> str | None:
    """The ratio that differs most; for a segment that loses money, of those that differ to its harm if there are any."""
    sizes = apart.abs()
    if result[0] == "loses money" and (apart * helps < 0).any():
        sizes = sizes[apart * helps < 0]
    return sizes.idxmax() if len(sizes) and sizes.max() > 0 else None


def _between(ratios: pd.DataFrame) -> str | None:
    spread = ratios.max() - ratios.min()
    return spread.idxmax() if len(spread) and spread.max() > 0 else None


def _rate(column: str, amounts: pd.Series, revenue: pd.Series) -> str:
    rate = (amounts / revenue)[revenue > 0].median()
    if rate > 1 or rate < -1:
        return f"{words(column)} more than revenue" if rate > 1 else f"negative {words(column)}"
    if abs(rate) < 0.005:
        few = "hardly any" if rate else "mostly no" if amounts.any() else "no"
        return f"{few} {words(column)}"
    return f"{words(column)} {rate * 100:.0f} % of revenue"
