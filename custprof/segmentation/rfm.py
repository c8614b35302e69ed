"""How lately, how often and for how much does each customer buy, and what are customers of one such standing called?

Every customer gets a class for recency, frequency and money: a function of its own three figures and of thresholds learned once, so equal
customers stand in equal classes whatever their order in the file. Class 0 is kept for those whom no scale of sales can rank: customers who
never bought, and those who lose money. Named segments are boxes of classes, checked to hold every possible cell once.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from custprof.costing.kinds import check_frame, check_once
from custprof.profit import RESIDUALS
from custprof.segmentation.breaks import natural_breaks, quantile_breaks
from custprof.segmentation.cells import cell_owners, single_cells
from custprof.segmentation.saving import as_rfm_document, read_document, restore_rfm, write_document
from custprof.segmentation.scaler import check_numbers

__all__ = ["RFM", "RFM_RULES", "check_facts", "rfm_facts"]

COLUMNS = ("recency", "frequency", "monetary")
METHODS = {"quantile": quantile_breaks, "natural": natural_breaks}
#: Ten names in common use on five classes of recency and frequency, and two for whom they do not fit.
RFM_RULES = {
    "loses money": {"monetary": 0},
    "never bought": {"recency": 0, "monetary": (1, 5)},
} | {
    name: {"recency": recency, "frequency": frequency, "monetary": (1, 5)}
    for name, recency, frequency in (
        ("champions", 5, (4, 5)),
        ("loyal", (3, 4), (4, 5)),
        ("may become loyal", (4, 5), (2, 3)),
        ("new", 5, 1),
        ("promising", 4, 1),
        ("need attention", 3, 3),
        ("about to sleep", 3, (1, 2)),
        ("cannot be lost", (1, 2), 5),
        ("at risk", (1, 2), (3, 4)),
        ("asleep", (1, 2), (1, 2)),
    )
}


def rfm_facts(facts: pd.DataFrame, *, end, monetary="net_revenue") -> pd.DataFrame:
    """Recency, frequency and money of every customer from the study's facts.

    Parameters
    ----------
    facts : DataFrame by customer_id
        Result of `study.customer_facts`: last_order, orders, and money columns. Rows that are no customers are left out.
    end : date
        The day recency is counted to, usually ``study.end``.
    monetary : str or Series by customer_id
        A column of `facts`, or money of the same customers and of others, who never bought: say ``pnl["profit"]``; signed.

    Returns
    -------
    DataFrame by customer_id
        recency (days from the last order to `end`, missing for those without an order), frequency (orders), monetary (money).

    Raises
    ------
    ValueError
        If a column is not there, or money is missing for a customer.

    Examples
    --------
    >>> dates = pd.to_datetime(["2024-12-01", None])
    >>> facts = pd.DataFrame({"last_order": dates, "orders": [4, 0], "net_revenue": [90.0, -5.0]}, index=["a", "b"])
    >>> rfm_facts(facts, end="2024-12-31")
       recency  frequency  monetary
    a     30.0          4      90.0
    b      NaN          0      -5.0
    """
    asked = [monetary] if isinstance(monetary, str) else []
    check_frame(facts, "facts", needs=["last_order", "orders", *asked], say="give the result of study.customer_facts()")
    if asked:
        monetary = facts[monetary]
    check_once(monetary.index, "monetary")
    rows = facts.reindex(facts.index.union(monetary.index, sort=False).rename(facts.index.name))
    rows = rows[~rows.index.isin(RESIDUALS)]
    money = monetary.reindex(rows.index).astype(float)
    unknown = rows.index[money.isna()]
    if len(unknown):
        raise ValueError(
            f"money is missing for {len(unknown):,} of {len(rows):,} customers, first {unknown[:3].tolist()}; give it for each."
        )
    days = (pd.Timestamp(end).normalize() - rows["last_order"]).dt.days.astype(float)
    orders = rows["orders"].where(rows.index.isin(facts.index), 0).astype("int64")
    return pd.DataFrame({"recency": days, "frequency": orders, "monetary": money})


def check_facts(X: pd.DataFrame) -> np.ndarray:
    """Recency, frequency and monetary of a frame as float64 (customers x 3), or a clear error.

    >>> check_facts(pd.DataFrame({"recency": [3.0], "frequency": [1]}))
    Traceback (most recent call last):
    ...
    ValueError: X lacks monetary; it has recency, frequency. Give recency, frequency, monetary by customer, as rfm_facts does.
    """
    check_frame(X, "X", needs=COLUMNS, say=f"give {', '.join(COLUMNS)} by customer, as rfm_facts does")
    if "T" in X:
        raise ValueError(
            "X has a column T, so its recency counts from the first purchase; pass X.assign(recency=X['T'] - X['recency']) without T."
        )
    for column in COLUMNS:
        check_numbers(X[column], column)
    values = X[list(COLUMNS)].to_numpy(dtype=float, na_value=np.nan)
    if not len(X):
        raise ValueError("there are no customers to rank; pass a frame with at least one row.")
    never = np.isnan(values[:, 0])
    wrong = {
        "recency is negative": values[:, 0] < 0,
        "recency is infinite": np.isinf(values[:, 0]),
        "frequency is missing, infinite or negative": ~(np.isfinite(values[:, 1]) & (values[:, 1] >= 0)),
        "recency is missing though frequency is not zero": never & (values[:, 1] > 0),
        "monetary is missing or infinite": ~np.isfinite(values[:, 2]),
    }
    for what, rows in wrong.items():
        if rows.any():
            first = X.index[rows][:3].tolist()
            raise ValueError(f"{what} for {rows.sum():,} of {len(X):,} customers, first {first}; correct or drop them before segmenting.")
    return values


class RFM(TransformerMixin, ClusterMixin, BaseEstimator):
    """Classes of recency, frequency and money with stored thresholds, and named segments made of them.

    Parameters
    ----------
    classes : int
        Classes per column, 1 the worst and ``classes`` the best; 0 for those who never bought (recency, frequency) or lose money
        (monetary), whom no threshold counts.
    method : "quantile" or "natural"
        How thresholds are found: equal numbers of customers, ties together (then a class may be empty), or natural breaks of arcsinh
        values (Fisher), which a few giants do not decide.
    cuts : dict of column to ascending list, optional
        Thresholds given for a column, in its own unit (days, purchases, money): a value up to and including a cut is below it.
    rules : dict of name to {column: class or (lowest, highest)}, optional
        Named segments; a column not said may have every class, 0 included. ``RFM_RULES`` holds common names for five classes. Without rules
        every cell is its own segment, such as "R5 F4 M0".

    Attributes
    ----------
    thresholds_ : dict of column to ndarray
        Ascending, in the column's own unit, one fewer than its classes.
    labels_ : ndarray of str, one per customer in the row order of X
    segments_ : Series by customer
        The same as a category, in the order of the rules.
    cells_ : DataFrame by recency and frequency class
        customers, monetary (sum), losses (sum of what is below zero), of those that occur.

    Raises
    ------
    TypeError
        If X is not a frame of numbers.
    ValueError
        If a column lacks or has missing or impossible values, cuts do not ascend, or the rules leave a cell out or hold one twice.

    References
    ----------
    J. R. Bult & T. Wansbeek (1995), Optimal selection for direct mail, Marketing Science 14, 378-394, on recency, frequency and money.
    W. D. Fisher (1958), On grouping for maximum homogeneity, JASA 53, 789-798.

    Examples
    --------
    >>> X = pd.DataFrame(
    ...     {"recency": [2, 2, 90, 200, 300], "frequency": [9, 9, 1, 2, 1], "monetary": [500.0, 500.0, 40.0, 60.0, -30.0]},
    ... )
    >>> earns = {"monetary": (1, 2)}
    >>> rules = {"loses money": {"monetary": 0}, "awake": {"recency": 2} | earns, "asleep": {"recency": (0, 1)} | earns}
    >>> rfm = RFM(2, rules=rules).fit(X)
    >>> rfm.transform(X).tolist()
    [[2, 2, 2], [2, 2, 2], [2, 1, 1], [1, 1, 1], [1, 1, 0]]
    >>> rfm.labels_.tolist()
    ['awake', 'awake', 'awake', 'asleep', 'loses money']
    >>> rfm.predict(pd.DataFrame({"recency": [1], "frequency": [1], "monetary": [5.0]})).tolist()
    ['awake']
    """

    def __init__(self, classes: int = 5, *, method: str = "quantile", cuts: dict | None = None, rules: dict | None = None):
        self.classes = classes
        self.method = method
        self.cuts = cuts
        self.rules = rules

    def fit(self, X: pd.DataFrame, y=None) -> RFM:
        """Learn the thresholds.

        Parameters
        ----------
        X : DataFrame by customer
            recency (time since the last purchase; missing for those without one), frequency (purchases), monetary (money, signed: spend or
            profit), as `rfm_facts` gives them; other columns are not used.
        y : not used
        """
        values = check_facts(X)
        check_once(X.index, "X", say="sum their rows first")
        if not (isinstance(self.classes, int | np.integer) and self.classes >= 2) or self.method not in METHODS:
            raise ValueError(f"classes is {self.classes!r} and method {self.method!r}; give 2 or more, and one of {list(METHODS)}.")
        self._with(self._thresholds(values))
        classes = self._classes(values)
        codes = self._cells[tuple(classes.T)]
        self.labels_ = self._names[codes]
        self.segments_ = pd.Series(pd.Categorical.from_codes(codes, self._names, ordered=True), index=X.index, name="segment")
        money = pd.DataFrame({"monetary": values[:, 2], "losses": np.minimum(values[:, 2], 0) + 0.0})
        by = money.groupby([pd.Index(classes[:, 0], name="recency"), pd.Index(classes[:, 1], name="frequency")])
        self.cells_ = by.sum()
        self.cells_.insert(0, "customers", by.size())
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Classes of every customer of X: customers x (recency, frequency, monetary), int, the best highest."""
        check_is_fitted(self)
        return self._classes(check_facts(X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Segment of every customer of X by the thresholds of `fit`: ndarray of str."""
        check_is_fitted(self)
        return self._names[self._cells[tuple(self._classes(check_facts(X)).T)]]

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Names of the columns of `transform`."""
        return np.asarray([f"{column}_class" for column in COLUMNS], dtype=object)

    def save(self, path: str | Path) -> Path:
        """Write thresholds and rules, without the customers, as JSON; `load` reads them. Returns the path."""
        check_is_fitted(self)
        return write_document(as_rfm_document(self), path)

    @classmethod
    def load(cls, path: str | Path) -> RFM:
        """Read what `save` wrote: it classes and names customers as the one that was written."""
        return read_document(path, partial(restore_rfm, cls()))

    def _with(self, thresholds: dict[str, np.ndarray]) -> RFM:
        self.feature_names_in_, self.n_features_in_ = np.asarray(COLUMNS, dtype=object), len(COLUMNS)
        self.thresholds_ = thresholds
        highest = {column: len(thresholds[column]) + 1 for column in COLUMNS}
        rules = single_cells(highest) if self.rules is None else self.rules
        self._cells, self._names = cell_owners(rules, highest), np.array(list(rules), dtype=object)
        return self

    def _thresholds(self, values: np.ndarray) -> dict[str, np.ndarray]:
        known = {"recency": np.isfinite(values[:, 0]), "frequency": np.isfinite(values[:, 0]), "monetary": values[:, 2] >= 0}
        given = self.cuts or {}
        unknown = [name for name in given if name not in COLUMNS]
        if unknown:
            raise ValueError(f"cuts name {unknown[:3]}, which are not among {list(COLUMNS)}.")
        found = {}
        for at, column in enumerate(COLUMNS):
            if column in given:
                found[column] = _checked_cuts(given[column], column)
            else:
                ranked = values[known[column], at]
                found[column] = METHODS[self.method](ranked, self.classes) if len(ranked) else np.zeros(self.classes - 1)
        return found

    def _classes(self, values: np.ndarray) -> np.ndarray:
        below = [np.searchsorted(self.thresholds_[column], values[:, at]) for at, column in enumerate(COLUMNS)]
        classes = np.column_stack([len(self.thresholds_["recency"]) - below[0], *below[1:]]) + 1
        classes[np.isnan(values[:, 0]), :2] = 0
        classes[values[:, 2] < 0, 2] = 0
        return classes


def _checked_cuts(given, column: str) -> np.ndarray:
    try:
        cuts = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        cuts = np.array(np.nan)
    if cuts.ndim != 1 or not len(cuts) or not np.isfinite(cuts).all() or not (np.diff(cuts) > 0).all():
        raise ValueError(f"the cuts of {column} are {given}; give a list of ascending numbers, none of them missing or infinite.")
    return cuts
