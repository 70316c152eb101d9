"""A missing package is reported in one line, with the extra that provides it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.extras import needs_extra

ROOT = Path(__file__).resolve().parents[2]
AS_IF_MISSING = """
import os, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["MISSING"].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


NOWHERE = "nowhere"  # stands for a folder of the test's own


def run(folder: Path, missing: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, as if some packages were not installed."""
    (folder / "sitecustomize.py").write_text(AS_IF_MISSING)
    environment = {**os.environ, "PYTHONPATH": str(folder), "MISSING": missing}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def programs() -> Iterator[str]:
    """All modules that `python -m` runs."""
    for path in sorted(
        path for root in ("cli", "sample", "services") for path in (ROOT / root).rglob("*.py")
    ):
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8"):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")


def test_the_client_of_a_server_needs_no_engine(tmp_path: Path) -> None:
    """The client's image has the extra `cli` alone."""
    engines = "faiss,lightgbm,onnx,onnxruntime,openvino,pyarrow,safetensors,tantivy,tokenizers,torch"
    for command in ("train", "models", "search"):
        ended = run(tmp_path, engines, "-m", "cli.app", command, "--help")
        assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("program", list(programs()))
def test_every_program_says_which_extra_it_needs(tmp_path: Path, program: str) -> None:
    ended = run(tmp_path, "grpc,google,numpy,typer,rich", "-m", program, "--help")
    if program == "sample":  # it needs no package at all
        assert ended.returncode == 0
        return
    joined = program.startswith(("cli.", "services.training"))
    extra = "standalone" if joined else program.split(".")[1]
    assert ended.returncode == 1 and len(ended.stderr.splitlines()) == 1
    assert f"needs extra {extra!r}" in ended.stderr


@pytest.mark.parametrize(
    ("missing", "extra", "command"),
    [
        ("kafka", "standalone", ["topics"]),
        ("redis", "standalone", ["replay"]),
        ("rich", "standalone", ["models", "list"]),
        ("torch", "train", ["train", "reranker", "--data", NOWHERE]),
        ("torch", "train", ["bench", "page", "--data", NOWHERE]),
        ("sentence_transformers", "train", ["bench"]),
        ("tantivy", "standalone", ["index", "pyproject.toml", "--data", NOWHERE]),
    ],
)
def test_a_command_says_which_extra_it_needs(
    tmp_path: Path, missing: str, extra: str, command: list[str]
) -> None:
    place = str(tmp_path / NOWHERE)
    ended = run(
        tmp_path,
        missing,
        "-m",
        "cli.app",
        *(place if each == NOWHERE else each for each in command),
    )
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert ended.stderr.startswith(
        f"aisle: needs extra {extra!r}, since the package {missing.split(',')[0]} is not"
    )


def test_the_ranker_is_trained_without_torch(tmp_path: Path) -> None:
    missing = "torch,transformers,sentence_transformers"
    ended = run(tmp_path, missing, "-c", "import services.training.ranker")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_module_of_our_own_that_is_missing_is_a_defect() -> None:
    assert (
        needs_extra(ModuleNotFoundError("No module named 'services.nothing'", name="services.nothing")) == ""
    )


# What each service does without; its image does not have it either.
ABSENT = {
    "gateway": "faiss,lightgbm,onnxruntime,openvino,rapidfuzz,rich,tantivy,tokenizers,torch,typer",
    "embedding": "lightgbm,redis,rich,torch,typer",
    "retrieval": "cachetools,lightgbm,onnxruntime,openvino,redis,rich,tokenizers,torch,typer",
    "reranker": "faiss,openvino,rich,tantivy,torch,typer",
    "feedback": "cachetools,faiss,lightgbm,numpy,onnxruntime,openvino,rich,tantivy,tokenizers,torch,typer",
}


@pytest.mark.parametrize("service", ABSENT)
def test_a_service_starts_with_what_its_extra_brings(tmp_path: Path, service: str) -> None:
    ended = run(tmp_path, ABSENT[service], "-c", f"import services.{service}.__main__")
    assert (ended.returncode, ended.stderr) == (0, "")
