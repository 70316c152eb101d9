"""Distinguishes a reader at the end of its topics from a reader that hangs."""

import logging

_LOG = logging.getLogger(__name__)
_CHECKS = 2  # in a row that find a reader behind, before it reconnects


class Watchdog:
    """Watches a reader that has received no record for some time.

    It may be at the end, or it may hang. Its owner counts the waiting records over another
    connection. If there are some, `waiting_for` says so. If there still are at the next check, the
    reader must reconnect.
    """

    def __init__(self, name: str, look_seconds: float) -> None:
        """`name` stands for the reader in messages.

        It is checked after `look_seconds` without a record.
        """
        self._name = name
        self._look_seconds = look_seconds
        self._quiet_seconds = 0.0  # spent waiting since the last record or check
        self._looks = 0  # checks in a row that found it behind
        self._behind = ""
        self._outage = ""

    @property
    def waiting_for(self) -> str:
        """The fault that keeps the reader waiting. Empty if it works."""
        return self._outage or self._behind

    def moved(self) -> None:
        """Record that the reader has received a record, or is at the end."""
        if self._behind:
            _LOG.info("%s continues", self._name)
        self._quiet_seconds = 0.0
        self._looks = 0
        self._behind = ""
        self._outage = ""

    def is_due(self, quiet_seconds: float) -> bool:
        """Add time spent waiting without a record. Returns whether a check is due."""
        self._quiet_seconds += quiet_seconds
        self._outage = ""
        return self._quiet_seconds >= self._look_seconds

    def unreachable(self, error: Exception) -> None:
        """Record that the reader cannot reach the log."""
        if not self._outage:
            _LOG.warning("%s waits: %s", self._name, error)
        self._outage = str(error)

    def is_stuck(self, behind_count: int) -> bool:
        """Record a check that found so many waiting records.

        Returns whether the reader must reconnect.
        """
        self._quiet_seconds = 0.0
        if not behind_count:
            self.moved()
            return False
        self._looks += 1
        is_logged = bool(self._behind)
        self._behind = f"{self._name} is behind by {behind_count:,} records and gets none; it reconnects"
        if not is_logged:
            _LOG.error("%s", self._behind)
        return self._looks % _CHECKS == 0
