"""How is a profit and loss told: step by step with the table behind every step, and in a sentence?

A step that the study does not know stands in the ladder as not known, with the table it would take, and never as zero.
"""

from __future__ import annotations

import pandas as pd

from custprof.profit.inputs import check_frame, check_pnl
from custprof.profit.ladder import DIRECT_COSTS, RESIDUALS, REVENUE, activity_columns, customers_only
from custprof.profit.totals import total

__all__ = ["ladder", "profit_basis", "profit_name"]

_INVOICES = "invoices, [credit] of the study"
_SOURCES = {
    "list_revenue": "transactions.list_amount (or revenue + discount)",
    "discounts": "transactions.discount (or list_amount - revenue)",
    "invoice_revenue": "transactions.revenue",
    "returns": "transactions.revenue of returns",
    "net_revenue": "transactions.revenue",
    **{name: f"transactions.{name}" for name in ("cost_of_goods", "freight", "commission")},
    "credit_cost": f"{_INVOICES}: annual_rate",
    "bad_debt": f"{_INVOICES}: write_off_days",
    "credit_loss_provision": "invoices, loss rates by age",
}
_COSTS = ("discounts", "returns", "cost_of_goods", *DIRECT_COSTS)
_ORDER = (*REVENUE, "cost_of_goods", "gross_margin", *DIRECT_COSTS, "contribution")
_LEDGER = "ledger, by the cost model"


def ladder(pnl: pd.DataFrame, *, allocation=None) -> pd.DataFrame:
    """The ladder of all rows together: the company's, a segment's or one customer's.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl`, or some of its rows.
    allocation : Allocation, optional
        The one behind `pnl`: then every activity names its pool, its level and what is counted.

    Returns
    -------
    DataFrame
        In the order of the ladder, columns step (name), amount (money; deductions are negative, so the steps between two totals lead from
        one to the other; NaN for what is not known), kind ("total", "step", "residual" for cost that no customer caused, or "unknown" for
        a step that the study does not know) and source (the table and column behind the step, or what it would take to know it). A
        provision is left out unless `pnl` was made with one. Activities that cost nobody anything are left out. With rows of cost that
        no customer caused, the profit of the customers (known or not) stands as "customer_profit" above them, and "profit" is the
        company's.

    Raises
    ------
    TypeError, ValueError
        If `pnl` is not a frame with profit, or amounts are missing, infinite or no numbers.

    Examples
    --------
    >>> from custprof.profit import customer_pnl
    >>> facts = pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [60.0]}, index=["a"])
    >>> steps = ladder(customer_pnl(facts, pd.DataFrame({"pick": [10.0, 4.5]}, index=["a", "(unused capacity)"])))
    >>> steps.loc[steps["kind"] != "unknown", ["step", "amount", "kind"]]
                      step  amount      kind
    4          net_revenue   100.0     total
    5        cost_of_goods   -60.0      step
    6         gross_margin    40.0     total
    11                pick   -10.0      step
    12     customer_profit    30.0     total
    13   (unused capacity)    -4.5  residual
    14              profit    25.5     total
    >>> steps.loc[7, ["step", "source"]].tolist()
    ['freight', 'not known; it would take transactions.freight']
    """
    check_pnl(pnl)
    names = pnl.index.get_level_values(0)
    above = RESIDUALS[:-1]
    served = pnl[~names.isin(above)]
    activities = {name: total(served[name]) for name in activity_columns(pnl)}
    counted = _counted(allocation)
    rows = []
    for name in _ORDER:
        repeated = name == "contribution" and not any(step in pnl for step in DIRECT_COSTS)
        if name in pnl and not repeated:
            amount = total(served[name])
            rows.append((name, -amount, "step") if name in _COSTS else (name, amount, "total"))
        elif name in _SOURCES and name != "credit_loss_provision":
            rows.append((name, float("nan"), "unknown"))
    rows += [(name, -amount, "step") for name, amount in activities.items() if amount]
    if "cost_to_serve" not in pnl:
        rows.append(("cost_to_serve", float("nan"), "unknown"))
    residual = [(name, total(pnl.loc[names == name, "profit"]), "residual") for name in above if (names == name).any()]
    if residual:
        rows.append(("customer_profit", total(served["profit"]), "total"))
    if residual or "cost_to_serve" in pnl:  # else the last margin above is the profit, as far as it is known
        rows += [*residual, ("profit", total(pnl["profit"]), "total")]
    frame = pd.DataFrame(rows, columns=["step", "amount", "kind"])
    sources = {**dict.fromkeys([*activities, *above, "cost_to_serve"], _LEDGER), **counted, **_SOURCES}
    source = frame["step"].map(sources).fillna("the steps above")
    return frame.assign(amount=frame["amount"] + 0.0, source=source.where(frame["kind"] != "unknown", "not known; it would take " + source))


def profit_basis(pnl: pd.DataFrame) -> str:
    """Say in words which margin the column `profit` is, and what it leaves out because it is not known.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl`.

    Returns
    -------
    str
        One or two sentences.

    Examples
    --------
    >>> from custprof.profit import customer_pnl
    >>> pnl = customer_pnl(pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [60.0]}, index=["a"]))
    >>> print(profit_basis(pnl))
    Gross margin is net revenue less cost of goods. Not known, so not deducted: freight, commission, credit cost, bad debt, cost to serve.
    """
    check_frame(pnl, "pnl", say="give the frame of customer_pnl")
    steps = ("cost_of_goods", *DIRECT_COSTS, "cost_to_serve")
    deducted = [step.replace("_", " ") for step in steps if step in pnl]
    optional = "credit_loss_provision"  # deducted only where it is asked for
    unknown = [step.replace("_", " ") for step in steps if step not in pnl and step != optional]
    if "cost_to_serve" in pnl:
        count = int((customers_only(pnl)[activity_columns(pnl)] != 0).any().sum())  # the others never reach a customer
        deducted[-1] += f" ({count} {'activity' if count == 1 else 'activities'})"
    name = profit_name(pnl) if deducted else "profit"  # without any cost, the net revenue has to do for it
    words = f"{name.capitalize()} is net revenue" + (f" less {_listed(deducted)}" if deducted else "") + "."
    return words + (f" Not known, so not deducted: {', '.join(unknown)}." if unknown else "")


def profit_name(pnl: pd.DataFrame) -> str:
    """What the column `profit` should be called in a sentence: only after the cost to serve is it a profit.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl`.

    Returns
    -------
    str
        "profit", "contribution", "gross margin" or "net revenue".

    Examples
    --------
    >>> from custprof.profit import customer_pnl
    >>> profit_name(customer_pnl(pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [60.0]}, index=["a"])))
    'gross margin'
    """
    check_frame(pnl, "pnl", say="give the frame of customer_pnl")
    if "cost_to_serve" in pnl or "net_revenue" not in pnl:  # a frame of profits alone is taken at its word
        return "profit"
    if any(step in pnl for step in DIRECT_COSTS):
        return "contribution"
    return "gross margin" if "cost_of_goods" in pnl else "net revenue"


def _counted(allocation) -> dict[str, str]:
    """What stands behind every activity: its pool, its level and the rows that are counted."""
    if allocation is None:
        return {}
    return {
        row.activity: f"ledger, pool {row.pool}; level {row.level}" + (f"; by {row.counts}" if row.counts else "")
        for row in allocation.model.describe().itertuples()
    }


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
