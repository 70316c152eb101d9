"""`aisle replay`: rebuilds the feature store from the log."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from cli.options import Json
from cli.terminal.console import Advance, print_json, progress, say
from shared.config import load

if TYPE_CHECKING:
    from services.feedback.replay import Replayed


def replay(as_json: Json = False) -> None:
    """Rebuild the feature store in Redis from the log on Kafka. Pages read it once it is complete.

    Meanwhile pages and the feedback worker use the old one. AISLE_KAFKA_ADDRESS and AISLE_REDIS_URL
    name Kafka and Redis. `aisle serve` needs no replay: it saves its features beside its log.
    """
    with progress("Records", None, quiet=as_json) as advance:
        replayed = asyncio.run(_replay(advance))
    if as_json:
        print_json(asdict(replayed))
        return
    say(
        f"{replayed.record_count:,} records, {replayed.duplicate_count:,} duplicates, in {replayed.seconds} s"
    )
    say(f"feature generation {replayed.generation} replaces {replayed.replaced}")


async def _replay(advance: Advance) -> Replayed:
    from services.feedback.config import FeedbackConfig
    from services.feedback.replay import replay as replayed
    from services.feedback.service import observation
    from shared.events.opening import open_log
    from shared.features.opening import open_feature_store

    log = open_log()
    store = open_feature_store()
    try:
        return await replayed(log, store, observation, load(FeedbackConfig), advance)
    finally:
        await log.close()
        await store.close()
