"""The profit of every customer: its ladder, how it is spread over the customers, where the price goes, and how it drifts."""

from custprof.profit.credit import credit_loss_rates, expected_credit_loss
from custprof.profit.drift import drift, transitions
from custprof.profit.inequality import normalized_gini
from custprof.profit.ladder import CHANNEL, RESIDUALS, activity_columns, customer_pnl, customers_only
from custprof.profit.levels import spread_levels
from custprof.profit.quadrant import quadrant
from custprof.profit.statement import ladder, profit_basis, profit_name
from custprof.profit.totals import running_total, total
from custprof.profit.views import departments, profit_by, relationship
from custprof.profit.waterfall import levers, price_waterfall
from custprof.profit.whale import top_shares, whale_band, whale_curve, whale_summary

__all__ = [
    "CHANNEL",
    "RESIDUALS",
    "activity_columns",
    "credit_loss_rates",
    "customer_pnl",
    "customers_only",
    "departments",
    "drift",
    "expected_credit_loss",
    "ladder",
    "levers",
    "normalized_gini",
    "price_waterfall",
    "profit_basis",
    "profit_by",
    "profit_name",
    "quadrant",
    "relationship",
    "running_total",
    "spread_levels",
    "top_shares",
    "total",
    "transitions",
    "whale_band",
    "whale_curve",
    "whale_summary",
]
