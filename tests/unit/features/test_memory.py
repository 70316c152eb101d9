import gc
import tracemalloc

import pytest

from services.feedback.feature_writer import FeatureWriter
from shared.features.keys import SEARCH_SECONDS, product_key, query_key, visitor_key
from shared.features.memory import MemoryFeatureStore
from shared.features.store import Change
from tests.contract.feature_store_suite import counted
from tests.unit.feedback.observations import NOW, did, shown

VALUE = counted(1)[0]


def change(
    key: str,
    acted: bool = True,
    ttl_seconds: int = 100_000,
    value: bytes = VALUE,
) -> Change:
    return Change(key, b"", value, ttl_seconds, acted)


async def known(store: MemoryFeatureStore, *keys: str) -> list[bool]:
    return [value is not None for value in await store.values(keys)]


async def filled(store: MemoryFeatureStore, count: int, kind: str, acted: bool = True) -> None:
    await store.replace([change(f"{kind}:filler{number}", acted) for number in range(count)])


async def test_what_was_bought_outlives_any_number_of_pages_shown_to_nobody() -> None:
    store = MemoryFeatureStore(max_bytes=400_000)
    writer = FeatureWriter(store, "")
    bought = [did("purchase", f"p{n}", offset=n + 1, visitor_id=f"v{n}", query_hash=5) for n in range(20)]
    await writer.apply(bought)
    for start in range(0, 3_000, 500):
        places = range(start, start + 500)
        pages = [shown(f"other{n}", offset=n + 1, visitor_id="", query_hash=100 + n) for n in places]
        await writer.apply(pages)
    products = [product_key(f"p{n}") for n in range(20)]
    assert all(await known(store, *products, query_key(5), visitor_key("v3")))
    assert store.held_bytes <= 400_000


@pytest.mark.parametrize(("kind", "other"), [("p", "q"), ("p", "v"), ("q", "p"), ("v", "p")])
async def test_one_kind_of_key_does_not_push_out_another(kind: str, other: str) -> None:
    store = MemoryFeatureStore(max_bytes=100_000)
    await store.replace([change(f"{other}:1")])
    await filled(store, 2_000, kind)
    assert await known(store, f"{other}:1", f"{kind}:filler0", f"{kind}:filler1999") == [
        True,
        False,
        True,
    ]


async def test_of_a_kind_that_is_full_what_was_not_used_for_longest_is_forgotten() -> None:
    store = MemoryFeatureStore(max_bytes=100_000)
    await store.replace([change("v:read"), change("v:unread")])
    for number in range(200):
        await store.replace([change(f"v:{number}")])
        await store.values(["v:read"])
    assert await known(store, "v:read", "v:unread") == [True, False]


async def test_a_key_that_was_only_shown_stays_once_a_shopper_acts_on_it() -> None:
    store = MemoryFeatureStore(max_bytes=100_000)
    marks = counted(1)[1]
    await store.replace([change("p:1", acted=False), change("p:2", acted=False)])
    await store.replace([Change("p:1", marks, counted(1, 2)[0], 100_000, True)])
    await filled(store, 2_000, "p", acted=False)
    assert await known(store, "p:1", "p:2") == [True, False]


async def test_a_key_is_forgotten_when_its_time_is_over() -> None:
    now = [NOW]
    store = MemoryFeatureStore(now=lambda: now[0])
    await store.replace([change("v:search", acted=False, ttl_seconds=SEARCH_SECONDS), change("v:1")])
    now[0] += SEARCH_SECONDS + 1
    await store.replace([change("v:later", acted=False, ttl_seconds=SEARCH_SECONDS)])
    assert await known(store, "v:search", "v:1", "v:later") == [False, True, True]


async def test_the_bytes_that_are_counted_are_those_that_are_taken() -> None:
    gc.collect()
    tracemalloc.start()
    store = MemoryFeatureStore()
    await store.replace([change(f"p:{number}", value=bytes(bytearray(VALUE))) for number in range(4_000)])
    gc.collect()
    taken_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.8 * taken_bytes <= store.held_bytes <= 1.6 * taken_bytes
