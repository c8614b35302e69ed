"""Does this customer truly lose money?

A loss is confirmed only when it stands three questions: is it a loss at full cost, is it still one at avoidable cost (what would go if the
customer went), and did it happen in more than one period? A loss at full cost alone mostly pays for capacity that stays.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.profit import customers_only, profit_name

__all__ = ["VERDICTS", "verify_losses"]

#: What `verify_losses` may find, from harmless to certain.
VERDICTS = ("no loss", "loss at full cost only", "loss in one period", "confirmed loss", "loss, avoidable cost not known")


def verify_losses(pnl_by_period: pd.DataFrame) -> pd.DataFrame:
    """Check every customer's loss against avoidable cost and against time.

    Parameters
    ----------
    pnl_by_period : DataFrame
        Result of `customer_pnl` by customer_id and period; residual rows are left out. A row of zeros counts as no activity.

    Returns
    -------
    DataFrame
        Index customer_id. Columns periods (count with any activity), loss_periods (count at full cost), profit (money, all periods),
        verdict and reason (words); where avoidable cost is known also avoidable_loss_periods (count) and avoidable_profit (money).
        The verdict is "no loss" (profit of zero or more), "loss at full cost only" (avoidable profit of zero or more), "loss, avoidable
        cost not known", "loss in one period" (the avoidable loss is not repeated) or "confirmed loss".

    Raises
    ------
    ValueError
        If the frame is not by customer and period, or lacks profit.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["a", "b"], ["2023", "2024"]], names=["customer_id", "period"])
    >>> pnl = pd.DataFrame({"profit": [-9.0, -8.0, -9.0, -8.0], "avoidable_profit": [-2.0, -1.0, 3.0, 4.0]}, index=rows)
    >>> verify_losses(pnl)["verdict"].to_dict()
    {'a': 'confirmed loss', 'b': 'loss at full cost only'}
    """
    if not isinstance(pnl_by_period, pd.DataFrame) or pnl_by_period.index.nlevels != 2:
        raise ValueError("pnl_by_period is not by customer_id and period; make it from study.customer_facts(by='period').")
    if "profit" not in pnl_by_period:
        raise ValueError("pnl_by_period lacks profit; give the result of customer_pnl.")
    rows = customers_only(pnl_by_period)
    active = (rows.select_dtypes("number") != 0).any(axis=1)
    found = pd.DataFrame({"periods": _count(active), "loss_periods": _count(rows["profit"] < 0), "profit": _sum(rows["profit"])})
    if "avoidable_profit" in rows:
        found["avoidable_loss_periods"] = _count(rows["avoidable_profit"] < 0)
        found["avoidable_profit"] = _sum(rows["avoidable_profit"])
    return found.assign(**_verdicts(found, profit_name(rows)))


def _count(mask: pd.Series) -> pd.Series:
    return mask.astype(int).groupby(level=0).sum()


def _sum(amounts: pd.Series) -> pd.Series:
    return amounts.groupby(level=0).sum().round(4)  # few periods each: compensated and rounded, exact


def _verdicts(found: pd.DataFrame, what: str) -> dict[str, np.ndarray]:
    known = "avoidable_profit" in found
    avoidable = found["avoidable_profit"] if known else pd.Series(0.0, index=found.index)
    repeated = found["avoidable_loss_periods"] if known else found["loss_periods"]
    of_periods = " of " + found["periods"].astype(str) + np.where(found["periods"] == 1, " period", " periods")
    cases = [found["profit"] >= 0, avoidable >= 0, repeated <= 1]
    lost = ("a loss at full cost in " if what == "profit" else f"a negative {what} in ") + found["loss_periods"].astype(str) + of_periods
    words = [
        np.where(found["loss_periods"] > 0, "no loss over all periods, but " + lost, "no loss in any period"),
        lost + ("; what would go with the customer is still paid" if known else "; avoidable cost is not known"),
        "a loss even at avoidable cost, but in " + repeated.astype(str) + of_periods + " only",
    ]
    always = "a loss even at avoidable cost, in " + repeated.astype(str) + of_periods
    names = [VERDICTS[0], VERDICTS[1] if known else VERDICTS[4], VERDICTS[2]]
    return {"verdict": np.select(cases, names, default=VERDICTS[3]), "reason": np.select(cases, words, default=always)}
