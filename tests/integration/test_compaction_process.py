from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from services.embedding.hash_encoder import HashEncoder
from services.embedding.indexing.compaction_process import compact
from services.embedding.indexing.indexer import Indexer
from services.embedding.indexing.tail import Tail
from shared.catalog.product import Product
from shared.errors import Overloaded, Unavailable
from shared.events.log import Record
from shared.product_text import product_text_of
from shared.snapshot.change import Change, Encoding, to_record
from shared.snapshot.generation import Positions, current_generation, snapshots_of

ENCODER = HashEncoder()
IDENTITY = asdict(HashEncoder.identity)
RED = Product("red", "Red kettle", price=1.0)
BLUE = Product("blue", "Blue teapot")


def changed(product: Product, encoded: bool = True) -> Change:
    vectors, states = ENCODER.encode_products([product_text_of(product)])
    encodings = (
        {HashEncoder.identity.version: Encoding(vectors[0].astype(np.float16), states[0])} if encoded else {}
    )
    return Change.of(4, product, encodings)


def tail_of(data: Path, *changes: Change) -> Tail:
    tail = Tail(snapshots_of(data), Positions())
    for offset, change in enumerate(changes, 1):
        record = to_record(change)
        tail.add(Record(offset, record.key, record.value, 0.0))
    return tail


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Indexer(tmp_path, ENCODER, IDENTITY, product_text_of).run([RED])
    return tmp_path


async def test_a_process_of_its_own_makes_the_same_snapshot(data: Path) -> None:
    tail = tail_of(data, changed(replace(RED, price=2.0)), changed(BLUE), Change(9, "nobody"))
    report = await compact(data, IDENTITY, tail)
    made = current_generation(data)
    assert made and (made.version, made.positions) == (
        report.version,
        Positions(catalog=9, vectors=3),
    )
    assert [made.products.product(row) for row in range(2)] == [replace(RED, price=2.0), BLUE]
    assert (report.product_count, report.reused_count) == (2, 2)
    np.testing.assert_array_equal(
        made.encoding(1).states, changed(BLUE).encodings[HashEncoder.identity.version].states
    )


async def test_a_product_without_an_encoding_is_not_made_up(data: Path) -> None:
    before = current_generation(data)
    with pytest.raises(Unavailable, match="1 products have no encoding"):
        await compact(data, IDENTITY, tail_of(data, changed(BLUE, encoded=False)))
    after = current_generation(data)
    assert before and after and before.version == after.version


async def test_what_goes_wrong_there_is_told_here(data: Path) -> None:
    tail = tail_of(data, changed(BLUE))
    await compact(data, IDENTITY, tail)
    with pytest.raises(Overloaded, match="another snapshot was made meanwhile"):
        await compact(data, IDENTITY, tail)
