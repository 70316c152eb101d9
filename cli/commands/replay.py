"""`aisle replay`: the feature store, built anew from the log."""

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
    """Build the feature store in Redis anew from the log on Kafka, and let pages read it once it is
    complete.

    Pages and the feedback worker go on with the old one meanwhile. Where Kafka and Redis are:
    AISLE_KAFKA_ADDRESS, AISLE_REDIS_URL. `aisle serve` needs no replay: it saves its features
    beside its log.
    """
    with progress("Records", None, quiet=as_json) as advance:
        replayed = asyncio.run(_replay(advance))
    if as_json:
        print_json(asdict(replayed))
        return
    say(
        f"{replayed.record_count:,} records, {replayed.duplicate_count:,} told twice, in {replayed.seconds} s"
    )
    say(f"generation {replayed.generation} serves instead of {replayed.replaced}")


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
