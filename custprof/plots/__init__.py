"""One figure for each result, named after it: it takes the result's frame, draws on one Axes and computes nothing."""

from custprof.plots.money import money_axis, money_text

__all__ = [
    "money_axis",
    "money_text",
]
