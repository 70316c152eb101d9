"""Filters as text: `price:10..50 AND (brands:acme OR tags:sale) AND NOT attributes.color:red`.

    either    = every (OR every)*
    every     = single (AND single)*
    single    = NOT single | "(" either ")" | condition
    condition = FIELD ":" ("*" | "(" VALUE (OR VALUE)* ")" | [VALUE] ".." [VALUE] | [COMPARISON] VALUE)
              | FIELD COMPARISON VALUE

docs/filters.md describes it. Each rule is a method that returns the filter it has read.
"""

from __future__ import annotations

from functools import lru_cache

from aisle.v1.search_pb2 import Filter, FilterGroup
from services.gateway.filters import names, ranges
from services.gateway.filters.tokens import END, WORD, Token, fault, tokens
from shared.catalog.filter_limits import MAX_DEPTH
from shared.errors import InvalidRequest

MAX_CHARACTERS = 10_000
_COMPARISONS = (">=", "<=", ">", "<", "=", "!=")


@lru_cache(256)
def parsed(text: str) -> tuple[Filter, ...]:
    """The filters of a text, all of which must hold; none if it is blank.

    They are cached: do not change them.
    Raises InvalidRequest naming the place and the remedy.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest("where", f"has {len(text)} characters; send at most {MAX_CHARACTERS:,}")
    if not text.strip():
        return ()
    found = _Reader(text).whole()
    top = found.WhichOneof("condition") == "all_filters" and not found.negate
    return tuple(found.all_filters.filters) if top else (found,)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += self._next.kind != END
        return self._tokens[self._at - 1]

    def whole(self) -> Filter:
        found = self._either(0)
        if self._next.is_mark(")"):
            raise fault(self._next, "no bracket is open; leave it out")
        if self._next.kind != END:
            raise fault(
                self._next,
                'write AND or OR before it, or "quotes" around a value of several words',
            )
        return found

    def _either(self, depth: int) -> Filter:
        parts = [self._every(depth)]
        while self._next.keyword == "OR":
            self._take()
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Filter(any_filter=FilterGroup(filters=parts))

    def _every(self, depth: int) -> Filter:
        parts = [self._single(depth)]
        while self._next.keyword == "AND":
            self._take()
            parts.append(self._single(depth))
        return parts[0] if len(parts) == 1 else Filter(all_filters=FilterGroup(filters=parts))

    def _single(self, depth: int) -> Filter:
        negate = False
        while self._next.keyword == "NOT":
            self._take()
            negate = not negate
        found = self._bracketed(depth) if self._next.is_mark("(") else self._condition()
        found.negate ^= negate
        return found

    def _bracketed(self, depth: int) -> Filter:
        opening = self._take()
        if depth == MAX_DEPTH:
            raise fault(opening, f"brackets go at most {MAX_DEPTH} levels deep; use fewer")
        found = self._either(depth + 1)
        self._expect(")", f"close the bracket of character {opening.start + 1} with )")
        return found

    def _condition(self) -> Filter:
        field = self._field()
        comparison = self._next
        if comparison.is_mark(*_COMPARISONS):
            return self._compared(field)
        self._expect(":", f"write : and a value after the field {field.text}")
        if self._next.is_mark(*_COMPARISONS):
            return self._compared(field)
        if self._next.text == "*" and self._next.kind == WORD:
            self._take()
            return Filter(field=field.text, exists=True)
        if self._next.is_mark("("):
            return self._listed(field)
        low = None if self._next.is_mark("..") else self._value()
        if not self._next.is_mark(".."):
            assert low is not None
            return ranges.equal(field, [low])
        self._take()
        high = self._value() if self._next.is_value else None
        return ranges.between(field, low, high)

    def _compared(self, field: Token) -> Filter:
        comparison = self._take().text
        return ranges.compared(field, comparison, self._value())

    def _listed(self, field: Token) -> Filter:
        opening = self._take()
        values = [self._value()]
        while self._next.keyword == "OR":
            self._take()
            values.append(self._value())
        self._expect(")", f"close the bracket of character {opening.start + 1} with ), OR between values")
        return ranges.equal(field, values)

    def _field(self) -> Token:
        if not self._next.is_value:
            raise fault(self._next, "a field is missing, such as price:10..50 or brands:acme")
        token = self._take()
        if token.text.endswith(".") and self._next.is_value and self._next.start == token.end:
            name = self._take()
            token = Token(token.kind, token.text + name.text, token.start, name.end)
        if reason := names.fault(token.text):
            raise fault(token, reason)
        return token

    def _value(self) -> Token:
        if not self._next.is_value:
            raise fault(self._next, 'a value is missing; put words such as OR, and marks, into "quotes"')
        return self._take()

    def _expect(self, mark: str, reason: str) -> None:
        if not self._next.is_mark(mark):
            raise fault(self._next, reason)
        self._take()
