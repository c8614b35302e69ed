"""Which currency is a row in, and what is one of it worth in the study's?

Amounts of different currencies are never added: those without a rate in [rates] of study.toml are set aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from custprof.study.cells import literal
from custprof.study.headers import find_header, headers_in, star
from custprof.study.settings import Settings

__all__ = ["currency_of", "worth_of"]


def currency_of(header: Sequence[str], spec: dict[str, Any], money: list[list[Any]]) -> str:
    """SQL of a row's currency: a column's, or what stands in the header of an amount, "Amount (USD)"; empty where nothing says it.

    ``money`` are the names that the money columns are read from.

    Examples
    --------
    >>> currency_of(["Client", "Amount (usd)"], {}, [["Amount (*)"]])
    "'USD'"
    """
    named = spec.get("currency", [])
    for name in [named] if isinstance(named, str) else named:
        if (place := find_header(name, header)) is not None:
            return f"nullif(upper(trim(c{place}::varchar)), '')"
    for pattern in [pattern for names in money for name in names for pattern in headers_in(name)]:
        place = find_header(pattern, header) if "*" in pattern else None
        if place is not None and re.fullmatch("[A-Za-z]{3}", code := star(pattern, header[place])):
            return literal(code.upper())
    return ""


def worth_of(currency: str, settings: Settings) -> str:
    """SQL of what one of a row's currency is worth in the study's; null where no rate says so."""
    if not currency:
        return ""
    rates = {**settings.rates, settings.currency.upper(): 1}
    cases = " ".join(f"when {literal(code)} then {rate}" for code, rate in rates.items())
    return f"case coalesce({currency}, {literal(settings.currency.upper())}) {cases} end"
