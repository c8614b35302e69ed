"""The benchmark of the lifetime models runs, at a size that takes no time."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).parent / "benchmarks" / "lifetime.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_lifetime", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:.*ended at its boundary")
def test_all_models_are_compared(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "run", lambda python, program, name, file: benchmark.ours(dict(np.load(file)), name))
    monkeypatch.setattr(benchmark, "find_spec", lambda name: None)
    table = benchmark.compare([600], python_lifetimes="the same models again")
    assert table["program"].tolist() == ["custprof", "lifetimes"] * 4
    assert (table["above_ours"].abs() < 1e-6).all() and (table["times_ours"] > 0).all()
    pareto = table[table["model"] == "ParetoNBD"].iloc[0]
    best = sum(benchmark.loglik(benchmark.simulate(600), "ParetoNBD", {**benchmark.TRUTH, "r": r}) for r in (0.5, 0.6)) / 2
    assert pareto["loglik"] > best  # no other parameters do better


def test_one_measurement_is_a_process(benchmark, tmp_path):
    np.savez(tmp_path / "data.npz", **benchmark.simulate(300))
    command = [sys.executable, str(FILE), "--one", "custprof", "GammaGamma", str(tmp_path / "data.npz")]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found["fit"] > 0 and found["parameters"].keys() == {"p", "q", "gamma"}
    assert benchmark.run(sys.executable, "nothing", "GammaGamma", tmp_path / "data.npz")["error"].startswith("KeyError")
