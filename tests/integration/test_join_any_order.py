"""Redelivered records, in any order and with any number of restarts, make the same tables."""

import random
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from services.feedback.join.config import JoinConfig
from services.feedback.join.join import Join
from services.feedback.service import joinable
from shared.events.log import Record
from tests.unit.feedback.join.scene import DAY, HOUR, MINUTE, NOON, Scene, files

CONFIG = JoinConfig(max_daily_interactions=8, least_visitors=2)
VISITORS = ("ann", "bob", "cid", "")
ACTIONS = ("view", "click", "add_to_cart", "purchase", "dance")
PRODUCTS = tuple(f"p{number}" for number in range(6))


def some_scene(rng: random.Random) -> Scene:
    """Some days of a shop, with duplicates, second pages, clicks of strangers and without a search."""
    scene = Scene(partitions=3)
    searches: list[tuple[str, float, str]] = []
    at = NOON
    for number in range(rng.randrange(1, 30)):
        at += rng.choice((1.0, MINUTE, 40 * MINUTE, 5 * HOUR, DAY))
        is_first = not searches
        logged = at if is_first else at + rng.choice((0, 0, HOUR, 2 * DAY, 9.2 * DAY))
        if is_first or rng.random() < 0.4:
            visitor, query = rng.choice(VISITORS), rng.choice(("lamp", "chair", ""))
            features = rng.choice((("a", "b"), ("b", "c"), ()))
            shown = rng.sample(PRODUCTS, 3)
            search = scene.page(
                number, *shown, at=at, visitor=visitor, query=query, logged=logged, features=features
            )
            searches.append((search, at, visitor))
            if rng.random() < 0.3:
                scene.page(
                    number, *rng.sample(PRODUCTS, 2), at=at + 9, visitor=visitor, query=query, first=4,
                    searched=at,
                )  # fmt: skip
            continue
        something_done(scene, rng, rng.choice(searches), (at, logged))
    return scene


def something_done(
    scene: Scene, rng: random.Random, search: tuple[str, float, str], times: tuple[float, float]
) -> None:
    """An event of any visitor, after a search or not, with a new id or a repeated one."""
    query, searched, visitor = search
    at, logged = times
    scene.does(
        rng.choice(ACTIONS), *rng.choices(PRODUCTS, k=2), query=rng.choice((query, query, "")),
        unverified=rng.choice(("", "made up")), session=rng.choice(("", "s1")), price=0.1,
        at=rng.choice((at, searched + MINUTE)), logged=logged,
        visitor=rng.choice((visitor, visitor, "dan", "eve")),
        event_id=rng.choice(("", "again", "again and again")),
    )  # fmt: skip


def interleaved(records: list[Record], rng: random.Random) -> list[list[Record]]:
    """Batches in any order between partitions. A batch may be redelivered, as after a crash."""
    waiting = defaultdict(list)
    for record in records:
        waiting[record.topic, record.partition].append(record)
    batches = []
    while waiting:
        place = rng.choice(sorted(waiting))
        size = rng.randrange(1, 6)
        batch = waiting[place][:size]
        waiting[place] = waiting[place][size:] if rng.random() < 0.8 else waiting[place]
        batches.append(batch)
        if not waiting[place]:
            del waiting[place]
    return batches


def replayed(root: Path, batches: list[list[Record]], rng: random.Random) -> dict[str, bytes]:
    """The tables, after exports and restarts in between. The end of the log is reached once."""
    join = Join(root, joinable, CONFIG)
    for batch in batches:
        join.stage(batch)
        if rng.random() < 0.2:
            join.export(is_caught_up=False)
        if rng.random() < 0.2:
            join.close()
            join = Join(root, joinable, CONFIG)
    join.export()
    join.close()
    return files(root)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 32))
def test_any_order_and_any_restarts_make_the_same_tables(seed: int) -> None:
    rng = random.Random(seed)
    scene = some_scene(rng)
    with TemporaryDirectory() as folder:
        clean = replayed(Path(folder) / "clean", [scene.records], random.Random(0))
        other = replayed(Path(folder) / "other", interleaved(scene.records, rng), rng)
    assert clean == other
    assert any(name.startswith("impressions/") for name in clean)
