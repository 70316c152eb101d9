"""A crowd of the sample shop searches and clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cli.loop.engine import LoopEngine
from sample.crowd import Crowd


@dataclass
class Shopped:
    """What a crowd did."""

    searches: int = 0
    clicked_pages: int = 0
    events: int = 0


async def shop(
    engine: LoopEngine, crowd: Crowd, days: float, count: int, each: Callable[[], None] = lambda: None
) -> Shopped:
    """`count` searches in `days` days, each with what its shopper does on the page."""
    shopped = Shopped()
    for visit in crowd.visits(days, count):
        engine.time.at_least(visit.moment.timestamp())
        page = await engine.page(visit.asked.text, visit.visitor_id)
        ids = [result.product.product_id for result in page.results]
        events = crowd.acts(visit, page.query_id, ids, engine.time.moment)
        if events:
            engine.time.at_least(visit.shopper.now.timestamp())
            await engine.send(events)
        shopped.searches += 1
        shopped.clicked_pages += bool(events)
        shopped.events += len(events)
        each()
    return shopped
