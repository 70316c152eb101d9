import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from aisle.v1.dead_letters_pb2 import DeadLetter
from shared.errors import Overloaded, Unavailable
from shared.events import dead_letters
from shared.events.log import (
    CATALOG,
    DEAD_LETTERS,
    USER_EVENTS,
    Appended,
    NewRecord,
    RecordsRefused,
)
from shared.events.spooled import SpooledEventLog
from shared.events.sqlite import SqliteEventLog


class Switched(SqliteEventLog):
    """A log that is away when a test says so."""

    trouble: Exception | None = None
    appends = 0

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        self.appends += 1
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble
        return await super().append(topic, records)


@pytest.fixture
def log(tmp_path: Path) -> Switched:
    return Switched(tmp_path / "log.sqlite")


@pytest.fixture
async def spooled(log: Switched, tmp_path: Path) -> AsyncIterator[SpooledEventLog]:
    opened = SpooledEventLog(log, tmp_path / "spool", [USER_EVENTS], max_bytes=0)
    yield opened
    await opened.close()


@pytest.fixture
def tries_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is away is tried again at once."""
    monkeypatch.setattr("shared.events.spool._RETRY_SECONDS", 0.01)


def event(number: int) -> NewRecord:
    return NewRecord("v", str(number).encode(), f"e{number}")


async def numbers(log: Switched, count: int) -> list[int]:
    """What is in the log, once there are so many records."""
    async with asyncio.timeout(10):
        while len(found := await log.read(USER_EVENTS, 0)) < count:
            await asyncio.sleep(0.01)
    return [int(record.value or b"") for record in found]


async def letters(log: Switched) -> list[DeadLetter]:
    """The dead letters, once there is one."""
    async with asyncio.timeout(10):
        while not (found := await log.read(DEAD_LETTERS, 0)):
            await asyncio.sleep(0.01)
    return [dead_letters.from_record(record) for record in found]


async def test_a_log_that_is_there_gets_records_at_once(log: Switched, spooled: SpooledEventLog) -> None:
    assert await spooled.append(USER_EVENTS, [event(0)]) == [Appended(1)]
    assert await numbers(log, 1) == [0]


async def test_records_taken_while_the_log_is_away_arrive_in_order_and_before_later_ones(
    log: Switched, spooled: SpooledEventLog
) -> None:
    await spooled.append(USER_EVENTS, [event(0)])
    log.trouble = Unavailable("away")
    for number in range(1, 50):
        assert await spooled.append(USER_EVENTS, [event(number)]) == [Appended(0)]
    log.trouble = None
    for number in range(50, 100):
        await spooled.append(USER_EVENTS, [event(number)])
        await asyncio.sleep(0.02)
    assert await numbers(log, 100) == list(range(100))
    assert (await spooled.append(USER_EVENTS, [event(100)]))[0].offset == 101


async def test_while_the_log_is_known_to_be_away_appends_do_not_try_it(
    log: Switched, spooled: SpooledEventLog
) -> None:
    log.trouble = Unavailable("away")
    for number in range(200):
        await spooled.append(USER_EVENTS, [event(number)])
    assert log.appends < 10  # the first one, and the replay's now and then


async def test_concurrent_callers_lose_nothing_when_the_log_goes_and_comes(
    log: Switched, spooled: SpooledEventLog
) -> None:
    async def caller(first: int) -> None:
        for number in range(first, first + 50):
            await spooled.append(USER_EVENTS, [event(number)])
            await asyncio.sleep(0.001)

    async def weather() -> None:
        for trouble in (Unavailable("away"), None, Unavailable("away"), None):
            await asyncio.sleep(0.05)
            log.trouble = trouble

    await asyncio.gather(weather(), *(caller(100 * index) for index in range(8)))
    found = await numbers(log, 400)
    for index in range(8):
        assert [number for number in found if number // 100 == index] == list(
            range(100 * index, 100 * index + 50)
        )


@pytest.mark.usefixtures("tries_soon")
async def test_a_caller_that_leaves_does_not_let_others_overtake(
    log: Switched, spooled: SpooledEventLog
) -> None:
    log.trouble = Unavailable("away")
    await spooled.append(USER_EVENTS, [event(0)])
    leaving = asyncio.create_task(spooled.append(USER_EVENTS, [event(1)]))
    await asyncio.sleep(0)
    leaving.cancel()
    await spooled.append(USER_EVENTS, [event(2)])
    log.trouble = None
    assert await numbers(log, 3) == [0, 1, 2]


async def test_the_next_process_appends_what_was_left_behind(log: Switched, tmp_path: Path) -> None:
    log.trouble = Unavailable("away")
    first = SpooledEventLog(log, tmp_path / "spool", [USER_EVENTS], max_bytes=0)
    await first.append(USER_EVENTS, [event(number) for number in range(3)])
    await first.close()
    again = Switched(tmp_path / "log.sqlite")
    second = SpooledEventLog(again, tmp_path / "spool", [USER_EVENTS], max_bytes=0)
    await second.append(USER_EVENTS, [event(3)])
    assert await numbers(again, 4) == [0, 1, 2, 3]
    await second.close()


async def test_a_log_with_too_much_to_do_is_not_away(log: Switched, spooled: SpooledEventLog) -> None:
    log.trouble = Overloaded("too much")
    with pytest.raises(Overloaded):
        await spooled.append(USER_EVENTS, [event(0)])


async def test_other_topics_are_not_spooled(log: Switched, spooled: SpooledEventLog) -> None:
    log.trouble = Unavailable("away")
    with pytest.raises(Unavailable, match="away"):
        await spooled.append(CATALOG, [NewRecord("p", b"x")])


@pytest.mark.usefixtures("tries_soon")
async def test_an_error_that_nobody_expected_does_not_end_the_replay(
    log: Switched, spooled: SpooledEventLog
) -> None:
    log.trouble = Unavailable("away")
    await spooled.append(USER_EVENTS, [event(0)])
    log.trouble = ValueError("a defect")
    tries = log.appends
    async with asyncio.timeout(10):
        while log.appends < tries + 2:
            await asyncio.sleep(0.01)
    log.trouble = None
    assert await numbers(log, 1) == [0]


async def replayed(spooled: SpooledEventLog) -> None:
    """Return once the spool is empty: until then a record goes behind those that are in it."""
    async with asyncio.timeout(10):
        while spooled._spools[USER_EVENTS].holds:
            await asyncio.sleep(0.01)


class Picky(Switched):
    """A log that refuses some records, and those that are too large for a topic, while it writes
    the others.
    """

    most_bytes = 1_000_000

    async def append(self, topic: str, records: Sequence[NewRecord]) -> list[Appended]:
        bad = [
            record
            for record in records
            if record.value == b"bad" or len(record.value or b"") > self.most_bytes
        ]
        good = [record for record in records if record not in bad]
        places = dict(zip((id(record) for record in good), await super().append(topic, good), strict=True))
        if bad:
            raise RecordsRefused(
                bad[0].key, "is bad", [places.get(id(record), "is bad") for record in records]
            )
        return list(places.values())


@pytest.mark.usefixtures("tries_soon")
async def test_what_the_log_refuses_becomes_a_dead_letter_and_the_rest_arrives(
    tmp_path: Path,
) -> None:
    log = Picky(tmp_path / "log.sqlite")
    log.trouble = Unavailable("away")
    spooled = SpooledEventLog(log, tmp_path / "spool", [USER_EVENTS], max_bytes=0)
    for record in (event(0), NewRecord("v", b"bad", "bad"), event(1)):
        await spooled.append(USER_EVENTS, [record])
    log.trouble = None
    assert await numbers(log, 2) == [0, 1]
    assert [(letter.value, letter.reason) for letter in await letters(log)] == [(b"bad", "is bad")]
    await replayed(spooled)
    # It is not acknowledged yet, so its caller receives the error
    with pytest.raises(RecordsRefused):
        await spooled.append(USER_EVENTS, [NewRecord("v", b"bad", "again")])
    await spooled.close()


@pytest.mark.usefixtures("tries_soon")
async def test_a_dead_letter_holds_as_much_as_the_log_takes(tmp_path: Path) -> None:
    log = Picky(tmp_path / "log.sqlite")
    log.trouble = Unavailable("away")
    log.most_bytes = 50_000
    spooled = SpooledEventLog(log, tmp_path / "spool", [USER_EVENTS], max_bytes=0)
    await spooled.append(USER_EVENTS, [NewRecord("v", b"x" * 100_000, "large")])
    await spooled.append(USER_EVENTS, [event(1)])
    log.trouble = None
    assert await numbers(log, 1) == [1]
    (letter,) = await letters(log)
    assert (len(letter.value), letter.value_bytes) == (10_000, 100_000)
    await spooled.close()


async def test_a_second_process_does_not_get_the_spool(
    spooled: SpooledEventLog, log: Switched, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match=r"aisle\.user-events\.sqlite is in use by process"):
        SpooledEventLog(log, tmp_path / "spool", [USER_EVENTS], max_bytes=0)
