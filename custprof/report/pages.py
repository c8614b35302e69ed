"""How does an executed notebook become a page that is read offline?

nbconvert's laboratory template with the report's own style: code behind a button, formulas as MathML, pictures within the page and told in
words, links to the other pages, and nothing loaded from anywhere. Cells that lack the same stand as one sentence, and of a section that
answers nothing its heading and that sentence stay. What belongs to the demo company or to learning (cells tagged ``demo``, the exercises)
is left out of the report of any other study. The index page is written from the summary of the study with the same style.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

__all__ = ["first_finding", "question_of", "render_index", "render_notebook"]

TEMPLATES = Path(__file__).parent / "templates"
WIDGET = "application/vnd.jupyter.widget-view+json"
SHOWN = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
BOLD_NUMBER = re.compile(r"\*\*[^*]*\d[^*]*\*\*")
INJECTED = "injected-parameters"
LESSON = "demo"
HEADING = re.compile(r"^#{1,6} .+$", re.MULTILINE)
# from their heading to the next one, or to the link with which the notebook ends
EXERCISES = re.compile(r"^## Exercises.*?(?=^#{1,2} |^[^\n]*\]\(\w+\.ipynb\)\s*\Z|\Z)", re.MULTILINE | re.DOTALL)
UNANSWERED = re.compile(r"(\*\*Not answered here:\*\*) (.+?)[.]? (The study has [^?]+)")
PER_CENT = re.compile(r"(?<=\d) ?%(?!\w)")


def render_notebook(notebook, pages: list[dict], name: str, *, study: str = "", lessons: bool = True) -> str:
    """The page of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The notebook with its outputs. It is not changed.
    pages : list of dict
        All pages of the report in their order, each with ``name`` and ``title``: the bar at the top links them.
    name : str
        Which of them this is, the name of the notebook's file without ``.ipynb``.
    study : str, default ""
        The name of the study, shown in the bar.
    lessons : bool, default True
        With the cells tagged ``demo`` and the exercises; without them for any other study than the demo company.

    Returns
    -------
    str
        HTML without any reference to another place, but for links that a reader may follow.

    Examples
    --------
    >>> import nbformat.v4 as v4
    >>> cells = [v4.new_markdown_cell("# Who earns?"), v4.new_code_cell("1 + 1"), v4.new_markdown_cell("$x^2$ and [next](02_costs.ipynb)")]
    >>> pages = [{"name": "01_data", "title": "Who earns?"}, {"name": "02_costs", "title": "What costs?"}]
    >>> page = render_notebook(v4.new_notebook(cells=cells), pages, "01_data")
    >>> "<math" in page, 'href="02_costs.html"' in page, "cdn" in page
    (True, True, False)
    """
    import nbformat

    cells = [_without_widgets(cell) for cell in notebook.cells if INJECTED not in cell.metadata.get("tags", [])]
    cells = [_with_spaced_signs(cell) for cell in _lacking_once(_folded(cells if lessons else _without_lessons(cells)))]
    metadata = {**notebook.metadata, "title": question_of(notebook) or name}
    shown = nbformat.from_dict({**notebook, "cells": cells, "metadata": metadata})
    here = next(place for place, page in enumerate(pages) if page["name"] == name)
    around = {"previous": pages[here - 1] if here else None, "next": pages[here + 1] if here + 1 < len(pages) else None}
    resources = {"metadata": {"name": name}, "report": {"study": study, "pages": pages, "here": name, **around}}
    html, _ = _exporter({page["name"] for page in pages}).from_notebook_node(shown, resources)
    return html


def render_index(summary: dict) -> str:
    """The report's first page.

    Parameters
    ----------
    summary : dict
        What the template ``index.html.j2`` names: study, subtitle, cards, figures, pages, workbook,
        sheets, notes, tables and made.

    Returns
    -------
    str
        HTML without any reference to another place.

    Examples
    --------
    >>> lists = {name: [] for name in ("cards", "figures", "pages", "sheets", "notes", "tables")}
    >>> "A &amp; B" in render_index({"study": "A & B", "subtitle": "", "workbook": "", "made": "", **lists})
    True
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(TEMPLATES / "custprof"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.finalize = lambda value: PER_CENT.sub("\N{NO-BREAK SPACE}%", value) if isinstance(value, str) else value
    return environment.get_template("summary.html.j2").render(**summary)


def question_of(notebook) -> str:
    """The notebook's title, that is the first heading of its Markdown; empty if there is none.

    Examples
    --------
    >>> import nbformat.v4 as v4
    >>> question_of(v4.new_notebook(cells=[v4.new_markdown_cell("# Which customers *earn* money?")]))
    'Which customers earn money?'
    """
    for cell in notebook.cells:
        found = re.search(r"^#\s+(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return re.sub(r"[*_`]", "", found.group(1)).strip()
    return ""


def first_finding(notebook) -> str:
    """What the notebook found: the Markdown output of a cell tagged ``finding``, else the first with a number in bold, else the first.

    Examples
    --------
    >>> import nbformat.v4 as v4
    >>> said = v4.new_output("display_data", data={"text/markdown": "**12** of 40 customers lose money."})
    >>> first_finding(v4.new_notebook(cells=[v4.new_code_cell("say()", outputs=[said])]))
    '12 of 40 customers lose money.'
    """
    said = [
        ("finding" in cell.metadata.get("tags", []), "Not answered here" not in text, bool(BOLD_NUMBER.search(text)), text)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if (text := output.get("data", {}).get("text/markdown", ""))
    ]
    return _plain(max(said, key=lambda each: each[:3])[3]) if said else ""


def _without_widgets(cell):
    """A widget has no life on a page, and a static table stands beside it."""
    outputs = [output for output in cell.get("outputs", []) if WIDGET not in output.get("data", {})]
    return {**cell, "outputs": outputs} if len(outputs) < len(cell.get("outputs", [])) else cell


def _without_lessons(cells: list) -> list:
    """They have run, since a cell of a study may use what they made; they are only not shown."""
    kept = [cell for cell in cells if LESSON not in cell["metadata"].get("tags", [])]
    return [{**cell, "source": EXERCISES.sub("", cell["source"])} if cell["cell_type"] == "markdown" else cell for cell in kept]


def _folded(cells: list) -> list:
    """Of a section that answers nothing the heading and what is lacking: its prose is about tables that are not there."""
    starts = [place for place, cell in enumerate(cells) if cell["cell_type"] == "markdown" and cell["source"].startswith("## ")]
    shown = []
    for start, end in pairwise([0, *starts, len(cells)]):
        section = cells[start:end]
        told = [UNANSWERED.fullmatch(_said(cell)) for cell in section if cell.get("outputs")]
        shown += _bare(section, {found.group(3) for found in told}) if start in starts and told and all(told) else section
    return shown


def _bare(section: list, reasons: set[str]) -> list:
    """Headings and code; where one cell lacks all that another lacks, and more, the lesser reason suffices for both."""
    shown = []
    for cell in section:
        if found := UNANSWERED.fullmatch(_said(cell)):
            reason = min((each for each in reasons if _what(each) in _what(found.group(3))), key=lambda each: (len(each), each))
            data = {"text/markdown": _said(cell).removesuffix(found.group(3)) + reason}
            shown.append({**cell, "outputs": [{**cell["outputs"][0], "data": data}]})
        elif cell["cell_type"] == "code":
            shown.append(cell)
        elif headings := HEADING.findall(cell["source"]):
            shown.append({**cell, "source": "\n\n".join(headings)})
    return shown


def _what(reason: str) -> str:
    return reason.removeprefix("The study has ").removesuffix(".")


def _lacking_once(cells: list) -> list:
    """Neighbours that go without an answer for the same reason say so in one sentence, in the first of them."""
    shown, first = [], None
    for cell in cells:
        found = UNANSWERED.fullmatch(_said(cell))
        if found is None:
            shown.append(cell)
            first = first if cell["cell_type"] == "code" and not cell["outputs"] else None
        elif first is not None and first[1][1] == found.group(3):
            place, (questions, lacking) = first
            questions += [found.group(2)] * (found.group(2) not in questions)
            told = f"{found.group(1)} {'; '.join(questions)}{'' if questions[-1].endswith('?') else '.'} {lacking}"
            output = {**shown[place]["outputs"][0], "data": {"text/markdown": told}}
            shown[place] = {**shown[place], "outputs": [output]}
            shown.append({**cell, "outputs": []})
        else:
            first = len(shown), ([found.group(2)], found.group(3))
            shown.append(cell)
    return shown


def _said(cell) -> str:
    """The one Markdown that a cell has put out; empty where it put out anything else."""
    outputs = cell["outputs"] if cell["cell_type"] == "code" else []
    return outputs[0].get("data", {}).get("text/markdown", "") if len(outputs) == 1 else ""


def _with_spaced_signs(cell):
    """One way to write per cent, as the figures do: a space before the sign at which no line breaks. Code and styles stay as they are."""
    if cell["cell_type"] == "markdown":
        return {**cell, "source": _spaced(cell["source"], r"```.*?```|`[^`]*`")}
    kept = {"text/markdown": r"```.*?```|`[^`]*`", "text/html": r"<style.*?</style>|<[^>]*>"}
    outputs = [
        {**output, "data": {kind: _spaced(data, kept[kind]) if kind in kept else data for kind, data in output["data"].items()}}
        if "data" in output
        else output
        for output in cell.get("outputs", [])
    ]
    return {**cell, "outputs": outputs} if outputs else cell


def _spaced(text: str, kept: str) -> str:
    parts = re.split(f"({kept})", text, flags=re.DOTALL)
    return "".join(part if place % 2 else PER_CENT.sub("\N{NO-BREAK SPACE}%", part) for place, part in enumerate(parts))


def _plain(markdown: str) -> str:
    paragraph = next((part for part in markdown.split("\n\n") if part.strip() and not part.lstrip().startswith(("#", "|"))), "")
    linkless = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", paragraph)
    return re.sub(r"\s+", " ", re.sub(r"\*\*|`|(?<!\w)[*_]|[*_](?!\w)", "", linkless)).strip()


def _exporter(names: set[str]):
    from nbconvert import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        """Formulas as MathML; links between notebooks as links between pages."""

        def block_math(self, body: str) -> str:
            return _mathml(body, "block")

        def inline_math(self, body: str) -> str:
            return _mathml(body, "inline")

        def latex_environment(self, name: str, body: str) -> str:
            return _mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

        def link(self, text: str, url: str, title: str | None = None) -> str:
            target = re.fullmatch(r"(?:\./)?(\w+)\.ipynb(#.*)?", url)
            if target and target.group(1) in names:
                return super().link(text, f"{target.group(1)}.html{target.group(2) or ''}", title)
            return text if "://" not in url and ".ipynb" in url else super().link(text, url, title)

    class Exporter(HTMLExporter):
        """nbconvert's exporter with the renderer above."""

        def default_filters(self):
            yield from super().default_filters()
            yield "markdown2html", _markdown

    def _markdown(source: str) -> str:
        renderer = Renderer(escape=False, embed_images=True)
        return MarkdownWithMath(renderer=renderer).render(source)

    return Exporter(
        template_name="custprof",
        extra_template_basedirs=[str(TEMPLATES)],
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        config={"NbConvertBase": {"display_data_priority": SHOWN}},
    )


def _mathml(latex: str, display: str) -> str:
    from html import escape

    from latex2mathml.converter import convert

    try:
        return convert(latex.strip(), display=display)
    except Exception:  # a formula that the converter does not know is still readable as it was written
        return f"<code>{escape(latex)}</code>"
