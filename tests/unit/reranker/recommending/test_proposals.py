from __future__ import annotations

import pytest

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.history import History
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.proposals import propose
from shared.features.visitor import BoughtProduct
from shared.product_memory.memory import ProductMemory
from tests.unit.product_memory.product_memories import NOW_SECONDS, TODAY, product_memory

_BOUGHT = {"ant": {"bee": 0.9, "cat": 0.5}, "bee": {"ant": 0.9, "dog": 0.4}}


def test_what_is_bought_with_the_seeds_is_proposed_and_the_seeds_are_not() -> None:
    evidence = Evidence(product_memory(bought=_BOUGHT), NOW_SECONDS, seeds=["ant", "bee"])
    found = propose(evidence, Placement.ALSO_BOUGHT, 10)
    assert found.product_ids == ("cat", "dog")
    assert set(found.sources) == {"bought_with"}
    assert found.scores == pytest.approx((0.25, 0.2))


def test_a_visitor_is_offered_what_it_buys_often_and_what_goes_with_it_in_turns() -> None:
    history = History.of(
        [BoughtProduct("ant", 5, TODAY - 90, TODAY - 3), BoughtProduct("dog", 1, TODAY, TODAY)]
    )
    memory = product_memory(owned=_BOUGHT, purchases={"cat": (0, 9, 9, 9, 9)})
    found = propose(Evidence(memory, NOW_SECONDS, history), Placement.FOR_YOU, 10)
    assert found.product_ids[:3] == ("ant", "bee", "cat")
    assert found.sources[:3] == ("bought_again", "like_history", "trending")
    assert len(set(found.product_ids)) == len(found.product_ids)


def test_a_visitor_is_offered_what_goes_with_its_purchases_lately() -> None:
    history = History.of([BoughtProduct("ant", 5, TODAY - 90, TODAY - 3)])
    memory = product_memory(owned={"ant": {"bee": 0.5}}, owned_lately={"ant": {"dog": 0.5}})
    found = propose(Evidence(memory, NOW_SECONDS, history), Placement.FOR_YOU, 10)
    offered = dict(zip(found.product_ids, found.sources, strict=True))
    assert offered == {"ant": "bought_again", "bee": "like_history", "dog": "like_history_lately"}


def test_a_limit_holds() -> None:
    evidence = Evidence(product_memory(bought=_BOUGHT), NOW_SECONDS, seeds=["ant"])
    assert propose(evidence, Placement.ALSO_BOUGHT, 1).product_ids == ("bee",)


def test_other_products_are_proposed_in_the_place_of_excluded_ones() -> None:
    evidence = Evidence(product_memory(bought=_BOUGHT), NOW_SECONDS, seeds=["ant"])
    assert propose(evidence, Placement.ALSO_BOUGHT, 1, ["bee"]).product_ids == ("cat",)
    history = History.of([BoughtProduct("ant", 5, TODAY - 90, TODAY - 3)])
    known = Evidence(product_memory(bought=_BOUGHT), NOW_SECONDS, history)
    assert propose(known, Placement.FOR_YOU, 2, ["ant", "unknown"]).product_ids == ("bee", "cat")


@pytest.mark.parametrize("placement", list(Placement))
def test_without_a_memory_only_the_own_history_is_proposed(placement: Placement) -> None:
    evidence = Evidence(ProductMemory.empty(), NOW_SECONDS, seeds=["unknown"])
    assert propose(evidence, placement, 10).product_ids == ()
    history = History.of([BoughtProduct("ant", 1, TODAY, TODAY)], {"bee": 1.0})
    found = propose(Evidence(ProductMemory.empty(), NOW_SECONDS, history), placement, 10)
    assert set(found.product_ids) <= {"ant", "bee"}


def test_recently_viewed_keeps_the_order_in_which_it_came() -> None:
    history = History.of([], {"dog": 1.0, "ant": 3.0, "bee": 0.0})
    found = propose(Evidence(product_memory(), NOW_SECONDS, history), Placement.RECENTLY_VIEWED, 10)
    assert found.product_ids == ("dog", "ant")


def test_nobody_proposes_what_is_new() -> None:
    """A product that shoppers saw only lately may have been in the shop for years."""
    memory = product_memory(purchases={"ant": (0, 0, 0, 2, 1), "cat": (0, 0, 0, 2, 1)})
    assert propose(Evidence(memory, NOW_SECONDS), Placement.NEW_ARRIVALS, 10).product_ids == ()
