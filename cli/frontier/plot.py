"""Draws the frontier: quality against processor time."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from cli.frontier.figures import Figures, chosen, frontier

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (9, 6)
_DOTS = 120  # an inch


def drawn(found: Sequence[Figures], form: str) -> bytes:
    """The picture as `png` or `svg`. The points have their numbers in `found`, from 1."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(_INCHES, layout="constrained")
    _draw(figure.add_subplot(), found)
    picture = BytesIO()
    figure.savefig(picture, format=form, dpi=_DOTS)
    return picture.getvalue()


def _draw(axes: Axes, found: Sequence[Figures]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    here = [each for each in found if not each.failed]
    best = frontier(here)
    axes.plot(
        [each.cost for each in best], [each.ndcg for each in best], drawstyle="steps-post", color="#999"
    )
    axes.scatter([each.cost for each in here], [each.ndcg for each in here], s=22, color="#2a6fb0", zorder=2)
    one = chosen(here)
    axes.scatter([one.cost], [one.ndcg], s=90, facecolors="none", edgecolors="#c0392b", zorder=3)
    for number, each in enumerate(found, 1):
        if not each.failed:
            axes.annotate(str(number), (each.cost, each.ndcg), (4, 4), textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("processor ms a page")
    axes.set_ylabel("nDCG@10, mean over the shops")
    axes.grid(alpha=0.3, which="both")
