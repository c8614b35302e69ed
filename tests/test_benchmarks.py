"""The benchmark commands run at a small size, and their contenders find the same."""

import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))

SMALL = ["--customers=300", "--activities=12", "--pools=9", "--support=3", "--lines=30", "--rows=2000", "--lineage-rows=1000"]


@pytest.mark.parametrize("options", [[], ["--shuffled", "--ids=text"]])
def test_contenders_of_the_allocation_benchmark_agree(options, capsys):
    import allocation

    table = allocation.main([*SMALL, "--traces=5", "--repeats=1", *options])
    assert table[["driver rows", "contender"]].to_numpy().tolist() == [
        ["2,000", "custprof"],
        ["2,000", "naive pandas"],
        ["1,000", "custprof"],
        ["1,000", "naive pandas"],
        ["1,000", "stored lineage"],
    ]
    # A cell of custprof is less than a cent from its share of its activity's cost, and that less than a cent from the pool's lines'.
    assert (table["furthest apart"] < 12 * 0.02).all() and (table.loc[table["contender"] != "custprof", "furthest apart"] > 0).all()
    assert (table.loc[table["contender"] == "custprof", ["cents lost", "furthest apart"]] == 0).all(axis=None)
    assert (table[["seconds", "MB"]] >= 0).all(axis=None)
    said = capsys.readouterr().out
    assert said.startswith("300 customers, 12 activities, 9 pools (3 reciprocal), 30 ledger lines")
    assert all(name in said for name in table["contender"])


def test_the_command_says_what_cannot_be():
    command = [sys.executable, ROOT / "tests" / "benchmarks" / "allocation.py", *SMALL, "--rows=4000"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "fewer pairs of customers and activities than driver rows" in done.stderr
