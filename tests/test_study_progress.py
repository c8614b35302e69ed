"""Long work is seen, short work is silent, and an interruption leaves nothing half-read."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from custprof.study import Study, intake, progress, proposing
from custprof.study.checks import RULES


class Engine:
    def query_progress(self):
        return 50.0


def test_work_over_the_patience_shows_a_bar_and_takes_it_away(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_seen", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    monkeypatch.setattr(progress, "_STEP", 0.02)
    with progress.watched(Engine(), "reading transactions"):
        time.sleep(0.3)
    said = capsys.readouterr().err
    assert "reading transactions:  50%" in said and said.rstrip(" ").endswith("\r")


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
def test_a_terminal_without_a_width_shows_it_too():
    """What containers give: a terminal of 0 columns."""
    code = "import time, tqdm.auto; from custprof.study import progress; progress.PATIENCE, progress._STEP = 0.05, 0.02\n"
    code += "class Engine:\n    def query_progress(self): return 50.0\n"
    code += "with progress.watched(Engine(), 'reading'): time.sleep(1.5)\n"
    here, there = os.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    subprocess.run([sys.executable, "-c", code], stderr=there, env=environment, check=True)
    os.set_blocking(here, False)
    assert b"reading:  50%" in os.read(here, 4096)
    os.close(here), os.close(there)


def test_short_work_and_work_that_nobody_watches_say_nothing(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_seen", lambda: True)
    with progress.watched(Engine(), "reading"):
        pass
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_seen", lambda: False)
    with progress.watched(Engine(), "reading"):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_looking_at_slow_exports_is_seen(tmp_path, monkeypatch, capsys):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-05,9\n")
    look = proposing._look
    monkeypatch.setattr(proposing, "_look", lambda file: [time.sleep(0.2), look(file)][1])
    monkeypatch.setattr(progress, "_seen", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    monkeypatch.setattr(progress, "_STEP", 0.02)
    proposing.propose([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path)
    said = capsys.readouterr().err
    assert "looking at 2 exports:   0%" in said and "looking at 2 exports:  25%" in said


def test_a_failure_inside_comes_out(monkeypatch):
    monkeypatch.setattr(progress, "_seen", lambda: True)
    with pytest.raises(ZeroDivisionError), progress.watched(Engine(), "reading"):
        _ = 1 / 0


def test_an_interrupted_reading_starts_again(small_study, monkeypatch):
    """The second of two files is interrupted; what the first left behind is not taken for the table."""
    whole = (small_study / "transactions.csv").read_text()
    (small_study / "transactions.csv").rename(small_study / "transactions_1.csv")
    (small_study / "transactions_2.csv").write_text("revenue,date,order_id,customer_id\n5.00,2024-01-01,X,x\n")
    study, read, calls = Study.open(small_study), intake.read_part, []

    def interrupted(part, con, **options):
        calls.append(part)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return read(part, con, **options)

    monkeypatch.setattr(intake, "read_part", interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.check()
    assert len(study.frame("transactions")) == len(whole.splitlines()) - 1 + 1
    assert study.reconciliation().loc[0, "rows_read"] == len(whole.splitlines())


def test_work_inside_watched_work_shows_no_bar_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_seen", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    monkeypatch.setattr(progress, "_STEP", 0.02)
    with progress.watched(Engine(), "checking"), progress.watched(None, "adding up rows"):
        time.sleep(0.3)
    with progress.watched(None, "starting"):
        time.sleep(0.3)
    said = capsys.readouterr().err
    assert "checking:  50%" in said and "adding up rows" not in said and "starting: 00:00" in said


def test_a_check_tells_how_many_of_its_rules_are_asked(small_study, monkeypatch):
    """Each question may be short, all of them are not."""
    seen, of = [], progress.Steps.of

    def taken(steps, items):
        for item in of(steps, items):
            seen.append(steps.query_progress())
            yield item

    monkeypatch.setattr(progress.Steps, "of", taken)
    Study.open(small_study).check()
    assert seen == [100 * number / len(RULES) for number in range(len(RULES))]


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are those of POSIX")
def test_a_terminal_that_does_not_say_its_size_is_shown_the_bar():
    code = (
        "import time; from custprof.study import progress; progress.PATIENCE = 0.1\nwith progress.watched(None, 'reading'): time.sleep(1)"
    )
    ours, theirs = os.openpty()
    done = subprocess.run([sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, timeout=60, check=True)
    os.close(theirs)
    assert done.returncode == 0 and b"reading: 00:00" in os.read(ours, 10_000)
