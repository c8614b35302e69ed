"""One figure for each result, named after it: it takes the result's frame, draws on one Axes and computes nothing."""

from custprof.plots.acquisition import budget, capacity_check, compare_campaigns, funnel, lead_calibration, prune_funnel
from custprof.plots.costing import capacity, rank_stability
from custprof.plots.decisions import drop_effect, leakage, manager_risk, recommendations, reengage, reprice
from custprof.plots.lifetime import cohorts, rank_changes, retention_curve, value_curve
from custprof.plots.lifetime_checks import calibration, reliability, tracking
from custprof.plots.migration import effort_plan, migration, rfm
from custprof.plots.money import money_axis, money_text
from custprof.plots.money_flow import money_flow
from custprof.plots.profit import ladder, price_waterfall, waterfall, whale_curve
from custprof.plots.profit_drift import drift_effects, early_warning, transitions, warning_calibration
from custprof.plots.quadrant import quadrant
from custprof.plots.segmentation import choose_k, profile, segment_map, segment_whale
from custprof.plots.study import monthly_revenue, reconciliation, seasonality, set_aside, sizes
from custprof.plots.value_matrix import value_matrix
from custprof.plots.verification import verify_losses

__all__ = [
    "budget",
    "calibration",
    "capacity",
    "capacity_check",
    "choose_k",
    "cohorts",
    "compare_campaigns",
    "drift_effects",
    "drop_effect",
    "early_warning",
    "effort_plan",
    "funnel",
    "ladder",
    "lead_calibration",
    "leakage",
    "manager_risk",
    "migration",
    "money_axis",
    "money_flow",
    "money_text",
    "monthly_revenue",
    "price_waterfall",
    "profile",
    "prune_funnel",
    "quadrant",
    "rank_changes",
    "rank_stability",
    "recommendations",
    "reconciliation",
    "reengage",
    "reliability",
    "reprice",
    "retention_curve",
    "rfm",
    "seasonality",
    "segment_map",
    "segment_whale",
    "set_aside",
    "sizes",
    "tracking",
    "transitions",
    "value_curve",
    "value_matrix",
    "verify_losses",
    "warning_calibration",
    "waterfall",
    "whale_curve",
]
