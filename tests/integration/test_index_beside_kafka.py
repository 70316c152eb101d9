"""`aisle index` beside a shop of processes.

The file is applied after the writes in Kafka, and before later ones.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from aisle.v1.catalog_pb2 import Price, Product
from cli.files.indexed import index_file
from services.standalone.written_since import written_since
from shared.catalog import writes
from shared.errors import InvalidRequest, LogBehind
from shared.events.kafka.config import KafkaConfig
from shared.events.kafka.log import KafkaEventLog
from shared.events.kafka.topic_maker import delete_topics
from shared.events.log import CATALOG, NewRecord
from shared.events.sqlite import SqliteEventLog
from tests.servers import fresh_topics


@pytest.fixture
def environ(kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_KAFKA_ADDRESS", kafka.address)
    monkeypatch.setenv("AISLE_KAFKA_TOPIC_PREFIX", kafka.topic_prefix)
    monkeypatch.setenv("AISLE_EMBEDDING_MODEL", "hash")


def whole(product_id: str, price: float) -> NewRecord:
    return writes.whole(
        Product(product_id=product_id, title=f"Kettle {product_id}", price=Price(amount=price))
    )


async def append(kafka: KafkaConfig, *records: NewRecord) -> None:
    log = KafkaEventLog(kafka)
    await log.append(CATALOG, records)
    await log.close()


@pytest.mark.usefixtures("environ")
def test_what_kafka_has_is_taken_in_before_the_file(kafka: KafkaConfig, tmp_path: Path) -> None:
    """No indexer has ever run: the writes are only in aisle.catalog."""
    asyncio.run(append(kafka, whole("a", 1), whole("b", 2), *writes.removals(["c"])))
    file = tmp_path / "catalog.jsonl"
    data = tmp_path / "data"
    file.write_text(json.dumps({"id": "b", "title": "Kettle b", "price": 9}))
    report = index_file(file, data)
    assert report["products"] == 2
    tail = written_since(data)
    assert tail and (tail.start.catalog, tail.has_changes) == (4, False)
    asyncio.run(append(kafka, whole("a", 5)))
    tail = written_since(data)
    change = tail.get("a") if tail else None
    assert change and change.product and change.product.price == 5


@pytest.mark.usefixtures("environ")
def test_two_logs_are_one_too_many(tmp_path: Path) -> None:
    async def write() -> None:
        log = SqliteEventLog(tmp_path / "log.sqlite")
        await log.append(CATALOG, [whole("a", 1)])
        await log.close()

    asyncio.run(write())
    with pytest.raises(
        InvalidRequest, match=r"AISLE_KAFKA_ADDRESS: is set, and .*log.sqlite has catalogue writes"
    ):
        written_since(tmp_path)


@pytest.mark.usefixtures("environ")
def test_topics_that_were_made_anew_are_refused_with_a_way_out_that_is_there(
    kafka: KafkaConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`aisle index` and the indexer process name it.

    `aisle index --accept-log` takes the log on Kafka, not a file.
    """
    asyncio.run(append(kafka, whole("a", 1), whole("b", 2)))
    file = tmp_path / "catalog.jsonl"
    data = tmp_path / "data"
    file.write_text(json.dumps({"id": "c", "title": "Kettle c"}))
    index_file(file, data)
    empty = fresh_topics(kafka.address)
    monkeypatch.setenv("AISLE_KAFKA_TOPIC_PREFIX", empty.topic_prefix)
    refused = _indexed(file, data)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert f"contains {CATALOG} up to position 2, but the log ends at 0" in refused.stderr
    assert "`aisle index --accept-log`" in refused.stderr
    accepted = _indexed(file, data, "--accept-log")
    assert accepted.returncode == 0, accepted.stderr
    assert json.loads(accepted.stdout)["products"] == 3 and not (data / "log.sqlite").exists()
    asyncio.run(append(empty, whole("d", 4)))
    tail = written_since(data)
    delete_topics(empty)
    assert tail and tail.product_ids == ["d"]


@pytest.mark.usefixtures("environ")
def test_kafka_that_nobody_names_is_a_log_that_is_gone(
    kafka: KafkaConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(append(kafka, whole("a", 1)))
    file = tmp_path / "catalog.jsonl"
    data = tmp_path / "data"
    file.write_text(json.dumps({"id": "b", "title": "Kettle b"}))
    index_file(file, data)
    monkeypatch.delenv("AISLE_KAFKA_ADDRESS")
    with pytest.raises(LogBehind, match="AISLE_KAFKA_ADDRESS"):
        written_since(data)


def _indexed(file: Path, data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.app", "index", str(file), "--data", str(data), "--json"]
    return subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
