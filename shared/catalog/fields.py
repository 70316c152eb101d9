"""The fields of a product in one table: their limits, and how searches use them.

Validation, columns, filters, facets and orders read this table. docs/adding.md says how to add a
field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

ID_BYTES = 128
TITLE_CHARACTERS = 1_000
DESCRIPTION_CHARACTERS = 20_000
TEXT_CHARACTERS = 2_000
LIST_VALUES = 100
ATTRIBUTES = 1_000
CATEGORY_LEVELS = 20
LARGEST_AMOUNT = 1e15  # cents are exact up to this amount, and ranking's float32 can hold it
LARGEST_COUNT = (1 << 32) - 1
LATEST_SECONDS = 253_402_300_799.0  # the end of the year 9999
EARLIEST_SECONDS = -62_135_596_800.0  # the start of the year 1


class Kind(Enum):
    """The type of a field's values, which decides the checks that they must pass."""

    WORD = auto()  # one of a few words
    TEXT = auto()
    LIST = auto()  # list of texts
    AMOUNT = auto()  # an amount of money
    AVERAGE = auto()  # from 0 to 5
    COUNT = auto()
    TIME = auto()  # seconds since 1970
    CODE = auto()  # a text with a form of its own


_NUMERIC = (Kind.AMOUNT, Kind.AVERAGE, Kind.COUNT, Kind.TIME)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of Product."""

    attribute: str  # the attribute of Product
    kind: Kind
    path: str = ""  # the name in messages and errors; empty: same as the attribute
    # The name for filters, facets, orders and rankers; empty: they do not read it
    column: str = ""
    max_characters: int = TEXT_CHARACTERS  # of a text

    @property
    def name(self) -> str:
        """The name in errors."""
        return self.path or self.attribute


# Prose and addresses have no column: search finds the words of prose, and shoppers do not filter
# by addresses
FIELDS = (
    Field("title", Kind.TEXT, column="title", max_characters=TITLE_CHARACTERS),
    Field("description", Kind.TEXT, max_characters=DESCRIPTION_CHARACTERS),
    Field("uri", Kind.TEXT),
    Field("sku", Kind.TEXT, column="sku"),
    Field("gtin", Kind.CODE, column="gtin"),
    Field("primary_product_id", Kind.CODE, column="primary_product_id"),
    Field("images", Kind.LIST),
    Field("type", Kind.WORD, column="type"),
    Field("brands", Kind.LIST, column="brands"),
    Field("categories", Kind.LIST, column="categories"),
    Field("availability", Kind.WORD, column="availability"),
    Field("tags", Kind.LIST, column="tags"),
    Field("language_code", Kind.TEXT, column="language_code", max_characters=ID_BYTES),
    Field("price", Kind.AMOUNT, path="price.amount", column="price"),
    Field("original_price", Kind.AMOUNT, path="price.original_amount", column="original_price"),
    Field("currency_code", Kind.CODE, path="price.currency_code", column="currency_code"),
    Field("rating_average", Kind.AVERAGE, path="rating.average", column="rating"),
    Field("available_quantity", Kind.COUNT, column="available_quantity"),
    Field("rating_count", Kind.COUNT, path="rating.count", column="rating_count"),
    Field("publish_time", Kind.TIME, column="publish_time"),
    Field("available_time", Kind.TIME, column="available_time"),
    Field("expire_time", Kind.TIME, column="expire_time"),
    Field("update_time", Kind.TIME),
)

NUMBERS: Mapping[str, str] = {
    each.column: each.attribute for each in FIELDS if each.column and each.kind in _NUMERIC
}
TEXTS: Mapping[str, Field] = {
    each.column: each for each in FIELDS if each.column and each.kind not in _NUMERIC
}
FILTERABLE = (*TEXTS, *NUMBERS)
CURRENCY_OF = ("price", "original_price")  # amounts, which are compared within a currency only

RELEVANCE = "relevance"  # by the ranker
NEWEST = "newest"  # publish_time desc

_KINDS = {each.column: each.kind for each in FIELDS if each.column}


def kind_of(column: str) -> Kind | None:
    """The type of a column's values. None for attributes."""
    return _KINDS.get(column)


def of_kind(*kinds: Kind) -> tuple[Field, ...]:
    """The fields of these kinds."""
    return tuple(each for each in FIELDS if each.kind in kinds)
