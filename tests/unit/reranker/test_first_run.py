"""The reranker's models run once before threads of requests can use them."""

from pathlib import Path

import pytest

from services.reranker.block import BlockModel
from services.reranker.cross_encoder import CrossEncoderModel
from tests.first_use import waits_for_another
from tests.unit.reranker.tiny_models import save_block, save_cross_encoder


@pytest.mark.parametrize("precision", ["fp32", "int8", "auto"])
def test_an_interaction_block_is_opened_alone(tmp_path: Path, precision: str) -> None:
    save_block(tmp_path / "block.onnx")
    assert waits_for_another(lambda: BlockModel.open(tmp_path / "block.onnx", precision))


def test_a_cross_encoder_is_opened_alone(tmp_path: Path) -> None:
    save_cross_encoder(tmp_path)
    assert waits_for_another(lambda: CrossEncoderModel.open(tmp_path, "fp32", 1))
