from typing import Any

import pytest

from services.feedback.decision import Decision, decide
from services.feedback.feature_writer import FeatureWriter
from shared.features.evidence import (
    LATE,
    PAGE_OF_NOBODY,
    REPEATED,
    TOO_FAST,
    TOO_MANY,
    UNVERIFIED,
    WITHOUT_PAGE,
    EvidenceLimits,
)
from shared.features.keys import product_key, query_key
from shared.features.memory import MemoryFeatureStore
from shared.features.observation import Observation
from shared.features.page import read_page
from shared.features.scope import PageRequest
from shared.features.scopes import COLUMNS
from shared.features.spec import CLICK, SHOWN
from shared.features.visitor import Delivery, Visitor
from tests.contract.features_on_paper import stored_counts
from tests.unit.feedback.observations import DAY, NOW, did, shown

LIMITS = EvidenceLimits(minute_interactions=5, day_interactions=8, day_counted=4, day_shown=6)


def decided(*observations: Observation, limits: EvidenceLimits = LIMITS) -> list[Decision]:
    visitor = Visitor()
    decisions = []
    for each in observations:
        decisions.append(decide(visitor, each, limits))
        visitor = Visitor(visitor.encoded())
    return decisions


def counted(decisions: list[Decision]) -> list[tuple[list[str], list[str], str]]:
    return [(list(each.product_ids), list(each.under_query), each.reason) for each in decisions]


def test_a_product_counts_once_a_day_and_once_under_each_query() -> None:
    events = [did("click", "p1", offset=1, query_hash=5), did("click", "p1", offset=2, query_hash=6)]
    events += [did("click", "p1", offset=3, query_hash=5), did("view", "p1", offset=4)]
    events += [did("click", "p1", offset=5, query_hash=5, at=NOW + DAY)]
    limits = EvidenceLimits()
    assert counted(decided(*events, limits=limits)) == [
        (["p1"], ["p1"], ""),
        ([], ["p1"], REPEATED),
        ([], [], REPEATED),
        (["p1"], [], ""),
        (["p1"], ["p1"], ""),
    ]


def test_a_record_that_comes_again_is_decided_as_it_was() -> None:
    first = did("click", "p1", "p2", offset=1, query_hash=5)
    second = did("click", "p2", "p3", offset=2)
    again = decided(first, second, first, second)
    assert [each.delivery for each in again[2:]] == [Delivery.REDELIVERED] * 2
    assert [(each.product_ids, each.under_query) for each in again[2:]] == [
        (each.product_ids, each.under_query) for each in again[:2]
    ]


def test_pages_and_events_are_remembered_apart() -> None:
    records = [did("click", "p1", offset=1), shown("p1", "p2", offset=1), shown("p2", "p3", offset=2)]
    assert counted(decided(*records)) == [
        (["p1"], [], ""),
        (["p1", "p2"], [], ""),
        (["p3"], [], REPEATED),
    ]
    assert [each.counter for each in decided(*records)] == [CLICK, SHOWN, SHOWN]


def test_what_is_above_the_limits_of_a_day_does_not_count() -> None:
    pages = shown(*(f"p{n}" for n in range(8)), offset=1)
    acts = did("purchase", *(f"p{n}" for n in range(6)), offset=1)
    assert [(len(each.product_ids), each.reason) for each in decided(pages, acts)] == [
        (6, TOO_MANY),
        (4, TOO_MANY),
    ]


def test_what_comes_faster_than_a_person_changes_not_even_the_visitors_own_state() -> None:
    visitor = Visitor()
    reasons = [
        decide(visitor, did("click", f"p{n}", offset=n, at=NOW - NOW % 60), LIMITS).reason
        for n in range(1, 8)
    ]
    assert reasons[-2:] == [TOO_FAST] * 2
    assert {each.product_id for each in visitor.state.recent} == {f"p{n}" for n in range(1, 6)}


@pytest.mark.parametrize("reason", [WITHOUT_PAGE, UNVERIFIED, PAGE_OF_NOBODY])
def test_what_follows_from_no_page_of_the_visitors_changes_their_own_state_alone(reason: str) -> None:
    visitor = Visitor()
    decision = decide(visitor, did("click", "p1", offset=1, left_out=reason), LIMITS)
    assert (decision.reason, decision.product_ids) == (reason, ())
    assert [each.product_id for each in visitor.state.recent] == ["p1"]


@pytest.mark.parametrize(
    ("limits", "counts"),
    [
        (EvidenceLimits(counts_nobody=True), [PAGE_OF_NOBODY]),
        (EvidenceLimits(counts_without_page=True), [WITHOUT_PAGE, UNVERIFIED]),
    ],
)
def test_settings_lift_it(limits: EvidenceLimits, counts: list[str]) -> None:
    for reason in (WITHOUT_PAGE, UNVERIFIED, PAGE_OF_NOBODY):
        (decision,) = decided(did("click", "p1", offset=1, left_out=reason), limits=limits)
        assert bool(decision.product_ids) == (reason in counts)


def test_nothing_counts_for_a_day_after_the_log_had_it_or_long_before() -> None:
    ahead = did("click", "p1", offset=1, at=NOW + DAY, logged=NOW)
    late = did("click", "p2", offset=2, at=NOW - 4 * DAY, logged=NOW)
    now = did("click", "p3", offset=3)
    first, second, third = decided(ahead, late, now)
    assert (first.day, first.reason) == (third.day, "")
    assert (second.product_ids, second.reason) == ((), LATE)


async def columns(*observations: Observation) -> dict[str, Any]:
    store = MemoryFeatureStore()
    writer = FeatureWriter(store, "")
    await writer.apply(observations)
    request = PageRequest(("p1", "p2"), "shoe", "stranger")
    return {
        name: column.tolist() for name, column in (await read_page(store, request, NOW)).columns().items()
    }


async def test_one_visitor_changes_no_column_of_others_and_two_do() -> None:
    nothing = await columns()
    alone = await columns(shown("p1", "p2", offset=1), *(did("click", "p1", offset=n) for n in range(1, 9)))
    together = await columns(*(did("click", "p1", offset=n, visitor_id=f"v{n}") for n in (1, 2)))
    assert repr(alone) == repr(nothing)
    assert set(nothing) == set(COLUMNS)
    assert together["product_opens_7d"][0] > 0 and together["product_idle_days"][0] == 0


async def test_pages_for_nobody_leave_nothing_in_the_store_and_are_counted() -> None:
    store = MemoryFeatureStore()
    writer = FeatureWriter(store, "")
    await writer.apply([shown("p1", offset=1, visitor_id="", query_hash=5)])
    assert await store.values([product_key("p1"), query_key(5), "v:search-1"]) == [None] * 3
    assert (writer.take_left_out(), writer.take_counts()) == ({PAGE_OF_NOBODY: 1}, {"first": 1})
    lifted = FeatureWriter(store, "", limits=EvidenceLimits(counts_nobody=True))
    await lifted.apply([shown("p1", offset=1, visitor_id="", query_hash=5)])
    (value,) = await store.values([product_key("p1")])
    assert sum(stored_counts(value).values()) == 2  # one of the day, and one in total
