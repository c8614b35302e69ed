"""What may be found of a loss, and how is it said so that an account manager can be held to it?

Each verdict is one sentence about the customer, with the amounts, periods and probabilities that decided.
"""

from __future__ import annotations

import pandas as pd

__all__ = [
    "CONFIRMED",
    "FULL_COST_ONLY",
    "NOT_KNOWN",
    "NO_LOSS",
    "ONE_AMOUNT",
    "ONE_PERIOD",
    "UNCERTAIN",
    "VERDICTS",
    "loss_reasons",
    "money_words",
]

NO_LOSS = "no loss"
FULL_COST_ONLY = "loss at full cost only"
ONE_PERIOD = "loss in one period"
CONFIRMED = "confirmed loss"
NOT_KNOWN = "loss, avoidable cost not known"
ONE_AMOUNT = "loss by one unusual amount"
UNCERTAIN = "uncertain loss"
#: What `verify_losses` may find; the first three are harmless or may pass, the fourth is certain.
VERDICTS = (NO_LOSS, FULL_COST_ONLY, ONE_PERIOD, CONFIRMED, NOT_KNOWN, ONE_AMOUNT, UNCERTAIN)


def loss_reasons(found: pd.DataFrame, *, what: str, error: float, certainty: float) -> list[str]:
    """The reason of every verdict of `verify_losses`.

    Parameters
    ----------
    found : DataFrame
        The result of `verify_losses` so far: verdict and the figures; of one unusual amount also amount, cost (its name), period and ending
        (the part of the amount that ends with the customer).
    what : str
        `profit_name` of the profit and loss.
    error, certainty : float
        As for `verify_losses` (fractions).

    Returns
    -------
    list of str

    Examples
    --------
    >>> found = pd.DataFrame({"verdict": ["confirmed loss"], "profit": [-50.0], "avoidable_profit": [-25.0], "periods": [2],
    ...     "loss_periods": [2], "avoidable_loss_periods": [2]})
    >>> loss_reasons(found, what="profit", error=0.2, certainty=0.9)
    ['loses 25 even at avoidable cost, in 2 of 2 periods']
    """
    percents = f"{error:.0%}".replace("%", " %"), f"{certainty:.0%}".replace("%", " %")
    return [_reason(row, what, *percents) for row in found.astype(object).itertuples(index=False)]


def _reason(row, what: str, error: str, certainty: str) -> str:
    full = what == "profit"  # otherwise some of the costs are not known
    if row.verdict == NO_LOSS:
        left = f"leaves {money_words(row.profit)}" if full else f"has a {what} of {money_words(row.profit)}"
        if not row.loss_periods:
            return f"{left}, without a loss in any period"
        return f"{left} over all periods, but made a loss {'at full cost ' if full else ''}in {_of(row.loss_periods, row.periods)}"
    if row.verdict in (FULL_COST_ONLY, NOT_KNOWN):
        lost = f"loses {money_words(-row.profit)} at full cost" if full else f"has a {what} of {money_words(row.profit)}, below zero"
        lost += f" in {_of(row.loss_periods, row.periods)}"
        if row.verdict == NOT_KNOWN:
            return f"{lost}; avoidable cost is not known"
        return f"{lost}; after avoidable cost it still leaves {money_words(row.avoidable_profit)}"
    lost = f"loses {money_words(-row.avoidable_profit)} even at avoidable cost"
    seen = _of(row.avoidable_loss_periods, row.periods)
    if row.verdict == ONE_PERIOD:
        return f"{lost}, but in {seen} only" if row.periods > 1 else f"{lost}, but was there in one period only, so it could not repeat"
    lost += f", in {seen}"
    if row.verdict == ONE_AMOUNT:
        part = "" if row.ending == row.amount else f" ({money_words(row.ending)} of it avoidable)"
        return f'{lost}, but not without the {money_words(row.amount)} more for "{row.cost}" in {row.period} than in any other period{part}'
    if not hasattr(row, "avoidable_loss_probability"):
        return lost
    percent = int(100 * row.avoidable_loss_probability)  # never rounded up to what was asked for
    chance = f"{percent} % likely" if percent < 100 else "almost certain"  # of draws, all
    if row.verdict == UNCERTAIN:
        return f"{lost}, but with rates and work uncertain by {error} that is only {chance}, and {certainty} is asked for"
    return f"{lost}; with rates and work uncertain by {error} that is {chance}"


def money_words(amount: float) -> str:
    """An amount in a sentence: whole units, or cents where it is small."""
    return f"{amount:,.{0 if abs(amount) >= 10 else 2}f}"


def _of(count: int, periods: int) -> str:
    return f"{count} of {periods} {'period' if periods == 1 else 'periods'}"
