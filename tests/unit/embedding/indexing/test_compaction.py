import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.embedding.indexing import indexer
from services.embedding.indexing.compaction import Compaction
from services.embedding.indexing.config import IndexingConfig
from services.embedding.indexing.state import CatalogState
from shared.catalog.product import Product
from tests.unit.embedding.indexing.indexing_shop import Letters
from tests.unit.embedding.indexing.letter_encoder import (
    LetterEncoder,
    changed,
    generation_of,
    letter_indexer,
    tail_of,
)

CONFIG = IndexingConfig(least_records=3, share_of_products=0.5, most_records=6, max_age_seconds=60)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    letter_indexer(tmp_path, heads_sha256="").run([Product(f"p{n}", f"product {n}") for n in range(10)])
    return tmp_path


def reason(data: Path, writes: int, config: IndexingConfig = CONFIG, heads: str = "") -> str:
    tail = tail_of(data, *(changed(Product("p1", f"title {n}")) for n in range(writes)))
    state = CatalogState(generation_of(data), tail, True)
    return Compaction(data, lambda product: product.title, config).reason(state, Letters(heads))


@pytest.mark.parametrize(("writes", "due"), [(0, False), (5, False), (6, True)])
def test_many_writes_for_the_size_of_the_catalogue_call_for_a_snapshot(
    data: Path, writes: int, due: bool
) -> None:
    # Half of ten products; one product that is written often counts each time
    assert bool(reason(data, writes)) == due


def test_a_small_catalogue_waits_for_some_writes_and_a_large_one_for_no_more_than_the_most(
    data: Path,
) -> None:
    assert [CONFIG.record_limit(count) for count in (0, 8, 10, 1_000)] == [3, 4, 5, 6]


def test_old_writes_call_for_a_snapshot(data: Path) -> None:
    assert not reason(data, 1)
    time.sleep(0.02)
    assert "older than 0 seconds" in reason(data, 1, replace(CONFIG, max_age_seconds=0))


def test_without_writes_age_does_not_matter(data: Path) -> None:
    assert not reason(data, 0, replace(CONFIG, max_age_seconds=0))


def test_another_encoder_calls_for_a_snapshot(data: Path) -> None:
    assert "takes the place of" in reason(data, 0, heads="other")


class SlowLetters(LetterEncoder):
    def known_words(self) -> list[str]:
        return []

    def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        time.sleep(0.1)
        return super().encode_products(texts)


async def test_who_ends_it_does_not_wait_for_a_whole_catalogue(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "SLICE_TEXTS", 1)
    before = generation_of(data).version
    slow = SlowLetters()
    compaction = Compaction(data, lambda product: product.title, CONFIG)
    compaction.look(CatalogState(generation_of(data), tail_of(data), True), Letters("other", slow))
    async with asyncio.timeout(10):
        while not slow.texts:
            await asyncio.sleep(0.01)
        await compaction.close()
    assert len(slow.texts) < 10
    assert generation_of(data).version == before
