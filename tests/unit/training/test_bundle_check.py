"""Before a promotion, a bundle's models are opened and must give scores."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from services.training.bundle_check import check_models
from shared.errors import Corrupt
from shared.models import bundle
from shared.models.registry import DEFAULT


@pytest.fixture
def shipped(tmp_path: Path) -> bundle.Bundle:
    """A copy of the shipped bundle; not verified, so that tests may damage its files."""
    shutil.copytree(DEFAULT, tmp_path / "b1")
    return replace(bundle.read(tmp_path / "b1"), version="b1")


@pytest.fixture
def with_block(shipped: bundle.Bundle) -> bundle.Bundle:
    """The same, as if it had a block."""
    return replace(shipped, files={**shipped.files, bundle.BLOCK: ""})


def heads_of_nan(folder: Path) -> None:
    heads = load_file(folder / bundle.HEADS)
    save_file({**heads, "token_weight.bias": np.full(1, np.nan, np.float32)}, folder / bundle.HEADS)


def heads_of_another_size(folder: Path) -> None:
    heads = load_file(folder / bundle.HEADS)
    save_file({**heads, "state_projection.weight": np.ones((7, 5), np.float32)}, folder / bundle.HEADS)


def no_heads(folder: Path) -> None:
    save_file({"other": np.ones(1, np.float32)}, folder / bundle.HEADS)


def a_block_of_noise(folder: Path) -> None:
    (folder / bundle.BLOCK).write_bytes(b"noise" * 1_000)


def no_ranker(folder: Path) -> None:
    (folder / bundle.RANKER_FEATURES).unlink()


def trees_of_noise(folder: Path) -> None:
    (folder / bundle.RANKER).write_text("tree\nversion=v4\n" + "x=" * 1_000)


def trees_with_leaves_of_nan(folder: Path) -> None:
    (folder / bundle.RANKER).write_text("tree\nversion=v4\nTree=0\nleaf_value=0.5 nan 0.25\n")


def test_the_bundle_that_aisle_ships_is_sound(shipped: bundle.Bundle) -> None:
    check_models(shipped)


@pytest.mark.parametrize(
    "spoil",
    [
        heads_of_nan,
        heads_of_another_size,
        no_heads,
        no_ranker,
        trees_of_noise,
        trees_with_leaves_of_nan,
    ],
)
def test_a_bundle_with_a_broken_model_is_refused_by_name(
    shipped: bundle.Bundle, spoil: Callable[[Path], None]
) -> None:
    spoil(shipped.folder)
    with pytest.raises(Corrupt, match=r"^bundle b1 cannot be used: "):
        check_models(shipped)


def test_a_broken_block_is_refused_by_name(with_block: bundle.Bundle) -> None:
    a_block_of_noise(with_block.folder)
    with pytest.raises(Corrupt, match=r"^bundle b1 cannot be used: .*block\.onnx"):
        check_models(with_block)


def test_a_ranker_of_huge_weights_gives_no_scores(shipped: bundle.Bundle) -> None:
    path = shipped.folder / bundle.RANKER_FEATURES
    description = json.loads(path.read_text())
    path.write_text(json.dumps({**description, "prior": dict.fromkeys(description["prior"], 1.7e308)}))
    with pytest.raises(Corrupt, match="not give one finite score per product"):
        check_models(shipped)
