"""Times and results of the last rounds: DATA/learning/state.json."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

FOLDER = "learning"
_FILE = "state.json"
_KEPT = 50  # reports


@dataclass(frozen=True)
class LearningState:
    """Times are seconds since 1970."""

    memory_seconds: float = 0.0
    memory_tables: str = ""  # fingerprint of the tables for the last query memory
    product_memory_seconds: float = 0.0
    product_memory_tables: str = ""  # fingerprint of the tables for the last product memory
    recommend_seconds: float = 0.0  # of the last round for recommendations
    recommend_tables: str = ""  # fingerprint of the tables for that round
    round_seconds: float = 0.0
    round_pages: int = 0  # pages with an open in the tables at the last round
    round_mrr: float = 0.0  # of the ranker in use, as judged in the last round
    towers_seconds: float = 0.0  # of the last training of the towers
    towers_pages: int = 0  # pages with an open in the tables then
    towers: dict[str, Any] = field(default_factory=dict)  # its report
    reports: Sequence[dict[str, Any]] = field(default_factory=list)  # newest last

    @classmethod
    def read(cls, data: Path) -> LearningState:
        """The saved state; an initial one if there is none or it cannot be read."""
        try:
            return cls(**json.loads((data / FOLDER / _FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return cls()

    def write(self, data: Path) -> None:
        """Replace the state on the disk."""
        folder = data / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        staged = folder / f".{_FILE}-{os.getpid()}"
        staged.write_text(json.dumps(asdict(self), indent=1))
        os.replace(staged, folder / _FILE)

    def with_report(self, report: dict[str, Any]) -> LearningState:
        """The state with another report."""
        return replace(self, reports=[*self.reports, report][-_KEPT:])


def remove_unwritten(data: Path) -> None:
    """Remove states that killed learners did not finish writing."""
    for staged in (data / FOLDER).glob(f".{_FILE}-*"):
        staged.unlink(missing_ok=True)


def last_round(state: LearningState) -> str:
    """The result of the newest round of learning, in words; empty if there was none."""
    return in_words(state.reports[-1]) if state.reports else ""


def in_words(report: dict[str, Any]) -> str:
    """The time of a round, the number of its pages, and whether its ranker was promoted."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(report["seconds"]))
    summary = f"{moment} UTC, from {report['pages']:,} pages with an open"
    if report["refused"]:
        return f"{summary}: refused, {report['refused']}"
    return f"{summary}: promoted {report['bundle']}"
