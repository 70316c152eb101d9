"""What a shopper did, as the cores know it."""

from dataclasses import dataclass

# What each action says about interest, relative to a click. Orders of magnitude as in implicit-feedback practice
# (Hu, Koren, Volinsky 2008: confidence grows with the effort of the action); the ranker learns how much to use them.
ACTION_WEIGHTS = {
    "view": 0.5,
    "click": 1.0,
    "wishlist": 2.0,
    "add_to_cart": 3.0,
    "purchase": 4.0,
    "remove_from_cart": -3.0,
}


@dataclass(frozen=True, slots=True)
class Interaction:
    """One action of one visitor on some products, in seconds since 1970."""

    action: str
    visitor_id: str
    product_ids: tuple[str, ...]
    time_seconds: float
    session_id: str = ""
