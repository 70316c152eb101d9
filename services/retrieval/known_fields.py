"""Which fields a request may name, and what to say about others."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice

from services.retrieval.nearest_names import nearest_names
from shared.catalog.fields import FILTERABLE, TEXTS
from shared.errors import InvalidRequest
from shared.snapshot.catalog_columns import CatalogColumns, has_numbers, has_text

PRODUCT_ID = "product_id"
ATTRIBUTE = "attributes."
_MOST_NOTES = 5


def is_known(columns: CatalogColumns, field: str) -> bool:
    """Whether products can have the field.

    Every field of a product counts, and every attribute that some product has.
    """
    return field in FILTERABLE or has_text(columns, field) or has_numbers(columns, field)


def check_field(columns: CatalogColumns, name: str, field: str) -> None:
    """Raise InvalidRequest about the request's field `name` if `field` is neither known nor an
    attribute.
    """
    if not (field.startswith(ATTRIBUTE) or is_known(columns, field)):
        raise InvalidRequest(name, f"there is no field {field!r}; {_hint(columns, field)}")


def note(columns: CatalogColumns, name: str, field: str) -> str:
    """A note about a field that no product has. Empty if some product has it."""
    if field in TEXTS and not has_text(columns, field):
        remedy = "if products have it, the snapshot is of an earlier version: index again"
        return f"{name}: no product has {field!r}; {remedy}"
    if field == PRODUCT_ID or is_known(columns, field):
        return ""
    return f"{name}: no product has {field!r}; {_hint(columns, field)}"


def notes(columns: CatalogColumns, named: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Notes about the first few fields that no product has, of (what names it, field).

    Only a few, because each is compared with the names of all.
    """
    found = (note(columns, name, field) for name, field in dict.fromkeys(named))
    return tuple(islice(filter(None, found), _MOST_NOTES))


def _hint(columns: CatalogColumns, field: str) -> str:
    close = nearest_names(field, chain([PRODUCT_ID], columns.fields()))
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"fields are {', '.join(FILTERABLE)}, {ATTRIBUTE}*"
