"""The order of the stages holds, and importing costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys

import nbformat
import pytest
from conftest import NOTEBOOKS, ROOT

STAGES = ["study", "costing", "profit", "segmentation", "lifetime", "acquisition", "decisions", "report"]
PACKAGE = ROOT / "custprof"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)
NETWORK = {"requests", "urllib", "urllib3", "httpx", "http", "socket", "aiohttp", "ftplib", "smtplib"}


def imported(path) -> set[str]:
    """Full names of the modules that a file imports, relative ones resolved."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_stage_imports_no_later_stage_and_plots_import_none(path):
    stage = path.relative_to(PACKAGE).parts[0]
    stages = {name.split(".")[1] for name in imported(path) if name.startswith("custprof.")}
    if stage in STAGES:
        assert not stages & set(STAGES[STAGES.index(stage) + 1 :])
    if stage == "plots":
        assert not stages & {*STAGES, "datasets"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_imports_nothing_that_speaks_to_a_network_and_no_pyarrow(path):
    roots = {name.split(".")[0] for name in imported(path)}
    assert not roots & {*NETWORK, "pyarrow"}


@pytest.mark.parametrize("module", ["custprof", "custprof.__main__"])
def test_importing_waits_with_the_heavy_libraries(module):
    code = f"import sys, {module}; print(*sorted({{'pandas', 'numpy', 'matplotlib', 'sklearn', 'scipy', 'duckdb'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_wrong_namespace_is_said_with_the_right_ones():
    import custprof

    with pytest.raises(AttributeError, match="its namespaces are study, costing, profit"):
        _ = custprof.clv


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_define_nothing_and_store_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
            assert not any(line.startswith(("def ", "class ", "async def ")) for line in cell.source.splitlines())
