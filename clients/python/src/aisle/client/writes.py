"""What became of writes, and reading them back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aisle.client.errors import AisleError, InvalidRequest
from aisle.v1.catalog_pb2 import (
    DeleteProductsResponse,
    GetProductRequest,
    ProductRejection,
    UpsertProductsResponse,
)
from aisle.v1.search_pb2 import SearchRequest

_MAX_LISTED = 1_000
_FIELD = "wait_for_visible"


@dataclass(slots=True)
class WriteResult:
    """What became of an upsert or a delete, over all of its calls. What was accepted is durable."""

    accepted_count: int = 0
    rejected_count: int = 0
    # the first 1,000; positions count from 1
    rejections: list[ProductRejection] = field(default_factory=list)
    log_position: int = 0  # of the last write: what wait_for_visible takes; 0 if nothing was sent

    def add_upsert(self, response: UpsertProductsResponse) -> None:
        """Count one call's outcome."""
        sent_before = self.accepted_count + self.rejected_count
        for rejection in response.rejections[: _MAX_LISTED - len(self.rejections)]:
            rejection.position += sent_before
            self.rejections.append(rejection)
        self.accepted_count += response.accepted_count
        self.rejected_count += response.rejected_count
        self.log_position = response.log_position

    def add_delete(self, count: int, response: DeleteProductsResponse) -> None:
        """Count one call's outcome."""
        self.accepted_count += count
        self.log_position = response.log_position


class OwnWrites:
    """The position of the last write of a client; any thread may use it."""

    def __init__(self, are_read: bool) -> None:
        """`are_read` says that reads wait for it."""
        self._are_read = are_read
        self._lock = threading.Lock()
        self._log_position = 0

    @contextmanager
    def noted(self) -> Iterator[WriteResult]:
        """Note the position of what is written in the block, whose errors say what was written."""
        result = WriteResult()
        try:
            yield result
        except AisleError as error:
            error.written = result
            raise
        finally:
            with self._lock:
                self._log_position = max(self._log_position, result.log_position)

    def ask_for(self, request: SearchRequest | GetProductRequest) -> None:
        """Make a read that names no position wait for the last write."""
        if self._are_read and not request.wait_for_visible:
            request.wait_for_visible = self._log_position

    def forget(self, request: SearchRequest | GetProductRequest, error: InvalidRequest) -> bool:
        """Whether a read failed because the engine's log no longer has the last write, and is to be
        made without it.

        That is so when the engine was given other data.
        """
        position = request.wait_for_visible
        with self._lock:
            is_ours = self._are_read and position != 0 and position == self._log_position
            if not is_ours or all(each.field != _FIELD for each in error.field_violations):
                return False
            self._log_position = request.wait_for_visible = 0
        return True
