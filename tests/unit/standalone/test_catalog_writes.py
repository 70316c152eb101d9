import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from protos.catalog_pb2 import Product
from services.standalone import catalog_writes
from services.standalone.catalog_writes import Writes, follow_writes, unfolded
from shared.errors import Overloaded
from shared.events.log import CATALOG, NewRecord
from shared.events.sqlite import SqliteEventLog


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    opened = SqliteEventLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


def _write(product_id: str, title: str = "Kettle") -> NewRecord:
    return NewRecord(product_id, Product(product_id=product_id, title=title).SerializeToString())


async def test_the_newest_state_of_each_product_is_folded_in(log: SqliteEventLog) -> None:
    await log.append(CATALOG, [_write("p1"), _write("p2"), _write("p1", "Pot"), NewRecord("p2", None)])
    writes = await unfolded(log, 0)
    assert writes is not None
    assert [(product.product_id, product.title) for product in writes.upserts] == [("p1", "Pot")]
    assert (list(writes.deletions), writes.log_position) == (["p2"], await log.end_offset(CATALOG))
    assert await unfolded(log, writes.log_position) is None


async def test_a_long_log_is_folded_in_part_by_part(log: SqliteEventLog) -> None:
    await log.append(CATALOG, [_write(f"p{number}") for number in range(2_500)])
    folded, position = [], 0
    while writes := await unfolded(log, position, most=1_000):
        folded.append(len(writes.upserts))
        position = writes.log_position
    assert folded == [1_000, 1_000, 500]
    assert position == await log.end_offset(CATALOG)


async def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(log: SqliteEventLog) -> None:
    await log.append(CATALOG, [NewRecord("p1", b"\xff\xff"), _write("p2")])
    writes = await unfolded(log, 0)
    assert writes is not None
    assert [product.product_id for product in writes.upserts] == ["p2"]


@pytest.mark.parametrize("trouble", [Overloaded("another indexer"), OSError("disk"), RuntimeError("faiss")])
async def test_whatever_goes_wrong_the_writes_are_tried_again(
    log: SqliteEventLog, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_writes, "_RETRY_SECONDS", 0.01)
    tries: list[Writes] = []

    async def fold(writes: Writes) -> None:
        tries.append(writes)
        if len(tries) == 1:
            raise trouble

    await log.append(CATALOG, [_write("p1")])
    following = asyncio.create_task(follow_writes(log, lambda: tries[1].log_position if len(tries) > 1 else 0, fold))
    ends = time.monotonic() + 10
    while len(tries) < 2 and time.monotonic() < ends:
        await asyncio.sleep(0.01)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    assert [writes.log_position for writes in tries] == [1, 1]
