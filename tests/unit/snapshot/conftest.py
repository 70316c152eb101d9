from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.events.sqlite import SqliteEventLog
from tests.unit.snapshot.fake_service import Service


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    opened = SqliteEventLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "snapshots")
