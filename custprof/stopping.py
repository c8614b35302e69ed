"""How does a command end: all done, failed, given what is wrong, or stopped by somebody?

Each way has its exit status and one sentence for the reader. What is stopped leaves nothing half-written: what was under way tidies up.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

__all__ = ["FAILED", "INTERRUPTED", "TERMINATED", "WRONG_INPUT", "Terminated", "run_to_end", "say", "was_stopped"]

FAILED, WRONG_INPUT, INTERRUPTED, TERMINATED = 1, 2, 130, 143


class Terminated(KeyboardInterrupt):
    """The process is asked to end, as Ctrl-C would."""


def run_to_end(work: Callable[[], int], *, leaves: bool) -> int:
    """Do the work and give the exit status; an error that says everything becomes a sentence, a fault of the program stays an error.

    Parameters
    ----------
    work : callable that gives the exit status where all goes well
    leaves : whether the process ends with it, so that after a stop nobody needs to wait for what is still running

    Examples
    --------
    >>> run_to_end(lambda: 0, leaves=False)
    0
    """
    stopping = INTERRUPTED

    def stop(*_) -> None:
        nonlocal stopping
        stopping = TERMINATED
        raise Terminated

    # only the main thread hears signals
    before = signal.signal(signal.SIGTERM, stop) if threading.current_thread() is threading.main_thread() else None
    try:
        return work()
    except (KeyboardInterrupt, Exception) as error:
        if was_stopped(error):
            say("Stopped. Nothing was written.")
            return _leave(stopping) if leaves else stopping
        status = _status(error)
        if status is None:
            raise
        say(f"custprof: {error}")
        return status
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def was_stopped(error: BaseException | None) -> bool:
    """Whether somebody stopped the work; DuckDB says so in words of its own, and what reads a table adds some.

    Examples
    --------
    >>> was_stopped(RuntimeError("Query interrupted")), was_stopped(ValueError("no such table"))
    (True, False)
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or (type(error) is RuntimeError and str(error) == "Query interrupted"):
            return True
        error = error.__cause__ or error.__context__
    return False


def say(text: str) -> None:
    """A sentence for the reader, apart from the results."""
    print(text, file=sys.stderr)


def _leave(status: int) -> NoReturn:
    """End the process, tidied up, without waiting for threads: torn down in the midst of their work the engines complain of it."""
    with suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def _status(error: Exception) -> int | None:
    """The exit status of an error whose message says everything; None for a fault of the program, which keeps its traceback.

    A ValueError raised in custprof's own lines was written for the reader; one from deep in a library was not.
    """
    if type(error).__name__ == "NotebookError":
        return FAILED
    raised = traceback.extract_tb(error.__traceback__)[-1].filename
    spoken = isinstance(error, ValueError) and Path(raised).is_relative_to(Path(__file__).parent)
    return WRONG_INPUT if spoken or isinstance(error, OSError) else None
