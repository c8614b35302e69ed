"""What would customers cost if rates, drivers or capacity were others, or some customers were gone?

A scenario changes what an allocation is worked out from and works it out again, so that it balances to the cent as well. Two allocations
side by side show who pays more and who pays less.
"""

from __future__ import annotations

import copy
import numbers
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from .allocation import Allocation
from .cells import RESIDUALS
from .flow import Inputs
from .inputs import Quantities
from .kinds import check_once
from .model import CostModel

__all__ = ["capacity_scenarios", "change", "compare", "volume_based"]


def compare(before: Allocation, after: Allocation, *, by: str = "customer_id") -> pd.DataFrame:
    """Two allocations side by side.

    Parameters
    ----------
    before, after : Allocation
    by : {"customer_id", "activity", "pool", "department"} or an attribute of the customers
        What a row is.

    Returns
    -------
    DataFrame
        ``before``, ``after`` and ``change`` in currency units; residual rows last where a row is a customer or a group of them. The columns
        sum to the totals of the allocations.

    Examples
    --------
    >>> from custprof.costing import allocate
    >>> pools = {"desk": {"accounts": ["6100"], "capacity_minutes": 100}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}}})
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> now = allocate(model, ledger, drivers)
    >>> compare(now, now.what_if(drivers={"take orders": pd.Series({"a": 0.5})}))
                       before  after  change
    customer_id
    a                   600.0  300.0  -300.0
    b                   200.0  200.0     0.0
    (unused capacity)   200.0  500.0   300.0
    """
    for allocation in (before, after):
        if not isinstance(allocation, Allocation):
            raise TypeError(f"compare takes two allocations, not a {type(allocation).__name__}.")
    frames = [_sums(allocation, by) for allocation in (before, after)]
    index = frames[0].index.union(frames[1].index, sort=False)
    index = [name for name in index if name not in RESIDUALS] + [name for name in RESIDUALS if name in index]
    if by == "customer_id":
        index = sorted(index, key=lambda name: (name in RESIDUALS, RESIDUALS.index(name) if name in RESIDUALS else 0, str(name)))
    table = pd.DataFrame({name: frame.reindex(index, fill_value=0.0) for name, frame in zip(("before", "after"), frames, strict=True)})
    decimals = max(before.decimals, after.decimals)
    return table.assign(change=(table["after"] - table["before"]).round(decimals)).rename_axis(by)


def capacity_scenarios(
    allocation: Allocation, pool: str, *, shares: Sequence[float | None] = (1.2, 1.1, 1.0, 0.9, 0.8, None)
) -> pd.DataFrame:
    """Where the cost of all pools lands if one pool's practical capacity were another.

    Parameters
    ----------
    allocation : Allocation
    pool : str
        A pool with a capacity in minutes.
    shares : sequence of float
        Shares of its capacity; None charges the whole cost to the minutes that were worked.

    Returns
    -------
    DataFrame, by capacity
        One row for each share ("120 %", ..., "minutes worked"): ``customers`` and the residual rows, currency units. Every row sums to the
        allocation's total.

    Examples
    --------
    >>> from custprof.costing import allocate
    >>> pools = {"desk": {"accounts": ["6100"], "capacity_minutes": 100}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}}})
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> capacity_scenarios(allocate(model, ledger, drivers), "desk", shares=[1, 0.8])
              customers  (unused capacity)
    capacity
    100 %         800.0              200.0
    80 %         1000.0                0.0
    """
    wrong = [share for share in shares if share is not None and not (isinstance(share, numbers.Real) and share > 0)]
    if wrong:
        raise ValueError(f"shares hold {wrong[0]!r}; give shares of the capacity such as 0.9, or None for the minutes worked.")
    known = isinstance(pool, str) and pool in allocation.model.pools
    capacity = allocation.model.pools[pool].capacity_minutes if known else None
    if capacity is None:
        timed = [name for name, each in allocation.model.pools.items() if each.capacity_minutes is not None]
        raise ValueError(f"pool {pool!r} has no capacity in minutes; choose one of {', '.join(timed) or 'none'}.")
    rows = {}
    for share in shares:
        scenario = allocation.what_if(capacity={pool: _share_of(capacity, share)})
        cost = scenario.customers().sum(axis="columns")
        name = "minutes worked" if share is None else f"{100 * share:g} %"
        rows[name] = cost.groupby(lambda row: row if row in RESIDUALS else "customers").sum().round(allocation.decimals)
    table = pd.DataFrame(rows).T.fillna(0.0).rename_axis(index="capacity", columns=None)
    return table[[name for name in ("customers", *RESIDUALS) if name in table]]


def _share_of(capacity: float | Mapping[str, float], share: float | None) -> float | dict[str, float] | None:
    if share is None:
        return None
    return {period: minutes * share for period, minutes in capacity.items()} if isinstance(capacity, Mapping) else capacity * share


def volume_based(model: CostModel) -> CostModel:
    """The model as a company without time logs would have it: every pool that serves customers is spread by revenue.

    Parameters
    ----------
    model : CostModel

    Returns
    -------
    CostModel
        One activity for each pool that has any above the business, driven by the revenue of invoice lines; customers whose returns exceed
        their purchases get nothing. Pools that serve the business alone are as before, and no pool has a capacity.

    Examples
    --------
    >>> pools = {"desk": {"accounts": ["6100"], "capacity_minutes": 100}}
    >>> model = CostModel.from_dict({"pools": pools, "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}}})
    >>> volume_based(model).describe().iloc[0].to_list()
    ['desk by revenue', 'desk', 'customer', 'transactions', 'revenue', 'actual']
    """
    content = copy.deepcopy(dict(model.content))
    serving = [pool for pool in model.operating if any(not activity.sustaining for activity in model.activities_of(pool))]
    _set(content["pools"], "capacity_minutes", dict.fromkeys(serving))
    _set(content["pools"], "capacity_per", dict.fromkeys(serving))
    kept = {name: entry for name, entry in content.get("activities", {}).items() if entry["pool"] not in serving}
    spread = {"level": "customer", "table": "transactions", "driver": "revenue", "negative": "zero"}
    content["activities"] = {f"{pool} by revenue": {"pool": pool, **spread} for pool in serving} | kept
    return CostModel.from_dict(content, name=f"{model.name}, by revenue")


def _sums(allocation: Allocation, by: str) -> pd.Series:
    if by == "customer_id":
        return allocation.customers().sum(axis="columns").round(allocation.decimals)
    table = allocation.by(by)
    across = "index" if table.index.name == "customer_id" else "columns"
    return table.sum(axis=across).round(allocation.decimals)


def change(
    inputs: Inputs,
    rates: Mapping[str, float | None],
    drivers: Mapping[str, float | pd.Series],
    capacity: Mapping[str, float | Mapping[str, float] | None],
    drop: Collection[str],
) -> Inputs:
    """Inputs with the changes of a scenario; see `Allocation.what_if`."""
    for what, given in (("rates", rates), ("drivers", drivers), ("capacity", capacity)):
        if not isinstance(given, Mapping):
            raise TypeError(f"{what} are a {type(given).__name__}; give a dict by {'pool' if what == 'capacity' else 'activity'}.")
    if isinstance(drop, (str, bytes)) or not isinstance(drop, Iterable):
        raise TypeError(f"drop is {drop!r}; give a list of customer_id.")
    model, dropped = inputs.model, [str(name) for name in drop]
    _refuse("rates name activities", rates, model.activities, "the cost model")
    _refuse("drivers name activities", drivers, model.activities, "the cost model")
    _refuse("capacity names pools", capacity, model.pools, "the cost model")
    _refuse("drop names customers", dropped, set(inputs.quantities.customers) - set(RESIDUALS), "the allocation")
    if rates or capacity:
        content = copy.deepcopy(dict(model.content))
        _set(content["activities"] if rates else {}, "rate", rates)
        _set(content["pools"], "capacity_minutes", {name: _by_period(inputs, name, minutes) for name, minutes in capacity.items()})
        model = CostModel.from_dict(content, name=model.name)
    return replace(
        inputs,
        model=model,
        quantities=_scaled(inputs.quantities, drivers),
        dropped=tuple(sorted({*inputs.dropped, *dropped})),
    )


def _by_period(inputs: Inputs, pool: str, minutes):
    """Minutes of a scenario by period, with those of the model for the periods that it does not name."""
    if not isinstance(minutes, Mapping):
        return minutes
    now = {period: inputs.model.pools[pool].capacity(period) for names in inputs.together for period in names}
    strange = [period for period in map(str, minutes) if period not in now]
    if strange:
        raise ValueError(f"capacity of {pool} names periods that the ledger lacks: {', '.join(strange)}; it has {', '.join(now)}.")
    return {
        period: value for period, value in (now | {str(period): value for period, value in minutes.items()}).items() if value is not None
    }


def _set(section: dict, key: str, values: Mapping) -> None:
    for name, value in values.items():
        section[name] = {k: v for k, v in section[name].items() if k != key} | ({} if value is None else {key: value})


def _scaled(quantities: Quantities, drivers: Mapping[str, float | pd.Series]) -> Quantities:
    """Driver quantities times factors, by activity or by activity and customer."""
    if not drivers:
        return quantities
    quantity = quantities.quantity.copy()
    for name, factor in drivers.items():
        if not isinstance(factor, (pd.Series, numbers.Real)):
            raise TypeError(f'drivers of activity "{name}" are {factor!r}; give a factor, or a Series of factors by customer_id.')
        by_customer = np.full(len(quantities.customers), 1.0 if isinstance(factor, pd.Series) else float(factor))
        if isinstance(factor, pd.Series):
            factor = factor.set_axis(factor.index.astype("str"))
            check_once(factor.index, f'the factors of activity "{name}"')
            _refuse(f'factors of activity "{name}" name customers', factor.index, set(quantities.customers), "the allocation")
            by_customer[pd.Index(quantities.customers).get_indexer(factor.index)] = factor.to_numpy("float64")
        if not (np.isfinite(by_customer) & (by_customer >= 0)).all():
            raise ValueError(f'the factors of activity "{name}" are negative, missing or infinite; 1 leaves a quantity as it is.')
        for period in range((len(quantities.start) - 1) // len(quantities.activities)):
            part = quantities.slice(period, quantities.activities.index(name))
            quantity[part] *= by_customer[quantities.customer[part]]
    return Quantities(quantities.customers, quantities.customer, quantity, quantities.start, quantities.activities)


def _refuse(what: str, names, known, where: str) -> None:
    strange = [name for name in names if name not in known]
    if strange:
        raise ValueError(f"{what} that {where} lacks: {len(strange)} of {len(names)}, first {strange[:3]}; correct the names.")
