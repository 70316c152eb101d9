from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.embedding.engine_agreement import assert_agrees

pytest.importorskip("torch")


@pytest.mark.parametrize(("engine", "least_cosine"), [("torch-fp32", 0.99999), ("torch-bf16", 0.999)])
def test_a_torch_engine_agrees_with_the_reference(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str, least_cosine: float
) -> None:
    assert_agrees(model_folder, make_bundle(), engine, least_cosine)
