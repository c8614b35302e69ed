"""What is a customer worth over its life: purchases to come, what they earn, what the customer costs to keep."""

from custprof.lifetime.betageo import BetaGeoNBD, ModifiedBetaGeoNBD
from custprof.lifetime.history import Split, split, summarize
from custprof.lifetime.pareto import ParetoNBD
from custprof.lifetime.spend import GammaGamma

__all__ = ["BetaGeoNBD", "GammaGamma", "ModifiedBetaGeoNBD", "ParetoNBD", "Split", "split", "summarize"]
