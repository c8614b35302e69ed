"""What did each customer leave, step by step, from list price to profit?

The ladder of a customer's profit and loss: list revenue, discounts, invoice revenue, returns, net revenue, cost of goods, gross margin,
freight, commission, credit cost, bad debt, contribution, the cost of the activities that serve the customer, profit. Beside the full profit
stands the avoidable one: what would really go if the customer went. Costs are positive numbers in columns of their own, profit is signed.

A column that the study does not know is absent, never zero, and `profit` is the deepest margin that is known (`profit_basis` says which).
Customers and the residual rows of the allocation together equal the ledger to the cent.
"""

from __future__ import annotations

import pandas as pd

from custprof.costing import SUSTAINING, UNASSIGNED, UNUSED
from custprof.profit.totals import total
from custprof.study.engine import UNKNOWN_CUSTOMER

__all__ = ["DIRECT_COSTS", "RESIDUALS", "activity_columns", "customer_pnl", "customers_only", "ladder", "profit_basis", "profit_name"]

#: The rows that are no customer: cost that no customer caused, or lines of nobody known.
RESIDUALS = (UNUSED, UNASSIGNED, SUSTAINING, UNKNOWN_CUSTOMER)
#: Costs that stand on the customer's own invoices, after the cost of goods.
DIRECT_COSTS = ("freight", "commission", "credit_cost", "bad_debt")

_REVENUE = ("list_revenue", "discounts", "invoice_revenue", "returns", "net_revenue")
_MARGINS = ("gross_margin", "contribution", "cost_to_serve", "profit", "avoidable_cost", "avoidable_profit")
_FACTS = (*_REVENUE, "cost_of_goods", *DIRECT_COSTS)
_DECIMALS = 4  # the finest minor unit of a study; margins are rounded to it so that they stay exact


def customer_pnl(facts: pd.DataFrame, allocation=None) -> pd.DataFrame:
    """Profit and loss of every customer, from list revenue to profit.

    Parameters
    ----------
    facts : DataFrame
        `Study.customer_facts()`: index customer_id, or customer_id and period; any of the columns list_revenue, discounts, invoice_revenue,
        returns, cost_of_goods, freight, commission, credit_cost, bad_debt (money, costs positive), and net_revenue (required). A missing
        value is a customer without such lines: zero. Other columns are left aside.
    allocation : Allocation or DataFrame, optional
        What serving the customers costs: an object with ``customers(by=None, avoidable=False)``, such as `costing.allocate` returns, or a
        plain frame, customers x activities, of which no avoidable part is known. An allocation in which nothing at all is avoidable comes
        from a ledger that does not say what is: it counts as not known.

    Returns
    -------
    DataFrame
        Index as `facts`, then customers that only the allocation knows (without revenue), then the residual rows. Columns, as far as known:
        list_revenue, discounts, invoice_revenue, returns, net_revenue, cost_of_goods, gross_margin, freight, commission, credit_cost,
        bad_debt, contribution, one per activity, cost_to_serve, profit, avoidable_cost (the part of cost_to_serve that ends with the
        customer) and avoidable_profit (contribution less avoidable_cost). Money in currency units.

    Raises
    ------
    ValueError
        If net_revenue is missing, a row stands twice, the revenue steps do not add up, an activity bears the name of a step, or the index
        of the allocation does not fit that of the facts.

    Examples
    --------
    >>> facts = pd.DataFrame({"net_revenue": [100.0, 80.0], "cost_of_goods": [60.0, 50.0]}, index=pd.Index(["a", "b"], name="customer_id"))
    >>> cost = pd.DataFrame({"pick": [10.0, 35.5, 4.5]}, index=pd.Index(["a", "b", "(unused capacity)"], name="customer_id"))
    >>> customer_pnl(facts, cost)[["net_revenue", "gross_margin", "pick", "profit"]]
                       net_revenue  gross_margin  pick  profit
    customer_id
    a                        100.0          40.0  10.0    30.0
    b                         80.0          30.0  35.5    -5.5
    (unused capacity)          0.0           0.0   4.5    -4.5
    """
    if not isinstance(facts, pd.DataFrame):
        raise TypeError(f"facts is a {type(facts).__name__}; give the frame that Study.customer_facts returns.")
    if "net_revenue" not in facts:
        raise ValueError(f"facts lack net_revenue (they have {', '.join(map(str, facts.columns))}); a profit and loss needs it.")
    known = facts[[column for column in _FACTS if column in facts]].astype(float).fillna(0.0)
    _check_unique(known.index, "facts")
    _check_revenue(known)
    full, avoidable = _activity_costs(allocation, known.index)
    if full is not None:
        known = known.reindex(_outer_index(known.index, full.index), fill_value=0.0)
        full = full.reindex(known.index, fill_value=0.0)
        avoidable = None if avoidable is None else avoidable.reindex(known.index, fill_value=0.0)
    return _margins(known, full, avoidable)


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
    >>> pnl = customer_pnl(pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [60.0], "freight": [5.0]}, index=["a"]))
    >>> profit_basis(pnl)
    'Profit is net revenue less cost of goods and freight. Not known, so not deducted: commission, credit cost, bad debt, cost to serve.'
    """
    steps = ("cost_of_goods", *DIRECT_COSTS, "cost_to_serve")
    deducted = [step.replace("_", " ") for step in steps if step in pnl]
    unknown = [step.replace("_", " ") for step in steps if step not in pnl]
    if "cost_to_serve" in pnl:
        count = int((customers_only(pnl)[activity_columns(pnl)] != 0).any().sum())  # the others never reach a customer
        deducted[-1] += f" ({count} {'activity' if count == 1 else 'activities'})"
    words = "Profit is net revenue" + (f" less {_listed(deducted)}" if deducted else "") + "."
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
    >>> profit_name(customer_pnl(pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [60.0]}, index=["a"])))
    'gross margin'
    """
    if "cost_to_serve" in pnl or "net_revenue" not in pnl:  # a frame of profits alone is taken at its word
        return "profit"
    if any(step in pnl for step in DIRECT_COSTS):
        return "contribution"
    return "gross margin" if "cost_of_goods" in pnl else "net revenue"


def customers_only(pnl: pd.DataFrame) -> pd.DataFrame:
    """The rows of customers, without the residual rows that make the whole equal the ledger.

    Parameters
    ----------
    pnl : DataFrame or Series
        Result of `customer_pnl`, or one of its columns.

    Returns
    -------
    DataFrame or Series
        The same without "(unused capacity)", "(unassigned)", "(business-sustaining)" and "(unknown customer)".

    Examples
    --------
    >>> customers_only(pd.Series({"a": 30.0, "(unassigned)": -5.0})).to_dict()
    {'a': 30.0}
    """
    return pnl[~pnl.index.get_level_values(0).isin(RESIDUALS)]


def activity_columns(pnl: pd.DataFrame) -> list[str]:
    """Names of the activities in a profit and loss; empty when nothing was allocated.

    Examples
    --------
    >>> activity_columns(pd.DataFrame(columns=["net_revenue", "pick", "sell", "cost_to_serve", "profit", "segment"]))
    ['pick', 'sell']
    """
    if "cost_to_serve" not in pnl:
        return []
    before = pnl.columns[: pnl.columns.get_loc("cost_to_serve")]
    return [column for column in before if column not in (*_FACTS, *_MARGINS)]


def ladder(pnl: pd.DataFrame) -> pd.DataFrame:
    """The ladder of all rows together: the company's, a segment's or one customer's.

    Parameters
    ----------
    pnl : DataFrame
        Result of `customer_pnl`, or some of its rows.

    Returns
    -------
    DataFrame
        In the order of the ladder, columns step (name), amount (money; deductions are negative, so the steps between two totals lead from
        one to the other) and kind ("total", "step", or "residual" for cost that no customer caused). Activities
        that cost nobody anything are left out. With rows of cost that no customer caused, the profit of the customers (known or not)
        stands as "customer_profit" above them, and "profit" is the company's.

    Examples
    --------
    >>> facts = pd.DataFrame({"net_revenue": [100.0], "cost_of_goods": [60.0]}, index=["a"])
    >>> ladder(customer_pnl(facts, pd.DataFrame({"pick": [10.0, 4.5]}, index=["a", "(unused capacity)"])))
                    step  amount      kind
    0        net_revenue   100.0     total
    1      cost_of_goods   -60.0      step
    2       gross_margin    40.0     total
    3               pick   -10.0      step
    4    customer_profit    30.0     total
    5  (unused capacity)    -4.5  residual
    6             profit    25.5     total
    """
    names = pnl.index.get_level_values(0)
    served = pnl[~names.isin(RESIDUALS[:3])]
    activities = activity_columns(pnl)
    costs = {"discounts", "returns", "cost_of_goods", *DIRECT_COSTS, *activities}
    order = (*_REVENUE, "cost_of_goods", "gross_margin", *DIRECT_COSTS, "contribution", *activities)
    rows = []
    for name in order:
        repeated = name == "contribution" and rows and rows[-1][0] == "gross_margin"  # no direct cost is known
        if name in pnl and not repeated:
            amount = total(served[name])
            if not amount and name in activities:
                continue
            rows.append((name, -amount if name in costs else amount, "step" if name in costs else "total"))
    residual = [(name, total(pnl.loc[names == name, "profit"]), "residual") for name in RESIDUALS[:3] if (names == name).any()]
    if residual:
        rows.append(("customer_profit", total(served["profit"]), "total"))
    if residual or "cost_to_serve" in pnl:  # else the last margin above is the profit, as far as it is known
        rows += [*residual, ("profit", total(pnl["profit"]), "total")]
    return pd.DataFrame(rows, columns=["step", "amount", "kind"]).assign(amount=lambda frame: frame["amount"] + 0.0)


def _margins(known: pd.DataFrame, full: pd.DataFrame | None, avoidable: pd.DataFrame | None) -> pd.DataFrame:
    pnl = known[[column for column in (*_REVENUE, "cost_of_goods") if column in known]].copy()
    direct = [column for column in DIRECT_COSTS if column in known]
    margin = pnl["net_revenue"]
    if "cost_of_goods" in pnl:
        margin = pnl["gross_margin"] = (margin - pnl["cost_of_goods"]).round(_DECIMALS)
    pnl[direct] = known[direct]
    if direct or "cost_of_goods" in pnl:
        margin = pnl["contribution"] = (margin - pnl[direct].sum(axis=1)).round(_DECIMALS)
    if full is None:
        return pnl.assign(profit=margin)
    pnl = pd.concat([pnl, full], axis=1)
    pnl["cost_to_serve"] = full.sum(axis=1).round(_DECIMALS)
    pnl["profit"] = (margin - pnl["cost_to_serve"]).round(_DECIMALS)
    if avoidable is not None:
        pnl["avoidable_cost"] = avoidable.sum(axis=1).round(_DECIMALS)
        pnl["avoidable_profit"] = (margin - pnl["avoidable_cost"]).round(_DECIMALS)
    return pnl


def _activity_costs(allocation, index: pd.Index) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    if allocation is None:
        return None, None
    if isinstance(allocation, pd.DataFrame):
        full, avoidable = allocation, None
    else:
        by = "period" if index.nlevels == 2 else None
        full, avoidable = allocation.customers(by=by), allocation.customers(by=by, avoidable=True)
    for frame in (full, avoidable):
        if frame is None:
            continue
        if frame.index.nlevels != index.nlevels:
            raise ValueError(f"facts are by {_levels(index)} but the allocation is by {_levels(frame.index)}; make both by the same.")
        _check_unique(frame.index, "the allocation")
    clash = [name for name in full.columns if name in (*_FACTS, *_MARGINS)]
    if clash:
        raise ValueError(f"activities {clash} bear the names of steps of the ladder; rename them in the cost model.")
    full, told = full.astype(float).fillna(0.0), avoidable is not None and avoidable.fillna(0.0).ne(0).any(axis=None)
    return full, avoidable.astype(float).fillna(0.0) if told else None


def _outer_index(facts: pd.Index, costs: pd.Index) -> pd.Index:
    both = facts.append(costs[~costs.isin(facts)]).set_names(facts.names)
    residual = both.get_level_values(0).isin(RESIDUALS)
    return both[~residual].append(both[residual])


def _check_unique(index: pd.Index, what: str) -> None:
    twice = index[index.duplicated()].unique()
    if len(twice):
        raise ValueError(f"{what} hold {len(twice)} rows more than once, first {twice[:3].tolist()}; sum them before.")


def _check_revenue(known: pd.DataFrame) -> None:
    for start, less, end in (_REVENUE[:3], _REVENUE[2:]):
        if {start, less, end} <= set(known):
            wrong = (known[start] - known[less] - known[end]).round(_DECIMALS) != 0
            if wrong.any():
                first = known.index[wrong][:3].tolist()
                raise ValueError(f"{start} less {less} is not {end} for {wrong.sum()} of {len(known)} rows, first {first}; mend the facts.")


def _levels(index: pd.Index) -> str:
    return "customer_id and period" if index.nlevels == 2 else "customer_id"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
