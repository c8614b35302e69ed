"""How can a study leave the house without the names of its customers?

Names, ids and free texts become keyed pseudonyms (HMAC-SHA-256): the same text is the same pseudonym in every table and every delivery, and
only who has the key can make it. What the analysis reads stays: amounts, dates, minutes, accounts, departments, activities, and the traits
that group customers (kind, industry, region, channel). So the profit is the same, and small groups of traits are still recognisable:
they are counted and said. Exact amounts and dates stay too; who knows an invoice knows its customer.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import shutil
import tempfile
import tomllib
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from custprof.report.disclosure import TRAITS, find_disclosures
from custprof.report.execute import ReportError

__all__ = ["pseudonymize"]

#: Columns whose texts become pseudonyms, and the letter that tells what a pseudonym stands for; columns of one letter share pseudonyms.
HIDDEN = {
    "customer_id": "c",
    "referred_by": "c",
    "name": "n",
    "account_manager": "m",
    "employee": "e",
    "order_id": "o",
    "invoice_id": "i",
    "lead_id": "l",
    "line_id": "g",
    "account_name": "a",
    "campaign_id": "k",
    "product_id": "p",
}
_KEY_BYTES = 32


def pseudonymize(
    study: str | Path,
    out: str | Path,
    *,
    key: str | Path | None = None,
    smallest: int = 5,
    keep: Collection[str] = (),
    hide: Collection[str] = (),
) -> pd.DataFrame:
    """Write a study whose customers, employees, ids and free texts are pseudonyms, and say what may still tell who somebody is.

    Parameters
    ----------
    study : str or Path
        The study's folder. It is read only.
    out : str or Path
        A folder that does not exist or is empty: study.toml, costs.toml and one gzipped CSV file for every table, with the rows that are
        used (rows set aside stay at home).
    key : str or Path, optional
        The file of the key; default ``<out>.key`` beside the folder. One that is there is used, so that a later delivery bears the same
        pseudonyms; else a key is made. It never lies in ``out``.
    smallest : int, default 5
        Groups of customers with the same traits that are smaller are said.
    keep, hide : collections of "table.column"
        Texts that stay readable, and further texts that become pseudonyms.

    Returns
    -------
    DataFrame
        What to look at before the study leaves the house: table, column, finding, customers (how many it concerns), examples, advice.

    Raises
    ------
    StudyError
        If the study cannot be read.
    ReportError
        If ``out`` holds anything, lies in the study, or holds the key; if the cost model chooses rows by a text that becomes a pseudonym.

    Examples
    --------
    >>> import tempfile
    >>> from custprof.study import Study
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "study.toml").write_text("")
    >>> _ = (folder / "transactions.csv").write_text("customer_id,order_id,date,revenue\\nAda,1,2024-01-05,90\\n")
    >>> pseudonymize(folder, folder.parent / f"{folder.name}-out")[["finding", "customers"]].values.tolist()
    []
    >>> (name,) = Study.open(folder.parent / f"{folder.name}-out").customer_facts().index
    >>> name[0], len(name), "Ada" in name
    ('c', 17, False)
    """
    from custprof.study import Study

    out = Path(out).resolve()
    key = Path(key).resolve() if key else out.with_name(f"{out.name}.key")
    opened = Study.open(study)
    _check_places(opened.folder, out, key)
    hidden = _hidden_columns(opened, keep, hide)
    _check_cost_model(opened, hidden)
    secret = _read_key(key) if key.exists() else secrets.token_bytes(_KEY_BYTES)
    out.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    made = not key.exists()
    try:
        _write(opened, making, hidden, secret)
        findings = find_disclosures(opened, hidden, smallest=smallest)
        if made:
            _write_key(key, secret)
        making.chmod(0o755)
        if out.exists():
            out.rmdir()
        making.rename(out)
    except BaseException:
        if made and making.exists():  # nothing left the house: its key opens nothing
            key.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return findings


def _check_places(folder: Path, out: Path, key: Path) -> None:
    if out == folder or folder in out.parents or out in folder.parents:
        raise ReportError(f"{out} lies in the study's folder {folder} or around it; choose another out.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ReportError(f"{out} is not empty; name a new folder.")
    if key == out or out in key.parents:
        raise ReportError(f"the key {key} would leave the house with {out}; choose another place for it.")


def _hidden_columns(study, keep: Collection[str], hide: Collection[str]) -> dict[str, dict[str, str]]:
    """By table and column, the letter of the pseudonyms."""
    from custprof.study import TABLES

    every = {f"{table}.{column}" for table in study.tables for column in study.written_columns(table)}
    unknown = sorted({*keep, *hide} - every)
    if unknown:
        raise ReportError(f"{unknown[0]!r} is no column of the study; name columns as 'events.activity'.")
    numbers = [name for name in hide if TABLES[name.partition(".")[0]].columns.get(name.partition(".")[2], "text") != "text"]
    if numbers:
        raise ReportError(f"{numbers[0]} holds no texts, so it cannot become pseudonyms.")
    hidden: dict[str, dict[str, str]] = {}
    for table in study.tables:
        columns = {}
        for column in study.written_columns(table):
            name = f"{table}.{column}"
            # further columns that a table keeps are free text, unless they are traits, numbers, or say yes and no
            free = column not in TABLES[table].columns and column not in TRAITS and _is_free(study, table, column)
            if name not in keep and (column in HIDDEN or free or name in hide):
                columns[column] = HIDDEN.get(column, "t")
        hidden[table] = columns
    return hidden


def _is_free(study, table: str, column: str) -> bool:
    from custprof.study.writing import distinct_texts

    kind = study.query(f'select typeof("{column}") from used_{table} limit 1')
    texts = distinct_texts(study, table, column)
    return kind[0][0] == "VARCHAR" and not {text.lower() for text in texts} <= {"true", "false", "yes", "no", "0", "1"}


def _check_cost_model(study, hidden: dict[str, dict[str, str]]) -> None:
    if study.cost_model is None:
        return
    for name, activity in tomllib.loads(study.cost_model.read_text(encoding="utf-8-sig")).get("activities", {}).items():
        table = activity.get("table", "transactions") if isinstance(activity, dict) else ""
        chosen = [column for column in (activity.get("where", {}) if table else {}) if column in hidden.get(table, {})]
        if chosen:
            raise ReportError(
                f"activity {name!r} of the cost model chooses rows by {table}.{chosen[0]}, which becomes a pseudonym; "
                f"keep it readable: keep = ['{table}.{chosen[0]}']."
            )


def _read_key(key: Path) -> bytes:
    try:
        secret = bytes.fromhex(key.read_text(encoding="ascii").strip())
    except (UnicodeDecodeError, ValueError):
        secret = b""
    if len(secret) < _KEY_BYTES:
        raise ReportError(f"{key} holds no key of {_KEY_BYTES} bytes in hexadecimal; name the file that an earlier run made, or a new one.")
    return secret


def _write_key(key: Path, secret: bytes) -> None:
    key.parent.mkdir(parents=True, exist_ok=True)
    key.touch(mode=0o600)
    key.write_text(secret.hex() + "\n", encoding="ascii")


def _token(letter: str, text: str, secret: bytes) -> str:
    return letter + hmac.digest(secret, f"{letter}:{text}".encode(), "sha256").hex()[:16]


def _write(study, folder: Path, hidden: dict[str, dict[str, str]], secret: bytes) -> None:
    from custprof.study.writing import distinct_texts, write_table

    for table in study.tables:
        replaced = {
            column: pd.Series({text: _token(letter, text, secret) for text in distinct_texts(study, table, column)}, dtype=object)
            for column, letter in hidden[table].items()
        }
        write_table(study, table, folder / f"{table}.csv.gz", replaced)
    (folder / "study.toml").write_text(_settings(study, hidden, secret), encoding="utf-8", newline="\n")
    if study.cost_model is not None:
        model = _without_comments(study.cost_model.read_text(encoding="utf-8-sig"))
        (folder / "costs.toml").write_text(model, encoding="utf-8", newline="\n")


def _settings(study, hidden: dict[str, dict[str, str]], secret: bytes) -> str:
    said = {"name": "Pseudonymized study", "currency": study.currency, "period": study.period}
    said |= {"fiscal_start": study.fiscal_start, "decimals": study.decimals}
    lines = ["# A study whose customers, employees, ids and free texts are pseudonyms.", "[study]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in said.items()]
    if study.credit:
        lines += ["[credit]", *(f"{key} = {value}" for key, value in study.credit.items())]
    codes = study.settings.said("transactions", "service_codes", [])
    if codes:
        known = "product_id" not in hidden["transactions"]
        shown = [str(code) if known else _token(HIDDEN["product_id"], str(code), secret) for code in codes]
        lines += ["[tables.transactions]", f"service_codes = {json.dumps(shown)}"]
    for tie in study.settings.ties:
        lines += ["[[ties]]", *(f"{key} = {json.dumps(value)}" for key, value in tie.items() if key != "name")]
    return "\n".join(lines) + "\n"


def _without_comments(toml: str) -> str:
    """A cost model without its comments, which may name whom they like, and without the company's name."""
    pieces = re.findall(r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[^"\'#]+|.', toml)
    lines = "".join(piece for piece in pieces if not piece.startswith("#")).splitlines()
    top = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    kept = [line.rstrip() for number, line in enumerate(lines) if line.strip() and not (number < top and re.match(r"name\s*=", line))]
    return "\n".join(kept) + "\n"
