"""Which costs go to which activities, and what drives each activity?

A cost model is a small TOML file: pools gather ledger accounts, flows say whom support departments serve, activities take the cost of a
pool and name what drives it. Everything that is wrong with a model is said at once.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from .activities import Activity, Flows, Pool
from .kinds import check_kind
from .reading import CostModelError, ModelReading

__all__ = ["CostModel"]


@dataclass(frozen=True)
class CostModel:
    """Pools, flows between them and activities; made by `CostModel.read` or `CostModel.from_dict`.

    Attributes
    ----------
    name : str
    direct : tuple of str
        Accounts that stand on the customers' invoice lines already (revenue, cost of goods, freight, ...): never allocated.
    pools, activities : dict by name
    flows : Flows
        Amounts of service that support pools give, `flows.usage(periods)` as a table.
    avoidable : dict
        Avoidable share by account, for ledger lines that do not say it themselves.
    content : mapping
        The content of the file that the model was made from: what `diff` compares and what a scenario changes.
    """

    name: str
    direct: tuple[str, ...]
    pools: Mapping[str, Pool]
    flows: Flows
    activities: Mapping[str, Activity]
    avoidable: Mapping[str, float]
    content: Mapping = field(repr=False)

    @classmethod
    def read(cls, path: str | Path) -> CostModel:
        """Read a cost model from a TOML file; see `from_dict` for its content.

        Raises
        ------
        CostModelError
            If the file is missing or not TOML, or with every problem of the model.
        """
        path = Path(path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise CostModelError(str(path), ["there is no such file"]) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CostModelError(path.name, [f"it is not a TOML file: {error}"]) from None
        return cls.from_dict(content, name=path.name)

    @classmethod
    def from_dict(cls, content: Mapping, *, name: str = "(no name)") -> CostModel:
        """Make a cost model from the content of its file.

        Parameters
        ----------
        content : mapping
            ``direct`` (accounts), ``avoidable`` (account: fraction of its cost that ends when the work ends), ``pools`` (name: accounts,
            department, capacity_minutes, capacity_per), ``statistics`` (name: amounts by pool, such as workplaces), ``flows`` (support
            pool: amounts of service by pool, or ``driver``, a statistic) and ``activities`` (name: pool, level, table, per, where, driver
            or minutes, share, rate, avoidable, negative). Capacities and amounts of service are one number, or a table by period. A
            capacity counts in full for each period; with capacity_per ("year", "quarter" or "month") it is that of a whole one, and a
            period has its part of it, by the months that the data cover (see `over`).
        name : str
            Name for messages where the content has none.

        Raises
        ------
        CostModelError
            With every problem of the model: unknown names, an account in two pools, shares that do not sum to 1, closed loops of support
            pools, ...

        Examples
        --------
        >>> model = CostModel.from_dict(
        ...     {
        ...         "pools": {"warehouse": {"accounts": [6000], "capacity_minutes": 1000}},
        ...         "activities": {
        ...             "pick": {"pool": "warehouse", "level": "order", "table": "transactions", "per": "order", "minutes": "2 + 3*lines"}
        ...         },
        ...     }
        ... )
        >>> model.activities["pick"].minutes.columns
        ('lines',)
        """
        reading = ModelReading()
        model = cls(**reading.model(content, name))
        if reading.problems:
            raise CostModelError(model.name, reading.problems)
        return model

    @property
    def operating(self) -> list[str]:
        """Pools that pay for activities, in the model's order: all but the support pools."""
        return [name for name in self.pools if name not in self.flows.served]

    def activities_of(self, pool: str) -> list[Activity]:
        """The activities that a pool pays for."""
        return [activity for activity in self.activities.values() if activity.pool == pool]

    def basis_of(self, activity: str) -> str:
        """What the rate of an activity rests on: "standard", "practical capacity" or "actual" (cost divided by the work that was done)."""
        if self.activities[activity].rate is not None:
            return "standard"
        return "actual" if self.pools[self.activities[activity].pool].capacity_minutes is None else "practical capacity"

    def over(self, months: Mapping[str, float]) -> CostModel:
        """The model with every capacity as minutes by period, where capacity_per says what they are of.

        Parameters
        ----------
        months : mapping
            By period, how many months of it the data cover (see `study.period_coverage`).

        Examples
        --------
        >>> desk = {"accounts": ["6100"], "capacity_minutes": 120_000, "capacity_per": "year"}
        >>> CostModel.from_dict({"pools": {"desk": desk}}).over({"2024": 12, "2025": 6}).pools["desk"].capacity_minutes
        {'2024': 120000.0, '2025': 60000.0}
        """
        per = {name: pool for name, pool in self.pools.items() if pool.capacity_per is not None}
        if not per:
            return self
        content = copy.deepcopy(dict(self.content))
        for name, pool in per.items():
            del content["pools"][name]["capacity_per"]
            content["pools"][name]["capacity_minutes"] = pool.prorated(months)
        return CostModel.from_dict(content, name=self.name)

    def pool_of(self) -> dict[str, str]:
        """Pool by account."""
        return {account: pool.name for pool in self.pools.values() for account in pool.accounts}

    def describe(self) -> pd.DataFrame:
        """The model as a table, one row per activity.

        Returns
        -------
        DataFrame
            ``activity``, ``pool``, ``level``, ``counts`` (table and, in brackets, the rows chosen), ``driver`` (a column, "rows",
            "orders" or a time equation in minutes) and ``basis`` of the rate (see `basis_of`).

        Examples
        --------
        >>> pick = {"pool": "warehouse", "level": "order", "table": "transactions", "per": "order", "minutes": "2 + 3*lines"}
        >>> model = CostModel.from_dict({"pools": {"warehouse": {"accounts": [6000]}}, "activities": {"pick": pick}})
        >>> model.describe().iloc[0].to_list()
        ['pick', 'warehouse', 'order', 'transactions, orders', 'minutes: 2 + 3*lines', 'actual']
        """
        rows = []
        for activity in self.activities.values():
            chosen = "; ".join(f"{column}: {', '.join(map(str, values))}" for column, values in activity.where.items())
            counts = (activity.table or "") + (", orders" if activity.per == "order" else "") + (f" ({chosen})" if chosen else "")
            driver = activity.driver or "" if activity.minutes is None else f"minutes: {activity.minutes.text}"
            rows.append((activity.name, activity.pool, activity.level, counts, driver, self.basis_of(activity.name)))
        return pd.DataFrame(rows, columns=["activity", "pool", "level", "counts", "driver", "basis"])

    def diff(self, other: CostModel) -> pd.DataFrame:
        """What another model says differently.

        Parameters
        ----------
        other : CostModel

        Returns
        -------
        DataFrame
            One row for each entry that differs: ``entry`` (its place in the file, such as pools.warehouse.capacity_minutes), ``before``
            (in this model; missing where it has none) and ``after`` (in the other).

        Examples
        --------
        >>> desk = {"accounts": ["6100"], "capacity_minutes": 100}
        >>> before = CostModel.from_dict({"pools": {"desk": desk}})
        >>> before.diff(CostModel.from_dict({"pools": {"desk": desk | {"capacity_minutes": 120}}}))
                               entry before after
        0  pools.desk.capacity_minutes    100   120
        """
        check_kind(other, CostModel, "other", say="give a CostModel")
        mine, theirs = dict(_entries(self.content)), dict(_entries(other.content))
        changed = [entry for entry in {**mine, **theirs} if mine.get(entry) != theirs.get(entry)]
        rows = [(entry, mine.get(entry), theirs.get(entry)) for entry in changed]
        return pd.DataFrame(rows, columns=["entry", "before", "after"], dtype="object")

    def check(self, study=None) -> pd.DataFrame:
        """Every problem of the model at once, alone or on a study.

        Parameters
        ----------
        study : Study, optional
            With it the model is tried on the study's ledger and tables: accounts in no pool, pools and activities without cost or work, a
            cost that is on the invoice lines too, amounts in several currencies, negative quantities without a policy, ...

        Returns
        -------
        DataFrame
            The columns of ``study.check()``: ``severity`` (error: the ledger cannot be allocated; warning), ``table`` ("cost model"),
            ``column``, ``rule``, ``rows``, ``amount`` (currency units at stake, missing where none is), ``examples``, ``advice``; errors
            first; empty if all is well.

        Examples
        --------
        >>> model = CostModel.from_dict({"pools": {"warehouse": {"accounts": ["6000"]}}})
        >>> model.check()["rule"].tolist()
        ['pool "warehouse" has no activity']
        """
        from .checking import check_model

        return check_model(self, study)


def _entries(content: Mapping, place: str = ""):
    """Place and value of every entry of nested tables."""
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _entries(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", value
