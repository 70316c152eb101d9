"""Features of a product: how often shoppers acted on it, from searches and elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.features import counters
from shared.features.counters import ALONE
from shared.features.keys import PRODUCT_SECONDS, product_key
from shared.features.observation import Interaction, Shown
from shared.features.scope import Counted, PageRequest, StoredScope
from shared.features.spec import (
    ADD_TO_CART,
    DAY,
    LIFETIME,
    MONTH,
    OPENED,
    PURCHASE,
    WEEK,
    Count,
    Rate,
)

if TYPE_CHECKING:
    from shared.features.scope import Matrix
    from shared.features.time_windows import TimeWindows

COUNTED: Mapping[str, Count | Rate] = {
    "product_opens_1d": Count(OPENED, DAY),
    "product_opens_7d": Count(OPENED, WEEK),
    "product_opens_30d": Count(OPENED, MONTH),
    "product_carts_7d": Count((ADD_TO_CART,), WEEK),
    "product_carts_30d": Count((ADD_TO_CART,), MONTH),
    "product_purchases_7d": Count((PURCHASE,), WEEK),
    "product_purchases_30d": Count((PURCHASE,), MONTH),
    "product_purchases_total": Count((PURCHASE,), LIFETIME),
    "product_open_rate_30d": Rate(OPENED, MONTH),
    "product_cart_rate_30d": Rate((ADD_TO_CART,), MONTH),
    "product_purchase_rate_30d": Rate((PURCHASE,), MONTH),
    "product_opens_total": Count(OPENED, LIFETIME),
}
# The product's share of the opens of all candidates, from searches and elsewhere
SHARES: Mapping[str, int] = {
    "product_open_share_1d": DAY,
    "product_open_share_7d": WEEK,
    "product_open_share_30d": MONTH,
    "product_open_share_total": LIFETIME,
}
# Whole days since a shopper last acted on the product; nan after KEPT_DAYS
IDLE_DAYS = "product_idle_days"


class ProductScope:
    """See Scope."""

    letter = "p"
    share = 0.4
    columns = (*COUNTED, IDLE_DAYS, *SHARES)
    by_query = False

    def counted(self, content: Interaction | Shown, product_ids: Sequence[str]) -> Iterable[Counted]:
        """See Scope."""
        for product_id in product_ids:
            yield product_key(product_id), PRODUCT_SECONDS, (ALONE,)

    def keys(self, request: PageRequest) -> list[str]:
        """See Scope."""
        return list(map(product_key, request.product_ids))

    def key_count(self, request: PageRequest) -> int:
        """See Scope."""
        return len(request.product_ids)

    def make(self, stored: StoredScope, made: Mapping[str, Matrix]) -> Mapping[str, Matrix]:
        """See Scope."""
        from shared.features.time_windows import TimeWindows

        windows = TimeWindows.of_products(stored.values, stored.now_seconds, stored.least_visitors)
        return product_columns(windows)

    def check(self, value: bytes) -> None:
        """See Scope."""
        counters.check(value)


def product_columns(windows: TimeWindows) -> dict[str, Matrix]:
    """Columns (n,) of n products, from all interactions with them."""
    from shared.features.columns import counted_columns, share_columns

    shares = share_columns(SHARES, windows)
    return {**counted_columns(COUNTED, windows, {}), IDLE_DAYS: windows.idle_days, **shares}


PRODUCT = ProductScope()
