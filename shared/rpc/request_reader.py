"""Turns the bytes of a request into its message.

The bytes are decompressed and measured before they are parsed. gRPC would decompress first and
measure afterwards. So its decompression is off (shared/rpc/server.py), and this module decompresses
gzip, only up to the limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from shared.errors import AisleError, InvalidRequest
from shared.rpc.request_budget import RequestBudget
from shared.rpc.request_limits import FREE_BYTES, MAX_RATIO, RequestLimit
from shared.rpc.wire_parts import has_more_parts

# No message begins with this byte: wire type 7 does not exist
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for a gzip header with the largest window
_LARGE_BYTES = 256 << 10  # takes milliseconds to read
_KIB = 1 << 10


class RequestReader:
    """Reads the messages of one method."""

    def __init__(self, parse: Callable[[bytes], Any], limit: RequestLimit, budget: RequestBudget) -> None:
        self._parse = parse
        self._limit = limit
        self._budget = budget
        self._descriptor = getattr(getattr(parse, "__self__", None), "DESCRIPTOR", None)

    def take(self, data: bytes) -> bytes | AisleError:
        """The received bytes, or the error that rejects them.

        gRPC calls this, and would hide a raised error.
        """
        try:
            self._check_size(len(data))
            self._budget.check(len(data))
        except AisleError as error:
            return error.with_traceback(None)  # the buffer that holds the data
        return data

    async def read(self, data: bytes) -> Any:
        """The message.

        Large messages are read one after the other, so that other calls run in between.
        """
        if len(data) * (MAX_RATIO if _is_compressed(data) else 1) < _LARGE_BYTES:
            return self._message(data)
        async with self._budget.turn():
            return self._message(data)

    def _message(self, data: bytes) -> Any:
        if _is_compressed(data):
            data = _unzipped(data, self._limit.max_bytes)
            self._budget.check(len(data))
        most = self._limit.max_parts
        if self._descriptor is not None and has_more_parts(data, self._descriptor, most):
            raise InvalidRequest("request", f"has more than {most:,} fields and values; send fewer")
        try:
            return self._parse(data)
        except DecodeError as error:
            reason = f"cannot be read ({error}); send a message of this type, with texts in valid UTF-8"
            raise InvalidRequest("request", reason) from error

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._limit.max_bytes:
            most = _kib(self._limit.max_bytes)
            raise InvalidRequest("request", f"has {_kib(size_bytes)}; this method takes {most} at most")


def _is_compressed(data: bytes) -> bool:
    return data[:2] == _GZIP


def _unzipped(data: bytes, max_bytes: int) -> bytes:
    allowed = min(max_bytes, max(FREE_BYTES, MAX_RATIO * len(data)))
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        found = stream.decompress(data, allowed + 1)
    except zlib.error as error:
        raise InvalidRequest(
            "request", f"cannot be decompressed ({error}); send it without compression"
        ) from error
    if len(found) > allowed:
        remedy = "send less at a time, or without compression"
        raise InvalidRequest(
            "request", f"becomes more than {_kib(allowed)} when it is decompressed; {remedy}"
        )
    if not stream.eof or stream.unused_data:
        raise InvalidRequest("request", ("is not a whole gzip stream; send it again, or without compression"))
    return found


def _kib(count_bytes: int) -> str:
    return f"{count_bytes / _KIB:,.0f} KiB"
