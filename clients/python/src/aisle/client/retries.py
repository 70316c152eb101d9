"""Decides which failed calls are tried again, and when."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from grpc import StatusCode

from aisle.client.errors import AisleError, forbids_retry, from_call
from aisle.error_details import FailedCall

# Random share added to a pause, so that callers refused together do not return together
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The number of tries, and the pauses if the server names none.

    Calls are tried again if the server is unavailable, or is overloaded and says when to return.
    All calls are safe to repeat: writes replace, and an event with a known event_id is a duplicate.
    """

    max_tries: int = 4  # 1: no retry
    first_pause_seconds: float = 0.1  # doubles with each try
    longest_pause_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Raises ValueError if a number is out of range."""
        if self.max_tries < 1:
            raise ValueError(f"max_tries is {self.max_tries}; use 1 or more")
        if not 0 <= self.first_pause_seconds <= self.longest_pause_seconds:
            raise ValueError("first_pause_seconds must be between 0 and longest_pause_seconds")


class Tries:
    """The tries of one call."""

    def __init__(
        self,
        policy: RetryPolicy,
        timeout_seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout_seconds` covers all tries and pauses. None means no limit."""
        self._policy = policy
        self._clock = clock
        self._ends_at = None if timeout_seconds is None else clock() + timeout_seconds
        self._failed_count = 0

    def left_seconds(self) -> float | None:
        """The rest of the timeout, at least 0. None means no limit."""
        return None if self._ends_at is None else max(0.0, self._ends_at - self._clock())

    def progressed(self) -> None:
        """Record progress of the call, which resets the count of failures."""
        self._failed_count = 0

    def pause_seconds(self, failed: FailedCall) -> float:
        """The pause before the next try. Raises AisleError if there is none."""
        error = from_call(failed)
        self._failed_count += 1
        if self._failed_count >= self._policy.max_tries or forbids_retry(failed) or not _may_pass(error):
            raise error
        pause = max(self._own_pause(), error.retry_after_seconds or 0.0) * (1 + _JITTER * random.random())
        left = self.left_seconds()
        if left is not None and pause >= left:
            raise error
        return pause

    def _own_pause(self) -> float:
        doubled: float = self._policy.first_pause_seconds * 2 ** (self._failed_count - 1)
        return min(self._policy.longest_pause_seconds, doubled)


def _may_pass(error: AisleError) -> bool:
    return error.retry_after_seconds is not None or (
        error.code is StatusCode.UNAVAILABLE and not error.reason
    )
