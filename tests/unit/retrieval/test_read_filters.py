"""Filters that a language model read in a query narrow what is shown, and cannot widen it."""

import time

import pytest

from services.retrieval.filters import AnyOf, Between, Exists, Filter, Group, Tree
from services.retrieval.narrowing import Limits
from services.retrieval.request import LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

HOUR = 3_600.0
LUX = Filter("brands", AnyOf(("Lux",)))
PAST = Filter("expire_time", Between(0.0, 4e9))


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    now = time.time()
    products = [
        Product("lux", "Red lamp", brands=("Lux",), price=10.0),
        Product("hob", "Red lamp", brands=("Hob",), price=20.0),
        Product("expired", "Red lamp", brands=("Lux",), price=1.0, expire_time=now - HOUR),
        Product("awaited", "Red lamp", brands=("Lux",), price=1.0, available_time=now + HOUR),
        Product("mug", "Mug", brands=("Lux",), price=3.0),
    ]
    return open_shared_snapshot(products)


def shown(snapshot: Snapshot, *read: Tree, query: str = "lamp", own: tuple[Tree, ...] = ()) -> set[str]:
    request = Request(query, tier=LEXICAL, filters=own, limits=Limits(filters=read))
    return set(snapshot.products.product_ids(Retriever().retrieve(snapshot, request).rows))


@pytest.mark.parametrize(
    ("read", "ids"),
    [
        ((LUX,), {"lux"}),
        ((Filter("price", Between(15.0, 99.0)),), {"hob"}),
        ((LUX, Filter("price", Between(15.0, 99.0))), {"lux"}),  # the second leaves nothing
        ((Filter("brands", AnyOf(("Nobody",))),), {"lux", "hob"}),
        # What is hidden stays so
        ((Filter("price", Between(0.0, 2.0)),), {"lux", "hob"}),
        ((Group((LUX, PAST), every=False),), {"lux"}),
        ((Filter("expire_time", Exists(True)),), {"lux", "hob"}),
        ((Filter("product_id", AnyOf(("expired", "awaited"))),), {"lux", "hob"}),
        ((Filter("brands", AnyOf(("Nobody",)), negate=True),), {"lux", "hob"}),
    ],
)
def test_a_read_filter_narrows_or_is_left_out(
    snapshot: Snapshot, read: tuple[Tree, ...], ids: set[str]
) -> None:
    assert shown(snapshot, *read) == ids


def test_the_filters_of_the_request_always_hold(snapshot: Snapshot) -> None:
    own = (Filter("brands", AnyOf(("Hob",))),)
    assert shown(snapshot, LUX, own=own) == {"hob"}
    assert shown(snapshot, LUX, query="", own=own) == {"hob"}
    assert shown(snapshot, LUX, query="") == {"lux", "mug"}
