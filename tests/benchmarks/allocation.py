"""What do exact cents and a trace cost, beside pandas without cents and pandas that stores the lineage?

    python tests/benchmarks/allocation.py
    python tests/benchmarks/allocation.py --customers 10000 --rows 100000 --shuffled --ids text

Inputs are drawn with a seed and given to all contenders alike: driver rows (by default as `driver_quantities` gives them: sorted,
categorical, each activity and customer once), a ledger, and a cost model whose support pools serve each other. Each contender runs in a
process of its own; its seconds are those of the processor (nothing runs in parallel, and what else the machine does is not counted), its
memory is the peak beyond what was held when the inputs were there. Stored lineage, a row for every customer,
activity and ledger line, does not fit at full size: it is measured on fewer driver rows, beside custprof on the same ones.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from custprof.costing import RESIDUALS, CostModel, allocate

__all__ = ["main"]

MB = 2**20


def main(words: list[str] | None = None) -> pd.DataFrame:
    """Run the contenders, print and return the table: one row per contender and size."""
    options = _options(words)
    with tempfile.TemporaryDirectory() as folder:
        _child("inputs", folder, options)
        best: dict[tuple, dict] = {}
        for _ in range(options.repeats):
            for rows in dict.fromkeys([options.rows, min(options.rows, options.lineage_rows)]):
                for name in CONTENDERS:
                    if name != "stored lineage" or rows <= options.lineage_rows:
                        said = _child(name, folder, argparse.Namespace(**vars(options) | {"rows": rows}))
                        best[rows, name] = min(best.get((rows, name), said), said, key=lambda run: run["seconds"])
        table = _compared(best, folder)
    order = "shuffled" if options.shuffled else "sorted"
    print(
        f"{options.customers:,} customers, {options.activities} activities, {options.pools} pools ({options.support} reciprocal), "
        f"{options.lines} ledger lines; ids as {options.ids}, rows {order}; the fastest of {options.repeats} runs each"
    )
    print(table.to_string(index=False, na_rep="-", float_format="{:,.2f}".format))
    return table


def draw(options) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activity, customer and quantity of every driver row."""
    rng = np.random.default_rng(options.seed)
    counts = np.full(options.activities, options.rows // options.activities)
    counts[: options.rows % options.activities] += 1
    activity = np.repeat(np.arange(options.activities, dtype="int16"), counts)
    customer = np.concatenate([np.sort(rng.choice(options.customers, n, replace=False)) for n in counts]).astype("int32")
    quantity = np.ceil(rng.gamma(2, 3, options.rows))
    order = rng.permutation(options.rows) if options.shuffled else slice(None)
    return activity[order], customer[order], quantity[order]


def company(options) -> tuple[CostModel, pd.DataFrame]:
    """A cost model whose support pools serve each other and all others, and its ledger."""
    rng = np.random.default_rng(options.seed + 1)
    names = [f"pool {number:02}" for number in range(options.pools)]
    pools = {name: {"accounts": [f"{6000 + number}"], "department": f"department {number % 5}"} for number, name in enumerate(names)}
    flows = {name: dict(zip(names, rng.integers(1, 10, len(names)).tolist(), strict=True)) for name in names[: options.support]}
    operating, activities = names[options.support :], {}
    for number in range(options.activities):
        of_pool = len(range(number % len(operating), options.activities, len(operating)))
        activities[f"activity {number:03}"] = {"pool": operating[number % len(operating)], "driver": "rows", "share": 1 / of_pool}
    lines = np.arange(options.lines)
    ledger = pd.DataFrame(
        {
            "line_id": [f"L{line:05}" for line in lines],
            "account": [f"{6000 + line % options.pools}" for line in lines],
            "amount": np.round(rng.uniform(1e4, 1e6, len(lines)), 2),
            "avoidable": rng.choice([0.0, 0.5, 1.0], len(lines)),
        }
    )
    return CostModel.from_dict({"pools": pools, "flows": flows, "activities": activities}), ledger


def run_custprof(model, ledger, drivers, options) -> dict:
    """Exact cents, full and avoidable, and what is asked of them."""
    with Meter() as meter:
        allocation = allocate(model, ledger, drivers)
        totals = allocation.by("department").sum(axis="columns")
    with Meter() as wide:
        table = allocation.customers()
    sums = table.to_numpy().sum(axis=1)
    assert np.allclose(sums, totals.to_numpy(), rtol=1e-12, atol=1e-6)
    asked = np.random.default_rng(options.seed).choice(table.index[~table.index.isin(RESIDUALS)], options.traces)
    totals, waits = totals[~totals.index.isin(RESIDUALS)], []
    for name in asked:
        start = time.process_time()
        trace = allocation.trace(name)
        waits.append(1000 * (time.process_time() - start))
        assert round(100 * trace["amount"].sum()) == round(100 * totals[name])
    return _said(meter, totals) | {"customers s": wide.seconds, "customers MB": wide.memory, "trace ms": float(np.median(waits))}


def run_naive(model, ledger, drivers, options) -> dict:
    """A merge and two group-bys: floats, no residual rows, no trace."""
    with Meter() as meter:
        cost = _cost_of_lines(model, ledger).groupby("activity")["amount"].sum()
        rates = (cost / drivers.groupby("activity", observed=True)["quantity"].sum()).rename("rate").reset_index()
        cells = drivers.merge(rates, on="activity")
        cells["cost"] = cells["quantity"] * cells["rate"]
        totals = cells.groupby("customer_id", observed=True)["cost"].sum()
    return _said(meter, totals)


def run_stored_lineage(model, ledger, drivers, options) -> dict:
    """The lineage stored by joins, a row for every customer, activity and ledger line, and a customer's rows looked up in it."""
    with Meter() as meter:
        lines = _cost_of_lines(model, ledger)
        whole = drivers.groupby("activity", observed=True)["quantity"].sum().rename("whole").reset_index()
        stored = drivers.merge(whole, on="activity").merge(lines, on="activity")
        stored["amount"] *= stored["quantity"] / stored["whole"]
        totals = stored.groupby("customer_id", observed=True)["amount"].sum()
    waits = []
    for name in np.random.default_rng(options.seed).choice(totals.index.to_numpy(), min(10, options.traces)):
        start = time.process_time()
        assert len(stored[stored["customer_id"] == name])
        waits.append(1000 * (time.process_time() - start))
    return _said(meter, totals) | {"trace ms": float(np.median(waits))}


CONTENDERS = {"custprof": run_custprof, "naive pandas": run_naive, "stored lineage": run_stored_lineage}


class Meter:
    """Seconds of the processor, and the peak of memory (MB) beyond what was held at the start.

    On Linux the peak is forgotten at the start. Elsewhere it is the peak of the process so far, which loading the inputs may have reached.
    """

    def __enter__(self):
        gc.collect()
        if Path("/proc/self/clear_refs").exists():
            Path("/proc/self/clear_refs").write_text("5")
        self.held, self.start = _memory("VmRSS"), time.process_time()
        return self

    def __exit__(self, *error):
        self.seconds, self.memory = time.process_time() - self.start, _memory("VmHWM") - self.held


def _memory(kind: str) -> float:
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith(kind))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MB if sys.platform == "darwin" else 1024)


def _said(meter: Meter, totals: pd.Series) -> dict:
    return {"seconds": meter.seconds, "memory": meter.memory, "totals": totals.sort_index().to_numpy()}


def _cost_of_lines(model: CostModel, ledger: pd.DataFrame) -> pd.DataFrame:
    """What every ledger line costs every activity, in floats: activity, line_id, amount."""
    usage = model.flows.usage([])
    usage = usage.div(usage.sum(axis="columns"), axis="index")
    out = usage[model.operating]
    passed = np.linalg.solve(np.eye(len(usage)) - usage[usage.index].to_numpy(), out.to_numpy())
    of_pool = pd.concat([pd.DataFrame(passed, usage.index, out.columns), pd.DataFrame(np.eye(out.shape[1]), out.columns, out.columns)])
    share = pd.DataFrame({name: of_pool[activity.pool] * activity.share for name, activity in model.activities.items()})
    of_line = share.loc[ledger["account"].map(model.pool_of())].mul(ledger["amount"].to_numpy(), axis="index").set_axis(ledger["line_id"])
    lines = of_line.rename_axis("line_id").reset_index().melt("line_id", var_name="activity", value_name="amount")
    return lines[lines["amount"] != 0]


def _child(name: str, folder: str, options) -> dict:
    """Run a contender in a process of its own, so that no other's memory is counted."""
    numbers = [f"--{key.replace('_', '-')}={value}" for key, value in vars(options).items() if isinstance(value, int) and key != "shuffled"]
    words = [*numbers, f"--ids={options.ids}", *["--shuffled"] * options.shuffled, f"--run={name}", f"--folder={folder}"]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout or "{}")


def _run(options) -> None:
    """What the process of a contender does: load the inputs, run, say the figures."""
    folder = Path(options.folder)
    if options.run == "inputs":
        for name, values in zip(("activity", "customer", "quantity"), draw(options), strict=True):
            np.save(folder / f"{name}.npy", values)
        return
    model, ledger = company(options)
    activity, customer, quantity = (np.load(folder / f"{name}.npy") for name in ("activity", "customer", "quantity"))
    some = slice(None, None, max(1, len(quantity) // options.rows))
    ids = pd.Series([f"C{number:08}" for number in range(options.customers)], dtype="str")
    drivers = pd.DataFrame({"activity": pd.Categorical.from_codes(activity[some], list(model.activities)), "quantity": quantity[some]})
    if options.ids == "category":
        drivers["customer_id"] = pd.Categorical.from_codes(customer[some], ids)
    else:
        drivers["customer_id"] = ids.take(customer[some]).array
    del activity, customer, quantity, ids
    said = CONTENDERS[options.run](model, ledger, drivers, options)
    np.save(folder / f"{options.run} {options.rows}.npy", said.pop("totals"))
    print(json.dumps(said))


def _compared(best: dict[tuple, dict], folder: str) -> pd.DataFrame:
    """Figures of every run beside those of custprof on the same rows, and how far the contenders' customers are apart."""
    rows = []
    for (size, name), run in best.items():
        ours = best[size, "custprof"]
        totals, exact = (np.load(Path(folder) / f"{each} {size}.npy") for each in (name, "custprof"))
        rows.append(
            {
                "driver rows": f"{size:,}",
                "contender": name,
                "seconds": run["seconds"],
                "x custprof": run["seconds"] / ours["seconds"],
                "MB": run["memory"],
                "x custprof's": run["memory"] / max(1.0, ours["memory"]),
                "cents lost": abs(round(100 * np.round(totals, 2).sum()) - round(100 * exact.sum())),
                "furthest apart": np.abs(totals - exact).max(),
                **{key: run.get(key, np.nan) for key in ("trace ms", "customers s", "customers MB")},
            }
        )
    return pd.DataFrame(rows).sort_values("driver rows", key=lambda text: -text.str.replace(",", "").astype(int), kind="stable")


def _options(words: list[str] | None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, number, meaning in (
        ("customers", 1_000_000, "customers"),
        ("activities", 200, "activities"),
        ("pools", 60, "pools, support pools among them"),
        ("support", 20, "support pools, which serve each other and all others"),
        ("lines", 300, "ledger lines"),
        ("rows", 10_000_000, "driver rows"),
        ("lineage-rows", 100_000, "driver rows of which the lineage is stored"),
        ("traces", 100, "customers traced"),
        ("repeats", 3, "runs of each contender, of which the fastest counts"),
        ("seed", 0, "seed of the generator"),
    ):
        parser.add_argument(f"--{name}", type=int, default=number, help=f"{meaning} ({number:,})")
    parser.add_argument("--ids", choices=["text", "category"], default="category", help="type of the column customer_id (category)")
    parser.add_argument("--shuffled", action="store_true", help="driver rows in no order")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.rows > options.customers * options.activities:
        parser.error("there are fewer pairs of customers and activities than driver rows")
    return options


if __name__ == "__main__":
    chosen = _options(None)
    _run(chosen) if chosen.run else main()
