"""Checks the tables at intervals, and starts learning when they have changed."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from services.feedback.join.paths import INTERACTIONS
from services.feedback.join.tables import Tables
from services.training.learning.config import TrainerConfig
from services.training.learning.process import look
from shared.errors import AisleError
from shared.log_once import LogOnce

_LOG = logging.getLogger(__name__)


class Looking:
    """Starts a look when the tables of a data folder have changed since the last one."""

    def __init__(self, data: Path, config: TrainerConfig) -> None:
        self._data = data
        self._config = config
        self._tables = Tables(data / "tables")
        self._seen = ""
        self._failures = LogOnce(_LOG, "nothing is learnt: %s")
        self.trouble = ""  # message for the status; empty if all is well
        self.last: dict[str, Any] = {}  # the newest report

    async def run(self) -> None:
        """Look every `check_seconds` until cancelled."""
        while True:
            await asyncio.sleep(self._config.check_seconds)
            await self.look_if_changed()

    async def look_if_changed(self) -> None:
        """Look now if the tables have changed since the last look."""
        changed = f"{self._tables.fingerprint()}{self._tables.fingerprint(INTERACTIONS)}"
        if not changed or changed == self._seen:
            return
        try:
            self.last = await look(self._data)
        except (AisleError, OSError) as error:  # the next look may succeed
            self.trouble = f"nothing is learnt: {error}"
            self._failures.log(error)
            return
        self._seen = changed
        self.trouble = ""
        self._failures.recovered()
        if self.last.get("due"):
            _LOG.info("a round of learning: %s", self.last)
