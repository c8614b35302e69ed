"""How is it said that something long is under way?

Work of the engine that lasts over two seconds shows a bar, in a notebook as in a terminal, and nothing where nobody looks (a pipe, a log).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import Any

__all__ = ["Steps", "room", "watched"]

#: Seconds before a bar is shown.
PATIENCE = 2.0
_STEP = 0.25
#: Work that is part of other work that is watched shows no bar of its own.
_ONE = threading.Lock()


class Steps:
    """How much is done of work that is a row of short steps, as what watches an engine asks it."""

    def __init__(self) -> None:
        self._percent = 0.0

    def of(self, items: Sequence[Any], start: float = 0.0, end: float = 100.0) -> Iterator[Any]:
        """The items, counted as they are taken; they are the work from one percent to another."""
        for number, item in enumerate(items):
            self._percent = start + (end - start) * number / len(items)
            yield item

    def query_progress(self) -> float:
        """Percent of the items that are done."""
        return self._percent


@contextmanager
def watched(con: Any, what: str) -> Iterator[None]:
    """Show how far the engine is with the queries run inside, if they take longer than `PATIENCE`.

    Parameters
    ----------
    con : what tells how far it is by ``query_progress``: a connection of DuckDB, where a study's rows are, or `Steps`; None where nobody
        can tell, and only the time is shown
    what : what is done, in words ("reading transactions")
    """
    if not _seen() or not _ONE.acquire(blocking=False):
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(con, what, done), daemon=True)
    try:
        watcher.start()
        yield
    finally:
        done.set()
        watcher.join()
        _ONE.release()


def room() -> dict[str, int]:
    """The room for a bar of tqdm: in a terminal that does not say how large it is, it would show nothing at all."""
    size = get_terminal_size()
    return {"ncols": min(size.columns, 100), "nrows": size.lines} if sys.stderr.isatty() else {}


def _watch(con: Any, what: str, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    from tqdm.auto import tqdm

    shown = "{desc}: {elapsed}" if con is None else "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    with tqdm(total=100, desc=what, leave=False, bar_format=shown, **room()) as bar:
        while not done.wait(_STEP):
            # several queries one after the other: the bar never goes back
            bar.n = max(bar.n, min(99, con.query_progress())) if con is not None else 0
            bar.refresh()


def _seen() -> bool:
    """Whether somebody looks: a terminal, or a notebook that is open in Jupyter (the notebooks of a report run by themselves)."""
    return sys.stderr.isatty() or "JPY_SESSION_NAME" in os.environ
