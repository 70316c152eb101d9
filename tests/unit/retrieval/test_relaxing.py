"""What a page says that it left of its query."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.retrieval.filters import AnyOf, Filter
from services.retrieval.relaxing import NOT_RELAXED, Relaxation
from services.retrieval.request import DENSE, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

AXES = np.eye(8, dtype=np.float32)
LAMPS = ("Home > Light > Lamps",)
PRODUCTS = [
    *(
        Product(f"desk{n}", f"Brass desk lamp {n}", categories=LAMPS, brands=("Lux",), sku=f"QX-77.{n}L")
        for n in range(8)
    ),
    Product("floor", "Brass floor lamp", categories=("Home > Light > Floor",), brands=("Hob",)),
    Product("chair", "Purple chair", categories=("Home > Chairs",), brands=("Hob",)),
    Product("case", "Purple brass case", brands=("Hob",)),
    Product("bottle", "保温瓶 白色"),
]


@pytest.fixture(scope="module")
def snapshot(open_shared_snapshot: OpenSnapshot) -> Snapshot:
    """The query's vector is far from all products."""
    opened = open_shared_snapshot(PRODUCTS, np.repeat(AXES[1:2], len(PRODUCTS), axis=0))
    return replace(opened, dense_floor=0.5, known_words_floor=0.5)


def relaxed(snapshot: Snapshot, query: str, vector: Any = AXES[0], **more: Any) -> Relaxation:
    return Retriever().retrieve(snapshot, Request(query, vector, **more)).relaxation


@pytest.mark.parametrize(
    "query",
    [
        "brass desk lamp",
        "a brass lamp for the desk",
        "purple",
        "desk lamps",
        "qx77.3l",
        "qx-77",
        "保温瓶",
        "",
    ],
)
def test_a_query_that_is_met_is_not_relaxed(snapshot: Snapshot, query: str) -> None:
    assert relaxed(snapshot, query) == NOT_RELAXED


@pytest.mark.parametrize(
    ("query", "dropped"),
    [
        ("brass qwrtzp", ("qwrtzp",)),
        ("desk lamp Purple", ("Purple",)),  # products have it, but none that has two of the words
        ("the purple chair with QWRTZP", ("QWRTZP",)),
        ("brass lamp purple", ()),  # in no product together, and each in some
        ("保温瓶 陶瓷", ("陶瓷",)),
        (" ".join(["brass lamp", *(f"qwrtz{letter}" for letter in "abcdefghij")]), None),
    ],
)
def test_words_that_no_result_has_are_named(
    snapshot: Snapshot, query: str, dropped: tuple[str, ...] | None
) -> None:
    found = relaxed(snapshot, query)
    assert dropped is None or found == Relaxation(dropped_words=dropped)


def test_only_the_words_of_the_match_set_count(snapshot: Snapshot) -> None:
    lux = Filter("brands", AnyOf(("Lux",)))
    assert relaxed(snapshot, "brass floor lamp", filters=(lux,)).dropped_words == ("floor",)
    assert relaxed(snapshot, "brass floor lamp") == NOT_RELAXED


def test_results_that_hold_too_few_words_are_partial(snapshot: Snapshot) -> None:
    found = relaxed(snapshot, "purple lamp")
    assert found.is_partial and found.dropped_words == ()
    found = relaxed(snapshot, "purple lamp", filters=(Filter("brands", AnyOf(("Lux",))),))
    assert found == Relaxation(is_partial=True, dropped_words=("purple",))


def test_results_that_are_only_near_in_meaning_are_partial(snapshot: Snapshot) -> None:
    found = relaxed(snapshot, "abendlicht", AXES[1])
    assert found == Relaxation(is_partial=True, dropped_words=("abendlicht",))
    assert relaxed(snapshot, "abendlicht", AXES[1], tier=DENSE) == NOT_RELAXED


def test_nothing_found_names_the_words_that_no_product_has(snapshot: Snapshot) -> None:
    assert relaxed(snapshot, "qwrtzp") == Relaxation(dropped_words=("qwrtzp",))


def test_nothing_found_by_the_filters_says_what_there_is_without_them(snapshot: Snapshot) -> None:
    nobody = (Filter("brands", AnyOf(("Nobody",))),)
    found = relaxed(snapshot, "brass lamp", filters=nobody)
    assert (found.unfiltered_count, found.near_category) == (9, "Home > Light > Lamps")
    found = relaxed(snapshot, "purple", filters=nobody)
    assert (found.unfiltered_count, found.near_category) == (2, "")  # no category of both
    assert relaxed(snapshot, "qwrtzp", filters=nobody) == Relaxation(dropped_words=("qwrtzp",))


def test_a_part_of_the_rest_says_nothing(snapshot: Snapshot) -> None:
    assert relaxed(snapshot, "brass qwrtzp", exclude_product_ids=("desk1",)) == NOT_RELAXED


def test_of_a_long_query_twenty_words_are_looked_at(snapshot: Snapshot) -> None:
    strangers = [f"qwrtz{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert len(relaxed(snapshot, " ".join(strangers)).dropped_words) == 20
