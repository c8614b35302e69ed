"""What is wrong with a cost model's file?

The content of the TOML file is read once and every problem is gathered, so that they can be mended in one go: unknown names (with the
likely one), accounts in two pools, shares that do not sum to 1, closed loops of support pools, time equations that are not arithmetic.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Mapping

from custprof.study.coverage import MONTHS

from .activities import LEVELS, NEGATIVE, ORDER_NUMBERS, TABLES, YES_NO, Activity, Flows, Pool
from .equations import TimeEquation, TimeEquationError, read_equation
from .support import support_shares

__all__ = ["CostModelError", "ModelReading"]

_KEYS = {
    "model": ("name", "direct", "avoidable", "pools", "statistics", "flows", "activities"),
    "pool": ("accounts", "department", "capacity_minutes", "capacity_per"),
    "activity": ("pool", "level", "table", "per", "where", "driver", "minutes", "share", "rate", "avoidable", "negative"),
}
_MAY_BE = {
    "texts": lambda value: isinstance(value, (str, int)) and not isinstance(value, bool),
    "true or false": lambda value: value in (False, True),
    "numbers": lambda value: _is_number(value),
}


class CostModelError(ValueError):
    """A cost model that cannot be used; ``problems`` lists everything that is wrong with it."""

    def __init__(self, name: str, problems: list[str]):
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"cost model {name} has {count}:\n" + "\n".join(f"- {problem}" for problem in problems))


class ModelReading:
    """One pass over a model's content that gathers problems instead of stopping at the first."""

    def __init__(self):
        self.problems: list[str] = []

    def model(self, content: Mapping, name: str) -> dict:
        """The attributes of a `CostModel` from the content of its file."""
        if not isinstance(content, Mapping):
            raise TypeError(f"a cost model is a mapping with pools and activities, not a {type(content).__name__}.")
        self._keys("the model", content, "model")
        direct = self._accounts("direct", content.get("direct", []))
        pools = {key: self._pool(key, value) for key, value in self._section(content, "pools").items()}
        if not pools:
            self.problems.append("there is no pool; gather ledger accounts under [pools.<name>]")
        flows = self._flows(self._section(content, "flows"), self._section(content, "statistics"), pools)
        avoidable = self._avoidable(content.get("avoidable", {}), direct, pools)
        activities = {key: self._activity(key, value, pools, flows) for key, value in self._section(content, "activities").items()}
        self._accounts_once(direct, pools)
        for pool in pools.values():
            self._shares(pool, [activity for activity in activities.values() if activity.pool == pool.name])
        return {
            "name": str(content.get("name", name)),
            "direct": direct,
            "pools": pools,
            "flows": flows,
            "activities": activities,
            "avoidable": avoidable,
            "content": content,
        }

    def _section(self, content: Mapping, key: str) -> dict[str, Mapping]:
        section = content.get(key, {})
        wrong = (
            [section] if not isinstance(section, Mapping) else [name for name, value in section.items() if not isinstance(value, Mapping)]
        )
        if wrong:
            self.problems.append(f"{key} is to hold one table for each name, [{key}.<name>], not {wrong[0]!r}")
            return {}
        for name in section:
            if str(name).startswith("("):
                self.problems.append(f"{key}: the name {name!r} begins with a parenthesis, as residual rows do; choose another")
        return dict(section)

    def _keys(self, where: str, content: Mapping, kind: str) -> None:
        for key in content:
            if key not in _KEYS[kind]:
                self.problems.append(f"{where} has an unknown entry {key!r}" + _did_you_mean(key, _KEYS[kind]))

    def _one_of(self, where: str, key: str, value, choices) -> None:
        if value not in list(choices):
            self.problems.append(f"{where}: {key} is {value!r}" + _did_you_mean(value, choices))

    def _accounts(self, where: str, accounts) -> tuple[str, ...]:
        if not isinstance(accounts, (list, tuple)) or not all(isinstance(a, (str, int)) and not isinstance(a, bool) for a in accounts):
            self.problems.append(f'{where}: accounts are a list such as ["6000", "6010"], not {accounts!r}')
            return ()
        return tuple(str(account) for account in accounts)

    def _pool(self, name: str, content: Mapping) -> Pool:
        where = f'pool "{name}"'
        self._keys(where, content, "pool")
        capacity = content.get("capacity_minutes")
        for minutes in capacity.values() if isinstance(capacity, Mapping) else [] if capacity is None else [capacity]:
            if not _is_number(minutes) or minutes <= 0:
                self.problems.append(
                    f"{where}: capacity_minutes is {minutes!r}; give minutes of a period, more than 0, or a table of minutes by period"
                )
        if isinstance(capacity, Mapping):
            capacity = {str(period): minutes for period, minutes in capacity.items()}
        per = content.get("capacity_per")
        if per is not None:
            self._one_of(where, "capacity_per", per, MONTHS)
        if per is not None and capacity is None:
            self.problems.append(f"{where} has capacity_per and no capacity_minutes; give the minutes of a whole {per}")
        department = None if content.get("department") is None else str(content["department"])
        return Pool(name, self._accounts(where, content.get("accounts", [])), department, capacity, per)

    def _avoidable(self, content, direct: tuple[str, ...], pools: Mapping[str, Pool]) -> dict[str, float]:
        """Avoidable share by account."""
        if not isinstance(content, Mapping):
            self.problems.append(f'avoidable is a table of fractions by account, such as {{ "6000" = 1.0 }}, not {content!r}')
            return {}
        known = {account for pool in pools.values() for account in pool.accounts}
        for account, share in content.items():
            if str(account) not in known:
                why = "which is direct" if str(account) in direct else "which is in no pool"
                self.problems.append(f"avoidable names account {account}, {why}; leave it out, or give the account to a pool")
            self._fraction(f"avoidable: account {account}", share)
        return {str(account): share for account, share in content.items()}

    def _fraction(self, where: str, share) -> None:
        if share is not None and (not _is_number(share) or not 0 <= share <= 1):
            self.problems.append(f"{where} is {share!r}; give a fraction from 0 to 1")

    def _flows(self, content: Mapping[str, Mapping], statistics: Mapping[str, Mapping], pools: Mapping[str, Pool]) -> Flows:
        """Who serves whom: amounts of service as they stand, or those of a statistic that a flow names as its driver."""
        found = len(self.problems)
        for name, amounts in statistics.items():
            self._amounts(f"statistic {name!r}", amounts, pools)
        served = {}
        for support, amounts in content.items():
            where = f'flows of "{support}"'
            self._one_of(where, "a pool", support, pools)
            if "driver" in amounts:
                if not statistics:
                    self.problems.append(f"{where}: driver is {amounts['driver']!r}, there is no [statistics.<name>]")
                else:
                    self._one_of(where, "driver", amounts["driver"], list(statistics))
                if len(amounts) > 1:
                    self.problems.append(f"{where}: give either a driver or amounts of service, not both")
                # A statistic counts every department; what the support pool has of it itself is no service to anyone.
                chosen = statistics.get(str(amounts["driver"]), {})
                amounts = {name: amount for name, amount in chosen.items() if name != support}
            else:
                self._amounts(where, amounts, pools)
            served[support] = amounts
            if support in pools and pools[support].capacity_minutes is not None:
                self.problems.append(f"{where}: a support pool cannot be time-driven; leave out its capacity_minutes or its flows")
        sound = found == len(self.problems)
        flows = Flows(served if sound else {name: {} for name in served}, tuple(pools))
        for period in (flows.periods or [None]) if sound else []:
            try:
                support_shares(flows.usage([period] if period else []))
            except ValueError as error:
                self.problems.append(f"flows{f' in {period}' if period else ''}: {error}")
        return flows

    def _amounts(self, where: str, amounts: Mapping, pools: Mapping[str, Pool]) -> None:
        for name, amount in amounts.items():
            self._one_of(where, "a pool", name, pools)
            for value in amount.values() if isinstance(amount, Mapping) else [amount]:
                if not _is_number(value) or value < 0:
                    self.problems.append(f'{where}: the service to "{name}" is {value!r}; give an amount of service, 0 or more')

    def _activity(self, name: str, content: Mapping, pools: Mapping[str, Pool], flows: Flows) -> Activity:
        where = f'activity "{name}"'
        self._keys(where, content, "activity")
        pool, table, driver = (self._name(where, key, content.get(key)) for key in ("pool", "table", "driver"))
        level, negative, share = content.get("level", "customer"), content.get("negative", "refuse"), content.get("share")
        per = content.get("per", "order" if driver == "orders" else "line")
        if pool is not None or "pool" not in content:
            self._one_of(where, "pool", pool, pools)
        self._one_of(where, "level", level, LEVELS)
        self._one_of(where, "negative", negative, NEGATIVE)
        self._one_of(where, "per", per, ("line", "order"))
        if pool in flows.served:
            self.problems.append(
                f'{where}: pool "{pool}" is a support pool, all of its cost goes through its flows; choose an operating pool'
            )
        rate, avoidable = content.get("rate"), content.get("avoidable")
        self._fraction(f"{where}: share", share)
        self._fraction(f"{where}: avoidable", avoidable)
        if rate is not None and (not _is_number(rate) or rate < 0):
            self.problems.append(f"{where}: rate is {rate!r}; give the standard cost of one unit of the driver, 0 or more")
        if per == "order" and table is not None and table != "transactions":
            self.problems.append(f'{where}: per = "order" belongs to table = "transactions", not {table!r}')
        minutes, driven = None, content.get("driver") is not None or "minutes" in content
        if content.get("driver") is not None and "minutes" in content:
            self.problems.append(f"{where}: give either minutes or driver, not both")
        if driven and table is not None:
            self._one_of(where, "table", table, TABLES)
        numbers = _numbers(table, per)
        if "minutes" in content:
            minutes = self._equation(where, content["minutes"], numbers)
        if driver is not None and numbers is not None:
            self._one_of(where, "driver", driver, ("rows", *(["orders"] if table == "transactions" else []), *numbers))
        if not driven and (level != "business" or table is not None or rate is not None):
            self.problems.append(f"{where}: give minutes (a time equation) or a driver (rows, orders or a column)")
        timed = pool in pools and pools[pool].capacity_minutes is not None
        if timed and "minutes" not in content:
            self.problems.append(
                f'{where}: pool "{pool}" has capacity_minutes, so give minutes (a time equation); minutes = 8 is 8 for every row'
            )
        if timed and share is not None:
            self.problems.append(f'{where}: pool "{pool}" has capacity_minutes, which decide; leave out share')
        chosen = self._where(where, content, table)
        return Activity(name, str(pool), level, table, per, chosen, driver, minutes, share, rate, avoidable, negative)

    def _name(self, where: str, key: str, value) -> str | None:
        """A name as it stands in the file; what is none is a problem, and then left out."""
        if value is None or isinstance(value, str):
            return value
        self.problems.append(f"{where}: {key} is {value!r}; give one name, as text")
        return None

    def _equation(self, where: str, text, numbers) -> TimeEquation | None:
        try:
            return read_equation(text, numbers)
        except (TimeEquationError, TypeError) as error:
            self.problems.append(f"{where}: minutes: {error}")
            return None

    def _where(self, place: str, content: Mapping, table: str | None) -> dict[str, tuple]:
        where = content.get("where", {})
        if not isinstance(where, Mapping):
            self.problems.append(f'{place}: where is a table such as {{ activity = ["call", "email"] }}, not {where!r}')
            return {}
        chosen = {column: tuple(value) if isinstance(value, (list, tuple)) else (value,) for column, value in where.items()}
        if table not in TABLES:
            return chosen
        _, numbers, texts = TABLES[table]
        for column, values in chosen.items():
            self._one_of(place, "where", column, (*texts, *numbers))
            kind = "texts" if column in texts else "true or false" if column in YES_NO else "numbers"
            wrong = [value for value in values if not _MAY_BE[kind](value)]
            if wrong:
                self.problems.append(f"{place}: where: {column} is {wrong[0]!r}; give {kind}")
        typed = {**dict.fromkeys(texts, str), **dict.fromkeys(YES_NO, bool)}
        return {column: tuple(map(typed.get(column, float), values)) for column, values in chosen.items()} if not self.problems else {}

    def _accounts_once(self, direct: tuple[str, ...], pools: Mapping[str, Pool]) -> None:
        holders: dict[str, list[str]] = {}
        for holder, accounts in [("direct", direct), *((f'pool "{pool.name}"', pool.accounts) for pool in pools.values())]:
            for account in accounts:
                holders.setdefault(account, []).append(holder)
        for account, names in holders.items():
            if len(names) > 1:
                self.problems.append(f"account {account} is in {' and in '.join(names)}; a cost that goes two ways is counted twice")

    def _shares(self, pool: Pool, activities: list[Activity]) -> None:
        if pool.capacity_minutes is not None or not activities:
            return
        shares = [activity.share for activity in activities]
        if all(share is None and activity.minutes is not None for share, activity in zip(shares, activities, strict=True)):
            return  # by the minutes of each
        if len(activities) > 1 and None in shares:
            without = ", ".join(activity.name for activity in activities if activity.share is None)
            rule = f'pool "{pool.name}" has {len(activities)} activities: give each its share (missing: {without})'
            self.problems.append(f"{rule}, or the pool capacity_minutes")
        elif all(_is_number(share) for share in shares) and not math.isclose(sum(shares), 1, abs_tol=1e-9):
            self.problems.append(f'pool "{pool.name}": the shares of its activities sum to {sum(shares):g}, not to 1')


def _numbers(table: str | None, per: str) -> tuple[str, ...] | None:
    """Columns to count with; None where the driver quantities come from elsewhere than the study's tables."""
    if table not in TABLES:
        return None
    return ORDER_NUMBERS if per == "order" else TABLES[table][1]


def _is_number(value) -> bool:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return abs(int(value)) < 2**1000
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _did_you_mean(value, choices) -> str:
    close = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; choose one of {', '.join(str(choice) for choice in choices)}"
