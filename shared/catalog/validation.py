"""The rules that a product must meet to be accepted."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.catalog.fields import (
    ATTRIBUTES,
    CATEGORY_LEVELS,
    DESCRIPTION_CHARACTERS,
    EARLIEST_SECONDS,
    ID_BYTES,
    LARGEST_AMOUNT,
    LARGEST_COUNT,
    LATEST_SECONDS,
    LIST_VALUES,
    TEXT_CHARACTERS,
    Kind,
    of_kind,
)
from shared.catalog.product import AttributeValues, Product
from shared.utf8 import is_utf8

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TEXTS = of_kind(Kind.TEXT)
_LISTS = of_kind(Kind.LIST)
_AMOUNTS = of_kind(Kind.AMOUNT)
_AVERAGES = of_kind(Kind.AVERAGE)
_COUNTS = of_kind(Kind.COUNT)
_TIMES = of_kind(Kind.TIME)


@dataclass(frozen=True, slots=True)
class Violation:
    """A field at fault, the reason, and the remedy."""

    field: str
    reason: str


def violations(product: Product) -> list[Violation]:
    """All violations of a product. Empty if it is valid."""
    return [Violation(field, reason) for check in _CHECKS for field, reason in check(product)]


def printable(text: str) -> str:
    """A text in one line that any terminal and any JSON can hold.

    Unprintable characters are escaped.
    """
    return text if text.isprintable() else repr(text)[1:-1]


_Faults = Iterator[tuple[str, str]]


def _ids(product: Product) -> _Faults:
    yield from _id("product_id", product.product_id, required=True)
    yield from _id("primary_product_id", product.primary_product_id, required=product.type == "variant")


def _id(field: str, text: str, required: bool) -> _Faults:
    if not text.strip():
        if required:
            yield field, "is missing; give a unique id of 1 to 128 bytes"
    elif not is_utf8(text):
        yield field, "is not valid text; send UTF-8"
    elif len(text.encode()) > ID_BYTES:
        yield field, f"is longer than {ID_BYTES} bytes; shorten it"
    elif CONTROL.search(text):
        yield field, "has a control character; remove it"


def _texts(product: Product) -> _Faults:
    if not product.title.strip():
        yield "title", "is missing; give the name a shopper reads"
    for field in _TEXTS:
        text: str = getattr(product, field.attribute)
        if len(text) > field.max_characters:
            yield field.name, f"has more than {field.max_characters:,} characters; shorten it"
        elif not is_utf8(text):
            yield field.name, "is not valid text; send UTF-8"


def _lists(product: Product) -> _Faults:
    for field in _LISTS:
        values: tuple[str, ...] = getattr(product, field.attribute)
        if len(values) > LIST_VALUES:
            yield field.name, f"has more than {LIST_VALUES} values; keep the most important"
        if any(len(value) > TEXT_CHARACTERS or not is_utf8(value) for value in values):
            yield (
                field.name,
                (
                    f"has a value that is no text of at most {TEXT_CHARACTERS:,} "
                    "characters; shorten it, in UTF-8"
                ),
            )
    if any(path.count(">") >= CATEGORY_LEVELS for path in product.categories):
        yield "categories", f"has a path of more than {CATEGORY_LEVELS} levels; keep the upper ones"


def _numbers(product: Product) -> _Faults:
    for field in _AMOUNTS:
        yield from _amount(field.name, getattr(product, field.attribute))
    if product.currency_code and not _CURRENCY.fullmatch(product.currency_code):
        yield (
            "price.currency_code",
            f"is {product.currency_code!r}; give three capital letters, such as EUR",
        )
    for field in _AVERAGES:
        average = getattr(product, field.attribute)
        if average is not None and not 0 <= average <= 5:
            yield field.name, f"is {average}; give a number from 0 to 5"
    for field in _COUNTS:
        value = getattr(product, field.attribute)
        if value is not None and not 0 <= value <= LARGEST_COUNT:
            yield field.name, f"is {value:.15g}; give a whole number from 0 to {LARGEST_COUNT}"


def _amount(field: str, amount: float | None) -> _Faults:
    if amount is not None and not (math.isfinite(amount) and amount >= 0):
        yield field, f"is {amount}; give a finite number of at least 0, or leave it out"
    elif amount is not None and amount > LARGEST_AMOUNT:
        yield field, f"is {amount}; give at most {LARGEST_AMOUNT:.0e}, or leave it out"


def _gtin(product: Product) -> _Faults:
    if product.gtin and not _GTIN.fullmatch(product.gtin):
        yield "gtin", f"is {product.gtin[:40]!r}; give 8, 12, 13 or 14 digits, or leave it out"


def _times(product: Product) -> _Faults:
    for field in _TIMES:
        seconds: float | None = getattr(product, field.attribute)
        if seconds is not None and not EARLIEST_SECONDS <= seconds <= LATEST_SECONDS:
            yield field.name, "is not between the years 1 and 9999"


def _attributes(product: Product) -> _Faults:
    if len(product.attributes) > ATTRIBUTES:
        yield "attributes", f"are more than {ATTRIBUTES:,}; keep those that shoppers filter by"
    for name, values in product.attributes.items():
        for fault in attribute_faults(name, values):
            yield f"attributes.{printable(name[:60])}", fault


def attribute_faults(name: str, values: AttributeValues) -> Iterator[str]:
    """What is wrong with one attribute."""
    kinds = set(map(type, values))
    if not name.strip() or len(name) > ID_BYTES or CONTROL.search(name) or not is_utf8(name):
        yield f"needs a name of 1 to {ID_BYTES} characters without control characters"
    elif len(values) > LIST_VALUES:
        yield f"has more than {LIST_VALUES} values; keep the most important"
    elif str in kinds and len(kinds) > 1:
        yield "mixes texts and numbers; send one kind"
    elif str in kinds:
        yield from _attribute_texts([str(value) for value in values])
    elif not all(map(math.isfinite, values)):  # type: ignore[arg-type]
        yield "has a number that is not finite; leave it out"


def _attribute_texts(values: list[str]) -> Iterator[str]:
    if max(map(len, values)) > DESCRIPTION_CHARACTERS or not all(map(is_utf8, values)):
        yield (
            f"has a value that is no text of at most {DESCRIPTION_CHARACTERS:,} "
            "characters; shorten it, in UTF-8"
        )


_CHECKS: tuple[Callable[[Product], _Faults], ...] = (
    _ids,
    _texts,
    _lists,
    _numbers,
    _gtin,
    _times,
    _attributes,
)
