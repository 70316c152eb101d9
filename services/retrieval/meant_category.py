"""A query whose words no product has together, and that means a category by another name.

"hooded sweatshirt" means "Hoodies", though the words say hooded jackets. The encoder's vectors of
query and category decide, if one category is clearly nearer than all others. A query with a word of
the category is no other name for it: a "watch strap" is not among "Watches".
"""

from __future__ import annotations

import numpy as np

from services.retrieval.request import Request
from services.retrieval.snapshots import Snapshot
from services.retrieval.soft_fields import CATEGORY
from services.retrieval.soft_values import SoftValues, Value
from shared.text.words import words

# Cosines of all-MiniLM-L6-v2, by bench/other_names.py: of 62 other names, 18 find their category;
# of these and 61 queries that name none, three find a wrong one
_LEAST = 0.6
_LEAD = 0.1


def meant_category(snapshot: Snapshot, request: Request) -> tuple[Value, str] | None:
    """The category that a query means, as a value and by its name."""
    values = snapshot.soft_values
    names, vectors = values.categories.names, values.categories.vectors
    if not names or request.vector is None:
        return None
    cosines = vectors @ request.vector
    order = np.argsort(-cosines)
    best = int(order[0])
    value = values.value(CATEGORY, names[best])
    if cosines[best] < _LEAST or not value.words or _has_a_word(values, request.query, value):
        return None
    near = order[cosines[order] > cosines[best] - _LEAD].tolist()
    others = (values.value(CATEGORY, names[each]) for each in near)
    if any(not set(value.words) <= set(each.words) for each in others):
        return None
    return value, names[best]


def _has_a_word(values: SoftValues, query: str, value: Value) -> bool:
    typed = frozenset[str]().union(*map(values.terms, words(query)))
    return any(not typed.isdisjoint(terms) for terms in value.words)
