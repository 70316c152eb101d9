"""The file of features is neither closed nor moved while somebody has it open."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.standalone.counted import Counted
from services.standalone.local_features import LocalFeatures
from shared.events.sqlite import SqliteEventLog
from shared.features.feature_file import FeatureFile
from shared.features.saved import Saved
from tests.unit.events.damaged_log import damage
from tests.unit.feedback.observations import of_new_visitor
from tests.unit.standalone.counting_shop import process, until


class SlowFile(FeatureFile):
    """Takes its time to read, and notes whether it was closed meanwhile."""

    reading, closed_meanwhile = threading.Event(), False

    def read(self, now_seconds: float) -> Iterator[Saved]:
        self.reading.set()
        time.sleep(0.2)
        self.reading.clear()
        yield from super().read(now_seconds)

    def close(self) -> None:
        SlowFile.closed_meanwhile |= self.reading.is_set()
        super().close()


async def test_a_process_that_ends_while_its_features_are_read_waits_for_the_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To close SQLite's connection under a thread that reads from it ends the process with a
    segmentation fault.
    """
    monkeypatch.setattr("services.standalone.local_features.FeatureFile", SlowFile)
    counted = Counted()
    log = SqliteEventLog(tmp_path / "log.sqlite", keeper=counted)
    features = LocalFeatures(tmp_path, log, counted)
    features.begin()
    await asyncio.to_thread(SlowFile.reading.wait)
    await features.close()
    await log.close()
    assert not SlowFile.closed_meanwhile


class SlowToClose(FeatureFile):
    """Takes its time to close, and notes whether the file was still in its place then."""

    in_place: list[bool]

    def close(self) -> None:
        time.sleep(0.1)
        self.in_place.append(self.path.exists())
        super().close()


async def test_a_damaged_file_is_closed_before_it_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite removes what it has beside a file when it closes it: that cannot be renamed meanwhile."""
    async with process(tmp_path) as shop:
        await shop.tell(of_new_visitor("purchase", "p1"))
        await until(shop, 1)
    damage(tmp_path / "features.sqlite", "UPDATE positions SET offset = -3")
    monkeypatch.setattr(SlowToClose, "in_place", [], raising=False)
    monkeypatch.setattr("services.standalone.local_features.FeatureFile", SlowToClose)
    async with process(tmp_path) as shop:
        assert await shop.bought("p1") == 1
    assert SlowToClose.in_place == [True, True]
