"""What a page left of its query because no product meets all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from services.retrieval.counting import both
from services.retrieval.match_set import Lists
from services.retrieval.recall import Recall
from services.retrieval.request import DENSE
from services.retrieval.snapshots import Snapshot
from services.retrieval.spelling import WORD
from services.retrieval.word_groups import all_of, enough
from shared.snapshot.columns import paths
from shared.text.letters import fold

_FIRST_ROWS = 3  # rows that probably hold all words, if some product does
_MOST_WORDS = 20  # of a query, looked at for those that no result holds
_NEAREST = 20  # products by which a category is found

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Relaxation:
    """See aisle.v1.Relaxation."""

    is_partial: bool = False
    dropped_words: tuple[str, ...] = ()
    unfiltered_count: int = 0
    near_category: str = ""


NOT_RELAXED = Relaxation()


def relaxation(recall: Recall, lists: Lists) -> Relaxation:
    """What was relaxed for a match set.

    Codes are not words, and a part of the rest behind a window says nothing of the query.
    """
    request = recall.request
    says_nothing = not request.query or request.exclude_product_ids or recall.tier == DENSE
    if says_nothing or recall.words.by_code:
        return NOT_RELAXED
    found = lists.by_words or bool(lists.matching is not None and lists.matching.any())
    dropped = tuple(_as_typed(word, request.query) for word in _dropped(recall, lists, found))
    if found:
        return Relaxation(not lists.by_words, dropped)
    return _without_filters(recall, Relaxation(dropped_words=dropped))


def _dropped(recall: Recall, lists: Lists, found: bool) -> list[str]:
    """The words that no product of the match set holds, or no product at all if nothing is found."""
    words = recall.words
    needed = dict(islice(words.needed.items(), _MOST_WORDS))
    unknown = [word for word, parts in needed.items() if not parts]
    matching = lists.matching
    if not found or matching is None or _all_hold(lists, len(needed) - len(unknown)):
        return unknown
    held = {word: words.with_parts(parts) for word, parts in needed.items() if parts}
    first = lists.lexical[matching[lists.lexical]][:_FIRST_ROWS]
    if held and len(first) and words.any_holds(all_of(list(held.values())), first):
        return unknown
    return [word for word in needed if word not in held or not words.holds(held[word], matching)]


def _all_hold(lists: Lists, known: int) -> bool:
    """Whether every product of the match set has every known word."""
    return lists.by_words and enough(known) == known


def _as_typed(word: str, query: str) -> str:
    return next((typed for typed in WORD.findall(query) if fold(typed) == word), word)


def _without_filters(recall: Recall, relaxed: Relaxation) -> Relaxation:
    """With what there would be without the request's filters."""
    snapshot = recall.snapshot
    if not recall.request.filters:
        return relaxed
    matching = both(recall.words.matching(), snapshot.shown())
    assert matching is not None
    if not matching.any():
        return relaxed
    count = replace(recall.groups, matching=matching).count()
    rows, _ = recall.words.best(_NEAREST, matching)
    return replace(relaxed, unfiltered_count=count, near_category=_category(snapshot, rows))


def _category(snapshot: Snapshot, rows: Rows) -> str:
    """The deepest category that most of some products have in common; empty if there is none."""
    counts = Counter[str]()
    for row in rows.tolist():
        categories = snapshot.products.product(row).categories
        counts.update({path for category in categories for path in paths(category)})
    shared = [(path.count(">"), count, path) for path, count in counts.items() if 2 * count > len(rows)]
    return max(shared)[2] if shared else ""
