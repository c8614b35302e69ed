"""Where did the cost go, where did it come from, and does it add up?

An `Allocation` keeps the cents of every activity and customer as compact arrays and answers from them. Lineage is not stored: the trace of
a customer is worked out when asked, from its cells back through the pools to the ledger lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from custprof.study.engine import UNKNOWN_CUSTOMER

from .balance import money_flow, node_balance
from .cells import NO_POOL, Cells, Layout, Rows, attribute_rows, sum_cells
from .model import CostModel
from .tracing import trace_cost

if TYPE_CHECKING:
    from .flow import Inputs

__all__ = ["Allocation"]


@dataclass(frozen=True, eq=False, repr=False)
class Allocation:
    """The result of `allocate`: every cent of the ledger at a customer or in a residual row."""

    _inputs: Inputs
    periods: tuple[str, ...]
    _cells: Cells
    _residuals: pd.DataFrame
    _lines: pd.DataFrame
    _moved: np.ndarray
    _rates: pd.DataFrame
    _capacity: pd.DataFrame
    _issues: pd.DataFrame

    def __repr__(self) -> str:
        known = len(self._layout.ids) - (UNKNOWN_CUSTOMER in self._layout.ids)
        amount = f"{self.total:,.{self.decimals}f}"
        return f"<Allocation of {amount} to {known:,} customers, {len(self.model.activities)} activities, {len(self._issues)} issues>"

    @property
    def model(self) -> CostModel:
        """The cost model that the allocation follows."""
        return self._inputs.model

    @property
    def decimals(self) -> int:
        """Decimals of the currency's minor unit."""
        return self._inputs.decimals

    @property
    def total(self) -> float:
        """The cost allocated, in currency units: all ledger lines but those of direct accounts."""
        return int(self._lines["cents"].sum()) / self._unit

    @property
    def issues(self) -> pd.DataFrame:
        """What is worth a look: ``severity``, ``table``, ``rule``, ``amount`` (currency units, missing where none is at stake),
        ``advice``."""
        return self._issues.copy()

    def customers(self, by: str | None = None, *, avoidable: bool = False) -> pd.DataFrame:
        """Cost by customer and activity, exact to the cent.

        Parameters
        ----------
        by : {None, "period"}
            With "period" one row per customer and period.
        avoidable : bool
            Only the part that ends when the work ends.

        Returns
        -------
        DataFrame, by customer_id (or customer_id and period)
            One column per activity and "(no activity)", currency units. The customers in alphabetical order, then those of the four
            residual rows that are not empty. All cells sum to `total`.
        """
        if by not in (None, "period"):
            raise ValueError(f'by is {by!r}; choose None (one row per customer) or "period".')
        return self._by_activity(self._layout.customers, periods=self.periods if by else (), avoidable=avoidable)

    def by(self, column: str, *, avoidable: bool = False) -> pd.DataFrame:
        """Cost of customers by pool or department, or of kinds of customers by activity.

        Parameters
        ----------
        column : {"pool", "department", "activity"} or an attribute of the customers: kind, industry, region, channel, account_manager
            Pools are the operating pools that pay for the activities (support cost included), departments those of these pools.
        avoidable : bool
            Only the part that ends when the work ends.

        Returns
        -------
        DataFrame
            By customer_id with one column per pool, department or activity, and rows as in `customers`; or by the values of the attribute,
            "(not known)" for customers without one, and the residual rows, with one column per activity. Cost of level "channel" stands
            with its channel where it is gathered by channel and in "(business-sustaining)" everywhere else. Currency units; all cells sum
            to `total`.
        """
        if column == "activity":
            return self.customers(avoidable=avoidable)
        if isinstance(column, str) and column in self._inputs.attributes:
            rows = attribute_rows(
                self._inputs.attributes[column], self._layout.ids, frozenset() if column == "channel" else self._layout.above
            )
            return self._by_activity(rows, avoidable=avoidable)
        if column not in ("pool", "department"):
            known = ", ".join(["pool", "department", "activity", *self._inputs.attributes])
            raise ValueError(f"column is {column!r}; choose one of {known} (attributes of customers need the table customers).")
        names = self._layout.operating
        if column == "department":
            names = [self.model.pools[name].department or "(no department)" if name in self.model.pools else NO_POOL for name in names]
        columns = list(dict.fromkeys(names))
        of_pool = np.array([columns.index(name) for name in names])
        of_activity = np.append(of_pool[self._layout.pool_of], -1).astype("int64")
        return self._table(self._layout.customers, columns, of_activity, of_pool=of_pool, avoidable=avoidable)

    def balance(self) -> pd.DataFrame:
        """Does every node pass on what it takes in?

        Returns
        -------
        DataFrame
            One row per node: ``node``, ``kind`` ("support pool", "pool", "activity"), ``cost_in`` (support pools: from the ledger; pools:
            from ledger and support pools), ``to_pools`` (what support pools pass on), ``to_customers``, ``to_unknown``, ``unused``,
            ``unassigned``, ``sustaining`` and ``remainder``, which is 0. The rows of kind "pool" sum to `total`.
        """
        return node_balance(self)

    def money_flow(self) -> pd.DataFrame:
        """The way of the money: from ledger to pools, to activities, to customers and residual rows.

        Returns
        -------
        DataFrame
            One row for every amount that moves: ``stage`` (1: own cost of a pool to the operating pool that uses it, 2: operating pool to
            activity, or "(no activity)", 3: activity to "customers" or a residual row), ``source``, ``target``, ``amount`` (currency units,
            negative for credits and over-driven time). The amounts of every stage sum to `total`.
        """
        return money_flow(self)

    def rates(self) -> pd.DataFrame:
        """What one unit of every driver costs.

        Returns
        -------
        DataFrame
            ``period``, ``activity``, ``pool``, ``level``, ``driver`` (what is counted), ``basis`` ("actual", "practical capacity" or
            "standard"), ``quantity``, ``rate`` (currency units per unit; missing where nothing was counted), ``amount`` (cost of the
            activity; at a standard rate this is not quantity x rate, and the difference stands as "(unassigned)").

        Notes
        -----
        ``driver`` is "minutes" where the rate is the cost of a minute. Which table an activity counts stands in the model:
        ``[name for name, activity in allocation.model.activities.items() if activity.table == "leads"]``.
        """
        return self._rates.copy()

    def capacity(self) -> pd.DataFrame:
        """How much of the time that was paid was used?

        Returns
        -------
        DataFrame
            One row per period and time-driven pool: ``period``, ``pool``, ``department`` (missing if not named), ``cost``,
            ``capacity_minutes``, ``used_minutes``, ``unused_minutes`` (negative where over-driven), ``utilisation`` (fraction), ``rate``
            (cost of a minute), ``unused_cost``.
        """
        return self._capacity.copy()

    def trace(self, customer_id: str) -> pd.DataFrame:
        """The cost of a customer, or of a residual row, down to the ledger lines it comes from.

        Parameters
        ----------
        customer_id : str
            A row of `customers`.

        Returns
        -------
        DataFrame
            ``period``, ``activity``, ``pool`` (that pays for the activity), ``line_id``, ``account``, ``amount``, currency units. The
            amounts sum to the customer's total to the cent; where a cell has fewer cents than its pool has lines, the largest lines come
            first. What a standard rate charges for a pool without any cost stands under "(no ledger line)".

        Raises
        ------
        ValueError
            If the customer has no row.
        """
        return trace_cost(self, str(customer_id))

    def what_if(
        self,
        *,
        rates: Mapping[str, float | None] | None = None,
        drivers: Mapping[str, float | pd.Series] | None = None,
        capacity: Mapping[str, float | Mapping[str, float] | None] | None = None,
        drop: Collection[str] = (),
    ) -> Allocation:
        """The same ledger under other assumptions; see `scenarios` and `compare`.

        Parameters
        ----------
        rates : mapping
            Standard rate by activity (currency units for one unit of its driver); None goes back to the rate that the cost gives.
        drivers : mapping
            Factor by activity for its driver quantities; or a Series of factors by customer_id, customers without one keep theirs.
        capacity : mapping
            Practical capacity in minutes by pool, for each period or by period (periods not named keep theirs); None charges the whole
            cost to the minutes used.
        drop : collection of str
            Customers who are no longer served: their avoidable cost ends, the rest is stranded as "(unused capacity)". The others pay what
            they would pay beside them; cost of channels and of the business stays. In `rates` and `capacity` quantities and cost are
            without them, and rates as they were.

        Returns
        -------
        Allocation
            Changes add to those of the allocation it is asked of.

        Raises
        ------
        ValueError
            If a name is unknown, or the changed cost model has problems.

        Examples
        --------
        >>> from custprof.costing import allocate
        >>> pools = {"desk": {"accounts": ["6100"], "capacity_minutes": 100}}
        >>> model = CostModel.from_dict({"pools": pools, "activities": {"take orders": {"pool": "desk", "level": "order", "minutes": 10}}})
        >>> ledger = pd.DataFrame({"line_id": ["L1"], "account": ["6100"], "amount": [1000.0], "avoidable": [0.4]})
        >>> drivers = pd.DataFrame({"activity": "take orders", "customer_id": ["a", "b"], "quantity": [60, 20]})
        >>> now = allocate(model, ledger, drivers)
        >>> now.what_if(capacity={"desk": 80}).customers()["take orders"].to_dict()
        {'a': 750.0, 'b': 250.0}
        >>> now.what_if(drop=["a"]).customers().sum(axis="columns").to_dict()
        {'b': 200.0, '(unused capacity)': 560.0}
        """
        from .flow import run_flow
        from .scenarios import change

        rates, drivers, capacity = ({} if given is None else given for given in (rates, drivers, capacity))
        return run_flow(change(self._inputs, rates, drivers, capacity, drop))

    def rank_stability(
        self, n: int = 500, sd: float = 0.1, *, margin: pd.Series | None = None, level: float = 0.9, random_state: int = 0
    ) -> pd.DataFrame:
        """How sure is the ranking of customers, if drivers and rates are only known roughly? See `custprof.costing.uncertainty`.

        Parameters
        ----------
        n : int
            Draws.
        sd : float
            Relative standard error of every rate and of every customer's driver quantity (0.1: ten per cent).
        margin : Series by customer_id, optional
            What customers bring before these costs (contribution, currency units); without it the ranking is by cost alone.
        level : float
            Share of the draws between ``_low`` and ``_high``.
        random_state : int

        Returns
        -------
        DataFrame, by customer_id, best first
            ``profit`` (margin less cost), ``profit_low``, ``profit_high``, ``rank`` (1 is the best), ``rank_low``, ``rank_high``,
            ``loss_share`` (share of the draws in which the customer loses money).
        """
        from .uncertainty import rank_stability

        margin = margin if margin is not None else pd.Series(0.0, index=self._layout.ids)
        return rank_stability(self, margin, n=n, sd=sd, level=level, random_state=random_state)

    @property
    def _layout(self) -> Layout:
        return self._inputs.layout

    @property
    def _unit(self) -> int:
        return 10**self.decimals

    def _by_activity(self, rows: Rows, **options) -> pd.DataFrame:
        return self._table(rows, self._layout.activities, np.arange(len(self._layout.activities)), **options)

    def _table(self, rows: Rows, columns: list[str], of_activity: np.ndarray, **options) -> pd.DataFrame:
        """Cells and residuals added up, in currency units."""
        return sum_cells(self._cells, self._residuals, rows, columns, of_activity, unit=self._unit, **options)
