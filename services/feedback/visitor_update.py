"""How an interaction changes the state of a visitor."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from shared.features.counters import day_of
from shared.features.observation import Interaction
from shared.features.spec import WEIGHT_OF
from shared.features.visitor import (
    MAX_BOUGHT,
    MAX_BOUGHT_DAYS,
    MAX_IN_CART,
    MAX_RECENT_PRODUCTS,
    TTL_SECONDS,
    BoughtProduct,
    RecentProduct,
    VisitorState,
)

MAX_WEIGHT = 10.0
_TIME = attrgetter("time_seconds")


def after(state: VisitorState, interaction: Interaction) -> VisitorState:
    """The state after the interaction.

    A product's weight is a sum of action weights that each halve with time. The product moves to
    the front, and is removed once its weight is no longer above 0. Interactions may come late, so
    time is that of the newest one seen.
    """
    gained = WEIGHT_OF.get(interaction.action, 0.0)
    if gained == 0.0:
        return state
    touched = dict.fromkeys(interaction.product_ids)
    before = {product.product_id: product for product in state.recent}
    products = [
        _gain(before.pop(product_id, None), product_id, gained, interaction) for product_id in touched
    ]
    products += before.values()
    # Stable: the latest seen first
    products.sort(key=_TIME, reverse=True)
    newest = products[0].time_seconds if products else interaction.time_seconds
    oldest = newest - TTL_SECONDS
    recent = [product for product in products if product.weight > 0 and product.time_seconds >= oldest]
    session_id = interaction.session_id if interaction.time_seconds >= newest else ""
    updated = VisitorState(
        tuple(recent[:MAX_RECENT_PRODUCTS]),
        session_id or state.session_id,
        state.bought,
        _cart_after(state.cart, interaction.action, tuple(touched)),
        state.bought_days,
    )
    return _bought(updated, interaction) if interaction.action == "purchase" else updated


def _bought(state: VisitorState, interaction: Interaction) -> VisitorState:
    """The state with the purchase added."""
    day = day_of(interaction.time_seconds)
    product_ids = tuple(dict.fromkeys(interaction.product_ids))
    return replace(
        state,
        bought=_with_purchase(state.bought, product_ids, day),
        bought_days=tuple(sorted({*state.bought_days, day})[-MAX_BOUGHT_DAYS:]),
    )


def _with_purchase(
    before: Sequence[BoughtProduct], product_ids: Sequence[str], day: int
) -> tuple[BoughtProduct, ...]:
    """The last bought first.

    A product counts once a day; above MAX_BOUGHT the oldest are dropped.
    """
    known = {each.product_id: each for each in before}
    for product_id in product_ids:
        old = known.get(product_id)
        if old is None:
            known[product_id] = BoughtProduct(product_id, 1, day, day)
        elif day not in (old.first_day, old.last_day):
            first_day = min(old.first_day, day)
            known[product_id] = BoughtProduct(product_id, old.days + 1, first_day, max(old.last_day, day))
    ordered = sorted(known.values(), key=lambda each: (-each.last_day, -each.days, each.product_id))
    return tuple(ordered[:MAX_BOUGHT])


def _cart_after(cart: Sequence[str], action: str, product_ids: Sequence[str]) -> tuple[str, ...]:
    """The cart after products were added, removed or bought. Other actions do not change it."""
    if action not in ("add_to_cart", "remove_from_cart", "purchase"):
        return tuple(cart)
    others = [each for each in cart if each not in product_ids]
    added = [*reversed(product_ids)] if action == "add_to_cart" else []
    return (*added, *others)[:MAX_IN_CART]


def _gain(
    before: RecentProduct | None, product_id: str, gained: float, interaction: Interaction
) -> RecentProduct:
    gain = RecentProduct(product_id, gained, interaction.time_seconds, interaction.session_id)
    if before is None:
        return gain
    latest = gain if gain.time_seconds >= before.time_seconds else before
    weight = before.weight_at(latest.time_seconds) + gain.weight_at(latest.time_seconds)
    return latest._replace(weight=min(MAX_WEIGHT, weight))
