from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from services.reranker.block import BlockModel
from shared.errors import Corrupt
from shared.inference.graph_check import check_graph
from tests.unit.reranker.tiny_models import save_block, save_cross_encoder

INPUTS = {"query_hidden", "query_states", "token_weights", "product_states", "product_mask"}


def another_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("visitor", TensorProto.FLOAT, ["n"]))


def another_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "masked"


def an_operator_of_another_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.somebody"
    model.opset_import.append(helper.make_opsetid("com.somebody", 1))


def a_loop(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], [], body=body))


def weights_that_are_not_finite(model: onnx.ModelProto) -> None:
    weights = numpy_helper.to_array(model.graph.initializer[0]).copy()
    weights[0] = np.nan
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, model.graph.initializer[0].name))


def weights_in_another_file(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../secret")
    tensor.ClearField("raw_data")


@pytest.mark.parametrize(
    "spoil",
    [
        another_input,
        another_output,
        an_operator_of_another_domain,
        a_loop,
        weights_that_are_not_finite,
        weights_in_another_file,
    ],
)
def test_a_foreign_graph_is_refused_with_its_name(
    tmp_path: Path, spoil: Callable[[onnx.ModelProto], None]
) -> None:
    path = tmp_path / "block.onnx"
    save_block(path)
    check_graph(path, INPUTS, "score")
    model = onnx.load(path)
    spoil(model)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(Corrupt, match=r"block\.onnx"):
        BlockModel.open(path, "fp32")


@pytest.mark.parametrize("content", [b"", b"noise" * 1_000, b"\x08\x0a"])
def test_what_is_no_graph_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "block.onnx").write_bytes(content)
    with pytest.raises(Corrupt, match=r"block\.onnx"):
        BlockModel.open(tmp_path / "block.onnx", "fp32")


def test_a_cross_encoder_is_a_plain_graph_too(tmp_path: Path) -> None:
    save_cross_encoder(tmp_path)
    check_graph(tmp_path / "cross_encoder.onnx", {"input_ids", "attention_mask", "token_type_ids"})
    with pytest.raises(Corrupt, match="inputs"):
        check_graph(tmp_path / "cross_encoder.onnx", {"input_ids"})
