"""The places in a shop that show recommendations, and what a request for each of them needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.catalog.fields import NEWEST


@dataclass(frozen=True, slots=True)
class Placement:
    """What a request needs, and how candidates are filled up."""

    needs_seeds: bool = False
    needs_visitor: bool = False
    order_by: str = ""  # of products to fill up with; empty: by popularity
    is_filled: bool = True  # whether products that nothing was proposed for may follow


PLACEMENTS: Mapping[str, Placement] = {
    "similar": Placement(needs_seeds=True),
    "also_bought": Placement(needs_seeds=True),
    "also_viewed": Placement(needs_seeds=True),
    "for_you": Placement(needs_visitor=True),
    "trending": Placement(),
    "popular": Placement(),
    "new_arrivals": Placement(order_by=NEWEST),
    "recently_viewed": Placement(needs_visitor=True, is_filled=False),
}
