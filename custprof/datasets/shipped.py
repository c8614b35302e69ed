"""Where do the files lie that come with the package: data and notebooks?"""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped"]


def shipped(name: str) -> Path:
    """Folder `name` ("data" or "notebooks"): beside the package in a checkout, inside the package where it was installed.

    Raises
    ------
    FileNotFoundError
        If neither place has it.

    Examples
    --------
    >>> shipped("data").name
    'data'
    """
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    folders = [package / "_shipped" / name]
    if (checkout / "pyproject.toml").is_file():
        folders.insert(0, checkout / name)
    for folder in folders:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"custprof came without its folder {name!r} (looked for {folders[0]}); install it again.")
