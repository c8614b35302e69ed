"""Where does a legend stand so that it covers neither the data nor the finding that the notebook writes as the title?"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.transforms import offset_copy

__all__ = ["legend_below"]

_DEPTH = 42  # points below the axes: clear of the tick labels and the label of the axis


def legend_below(ax: Axes, *, ncols: int = 3, depth: float = _DEPTH, **options) -> Legend:
    """A legend without a frame, centred below the axes by a fixed distance, however high the figure is.

    Parameters
    ----------
    ax : matplotlib Axes
    ncols : int
    depth : float
        Points below the axes.
    **options
        For `Axes.legend`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = plt.subplots()[1]
    >>> line = ax.plot([0, 1], label="used")
    >>> [text.get_text() for text in legend_below(ax).get_texts()]
    ['used']
    >>> plt.close()
    """
    below = offset_copy(ax.transAxes, fig=ax.figure, y=-depth, units="points")
    return ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, ncols=ncols, frameon=False, **options)
