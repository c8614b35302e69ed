"""How does somebody begin: with a folder for the own data, and with notebooks to change?

What is written here is there whole or not at all, also where the writing is interrupted.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from custprof.report.execute import ReportError

__all__ = ["new_study", "notebooks_to_edit", "write_aliases", "write_quarantine"]

STUDY = """\
# A study: what the company is called, and which file feeds which table. Everything commented out is optional.
[study]
name = "{name}"
currency = "{currency}"
period = "year"               # year, quarter or month: the grain of comparisons over time
# fiscal_start = 1            # first month of the fiscal year
# cost_model = "costs.toml"   # how the ledger's costs reach customers; copy the demo's and change it
# engine = "duckdb"           # what works on the rows: or spark, polars, pandas
# memory_limit = "2GB"        # of DuckDB; beyond it rows go to a folder on disk:
# temp_directory = "/scratch" # that folder; on a cluster one that all workers see

# Only transactions are required. A file named like its table (transactions.csv, .csv.gz, .parquet or .xlsx) beside this one is found by
# itself; templates/ holds the header of every table. Where your export has another name or other headers, say so:
# [tables.transactions]
# file = "exports/invoices-*.csv"
# columns = {{ customer_id = "Customer No", order_id = "Invoice", date = "Date", revenue = "Net amount" }}   # ours = yours
# date_format = "%d.%m.%Y"
# decimal = ","
# Where a system is known that wrote the export, a preset says all that (custprof new DIR --from FILE ... finds it by the headers):
# preset = "xero_invoices"
# Customers who are called otherwise in another system: custprof aliases DIR suggests them, aliases.csv holds what you confirm. Where a
# system numbers its customers, columns = {{ customer_name = "Name" }} says what it calls them.

# [credit]                    # what lending to customers costs, if there is a table of invoices
# annual_rate = 0.08
# write_off_days = 180

# [[ties]]                    # ledger accounts that should equal what the tables say; differences are reported, never forced
# accounts = ["5000"]
# fact = "cost_of_goods"
"""


def new_study(folder: str | Path, files: Iterable[str | Path] = ()) -> Path:
    """Make a study's folder: a commented study.toml, and the header of every table in ``templates/``.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist or is empty.
    files : str or Path, optional
        Exports that the study reads where they are: study.toml says what was recognised, and what has to be answered.

    Returns
    -------
    Path
        The study.toml.

    Raises
    ------
    ReportError
        If the folder holds anything.
    StudyError
        If none of the files can be read; nothing is made then. Of several, those that cannot be read are named in study.toml.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     toml = new_study(place + "/acme")
    ...     (toml.parent / "templates" / "campaigns.csv").read_text()
    'campaign_id,channel,started_on,ended_on,spend\\n'
    """
    from custprof.study.contracts import TABLES
    from custprof.study.proposing import propose, write_sections

    folder = Path(folder).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ReportError(f"{folder} is not empty; name a new folder.")
    proposal = propose(files, folder)
    name = folder.name.replace("\\", "").replace('"', "'")
    text = STUDY.format(name=name, currency=proposal.currency or "EUR")
    if proposal.sections:
        asked = "".join(f"\n# Not read: {' '.join(problem.split())}" for problem in proposal.problems)
        asked += "".join(f"\n# Please answer: {question}" for question in proposal.questions)
        text += f"\n# What custprof made of the exports; every line may be changed.{asked}\n{write_sections(proposal)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (making / "templates").mkdir()
        for name, table in TABLES.items():
            (making / "templates" / f"{name}.csv").write_text(",".join(table.columns) + "\n", encoding="utf-8", newline="\n")
        (making / "study.toml").write_text(text, encoding="utf-8", newline="\n")
        making.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder / "study.toml"


def write_aliases(folder: str | Path) -> tuple[Path, int]:
    """Write suggestions into a study's ``aliases.csv``, behind what it holds; the file and how many names are new.

    Examples
    --------
    >>> write_aliases("/nowhere")
    Traceback (most recent call last):
        ...
    custprof.study.errors.StudyError: ... does not exist; name a folder that holds a study.toml (custprof new DIR makes one).
    """
    from custprof.study import Study
    from custprof.study.aliases import names_of, read_aliases

    study = Study.open(folder)
    file = study.settings.aliases or study.folder / "aliases.csv"
    known, suggested = read_aliases(file), study.suggest_aliases()
    new = suggested[~suggested.set_index(["table", "name"]).index.isin(known.set_index(["table", "name"]).index)]
    rows = pd.concat([known, new])
    names = names_of(study)
    for ids, column in (("name", "known_as"), ("customer_id", "called")):  # an id alone tells nobody whom it means
        if (called := rows[ids].map(names)).notna().any():
            rows.insert(rows.columns.get_loc(ids) + 1, column, called)
    with _whole(file) as part:
        rows.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")  # Excel reads umlauts where the mark is
    return file, len(new[["table", "name"]].drop_duplicates())


def write_quarantine(study, file: str | Path) -> Path:
    """Write the rows that a study set aside to a file, for the owner of the data: where each stands, why, and what to do.

    Parameters
    ----------
    study : Study
    file : str or Path
        Ends in .csv or .xlsx, and does not lie in the study's folder. In a .csv, texts that a spreadsheet would take for a formula begin
        with an apostrophe.
    """
    from custprof.study.describing import advise_on

    file = Path(file).resolve()
    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise ReportError(f"{file.name} should end in .csv or .xlsx.")
    if study.folder in file.parents:
        raise ReportError(f"{file} lies in the study's folder, where nothing is written; choose another place.")
    frame = study.quarantine()
    frame.insert(frame.columns.get_loc("cell"), "what to do", advise_on(study, frame))
    with _whole(file) as part:
        if file.suffix.lower() == ".csv":
            frame.apply(lambda column: column.map(_plain)).to_csv(part, index=False, encoding="utf-8-sig")
        else:
            with pd.ExcelWriter(part, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_formulas": False}}) as book:
                frame.to_excel(book, index=False, sheet_name="set aside")
    return file


def notebooks_to_edit(folder: str | Path = "custprof-notebooks") -> Path:
    """The notebooks where they may be changed: those of a checkout, else copies in ``folder``.

    Parameters
    ----------
    folder : str or Path, default "custprof-notebooks"
        Where an installed package puts its copies. A notebook that is there already is never overwritten.

    Returns
    -------
    Path
        The folder with the notebooks, absolute.

    Examples
    --------
    >>> notebooks_to_edit().name
    'notebooks'
    """
    from custprof.datasets import shipped

    source = shipped("notebooks")
    if source.parent.name != "_shipped":
        return source
    folder = Path(folder).resolve()
    for path in sorted(source.rglob("*.ipynb")):
        copy = folder / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return folder


def _plain(cell):
    """A cell that no spreadsheet takes for a formula; numbers such as -5 or +3.2 stay as they are."""
    if isinstance(cell, str) and re.match(r"\s*[=+\-@\t\r]", cell) and not re.fullmatch(r"\s*[+-]?[\d.,]+\s*", cell):
        return f"'{cell}"
    return cell


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """The path to write a file at, which takes the file's place when all is written and leaves nothing behind when it is not."""
    part = file.with_name(f".{file.stem}.part{file.suffix}")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
