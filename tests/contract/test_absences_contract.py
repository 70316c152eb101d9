"""Retrieval accounts for products alike over the wire and in one process."""

import pytest

from aisle.v1.retrieval_pb2 import AccountForRequest, RetrieveRequest
from aisle.v1.search_pb2 import (
    ABSENCE_REASON_FILTERED,
    ABSENCE_REASON_MISSING_WORDS,
    ABSENCE_REASON_OTHER_PAGE,
    ABSENCE_REASON_REMOVED,
    ABSENCE_REASON_UNKNOWN,
    AnyOf,
    Filter,
    FilterGroup,
    NumberRange,
)
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshot, Snapshots
from shared.errors import InvalidRequest
from tests.contract.retrieval_doors import Door, served

HOB = Filter(field="brands", any_of=AnyOf(values=["hob"]))
CHEAP = Filter(field="price", range=NumberRange(max=15))


async def test_each_product_has_an_account(door: Door) -> None:
    search = RetrieveRequest(query="red lamp", exclude_product_ids=["a"])
    response = await door.AccountFor(AccountForRequest(retrieve=search, product_ids=["b", "c", "nobody"]))
    assert [(each.product_id, each.reason) for each in response.absences] == [
        ("b", ABSENCE_REASON_MISSING_WORDS),
        ("c", ABSENCE_REASON_MISSING_WORDS),
        ("nobody", ABSENCE_REASON_UNKNOWN),
    ]
    assert [list(each.words) for each in response.absences] == [["red"], ["red", "lamp"], []]
    assert [list(each.words) for each in response.held] == [["lamp"], [], []]


async def test_the_parts_of_a_group_are_named_alone(door: Door) -> None:
    group = Filter(all_filters=FilterGroup(filters=[HOB, CHEAP]))
    request = AccountForRequest(retrieve=RetrieveRequest(filters=[group]), product_ids=["a", "b"])
    response = await door.AccountFor(request)
    assert [each.reason for each in response.absences] == [ABSENCE_REASON_FILTERED] * 2
    assert [list(each.filters) for each in response.absences] == [[HOB], [CHEAP]]


async def test_a_product_behind_the_window_has_its_place(door: Door) -> None:
    search = RetrieveRequest(order_by="title asc", exclude_product_ids=["b"])
    response = await door.AccountFor(AccountForRequest(retrieve=search, product_ids=["a", "c"]))
    assert [(each.reason, each.position) for each in response.absences] == [
        (ABSENCE_REASON_OTHER_PAGE, 2),
        (ABSENCE_REASON_OTHER_PAGE, 1),
    ]


async def test_a_product_that_was_removed_says_so(snapshot: Snapshot, door: Door) -> None:
    response = await door.AccountFor(AccountForRequest(product_ids=["gone"]))
    removed = snapshot.products.was_removed("gone")
    assert response.absences[0].reason == (ABSENCE_REASON_REMOVED if removed else ABSENCE_REASON_UNKNOWN)


async def test_both_doors_say_the_same(snapshot: Snapshot) -> None:
    local = RetrievalService(Snapshots(snapshot), Retriever())
    request = AccountForRequest(retrieve=RetrieveRequest(query="lamp"), product_ids=["a", "c", "gone"])
    async with served(local) as wire:
        assert await wire.AccountFor(request) == await local.AccountFor(request)


async def test_too_many_products_are_refused(door: Door) -> None:
    with pytest.raises(InvalidRequest, match="product_ids: has 21 entries; send at most 20"):
        await door.AccountFor(AccountForRequest(product_ids=["a"] * 21))
