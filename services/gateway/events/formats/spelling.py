"""Names in several cases."""

import re

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def snake_case(name: str) -> str:
    """`addToCart`, `add-to-cart` and `Add To Cart` as `add_to_cart`."""
    return _SEPARATORS.sub("_", _HUMP.sub("_", name).lower()).strip("_")
