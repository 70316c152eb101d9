import time
from typing import Any

import numpy as np
import pytest

from services.retrieval.facets import FacetRequest
from services.retrieval.filters import AnyOf, Filter
from services.retrieval.narrowing import NO_LIMITS, Limits
from services.retrieval.request import DENSE, FUSED, LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from tests.unit.query_memory.memories import memory
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

AXES = np.eye(8, dtype=np.float32)
PRODUCTS = [
    Product("red-lamp", "Red lamp", brands=("Lux",), price=30.0, rating_average=4.0, rating_count=10),
    Product(
        "blue-lamp",
        "Blue lamp",
        brands=("Hob",),
        price=10.0,
        rating_average=5.0,
        rating_count=1,
        publish_time=5.0,
    ),
    Product("red-mug", "Red mug", brands=("Hob",), price=None, publish_time=9.0),
    Product(
        "light",
        "Bedside light",
        brands=("Lux",),
        price=20.0,
        rating_average=4.5,
        rating_count=100,
    ),
    Product("old-lamp", "Red lamp", brands=("Lux",), price=1.0, expire_time=time.time() - 1),
    Product(
        "next-lamp",
        "Lamp to come",
        price=99.0,
        expire_time=time.time() + 3600,
        available_time=time.time() - 60,
    ),
]
# The first axis is "gives light".
VECTORS = AXES[0] * np.array([[0.9], [0.9], [0.1], [0.9], [0.9], [0.8]]) + AXES[1:7] * 0.4


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    return open_shared_snapshot(PRODUCTS, VECTORS)


def ids(snapshot: Snapshot, **request: Any) -> list[str]:
    found = Retriever().retrieve(snapshot, Request(**request))
    return snapshot.products.product_ids(found.rows)


def test_words_and_vectors_join(snapshot: Snapshot) -> None:
    found = ids(snapshot, query="red lamp", vector=AXES[0])
    assert found[0] == "red-lamp"
    assert set(found) == {"red-lamp", "blue-lamp", "light", "next-lamp"}


def test_each_tier_runs_what_it_names(snapshot: Snapshot) -> None:
    assert set(ids(snapshot, query="red", vector=AXES[0], tier=LEXICAL)) == {
        "red-lamp",
        "red-mug",
    }
    assert "red-mug" not in ids(snapshot, query="red", vector=AXES[0], tier=DENSE)
    assert set(ids(snapshot, query="red", vector=AXES[0], tier=FUSED)) >= {"red-mug", "light"}


def test_without_a_vector_words_answer_and_the_response_says_so(snapshot: Snapshot) -> None:
    found = Retriever().retrieve(snapshot, Request("lamp"))
    assert found.tier == LEXICAL and found.degraded == ("dense: no vector",)
    assert (found.dense_scores == 0).all() and len(found.rows) == 3


def test_an_expired_product_is_nowhere_and_one_that_expires_later_is_shown(
    snapshot: Snapshot,
) -> None:
    assert "old-lamp" not in ids(snapshot, query="lamp", vector=AXES[0])
    assert "old-lamp" not in ids(snapshot) and "next-lamp" in ids(snapshot)


@pytest.mark.parametrize("order_by", ["", "price asc", "newest"])
def test_a_product_is_hidden_until_it_is_available(open_snapshot: OpenSnapshot, order_by: str) -> None:
    products = [
        Product("here", "Garden bench", price=2.0, available_time=time.time() - 60),
        Product("soon", "Garden bench", price=1.0, available_time=time.time() + 3_600),
        Product("always", "Garden bench", price=3.0),
    ]
    opened = open_snapshot(products, VECTORS[:3])
    for query in ("", "garden bench"):
        found = Retriever().retrieve(opened, Request(query, VECTORS[0], order_by=order_by))
        assert set(opened.products.product_ids(found.rows)) == {"here", "always"} and found.total_count == 2


def test_a_product_is_shown_once_its_time_has_come(
    open_snapshot: OpenSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_snapshot([Product("soon", "Garden bench", available_time=time.time() + 3_600)], VECTORS[:1])
    assert ids(opened) == []
    later = time.time() + 4_000
    monkeypatch.setattr(time, "time", lambda: later)
    assert ids(opened) == ["soon"]


def test_what_is_still_to_be_published_is_shown_but_not_among_the_newest(
    open_snapshot: OpenSnapshot,
) -> None:
    products = [
        Product("new-lamp", "New lamp", publish_time=time.time() - 60),
        Product("far-lamp", "Far lamp", publish_time=4e9),
    ]
    opened = open_snapshot(products, VECTORS[:2])
    assert ids(opened, order_by="newest") == ids(opened, query="lamp", order_by="newest") == ["new-lamp"]
    assert (
        set(ids(opened, query="lamp")) == set(ids(opened, order_by="price asc")) == {"new-lamp", "far-lamp"}
    )


def test_filters_hold_in_both_legs(snapshot: Snapshot) -> None:
    hob = (Filter("brands", AnyOf(("hob",))),)
    for tier in (LEXICAL, DENSE, FUSED):
        assert set(ids(snapshot, query="lamp", vector=AXES[0], filters=hob, tier=tier)) == {"blue-lamp"}


def test_what_shoppers_opened_comes_in_whatever_words_and_vectors_say(snapshot: Snapshot) -> None:
    known = memory({"lamp": {"red-mug": 20.0, "gone": 9.0, "old-lamp": 9.0}})
    found = Retriever().retrieve(snapshot, Request("lamp", AXES[0], memory=known))
    shown = snapshot.products.product_ids(found.rows)
    assert "red-mug" in shown and "old-lamp" not in shown
    assert found.total_count + found.related_count == len(shown)
    assert "red-mug" not in ids(snapshot, query="lamp", vector=AXES[0])
    place = shown.index("red-mug")
    assert (found.lexical_ranks[place], found.dense_ranks[place]) == (0, 0)


def test_filters_tiers_and_the_limit_hold_for_what_shoppers_opened(snapshot: Snapshot) -> None:
    known = memory({"lamp": {"red-mug": 20.0, "light": 5.0}})
    lux = (Filter("brands", AnyOf(("lux",))),)
    assert "red-mug" not in ids(snapshot, query="lamp", vector=AXES[0], memory=known, filters=lux)
    assert "red-mug" not in ids(snapshot, query="lamp", vector=AXES[0], memory=known, tier=DENSE)
    retrieved = Retriever(memory_limit=0).retrieve(snapshot, Request("lamp", AXES[0], memory=known))
    assert "red-mug" not in snapshot.products.product_ids(retrieved.rows)


def test_scores_and_ranks_are_those_of_each_leg(snapshot: Snapshot) -> None:
    found = Retriever().retrieve(snapshot, Request("red mug", AXES[0]))
    by_row = dict(zip(found.rows.tolist(), range(len(found.rows)), strict=True))
    mug = by_row[2]
    light = by_row[3]
    assert found.lexical_ranks[mug] == 1
    assert found.dense_ranks[mug] == 0
    assert found.lexical_scores[mug] > 0
    assert found.lexical_ranks[light] == 0
    assert found.dense_ranks[light] > 0
    assert found.lexical_scores[light] == 0
    assert np.allclose(
        found.dense_scores, (VECTORS / np.linalg.norm(VECTORS, axis=1)[:, None])[found.rows, 0]
    )
    assert (np.diff(found.fused_scores) <= 0).all()


@pytest.mark.parametrize("query", ["", "lamp", "red lamp"])
@pytest.mark.parametrize("order_by", ["", "price asc", "newest"])
def test_count_facets_and_candidates_are_about_one_match_set(
    snapshot: Snapshot, query: str, order_by: str
) -> None:
    request = Request(query, AXES[0], facets=(FacetRequest("type", 10),), order_by=order_by)
    found = Retriever().retrieve(snapshot, request)
    assert found.total_count == np.count_nonzero(~found.by_meaning) == found.facets[0].values[0][1]
    assert found.related_count == np.count_nonzero(found.by_meaning)
    assert not found.related_count or not order_by


def test_the_count_does_not_depend_on_the_limit(snapshot: Snapshot) -> None:
    counts = {
        Retriever().retrieve(snapshot, Request("lamp", AXES[0], limit=limit)).total_count
        for limit in (1, 2, 400)
    }
    assert counts == {3}


def test_a_product_that_words_and_vectors_find_far_off_does_not_match(snapshot: Snapshot) -> None:
    assert "red-mug" not in ids(snapshot, query="lamp", vector=AXES[0])


def test_words_that_no_product_holds_together_still_find_products_with_some(
    snapshot: Snapshot,
) -> None:
    assert set(ids(snapshot, query="blue mug", vector=AXES[7])) >= {"blue-lamp", "red-mug"}


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("price asc", ["blue-lamp", "light", "red-lamp", "next-lamp", "red-mug"]),
        ("price desc", ["next-lamp", "red-lamp", "light", "blue-lamp", "red-mug"]),
        ("rating desc", ["blue-lamp", "light", "red-lamp", "red-mug", "next-lamp"]),
        ("newest", ["red-mug", "blue-lamp", "light", "red-lamp", "next-lamp"]),
        ("relevance", ["light", "red-lamp", "blue-lamp", "red-mug", "next-lamp"]),
    ],
)
def test_browsing_is_ordered_with_missing_values_last(
    snapshot: Snapshot, order_by: str, expected: list[str]
) -> None:
    assert ids(snapshot, order_by=order_by) == expected


def test_an_order_holds_over_the_match_set(snapshot: Snapshot) -> None:
    found = ids(snapshot, query="lamp", vector=AXES[0], order_by="price asc")
    assert found == ["blue-lamp", "red-lamp", "next-lamp"]


def test_an_unknown_order_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(InvalidRequest, match=r"order_by.*is unknown; use relevance"):
        Retriever().retrieve(snapshot, Request(order_by="cheapest"))


@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(("red",), (5.0, 9.0))])
def test_an_empty_snapshot_answers_with_nothing(open_snapshot: OpenSnapshot, limits: Limits) -> None:
    request = Request("lamp", AXES[0], facets=(FacetRequest("brands", 10),), limits=limits)
    found = Retriever().retrieve(open_snapshot([]), request)
    assert found.total_count == len(found.rows) == 0 and found.facets[0].values == ()


def test_parts_are_timed(snapshot: Snapshot) -> None:
    found = Retriever().retrieve(snapshot, Request("lamp", AXES[0]))
    assert set(found.stage_ms) == {"filter", "lexical", "dense", "fuse", "facets"}


def test_of_many_attributes_that_no_product_has_the_first_are_noted_once(
    snapshot: Snapshot,
) -> None:
    wanted = tuple(FacetRequest(f"attributes.nothing {number // 2}", 10) for number in range(20))
    notes = Retriever().retrieve(snapshot, Request(facets=wanted)).notes
    assert [note.partition("'")[2].partition("'")[0] for note in notes] == [
        f"attributes.nothing {number}" for number in range(5)
    ]
