"""On some pages a recommended product comes up that few shoppers have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.reranker.exploration import LOOKED_AT, Exploration
from services.reranker.recommending.diversity import Order
from services.reranker.recommending.formula import Scores
from services.reranker.recommending.placement import Placement
from shared.features.page import StoredPage
from shared.features.scope import PageRequest

# Where the shop chooses for the visitor; other placements answer what is asked
EXPLORING = frozenset((Placement.FOR_YOU,))


def wanted_for(order: Order, product_ids: Sequence[str], visitor_id: str, session_id: str) -> PageRequest:
    """What to read of the products that may come up: the first ones of the order."""
    first = [product_ids[place] for place in order.places[:LOOKED_AT].tolist()]
    return PageRequest(first, "", visitor_id, session_id)


def explored(exploration: Exploration, order: Order, scores: Scores, stored: StoredPage) -> Order:
    """The order, perhaps with a product further up.

    `scores` (n,) are those before the prices of likeness. `stored` has what wanted_for() asks for.
    """
    count = len(stored.request.product_ids)
    values = scores[order.places[:count]] - order.prices[:count]
    found = exploration.of(values, np.arange(count), stored)
    if found is None:
        return order
    places = np.insert(np.delete(order.places, found.candidate), found.place, order.places[found.candidate])
    prices = np.insert(np.delete(order.prices, found.candidate), found.place, order.prices[found.candidate])
    return replace(order, places=places, prices=prices, explored=found)
