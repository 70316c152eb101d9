"""Counts the records that wait for a consumer."""

from collections.abc import Iterable, Mapping
from typing import Any

from kafka import TopicPartition


def places_of(client: Any, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions of topics."""
    return [TopicPartition(name, each) for name in topics for each in client.partitions_for_topic(name)]


def waiting_count(
    client: Any,
    places: Iterable[TopicPartition],
    read: Mapping[TopicPartition, int],
    committed: bool,
    timeout_ms: int,
) -> int:
    """The number of records after the read positions.

    If `committed`, records up to the group's committed offset do not count either. `read` has the
    offset of the next record, as Kafka counts. Records that retention has removed do not count.
    """
    partitions = list(places)
    ends = client.end_offsets(partitions, timeout_ms=timeout_ms)
    behind = [place for place in partitions if ends[place] > read.get(place, 0)]
    starts = client.beginning_offsets(behind, timeout_ms=timeout_ms) if behind else {}
    count = 0
    for place in behind:
        committed_to = (client.committed(place, timeout_ms=timeout_ms) or 0) if committed else 0
        count += max(0, ends[place] - max(starts[place], committed_to, read.get(place, 0)))
    return count
