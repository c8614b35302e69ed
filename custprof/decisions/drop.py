"""What happens to the company's profit when these customers go?

Their contribution is lost, the avoidable part of what it costs to serve them is saved, and the rest of that cost is stranded: it stays, and
it is shown in a row of its own instead of being spread over the customers who remain.
"""

from __future__ import annotations

import pandas as pd

from custprof.profit import RESIDUALS, total
from custprof.profit.inputs import check_number, check_once, check_pnl, named

__all__ = ["customers_named", "drop_effect"]


def drop_effect(pnl: pd.DataFrame, customers, *, freed_income: float = 0.0) -> pd.DataFrame:
    """Company profit with and without some customers, with the cost that stays in sight.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl` by customer_id, residual rows included, with avoidable cost known.
    customers : list-like of str
        The customer_ids that go.
    freed_income : float
        What the freed space or time earns elsewhere (money), say a lease.

    Returns
    -------
    DataFrame
        In order, columns step, amount (money) and kind: profit_before ("total"), lost_contribution ("step", minus what they contributed),
        avoided_cost ("step", what is saved), freed_income ("step", where not zero), profit_after ("total"), and stranded_cost ("note",
        negative: cost to serve them that stays; it is already part of profit_after). The steps lead from the first total to the second.

    Raises
    ------
    ValueError
        If `pnl` is by period or has missing or infinite amounts, avoidable cost is not known, a customer is not in `pnl`, is named twice,
        or is a residual row.

    Examples
    --------
    >>> pnl = pd.DataFrame({"cost_to_serve": [29.0, 60.0], "avoidable_cost": [9.0, 22.0], "profit": [61.0, 7.0]}, index=["Mogul", "Slicer"])
    >>> drop_effect(pnl, ["Slicer"])
                    step  amount   kind
    0      profit_before    68.0  total
    1  lost_contribution   -67.0   step
    2       avoided_cost    22.0   step
    3       profit_after    23.0  total
    4      stranded_cost   -38.0   note
    """
    check_pnl(pnl, needs=(), by_period=False)
    check_number(freed_income, "freed_income", say="give an amount of money, zero for none")
    needed = [name for name in ("profit", "cost_to_serve", "avoidable_cost") if name not in pnl]
    if needed:
        raise ValueError(f"pnl lacks {', '.join(needed)}; dropping needs an allocation whose ledger says which cost is avoidable.")
    dropped = pnl.loc[customers_named(pnl, customers)]
    served, avoided, profit = total(dropped["cost_to_serve"]), total(dropped["avoidable_cost"]), total(dropped["profit"])
    before, contribution = total(pnl["profit"]), total([profit, served])
    rows = [("profit_before", before, "total"), ("lost_contribution", -contribution, "step"), ("avoided_cost", avoided, "step")]
    if freed_income:
        rows.append(("freed_income", float(freed_income), "step"))
    rows.append(("profit_after", total([amount for _, amount, _ in rows]), "total"))
    rows.append(("stranded_cost", total([avoided, -served]), "note"))
    return pd.DataFrame(rows, columns=["step", "amount", "kind"]).assign(amount=lambda frame: frame["amount"] + 0.0)


def customers_named(pnl: pd.DataFrame, customers) -> pd.Index:
    """The customers of a profit and loss that a caller names, each once."""
    names = named(customers)
    unknown = names[~names.isin(pnl.index)]
    if len(unknown):
        raise ValueError(f"{len(unknown)} of {len(names)} customers are not in pnl, first {unknown[:3].tolist()}; check their ids.")
    residual = names[names.isin(RESIDUALS)]
    if len(residual):
        raise ValueError(f"{residual.tolist()} are no customers; their cost does not go with anybody.")
    check_once(names, "customers", say="name each once")
    return names
