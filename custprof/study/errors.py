"""What does a study say when it cannot be read? Everything that is wrong, at once, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

__all__ = ["StudyError", "meant"]


class StudyError(ValueError):
    """A study cannot be read; the message lists every problem, and ``problems`` holds them one by one.

    Examples
    --------
    >>> str(StudyError(["transactions.csv is empty; export it again."]))
    'transactions.csv is empty; export it again.'
    >>> print(StudyError(["a.csv is empty.", "b.csv is empty."]))
    2 problems:
    1. a.csv is empty.
    2. b.csv is empty.
    """

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        lines = [f"{number}. {problem}" for number, problem in enumerate(self.problems, 1)]
        super().__init__(self.problems[0] if len(lines) == 1 else "\n".join([f"{len(lines)} problems:", *lines]))


def meant(word: str, known: Sequence[str]) -> str:
    """The known names closest to a word, as the end of a sentence.

    Examples
    --------
    >>> meant("custmer_id", ["customer_id", "date"])
    "did you mean 'customer_id'?"
    >>> meant("xyz", ["customer_id", "date"])
    "choose from 'customer_id', 'date'."
    """
    lowered = {name.lower().strip(): name for name in known}
    close = [lowered[name] for name in get_close_matches(word.lower().strip(), lowered, n=2, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    if not known:
        return "there are none."
    listed = ", ".join(map(repr, known[:12]))
    return f"choose from {listed}" + (f" and {len(known) - 12} more." if len(known) > 12 else ".")
