"""Every notebook is a question, runs on the demo and on a study that has nothing but transactions, and stores no outputs."""

from __future__ import annotations

import re

import nbformat
import numpy as np
import pytest
from conftest import NOTEBOOKS

from custprof.report import run

SEVEN = ["01_data", "02_costs", "03_profit", "04_segments", "05_lifetime_value", "06_acquisition", "07_decisions"]


def test_there_are_the_seven_notebooks():
    assert [path.stem for path in NOTEBOOKS] == SEVEN


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_question_with_a_parameters_cell_and_a_fair_length(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    first = notebook.cells[0].source.splitlines()[0]
    assert re.fullmatch(r"# .+\?", first), first
    assert 20 <= len(notebook.cells) <= 40
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1 and "study_path" in tagged[0].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_read_more_than_run(path):
    lengths = sorted(len(cell.source.splitlines()) for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert lengths[len(lengths) // 2] <= 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_needs_the_truth_is_tagged_as_the_demo_s(path):
    """Else the report of a study says of it that it is not answered. What is found is never the demo's alone."""
    for cell in nbformat.read(path, as_version=4).cells:
        tags, first = cell.metadata.get("tags", []), cell.source.partition("\n")[0]
        needs = first.removeprefix("%%needs").partition("--")[0].split() if first.startswith("%%needs") else []
        assert "truth" not in needs or "demo" in tags, first
        assert not {"demo", "finding"} <= set(tags) and not {"demo", "parameters"} <= set(tags)


@pytest.mark.parametrize("name", SEVEN)
def test_a_notebook_runs_on_the_demo(demo_report, name):
    page = (demo_report / f"{name}.html").read_text(encoding="utf-8")
    assert "Not answered here" not in page and "Exercises" in page
    assert ("Does the truth agree" in page) == (name == "06_acquisition")
    assert "Traceback" not in page and 'data-mime-type="application/vnd.jupyter.stderr" tab' not in page


def test_the_notebooks_run_on_a_study_that_has_only_transactions(tmp_path):
    """Two hundred customers of a plain shop, who come in their own rhythm until they stay away; what it cannot answer is said in words."""
    draw = np.random.default_rng(7)
    rows = ["customer_id,order_id,date,revenue"]
    for customer in range(200):
        day, last, pause = draw.uniform(0, 500), draw.exponential(900), draw.gamma(2, 30)
        while day < min(1096, last + 500):
            date = np.datetime64("2023-01-01") + np.timedelta64(int(day), "D")
            rows.append(f"c{customer:03},c{customer:03}-{int(day)},{date},{draw.gamma(3, 30) * draw.choice([1, 1, 1, 1, -0.2]):.2f}")
            day += 1 + draw.exponential(pause)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "study.toml").write_text('[study]\nname = "Shop"\n', encoding="utf-8")
    (tmp_path / "shop" / "transactions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    out = run(tmp_path / "shop", tmp_path / "out", progress=False)
    pages = {path.stem: path.read_text(encoding="utf-8") for path in out.glob("0*.html")}
    assert set(pages) == set(SEVEN)
    assert "Not answered here" in pages["02_costs"]
    assert not any("Traceback" in page for page in pages.values())
    for name, page in pages.items():
        assert "Exercises" not in page and "no known truth" not in page and "Does the truth agree" not in page, name
    assert "Cost per customer alone" in pages["06_acquisition"] and "Every lead takes time" not in pages["06_acquisition"]
