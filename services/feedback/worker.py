"""Follow the log of user events, and keep the visitors' states."""

import asyncio
import logging
import time
from collections.abc import Callable

from services.feedback import sessions
from services.feedback.interaction import Interaction
from shared.events.log import DEAD_LETTERS, USER_EVENTS, EventLog, NewRecord, Record
from shared.features.store import TTL_SECONDS, FeatureStore

_logger = logging.getLogger(__name__)
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 0.5


class SessionWorker:
    """Applies each record once, in order.

    With a store that starts empty (standalone) it reads the log from the start and so rebuilds the store; records
    older than the states live are passed over unread.
    """

    def __init__(
        self, log: EventLog, store: FeatureStore, parse: Callable[[bytes], Interaction], after_offset: int = 0
    ) -> None:
        """`parse` turns a record's value into an Interaction, or raises ValueError."""
        self._log, self._store, self._parse = log, store, parse
        self.position = after_offset  # of the last record applied
        self.dead_letter_count = 0

    async def run(self) -> None:
        """Follow the log until cancelled; an error, whatever it is, is waited out."""
        while True:
            try:
                await self.catch_up()
                await self._log.wait(USER_EVENTS, self.position, _WAIT_SECONDS)
            except Exception:  # none may end the following
                _logger.exception("user events after offset %d could not be applied; trying again", self.position)
                await asyncio.sleep(_RETRY_SECONDS)

    async def catch_up(self) -> None:
        """Apply everything that is in the log now."""
        while records := await self._log.read(USER_EVENTS, self.position):
            for record in records:
                await self._apply(record)
                self.position = record.offset
            await asyncio.sleep(0)  # a long replay leaves room for pages

    async def _apply(self, record: Record) -> None:
        if record.value is None or record.time_seconds < time.time() - TTL_SECONDS:
            return
        try:
            interaction = self._parse(record.value)
        except ValueError as error:
            await self._bury(record, error)
            return
        state = await self._store.visitor(interaction.visitor_id)
        await self._store.put_visitor(interaction.visitor_id, sessions.after(state, interaction))

    async def _bury(self, record: Record, error: ValueError) -> None:
        """Put a record that nobody can read aside, once, so that the ones behind it are not held up."""
        place = f"{USER_EVENTS}:{record.offset}"
        _logger.error("%s cannot be read (%s); it is put in %s", place, error, DEAD_LETTERS)
        await self._log.append(DEAD_LETTERS, [NewRecord(place, record.value, event_id=place)])
        self.dead_letter_count += 1
