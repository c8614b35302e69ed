"""How does a notebook say what a study cannot answer, instead of failing?

``%load_ext custprof`` makes figures crisp and registers the cell magic ``%%needs``, which runs its cell only if the study can answer it::

    %%needs ledger cost_model -- Which customers lose money after the cost to serve?

A need is a table (``ledger``), a column of a table (``transactions.cost_of_goods``) or a section of the study (``cost_model``, ``credit``),
as ``Study.lacks`` knows them; any other word is a variable of the notebook that must not be None or False. The study is the variable
``study``. Where something is lacking, one sentence stands in the cell's place.
"""

from __future__ import annotations

import ast
import warnings

__all__ = ["needs_sentence", "register"]

FIGURES = {
    "figure.figsize": (8.0, 4.2),
    "figure.dpi": 100,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titlepad": 12,
    "legend.frameon": False,
}
PHRASES = {
    "at_risk": "no profit that could leave",
    "avoidable": "no cost that is known to end with its customer",
    "calling": "no model of value that takes some customers for gone",
    "cost_model": "no cost model",
    "costed": "no cost that would part the value of customers from that of their revenue",
    "credit": "no terms of credit",
    "earners": "no two periods with customers who earn",
    "followed": "no leads known from their channel and the minutes spent on them to the customer they became",
    "history": "no sales over two months or more",
    "leaking": "no customer far from what its peers get",
    "listed": "neither list_amount nor discount in transactions",
    "losses": "no customer at a loss",
    "minute_rate": "no cost of a minute of work on leads",
    "past": "no invoices old enough to know their fate",
    "periods": "no second period",
    "several": "no more than a handful of customers",
    "several_channels": "no two channels whose customers came back",
    "sold": "no sales",
    "to_redeploy": "no time that could be given to customers who earn",
    "traced": "no known profit of the customers that its campaigns won",
    "timed": "no department with a capacity in minutes",
    "truth": "no known truth behind it",
    "predictable": "no purchase history that a model of purchases may be used on",
    "priceable": "no customer at a loss who bought more than it returned",
    "scored": "no leads, won and lost, enough to learn chances from",
    "single": "no history of purchases and of their sizes that the value of a single customer could rest on",
    "usable": "no history of purchases and of their sizes that a model of value may be used on",
    "warns": "no early warning that is surely better than the usual share",
}


def register(shell) -> None:
    """Set up an IPython shell for the notebooks: crisp inline figures, warnings as notes to the reader, and the cell magic ``%%needs``.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
        The shell of the running kernel, as ``%load_ext`` hands it over.

    Examples
    --------
    >>> from IPython.core.interactiveshell import InteractiveShell
    >>> shell = InteractiveShell()
    >>> register(shell)
    >>> "needs" in shell.magics_manager.magics["cell"]
    True
    """
    from IPython.core.displayhook import DisplayHook
    from IPython.core.magic import no_var_expand
    from matplotlib import rcParams
    from matplotlib_inline.config import InlineBackend

    rcParams.update(FIGURES)
    InlineBackend.instance(parent=shell).figure_formats = {"retina"}

    shell.display_formatter.formatters["text/plain"].for_type_by_name("matplotlib.figure", "Figure", _print_figure)
    shell.display_formatter.formatters["text/html"].for_type_by_name("pandas", "DataFrame", _table_html)
    shell.display_formatter.formatters["text/html"].for_type_by_name("pandas.core.frame", "DataFrame", _table_html)

    warnings.showwarning = _noting(warnings.showwarning)

    @no_var_expand
    def needs(line: str, cell: str):
        """Run the cell if the study has what the line names, else say in one sentence what cannot be answered."""
        wanted, _, question = line.partition("--")
        study = _find_study(shell)
        missing: list[str] = []
        for need in wanted.split():
            if _lacks(shell.user_ns, study, need, unmade=bool(missing)):
                missing.append(need)
        if not missing:
            result = _run(shell, cell)
            # a semicolon silences the result of the cell, as everywhere, but not the sentence below
            return None if DisplayHook.semicolon_at_end_of_expression(cell) else result
        return _sentence(needs_sentence(missing, question))

    shell.register_magic_function(needs, magic_kind="cell")


def needs_sentence(missing: list[str], question: str = "") -> str:
    """The sentence that stands in place of a cell whose needs the study does not meet.

    Parameters
    ----------
    missing : list of str
        What ``Study.lacks`` returned, one or more needs.
    question : str, default ""
        The question that the cell would have answered.

    Returns
    -------
    str
        One sentence or two, in Markdown.

    Examples
    --------
    >>> needs_sentence(["ledger", "transactions.cost_of_goods"], "Who is costly to serve?")
    '**Not answered here:** Who is costly to serve? The study has no ledger table and no column cost_of_goods in transactions.'
    """
    phrases = [_phrase(need) for need in missing]
    what = phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]
    question = question.strip()
    if question and question[-1] not in ".?!":
        question += "."
    return " ".join(filter(None, ["**Not answered here:**", question, f"The study has {what}."]))


def _table_html(frame) -> str:
    from custprof.report.tables import table

    return table(frame).to_html()


def _print_figure(figure, printer, cycle) -> None:
    """A figure in words, for those who do not see it: its titles, which are findings, and what its axes say."""
    words = []
    for axes in figure.axes:
        labels = {"across": axes.get_xlabel(), "up": axes.get_ylabel()}
        words += [axes.get_title("left"), *(f"{side}: {label}" for side, label in labels.items() if label)]
    printer.text(f"Figure: {'; '.join(' '.join(part.split()) for part in words if part)}.")


def _noting(shown):
    """Show what a model says of its own fit as a sentence for the reader, once; every other warning as before."""
    said = set()

    def show(message, category, filename, lineno, file=None, line=None):
        if category.__name__ != "ConvergenceWarning":
            return shown(message, category, filename, lineno, file, line)
        if str(message) in said:
            return None
        said.add(str(message))
        from IPython.display import display

        return display(_sentence(f"**Note:** {message}"))

    return show


def _lacks(names: dict, study, need: str, *, unmade: bool) -> bool:
    """Whether the study lacks what is needed; of what no study knows, whether the notebook's variable of that name is None or says no."""
    try:
        return bool(study.lacks(need))
    except ValueError:
        if need not in names:
            if unmade:  # a cell that was skipped for what is missing before would have made it
                return False
            raise
    value = names[need]
    return value is None or (getattr(value, "ndim", 0) == 0 and not value)


def _phrase(need: str) -> str:
    if need in PHRASES:
        return PHRASES[need]
    table, _, column = need.partition(".")
    return f"no column {column} in {table}" if column else f"no {table} table"


def _sentence(text: str):
    from IPython.display import Markdown

    return Markdown(text)


def _find_study(shell):
    from IPython.core.error import UsageError

    study = shell.user_ns.get("study")
    if not hasattr(study, "lacks"):
        raise UsageError("%%needs looks at the notebook's variable study, which is not here yet; run the cell that opens the study first.")
    return study


def _run(shell, cell: str):
    """Execute the cell in the notebook's names as IPython would; its last expression is returned to be shown, its errors propagate."""
    source = shell.transform_cell(cell)
    name = shell.compile.cache(source, shell.execution_count, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(source, filename=name))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(shell.compile(tree, name, "exec"), shell.user_ns)
    if last is not None:
        return eval(shell.compile(ast.Expression(last.value), name, "eval"), shell.user_ns)
    return None
