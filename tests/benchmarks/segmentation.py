"""How long do segments take, beside plain scikit-learn and openretailscience, in one run on one machine?

    python tests/benchmarks/segmentation.py [--customers 1000000] [--bootstrapped 10000] [--lines 10000000] [--openretailscience PYTHON]
        [--out results.csv]

Three works. The choice of the number of segments among 2 to 10 on simulated customers with eight columns of money: `choose_k`, and the loop
of K-means and silhouette (of a sample) that tutorials show. The stability of five segments over 100 bootstraps: `stability`, and the same
loop over scikit-learn with its own threads. Recency, frequency and money from invoice lines to classes: `customer_facts` and `RFM`; ranks
cut by NTILE in hand-written SQL on DuckDB and in pandas; and openretailscience, in an environment of its own, since its ibis wants another
DuckDB:

    python3 -m venv other && other/bin/pip install openretailscience

Every measurement has a process of its own. Seconds are wall time without imports, cpu those of all threads, peak its memory in GB.
`found` is the number of segments, the least stable segment's Jaccard, or the number of customers; `parted` counts customers who stand in a
higher class of some figure than others whose figure is the same. Ratios hold for this machine and this run only, those of wall time only if
it has nothing else to do. Not part of the test suite; a small run of it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

END = "2024-12-31"
SEGMENTS, BOOTSTRAPS, CLASSES = 5, 100, 5


def simulate_money(n: int, random_state: int = 0):
    """Five kinds of customers, eight columns of money, and their profit."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(random_state)
    kind = rng.integers(0, SEGMENTS, n)
    revenue = np.array([1e3, 5e3, 2e4, 8e4, 2e5])[kind] * rng.lognormal(0, 1, n)
    X = pd.DataFrame({"net_revenue": revenue})
    for column in range(7):
        X[f"cost_{column}"] = revenue * rng.uniform(0.02, 0.2, SEGMENTS)[kind] * rng.lognormal(0, 0.3, n)
    return X, X["net_revenue"] - X.drop(columns="net_revenue").sum(axis=1)


def write_lines(lines: int, file: str) -> None:
    """Invoice lines of a twentieth as many customers, as Parquet: three to an order, some of them returns."""
    import duckdb

    duckdb.sql(f"""
        copy (select 'c' || (hash(i // 3) % {max(lines // 20, 1)}) as customer_id, 'o' || (i // 3) as order_id,
            date '2022-01-01' + (hash(i // 3 + 7) % 1096)::int as date,
            case when hash(i) % 20 = 0 then -1 else 1 end * round(5 + hash(i + 3) % 9000 / 100, 2)::double as revenue
            from range({lines}) t(i)) to '{file}' (format parquet)
    """)


def choose_ours(X, profit) -> int:
    """choose_k with its defaults."""
    from custprof.segmentation import choose_k

    return int(choose_k(X, profit)["suggested"].idxmax())


def choose_loop(X, profit) -> int:
    """The usual loop: standardise, K-means of all customers, silhouette of 10,000."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    values = StandardScaler().fit_transform(X)
    scores = {}
    for k in range(2, 11):
        labels = KMeans(k, n_init=1, random_state=0).fit_predict(values)
        scores[k] = silhouette_score(values, labels, sample_size=min(10_000, len(values)), random_state=0)
    return max(scores, key=scores.get)


def stable_ours(X, labels) -> float:
    """Stability with 100 bootstraps."""
    from custprof.segmentation import stability

    return float(stability(X, labels, n_bootstraps=BOOTSTRAPS)["jaccard"].min())


def stable_loop(X, labels) -> float:
    """The same by plain scikit-learn: resample, K-means, best Jaccard."""
    import numpy as np
    from sklearn.cluster import KMeans

    from custprof.segmentation import MoneyScaler

    values, rng = MoneyScaler().fit_transform(X), np.random.default_rng(0)
    best = []
    for _ in range(BOOTSTRAPS):
        drawn = np.unique(rng.integers(len(values), size=len(values)))
        again = KMeans(SEGMENTS, n_init=2, random_state=0).fit_predict(values[drawn])
        both = np.array([[((labels[drawn] == a) & (again == b)).sum() for b in range(SEGMENTS)] for a in range(SEGMENTS)])
        best.append((both / (both.sum(1, keepdims=True) + both.sum(0) - both)).max(axis=1))
    return float(np.mean(best, axis=0).min())


def rfm_ours(file: str) -> tuple:
    """Lines to facts in the engine, facts to classes in memory."""
    import duckdb
    import pandas as pd

    from custprof.segmentation import RFM, rfm_facts
    from custprof.study.facts import customer_facts

    X = rfm_facts(customer_facts(duckdb.read_parquet(file)), end=END)
    return X, pd.DataFrame(RFM(CLASSES).fit(X).transform(X), index=X.index)


def rfm_sql(file: str) -> tuple:
    """Hand-written SQL with NTILE, as most do."""
    import duckdb

    X = duckdb.sql(f"""
        select customer_id, recency, frequency, monetary, ntile({CLASSES}) over (order by recency desc) as r,
            ntile({CLASSES}) over (order by frequency) as f, ntile({CLASSES}) over (order by monetary) as m
        from (select customer_id, date '{END}' - max(date) as recency, count(distinct order_id) as frequency, sum(revenue) as monetary
            from read_parquet('{file}') group by customer_id)
    """).df()
    return X[["recency", "frequency", "monetary"]], X[["r", "f", "m"]]


def rfm_pandas(file: str) -> tuple:
    """pandas with ranks, as tutorials do."""
    import duckdb
    import pandas as pd

    lines = duckdb.read_parquet(file).df()
    X = lines.groupby("customer_id").agg(last=("date", "max"), frequency=("order_id", "nunique"), monetary=("revenue", "sum"))
    X.insert(0, "recency", -(pd.Timestamp(END) - X.pop("last")).dt.days)
    classes = X.rank(method="first").apply(lambda column: pd.qcut(column, CLASSES, labels=False))
    return X, classes


def rfm_openretailscience(file: str) -> tuple:
    """openretailscience on DuckDB, which cuts ranks by NTILE, too."""
    import ibis
    from openretailscience.segmentation.rfm import RFMSegmentation

    names = {"transaction_date": "date", "unit_spend": "revenue", "transaction_id": "order_id"}
    lines = ibis.duckdb.connect().read_parquet(file).rename(names)
    X = RFMSegmentation(lines, current_date=END, r_segments=CLASSES, f_segments=CLASSES, m_segments=CLASSES).df
    return X[["recency_days", "frequency", "monetary"]], X[["r_score", "f_score", "m_score"]]


WORKS = {
    "choose_k": {"custprof": choose_ours, "scikit-learn": choose_loop},
    "stability": {"custprof": stable_ours, "scikit-learn": stable_loop},
    "rfm": {"custprof": rfm_ours, "duckdb": rfm_sql, "pandas": rfm_pandas, "openretailscience": rfm_openretailscience},
}


def compare(customers: int, bootstrapped: int, lines: int, *, openretailscience: str | None = None) -> list[dict]:
    """One row for each work and program, in the order they ran.

    Parameters
    ----------
    customers, bootstrapped, lines : int
        Sizes of the three works; 0 leaves one out.
    openretailscience : str, optional
        Python of an environment that has openretailscience.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "lines.parquet")
        if lines:
            write_lines(lines, file)
        for work, size in (("choose_k", customers), ("stability", bootstrapped), ("rfm", lines)):
            for program in WORKS[work] if size else ():
                python = openretailscience if program == "openretailscience" else sys.executable
                if python:
                    rows.append({"work": work, "size": size, "program": program, **_run(python, work, program, size, file)})
                    print(json.dumps(rows[-1]), file=sys.stderr)
    ours = {row["work"]: row for row in rows if row["program"] == "custprof"}
    for row in rows:
        for unit in ("seconds", "cpu"):
            if row.get(unit) and ours[row["work"]].get(unit):
                row[f"{unit}_to_ours"] = round(row[unit] / ours[row["work"]][unit], 1)
    return rows


def one(work: str, program: str, size: int, file: str) -> None:
    """A measurement after a small one for imports and caches, printed as JSON."""
    call = WORKS[work][program]
    small = file + ".small"
    if work == "rfm" and not Path(small).exists():
        write_small(file, small)
    tiny, data = {
        "choose_k": lambda: (simulate_money(600), simulate_money(size)),
        "stability": lambda: (_segmented(600), _segmented(size)),
        "rfm": lambda: ((small,), (file,)),
    }[work]()
    call(*tiny)
    start, cpu = time.perf_counter(), time.process_time()
    found = call(*data)
    took = {"seconds": round(time.perf_counter() - start, 2), "cpu": round(time.process_time() - cpu, 2), "peak_gb": peak()}
    told = {"found": len(found[0]), "parted": _parted(*found)} if work == "rfm" else {"found": round(found, 3)}
    print(json.dumps(took | told))


def write_small(file: str, small: str) -> None:
    """The first thousand lines of a file."""
    import duckdb

    duckdb.sql(f"copy (select * from read_parquet('{file}') limit 1000) to '{small}' (format parquet)")


def peak() -> float:
    """Largest memory of this process so far, GB."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((round(int(line.split()[1]) / 2**20, 2) for line in lines if line.startswith("VmHWM")), float("nan"))


def main(arguments=None) -> list[dict]:
    """Measure, print and keep a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000, help="for the choice of the number of segments; 0 leaves it out")
    parser.add_argument("--bootstrapped", type=int, default=10_000, help="customers for the stability")
    parser.add_argument("--lines", type=int, default=10_000_000, help="invoice lines for recency, frequency and money")
    parser.add_argument("--openretailscience", default=None, help="Python of an environment that has openretailscience")
    parser.add_argument("--out", default=None, help="CSV file to write")
    chosen = parser.parse_args(arguments)
    rows = compare(chosen.customers, chosen.bootstrapped, chosen.lines, openretailscience=chosen.openretailscience)
    import pandas as pd

    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if chosen.out:
        table.to_csv(chosen.out, index=False)
    return rows


def _run(python: str, work: str, program: str, size: int, file: str) -> dict:
    command = [python, __file__, "--one", work, program, str(size), file]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def _segmented(n: int) -> tuple:
    """Customers and the same segments for both programs, cheap to make."""
    from sklearn.cluster import KMeans

    from custprof.segmentation import MoneyScaler

    X, _ = simulate_money(n)
    return X, KMeans(SEGMENTS, n_init=1, random_state=0).fit_predict(MoneyScaler().fit_transform(X))


def _parted(X, classes) -> int:
    """Customers who stand in a higher class of some figure than others whose figure is the same."""
    apart = False
    for figure, place in zip(X.columns, classes.columns, strict=True):
        first = classes[place].groupby(X[figure].round(6).to_numpy()).transform("min")
        apart = apart | (classes[place] != first)
    return int(apart.sum())


if __name__ == "__main__":
    one(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]) if sys.argv[1:2] == ["--one"] else main()
