"""Which changes of its data folder a running engine adopts, and which it ignores."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from aisle.v1.catalog_pb2 import Product, UpsertProductsRequest
from aisle.v1.search_pb2 import TIER_RERANKED, SearchRequest, SearchResponse
from cli.files.indexed import index_file
from services.standalone.standalone import Standalone
from shared.artifacts import current, read_manifest, set_current, sha256, write_manifest
from shared.models import promotions
from shared.models.bundle import HEADS
from shared.models.registry import DEFAULT
from tests.integration.engine_writes import found, upsert

WAIT_SECONDS = 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    _index(
        tmp_path / "catalog.jsonl",
        tmp_path / "shop",
        {f"p{n}": f"Kettle number {n}" for n in range(20)},
    )
    return tmp_path / "shop"


def _index(catalog: Path, data: Path, titles: dict[str, str]) -> None:
    rows = [json.dumps({"id": each, "title": title}) for each, title in titles.items()]
    catalog.write_text("\n".join(rows))
    index_file(catalog, data)


def _bundle(data: Path, name: str, turned: bool = False, promoted: bool = True) -> None:
    """Publish a copy of the default bundle, with other heads if `turned`, and promote it by default."""
    folder = data / "bundles" / name
    shutil.copytree(DEFAULT, folder)
    manifest = json.loads((folder / "bundle.json").read_text()) | {"version": name}
    if turned:
        heads = load_file(folder / HEADS)
        save_file({**heads, "state_projection.weight": -heads["state_projection.weight"]}, folder / HEADS)
        manifest["files"][HEADS] = sha256(folder / HEADS)
    (folder / "bundle.json").write_text(json.dumps(manifest))
    if promoted:
        promotions.promote(data / "bundles", name)


async def _search(engine: Standalone, query: str = "kettle") -> SearchResponse:
    return await engine.search.Search(SearchRequest(query=query, deadline_ms=20_000))


@asynccontextmanager
async def _shopper(engine: Standalone) -> AsyncIterator[list[SearchResponse]]:
    """Asks for page after page until the block ends."""
    pages = list[SearchResponse]()
    stop = asyncio.Event()

    async def shop() -> None:
        while not stop.is_set():
            pages.append(await _search(engine))
            await asyncio.sleep(0.02)

    shopper = asyncio.create_task(shop())
    try:
        yield pages
    finally:
        stop.set()
        await shopper


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await holds():
            await asyncio.sleep(0.1)


def _serves(engine: Standalone, bundle: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return (await _search(engine)).served_by.bundle_version == bundle

    return holds


def _shows(pages: list[SearchResponse], bundle: str) -> Callable[[], Awaitable[bool]]:
    """Whether the shopper has seen a page by `bundle`."""

    async def holds() -> bool:
        return bool(pages) and pages[-1].served_by.bundle_version == bundle

    return holds


async def test_a_promoted_bundle_with_the_same_heads_serves_at_once(data: Path) -> None:
    before = current(data / "snapshots")
    async with Standalone.open(data) as engine:
        _bundle(data, "20990101T000000.000000Z")
        await _until(_serves(engine, "20990101T000000.000000Z"))
        assert (await engine.status()).snapshot_version == before


async def test_other_heads_take_over_while_pages_go_out(data: Path) -> None:
    """Every page is ranked, by the old heads or by the new ones.

    Both show writes made in between.
    """
    async with Standalone.open(data) as engine:
        old = (await engine.status()).bundle_version
        async with _shopper(engine) as pages:
            await upsert(engine, "before", "Zephyrine lantern")
            _bundle(data, "20990101T000000.000000Z", turned=True)
            position = await upsert(engine, "meanwhile", "Quixotic banjo")
            await _until(_shows(pages, "20990101T000000.000000Z"))
        after = await upsert(engine, "afterwards", "Laconic tuba")
        words = {"before": "zephyrine", "meanwhile": "quixotic", "afterwards": "laconic"}
        for product_id, query in words.items():
            assert await found(engine, query, max(position, after)) == product_id
        assert {page.served_by.bundle_version for page in pages} >= {old}
        assert {page.served_by.tier for page in pages} == {TIER_RERANKED}
        assert {page.total_count for page in pages} == {20}
        assert len({page.served_by.snapshot_version for page in pages}) == 2


async def test_a_snapshot_that_no_query_could_be_encoded_for_is_made_again(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    snapshots = data / "snapshots"
    foreign = "20990102T000000.000000Z"
    before = str(current(snapshots))
    async with Standalone.open(data) as engine:
        shutil.copytree(snapshots / before, snapshots / foreign)
        manifest = read_manifest(snapshots / foreign)
        manifest["version"] = foreign
        manifest["encoder"]["heads_sha256"] = "0" * 64
        write_manifest(snapshots / foreign, manifest)
        set_current(snapshots, foreign)

        async def follows() -> bool:
            return (await engine.status()).snapshot_version not in (before, foreign)

        await _until(follows)
        assert (await _search(engine)).served_by.tier == TIER_RERANKED
        assert "its products are encoded again" in caplog.text


async def test_a_file_that_is_indexed_beside_the_engine_comes_after_what_was_written(
    data: Path, tmp_path: Path
) -> None:
    async with Standalone.open(data) as engine:
        await upsert(engine, "p3", "Zephyrine lantern")
        position = await upsert(engine, "new", "Quixotic banjo")
        assert await found(engine, "zephyrine", position) == "p3"
        await asyncio.to_thread(
            _index, tmp_path / "more.jsonl", data, {"p3": "Laconic tuba", "p99": "Sapphire mug"}
        )

        async def taken_up() -> bool:
            return bool(await found(engine, "sapphire")) and await found(engine, "laconic") == "p3"

        await _until(taken_up)
        assert await found(engine, "quixotic") == "new" and not await found(engine, "zephyrine")
        after = await upsert(engine, "p3", "Zephyrine lantern again")
        assert await found(engine, "zephyrine", after) == "p3"
        assert not await found(engine, "laconic")
        with suppress(FileNotFoundError):
            (tmp_path / "more.jsonl").unlink()


async def test_who_ends_the_engine_does_not_wait_for_writes_that_are_not_encoded(
    data: Path,
) -> None:
    products = [
        Product(product_id=f"n{n}", title=f"Lantern {n}", description="light " * 90) for n in range(4_000)
    ]
    async with Standalone.open(data) as engine:
        await engine.catalog.UpsertProducts(_stream(products))
        asked = time.monotonic()
    assert time.monotonic() - asked < 20  # all of them take a minute or more
    async with Standalone.open(data) as engine:
        assert 2_000 < (await engine.status()).pending_writes <= 4_000


async def _stream(products: list[Product]) -> AsyncIterator[UpsertProductsRequest]:
    for product in products:
        yield UpsertProductsRequest(product=product)


async def test_a_bundle_that_was_not_promoted_neither_serves_nor_moves_the_folder_over(
    data: Path,
) -> None:
    _bundle(data, "a-ranker", promoted=False)
    _bundle(data, "z-heads", turned=True, promoted=False)
    before = current(data / "snapshots")
    async with Standalone.open(data) as engine:
        assert (await _search(engine)).served_by.bundle_version == "default"
    _bundle(data, "y-heads", turned=True)
    async with Standalone.open(data, bundle="default") as engine:
        assert (await _search(engine)).served_by.bundle_version == "default"
    assert current(data / "snapshots") == before
