"""The product of a shop, as the cores of all services see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

AttributeValues = tuple[str, ...] | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The fields of catalog.proto as plain values.

    Times are seconds since 1970; None means not known.
    """

    product_id: str
    title: str
    type: str = "primary"  # primary | variant
    primary_product_id: str = ""
    description: str = ""
    brands: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # "Home > Kitchen > Kettles"
    price: float | None = None
    original_price: float | None = None
    currency_code: str = ""
    availability: str = "in_stock"  # in_stock | out_of_stock | preorder | backorder
    available_quantity: int | None = None
    rating_average: float | None = None
    rating_count: int = 0
    gtin: str = ""
    sku: str = ""
    uri: str = ""
    images: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValues] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    publish_time: float | None = None
    available_time: float | None = None
    expire_time: float | None = None
    language_code: str = ""
    update_time: float | None = None  # of this state, by the shop's clock
