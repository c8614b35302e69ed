"""What is every customer worth from now on, after what it costs to serve and to keep?

value = discounted purchases x (expected purchase x margin - cost of an order) - discounted years alive x cost of holding the customer a
year.

Purchases and the time alive come from one model (Pareto/NBD by default), the expected purchase from another (Gamma-Gamma); the two are
taken to be independent (`suitability` looks at that). Costs are the customer's own, as the allocation found them, so a value can be
negative: a customer whose orders do not pay for themselves is worth less the longer it stays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from custprof.lifetime.checks import check_number, check_numeric, check_summary, refuse_repeated
from custprof.lifetime.futures import group_draws, refits
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.spend import GammaGamma

__all__ = ["CustomerValue", "Terms"]

_SUMMARY = ("frequency", "recency", "T", "monetary_value")


class Terms(NamedTuple):
    """Money and discount by customer: margin fraction, cost of an order, cost of a year, annual rate."""

    margin: np.ndarray
    order_cost: np.ndarray
    holding_cost: np.ndarray
    annual_rate: float


class CustomerValue(BaseEstimator):
    """Residual value of every customer: discounted margin of purchases to come, less order costs and the cost of holding it.

    Parameters
    ----------
    purchases : PurchaseModel, optional
        `ParetoNBD` when None.
    spend : GammaGamma, optional
        `GammaGamma` when None.

    Attributes
    ----------
    purchases_, spend_
        The fitted models.

    Examples
    --------
    >>> from custprof.datasets import load_cdnow
    >>> from custprof.lifetime import summarize
    >>> summary = summarize(load_cdnow(), end="1997-09-30")
    >>> model = CustomerValue().fit(summary)
    >>> values = model.predict(summary, margin=0.3, cost_per_order=2.0, cost_per_period=0.5)
    >>> bool(np.allclose(values[["margin", "order_cost", "holding_cost"]].sum(axis=1), values["value"]))
    True
    """

    def __init__(self, purchases=None, spend=None):
        self.purchases = purchases
        self.spend = spend

    def fit(self, summary: pd.DataFrame, sample_weight=None):
        """Fit both models on a summary (columns frequency, recency, T, monetary_value; see `summarize`)."""
        check_summary(summary, *_SUMMARY)
        self.purchases_ = clone(self.purchases if self.purchases is not None else ParetoNBD()).fit(summary, sample_weight)
        self.spend_ = clone(self.spend if self.spend is not None else GammaGamma()).fit(summary, sample_weight)
        weights = np.ones(len(summary)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        sample = np.column_stack([summary[list(_SUMMARY)].to_numpy("float64"), weights])
        self._sample = sample[np.lexsort(sample.T)]
        return self

    def predict(
        self,
        summary: pd.DataFrame,
        *,
        margin=None,
        cost_per_order=0.0,
        cost_per_period=0.0,
        horizon: float | None = None,
        annual_rate: float = 0.10,
    ) -> pd.DataFrame:
        """Expected value by customer, with the parts it is made of.

        Parameters
        ----------
        summary : DataFrame
            See `summarize`; in the unit of the fit.
        margin : float or Series by customer
            Margin as a fraction of the expected purchase, before the costs below: gross margin after returns, say. Required where the
            models saw revenue; where they saw margins (``summarize(value="margin")``) it is 1 unless said. May be negative; one
            number for all lies from -1 to 1, a customer's own may lie beyond, for returns can exceed what was bought.
        cost_per_order : float or Series by customer
            What a purchase costs to handle, currency units, positive.
        cost_per_period : float or Series by customer
            What a YEAR of holding the customer costs (visits, calls, statements), currency units, positive; it runs while the customer is
            alive, and what is spent on customers who have left unseen is not in it.
        horizon : float, optional
            Years ahead; the whole life when None.
        annual_rate : float
            Discount a year, compounded: 0.10 makes 1.10 in a year worth 1 today. From 0 to 1.

        Returns
        -------
        DataFrame
            By customer_id: ``p_alive``, ``purchases`` (discounted expected number), ``spend`` (expected purchase), ``alive_time``
            (discounted expected years), and in currency units ``margin``, ``order_cost`` and ``holding_cost`` (as parts of the value, so
            costs are negative here) and their sum ``value``.

        Raises
        ------
        TypeError
            If a number is given as text.
        ValueError
            If margin is not said, a cost or margin is missing for a customer, a cost is negative, margin or annual_rate looks like per
            cent, the summary names a customer twice, or the unit of time is not known.

        Examples
        --------
        >>> from custprof.datasets import load_cdnow
        >>> from custprof.lifetime import summarize
        >>> summary = summarize(load_cdnow(), end="1997-09-30")
        >>> values = CustomerValue().fit(summary).predict(summary, margin=0.3, cost_per_order=2.0, horizon=1)
        >>> values[["purchases", "spend", "margin", "order_cost", "value"]].head(3).round(2)
                     purchases  spend  margin  order_cost  value
        customer_id
        0001              1.78  24.65   13.14       -3.55   9.59
        0002              0.21  18.91    1.18       -0.42   0.77
        0003              0.13  35.17    1.38       -0.26   1.12
        """
        terms = self._terms(summary, margin, cost_per_order, cost_per_period, annual_rate)
        purchases, years = self.purchases_._discounted(summary, annual_rate, horizon)
        spend = self.spend_.predict(summary)
        out = pd.DataFrame({"p_alive": self.purchases_.p_alive(summary), "purchases": purchases, "spend": spend, "alive_time": years})
        out["margin"] = purchases * spend * terms.margin
        out["order_cost"] = 0.0 - purchases * terms.order_cost
        out["holding_cost"] = 0.0 - years * terms.holding_cost
        out["value"] = out["margin"] + out["order_cost"] + out["holding_cost"]
        return out

    def interval(
        self,
        summary: pd.DataFrame,
        *,
        by=None,
        margin=None,
        cost_per_order=0.0,
        cost_per_period=0.0,
        horizon: float | None = None,
        annual_rate: float = 0.10,
        level: float = 0.9,
        n_boot: int = 200,
        random_state=0,
    ) -> pd.DataFrame:
        """Where the discounted value that really comes will lie, for each customer, for groups or for all.

        The interval covers two things: the parameters (each of `n_boot` rounds refits both models on customers drawn again with
        replacement) and chance (in each round customers live possible futures: whether they are still here, how long they stay, when they
        buy and what each purchase is worth). It does not cover a wrong model, customers influencing each other, or changes of
        margin and cost.
        For one customer it is wide, and its low end is often what a customer who never buys again brings: chance rules there.
        For a group chance averages out and the parameters remain. A skewed value may have its expectation outside a narrow interval.

        Parameters
        ----------
        summary, margin, cost_per_order, cost_per_period, horizon, annual_rate
            As in `predict`.
        by : Series by customer, "total" or None
            None: a row per customer; a Series of labels: a row per group with the group's sum; "total": one row, the sum of all.
        level : float
            Probability of the interval, centred: 0.9 goes from the 5 % to the 95 % quantile.
        n_boot : int
            Rounds. Memory stays small: customers are treated 5,000 at a time.
        random_state : int or numpy Generator
            The same state gives the same interval, whatever the order of the customers.

        Returns
        -------
        DataFrame
            By customer_id, group or "total": ``customers`` (not for by=None), ``value`` (expected, as in `predict`), ``low``, ``high``.
        """
        _check_level(level, n_boot)
        terms = self._terms(summary, margin, cost_per_order, cost_per_period, annual_rate)
        costs = {"margin": margin, "cost_per_order": cost_per_order, "cost_per_period": cost_per_period}
        value = self.predict(summary, **costs, horizon=horizon, annual_rate=annual_rate)["value"]
        rng = np.random.default_rng(random_state)
        tail = [(1 - level) / 2, (1 + level) / 2]
        if by is None:
            low, high = group_draws(self, summary, terms, [horizon], refits(self, n_boot, rng), rng, quantiles=tail)
            return pd.DataFrame({"value": value, "low": low, "high": high}, index=summary.index)
        labels = group_labels(by, summary.index)
        names, code = np.unique(labels.to_numpy(), return_inverse=True)
        draws = group_draws(self, summary, terms, [horizon], refits(self, n_boot, rng), rng, code=code)[:, 0, :]
        low, high = np.quantile(draws, tail, axis=0)
        grouped = value.groupby(labels.to_numpy()).agg(["size", "sum"]).loc[names]
        table = {"customers": grouped["size"].to_numpy(), "value": grouped["sum"].to_numpy(), "low": low, "high": high}
        return pd.DataFrame(table, index=pd.Index(names, name="group"))

    def _terms(self, summary: pd.DataFrame, margin, cost_per_order, cost_per_period, annual_rate: float) -> Terms:
        if not hasattr(self, "purchases_"):
            raise NotFittedError("CustomerValue is not fitted yet; call fit(summary) first.")
        check_summary(summary, *_SUMMARY)
        if margin is None:
            if self.spend_.value_ in (None, "revenue"):
                raise ValueError("say margin, the share of a purchase that is earned (0.3, or a Series): the models saw revenue.")
            margin = 1.0
        own = summary.attrs.get("value")
        if own is not None and self.spend_.value_ is not None and own != self.spend_.value_:
            raise ValueError(f"the summary holds {own!r}, the models saw {self.spend_.value_!r}; summarize both with the same value.")
        costs = {"cost_per_order": cost_per_order, "cost_per_period": cost_per_period}
        by_customer = {name: _by_customer(values, summary.index, name) for name, values in {"margin": margin, **costs}.items()}
        if np.ndim(margin) == 0 and abs(margin) > 1:
            raise ValueError(f"margin is {margin!r}; give the fraction of a purchase that is earned, 0.30 for 30 %.")
        for name in costs:
            negative = by_customer[name] < 0
            if negative.any():
                found = f"{negative.sum()} of {len(summary)} customers, first {summary.index[negative][:3].tolist()}"
                raise ValueError(f"{name} is negative for {found}; costs are positive here.")
        return Terms(*by_customer.values(), annual_rate)


def group_labels(by, index: pd.Index) -> pd.Series:
    """Labels of groups by customer: a Series covering the index, or "total" for one group of all.

    Examples
    --------
    >>> group_labels("total", pd.Index(["a", "b"])).tolist()
    ['total', 'total']
    """
    if isinstance(by, str) and by == "total":
        return pd.Series("total", index=index)
    if not isinstance(by, pd.Series):
        raise TypeError(f"groups are a {type(by).__name__}; give a Series of labels by customer_id, or 'total'.")
    refuse_repeated(by.index, "groups")
    labels = by.reindex(index)
    missing = labels.isna().to_numpy()
    if missing.any():
        found = f"{missing.sum()} of {len(index)} customers, first {index[missing][:3].tolist()}"
        raise ValueError(f"groups are missing for {found}; name a group for them.")
    return labels.astype(str)


def _by_customer(values, index: pd.Index, name: str) -> np.ndarray:
    if isinstance(values, pd.Series):
        refuse_repeated(values.index, name)
        check_numeric(values, name)
        values = values.reindex(index).to_numpy("float64")
    elif np.ndim(values):
        raise TypeError(f"{name} is a {type(values).__name__}; give one number, or a Series indexed by customer_id.")
    else:
        check_number(values, name, "give one number, or a Series indexed by customer_id.")
        values = np.full(len(index), float(values))
    missing = ~np.isfinite(values)
    if missing.any():
        found = f"{missing.sum()} of {len(index)} customers, first {index[missing][:3].tolist()}"
        raise ValueError(f"{name} is missing for {found}; fill or drop them.")
    return values


def _check_level(level: float, n_boot: int) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; give a probability between 0 and 1, such as 0.9.")
    if n_boot < 10:
        raise ValueError(f"n_boot is {n_boot!r}; an interval needs at least 10 rounds, better 200.")
