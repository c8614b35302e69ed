"""How is a company simulated whose customers' true profits, types and drop-out dates are known?

Customers are drawn in independent blocks of 2,000, each from its own random stream, so that a million customers are written to a folder
with the memory of one block. Only monthly totals are kept for the ledger, which ties to the tables to the cent.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from custprof.datasets import recipe, sales, service
from custprof.datasets.books import Totals, ledger_table, practical_capacity
from custprof.datasets.leads import draw_leads, lead_table
from custprof.datasets.market import Market, draw_market, to_dates
from custprof.datasets.people import customer_ids, customer_table, customer_truth, draw_customers

__all__ = ["BLOCK", "Company", "simulate_company"]

#: Customers of a block.
BLOCK = 2000
_COMPRESSED = ("transactions", "events", "invoices")


@dataclass(frozen=True)
class Company:
    """A simulated company in memory: what it can know, and what only the simulation knows.

    Attributes
    ----------
    tables : dict of DataFrame
        The nine standard tables by name (customers, transactions, events, ledger, invoices, campaigns, leads, ratings, contributions),
        dates as datetime64, money as float64 in currency units with two decimals.
    truth : dict of DataFrame
        customers (type, dropped_out_on, orders_per_year, mean_spend, ... by customer_id), campaigns (conversion and shares of types),
        activities (true unit minutes) and parameters (of the distributions that customers are drawn from).
    capacity : dict of int
        Practical capacity by pool, minutes a year.
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]
    capacity: dict[str, int] = field(default_factory=dict)


def simulate_company(
    n_customers: int = 2000, random_state: int = 0, *, out: str | Path | None = None, name: str = "Demo company"
) -> Company | Path:
    """Simulate a wholesaler over three years, 2023 to 2025, in all nine tables of a study, with the truth beside them.

    Customers buy at Poisson times with gamma rates and drop out after exponential times with gamma rates; an order is worth gamma around a
    mean of the customer's own. Seven types of customer differ in size, discount, returns, service and payment. Service does not follow
    revenue, so that some of the largest customers lose money.

    Parameters
    ----------
    n_customers : int
        Number of customers; the tables, the campaigns' spend and the overheads grow with it. About 75 invoice lines each.
    random_state : int
        Seed: the same seed gives the same company, and a larger company starts with the customers of a smaller one (of whole blocks).
    out : path, optional
        Write a study folder there (study.toml, costs.toml, the tables, the truth in a folder of its own) in blocks, with bounded memory.
    name : str
        Name of the company in study.toml.

    Returns
    -------
    Company, or the Path of the folder if `out` is given.

    Raises
    ------
    ValueError
        If `n_customers` is less than 50.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. and Colombo, R. (1987), Counting your customers, Management Science 33(1), 1-24.
    Fader, P. S. and Hardie, B. G. S. (2013), The Gamma-Gamma model of monetary value (spend).

    Examples
    --------
    >>> company = simulate_company(60, random_state=1)
    >>> sorted(company.tables)[:4]
    ['campaigns', 'contributions', 'customers', 'events']
    >>> lines = company.tables["transactions"]
    >>> bool(((lines["list_amount"] - lines["discount"] - lines["revenue"]).abs() < 0.005).all())
    True
    """
    if n_customers < 50:
        raise ValueError(f"n_customers is {n_customers}; a company needs at least 50 customers.")
    sizes = [min(BLOCK, n_customers - first) for first in range(0, n_customers, BLOCK)]
    streams = np.random.SeedSequence(random_state).spawn(2 + len(sizes))
    market = draw_market(np.random.default_rng(streams[0]), n_customers)
    totals = Totals()
    blocks = _blocks(market, totals, sizes, streams[2:])
    if out is not None:
        return _write(Path(out), market, totals, blocks, np.random.default_rng(streams[1]), name)
    parts = list(blocks)
    tables = {table: pd.concat([part[table] for part in parts], ignore_index=True) for table in parts[0] if table != "truth"}
    tables["campaigns"] = market.campaigns
    tables["ledger"] = ledger_table(np.random.default_rng(streams[1]), market, totals)
    truth = {"customers": pd.concat([part["truth"] for part in parts], ignore_index=True), **recipe.truth_tables(market)}
    return Company(tables=tables, truth=truth, capacity=practical_capacity(totals))


def _blocks(market: Market, totals: Totals, sizes, streams) -> Iterator[dict[str, pd.DataFrame]]:
    """The tables of one block after the other; orders and leads are numbered on."""
    first_customer, first_order, first_lead = 1, 1, 1
    for number, (size, stream) in enumerate(zip(sizes, streams, strict=True)):
        rng = np.random.default_rng(stream)
        people = draw_customers(rng, market, first_customer, size)
        lines = sales.draw_lines(rng, market, people, closing=number == 0)
        orders = sales.order_frame(lines)
        invoices = service.draw_invoices(rng, people, orders)
        events = service.draw_events(rng, people, invoices)
        ratings = service.draw_ratings(rng, people)
        contributions = service.draw_contributions(rng, people)
        leads = draw_leads(rng, market, people)
        totals.add(lines, orders, invoices, events, leads)

        ids = customer_ids(people)
        numbers = first_order + np.arange(len(orders))
        yield {
            "customers": customer_table(market, people),
            "transactions": _transaction_table(ids, numbers, lines),
            "events": service.event_table(ids, events),
            "invoices": service.invoice_table(ids, numbers, invoices),
            "leads": lead_table(market, ids, first_lead, leads),
            "ratings": _dated(ids, ratings),
            "contributions": _dated(ids, contributions.assign(value=contributions["value"] / 100)),
            "truth": customer_truth(people),
        }
        first_customer, first_order, first_lead = first_customer + size, first_order + len(orders), first_lead + len(leads)


def _transaction_table(ids, numbers, lines):
    customer = lines["customer"].to_numpy()
    order_ids = np.array([f"O{number:07d}" for number in numbers], dtype=object)
    products = np.array([f"P{number + 1:03d}" for number in range(1000)], dtype=object)
    money = {name: lines[name] / 100 for name in ("list_amount", "discount", "revenue", "cost_of_goods", "freight", "commission")}
    return pd.DataFrame(
        {
            "customer_id": np.where(customer >= 0, ids[customer], None),
            "order_id": order_ids[lines["order"]],
            "date": to_dates(lines["day"].to_numpy()),
            "product_id": products[lines["product"]],
            "quantity": lines["quantity"],
            **money,
            "is_return": lines["is_return"],
        }
    )


def _dated(ids, frame):
    """customer_id and date in front of what a frame of customer and day numbers holds beside them."""
    front = pd.DataFrame({"customer_id": ids[frame["customer"]], "date": to_dates(frame["day"].to_numpy())})
    return pd.concat([front, frame.drop(columns=["customer", "day"]).reset_index(drop=True)], axis=1)


def _write(folder: Path, market: Market, totals: Totals, blocks, rng: np.random.Generator, name: str) -> Path:
    """Write a study folder block by block; the same company gives the same bytes."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    files: dict[str, object] = {}
    try:
        for block in blocks:
            for table, frame in block.items():
                if table == "transactions":
                    year = frame["date"].dt.year
                    for each in (2023, 2024, 2025):
                        _append(files, folder, f"transactions_{each}", frame[year == each], compressed=True)
                elif table == "truth":
                    _append(files, folder, "truth/customers", frame)
                else:
                    _append(files, folder, table, frame, compressed=table in _COMPRESSED)
        _append(files, folder, "campaigns", market.campaigns)
        _append(files, folder, "ledger", ledger_table(rng, market, totals))
        for table, frame in recipe.truth_tables(market).items():
            _append(files, folder, f"truth/{table}", frame, float_format=None)
    finally:
        for file in files.values():
            file.close()
    (folder / "study.toml").write_text(recipe.study_toml(name), encoding="utf-8", newline="\n")
    (folder / "costs.toml").write_text(recipe.costs_toml(name, practical_capacity(totals)), encoding="utf-8", newline="\n")
    return folder


def _append(files, folder, stem, frame, *, compressed=False, float_format="%.2f"):
    first = stem not in files
    if first:
        path = folder / (stem + (".csv.gz" if compressed else ".csv"))
        files[stem] = _Zipped(path) if compressed else path.open("wb")
    for column in frame.select_dtypes("datetime"):
        dates = frame[column].to_numpy().astype("datetime64[D]")
        frame = frame.assign(**{column: np.where(np.isnat(dates), "", np.datetime_as_string(dates))})
    float_format = None if stem == "truth/customers" else float_format
    files[stem].write(frame.to_csv(index=False, header=first, float_format=float_format, lineterminator="\n").encode())


class _Zipped(gzip.GzipFile):
    """A gzip file without name and time in its header, so that its bytes depend on its content alone."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb")
        super().__init__(filename="", mode="wb", fileobj=self._raw, compresslevel=6, mtime=0)

    def close(self) -> None:
        super().close()
        self._raw.close()
