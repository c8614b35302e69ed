"""Do parameters and intervals come back from simulated customers? Prints two tables of bias and coverage; a few minutes.

Customers are simulated from Pareto/NBD and Gamma-Gamma, a year observed and two years ahead, which the model does not see. Run it as
``python tests/benchmarks/lifetime_coverage.py [studies customers]``; `tests/test_lifetime.py` holds a small run to its bounds.
"""

from __future__ import annotations

import sys
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.exceptions import ConvergenceWarning

from custprof.lifetime import CustomerValue

TRUTH = {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 20.0, "p": 5.0, "q": 4.0, "gamma": 20.0}
TERMS = {"margin": 0.3, "cost_per_order": 2.0, "cost_per_period": 4.0}
YEAR = 365.25 / 7
AHEAD, RATE = 2, 0.10


class Lives(NamedTuple):
    """A summary after one year, and the discounted value that every customer then brings in two more."""

    summary: pd.DataFrame
    value: pd.Series


def simulate(customers: int, rng: np.random.Generator) -> Lives:
    """Customers who live by the models, under `TRUTH` and `TERMS`."""
    t = TRUTH
    age = rng.uniform(0.4, 1.0, customers) * YEAR
    rate, leaves = (
        rng.gamma(t["r"], 1 / t["alpha"], customers),
        rng.exponential(size=customers) / rng.gamma(t["s"], 1 / t["beta"], customers),
    )
    scale = 1 / rng.gamma(t["q"], 1 / t["gamma"], customers)
    until = np.minimum(leaves, age + AHEAD * YEAR)
    owner = np.repeat(np.arange(customers), rng.poisson(rate * until))
    when = rng.random(len(owner)) * until[owner]
    worth = scale[owner] * rng.gamma(t["p"], size=len(owner))
    past = when <= age[owner]
    bought = np.bincount(owner[past], minlength=customers)
    last = np.zeros(customers)
    np.maximum.at(last, owner[past], when[past])
    spent = np.bincount(owner[past], worth[past], minlength=customers)
    index = pd.Index([f"c{i:05}" for i in range(customers)], name="customer_id")
    columns = {"frequency": bought, "recency": last, "T": age, "monetary_value": spent / np.maximum(bought, 1)}
    summary = pd.DataFrame(columns, index=index)
    summary.attrs = {"unit": "W", "value": "revenue"}
    delta = np.log1p(RATE) / YEAR
    left = worth * TERMS["margin"] - TERMS["cost_per_order"]
    ahead = np.maximum(when - age[owner], 0)
    value = np.bincount(owner[~past], (left * np.exp(-delta * ahead))[~past], minlength=customers)
    alive = np.maximum(until - age, 0)
    value -= TERMS["cost_per_period"] * -np.expm1(-delta * alive) / delta / YEAR
    return Lives(summary, pd.Series(value, index=index))


def run(studies: int, customers: int, *, n_boot: int = 200, level: float = 0.9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bias and coverage of the parameters, and of the value of customers, of two groups and of all."""
    found, spreads, rows = [], [], []
    for study in range(studies):
        summary, truth = simulate(customers, np.random.default_rng(study))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = CustomerValue().fit(summary)
        found.append(pd.concat([model.purchases_.params_, model.spend_.params_]))
        spreads.append(pd.concat([model.purchases_.se_, model.spend_.se_]))
        group = pd.Series(np.where(summary["frequency"] > 1, "bought three times or more", "bought once or twice"), index=summary.index)
        for method in ("bootstrap", "laplace"):
            for of, by in {"a customer": None, "a group": group, "all": "total"}.items():
                table = model.interval(
                    summary, by=by, **TERMS, horizon=AHEAD, annual_rate=RATE, level=level, method=method, n_boot=n_boot, random_state=study
                )
                real = truth if by is None else truth.groupby(group if of == "a group" else lambda _: "total").sum()
                low, high = table["low"] - 1e-9, table["high"] + 1e-9
                rows.append(
                    {
                        "of": of,
                        "method": method,
                        "bias": table["value"].sum() / real.sum() - 1,
                        "inside": real.between(low, high).mean(),
                        "below": (real < low).mean(),
                        "above": (real > high).mean(),
                        "width": ((high - low) / table["value"].abs().mean()).mean(),
                    }
                )
    values = pd.DataFrame(rows).groupby(["of", "method"]).mean()
    found, spreads, truth = pd.DataFrame(found), pd.DataFrame(spreads), pd.Series(TRUTH)
    inside = ((found - truth).abs() <= ndtri((1 + level) / 2) * spreads).where(spreads.notna())
    parameters = pd.DataFrame(
        {
            "truth": truth,
            "median": found.median(),
            "spread": found.std(),
            "median standard error": spreads.median(),
            "inside": inside.astype("float64").mean(),
            "ended at the boundary": spreads.isna().mean(),
        }
    )
    return parameters, values


if __name__ == "__main__":
    studies, customers = (int(each) for each in sys.argv[1:3] or (100, 1000))
    parameters, values = run(studies, customers)
    print(f"{studies} studies of {customers:,} customers, 90 % intervals")
    print(parameters.round(3).to_string(), values.round(3).to_string(), sep="\n\n")
