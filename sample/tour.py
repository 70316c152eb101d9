"""The stops of the demo's guided tours: the queries, and what the visitor should notice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sample.languages.reading import LANGUAGES, shop


@dataclass(frozen=True)
class PriceFilter:
    """A filter on one numeric field; either end may be open."""

    field: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Taste:
    """The products to click before the query, so that the page changes."""

    brand: str
    section: str  # prefix of a category path; not the one that the query is about
    clicks: int

    def picks(self, products: Iterable[Mapping[str, Any]]) -> list[str]:
        """The product_ids to click: the first primaries of the brand in the section."""
        liked = [
            str(product["product_id"])
            for product in products
            if self.brand in product["brands"]
            and product["type"] == "primary"
            and product["categories"][0].startswith(self.section)
        ]
        return liked[: self.clicks]


@dataclass(frozen=True)
class Stop:
    """One query of the tour."""

    name: str
    query: str
    notice: str
    filter: PriceFilter | None = None
    taste: Taste | None = None


STOPS = (
    Stop(
        "a plain one",
        "espresso machine",
        (
            "Machines first; cups, beans and grinders stay below. "
            "Colours and sizes of one product share a line."
        ),
    ),
    Stop("a typo", "trekkign poels", "Two slips, and still trekking poles."),
    Stop(
        "one that words alone cannot answer",
        "numb fingers after an hour of pedalling",
        "Cycling gloves, though the query names neither gloves nor a bicycle.",
    ),
    Stop(
        "one with a filter",
        "rain jacket",
        "Filtered before ranking: every result costs 120 or less, and the count is exact.",
        filter=PriceFilter("price", maximum=120.0),
    ),
    Stop(
        "one personalised by a few clicks",
        "jacket",
        "After three clicks on Quillmere's running wear, its jackets move up.",
        taste=Taste("Quillmere", "Running & Outdoor > Apparel", 3),
    ),
)


def stops_in(language: str) -> tuple[Stop, ...]:
    """The tour of the shop in a language; five stops in English, a few in others."""
    if language not in LANGUAGES:
        return STOPS
    return tuple(Stop(tried.name, tried.query, tried.notice) for tried in shop(language).tour)
