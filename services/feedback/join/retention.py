"""Keep the tables within their age and size, and staging within what may still change."""

import logging
import shutil
from pathlib import Path

from services.feedback.join.attribution import DAY_US, Windows, day_of
from services.feedback.join.config import JoinConfig
from services.feedback.join.joiner import QUERIES, day_named, name_of
from services.feedback.join.paths import days_in, file_of_day, folder_of_day
from services.feedback.join.staging import Staging

_LOG = logging.getLogger(__name__)

# How much later than the others a partition of the log may be read
_BEHIND_US = DAY_US


class Retention:
    """Removes what is old. "Now" is when the newest record that is staged came, never the clock."""

    def __init__(self, root: Path, staging: Staging, config: JoinConfig) -> None:
        self._root = root
        self._staging = staging
        self._config = config
        self._windows = Windows.of(config)

    def look(self, seal: bool = True) -> None:
        """Remove tables that are too old or too large, and what is staged for days that are final.

        To be called after an export. `seal` False keeps what is staged: while the log is caught up with,
        one partition may be days behind another.
        """
        now_us = self._staging.now_us
        self._remove_old(day_of(now_us) - self._config.keep_days)
        self._remove_large()
        if seal:
            span_us = self._windows.purchase_us + self._windows.late_us + _BEHIND_US
            self.seal(day_of(now_us - span_us) - 1)
            self._forget_queries(day_of(now_us) - self._config.keep_days)

    def seal(self, day: int) -> None:
        """Leave the tables of this day and those before it as they are, and forget what they came from."""
        if day <= self._staging.sealed_day:
            return
        with self._staging.transaction():
            self._staging.set_meta("sealed_day", day)
            self._staging.rows("DELETE FROM pages WHERE day <= ?", day)
            self._staging.rows("DELETE FROM files WHERE name <= ?", name_of(day))
            # Their events may be of a day later, and of a page of the day after that
            self._staging.rows("DELETE FROM interactions WHERE logged_us < ?", (day - 1) * DAY_US)
            self._staging.rows("DELETE FROM visitor_days WHERE day < ?", day)

    def _forget_queries(self, before_day: int) -> None:
        """Forget those that were not typed since; their table is to be exported then."""
        old = "SELECT hash FROM queries WHERE last_day < ?"
        with self._staging.transaction():
            self._staging.rows(f"DELETE FROM query_visitors WHERE hash IN ({old})", before_day)
            if self._staging.rows("DELETE FROM queries WHERE last_day < ?", before_day).rowcount:
                self._staging.change({QUERIES})

    def _remove_old(self, before_day: int) -> None:
        for each in days_in(self._root):
            if (day := day_named(each.isoformat())) < before_day:
                self._remove(day, f"older than {self._config.keep_days} days")

    def _remove_large(self) -> None:
        """Remove the oldest tables until the others fit; the newest stays."""
        sizes = {
            day_named(each.isoformat()): file_of_day(self._root, each.isoformat()).stat().st_size
            for each in days_in(self._root)
        }
        total = sum(sizes.values())
        for day in sorted(sizes)[:-1]:
            if not self._config.max_bytes or total <= self._config.max_bytes:
                return
            total -= sizes[day]
            self._remove(day, f"the tables take more than {self._config.max_bytes:,} bytes")

    def _remove(self, day: int, reason: str) -> None:
        self.seal(day)
        with self._staging.transaction():
            self._staging.rows("DELETE FROM day_counts WHERE day = ?", name_of(day))
        shutil.rmtree(folder_of_day(self._root, name_of(day)))
        _LOG.info("the table of %s is removed: %s", name_of(day), reason)
