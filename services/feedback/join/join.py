"""The join of a folder: what is staged, and the tables made of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from services.feedback.join.config import JoinConfig
from services.feedback.join.joiner import Joiner
from services.feedback.join.observed import Read
from services.feedback.join.paths import WRITING
from services.feedback.join.retention import Retention
from services.feedback.join.staging import Staging
from shared.events.log import Consumer, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOG = logging.getLogger(__name__)


class Join:
    """One process's hold of a folder of tables. Synchronous, for one thread at a time."""

    def __init__(
        self,
        root: Path,
        read: Read,
        config: JoinConfig | None = None,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Open or create the folder.

        Raises Unavailable if another process has it, Corrupt if what is staged in it is damaged,
        OlderFormat if an earlier version of Aisle staged it.
        """
        from services.feedback.join.exporter import Exporter  # needs pyarrow, which not every image has

        config = config or JoinConfig()
        self._staging = Staging(root)
        (root / WRITING).unlink(missing_ok=True)
        self._joiner = Joiner(self._staging, read, config, pause)
        self._exporter = Exporter(root, self._staging, config, pause)
        self._retention = Retention(root, self._staging, config)
        self.group = f"{config.group}-{self._staging.generation}"

    def stage(self, records: Sequence[Record]) -> None:
        """Take in records of the log, once each, durably."""
        self._joiner.stage(records)

    def export(self, is_caught_up: bool = True) -> list[str]:
        """Write the tables that have changed, and remove what is too old. Returns the names
        written.

        `is_caught_up` False: the log has more that is old, so what is staged stays.
        """
        with self._staging.meant():
            names = self._exporter.export()
            self._retention.look(seal=is_caught_up)
            forgotten = self._exporter.export()  # queries
        return [*names, *forgotten]

    def positions(self) -> dict[tuple[str, int], int]:
        """The offset up to which each (topic, partition) is contained."""
        with self._staging.meant():
            return self._staging.positions()

    def keep_to_log(self, log_id: str, ends: Mapping[tuple[str, int], int]) -> None:
        """Go on with a log that has a name, and ends there, from where this folder ends in it."""
        with self._staging.meant():
            if not self._staging.keep_to_log(log_id, ends):
                _LOG.warning("%s was joined from another state of the log", self._staging.path)

    def seal(self, day: int) -> None:
        """Leave the tables of this day and those before it as they are."""
        with self._staging.meant():
            self._retention.seal(day)

    def keep(self, names: Iterable[str]) -> None:
        """Leave these files (see joiner.file_name) as they are, unless something new comes for
        them.
        """
        with self._staging.meant(), self._staging.transaction():
            for name in names:
                self._staging.rows("DELETE FROM files WHERE name = ?", name)

    def counts(self) -> dict[str, int]:
        """Records by what they were staged as or why not, and lines of interactions by what they
        count as.
        """
        with self._staging.meant():
            staged = {f"join.{name}": count for name, count in self._staging.counts().items()}
            lines = self._staging.line_counts()
        joined = {"join.joined": lines.pop("", 0)}
        return {**staged, **joined, **{f"join.left_out.{name}": count for name, count in lines.items()}}

    def close(self) -> None:
        """Let go of the folder."""
        self._staging.close()


# Follows the log for a join
OpenConsumer = Callable[[Join], Awaitable[Consumer]]
