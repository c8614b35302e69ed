"""The report: the notebooks executed on a study, pages that open offline, and a workbook."""

from custprof.report.execute import NotebookError, ReportError
from custprof.report.pseudonyms import pseudonymize
from custprof.report.publish import run
from custprof.report.tables import table
from custprof.report.workbook import to_excel

__all__ = ["NotebookError", "ReportError", "pseudonymize", "run", "table", "to_excel"]
