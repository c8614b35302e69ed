"""Which files make the simulated tables a study: its settings, its cost model, and the truth to compare results with?"""

from __future__ import annotations

import pandas as pd

from custprof.datasets.books import ACCOUNTS, MINUTES
from custprof.datasets.market import EVENTS, LIFE, SPEND, TYPES, Market
from custprof.datasets.service import CREDIT_RATE, WRITE_OFF_DAYS

__all__ = ["costs_toml", "study_toml", "truth_tables"]


def study_toml(name: str) -> str:
    """The settings of the study, with comments for newcomers.

    Examples
    --------
    >>> import tomllib
    >>> tomllib.loads(study_toml("Demo company"))["study"]["currency"]
    'EUR'
    """
    return _STUDY.format(name=name, rate=CREDIT_RATE, write_off=WRITE_OFF_DAYS)


def costs_toml(name: str, capacity: dict[str, int]) -> str:
    """The cost model of the study; its time equations are the true ones.

    Examples
    --------
    >>> import tomllib
    >>> pools = ["warehouse", "order_desk", "customer_service", "field_sales"]
    >>> tomllib.loads(costs_toml("Demo company", dict.fromkeys(pools, 1000)))["activities"]["pick and pack"]["minutes"]
    '8 + 2.5*lines + 14*is_return'
    """
    minutes = {pool: f"{number:_}" for pool, number in capacity.items()}
    return _COSTS.format(name=name, pick=_equation("pick and pack"), orders=_equation("process orders"), **minutes)


def truth_tables(market: Market) -> dict[str, pd.DataFrame]:
    """What the simulation was told: campaigns, activities and the parameters of its distributions.

    Examples
    --------
    >>> from custprof.datasets.market import draw_market
    >>> import numpy as np
    >>> sorted(truth_tables(draw_market(np.random.default_rng(0), 100)))
    ['activities', 'campaigns', 'parameters', 'types']
    """
    orders = [(name, "order", _equation(name)) for name in MINUTES]
    events = [(row.activity, row.department, f"{row.unit_minutes:g}") for row in EVENTS.itertuples()]
    rates = [
        (row.account_name, row.department, f"{row.cost:g} per {_BASE.get(row.pool, 'minute of capacity')}") for row in ACCOUNTS.itertuples()
    ]
    activities = pd.DataFrame([*orders, *events, *rates], columns=["activity", "of", "truth"])
    parameters = pd.DataFrame([*LIFE.items(), *SPEND.items(), ("annual_rate", CREDIT_RATE)], columns=["parameter", "value"])
    return {"campaigns": market.campaign_truth(), "activities": activities, "parameters": parameters, "types": TYPES.copy()}


def _equation(activity):
    coefficients = MINUTES[activity]
    return " + ".join([f"{coefficients['order']:g}"] + [f"{value:g}*{name}" for name, value in coefficients.items() if name != "order"])


_BASE = {"credit_control": "reminder", "administration": "revenue", "facilities": "revenue", "it": "revenue"}

_STUDY = """\
# A study: where the tables are, and how to read them. Amounts are in `currency`; every other setting has a comment.

[study]
name = "{name}"
currency = "EUR"
period = "year"            # results by year, quarter or month
fiscal_start = 1           # month in which the fiscal year starts
decimals = 2               # the currency has cents
cost_model = "costs.toml"  # how the costs of the ledger reach the customers

# Money that customers owe has to be financed. Unpaid for longer than write_off_days after the due date, it counts as lost.
[credit]
annual_rate = {rate}
write_off_days = {write_off}

# Every table is a file of this folder. Without an entry here a file of the table's own name is taken (customers.csv, ledger.csv, ...).
# Only the invoice lines are required; what is missing switches off what needs it. Were the columns called otherwise, this would say so:
#   columns = {{ customer_id = "Customer No.", revenue = "Net amount" }}      (our name = the file's name)
[tables.transactions]
file = "transactions_*.csv.gz"   # one file a year

[tables.events]
file = "events.csv.gz"

[tables.invoices]
file = "invoices.csv.gz"

# Ties: these accounts of the ledger should equal what the tables say of all customers together. Differences are shown, never forced.
[[ties]]
accounts = ["4000"]        # sales stand in the ledger as a negative amount
fact = "net_revenue"
sign = -1

[[ties]]
accounts = ["5000"]
fact = "cost_of_goods"

[[ties]]
accounts = ["5100"]
fact = "freight"

[[ties]]
accounts = ["5200"]
fact = "commission"

[[ties]]
accounts = ["5300"]        # interest on what customers owe
fact = "credit_cost"

[[ties]]
accounts = ["5400"]
fact = "bad_debt"

[[ties]]
accounts = ["6500"]        # a column of another table than the invoice lines is named with its table
fact = "campaigns.spend"
"""

_COSTS = """\
# A cost model: how the overheads of the ledger reach the customers.
#   accounts of the ledger -> pools (departments) -> activities -> customers
# A pool with capacity_minutes is time-driven: a minute costs the pool's cost divided by the minutes its people can work (practical
# capacity), so that time nobody needed shows as unused capacity instead of making every customer look dearer.

name = "{name}"

# Accounts that stand on the customers' own invoice lines already: they are never allocated a second time.
direct = ["4000", "5000", "5100", "5200", "5300", "5400"]

[pools.warehouse]
accounts = ["6000", "6010"]
department = "Warehouse"
capacity_minutes = {warehouse}        # minutes a year, for this and the other pools

[pools.order_desk]
accounts = ["6100"]
department = "Order desk"
capacity_minutes = {order_desk}

[pools.customer_service]
accounts = ["6200", "6210"]
department = "Customer service"
capacity_minutes = {customer_service}        # too little for 2025

[pools.field_sales]
accounts = ["6300", "6310"]
department = "Field sales"
capacity_minutes = {field_sales}

[pools.credit_control]
accounts = ["6400"]
department = "Credit control"

[pools.campaigns]
accounts = ["6500"]
department = "Marketing"

[pools.administration]
accounts = ["6600"]
department = "Administration"

[pools.facilities]
accounts = ["6700"]
department = "Facilities"

[pools.it]
accounts = ["6800"]
department = "IT"

# Two departments serve the others, and each other: amounts of service used (only their proportions count).
[flows.it]                 # workplaces
warehouse = 6
order_desk = 10
customer_service = 12
field_sales = 8
credit_control = 2
administration = 7
facilities = 3

[flows.facilities]         # square metres
warehouse = 900
order_desk = 90
customer_service = 110
field_sales = 60
credit_control = 20
administration = 120
it = 60

# Orders: one time equation for all of them. lines is the number of lines of the order, is_return is 1 for a credit note.
[activities."pick and pack"]
pool = "warehouse"
level = "order"
table = "transactions"
per = "order"
minutes = "{pick}"

[activities."process orders"]
pool = "order_desk"
level = "order"
table = "transactions"
per = "order"
minutes = "{orders}"

# Service: the minutes that people wrote down.
[activities."answer calls and emails"]
pool = "customer_service"
level = "customer"
table = "events"
where = {{ activity = ["call", "email"] }}
minutes = "minutes"

[activities."settle complaints"]
pool = "customer_service"
level = "customer"
table = "events"
where = {{ activity = "complaint" }}
minutes = "minutes"

[activities."serve special requests"]
pool = "customer_service"
level = "customer"
table = "events"
where = {{ activity = "special request" }}
minutes = "minutes"

[activities."visit customers"]
pool = "field_sales"
level = "customer"
table = "events"
where = {{ activity = "visit" }}
minutes = "minutes"

# The time for leads, won and lost, takes its share of the capacity but is nobody's cost to serve: the notebook on acquisition asks
# what it brought.
[activities."follow up leads"]
pool = "field_sales"
level = "business"
table = "leads"
minutes = "contact_minutes"

# Without capacity_minutes the whole pool is spread, here by the number of reminders.
[activities."remind late payers"]
pool = "credit_control"
level = "customer"
table = "events"
where = {{ activity = "reminder" }}
driver = "rows"

# No customer caused these: they stay in the row (business-sustaining). The notebook on acquisition asks what campaigns brought.
[activities."run campaigns"]
pool = "campaigns"
level = "business"

[activities."run the company"]
pool = "administration"
level = "business"
"""
