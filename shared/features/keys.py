"""The keys of the feature store, and their time to live after the last change."""

DAY_SECONDS = 24 * 3600

VISITOR_SECONDS = 30 * DAY_SECONDS
BUYER_SECONDS = 400 * DAY_SECONDS  # for a visitor who bought: some products are bought once a year
# A search without a visitor is remembered only while its record may be redelivered
SEARCH_SECONDS = 3600
PRODUCT_SECONDS = 400 * DAY_SECONDS  # seasons repeat after a year
QUERY_SECONDS = 60 * DAY_SECONDS  # twice the longest time window


def visitor_key(log_key: str) -> str:
    """State of a visitor, or of a search without one, by the key of its records in the log."""
    return f"v:{log_key}"


def product_key(product_id: str) -> str:
    """Counters of a product."""
    return f"p:{product_id}"


def query_key(query_hash: int) -> str:
    """Counters of products under a query."""
    return f"q:{query_hash:x}"
