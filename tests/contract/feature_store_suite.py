"""What every feature store must do.

A class of tests with a fixture `begin`, which each store's own module provides.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.feedback.feature_writer import FeatureWriter
from shared.errors import Unavailable
from shared.features.counters import ALONE, Counters, Increment
from shared.features.evidence import WITHOUT_PAGE
from shared.features.keys import product_key, query_key, visitor_key
from shared.features.observation import Observation
from shared.features.page import StoredPage, keys_of
from shared.features.scope import PageRequest
from shared.features.store import Change, FeatureStore
from shared.features.visitor import UNKNOWN_VISITOR, state_of
from tests.contract.features_on_paper import expected_counts, expected_states, stored_counts
from tests.unit.feedback.observations import DAY, NOW, did, shown

Begin = Callable[[], tuple[FeatureStore, str]]  # a store, and a generation in which nothing is yet

EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
PRODUCTS = ("p1", "p2", "p3")
ACTIONS = ("view", "click", "add_to_cart", "remove_from_cart", "purchase", "shown")


@dataclass(frozen=True)
class Told:
    """Something to be written into the log."""

    visitor: int
    event: int  # its number among the visitor's: told twice, it counts once
    action: str
    products: tuple[str, ...]
    days_ago: float
    query_hash: int
    left_out: str
    days_on_the_way: float


@dataclass(frozen=True)
class Delivery:
    """A batch as a worker gets it:

    `size` records from the last commit, or from `back` records before it.
    """

    size: int
    back: int = 0
    breaks_after: int | None = None  # changes, in the middle of applying it
    workers: str = "one"  # or "two alike", at the same time, or "two shared": one a partition


TOLD = st.builds(
    Told,
    visitor=st.integers(0, 2),
    event=st.integers(0, 6),
    action=st.sampled_from(ACTIONS),
    products=st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=3).map(tuple),
    days_ago=st.sampled_from([0, 0.4, 1, 6.5, 29, 33, 80]),
    query_hash=st.sampled_from([0, 5, 6]),
    left_out=st.sampled_from(["", "", "", WITHOUT_PAGE]),
    days_on_the_way=st.sampled_from([0, 0, 0.3, 2, 5]),
)
DELIVERY = st.builds(
    Delivery,
    size=st.integers(1, 12),
    back=st.integers(0, 8),
    breaks_after=st.none() | st.integers(0, 8),
    workers=st.sampled_from(["one", "two alike", "two shared"]),
)


def log_of(told: Sequence[Told]) -> list[Observation]:
    """The records in the order in which they were appended.

    A visitor's are all in one partition of each topic.
    """
    ends: Counter[tuple[str, int]] = Counter()
    return [_record(each, ends) for each in told]


def _record(told: Told, ends: Counter[tuple[str, int]]) -> Observation:
    topic, partition = ("s" if told.action == "shown" else "u"), told.visitor % 2
    ends[topic, partition] += 1
    where: dict[str, Any] = {
        "offset": ends[topic, partition],
        "visitor_id": f"v{told.visitor}",
        "event_id": f"v{told.visitor}-{told.event}",
        "at": NOW - told.days_ago * DAY,
        "partition": partition,
        "query_hash": told.query_hash,
        "left_out": told.left_out,
        "logged": NOW - (told.days_ago - told.days_on_the_way) * DAY,
    }
    return shown(*told.products, **where) if topic == "s" else did(told.action, *told.products, **where)


@dataclass
class BreakingStore:
    """Writes the first `left` changes, and is down from then on; lets others go before it writes."""

    store: FeatureStore
    left: int

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        values = await self.store.values(keys, generation)
        await asyncio.sleep(0)
        return values

    async def replace(self, changes: Sequence[Change], generation: str) -> list[bool]:
        now = changes[: max(0, self.left)]
        self.left -= len(changes)
        written = await self.store.replace(now, generation)
        if self.left < 0:
            raise Unavailable("down")
        return written


def writer(store: FeatureStore, generation: str, breaks_after: int | None = None) -> FeatureWriter:
    left = 10**9 if breaks_after is None else breaks_after
    breaking: Any = BreakingStore(store, left)  # what a writer needs of a store
    return FeatureWriter(breaking, generation)


async def deliver(
    store: FeatureStore, generation: str, log: list[Observation], deliveries: list[Delivery]
) -> None:
    """As workers do that crash, restart, and do what others have done already.

    In the end all is delivered.
    """
    committed = 0
    for delivery in [*deliveries, Delivery(len(log))]:
        start = max(0, committed - delivery.back)
        batch = log[start : start + delivery.size]
        shares = [
            writer(store, generation, delivery.breaks_after).apply(share)
            for share in _shares(batch, delivery)
        ]
        outcomes = await asyncio.gather(*shares, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, Unavailable) for outcome in outcomes), outcomes
        if all(outcome is None for outcome in outcomes):
            committed = max(committed, start + len(batch))


def _shares(batch: list[Observation], delivery: Delivery) -> list[list[Observation]]:
    """What each worker gets of a batch."""
    if delivery.workers == "two shared":
        return [[each for each in batch if each.partition == partition] for partition in (0, 1)]
    return [batch] * (2 if delivery.workers == "two alike" else 1)


class FeatureStoreSuite:
    @EXAMPLES
    @given(told=st.lists(TOLD, max_size=40), deliveries=st.lists(DELIVERY, max_size=12))
    async def test_however_the_log_is_delivered_each_thing_told_counts_once(
        self, begin: Begin, told: list[Told], deliveries: list[Delivery]
    ) -> None:
        log = log_of(told)
        store, generation = begin()
        await deliver(store, generation, log, deliveries)
        keys = [*map(product_key, PRODUCTS), query_key(5), query_key(6)]
        counts = dict(zip(keys, map(stored_counts, await store.values(keys, generation)), strict=True))
        assert {key: found for key, found in counts.items() if found} == expected_counts(log)
        visitors = [f"v{number}" for number in range(3)]
        values = await store.values([visitor_key(visitor) for visitor in visitors], generation)
        states = expected_states(log)
        assert [state_of(value) for value in values] == [
            states.get(visitor, UNKNOWN_VISITOR) for visitor in visitors
        ]

    @EXAMPLES
    @given(told=st.lists(TOLD, max_size=40), deliveries=st.lists(DELIVERY, max_size=12))
    async def test_a_store_built_anew_from_the_log_is_the_same(
        self, begin: Begin, told: list[Told], deliveries: list[Delivery]
    ) -> None:
        log = log_of(told)
        (store, generation), (other_store, other) = begin(), begin()
        await deliver(store, generation, log, deliveries)
        # As a replay may read them
        by_partition = sorted(log, key=lambda each: (each.partition, each.topic))
        await writer(other_store, other).apply(by_partition)
        counted = [*map(product_key, PRODUCTS), query_key(5), query_key(6)]
        assert await other_store.values(counted, other) == await store.values(counted, generation)
        visitors = [visitor_key(f"v{number}") for number in range(3)]
        others = await other_store.values(visitors, other)
        values = await store.values(visitors, generation)
        assert all(state_of(one) == state_of(two) for one, two in zip(others, values, strict=True))

    async def test_a_key_that_was_never_written_has_no_value(self, begin: Begin) -> None:
        store, generation = begin()
        assert await store.values(["p:1", "p:2"], generation) == [None, None]
        assert await store.values([], generation) == []

    async def test_a_value_is_only_replaced_by_who_has_seen_it(self, begin: Begin) -> None:
        store, generation = begin()
        value, marks = counted(1)
        assert await store.replace([Change("p:1", b"", value, 100)], generation) == [True]
        newer, newer_marks = counted(1, 2)
        late = Change("p:1", b"", newer, 100)
        assert await store.replace([late, replace(late, expected=marks)], generation) == [False, True]
        assert await store.replace([replace(late, expected=marks)], generation) == [False]
        assert (await store.values(["p:1"], generation), newer_marks) == ([newer], newer[: len(newer_marks)])

    async def test_many_keys_are_read_in_the_order_asked_for(self, begin: Begin) -> None:
        store, generation = begin()
        values = {f"p:{number}": counted(number + 1)[0] for number in range(1_000)}
        changes = [Change(key, b"", value, 100) for key, value in values.items()]
        assert all(await store.replace(changes, generation))
        keys = [*reversed(values), "p:none"]
        assert await store.values(keys, generation) == [*reversed(values.values()), None]

    async def test_ids_may_have_any_letters(self, begin: Begin) -> None:
        store, generation = begin()
        names = ("{p1}", "a b", "ü\u2028", "x" * 128, "*")
        await writer(store, generation).apply([did("click", *names, offset=1, query_hash=7)])
        page = StoredPage(
            PageRequest(names), await store.values(keys_of(PageRequest(names)), generation), NOW
        )
        assert page.columns(least_visitors=1)["product_opens_1d"] == pytest.approx([math.log(2)] * len(names))

    async def test_a_product_was_shown_to_so_many_visitors(self, begin: Begin) -> None:
        store, generation = begin()
        pages = [shown("p1", "p2", offset=n, visitor_id=f"v{n}") for n in range(1, 4)]
        await writer(store, generation).apply([*pages, shown("p2", offset=9, visitor_id="v3")])
        request = PageRequest(["p1", "p2", "p3"])
        page = StoredPage(request, await store.values(keys_of(request), generation), NOW)
        assert page.shown().tolist() == [3, 3, 0]


def counted(*offsets: int) -> tuple[bytes, bytes]:
    """A value that has taken in these offsets, and its marks."""
    counters = Counters()
    counters.add(Increment((0, 0), offset, 1, (ALONE,), 0) for offset in offsets)
    return counters.encoded(), counters.watermarks.encoded()
