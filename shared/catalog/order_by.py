"""The order that a request asks for, such as "price asc"."""

from __future__ import annotations

from dataclasses import dataclass

from shared.catalog.fields import CURRENCY_OF, FILTERABLE, NEWEST, RELEVANCE
from shared.errors import InvalidRequest

_ATTRIBUTE = "attributes."
_DIRECTIONS = {"asc": False, "desc": True}


@dataclass(frozen=True, slots=True)
class OrderBy:
    """A field and a direction; no field for relevance."""

    field: str = ""
    descending: bool = False

    @property
    def by_relevance(self) -> bool:
        """Whether the ranker decides."""
        return not self.field

    @property
    def by_money(self) -> bool:
        """Whether the numbers are amounts of a currency."""
        return self.field in CURRENCY_OF

    @property
    def by_publication(self) -> bool:
        """Whether products that are not published yet have no place in it."""
        return self.field == "publish_time"


def parsed(text: str) -> OrderBy:
    """The order, relevance if the text is empty. Raises InvalidRequest for an unknown one."""
    if text in ("", RELEVANCE):
        return OrderBy()
    if text == NEWEST:
        return OrderBy("publish_time", descending=True)
    field, _, direction = text.rpartition(" ")
    field = field.strip()
    known = field in FILTERABLE or (field.startswith(_ATTRIBUTE) and field != _ATTRIBUTE)
    if not known or direction not in _DIRECTIONS:
        remedy = f"use {RELEVANCE}, {NEWEST}, or FIELD asc or FIELD desc with one of the fields"
        raise InvalidRequest(
            "order_by", f"{text[:200]!r} is unknown; {remedy} {', '.join(FILTERABLE)}, attributes.NAME"
        )
    return OrderBy(field, _DIRECTIONS[direction])
