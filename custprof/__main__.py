"""The command ``custprof``: new, check, aliases, pseudonymize, report and lab."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from custprof import __version__
from custprof.stopping import FAILED, INTERRUPTED, TERMINATED, Terminated, run_to_end, say, was_stopped

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``custprof``; default those of the command line.

    Returns
    -------
    int
        0 if all went well (a new study may leave questions to a person: its last lines say which), 1 if a check found errors, a
        notebook failed or an export could not be read, 2 if what was given is wrong, 130 after Ctrl-C, 143 where the process was asked
        to end.

    Examples
    --------
    >>> main(["check", "/nowhere"])
    2
    """
    parser = _parser()
    options, further = parser.parse_known_args(arguments)
    if further and options.do is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    options.further = further
    return run_to_end(lambda: options.do(options), leaves=arguments is None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="custprof", description="Customer profitability in notebooks.")
    parser.add_argument("--version", action="version", version=f"custprof {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    new = commands.add_parser(
        "new", help="make a study's folder", description="Make a folder with a commented study.toml and the tables' headers."
    )
    new.add_argument("dir", metavar="DIR", help="a folder that is not there yet")
    new.add_argument("--from", dest="files", metavar="FILE", nargs="+", default=[], help="exports that the study reads where they are")
    new.set_defaults(do=_new)

    check = commands.add_parser(
        "check", help="check a study", description="Say what is wrong with a study's tables and cost model; exit status 1 for errors."
    )
    check.add_argument("dir", metavar="DIR", nargs="?", help="the study's folder (default: the demo company)")
    check.add_argument("--quarantine", metavar="FILE", help="write the rows set aside, with the reasons, to a .csv or .xlsx file")
    check.set_defaults(do=_check)

    aliases = commands.add_parser(
        "aliases",
        help="suggest which customers are the same",
        description="Write aliases.csv into the study: names of one table that are like a customer's, to be confirmed by a person.",
    )
    aliases.add_argument("dir", metavar="DIR", help="the study's folder")
    aliases.set_defaults(do=_aliases)

    hide = commands.add_parser(
        "pseudonymize",
        help="write a study that may leave the house",
        description="Write a study whose customers, employees, ids and free texts are keyed pseudonyms; the key stays beside it.",
    )
    hide.add_argument("dir", metavar="DIR", help="the study's folder")
    hide.add_argument("out", metavar="OUT", help="a folder that is not there yet")
    hide.add_argument("--key", metavar="FILE", help="the key's file (default: OUT.key); one that is there is used again")
    hide.add_argument("--smallest", type=int, default=5, metavar="N", help="say groups of fewer than N customers (default: 5)")
    hide.add_argument(
        "--keep", nargs="+", default=[], metavar="TABLE.COLUMN", help="texts that stay readable even where they name somebody"
    )
    hide.add_argument("--hide", nargs="+", default=[], metavar="TABLE.COLUMN", help="further texts that become pseudonyms")
    hide.set_defaults(do=_pseudonymize)

    report = commands.add_parser("report", help="write the report", description="Run all notebooks on a study; write pages and a workbook.")
    report.add_argument("dir", metavar="DIR", nargs="?", help="the study's folder (default: the demo company)")
    report.add_argument("--out", default="report", metavar="OUT", help="the report's folder (default: report)")
    report.add_argument("--engine", help="duckdb, spark, polars or pandas (default: as study.toml says, else duckdb)")
    report.add_argument("--notebooks", metavar="FOLDER", help="your own notebooks instead of custprof's")
    report.set_defaults(do=_report)

    lab = commands.add_parser(
        "lab", help="open the notebooks in JupyterLab", description="Open the notebooks; further options go to JupyterLab."
    )
    lab.add_argument("dir", metavar="DIR", nargs="?", help="the study's folder (default: the demo company)")
    lab.set_defaults(do=_lab)
    return parser


def _new(options) -> int:
    from custprof.report.folders import new_study

    toml = new_study(options.dir, options.files)
    print(toml)
    if options.files:
        try:
            print(_next(options.dir, toml, *_show(toml)))
        except (KeyboardInterrupt, Exception) as error:
            if not was_stopped(error):
                raise
            say(f"Stopped while looking; the study is there: custprof check {shlex.quote(options.dir)}")
            return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    else:
        print(f"Put transactions.csv beside it (headers of every table: {toml.parent / 'templates'}).")
        print(f"Then: custprof check {shlex.quote(options.dir)}")
    return FAILED if options.files and "\n# Not read: " in toml.read_text(encoding="utf-8") else 0


def _next(folder: str, toml: Path, opens: bool, strangers: list[str], useless: list[str]) -> str:
    """What is still open in a new study, and what to do next; ``strangers`` are tables with customers that the others do not know,
    ``useless`` those of which no row can be used."""
    text, folder = toml.read_text(encoding="utf-8"), shlex.quote(folder)
    counts = {what: text.count(f"\n# {word}: ") for what, word in (("question", "Please answer"), ("export", "Not read"))}
    after = {"question": " to answer", "export": " that could not be read"}
    left = [f"{count} {what}{'s' * (count > 1)}{after[what]}" for what, count in counts.items() if count]
    left += [f"no row of {', '.join(useless)} can be used (custprof check says why)"] if useless else []
    todo = f"Put that right in {toml}, then: " if left or not opens else "Then: "
    left += [] if opens else ["the study cannot be opened yet"]
    left += [f"customers of {', '.join(strangers)} are called otherwise than the others"] if strangers else []
    todo += f"custprof aliases {folder}, then: " if strangers else ""
    return (
        f"Still open: {', and '.join(left)}.\n{todo}custprof check {folder}"
        if left
        else f"Nothing is left open. {todo}custprof check {folder}"
    )


def _show(toml: Path) -> tuple[bool, list[str], list[str]]:
    """What became of the exports: the mapping, the first rows, the headers that feed nothing, and the questions; whether the study
    opens, the tables with customers that no other table knows, and those without a row that can be used."""
    from custprof.study import Study, StudyError

    asked = [line[2:] for line in toml.read_text(encoding="utf-8").splitlines() if line.startswith(("# Not read: ", "# Please answer: "))]
    try:
        study = Study.open(toml)
        issues = study.check()
    except StudyError as error:
        print("\n".join([f"Not ready yet; to be done in {toml}:", *asked, str(error)]))
        return False, [], []
    for table in study.tables:
        rows = study.reconciliation().set_index("table").loc[[table]].iloc[0]
        print(f"\n{table}: {rows['rows_read']:,} rows read, {rows['rows_used']:,} used, {rows['rows_set_aside']:,} set aside")
        for issue in issues[issues["table"].eq(table) & issues["rule"].str.startswith("set aside")].itertuples():
            print(f"  {issue.rule} ({issue.rows:,} rows), first {issue.examples.partition('; ')[0]}")
        feeds = study.mapping().query("table == @table").itertuples()
        for section, (fed, columns) in enumerate(zip(feeds, study.sources(table), strict=True)):
            print(f"  {fed.files}" + f" ({fed.preset})" * bool(fed.preset))
            print("    " + "\n    ".join(f"{ours} <- {theirs}" for ours, theirs in columns.items()))
            if rows["rows_used"]:
                print(study.first_rows(table, section=section).to_string(index=False, na_rep="", max_colwidth=24))
            if fed.not_used:
                print(f"    not used: {fed.not_used}")
    print("\n" + "\n".join(asked) if asked else "")
    strange = issues["rule"].isin(["not in customers", "not in transactions"]) & issues["column"].eq("customer_id")
    return True, issues[strange]["table"].tolist(), [table for table in study.tables if not study.counts(table)["rows_used"]]


def _aliases(options) -> int:
    from custprof.report.folders import write_aliases
    from custprof.study import Study
    from custprof.study.aliases import names_of

    file, count = write_aliases(options.dir)
    if not count and not names_of(Study.open(options.dir)):
        print(
            "No customer has a name here, only an id; where another system knows them by name, add a table customers (customer_id, name), "
            "or say which column of a file holds the names: columns = { customer_name = '...' }."
        )
    then = "write yes or no into its column confirmed, then: " if count else "no name of another system is like a customer's; "
    print(f"{file}: {count} new names; {then}custprof check {shlex.quote(options.dir)}")
    return 0


def _check(options) -> int:
    import pandas as pd

    from custprof.costing import check_costs
    from custprof.datasets import shipped
    from custprof.study import Study

    study = Study.open(options.dir or shipped("data") / "demo")
    issues = pd.concat([study.check(), check_costs(study)]).drop_duplicates().sort_values("severity", key=_rank, kind="stable")
    for issue in issues.itertuples():
        print(_issue_line(issue, study))
    for row in study.reconciliation().drop_duplicates("table").itertuples():
        print(f"{row.table}: {row.rows_read:,} rows read, {row.rows_used:,} used, {row.rows_set_aside:,} set aside")
    if options.quarantine:
        from custprof.report.folders import write_quarantine

        print(write_quarantine(study, options.quarantine))
    errors = int((issues["severity"] == "error").sum())
    print(f"{study.name}: {errors} errors, {int((issues['severity'] == 'warning').sum())} warnings")
    return FAILED if errors else 0


def _rank(severities):
    return severities.map({"error": 0, "warning": 1, "info": 2})


def _issue_line(issue, study) -> str:
    where = f"{issue.table}.{issue.column}" if issue.column else issue.table
    counted = [f"{issue.rows:,} rows"] if issue.rows else []
    counted += [study.money(issue.amount, decimals=study.decimals)] if issue.amount == issue.amount else []
    what = f"{issue.rule} ({', '.join(counted)})" if counted else issue.rule
    first = f" First: {issue.examples}." if issue.examples else ""
    return f"{issue.severity.upper():8}{where}: {what}.{first} {issue.advice}"


def _pseudonymize(options) -> int:
    from custprof.report import pseudonymize

    findings = pseudonymize(options.dir, options.out, key=options.key, smallest=options.smallest, keep=options.keep, hide=options.hide)
    for row in findings.itertuples():
        print(f"WARNING {row.table}.{row.column}: {row.finding} ({row.customers:,} customers). First: {row.examples}. {row.advice}")
    print(
        f"{Path(options.out).resolve()}\nThe key is {options.key or f'{options.out}.key'}: who has it can tell who is who. Keep it at home."
    )
    return 0


def _report(options) -> int:
    from custprof.report import run

    out = run(options.dir, options.out, notebooks=options.notebooks, engine=options.engine)
    print(out / "index.html")
    return 0


def _lab(options) -> int:
    from custprof.report import ReportError
    from custprof.report.folders import notebooks_to_edit

    folder = notebooks_to_edit()
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    if options.dir:
        if not Path(options.dir).exists():
            raise ReportError(f"{options.dir} does not exist; name a study's folder (custprof new DIR makes one).")
        environment["CUSTPROF_STUDY"] = str(Path(options.dir).resolve())
    process = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options.further], cwd=folder, env=environment)
    while True:
        try:
            return process.wait()
        except Terminated:
            process.terminate()
            raise
        except KeyboardInterrupt:  # JupyterLab heard it too, and asks before it stops
            continue


if __name__ == "__main__":
    sys.exit(main())
