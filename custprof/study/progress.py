"""How is it said that something long is under way?

Work of the engine that lasts over two seconds shows a bar, in a notebook as in a terminal, and nothing where nobody looks (a pipe, a log).
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["watched"]

#: Seconds before a bar is shown.
PATIENCE = 2.0
_STEP = 0.25


@contextmanager
def watched(con: Any, what: str) -> Iterator[None]:
    """Show how far the engine is with the queries run inside, if they take longer than `PATIENCE`.

    Parameters
    ----------
    con : what tells how far it is by ``query_progress``: a connection of DuckDB, or where a study's rows are
    what : what is done, in words ("reading transactions")
    """
    if not _seen():
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(con, what, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(con: Any, what: str, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    from tqdm.auto import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    # a terminal that does not tell its size (0 columns and rows, as in containers) would be shown nothing
    width, height = shutil.get_terminal_size() if sys.stderr.isatty() else (None, None)
    with tqdm(total=100, desc=what, leave=False, bar_format=form, ncols=width, nrows=height) as bar:
        while not done.wait(_STEP):
            # several queries one after the other: the bar never goes back
            bar.n = max(bar.n, min(99, con.query_progress()))
            bar.refresh()


def _seen() -> bool:
    """Whether somebody looks: a terminal, or a notebook that is open in Jupyter (the notebooks of a report run by themselves)."""
    return sys.stderr.isatty() or "JPY_SESSION_NAME" in os.environ
