"""Two gloo ranks of torchrun train what one process trains; the same seed gives the same weights."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from safetensors.torch import load_file

PROGRAM = ["-m", "tests.integration.training.two_ranks"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
MODELS = pytest.mark.parametrize("model", ["student", "block", "towers"])
pytestmark = pytest.mark.timeout(900)


def _trained(folder: Path, start: list[str], **environment: str) -> Path:
    """The folder, with the weights of each model."""
    command = [sys.executable, *start, *PROGRAM, str(folder), "0"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process trains."""
    return _trained(tmp_path_factory.mktemp("alone"), [], PYTHONHASHSEED="1")


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by another process, with other hashes and more threads."""
    return _trained(tmp_path_factory.mktemp("again"), [], PYTHONHASHSEED="2", OMP_NUM_THREADS="2")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two ranks train."""
    return _trained(tmp_path_factory.mktemp("together"), TORCHRUN)


@MODELS
def test_two_ranks_train_what_one_process_trains(model: str, alone: Path, together: Path) -> None:
    _assert_close(load_file(alone / model), load_file(together / model))


@MODELS
def test_the_same_seed_gives_the_same_weights(model: str, alone: Path, again: Path) -> None:
    _assert_close(load_file(alone / model), load_file(again / model))


def _assert_close(expected: dict[str, Any], found: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        gap = float((found[name].float() - tensor.float()).abs().max())
        assert gap < 5e-4, f"{name} differs by {gap:.6f}"
