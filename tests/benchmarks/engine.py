"""What do customer facts of many invoice lines cost, beside hand-written DuckDB SQL, polars and pandas?

    python tests/benchmarks/engine.py
    python tests/benchmarks/engine.py --lines 200000000 --memory-limit 2GB --contenders custprof sql
    python tests/benchmarks/engine.py --contenders custprof spark

Lines are drawn with a fixed hash into Parquet and read from there by all contenders: a distributor's invoice lines, most orders by a third
of the customers, 3 percent returns. T1 is one row per customer, T2 one per customer and quarter, both with distinct orders and cents
that are exact. Each contender runs in a process of its own and must find the same sums. Seconds are wall and processor: where the machine
does other work, compare the latter. Memory, in GiB, is threefold: the engine's, sampled, which is what --memory-limit limits (rows beyond
it go to disk); the result's, a pandas frame that no limit of the engine holds for (with 200 million lines T2 has 36 million rows); and the
process's peak, which also holds what pandas copies where it sorts the result (for Spark that of its Java process too).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import pandas as pd
import psutil

from custprof.study.facts import customer_facts

__all__ = ["main"]

#: What every contender finds, in cents and counts, for each task.
SUMS = ("lines", "orders", "returns_lines", "list_revenue", "invoice_revenue", "returns", "net_revenue", "cost_of_goods")
PERIOD = {"T1": None, "T2": "period"}
#: What DuckDB held, sampled while it worked.
ENGINE: list[float] = []
_CENTS = "round(coalesce({}, 0) * 100)::bigint"


def main(words: list[str] | None = None) -> pd.DataFrame:
    """Run the contenders, print and return the table: one row per task and contender."""
    options = _options(words)
    rows = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_lines(folder, options)
        for task in PERIOD:
            said = {}
            for name in options.contenders:
                if _missing(name):
                    print(f"{name} is skipped: {_missing(name)} is not here")
                    continue
                said[name] = min((_child(name, task, folder, options) for _ in range(options.repeats)), key=lambda run: run["cpu s"])
            found = {json.dumps(run.pop("found")) for run in said.values()}
            if len(found) > 1:
                raise SystemExit(f"{task}: the contenders found different sums: {found}")
            base = said.get("sql", next(iter(said.values())))["cpu s"]
            rows += [{"task": task, "contender": name, **run, "cpu ratio": run["cpu s"] / base} for name, run in said.items()]
    table = pd.DataFrame(rows)
    limit = f", DuckDB limited to {options.memory_limit}" if options.memory_limit else ""
    print(f"{options.lines:,} lines, {options.customers:,} customers{limit}; the best of {options.repeats} runs each")
    print(table.to_string(index=False, float_format="{:,.2f}".format, na_rep="-"))
    print(
        "engine GiB is what the limit limits; result GiB is the pandas frame with one row per customer (T1) or customer and quarter (T2)."
    )
    return table


def write_lines(folder: str, options) -> None:
    """Invoice lines as Parquet files, ten million lines in each, the same at every run; four lines make an order."""
    many, few, step = options.customers, options.customers // 3 + 1, 10_000_000
    with _connect(folder, options) as con:
        for number, start in enumerate(range(0, options.lines, step)):
            drawn = f"""select i, hash(i // 4) as h, hash(i // 4 + 7) as h2, hash(i + 13) as h3,
                case when hash(i + 3) % 100 < 3 then -1 else 1 end as sign from range({start}, {min(start + step, options.lines)}) t(i)"""
            lines = f"""select 'C' || lpad((case when h % 3 = 0 then h2 % {many} else h2 % {few} end)::varchar, 7, '0') as customer_id,
                'O' || (i // 4)::varchar as order_id, date '2021-01-01' + (i * 1461 // {options.lines})::integer as date,
                1.0 + h3 % 9 as quantity, round(sign * (100 + h3 % 20000) / 100.0, 2) as revenue,
                round((h2 % 500) / 100.0, 2) as discount, round(sign * (60 + h3 % 12000) / 100.0, 2) as cost_of_goods from ({drawn})"""
            con.execute(f"copy ({lines}) to '{folder}/lines{number}.parquet' (format parquet)")


def run_custprof(by: str | None, folder: str, options) -> pd.DataFrame:
    """customer_facts on the embedded engine."""
    with _connect(folder, options) as con:
        return customer_facts(con.sql(f"select * from read_parquet('{folder}/lines*.parquet')"), by=by, period="quarter")


def run_sql(by: str | None, folder: str, options) -> pd.DataFrame:
    """The same, written by hand."""
    key = "customer_id" if by is None else "customer_id, year(date)::varchar || '-Q' || quarter(date)::varchar as period"
    revenue, discount, cost = (_CENTS.format(name) for name in ("revenue", "discount", "cost_of_goods"))
    query = f"""select {key}, count(*) as lines, count(distinct order_id) filter (revenue >= 0) as orders,
        count(*) filter (revenue < 0) as returns_lines, min(date) filter (revenue >= 0) as first_order,
        max(date) filter (revenue >= 0) as last_order,
        sum({revenue} + {discount}) filter (revenue >= 0)::bigint as list_revenue,
        sum({revenue}) filter (revenue >= 0)::bigint as invoice_revenue, sum({revenue})::bigint as net_revenue,
        sum({cost})::bigint as cost_of_goods from read_parquet('{folder}/lines*.parquet') group by all"""
    with _connect(folder, options) as con:
        return _in_units(con.execute(query).df(), by)


def run_polars(by: str | None, folder: str, options) -> pd.DataFrame:
    """Hand-written polars, streaming."""
    import polars as pl

    sale, cents = pl.col("revenue") >= 0, lambda name: (pl.col(name).fill_null(0) * 100).round().cast(pl.Int64)
    key = ["customer_id"]
    lines = pl.scan_parquet(f"{folder}/lines*.parquet")
    if by is not None:
        key.append("period")
        label = pl.format("{}-Q{}", pl.col("date").dt.year(), pl.col("date").dt.quarter())
        lines = lines.with_columns(label.alias("period"))
    facts = lines.group_by(key).agg(
        pl.len().alias("lines"),
        pl.col("order_id").filter(sale).n_unique().alias("orders"),
        (~sale).sum().alias("returns_lines"),
        pl.col("date").filter(sale).min().alias("first_order"),
        pl.col("date").filter(sale).max().alias("last_order"),
        (cents("revenue") + cents("discount")).filter(sale).sum().alias("list_revenue"),
        cents("revenue").filter(sale).sum().alias("invoice_revenue"),
        cents("revenue").sum().alias("net_revenue"),
        cents("cost_of_goods").sum().alias("cost_of_goods"),
    )
    done = facts.collect(engine="streaming")
    return _in_units(pd.DataFrame(done.to_dict(as_series=False)), by)


def run_pandas(by: str | None, folder: str, options) -> pd.DataFrame:
    """Hand-written pandas; DuckDB reads the Parquet files for it."""
    lines = duckdb.sql(f"select * from read_parquet('{folder}/lines*.parquet')").df()
    key = ["customer_id"]
    if by is not None:
        key.append("period")
        lines["period"] = lines["date"].dt.to_period("Q").astype("category")
    for name in ("revenue", "discount", "cost_of_goods"):
        lines[name] = (lines[name].fillna(0) * 100).round().astype("int64")
    sale = lines["revenue"] >= 0
    lines["list_revenue"], lines["invoice_revenue"] = (lines["revenue"] + lines["discount"]).where(sale, 0), lines["revenue"].where(sale, 0)
    lines["returns_lines"], lines["orders"] = ~sale, lines["order_id"].where(sale)
    lines["day"] = lines["date"].where(sale)
    facts = lines.groupby(key, observed=True).agg(
        lines=("revenue", "size"),
        orders=("orders", "nunique"),
        returns_lines=("returns_lines", "sum"),
        first_order=("day", "min"),
        last_order=("day", "max"),
        list_revenue=("list_revenue", "sum"),
        invoice_revenue=("invoice_revenue", "sum"),
        net_revenue=("revenue", "sum"),
        cost_of_goods=("cost_of_goods", "sum"),
    )
    return _in_units(facts.reset_index(), by)


def run_custprof_polars(by: str | None, folder: str, options) -> pd.DataFrame:
    """customer_facts on a lazy polars frame."""
    import polars as pl

    return customer_facts(pl.scan_parquet(f"{folder}/lines*.parquet"), by=by, period="quarter")


def run_spark(by: str | None, folder: str, options) -> pd.DataFrame:
    """customer_facts on Spark in local mode; the session's start is counted."""
    from custprof.study.backends import spark_session

    return customer_facts(spark_session().read.parquet(f"{folder}/lines*.parquet"), by=by, period="quarter")


CONTENDERS: dict[str, tuple[Callable, str | None]] = {
    "custprof": (run_custprof, None),
    "sql": (run_sql, None),
    "custprof on polars": (run_custprof_polars, "polars"),
    "polars": (run_polars, "polars"),
    "pandas": (run_pandas, None),
    "spark": (run_spark, "pyspark"),
}


def _missing(name: str) -> str:
    """The package (or Java) that a contender wants and that is not here."""
    package = CONTENDERS[name][1]
    if package is not None and importlib.util.find_spec(package) is None:
        return package
    return "java" if package == "pyspark" and shutil.which("java") is None else ""


def _in_units(facts: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Cents as money, sorted, as customer_facts gives them."""
    money = list(SUMS[3:])
    facts["returns"] = facts["invoice_revenue"].fillna(0) - facts["net_revenue"]
    facts[money] = facts[money].fillna(0).astype("int64") / 100
    return facts.set_index(["customer_id"] if by is None else ["customer_id", "period"]).sort_index()


@contextmanager
def _connect(folder: str, options) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB whose memory is watched, ten times a second."""
    limit = {"memory_limit": options.memory_limit} if options.memory_limit else {}
    done, held = threading.Event(), "select sum(memory_usage_bytes) / 2**30 from duckdb_memory()"
    with duckdb.connect(config={"temp_directory": folder + "/spill", "preserve_insertion_order": False, **limit}) as con:

        def watch():
            with con.cursor() as beside:
                while not done.wait(0.1):
                    ENGINE.append(beside.execute(held).fetchall()[0][0])

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield con
        finally:
            done.set()
            watcher.join()


def _child(name: str, task: str, folder: str, options) -> dict:
    command = [sys.executable, __file__, "--run", name, task, folder, "--memory-limit", options.memory_limit]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} {task}: {done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    shown = ", ".join(f"{key} {value:.2f}" for key, value in said.items() if key != "found" and value is not None)
    print(f"{task} {name}: {shown}", file=sys.stderr)
    return said


def _run(name: str, task: str, folder: str, options) -> None:
    """One task of one contender: prints what it took and found."""
    start, before = time.perf_counter(), _cpu()
    facts = CONTENDERS[name][0](PERIOD[task], folder, options)
    said = {"wall s": time.perf_counter() - start, "cpu s": _cpu() - before}
    said |= {"engine GiB": max(ENGINE, default=None), "peak GiB": _peak()}
    said["result GiB"] = float(facts.memory_usage(deep=True).sum()) / 2**30
    found = [len(facts), *(round(100 * float(facts[column].sum())) for column in SUMS)]
    print(json.dumps({**said, "found": found}))


def _cpu() -> float:
    """Seconds of the processor, of this process and of Spark's Java process."""
    me = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (me, *me.children(recursive=True)))


def _peak() -> float:
    """The most memory that this process held, in GiB, and what Spark's Java process, which gives none back, holds at the end."""
    java = sum(each.memory_info().rss for each in psutil.Process().children(recursive=True)) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20 + java


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=0, help="default: one for 24 lines")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--memory-limit", default="", help="of DuckDB, for example 2GB")
    parser.add_argument("--folder", default=None, help="where the lines are written (a temporary folder in it)")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=[name for name in CONTENDERS if name != "spark"])
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    options.customers = options.customers or max(options.lines // 24, 3)
    return options


if __name__ == "__main__":
    chosen = _options(None)
    if chosen.run:
        _run(*chosen.run, chosen)
    else:
        main()
