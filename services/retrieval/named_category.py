"""A query that is a category's name and nothing else: "laptop", where there are "Laptops".

Products that only have it in their names, such as a "Laptop Stand" among the accessories, are not
what is asked for, if most products of that name are in the category. So the shop's own categories
decide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.lexical_search import LexicalSearch
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_fields import CATEGORY
from services.retrieval.soft_values import Value
from services.retrieval.value_rows import having
from shared.text.function_words import function_words
from shared.text.words import words

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_LEAST_SHARE = 0.5  # of the products so named that have a category
_LOOKED_AT = 2_000  # of them, evenly spread


def named_category(snapshot: Snapshot, search: LexicalSearch, query: str) -> Value | None:
    """The category that a whole clean query names, if most products with its words in their names
    are in it, whatever the filters.
    """
    value = _named(snapshot, query)
    if value is None:
        return None
    named = np.flatnonzero(search.named())
    named = named[:: 1 + len(named) // _LOOKED_AT]
    has_any, has_it = having(snapshot, value, named)
    enough = max(1, _LEAST_SHARE * np.count_nonzero(has_any))
    return value if np.count_nonzero(has_it) >= enough else None


def elsewhere(snapshot: Snapshot, value: Value, rows: Rows) -> Mask:
    """Which rows (k,) have categories, but not this one."""
    has_any, has_it = having(snapshot, value, rows)
    return np.asarray(has_any & ~has_it)


def _named(snapshot: Snapshot, query: str) -> Value | None:
    """The category that the whole query names."""
    values = snapshot.soft_values
    unneeded = function_words(query, snapshot.lexical.index.analysis.languages)
    typed = [values.terms(word) for word in words(query) if word not in unneeded]
    found = (each for each in values.named(typed) if each.kind == CATEGORY)
    return next((each for each in found if len(each.words) == len(typed)), None)
