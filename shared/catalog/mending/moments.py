"""Reads times as exports write them.

Examples: milliseconds, "13/01/2024", "5 Jan 2024", "2024-01-05 10:00:00 UTC".
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.catalog.fields import EARLIEST_SECONDS, LATEST_SECONDS
from shared.catalog.mending.mended import Mended

_LONGEST = 60  # characters
# A text with fewer digits is a date or a year, not seconds since 1970
_EARLIEST_NUMBER = 100_000_000
_FINEST = 10**9  # nanoseconds
_THOUSAND = 1_000
_DATE = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})(?:[ T,]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_ZONE = re.compile(r"(?<=\d) ?(?:UTC|GMT|Z)$|(?<=\d) (?=[+-]\d{2}:?\d{2}$)")
_WORDS = re.compile(r"(?:[A-Za-z]{3,9},? )?(\d{1,2}(?:st|nd|rd|th)?)[ " r"-]([A-Za-z]{3,9})\.?,?[ -](\d{4})")
_WORDS_US = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}(?:st|nd|rd|th)?),? (\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
)
_MONTH_OF = {name: at + 1 for names in (_MONTHS, (*_NAMES, "december")) for at, name in enumerate(names)}


def mend_moment(value: Any) -> Mended | None:
    """Mends times. Dates such as 05/01/2024, which countries read differently, are left out."""
    if isinstance(value, dict):
        return _of_object(value)
    if isinstance(value, list):
        return mend_moment(value[0]) if len(value) == 1 else None
    seconds = _of_number(value) if isinstance(value, (int, float)) else _of_text(value)
    if seconds is None or not EARLIEST_SECONDS <= seconds <= LATEST_SECONDS:
        return None
    return Mended(seconds, f"read as {_shown(seconds)}")


def _shown(seconds: float) -> str:
    """The time in RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _of_object(value: dict[str, Any]) -> Mended | None:
    """The time in a protobuf Timestamp, or in a document database's date."""
    if isinstance(value.get("seconds"), (int, str)):
        return mend_moment(str(value["seconds"]))
    return mend_moment(value["$date"]) if isinstance(value.get("$date"), (int, str)) else None


def _of_number(number: float) -> float | None:
    """The time in milli-, micro- or nanoseconds since 1970. Seconds would be beyond the year 9999."""
    divisor = _THOUSAND
    while divisor <= _FINEST:
        if LATEST_SECONDS < number <= LATEST_SECONDS * divisor:
            return number / divisor
        divisor *= _THOUSAND
    return None


def _of_text(value: Any) -> float | None:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > _LONGEST:
        return None
    if text.replace(".", "", 1).isdigit() and text.isascii():
        number = float(text)
        return (
            _of_number(number) if number > LATEST_SECONDS else number if number >= _EARLIEST_NUMBER else None
        )
    for read in (_of_iso, _of_numeric_date, _of_words, _of_mail_date):
        moment = read(text)
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _of_iso(text: str) -> datetime | None:
    """The time in RFC 3339 with a zone's name, or with a space before its offset."""
    try:
        return (
            datetime.fromisoformat(_ZONE.sub("", text))
            if _ZONE.search(text)
            else datetime.fromisoformat(text)
        )
    except ValueError:
        return None


def _of_numeric_date(text: str) -> datetime | None:
    found = _DATE.fullmatch(_ZONE.sub("", text))
    if found is None:
        return None
    first = int(found[1])
    second = int(found[3])
    third = int(found[4])
    if len(found[1]) == 4:
        return _moment(first, second, third, found[5])
    if len(found[4]) != 4:
        return None
    if found[2] == "." or first > 12 or first == second:  # with dots the day always comes first
        return _moment(third, second, first, found[5])
    return _moment(third, first, second, found[5]) if second > 12 else None


def _of_words(text: str) -> datetime | None:
    if found := _WORDS.fullmatch(text):
        day, month, year = found.groups()
    elif found := _WORDS_US.fullmatch(text):
        month, day, year = found.groups()
    else:
        return None
    return _moment(int(year), _MONTH_OF.get(month.lower(), 0), int(re.sub(r"\D", "", day)), None)


def _of_mail_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None


def _moment(year: int, month: int, day: int, clock: str | None) -> datetime | None:
    hour, minute, second = ([int(each) for each in (clock or "0:0").split(":")] + [0])[:3]
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
