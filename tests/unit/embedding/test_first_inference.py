"""No two threads make an inference library's first inference at once.

OpenVINO's first two inferences waited for each other forever.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.embedding.engines import ENGINES
from services.embedding.tokens import TokenReader
from tests.first_use import waits_for_another
from tests.unit.embedding.engine_agreement import tiny_encoder


@pytest.mark.parametrize("engine", [name for name in ENGINES if not name.startswith("torch")])
def test_an_engine_is_built_and_tried_alone(
    model_folder: Path, make_bundle: Callable[..., Path], engine: str
) -> None:
    encoder = tiny_encoder(model_folder, make_bundle(), engine)
    assert waits_for_another(lambda: encoder.encode_queries(["red shoe"]))


def test_the_engines_of_a_trial_are_built_and_tried_alone(
    model_folder: Path, make_bundle: Callable[..., Path]
) -> None:
    encoder = tiny_encoder(model_folder, make_bundle(), "auto")
    assert waits_for_another(lambda: encoder.encode_products(["red shoe"]))


def test_a_tokeniser_is_opened_alone(model_folder: Path) -> None:
    assert waits_for_another(lambda: TokenReader(model_folder / "tokenizer.json"))
