"""Which customers to keep, which to repair, and which to part with?

Full cost asks whether a customer carries its share of everything; avoidable cost asks what would really change without it. A customer at a
loss on full cost who still pays its avoidable cost contributes to costs that stay: parting with it makes the company poorer (the death
spiral), so it is repaired, by price, terms or effort. Only a repeated loss on avoidable cost, without a future that makes up for it, is a
reason to part. And nothing is left to decide about a customer who has most likely gone already.
"""

from __future__ import annotations

import pandas as pd

from custprof.decisions.verdicts import CONFIRMED, ONE_AMOUNT, ONE_PERIOD, UNCERTAIN, money_words
from custprof.profit import customers_only, profit_name
from custprof.profit.inputs import check_amounts, check_beside, check_frame, check_pnl

__all__ = ["ACTIONS", "GONE_BELOW", "recommend"]

#: What can be recommended.
ACTIONS = ("keep", "repair", "part", "gone")
#: Below this probability of still being there a customer counts as gone.
GONE_BELOW = 0.1

_MEND = {
    ONE_PERIOD: "see whether it comes again, and mend its cause",
    ONE_AMOUNT: "see that it does not come again",
    UNCERTAIN: "mend it, and measure its rates and work better",
}


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
        Index customer_id. Columns action ("keep", "repair", "part", "gone"), ground (words, the same for all of a kind), reason (words: a
        sentence about the customer, with the amounts that decide), profit (money), avoidable_profit (where known), value (where given),
        to_break_even (money: what a repair must bring to carry full cost, zero for those who do) and, where avoidable cost is known,
        if_parted (money: change of the company's profit if the customer went, -avoidable_profit). The last two are zero for "gone". Amounts
        are over the whole time of `pnl`.

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
    columns = ["profit", "avoidable_profit"] if "avoidable_profit" in rows else ["profit"]
    advice = rows[columns].copy()
    if value is not None:
        advice["value"] = value.reindex(rows.index).astype(float)
    sold = rows[["net_revenue"]].astype(float) if "net_revenue" in rows else rows[[]]
    asked = advice.join(sold)
    asked = asked if p_alive is None else asked.assign(p_alive=p_alive.reindex(rows.index))
    if verified is not None:
        asked = asked.join(verified[["verdict", "reason"]])
    what = profit_name(rows)
    advised = [_advised(row, what) for row in asked.astype(object).itertuples(index=False)]
    for place, name in enumerate(("action", "ground", "reason")):
        advice.insert(place, name, pd.Series([words[place] for words in advised], index=rows.index, dtype="str"))
    gone = advice["action"] == "gone"
    advice["to_break_even"] = (-rows["profit"]).clip(lower=0.0).mask(gone, 0.0) + 0.0
    if "avoidable_profit" in rows:
        advice["if_parted"] = (0.0 - rows["avoidable_profit"]).mask(gone, 0.0)
    return advice


def _advised(row, what: str) -> tuple[str, str, str]:
    """Action, its ground and the reason in words, by the first question whose answer decides; what was not given is not asked."""
    if hasattr(row, "p_alive") and row.p_alive < GONE_BELOW:
        return "gone", "left already", f"has most likely left already: it is still there with a probability of {_percent(row.p_alive)}"
    full = what == "profit"  # otherwise some of the costs are not known
    if row.profit >= 0 and full:
        return "keep", "pays its full cost", f"pays its full cost and leaves {money_words(row.profit)}"
    has = f"has a {what} of {money_words(row.profit)}"
    if row.profit >= 0:
        return "keep", f"{what} not negative", f"{has}; further cost is not known"
    lost = f"loses {money_words(-row.profit)} at full cost" if full else has
    if not hasattr(row, "avoidable_profit"):
        if getattr(row, "net_revenue", 0.0) < 0:
            return "repair", "more returned than bought", f"{has}: more was returned than bought in this time, so look at the returns first"
        return "repair", "avoidable cost not known", f"{lost}; avoidable cost is not known, so parting cannot be judged"
    if row.avoidable_profit >= 0:
        left = f"still pays its avoidable cost and leaves {money_words(row.avoidable_profit)}"
        return "repair", "pays its avoidable cost", f"{lost}, but {left}: parting would lose that contribution"
    lost = f"loses {money_words(-row.avoidable_profit)} even at avoidable cost"
    ground = "loss, periods not looked at"
    if hasattr(row, "verdict"):
        if pd.isna(row.verdict):
            return "repair", "loss not verified", f"{lost}, but that is not verified over periods: verify it first"
        if row.verdict in _MEND:
            return "repair", row.verdict, f"{row.reason}: {_MEND[row.verdict]}"
        if row.verdict != CONFIRMED:  # verified without what does not come again
            return "repair", row.verdict, f"{lost} as booked, but as verified it {row.reason}"
        lost, ground = row.reason, row.verdict
    if hasattr(row, "value"):
        if pd.isna(row.value):
            return "repair", "lifetime value not known", f"{lost}; its lifetime value is not known"
        if row.value >= 0:
            return "repair", "lifetime value not negative", f"{lost}; its lifetime value is not negative: {money_words(row.value)}"
        lost += f"; its lifetime value is negative: {money_words(row.value)}"
    return "part", ground, lost if hasattr(row, "verdict") else f"{lost} (periods not looked at: verify the loss first)"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _checked(pnl: pd.DataFrame, value: pd.Series | None, verified: pd.DataFrame | None, p_alive: pd.Series | None) -> pd.DataFrame:
    check_pnl(pnl, by_period=False)
    for name, amounts in (("value", value), ("p_alive", p_alive)):
        if amounts is not None:
            check_beside(amounts, pnl.index, name)
            check_amounts(amounts, name, gaps=True)
    if verified is not None:
        check_beside(verified, pnl.index, "verified", kind=pd.DataFrame)
        check_frame(verified, "verified", needs=["verdict", "reason"], say="give the result of verify_losses")
    if p_alive is not None and not p_alive.dropna().between(0, 1).all():
        strange = p_alive[~p_alive.between(0, 1) & p_alive.notna()]
        raise ValueError(f"p_alive is {strange.iloc[0]} for {strange.index[0]!r}; give probabilities between 0 and 1.")
    return customers_only(pnl)
