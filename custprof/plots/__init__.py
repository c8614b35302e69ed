"""One figure for each result, named after it: it takes the result's frame, draws on one Axes and computes nothing."""

from custprof.plots.acquisition import compare_campaigns, funnel
from custprof.plots.costing import capacity, cost_flow
from custprof.plots.decisions import drop_effect, manager_risk, recommendations
from custprof.plots.lifetime import calibration, cohorts, retention_curve, value_curve
from custprof.plots.money import money_axis, money_text
from custprof.plots.profit import ladder, price_waterfall, quadrant, transitions, waterfall, whale_curve
from custprof.plots.segmentation import choose_k, profile, segments
from custprof.plots.study import monthly_revenue, reconciliation, seasonality, set_aside, sizes

__all__ = [
    "calibration",
    "capacity",
    "choose_k",
    "cohorts",
    "compare_campaigns",
    "cost_flow",
    "drop_effect",
    "funnel",
    "ladder",
    "manager_risk",
    "money_axis",
    "money_text",
    "monthly_revenue",
    "price_waterfall",
    "profile",
    "quadrant",
    "recommendations",
    "reconciliation",
    "retention_curve",
    "seasonality",
    "segments",
    "set_aside",
    "sizes",
    "transitions",
    "value_curve",
    "waterfall",
    "whale_curve",
]
