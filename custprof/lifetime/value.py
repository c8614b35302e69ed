"""What is every customer worth from now on, after what it costs to serve and to keep?

value = discounted purchases x (expected purchase x margin - cost of an order) - discounted years alive x cost of holding the customer a
year - what it cost to win the customer, where that is asked.

Purchases and the time alive come from one model (Pareto/NBD by default), the expected purchase from another (Gamma-Gamma); the two are
taken to be independent (`suitability` looks at that). Costs are the customer's own, as the allocation found them, so a value can be
negative: a customer whose orders do not pay for themselves is worth less the longer it stays.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from custprof.lifetime.checks import check_fitted, check_summary, check_weights
from custprof.lifetime.futures import group_draws, possible_parameters
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.pricing import Terms, check_level, group_labels, read_terms
from custprof.lifetime.spend import GammaGamma

__all__ = ["CustomerValue"]

_SUMMARY = ("frequency", "recency", "T", "monetary_value")


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
        """Fit both models on a summary (columns frequency, recency, T, monetary_value and covariates; see `summarize`), weighted."""
        check_summary(summary, *_SUMMARY)
        weights = check_weights(sample_weight, summary.index)
        self.purchases_ = clone(self.purchases if self.purchases is not None else ParetoNBD()).fit(summary, weights)
        self.spend_ = clone(self.spend if self.spend is not None else GammaGamma()).fit(summary, weights)
        weights = np.ones(len(summary)) if weights is None else weights
        known = self.purchases_._design(summary)
        sample = np.column_stack([summary[list(_SUMMARY)].to_numpy("float64"), weights, *([] if known is None else [known])])
        self._sample = sample[np.lexsort(sample.T)]
        self._counts = weights.sum(), weights[summary["frequency"].to_numpy() > 0].sum()  # who the two models learnt from
        return self

    def predict(
        self,
        summary: pd.DataFrame,
        *,
        margin=None,
        cost_per_order=0.0,
        cost_per_period=0.0,
        acquisition_cost=None,
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
        acquisition_cost : float or Series by customer, optional
            What winning the customer costs, currency units, positive: for customers still to be won (frequency, recency and T of 0; their
            first purchase is not in the value). It is spent for the customers there are, and belongs to no decision about them.
        horizon : float, optional
            Years ahead; the whole life when None.
        annual_rate : float
            Discount a year, compounded: 0.10 makes 1.10 in a year worth 1 today. From 0 to 1.

        Returns
        -------
        DataFrame
            By customer_id: ``p_alive``, ``purchases`` (discounted expected number), ``spend`` (expected purchase), ``alive_time``
            (discounted expected years), and in currency units ``margin``, ``order_cost``, ``holding_cost`` and, where asked,
            ``acquisition_cost`` (as parts of the value, so costs are negative here) and their sum ``value``.

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
        terms = self._terms(summary, margin, cost_per_order, cost_per_period, annual_rate, acquisition_cost)
        purchases, years = self.purchases_._discounted(summary, annual_rate, horizon)
        spend = self.spend_.predict(summary)
        out = pd.DataFrame({"p_alive": self.purchases_.p_alive(summary), "purchases": purchases, "spend": spend, "alive_time": years})
        out["margin"] = purchases * spend * terms.margin
        out["order_cost"] = 0.0 - purchases * terms.order_cost
        out["holding_cost"] = 0.0 - years * terms.holding_cost
        out["value"] = out["margin"] + out["order_cost"] + out["holding_cost"]
        if acquisition_cost is not None:
            out.insert(out.columns.get_loc("value"), "acquisition_cost", 0.0 - terms.acquisition_cost)
            out["value"] += out["acquisition_cost"]
        return out

    def interval(
        self,
        summary: pd.DataFrame,
        *,
        by=None,
        margin=None,
        cost_per_order=0.0,
        cost_per_period=0.0,
        acquisition_cost=None,
        horizon: float | None = None,
        annual_rate: float = 0.10,
        level: float = 0.9,
        method: str = "bootstrap",
        n_boot: int = 200,
        random_state=0,
    ) -> pd.DataFrame:
        """Where the discounted value that really comes will lie, for each customer, for groups or for all.

        The interval covers two things: the parameters (each of `n_boot` rounds takes others that the data allow as well, see `method`)
        and chance (in each round customers live possible futures: whether they are still here, how long they stay, when they
        buy and what each purchase is worth). It does not cover a wrong model, customers influencing each other, or changes of
        margin and cost.
        For one customer it is wide, and its low end is often what a customer who never buys again brings: chance rules there.
        For a group chance averages out and the parameters remain. Of simulated customers who live by the models, 90 % intervals held 90 %,
        of groups and totals 81 to 87 % (60 studies of 1,000; `recovery` does it again). A skewed value may have its expectation outside a
        narrow interval.

        Parameters
        ----------
        summary, margin, cost_per_order, cost_per_period, acquisition_cost, horizon, annual_rate
            As in `predict`.
        by : Series by customer, "total" or None
            None: a row per customer; a Series of labels: a row per group with the group's sum; "total": one row, the sum of all.
        level : float
            Probability of the interval, centred: 0.9 goes from the 5 % to the 95 % quantile.
        method : {"bootstrap", "laplace"} or DataFrame
            Where the parameters of a round come from: both models refitted on customers drawn again with replacement, or drawn from the
            normal distribution that the curvature of the likelihood gives. The second is faster and trusts the model; the first also
            covers customers less alike than the model says. Or draws of all parameters, from `custprof.lifetime.posterior`.
        n_boot : int
            Rounds. Memory stays small: customers are treated 5,000 at a time.
        random_state : int or numpy Generator
            The same state gives the same interval, whatever the order of the customers.

        Returns
        -------
        DataFrame
            By customer_id, group or "total": ``customers`` (not for by=None), ``value`` (expected, as in `predict`), ``low``, ``high``.
        """
        check_level(level, n_boot)
        terms = self._terms(summary, margin, cost_per_order, cost_per_period, annual_rate, acquisition_cost)
        costs = {
            "margin": margin,
            "cost_per_order": cost_per_order,
            "cost_per_period": cost_per_period,
            "acquisition_cost": acquisition_cost,
        }
        value = self.predict(summary, **costs, horizon=horizon, annual_rate=annual_rate)["value"]
        rng = np.random.default_rng(random_state)
        parameters = possible_parameters(self, method, n_boot, rng)
        tail = [(1 - level) / 2, (1 + level) / 2]
        if by is None:
            low, high = group_draws(self, summary, terms, [horizon], parameters, rng, quantiles=tail) - terms.acquisition_cost
            return pd.DataFrame({"value": value, "low": low, "high": high}, index=summary.index)
        labels = group_labels(by, summary.index)
        names, code = np.unique(labels.to_numpy(), return_inverse=True)
        draws = group_draws(self, summary, terms, [horizon], parameters, rng, code=code)[:, 0, :]
        low, high = np.quantile(draws, tail, axis=0) - np.bincount(code, terms.acquisition_cost)
        grouped = value.groupby(labels.to_numpy()).agg(["size", "sum"]).loc[names]
        table = {"customers": grouped["size"].to_numpy(), "value": grouped["sum"].to_numpy(), "low": low, "high": high}
        return pd.DataFrame(table, index=pd.Index(names, name="group"))

    def _terms(self, summary: pd.DataFrame, margin, cost_per_order, cost_per_period, annual_rate: float, acquisition_cost=None) -> Terms:
        check_fitted(self)
        check_summary(summary, *_SUMMARY)
        if margin is None:
            if self.spend_.value_ in (None, "revenue"):
                raise ValueError("say margin, the share of a purchase that is earned (0.3, or a Series): the models saw revenue.")
            margin = 1.0
        own = summary.attrs.get("value")
        if own is not None and self.spend_.value_ is not None and own != self.spend_.value_:
            raise ValueError(f"the summary holds {own!r}, the models saw {self.spend_.value_!r}; summarize both with the same value.")
        won = 0.0 if acquisition_cost is None else acquisition_cost
        return read_terms(summary.index, margin, cost_per_order, cost_per_period, won, annual_rate)
