"""Queries in languages that the encoder does not know."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.retrieval.request import LEXICAL, Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import DIM, OpenSnapshot

AXES = np.eye(DIM, dtype=np.float32)

FOREIGN = [
    Product("de-lamp", "Rote Lampe", language_code="de-AT"),
    Product("de-mug", "Rote Tasse", language_code="de"),
    Product("en-lamp", "Red lamp", language_code="en"),
    Product("en-mug", "Red mug", language_code="en"),
    Product("unnamed", "Grüne Lampe für den Garten"),
]


@pytest.fixture
def foreign(open_snapshot: OpenSnapshot) -> Snapshot:
    """A shop whose encoder takes everything for a mug."""
    return open_snapshot(FOREIGN, AXES[0] + AXES[1:6] * np.array([[0.9], [0.1], [0.8], [0.1], [0.7]]))


def rows_of(snapshot: Snapshot, query: str, **more: Any) -> list[int]:
    found = Retriever().retrieve(snapshot, Request(query, AXES[0], **more))
    return list(found.rows.tolist())


@pytest.mark.parametrize(("query", "found"), [("rote lampe", [0]), ("lampe garten", [4])])
def test_a_query_in_a_language_that_the_encoder_does_not_know_is_answered_by_words(
    foreign: Snapshot, query: str, found: list[int]
) -> None:
    assert set(rows_of(foreign, query)) > set(found)
    unknown = replace(foreign, unknown_languages=frozenset(("de",)))
    assert rows_of(unknown, query)[: len(found)] == found
    assert rows_of(unknown, query) == rows_of(unknown, query, tier=LEXICAL)


def test_other_languages_keep_their_vectors_beside_an_unknown_one(foreign: Snapshot) -> None:
    unknown = replace(foreign, unknown_languages=frozenset(("de",)))
    assert rows_of(unknown, "red lamp") == rows_of(foreign, "red lamp")
    assert len(rows_of(unknown, "red lamp")) > 1


def test_the_language_of_a_request_counts_more_than_that_of_the_products(foreign: Snapshot) -> None:
    unknown = replace(foreign, unknown_languages=frozenset(("de",)))
    assert rows_of(unknown, "red lamp", languages=("de",)) == rows_of(unknown, "red lamp", tier=LEXICAL)
    assert rows_of(unknown, "rote lampe", languages=("en",)) == rows_of(
        foreign, "rote lampe", languages=("en",)
    )


def test_what_no_words_find_is_still_found_by_vector(foreign: Snapshot) -> None:
    unknown = replace(foreign, unknown_languages=frozenset(("de",)))
    assert rows_of(unknown, "xyzzy") == rows_of(foreign, "xyzzy") != []
