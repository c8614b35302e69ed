"""What are the key figures of a study, and which tables belong into its workbook?

The stages' results once more, from the study itself: the index page and the workbook are made of the same frames. What a study lacks has no
sheet. The parts that are fitted (segments, lifetime value) take the seed and the options of the notebooks, so that they say the same.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from custprof.report.sheets import SHEETS
from custprof.report.worth import ANNUAL_RATE, HORIZON, LEVEL

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cover", "summarize_study"]

LIMIT = 100_000


def summarize_study(study) -> dict[str, pd.DataFrame]:
    """The tables of a study's report.

    Parameters
    ----------
    study : Study
        Without errors in its check.

    Returns
    -------
    dict of str to DataFrame
        By name of the sheet, in the order of `SHEETS`; what the study cannot answer is left out.

    Examples
    --------
    >>> from custprof.datasets import load_demo
    >>> tables = summarize_study(load_demo())                            # doctest: +SKIP
    >>> tables["Balance"]["remainder"].abs().max()                       # doctest: +SKIP
    0.0
    """
    from custprof.costing import allocate_study
    from custprof.profit import customer_pnl, customers_only, ladder, whale_curve
    from custprof.report.sheets import activity_costs, best_first, profit_sheets, profits_by_period
    from custprof.report.steps import step_sheets
    from custprof.report.winning import acquisition_sheets
    from custprof.report.worth import value_customers
    from custprof.segmentation import ProfitSegmenter, segment_features

    allocation = allocate_study(study)
    pnl = customer_pnl(study.customer_facts(), allocation)
    by_period = customer_pnl(study.customer_facts(by="period"), allocation)
    customers = customers_only(pnl)
    profit = customers["profit"]
    looked_at = segment_features(customers_only(by_period))
    segmenter = ProfitSegmenter(random_state=0).fit(customers[looked_at.index[looked_at["used"]]], profit)
    worth = value_customers(study, pnl, allocation)
    advice = _advice(pnl, by_period, worth.avoidable, worth.p_alive)
    with_future = profit if worth.value is None else profit.add(worth.value["value"], fill_value=0)
    tables = {
        "Key figures": _key_figures(pnl, profit, allocation, worth, advice),
        "Ladder": ladder(pnl, allocation=allocation).replace({"step": "_"}, {"step": " "}, regex=True),
        "Customer P&L": _with_segment(best_first(pnl), segmenter.segments_),
        "Whale curve": whale_curve(profit),
        "Profit by period": profits_by_period(customers_only(by_period)),
        "Recommendations": _with_segment(_named_by_cost(advice), segmenter.segments_),
        "Segments": segmenter.profile_,
        "Ties": study.ties(),
        "Reconciliation": study.reconciliation(),
        "Issues": study.check(),
        **profit_sheets(study, pnl, by_period, allocation),
        **acquisition_sheets(study, profit, with_future, allocation),
        **step_sheets(study, pnl, allocation, worth, advice),
    }
    if worth.value is not None:
        tables["Lifetime value"] = _with_segment(worth.value.sort_values("value", ascending=False, kind="stable"), segmenter.segments_)
    if allocation is not None:
        tables |= {"Balance": allocation.balance(), "Rates": allocation.rates(), "Capacity": allocation.capacity()}
        tables["Activity cost"] = allocation.customers().T.pipe(activity_costs)
    return {name: tables[name].head(LIMIT) for name in SHEETS if name in tables and len(tables[name])}


def cover(study, tables: Mapping[str, pd.DataFrame]) -> dict:
    """What the index page shows of a study: subtitle, cards, the whale curve, notes and tables.

    Parameters
    ----------
    study : Study
    tables : mapping of str to DataFrame
        What `summarize_study` returned.

    Returns
    -------
    dict
        For `pages.render_index`, but for the pages and the workbook.

    Examples
    --------
    >>> from custprof.datasets import load_demo
    >>> study = load_demo()                                              # doctest: +SKIP
    >>> cover(study, summarize_study(study))["study"]                    # doctest: +SKIP
    'Demo company'
    """
    from custprof import __version__
    from custprof.profit import profit_basis, profit_name

    pnl = tables["Customer P&L"].drop(columns="segment")
    issues = tables.get("Issues")
    return {
        "study": study.name,
        "subtitle": f"{_day(study.start)} to {_day(study.end)}, in {study.currency or 'currency units'}, compared by {study.period}.",
        "cards": _cards(study, tables["Key figures"].set_index("figure"), profit_name(pnl), judged="avoidable_profit" in pnl),
        "figures": [_whale_figure(study, tables["Whale curve"], profit_name(pnl))],
        "notes": [profit_basis(pnl), _reading_note(tables["Reconciliation"])],
        "tables": [_issue_table(issues)] if issues is not None and (issues["severity"] != "info").any() else [],
        "made": f"Made by custprof {__version__}. {_closing(study, pnl)}",
    }


def _named_by_cost(advice: pd.DataFrame) -> pd.DataFrame:
    """The recommendations, whose value says what cost it counts: the avoidable part, or all where that part is not known."""
    return advice.rename(columns={"value": "value_at_avoidable_cost" if "avoidable_profit" in advice else "value_at_full_cost"})


def _closing(study, pnl: pd.DataFrame) -> str:
    """Whether the sum of all rows is the ledger's result, and by how much it is not."""
    from custprof.profit import profit_name, total

    rows = total(pnl["profit"])
    if lacking := study.lacks("ledger", "cost_model"):
        why = {
            "ledger": "No ledger to hold it against.",
            "cost_model": "The ledger's overheads reach no customer without a cost model, so its result is no match for it.",
        }
        return f"Customers plus the rows that are no customer: {study.money(rows, 2)} of {profit_name(pnl)}. {why[lacking[0]]}"
    ledger = -total(study.frame("ledger")["amount"])
    apart = round(rows - ledger, study.decimals)
    words = "the same" if apart == 0 else f"{study.money(apart, 2)} apart (see the ties)"
    return f"Customers plus the rows that are no customer: {study.money(rows, 2)}. Result by the ledger: {study.money(ledger, 2)}, {words}."


def _with_segment(table: pd.DataFrame, segments: pd.Series) -> pd.DataFrame:
    """The customers' segments in the first column; their names stay in the study, ids suffice."""
    marked = table.copy()
    marked.insert(0, "segment", segments.astype("str").reindex(table.index))
    return marked


def _advice(pnl: pd.DataFrame, by_period: pd.DataFrame, value: pd.Series | None, p_alive: pd.Series | None) -> pd.DataFrame:
    from custprof.decisions import recommend, verify_losses

    advice = recommend(pnl, value=value, verified=verify_losses(by_period), p_alive=p_alive).sort_values("profit", kind="stable")
    return advice[[*advice.columns.drop("reason"), "reason"]]  # a sentence has room at the end of a sheet only


def _key_figures(pnl: pd.DataFrame, profit: pd.Series, allocation, worth, advice: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from custprof.decisions.recommend import ACTIONS
    from custprof.profit import RESIDUALS, total, whale_summary

    whale = whale_summary(profit)
    rows = [
        ("customers", None, None, whale["customers"]),
        ("net revenue", total(pnl["net_revenue"]), None, None),
        ("profit of the company", total(pnl["profit"]), None, None),
        ("profit of the customers", whale["total"], None, None),
        ("peak of the whale curve", whale["peak"], whale["peak_share_of_total"], None),
        ("losses", whale["losses"], None, None),
        ("customers at a loss", None, whale["share_of_loss_makers"], whale["loss_makers"]),
        ("best fifth of the customers", whale["best_fifth"], whale["best_fifth_share_of_total"], None),
    ]
    for action in ACTIONS:
        of_these = advice["action"] == action
        label = "customers gone" if action == "gone" else f"customers to {action}"
        rows.append((label, total(advice.loc[of_these, "profit"]), of_these.mean(), int(of_these.sum())))
    if worth.refused:
        rows.append((f"lifetime value, {worth.refused}", None, None, None))
    else:
        rows.append(("lifetime value", worth.total["value"], None, len(worth.value)))
        rows += [(f"lifetime value, {end} end of {LEVEL:.0%}", worth.total[end], None, None) for end in ("low", "high")]
    if allocation is not None:
        rows.append(("cost allocated", allocation.total, None, None))
    rows += [(name.strip("()"), pnl.loc[name, "profit"], None, None) for name in RESIDUALS if name in pnl.index]
    table = pd.DataFrame(rows, columns=["figure", "amount", "share", "count"])
    return table.astype({"amount": float, "share": float, "count": "Int64"})


def _day(date) -> str:
    return f"{date.day} {date:%B %Y}"


def _cards(study, figures: pd.DataFrame, what: str, *, judged: bool) -> list[dict]:
    """Tiles in the order of the result: what the customers leave, the rows that are no customer's, the company; then what to do."""
    amount, share, count = figures["amount"], figures["share"], figures["count"]
    peak, of_peak = amount["peak of the whale curve"], share["peak of the whale curve"]
    hump = f"{study.money(peak)} at the peak of the whale curve" + (f", {of_peak:.0%} of the total" if of_peak == of_peak else "")
    whole, losses = amount["profit of the company"], amount["losses"]
    cards = [_card("Customers", f"{count['customers']:,}"), _card("Net revenue", study.money(amount["net revenue"]))]
    cards.append(_card(f"{what.capitalize()} of the customers", study.money(amount["profit of the customers"]), hump))
    others = [name for name in ("unknown customer", "unused capacity", "unassigned", "business-sustaining") if name in amount]
    for name in others:
        cards.append(_card(name.capitalize(), study.money(amount[name]), "a row of its own, no customer's", loss=amount[name] < 0))
    if others:
        together = "the customers and the rows that are no customer's"
        cards.append(_card(f"{what.capitalize()} of the company", study.money(whole), together, loss=whole < 0))
    at_loss = "Customers at a loss" if what == "profit" else f"Customers with a negative {what}"
    in_all = " together" if count["customers at a loss"] > 1 else ""
    note = f"{share['customers at a loss']:.1%} of all, {study.money(losses)}{in_all}" if count["customers at a loss"] else ""
    cards.append(_card(at_loss, f"{count['customers at a loss']:,}", note, loss=losses < 0))
    for action, label in {"repair": "Customers to repair", "part": "Customers to part with"}.items():
        found = figures.loc[f"customers to {action}"]
        note = f"{study.money(found['amount'])} of {what} so far" if found["count"] else ""
        if action == "part" and not judged and count["customers at a loss"]:
            cards.append(_card(label, "not known", "nobody has said which cost would end with a customer"))
        else:
            cards.append(_card(label, f"{int(found['count']):,}", note, loss=found["amount"] < 0))
    cards.append(_worth_card(study, amount, what))
    return cards


def _worth_card(study, amount: pd.Series, what: str) -> dict:
    """The value of all customers with its interval, or the verdict that forbids it; three digits, for more are not known."""
    from custprof.plots import money_text

    label = "Worth of the customers"
    if "lifetime value" not in amount:
        refused = next(name for name in amount.index if name.startswith("lifetime value, refused"))
        reason = refused.partition("refused: ")[2]
        return _card(label, "not known", f"notebook 05 refuses the models, by its verdict on: {reason}")
    value, low, high = (
        f"{money_text(amount[name])} {study.currency}".rstrip() for name in amount.index if name.startswith("lifetime value")
    )
    ahead = f"{what} expected in the next {HORIZON} years, at {ANNUAL_RATE:.0%} a year"
    return _card(label, value, f"{low} to {high} with {LEVEL:.0%} probability; {ahead}", loss=amount["lifetime value"] < 0)


def _card(label: str, value: str, note: str = "", *, loss: bool = False) -> dict:
    return {"label": label, "value": value, "note": note, "loss": bool(loss)}


def _reading_note(reconciliation: pd.DataFrame) -> str:
    """Whether every row that was read is used."""
    tables = reconciliation.drop_duplicates("table")
    left = tables[tables["rows_set_aside"] > 0]
    if left.empty:
        rows, used = _counted(tables["rows_read"].sum(), "row"), f"used: {', '.join(tables['table'])}."
        return f"The only row of 1 table is {used}" if rows == "1 row" else f"All {rows} of {_counted(len(tables), 'table')} are {used}"
    said = [f"{row.rows_set_aside:,} of {_counted(row.rows_read, 'row')} of {row.table}" for row in left.itertuples()]
    return f"Set aside, with the reasons below: {'; '.join(said)}. All other rows of {_counted(len(tables), 'table')} are used."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _issue_table(issues: pd.DataFrame) -> dict:
    rows = []
    for issue in issues[issues["severity"] != "info"].itertuples():
        where = f"{issue.table}.{issue.column}" if issue.column else issue.table
        rows.append([issue.severity, where, issue.rule, f"{issue.rows:,}" if issue.rows else "", issue.examples, issue.advice])
    header = ["Severity", "Where", "What", "Rows", "First", "What to do"]
    return {"title": "What the check found", "header": header, "rows": rows, "texts": True, "severity": True}


def _whale_figure(study, curve: pd.DataFrame, what: str) -> dict:
    from matplotlib.figure import Figure

    from custprof import plots

    figure = Figure(figsize=(8.6, 3.6), layout="constrained")
    axes = figure.subplots()
    plots.whale_curve(curve, ax=axes, currency=study.currency, what=what)
    axes.spines[["top", "right"]].set_visible(False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=200, metadata={"Software": None})
    peak, end = (study.money(amount) for amount in (curve["cumulative_profit"].max(), curve["cumulative_profit"].iloc[-1]))
    alt = f"Whale curve: cumulative {what} of the customers, best first, peaks at {peak} and ends at {end}."
    return {"alt": alt, "png": base64.b64encode(drawn.getvalue()).decode("ascii")}
