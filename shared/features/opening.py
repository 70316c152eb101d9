"""Opens the shared feature store that the environment names."""

from shared.config import load
from shared.features.redis import RedisFeatureStore
from shared.redis.client import connect
from shared.redis.config import RedisConfig


def open_feature_store() -> RedisFeatureStore:
    """The feature store in Redis, which may be down at present.

    Raises SystemExit if AISLE_REDIS_URL is not set.
    """
    if store := find_feature_store():
        return store
    raise SystemExit("AISLE_REDIS_URL is not set; name a server, such as redis://localhost:6379/0")


def find_feature_store() -> RedisFeatureStore | None:
    """The feature store in Redis; None if AISLE_REDIS_URL is not set."""
    config = load(RedisConfig)
    return RedisFeatureStore(connect(config), config.key_prefix) if config.url else None
