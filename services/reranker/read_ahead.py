"""Lets a cross-encoder read the best of a page while a core is idle, for the query's next page."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import numpy as np

from services.reranker.idle_core import IdleCore
from services.reranker.known_scores import KnownScores
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.scorer import Scorer
from services.reranker.states import Rows
from shared.live.wire_rows import UNKNOWN
from shared.priority import run_last

_LOG = logging.getLogger(__name__)
_AT_ONCE = 4  # candidates between two looks at the cores
_PAUSE_SECONDS = 0.05
_MOST_WAITING = 200  # queries; others are read when they are asked again
_ENOUGH = 0.5  # of the best candidates, so that known scores order them


@dataclass(frozen=True)
class AheadReader:
    """A cross-encoder that is no part of a page's time, over the products of one snapshot."""

    scorer: Scorer  # on one thread
    known: KnownScores

    def scores(self, query: EncodedQuery, rows: Rows) -> Matrix | None:
        """Scores (n,) of `rows`, nan for unread ones. None if fewer than half are read."""
        scores = self.known.of(query.text, rows)
        return scores if np.count_nonzero(~np.isnan(scores)) >= max(2, _ENOUGH * len(rows)) else None

    def unread(self, query: EncodedQuery, rows: Rows) -> bool:
        """Whether one of `rows` that this process has is not read yet."""
        return bool(np.isnan(self.known.of(query.text, rows)[rows != UNKNOWN]).any())

    def read(self, query: EncodedQuery, rows: Rows, pause: Pause) -> None:
        """Score those of `rows` (n,) that are unread. Each is known at once."""
        rows = rows[rows != UNKNOWN]
        unread = rows[np.isnan(self.known.of(query.text, rows))]
        for start in range(0, len(unread), _AT_ONCE):
            if not pause.until_idle():
                return
            part = unread[start : start + _AT_ONCE]
            self.known.keep(query.text, part, self.scorer.score(query, part))


@dataclass
class Pause:
    """Waits until a core is idle, but not for ever: the lowest priority is enough then."""

    idle: object  # true while a core is idle
    most_seconds: float = 1.0
    _ended: Event = field(default_factory=Event)

    def until_idle(self) -> bool:
        """Whether the work goes on; False once `end` was called."""
        due = time.monotonic() + self.most_seconds
        while not (self._ended.is_set() or self.idle or time.monotonic() >= due):
            self._ended.wait(_PAUSE_SECONDS)
        return not self._ended.is_set()

    def end(self) -> None:
        """Let nothing go on."""
        self._ended.set()


class ReadAhead:
    """One thread of the lowest priority, for all rerankers of a process."""

    def __init__(self, pause: Pause) -> None:
        """It pauses before it reads some candidates."""
        self._pause = pause
        self._thread = ThreadPoolExecutor(1, "read-ahead", initializer=run_last)
        self._waiting: set[str] = set()

    @classmethod
    def when_idle(cls) -> ReadAhead:
        """It reads while a core of this machine is idle."""
        return cls(Pause(IdleCore()))

    def want(self, reader: AheadReader, query: EncodedQuery, rows: Rows) -> None:
        """Have `rows`, the best of a page, read later."""
        if query.text in self._waiting or len(self._waiting) >= _MOST_WAITING:
            return
        if reader.unread(query, rows):
            self._waiting.add(query.text)
            self._thread.submit(self._read, reader, query, rows)

    def close(self) -> None:
        """End after the candidates that are being read."""
        self._pause.end()
        self._thread.shutdown(cancel_futures=True)

    def _read(self, reader: AheadReader, query: EncodedQuery, rows: Rows) -> None:
        try:
            reader.read(query, rows, self._pause)
        except Exception:  # no page waits for it, so nobody else would tell
            _LOG.exception("the cross-encoder cannot read ahead")
        finally:
            self._waiting.discard(query.text)
