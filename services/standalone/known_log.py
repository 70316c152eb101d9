"""The end of a file's log when the features beside it were last saved.

A log that was truncated, deleted, or restored from an older copy opens like any other. Without this
check its lost records would go unnoticed, and new writes would get their positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Corrupt, LogBehind
from shared.events.log import TOPICS
from shared.features.feature_file import FeatureFile, Known
from shared.snapshot.log_ends import ACCEPT

FEATURES = "features.sqlite"  # in the data folder


@dataclass(frozen=True)
class KnownLog:
    """By topic, the name of the log and its end.

    Make it before reading the log's current end.
    """

    path: Path
    ends: Known

    @classmethod
    def of(cls, data: Path) -> KnownLog:
        """What DATA knows of its log.

        Empty if the features are missing or cannot be read.
        """
        path = data / FEATURES
        if not path.is_file():
            return cls(path, {})
        try:
            with closing(FeatureFile(path, read_only=True)) as file:
                return cls(path, file.known_ends())
        except Corrupt:  # the counting part puts it aside, and logs that
            return cls(path, {})

    def check(self, log_path: Path, log_id: str, ends: Mapping[str, int]) -> None:
        """Raise LogBehind, with both positions and the remedy, if the log is not the counted one."""
        for topic in TOPICS:
            known_id, position = self.ends.get(topic, ("", 0))
            is_other = known_id not in ("", log_id)
            if ends.get(topic, 0) < position or (is_other and position):
                raise LogBehind(
                    f"{self.path} was saved when {topic} had come to position {position}, "
                    f"but {log_path} ends at {ends.get(topic, 0)}"
                    f"{' and is another log' if is_other else ''}: it is an older log or another one. "
                    f"Put the right log back, or start once with {ACCEPT}: "
                    "what was counted is kept, and what only the lost log had is given up"
                )

    def accept(self, log_id: str, ends: Mapping[str, int]) -> None:
        """Accept this log from now on."""
        if self.ends:
            with closing(FeatureFile(self.path)) as file:
                file.set_known_ends(log_id, ends)
