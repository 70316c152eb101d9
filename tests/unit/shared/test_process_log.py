import logging

from shared.process_log import Sparingly


def _record(name: str, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "file.py", line, "%d away", (line,), None)


def test_a_library_repeats_itself_once_a_minute() -> None:
    now = [0.0]
    sparingly = Sparingly(lambda: now[0])
    assert sparingly.filter(_record("kafka.net.connection"))
    now[0] = 59
    assert not sparingly.filter(_record("kafka.net.connection"))
    assert sparingly.filter(_record("kafka.net.connection", line=2))
    now[0] = 60
    assert sparingly.filter(_record("kafka.net.connection"))


def _ours(level: int, message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("services.feedback.worker", level, "worker.py", 7, message, args, None)


def test_our_own_news_all_pass() -> None:
    sparingly = Sparingly(lambda: 0.0)
    assert all(sparingly.filter(_ours(logging.INFO, "serving")) for _ in range(3))


def test_our_own_warnings_pass_once_a_minute_with_how_often_they_came() -> None:
    now = [0.0]
    sparingly = Sparingly(lambda: now[0])
    passed = [
        record
        for at in range(100)
        if sparingly.filter(record := _ours(logging.ERROR, "%d are lost: %s", at, "x"))
    ]
    assert [record.getMessage() for record in passed] == ["0 are lost: x"]
    assert sparingly.filter(_ours(logging.ERROR, "%d are lost: %s", 1, "another reason"))
    now[0] = 60
    record = _ours(logging.ERROR, "%d are lost: %s", 5, "x")
    assert sparingly.filter(record)
    assert record.getMessage() == "5 are lost: x (99 more times since this was written last)"


def test_kinds_of_messages_are_forgotten_after_a_while() -> None:
    now = [0.0]
    sparingly = Sparingly(lambda: now[0])
    for number in range(5_000):
        now[0] += 1
        assert sparingly.filter(_ours(logging.ERROR, f"{'x' * (number % 2_000)} is wrong"))
    assert len(sparingly._passed) <= 1_000
