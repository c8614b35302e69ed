"""How many segments does `choose_k` suggest where the answer is known, and does the answer hang on chance?

    python tests/benchmarks/segment_numbers.py [--states 10] [--out numbers.csv]

Single heavy-tailed groups of eighteen shapes, where one segment is the answer; two to six groups, tight (spread .3) and loose (.5), with
one rate that tells nothing; simulated companies, whose types overlap and are of very different numbers; and the two real studies, where no
answer is known, but the same one should come at any random state (shared data beside the project, left out where they are absent).
Some minutes. Not part of the test suite; a part of it is. One run on 22 November 2026, before prediction strength had a say (adjusted Rand
index where types are known):

    what                          tables  suggested (times)  adjusted Rand index
    single groups                     54  1 (54)
    companies of 2,000 customers      12  6 (11), 3 (1)     .36 to .43, mean .41
    companies of 1,000 customers      12  3 (10), 6 (2)     .27 to .42, mean .32
    Online Retail                     10  1 (10)
    AdventureWorks                    10  4 (10)

It was not run again in full since. Where tables were kept, both rules suggest the same: for twelve companies at random state 0 (2,000
customers 6 (5), 3 (1); 1,000 customers 3 (5), 6 (1)), Online Retail 1 (3), AdventureWorks 4 (3), the demo company 6 (3). For six draws of
the five kinds of benchmarks/segmentation.py (2,000 and 5,000 customers) the old rule gave 5 (5), 3 (1), the new one 5 (6), and 5 for one of
20,000; seventeen shapes of single groups (700 customers) gave 1 (17). Two to six groups were not tried again.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
STUDIES = ROOT.parent / "shared" / "data"
GROUPS = {
    2: ([1e3, 1e6], [0.1, 0.1]),
    3: ([1e3, 1e5, 1e5], [0.1, 0.1, 0.6]),
    4: ([1e3, 1e3, 1e5, 1e5], [0.05, 0.5, 0.05, 0.5]),
    5: ([3e5, 3e4, 2e4, 6e4, 2e3], [0.12, 0.15, 0.12, 0.55, 0.7]),
    6: ([1e3, 1e3, 1e4, 1e5, 1e5, 1e6], [0.05, 0.6, 0.2, 0.05, 0.6, 0.2]),
}


def single_group(shape: str, seed: int, n: int = 1_500):
    """Money of customers of one kind, and their profit: revenue of the shape, rates of revenue around one value each."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal(n)
    draws = {
        "lognormal": (rng.lognormal(9, 1, n), 0.4),
        "lognormal, wide": (rng.lognormal(9, 2, n), 0.8),
        "lognormal, wide rates": (rng.lognormal(9, 1.5, n), 1.2),
        "pareto 1.5": (1e4 * (rng.pareto(1.5, n) + 0.2), 0.6),
        "pareto 1": (1e4 * (rng.pareto(1, n) + 0.2), 0.6),
        "student 3": (1e4 * np.exp(0.9 * rng.standard_t(3, n)), 0.3),
        "student 4": (1e4 * np.exp(0.9 * rng.standard_t(4, n)), 0.3),
        "gamma": (rng.gamma(0.7, 1e4, n), 0.4),
        "exponential": (rng.exponential(1e4, n), 0.5),
        "uniform": (rng.uniform(1e3, 1e5, n), 0.3),
        "large cost less": (np.exp(9 + 1.2 * normal), 0.3),
    }
    if shape in ("signed", "normal"):
        amounts = rng.standard_t(2.5, (n, 3)) if shape == "signed" else rng.standard_normal((n, 3))
        X = pd.DataFrame(amounts * 1e4, columns=["revenue", "cost_0", "cost_1"])
    else:
        revenue, spread = draws.get(shape, draws["lognormal"])
        rates = {"revenue alone": 0, "one rate": 1, "five rates": 5}.get(shape, 2)
        X = pd.DataFrame({"revenue": revenue})
        for number in range(rates):
            rate = {"even rates": rng.uniform(0, 0.4, n), "beta rates": rng.beta(1, 8, n)}.get(shape, 0.2 * rng.lognormal(0, spread, n))
            X[f"cost_{number}"] = revenue * rate * (np.exp((0.4 - number) * 0.5 * normal) if shape == "large cost less" else 1)
    return X, 0.5 * X["revenue"] - X.drop(columns="revenue").sum(axis=1)


SHAPES = [
    "lognormal",
    "lognormal, wide",
    "lognormal, wide rates",
    "pareto 1.5",
    "pareto 1",
    "student 3",
    "student 4",
    "gamma",
    "exponential",
]
SHAPES += ["uniform", "large cost less", "signed", "normal", "one rate", "five rates", "revenue alone", "even rates", "beta rates"]


def clear_groups(groups: int, spread: float, seed: int, each: int = 300):
    """Customers of several kinds by revenue and cost to serve, their profit, and their kinds; discounts say nothing."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(range(groups), each)
    revenue, cost = (np.array(values)[kind] for values in GROUPS[groups])
    revenue = revenue * rng.lognormal(0, 1.3 * spread, len(kind))
    X = pd.DataFrame({"revenue": revenue, "cost_to_serve": revenue * cost * rng.lognormal(0, spread, len(kind))})
    X["discounts"] = 0.1 * revenue * rng.lognormal(0, spread, len(kind))
    return X, 0.5 * revenue - X["cost_to_serve"] - X["discounts"], kind


def study_money(study):
    """The columns of a study that make segments, and profit, as notebook 04 takes them."""
    from custprof.costing import allocate_study
    from custprof.profit import customer_pnl, customers_only
    from custprof.segmentation import segment_features

    allocation = allocate_study(study)
    customers = customers_only(customer_pnl(study.customer_facts(), allocation))
    used = segment_features(customers_only(customer_pnl(study.customer_facts(by="period"), allocation)))["used"]
    return customers[used.index[used]], customers["profit"]


def cases(states: int, folder: str):
    """Every case as what it is, its name, money, profit, true kinds or None, and random state."""
    from custprof.datasets import simulate_company
    from custprof.study import Study

    for shape in SHAPES:
        for seed in range(3):
            yield "single groups", shape, *single_group(shape, seed), None, 0
    for groups in GROUPS:
        for spread, what in ((0.3, "tight"), (0.5, "loose")):
            for seed in range(3):
                yield f"{what} groups", groups, *clear_groups(groups, spread, seed), 0
    for size in (1_000, 2_000):
        for seed in range(1, 7):
            study = Study.open(simulate_company(size, seed, out=Path(folder) / f"{size}_{seed}"))
            money, profit = study_money(study)
            types = pd.read_csv(study.folder / "truth" / "customers.csv").set_index("customer_id")["type"].reindex(money.index)
            for state in range(2):
                yield f"companies of {size}", seed, money, profit, types, state
    for name in ("online_retail", "adventureworks"):
        if STUDIES.exists():
            money, profit = study_money(Study.open(ROOT / "tests" / "studies" / name))
            for state in range(states):
                yield name, name, money, profit, None, state


def main(arguments=None) -> pd.DataFrame:
    """Suggest a number for every case, print it as it comes, and a table in the end."""
    from sklearn.metrics import adjusted_rand_score

    from custprof.segmentation import ProfitSegmenter, choose_k

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--states", type=int, default=10, help="random states for the real studies")
    parser.add_argument("--out", default=None, help="CSV file to write")
    chosen = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for what, name, money, profit, kinds, state in cases(chosen.states, folder):
            table = choose_k(money, profit, random_state=state)
            k = int(table["suggested"].idxmax())
            agrees = np.nan if kinds is None else adjusted_rand_score(kinds, ProfitSegmenter(k).fit(money, profit).labels_)
            rows.append({"what": what, "case": name, "state": state, "suggested": k, "draws": int(table.loc[k, "draws"]), "rand": agrees})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(
        table.groupby(["what", "suggested"]).agg(tables=("state", "size"), low=("rand", "min"), mean=("rand", "mean"), high=("rand", "max"))
    )
    if chosen.out:
        table.to_csv(chosen.out, index=False)
    return table


if __name__ == "__main__":
    main()
