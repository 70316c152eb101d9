"""Availability and product types in the words of other systems."""

import re
from typing import Any

from shared.catalog.mending.mended import Mended, read_as

_SEPARATORS = re.compile(r"[\s_-]+")
_PREFIX = re.compile(r"^(https?://(www\.)?schema\.org/|schema:|availability_|product_type_)", re.IGNORECASE)
_COUNT = re.compile(r"[(:]\s*+\d[^():]*+\)?$")  # "In stock (3 left)"
_WORDS = {
    "in_stock": (
        "instock available availablenow yes true 1 y limitedavailability limitedstock lowstock "
        "limited onlineonly instoreonly onstock"
    ),
    "out_of_stock": (
        "outofstock soldout unavailable notavailable no false 0 n discontinued oos reserved "
        "temporarilyoutofstock notinstock nostock"
    ),
    "preorder": "preorder presale availableforpreorder comingsoon",
    "backorder": "backorder onbackorder backorders availableonbackorder "
    "availableforbackorder madetoorder backordered onorder",
}
_MEANINGS = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
_VARIANT_WORDS = ("variant", "variation", "child")


def availability_of(value: Any) -> str:
    """One of in_stock, out_of_stock, preorder, backorder. Empty if the value means none of them."""
    if isinstance(value, list):
        return availability_of(value[0]) if len(value) == 1 else ""
    if isinstance(value, dict):
        return availability_of(value.get("status", value.get("@id", value.get("value"))))
    return _MEANINGS.get(_word(value), "")


def mend_availability(value: Any) -> Mended | None:
    """Mends availability. A value of unknown meaning is left out."""
    meaning = availability_of(value)
    return read_as(meaning) if meaning else None


def mend_type(value: Any) -> Mended | None:
    """Mends type. An unknown type is left out, so that the product is a primary."""
    word = _word(value)
    return read_as("variant") if word in _VARIANT_WORDS else read_as("primary") if word == "primary" else None


def _word(value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _SEPARATORS.sub("", _COUNT.sub("", _PREFIX.sub("", text.strip()[:80]))).lower()
