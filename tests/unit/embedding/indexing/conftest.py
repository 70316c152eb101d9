from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.events.sqlite import SqliteEventLog
from tests.unit.embedding.indexing.indexing_shop import IndexingShop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[IndexingShop]:
    log = SqliteEventLog(tmp_path / "log.sqlite")
    yield IndexingShop(tmp_path / "data", log)
    await log.close()
