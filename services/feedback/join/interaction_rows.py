"""Rows of the interactions tables, while more may come for their days."""

import hashlib
import sqlite3
from typing import Any

from services.feedback.join.attribution import DAY_US, TOO_LATE, Windows, day_of
from services.feedback.join.observed import Interaction
from services.feedback.join.staging import Staging

REPEATED = "repeated"
_ID_BYTES = 8  # of 10 million events in ten days, two share a number once in 400,000 times
# The log may have an event up to a day before its time, and so much later the end of its day comes
_AROUND_A_DAY_US = 2 * DAY_US
# In the order of the columns of the table, but for what is known only when it is written
STAGED = "visitor_id, user_id, session_id, query_id, event_id, action, product_id, quantity, price, at_us"


class InteractionRows:
    """A row a line of each event. Knows event ids for as long as a day of theirs may change."""

    def __init__(self, staging: Staging, windows: Windows) -> None:
        self._staging = staging
        self._windows = windows
        self._taken: list[tuple[Any, ...]] = []
        self._known_us = windows.purchase_us + windows.late_us + _AROUND_A_DAY_US

    def take(self, done: Interaction, logged_us: int, sealed_day: int) -> str:
        """Take in the lines of an event, in a transaction. Returns why not; empty if they are
        taken.
        """
        day = self.day(done, logged_us)
        if day <= sealed_day:
            return TOO_LATE
        if not self._is_new(done, logged_us):
            return REPEATED
        event = (day, done.at_us, done.visitor_id, done.event_id)
        said = (done.query_id, done.action, done.user_id, done.session_id)
        self._taken += [(*event, number, *said, *line) for number, line in enumerate(done.lines)]
        return ""

    def day(self, done: Interaction, logged_us: int) -> int:
        """The day whose table has an event: its own; if the log got it after that was final, the log's.

        So a shop may send its old orders.
        """
        day = day_of(done.at_us)
        return day if logged_us <= self._windows.ends_us(day) else day_of(logged_us)

    def flush(self) -> None:
        """Stage the lines that were taken in. To be called at the end of the transaction."""
        insert = "INSERT OR IGNORE INTO interaction_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._staging.connection.executemany(insert, self._taken)

    def clear(self) -> None:
        """Forget what was taken in. To be called after the transaction, also if it failed."""
        self._taken.clear()

    def _is_new(self, done: Interaction, logged_us: int) -> bool:
        """An event_id counts again only when no day that has it can change any more.

        The records of a visitor come in the order of the log, so the first one stands.
        """
        name = f"{done.visitor_id}\0{done.event_id}".encode()
        note = (
            "INSERT INTO event_ids VALUES (?, ?) ON CONFLICT DO UPDATE"
            " SET logged_us = excluded.logged_us WHERE excluded.logged_us > logged_us + ?"
        )
        digest = hashlib.blake2b(name, digest_size=_ID_BYTES).digest()
        number = int.from_bytes(digest, "big", signed=True)
        return self._staging.rows(note, number, logged_us, self._known_us).rowcount > 0

    def of_day(self, day: int) -> sqlite3.Cursor:
        """The rows of a day (see STAGED), by time, visitor, event and line."""
        select = f"SELECT {STAGED} FROM interaction_rows WHERE day = ?"
        return self._staging.rows(f"{select} ORDER BY at_us, visitor_id, event_id, line", day)

    def seal(self, day: int) -> None:
        """Forget the rows of this day and those before it. To be called in a transaction."""
        self._staging.rows("DELETE FROM interaction_rows WHERE day <= ?", day)

    def forget_ids(self, now_us: int) -> None:
        """Forget the ids that no record from now on can repeat. To be called in a transaction."""
        self._staging.rows("DELETE FROM event_ids WHERE logged_us < ?", now_us - self._known_us)
