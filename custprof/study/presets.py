"""Which system wrote an export, and how do its columns become ours?

A preset is one TOML file: it says by which headers an export is recognised and, for each table that it can feed, what study.toml would say
about it (see ``settings``). Adding a system is adding a file; a study may also name a preset of its own by its path.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custprof.study.errors import StudyError, meant
from custprof.study.headers import find_header
from custprof.study.rows import TITLE

__all__ = ["Preset", "presets", "read_preset", "recognise"]

FOLDER = Path(__file__).resolve().parents[1] / "presets"


@dataclass(frozen=True)
class Preset:
    """How one export of one system is read.

    Attributes
    ----------
    name : of the file, without its ending
    system, export : in words: which system, and which of its exports
    recognise : lists of headers; an export that has all of one list is this one
    tables : by table, the words that a section of study.toml may use; the table that it feeds best stands first
    """

    name: str
    system: str
    export: str
    recognise: tuple[tuple[str, ...], ...]
    tables: dict[str, dict[str, Any]]


def presets() -> list[str]:
    """Names of the presets that come with the package.

    Examples
    --------
    >>> "harvest" in presets(), len(presets()) >= 19
    (True, True)
    """
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_preset(name: str, folder: Path | None = None) -> Preset:
    """The preset of a name, or of a TOML file in a study's folder.

    Raises
    ------
    StudyError
        Where there is no such preset, or its file is not one.

    Examples
    --------
    >>> read_preset("toggl").system, list(read_preset("toggl").tables)
    ('Toggl', ['events'])
    """
    if name.endswith(".toml"):
        return _read((folder or Path()).resolve() / name)
    if name not in presets():
        raise StudyError(f"preset {name!r} is not known; {meant(name, presets())} A file of your own is named with its ending .toml.")
    return _read(FOLDER / f"{name}.toml")


def recognise(rows: Iterable[Sequence[str | None]], names: Iterable[str] | None = None) -> tuple[Preset, int] | None:
    """The preset whose headers stand in the first rows of an export, and the number of that row (0 is the first).

    Of several, the one that asks for most headers.

    Examples
    --------
    >>> preset, row = recognise([["Some report"], ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]])
    >>> preset.name, row
    ('online_retail', 1)
    >>> recognise([["a", "b"]]) is None
    True
    """
    known = [read_preset(name) for name in (presets() if names is None else names)]
    best, most = None, 0
    for place, row in zip(range(TITLE), rows, strict=False):
        header = [cell or "" for cell in row]
        for preset in known:
            for headers in preset.recognise:
                if len(headers) > most and all(find_header(name, header) is not None for name in headers):
                    best, most = (preset, place), len(headers)
    return best


def _read(path: Path) -> Preset:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise StudyError(f"preset {path} does not exist.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"preset {path} cannot be read: {error}.") from None
    tables = content.get("tables")
    if not isinstance(tables, dict) or not tables or not all(isinstance(spec, dict) for spec in tables.values()):
        raise StudyError(f"preset {path} has no section [tables.<table>]; it says which table the export feeds, as study.toml would.")
    lists = tuple(tuple(headers) for headers in content.get("recognise", []))
    return Preset(path.stem, content.get("system", path.stem), content.get("export", ""), lists, tables)
