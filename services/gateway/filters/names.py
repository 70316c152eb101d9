"""The fields that filters, facets and orders may name."""

import re

from shared.catalog.fields import FILTERABLE, NUMBERS, Kind, kind_of

PRODUCT_ID = "product_id"
NAMES = frozenset({PRODUCT_ID, *FILTERABLE})

_ATTRIBUTE = re.compile(r"attributes\.[^\x00-\x1f\x7f-\x9f]{1,128}")


def fault(field: str) -> str:
    """The fault in the name of a field. Empty if it is valid."""
    if not field:
        return "is required"
    if field in NAMES or _ATTRIBUTE.fullmatch(field):
        return ""
    return f"{field!r} is unknown; use one of: {', '.join(sorted(NAMES))}, attributes.NAME"


def has_numbers(field: str) -> bool:
    """Whether the values may be numbers. Those of an attribute may."""
    return field in NUMBERS or field.startswith("attributes.")


def has_times(field: str) -> bool:
    """Whether the values are times."""
    return kind_of(field) is Kind.TIME
