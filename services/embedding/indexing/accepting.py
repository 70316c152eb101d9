"""Accepts a log that is not the one that the snapshot was made from.

It may be an older one, an empty one or another one. The snapshot becomes current again under a new
name, with positions of this log. Records that the log had when the snapshot was made count as
contained. Later records are applied.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from services.embedding.indexing.snapshot_folder import only_one
from shared.artifacts import copy_version, current, set_current
from shared.errors import LogBehind
from shared.events.log import CATALOG, VECTORS, EventLog
from shared.snapshot.generation import Positions, new_version_name, read_manifest, snapshots_of
from shared.snapshot.log_ends import check_ends, ends_of

_LOG = logging.getLogger(__name__)


async def check_log(data: Path, events: EventLog, accept: bool = False) -> None:
    """Raise LogBehind if the log ends before what the current snapshot contains.

    With `accept`, continue with that log.
    """
    root = snapshots_of(data)
    version = current(root)
    if version is None:
        return
    contained = Positions.of(await asyncio.to_thread(read_manifest, root / version, False))
    try:
        check_ends(version, contained, await ends_of(events))
    except LogBehind as error:
        if not accept:
            raise
        _LOG.warning("the log is accepted as it is. %s", error)
        await _accept(root, version, events)


async def _accept(root: Path, version: str, events: EventLog) -> None:
    with only_one(root):
        created = float(read_manifest(root / version, verify=False).get("created", 0))
        catalog, vectors = [await last_before(events, topic, created) for topic in (CATALOG, VECTORS)]
        positions = {"log_position": catalog, "vectors_position": vectors}
        name = new_version_name()
        await asyncio.to_thread(copy_version, root, version, name, positions)
        set_current(root, name)
    _LOG.warning("snapshot %s takes the place of %s, with %s", name, version, positions)


async def last_before(events: EventLog, topic: str, seconds: float) -> int:
    """The offset of the last record appended until a time (since 1970). 0 if there is none."""
    low = 0
    high = await events.end_offset(topic)
    while low < high:  # records up to `low` are older, those after `high` are newer
        middle = (low + high) // 2
        records = await events.read(topic, middle, 1)
        if records and records[0].offset <= high and records[0].time_seconds <= seconds:
            low = records[0].offset
        else:
            high = middle
    return low
