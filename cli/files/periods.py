"""The period in which a sale price applies."""

from datetime import UTC, datetime, time
from typing import Any

_DATE_CHARACTERS = 10


def in_effect(start: Any, end: Any, now: datetime | None = None) -> bool:
    """Whether now is between two times in ISO 8601.

    A missing or unreadable time is no bound.
    """
    moment = now or datetime.now(UTC)
    first = _moment(start, time.min)
    last = _moment(end, time.max)
    return (first is None or first <= moment) and (last is None or moment <= last)


def _moment(value: Any, time_of_day: time) -> datetime | None:
    """The time, in UTC if it names no zone. A date alone stands for that day at `time_of_day`."""
    text = str(value or "").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= _DATE_CHARACTERS:
        moment = datetime.combine(moment, time_of_day)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
