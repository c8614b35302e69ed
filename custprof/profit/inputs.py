"""Is this a profit and loss of customers, and does what stands beside it speak of the same customers?

Every public function asks at its door, so that a missing or infinite amount, a text, a customer who stands twice or an id of another type
is refused in the same words everywhere, and never becomes a verdict. A profit and loss may hold the rows that are no customer; they are
checked like the others, and left out where only customers count.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from custprof.costing import SUSTAINING, UNASSIGNED, UNUSED
from custprof.costing.kinds import as_numbers, check_frame, check_kind, check_number, check_numeric, check_once, check_seed
from custprof.study.engine import UNKNOWN_CUSTOMER

__all__ = [
    "DIRECT_COSTS",
    "FACTS",
    "MARGINS",
    "RESIDUALS",
    "REVENUE",
    "as_numbers",
    "check_amounts",
    "check_beside",
    "check_frame",
    "check_kind",
    "check_number",
    "check_once",
    "check_pnl",
    "check_profits",
    "check_seed",
    "named",
]

#: The rows that are no customer: cost that no customer caused, or (the last) lines of nobody known.
RESIDUALS = (UNUSED, UNASSIGNED, SUSTAINING, UNKNOWN_CUSTOMER)
#: The steps from the list to the net revenue.
REVENUE = ("list_revenue", "discounts", "invoice_revenue", "returns", "net_revenue")
#: Costs that stand on the customer's own invoices, after the cost of goods.
DIRECT_COSTS = ("freight", "commission", "credit_cost", "bad_debt", "credit_loss_provision")
#: What is known of a customer before its margins.
FACTS = (*REVENUE, "cost_of_goods", *DIRECT_COSTS)
#: What is made of it.
MARGINS = ("gross_margin", "contribution", "cost_to_serve", "profit", "avoidable_cost", "avoidable_profit")


def check_pnl(pnl, *, needs=("profit",), name: str = "pnl", by_period: bool | None = None) -> None:
    """Refuse what is no profit and loss by customer (by_period: and period; None: either) with finite amounts and each row once."""
    if by_period and not (isinstance(pnl, pd.DataFrame) and pnl.index.nlevels == 2):
        raise ValueError(f"{name} is not by customer_id and period; make it from study.customer_facts(by='period').")
    check_kind(pnl, pd.DataFrame, name, say="give the frame of customer_pnl")
    if by_period is False and pnl.index.nlevels != 1:
        raise ValueError(f"{name} is by period; give one row per customer, as customer_pnl(study.customer_facts(), ...) does.")
    missing = [column for column in needs if column not in pnl]
    if missing:
        has = ", ".join(map(str, pnl.columns))
        raise ValueError(f"{name} lacks {', '.join(missing)}; it has {has}. Give the result of customer_pnl.")
    check_index(pnl.index, name)
    before = pnl.columns.get_loc("cost_to_serve") if "cost_to_serve" in pnl else 0  # the activities stand before their sum
    for place, column in enumerate(map(str, pnl.columns)):
        if place < before or column in (*FACTS, *MARGINS):
            check_amounts(pnl.iloc[:, place], column)


def check_profits(values, *, name: str = "profit", say: str = "pnl['profit']") -> None:
    """Refuse what is no Series of finite amounts by customer, each customer once and nobody else."""
    check_kind(values, pd.Series, name, say=f"give a Series by customer_id, say {say}")
    check_amounts(values, name, then="fill or drop them before ranking.")
    if values.index.nlevels > 1:
        raise ValueError(f"{name} is by period; sum the periods of each customer before, for instance from study.customer_facts().")
    residual = [row for row in RESIDUALS if row in values.index]
    if residual:
        raise ValueError(
            f"{name} {'hold' if name == 'values' else 'holds'} rows that are no customer: {residual}; rank customers_only(pnl)[...]."
        )
    check_index(values.index, name)


def check_amounts(values: pd.Series, name: str, *, then: str = "fill or drop them before.", gaps: bool = False) -> None:
    """Refuse amounts that are no numbers, are infinite, or (unless gaps mean something) missing."""
    check_numeric(values, name)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    wrong = np.isinf(numbers) if gaps else ~np.isfinite(numbers)
    if wrong.any():
        customer = ~values.index.get_level_values(0).isin(RESIDUALS)
        counted = customer if wrong[customer].any() else ~customer
        who = ("rows" if values.index.nlevels > 1 else "customers") if counted is customer else "rows that are no customer"
        found = wrong & counted
        what = "missing" if np.isnan(numbers[found]).all() else "infinite" if np.isinf(numbers[found]).all() else "missing or infinite"
        first = values.index[found][:3].tolist()
        verb = "are" if name in ("values", "discounts", "returns") else "is"
        raise ValueError(f"{name} {verb} {what} for {found.sum():,} of {counted.sum():,} {who}, first {first}; {then}")


def check_index(index: pd.Index, name: str) -> None:
    """Refuse rows that stand twice, that belong to nobody, and ids of several types."""
    check_once(index, name, say="sum or drop them before")
    ids = index.get_level_values(0)
    if ids.hasnans:
        raise ValueError(f"{ids.isna().sum():,} of {len(ids):,} rows of {name} have no customer_id; name them or drop them before.")
    if _type(ids).startswith("mixed"):
        kinds = ids[~ids.isin(RESIDUALS)].map(type).value_counts()
        found = ", ".join(f"{count:,} {kind.__name__}" for kind, count in kinds.items())
        raise ValueError(f"the ids of {name} are of several types ({found}); make all of them text.")


def check_beside(values, index: pd.Index, name: str, *, kind: type = pd.Series) -> None:
    """Refuse what cannot be put beside the customers of an index: no Series (or frame), a customer twice, or ids of another type."""
    check_kind(values, kind, name, say=f"give a {kind.__name__} by customer_id")
    check_once(values.index, name)
    given, ids = (part.get_level_values(0) for part in (values.index, index))
    given, ids = (part[~part.isin(RESIDUALS)].unique() for part in (given, ids))
    if len(given) and len(ids) and _type(given) != _type(ids) and not given.isin(ids).any():
        raise ValueError(
            f"0 of {len(given):,} ids of {name} match those of the customers, first three {given[:3].tolist()} against "
            f"{ids[:3].tolist()}; give ids of the same type."
        )


def named(customers, name: str = "customers", *, what: str = "customer_id") -> pd.Index:
    """The ids (or columns) that a caller names: one, or a list-like of them."""
    if not pd.api.types.is_list_like(customers) and not isinstance(customers, str):
        raise TypeError(f"{name} is {customers!r}; give one {what} or a list of them.")
    return pd.Index([customers] if isinstance(customers, str) else customers)


def _type(ids: pd.Index) -> str:
    """What the ids are, the rows that are no customer aside: "string", "integer", "mixed" and so on."""
    if isinstance(ids, pd.CategoricalIndex):
        ids = ids.categories
    if ids.dtype == object:
        ids = ids[~ids.isin(RESIDUALS)]
    return pd.api.types.infer_dtype(ids, skipna=True)
