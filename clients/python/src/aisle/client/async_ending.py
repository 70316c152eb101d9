"""Keeps the status with which a call of grpc.aio has ended."""

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

    If a call ends while the client still sends, grpc.aio may replace the server's status by
    INTERNAL. The right status is available when the call ends, or a moment later.
    """

    def __init__(self, call: Any) -> None:
        """`call` is a call of grpc.aio that has just begun."""
        self._call = call
        self._kept: aio.AioRpcError | None = None
        call.add_done_callback(self._keep)

    async def failure(self, failed: aio.AioRpcError) -> aio.AioRpcError:
        """The error of the call, which raised `failed`."""
        for _ in range(_LOOKS):
            if not _is_lost(failed):
                break
            if self._kept is not None and not _is_lost(self._kept):
                return self._kept
            await asyncio.sleep(_LOOK_SECONDS)
            self._keep(self._call)
        return failed

    def _keep(self, call: Any) -> None:
        """Read the status.

        The first one that is not lost is kept, because some versions call this twice.
        """
        if self._kept is not None and not _is_lost(self._kept):
            return
        status = [_result(each) for each in (call.code(), call.trailing_metadata(), call.details())]
        if status[0] is not None:
            self._kept = aio.AioRpcError(status[0], aio.Metadata(), status[1] or aio.Metadata(), status[2])


def _is_lost(failed: aio.AioRpcError) -> bool:
    return failed.code() is StatusCode.INTERNAL and failed.details() == _LOST


def _result(ended: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that does not wait. Returns None if it waits."""
    try:
        ended.send(None)
    except StopIteration as stopped:
        return stopped.value
    ended.close()
    return None
