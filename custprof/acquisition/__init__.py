"""What it costs to win customers, whether they earn it back, what the next ones may cost, and which leads are worth a contact."""

from custprof.acquisition.budget import ALL_SOURCES, NO_SOURCE, budget
from custprof.acquisition.capacity import capacity_check, minutes_per_customer
from custprof.acquisition.compare import compare_campaigns
from custprof.acquisition.contacts import foreign_ids, open_leads, profit_of_alike, prune_funnel
from custprof.acquisition.cost import NO_CAMPAIGN, UNKNOWN_CAMPAIGN, acquisition_cost, contact_rate, payback
from custprof.acquisition.funnel import funnel
from custprof.acquisition.leads import LeadScorer, scoring_obstacle

__all__ = [
    "ALL_SOURCES",
    "NO_CAMPAIGN",
    "NO_SOURCE",
    "UNKNOWN_CAMPAIGN",
    "LeadScorer",
    "acquisition_cost",
    "budget",
    "capacity_check",
    "compare_campaigns",
    "contact_rate",
    "foreign_ids",
    "funnel",
    "minutes_per_customer",
    "open_leads",
    "payback",
    "profit_of_alike",
    "prune_funnel",
    "scoring_obstacle",
]
