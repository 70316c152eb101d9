"""Explains a result's place in one sentence."""

from collections.abc import Sequence

_CLOSEST = 10
_START = "start"  # the part of the score that all products share
_WORDS = {
    "lexical": "its words",
    "dense": "its meaning",
    "fused": "words and meaning together",
    "maxsim": "what its single words mean",
    "block": "a closer reading of its text",
    "price": "its price",
    "rating": "its ratings",
    "query": "what shoppers chose for this search",
    "near": "what shoppers chose for searches like it",
    "product": "what shoppers choose",
    "visitor": "what this visitor looked at lately",
    "session": "what this visitor looked at lately",
    "exploration": "that few shoppers have seen it yet",
    "affinity": "what this visitor looked at lately",
    # Of recommendations
    "seed_bought": "what is bought with it",
    "seed_opened": "what is opened with it",
    "seed_owned": "what its buyers buy",
    "seed_purchases": "how often the page's product is bought",
    "seed_like": "what is bought with products like it",
    "own": "what this visitor buys again",
    "shown_lately": "that it was shown lately",
    "recent": "what this visitor looked at lately",
    "history": "what goes with what this visitor bought",
    "all_owned": "what goes with what this visitor bought",
    "last_visit": "what goes with what this visitor bought last",
    "purchases": "what shoppers buy now",
    "opens": "what shoppers look at now",
    "trend": "what is rising now",
    "repeat": "how often it is bought again",
    "is_proposed": "what shoppers did with it",
    "age": "how new it is",
    "publish": "how new it is",
}


def summary(
    matched_terms: Sequence[str],
    dense_rank: int,
    raised_by: Sequence[str] = (),
    ordered_by: str = "relevance",
) -> str:
    """One sentence. `dense_rank` is 0 if the product was not found by meaning.

    `raised_by` are features, the strongest first.
    """
    reasons = [_by_words(matched_terms), _by_meaning(dense_rank), _by_features(raised_by)]
    sentence = "; ".join(reason for reason in reasons if reason) or "meets the filters"
    if ordered_by != "relevance":
        sentence += f"; ordered by {ordered_by}"
    return sentence[0].upper() + sentence[1:] + "."


def _by_words(matched_terms: Sequence[str]) -> str:
    return (
        "matches " + ", ".join(f"'{term}'" for term in matched_terms) + " in its text"
        if matched_terms
        else ""
    )


def _by_meaning(dense_rank: int) -> str:
    if dense_rank == 0:
        return ""
    if dense_rank == 1:
        return "the closest in meaning"
    return f"among the {_CLOSEST} closest in meaning" if dense_rank <= _CLOSEST else "close in meaning"


def _by_features(raised_by: Sequence[str]) -> str:
    names = list(dict.fromkeys(plain(name) for name in raised_by if name != _START))
    return "raised most by " + ", then ".join(names) if names else ""


def plain(feature: str) -> str:
    """A feature's name in a shopkeeper's words; several features may share one."""
    return next(
        (words for prefix, words in _WORDS.items() if feature.startswith(prefix)),
        feature.replace("_", " "),
    )
