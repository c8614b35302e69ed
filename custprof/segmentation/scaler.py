"""How do customers of very different size come into one space where distance means something?

Money is signed and heavy-tailed: on plain or z-scored values K-means finds one giant, a handful of outliers and the rest. Here size is
``arcsinh(revenue / scale)``, linear for small amounts, logarithmic for large ones and defined for losses. Every other column stands against
revenue, ``amount / (|amount| + |revenue|)``, between -1 and 1 and defined without revenue; rates are as heavy-tailed as the money (a
tenth of the customers costs ten times the usual rate), so they too are taken by arcsinh, relative to a low rate of their own column. All
are brought to unit variance, and what lies further out than two and a half standard deviations is taken as lying there: an extreme rate
is one, however extreme. Size weighs a little less than one rate, since how large a customer is says little of what kind it is.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

__all__ = [
    "MoneyScaler",
    "as_money",
    "bounded_ratio",
    "check_money",
    "check_numbers",
    "is_whole",
    "low_amount",
    "revenue_column",
]

#: A feature that varies less than this (by about a third) is not blown up to unit variance: what hardly differs makes no kinds, and a
#: fixed rate of commission differs by rounding only.
LEAST_SPREAD = 0.3
#: Standard deviations from the mean at which a feature ends.
FAR = 2.5
REVENUE_NAMES = ("net_revenue", "revenue", "invoice_revenue", "list_revenue")


class MoneyScaler(TransformerMixin, BaseEstimator):
    """Signed, heavy-tailed money columns to the size of the customer and its rates of revenue, in one scale.

    Parameters
    ----------
    revenue : str, optional
        The column the others are set against ("x0" for the first of an array). Default: ``net_revenue``, ``revenue``, ``invoice_revenue``
        or ``list_revenue``, else the first, with a warning if it has a name.
    size_weight : float
        Weight of size in squared distances, that of a rate being 1.

    Attributes
    ----------
    revenue_ : str
        The revenue column used.
    scale_ : float, money units
        Lower quartile of the absolute non-zero revenues: a change of currency changes it and nothing else. 1 if there are none.
    rate_scale_ : Series by column but revenue
        Lower quartile of the absolute non-zero rates, as amount / (amount + revenue).
    mean_, spread_ : Series by feature
        Mean and standard deviation of the features before standardising; the spread is at least .3, so that a rate that hardly
        differs from customer to customer stays near zero.
    columns_ : list of str
        The columns of X, x0, x1, ... if it is an array.
    feature_names_in_ : ndarray of str, if X is a frame

    Raises
    ------
    TypeError
        If columns of X are not numbers.
    ValueError
        If an amount is missing or infinite, or columns differ from those of ``fit``.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"revenue": [100.0, 400.0, 100.0], "cost_to_serve": [100.0, 100.0, 300.0]}, index=["a", "b", "c"])
    >>> scaler = MoneyScaler().fit(X)
    >>> scaler.scale_, scaler.rate_scale_.to_dict()
    (100.0, {'cost_to_serve': 0.35})
    >>> scaler.get_feature_names_out().tolist()
    ['revenue', 'cost_to_serve / revenue']
    >>> scaler.set_output(transform="pandas").transform(X).round(2)
       revenue  cost_to_serve / revenue
    a    -0.61                     0.22
    b     1.22                    -1.32
    c    -0.61                     1.10
    """

    def __init__(self, revenue: str | None = None, *, size_weight: float = 0.75):
        self.revenue = revenue
        self.size_weight = size_weight

    def fit(self, X: pd.DataFrame, y=None) -> MoneyScaler:
        """Learn the scales. ``X``: customers x money columns, currency units; ``y`` is not used."""
        money = as_money(X, self)
        if not len(money):
            raise ValueError("there are no customers to scale; pass a frame with at least one row.")
        self.revenue_ = revenue_column(money, self.revenue)
        revenue, rates = self._parts(money.to_numpy(dtype=float))
        self.scale_ = low_amount(revenue)
        others = [name for name in self.columns_ if name != self.revenue_]
        self.rate_scale_ = pd.Series([low_amount(column) for column in rates.T], index=others, name="rate_scale", dtype=float)
        raw, names = self._raw(revenue, rates), self.get_feature_names_out()
        self.mean_ = pd.Series(raw.mean(axis=0), index=names, name="mean")
        self.spread_ = pd.Series(np.maximum(raw.std(axis=0), LEAST_SPREAD), index=names, name="spread")
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Features of ``X``: customers x (size, then the rates of the other columns), without unit."""
        check_is_fitted(self)
        money = as_money(X, self, reset=False)
        raw = self._raw(*self._parts(money.to_numpy(dtype=float)))
        features = np.clip((raw - self.mean_.to_numpy()) / self.spread_.to_numpy(), -FAR, FAR)
        features[:, 0] *= np.sqrt(self.size_weight)
        return features

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the features: the revenue column, then ``<column> / <revenue>``."""
        check_is_fitted(self, "revenue_")
        others = [f"{name} / {self.revenue_}" for name in self.columns_ if name != self.revenue_]
        return np.asarray([self.revenue_, *others], dtype=object)

    def _parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = self.columns_.index(self.revenue_)
        return values[:, at], bounded_ratio(np.delete(values, at, axis=1), values[:, [at]])

    def _raw(self, revenue: np.ndarray, rates: np.ndarray) -> np.ndarray:
        return np.arcsinh(np.column_stack([revenue / self.scale_, rates / self.rate_scale_.to_numpy()]))


def as_money(X, estimator: BaseEstimator | None = None, *, reset: bool = True) -> pd.DataFrame:
    """The money columns as a frame, checked: a frame as it is, anything else as scikit-learn takes it, with columns x0, x1, ...

    The estimator, if given, learns the number and the names of the columns (``columns_``) or, without ``reset``, holds X to them; where
    only one of the two has names, columns are taken by position, with scikit-learn's warning.

    >>> as_money([[1.0, 2.0]])
        x0   x1
    0  1.0  2.0
    """
    if isinstance(X, pd.DataFrame):
        check_money(X)
        money = X if all(isinstance(name, str) for name in X.columns) else X.set_axis([str(name) for name in X.columns], axis="columns")
    else:
        X = check_array(X, dtype=float, estimator=estimator)
        money = pd.DataFrame(X, columns=_numbered(X.shape[1]))
    if estimator is not None:
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        if reset:
            estimator.columns_ = list(money.columns)
        money = money.set_axis(estimator.columns_, axis="columns")
    return money


def bounded_ratio(amount: np.ndarray, revenue: np.ndarray) -> np.ndarray:
    """``amount / (|amount| + |revenue|)``, 0 where both are zero; a ratio r to revenue is ``r / (1 + r)`` here.

    >>> bounded_ratio(np.array([0.0, 50.0, 100.0, -100.0]), np.array([0.0, 150.0, 100.0, 0.0])).tolist()
    [0.0, 0.25, 0.5, -1.0]
    """
    whole = np.abs(amount) + np.abs(revenue)
    return np.divide(amount, whole, out=np.zeros_like(whole), where=whole > 0)


def revenue_column(X: pd.DataFrame, revenue: str | None = None) -> str:
    """Name of the revenue column of a frame of money columns: the one asked for, a usual name, or, with a warning, the first column.

    >>> revenue_column(pd.DataFrame(columns=["cost_to_serve", "net_revenue"]))
    'net_revenue'
    """
    if revenue is not None:
        if revenue not in X.columns:
            raise ValueError(f"revenue column {revenue!r} is not among {list(X.columns)}; name one of them.")
        return revenue
    usual = next((name for name in REVENUE_NAMES if name in X.columns), None)
    first = str(X.columns[0])
    if usual is None and X.shape[1] > 1 and not X.columns.equals(_numbered(X.shape[1])):
        warnings.warn(
            f"no column is called {' or '.join(REVENUE_NAMES)}: the first, {first!r}, is taken for revenue, and the others are set "
            "against it; if that is wrong, name the revenue column, as in revenue='sales'.",
            stacklevel=2,
        )
    return usual or first


def _numbered(width: int) -> pd.Index:
    """Names of the columns of a plain array."""
    return pd.Index([f"x{column}" for column in range(width)])


def check_money(X: pd.DataFrame) -> np.ndarray:
    """Values of a frame of money columns as float64 (customers x columns), or a clear error.

    >>> check_money(pd.DataFrame({"revenue": [1, None]}, index=["a", "b"]))
    Traceback (most recent call last):
    ...
    ValueError: revenue is missing (NaN) for 1 of 2 customers, first ['b']; fill or drop them before segmenting.
    """
    if X.shape[1] == 0:
        raise ValueError("X has no columns; pass revenue and the margins and costs of every customer.")
    names = X.columns.map(str)
    repeated = names[names.duplicated()]
    if len(repeated):
        raise ValueError(f"columns {list(repeated)} appear more than once; give every column its own name.")
    texts = [column for column in X.columns if _is_text(X[column])]
    if texts:
        example = next(value for value in X[texts[0]] if isinstance(value, str))
        raise TypeError(f"columns {texts[:3]} are text, such as {example!r}; turn them into numbers before segmenting, or leave them out.")
    others = [column for column in X.columns if not pd.api.types.is_numeric_dtype(X[column]) or pd.api.types.is_complex_dtype(X[column])]
    if others:
        raise TypeError(f"columns {others[:3]} are not numbers; pass money columns only.")
    values = X.to_numpy(dtype=float, na_value=np.nan)
    for wrong, what in ((np.isnan(values), "missing (NaN)"), (np.isinf(values), "infinite (inf)")):
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


def is_whole(value) -> bool:
    """Whether a value is a whole number; True and False are not.

    >>> is_whole(3), is_whole(True), is_whole("3")
    (True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_text(amounts: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(amounts) and any(isinstance(value, str) for value in amounts)


def low_amount(amounts: np.ndarray) -> float:
    """Lower quartile of the absolute amounts that are not zero, 1 if all are: the unit in which a column of money is read.

    >>> low_amount(np.array([0.0, -100.0, 300.0, 500.0]))
    200.0
    """
    sizes = np.abs(amounts[amounts != 0])
    return float(np.quantile(sizes, 0.25)) if sizes.size else 1.0
