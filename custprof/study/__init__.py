"""study: from a folder of exports to checked tables, with every row and every amount accounted for."""

from custprof.study.contracts import REFERENCES, TABLES, Contract
from custprof.study.coverage import period_coverage
from custprof.study.engine import ENGINES, PERIODS, UNKNOWN_CUSTOMER
from custprof.study.errors import StudyError
from custprof.study.facts import customer_facts, monthly_revenue
from custprof.study.questions import answerable
from custprof.study.study import Study

__all__ = [
    "ENGINES",
    "PERIODS",
    "REFERENCES",
    "TABLES",
    "UNKNOWN_CUSTOMER",
    "Contract",
    "Study",
    "StudyError",
    "answerable",
    "customer_facts",
    "monthly_revenue",
    "period_coverage",
]
