"""Events on their way: what is not acknowledged when a stream breaks is sent again on the next."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Self

from aisle.client.errors import AisleError
from aisle.v1.events_pb2 import StreamEventsRequest, UserEvent


class Unacknowledged:
    """Events that were taken from the caller and are not acknowledged yet, in order.

    Any thread may use it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[UserEvent] = deque()
        self._sent_count = 0  # of those, on the stream of now
        self._stream = 0
        self._failure: Exception | None = None

    def begin(self) -> int:
        """Begin a stream; its number. Streams before it get no more events."""
        with self._lock:
            self._stream += 1
            self._sent_count = 0
            return self._stream

    def is_over(self, stream: int) -> bool:
        """Whether another stream has begun, or the caller has left."""
        return stream != self._stream

    def add(self, event: UserEvent) -> None:
        """Take an event, and give it an event_id if it has none."""
        if not event.event_id:
            event.event_id = uuid.uuid4().hex
        with self._lock:
            self._waiting.append(event)

    def has_unsent(self) -> bool:
        """Whether an event waits to be sent on the stream of now."""
        with self._lock:
            return self._sent_count < len(self._waiting)

    def next(self, stream: int) -> StreamEventsRequest | None:
        """The next event to send on a stream; None if all were sent."""
        with self._lock:
            if self.is_over(stream) or self._sent_count == len(self._waiting):
                return None
            self._sent_count += 1
            return StreamEventsRequest(event=self._waiting[self._sent_count - 1])

    def acknowledged(self) -> None:
        """The engine has answered the first event that was sent."""
        with self._lock:
            self._waiting.popleft()
            self._sent_count -= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """The caller has left, or all tries have failed: send no more.

        An AisleError has what was not acknowledged.
        """
        self.begin()
        if isinstance(error, AisleError):
            error.unacknowledged = tuple(self._waiting)

    def fail(self, error: Exception) -> None:
        """The caller's events ended with an error."""
        self._failure = error

    def check(self) -> None:
        """Raises the error with which the caller's events ended, once those before it are
        acknowledged.
        """
        if self._failure is not None:
            raise self._failure


class Outbox(Unacknowledged):
    """Takes events from an iterable, in the threads in which gRPC sends."""

    def __init__(self, events: Iterable[UserEvent]) -> None:
        super().__init__()
        self._events = iter(events)
        # To take one: the thread of a broken stream may still wait for the next event
        self._turn = threading.Lock()

    def requests(self, stream: int) -> Iterator[StreamEventsRequest]:
        """What is sent on a stream."""
        while not self.is_over(stream):
            if (request := self.next(stream)) is not None:
                yield request
            elif not self._take(stream):
                return

    def _take(self, stream: int) -> bool:
        """Take the next event from the caller; False if there is none."""
        with self._turn:
            if self.is_over(stream):
                return False
            if self.has_unsent():  # the thread before this one has taken it
                return True
            try:
                self.add(next(self._events))
            except StopIteration:
                return False
            except Exception as error:
                self.fail(error)
                return False
            return True


class AsyncOutbox(Unacknowledged):
    """Takes events from an iterable or an asynchronous one, in the event loop."""

    def __init__(self, events: Iterable[UserEvent] | AsyncIterable[UserEvent]) -> None:
        super().__init__()
        self._events = aiter(events) if isinstance(events, AsyncIterable) else _each(events)
        # Goes on when the stream that waits for it breaks
        self._taking: asyncio.Task[bool] | None = None

    async def requests(self, stream: int) -> AsyncIterator[StreamEventsRequest]:
        """What is sent on a stream."""
        while not self.is_over(stream):
            if (request := self.next(stream)) is not None:
                yield request
            elif not await self._taken():
                return

    async def _taken(self) -> bool:
        if self._taking is None:
            self._taking = asyncio.create_task(self._take())
        taken = await asyncio.shield(self._taking)
        self._taking = None
        return taken

    async def _take(self) -> bool:
        """Take the next event from the caller; False if there is none."""
        try:
            self.add(await anext(self._events))
        except StopAsyncIteration:
            return False
        except Exception as error:
            self.fail(error)
            return False
        return True

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """See Unacknowledged; no more events are taken, either."""
        super().__exit__(kind, error, trace)
        if self._taking is not None:
            self._taking.cancel()


async def _each(events: Iterable[UserEvent]) -> AsyncIterator[UserEvent]:
    for event in events:
        yield event
