"""What do support departments cost the departments that serve customers?

Three methods on one table of who serves whom. Direct ignores service between support departments; step-down closes them one after
the other, so that its order changes the answer; reciprocal solves all of them at once, x = b + A'x, where b is the departments' own cost
and A the shares of service that support departments give each other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .kinds import as_numbers, check_kind

__all__ = ["METHODS", "allocate_support", "reciprocal_costs", "support_shares"]

METHODS = ("reciprocal", "direct", "step_down")

#: A share of service too small to carry cost out of a loop to the cent.
_NOTHING = 1e-9


def allocate_support(costs: pd.Series, usage: pd.DataFrame, *, method: str = "reciprocal", order: list | None = None) -> pd.DataFrame:
    """Allocate the cost of support departments to operating departments.

    Parameters
    ----------
    costs : Series
        Own cost by department, support and operating, in currency units (a credit is negative).
    usage : DataFrame, support departments x departments
        Amounts of service used, in any unit, one unit a row (rows are normalised); the use a department makes of itself may be included.
    method : {"reciprocal", "direct", "step_down"}
        Reciprocal is solved exactly; direct and step-down leave out a part of the service between support departments.
    order : list
        The order in which step-down closes the support departments, all of them.

    Returns
    -------
    DataFrame, operating departments
        ``direct`` (own cost), one column per support department with the cost it charges, ``total``. The totals sum to `costs`.

    Raises
    ------
    ValueError
        If a department has no cost or no use, an amount of service is negative or missing, the order is not complete, or support
        departments serve only each other (a closed loop).

    References
    ----------
    Kaplan, R. S. and Atkinson, A. A. (1998), Advanced Management Accounting, 3rd ed., Prentice Hall, chapter 3.

    Examples
    --------
    >>> costs = pd.Series({"Administration": 1200, "Maintenance": 2400, "Two-Day": 1500, "Next-Day": 4000})
    >>> usage = pd.DataFrame(
    ...     {"Administration": [0, 1], "Maintenance": [1, 0], "Two-Day": [1, 1], "Next-Day": [4, 3]},
    ...     index=["Administration", "Maintenance"],
    ... )
    >>> allocate_support(costs, usage)["total"].round(3).to_dict()
    {'Two-Day': 2327.586, 'Next-Day': 6772.414}
    >>> allocate_support(costs, usage, method="direct")["total"].to_dict()
    {'Two-Day': 2340.0, 'Next-Day': 6760.0}
    """
    costs, shares = _check(costs, usage)
    support, operating = list(shares.index), [name for name in costs.index if name not in shares.index]
    charges = _charges(costs, shares, operating, method, order)
    table = pd.DataFrame(charges.T, index=pd.Index(operating, name=costs.index.name), columns=support)
    table.insert(0, "direct", costs[operating])
    table["total"] = table.sum(axis="columns")
    return table


def reciprocal_costs(costs: pd.Series, usage: pd.DataFrame) -> pd.Series:
    """Own cost of every support department plus the service it gets from the others, to and fro.

    Parameters
    ----------
    costs, usage
        As for `allocate_support`.

    Returns
    -------
    Series
        Reciprocated cost by support department. The sum exceeds the own cost: cost that moves between the departments is counted at each
        stop.

    Examples
    --------
    >>> costs = pd.Series({"PM": 6_300_000, "IS": 1_452_150, "Products": 0})
    >>> usage = pd.DataFrame({"PM": [0, 0.1], "IS": [0.2, 0], "Products": [0.8, 0.9]}, index=["PM", "IS"])
    >>> reciprocal_costs(costs, usage).round(2).to_dict()
    {'PM': 6576750.0, 'IS': 2767500.0}
    """
    costs, shares = _check(costs, usage)
    solved = _solve(shares, np.diag(costs[shares.index]))
    return pd.Series(solved.sum(axis=0), index=shares.index, name="reciprocated_cost")


def support_shares(usage: pd.DataFrame, *, method: str = "reciprocal", order: list | None = None) -> pd.DataFrame:
    """Where every euro of a support department ends: shares by operating department, after all service between support departments.

    Parameters
    ----------
    usage, method, order
        As for `allocate_support`.

    Returns
    -------
    DataFrame, support departments x operating departments
        Shares; every row sums to 1.

    Examples
    --------
    >>> usage = pd.DataFrame({"it": [0, 1], "hr": [1, 0], "shop": [1, 1]}, index=["it", "hr"])
    >>> support_shares(usage)["shop"].tolist()
    [1.0, 1.0]
    """
    check_kind(usage, pd.DataFrame, "usage", say="give a frame, support departments x all departments")
    costs, shares = _check(pd.Series(0.0, index=usage.columns.union(usage.index, sort=False)), usage)
    operating = [name for name in costs.index if name not in shares.index]
    rows = []
    for name in shares.index:
        own = pd.Series((costs.index == name).astype(float), index=costs.index)
        rows.append(_charges(own, shares, operating, method, order).sum(axis=0))
    return pd.DataFrame(rows, index=shares.index, columns=operating)


def _check(costs: pd.Series, usage: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Costs as floats and usage as shares of each row over the same departments, or a sentence saying what is wrong."""
    check_kind(costs, pd.Series, "costs", say="give a Series by department")
    check_kind(usage, pd.DataFrame, "usage", say="give a frame, support departments x all departments")
    costs = pd.Series(as_numbers(costs, "costs"), index=costs.index)
    usage = pd.DataFrame(as_numbers(usage, "usage"), index=usage.index, columns=usage.columns)
    for what, names in (("costs", costs.index), ("rows of usage", usage.index), ("columns of usage", usage.columns)):
        if names.has_duplicates:
            raise ValueError(f"{what} name departments twice: {_names(names[names.duplicated()].unique())}; add them up first.")
    unknown = usage.index.union(usage.columns, sort=False).difference(costs.index, sort=False)
    if len(unknown):
        raise ValueError(
            f"usage names departments without a cost: {_names(unknown)}; add them to costs, with 0 if they have none of their own."
        )
    wrong = costs.index[~np.isfinite(costs)]
    if len(wrong):
        raise ValueError(f"the cost is missing or infinite for {_names(wrong)}; give 0 if there is none.")
    bad = usage.index[(usage.isna() | (usage < 0) | np.isinf(usage)).any(axis="columns")]
    if len(bad):
        raise ValueError(
            f"amounts of service are negative, missing or infinite in the row of {_names(bad)}; give 0 where no service is used."
        )
    idle = usage.index[usage.sum(axis="columns") == 0]
    if len(idle):
        raise ValueError(f"nobody uses {_names(idle)}; say who does, or make it an operating department.")
    shares = usage.div(usage.sum(axis="columns"), axis="index").reindex(columns=costs.index, fill_value=0.0)
    trapped = _trapped(shares)
    if trapped:
        raise ValueError(
            f"support departments serve only each other: {_names(trapped)}; let at least one of them serve an operating department."
        )
    return costs, shares


def _trapped(shares: pd.DataFrame) -> list:
    """Support departments from which no service ever reaches an operating department."""
    operating = [name for name in shares.columns if name not in shares.index]
    reached, growing = shares[operating].sum(axis="columns") > _NOTHING, True
    while growing:
        onward = reached | (shares[shares.index[reached]] > _NOTHING).any(axis="columns")
        growing, reached = bool((onward != reached).any()), onward
    return list(shares.index[~reached])


def _charges(costs: pd.Series, shares: pd.DataFrame, operating: list, method: str, order: list | None) -> np.ndarray:
    """Cost that each support department (row) charges each operating department (column)."""
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; choose one of {', '.join(METHODS)}.")
    if method == "step_down":
        return _step_down(costs, shares, operating, order)
    if order is not None:
        raise ValueError(f'order belongs to method "step_down"; method "{method}" has none.')
    out, own = shares[operating].to_numpy(), costs[shares.index].to_numpy()
    if method == "direct":
        _refuse_idle(shares.index[out.sum(axis=1) == 0])
        return out / out.sum(axis=1, keepdims=True) * own[:, None]
    return _solve(shares, np.diag(own)).sum(axis=0)[:, None] * out


def _solve(shares: pd.DataFrame, own: np.ndarray) -> np.ndarray:
    """Reciprocated cost, one row per origin: X (I - A) = own, solved and not iterated."""
    between = shares[shares.index].to_numpy()
    return np.linalg.solve((np.eye(len(between)) - between).T, own.T).T


def _step_down(costs: pd.Series, shares: pd.DataFrame, operating: list, order: list | None) -> np.ndarray:
    if order is None or sorted(map(str, order)) != sorted(map(str, shares.index)):
        raise ValueError(
            f"step-down needs the order in which to close all support departments, {_names(shares.index)}; order is {order!r}."
        )
    pending, charges = costs.copy(), pd.DataFrame(0.0, index=shares.index, columns=operating)
    for place, name in enumerate(order):
        open_ = [*order[place + 1 :], *operating]
        given = shares.loc[name, open_]
        if given.sum() == 0:
            _refuse_idle([name])
        spread = given / given.sum() * pending[name]
        pending[open_] += spread
        charges.loc[name] = spread[operating]
    return charges.to_numpy()


def _refuse_idle(names) -> None:
    if len(names):
        raise ValueError(
            f"this method leaves nobody to charge for {_names(names)}, which serve support departments only; use method reciprocal."
        )


def _names(names) -> str:
    return ", ".join(str(name) for name in names)
