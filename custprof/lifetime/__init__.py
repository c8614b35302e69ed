"""What is a customer worth over its life: purchases to come, what they earn, what the customer costs to keep."""

from custprof.lifetime.betageo import BetaGeoNBD, ModifiedBetaGeoNBD
from custprof.lifetime.cohorts import cohorts
from custprof.lifetime.curves import break_even, retention_curve, value_curve
from custprof.lifetime.diagnostics import calibration, compare_models, tracking
from custprof.lifetime.earned import value_history
from custprof.lifetime.history import summarize
from custprof.lifetime.holdout import Split, split
from custprof.lifetime.markov import chain_value, margin_multiple
from custprof.lifetime.newcomers import newcomers
from custprof.lifetime.occasions import BetaGeoBinomial
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.posterior import posterior
from custprof.lifetime.ranks import rank_changes
from custprof.lifetime.recovery import recovery
from custprof.lifetime.reliability import reliability
from custprof.lifetime.renewals import BetaDiscreteWeibull, ShiftedBetaGeometric
from custprof.lifetime.spend import GammaGamma
from custprof.lifetime.spend_fit import SPEND_FITS, spend_calibration, spend_fit
from custprof.lifetime.stored import load_model, save_model
from custprof.lifetime.suitability import suitability, usable
from custprof.lifetime.terms import value_terms
from custprof.lifetime.value import CustomerValue

__all__ = [
    "SPEND_FITS",
    "BetaDiscreteWeibull",
    "BetaGeoBinomial",
    "BetaGeoNBD",
    "CustomerValue",
    "GammaGamma",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "ShiftedBetaGeometric",
    "Split",
    "break_even",
    "calibration",
    "chain_value",
    "cohorts",
    "compare_models",
    "load_model",
    "margin_multiple",
    "newcomers",
    "posterior",
    "rank_changes",
    "recovery",
    "reliability",
    "retention_curve",
    "save_model",
    "spend_calibration",
    "spend_fit",
    "split",
    "suitability",
    "summarize",
    "tracking",
    "usable",
    "value_curve",
    "value_history",
    "value_terms",
]
