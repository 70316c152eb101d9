"""What reading a query asks a snapshot."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from services.retrieval.reading import Catalog
from services.retrieval.snapshots import Snapshot
from services.retrieval.suggesting import Suggestions
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from shared.caller import Caller


def catalog_of(snapshot: Snapshot, synonyms: Synonyms = NO_SYNONYMS, corrects: bool = True) -> Catalog:
    """The snapshot's answers, and the shop's synonyms. Spelling stays as it is unless `corrects`."""
    says_without, has_instead = snapshot.lexical.says_without, snapshot.lexical.has_instead
    is_value = partial(_is_value, snapshot)
    if not corrects:
        return Catalog(_as_it_is, says_without, synonyms, has_instead, is_value)
    suggestions = Suggestions(snapshot.spelling, snapshot.products)
    correct, suggest = snapshot.spelling.correct, suggestions.of
    return Catalog(correct, says_without, synonyms, has_instead, is_value, suggest)


def _is_value(snapshot: Snapshot, word: str) -> bool:
    return snapshot.soft_values.is_value(word) or snapshot.lexical.is_affirmed(word)


def _as_it_is(query: str, caller: Caller, kept: Collection[str]) -> str:
    return query
