"""The join of a folder: its staging, and the tables made from it."""

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
    """A folder of tables, locked by this process. Synchronous; use it from one thread at a time."""

    def __init__(
        self,
        root: Path,
        read: Read,
        config: JoinConfig | None = None,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Open or create the folder.

        Raises Unavailable if another process has it, Corrupt if its staging is damaged, OlderFormat
        if the staging is from an earlier version of Aisle.
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
        """Stage records of the log durably, each once."""
        self._joiner.stage(records)

    def export(self, is_caught_up: bool = True) -> list[str]:
        """Write the changed tables, and remove those that are too old. Returns the names written.

        `is_caught_up` False: older records are still to come, so staged rows are kept.
        """
        with self._staging.own_errors():
            names = self._exporter.export()
            self._retention.enforce(seal=is_caught_up)
            forgotten = self._exporter.export()  # queries
        return [*names, *forgotten]

    def positions(self) -> dict[tuple[str, int], int]:
        """The offset up to which each (topic, partition) is staged."""
        with self._staging.own_errors():
            return self._staging.positions()

    def keep_to_log(self, log_id: str, ends: Mapping[tuple[str, int], int]) -> None:
        """Continue with the log `log_id`, which ends at `ends`, from this folder's positions."""
        with self._staging.own_errors():
            if not self._staging.keep_to_log(log_id, ends):
                _LOG.warning("%s was joined from another state of the log", self._staging.path)

    def seal(self, day: int) -> None:
        """Make the tables of this day and earlier ones final."""
        with self._staging.own_errors():
            self._retention.seal(day)

    def keep(self, names: Iterable[str]) -> None:
        """Do not export these files (joiner.file_name) again until they get new records."""
        with self._staging.own_errors(), self._staging.transaction():
            for name in names:
                self._staging.rows("DELETE FROM files WHERE name = ?", name)

    def counts(self) -> dict[str, int]:
        """Counts of records by kind or reason why not staged, and of interaction lines.

        Lines are counted as joined, or by the reason why they are left out.
        """
        with self._staging.own_errors():
            staged = {f"join.{name}": count for name, count in self._staging.counts().items()}
            lines = self._staging.line_counts()
        joined = {"join.joined": lines.pop("", 0)}
        return {**staged, **joined, **{f"join.left_out.{name}": count for name, count in lines.items()}}

    def close(self) -> None:
        """Release the folder."""
        self._staging.close()


# Opens the consumer that follows the log for a join
OpenConsumer = Callable[[Join], Awaitable[Consumer]]
