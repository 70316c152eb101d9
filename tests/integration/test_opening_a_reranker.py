"""From the files that indexing and training write to a reranker that answers."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.reranker.bundle_follower import BundleFollower
from services.reranker.config import RerankerConfig
from services.reranker.features import FEATURES
from services.reranker.opened import OpenedRerankers
from services.reranker.opening import open_reranker
from services.reranker.reranker import Reranker
from services.reranker.service import RerankerService, product_texts
from services.reranker.work_queue import WorkQueue
from shared.artifacts import new_version, read_manifest, set_current, sha256, write_manifest
from shared.catalog.product import Product
from shared.errors import Corrupt, NotFound
from shared.models import promotions
from shared.snapshot.change import Change
from shared.snapshot.columns import ColumnsWriter
from shared.snapshot.generation import FORMAT
from shared.snapshot.products import ProductsWriter
from shared.snapshot.states import StatesWriter
from tests.unit.reranker.tiny_models import STATE, save_block, save_cross_encoder
from tests.unit.reranker.tiny_reranker import (
    DIM,
    PRIOR,
    PRODUCTS,
    VERSION,
    matrix,
    tiny_ranker,
    tiny_request,
    unit,
)

CONFIG = RerankerConfig(precision="fp32", block_limit=20)


def _snapshot(data: Path, bundle: Path, count: int = PRODUCTS) -> None:
    rng = np.random.default_rng(0)
    products = [
        Product(f"p{row}", f"Kettle {row}", price=float(row), rating_count=row) for row in range(count)
    ]
    with new_version(data / "snapshots", VERSION) as folder:
        for part in ("columns", "products", "states", "dense"):
            (folder / part).mkdir()
        columns = ColumnsWriter(folder / "columns")
        store = ProductsWriter(folder / "products")
        states = StatesWriter(folder / "states", STATE)
        states.add(
            [np.round(127 * unit(matrix(rng, 1 + row % 5, STATE))).astype(np.int8) for row in range(count)]
        )
        for writer in (columns, store):
            writer.add(products)
            writer.finish()
        states.finish()
        np.save(folder / "dense" / "vectors.npy", unit(matrix(rng, count, DIM)).astype(np.float16))
        encoder = {"name": "tiny", "dim": DIM, "heads_sha256": sha256(bundle / "heads.safetensors")}
        content = {"format": FORMAT, "version": VERSION, "product_count": count, "encoder": encoder}
        write_manifest(folder, content)
    set_current(data / "snapshots", VERSION)


def _bundle(
    data: Path,
    version: str,
    heads: bytes = b"heads",
    promoted: bool = True,
    prior: dict[str, float] = PRIOR,
) -> Path:
    folder = data / "bundles" / version
    folder.mkdir(parents=True)
    save_block(folder / "block.onnx")
    save_cross_encoder(folder)
    (folder / "heads.safetensors").write_bytes(heads)
    (folder / "ranker.json").write_text(json.dumps({"features": FEATURES, "prior": prior}))
    tiny_ranker().trees.save_model(folder / "ranker.txt")
    files = {path.name: sha256(path) for path in folder.iterdir()}
    (folder / "bundle.json").write_text(json.dumps({"version": version, "files": files}))
    if promoted:
        promotions.promote(data / "bundles", version)
    return folder


def _open(data: Path, config: RerankerConfig = CONFIG) -> Reranker:
    return open_reranker(data, VERSION, config, product_texts)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    _snapshot(tmp_path, _bundle(tmp_path, "b1"))
    return tmp_path


async def test_files_on_the_disk_become_a_service_that_answers(data: Path) -> None:
    service = RerankerService(OpenedRerankers(_open(data)), WorkQueue(1, 8))
    response = await service.Rerank(tiny_request())
    assert sorted(response.order) == list(range(40))
    assert (response.block_scored_count, response.bundle_version) == (20, "b1")


async def test_a_cross_encoder_reorders_the_best_of_a_page_that_asks_for_it(data: Path) -> None:
    config = replace(CONFIG, cross_encoder=str(data / "bundles" / "b1"), cross_encoder_limit=12)
    service = RerankerService(OpenedRerankers(_open(data, config)), WorkQueue(1, 8))
    request = tiny_request()
    assert (await service.Rerank(request)).cross_encoded_count == 0
    request.cross_encode = True
    response = await service.Rerank(request)
    assert response.cross_encoded_count == 12 and not response.degraded
    with pytest.raises(NotFound, match=r"has no cross-encoder: .*model.onnx"):
        _open(data, replace(CONFIG, cross_encoder=str(data)))


async def test_a_page_that_waits_for_nobody_gets_what_was_read_for_an_earlier_one(data: Path) -> None:
    model = str(data / "bundles" / "b1")
    config = replace(CONFIG, cross_encoder=model, cross_encoder_limit=12, read_ahead=10)
    service = RerankerService(OpenedRerankers(_open(data, config)), WorkQueue(1, 8))
    request = tiny_request()
    request.read_ahead = True
    assert (await service.Rerank(request)).cross_encoded_count == 0
    async with asyncio.timeout(60):
        while (later := await service.Rerank(request)).cross_encoded_count < 12:
            await asyncio.sleep(0.05)
    request.read_ahead = False
    assert (await service.Rerank(request)).cross_encoded_count == 0
    request.cross_encode = True
    assert (await service.Rerank(request)).order == later.order
    service.close()


def test_the_reranker_of_an_empty_shop_learns_of_what_is_written(tmp_path: Path) -> None:
    _snapshot(tmp_path, _bundle(tmp_path, "b1"), count=0)
    opened = OpenedRerankers()
    live = BundleFollower(tmp_path, CONFIG, product_texts, opened).open(VERSION)
    live.serve()
    live.apply([Change(0, offset=1)])
    assert opened.newest.snapshot.position == 1


def test_a_new_ranker_serves_the_snapshot_that_is_there(data: Path) -> None:
    _bundle(data, "b2")
    assert _open(data).bundle_version == "b2"


def test_new_heads_wait_for_the_snapshot_that_is_made_with_them(data: Path) -> None:
    _bundle(data, "b2", heads=b"other heads")
    assert _open(data).bundle_version == "b1"


def test_a_bundle_that_was_not_promoted_never_serves(data: Path) -> None:
    _bundle(data, "b2", promoted=False)
    assert _open(data).bundle_version == "b1"
    # Waits for its snapshot; b2 would fit the current one
    _bundle(data, "b3", heads=b"other heads")
    assert _open(data).bundle_version == "b1"
    assert open_reranker(data, VERSION, CONFIG, product_texts, "b2").bundle_version == "b2"


def test_the_bundle_before_serves_instead_of_a_broken_one(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _bundle(data, "b2", prior=dict.fromkeys(PRIOR, float("nan")))
    assert _open(data).bundle_version == "b1"
    assert (
        "bundle b2 is not used" in caplog.text
        and "ranker.json has weights that are not finite" in caplog.text
    )
    with pytest.raises(Corrupt, match=r"b2/ranker\.json"):
        open_reranker(data, VERSION, CONFIG, product_texts, "b2")


def test_rolling_back_a_bundle_is_moving_the_pointer(data: Path) -> None:
    _bundle(data, "b2")
    promotions.take_back(data / "bundles")
    assert _open(data).bundle_version == "b1"


def test_a_snapshot_of_unknown_heads_asks_for_indexing(data: Path) -> None:
    _snapshot_of_another(data)
    with pytest.raises(NotFound, match="index again"):
        _open(data)


def _snapshot_of_another(data: Path) -> None:
    folder = data / "snapshots" / VERSION
    manifest = read_manifest(folder)
    manifest["encoder"]["heads_sha256"] = "0" * 64
    write_manifest(folder, manifest)


def test_a_model_file_with_a_flipped_byte_is_refused(data: Path) -> None:
    path = data / "bundles" / "b1" / "block.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Corrupt, match=r"block\.onnx does not match its checksum"):
        _open(data)


async def test_the_cross_encoder_stands_behind_the_same_port(data: Path) -> None:
    reranker = _open(data, replace(CONFIG, scorer="cross-encoder"))
    service = RerankerService(OpenedRerankers(reranker), WorkQueue(1, 8))
    response = await service.Rerank(tiny_request())
    assert response.block_scored_count == 20


async def test_the_interaction_model_can_be_left_out(data: Path) -> None:
    reranker = _open(data, replace(CONFIG, scorer="none"))
    service = RerankerService(OpenedRerankers(reranker), WorkQueue(1, 8))
    response = await service.Rerank(tiny_request())
    assert (response.block_scored_count, len(response.order)) == (0, 40)
