"""A query that means a category by another name, as the encoder's vectors say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.retrieval.meant_category import meant_category
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from shared.artifacts import write_manifest
from shared.catalog.product import Product
from shared.snapshot.category_vectors import CategoryVectors
from tests.unit.retrieval.snapshot_on_disk import DIM, write_snapshot

PRODUCTS = [
    Product("sofa", "Corner Sofa", categories=("Living > Sofas",)),
    Product("cover", "Big washable throw", categories=("Living > Throws",)),
    Product("slip", "Washable cover", categories=("Living > Textiles",)),
    Product("bed", "Big bed", description="not a couch", categories=("Sleeping > Beds",)),
]
NEAR = np.eye(DIM, dtype=np.float32)


def vector(*cosines: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A query's vector with these cosines to the categories, in their order."""
    rest = np.sqrt(1 - np.square(cosines).sum())
    return np.array([*cosines, *[0] * (DIM - len(cosines) - 1), rest], np.float32)


def snapshot(tmp_path: Path, *names: str) -> Snapshot:
    """The products by vector alike, and categories with orthogonal vectors."""
    folder = write_snapshot(tmp_path, PRODUCTS, np.ones((len(PRODUCTS), DIM)))
    CategoryVectors(names, NEAR[: len(names)]).write(folder)
    content = {"format": 1, "version": "v1", "product_count": len(PRODUCTS)}
    write_manifest(folder, {**content, "dense": {"kind": "flat"}})
    return Snapshot.open(folder)


def found(
    opened: Snapshot, query: str, *cosines: float, as_typed: tuple[str, ...] = ()
) -> tuple[str, list[str]]:
    """The first product, and what comes first by the reading."""
    request = Request(query, vector(*cosines), as_typed=as_typed)
    answer = Retriever(dense_floor=0.0).retrieve(opened, request)
    first = opened.products.product_ids(answer.rows[:1])
    return first[0], [part.meaning for part in answer.parts]


NAMES = ("Sofas", "Throws", "Beds")


@pytest.mark.parametrize("query", ["big settee", "throw couch"])
def test_what_is_in_the_category_comes_first(tmp_path: Path, query: str) -> None:
    """No product has "settee", and none has both "throw" and "couch"."""
    opened = snapshot(tmp_path, *NAMES)
    assert found(opened, "big settee", 0.1, 0.1, 0.1) == ("cover", [])
    assert found(opened, query, 0.7, 0.5, 0.2) == ("sofa", ["Sofas first"])


def test_the_category_must_be_near_and_clearly_nearer_than_others(tmp_path: Path) -> None:
    opened = snapshot(tmp_path, *NAMES)
    assert found(opened, "big settee", 0.55, 0.1, 0.2)[1] == []
    assert found(opened, "big settee", 0.65, 0.6, 0.2)[1] == []


def test_a_category_with_the_words_of_the_nearest_is_no_other(tmp_path: Path) -> None:
    opened = snapshot(tmp_path, "Sofas", "Corner sofas", "Beds")
    assert found(opened, "big settee", 0.65, 0.6, 0.2)[1] == ["Sofas first"]


def test_words_that_products_have_together_mean_what_they_say(tmp_path: Path) -> None:
    assert found(snapshot(tmp_path, *NAMES), "big bed", 0.8, 0.1, 0.2) == ("bed", ["bed first"])


@pytest.mark.parametrize("off", ["category", "all"])
def test_it_is_switched_off(tmp_path: Path, off: str) -> None:
    assert found(snapshot(tmp_path, *NAMES), "big settee", 0.7, 0.1, 0.2, as_typed=(off,))[1] == []


def test_what_is_called_as_the_thing_asked_for_stays_before_it(tmp_path: Path) -> None:
    """A "settee cover" is a cover."""
    opened = snapshot(tmp_path, *NAMES)
    for query in ("settee cover", "cover for a settee"):
        assert found(opened, query, 0.7, 0.5, 0.2) == ("slip", ["Sofas first"])
    assert found(opened, "cover settee", 0.7, 0.5, 0.2) == ("sofa", ["Sofas first"])


def test_a_query_with_a_word_of_the_category_is_no_other_name(tmp_path: Path) -> None:
    opened = snapshot(tmp_path, *NAMES)
    near = vector(0.7, 0.5, 0.2)
    assert meant_category(opened, Request("big settee", near))
    assert meant_category(opened, Request("sofa settee", near)) is None


def test_a_category_that_no_product_has_changes_nothing(tmp_path: Path) -> None:
    opened = snapshot(tmp_path, "Stools", "Throws", "Beds")
    assert found(opened, "big settee", 0.7, 0.5, 0.2)[0] == "cover"
