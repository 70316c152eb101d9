"""When a query is about nothing here, and what the words that are missing in the catalogue say."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

AXES = np.eye(8, dtype=np.float32)
PRODUCTS = [
    Product("lamp", "Red lamp"),
    Product("tent", "Tent UPF 50"),
    Product("desk", "Lamp for a desk"),
    Product("vest", "Running vest", attributes={"reservoir": ("without bladder",)}),
    Product("pack", "Running vest with bladder"),
    Product("coat", "Rain coat", description="Keeps rain out", attributes={"hooded": ("no",)}),
]
QUERY = AXES[0]
# How near the products are to the query
COSINES = np.array([0.4, 0.1, 0.35, 0.1, 0.1, 0.1])


@pytest.fixture
def snapshot(open_snapshot: OpenSnapshot) -> Snapshot:
    """Queries about nothing come as near as .5, the nearest product to a query as .4."""
    away = np.sqrt(1 - COSINES**2)
    opened = open_snapshot(PRODUCTS, COSINES[:, None] * QUERY + away[:, None] * AXES[1:7])
    spelling = replace(opened.spelling, encoder_words=frozenset(("evening", "reading", "light")))
    return replace(opened, dense_floor=0.5, known_words_floor=0.3, spelling=spelling)


def ids(snapshot: Snapshot, query: str, **more: Any) -> list[str]:
    found = Retriever().retrieve(snapshot, Request(query, QUERY, **more))
    return snapshot.products.product_ids(found.rows)


def test_what_is_less_near_than_nonsense_is_found_by_a_query_whose_words_are_known(
    snapshot: Snapshot,
) -> None:
    assert ids(snapshot, "evening reading")[0] == "lamp"
    assert ids(snapshot, "evening reading light qwrtzp")[0] == "lamp"
    assert ids(snapshot, "abendlicht") == []
    assert ids(replace(snapshot, known_words_floor=0.45), "evening reading") == []


def test_a_code_that_no_product_has_finds_nothing_that_is_not_near(snapshot: Snapshot) -> None:
    assert ids(snapshot, "zkq-4417") == []


def test_function_words_alone_are_no_match(snapshot: Snapshot) -> None:
    assert ids(snapshot, "is there a light for a reading with") == ids(snapshot, "reading light")


def test_a_number_alone_puts_nothing_first(snapshot: Snapshot) -> None:
    assert ids(snapshot, "reading light 50")[0] == "lamp"
    assert ids(snapshot, "tent 50")[0] == "tent"


def test_a_word_that_the_encoder_knows_is_not_corrected(snapshot: Snapshot) -> None:
    fresh = replace(snapshot.spelling, encoder_words=frozenset())
    assert fresh.correct("jent") == "tent" and fresh.correct("vesd") == "vest"
    knowing = replace(snapshot.spelling, encoder_words=frozenset(("vesd",)))
    assert knowing.correct("jent") == "tent" and knowing.correct("Vesd") == "Vesd"


@pytest.mark.parametrize(("word", "lacking"), [("bladder", "vest"), ("hooded", "coat")])
def test_attributes_say_what_a_product_is_without(snapshot: Snapshot, word: str, lacking: str) -> None:
    rows = np.flatnonzero(snapshot.lexical.search("").lacking(word))
    assert snapshot.products.product_ids(rows) == [lacking]
