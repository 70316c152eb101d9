"""What is known of a visitor while a page is made, and the port to where it is kept."""

from dataclasses import dataclass
from typing import Protocol

MAX_RECENT_PRODUCTS = 20
TTL_SECONDS = 30 * 24 * 3600.0
HALF_LIFE_SECONDS = 2 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class RecentProduct:
    """A product that the visitor acted on. `weight` is that of the time of the last action, since 1970."""

    product_id: str
    weight: float
    time_seconds: float

    def weight_at(self, now_seconds: float) -> float:
        """The weight, halved with every HALF_LIFE_SECONDS that passed; 0 once TTL_SECONDS have."""
        age = max(0.0, now_seconds - self.time_seconds)
        return 0.0 if age > TTL_SECONDS else self.weight * float(0.5 ** (age / HALF_LIFE_SECONDS))


@dataclass(frozen=True, slots=True)
class VisitorState:
    """A visitor's last products, the latest first, and the visit."""

    recent: tuple[RecentProduct, ...] = ()
    session_id: str = ""

    def weights_at(self, now_seconds: float) -> dict[str, float]:
        """Product id -> weight of what still counts, the latest first."""
        weights = {product.product_id: product.weight_at(now_seconds) for product in self.recent}
        return {product_id: weight for product_id, weight in weights.items() if weight > 0}


NOBODY = VisitorState()


class FeatureStore(Protocol):
    """Where visitors' states are. One writer a visitor (the feedback worker), any number of readers."""

    async def visitor(self, visitor_id: str) -> VisitorState:
        """The state; NOBODY's for a visitor not known. Raises Unavailable when the store is down."""
        ...

    async def put_visitor(self, visitor_id: str, state: VisitorState) -> None:
        """Replace the state."""
        ...
