"""Tell a reader that is at the end of its topics from one that has stopped."""

import logging

_LOG = logging.getLogger(__name__)
_PATIENCE = 2  # looks in a row that find a reader behind before it begins anew


class Watchdog:
    """Judges a reader that has had no record for some time, which means one of two things.

    The one who reads asks how many records wait for it, over another connection. If some do,
    `waiting_for` says so; if some still do at the next look, the reader is to begin anew with
    another client.
    """

    def __init__(self, name: str, look_seconds: float) -> None:
        """`name` stands for the reader in messages.

        It is looked at after `look_seconds` without a record.
        """
        self._name = name
        self._look_seconds = look_seconds
        self._quiet_seconds = 0.0  # of waiting for records since the last record or look
        self._looks = 0  # in a row that found it behind
        self._behind = ""
        self._away = ""

    @property
    def waiting_for(self) -> str:
        """What the reader waits for and should not have to; empty when all is well."""
        return self._away or self._behind

    def moved(self) -> None:
        """A record has come, or none is left to come."""
        if self._behind:
            _LOG.info("%s goes on", self._name)
        self._quiet_seconds = 0.0
        self._looks = 0
        self._behind = ""
        self._away = ""

    def is_due(self, quiet_seconds: float) -> bool:
        """Add some time of waiting without a record; whether it is time for a look."""
        self._quiet_seconds += quiet_seconds
        self._away = ""
        return self._quiet_seconds >= self._look_seconds

    def away(self, error: Exception) -> None:
        """The reader cannot reach the log."""
        if not self._away:
            _LOG.warning("%s waits: %s", self._name, error)
        self._away = str(error)

    def is_stuck(self, behind_count: int) -> bool:
        """Take note of a look, and of how many records wait; whether the reader is to begin anew."""
        self._quiet_seconds = 0.0
        if not behind_count:
            self.moved()
            return False
        self._looks += 1
        told = bool(self._behind)
        self._behind = f"{self._name} is behind by {behind_count:,} records and gets none; it begins anew"
        if not told:
            _LOG.error("%s", self._behind)
        return self._looks % _PATIENCE == 0
