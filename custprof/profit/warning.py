"""Who is likely to turn unprofitable next period, and why?

A logistic regression on a few plain facts of every customer who is profitable now gives the probability of a loss in the next period. It is
learnt from pairs of consecutive periods of the past; `backtest_warning` tells whether it can be trusted. A customer who leaves does not
turn unprofitable (`departure_risk` of the lifetimes asks who leaves).

Features, as far as known: profit (on a scale that treats 100 to 200 as 1,000 to 2,000), the share of the contribution that serving takes,
the shares of revenue that discounts and returns take, and, with four periods or more, how net revenue and the cost to serve changed from
the period before. With three periods nothing can be learnt of changes: the only pair to learn from has no period before it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.drift import drift
from custprof.profit.inputs import check_pnl
from custprof.profit.ladder import customers_only

__all__ = ["EVENTS_PER_FEATURE", "Fitted", "early_warning", "learnable", "periods_of", "refuse_if_hopeless", "warning_obstacle"]

#: As many customers must have turned, and as many not, for each feature that is fitted.
EVENTS_PER_FEATURE = 10

_WORTH_SAYING = 0.1  # log-odds; less is no reason
# name of a feature, the side on which it raises the risk, and how it is said; changes are (after - before) / (|after| + |before|)
_WORDS = {
    "profit": (-1, "a profit of only {:,.0f}"),
    "effort_share": (1, "serving takes {:.0%} of the contribution"),
    "discount_share": (1, "discounts take {:.0%} of the list price"),
    "return_share": (1, "{:.0%} of what is invoiced comes back"),
    "net_revenue_change": (-1, "net revenue changed by {:+.0%}"),
    "cost_to_serve_change": (1, "the cost to serve changed by {:+.0%}"),
}


def warning_obstacle(pnl_by_period: pd.DataFrame) -> str:
    """Why no warning can be given and tested, in words; empty where it can.

    Parameters
    ----------
    pnl_by_period : DataFrame
        Result of `customer_pnl` by customer_id and period.

    Returns
    -------
    str
        A sentence, or "".

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["a"], ["2023", "2024"]], names=["customer_id", "period"])
    >>> warning_obstacle(pd.DataFrame({"profit": [5.0, -1.0]}, index=rows))
    'A warning that is tested out of time needs three periods; there are 2.'
    """
    check_pnl(pnl_by_period, name="pnl_by_period", by_period=True)
    periods = periods_of(pnl_by_period)
    if len(periods) < 3:
        return f"A warning that is tested out of time needs three periods; there {'is' if len(periods) == 1 else 'are'} {len(periods)}."
    past, _ = learnable(pnl_by_period)
    fitted = past[past["period"] != periods[-2]]
    needed = EVENTS_PER_FEATURE * len(_features(fitted))
    fewest = int(min(fitted["turned"].sum(), (~fitted["turned"]).sum()))
    if fewest < needed:
        return (
            f"Of the customers to learn from only {fewest} turned unprofitable or did not; {needed} of each are needed for a probability."
        )
    tested = past.loc[past["period"] == periods[-2], "turned"]
    if tested.nunique() < 2:
        count = "all" if tested.any() else "none"
        return f"Of the {len(tested)} profitable customers of {periods[-2]} {count} turned unprofitable: there is nothing to test on."
    return ""


def early_warning(pnl_by_period: pd.DataFrame) -> pd.DataFrame:
    """Probability that a customer who is profitable in the last period makes a loss in the next, with the reasons.

    Parameters
    ----------
    pnl_by_period : DataFrame
        Result of `customer_pnl` by customer_id and period; at least three periods; residual rows are left out.

    Returns
    -------
    DataFrame
        Index customer_id, those profitable in the last period, most at risk first (ties by id). Columns probability (of a loss in the next
        period), profit (money, last period), at_stake (money: probability times profit) and reason (words: the facts, at most three, that
        raise the risk most above that of the average customer).

    Raises
    ------
    ValueError
        If `warning_obstacle` says that none can be given, or amounts are missing or infinite.

    Notes
    -----
    Maximum likelihood with a mild ridge penalty (scikit-learn's C = 1 on standardised features); all pairs of periods are used.

    References
    ----------
    Peduzzi, P. and others (1996). A simulation study of the number of events per variable in logistic regression analysis. Journal of
    Clinical Epidemiology 49(12), 1373-1379.

    Examples
    --------
    Of three years, thin profits turn:

    >>> rng = np.random.default_rng(0)
    >>> rows = pd.MultiIndex.from_product([[f"c{n}" for n in range(200)], ["2022", "2023", "2024"]], names=["customer_id", "period"])
    >>> usual = np.repeat(rng.uniform(0, 100, 200), 3)
    >>> warned = early_warning(pd.DataFrame({"profit": (usual + 25 * rng.standard_normal(600)).round(2)}, index=rows))
    >>> bool(warned["probability"].iloc[0] > 0.3 > 0.05 > warned["probability"].iloc[-1])
    True
    """
    refuse_if_hopeless(pnl_by_period)
    past, now = learnable(pnl_by_period)
    model = Fitted(past)
    pushes, middle = model.pushes(now), past[model.names].median()
    found = pd.DataFrame({"probability": model.probability(now)}, index=now.index)
    found["profit"] = now["profit"]
    found["at_stake"] = (found["probability"] * now["profit"]).round(2)
    found["reason"] = _reasons(now[model.names], pushes, middle)
    return found.sort_index(kind="stable").sort_values("probability", ascending=False, kind="stable")


class Fitted:
    """A logistic regression on standardised features, that can say how much each raises the risk of a customer."""

    def __init__(self, past: pd.DataFrame):
        from sklearn.linear_model import LogisticRegression

        self.names = _features(past)
        self.unit = float(past["profit"].median())  # so that the currency does not matter
        scaled = self._scaled(past)
        self.middle, self.spread = scaled.mean(), scaled.std().replace(0.0, 1.0)
        ordered = ((scaled - self.middle) / self.spread).assign(_turned=past["turned"].to_numpy())
        ordered = ordered.sort_values([*self.names, "_turned"])  # the fit must not depend on the order of the rows
        self.model = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(ordered[self.names].to_numpy(), ordered["_turned"].to_numpy())

    def pushes(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What each feature adds to the log-odds of a loss, above the average customer's."""
        return (self._scaled(rows) - self.middle) / self.spread * self.model.coef_[0]

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of a loss in the next period."""
        return 1 / (1 + np.exp(-(self.pushes(rows).sum(axis=1).to_numpy() + self.model.intercept_[0])))

    def _scaled(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[self.names].astype(float).assign(profit=np.arcsinh(rows["profit"] / self.unit))


def _features(frame: pd.DataFrame) -> list[str]:
    return [name for name in _WORDS if name in frame]


def periods_of(pnl: pd.DataFrame) -> list[str]:
    """Periods in which a customer has a row, the earliest first."""
    return sorted(customers_only(pnl).index.get_level_values(1).unique())


def refuse_if_hopeless(pnl: pd.DataFrame) -> None:
    """Raise what `warning_obstacle` says."""
    obstacle = warning_obstacle(pnl)
    if obstacle:
        raise ValueError(obstacle)


def learnable(pnl: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of profitable customers with whether they turned, for all periods but the last; and those of the last."""
    periods = periods_of(pnl)
    rows = customers_only(pnl)
    moves = drift(pnl)
    changes = len(periods) >= 4  # the first period has no change: with four, two pairs to learn from and one to test remain
    tables = []
    for place, period in enumerate(periods):
        if changes and place == 0:
            continue
        now = rows.xs(period, level=1)
        now = now[now["profit"] > 0]
        table = _facts(now)
        if changes:  # of who was not there before none is known: no change
            before = rows.xs(periods[place - 1], level=1).reindex(now.index)
            for name in [name for name in ("net_revenue", "cost_to_serve") if name in now]:
                size = now[name].abs() + before[name].abs()
                table[f"{name}_change"] = ((now[name] - before[name]) / size.where(size > 0)).fillna(0.0)
        tables.append(table.assign(period=period))
    now = tables.pop().drop(columns="period").rename_axis(index="customer_id")
    past = pd.concat(tables).rename_axis(index="customer_id").reset_index()
    turned = moves[moves["state"] == "turned unprofitable"].reset_index(level=1)
    turned = pd.MultiIndex.from_arrays([turned.index, turned["period_before"]])
    past["turned"] = pd.MultiIndex.from_frame(past[["customer_id", "period"]]).isin(turned)
    return past, now


def _facts(now: pd.DataFrame) -> pd.DataFrame:
    table = now[["profit"]].astype(float)
    for feature, part, whole in (
        ("effort_share", "cost_to_serve", "contribution"),
        ("discount_share", "discounts", "list_revenue"),
        ("return_share", "returns", "invoice_revenue"),
    ):
        if part in now and whole in now:
            table[feature] = (now[part] / now[whole].where(now[whole] > 0)).fillna(0.0).clip(0.0, 1.0)
    return table


def _reasons(facts: pd.DataFrame, pushes: pd.DataFrame, middle: pd.Series) -> list[str]:
    """For every customer the facts that raise the risk, the strongest first, where they are on the bad side of the usual."""
    side = np.array([_WORDS[name][0] for name in facts])
    strength = np.where(side * (facts - middle[facts.columns]).to_numpy() > 0, pushes[facts.columns].to_numpy(), 0.0)
    order = np.argsort(-strength, axis=1, kind="stable")[:, :3]
    told = []
    for fact, strong, places in zip(facts.to_numpy().tolist(), strength.tolist(), order.tolist(), strict=True):
        words = [_said(facts.columns[place], fact[place]) for place in places if strong[place] > _WORTH_SAYING]
        told.append(", ".join(words) or "nothing stands out")
    return told


def _said(name: str, fact: float) -> str:
    if name.endswith("_change"):
        fact = 2 * fact / (1 - fact) if fact < 1 else 1.0  # as a fraction of before
    return _WORDS[name][1].format(fact).replace("%", " %")
