"""The answers to the exercises of the notebooks are run, and check themselves."""

from __future__ import annotations

import re

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_the_answers_hold(path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.delenv("CUSTPROF_STUDY", raising=False)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    said = [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"]
    assert not said, said[0].text


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_exercise_has_a_checked_answer(path):
    cells = nbformat.read(path, as_version=4).cells
    exercises = nbformat.read(ROOT / "notebooks" / path.name, as_version=4).cells[-1].source.partition("## Exercises")[2]
    asked = re.findall(r"^\d+", exercises, flags=re.MULTILINE)
    answered = [
        match for cell in cells if cell.cell_type == "markdown" for match in re.findall(r"^## (\d+)\.", cell.source, flags=re.MULTILINE)
    ]
    assert asked and answered == asked
    assert sum("assert " in cell.source for cell in cells if cell.cell_type == "code") >= len(asked)
    assert f"solutions/{path.name}" in exercises
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
