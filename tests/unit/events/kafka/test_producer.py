"""What shared/events/kafka/producer.py uses of kafka-python's private parts."""

import threading

from kafka.producer.sender import Sender


def test_the_sender_is_a_thread_that_can_be_stopped_at_once() -> None:
    """In kafka-python 3.1 the sender becomes a coroutine, and `join` goes: adapt producer.py then."""
    assert issubclass(Sender, threading.Thread)
    assert callable(Sender.force_close) and callable(Sender.join)
