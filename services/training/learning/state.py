"""When the last rounds were, and what they ended with: DATA/learning/state.json."""

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
    memory_tables: str = ""  # what the tables were when the last query memory was made
    product_memory_seconds: float = 0.0
    product_memory_tables: str = ""  # the same of the last product memory
    recommend_seconds: float = 0.0  # the last round of learning to recommend
    recommend_tables: str = ""  # what the interactions were then
    round_seconds: float = 0.0
    round_pages: int = 0  # with an open, that the tables had in the last round
    round_mrr: float = 0.0  # of the ranker in use, as judged in the last round
    reports: Sequence[dict[str, Any]] = field(default_factory=list)  # the newest last

    @classmethod
    def read(cls, data: Path) -> LearningState:
        """The state; that of a beginner if there is none or it cannot be read."""
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
        """The state with one more report."""
        return replace(self, reports=[*self.reports, report][-_KEPT:])


def last_round(state: LearningState) -> str:
    """How the newest round of learning ended, in words; empty if there was none."""
    return in_words(state.reports[-1]) if state.reports else ""


def in_words(report: dict[str, Any]) -> str:
    """When a round was, what it learnt from, and what became of its ranker."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(report["seconds"]))
    learnt = f"{moment} UTC, from {report['pages']:,} pages with an open"
    if report["refused"]:
        return f"{learnt}: refused, {report['refused']}"
    return f"{learnt}: promoted {report['bundle']}"
