"""The command as a person types it: what it prints, its exit status, and that its errors are sentences."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from custprof.__main__ import main
from custprof.datasets import demo_path
from custprof.report.folders import new_study, notebooks_to_edit


def custprof(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "custprof", *map(str, arguments)], capture_output=True, text=True, check=False, **options)


def test_help_names_the_commands():
    done = custprof("--help")
    assert done.returncode == 0
    assert all(f"    {command} " in done.stdout for command in ("new", "check", "report", "lab"))


def test_version_is_the_package_s():
    from custprof import __version__

    assert custprof("--version").stdout == f"custprof {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["clv"], ["check", "a", "b"], ["report", "--wrong"]])
def test_a_wrong_call_shows_the_usage(arguments):
    done = custprof(*arguments)
    assert done.returncode == 2 and "usage: custprof" in done.stderr


def test_new_makes_a_study_that_opens_once_it_has_transactions(tmp_path, capsys):
    folder = tmp_path / 'Ac"me'
    assert main(["new", str(folder)]) == 0
    assert "Put transactions.csv beside it" in capsys.readouterr().out
    assert main(["check", str(folder)]) == 2
    assert "transactions" in capsys.readouterr().err
    header = (folder / "templates" / "transactions.csv").read_text(encoding="utf-8").strip().split(",")
    assert header[:4] == ["customer_id", "order_id", "date", "revenue"] or set(header) >= {"customer_id", "order_id", "date", "revenue"}
    (folder / "transactions.csv").write_text("customer_id,order_id,date,revenue\na,1,2024-03-01,12.50\n", encoding="utf-8")
    assert main(["check", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "transactions: 1 rows read, 1 used, 0 set aside" in said and "Ac'me: 0 errors" in said


def test_new_overwrites_nothing(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"is not empty; name a new folder"):
        new_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_errors_are_sentences_without_a_traceback(tmp_path):
    done = custprof("report", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith("custprof: ") and "does not exist" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_check_exits_with_1_when_there_are_errors(small_study, capsys):
    text = (small_study / "transactions.csv").read_text(encoding="utf-8").replace("revenue", "turnover")
    (small_study / "transactions.csv").write_text(text, encoding="utf-8")
    assert main(["check", str(small_study)]) in (1, 2)
    said = capsys.readouterr()
    assert "revenue" in said.out + said.err and "transactions" in said.out + said.err


def test_check_and_report_look_into_the_cost_model(small_study, write_notebook, tmp_path, capsys):
    with (small_study / "transactions.csv").open("a", encoding="utf-8") as lines:
        lines.write(",X1,2024-01-02,5.00\n")
    (small_study / "ledger.csv").write_text("line_id,period,account,amount\nL1,2024,6000,70.00\n", encoding="utf-8")
    model = '[pools.desk]\naccounts = ["6000"]\n[activities.serve]\npool = "desk"\ntable = "transactions"\n'
    (small_study / "costs.toml").write_text(model + 'driver = "revenu"\n', encoding="utf-8")
    assert main(["check", str(small_study)]) == 1
    said = capsys.readouterr().out
    sentence = """activity "serve": driver is 'revenu'"""
    assert f"ERROR   cost model: {sentence}. Did you mean 'revenue'?\n" in said and "Small & plain: 1 errors" in said
    assert said.index("ERROR") < said.index("WARNING")
    notebook = write_notebook("raise SystemError('a notebook ran')")
    assert main(["report", str(small_study), "--out", str(tmp_path / "out"), "--notebooks", str(notebook)]) == 2
    assert f"cost model: {sentence}; Did you mean 'revenue'?" in capsys.readouterr().err
    (small_study / "costs.toml").write_text(model + 'driver = "orders"\n', encoding="utf-8")
    assert main(["check", str(small_study)]) == 0
    assert "Small & plain: 0 errors" in capsys.readouterr().out


def test_report_prints_the_page_to_open_and_why_a_notebook_failed(small_study, write_notebook, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["report", str(small_study), "--out", str(out), "--notebooks", str(write_notebook("study_path"))]) == 0
    assert capsys.readouterr().out.strip() == str(out / "index.html")
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Small &amp; plain" in page and "Does it run?" in page
    assert main(["report", str(small_study), "--out", str(out), "--notebooks", str(write_notebook("1 / 0"))]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_fault_of_the_program_keeps_its_traceback(small_study, write_notebook, tmp_path, monkeypatch):
    import pandas as pd

    monkeypatch.setattr("custprof.report.run", lambda *_, **__: pd.Series([1], index=["a"]).astype("no such type"))
    with pytest.raises(TypeError):
        main(["report", str(small_study)])
    monkeypatch.setattr("custprof.report.run", lambda *_, **__: int("x") if False else pd.to_datetime("never"))
    with pytest.raises(ValueError, match="never"):
        main(["report", str(small_study)])


def test_lab_opens_the_checkout_s_notebooks_and_copies_an_installed_package_s(tmp_path, monkeypatch):
    assert notebooks_to_edit(tmp_path / "copy").name == "notebooks" and not (tmp_path / "copy").exists()
    source = tmp_path / "_shipped" / "notebooks"
    (source / "solutions").mkdir(parents=True)
    (source / "01_data.ipynb").write_text("theirs")
    (source / "solutions" / "01_data.ipynb").write_text("theirs")
    monkeypatch.setattr("custprof.datasets.shipped", lambda name: source)
    folder = notebooks_to_edit(tmp_path / "copy")
    (folder / "01_data.ipynb").write_text("mine")
    notebooks_to_edit(tmp_path / "copy")
    assert (folder / "01_data.ipynb").read_text() == "mine" and (folder / "solutions" / "01_data.ipynb").read_text() == "theirs"


def test_lab_refuses_a_study_that_is_not_there():
    done = custprof("lab", "/nowhere/at/all", env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"})
    assert done.returncode == 2 and "does not exist" in done.stderr


def test_the_engine_s_interruption_is_one_as_well(small_study, monkeypatch, capsys):
    from custprof.study import Study

    def interrupted(*_, **__):
        raise RuntimeError("Query interrupted")  # what DuckDB raises at Ctrl-C

    monkeypatch.setattr(Study, "check", interrupted)
    assert main(["check", str(small_study)]) == 130
    assert capsys.readouterr().err == "Stopped. Nothing was written.\n"
    assert main(["new", str(small_study.parent / "made"), "--from", str(small_study / "transactions.csv")]) == 130
    assert "the study is there: custprof check" in capsys.readouterr().err and (small_study.parent / "made" / "study.toml").is_file()


@pytest.mark.parametrize("at", [1, 2])
def test_an_interruption_between_two_reports_leaves_the_earlier_one(small_study, write_notebook, tmp_path, monkeypatch, at):
    words = ["report", str(small_study), "--out", str(tmp_path / "out"), "--notebooks", str(write_notebook("study_path"))]
    assert main(words) == 0
    before = {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()}
    rename, calls = Path.rename, []

    def interrupted(path, target):
        calls.append(path)
        if len(calls) == at:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    assert main(words) == 130
    monkeypatch.undo()
    assert {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()} == before
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith(".out")]


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [0.6, 1.5, 3.0])
@pytest.mark.parametrize("words", [["pseudonymize", "{demo}", "{out}/away"], ["check", "{demo}", "--quarantine", "{out}/back.xlsx"]])
def test_who_is_stopped_leaves_nothing_behind(tmp_path, words, seconds, number, status):
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "custprof", *(word.format(demo=demo_path(), out=out) for word in words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    if process.returncode:  # else it was faster
        assert process.returncode in (status, -number) and list(out.iterdir()) == []
        assert process.returncode < 0 or said == "Stopped. Nothing was written.\n"


def test_the_quarantine_as_csv_holds_no_formula(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "study.toml").write_text("")
    lines = ["Ada,1,2024-01-05,90", 'Ada,2,=HYPERLINK("http://x"),9', "=cmd,3,@SUM(1),-8", "Ada,4,-5,-7", "Ada,5,+1+cmd,-6"]
    (home / "transactions.csv").write_text("\n".join(["customer_id,order_id,date,revenue", *lines]))
    assert main(["check", str(home), "--quarantine", str(tmp_path / "back.csv")]) in (0, 1)
    back = pd.read_csv(tmp_path / "back.csv", encoding="utf-8-sig", dtype=str)
    assert sorted(back["cell"]) == ["'+1+cmd", '\'=HYPERLINK("http://x")', "'@SUM(1)", "-5"]
    assert sorted(back["amount"].astype(float)) == [-8, -7, -6, 9]
    assert back["text"].str.startswith("customer_id").all()
