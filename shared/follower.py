"""Follows the versions published in a data folder, without a restart."""

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from shared.log_once import LogOnce

Name = TypeVar("Name")

_LOG = logging.getLogger(__name__)


class Follower(Generic[Name]):
    """Switches to the version that `newest` names, whenever it changes.

    A version that cannot be named or opened is logged once, and the previous one stays in use.
    """

    def __init__(self, newest: Callable[[], Name], take_up: Callable[[Name], None]) -> None:
        """`take_up` is called off the event loop."""
        self._newest = newest
        self._take_up = take_up
        self._seen: Name | None = None
        self._looking = asyncio.Lock()
        self._failures = LogOnce(_LOG, "the newest version is not served, the previous one stays in use: %s")

    async def look(self) -> None:
        """Take up a new version. On return no other task is still doing so."""
        async with self._looking:
            try:
                await self._take_up_if_new()
            # Keep following after any error: the next version may be good
            except Exception as error:
                self._failures.log(error)

    async def run(self, refresh_seconds: float) -> None:
        """Check every `refresh_seconds`, forever."""
        while True:
            await self.look()
            await asyncio.sleep(refresh_seconds)

    async def _take_up_if_new(self) -> None:
        if (name := self._newest()) != self._seen:
            self._seen = name
            await asyncio.to_thread(self._take_up, name)
            self._failures.recovered()
