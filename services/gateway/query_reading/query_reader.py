"""Reads queries by a language model, within a page's time, and keeps what comes too late."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from cachetools import TTLCache

from services.gateway.query_reading.catalog_terms import CatalogTerms
from services.gateway.query_reading.model_reading import AS_TYPED, ModelReading, Unusable, read_answer
from services.gateway.query_reading.prompt import messages
from shared.errors import AisleError, Unavailable
from shared.stage import Missed, Stage

_LOG = logging.getLogger(__name__)
_LOG_SECONDS = 60.0
_REST_SECONDS = 5.0  # without calls after a failed one
_GATHERING_SECONDS = 10.0
_TERMS_SECONDS = 600.0  # after which the catalogue's terms are gathered again
_LEAST_WORDS = 2  # of a query: one word has no parts to be told apart


class Chat(Protocol):
    """A client of one model."""

    async def complete(self, messages: Sequence[dict[str, str]], /) -> str:
        """The model's answer. Raises Unavailable."""

    async def close(self) -> None: ...


class QueryReader:
    """One model. A query is asked for once at a time, and at most `max_calls` queries are."""

    def __init__(  # noqa: PLR0913 - the parts, and their limits
        self,
        chat: Chat,
        terms: Callable[[], Awaitable[CatalogTerms]],
        fair_ms: float,
        max_calls: int,
        max_bytes: int,
        ttl_seconds: float,
    ) -> None:
        """`terms` gathers what the catalogue can be filtered by. `fair_ms` is as in Stage.

        Readings are kept for `ttl_seconds`, in at most `max_bytes`.
        """
        self._chat = chat
        self._gather = terms
        self._stage = Stage("model", fair_ms=fair_ms)
        self._max_calls = max_calls
        self._readings: TTLCache[bytes, ModelReading] = TTLCache(max_bytes, ttl_seconds, getsizeof=_size)
        self._calls: dict[bytes, asyncio.Task[ModelReading]] = {}
        self._terms: CatalogTerms | None = None
        self._terms_until = 0.0
        self._gathering = asyncio.Lock()
        self._rests_until = 0.0
        self._failure = ""
        self._logs_from = 0.0

    async def read(self, query: str, language_code: str, limit_ms: float) -> ModelReading:
        """The reading of a clean query, within the limit.

        A later answer is kept for the next page with the query. Raises Missed.
        """
        if len(query.split()) < _LEAST_WORDS:
            return AS_TYPED
        key = hashlib.blake2b(f"{language_code}\0{query}".encode(), digest_size=16).digest()
        kept = self._readings.get(key)
        if kept is not None:
            return kept
        call = self._calls.get(key) or self._begun(key, query, language_code)
        # A page that leaves does not end the call
        return await self._stage.run(lambda: asyncio.shield(call), limit_ms)

    def _begun(self, key: bytes, query: str, language_code: str) -> asyncio.Task[ModelReading]:
        if time.monotonic() < self._rests_until:
            raise Missed(f"model: resting, {self._failure}")
        if len(self._calls) >= self._max_calls:
            raise Missed(f"model: {self._max_calls} other queries are being read")
        call = asyncio.create_task(self._asked(key, query, language_code))
        self._calls[key] = call
        call.add_done_callback(lambda ended: self._ended(key, ended))
        return call

    async def _asked(self, key: bytes, query: str, language_code: str) -> ModelReading:
        terms = await self._known_terms()
        answer = await self._chat.complete(messages(query, language_code, terms))
        try:
            reading = read_answer(answer, query, terms.fields)
        except Unusable as unusable:
            self._log(f"an answer is not used: {unusable}")
            reading = AS_TYPED
        if reading.size_bytes <= self._readings.maxsize:
            self._readings[key] = reading
        return reading

    async def _known_terms(self) -> CatalogTerms:
        async with self._gathering:
            if self._terms is None or time.monotonic() >= self._terms_until:
                try:
                    async with asyncio.timeout(_GATHERING_SECONDS):
                        self._terms = await self._gather()
                except TimeoutError:
                    raise Unavailable("the catalogue's fields did not come in time") from None
                self._terms_until = time.monotonic() + _TERMS_SECONDS
            return self._terms

    def _ended(self, key: bytes, call: asyncio.Task[ModelReading]) -> None:
        """Rest after a failure. Pages may have left, so the error is taken from the call."""
        del self._calls[key]
        error = None if call.cancelled() else call.exception()
        if error is None:
            return
        self._failure = str(error) if isinstance(error, AisleError) else type(error).__name__
        self._rests_until = time.monotonic() + _REST_SECONDS
        self._log(self._failure, error if not isinstance(error, AisleError) else None)

    def _log(self, reason: str, error: BaseException | None = None) -> None:
        """Log at most one line a minute."""
        if time.monotonic() >= self._logs_from:
            self._logs_from = time.monotonic() + _LOG_SECONDS
            # With %r: an answer's words cannot make lines of the log
            _LOG.warning("The language model that reads queries: %.300r", reason, exc_info=error)

    async def close(self) -> None:
        """Cancel the calls, and close the connections."""
        calls = list(self._calls.values())
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._chat.close()


def _size(reading: ModelReading) -> int:
    return reading.size_bytes
