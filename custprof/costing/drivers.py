"""How much of each activity did every customer use?

The rows of a study's tables (invoice lines, orders, events, ...) become driver quantities: one row per activity, customer and period. The
work is done by the engine that holds the tables, in one scan for each table and grain. Quantities are summed as whole millionths, so that
no order of the rows changes them.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from custprof.study.engine import UNKNOWN_CUSTOMER, collect, customer_key, nearest, period_label
from custprof.study.gathering import collect_by

from .activities import TABLES, Activity
from .kinds import check_kind, check_study
from .model import CostModel

__all__ = ["driver_quantities", "driver_rows", "lacking_columns"]

_MILLIONTHS = 10**6
#: A row that counts more is not known: sums of whole millionths must not overflow.
_LARGEST = 1e11


def driver_quantities(model: CostModel, study) -> pd.DataFrame:
    """Driver quantities of a cost model from the tables of a study.

    Parameters
    ----------
    model : CostModel
    study : Study
        Or anything with ``table(name)`` (a Narwhals LazyFrame), ``lacks(*needs)``, ``period`` and ``fiscal_start``.

    Returns
    -------
    DataFrame
        ``activity``, ``customer_id`` ("(unknown customer)" where there is none), ``period``, ``quantity`` (minutes, rows, orders or the
        driver's own unit) and ``missing`` (rows whose quantity is not known, for example events without minutes), sorted by the first
        three, which are categoricals. Activities of tables that the study lacks have no rows: `allocate` keeps their cost as "(unassigned)"
        and says so.

    Raises
    ------
    ValueError
        If an activity uses a column that its table lacks.
    """
    check_kind(model, CostModel, "model", say="make it with CostModel.read or CostModel.from_dict")
    check_study(study)
    _refuse_lacking(lacking_columns(model, study))
    scans: dict[tuple, list[Activity]] = {}
    for activity in _counted(model, study):
        chosen = tuple(sorted(activity.where.items())) if activity.per == "order" else ()
        scans.setdefault((activity.table, activity.per, chosen), []).append(activity)
    frames = [(activities, _scan(activities, study)) for activities in scans.values()]
    kinds = _kinds(frames)
    parts = [pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})]
    for activities, frame in frames:
        wide = frame.astype({key: kinds[key] for key in ("customer_id", "period")})
        parts += [_tidy(wide, place, activity.name).astype(kinds) for place, activity in enumerate(activities)]
    return pd.concat(parts).sort_values(["activity", "customer_id", "period"], ignore_index=True)


def driver_rows(model: CostModel, study, activity: str, *, customer_id: str | None = None, n: int = 10) -> pd.DataFrame:
    """The rows behind a driver quantity: the largest pieces of work that an activity counts.

    Parameters
    ----------
    model : CostModel
    study : Study
    activity : str
        An activity that counts rows of one of the study's tables.
    customer_id : str, optional
        Only the rows of this customer.
    n : int
        How many rows.

    Returns
    -------
    DataFrame
        The columns that the activity uses, with customer, date and (for orders) ``order_id``, and ``quantity``, largest first, ties by
        customer and date.

    Raises
    ------
    ValueError
        If there is no such activity, or the study lacks what it counts.

    Examples
    --------
    >>> from custprof.datasets import load_demo
    >>> study = load_demo()
    >>> model = CostModel.read(study.cost_model)
    >>> driver_rows(model, study, "pick and pack", n=1).columns.tolist()
    ['customer_id', 'order_id', 'date', 'is_return', 'lines', 'quantity']
    """
    counted = {activity.name: activity for activity in _counted(model, study)}
    if activity not in counted:
        raise ValueError(f"activity {activity!r} counts no rows of this study; choose one of {', '.join(counted) or 'none'}.")
    chosen = counted[activity]
    _refuse_lacking([each for each in lacking_columns(model, study) if each[1] == activity])
    rows = _rows(chosen, study, "first_order" in _columns(chosen))
    rows = rows.with_columns(customer_key(), _quantity(chosen).alias("_quantity"))
    if chosen.per == "line":
        rows = _chosen(rows, chosen)
    if customer_id is not None:
        rows = rows.filter(nw.col("customer_id") == customer_id)
    names = ["customer_id", *(["order_id"] if chosen.per == "order" else []), TABLES[chosen.table][0]]
    names += [column for column in _columns(chosen) if column not in names]
    best = rows.sort("_quantity", *names, descending=[True] + [False] * len(names), nulls_last=True).head(n)
    frame = collect(best.select(*(nw.col(name) for name in names), "_quantity"))
    return frame.drop(columns="quantity", errors="ignore").rename(columns={"_quantity": "quantity"})


def lacking_columns(model: CostModel, study) -> list[tuple[str, str, list[str]]]:
    """Columns that activities use and their tables lack: table, activity, columns."""
    known = {table: [*_known(study.table(table)), "is_return"] for table in dict.fromkeys(a.table for a in _counted(model, study))}
    lacking = []
    for activity in _counted(model, study):
        made = ("lines", "first_order") if activity.per == "order" else ()
        columns = [column for column in dict.fromkeys(_columns(activity)) if column not in (*known[activity.table], *made)]
        if columns:
            lacking.append((activity.table, activity.name, columns))
    return lacking


def _counted(model: CostModel, study) -> list[Activity]:
    """The activities whose tables the study has."""
    return [activity for activity in model.activities.values() if activity.table is not None and not study.lacks(activity.table)]


def _known(rows: nw.LazyFrame) -> list[str]:
    return rows.collect_schema().names()


def _scan(activities: list[Activity], study) -> pd.DataFrame:
    """Sums of several activities by customer and period in one pass over a table: a column for each."""
    rows = _rows(activities[0], study, any("first_order" in _columns(activity) for activity in activities))
    rows = rows.with_columns(
        customer_key(),
        period_label(TABLES[activities[0].table][0], study.period, study.fiscal_start).alias("period"),
        *(_quantity(activity).alias(f"q{i}") for i, activity in enumerate(activities)),
        *(_counts(activity).alias(f"w{i}") for i, activity in enumerate(activities)),
    )
    whole, names = [], [f"{kind}{i}" for i in range(len(activities)) for kind in "qw"]
    for i in range(len(activities)):
        counted, value = nw.col(f"w{i}"), nw.col(f"q{i}")
        whole.append(nearest(nw.when(counted).then(value * _MILLIONTHS).fill_null(0.0)).alias(f"q{i}"))
        whole.append((counted & value.is_null()).cast(nw.Int64).alias(f"w{i}"))
    rows = rows.select("customer_id", "period", *whole)
    sums = rows.group_by("customer_id", "period").agg(*(nw.col(name).sum() for name in names))
    found = collect_by(sums.with_columns(nw.col(name).cast(nw.Int64) for name in names), ["customer_id", "period"])
    keys = zip(found.index.names, found.index.codes, found.index.levels, strict=True)
    return found.reset_index(drop=True).assign(**{key: pd.Categorical.from_codes(codes, level) for key, codes, level in keys})


def _rows(activity: Activity, study, first: bool) -> nw.LazyFrame:
    """What an activity counts: the rows of its table, or the orders of the rows it chooses."""
    rows = study.table(activity.table)
    known = _known(rows)
    if activity.table == "transactions" and "is_return" not in known:
        rows, known = rows.with_columns((nw.col("revenue") < 0).alias("is_return")), [*known, "is_return"]
    return _orders(_chosen(rows, activity), known, first) if activity.per == "order" else rows


def _kinds(frames: list[tuple[list[Activity], pd.DataFrame]]) -> dict:
    """Types of the columns of driver quantities: text in every row would be most of their memory, and slow to sort."""
    names = {"activity": {activity.name for activities, _ in frames for activity in activities}}
    names |= {key: set().union(*(frame[key].cat.categories for _, frame in frames)) for key in ("customer_id", "period")}
    kinds = {key: pd.CategoricalDtype(pd.Index(sorted(values), dtype="str")) for key, values in names.items()}
    return kinds | {"quantity": "float64", "missing": "int64"}


def _tidy(wide: pd.DataFrame, place: int, activity: str) -> pd.DataFrame:
    """One activity's columns as rows, those of customers who used it."""
    part = wide[(wide[f"q{place}"] != 0) | (wide[f"w{place}"] != 0)]
    return pd.DataFrame(
        {
            "activity": pd.Series(activity, index=part.index, dtype="category"),
            "customer_id": part["customer_id"],
            "period": part["period"],
            "quantity": part[f"q{place}"] / _MILLIONTHS,
            "missing": part[f"w{place}"],
        }
    )


def _orders(lines: nw.LazyFrame, known: list[str], first: bool) -> nw.LazyFrame:
    """One row per order of a customer, with what is known of the whole order; its date is that of its first line."""
    quantity = nw.col("quantity") if "quantity" in known else nw.lit(None, nw.Float64)
    lines = lines.select(
        customer_key(),
        nw.col("order_id"),
        nw.col("date"),
        quantity.cast(nw.Float64).alias("quantity"),
        nw.col("revenue").cast(nw.Float64),
        nw.col("is_return").cast(nw.Int64),
    )
    orders = lines.group_by("customer_id", "order_id").agg(
        nw.col("date").min(), nw.len().alias("lines"), nw.col("quantity").sum(), nw.col("revenue").sum(), nw.col("is_return").max()
    )
    if not first:
        return orders
    # The first order of a customer: of those on the first day, the one whose number sorts first.
    day = orders.group_by("customer_id").agg(nw.col("date").min().alias("first_date"))
    on_day = orders.join(day, on="customer_id").filter(nw.col("date") == nw.col("first_date"))
    number = on_day.group_by("customer_id").agg(nw.col("order_id").min().alias("first_order"))
    known_customer = nw.col("customer_id") != UNKNOWN_CUSTOMER
    is_first = ((nw.col("order_id") == nw.col("first_order")) & known_customer).cast(nw.Int64)
    return orders.join(number, on="customer_id", how="left").with_columns(is_first.alias("first_order"))


def _chosen(rows: nw.LazyFrame, activity: Activity) -> nw.LazyFrame:
    for column, values in activity.where.items():
        rows = rows.filter(nw.col(column).is_in(list(values)))
    return rows


def _counts(activity: Activity) -> nw.Expr:
    """Whether a row counts for the activity (orders are chosen before they are summed)."""
    counted = nw.lit(True)
    if activity.per == "line":
        for column, values in activity.where.items():
            counted = counted & nw.col(column).is_in(list(values)).fill_null(False)
    return counted


def _quantity(activity: Activity) -> nw.Expr:
    if activity.minutes is not None:
        return activity.minutes.expression()
    if activity.driver in ("rows", "orders"):
        return nw.lit(1.0)
    value = nw.col(activity.driver).cast(nw.Float64)
    return nw.when(value.abs() <= _LARGEST).then(value)


def _columns(activity: Activity) -> tuple[str, ...]:
    """Columns that an activity uses, beside customer, order and date."""
    counted = (
        activity.minutes.columns if activity.minutes is not None else () if activity.driver in ("rows", "orders") else (activity.driver,)
    )
    return (*counted, *activity.where)


def _refuse_lacking(lacking: list[tuple[str, str, list[str]]]) -> None:
    if lacking:
        by_table: dict[str, list[str]] = {}
        for table, activity, columns in lacking:
            by_table.setdefault(table, []).append(f'"{activity}" uses {", ".join(columns)}')
        said = "; ".join(f"that {table} lacks: {'; '.join(uses)}" for table, uses in by_table.items())
        raise ValueError(f"activities use columns {said}. Add them to the table, or change the cost model.")
