"""Reads times of events: ISO 8601 text, or seconds or milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Smaller numbers are dates such as 20261124, and no times. Larger ones are milliseconds
_FEWEST_SECONDS = 10**8  # 1973
_MOST_SECONDS = 10**11  # the year 5138; as milliseconds again 1973
_MOST_MS = _MOST_SECONDS * 1000
_DIGITS = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_MOST_CHARACTERS = 64
_REMEDY = "send ISO 8601, such as 2026-11-24T09:30:00Z, or milliseconds since 1970"


def nanoseconds(value: Any) -> int:
    """Nanoseconds since 1970. A text without a zone is UTC.

    Raises ValueError with the fault and the remedy.
    """
    if isinstance(value, str):
        text = value.strip()
        return _of_number(_number(text)) if _DIGITS.fullmatch(text) else _of_text(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is not a time; {_REMEDY}")
    return _of_number(value)


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _of_number(value: int | float) -> int:
    if _FEWEST_SECONDS <= value < _MOST_SECONDS:  # never true for NaN
        return round(value * 1000) * 1_000_000
    if _MOST_SECONDS <= value < _MOST_MS:
        return round(value) * 1_000_000
    raise ValueError(f"is not a time in seconds or milliseconds since 1970; {_REMEDY}")


def _of_text(text: str) -> int:
    try:
        if len(text) > _MOST_CHARACTERS:
            raise ValueError(text)
        found = datetime.fromisoformat(text.upper())
        since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is not a time; {_REMEDY}") from error
    if since < timedelta(0):
        raise ValueError(f"is before 1970; {_REMEDY}")
    return since // timedelta(microseconds=1) * 1000
