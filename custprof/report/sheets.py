"""How are results of the profit stage laid out as sheets of the workbook?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["activity_costs", "best_first", "profit_sheets", "profits_by_period"]

#: Words in the names of activities of which a customer may get too much.
SERVICES = ("complaint", "special", "bonus", "promotion", "loyalty")


def profit_sheets(study, pnl: pd.DataFrame, by_period: pd.DataFrame, allocation) -> dict[str, pd.DataFrame]:
    """The sheets on views, map, leaks, drift and warning, as far as the study can answer.

    Parameters
    ----------
    study : Study
    pnl, by_period : DataFrame
        Results of `customer_pnl` by customer, and by customer and period.
    allocation : Allocation or None

    Returns
    -------
    dict of str to DataFrame
    """
    from custprof.decisions import leakage
    from custprof.profit import activity_columns, customers_only, drift_effects, early_warning, product_sales, quadrant, warning_obstacle

    services = [name for name in activity_columns(pnl) if any(word in name for word in SERVICES)]
    sheets = {"Views": _views(study, customers_only(pnl)), "Leakage": leakage(pnl, also=services)}
    if "cost_to_serve" in pnl:
        sheets["Margin map"] = quadrant(pnl).drop(columns=["usual_margin_rate", "usual_cost_rate"]).sort_values("profit", kind="stable")
    if len(by_period.index.unique("period")) > 1:
        products = None
        if not study.lacks("transactions.product_id", "transactions.quantity"):
            terms = {"by": study.period, "fiscal_start": study.fiscal_start, "decimals": study.decimals}
            products = product_sales(study.table("transactions"), **terms)
        rates = None if allocation is None else allocation.rates()
        sheets["Drift"] = drift_effects(by_period, products=products, rates=rates, decimals=study.decimals)
    if not warning_obstacle(by_period):
        sheets["Early warning"] = early_warning(by_period)
    return sheets


def profits_by_period(by_period: pd.DataFrame) -> pd.DataFrame:
    """Profit of customers x periods, from that by customer_id and period; empty where a customer has no line in a period."""
    profit = by_period["profit"].reset_index()
    return profit.pivot_table(index="customer_id", columns="period", values="profit", aggfunc="sum").rename_axis(columns=None)


def best_first(pnl: pd.DataFrame) -> pd.DataFrame:
    """The customers by profit, most first, then the rows that are no customer."""
    import pandas as pd

    from custprof.profit import customers_only

    customers = customers_only(pnl)
    return pd.concat([customers.sort_values("profit", ascending=False, kind="stable"), pnl.drop(customers.index)])


def activity_costs(costs: pd.DataFrame) -> pd.DataFrame:
    """By activity: cost to customers, then one column for each residual row."""
    import pandas as pd

    from custprof.costing import RESIDUALS
    from custprof.profit import total

    residual = [name for name in RESIDUALS if name in costs]
    customers = costs.drop(columns=residual).apply(total, axis="columns")
    split = pd.DataFrame({"to_customers": customers, **{name.strip("()"): costs[name] for name in residual}})
    return split.assign(total=split.apply(total, axis="columns")).rename_axis(index="activity", columns=None)


def _views(study, customers: pd.DataFrame) -> pd.DataFrame:
    """Profit of groups, one view below the other."""
    import pandas as pd

    from custprof.profit import profit_by, relationship

    people = study.frame("customers").set_index("customer_id") if "customers" in study.tables else None
    groups = [name for name in ("kind", "region", "account_manager") if not study.lacks(f"customers.{name}")]
    acquired = None if study.lacks("customers.acquired_on") else people["acquired_on"]
    new_since = study.end - (study.end - study.start) / 3
    stands = relationship(study.customer_facts(), new_since=new_since, acquired_on=acquired)
    views = {"relationship": stands, **{name: people[name] for name in groups}}
    return pd.concat({name: profit_by(customers, view) for name, view in views.items()}, names=["view", "group"])
