"""Conditions of a filter text as filters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from aisle.v1.search_pb2 import AnyOf, Filter, NumberRange
from services.gateway.filters import names, times
from services.gateway.filters.tokens import Token, fault
from services.gateway.filters.values import of_values
from shared.catalog.fields import NUMBERS


def equal(field: Token, values: Sequence[Token]) -> Filter:
    """Selects any of the values. Raises InvalidRequest for one that the field cannot have."""
    for value in values:
        if names.has_times(field.text):
            _end(value, field.text)
        elif field.text in NUMBERS:
            _number(value, field.text)
    return of_values(Filter(field=field.text, any_of=AnyOf(values=[value.text for value in values])))


def compared(field: Token, comparison: str, value: Token) -> Filter:
    """The filter of a comparison. Raises InvalidRequest for a value that the field cannot have."""
    if comparison in ("=", "!="):
        found = equal(field, [value])
        found.negate ^= comparison == "!="
        return found
    _check_numeric(field)
    if names.has_times(field.text):
        _end(value, field.text)
        return Filter(field=field.text, range=_TIMES[comparison](value.text))
    return Filter(field=field.text, range=_NUMBERS[comparison](_number(value, field.text)))


def between(field: Token, low: Token | None, high: Token | None) -> Filter:
    """A range with both its ends; None is open. Raises InvalidRequest for an invalid end."""
    _check_numeric(field)
    ends = [end for end in (low, high) if end is not None]
    if not ends:
        raise fault(field, "the range has no end; write one, such as 10.. or ..50")
    read = [_end(end, field.text) for end in ends]
    if read[0] > read[-1]:
        raise fault(ends[0], f"is above {ends[-1].text}; swap them")
    if names.has_times(field.text):
        span = times.within(*(None if end is None else end.text for end in (low, high)))
        return Filter(field=field.text, range=span)
    span = NumberRange(min=None if low is None else read[0], max=None if high is None else read[-1])
    return Filter(field=field.text, range=span)


_TIMES: dict[str, Callable[[str], NumberRange]] = {
    ">=": times.at_least,
    "<=": times.at_most,
    ">": times.above,
    "<": times.below,
}
_NUMBERS: dict[str, Callable[[float], NumberRange]] = {
    ">=": lambda number: NumberRange(min=number),
    "<=": lambda number: NumberRange(max=number),
    ">": lambda number: NumberRange(min=number, min_exclusive=True),
    "<": lambda number: NumberRange(max=number, max_exclusive=True),
}


def _check_numeric(field: Token) -> None:
    if not names.has_numbers(field.text):
        raise fault(field, "holds texts, which have no range; write field:value")


def _end(value: Token, field: str) -> float:
    if not names.has_times(field):
        return _number(value, field)
    try:
        return times.span(value.text)[0]
    except ValueError:
        raise fault(
            value, f'{field} is a time; write a day such as 2026-11-29, or "2026-11-29T08:00:00Z"'
        ) from None


def _number(value: Token, field: str) -> float:
    try:
        number = float(value.text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise fault(value, f"{field} needs a number such as 10 or 49.5")
    return number
