"""How sure is the ranking of customers, if drivers and rates are only known roughly?

Times are estimated and logs have gaps, so every rate and every customer's driver quantity is drawn anew, log-normal around its value with
mean 1. Where a pool charges its whole cost the ledger still holds: what one customer is spared, others of the pool pay. At practical
capacity or at standard rates the difference goes to unused capacity or stays unassigned.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .allocation import Allocation
from .cells import NO_ACTIVITY, RESIDUALS
from .kinds import check_kind, check_number, check_share

__all__ = ["rank_stability"]


def rank_stability(
    allocation: Allocation, margin: pd.Series, *, n: int = 500, sd: float = 0.1, level: float = 0.9, random_state: int = 0
) -> pd.DataFrame:
    """The method `Allocation.rank_stability`; margin must name every customer with cost.

    References
    ----------
    Labro, E. and Vanhoucke, M. (2007), A simulation analysis of interactions among errors in costing systems, The Accounting Review 82(4)
    (errors in resource drivers, activity drivers and their interaction).

    Examples
    --------
    >>> from custprof.costing import CostModel, allocate
    >>> model = CostModel.from_dict(
    ...     {"pools": {"desk": {"accounts": ["6100"]}}, "activities": {"take orders": {"pool": "desk", "level": "order", "driver": "rows"}}}
    ... )
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> margin = pd.Series({"a": 740.0, "b": 1000.0})
    >>> allocate(model, ledger, drivers).rank_stability(margin=margin)["loss_share"].to_dict()
    {'b': 0.0, 'a': 0.598}
    """
    check_number(n, "n", least=2, whole=True, say="give two draws or more")
    check_share(sd, "sd", say="give the relative standard error, a fraction between 0 and 1")
    check_share(level, "level")
    cost = allocation.customers().drop(columns=NO_ACTIVITY)
    cost = cost[~cost.index.isin(RESIDUALS)]
    check_kind(margin, pd.Series, "margin", say="give a Series by customer_id")
    margin = margin.set_axis(margin.index.astype("str"))
    margin = margin[~margin.index.isin([*RESIDUALS, *allocation._inputs.dropped])].sort_index()
    twice = margin.index[margin.index.duplicated()].unique()
    margin = pd.to_numeric(margin, errors="coerce")
    lacking = cost.index.difference(margin.index)
    missing = margin.index[~np.isfinite(margin.astype("float64"))]
    for what, names in (("does not name", lacking), ("is missing or infinite for", missing), ("names twice", twice)):
        if len(names):
            raise ValueError(f"margin {what} {len(names)} customers, first {names[:3].tolist()}; give what each brings, 0 if nothing.")
    cost = cost.reindex(margin.index, fill_value=0.0)
    drawn = _draws(allocation, margin.to_numpy("float64"), cost, n, sd, np.random.default_rng(random_state))
    order = np.argsort(-drawn, axis=1, kind="stable")
    ranks = np.empty_like(order, dtype="int32")
    np.put_along_axis(ranks, order, np.arange(1, len(margin) + 1, dtype="int32")[None, :], axis=1)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, tails, axis=0)
    first, last = np.quantile(ranks, tails, axis=0, method="nearest")
    profit = margin - cost.sum(axis="columns")
    frame = pd.DataFrame(
        {
            "profit": profit.round(allocation.decimals),
            "profit_low": low,
            "profit_high": high,
            "rank": profit.rank(ascending=False, method="first").astype("int64"),
            "rank_low": first.astype("int64"),
            "rank_high": last.astype("int64"),
            "loss_share": (drawn < 0).mean(axis=0),
        }
    )
    return frame.sort_values("rank").rename_axis("customer_id")


def _draws(allocation: Allocation, margin: np.ndarray, cost: pd.DataFrame, n: int, sd: float, random: np.random.Generator) -> np.ndarray:
    """Profit in every draw, draws x customers."""
    model, amounts = allocation.model, cost.to_numpy()
    spread = np.sqrt(np.log1p(sd**2))
    pool = np.array([list(model.pools).index(model.activities[name].pool) for name in cost.columns], dtype="int64")
    whole = np.array([model.basis_of(name) == "actual" for name in cost.columns], dtype=bool)
    drawn = np.empty((n, len(margin)))
    for draw in range(n):
        table = amounts * random.lognormal(-(spread**2) / 2, spread, amounts.shape)
        # The quantities of an activity say who pays, the rates how the activities of a pool share its cost.
        scale = np.where(whole, _ratio(amounts.sum(axis=0), table.sum(axis=0)), 1.0)
        scale = scale * random.lognormal(-(spread**2) / 2, spread, len(scale))
        for place in np.unique(pool[whole]):
            of_pool = whole & (pool == place)
            before = amounts[:, of_pool].sum()
            scale[of_pool] *= _ratio(before, (table[:, of_pool].sum(axis=0) * scale[of_pool]).sum())
        drawn[draw] = margin - table @ scale
    return drawn


def _ratio(before, after):
    return np.divide(before, after, out=np.ones_like(np.asarray(after, dtype="float64")), where=np.asarray(after) != 0)
