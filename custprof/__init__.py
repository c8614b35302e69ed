"""custprof: the profit of every customer, the reasons for it, what the customer is worth over its life, and what to do.

The stages are namespaces in the order of the data (``cp.study``, ``cp.costing``, ``cp.profit``, ``cp.segmentation``, ``cp.lifetime``,
``cp.acquisition``, ``cp.decisions``, ``cp.report``), beside ``cp.plots`` and ``cp.datasets``. Each is imported at its first use.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_STAGES = ("study", "costing", "profit", "segmentation", "lifetime", "acquisition", "decisions", "report", "plots", "datasets")

__all__ = ["Study", "__version__", "load_ipython_extension", *_STAGES]


def __getattr__(name: str):
    if name in _STAGES:
        return import_module(f"custprof.{name}")
    if name == "Study":
        return import_module("custprof.study").Study
    raise AttributeError(f"module 'custprof' has no attribute {name!r}; its namespaces are {', '.join(_STAGES)}.")


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell) -> None:
    """``%load_ext custprof``: the notebooks' set-up, that is crisp figures and the cell magic ``%%needs``."""
    import_module("custprof.report.cells").register(shell)
