"""Which columns of the leads were known before anybody called?

An export of a sales system holds beside each lead how it ended: its stage, a probability of 100, the day it was closed. Who learns from
these foretells the past. Such columns are told by their names, and, whatever they are called, by values that never fail.
"""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import binom, rankdata

__all__ = ["known_afterwards", "telltales"]

#: Words of a name, and pairs of words that follow each other, of what is written down once somebody has called.
LATE = frozenset(
    [
        "stage",
        "status",
        "substatus",
        "probability",
        "won",
        "lost",
        "win",
        "loss",
        "close",
        "closed",
        "closing",
        "outcome",
        "result",
        "converted",
        "conversion",
        "forecast",
        "amount",
        "pipeline",
        "disqualified",
    ]
)
LATE_PAIRS = frozenset(
    {
        *(
            ("last", what)
            for what in ("activity", "contact", "contacted", "modified", "viewed", "referenced", "touch", "engagement", "update")
        ),
        *(
            ("owner", "changed"),
            ("owner", "change"),
            ("owner", "assigned"),
            ("next", "step"),
            ("next", "activity"),
            ("expected", "revenue"),
        ),
        *(("contact", "minutes"), ("response", "hours"), ("customer", "id"), ("deal", "value"), ("days", "open"), ("updated", "at")),
    }
)
NEARLY = 0.98  # of the area under the curve, by one feature alone: nothing that is known before is that sure
CHANCE = 1e-6  # that leads of one value all end alike by luck
LEAST = 10  # leads of a value that can be said to end alike


def known_afterwards(name) -> bool:
    """Whether a column of that name is written down only once somebody has called.

    Examples
    --------
    >>> [known_afterwards(name) for name in ("StageName", "Deal Stage", "is_won", "Last Activity Date", "Lead Source")]
    [True, True, True, True, False]
    """
    words = re.findall(r"[a-z]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", str(name)).lower())
    return any(word in LATE for word in words) or any(pair in LATE_PAIRS for pair in pairwise(words))


def telltales(features: pd.DataFrame, *outcomes: pd.Series) -> dict[str, str]:
    """Features that give an outcome away, and how.

    Parameters
    ----------
    features : DataFrame
        Columns that could be used, by lead.
    *outcomes : Series of bool, by lead
        Whether the lead was won, within the window or at all.

    Returns
    -------
    dict of str to str
        Reason by feature: its values order the leads (nearly) perfectly, or the leads of a value, or those without one, all ended alike
        where chance would bring that about less than once in a million times.

    Examples
    --------
    >>> won = pd.Series([True] * 20 + [False] * 60)
    >>> telltales(pd.DataFrame({"phase": ["signed"] * 20 + ["gone", "idle"] * 30, "region": ["north", "south"] * 40}), won)
    {'phase': 'its values foretell the outcome (nearly) perfectly'}
    """
    found = {}
    for name in features:
        reasons = [reason for outcome in outcomes if 0 < outcome.sum() < len(outcome) and (reason := _telling(features[name], outcome))]
        if reasons:
            found[name] = reasons[0]
    return found


def _telling(values: pd.Series, won: pd.Series) -> str:
    """How the values of a feature give the outcome away; empty if they do not."""
    base, given, wins = won.mean(), values.notna(), won.to_numpy(dtype=bool)
    shown = values.astype("object").where(given, "(missing)").astype(str).to_numpy()
    each = pd.DataFrame({"value": shown, "won": wins}).groupby("value")["won"].agg(["size", "sum", "mean"])
    # values with few wins or losses to be expected are taken together, or their shares would be learnt by heart
    often = each.index[each["size"] >= max(5 / min(base, 1 - base), LEAST)]
    kind = pd.Series(np.where(np.isin(shown, often), shown, "(seldom)"))
    areas = [_area(pd.Series(wins).groupby(kind).transform("mean").to_numpy(), wins)]
    if pd.api.types.is_numeric_dtype(values) and 0 < wins[given].sum() < given.sum() and given.sum() >= 2 * LEAST:
        area = _area(values[given].to_numpy(dtype=float), wins[given])
        areas.append(max(area, 1 - area))
    if max(areas) > NEARLY:
        return "its values foretell the outcome (nearly) perfectly"
    kinds = pd.concat(
        [each, pd.DataFrame({"size": given.sum(), "sum": wins[given].sum(), "mean": wins[given].mean()}, index=["(any value)"])]
    )
    kinds = kinds[kinds["size"] >= LEAST]
    n, k = kinds["size"], kinds["sum"]
    always = (kinds["mean"] >= 1 - (1 - NEARLY) * (1 - base)) & (binom.sf(k - 1, n, base) < CHANCE)
    never = (kinds["mean"] <= (1 - NEARLY) * base) & (binom.cdf(k, n, base) < CHANCE)
    sure = kinds.index[always | never]
    return f"leads with {sure[0]!r} were {'always' if always[sure[0]] else 'never'} won" if len(sure) else ""


def _area(score: np.ndarray, won: np.ndarray) -> float:
    """Share of pairs of a won and a lost lead in which the won one has the higher score; equal ones count half."""
    wins, losses = won.sum(), (~won).sum()
    return float((rankdata(score)[won].sum() - wins * (wins + 1) / 2) / (wins * losses))
