"""How does somebody begin: with a folder for the own data, and with notebooks to change?"""

from __future__ import annotations

import shutil
from pathlib import Path

from custprof.report.execute import ReportError

__all__ = ["new_study", "notebooks_to_edit"]

STUDY = """\
# A study: what the company is called, and which file feeds which table. Everything commented out is optional.
[study]
name = "{name}"
currency = "EUR"
period = "year"               # year, quarter or month: the grain of comparisons over time
# fiscal_start = 1            # first month of the fiscal year
# cost_model = "costs.toml"   # how the ledger's costs reach customers; copy the demo's and change it

# Only transactions are required. A file named like its table (transactions.csv, .csv.gz, .parquet or .xlsx) beside this one is found by
# itself; templates/ holds the header of every table. Where your export has another name or other headers, say so:
# [tables.transactions]
# file = "exports/invoices-*.csv"
# columns = {{ customer_id = "Customer No", order_id = "Invoice", date = "Date", revenue = "Net amount" }}   # ours = yours
# date_format = "%d.%m.%Y"
# decimal = ","

# [credit]                    # what lending to customers costs, if there is a table of invoices
# annual_rate = 0.08
# write_off_days = 180

# [[ties]]                    # ledger accounts that should equal what the tables say; differences are reported, never forced
# accounts = ["5000"]
# fact = "cost_of_goods"
"""


def new_study(folder: str | Path) -> Path:
    """Make a study's folder: a commented study.toml, and the header of every table in ``templates/``.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist or is empty.

    Returns
    -------
    Path
        The study.toml.

    Raises
    ------
    ReportError
        If the folder holds anything.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     toml = new_study(place + "/acme")
    ...     (toml.parent / "templates" / "campaigns.csv").read_text()
    'campaign_id,channel,started_on,ended_on,spend\\n'
    """
    from custprof.study.contracts import TABLES

    folder = Path(folder).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ReportError(f"{folder} is not empty; name a new folder.")
    (folder / "templates").mkdir(parents=True)
    for name, table in TABLES.items():
        (folder / "templates" / f"{name}.csv").write_text(",".join(table.columns) + "\n", encoding="utf-8", newline="\n")
    toml = folder / "study.toml"
    name = folder.name.replace("\\", "").replace('"', "'")
    toml.write_text(STUDY.format(name=name), encoding="utf-8", newline="\n")
    return toml


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
