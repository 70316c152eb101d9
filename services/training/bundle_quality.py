"""Whether a bundle ranks at least as well as the one in use, according to its report.

bundle.json has {"ndcg@10": 0.85, "queries": 120, "beside": {"default": 0.84}} as metrics.quality:
nDCG@10 of the bundle, and of others by name, on the same queries. None of these trained the bundle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.models.bundle import Bundle

MEASURE = "ndcg@10"
LEARNING = "learning"  # the report of a ranker trained on shoppers' opens
TOWERS = "towers"  # the report of trained towers
ADAPTING = "adapting"  # the report of a block and ranker adapted to a catalogue
RECOMMENDING = "recommending"  # the report of a trained ranker of recommendations
_LEARNT = (LEARNING, TOWERS, ADAPTING, RECOMMENDING)  # a bundle has one of them, for its new model
_OF_RANKERS = (*_LEARNT, "quality", f"ranker_held_out_{MEASURE}")
Find = Callable[[str], Bundle | None]  # a bundle by its name


@dataclass(frozen=True)
class Quality:
    """nDCG@10 of a bundle, and of other bundles by name on the same queries."""

    value: float
    queries: int
    beside: Mapping[str, float]

    def report(self) -> dict[str, Any]:
        """The form in bundle.json."""
        beside = {name: round(value, 4) for name, value in self.beside.items()}
        return {MEASURE: round(self.value, 4), "queries": self.queries, "beside": beside}


def quality_of(bundle: Bundle) -> Quality | None:
    """The quality in a bundle's report; None if it was not measured."""
    try:
        if content := bundle.metrics.get("quality"):
            beside = {str(name): float(value) for name, value in content["beside"].items()}
            return Quality(float(content[MEASURE]), int(content["queries"]), beside)
        # The report of a ranker from before `quality` existed
        if held_out := bundle.metrics.get(f"ranker_held_out_{MEASURE}"):
            return Quality(float(held_out["ranker"]), 0, {"default": float(held_out["shipped_prior"])})
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return None


def objection(bundle: Bundle, serving: Bundle | None, find: Find) -> str:
    """Why `bundle` should not replace `serving`; empty if its report allows it.

    Without a readable bundle in use (`serving` None), any measured quality is enough.
    """
    for name in _LEARNT:
        if learning := bundle.metrics.get(name):
            return _objection_to_learnt(bundle, learning, serving)
    quality = quality_of(bundle)
    if quality is None:
        return f"the report of {bundle.version} has no measured quality"
    if serving is None:
        return ""
    ranks = _at_least(bundle, serving, find, frozenset())
    if ranks is None:
        return f"no report compares {bundle.version} with {serving.version}, which is in use"
    measured = f"{MEASURE} {quality.value:.4f}"
    measured += f" on {quality.queries} queries" if quality.queries else ""
    return "" if ranks else f"{bundle.version} is worse than {serving.version}, which is in use ({measured})"


def of_other_rankers(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """A bundle's metrics without those of its ranker, for a bundle with another ranker."""
    return {name: value for name, value in metrics.items() if name not in _OF_RANKERS}


def _objection_to_learnt(bundle: Bundle, learning: Mapping[str, Any], serving: Bundle | None) -> str:
    """A learnt model was judged against its parent, and may replace only that bundle."""
    parent = learning.get("parent")
    if serving is not None and serving.version != parent:
        return f"{bundle.version} was judged against {parent}, and {serving.version} is in use"
    return str(learning.get("refused", "its report does not say how it was judged"))


def _at_least(bundle: Bundle, other: Bundle, find: Find, seen: frozenset[str]) -> bool | None:
    """Whether a bundle is at least as good as another; None: unknown.

    Compares their measured quality, either directly or through further bundles.
    """
    mine = quality_of(bundle)
    its = quality_of(other)
    if mine and other.version in mine.beside:
        return mine.value >= mine.beside[other.version]
    if its and bundle.version in its.beside:
        return its.beside[bundle.version] >= its.value
    passed = {*seen, bundle.version}
    below = [name for name, value in mine.beside.items() if mine.value >= value] if mine else []
    thirds = [third for name in below if name not in passed and (third := find(name))]
    return True if any(_at_least(third, other, find, frozenset(passed)) for third in thirds) else None
