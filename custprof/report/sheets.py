"""Which sheets has the workbook, and how are results of the profit stage laid out as such?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHEETS", "activity_costs", "best_first", "profit_sheets", "profits_by_period"]

#: The sheets in their order, and what stands below their names.
SHEETS = {
    "Key figures": "The study in a dozen numbers.",
    "Ladder": "From list revenue to profit, all customers and the cost that no customer caused.",
    "Customer P&L": "Profit and loss of every customer, best first, then the rows that are no customer.",
    "Whale curve": "Customers by profit, best first, with the running total.",
    "Views": "Profit by kind of customer, region and account manager, by regular, new and potential customers.",
    "Margin map": "Margin against cost to serve of every customer, its cell, and what to do there.",
    "Leakage": "Discounts, returns, terms and services far beyond those of peers of equal volume, most money first.",
    "Profit by period": "Profit of every customer in every period.",
    "Drift": "Why the profit of every customer changed: effects that add up to the cent.",
    "Early warning": "Profitable customers by the probability of a loss in the next period, with the reasons.",
    "Recommendations": "Keep, repair or part: from full and avoidable profit, with the reason.",
    "Repair": "Customers to repair or to part with: the rise in price to break even, up to a tenth, and what remains to a fee or effort.",
    "Call again": "Customers who left or fell silent: what is at stake, and what a contact may cost if one in twenty comes back.",
    "Referrals": "Who referred others: their value, which is the referred customers' own as well, beside the referrer's.",
    "Indirect benefits": "Case studies, features and names by customer, as they were estimated; never part of the profit.",
    "Segments": "Segments of customers by level and make-up of their profit, ordered by mean profit.",
    "Lifetime value": "What every customer will bring in the next five years, after the cost to serve, discounted at 10 % a year.",
    "Campaigns": "Cost and profit so far of the customers that every campaign won, with intervals.",
    "Budget": "A tenth more customers than a usual year, from channels that pay, none for a quarter more than it has shown.",
    "Room for customers": "Whether the customers of the budget can be served with today's capacity, the scarcest department first.",
    "Leads": "Open leads by what a contact is worth: chance, times what customers like them earn, less the contact.",
    "Leads to prune": "Contact time that went to leads worth less than it, and what not contacting them would have brought.",
    "Activity cost": "Cost of every activity, and where it went: customers, nobody known, unused capacity.",
    "Balance": "What goes into and out of every pool and activity; the remainder is zero.",
    "Rates": "What one unit of every driver costs.",
    "Capacity": "Minutes paid for and minutes used.",
    "Ties": "Ledger accounts against what the tables say; differences are shown, never forced.",
    "Reconciliation": "Rows and money read = used + set aside.",
    "Issues": "What the check of the tables found, and what to do about it.",
}
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
    from custprof.study import period_coverage

    services = [name for name in activity_columns(pnl) if any(word in name for word in SERVICES)]
    sheets = {"Views": _views(study, customers_only(pnl)), "Leakage": leakage(pnl, also=services)}
    if "cost_to_serve" in pnl:
        sheets["Margin map"] = quadrant(pnl).drop(columns=["usual_margin_rate", "usual_cost_rate"]).sort_values("profit", kind="stable")
    covered = period_coverage(study)
    by_period = by_period.drop(index=covered.index[~covered["compared"]], level="period", errors="ignore")
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
