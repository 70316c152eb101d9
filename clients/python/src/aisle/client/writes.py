"""Tracks the positions of writes, so that reads can wait for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aisle.client.errors import AisleError, InvalidRequest
from aisle.client.write_result import WriteResult
from aisle.v1.catalog_pb2 import (
    GetProductRequest,
)
from aisle.v1.recommend_pb2 import RecommendRequest
from aisle.v1.search_pb2 import SearchRequest

Read = SearchRequest | RecommendRequest | GetProductRequest

_FIELD = "wait_for_visible"


class OwnWrites:
    """The position of a client's last write. Any thread may use it."""

    def __init__(self, are_read: bool) -> None:
        """`are_read` makes reads wait for it."""
        self._are_read = are_read
        self._lock = threading.Lock()
        self._log_position = 0

    @contextmanager
    def noted(self) -> Iterator[WriteResult]:
        """Note the position of the writes in the block.

        Errors receive the result of the writes before them.
        """
        result = WriteResult()
        try:
            yield result
        except AisleError as error:
            error.written = result
            raise
        finally:
            with self._lock:
                self._log_position = max(self._log_position, result.log_position)

    def ask_for(self, request: Read) -> None:
        """Make a read that names no position wait for the last write."""
        if self._are_read and not request.wait_for_visible:
            request.wait_for_visible = self._log_position

    def forget(self, request: Read, error: InvalidRequest) -> bool:
        """Whether a read failed because the server's log lacks the last write. It must be repeated
        without it.

        This happens after the server was given other data.
        """
        position = request.wait_for_visible
        with self._lock:
            is_ours = self._are_read and position != 0 and position == self._log_position
            if not is_ours or all(each.field != _FIELD for each in error.field_violations):
                return False
            self._log_position = request.wait_for_visible = 0
        return True
