"""One figure for each result, named after it: it takes the result's frame, draws on one Axes and computes nothing."""

from custprof.plots.decisions import drop_effect, manager_risk, recommendations
from custprof.plots.lifetime import calibration, cohorts, retention_curve, value_curve
from custprof.plots.money import money_axis, money_text
from custprof.plots.profit import ladder, price_waterfall, quadrant, transitions, waterfall, whale_curve
from custprof.plots.study import monthly_revenue, reconciliation

__all__ = [
    "calibration",
    "cohorts",
    "drop_effect",
    "ladder",
    "manager_risk",
    "money_axis",
    "money_text",
    "monthly_revenue",
    "price_waterfall",
    "quadrant",
    "recommendations",
    "reconciliation",
    "retention_curve",
    "transitions",
    "value_curve",
    "waterfall",
    "whale_curve",
]
