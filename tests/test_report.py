"""Cells that say what a study lacks, notebooks executed, pages, workbook, and a report that is there whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser

import nbformat
import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import NOTEBOOKS
from nbformat import v4

from custprof.report import NotebookError, ReportError, run, table, to_excel
from custprof.report.cells import needs_sentence, register
from custprof.report.execute import execute_notebooks, find_notebooks
from custprof.report.pages import first_finding, question_of, render_notebook


class Lacking:
    """A study that lacks what it is told to lack."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing

    def lacks(self, *needs: str) -> list[str]:
        for need in needs:
            if need in ("truth", "usable"):
                raise ValueError(f"{need!r} is not something a study may have")
        return [need for need in needs if need in self.missing]


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    register(shell)
    shell.user_ns["study"] = Lacking("ledger")
    return shell


# cells


def test_needs_runs_the_cell_in_the_notebook_s_names_and_shows_its_last_expression(shell):
    result = shell.run_cell("%%needs transactions -- How many?\nfirst = 20\nsecond = first + 1\nfirst + second")
    assert result.success and result.result == 41
    assert shell.user_ns["second"] == 21


def test_needs_skips_the_cell_and_says_what_is_missing(shell):
    result = shell.run_cell("%%needs ledger transactions -- Which customers cost {most}?\ncost = 1")
    assert result.result.data == "**Not answered here:** Which customers cost {most}? The study has no ledger table."
    assert "cost" not in shell.user_ns


def test_needs_says_what_is_missing_even_where_the_cell_ends_in_a_semicolon(shell):
    result = shell.run_cell("%%needs ledger -- Why?\n40 + 2;")
    assert result.result.data == "**Not answered here:** Why? The study has no ledger table."


def test_needs_does_not_ask_for_a_variable_that_a_skipped_cell_would_have_made(shell):
    result = shell.run_cell("%%needs ledger never_made -- Why?\n40")
    assert result.result.data == "**Not answered here:** Why? The study has no ledger table."


def test_needs_lets_errors_through(shell, capsys):
    result = shell.run_cell("%%needs transactions -- Why?\n1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "1 / 0" in capsys.readouterr().out


def test_needs_lets_a_semicolon_silence_the_cell(shell, capsys):
    shell.run_cell("%%needs transactions -- Why?\n40 + 2;")
    assert "42" not in capsys.readouterr().out


@pytest.mark.parametrize(("usable", "runs"), [(True, True), (False, False), (None, False), (np.True_, True), (pd.DataFrame([1, 2]), True)])
def test_needs_asks_a_variable_for_what_no_study_knows(shell, usable, runs):
    shell.user_ns["usable"] = usable
    shown = shell.run_cell("%%needs transactions usable -- what comes\n42").result
    assert shown == 42 if runs else "no history of purchases and of their sizes that a model of value may be used on" in shown.data


def test_needs_takes_a_table_for_a_table_whatever_the_notebook_calls_so(shell):
    shell.user_ns["ledger"] = pd.DataFrame([1])
    assert "no ledger table" in shell.run_cell("%%needs ledger -- Why?\n42").result.data


def test_needs_refuses_a_word_that_nobody_knows(shell, capsys):
    assert isinstance(shell.run_cell("%%needs truth -- Why?\n42").error_in_exec, ValueError)
    assert "is not something a study may have" in capsys.readouterr().out


def test_needs_before_the_study_is_opened_says_so(shell, capsys):
    del shell.user_ns["study"]
    assert not shell.run_cell("%%needs ledger -- Why?\n1").success
    assert "run the cell that opens the study first" in capsys.readouterr().err


def test_needs_works_with_magics_within_the_cell(shell):
    assert shell.run_cell("%%needs transactions -- Why?\nthere = %pwd\nthere").result


@pytest.mark.parametrize(
    ("missing", "what"),
    [
        (["ledger"], "no ledger table"),
        (["cost_model"], "no cost model"),
        (["credit"], "no terms of credit"),
        (["transactions.freight"], "no column freight in transactions"),
        (["ledger", "events", "cost_model"], "no ledger table, no events table and no cost model"),
    ],
)
def test_the_sentence_names_what_is_missing(missing, what):
    assert needs_sentence(missing, "What then?") == f"**Not answered here:** What then? The study has {what}."
    assert needs_sentence(missing) == f"**Not answered here:** The study has {what}."


def test_what_a_model_says_of_its_fit_is_a_note_and_other_warnings_stay(write_notebook):
    warn = "import warnings\nfrom sklearn.exceptions import ConvergenceWarning\nwarnings.warn('It ended.', ConvergenceWarning)"
    path = write_notebook("%load_ext custprof", warn, "warnings.warn('odd')")
    cells = execute_notebooks([path], {"study_path": None}, progress=False)["01_small"].cells
    assert [output.data["text/markdown"] for output in cells[-2].outputs] == ["**Note:** It ended."]
    assert "UserWarning: odd" in cells[-1].outputs[0].text


# notebooks


def test_notebooks_are_found_in_their_order_and_problems_are_said(tmp_path):
    with pytest.raises(ReportError, match="holds no notebook whose name begins with a digit"):
        find_notebooks(tmp_path)
    with pytest.raises(ReportError, match="1 of 1 notebooks do not exist"):
        find_notebooks([tmp_path / "none.ipynb"])


def test_a_notebook_runs_in_this_python_with_its_parameters_and_nothing_of_the_user(write_notebook, tmp_path, monkeypatch):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("mine = 1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    path = write_notebook("import sys, os\n[sys.executable, study_path, 'mine' in globals(), os.environ['OMP_NUM_THREADS']]")
    notebook = execute_notebooks([path], {"study_path": "/some/where", "engine": "duckdb"}, progress=False)["01_small"]
    assert eval(notebook.cells[-1].outputs[0].data["text/plain"]) == [sys.executable, "/some/where", False, "1"]


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path):
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("1")]), tmp_path / "01.ipynb")
    with pytest.raises(ReportError, match=r"01.ipynb has 0 cells tagged parameters; give it one, which sets study_path"):
        execute_notebooks([tmp_path / "01.ipynb"], {"study_path": None}, progress=False)


def test_a_failing_cell_is_named_with_its_error(write_notebook):
    path = write_notebook("a = 1", "b = a +\\\n  missing")
    with pytest.raises(
        NotebookError, match=re.escape("01_small.ipynb, code cell 3 (b = a +\\): NameError: name 'missing' is not defined")
    ) as caught:
        execute_notebooks([path], {"study_path": None}, progress=False)
    assert caught.value.notebook.cells[-1].outputs[0].ename == "NameError"


def test_a_kernel_that_dies_is_said(write_notebook):
    with pytest.raises(NotebookError, match="its kernel died"):
        execute_notebooks([write_notebook("import os\nos._exit(3)")], {"study_path": None}, progress=False)


# pages


class References(HTMLParser):
    """Everything that a browser would load for a page, and the links on it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded, self.links = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster") or (name == "href" and tag in ("link", "base", "image", "use")):
                self.loaded.append(value or "")
            elif name == "href":
                self.links.append(value or "")


def references(page: str) -> References:
    found = References()
    found.feed(page)
    found.loaded += re.findall(r"url\(([^)]*)\)|@import", page)
    return found


def page_of(*cells, **options) -> str:
    pages = [{"name": "01_a", "title": "A <b>"}, {"name": "02_b", "title": "B"}]
    return render_notebook(v4.new_notebook(cells=list(cells)), pages, "01_a", study="Q & A", **options)


def words_of(page: str) -> str:
    """What is read on a page whose code stays behind its button."""
    cells = re.sub(r'<div class="[^"]*jp-CodeMirrorEditor.*?</pre>', " ", page.partition("<main")[2] or page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cells))


def test_a_page_has_math_images_and_code_within_itself():
    picture = v4.new_output(
        "display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}, metadata={"image/png": {"width": 640}}
    )
    page = page_of(v4.new_markdown_cell("# Why?\n\n$$\\frac{a}{b}$$ then $x_1$"), v4.new_code_cell("draw()", outputs=[picture]))
    assert page.count("<math") == 2 and "\\frac" not in page
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in page and 'width="640"' in page
    assert "Show code" in page and "draw" in page
    assert all(each.startswith("data:") for each in references(page).loaded)


def test_a_page_links_its_neighbours_and_escapes_titles():
    page = page_of(v4.new_markdown_cell("[next](02_b.ipynb#top) [exercise](solutions/02_b.ipynb) [source](https://example.org)"))
    links = references(page).links
    assert "02_b.html#top" in links and "https://example.org" in links and not any(".ipynb" in link for link in links)
    assert "A &lt;b&gt;" in page and "Q &amp; A" in page


def test_a_page_leaves_out_widgets_and_the_injected_path():
    widget = v4.new_output(
        "display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "interactive(...)"}
    )
    injected = v4.new_code_cell("study_path = '/secret/place'", metadata={"tags": ["injected-parameters"]})
    page = page_of(injected, v4.new_code_cell("slider()", outputs=[widget]))
    assert "/secret/place" not in page and "interactive(" not in page


def told(text: str):
    return v4.new_code_cell("ask()", outputs=[v4.new_output("display_data", data={"text/markdown": text})])


def test_neighbours_that_lack_the_same_say_so_once():
    """A page of a study without a ledger was twenty times the same sentence."""
    lacking = [told(needs_sentence(["ledger"], question)) for question in ("what it costs", "who causes it", "what it costs")]
    other = told(needs_sentence(["invoices"], "who pays late"))
    before = [cell.copy() for cell in lacking]
    again = told(needs_sentence(["ledger"], "how sure it is"))
    page = page_of(lacking[0], v4.new_code_cell("rate = None"), *lacking[1:], other, v4.new_markdown_cell("## And?"), again)
    words = re.sub(r"<[^>]+>", "", page)
    assert "Not answered here: what it costs; who causes it. The study has no ledger table." in words
    assert words.count("Not answered here") == 3 and words.count("ask()") == 5
    assert lacking == before


def test_a_section_that_answers_nothing_is_its_heading_and_one_sentence():
    """A page of a study without campaigns was prose about tables that were not there."""
    leads, rate, again = (told(needs_sentence(lacking, "what it costs")) for lacking in (["leads"], ["leads", "ledger"], ["leads"]))
    cells = [
        v4.new_markdown_cell("# Why?\n\nThe question stays."),
        v4.new_markdown_cell("## Which channel?\n\nMany leads, few customers."),
        leads,
        v4.new_code_cell("rate = None"),
        v4.new_markdown_cell("A young campaign is no failed one."),
        rate,
        v4.new_markdown_cell("## How many?\n\nOne is answered."),
        told("**12** are."),
        again,
        v4.new_markdown_cell("## Takeaways\n\nThese stay."),
    ]
    before = [cell.copy() for cell in cells]
    words = words_of(page_of(*cells))
    assert "Which channel? ¶ Not answered here: what it costs. The study has no leads table. How many?" in words.replace("&#182;", "¶")
    assert "few customers" not in words and "young campaign" not in words
    assert (
        all(kept in words for kept in ("The question stays", "One is answered", "12 are", "These stay"))
        and words.count("Not answered") == 2
    )
    assert cells == before


def test_what_belongs_to_the_demo_or_to_learning_is_on_the_demo_s_page_alone():
    demo = {"metadata": {"tags": ["demo"]}}
    cells = [
        v4.new_markdown_cell("# Why?"),
        v4.new_markdown_cell("## Does the truth agree?", **demo),
        v4.new_code_cell("ask()", outputs=told("It does.").outputs, **demo),
        v4.new_markdown_cell(
            "## Takeaways\n\nKept.\n\n## Exercises (answers in [a](solutions/02_b.ipynb))\n\n1. Try.\n\nNext: [02 B?](02_b.ipynb)"
        ),
    ]
    lessons = ("truth", "It does", "Exercises", "1. Try", "Try.")
    page, plain = words_of(page_of(*cells)), words_of(page_of(*cells, lessons=False))
    assert all(each in page for each in ("truth", "It does", "Exercises", "Try."))
    assert not any(each in plain for each in lessons)
    assert all("Kept." in each and "02 B?" in each for each in (page, plain))
    inverse = v4.new_markdown_cell("## Exercises\n\n1. Try [this](02_b.ipynb)\n2. And that.\n\n## Sources\n\nNamed.")
    assert "Try" not in (last := words_of(page_of(inverse, lessons=False))) and "Named." in last


def test_per_cent_is_written_in_one_way_and_never_breaks():
    frame = pd.DataFrame({"loss_share": [0.25]})
    shown = v4.new_output(
        "display_data", data={"text/html": table(frame).set_table_styles([{"selector": "td", "props": "width: 50%"}]).to_html()}
    )
    code = v4.new_markdown_cell("with 95 % and `5%`\n```\nlike '5%'\n```")
    page = page_of(code, told("**12%** of 40 % and {x%}"), v4.new_code_cell("f'{x:.0%}'", outputs=[shown]))
    assert "95\N{NO-BREAK SPACE}% and <code>5%</code>" in page and "like '5%'" in page.replace("&#39;", "'")
    assert "12\N{NO-BREAK SPACE}%" in page and "40\N{NO-BREAK SPACE}%" in page and "{x%}" in page
    assert "25.0\N{NO-BREAK SPACE}%" in page and "width: 50%" in page


def test_a_figure_is_told_in_words_to_those_who_do_not_see_it(shell):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.set(xlabel="customers", ylabel="profit\n(EUR)")
    axes.set_title("Half <of> it is lost", loc="left")
    words = shell.display_formatter.formatters["text/plain"](axes.figure)
    assert words == "Figure: Half <of> it is lost; across: customers; up: profit (EUR)."
    picture = v4.new_output("display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": words})
    page = page_of(v4.new_code_cell("draw()", outputs=[picture]))
    assert 'alt="Figure: Half &lt;of&gt; it is lost; across: customers; up: profit (EUR)."' in page


def test_a_table_for_readers_sets_words_left_numbers_right_and_shares_in_per_cent():
    frame = pd.DataFrame({"action": ["keep", "part"], "cost_to_serve": [1200.5, -3.0], "loss_share": [0.25, None]}, index=[4, 5])
    html = table(frame, caption="Who.").to_html()
    sides = dict(re.findall(r"col(\d) \{\s*text-align: (\w+)", html))
    assert sides == {"0": "left", "1": "right", "2": "right"}
    shown = [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)</td>", html)]
    assert shown == ["keep", "1,200.50", "25.0%", "part", "-3.00", ""]
    assert "cost to serve" in html and "Who." in html


def test_an_index_is_shown_with_two_decimals_and_another_small_number_with_four():
    shown = table(pd.DataFrame({"stability": [0.0002, 0.003], "rate": [0.0002, 0.003]})).to_html()
    assert re.findall(r"<td[^>]*>([^<]*)</td>", shown) == ["0.00", "0.0002", "0.00", "0.0030"]


def test_a_long_table_for_readers_says_how_long_it_is():
    html = table(pd.DataFrame({"profit": range(30)}), rows=5).to_html()
    assert "The first 5 of 30 rows." in html and html.count("<td") == 5


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": [1.5, None]}, index=["x", "x"]),
        pd.DataFrame({("a", "b"): [1]}),
        pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)], names=["k", None])),
        pd.DataFrame({"k": [1]}, index=pd.Index(["a"], name="k")),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
    ],
)
def test_any_frame_becomes_a_table_for_readers(frame):
    before = frame.copy()
    assert "<table" in table(frame).to_html()
    pd.testing.assert_frame_equal(frame, before)


def test_question_and_finding_are_read_from_the_notebook():
    def said(text, *tags):
        return v4.new_code_cell(
            "say()", outputs=[v4.new_output("display_data", data={"text/markdown": text})], metadata={"tags": list(tags)}
        )

    lacking = said("**Not answered here:** Why? The study has no ledger table.")
    notebook = v4.new_notebook(
        cells=[v4.new_markdown_cell("# Who *earns*?\ntext"), lacking, said("One **bold** finding of snake_case."), said("Two")]
    )
    assert question_of(notebook) == "Who earns?"
    assert first_finding(notebook) == "One bold finding of snake_case."
    notebook.cells.append(said("**40 %** of it"))
    assert first_finding(notebook) == "40 % of it"
    notebook.cells.append(said("# Head\n\nThe [tagged](x.ipynb) one", "finding"))
    assert first_finding(notebook) == "The tagged one"
    assert first_finding(v4.new_notebook(cells=[lacking])) == "Not answered here: Why? The study has no ledger table."
    assert first_finding(v4.new_notebook()) == ""


# workbook


def test_the_workbook_reads_back_what_was_written(tmp_path):
    table = pd.DataFrame(
        {
            "name": ["=1+1", "https://x.org", None],
            "orders": [3, 1000, 0],
            "profit": [1234.5, -0.25, np.nan],
            "loss_share": [0.5, -0.125, np.inf],
            "first_order": pd.to_datetime(["2024-01-31", None, "2025-12-31"]),
        },
        index=pd.Index(["007", "b", "c"], name="customer_id"),
    )
    before = table.copy(deep=True)
    path = to_excel(
        {"Customer P&L": table, "Empty": pd.DataFrame(columns=["a"])}, tmp_path / "book.xlsx", notes={"Empty": "Nothing."}, title="T"
    )
    pd.testing.assert_frame_equal(table, before)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Contents", "Customer P&L", "Empty"]
    sheet = book["Customer P&L"]
    assert [cell.value for cell in sheet[1]] == ["customer id", "name", "orders", "profit", "loss share", "first order"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["007", "=1+1", 3, 1234.5, 0.5, dt.datetime(2024, 1, 31)],
        ["b", "https://x.org", 1000, -0.25, -0.125, None],
        ["c", None, 0, None, None, dt.datetime(2025, 12, 31)],
    ]
    assert sheet["B2"].data_type == "s" and sheet["B3"].hyperlink is None
    assert [sheet[f"{column}2"].number_format for column in "CDEF"] == ["#,##0", "#,##0.00;[Red]-#,##0.00", "0.0%;[Red]-0.0%", "yyyy-mm-dd"]
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref == "A1:F4"
    assert [cell.value for cell in book["Contents"][5]] == ["Empty", 0, "Nothing."]


def test_the_same_tables_give_the_same_bytes(tmp_path):
    table = pd.DataFrame({"profit": [1.0]}, index=pd.Index(["a"], name="customer_id"))
    first = to_excel({"P": table}, tmp_path / "1.xlsx").read_bytes()
    time.sleep(1.1)
    assert to_excel({"P": table}, tmp_path / "2.xlsx").read_bytes() == first


@pytest.mark.parametrize("name", ["", "a/b", "x" * 32, "contents"])
def test_a_name_that_no_sheet_can_have_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="cannot name a sheet"):
        to_excel({name: pd.DataFrame()}, tmp_path / "book.xlsx")


def test_a_table_longer_than_a_sheet_is_refused(tmp_path):
    with pytest.raises(ValueError, match="P has 1,048,576 rows and a sheet holds 1,048,575"):
        to_excel({"P": pd.DataFrame(index=range(1_048_576))}, tmp_path / "book.xlsx")


# the whole


def test_a_failing_notebook_leaves_the_earlier_report_and_keeps_its_own_way(small_study, write_notebook, tmp_path):
    out = tmp_path / "out"
    run(small_study, out, notebooks=write_notebook("print('fine')"), progress=False)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(NotebookError, match=r"(?s)ZeroDivisionError: division by zero.*No report was written.*out_failed.01_small.ipynb"):
        run(small_study, out, notebooks=write_notebook("1 / 0"), progress=False)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert nbformat.read(tmp_path / "out_failed" / "01_small.ipynb", as_version=4).cells[-1].outputs[0].ename == "ZeroDivisionError"
    assert not list(tmp_path.glob(".out-*"))


def test_a_report_replaces_a_report_and_nothing_else(small_study, write_notebook, tmp_path):
    out, notebook = tmp_path / "out", write_notebook("1")
    run(small_study, out, notebooks=notebook, progress=False)
    run(small_study, out, notebooks=notebook, progress=False)
    (out / "my notes.txt").write_text("mine")
    with pytest.raises(ReportError, match=r"1 files that are not of the report, first \['my notes.txt'\]"):
        run(small_study, out, notebooks=notebook, progress=False)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.doc").write_text("mine")
    with pytest.raises(ReportError, match="is not a report"):
        run(small_study, other, notebooks=notebook, progress=False)
    assert [path.name for path in other.iterdir()] == ["thesis.doc"]


def test_a_report_is_never_written_into_the_study(small_study, write_notebook):
    before = sorted(path.name for path in small_study.rglob("*"))
    for out in (small_study / "report", small_study / "deep" / "er"):
        with pytest.raises(ReportError, match="never written into a study"):
            run(small_study, out, notebooks=write_notebook("1"), progress=False)
    assert sorted(path.name for path in small_study.rglob("*")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
def test_a_report_shows_its_bar_in_a_terminal_alone(write_notebook):
    """A log held one line of a thousand bars; a terminal of containers has 0 columns and shows it all the same."""
    code = "import pathlib, sys; from custprof.report.execute import execute_notebooks\n"
    code += "execute_notebooks([pathlib.Path(sys.argv[1])], {'study_path': None, 'engine': None})"
    command = [sys.executable, "-c", code, str(write_notebook("1 + 1"))]
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    assert subprocess.run(command, capture_output=True, env=environment, check=True).stderr == b""
    here, there = os.openpty()
    subprocess.run(command, stderr=there, env=environment, check=True)
    os.set_blocking(here, False)
    assert b"3/3 cells" in os.read(here, 65536)
    os.close(here), os.close(there)


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_stops_a_report_gets_nothing_and_no_kernel_goes_on(write_notebook, tmp_path, number, status):
    """The demo's summary is being computed beside the notebook, in DuckDB and numpy: nothing of theirs is said."""
    started = tmp_path / "started"
    notebook = write_notebook(f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\ntime.sleep(60)")
    command = [sys.executable, "-m", "custprof", "report", "--out", str(tmp_path / "out"), "--notebooks", str(notebook)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 300
    while not (started.exists() and started.read_text()) and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(number)
    wrote, said = process.communicate(timeout=60)
    assert process.returncode == status and wrote == ""
    *bars, last = said.replace("\r", "\n").strip().splitlines()
    assert last == "Stopped. Nothing was written." and all("cells" in bar for bar in bars if bar.strip())
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out-*"))
    time.sleep(0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_an_error_in_the_check_stops_the_report_before_a_notebook_runs(small_study, write_notebook, tmp_path):
    (small_study / "transactions.csv").write_text("customer_id,order_id,date\na,1,2024-01-01\n", encoding="utf-8")
    with pytest.raises(ValueError, match="revenue"):
        run(small_study, tmp_path / "out", notebooks=write_notebook("1"), progress=False)
    assert not (tmp_path / "out").exists()


def test_the_demo_s_report_is_complete_small_and_loads_nothing(demo_report):
    names = {path.name for path in demo_report.iterdir()}
    pages = {f"{path.stem}.html" for path in NOTEBOOKS}
    assert names == {"index.html", "customer_profit.xlsx", ".custprof-report.json", *pages}
    for name in {"index.html", *pages}:
        text = (demo_report / name).read_text(encoding="utf-8")
        assert len(text) < 5_000_000
        found = references(text)
        assert all(each.startswith("data:") for each in found.loaded), name
        local = {link.split("#")[0] for link in found.links if "://" not in link} - {""}
        assert local <= names
    assert json.loads((demo_report / ".custprof-report.json").read_text())["study"] == "Demo company"


def test_the_demo_s_workbook_ties_to_the_ledger(demo_report):
    pnl = pd.read_excel(demo_report / "customer_profit.xlsx", sheet_name="Customer P&L")
    ledger = pd.read_csv(find_notebooks()[0].parents[1] / "data" / "demo" / "ledger.csv")
    assert round(pnl["profit"].sum(), 2) == round(-ledger["amount"].sum(), 2)
    assert pnl["customer id"].is_unique and (pnl["profit"].iloc[:100].diff().dropna() <= 0).all()
    balance = pd.read_excel(demo_report / "customer_profit.xlsx", sheet_name="Balance")
    assert (balance["remainder"] == 0).all()


def test_the_sheets_of_profit_say_what_the_stage_finds(demo_report):
    book = pd.read_excel(
        demo_report / "customer_profit.xlsx", sheet_name=["Drift", "Leakage", "Margin map", "Views", "Ladder", "Customer P&L"]
    )
    effects = book["Drift"].loc[:, "profit before":"profit after"]
    np.testing.assert_allclose(effects.iloc[:, :-1].sum(axis=1), effects["profit after"], atol=0.005)
    assert book["Leakage"]["amount"].is_monotonic_decreasing and {"discounts", "returns"} <= set(book["Leakage"]["leak"])
    customers = book["Customer P&L"][~book["Customer P&L"]["customer id"].str.startswith("(")]
    for view, rows in book["Views"].groupby("view"):
        assert rows["customers"].sum() == len(customers), view
        assert rows["profit"].sum() == pytest.approx(customers["profit"].sum(), abs=0.01)
    assert len(book["Margin map"]) == len(customers) and book["Margin map"]["action"].notna().all()
    assert book["Ladder"]["source"].notna().all()


def test_the_closing_says_which_of_ledger_and_cost_model_is_missing(tmp_path):
    from custprof.report.summary import _closing
    from custprof.study import Study

    (tmp_path / "study.toml").write_text("")
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,date,revenue\nAda,1,2024-01-05,90\n")
    pnl = pd.DataFrame({"profit": [90.0]}, index=["Ada"])
    assert "No ledger to hold it against." in _closing(Study.open(tmp_path), pnl)
    (tmp_path / "ledger.csv").write_text("line_id,period,account,amount\n1,2024,4000,-90\n")
    said = _closing(Study.open(tmp_path), pnl)
    assert "without a cost model" in said and "No ledger" not in said


def test_one_of_a_kind_is_said_in_the_singular(tmp_path):
    from custprof.report.summary import _reading_note, cover, summarize_study
    from custprof.study import Study

    one = pd.DataFrame({"table": ["transactions"], "rows_read": [1], "rows_set_aside": [0]})
    assert _reading_note(one) == "The only row of 1 table is used: transactions."
    assert _reading_note(one.assign(rows_read=1200)) == "All 1,200 rows of 1 table are used: transactions."
    assert "1 of 1 row of transactions." in _reading_note(one.assign(rows_set_aside=1))
    (tmp_path / "study.toml").write_text("")
    lines = ["customer_id,order_id,date,revenue", "a,1,2024-01-05,90", "b,2,2024-02-05,80", "c,3,2024-03-05,-20"]
    (tmp_path / "transactions.csv").write_text("\n".join(lines))
    study = Study.open(tmp_path)
    cards = {card["label"]: card for card in cover(study, summarize_study(study))["cards"]}
    assert cards["Customers with a negative net revenue"]["note"] == "33.3% of all, -20"
    (tmp_path / "transactions.csv").write_text("\n".join([*lines, "d,4,2024-04-05,-10"]))
    study = Study.open(tmp_path)
    cards = {card["label"]: card for card in cover(study, summarize_study(study))["cards"]}
    assert cards["Customers with a negative net revenue"]["note"] == "50.0% of all, -30 together"


def test_the_first_page_of_a_study_of_lines_alone_says_what_is_not_known(small_study):
    from custprof.report.pages import render_index
    from custprof.report.summary import cover, summarize_study
    from custprof.study import Study

    study = Study.open(small_study)
    tables = summarize_study(study)
    front = cover(study, tables)
    cards = {card["label"]: card for card in front["cards"]}
    assert cards["Customers to part with"]["value"] == "0"  # nobody has a negative net revenue
    assert cards["Customers with a negative net revenue"] == {
        "label": "Customers with a negative net revenue", "value": "0", "note": "", "loss": False,
    }  # fmt: skip
    assert "Net revenue of the company" not in cards  # there is nothing beside the customers
    said = render_index({**front, "pages": [], "workbook": "customer_profit.xlsx", "sheets": list(tables)})
    assert "The main tables of this report" in said and "Every table" not in said
    assert front["figures"][0]["alt"].startswith("Whale curve: cumulative net revenue of the customers")
    assert front["notes"][1] == "All 26 rows of 1 table are used: transactions."
    assert tables["Recommendations"].columns[-1] == "reason"
    assert not tables["Ladder"]["step"].str.contains("_").any()
    page = render_index({**front, "cards": [{"label": "a", "value": "b", "note": "9% of 8 %", "loss": False}], "pages": [],
                         "workbook": "", "sheets": []})  # fmt: skip
    returned = small_study / "transactions.csv"
    returned.write_text(returned.read_text(encoding="utf-8").replace("-20.00", "-90.00"), encoding="utf-8")
    study = Study.open(small_study)
    cards = {card["label"]: card for card in cover(study, summarize_study(study))["cards"]}
    assert cards["Customers to part with"]["value"] == "not known" and cards["Customers to repair"]["value"] == "1"
    assert "9\N{NO-BREAK SPACE}% of 8\N{NO-BREAK SPACE}%" in page
