"""How is an amount of money split so that not a cent is lost or made?

Largest remainder (Hamilton's method): every share is rounded down to whole cents and the cents left over go to the largest fractions.
Fractions that are equal within a millionth of a cent are a tie, which the order of the keys decides, so that the order of the rows never
moves a cent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .kinds import as_numbers, check_kind

__all__ = ["MOST_CENTS", "split_cents", "split_in_order", "to_cents"]

#: Beyond this (22 million million in euro and cent) a float in currency units no longer gives back every cent.
MOST_CENTS = 2**51


def split_cents(total: int, weights: pd.Series) -> pd.Series:
    """Split whole cents in proportion to weights, exactly.

    Parameters
    ----------
    total : int
        Cents (minor units) to split; negative for a credit.
    weights : Series or mapping
        Weight by key, each key once. Weights may be negative as long as their sum is not zero: such a key gets the opposite sign.

    Returns
    -------
    Series of int64
        Cents by key, in the order of `weights`; the sum is `total`.

    Raises
    ------
    TypeError
        If `total` is not a whole number.
    ValueError
        If a key occurs twice, a weight is missing or infinite, or the weights sum to zero.

    References
    ----------
    Balinski, M. and Young, H. P. (2001), Fair Representation, 2nd ed., Brookings, appendix A (the method of Hamilton).

    Examples
    --------
    >>> split_cents(100, {"a": 1, "b": 1, "c": 1})
    a    34
    b    33
    c    33
    dtype: int64
    >>> split_cents(-5, pd.Series({"b": 0.5, "a": 0.5})).to_dict()
    {'b': -2, 'a': -3}
    """
    if isinstance(total, bool) or not isinstance(total, (int, np.integer)):
        raise TypeError(f"total is {total!r}; give whole cents, for example round(amount * 100).")
    if isinstance(weights, Mapping):
        weights = pd.Series(weights)
    check_kind(weights, pd.Series, "weights", say="give a Series (or a mapping) of weights by key")
    weights = pd.Series(as_numbers(weights, "weights"), index=weights.index)
    if weights.index.has_duplicates:
        twice = weights.index[weights.index.duplicated()].unique()
        raise ValueError(f"weights name {len(twice)} keys twice, first {twice[:3].tolist()}; add up the weights of a key first.")
    if not np.isfinite(weights).all():
        bad = weights.index[~np.isfinite(weights)]
        raise ValueError(
            f"weights are missing or infinite for {len(bad)} of {len(weights)} keys, first {bad[:3].tolist()}; fill or drop them."
        )
    order = np.argsort(weights.index.astype(str).to_numpy(), kind="stable")
    values = weights.to_numpy()[order]
    if values.sum() == 0:
        raise ValueError(f"the {len(weights)} weights sum to zero, so {total} cents have nowhere to go; give a weight to at least one key.")
    cents = np.zeros(len(weights), dtype="int64")
    cents[order] = split_in_order(int(total), values)
    return pd.Series(cents, index=weights.index)


def split_in_order(total: int, weights: np.ndarray) -> np.ndarray:
    """`split_cents` on an array whose order is the order of its keys: the fast form, one activity at a time.

    Examples
    --------
    >>> split_in_order(10, np.array([1.0, 0.0, 2.0])).tolist()
    [3, 0, 7]
    """
    cents = np.zeros(len(weights), dtype="int64")
    if total == 0:
        return cents
    taking = np.flatnonzero(weights)
    weights = weights[taking] / np.abs(weights[taking]).max()
    exact = abs(total) * (weights / weights.sum())
    if abs(total) > MOST_CENTS or np.abs(exact).max() > MOST_CENTS:
        raise ValueError(f"splitting {total} cents gives a share that no float can hold to the cent; check the amount and the weights.")
    floor = np.floor(exact)
    fraction = np.round(exact - floor, 6)
    share = floor.astype("int64")
    # With exact fractions the left-over lies between 0 and the number of keys; rounding of huge amounts may move it by a few cents.
    for_all, left = divmod(abs(total) - int(share.sum()), len(share))
    share += for_all
    if left:
        least = np.partition(fraction, len(fraction) - left)[len(fraction) - left]
        share[fraction > least] += 1
        ties = np.flatnonzero(fraction == least)
        share[ties[: left - int((fraction > least).sum())]] += 1
    cents[taking] = share if total > 0 else -share
    return cents


def to_cents(amounts, decimals: int = 2) -> np.ndarray:
    """Money in currency units as whole minor units.

    Examples
    --------
    >>> to_cents([0.1, 0.29, -1.005]).tolist()
    [10, 29, -100]
    """
    return np.rint(np.asarray(amounts, dtype="float64") * 10**decimals).astype("int64")
