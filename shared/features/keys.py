"""The keys of the feature store, and how long each lives after the last that it heard."""

DAY_SECONDS = 24 * 3600

VISITOR_SECONDS = 30 * DAY_SECONDS
BUYER_SECONDS = 400 * DAY_SECONDS  # of a visitor who bought: some products are bought once a year
# A search by nobody is only remembered until its record can no longer come twice
SEARCH_SECONDS = 3600
PRODUCT_SECONDS = 400 * DAY_SECONDS  # a season comes again after a year
QUERY_SECONDS = 60 * DAY_SECONDS  # the longest window, and as much again


def visitor_key(log_key: str) -> str:
    """State of a visitor, or of a search by nobody: by the key of their records in the log."""
    return f"v:{log_key}"


def product_key(product_id: str) -> str:
    """Counters of a product."""
    return f"p:{product_id}"


def query_key(query_hash: int) -> str:
    """Counters of the products of a query."""
    return f"q:{query_hash:x}"
