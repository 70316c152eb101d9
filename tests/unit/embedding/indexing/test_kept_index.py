"""An approximate index is kept if no vector has changed its row, and built again if one has."""

from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from services.embedding.indexing.dense_index import DensePlan
from services.embedding.indexing.indexer import Indexer, IndexReport
from services.embedding.indexing.kept_index import INDEX
from shared.catalog.product import Product
from shared.snapshot.generation import snapshots_of
from tests.unit.embedding.indexing.letter_encoder import (
    IDENTITY,
    LetterEncoder,
    changed,
    generation_of,
    tail_of,
)

HNSW = DensePlan(flat_until=10, hnsw_until=10_000, sampled_queries=20)
INVERTED = DensePlan(flat_until=10, hnsw_until=20, sampled_queries=20)
WORDS = np.random.default_rng(3).choice(list("abcdefghijklmnopqrstuvwxyz"), (450, 12))
PRODUCTS = [Product(str(row), "".join(word), price=1.0) for row, word in enumerate(WORDS)]
OLD = PRODUCTS[:400]
NEW = PRODUCTS[400:]


def index(
    data: Path, products: list[Product], plan: DensePlan = HNSW, removed: tuple[str, ...] = ()
) -> IndexReport:
    indexer = Indexer(data, LetterEncoder(), IDENTITY, lambda product: product.title, plan)
    tail = tail_of(data, *(changed(each) for each in removed)) if removed else None
    return indexer.run(products, tail)


def file_of(data: Path) -> Path:
    return snapshots_of(data) / generation_of(data).version / INDEX


def assert_finds_every_product(data: Path) -> None:
    """The index has every vector, in its row."""
    found = faiss.read_index(str(file_of(data)))
    vectors = np.asarray(generation_of(data).vectors, np.float32)
    assert found.ntotal == len(vectors)
    rows = np.array([found.reconstruct(row) for row in range(0, len(vectors), 3)])
    np.testing.assert_allclose(rows, vectors[::3], atol=0.02)


@pytest.mark.parametrize(("plan", "kind"), [(HNSW, "hnsw"), (INVERTED, "ivf-rabitq")])
def test_new_prices_keep_the_index(tmp_path: Path, plan: DensePlan, kind: str) -> None:
    before = index(tmp_path, OLD, plan)
    kept = file_of(tmp_path).read_bytes()
    after = index(tmp_path, [replace(product, price=2.0) for product in OLD[::3]], plan)
    assert before.dense == after.dense and after.dense["kind"] == kind
    assert file_of(tmp_path).read_bytes() == kept
    assert generation_of(tmp_path).products.product(0).price == 2.0


def test_new_products_are_added_to_the_index(tmp_path: Path) -> None:
    index(tmp_path, OLD)
    report = index(tmp_path, NEW)
    assert report.dense["kind"] == "hnsw" and report.dense["recall_at_100"] > 0.9
    assert_finds_every_product(tmp_path)


@pytest.mark.parametrize("plan", [HNSW, INVERTED])
def test_a_new_text_or_a_removal_builds_the_index_anew(tmp_path: Path, plan: DensePlan) -> None:
    index(tmp_path, OLD, plan)
    index(tmp_path, [replace(OLD[5], title="zzzzzz")], plan)
    assert_finds_every_product(tmp_path)
    index(tmp_path, [], plan, removed=("0",))
    assert len(generation_of(tmp_path).products) == len(OLD) - 1
    assert_finds_every_product(tmp_path)


def test_an_index_of_another_kind_is_built_anew(tmp_path: Path) -> None:
    index(tmp_path, OLD, DensePlan())
    assert index(tmp_path, NEW, HNSW).dense["kind"] == "hnsw"
    assert index(tmp_path, [], INVERTED).dense["kind"] == "ivf-rabitq"
    assert index(tmp_path, [], DensePlan()).dense["kind"] == "flat"
