from collections.abc import Callable
from pathlib import Path

import pytest

from services.embedding.config import EmbeddingConfig
from services.embedding.engines import REFERENCE
from services.embedding.job import Job
from services.embedding.model import EncoderSource
from services.embedding.opening import open_encoder
from services.embedding.trial import Probes, run_trial
from services.embedding.weights import find
from shared.errors import NotFound
from shared.inference.cpu import has_cuda
from tests.unit.embedding.engine_agreement import assert_agrees

pytest.importorskip("torch")


@pytest.mark.parametrize(("engine", "least_cosine"), [("torch-fp32", 0.99999), ("torch-bf16", 0.999)])
def test_a_torch_engine_agrees_with_the_reference(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str, least_cosine: float
) -> None:
    assert_agrees(model_folder, make_bundle(), engine, least_cosine)


NO_GPU = pytest.mark.skipif(has_cuda(), reason="this machine has what the test says is missing")
CUDA = "torch-cuda-bf16"


@NO_GPU
def test_an_engine_that_cannot_be_built_here_takes_no_part(model_folder: Path) -> None:
    probes = Probes.of("queries", [[2, 4, 5, 3]])
    model = EncoderSource(find(str(model_folder)), None).read()
    engine, measured = run_trial(model, Job("queries", 1, 32), probes, (REFERENCE, CUDA))
    assert (engine.name, set(measured)) == (REFERENCE, {REFERENCE})


@NO_GPU
def test_a_configured_engine_that_cannot_be_built_here_is_named_with_the_remedy(
    model_folder: Path,
) -> None:
    encoder = open_encoder(EmbeddingConfig(model=str(model_folder), engine=CUDA))
    with pytest.raises(
        NotFound,
        match=r"the engine torch-cuda-bf16 cannot be built here .*set AISLE_EMBEDDING_ENGINE",
    ):
        encoder.encode_queries([])
