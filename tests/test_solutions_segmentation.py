"""The answers to the exercises on segments hold on the demo company: every assertion in them is executed."""

import nbformat
from conftest import ROOT
from nbclient import NotebookClient


def test_the_answers_hold(monkeypatch):
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    notebook = nbformat.read(ROOT / "notebooks" / "solutions" / "04_segments.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert sum("assert " in cell.source for cell in notebook.cells) == 6
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
