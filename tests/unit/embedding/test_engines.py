"""Every engine computes the same encoder."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.embedding.config import ENGINE_NAMES
from services.embedding.engines import ENGINES
from tests.unit.embedding.engine_agreement import TEXTS, assert_agrees, tiny_encoder


def test_the_settings_know_every_engine() -> None:
    assert set(ENGINE_NAMES) == set(ENGINES)


@pytest.mark.parametrize(
    ("engine", "least_cosine"),
    [
        ("openvino-f32", 0.99999),
        ("openvino-bf16", 0.999),
        ("onnxruntime-int8", 0.995),
        ("onnxruntime-int8-dynamic", 0.98),
    ],
)
def test_an_engine_agrees_with_the_reference(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str, least_cosine: float
) -> None:
    assert_agrees(model_folder, make_bundle(), engine, least_cosine)


@pytest.mark.parametrize("engine", ["onnxruntime-fp32", "onnxruntime-int8", "onnxruntime-int8-dynamic"])
def test_a_query_is_the_same_whatever_is_encoded_with_it(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str
) -> None:
    tried = tiny_encoder(model_folder, make_bundle(), engine)
    together = tried.encode_queries(TEXTS)
    alone = [tried.encode_queries([text])[0] for text in TEXTS]
    assert min(a.vector @ b.vector for a, b in zip(together, alone, strict=True)) > 0.9999


WATCHED = """
import sys
from pathlib import Path
seen = []
sys.addaudithook(lambda event, _: event in ("os.fork", "socket.connect", "subprocess.Popen") and seen.append(event))
from tests.unit.embedding.engine_agreement import tiny_encoder
tiny_encoder(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]).encode_queries(["mouse"])
assert not seen, seen
"""


@pytest.mark.parametrize("engine", ["openvino-f32", "onnxruntime-fp32"])
def test_nobody_is_told_that_an_engine_is_used(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str
) -> None:
    """OpenVINO forks the process that imports it and writes to Google, where it may."""
    subprocess.run([sys.executable, "-c", WATCHED, model_folder, make_bundle(), engine], check=True, timeout=120)
