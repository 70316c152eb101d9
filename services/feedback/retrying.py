"""Wait for a server that is down, for as long as it takes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import TypeVar

from services.feedback.progress import Progress
from shared.errors import AisleError

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)


async def retrying(call: Callable[[], Awaitable[Result]], progress: Progress) -> Result:
    """Repeat `call` until it raises no AisleError. Returns its result.

    Meanwhile `progress.waiting_for` has the error, which is also logged.
    """
    for pause_seconds in chain(_PAUSES_SECONDS, repeat(_PAUSES_SECONDS[-1])):
        try:
            result = await call()
        except AisleError as error:
            if not progress.waiting_for:
                _LOG.warning("waiting: %s", error)
            progress.waiting_for = str(error)
            await asyncio.sleep(pause_seconds)
            continue
        if progress.waiting_for:
            _LOG.info("recovered")
            progress.waiting_for = ""
        return result
    raise AssertionError("repeat does not end")
