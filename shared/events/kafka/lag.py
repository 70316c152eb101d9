"""How many records wait for a consumer."""

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
    """Records after what was read in each partition, and after what its group has committed if
    `committed`.

    `read` has the offset of the next record, as Kafka counts. Records that retention has removed do
    not wait.
    """
    asked = list(places)
    ends = client.end_offsets(asked, timeout_ms=timeout_ms)
    behind = [place for place in asked if ends[place] > read.get(place, 0)]
    starts = client.beginning_offsets(behind, timeout_ms=timeout_ms) if behind else {}
    count = 0
    for place in behind:
        done = (client.committed(place, timeout_ms=timeout_ms) or 0) if committed else 0
        count += max(0, ends[place] - max(starts[place], done, read.get(place, 0)))
    return count
