"""What several tests share: the demo's report, made once, and small notebooks."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
collect_ignore = ["references"]  # what makes reference values needs libraries that custprof does without
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

#: Why the tests of Spark are skipped, if they are.
NO_SPARK = next((f"{name} is not installed" for name in ("pyspark", "sqlglot") if importlib.util.find_spec(name) is None), "") or (
    "Spark needs Java, which is not installed" if shutil.which("java") is None else ""
)


@pytest.fixture(scope="session")
def spark():
    """One Spark session for all tests of a process; it is stopped after them."""
    if NO_SPARK:
        pytest.skip(NO_SPARK)
    from custprof.study.backends import spark_session

    session = spark_session()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def demo_report(tmp_path_factory) -> Path:
    """The report of the demo company, made once, also where several processes run the tests: the first makes it, the others wait."""
    from custprof.report import run

    place = tmp_path_factory.getbasetemp()
    place = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "demo"
    try:
        place.mkdir()
    except FileExistsError:
        until = time.monotonic() + 600
        while not (place / "said").exists():
            assert time.monotonic() < until, "the other process did not make the report in ten minutes"
            time.sleep(0.5)
        assert (place / "said").read_text() == "made", "the other process could not make the report; its tests say why"
        return place / "report"
    said = "failed"
    try:
        run(out=place / "report", progress=False)
        said = "made"
    finally:
        (place / "said.part").write_text(said)
        (place / "said.part").rename(place / "said")
    return place / "report"


@pytest.fixture
def write_notebook(tmp_path):
    """Writes a notebook with a parameters cell and the code cells given, and returns its path."""

    def write(*sources: str, name: str = "01_small", title: str = "Does it run?") -> Path:
        parameters = v4.new_code_cell("study_path = None\nengine = None", metadata={"tags": ["parameters"]})
        cells = [v4.new_markdown_cell(f"# {title}"), parameters, *map(v4.new_code_cell, sources)]
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(v4.new_notebook(cells=cells), path)
        return path

    return write


@pytest.fixture
def small_study(tmp_path) -> Path:
    """A study with transactions alone: three customers, two years, one return."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "study.toml").write_text('[study]\nname = "Small & plain"\ncurrency = "EUR"\n', encoding="utf-8")
    lines = ["customer_id,order_id,date,revenue"]
    for month in range(1, 13):
        lines += [f"a,A{month},2024-{month:02}-03,{100 + month}.50", f"b,B{month},2025-{month:02}-05,{20 + month}.25"]
    lines += ["c,C1,2024-02-11,70.00", "c,C2,2025-03-11,-20.00"]
    (folder / "transactions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
