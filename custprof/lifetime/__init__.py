"""What is a customer worth over its life: purchases to come, what they earn, what the customer costs to keep."""

from custprof.lifetime.betageo import BetaGeoNBD, ModifiedBetaGeoNBD
from custprof.lifetime.cohorts import cohorts
from custprof.lifetime.curves import break_even, retention_curve, value_curve
from custprof.lifetime.earned import value_history
from custprof.lifetime.history import Split, split, summarize
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.spend import GammaGamma
from custprof.lifetime.suitability import SPEND_FITS, calibration, spend_fit, suitability, usable
from custprof.lifetime.terms import value_terms
from custprof.lifetime.value import CustomerValue

__all__ = [
    "SPEND_FITS",
    "BetaGeoNBD",
    "CustomerValue",
    "GammaGamma",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "Split",
    "break_even",
    "calibration",
    "cohorts",
    "retention_curve",
    "spend_fit",
    "split",
    "suitability",
    "summarize",
    "usable",
    "value_curve",
    "value_history",
    "value_terms",
]
