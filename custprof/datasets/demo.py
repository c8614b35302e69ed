"""How is the demo company opened, and what is true of it?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from custprof.datasets.shipped import shipped

__all__ = ["demo_path", "load_demo", "load_truth"]


def demo_path() -> Path:
    """Folder of the demo study, a company that ``python -m custprof.datasets`` simulates.

    Examples
    --------
    >>> (demo_path() / "study.toml").is_file()
    True
    """
    return shipped("data") / "demo"


def load_demo():
    """The demo study, opened: a fictional wholesaler with 2,000 customers, 2023 to 2025, all nine tables, EUR.

    Origin: ``simulate_company(2000, random_state=0)``; nothing in it is about a real company or person. Amounts are in EUR,
    minutes are minutes of work. Size: about 150,000 invoice lines, 42,000 orders.

    Returns
    -------
    custprof.Study

    Examples
    --------
    >>> load_demo().name
    'Demo company'
    """
    from custprof.study import Study

    return Study.open(demo_path())


def load_truth() -> dict[str, pd.DataFrame]:
    """What only the simulation knows of the demo company: to compare results with, never to compute them.

    Returns
    -------
    dict of DataFrame
        customers: customer_id, type, dropped_out_on (empty: still there), orders_per_year, mean_spend (EUR an order, after discount),
        discount_rate, return_rate, and calls, emails, visits, complaints, requests per year. campaigns: campaign_id, conversion (customers
        per lead), shares of the types it brings. activities: true time equations, minutes and costs. parameters and types: what customers
        are drawn from.

    Examples
    --------
    >>> sorted(load_truth())
    ['activities', 'campaigns', 'customers', 'parameters', 'types']
    """
    folder = demo_path() / "truth"
    truth = {file.stem: pd.read_csv(file) for file in sorted(folder.glob("*.csv"))}
    truth["customers"]["dropped_out_on"] = pd.to_datetime(truth["customers"]["dropped_out_on"])
    return truth
