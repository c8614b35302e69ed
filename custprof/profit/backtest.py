"""Can the early warning be trusted?

It is tested out of time: fitted on all pairs of periods but the last, and scored on the last, which it has not seen, beside rules of thumb
that need no model. A probability is good when customers who are given 20 % turn in one case of five (calibration), and useful when it finds
more of those who turn than the rules do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit.inputs import check_frame, check_number
from custprof.profit.ladder import customers_only
from custprof.profit.shares import wilson
from custprof.profit.warning import Fitted, learnable, periods_of, refuse_if_hopeless

__all__ = ["backtest_warning", "warning_calibration", "warning_scores"]


def backtest_warning(pnl_by_period: pd.DataFrame) -> pd.DataFrame:
    """What the warning would have said one period ago, and what happened: fitted on the earlier pairs of periods only.

    Parameters
    ----------
    pnl_by_period : DataFrame
        As for `early_warning`.

    Returns
    -------
    DataFrame
        Index customer_id, those profitable in the last period but one. Columns turned (bool: a loss in the last period), probability, and
        one bool column per rule of thumb that the columns allow: "lost money the period before", "profit fell", "net revenue fell while
        the cost to serve rose", "serving takes more than half of the contribution", "the thinnest fifth of profits".

    Raises
    ------
    ValueError
        As `early_warning`.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["a"], ["2023", "2024"]], names=["customer_id", "period"])
    >>> backtest_warning(pd.DataFrame({"profit": [5.0, -1.0]}, index=rows))
    Traceback (most recent call last):
    ValueError: A warning that is tested out of time needs three periods; there are 2.
    """
    refuse_if_hopeless(pnl_by_period)
    past, _ = learnable(pnl_by_period)
    asked = periods_of(pnl_by_period)[-2]
    model, tested = Fitted(past[past["period"] != asked]), past[past["period"] == asked].set_index("customer_id")
    found = pd.DataFrame({"turned": tested["turned"], "probability": model.probability(tested)}, index=tested.index)
    return found.assign(**_rules(pnl_by_period, tested, asked)).sort_index()


def warning_scores(backtest: pd.DataFrame) -> pd.DataFrame:
    """How good the warning was, beside rules of thumb.

    Parameters
    ----------
    backtest : DataFrame
        Result of `backtest_warning`.

    Returns
    -------
    DataFrame
        Index way: "early warning", "the usual share for everybody", then the rules. Columns flagged (customers; for the warning as many
        as turned, the highest probabilities, ties broken by id), caught (fraction of those who turned that are flagged), right (fraction of
        the flagged who turned), brier (mean squared error of the probability, lower is better) and auc (probability that one who turned
        ranks above one who did not; 0.5 is chance). A rule speaks no probability: it is given the shares of turned among flagged and not
        flagged in hindsight, which flatters it.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78(1), 1-3.

    Examples
    --------
    >>> seen = pd.DataFrame({"turned": [True, False, False, True], "probability": [0.9, 0.2, 0.1, 0.4],
    ...                      "profit fell": [True, True, False, False]}, index=list("abcd"))
    >>> warning_scores(seen)
                                   flagged  caught  right  brier  auc
    way
    early warning                      2.0     1.0    1.0  0.105  1.0
    the usual share for everybody      NaN     NaN    NaN  0.250  0.5
    profit fell                        2.0     0.5    0.5  0.250  0.5
    """
    check_frame(backtest, "backtest", numbers=["turned", "probability"], say="give the result of backtest_warning")
    turned = backtest["turned"].to_numpy(bool)
    chance = backtest["probability"]
    order = chance.sort_index(kind="stable").sort_values(ascending=False, kind="stable").index[: turned.sum()]
    ways = {"early warning": (chance.index.isin(order), chance.to_numpy())}
    ways["the usual share for everybody"] = (None, np.full(len(turned), turned.mean()))
    for rule in backtest.columns[2:]:
        flag = backtest[rule].to_numpy(bool)
        hindsight = [turned[flag == said].mean() if (flag == said).any() else 0.0 for said in (False, True)]
        ways[rule] = (flag, np.where(flag, hindsight[1], hindsight[0]))
    rows = {
        way: _score(turned, flag, speaks, backtest[way].astype(float) if way in backtest else speaks)
        for way, (flag, speaks) in ways.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("way")


def warning_calibration(backtest: pd.DataFrame, *, bins: int = 8) -> pd.DataFrame:
    """Did of the customers with a probability of 20 % one in five turn?

    Parameters
    ----------
    backtest : DataFrame
        Result of `backtest_warning`.
    bins : int
        Groups of about equally many customers, by probability; those of equal probability stay together.

    Returns
    -------
    DataFrame
        One row per group, lowest first: customers (count), expected (mean probability), turned (fraction that did), low and high (95 %
        interval of Wilson around turned).

    Examples
    --------
    >>> seen = pd.DataFrame({"turned": [True, False, False, True], "probability": [0.9, 0.2, 0.2, 0.9]})
    >>> warning_calibration(seen, bins=2)[["customers", "expected", "turned"]]
       customers  expected  turned
    0          2       0.2     0.0
    1          2       0.9     1.0
    """
    check_frame(backtest, "backtest", numbers=["turned", "probability"], say="give the result of backtest_warning")
    check_number(bins, "bins", least=1, whole=True, say="give a whole number of groups, one or more")
    group = np.minimum((backtest["probability"].rank(method="average", pct=True) * bins).astype(int), bins - 1)
    seen = backtest.groupby(group.to_numpy())
    table = pd.DataFrame({"customers": seen.size(), "expected": seen["probability"].mean(), "turned": seen["turned"].mean()})
    low, high = wilson(seen["turned"].sum(), table["customers"])
    return table.assign(low=low, high=high).reset_index(drop=True)


def _rules(pnl: pd.DataFrame, tested: pd.DataFrame, asked: str) -> dict[str, pd.Series]:
    rows = customers_only(pnl)
    periods = periods_of(pnl)
    now = rows.xs(asked, level=1).reindex(tested.index)
    rules = {}
    if asked != periods[0]:
        before = rows.xs(periods[periods.index(asked) - 1], level=1).reindex(tested.index)  # who was not there: comparisons are false
        rules["lost money the period before"] = before["profit"] < 0
        rules["profit fell"] = now["profit"] < before["profit"]
        if {"net_revenue", "cost_to_serve"} <= set(rows):
            rules["net revenue fell while the cost to serve rose"] = (now["net_revenue"] < before["net_revenue"]) & (
                now["cost_to_serve"] > before["cost_to_serve"]
            )
    if {"contribution", "cost_to_serve"} <= set(rows):
        rules["serving takes more than half of the contribution"] = now["cost_to_serve"] > 0.5 * now["contribution"]
    rules["the thinnest fifth of profits"] = now["profit"].rank(pct=True) <= 0.2
    return rules


def _score(turned: np.ndarray, flag: np.ndarray | None, speaks: np.ndarray, ranks: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    told = flag is not None
    return {
        "flagged": float(flag.sum()) if told else np.nan,
        "caught": flag[turned].mean() if told and turned.any() else np.nan,
        "right": turned[flag].mean() if told and flag.any() else np.nan,
        "brier": float(((speaks - turned) ** 2).mean()),
        "auc": float(roc_auc_score(turned, ranks)) if 0 < turned.sum() < len(turned) else np.nan,
    }
