"""What did each customer leave, step by step, from list price to profit?

The ladder of a customer's profit and loss: list revenue, discounts, invoice revenue, returns, net revenue, cost of goods, gross margin,
freight, commission, credit cost, bad debt (and, where asked for, the loss still expected), contribution, the cost of the activities that
serve the customer, profit. Beside the full profit stands the avoidable one: what would really go if the customer went. Costs are positive
numbers in columns of their own, profit is signed.

A column that the study does not know is absent, never zero, and `profit` is the deepest margin that is known (`profit_basis` says which).
What a channel or the business costs stands in a row of its own, above the customers and never spread on them (`spread_levels` does so, by
keys that are named). Customers and these residual rows together equal the ledger to the cent.
"""

from __future__ import annotations

import pandas as pd

from custprof.profit.inputs import (
    DIRECT_COSTS,
    FACTS,
    MARGINS,
    RESIDUALS,
    REVENUE,
    check_amounts,
    check_beside,
    check_frame,
    check_index,
    check_kind,
    check_once,
)

__all__ = ["DIRECT_COSTS", "RESIDUALS", "REVENUE", "activity_columns", "customer_pnl", "customers_only"]

_DECIMALS = 4  # the finest minor unit of a study; margins are rounded to it so that they stay exact


def customer_pnl(facts: pd.DataFrame, allocation=None, *, provision: pd.Series | None = None) -> pd.DataFrame:
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
        from a ledger that does not say what is: it counts as not known. Cost of level "channel" or
        "business" stands in the row "(business-sustaining)", as the allocation has it.
    provision : Series of float, optional
        Loss still expected on open invoices, ``expected_credit_loss(...)["provision"]``: money by the index of `facts`. It becomes the step
        credit_loss_provision. A ledger that has not booked it differs from the whole by its sum.

    Returns
    -------
    DataFrame
        Index as `facts`, then customers that only the allocation (or the provision) knows, without revenue, then the residual rows.
        Columns, as far as known: list_revenue, discounts, invoice_revenue, returns, net_revenue, cost_of_goods, gross_margin, freight,
        commission, credit_cost, bad_debt, credit_loss_provision, contribution, one per activity, cost_to_serve, profit, avoidable_cost
        (the part of cost_to_serve that ends with the customer) and avoidable_profit (contribution less avoidable_cost). Money in currency
        units.

    Raises
    ------
    ValueError
        If net_revenue is missing, an amount is infinite, a row stands twice, the revenue steps do not add up, an activity bears the name
        of a step, or the index of the allocation (or the provision) does not fit that of the facts.

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
    check_kind(facts, pd.DataFrame, "facts", say="give the frame that Study.customer_facts returns")
    if "net_revenue" not in facts:
        raise ValueError(f"facts lack net_revenue (they have {', '.join(map(str, facts.columns))}); a profit and loss needs it.")
    if "customer_id" in facts and isinstance(facts.index, pd.RangeIndex):
        raise ValueError("facts hold customer_id as a column, so their rows are numbered, not named; give facts.set_index('customer_id').")
    known = facts[[column for column in FACTS if column in facts]]
    check_once(known.index, "facts")
    check_index(known.index, "facts")
    known = _numbers(known)
    if provision is not None:
        known = _with_provision(known, provision)
    _check_revenue(known)
    full, avoidable = _activity_costs(allocation, known.index)
    if full is not None:
        known = known.reindex(_outer_index(known.index, full.index), fill_value=0.0)
        full = full.reindex(known.index, fill_value=0.0)
        avoidable = None if avoidable is None else avoidable.reindex(known.index, fill_value=0.0)
    return _margins(known, full, avoidable)


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
    check_kind(pnl, (pd.DataFrame, pd.Series), "pnl", say="give the frame of customer_pnl, or one of its columns")
    return pnl[~pnl.index.get_level_values(0).isin(RESIDUALS)]


def activity_columns(pnl: pd.DataFrame) -> list[str]:
    """Names of the activities in a profit and loss; empty when nothing was allocated.

    Examples
    --------
    >>> activity_columns(pd.DataFrame(columns=["net_revenue", "pick", "sell", "cost_to_serve", "profit", "segment"]))
    ['pick', 'sell']
    """
    check_frame(pnl, "pnl", say="give the frame of customer_pnl")
    if "cost_to_serve" not in pnl:
        return []
    before = pnl.columns[: pnl.columns.get_loc("cost_to_serve")]
    return [column for column in before if column not in (*FACTS, *MARGINS)]


def _margins(known: pd.DataFrame, full: pd.DataFrame | None, avoidable: pd.DataFrame | None) -> pd.DataFrame:
    pnl = known[[column for column in (*REVENUE, "cost_of_goods") if column in known]].copy()
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
    elif not hasattr(allocation, "customers"):
        raise TypeError(
            f"allocation is a {type(allocation).__name__}; give the result of costing.allocate, or a frame of customers x activities."
        )
    else:
        by = "period" if index.nlevels == 2 else None
        full, avoidable = (allocation.customers(by=by, avoidable=part) for part in (False, True))
    for frame in (full, avoidable):
        if frame is None:
            continue
        if frame.index.nlevels != index.nlevels:
            raise ValueError(f"facts are by {_levels(index)} but the allocation is by {_levels(frame.index)}; make both by the same.")
        check_beside(frame, index, "the allocation", kind=pd.DataFrame)
    clash = [name for name in full.columns if name in (*FACTS, *MARGINS)]
    if clash:
        raise ValueError(f"activities {clash} bear the names of steps of the ladder; rename them in the cost model.")
    avoidable = None if avoidable is None else _numbers(avoidable)
    return _numbers(full), avoidable if avoidable is not None and avoidable.ne(0).any(axis=None) else None


def _numbers(amounts: pd.DataFrame) -> pd.DataFrame:
    """Amounts as floats; a missing one is a customer without such lines."""
    for name in amounts:
        check_amounts(amounts[name], str(name), gaps=True)
    return amounts.astype(float).fillna(0.0)


def _with_provision(known: pd.DataFrame, provision: pd.Series) -> pd.DataFrame:
    if not isinstance(provision, pd.Series) or provision.index.nlevels != known.index.nlevels:
        raise ValueError(f'provision is not by {_levels(known.index)} as the facts are; give expected_credit_loss(...)["provision"].')
    check_beside(provision, known.index, "provision")
    check_amounts(provision, "provision", gaps=True)
    rows = known.index.append(provision.index.difference(known.index)).set_names(known.index.names)
    wide = known.reindex(rows, fill_value=0.0)
    return wide.assign(credit_loss_provision=provision.astype(float).reindex(rows).fillna(0.0))


def _outer_index(facts: pd.Index, costs: pd.Index) -> pd.Index:
    both = facts.append(costs[~costs.isin(facts)]).set_names(facts.names)
    residual = both.get_level_values(0).isin(RESIDUALS)
    return both[~residual].append(both[residual])


def _check_revenue(known: pd.DataFrame) -> None:
    for start, less, end in (REVENUE[:3], REVENUE[2:]):
        if {start, less, end} <= set(known):
            wrong = (known[start] - known[less] - known[end]).round(_DECIMALS) != 0
            if wrong.any():
                first = known.index[wrong][:3].tolist()
                raise ValueError(f"{start} less {less} is not {end} for {wrong.sum()} of {len(known)} rows, first {first}; mend the facts.")


def _levels(index: pd.Index) -> str:
    return "customer_id and period" if index.nlevels == 2 else "customer_id"
