import logging

import pytest

from shared.rpc.descriptors import DescriptorWatch, are_left


class Process:
    """One whose descriptors a test takes away."""

    def __init__(self) -> None:
        self.left = True
        self.now_seconds = 0.0
        self.watch = DescriptorWatch(lambda: self.left, lambda: self.now_seconds)

    def look(self, seconds: float) -> None:
        """Look every five seconds, for so long."""
        for _ in range(int(seconds / 5)):
            self.watch.look()
            self.now_seconds += 5


def test_a_process_in_good_order_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert are_left()
    Process().look(300)
    assert not caplog.records


def test_that_there_are_none_is_logged_once_a_minute_and_then_that_there_are_some(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    process = Process()
    process.left = False
    process.look(170)
    process.left = True
    process.look(60)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3 + ["INFO"]
    assert "ulimit -n" in caplog.messages[0]
