import logging

from shared.process_log import LibrariesSparingly


def _record(name: str, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "file.py", line, "%d away", (line,), None)


def test_a_library_repeats_itself_once_a_minute() -> None:
    now = [0.0]
    sparingly = LibrariesSparingly(lambda: now[0])
    assert sparingly.filter(_record("kafka.net.connection"))
    now[0] = 59
    assert not sparingly.filter(_record("kafka.net.connection"))
    assert sparingly.filter(_record("kafka.net.connection", line=2))
    now[0] = 60
    assert sparingly.filter(_record("kafka.net.connection"))


def test_our_own_messages_all_pass() -> None:
    sparingly = LibrariesSparingly(lambda: 0.0)
    assert all(sparingly.filter(_record("services.feedback.worker")) for _ in range(3))
