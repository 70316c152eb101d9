"""Mends a row with invalid fields.

Each of them is mended or left out. The product is kept if it has an id and a title.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalog.fields import (
    ATTRIBUTES,
    DESCRIPTION_CHARACTERS,
    ID_BYTES,
    LARGEST_AMOUNT,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
)
from shared.catalog.mending import amounts, attributes, moments, states, texts
from shared.catalog.mending.mended import Mended, read_as
from shared.catalog.product import Product
from shared.catalog.rows import EMPTY, SHORT_NAMES, FieldFault, attribute_values, product_of
from shared.catalog.validation import Violation, attribute_faults, printable, violations

_REQUIRED = ("product_id", "title")
# The second pass leaves out a field that is still invalid; more passes are never needed
_PASSES = 8
_LEFT_OUT = "left out"
_AMOUNTS = ("price.amount", "price.original_amount")
_PARTS = {
    "price": {
        "amount": ("value", "price", "current", "current_price"),
        "original_amount": ("original_price", "originalPrice", "original", "list_price", "regular", "was"),
        "currency_code": ("currency", "currencyCode", "currency_iso"),
    },
    "rating": {
        "average": ("value", "rate", "ratingValue", "averageRating", "average_rating", "stars", "score"),
        "count": ("ratingCount", "rating_count", "reviewCount", "review_count", "reviews", "votes"),
    },
}
_TIMES = ("publish_time", "available_time", "expire_time", "update_time")
_MENDERS: Mapping[str, Callable[[Any], Mended | None]] = {
    "title": texts.cut_to(TITLE_CHARACTERS),
    "description": texts.cut_to(DESCRIPTION_CHARACTERS),
    "uri": texts.whole_up_to(TEXT_CHARACTERS),
    "sku": texts.whole_up_to(TEXT_CHARACTERS),
    "language_code": texts.whole_up_to(ID_BYTES),
    "primary_product_id": texts.whole_up_to(ID_BYTES),
    "brands": texts.list_of(texts.text_of),
    "tags": texts.list_of(texts.text_of),
    "images": texts.list_of(texts.address_of),
    "categories": texts.list_of(texts.category_of),
    "price.currency_code": amounts.mend_currency,
    "available_quantity": amounts.mend_count,
    "rating.count": amounts.mend_count,
    "rating.average": amounts.mend_rating,
    "gtin": texts.mend_gtin,
    "availability": states.mend_availability,
    "type": states.mend_type,
    "attributes": attributes.mend_attributes,
    **dict.fromkeys(_TIMES, moments.mend_moment),
}


@dataclass(frozen=True, slots=True)
class Mending:
    """A field that was invalid, the reason, and how it was mended."""

    field: str
    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of a row: a product and its mendings, or the violation that rejects it."""

    outcome: Product | Violation
    mendings: tuple[Mending, ...] = ()


def valid_product(row: Mapping[str, Any]) -> Product | None:
    """The product of a row whose fields are all valid. Otherwise returns None."""
    try:
        product = product_of(row)
    except FieldFault:
        return None
    return None if violations(product) else product


def read_strictly(row: Mapping[str, Any]) -> Reading:
    """A product whose fields are all valid, or the first violation."""
    try:
        product = product_of(row)
    except FieldFault as fault:
        return Reading(Violation(fault.field, fault.reason))
    found = violations(product)
    return Reading(found[0] if found else product)


def read_leniently(row: Mapping[str, Any]) -> Reading:
    """A product with all fields that can be read.

    Returns a violation only if the id or the title is invalid.
    """
    return _Mend(row).run()


class _Mend:
    """A copy of a row in its long form. Each pass mends more of it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = dict(row)
        for name, short in SHORT_NAMES.items():
            other = self._row.pop(short, None)
            self._row[name] = other if self._row.get(name) in EMPTY else self._row[name]
        self._mendings: list[Mending] = []
        self._tried: set[str] = set()
        for part, single in (("price", "amount"), ("rating", "average")):
            self._open(part, single)

    def _open(self, part: str, single: str) -> None:
        """Make an object of a number, and give an object's members Aisle's names."""
        given = self._row.get(part)
        given = given[0] if isinstance(given, list) and len(given) == 1 else given
        members: dict[str, Any] = (
            given if isinstance(given, dict) else {} if given is None else {single: given}
        )
        opened: dict[str, Any] = {}
        for name, others in _PARTS[part].items():
            chosen = next((each for each in (name, *others) if members.get(each) not in EMPTY), "")
            opened[name] = members.get(chosen)
        self._note_unread_members(part, members)
        if part == "price":
            for short, name in (("original_price", "original_amount"), ("currency", "currency_code")):
                other = self._row.pop(short, None)
                opened[name] = other if opened[name] is None else opened[name]
        self._row[part] = opened

    def _note_unread_members(self, part: str, members: Mapping[str, Any]) -> None:
        known = {name for ours, others in _PARTS[part].items() for name in (ours, *others)}
        for name in [name for name, value in members.items() if name not in known and value is not None][:5]:
            reason = f"is no member of {part} that is read; use {', '.join(_PARTS[part])}"
            self._mendings.append(Mending(f"{part}.{name[:60]}", reason, _LEFT_OUT))

    def run(self) -> Reading:
        for _ in range(_PASSES):
            product, found = self._read()
            if product and not found:
                return Reading(product, tuple(self._mendings))
            for violation in {_whole(each.field): each for each in reversed(found)}.values():
                if not self._mend(violation):
                    return Reading(violation)
        return Reading(found[0])

    def _read(self) -> tuple[Product | None, list[Violation]]:
        try:
            product = product_of(self._row)
        except FieldFault as fault:
            return None, [Violation(fault.field, fault.reason)]
        return product, violations(product)

    def _mend(self, violation: Violation) -> bool:
        """Mend the invalid field or leave it out.

        Returns False for a field that every product needs.
        """
        field = _whole(violation.field)
        if field == "attributes" and isinstance(self._row[field], dict) and field not in self._tried:
            return self._mend_attributes()
        value = self._get(field)
        mended = None if field in self._tried else self._mended(field, value)
        self._tried.add(field)
        if mended is None and field in _REQUIRED:
            return False
        if field == "primary_product_id" and mended is None and self._get("type"):
            self._set("type", None)
            mended = Mended(None, "read as a product of its own")
        self._set(field, mended.value if mended else None)
        self._note(violation.field, violation.reason, mended)
        return True

    def _note(self, field: str, reason: str, mended: Mended | None) -> None:
        """Record a mending. The reason includes the remedy only if a value was lost."""
        fault = reason.rpartition("; ")[0] or reason
        action = mended.action if mended else _LEFT_OUT
        self._mendings.append(Mending(field, fault if mended else reason, action))

    def _mend_attributes(self) -> bool:
        """Mend each attribute by itself, so that each has its own report."""
        self._tried.add("attributes")
        kept: dict[str, Any] = {}
        for name, values in self._row["attributes"].items():
            fault = _attribute_fault(name, values)
            mended = attributes.mend_attributes({name: values}) if fault else None
            kept.update(mended.value if mended else {} if fault else {name: values})
            if fault:
                self._note(f"attributes.{printable(str(name)[:60])}", fault, mended)
        if len(kept) > ATTRIBUTES:
            kept = dict(list(kept.items())[:ATTRIBUTES])
            self._mendings.append(Mending("attributes", f"are more than {ATTRIBUTES:,}", "cut to the first"))
        self._row["attributes"] = kept
        return True

    def _mended(self, field: str, value: Any) -> Mended | None:
        if field in _AMOUNTS:
            return self._mended_amount(value)
        mend = _MENDERS.get(field)
        return mend(value) if mend else None

    def _mended_amount(self, value: Any) -> Mended | None:
        """Mend an amount.

        A currency beside it fills the price's own, and must not contradict it.
        """
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        read = amounts.amount_of(value)
        if read is None or read.value > LARGEST_AMOUNT:
            return None
        own = amounts.currency_of(self._get("price.currency_code"))
        if own and read.currency_code and own != read.currency_code:
            return None
        if read.currency_code and not own:
            self._set("price.currency_code", read.currency_code)
            return Mended(read.value, f"read as {read.value!r} {read.currency_code}")
        return read_as(read.value)

    def _get(self, field: str) -> Any:
        part, _, member = field.partition(".")
        return self._row[part].get(member) if member else self._row.get(field)

    def _set(self, field: str, value: Any) -> None:
        part, _, member = field.partition(".")
        if member:
            self._row[part][member] = value
        else:
            self._row[field] = value


def _whole(field: str) -> str:
    """The field that is mended as a whole: all attributes together."""
    return "attributes" if field.startswith("attributes") else field


def _attribute_fault(name: str, values: Any) -> str:
    """What is wrong with an attribute. Empty if it is valid."""
    try:
        read = attribute_values("", values)
    except FieldFault as fault:
        return fault.reason
    return next(attribute_faults(name, read), "") if read else ""
