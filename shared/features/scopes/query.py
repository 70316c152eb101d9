"""Features of a product under a query, from actions that followed its searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.features import counters
from shared.features.keys import QUERY_SECONDS, query_key
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
from shared.query_ids import query_hash

if TYPE_CHECKING:
    from shared.features.scope import Matrix
    from shared.features.time_windows import TimeWindows

COUNTED: Mapping[str, Count | Rate] = {
    "query_opens_1d": Count(OPENED, DAY),
    "query_opens_7d": Count(OPENED, WEEK),
    "query_opens_30d": Count(OPENED, MONTH),
    "query_carts_30d": Count((ADD_TO_CART,), MONTH),
    "query_purchases_30d": Count((PURCHASE,), MONTH),
    "query_open_rate_30d": Rate(OPENED, MONTH),
    "query_cart_rate_30d": Rate((ADD_TO_CART,), MONTH),
    "query_purchase_rate_30d": Rate((PURCHASE,), MONTH),
    "query_opens_total": Count(OPENED, LIFETIME),
}
# The product's share of the opens of all candidates under the query
SHARES: Mapping[str, int] = {
    "query_open_share_1d": DAY,
    "query_open_share_7d": WEEK,
    "query_open_share_30d": MONTH,
    "query_open_share_total": LIFETIME,
}
# Whole days since the product was last opened under the query; nan after KEPT_DAYS
IDLE_DAYS = "query_idle_days"
# log(1 + n) of the opens of all candidates under the query: the amount of evidence
TRAFFIC: Mapping[str, int] = {"query_traffic_7d": WEEK, "query_traffic_total": LIFETIME}

# The product's share of the newest opens under the query: an open's weight halves with every 10 or
# 30 later ones (recent_opens.py)
RECENT = ("query_recent_share_10", "query_recent_share_30")


class QueryScope:
    """See Scope. The prior of its rates is the product's own rate."""

    letter = "q"
    share = 0.25
    columns = (*COUNTED, *SHARES, IDLE_DAYS, *TRAFFIC, *RECENT)
    by_query = True

    def counted(self, content: Interaction | Shown, product_ids: Sequence[str]) -> Iterable[Counted]:
        """See Scope."""
        if content.query_hash and product_ids:
            yield query_key(content.query_hash), QUERY_SECONDS, tuple(product_ids)

    def keys(self, request: PageRequest) -> list[str]:
        """See Scope."""
        return [query_key(query_hash(request.query))]

    def key_count(self, request: PageRequest) -> int:
        """See Scope."""
        return 1

    def make(self, stored: StoredScope, made: Mapping[str, Matrix]) -> Mapping[str, Matrix]:
        """See Scope."""
        from shared.features.time_windows import TimeWindows

        product_ids = stored.request.product_ids
        if stored.values[0] is None:
            return unasked_columns(len(product_ids), made)
        windows = TimeWindows.of_query(
            stored.values[0], product_ids, stored.now_seconds, stored.least_visitors
        )
        return query_columns(windows, made)

    def check(self, value: bytes) -> None:
        """See Scope."""
        counters.check(value)


def query_columns(windows: TimeWindows, products: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Columns (n,) of n products under a query; `products` has the products' own columns."""
    from shared.features.columns import counted_columns, recent_columns, share_columns, traffic_columns

    own = {name.replace("product_", "query_", 1): column for name, column in products.items()}
    shares = share_columns(SHARES, windows)
    traffic = traffic_columns(TRAFFIC, windows)
    return {
        **counted_columns(COUNTED, windows, own),
        **shares,
        IDLE_DAYS: windows.idle_days,
        **traffic,
        **recent_columns(RECENT, windows),
    }


def unasked_columns(n: int, products: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """`query_columns` (n,) of a query without actions, without counting: most queries are rare."""
    import numpy as np

    made = dict.fromkeys(QueryScope.columns, np.zeros(n, np.float32))
    made[IDLE_DAYS] = np.full(n, np.nan, np.float32)
    for name in (name for name, each in COUNTED.items() if isinstance(each, Rate)):
        made[name] = products[name.replace("query_", "product_", 1)]
    return made


QUERY = QueryScope()
