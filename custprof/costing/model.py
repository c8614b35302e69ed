"""Which costs go to which activities, and what drives each activity?

A cost model is a small TOML file: pools gather ledger accounts, flows say whom support departments serve, activities take the cost of a
pool and name what drives it. Everything that is wrong with a model is said at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .activities import Activity, Pool
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
    flows : DataFrame, support pools x pools
        Amounts of service used.
    """

    name: str
    direct: tuple[str, ...]
    pools: Mapping[str, Pool]
    flows: pd.DataFrame
    activities: Mapping[str, Activity]

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
            ``direct`` (accounts), ``pools`` (name: accounts, department, capacity_minutes), ``flows`` (support pool: amounts of service by
            pool) and ``activities`` (name: pool, level, table, per, where, driver or minutes, share, negative).
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
        return [name for name in self.pools if name not in self.flows.index]

    def activities_of(self, pool: str) -> list[Activity]:
        """The activities that a pool pays for."""
        return [activity for activity in self.activities.values() if activity.pool == pool]

    def pool_of(self) -> dict[str, str]:
        """Pool by account."""
        return {account: pool.name for pool in self.pools.values() for account in pool.accounts}

    def describe(self) -> pd.DataFrame:
        """The model as a table, one row per activity.

        Returns
        -------
        DataFrame
            ``activity``, ``pool``, ``level``, ``counts`` (table and, in brackets, the rows chosen) and ``driver`` (a column, "rows",
            "orders" or a time equation in minutes).

        Examples
        --------
        >>> pick = {"pool": "warehouse", "level": "order", "table": "transactions", "per": "order", "minutes": "2 + 3*lines"}
        >>> CostModel.from_dict({"pools": {"warehouse": {"accounts": [6000]}}, "activities": {"pick": pick}}).describe()
          activity       pool  level               counts               driver
        0     pick  warehouse  order  transactions, orders  minutes: 2 + 3*lines
        """
        rows = []
        for activity in self.activities.values():
            chosen = "; ".join(f"{column}: {', '.join(map(str, values))}" for column, values in activity.where.items())
            counts = (activity.table or "") + (", orders" if activity.per == "order" else "") + (f" ({chosen})" if chosen else "")
            driver = activity.driver or "" if activity.minutes is None else f"minutes: {activity.minutes.text}"
            rows.append((activity.name, activity.pool, activity.level, counts, driver))
        return pd.DataFrame(rows, columns=["activity", "pool", "level", "counts", "driver"])

    def check(self, ledger: pd.DataFrame | None = None) -> pd.DataFrame:
        """What is allowed and yet worth a look.

        Parameters
        ----------
        ledger : DataFrame, optional
            Ledger lines; with it, accounts that are in no pool and not direct are listed with their amounts, and accounts of pools that
            it lacks with their pools.

        Returns
        -------
        DataFrame
            ``severity``, ``table``, ``rule``, ``amount``, ``advice``; empty if all is well.

        Examples
        --------
        >>> model = CostModel.from_dict({"pools": {"warehouse": {"accounts": ["6000"]}}})
        >>> model.check()["rule"].tolist()
        ['pool "warehouse" has no activity']
        """
        rows = []
        for name in self.operating:
            if not self.activities_of(name):
                rows.append(
                    (f'pool "{name}" has no activity', None, 'give it one (level = "business" keeps the cost with the business) or flows')
                )
        for activity in self.activities.values():
            if activity.level in ("order", "customer", "channel") and activity.table == "transactions" and activity.per == "line":
                spread = f'activity "{activity.name}" is of level {activity.level} and counts invoice lines'
                rows.append((spread, None, 'long orders get more than their part; per = "order" counts orders'))
        if ledger is not None:
            accounts = ledger["account"].astype(str)
            booked = set(accounts)
            for account, pool in self.pool_of().items():
                if account not in booked:
                    rule = f'pool "{pool}" names account {account}, which the ledger lacks'
                    rows.append((rule, None, "correct the number of the account, or leave it out: no cost comes from it"))
            stray = ~accounts.isin([*self.pool_of(), *self.direct])
            if "pool" in ledger:
                stray &= ~ledger["pool"].isin(list(self.pools))
            for account, amount in ledger.loc[stray, "amount"].groupby(accounts[stray]).sum().items():
                rows.append(
                    (
                        f"account {account} is in no pool and not direct",
                        amount,
                        "add it to a pool, or to direct if it is on the invoice lines",
                    )
                )
        issues = pd.DataFrame(rows, columns=["rule", "amount", "advice"]).assign(severity="warning", table="cost model")
        return issues[["severity", "table", "rule", "amount", "advice"]]
