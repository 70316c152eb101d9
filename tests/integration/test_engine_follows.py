"""What a running engine takes up from its data folder, and what it leaves."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from protos.catalog_pb2 import Product, UpsertProductsRequest
from services.reranker.opening import DEFAULT_BUNDLE
from services.standalone.engine import Engine
from services.standalone.indexing import index_catalog
from shared.artifacts import current, read_manifest, set_current, write_manifest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    catalog = tmp_path / "catalog.jsonl"
    catalog.write_text("\n".join(json.dumps({"id": f"p{n}", "title": f"Kettle number {n}"}) for n in range(20)))
    index_catalog(catalog, tmp_path / "shop")
    return tmp_path / "shop"


def _changed(folder: Path, old: str, new: str) -> None:
    text = folder.read_text()
    assert old in text
    folder.write_text(text.replace(old, new))


def _serves(engine: Engine, bundle: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return (await engine.status()).bundle_version == bundle

    return holds


def _said(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return words in caplog.text

    return holds


async def _within_seconds(holds: Callable[[], Awaitable[bool]]) -> bool:
    for _ in range(100):
        if await holds():
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_promoted_bundle_serves_without_a_restart_and_foreign_states_do_not(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    snapshots, bundle, foreign = data / "snapshots", "20990101T000000.000000Z", "20990102T000000.000000Z"
    before = str(current(snapshots))
    async with Engine.open(data) as engine:
        shutil.copytree(DEFAULT_BUNDLE, data / "bundles" / bundle)
        _changed(data / "bundles" / bundle / "bundle.json", '"default"', f'"{bundle}"')
        set_current(data / "bundles", bundle)
        assert await _within_seconds(_serves(engine, bundle))
        shutil.copytree(snapshots / before, snapshots / foreign)
        manifest = read_manifest(snapshots / foreign)
        manifest["version"], manifest["encoder"]["heads_sha256"] = foreign, "0" * 64
        write_manifest(snapshots / foreign, manifest)
        set_current(snapshots, foreign)
        assert await _within_seconds(_said(caplog, "other heads made it"))
        assert (await engine.status()).snapshot_version == before


async def test_who_ends_the_engine_does_not_wait_for_a_snapshot_in_the_making(data: Path) -> None:
    products = [Product(product_id=f"n{n}", title=f"Lantern {n}", description="light " * 90) for n in range(4_000)]
    async with Engine.open(data) as engine:
        await engine.catalog.UpsertProducts(_stream(products))
        assert await _within_seconds(_making(data))
        asked = time.monotonic()
    while await _making(data)():
        await asyncio.sleep(0.1)
    assert time.monotonic() - asked < 20  # all of them take a minute or more
    async with Engine.open(data) as engine:
        assert (await engine.status()).pending_writes == 4_000


async def _stream(products: list[Product]) -> AsyncIterator[UpsertProductsRequest]:
    for product in products:
        yield UpsertProductsRequest(product=product)


def _making(data: Path) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return any((data / "snapshots").glob(".tmp-*"))

    return holds
