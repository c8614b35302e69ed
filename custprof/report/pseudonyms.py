"""How can a study leave the house without the names of its customers?

Names, ids and free texts become keyed pseudonyms (HMAC-SHA-256): the same text is the same pseudonym in every table and every delivery, and
only who has the key can make it. What the analysis reads stays: amounts, dates, minutes, accounts, departments, activities, and the traits
that group customers (kind, industry, region, channel), but for those of their texts that name a customer or a person: these become
pseudonyms too, in study.toml and the cost model alike. So the profit is the same, and small groups of traits are still recognisable: they
are counted and said. Exact amounts and dates stay too, to the last digit; who knows an invoice knows its customer.

Pseudonyms do not keep the order of the ids, for their order would tell who is who among names known from elsewhere, and would change
with every customer who joins. Where an amount is split and equal fractions of a cent are a tie, the order of the ids decides (see
``split_cents``), so a customer's cost may differ by a cent or two between the study and its pseudonyms; every total is the same.
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

from custprof.report.disclosure import TRAITS, Names, find_disclosures, names_of, texts_that_name
from custprof.report.execute import ReportError

__all__ = ["pseudonymize"]

#: Columns whose texts become pseudonyms, and the letter that tells what a pseudonym stands for; columns of one letter share pseudonyms.
HIDDEN = {
    "customer_id": "c",
    "referred_by": "c",
    "name": "n",
    "customer_name": "n",
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
        Texts that stay readable, also those that name somebody, and further texts that become pseudonyms. ``keep`` may hold "costs.toml"
        and "study.toml": names in what is copied of these files.

    Returns
    -------
    DataFrame
        What to look at before the study leaves the house: table, column, finding, customers (how many it concerns), examples, advice.

    Raises
    ------
    StudyError
        If the study cannot be read.
    ReportError
        If ``out`` holds anything, lies in the study, or holds the key; if the cost model chooses rows by a column that becomes pseudonyms,
        or somebody's name stands in study.toml or the cost model and in no table.

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
    from custprof.study.writing import distinct_texts

    out = Path(out).resolve()
    key = Path(key).resolve() if key else out.with_name(f"{out.name}.key")
    opened = Study.open(study)
    _check_places(opened.folder, out, key)
    hidden = _hidden_columns(opened, keep, hide)
    _check_cost_model(opened, hidden)
    secret = _read_key(key) if key.exists() else secrets.token_bytes(_KEY_BYTES)
    names = names_of(opened, hidden)
    named = {place: texts for place, texts in texts_that_name(opened, hidden, names).items() if ".".join(place) not in keep}
    kept = {text for table, column in _kept_columns(opened, keep) for text in distinct_texts(opened, table, column)}
    tokens = {text: _token("t", text, secret) for texts in named.values() for text in texts if text not in kept}
    copied = {"study.toml": _settings(opened, hidden, secret, tokens)}
    if opened.cost_model is not None:
        copied["costs.toml"] = _without_comments(opened.cost_model.read_text(encoding="utf-8-sig"), tokens)
    for file in copied.keys() - set(keep):
        _check_copied(file, copied[file], names, kept)
    out.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    made = not key.exists()
    try:
        _write(opened, making, hidden, named, secret)
        for file, text in copied.items():
            (making / file).write_text(text, encoding="utf-8", newline="\n")
        findings = find_disclosures(opened, hidden, smallest=smallest, keep=keep)
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
    unknown = sorted(({*keep} - {"study.toml", "costs.toml"} | {*hide}) - every)
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


def _kept_columns(study, keep: Collection[str]) -> list[tuple[str, str]]:
    return [(table, column) for table in study.tables for column in study.written_columns(table) if f"{table}.{column}" in keep]


def _check_copied(file: str, toml: str, names: Names, kept: set[str]) -> None:
    """Refuse a name in what is copied of study.toml or the cost model, but for texts of columns that stay readable by the user's word."""
    from custprof.study import TABLES

    words = {*TABLES, *(column for table in TABLES.values() for column in table.columns), *kept}
    said = list(dict.fromkeys(text for text in _texts(tomllib.loads(toml)) if text not in words and names.in_text(text)))
    if said:
        raise ReportError(
            f"{file} names somebody in {len(said)} texts, first {said[:3]}; rename them there, or keep them readable: keep = ['{file}']."
        )


def _texts(value, depth: int = 0) -> list[str]:
    """The texts of a TOML value, and the names of its sections."""
    if isinstance(value, dict):
        keys = list(value) if depth == 1 else []
        return keys + [text for each in value.values() for text in _texts(each, depth + 1)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each, depth + 1)]
    return [value] if isinstance(value, str) else []


def _write(study, folder: Path, hidden: dict[str, dict[str, str]], named: dict[tuple[str, str], list[str]], secret: bytes) -> None:
    from custprof.study.writing import distinct_texts, write_table

    for table in study.tables:
        replaced = {
            column: pd.Series({text: _token(letter, text, secret) for text in distinct_texts(study, table, column)}, dtype=object)
            for column, letter in hidden[table].items()
        }
        for column in (column for at, column in named if at == table):
            stands = {text: text for text in distinct_texts(study, table, column)}
            stands |= {text: _token("t", text, secret) for text in named[table, column]}
            replaced[column] = pd.Series(stands, dtype=object)
        write_table(study, table, folder / f"{table}.csv.gz", replaced)


def _settings(study, hidden: dict[str, dict[str, str]], secret: bytes, tokens: dict[str, str]) -> str:
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
        tie = {**tie, "accounts": [tokens.get(str(account), account) for account in tie["accounts"]]}
        lines += ["[[ties]]", *(f"{key} = {json.dumps(value)}" for key, value in tie.items() if key != "name")]
    return "\n".join(lines) + "\n"


def _without_comments(toml: str, tokens: dict[str, str] | None = None) -> str:
    """A cost model without its comments, which may name whom they like, and without the company's name; ``tokens`` take texts' places."""
    pieces = re.findall(r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[^"\'#]+|.', toml)
    lines = "".join(_stands_for(piece, tokens or {}) for piece in pieces if not piece.startswith("#")).splitlines()
    top = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    kept = [line.rstrip() for number, line in enumerate(lines) if line.strip() and not (number < top and re.match(r"name\s*=", line))]
    return "\n".join(kept) + "\n"


def _stands_for(piece: str, tokens: dict[str, str]) -> str:
    if not piece.startswith(('"', "'")) or piece in ('"', "'"):
        return piece
    text = tomllib.loads(f"text = {piece}")["text"]
    return json.dumps(tokens[text]) if text in tokens else piece
