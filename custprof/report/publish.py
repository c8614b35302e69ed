"""How does a study become a report that is there whole or not at all?

The notebooks run, the summary is computed, and pages and workbook are written into a folder beside the report's; only then does it take the
report's place. An earlier report is replaced; a folder that is none, or that holds anything else, is left alone.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from custprof.report.execute import NotebookError, ReportError, execute_notebooks, find_notebooks
from custprof.report.pages import first_finding, question_of, render_index, render_notebook

__all__ = ["run"]

MARKER = ".custprof-report.json"
WORKBOOK = "customer_profit.xlsx"


def run(
    study: str | Path | None = None,
    out: str | Path = "report",
    *,
    notebooks: str | Path | Iterable[str | Path] | None = None,
    engine: str | None = None,
    progress: bool = True,
) -> Path:
    """Make the report of a study: ``index.html``, a page per notebook and ``customer_profit.xlsx``.

    Parameters
    ----------
    study : str or Path, optional
        The study's folder or its study.toml; default the demo company. It is read only.
    out : str or Path, default "report"
        The report's folder. An earlier report there is replaced.
    notebooks : folder or files, optional
        Other notebooks than custprof's own.
    engine : str, optional
        What works on the study's rows: duckdb, spark, polars or pandas; default as study.toml says, else duckdb.
    progress : bool, default True
        Show a bar that counts the notebooks' cells.

    Returns
    -------
    Path
        The report's folder, absolute.

    Raises
    ------
    StudyError
        If the study cannot be read or its check finds errors.
    ReportError
        If ``out`` lies in the study, or holds anything but an earlier report.
    NotebookError
        If a notebook fails: the report stays as it was, the notebook as far as it came is kept in ``<out>_failed``.

    Examples
    --------
    >>> run(out=".")
    Traceback (most recent call last):
        ...
    custprof.report.execute.ReportError: ... is not a report; choose another folder with out, or empty this one.
    """
    out = Path(out).resolve()
    _check_out(out)
    opened, path = _open(study, engine)
    _check_apart(out, opened)
    files = find_notebooks(notebooks)
    out.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _write(making, opened, path, files, engine, progress)
        _put_in_place(making, out)
    except NotebookError as error:
        raise NotebookError(_kept(error, out), error.name, error.notebook) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return out


def _open(study, engine: str | None):
    """The opened study, without errors, and the path that the notebooks are given."""
    import pandas as pd

    from custprof.costing import check_costs
    from custprof.datasets import shipped
    from custprof.study import Study, StudyError

    path = None if study is None else str(Path(study).resolve())
    opened = Study.open(path or shipped("data") / "demo", engine=engine)
    issues = pd.concat([opened.check(), check_costs(opened)]).drop_duplicates()
    errors = issues[issues["severity"] == "error"]
    if len(errors):
        said = [f"{f'{row.table}.{row.column}'.rstrip('.')}: {row.rule}; {row.advice}" for row in errors.head(3).itertuples()]
        raise StudyError("\n".join([f"{opened.name}: the check found {len(errors)} errors (custprof check shows all), first:", *said]))
    return opened, path


def _write(making: Path, study, path: str | None, files: list[Path], engine: str | None, progress: bool) -> None:
    from custprof.datasets import demo_path
    from custprof.report.sheets import SHEETS
    from custprof.report.summary import cover, summarize_study
    from custprof.report.workbook import to_excel

    summarized = _beside(summarize_study, study)
    executed = execute_notebooks(files, {"study_path": path, "engine": engine}, progress=progress)
    tables = summarized.result()
    pages = [
        {"name": name, "label": name.replace("_", " "), "title": question_of(notebook) or name, "finding": first_finding(notebook)}
        for name, notebook in executed.items()
    ]
    shown = {"study": study.name, "lessons": study.folder == demo_path()}
    for name, notebook in executed.items():
        _write_text(making / f"{name}.html", render_notebook(notebook, pages, name, **shown))
    to_excel(tables, making / WORKBOOK, notes=SHEETS, title=f"{study.name}: customer profitability")
    _write_text(making / "index.html", render_index({**cover(study, tables), "pages": pages, "workbook": WORKBOOK, "sheets": list(tables)}))
    _write_text(making / MARKER, json.dumps({"study": study.name, "files": sorted(each.name for each in making.iterdir())}, indent=1))


def _beside(work: Callable, *arguments: Any) -> Future:
    """Begin some work in a thread of its own, which nobody waits for where the rest fails or is interrupted."""
    done: Future = Future()

    def run() -> None:
        try:
            done.set_result(work(*arguments))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _check_out(out: Path) -> None:
    """``out`` is absent, empty, or an earlier report with nothing else in it."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ReportError(f"{out} is a file; choose a folder with out.")
    there = {each.name for each in out.iterdir()}
    if there and MARKER not in there:
        raise ReportError(f"{out} holds {len(there)} files and is not a report; choose another folder with out, or empty this one.")
    if there:
        own = {MARKER, *json.loads((out / MARKER).read_text(encoding="utf-8"))["files"]}
        foreign = sorted(there - own)
        if foreign:
            raise ReportError(
                f"{out} holds {len(foreign)} files that are not of the report, first {foreign[:3]}; move them, or choose another out."
            )


def _check_apart(out: Path, study) -> None:
    folder = Path(study.folder).resolve()
    if out == folder or folder in out.parents or out in folder.parents:
        raise ReportError(
            f"{out} lies in the study's folder {folder} or around it, and a report is never written into a study; choose another out."
        )


def _put_in_place(making: Path, out: Path) -> None:
    making.chmod(0o755)
    if not out.exists():
        making.rename(out)
        return
    _check_out(out)
    earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        out.rename(earlier / out.name)
        making.rename(out)
    except BaseException:  # Ctrl-C too: one of the two reports always stands
        if not out.exists():
            (earlier / out.name).rename(out)
        raise
    finally:
        shutil.rmtree(earlier, ignore_errors=True)


def _kept(error: NotebookError, out: Path) -> str:
    """Keep the notebook as far as it came and say where."""
    import nbformat

    folder = out.with_name(f"{out.name}_failed")
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(error.notebook, folder / f"{error.name}.ipynb")
    return f"{error}\nNo report was written. The notebook as far as it came: {folder / error.name}.ipynb"
