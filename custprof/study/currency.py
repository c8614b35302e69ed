"""Which currency is a row in, and what is one of it worth in the study's?

Amounts of different currencies are never added: those without a rate in [rates] of study.toml are set aside.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from custprof.study.cells import literal
from custprof.study.headers import find_header, headers_in, star
from custprof.study.settings import Settings

__all__ = ["currencies_named", "currency_of", "worth_of"]


def currency_of(header: Sequence[str], spec: dict[str, Any], money: list[list[Any]]) -> str:
    """SQL of a row's currency: a column's, or what stands in the header of an amount, "Amount (USD)"; empty where nothing says it.

    ``money`` are the names that the money columns are read from; where there are any, a column called currency is looked for unnamed.

    Examples
    --------
    >>> currency_of(["Client", "Amount (usd)"], {}, [["Amount (*)"]])
    "'USD'"
    """
    named = spec.get("currency", "currency" if money else [])
    for name in [named] if isinstance(named, str) else named:
        if (place := find_header(name, header)) is not None:
            return f"nullif(upper(trim(c{place}::varchar)), '')"
    for pattern in [pattern for names in money for name in names for pattern in headers_in(name)]:
        place = find_header(pattern, header) if "*" in pattern else None
        if place is not None and re.fullmatch("[A-Za-z]{3}", code := star(pattern, header[place])):
            return literal(code.upper())
    return ""


def currencies_named(
    under: dict[str, Any], columns: dict[str, Any], header: list[str], sample: list[list[str | None]], money: Sequence[str]
) -> Counter:
    """The currencies that an export names, with how many of its sample's rows do: in a column, or once in the header of an amount.

    ``under`` is what its preset says of the table, ``columns`` what feeds it, and ``money`` names its columns of money.
    """
    named = under.get("currency", [])
    for name in [named] if isinstance(named, str) else named:
        if (place := find_header(name, header)) is not None:
            return Counter((row[place] or "").strip().upper() for row in sample if (row[place] or "").strip())
    for ours in money:
        for name in headers_in(columns[ours]) if isinstance(columns.get(ours), str) else []:
            if "*" in name and (place := find_header(name, header)) is not None:
                return Counter({star(name, header[place]).upper(): 1})
    return Counter()


def worth_of(currency: str, settings: Settings) -> str:
    """SQL of what one of a row's currency is worth in the study's; null where no rate says so."""
    if not currency:
        return ""
    rates = {**settings.rates, settings.currency.upper(): 1}
    cases = " ".join(f"when {literal(code)} then {rate}" for code, rate in rates.items())
    return f"case coalesce({currency}, {literal(settings.currency.upper())}) {cases} end"
