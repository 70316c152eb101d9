import pytest

from services.feedback.config import FeedbackConfig
from services.gateway.config import GatewayConfig
from services.gateway.search.caches import Caches
from shared.config import load
from shared.features.opening import find_feature_store, open_feature_store
from shared.redis.config import RedisConfig


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("AISLE_REDIS_URL", "localhost:6379", "url is 'localhost:6379'; it begins with redis://"),
        ("AISLE_REDIS_CACHE_URL", "http://x", "cache_url is 'http://x'"),
        ("AISLE_REDIS_TIMEOUT_MS", "0", "timeout_ms is more than 0"),
        ("AISLE_REDIS_KEY_PREFIX", "shop *", "key_prefix is .*; use at most 100 letters"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(variable: str, value: str, told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        load(RedisConfig, {variable: value})


@pytest.mark.parametrize("records", ["0", "501"])
def test_a_batch_is_never_larger_than_what_a_visitor_remembers(records: str) -> None:
    with pytest.raises(SystemExit, match=r"batch_records is .*; use 1 to 500"):
        load(FeedbackConfig, {"AISLE_FEEDBACK_BATCH_RECORDS": records})


def test_without_an_address_there_is_no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AISLE_REDIS_URL", raising=False)
    assert find_feature_store() is None
    assert Caches.open(RedisConfig(), GatewayConfig()) is None
    with pytest.raises(SystemExit, match="AISLE_REDIS_URL is not set; name a server"):
        open_feature_store()
