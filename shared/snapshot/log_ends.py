"""Checks that the log is at least as long as a snapshot claims.

An older log, an empty one or another shop's would reuse offsets that the snapshot contains already.
New writes there would be acknowledged and never shown.
"""

from collections.abc import Sequence

from shared.errors import LogBehind
from shared.events.log import CATALOG, VECTORS, EventLog
from shared.snapshot.generation import Positions

ACCEPT = (
    "`aisle serve --accept-log` or `aisle index --accept-log` (the "
    "indexer process: AISLE_INDEXING_ACCEPT_LOG=true)"
)


def check_ends(version: str, contained: Positions, ends: Positions) -> None:
    """Raise LogBehind, with both positions and the remedy, if a snapshot contains more than the log
    has.
    """
    pairs: Sequence[tuple[str, int, int]] = (
        (CATALOG, contained.catalog, ends.catalog),
        (VECTORS, contained.vectors, ends.vectors),
    )
    for topic, position, end in pairs:
        if end < position:
            raise LogBehind(
                f"snapshot {version} contains {topic} up to position {position}, "
                f"but the log ends at {end}: it is an older log or another one. "
                "Put the right log back, or name it if it is on Kafka (AISLE_KAFKA_ADDRESS); "
                f"else start once with {ACCEPT}: the snapshot is kept, "
                "and what was written to this log since the snapshot was made is taken in"
            )


async def ends_of(events: EventLog) -> Positions:
    """The ends of both logs."""
    return Positions(await events.end_offset(CATALOG), await events.end_offset(VECTORS))
