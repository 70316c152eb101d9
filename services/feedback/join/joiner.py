"""Stages records of the log to be joined, each once despite redeliveries."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

from services.feedback.join import paths
from services.feedback.join.attribution import DAY_US, TOO_LATE, AttributionWindows, day_of
from services.feedback.join.config import JoinConfig
from services.feedback.join.interaction_rows import REPEATED, InteractionRows
from services.feedback.join.observed import Interaction, Page, Read
from services.feedback.join.staging import Staging
from services.feedback.join.typed_queries import TypedQueries
from shared.events.log import Record, ends
from shared.query_ids import milliseconds_in

_LOG = logging.getLogger(__name__)

QUERIES = "queries"  # the file of queries; for files of a day see `file_name`
PAGES = "pages"
INTERACTIONS = "interactions"
EVENTS = "events"  # those in the interactions tables; for others the reason is appended
_UNREADABLE = "unreadable"
# Later pages of a search come at most so many days after it
_LATER_PAGES_DAYS = 2


@lru_cache(maxsize=256)
def name_of(day: int) -> str:
    """The ISO date, such as 2026-11-29, of a day counted from 1970-01-01."""
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def day_named(name: str) -> int:
    """The reverse of `name_of`."""
    return date.fromisoformat(name).toordinal() - date(1970, 1, 1).toordinal()


def file_name(table: str, day: int) -> str:
    """The name in staging of a table's file of a day, such as impressions/2026-11-29."""
    return f"{table}/{name_of(day)}"


class Joiner:
    """Stages records. Use it from one thread at a time."""

    def __init__(
        self, staging: Staging, read: Read, config: JoinConfig, pause: Callable[[], None] = lambda: None
    ) -> None:
        """`pause` is called after each record, so that a process can give way to other work."""
        self._staging = staging
        self._read = read
        self._config = config
        self._pause = pause
        self._windows = AttributionWindows.of(config)
        self._queries = TypedQueries(staging, config.least_visitors, config.keep_days)
        self._rows = InteractionRows(staging, self._windows)
        self._names: dict[tuple[str, ...], int] = {}
        self._sealed_day = -1
        self._changed: set[str] = set()
        self._searches: set[str] = set()  # query_ids whose files are marked as changed
        self._counts: Counter[str] = Counter()
        self._active: Counter[tuple[int, str]] = Counter()  # interactions by (day, visitor)
        self._since: dict[tuple[int, str], int] = {}

    def stage(self, records: Sequence[Record]) -> None:
        """Stage records with their positions, in one transaction."""
        try:
            with self._staging.transaction():
                self._stage(records)
        except BaseException:
            self._names.clear()  # the rollback may have removed their rows
            raise
        finally:
            self._clear()

    def _clear(self) -> None:
        """Forget the state of one batch."""
        self._rows.clear()
        for each in (self._changed, self._searches, self._counts, self._active, self._since):
            each.clear()

    def _stage(self, records: Sequence[Record]) -> None:
        known = self._staging.positions()
        new = [each for each in records if each.offset > known.get((each.topic, each.partition), 0)]
        self._sealed_day = self._staging.sealed_day
        for record in new:
            self._take(record)
            self._pause()
        self._rows.flush()
        self._write_active()
        newest_us = max((_logged_us(record) for record in new), default=0)
        self._staging.set_meta("now_us", max(newest_us, self._staging.now_us))
        self._staging.change(self._changed)
        self._staging.add_counts(self._counts)
        self._staging.set_positions(ends(new))

    def _take(self, record: Record) -> None:
        try:
            content = self._read(record)
        except ValueError as error:
            place = f"{record.topic}:{record.partition}:{record.offset}"
            _LOG.warning("%s cannot be read (%s); it is not joined", place, error)
            content = _UNREADABLE
        if isinstance(content, Page):
            outcome = self._take_page(content, _logged_us(record))
        elif isinstance(content, Interaction):
            outcome = self._take_interaction(content, _logged_us(record))
        else:
            outcome = content
        self._counts[outcome] += 1

    def _take_page(self, page: Page, logged_us: int) -> str:
        """Returns PAGES, or the reason why the page is not new."""
        day = day_of(page.at_us)
        if logged_us > self._windows.ends_us(day) or day <= self._sealed_day:
            return TOO_LATE
        if page.query_hash and self._queries.take(page.query_hash, page.typed, page.visitor_id, day):
            self._changed.add(QUERIES)
        select = "SELECT rowid, at_us, visitor_id, body, day FROM pages WHERE query_id = ? AND first = ?"
        known = self._staging.rows(select, page.query_id, page.first).fetchone()
        if known:
            if known[1:4] <= (page.at_us, page.visitor_id, page.body):
                return REPEATED  # the earliest page is kept
            self._staging.rows("DELETE FROM pages WHERE rowid = ?", known[0])
            self._changed.add(file_name(paths.IMPRESSIONS, known[4]))
        self._insert_page(page, day)
        self._changed.add(file_name(paths.IMPRESSIONS, day))
        return REPEATED if known else PAGES

    def _insert_page(self, page: Page, day: int) -> None:
        names_id = self._names.get(page.feature_names) or self._names_id(page.feature_names)
        self._staging.rows(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(page.query_id, page.first, day, page.at_us, page.query_hash, names_id, page.visitor_id),
            *(page.user_id, page.session_id, json.dumps(page.experiment_ids), page.snapshot_version),
            *(page.bundle_version, page.arm, page.placement, page.body),
        )

    def _names_id(self, names: tuple[str, ...]) -> int:
        text = json.dumps(names)
        self._staging.rows("INSERT OR IGNORE INTO feature_names (names) VALUES (?)", text)
        found = self._staging.row("SELECT id FROM feature_names WHERE names = ?", text)
        self._names[names] = int(found[0])
        return self._names[names]

    def _take_interaction(self, interaction: Interaction, logged_us: int) -> str:
        """Stage it for the interactions tables, and for its page.

        Returns INTERACTIONS, or the reason why it does not count for a page.
        """
        left_out = self._rows.take(interaction, logged_us, self._sealed_day)
        self._counts[f"{EVENTS}.{left_out}" if left_out else EVENTS] += 1
        if not left_out:
            self._changed.add(file_name(paths.INTERACTIONS, self._rows.day(interaction, logged_us)))
        searched_us = milliseconds_in(interaction.query_id) * 1_000
        outcome = interaction.without_page or self._take_for_pages(interaction, logged_us, searched_us)
        if not left_out or outcome == INTERACTIONS:
            self._count_visitor(interaction, logged_us, searched_us)
        return outcome

    def _take_for_pages(self, interaction: Interaction, logged_us: int, searched_us: int) -> str:
        if searched_us and logged_us > self._windows.ends_us(day_of(searched_us) + _LATER_PAGES_DAYS):
            return TOO_LATE
        inserted = self._staging.rows(
            "INSERT OR IGNORE INTO interactions VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(interaction.query_id, interaction.visitor_id, interaction.event_id),
            *(interaction.at_us, logged_us, interaction.action),
            json.dumps(interaction.lines),
        )
        if not inserted.rowcount:
            return REPEATED
        self._change_pages(interaction.query_id)
        return INTERACTIONS

    def _change_pages(self, query_id: str) -> None:
        """Mark the files of a search's pages as changed, once a batch.

        Later pages mark their own.
        """
        if query_id not in self._searches:
            self._searches.add(query_id)
            days = self._staging.rows("SELECT DISTINCT day FROM pages WHERE query_id = ?", query_id)
            self._changed.update(file_name(paths.IMPRESSIONS, day) for (day,) in days)

    def _count_visitor(self, interaction: Interaction, logged_us: int, searched_us: int) -> None:
        """Count an interaction for its visitor and day, unless it comes later than `late_days`.

        So the count is final before the first table that depends on it.
        """
        day = day_of(interaction.at_us)
        if logged_us > (day + 1) * DAY_US + self._windows.late_us:
            return
        visitor_day = (day, interaction.visitor_id)
        self._active[visitor_day] += 1
        since = day_of(searched_us) if searched_us else day
        self._since[visitor_day] = min(since, self._since.get(visitor_day, since))

    def _write_active(self) -> None:
        """Write the counts by visitor and day.

        Files of a visitor who became too active are changed.
        """
        upsert = (
            "INSERT INTO visitor_days VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET count = count + excluded.count, since = min(since, excluded.since) RETURNING count, since"
        )
        limit = self._config.max_daily_interactions
        for (day, visitor_id), added in self._active.items():
            values = (day, visitor_id, added, self._since[day, visitor_id])
            count, since = self._staging.row(upsert, *values)
            if count - added <= limit < count:
                self._changed.update(self._files(paths.IMPRESSIONS, since, day + 1))
                self._changed.update(self._files(paths.INTERACTIONS, day, day))

    def _files(self, table: str, first: int, last: int) -> Iterable[str]:
        """Names of a table's files for the days from the first to the last."""
        names = file_name(table, first), file_name(table, last)
        rows = self._staging.rows("SELECT name FROM files WHERE name BETWEEN ? AND ?", *names)
        return [name for (name,) in rows]


def _logged_us(record: Record) -> int:
    return int(record.time_seconds * 1_000_000)
