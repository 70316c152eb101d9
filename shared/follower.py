"""Go over to what is published in a data folder, without a restart."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from shared.errors import AisleError
from shared.log_once import LogOnce

Name = TypeVar("Name")

_LOG = logging.getLogger(__name__)


class Follower(Generic[Name]):
    """Takes up what `newest` names whenever that has changed.

    Whatever cannot be named or taken up is reported once, and what was taken up before goes on
    serving.
    """

    def __init__(self, newest: Callable[[], Name], take_up: Callable[[Name], None]) -> None:
        """`take_up` is called off the event loop."""
        self._newest = newest
        self._take_up = take_up
        self._seen: Name | None = None
        self._looking = asyncio.Lock()
        self._failures = LogOnce(_LOG, "what is newest is not served, the one before goes on: %s")

    def skip(self) -> None:
        """What is newest now has been taken up already."""
        with suppress(AisleError):  # the next look says what is wrong
            self._seen = self._newest()

    async def look(self) -> None:
        """Take up what is new; on return nobody else is still at it."""
        async with self._looking:
            try:
                await self._take_up_if_new()
            except Exception as error:  # none may end the following: the next version may be a good one
                self._failures.log(error)

    async def run(self, refresh_seconds: float) -> None:
        """Look every `refresh_seconds`, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(refresh_seconds)

    async def _take_up_if_new(self) -> None:
        if (name := self._newest()) != self._seen:
            self._seen = name
            await asyncio.to_thread(self._take_up, name)
            self._failures.recovered()
