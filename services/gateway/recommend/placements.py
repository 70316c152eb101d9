"""The places in a shop that show recommendations, with the required fields of their requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.catalog.fields import NEWEST


@dataclass(frozen=True, slots=True)
class Placement:
    """Required fields of a request, and the sources of its candidates."""

    needs_seeds: bool = False
    needs_visitor: bool = False
    proposed: int = 400  # products that shoppers' actions may propose
    near: int = 0  # products near by vector that may follow
    order_by: str = ""  # of products to fill up with; empty: by popularity
    is_filled: bool = True  # whether other products may follow


PLACEMENTS: Mapping[str, Placement] = {
    "similar": Placement(needs_seeds=True, proposed=100, near=100),
    "also_bought": Placement(needs_seeds=True, proposed=150, near=60),
    "also_viewed": Placement(needs_seeds=True, proposed=150, near=60),
    "for_you": Placement(needs_visitor=True, near=100),
    "trending": Placement(proposed=200),
    "popular": Placement(proposed=200),
    "new_arrivals": Placement(order_by=NEWEST),
    "recently_viewed": Placement(needs_visitor=True, is_filled=False),
}
