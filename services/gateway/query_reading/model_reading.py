"""How a language model read a query: the words to search for, and filters."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from aisle.v1.search_pb2 import Filter, QueryPart, SearchRequest
from services.gateway.filters.checking import check_filters, leaves
from services.gateway.filters.where import parsed
from shared.errors import InvalidRequest
from shared.text.query import MAX_QUERY_CHARACTERS, normalise

KIND = "model"
MOST_WHERE_CHARACTERS = 1_000
_MOST_FILTERS = 20
_KEYS = frozenset(("words", "where"))
_READING_BYTES = 500  # of an empty one in memory
_FENCES = ("```json", "```")


class Unusable(Exception):
    """The answer of a model cannot be used. The message is the reason."""


@dataclass(frozen=True, slots=True)
class ModelReading:
    """A reading. Without words and filters, the query stands as it was typed."""

    words: str = ""
    filters: tuple[Filter, ...] = ()
    where: str = ""  # the filters as text, for people

    def __bool__(self) -> bool:
        return bool(self.words or self.filters)

    @property
    def size_bytes(self) -> int:
        """The approximate memory that it takes."""
        return _READING_BYTES + 4 * len(self.words + self.where) + 3 * sum(map(_size, self.filters))

    def asked(self, request: SearchRequest) -> SearchRequest:
        """The request for the words of the reading."""
        if not self.words:
            return request
        asked = SearchRequest()
        asked.CopyFrom(request)
        asked.query = self.words
        return asked

    def part(self, typed: str) -> QueryPart:
        """What the response says of it."""
        meaning = "; ".join(filter(None, (self.words, self.where)))
        return QueryPart(kind=KIND, text=typed, meaning=meaning)


AS_TYPED = ModelReading()


def read_answer(answer: str, typed: str, fields: Collection[str]) -> ModelReading:
    """The reading in a model's answer to a clean query.

    Filters may name `fields` only. Raises Unusable.
    """
    found = _object(answer)
    words = normalise(_text(found, "words", MAX_QUERY_CHARACTERS))
    where = _text(found, "where", MOST_WHERE_CHARACTERS).strip()
    try:
        filters = parsed(where)
        check_filters((), where)
    except InvalidRequest as error:
        raise Unusable(str(error)) from None
    named = [leaf.field for each in filters for leaf in leaves(each)]
    if len(named) > _MOST_FILTERS:
        raise Unusable(f"it has {len(named)} filters, and {_MOST_FILTERS} are the most")
    if unknown := [field for field in named if field not in fields]:
        raise Unusable(f"it filters by {unknown[0]!r}, which was not offered")
    if not filters and words in ("", typed):
        return AS_TYPED
    return ModelReading(words or typed, filters, where)


def _object(answer: str) -> dict[str, object]:
    plain = answer.strip()
    if plain.startswith(_FENCES) and plain.endswith("```"):
        plain = plain.removeprefix(_FENCES[0]).strip("`")
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):
        raise Unusable("it is not JSON") from None
    if not isinstance(found, dict) or not found.keys() <= _KEYS:
        raise Unusable('it is not an object with "words" and "where" alone')
    return found


def _text(found: dict[str, object], name: str, most: int) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise Unusable(f"{name} is not a text of at most {most:,} characters")
    return value


def _size(filter_: Filter) -> int:
    return filter_.ByteSize()
