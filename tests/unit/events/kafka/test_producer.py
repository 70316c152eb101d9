"""What shared/events/kafka/producer.py uses of kafka-python's private parts."""

import threading

from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.net.compat import KafkaNetClient
from kafka.partitioner.default import murmur2
from kafka.producer.sender import Sender


def test_the_sender_is_a_thread_that_can_be_stopped_at_once() -> None:
    """In kafka-python 3.1 the sender becomes a coroutine, and `join` goes: adapt producer.py then."""
    assert issubclass(Sender, threading.Thread)
    assert callable(Sender.force_close) and callable(Sender.join)


def test_internal_modules_that_kafka_python_may_move_are_where_they_were() -> None:
    """Used by client.py, batch.py and consumer.py. They are no part of its public interface."""
    assert issubclass(KafkaNetClient, object)
    assert murmur2(b"aisle") & 0x7FFFFFFF == 0x7FFFFFFF & murmur2(bytearray(b"aisle"))
    assert RangePartitionAssignor.name == "range"
