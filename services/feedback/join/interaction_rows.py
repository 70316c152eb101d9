"""Staged rows of the interactions tables, while more may come for their days."""

import hashlib
import sqlite3
from typing import Any

from services.feedback.join.attribution import DAY_US, TOO_LATE, AttributionWindows, day_of
from services.feedback.join.observed import Interaction
from services.feedback.join.staging import Staging

REPEATED = "repeated"
_ID_BYTES = 8  # of 10 million events in ten days, two share a number once in 400,000 times
# An event may be logged up to a day before its own time; its day ends up to a day after that time
_AROUND_A_DAY_US = 2 * DAY_US
# In the order of the table's columns, without left_out, which is only known at the export
STAGED = "visitor_id, user_id, session_id, query_id, event_id, action, product_id, quantity, price, at_us"


class InteractionRows:
    """Stages one row per line of each event.

    Remembers an event id while a day that has it may change.
    """

    def __init__(self, staging: Staging, windows: AttributionWindows) -> None:
        self._staging = staging
        self._windows = windows
        self._taken: list[tuple[Any, ...]] = []
        self._known_us = windows.purchase_us + windows.late_us + _AROUND_A_DAY_US

    def take(self, interaction: Interaction, logged_us: int, sealed_day: int) -> str:
        """Take the lines of an event; call it in a transaction.

        Returns why not, or an empty text.
        """
        day = self.day(interaction, logged_us)
        if day <= sealed_day:
            return TOO_LATE
        if not self._is_new(interaction, logged_us):
            return REPEATED
        event = (day, interaction.at_us, interaction.visitor_id, interaction.event_id)
        fields = (interaction.query_id, interaction.action, interaction.user_id, interaction.session_id)
        self._taken += [(*event, number, *fields, *line) for number, line in enumerate(interaction.lines)]
        return ""

    def day(self, interaction: Interaction, logged_us: int) -> int:
        """The day whose table has an event: its own, or the day it was logged if its own was final.

        So a shop may send its old orders.
        """
        day = day_of(interaction.at_us)
        return day if logged_us <= self._windows.ends_us(day) else day_of(logged_us)

    def flush(self) -> None:
        """Stage the lines that were taken. Call it at the end of the transaction."""
        insert = "INSERT OR IGNORE INTO interaction_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._staging.connection.executemany(insert, self._taken)

    def clear(self) -> None:
        """Forget the lines that were taken. Call it after the transaction, also if it failed."""
        self._taken.clear()

    def _is_new(self, interaction: Interaction, logged_us: int) -> bool:
        """Whether the event_id counts: again only once no day that has it can change any more.

        The records of a visitor come in the order of the log, so the first one counts.
        """
        name = f"{interaction.visitor_id}\0{interaction.event_id}".encode()
        upsert = (
            "INSERT INTO event_ids VALUES (?, ?) ON CONFLICT DO UPDATE"
            " SET logged_us = excluded.logged_us WHERE excluded.logged_us > logged_us + ?"
        )
        digest = hashlib.blake2b(name, digest_size=_ID_BYTES).digest()
        number = int.from_bytes(digest, "big", signed=True)
        return self._staging.rows(upsert, number, logged_us, self._known_us).rowcount > 0

    def of_day(self, day: int) -> sqlite3.Cursor:
        """The rows of a day (see STAGED), by time, visitor, event and line."""
        select = f"SELECT {STAGED} FROM interaction_rows WHERE day = ?"
        return self._staging.rows(f"{select} ORDER BY at_us, visitor_id, event_id, line", day)

    def seal(self, day: int) -> None:
        """Forget the rows of this day and earlier ones. Call it in a transaction."""
        self._staging.rows("DELETE FROM interaction_rows WHERE day <= ?", day)

    def forget_ids(self, now_us: int) -> None:
        """Forget the ids that no later record can repeat. Call it in a transaction."""
        self._staging.rows("DELETE FROM event_ids WHERE logged_us < ?", now_us - self._known_us)
