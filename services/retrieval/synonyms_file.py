"""The file of synonyms, read again when it changes."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from services.retrieval.synonyms import NONE, Synonyms, parsed
from shared.log_once import LogOnce

SYNONYMS = "synonyms.txt"  # in the data folder
_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_MOST_BYTES = 10_000_000


class SynonymsFile:
    """Follows a file, which may be missing. A file that cannot be read leaves the rules as they
    were.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None  # when it was changed, and its size
        self._looked = float("-inf")
        self._rules = NONE
        self._complaint = LogOnce(_LOG, "the synonyms are as before: %s")

    def current(self) -> Synonyms:
        """The rules of the file as it was at most a second ago."""
        if (now := time.monotonic()) - self._looked >= _LOOK_SECONDS:
            self._looked = now
            try:
                self._look()
            except (OSError, ValueError) as error:
                self._complaint.log(error)
        return self._rules

    def _look(self) -> None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._rules = NONE
            self._seen = None
            return
        if (seen := (stat.st_mtime_ns, stat.st_size)) == self._seen:
            return
        if stat.st_size > _MOST_BYTES:
            raise ValueError(f"{self._path} has {stat.st_size:,} bytes; at most {_MOST_BYTES:,} are read")
        self._rules, faults = parsed(self._path.read_text("utf-8"))
        self._seen = seen
        for fault in faults:
            _LOG.warning("%s, %s; it is left out", self._path, fault)
        _LOG.info("synonyms of %s are used", self._path)
