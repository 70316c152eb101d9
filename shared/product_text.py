"""The text of a product that the encoder reads, the same for indexing and training."""

from collections.abc import Sequence

from shared.catalog.product import Product

# Version of the composition below: raise it with every change, so that vectors of older texts
# are not reused
TEXT_VERSION = 1
MAX_TOKENS = 64  # the vector is the mean of these tokens
STATE_TOKENS = 40  # the reranker keeps the states of the first ones
# More than the tokens can hold; a tokenizer reads its whole input
_MAX_DESCRIPTION_CHARACTERS = 600


def product_text(
    title: str, brands: Sequence[str] = (), categories: Sequence[str] = (), description: str = ""
) -> str:
    """Brand and title, then the last part of the category, then the description.

    No part is repeated.
    """
    name = _with_brand(title.strip(), brands)
    kind = categories[0].split(">")[-1].strip() if categories else ""
    parts = [name, kind if kind.lower() not in name.lower() else ""]
    about = description[:_MAX_DESCRIPTION_CHARACTERS].strip()
    parts.append(about if about.lower() != title.strip().lower() else "")
    return ". ".join(part for part in parts if part)


def product_text_of(product: Product) -> str:
    """The text of a product."""
    return product_text(product.title, product.brands, product.categories, product.description)


def _with_brand(title: str, brands: Sequence[str]) -> str:
    brand = brands[0].strip() if brands else ""
    return title if brand.lower() in title.lower() else f"{brand} {title}".strip()
