"""A client that blocks, behind the event loop: fakes stand for kafka-python's."""

import asyncio
import threading
from dataclasses import dataclass, field
from functools import partial

import pytest
from kafka.errors import KafkaTimeoutError, NotCoordinatorError, TopicAuthorizationFailedError

from shared.errors import Unavailable
from shared.events.kafka.session import KafkaSession

LIMIT_SECONDS = 0.2


@dataclass
class Client:
    """One whose call can be made to hang until it is closed."""

    closed: threading.Event = field(default_factory=threading.Event)

    def hang(self) -> str:
        self.closed.wait(30)
        return "freed"


@dataclass
class Shop:
    made: list[Client] = field(default_factory=list)

    def make(self) -> Client:
        self.made.append(Client())
        return self.made[-1]

    def session(self) -> KafkaSession:
        return KafkaSession(self.make, "broker:9092", lambda client: client.closed.set(), LIMIT_SECONDS)


def failing(error: Exception, client: Client) -> None:
    raise error


async def test_one_client_answers_all_calls_in_order() -> None:
    shop = Shop()
    session = shop.session()
    seen: list[int] = []

    def note(number: int, client: Client) -> None:
        seen.append(number)

    await asyncio.gather(*(session.use(partial(note, number)) for number in range(20)))
    assert seen == list(range(20)) and len(shop.made) == 1
    await session.close()
    assert shop.made[0].closed.is_set()


async def test_a_call_that_never_returns_is_abandoned_and_the_next_has_a_new_client() -> None:
    shop = Shop()
    session = shop.session()
    with pytest.raises(
        Unavailable, match=r"broker:9092 has not returned from a call for 0 s; a new one is made"
    ):
        await session.use(Client.hang)
    assert await session.use(lambda client: client) is shop.made[1]
    assert await asyncio.to_thread(shop.made[0].closed.wait, 5), "the one that hangs still holds its group"
    await session.close()


async def test_calls_that_wait_behind_one_that_hangs_are_told_at_once() -> None:
    session = Shop().session()
    found = await asyncio.gather(
        session.use(Client.hang),
        *(session.use(lambda _: "late") for _ in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(each, Unavailable) for each in found)
    assert await session.use(lambda _: "answered") == "answered"
    await session.close()


async def test_a_session_whose_client_hangs_can_be_closed() -> None:
    session = Shop().session()
    hanging = asyncio.create_task(session.use(Client.hang))
    await asyncio.sleep(0.05)
    await session.close()
    with pytest.raises(Unavailable):
        await hanging


async def test_an_error_that_passes_keeps_the_client_and_one_that_stays_does_not() -> None:
    shop = Shop()
    session = shop.session()
    for error in (KafkaTimeoutError(), NotCoordinatorError()):
        with pytest.raises(Unavailable):
            await session.use(partial(failing, error))
    assert len(shop.made) == 1
    with pytest.raises(Unavailable):
        await session.use(lambda _: failing(TopicAuthorizationFailedError(), _))
    await session.use(lambda _: None)
    assert len(shop.made) == 2 and shop.made[0].closed.is_set()
    await session.close()


async def test_a_defect_is_told_as_it_is() -> None:
    session = Shop().session()
    with pytest.raises(KeyError):
        await session.use(lambda _: failing(KeyError("x"), _))
    await session.close()


async def test_a_closed_session_is_used_no_more() -> None:
    session = Shop().session()
    await session.close()
    with pytest.raises(Unavailable, match="closed"):
        await session.use(lambda _: None)
