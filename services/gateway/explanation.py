"""Say in one sentence why a result is where it is."""

from collections.abc import Sequence

_CLOSEST = 10


def summary(
    matched_terms: Sequence[str], dense_rank: int, raised_by: Sequence[str] = (), ordered_by: str = "relevance"
) -> str:
    """One sentence; `dense_rank` 0: not found by meaning; `raised_by`: features, the strongest first."""
    reasons = [_by_words(matched_terms), _by_meaning(dense_rank), _by_features(raised_by)]
    sentence = "; ".join(reason for reason in reasons if reason) or "meets the filters"
    if ordered_by != "relevance":
        sentence += f"; ordered by {ordered_by}"
    return sentence[0].upper() + sentence[1:] + "."


def _by_words(matched_terms: Sequence[str]) -> str:
    return "matches " + ", ".join(f"'{term}'" for term in matched_terms) + " in its text" if matched_terms else ""


def _by_meaning(dense_rank: int) -> str:
    if dense_rank == 0:
        return ""
    if dense_rank == 1:
        return "the closest in meaning"
    return f"among the {_CLOSEST} closest in meaning" if dense_rank <= _CLOSEST else "close in meaning"


def _by_features(raised_by: Sequence[str]) -> str:
    names = [name.replace("_", " ") for name in raised_by]
    return "raised most by its " + " and its ".join(names) if names else ""
