"""How fast are the lifetime models, beside others, in one run on one machine, and how high are the likelihoods they reach?

    python tests/benchmarks/lifetime.py [--customers 0 100000 1000000] [--ours-only 10000000] [--lifetimes PYTHON] [--out results.csv]

CDNOW's sample and simulated customers are fitted and scored (expected purchases of 39 weeks) by every model. `lifetimes` 0.11.3 needs an
older pandas, so it runs in an environment of its own, whose Python is named by ``--lifetimes``, in a process of its own as ours does:

    python3.11 -m venv old && old/bin/pip install "lifetimes==0.11.3" "numpy<1.27" "pandas<2.1" "scipy<1.12" "autograd<1.7"

pymc-marketing's MAP joins where it is installed. Seconds of fit and of scoring are wall and processor time, the
least of up to five within ten seconds for every program, without imports; peak is the process's memory
in GB, data included. Ratios hold for this machine and this run only. Not part of the test suite; a small run of it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

TRUTH = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669, "p": 6.25, "q": 3.74, "gamma": 15.44}  # CDNOW's, in weeks
WEEKS = 39
COLUMNS = ("frequency", "recency", "T", "monetary_value")
LIFETIMES_AT_MOST = {"ParetoNBD": 100_000}  # customers: its time grows with their number and is minutes already


def simulate(n: int, random_state=0) -> dict[str, np.ndarray]:
    """Customers of 27 to 39 weeks who buy and leave as the Pareto/NBD says, seen by the day; spend as Gamma-Gamma says."""
    rng = np.random.default_rng(random_state)
    days = rng.integers(27 * 7, WEEKS * 7 + 1, n).astype(float)
    rate = rng.gamma(TRUTH["r"], 1 / (7 * TRUTH["alpha"]), n)
    stay = rng.exponential(size=n) / rng.gamma(TRUTH["s"], 1 / (7 * TRUTH["beta"]), n)
    active = np.minimum(days, stay)
    count = rng.poisson(rate * active)
    several = np.maximum(count, 1)
    last = np.where(count > 0, np.minimum(np.ceil(active * rng.random(n) ** (1 / several)), days), 0.0)
    mean = rng.gamma(TRUTH["p"] * several) / several / rng.gamma(TRUTH["q"], 1 / TRUTH["gamma"], n)
    return dict(zip(COLUMNS, (count, last / 7, days / 7, np.where(count > 0, mean, 0.0)), strict=True))


def ours(data: dict[str, np.ndarray], name: str) -> dict:
    """Fit and score by custprof."""
    from custprof import lifetime

    summary = pd.DataFrame(data)
    model = getattr(lifetime, name)()
    fit = timed("fit", model.fit, summary)
    score = timed("score", model.predict, summary, *(() if name == "GammaGamma" else (WEEKS,)))
    return {**fit, **score, "parameters": model.params_.to_dict()}


def theirs(data: dict[str, np.ndarray], name: str) -> dict:
    """Fit and score by lifetimes."""
    import lifetimes

    fitter = {"BetaGeoNBD": "BetaGeoFitter", "ModifiedBetaGeoNBD": "ModifiedBetaGeoFitter", "ParetoNBD": "ParetoNBDFitter"}
    model = getattr(lifetimes, fitter.get(name, "GammaGammaFitter"))()
    frame = pd.DataFrame(data)
    if name == "GammaGamma":
        again = frame[frame["frequency"] > 0]
        fit = timed("fit", model.fit, again["frequency"], again["monetary_value"])
        score = timed("score", model.conditional_expected_average_profit, frame["frequency"], frame["monetary_value"])
    else:
        known = frame["frequency"], frame["recency"], frame["T"]
        fit = timed("fit", model.fit, *known)
        score = timed("score", model.conditional_expected_number_of_purchases_up_to_time, WEEKS, *known)
    params = model.params_.rename({"v": "gamma"})
    return {**fit, **score, "parameters": params.to_dict()}


def maps(data: dict[str, np.ndarray], name: str) -> dict:
    """Fit by pymc-marketing, the highest point of its posterior."""
    from pymc_marketing import clv

    kind = {"BetaGeoNBD": "BetaGeoModel", "ParetoNBD": "ParetoNBDModel", "ModifiedBetaGeoNBD": "ModifiedBetaGeoModel"}
    frame = pd.DataFrame(data).assign(customer_id=np.arange(len(data["T"])))
    frame = frame[frame["frequency"] > 0] if name == "GammaGamma" else frame
    model = getattr(clv, kind.get(name, "GammaGammaModel"))(frame)
    fit = timed("fit", model.fit, method="map")
    found = model.fit_result
    params = {each: float(found[each if each != "gamma" else "v"].mean()) for each in _parameters(name)}
    return {**fit, "parameters": params}


BY = {"custprof": ours, "lifetimes": theirs, "pymc-marketing": maps}


def timed(step: str, function, *args, **options) -> dict[str, float]:
    """Seconds and processor seconds of a call, the least of up to five within ten seconds."""
    walls, processors = [], []
    while len(walls) < 5 and sum(walls) < 10:
        wall, processor = time.perf_counter(), time.process_time()
        function(*args, **options)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return {step: min(walls), f"{step}_cpu": min(processors)}


def run(python: str, program: str, name: str, file: Path) -> dict:
    """One measurement in a process of its own."""
    command = [python, __file__, "--one", program, name, str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def loglik(data: dict[str, np.ndarray], name: str, parameters: dict[str, float]) -> float:
    """The likelihood of all programs' parameters, by one yardstick."""
    from custprof import lifetime

    summary = pd.DataFrame(data)
    if name == "GammaGamma":
        from custprof.lifetime import spend

        again = summary[summary["frequency"] > 0]
        point = np.log([parameters[each] for each in _parameters(name)])
        fields = spend._data(again["frequency"].to_numpy(float), again["monetary_value"].to_numpy(float))
        return float(-spend._objective(fields, np.ones(len(again)))(point)[0] * len(again))
    model = getattr(lifetime, name)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(summary.sort_values("frequency", ascending=False).head(2000))
    model.params_[:] = [parameters[each] for each in model.params_.index]
    return float(model.loglik(summary).sum())


def compare(sizes, *, python_lifetimes: str | None = None, only_ours: int | None = None) -> pd.DataFrame:
    """One row for each data set, model and program.

    Parameters
    ----------
    sizes : list of int
        Numbers of simulated customers; 0 is CDNOW.
    python_lifetimes : str, optional
        Python that has lifetimes.
    only_ours : int, optional
        A further size for custprof alone.
    """
    rows = []
    programs = {"custprof": sys.executable, **({"lifetimes": python_lifetimes} if python_lifetimes else {})}
    if find_spec("pymc_marketing"):
        programs["pymc-marketing"] = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        for size in [*sizes, *([only_ours] if only_ours else [])]:
            data, file = simulate(size) if size else cdnow(), Path(folder) / f"{size}.npz"
            np.savez(file, **data)
            for name in ("BetaGeoNBD", "ModifiedBetaGeoNBD", "ParetoNBD", "GammaGamma"):
                for program, python in programs.items():
                    if program != "custprof" and (size == only_ours or size > LIFETIMES_AT_MOST.get(name, size)):
                        continue
                    found = run(python, program, name, file)
                    row = {"data": f"{len(data['T']):,} " + ("simulated" if size else "CDNOW"), "model": name, "program": program}
                    if "error" not in found:
                        found["loglik"] = loglik(data, name, found["parameters"])
                    rows.append({**row, **found})
                    print(json.dumps(rows[-1]), file=sys.stderr)
    table = pd.DataFrame(rows)
    mine = table[table["program"] == "custprof"].set_index(["data", "model"])
    at = list(zip(table["data"], table["model"], strict=True))
    for seconds, ratio in (("fit", "times_ours"), ("fit_cpu", "times_ours_cpu")):
        table[ratio] = table[seconds].to_numpy() / mine.loc[at, seconds].to_numpy()
    table["above_ours"] = table["loglik"].to_numpy() - mine.loc[at, "loglik"].to_numpy()
    return table


def cdnow() -> dict[str, np.ndarray]:
    """CDNOW's sample up to 1997-09-30."""
    from custprof import datasets, lifetime

    summary = lifetime.summarize(datasets.load_cdnow(), end="1997-09-30")
    return {name: summary[name].to_numpy() for name in COLUMNS}


def one(program: str, name: str, file: str) -> None:
    """A measurement, printed as JSON."""
    warnings.simplefilter("ignore")
    data = dict(np.load(file))
    if program == "custprof":
        ours({column: values[:2000] for column, values in data.items()}, name)  # imports and caches
    found = BY[program](data, name)
    print(json.dumps({**found, "peak_gb": peak()}))


def peak() -> float:
    """Largest memory of this process so far, GB; unlike rusage without what the parent held."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 2**20 for line in lines if line.startswith("VmHWM")), float("nan"))


def main(arguments=None) -> pd.DataFrame:
    """Measure, print and keep a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, nargs="*", default=[0, 100_000, 1_000_000], help="simulated customers; 0 is CDNOW")
    parser.add_argument("--ours-only", type=int, default=None, help="a further size for custprof alone")
    parser.add_argument("--lifetimes", default=None, help="Python of an environment that has lifetimes 0.11.3")
    parser.add_argument("--out", default=None, help="CSV file for the table")
    parser.add_argument("--one", nargs=3, default=None, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.one:
        return one(*chosen.one)
    table = compare(chosen.customers, python_lifetimes=chosen.lifetimes, only_ours=chosen.ours_only)
    print(
        table.drop(columns="parameters").to_string(
            index=False, float_format=lambda value: f"{value:,.4g}" if abs(value) < 1e3 else f"{value:,.2f}"
        )
    )
    if chosen.out:
        table.to_csv(chosen.out, index=False)
    return table


def _parameters(name: str) -> list[str]:
    return {"GammaGamma": ["p", "q", "gamma"], "ParetoNBD": ["r", "alpha", "s", "beta"]}.get(name, ["r", "alpha", "a", "b"])


if __name__ == "__main__":
    main()
