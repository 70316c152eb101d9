"""Two pages of the same query: what moved, and why."""

from __future__ import annotations

from collections.abc import Sequence

from aisle.v1.search_pb2 import SearchResponse, SearchResult

_PARTS = 3
_LEAST = 0.005
_LEARNT = ("query_", "product_", "near_")  # how features of what shoppers did begin


def ids(page: SearchResponse) -> list[str]:
    """The products in order."""
    return [result.product.product_id for result in page.results]


def scores(page: SearchResponse) -> list[tuple[str, float]]:
    """The products in order, with their scores."""
    return [(result.product.product_id, result.relevance_score) for result in page.results]


def moves(before: SearchResponse, after: SearchResponse) -> dict[str, str]:
    """By product_id: up 3, down 1, new, or nothing."""
    places = {product_id: place for place, product_id in enumerate(ids(before), 1)}
    found: dict[str, str] = {}
    for place, product_id in enumerate(ids(after), 1):
        if product_id not in places:
            found[product_id] = "new"
            continue
        risen = places[product_id] - place
        found[product_id] = f"↑{risen}" if risen > 0 else f"↓{-risen}" if risen < 0 else ""
    return found


def rose_most(before: SearchResponse, rows: Sequence[SearchResult]) -> SearchResult | None:
    """Of some rows of the later page, the one that came from furthest down; None: none rose."""
    places = {product_id: place for place, product_id in enumerate(ids(before), 1)}
    last = len(places) + 1
    rises = {row.position: places.get(row.product.product_id, last) - row.position for row in rows}
    best = max(rows, key=lambda row: rises[row.position], default=None)
    return best if best is not None and rises[best.position] > 0 else None


def overtaken(before: SearchResponse, after: SearchResponse, risen: SearchResult) -> SearchResult | None:
    """What stood before a product and now stands right behind it, or further; None: nothing."""
    places = {product_id: place for place, product_id in enumerate(ids(before), 1)}
    was = places.get(risen.product.product_id, len(places) + 1)
    behind = after.results[risen.position :]
    return next((each for each in behind if places.get(each.product.product_id, was) < was), None)


def differences(winner: SearchResult, loser: SearchResult) -> str:
    """The features that contribute most to the score difference, of those learnt from shoppers."""
    lost = {part.feature: part.contribution for part in loser.explanation.contributions}
    gained = {part.feature: part.contribution for part in winner.explanation.contributions}
    parts = {name: gained.get(name, 0.0) - lost.get(name, 0.0) for name in {*gained, *lost}}
    learnt = [(name, by) for name, by in parts.items() if name.startswith(_LEARNT) and by >= _LEAST]
    return ", ".join(f"{name} {by:+.2f}" for name, by in sorted(learnt, key=lambda each: -each[1])[:_PARTS])
