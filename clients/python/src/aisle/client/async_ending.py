"""How a call of grpc.aio has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from grpc import StatusCode, aio

_LOST = "Internal error from Core"  # grpc.aio's own words
_LOOKS = 20
_LOOK_SECONDS = 0.01


class Ending:
    """Keeps the status of a call.

    When a call ends while the client still sends, grpc.aio may report INTERNAL in place of the
    status that the engine sent. The right one is there at the moment when the call is done, or a
    moment later.
    """

    def __init__(self, call: Any) -> None:
        """`call` is any that grpc.aio has made, and has just begun."""
        self._call = call
        self._kept: aio.AioRpcError | None = None
        call.add_done_callback(self._keep)

    async def failure(self, failed: aio.AioRpcError) -> aio.AioRpcError:
        """What the call has failed with, where it raised `failed`."""
        for _ in range(_LOOKS):
            if not _is_lost(failed):
                break
            if self._kept is not None and not _is_lost(self._kept):
                return self._kept
            await asyncio.sleep(_LOOK_SECONDS)
            self._keep(self._call)
        return failed

    def _keep(self, call: Any) -> None:
        """Look at the status. The first one that is not lost stays: some versions call this twice."""
        if self._kept is not None and not _is_lost(self._kept):
            return
        status = [_result(each) for each in (call.code(), call.trailing_metadata(), call.details())]
        if status[0] is not None:
            self._kept = aio.AioRpcError(status[0], aio.Metadata(), status[1] or aio.Metadata(), status[2])


def _is_lost(failed: aio.AioRpcError) -> bool:
    return failed.code() is StatusCode.INTERNAL and failed.details() == _LOST


def _result(ended: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that does not wait; None if it does."""
    try:
        ended.send(None)
    except StopIteration as stopped:
        return stopped.value
    ended.close()
    return None
