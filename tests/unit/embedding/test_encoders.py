import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from services.embedding.config import EmbeddingConfig
from services.embedding.encoders import Encoders
from services.embedding.hash_encoder import HashEncoder
from services.embedding.indexing.indexer import Indexer
from shared.artifacts import set_current
from shared.catalog.product import Product
from shared.errors import Corrupt, SnapshotGone, Unavailable
from tests.unit.embedding.conftest import DIM, STATE_DIM

EXACT = EmbeddingConfig(engine="onnxruntime-fp32", product_engine="onnxruntime-fp32")


@pytest.fixture
def promote(tmp_path: Path) -> Callable[[str], str]:
    """Publishes a bundle with heads of its own under DATA/bundles, and promotes it."""

    def make(name: str) -> str:
        folder = tmp_path / "data" / "bundles" / name
        random = np.random.default_rng(len(name))
        folder.mkdir(parents=True)
        heads = {
            "state_projection.weight": random.normal(size=(STATE_DIM, DIM)).astype(np.float32),
            "token_weight.weight": random.normal(0, 0.1, (1, DIM)).astype(np.float32),
            "token_weight.bias": np.zeros(1, np.float32),
        }
        save_file(heads, folder / "heads.safetensors")
        checksum = hashlib.sha256((folder / "heads.safetensors").read_bytes()).hexdigest()
        (folder / "bundle.json").write_text(
            json.dumps({"version": name, "files": {"heads.safetensors": checksum}})
        )
        set_current(folder.parent, name)
        return checksum[:12]

    return make


@pytest.fixture
def encoders(model_folder: Path, tmp_path: Path) -> Encoders:
    return Encoders(replace(EXACT, model=str(model_folder)), tmp_path / "data")


def index(encoders: Encoders, data: Path) -> None:
    target = encoders.target
    Indexer(data, target.encoder, target.identity, lambda product: product.title).run(
        [Product("p", "red shoe")]
    )


def test_the_promoted_bundle_names_the_target(encoders: Encoders, promote: Callable[[str], str]) -> None:
    heads = promote("b1")
    encoders.refresh()
    assert encoders.target.version.startswith("tiny-bert@")
    assert encoders.target.version.endswith(f"+{heads}")
    assert encoders.get() is encoders.target and list(encoders.all()) == [encoders.target.version]


def test_a_snapshots_encoder_stays_open_beside_that_of_a_new_bundle(
    encoders: Encoders, promote: Callable[[str], str], tmp_path: Path
) -> None:
    promote("b1")
    encoders.refresh()
    index(encoders, tmp_path / "data")
    before = encoders.target
    promote("bundle2")
    encoders.refresh()
    assert encoders.target is not before and set(encoders.all()) == {
        before.version,
        encoders.target.version,
    }
    assert encoders.get() is before is encoders.get(before.version)  # the current snapshot's
    index(encoders, tmp_path / "data")
    encoders.refresh()
    assert encoders.get() is encoders.target and before.version in encoders.all()


def test_an_encoder_that_no_snapshot_names_is_let_go(
    encoders: Encoders, promote: Callable[[str], str], tmp_path: Path
) -> None:
    promote("b1")
    encoders.refresh()
    before = encoders.target
    promote("bundle2")
    encoders.refresh()
    assert list(encoders.all()) == [encoders.target.version]
    with pytest.raises(SnapshotGone, match="is not open here"):
        encoders.get(before.version)


def test_another_ranker_is_no_other_encoder(
    encoders: Encoders, promote: Callable[[str], str], tmp_path: Path
) -> None:
    promote("b1")
    encoders.refresh()
    before = encoders.target
    bundles = tmp_path / "data" / "bundles"
    shutil.copytree(bundles / "b1", bundles / "b2")
    set_current(bundles, "b2")
    encoders.refresh()
    assert encoders.target is before


def test_a_bundle_that_is_named_takes_the_place_of_the_promoted_one(
    model_folder: Path, promote: Callable[[str], str], tmp_path: Path
) -> None:
    heads = promote("b1")
    data = tmp_path / "data"
    promote("bundle2")
    encoders = Encoders(replace(EXACT, model=str(model_folder), bundle=str(data / "bundles" / "b1")), data)
    encoders.refresh()
    assert encoders.target.version.endswith(f"+{heads}")


def test_a_broken_bundle_leaves_the_snapshots_encoder_open(
    encoders: Encoders, promote: Callable[[str], str], tmp_path: Path
) -> None:
    promote("b1")
    encoders.refresh()
    index(encoders, tmp_path / "data")
    serving = encoders.target
    promote("bundle2")
    (tmp_path / "data" / "bundles" / "bundle2" / "heads.safetensors").write_bytes(b"broken")
    with pytest.raises(Corrupt, match="heads"):
        encoders.refresh()
    assert encoders.get() is serving
    with pytest.raises(Unavailable, match="is not open yet"):
        encoders.target  # noqa: B018


def test_a_snapshot_of_other_weights_is_told_once_and_costs_no_other_encoder(
    encoders: Encoders,
    promote: Callable[[str], str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    promote("b1")
    hashing = HashEncoder()
    Indexer(tmp_path / "data", hashing, asdict(hashing.identity), lambda product: product.title).run([])
    for _ in range(2):
        encoders.refresh()
    assert list(encoders.all()) == [encoders.target.version] and encoders.get() is encoders.target
    assert caplog.text.count("the weights or the bundle of hash@000000000000 are missing") == 1


def test_before_it_has_looked_there_is_no_encoder(encoders: Encoders, promote: Callable[[str], str]) -> None:
    promote("b1")
    with pytest.raises(Unavailable, match="is not open yet"):
        encoders.get()
