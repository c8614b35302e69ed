"""What it costs to win customers, whether they earn it back, and which leads are worth a contact."""

from custprof.acquisition.compare import compare_campaigns
from custprof.acquisition.cost import NO_CAMPAIGN, UNKNOWN_CAMPAIGN, acquisition_cost, payback
from custprof.acquisition.funnel import funnel
from custprof.acquisition.leads import LeadScorer

__all__ = ["NO_CAMPAIGN", "UNKNOWN_CAMPAIGN", "LeadScorer", "acquisition_cost", "compare_campaigns", "funnel", "payback"]
