"""How do customers of very different size come into one space where distance means something?

Money columns are signed and heavy-tailed: on plain or z-scored values K-means finds one giant, a handful of outliers and the rest. Here a
level becomes ``arcsinh(amount / scale)``, which is linear for small amounts, logarithmic for large ones and defined for losses; its scale
is kept in money units. Beside every level but revenue stands its ratio to revenue, ``amount / (|amount| + |revenue|)``: between -1 and 1,
defined for customers without revenue, one half where the amount equals the revenue. All columns are then centred and brought to unit
variance.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

__all__ = ["MoneyScaler", "check_money", "check_numbers", "check_once", "revenue_column"]

#: A feature that varies less than this (one per cent) is not blown up to unit variance: a fixed rate of commission differs by rounding
#: only.
LEAST_SPREAD = 0.01
REVENUE_NAMES = ("net_revenue", "revenue", "invoice_revenue", "list_revenue")


class MoneyScaler(TransformerMixin, BaseEstimator):
    """Signed, heavy-tailed money columns to standardised arcsinh levels and ratios to revenue.

    Parameters
    ----------
    revenue : str, optional
        The column the others are set against. Default: ``net_revenue``, ``revenue``, ``invoice_revenue`` or ``list_revenue``, else the
        first.

    Attributes
    ----------
    revenue_ : str
        The revenue column used.
    scale_ : Series by column, money units
        Lower quartile of the absolute non-zero amounts: a change of currency changes the scale and nothing else. 1 for a column of zeros.
    mean_, spread_ : Series by feature
        Mean and standard deviation of the features before standardising; the spread is at least .01, so that a column that is a fixed rate
        of revenue, but for rounding, stays near zero.
    feature_names_in_ : ndarray of str

    Raises
    ------
    TypeError
        If X is not a DataFrame of numbers.
    ValueError
        If an amount is missing or infinite, or columns differ from those of ``fit``.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"revenue": [100.0, 400.0, 100.0], "cost_to_serve": [100.0, 100.0, 300.0]}, index=["a", "b", "c"])
    >>> scaler = MoneyScaler().fit(X)
    >>> scaler.scale_.to_dict()
    {'revenue': 100.0, 'cost_to_serve': 100.0}
    >>> scaler.get_feature_names_out().tolist()
    ['revenue', 'cost_to_serve', 'cost_to_serve / revenue']
    >>> scaler.set_output(transform="pandas").transform(X).round(2)
       revenue  cost_to_serve  cost_to_serve / revenue
    a    -0.71          -0.71                     0.07
    b     1.41          -0.71                    -1.26
    c    -0.71           1.41                     1.19
    """

    def __init__(self, revenue: str | None = None):
        self.revenue = revenue

    def fit(self, X: pd.DataFrame, y=None) -> MoneyScaler:
        """Learn the scales. ``X``: customers x money columns, currency units; ``y`` is not used."""
        values = check_money(X)
        if not len(X):
            raise ValueError("there are no customers to scale; pass a frame with at least one row.")
        self.revenue_ = revenue_column(X, self.revenue)
        self.feature_names_in_ = np.asarray([str(column) for column in X.columns], dtype=object)
        self.n_features_in_ = X.shape[1]
        self.scale_ = pd.Series([_scale(column) for column in values.T], index=list(X.columns), name="scale")
        raw = self._raw(values)
        spread = raw.std(axis=0)
        names = self.get_feature_names_out()
        self.mean_ = pd.Series(raw.mean(axis=0), index=names, name="mean")
        self.spread_ = pd.Series(np.maximum(spread, LEAST_SPREAD), index=names, name="spread")
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Features of ``X``: customers x (money columns + their ratios to revenue), without unit."""
        check_is_fitted(self)
        values = check_money(X)
        if [str(column) for column in X.columns] != list(self.feature_names_in_):
            raise ValueError(
                f"the columns are {list(X.columns)}, the scaler was fitted on {list(self.feature_names_in_)}; pass the same ones."
            )
        return (self._raw(values) - self.mean_.to_numpy()) / self.spread_.to_numpy()

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the features: the money columns, then ``<column> / <revenue>``."""
        check_is_fitted(self, "revenue_")
        names = list(self.feature_names_in_)
        return np.asarray(names + [f"{name} / {self.revenue_}" for name in names if name != self.revenue_], dtype=object)

    def _raw(self, values: np.ndarray) -> np.ndarray:
        at = list(self.feature_names_in_).index(self.revenue_)
        others = np.delete(values, at, axis=1)
        return np.hstack([np.arcsinh(values / self.scale_.to_numpy()), bounded_ratio(others, values[:, [at]])])


def bounded_ratio(amount: np.ndarray, revenue: np.ndarray) -> np.ndarray:
    """``amount / (|amount| + |revenue|)``, 0 where both are zero; a ratio r to revenue is ``r / (1 + r)`` here.

    >>> bounded_ratio(np.array([0.0, 50.0, 100.0, -100.0]), np.array([0.0, 150.0, 100.0, 0.0])).tolist()
    [0.0, 0.25, 0.5, -1.0]
    """
    whole = np.abs(amount) + np.abs(revenue)
    return np.divide(amount, whole, out=np.zeros_like(whole), where=whole > 0)


def revenue_column(X: pd.DataFrame, revenue: str | None = None) -> str:
    """Name of the revenue column of a frame of money columns: the one asked for, a usual name, or the first column.

    >>> revenue_column(pd.DataFrame(columns=["cost_to_serve", "net_revenue"]))
    'net_revenue'
    """
    if revenue is not None:
        if revenue not in X.columns:
            raise ValueError(f"revenue column {revenue!r} is not among {list(X.columns)}; name one of them.")
        return revenue
    return next((name for name in REVENUE_NAMES if name in X.columns), str(X.columns[0]))


def check_money(X: pd.DataFrame) -> np.ndarray:
    """Values of a frame of money columns as float64 (customers x columns), or a clear error.

    >>> check_money(pd.DataFrame({"revenue": [1, None]}, index=["a", "b"]))
    Traceback (most recent call last):
    ...
    ValueError: revenue is missing for 1 of 2 customers, first ['b']; fill or drop them before segmenting.
    """
    if not isinstance(X, pd.DataFrame):
        raise TypeError(f"X must be a DataFrame of money columns by customer, not {type(X).__name__}.")
    if X.shape[1] == 0:
        raise ValueError("X has no columns; pass revenue and the margins and costs of every customer.")
    repeated = X.columns[X.columns.duplicated()]
    if len(repeated):
        raise ValueError(f"columns {list(repeated)} appear more than once; give every column its own name.")
    texts = [column for column in X.columns if _is_text(X[column])]
    if texts:
        example = next(value for value in X[texts[0]] if isinstance(value, str))
        raise TypeError(f"columns {texts[:3]} are text, such as {example!r}; turn them into numbers before segmenting, or leave them out.")
    others = [column for column in X.columns if not pd.api.types.is_numeric_dtype(X[column])]
    if others:
        raise TypeError(f"columns {others[:3]} are not numbers; pass money columns only.")
    values = X.to_numpy(dtype=float, na_value=np.nan)
    for wrong, what in ((np.isnan(values), "missing"), (np.isinf(values), "infinite")):
        if wrong.any():
            at = int(wrong.any(axis=0).argmax())
            rows = X.index[wrong[:, at]]
            raise ValueError(
                f"{X.columns[at]} is {what} for {len(rows):,} of {len(X):,} customers, first {rows[:3].tolist()}; "
                "fill or drop them before segmenting."
            )
    return values


def check_numbers(amounts: pd.Series, name: str) -> None:
    """Refuse amounts that are text.

    >>> check_numbers(pd.Series([1.0, "2"]), "profit")
    Traceback (most recent call last):
    ...
    TypeError: profit is text, such as '2'; turn it into numbers before segmenting.
    """
    if _is_text(amounts):
        example = next(value for value in amounts if isinstance(value, str))
        raise TypeError(f"{name} is text, such as {example!r}; turn it into numbers before segmenting.")


def check_once(customers: pd.Index, name: str) -> None:
    """Refuse a customer that stands in more than one row.

    >>> check_once(pd.Index(["a", "b", "a"]), "X")
    Traceback (most recent call last):
    ...
    ValueError: 1 customers stand in X more than once, first ['a']; sum their rows before segmenting.
    """
    twice = customers[customers.duplicated()].unique()
    if len(twice):
        raise ValueError(
            f"{len(twice):,} customers stand in {name} more than once, first {twice[:3].tolist()}; sum their rows before segmenting."
        )


def _is_text(amounts: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(amounts) and any(isinstance(value, str) for value in amounts)


def _scale(amounts: np.ndarray) -> float:
    sizes = np.abs(amounts[amounts != 0])
    return float(np.quantile(sizes, 0.25)) if sizes.size else 1.0
