"""Which customers to keep, which to repair, and which to part with?

Full cost asks whether a customer carries its share of everything; avoidable cost asks what would really change without it. A customer at a
loss on full cost who still pays its avoidable cost contributes to costs that stay: parting with it makes the company poorer (the death
spiral), so it is repaired, by price, terms or effort. Only a repeated loss on avoidable cost, without a future that makes up for it, is a
reason to part. And nothing is left to decide about a customer who has most likely gone already.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.decisions.verify import VERDICTS
from custprof.profit import customers_only, profit_name

__all__ = ["ACTIONS", "GONE_BELOW", "recommend"]

#: What can be recommended.
ACTIONS = ("keep", "repair", "part", "gone")
#: Below this probability of still being there a customer counts as gone.
GONE_BELOW = 0.1


def recommend(
    pnl: pd.DataFrame, *, value: pd.Series | None = None, verified: pd.DataFrame | None = None, p_alive: pd.Series | None = None
) -> pd.DataFrame:
    """Recommend keep, repair or part for every customer, with the reason in words and the money at stake.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id; residual rows are left out. Without avoidable_profit nobody is to be parted with.
    value : Series of float, optional
        Lifetime value by customer_id (money). Where given, only customers of negative value are parted with; one whose value is missing is
        not.
    verified : DataFrame, optional
        Result of `verify_losses`. Where given, only a "confirmed loss" (in more than one period) is parted with.
    p_alive : Series of float, optional
        Probability that the customer is still there, by customer_id, as the models of `lifetime` give it. Where it is below 0.1 the action
        is "gone", whatever the customer brought: there is nobody to keep, repair or part with.

    Returns
    -------
    DataFrame
        Index customer_id. Columns action ("keep", "repair", "part", "gone"), reason (words), profit (money), avoidable_profit (where
        known), value (where given), to_break_even (money: what a repair must bring to carry full cost, zero for those who do) and, where
        avoidable cost is known, if_parted (money: change of the company's profit if the customer went, -avoidable_profit). The last two are
        zero for "gone". Amounts are over the whole time of `pnl`.

    Raises
    ------
    ValueError
        If `pnl` is by period, lacks profit or misses amounts.

    Examples
    --------
    >>> pnl = pd.DataFrame({"profit": [61.0, -7.0, -9.0], "avoidable_profit": [90.0, 31.0, -2.0]}, index=["a", "b", "c"])
    >>> recommend(pnl)[["action", "to_break_even", "if_parted"]]
       action  to_break_even  if_parted
    a    keep            0.0      -90.0
    b  repair            7.0      -31.0
    c    part            9.0        2.0
    """
    rows = _checked(pnl)
    known = "avoidable_profit" in rows
    profit = rows["profit"]
    advice = pd.DataFrame({"action": "", "reason": "", "profit": profit}, index=rows.index)
    if known:
        advice["avoidable_profit"] = rows["avoidable_profit"]
    gone = pd.Series(False, index=rows.index) if p_alive is None else p_alive.reindex(rows.index) < GONE_BELOW
    if value is not None:
        advice["value"] = value.reindex(rows.index).astype(float)
    cases = _cases(advice, verified, profit_name(rows))
    masks = [mask for mask, _, _ in cases]
    advice["action"] = np.select(masks, [action for _, action, _ in cases], default="part")
    advice["reason"] = np.select(masks, [reason for _, _, reason in cases], default=_why_part(advice, verified))
    advice.loc[gone, ["action", "reason"]] = ["gone", f"has most likely left already: probability of being there below {GONE_BELOW:.0%}"]
    advice["to_break_even"] = (-profit).clip(lower=0.0).mask(gone, 0.0) + 0.0
    if known:
        advice["if_parted"] = (0.0 - rows["avoidable_profit"]).mask(gone, 0.0)
    return advice


def _cases(advice: pd.DataFrame, verified: pd.DataFrame | None, what: str) -> list[tuple[pd.Series, str, str | pd.Series]]:
    """Conditions in the order they are asked, each with the action and the reason; who passes them all is parted with."""
    partly = what != "profit"  # of the costs, some are not known
    cases = [(advice["profit"] >= 0, "keep", f"its {what} is not negative; further cost is not known" if partly else "pays its full cost")]
    if "avoidable_profit" not in advice:
        unknown = pd.Series(True, index=advice.index)
        loss = f"a negative {what}" if partly else "a loss at full cost"
        return [*cases, (unknown, "repair", f"{loss}; avoidable cost is not known, so parting cannot be judged")]
    still = "a loss at full cost, but it still pays its avoidable cost: parting would lose that contribution"
    cases.append((advice["avoidable_profit"] >= 0, "repair", still))
    if verified is not None:
        verdict = verified["verdict"].reindex(advice.index)
        cases.append((verdict.isna(), "repair", "a loss even at avoidable cost, but not verified over periods"))
        cases.append((verdict == VERDICTS[2], "repair", "a loss even at avoidable cost, but in one period only: wait and mend"))
        cases.append((verdict != VERDICTS[3], "repair", "a loss even at avoidable cost, but over the periods: " + verdict.fillna("")))
    if "value" in advice:
        cases.append((advice["value"].isna(), "repair", "a loss even at avoidable cost, but its lifetime value is not known"))
        cases.append((advice["value"] >= 0, "repair", "a loss even at avoidable cost today, but its lifetime value is not negative"))
    return cases


def _why_part(advice: pd.DataFrame, verified: pd.DataFrame | None) -> str:
    words = "a loss even at avoidable cost"
    words += ", in more than one period" if verified is not None else " (periods not looked at: verify the loss first)"
    return words + (", and its lifetime value is negative" if "value" in advice else "")


def _checked(pnl: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(pnl, pd.DataFrame):
        raise TypeError(f"pnl is a {type(pnl).__name__}; give the frame of customer_pnl.")
    if "profit" not in pnl:
        raise ValueError("pnl lacks profit; give the result of customer_pnl.")
    if pnl.index.nlevels != 1:
        raise ValueError("pnl is by period; give one row per customer, and the periods to verify_losses.")
    rows = customers_only(pnl)
    for name in [name for name in ("profit", "avoidable_profit") if name in rows]:
        missing = rows.index[rows[name].isna()]
        if len(missing):
            first = missing[:3].tolist()
            raise ValueError(f"{name} is missing for {len(missing)} of {len(rows)} customers, first {first}; fill or drop them before.")
    return rows
