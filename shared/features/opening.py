"""The feature store that processes share, from the environment."""

from shared.config import load
from shared.features.redis import RedisFeatureStore
from shared.redis.client import connect
from shared.redis.config import RedisConfig


def open_feature_store() -> RedisFeatureStore:
    """The one in Redis.

    Raises SystemExit when no Redis is named; one that is away is waited for later.
    """
    if store := find_feature_store():
        return store
    raise SystemExit("AISLE_REDIS_URL is not set; name a server, such as redis://localhost:6379/0")


def find_feature_store() -> RedisFeatureStore | None:
    """The one in Redis; None when no Redis is named."""
    config = load(RedisConfig)
    return RedisFeatureStore(connect(config), config.key_prefix) if config.url else None
