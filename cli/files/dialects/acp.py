"""The product feed of the Agentic Commerce Protocol, with one offer a row.

Reads both the names used before 2026 and the later ones.
"""

import json
from collections.abc import Iterator
from typing import Any

from cli.files.account import Account
from cli.files.dialect import Dialect, Row, split, taken
from cli.files.dialects.merchant import offer_row, offers
from shared.json_lines import Line

_SIGNS = (
    "is_eligible_search",
    "is_eligible_checkout",
    "enable_search",
    "enable_checkout",
    "variant_dict",
)
_MERCHANT_NAMES = {
    "item_id": "id",
    "url": "link",
    "image_url": "image_link",
    "additional_image_urls": "additional_image_link",
    "product_category": "product_type",
    "group_id": "item_group_id",
    "inventory_quantity": "quantity",
}


def _matches(names: frozenset[str], _: Row) -> bool:
    plain = {name.lower() for name in names}
    return bool(plain & {"item_id", "id"}) and any(sign in plain for sign in _SIGNS)


def _translated(lines: Iterator[Line], _: Account) -> Iterator[Line]:
    return offers(lines, _row)


def _row(content: Row) -> Row:
    plain = {name.strip().lower(): value for name, value in content.items()}
    chosen = _options(plain)
    rating = {"average": taken(plain, "star_rating", "product_review_rating")}
    rating["count"] = taken(plain, "review_count", "product_review_count")
    weight = taken(plain, "weight")
    unit = taken(plain, "item_weight_unit")
    for name in ("additional_image_urls", "additional_image_link"):
        if name in plain:
            plain[name] = split(plain[name])
    row = offer_row({_MERCHANT_NAMES.get(name, name): _flat(value) for name, value in plain.items()})
    if rating["average"] is not None:
        row["rating"] = rating
    if weight is not None:
        chosen["weight"] = f"{weight} {unit}" if unit else weight
    if chosen:
        row["attributes"] = {**chosen, **row.get("attributes", {})}
    return row


def _flat(value: Any) -> Any:
    """A price object in the notation of a feed."""
    if isinstance(value, dict) and value.keys() >= {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    return value


def _options(plain: Row) -> Row:
    """The options that tell a variant from others: variant_dict, or the pairs of custom columns."""
    given = said = taken(plain, "variant_dict")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if said is not None and not isinstance(given, dict):
        plain["variant_dict"] = said  # the rest is counted as not read
    options = dict(given) if isinstance(given, dict) else {}
    for at in (1, 2, 3):
        name, value = (taken(plain, f"custom_variant{at}_{kind}") for kind in ("category", "option"))
        if name and value:
            options[str(name)] = value
    return options


DIALECT = Dialect("acp", "an ACP product feed", _matches, _translated)
