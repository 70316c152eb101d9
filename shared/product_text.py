"""What the encoder reads of a product: the same text when indexing and when training."""

from collections.abc import Sequence

from shared.catalog.product import Product

# Of the composition below: raise it with every change, so that vectors of other texts are not
# reused
TEXT_VERSION = 1
MAX_TOKENS = 64  # of which the vector is the mean
STATE_TOKENS = 40  # of which the reranker keeps states: the first ones
# More than the tokens can hold; a tokenizer reads all it is given
_MAX_DESCRIPTION_CHARACTERS = 600


def product_text(
    title: str, brands: Sequence[str] = (), categories: Sequence[str] = (), description: str = ""
) -> str:
    """Brand and title, then the last part of the category, then the description.

    Nothing is said twice.
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
