"""What do the ledger and the drivers say, line by line, in arrays?

Ledger lines become whole cents sorted by line, driver rows become one quantity for each period, activity and customer, sorted by these:
from here on the order of the rows, the type of the ids and repeated rows no longer matter. What cannot be used is refused; what can, but is
worth a look, becomes an issue.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import numpy as np
import pandas as pd

from custprof.study.engine import UNKNOWN_CUSTOMER

from .cells import NO_ACTIVITY, SUSTAINING, UNASSIGNED
from .cents import MOST_CENTS, to_cents
from .kinds import check_frame
from .model import CostModel
from .time_driven import UNUSED

__all__ = ["ALL", "Quantities", "read_lines", "read_quantities", "unknown_quantities"]

#: The period of a ledger without periods.
ALL = "all"


def read_lines(model: CostModel, ledger: pd.DataFrame, by_period: bool, decimals: int, issues: list) -> tuple[pd.DataFrame, list[str]]:
    """Ledger lines to allocate, sorted by line: period and pool as numbers, cents, avoidable cents; and the periods."""
    check_frame(ledger, "ledger", needs=["line_id", "account", "amount"], say="give the ledger of the study")
    lines = ledger.reset_index(drop=True)
    lines["account"] = lines["account"].astype("str").fillna("(no account)")
    lines["amount"] = _numbers(lines, "amount", "line_id", "ledger lines")
    several = lines["currency"].value_counts() if "currency" in lines else ()
    if len(several) > 1:
        said = ", ".join(f"{name} ({count:,} lines)" for name, count in several.head(3).items())
        raise ValueError(f"the ledger has amounts in {len(several)} currencies: {said}; convert them to one before allocating.")
    _refuse("line_id occurs again", lines["line_id"], lines["line_id"].duplicated().to_numpy(), "ledger lines")
    if np.abs(lines["amount"]).sum() * 10**decimals > MOST_CENTS:
        raise ValueError(f"the ledger's amounts sum to {np.abs(lines['amount']).sum():.4g}, too much to hold every cent; use larger units.")
    direct = lines["account"].isin(model.direct)
    allocated = lines.assign(pool=_pools(model, lines, direct, issues))[~direct]
    periods = [ALL]
    if "period" in lines:
        _refuse("the period is missing", lines["line_id"], lines["period"].isna().to_numpy(), "ledger lines")
        periods = sorted(lines["period"].astype("str").unique())
    number = {name: place for place, name in enumerate(model.pools)}
    cents = to_cents(allocated["amount"], decimals)
    result = pd.DataFrame(
        {
            "period": _codes(allocated["period"], periods) if by_period else 0,
            "pool": allocated["pool"].map(number).fillna(len(number)).astype("int64"),
            "line_id": allocated["line_id"],
            "account": allocated["account"],
            "cents": cents,
            "avoidable": np.rint(cents * _avoidable(model, allocated, issues)).astype("int64"),
        }
    )
    return result.sort_values("line_id", key=lambda ids: ids.astype("str"), ignore_index=True), periods


def _pools(model: CostModel, lines: pd.DataFrame, direct: pd.Series, issues: list) -> pd.Series:
    """The pool of each line: the one it names, else that of its account; missing where the model has none."""
    named = lines["pool"] if "pool" in lines else pd.Series(np.nan, index=lines.index, dtype="object")
    _issue(
        issues,
        lines,
        named.notna() & ~direct & ~named.isin(list(model.pools)),
        "lines name a pool that the cost model lacks",
        f"their cost is under {UNASSIGNED}; correct the names in the ledger, or add the pools",
    )
    _issue(
        issues,
        lines,
        named.notna() & direct,
        "lines of direct accounts name a pool",
        "they are left out; a cost that goes two ways is counted twice",
    )
    pool = lines["account"].map(model.pool_of()).astype("object").mask(named.notna(), named)
    for name, stray in lines[pool.isna() & ~direct].groupby("account"):
        advice = f'its cost is under {UNASSIGNED}, {NO_ACTIVITY}: add it to a pool, or to "direct" if it is on the invoice lines'
        issues.append(("warning", "ledger", f"account {name} is in no pool and not direct", stray["amount"].sum(), advice))
    return pool.where(pool.isin(list(model.pools)))


def _avoidable(model: CostModel, lines: pd.DataFrame, issues: list) -> np.ndarray:
    """The avoidable fraction of each line: its own, else that of its account in the model."""
    if "avoidable" not in lines and not model.avoidable:
        return np.zeros(len(lines))
    own = _fractions(lines["avoidable"]) if "avoidable" in lines else pd.Series(np.nan, index=lines.index)
    fraction = own.fillna(lines["account"].map(model.avoidable).astype("float64"))
    _refuse("avoidable is not a fraction from 0 to 1", lines["line_id"], ((fraction < 0) | (fraction > 1)).to_numpy(), "ledger lines")
    _issue(
        issues,
        lines,
        fraction.isna(),
        "avoidable is not known",
        "it is taken as not avoidable; say which part ends when the work ends (0 to 1)",
    )
    return fraction.fillna(0.0).to_numpy()


def _fractions(values: pd.Series) -> pd.Series:
    """A column as numbers; a text is no fraction, and becomes one below zero."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.mask(values.notna() & numbers.isna(), -1.0)


class Quantities:
    """Driver quantities as arrays sorted by period, activity and customer, one slice for each period and activity."""

    def __init__(self, customers: np.ndarray, customer: np.ndarray, quantity: np.ndarray, start: np.ndarray, activities: list[str]):
        self.customers, self.customer, self.quantity, self.start, self.activities = customers, customer, quantity, start, activities

    def slice(self, period: int, activity: int) -> slice:
        """Where the rows of a period and activity stand."""
        group = period * len(self.activities) + activity
        return slice(self.start[group], self.start[group + 1])


def read_quantities(model: CostModel, drivers: pd.DataFrame, periods: list[str] | None, issues: list) -> Quantities:
    """Read driver rows: one quantity for each period, activity and customer, whatever their order."""
    check_frame(drivers, "drivers", needs=["activity", "customer_id", "quantity"], say="give the result of driver_quantities")
    numeric = pd.api.types.is_numeric_dtype(drivers["quantity"])
    quantity = (drivers["quantity"] if numeric else _numbers(drivers, "quantity", "customer_id", "driver rows")).to_numpy("float64")
    activities = list(model.activities)
    activity = _codes(drivers["activity"], activities)
    if (activity < 0).any():
        unknown = pd.unique(drivers["activity"][activity < 0])
        raise ValueError(
            f"drivers name {len(unknown)} activities that the cost model lacks, first {list(unknown[:3])}; it has {', '.join(activities)}."
        )
    _refuse("the quantity is missing or infinite", drivers["customer_id"], ~np.isfinite(quantity), "driver rows")
    period = 0 if periods is None else _codes(drivers["period"], periods)
    kept = np.ones(len(drivers), dtype=bool) if periods is None else period >= 0
    if not kept.all():
        strange = sorted(drivers["period"].astype("str")[~kept].fillna("no period").unique())
        rule = f"{(~kept).sum():,} of {len(kept):,} driver rows are in periods that the ledger lacks ({', '.join(strange[:3])})"
        issues.append(
            ("warning", "drivers", rule, None, "they charge nothing; add the ledger lines of these periods, or shorten the tables")
        )
    issues += [("warning", "drivers", rule, None, advice) for rule, _, advice in unknown_quantities(model, drivers)]
    groups = len(activities) * (1 if periods is None else len(periods))
    group = (period * len(activities) + activity).astype(np.min_scalar_type(groups))
    del activity, period
    _refuse("the quantity is too large to split cents by", drivers["customer_id"], np.abs(quantity) > MOST_CENTS, "driver rows")
    customers, customer = _customers(drivers["customer_id"])
    if not kept.all():
        group, customer, quantity = group[kept], customer[kept], quantity[kept]
    quantities = Quantities(customers, *_gather(group, customer, quantity, groups), activities)
    _settle_negatives(model, quantities)
    return quantities


def unknown_quantities(model: CostModel, drivers: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Activities with rows on which their driver has no value: the rule, how many rows, and what to do."""
    found = []
    if "missing" in drivers:
        check_frame(drivers, "drivers", numbers=["missing"], say="give the result of driver_quantities")
    rows = drivers.groupby("activity", sort=True, observed=True)["missing"].sum() if "missing" in drivers else pd.Series(dtype="int64")
    for name, count in rows[rows > 0].items():
        minutes, driver = model.activities[name].minutes, model.activities[name].driver
        columns = ", ".join(minutes.columns) if minutes is not None else driver
        advice = f"they count as 0; fill {columns} where it is missing" if columns else "they count as 0; fill them where the work was done"
        if minutes is not None and "/" in minutes.text:
            advice += f', and see that "{minutes.text}" never divides by 0'
        found.append((f'the quantity of activity "{name}" is not known in {count:,} of its rows', int(count), advice))
    return found


def _settle_negatives(model: CostModel, quantities: Quantities) -> None:
    """Apply each activity's policy to customers whose quantities sum to less than zero."""
    if not (quantities.quantity < 0).any():
        return
    quantities.quantity = quantities.quantity.copy()
    refused = []
    for place in range(len(quantities.start) - 1):
        name = quantities.activities[place % len(quantities.activities)]
        part = slice(quantities.start[place], quantities.start[place + 1])
        quantity, policy = quantities.quantity[part], model.activities[name].negative
        negative = quantity < 0
        if policy == "refuse" and negative.any():
            who = quantities.customers[quantities.customer[part][negative]]
            refused.append(f'"{name}" for {len(who)} of {len(quantity)} customers, first {who[:3].tolist()}')
        elif policy != "net":
            quantity[negative] = -quantity[negative] if policy == "absolute" else 0.0
    if refused:
        raise ValueError(
            f"driver quantities are negative: {'; '.join(refused[:3])}. Name a policy in the activity: negative = net, absolute or zero."
        )


def _gather(group: np.ndarray, customer: np.ndarray, quantity: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers and quantities sorted by group and customer, the rows of a customer in a group added up; and where each group starts.

    Sorted rows are taken as they are. The others are brought group by group into place, so that little more than they are is held.
    """
    start = np.append(0, np.cumsum(np.bincount(group, minlength=groups)))
    if (group[1:] < group[:-1]).any():
        order = np.argsort(group, kind="stable")
        customer, quantity = customer[order], quantity[order]
        del order
    else:
        quantity = quantity.copy()
        if ((customer[1:] > customer[:-1]) | (group[1:] > group[:-1])).all():
            return customer, quantity, start
    end = 0
    for place, (first, last) in enumerate(pairwise(start.tolist())):
        order = np.argsort(customer[first:last])
        who, much = customer[first:last][order], quantity[first:last][order]
        again = who[1:] == who[:-1]
        if again.any():
            # Sums of floats depend on their order: bring the rows of a customer into one.
            several = np.append(again, False) | np.append(False, again)
            much[several] = much[several][np.lexsort((much[several], who[several]))]
            at = np.flatnonzero(np.append(True, ~again))
            who, much = who[at], np.add.reduceat(much, at)
        start[place], end = end, end + len(who)
        customer[start[place] : end], quantity[start[place] : end] = who, much
    start[-1] = end
    return customer[:end], quantity[:end], start


def _places(values: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """The place of each value in the distinct values, -1 where it is missing, and the distinct values; a categorical knows its own."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), values.cat.categories
    code, found = pd.factorize(values)
    return code, pd.Index(found)


def _codes(values: pd.Series, names: list[str]) -> np.ndarray:
    """Places of values in a list of names, -1 where it lacks them."""
    code, found = _places(values)
    place = pd.Index(names, dtype="str").get_indexer(found.astype("str"))
    return np.append(place, -1).astype("int32")[code]


def _customers(ids: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Customers as sorted text, and the place of each row's customer; a missing id is the unknown customer."""
    code, found = _places(ids)
    names = np.append(found.astype("str").to_numpy("object"), UNKNOWN_CUSTOMER)
    # Ids may be the same once they are text, and a categorical may know more of them than there are rows.
    used = np.full(len(names), not isinstance(ids.dtype, pd.CategoricalDtype))
    if not used[0]:
        used[code] = True
    used[-1] = True
    order = sorted(np.flatnonzero(used).tolist(), key=names.tolist().__getitem__)
    customers = names[order]
    new = np.append(True, customers[1:] != customers[:-1])
    place = np.zeros(len(names), dtype="int32")
    place[order] = np.cumsum(new) - 1
    customers = customers[new]
    reserved = [name for name in (UNUSED, UNASSIGNED, SUSTAINING) if customers[bisect_left(customers[:-1], name)] == name]
    if reserved:
        raise ValueError(f"customer_id is {', '.join(reserved)}, which names a residual row; rename these customers.")
    return customers, place[code]


def _numbers(frame: pd.DataFrame, column: str, ids: str, what: str) -> pd.Series:
    """A column as finite numbers, or a sentence saying which rows hold none."""
    values = pd.to_numeric(frame[column], errors="coerce").astype("float64")
    text = values.isna() & frame[column].notna()
    _refuse(f"the {column} is not a number", frame[ids], text.to_numpy(), what)
    _refuse(f"the {column} is missing or infinite", frame[ids], ~np.isfinite(values.to_numpy()), what)
    return values


def _refuse(rule: str, ids: pd.Series, bad: np.ndarray, what: str) -> None:
    if bad.any():
        raise ValueError(
            f"{rule} for {bad.sum()} of {len(bad)} {what}, first {ids[bad].head(3).tolist()}; correct or drop them before allocating."
        )


def _issue(issues: list, lines: pd.DataFrame, found: pd.Series, rule: str, advice: str) -> None:
    if found.any():
        issues.append(("warning", "ledger", f"{rule} ({found.sum():,} of {len(found):,} lines)", lines.loc[found, "amount"].sum(), advice))
