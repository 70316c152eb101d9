"""Times in ISO 8601, as the seconds that filters compare."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aisle.v1.search_pb2 import NumberRange

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_SECONDS = 86_400


def span(text: str) -> tuple[float, float]:
    """The start and end of a time in seconds. They are equal for a moment, a day apart for a day.

    A number is seconds since 1970. A time without a zone is in UTC. Raises ValueError.
    """
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = moment.timestamp()
    return seconds, seconds + (_DAY_SECONDS if _DAY.fullmatch(text) else 0)


def at_least(text: str) -> NumberRange:
    """From the time on. Raises ValueError."""
    return NumberRange(min=span(text)[0])


def at_most(text: str) -> NumberRange:
    """Up to the time; of a day, all of it. Raises ValueError."""
    start, following = span(text)
    return NumberRange(max=following, max_exclusive=following > start)


def above(text: str) -> NumberRange:
    """After the time. Raises ValueError."""
    start, following = span(text)
    return NumberRange(min=following, min_exclusive=following == start)


def below(text: str) -> NumberRange:
    """Before the time. Raises ValueError."""
    return NumberRange(max=span(text)[0], max_exclusive=True)


def within(low: str | None, high: str | None) -> NumberRange:
    """From one time up to another; None is open. Raises ValueError."""
    found = NumberRange()
    if low is not None:
        found.MergeFrom(at_least(low))
    if high is not None:
        found.MergeFrom(at_most(high))
    return found
