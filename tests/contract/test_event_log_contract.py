"""The promises of every event log, kept by the one in a SQLite file; tests/integration has Kafka's."""

from pathlib import Path

import pytest

from shared.events.sqlite import SqliteEventLog
from tests.contract.event_log import EventLogContract, Reopen
from tests.contract.event_log_consumers import ConsumerContract
from tests.contract.event_log_duplicates import DuplicatesContract


class TestSqliteEventLog(EventLogContract, DuplicatesContract, ConsumerContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Reopen:
        opened: list[SqliteEventLog] = []

        async def reopen() -> SqliteEventLog:
            for log in opened:
                await log.close()
            opened.append(SqliteEventLog(tmp_path / "log.sqlite"))
            return opened[-1]

        return reopen
