"""Suggests similar names for an unknown one."""

from collections.abc import Iterable
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import Indel

# Number of suggestions; share of letters that are the same, in their order
_MOST = 3
_LEAST_ALIKE = 0.6
_LONGEST_CHARACTERS = 200
_AT_ONCE = 10_000  # names compared in one call, which holds the interpreter: a millisecond


def nearest_names(wanted: str, known: Iterable[str]) -> list[str]:
    """At most three of the known names, the most similar first. Empty if none is similar."""
    left = iter(known)
    best = list[tuple[float, str]]()
    while names := list(islice(left, _AT_ONCE)):
        found = process.extract(
            wanted[:_LONGEST_CHARACTERS],
            names,
            scorer=Indel.normalized_similarity,
            score_cutoff=_LEAST_ALIKE,
            limit=_MOST,
        )
        best = sorted([*best, *((-alike, name) for name, alike, _ in found)])[:_MOST]
    return [name for _, name in best]
