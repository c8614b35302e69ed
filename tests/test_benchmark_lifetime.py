"""The benchmark of the lifetime models runs, at a size that takes no time."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).parent / "benchmarks" / "lifetime.py"


def module_of(file):
    spec = importlib.util.spec_from_file_location(f"benchmark_of_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def benchmark():
    return module_of(FILE)


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


def test_parameters_of_every_model_come_back():
    studies = 5
    table = module_of(FILE.with_name("lifetime_bias.py")).bias(studies, 4000, random_state=1)
    assert table.index.get_level_values("model").nunique() == 7 and (table["converged"] == 1).all()
    assert (table["bias"].abs() < 4 * table["se"] / np.sqrt(studies)).all(), table.round(3).to_string()
    assert table["spread"].div(table["se"]).between(0.2, 2.5).all(), table.round(3).to_string()
