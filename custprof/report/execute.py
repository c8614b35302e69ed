"""How are the notebooks run on a study, each in a kernel of its own, and what is said when one fails?

Two notebooks run at a time. A kernel is this Python, with no start-up files, history or settings of the user, so that a report depends on
the study alone. Its parameters stand in a cell after the one tagged ``parameters``.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["NotebookError", "ReportError", "execute_notebooks", "find_notebooks"]

JOBS = 2


class ReportError(ValueError):
    """A report cannot be made as it was asked for; the message says what to change."""


class NotebookError(RuntimeError):
    """A notebook failed; ``notebook`` holds it as far as it came, ``name`` its file's name without ``.ipynb``."""

    def __init__(self, message: str, name: str, notebook) -> None:
        super().__init__(message)
        self.name = name
        self.notebook = notebook


def find_notebooks(notebooks: str | Path | Iterable[str | Path] | None = None) -> list[Path]:
    """The notebooks of a report, in their order.

    Parameters
    ----------
    notebooks : folder, notebook or several notebooks, optional
        A folder stands for its notebooks whose names begin with a digit, by name. Default: the notebooks that come with custprof.

    Returns
    -------
    list of Path

    Raises
    ------
    ReportError
        If there is none, one is missing, or two have the same name.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("02_costs.ipynb", "01_data.ipynb", "scratch.ipynb"):
    ...         _ = pathlib.Path(folder, name).write_text("{}")
    ...     [path.stem for path in find_notebooks(folder)]
    ['01_data', '02_costs']
    """
    if notebooks is None:
        from custprof.datasets import shipped

        notebooks = shipped("notebooks")
    if isinstance(notebooks, str | Path):
        folder = Path(notebooks)
        paths = sorted(folder.glob("[0-9]*.ipynb")) if folder.is_dir() else [folder]
        if not paths:
            raise ReportError(f"{folder} holds no notebook whose name begins with a digit; name a folder that does.")
    else:
        paths = [Path(each) for each in notebooks]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        raise ReportError(f"{len(missing)} of {len(paths)} notebooks do not exist, first {missing[:3]}; name files that do.")
    stems = [path.stem for path in paths]
    if len(set(stems)) < len(stems) or "index" in stems:
        raise ReportError(f"each notebook becomes a page of its name, so names differ and none is index; these are {stems}.")
    return [path.resolve() for path in paths]


def execute_notebooks(paths: Iterable[Path], parameters: Mapping[str, Any], *, progress: bool = True) -> dict[str, Any]:
    """Run notebooks, each in its own kernel, two at a time.

    Parameters
    ----------
    paths : iterable of Path
        The notebooks' files; they are read, never written.
    parameters : mapping of str to value
        Set after the cell tagged ``parameters``; values by their repr.
    progress : bool, default True
        Show a bar that counts cells, in a terminal or a notebook; nothing in a pipe or a log.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        The executed notebooks by name, in the order of ``paths``.

    Raises
    ------
    ReportError
        If a notebook has no cell tagged ``parameters``, or several.
    NotebookError
        At the first cell that fails. All kernels are stopped, then and at Ctrl-C.

    Examples
    --------
    >>> import nbformat.v4 as v4, nbformat, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "sum.ipynb")
    ...     cells = [v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]}), v4.new_code_cell("x + 1")]
    ...     nbformat.write(v4.new_notebook(cells=cells), file)
    ...     execute_notebooks([file], {"x": 41}, progress=False)["sum"].cells[-1].outputs[0].data["text/plain"]
    '42'
    """
    import nbformat
    from tqdm.auto import tqdm

    from custprof.study.progress import room

    loaded = {path.stem: _inject(nbformat.read(path, as_version=4), parameters, path) for path in paths}
    cells = sum(cell.cell_type == "code" for notebook in loaded.values() for cell in notebook.cells)
    with (
        tempfile.TemporaryDirectory(prefix="custprof-", ignore_cleanup_errors=True) as folder,
        tqdm(
            total=cells,
            unit="cell",
            disable=None if progress else True,  # None: shown where somebody looks
            bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} cells {elapsed}",
            **room(),
        ) as bar,
        ThreadPoolExecutor(JOBS) as pool,
    ):
        runs = [_Run(name, notebook, folder, bar) for name, notebook in loaded.items()]
        futures = [pool.submit(run) for run in runs]
        try:
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=0.2)
                for future in done:
                    future.result()
        except BaseException:
            for each in (*futures, *runs):
                each.cancel()
            raise
    return loaded


class _Run:
    """One notebook on its way: called in a thread of the pool, cancelled from the main one."""

    showing = threading.Lock()
    running: tuple[str, ...] = ()

    def __init__(self, name: str, notebook, folder: str, bar) -> None:
        self.name, self.notebook, self.folder, self.bar = name, notebook, folder, bar
        self.client = None
        self.cancelled = False

    def __call__(self) -> None:
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        if self.cancelled:
            return
        self._show(+1)
        failed = {}
        self.client = _client(self.notebook, self.folder)
        self.client.on_cell_executed = lambda cell, cell_index, execute_reply: self.bar.update()
        self.client.on_cell_error = lambda cell, cell_index, execute_reply: failed.update(index=cell_index, **execute_reply["content"])
        try:
            self.client.execute(env=_environment(self.folder))
        except CellExecutionError:
            raise NotebookError(_message(self.name, self.notebook, failed), self.name, self.notebook) from None
        except DeadKernelError:
            if not self.cancelled:
                raise NotebookError(f"{self.name}.ipynb: its kernel died; perhaps memory ran out.", self.name, self.notebook) from None
        finally:
            atexit.unregister(self.client._cleanup_kernel)  # nbclient forgets to where a kernel was killed
            self._show(-1)

    def cancel(self) -> None:
        self.cancelled = True
        kernel = getattr(getattr(self.client, "km", None), "provisioner", None)
        process = getattr(kernel, "process", None)
        if process is not None:
            with suppress(OSError):
                process.kill()

    def _show(self, change: int) -> None:
        with _Run.showing:
            others = tuple(name for name in _Run.running if name != self.name)
            _Run.running = (*others, self.name) if change > 0 else others
            self.bar.set_description(", ".join(_Run.running))


def _client(notebook, folder: str):
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from nbclient import NotebookClient

    class ThisPython(KernelSpecManager):
        """Every kernel is the Python that runs custprof, whatever kernels the user has installed."""

        def get_kernel_spec(self, kernel_name):
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    class Manager(AsyncKernelManager):
        """A manager of such kernels."""

        def __init__(self, **options):
            super().__init__(**options, kernel_spec_manager=ThisPython())

    return NotebookClient(
        notebook,
        kernel_manager_class=Manager,
        resources={"metadata": {"path": folder}},
        timeout=None,
        store_widget_state=False,
        record_timing=False,
        shutdown_kernel="immediate",
    )


def _environment(folder: str) -> dict[str, str]:
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **single, "IPYTHONDIR": str(Path(folder, "ipython")), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _inject(notebook, parameters: Mapping[str, Any], path: Path):
    from nbformat.v4 import new_code_cell

    tagged = [place for place, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ReportError(f"{path.name} has {len(tagged)} cells tagged parameters; give it one, which sets {', '.join(parameters)}.")
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(tagged[0] + 1, new_code_cell(source, metadata={"tags": ["injected-parameters"]}))
    return notebook


def _message(name: str, notebook, failed: dict) -> str:
    number = sum(
        cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
        for cell in notebook.cells[: failed["index"] + 1]
    )
    source = notebook.cells[failed["index"]].source.strip()
    first = source.splitlines()[0] if source else ""
    return f"{name}.ipynb, code cell {number} ({first}): {failed['ename']}: {failed['evalue']}"
