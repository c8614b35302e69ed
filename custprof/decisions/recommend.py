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
from custprof.profit.inputs import check_amounts, check_beside, check_pnl

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
        If `pnl` is by period, lacks profit, misses amounts or holds a customer twice, if `value`, `verified` or `p_alive` speak of a
        customer twice or by ids of another type, or a probability is outside 0 to 1.

    Examples
    --------
    >>> pnl = pd.DataFrame({"profit": [61.0, -7.0, -9.0], "avoidable_profit": [90.0, 31.0, -2.0]}, index=["a", "b", "c"])
    >>> recommend(pnl)[["action", "to_break_even", "if_parted"]]
       action  to_break_even  if_parted
    a    keep            0.0      -90.0
    b  repair            7.0      -31.0
    c    part            9.0        2.0
    """
    rows = _checked(pnl, value, verified, p_alive)
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


def _checked(pnl: pd.DataFrame, value: pd.Series | None, verified: pd.DataFrame | None, p_alive: pd.Series | None) -> pd.DataFrame:
    check_pnl(pnl, by_period=False)
    for name, amounts in (("value", value), ("p_alive", p_alive)):
        if amounts is not None:
            check_beside(amounts, pnl.index, name)
            check_amounts(amounts, name, gaps=True)
    if verified is not None:
        check_beside(verified, pnl.index, "verified", kind=pd.DataFrame)
        if "verdict" not in verified:
            raise ValueError("verified lacks verdict; give the result of verify_losses.")
    if p_alive is not None and not p_alive.dropna().between(0, 1).all():
        strange = p_alive[~p_alive.between(0, 1) & p_alive.notna()]
        raise ValueError(f"p_alive is {strange.iloc[0]} for {strange.index[0]!r}; give probabilities between 0 and 1.")
    return customers_only(pnl)
