"""How does every cent of the ledger reach a customer or a residual row, in one call?

The ledger and the driver quantities are read into arrays, the flow works out the cents, and an `Allocation` answers from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .allocation import Allocation
from .capacities import covered_months
from .drivers import driver_quantities
from .flow import Inputs, run_flow
from .inputs import read_lines, read_quantities
from .kinds import check_frame, check_kind, check_once, check_study
from .model import CostModel

__all__ = ["ATTRIBUTES", "allocate", "allocate_study"]

#: What may be known of customers, to gather their cost by.
ATTRIBUTES = ("kind", "industry", "region", "channel", "account_manager")


def allocate(
    model: CostModel,
    ledger: pd.DataFrame,
    drivers: pd.DataFrame,
    *,
    method: str = "reciprocal",
    order: list | None = None,
    decimals: int = 2,
    customers: pd.DataFrame | None = None,
    months: Mapping[str, float] | None = None,
) -> Allocation:
    """Allocate a ledger to customers, every cent of it.

    Parameters
    ----------
    model : CostModel
    ledger : DataFrame
        ``line_id``, ``account``, ``amount`` (currency units, cost positive, credit negative), optionally ``period``, ``pool`` (goes before
        the account's pool) and ``avoidable`` (fraction of the amount that ends when the work ends; missing: taken as not avoidable). Lines
        of the model's direct accounts are left out.
    drivers : DataFrame
        ``activity``, ``customer_id`` (missing: "(unknown customer)"), ``quantity``, optionally ``period`` and ``missing``, as
        `driver_quantities` gives. With periods each period has its own rates; without, all ledger periods are pooled (and capacities added
        up).
    method : {"reciprocal", "direct", "step_down"}
        How support pools pass on their cost; see `allocate_support`.
    order : list
        The order of support pools for "step_down".
    decimals : int
        Decimals of the currency's minor unit.
    customers : DataFrame, optional
        What is known of customers, one row each: ``customer_id`` (a column or the index) and any of kind, industry, region, channel,
        account_manager, for `Allocation.by`.
    months : mapping, optional
        By period of the ledger, how many months of it the data cover: needed where the model gives a capacity per year, quarter or month.

    Returns
    -------
    Allocation

    Raises
    ------
    ValueError
        If a column is missing, an amount or quantity is not a number, a line stands twice, an activity is not in the model, or customers
        have negative driver quantities and the activity names no policy, or a flow lacks its amounts for a period, or months are not known.

    Examples
    --------
    >>> model = CostModel.from_dict(
    ...     {
    ...         "pools": {"desk": {"accounts": ["6100"], "capacity_minutes": 100}},
    ...         "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}},
    ...     }
    ... )
    >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0]})
    >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
    >>> allocate(model, ledger, drivers).customers()
                       take orders  (no activity)
    customer_id
    a                        600.0            0.0
    b                        200.0            0.0
    (unused capacity)          0.0          200.0
    """
    check_kind(model, CostModel, "model", say="make it with CostModel.read or CostModel.from_dict")
    if not isinstance(decimals, int) or not 0 <= decimals <= 4:
        raise ValueError(f"decimals is {decimals!r}; give 0 to 4 decimals of the currency's minor unit.")
    for what, frame in (("ledger", ledger), ("drivers", drivers)):
        check_frame(frame, what, say="give a DataFrame")
    per = [name for name, pool in model.pools.items() if pool.capacity_per is not None]
    if per and months is None:
        pool = f'pool "{per[0]}" has its capacity per {model.pools[per[0]].capacity_per}'
        raise ValueError(f"{pool}; give months, how many of each period the data cover (study.period_coverage).")
    model = model.over(months or {})
    by_period = "period" in ledger.columns and "period" in drivers.columns
    issues: list[tuple] = []
    lines, periods = read_lines(model, ledger, by_period, decimals, issues)
    together = [[period] for period in periods] if by_period else [periods]
    quantities = read_quantities(model, drivers, periods if by_period else None, issues)
    known = _attributes(customers, quantities.customers)
    return run_flow(Inputs(model, lines, tuple(together), quantities, method, order, decimals, known, tuple(issues)))


def allocate_study(study, *, method: str = "reciprocal", order: list | None = None) -> Allocation | None:
    """Allocate the ledger of a study by its cost model; None if the study lacks either.

    Parameters
    ----------
    study : Study
    method, order
        As for `allocate`.

    Returns
    -------
    Allocation or None
    """
    check_study(study)
    if study.lacks("ledger", "cost_model"):
        return None
    model = CostModel.read(study.cost_model)
    drivers = driver_quantities(model, study)
    customers = None if study.lacks("customers") else study.frame("customers")
    ledger, terms = study.frame("ledger"), {"method": method, "order": order, "decimals": study.decimals}
    return allocate(model, ledger, drivers, customers=customers, months=covered_months(study, ledger), **terms)


def _attributes(customers: pd.DataFrame | None, ids: np.ndarray) -> pd.DataFrame:
    """What is known of the customers of the drivers, in their order; missing where nothing is."""
    if customers is None:
        return pd.DataFrame(index=ids)
    check_frame(customers, "customers", say="give the study's customers")
    if customers.index.name != "customer_id" and "customer_id" not in customers.columns:
        raise ValueError(f"customers lack customer_id; they have {', '.join(map(str, customers.columns))}.")
    frame = customers if customers.index.name == "customer_id" else customers.set_index("customer_id")
    frame = frame[[name for name in ATTRIBUTES if name in frame.columns]].set_axis(frame.index.astype("str"))
    check_once(frame.index, "customers")
    return frame.reindex(ids)
