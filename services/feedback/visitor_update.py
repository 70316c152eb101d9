"""How an interaction changes what is known of a visitor."""

from dataclasses import replace

from shared.features.observation import Interaction
from shared.features.spec import WEIGHT_OF
from shared.features.visitor import MAX_RECENT_PRODUCTS, TTL_SECONDS, RecentProduct, VisitorState

MAX_WEIGHT = 10.0


def after(state: VisitorState, interaction: Interaction) -> VisitorState:
    """The state once the interaction has been seen.

    A product's weight is a sum of action weights that each halve with time; it is moved to the
    front, and leaves when its weight is no longer above 0. Interactions may come late: the newest
    one seen gives the time.
    """
    gained = WEIGHT_OF.get(interaction.action, 0.0)
    if gained == 0.0:
        return state
    touched = dict.fromkeys(interaction.product_ids)
    before = {product.product_id: product for product in state.recent}
    changed = [_gain(before.get(product_id), product_id, gained, interaction) for product_id in touched]
    kept = [product for product in state.recent if product.product_id not in touched]
    # Stable: the latest seen first
    ordered = sorted([*changed, *kept], key=lambda product: -product.time_seconds)
    newest = max((product.time_seconds for product in ordered), default=interaction.time_seconds)
    recent = [
        product for product in ordered if product.weight > 0 and newest - product.time_seconds <= TTL_SECONDS
    ]
    session_id = interaction.session_id if interaction.time_seconds >= newest else ""
    return VisitorState(tuple(recent[:MAX_RECENT_PRODUCTS]), session_id or state.session_id)


def _gain(
    before: RecentProduct | None, product_id: str, gained: float, interaction: Interaction
) -> RecentProduct:
    gain = RecentProduct(product_id, gained, interaction.time_seconds, interaction.session_id)
    if before is None:
        return gain
    latest = gain if gain.time_seconds >= before.time_seconds else before
    weight = before.weight_at(latest.time_seconds) + gain.weight_at(latest.time_seconds)
    return replace(latest, weight=min(MAX_WEIGHT, weight))
