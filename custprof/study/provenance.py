"""What should be known about the files that a study was read from?

What presets say about their exports, what stood in a report beside its rows, headers and files that feed nothing, names that wait to be
matched. Each rule is a function from the study to issues (see ``checks``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from custprof.study.aliases import leading_nowhere, read_aliases, waiting
from custprof.study.contracts import TABLES
from custprof.study.weighing import weigh

__all__ = ["RULES"]


def _exports(study) -> Iterator[dict[str, Any]]:
    """What presets say about their exports, and what stood in a report beside its rows."""
    for table in study.tables:
        for spec in study.settings.tables.get(table, []):
            if "note" in spec:
                yield {"severity": "info", "table": table, "rule": "about this export", "advice": spec["note"]}
        kinds = study.passed_over(table).groupby("kind").size()
        if len(kinds):
            yield {
                "severity": "info",
                "table": table,
                "rule": "rows of a report",
                "rows": int(kinds.sum()),
                "examples": ", ".join(f"{count} {kind}s" if count > 1 else f"1 {kind}" for kind, count in kinds.items()),
                "advice": "Titles, headings and totals are no rows of the table; they are counted here and nowhere else.",
            }


def _report_totals(study) -> Iterator[dict[str, Any]]:
    for table in study.tables:
        column = TABLES[table].amount
        said = study.report_totals(table)
        said["apart"] = [round(apart, study.decimals) + 0.0 for apart in said["read"] - said["total"]]
        for apart, totals in said.groupby(said["apart"] != 0):
            shown = [
                f"{each.file}: total {study.money(each.total, study.decimals)}, lines {study.money(each.read, study.decimals)}"
                for each in totals.sort_values("row", ascending=False).head(3).itertuples()
            ]
            yield {
                "severity": "warning" if apart else "info",
                "table": table,
                "column": column,
                "rule": "report's total differs" if apart else "report's total agrees",
                "rows": len(totals),
                "amount": max(totals["apart"], key=abs),
                "examples": "; ".join(shown),
                "advice": (
                    "The lines that were read and the total of the report differ by this amount; lines are missing, or were changed."
                    if apart
                    else "The lines that were read add up to the total that stands in the report."
                ),
            }


def _aliases(study) -> Iterator[dict[str, Any]]:
    if study.settings.aliases is not None and (rows := waiting(study.settings.aliases)):
        yield {
            "severity": "warning",
            "table": "customers",
            "column": "customer_id",
            "rule": "aliases wait",
            "rows": rows,
            "advice": f"{study.settings.aliases.name} suggests customers: write yes or no in its column confirmed.",
        }
    if study.settings.aliases is not None and (lost := leading_nowhere(study)):
        file, named = study.settings.aliases.name, len(set(read_aliases(study.settings.aliases)["customer_id"]))
        yield {
            "severity": "warning",
            "table": "customers",
            "column": "customer_id",
            "rule": "aliases of no customer",
            "rows": len(lost),
            "examples": ", ".join(lost[:3]),
            "advice": (
                f"{len(lost)} of the {named} ids in {file} are no customer's, and what is called so there stays apart. A spreadsheet drops "
                f"the zeros before a number (0012 becomes 12): open {file} with that column as text, or make it anew by custprof aliases."
            ),
        }


def _service_codes(study) -> Iterator[dict[str, Any]]:
    codes = study.settings.said("transactions", "service_codes", [])
    if codes and "product_id" in study.columns("transactions"):
        listed = ", ".join("'" + str(code).replace("'", "''") + "'" for code in codes)
        yield {
            "severity": "info",
            **weigh(study, "transactions", f"_reason is null and product_id in ({listed})", "product_id", distinct=True),
            "column": "product_id",
            "rule": "service codes",
            "advice": "Lines for postage, fees, discounts and manual entries, named by study.toml; they are used like every other line.",
        }


def _moved(study) -> Iterator[dict[str, Any]]:
    for table, why in study.rows.moved.items():
        yield {
            "severity": "info",
            "table": table,
            "rule": "not read in place",
            "examples": why,
            "advice": "The rows passed through the driver before Spark had them: as right, and slower. Change what is named beside.",
        }


def _unused(study) -> Iterator[dict[str, Any]]:
    for table in study.tables:
        if unused := study.unused(table):
            yield {
                "severity": "info",
                "table": table,
                "rule": "columns not used",
                "examples": ", ".join(unused[:3]) + (f" and {len(unused) - 3} more" if len(unused) > 3 else ""),
                "advice": f"These columns of the file feed nothing; name them in [tables.{table}] columns if they should.",
            }
    for table, notes in study.notes.items():
        yield from (
            {
                "severity": "info",
                "table": table,
                "rule": "file passed over",
                "examples": note,
                "advice": f"Name the file, or a pattern, in [tables.{table}] of study.toml if it should be read.",
            }
            for note in notes
        )


RULES = [_aliases, _report_totals, _exports, _service_codes, _moved, _unused]
