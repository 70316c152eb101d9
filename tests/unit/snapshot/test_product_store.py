from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalog.product import Product
from shared.snapshot import products as module
from shared.snapshot.products import ProductStore, ProductsWriter

IDS = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    unique=True,
    max_size=30,
)


def _stored(folder: Path, *chunks: list[Product]) -> ProductStore:
    folder.mkdir(exist_ok=True)
    writer = ProductsWriter(folder)
    for chunk in chunks:
        writer.add(chunk)
    writer.finish()
    return ProductStore.open(folder)


@settings(max_examples=25, deadline=None)
@given(IDS)
def test_every_id_is_found_in_its_row_and_no_other_is(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str]
) -> None:
    half = len(ids) // 2
    found = [Product(product_id, f"title of {product_id}") for product_id in ids]
    store = _stored(tmp_path_factory.mktemp("products"), found[:half], found[half:])
    assert [store.row(product_id) for product_id in ids] == list(range(len(ids)))
    assert store.product_ids(np.arange(len(store))) == ids
    assert [store.product(row) for row in range(len(store))] == found
    assert store.row("an id that is longer than those") is None


def test_ids_that_share_a_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "id_hash", lambda product_id: 7)
    store = _stored(tmp_path, [Product("a", "first"), Product("b", "second")])
    assert (store.row("a"), store.row("b"), store.row("c")) == (0, 1, None)


def test_payloads_that_are_serialised_already_are_stored_as_they_are(tmp_path: Path) -> None:
    writer = ProductsWriter(tmp_path)
    writer.add_payloads(["a", "b"], [b"", b"\x0a\x01b"])
    writer.finish()
    assert [ProductStore.open(tmp_path).payload(row) for row in (0, 1)] == [b"", b"\x0a\x01b"]
