"""Kinds of customers by what they bring and what they cost: how many there are, who they are, and whether to believe it."""

from custprof.segmentation.choice import choose_k
from custprof.segmentation.drift import segment_drift
from custprof.segmentation.features import segment_features
from custprof.segmentation.maps import map_loadings, segment_map
from custprof.segmentation.migration import migration
from custprof.segmentation.profile import segment_profile
from custprof.segmentation.recipes import compare_recipes, tutorial_segments
from custprof.segmentation.rfm import RFM, RFM_RULES, rfm_facts
from custprof.segmentation.rules import segment_rules, segment_sql
from custprof.segmentation.scaler import MoneyScaler
from custprof.segmentation.segmenter import ProfitSegmenter
from custprof.segmentation.stability import stability

__all__ = [
    "RFM",
    "RFM_RULES",
    "MoneyScaler",
    "ProfitSegmenter",
    "choose_k",
    "compare_recipes",
    "map_loadings",
    "migration",
    "rfm_facts",
    "segment_drift",
    "segment_features",
    "segment_map",
    "segment_profile",
    "segment_rules",
    "segment_sql",
    "stability",
    "tutorial_segments",
]
