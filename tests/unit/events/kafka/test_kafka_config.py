import pytest

from shared.config import load
from shared.errors import InvalidRequest, Overloaded, StorageFull, Unavailable
from shared.events.kafka.config import KafkaConfig


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COMPRESSION", "snapy", "compression 'snapy' is unknown; use one of: none, gzip, lz4"),
        ("ADDRESS", "localhost", "address 'localhost' is not host:port"),
        (
            "ADDRESS",
            "one:9092, :9092",
            "address ' :9092' is not host:port; separate several by commas",
        ),
        ("ADDRESS", "one:9092,two:x", "address 'two:x' is not host:port"),
        ("PARTITIONS", "0", "partitions must be at least 1"),
        ("AWAY_MS", "50", "away_ms must be at least 100"),
        ("LINGER_MS", "x", "AISLE_KAFKA_LINGER_MS='x' is not a valid int"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        load(KafkaConfig, {f"AISLE_KAFKA_{name}": value})


def test_several_brokers_may_be_named() -> None:
    address = "one:9092,two:9093,[::1]:9094"
    assert load(KafkaConfig, {"AISLE_KAFKA_ADDRESS": address}).address == address


async def test_without_an_address_the_variable_is_named() -> None:
    from shared.events.kafka.log import KafkaEventLog
    from shared.events.log import CATALOG, NewRecord

    log = KafkaEventLog(KafkaConfig())
    with pytest.raises(InvalidRequest, match="AISLE_KAFKA_ADDRESS: is not set; name a broker"):
        await log.append(CATALOG, [NewRecord("p", b"x")])
    await log.close()


def test_errors_of_kafka_become_those_of_the_port() -> None:
    from kafka.errors import KafkaStorageError, NotEnoughReplicasError, ThrottlingQuotaExceededError

    from shared.events.kafka.client import meaning

    assert type(meaning(KafkaStorageError("disk"), "k:9092")) is StorageFull
    assert type(meaning(ThrottlingQuotaExceededError("slow"), "k:9092")) is Overloaded
    assert type(meaning(NotEnoughReplicasError("few"), "k:9092")) is Unavailable
    assert "k:9092" in str(meaning(NotEnoughReplicasError("few"), "k:9092"))
    ours = Overloaded("ours")
    assert meaning(ours, "k:9092") is ours
