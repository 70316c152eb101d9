"""Says in one sentence why a product is not on a page."""

from __future__ import annotations

from collections.abc import Sequence

from aisle.v1.search_pb2 import Absence, AbsenceReason
from services.gateway.filters.as_text import text_of

_MOST_CHARACTERS = 200  # of the filters in a sentence
_PLAIN = {
    "UNKNOWN": "no product has this id; it was never written, or was removed some time ago",
    "REMOVED": "it was removed from the catalogue",
    "NOT_YET_AVAILABLE": "its available_time is to come, so it is hidden",
    "EXPIRED": "its expire_time has passed, so it is hidden",
    "NOT_YET_PUBLISHED": "its publish_time is to come, so it has no place among the newest",
    "PRICE": "its price is outside what the query asks for",
    "OUTSIDE_NAME": "it holds the query's words only outside its name: it only goes with the thing, so this "
    "order leaves it out",
    "NOT_NEAR": "it does not hold enough of the query's words, and is not among the nearest in meaning",
}


def sentence(absence: Absence, held: Sequence[str], page_size: int, is_near: bool = False) -> str:
    """The sentence. `held` are the query's words that the product holds.

    `is_near` says that the product is listed for its meaning alone.
    """
    reason = AbsenceReason.Name(absence.reason).removeprefix("ABSENCE_REASON_")
    place = f"place {absence.position:,}, page {(absence.position - 1) // page_size + 1:,}"
    shown = (
        f"its variant {absence.shown_product_id!r} is shown, at {place}" if absence.shown_product_id else ""
    )
    match reason:
        case "ON_PAGE":
            said = f"it is on this page, at place {absence.position:,}"
        case "OTHER_PAGE":
            said = f"it {'is near in meaning' if is_near else 'matches'}, at {place}"
        case "OTHER_VARIANT":
            said = f"it matches, but {shown}"
        case "FILTERED":
            said = _filtered(absence)
        case "UNWANTED_WORDS":
            said = f"it holds {_listed(absence.words)}, which the query excludes"
        case "MISSING_WORDS":
            said = _missing(absence, held)
        case _:
            said = _PLAIN.get(reason, "the reason is not known")
    if shown and reason != "OTHER_VARIANT":
        said += f"; {shown}"
    return said[0].upper() + said[1:] + "."


def _filtered(absence: Absence) -> str:
    texts = "; ".join(map(text_of, absence.filters))
    if len(texts) > _MOST_CHARACTERS:
        texts = texts[: _MOST_CHARACTERS - 1] + "…"
    return f"it does not meet {'a filter' if len(absence.filters) == 1 else 'filters'}: {texts}"


def _missing(absence: Absence, held: Sequence[str]) -> str:
    count = len(held) + len(absence.words)
    if not held:
        return f"it holds none of the query's words ({_listed(absence.words)})"
    return f"it holds {len(held)} of the query's {count} words, and lacks {_listed(absence.words)}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
