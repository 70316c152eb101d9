"""Events in transit. When a stream breaks, unacknowledged events are sent again on the next one."""

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
    """The events taken from the caller that are not acknowledged yet, in order.

    Any thread may use it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[UserEvent] = deque()
        self._sent_count = 0  # how many of them were sent on the current stream
        self._stream = 0
        self._failure: Exception | None = None

    def begin(self) -> int:
        """Begin a stream and return its number. Earlier streams get no more events."""
        with self._lock:
            self._stream += 1
            self._sent_count = 0
            return self._stream

    def is_over(self, stream: int) -> bool:
        """Whether another stream has begun, or the caller has left."""
        return stream != self._stream

    def add(self, event: UserEvent) -> None:
        """Add an event. An event without an event_id gets one."""
        if not event.event_id:
            event.event_id = uuid.uuid4().hex
        with self._lock:
            self._waiting.append(event)

    def has_unsent(self) -> bool:
        """Whether an event waits to be sent on the current stream."""
        with self._lock:
            return self._sent_count < len(self._waiting)

    def next(self, stream: int) -> StreamEventsRequest | None:
        """The next event to send on a stream. Returns None if all were sent."""
        with self._lock:
            if self.is_over(stream) or self._sent_count == len(self._waiting):
                return None
            self._sent_count += 1
            return StreamEventsRequest(event=self._waiting[self._sent_count - 1])

    def acknowledged(self) -> None:
        """Record that the server has answered the oldest unacknowledged event."""
        with self._lock:
            self._waiting.popleft()
            self._sent_count -= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Send no more, because the caller has left or all tries have failed.

        An AisleError receives the unacknowledged events.
        """
        self.begin()
        if isinstance(error, AisleError):
            error.unacknowledged = tuple(self._waiting)

    def fail(self, error: Exception) -> None:
        """Record the error with which the caller's events ended."""
        self._failure = error

    def check(self) -> None:
        """Raise the error of the caller's events, once the events before it are acknowledged."""
        if self._failure is not None:
            raise self._failure


class Outbox(Unacknowledged):
    """Takes events from an iterable, in the threads in which gRPC sends."""

    def __init__(self, events: Iterable[UserEvent]) -> None:
        super().__init__()
        self._events = iter(events)
        # Held to take an event: the thread of a broken stream may still wait for the next one
        self._turn = threading.Lock()

    def requests(self, stream: int) -> Iterator[StreamEventsRequest]:
        """The messages to send on a stream."""
        while not self.is_over(stream):
            if (request := self.next(stream)) is not None:
                yield request
            elif not self._take(stream):
                return

    def _take(self, stream: int) -> bool:
        """Take the next event from the caller. Returns False if there is none."""
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
        # Stays pending when the stream that waits for it breaks
        self._taking: asyncio.Task[bool] | None = None

    async def requests(self, stream: int) -> AsyncIterator[StreamEventsRequest]:
        """The messages to send on a stream."""
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
        """Take the next event from the caller. Returns False if there is none."""
        try:
            self.add(await anext(self._events))
        except StopAsyncIteration:
            return False
        except Exception as error:
            self.fail(error)
            return False
        return True

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """See Unacknowledged. It also stops taking events."""
        super().__exit__(kind, error, trace)
        if self._taking is not None:
            self._taking.cancel()


async def _each(events: Iterable[UserEvent]) -> AsyncIterator[UserEvent]:
    for event in events:
        yield event
