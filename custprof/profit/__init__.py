"""The profit of every customer: its ladder, how it is spread over the customers, where the price goes, and how it drifts."""

from custprof.profit.drift import drift, transitions
from custprof.profit.inequality import normalized_gini
from custprof.profit.ladder import RESIDUALS, activity_columns, customer_pnl, customers_only, ladder, profit_basis, profit_name
from custprof.profit.totals import running_total, total
from custprof.profit.waterfall import price_waterfall
from custprof.profit.whale import whale_curve, whale_summary

__all__ = [
    "RESIDUALS",
    "activity_columns",
    "customer_pnl",
    "customers_only",
    "drift",
    "ladder",
    "normalized_gini",
    "price_waterfall",
    "profit_basis",
    "profit_name",
    "running_total",
    "total",
    "transitions",
    "whale_curve",
    "whale_summary",
]
