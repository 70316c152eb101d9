"""Keeps the tables within their age and size, and staging to days that may still change."""

import logging
import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from services.feedback.join.attribution import DAY_US, AttributionWindows, day_of
from services.feedback.join.config import JoinConfig
from services.feedback.join.interaction_rows import InteractionRows
from services.feedback.join.joiner import QUERIES, day_named, file_name, name_of
from services.feedback.join.paths import (
    BY_DAY,
    IMPRESSIONS,
    INTERACTIONS,
    days_in,
    file_of_day,
    folder_of_day,
)
from services.feedback.join.staging import Staging

_LOG = logging.getLogger(__name__)

# How far one partition of the log may be read behind the others
_BEHIND_US = DAY_US


class Retention:
    """Removes old tables and rows. "Now" is the log time of the newest staged record."""

    def __init__(self, root: Path, staging: Staging, config: JoinConfig) -> None:
        self._root = root
        self._staging = staging
        self._config = config
        self._windows = AttributionWindows.of(config)
        self._rows = InteractionRows(staging, self._windows)

    def enforce(self, seal: bool = True) -> None:
        """Remove tables that are too old or too large, and staged rows of final days.

        Call it after an export. `seal` False keeps the staged rows: during catching up, one
        partition may be days behind another.
        """
        now_us = self._staging.now_us
        today = day_of(now_us)
        for table, kept_days in (
            (IMPRESSIONS, self._config.keep_days),
            (INTERACTIONS, self._config.keep_interaction_days),
        ):
            self._remove_old(table, today - kept_days, f"older than {kept_days} days")
        self._remove_large()
        if seal:
            span_us = self._windows.purchase_us + self._windows.late_us + _BEHIND_US
            self.seal(day_of(now_us - span_us) - 1)
            self._forget_queries(day_of(now_us) - self._config.keep_days)

    def seal(self, day: int) -> None:
        """Make the tables of this day and earlier ones final, and forget their staged rows."""
        if day <= self._staging.sealed_day:
            return
        with self._staging.transaction():
            self._staging.set_meta("sealed_day", day)
            self._staging.rows("DELETE FROM pages WHERE day <= ?", day)
            for table in BY_DAY:
                names = file_name(table, 0), file_name(table, day)
                self._staging.rows("DELETE FROM files WHERE name BETWEEN ? AND ?", *names)
            # An event may be logged a day before its own time, and its page may be of the next day
            self._staging.rows("DELETE FROM interactions WHERE logged_us < ?", (day - 1) * DAY_US)
            self._staging.rows("DELETE FROM visitor_days WHERE day < ?", day)
            self._rows.seal(day)
            self._rows.forget_ids(self._staging.now_us - _BEHIND_US)

    def _forget_queries(self, before_day: int) -> None:
        """Forget queries last typed before this day, and mark their table as changed."""
        old = "SELECT hash FROM queries WHERE last_day < ?"
        with self._staging.transaction():
            self._staging.rows(f"DELETE FROM query_visitors WHERE hash IN ({old})", before_day)
            if self._staging.rows("DELETE FROM queries WHERE last_day < ?", before_day).rowcount:
                self._staging.change({QUERIES})

    def _remove_old(self, table: str, before_day: int, reason: str) -> None:
        for each in days_in(self._root, table):
            day = day_named(each.isoformat())
            if day < before_day:
                self._remove(day, (table,), reason)

    def _remove_large(self) -> None:
        """Remove the oldest tables until the others fit. The newest is always kept."""
        sizes = self._sizes()
        total = sum(sizes.values())
        for day in sorted(sizes)[:-1]:
            if not self._config.max_bytes or total <= self._config.max_bytes:
                return
            total -= sizes[day]
            self._remove(day, BY_DAY, f"the tables take more than {self._config.max_bytes:,} bytes")

    def _sizes(self) -> Counter[int]:
        """The size of each day's files, in bytes."""
        sizes: Counter[int] = Counter()
        for table in BY_DAY:
            for each in days_in(self._root, table):
                name = each.isoformat()
                sizes[day_named(name)] += file_of_day(self._root, name, table).stat().st_size
        return sizes

    def _remove(self, day: int, tables: Collection[str], reason: str) -> None:
        self.seal(day)
        with self._staging.transaction():
            for table in tables:
                self._staging.rows("DELETE FROM day_counts WHERE day = ?", file_name(table, day))
        for table in tables:
            folder = folder_of_day(self._root, name_of(day), table)
            if folder.is_dir():
                shutil.rmtree(folder)
        _LOG.info("the %s of %s are removed: %s", " and ".join(tables), name_of(day), reason)
