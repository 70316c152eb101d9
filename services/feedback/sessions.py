"""How an interaction changes what is known of a visitor."""

from services.feedback.interaction import ACTION_WEIGHTS, Interaction
from shared.features.store import MAX_RECENT_PRODUCTS, TTL_SECONDS, RecentProduct, VisitorState

MAX_WEIGHT = 10.0


def after(state: VisitorState, interaction: Interaction) -> VisitorState:
    """The state once the interaction has been seen.

    A product's weight is a sum of action weights that each halve with time; it is moved to the front, and leaves
    when its weight is no longer above 0. Interactions may come late: the newest one seen gives the time.
    """
    gained = ACTION_WEIGHTS.get(interaction.action, 0.0)
    if gained == 0.0:
        return state
    touched = dict.fromkeys(interaction.product_ids)
    before = {product.product_id: product for product in state.recent}
    changed = [_gain(before.get(product_id), product_id, gained, interaction.time_seconds) for product_id in touched]
    kept = [product for product in state.recent if product.product_id not in touched]
    ordered = sorted([*changed, *kept], key=lambda product: -product.time_seconds)  # stable: the latest seen first
    newest = max((product.time_seconds for product in ordered), default=interaction.time_seconds)
    recent = [product for product in ordered if product.weight > 0 and newest - product.time_seconds <= TTL_SECONDS]
    session_id = interaction.session_id if interaction.time_seconds >= newest else ""
    return VisitorState(tuple(recent[:MAX_RECENT_PRODUCTS]), session_id or state.session_id)


def _gain(before: RecentProduct | None, product_id: str, gained: float, time_seconds: float) -> RecentProduct:
    if before is None:
        return RecentProduct(product_id, gained, time_seconds)
    at = max(before.time_seconds, time_seconds)
    gain = RecentProduct(product_id, gained, time_seconds)
    return RecentProduct(product_id, min(MAX_WEIGHT, before.weight_at(at) + gain.weight_at(at)), at)
