"""The profit of every customer: its ladder, how it is spread over the customers, where the price goes, and how it drifts."""

from custprof.profit.backtest import backtest_warning, warning_calibration, warning_scores
from custprof.profit.credit import credit_loss_rates, expected_credit_loss
from custprof.profit.drift import STATES, drift, transitions
from custprof.profit.effects import drift_effects, effect_steps
from custprof.profit.inequality import normalized_gini
from custprof.profit.ladder import RESIDUALS, activity_columns, customer_pnl, customers_only
from custprof.profit.levels import spread_levels
from custprof.profit.products import product_sales
from custprof.profit.quadrant import quadrant
from custprof.profit.statement import ladder, profit_basis, profit_name
from custprof.profit.totals import running_total, total
from custprof.profit.views import departments, profit_by, relationship
from custprof.profit.warning import early_warning, warning_obstacle
from custprof.profit.waterfall import levers, price_waterfall
from custprof.profit.whale import top_shares, whale_band, whale_curve, whale_summary

__all__ = [
    "RESIDUALS",
    "STATES",
    "activity_columns",
    "backtest_warning",
    "credit_loss_rates",
    "customer_pnl",
    "customers_only",
    "departments",
    "drift",
    "drift_effects",
    "early_warning",
    "effect_steps",
    "expected_credit_loss",
    "ladder",
    "levers",
    "normalized_gini",
    "price_waterfall",
    "product_sales",
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
    "warning_calibration",
    "warning_obstacle",
    "warning_scores",
    "whale_band",
    "whale_curve",
    "whale_summary",
]
