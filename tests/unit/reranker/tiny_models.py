"""Random models that are small enough for a test to make."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

HIDDEN = 16
STATE = 8
WORDS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "red", "blue", "kettle", "lamp"]


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int, list[str | int]]],
    **weights: object,
) -> None:
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def save_block(path: Path, mask: int = TensorProto.FLOAT, seed: int = 0) -> None:
    """score = sum over the real states p of <w hidden W, p>, with token weights w."""
    node = helper.make_node
    kind = TensorProto.FLOAT
    _save(
        path,
        [
            node("MatMul", ["query_hidden", "projection"], ["projected"]),
            node("MatMul", ["token_weights", "projected"], ["wanted"]),
            node("MatMul", ["product_states", "wanted"], ["matches"]),
            node("Cast", ["product_mask"], ["real"], to=kind),
            node("Mul", ["matches", "real"], ["masked"]),
            node("ReduceSum", ["masked", "last"], ["score"], keepdims=0),
        ],
        {
            "query_hidden": (kind, ["q", HIDDEN]),
            "token_weights": (kind, ["q"]),
            "product_states": (kind, ["n", "t", STATE]),
            "product_mask": (mask, ["n", "t"]),
        },
        projection=np.random.default_rng(seed).standard_normal((HIDDEN, STATE)).astype(np.float32),
        last=np.array([-1]),
    )


def save_cross_encoder(folder: Path) -> None:
    """score = 100 x (shared tokens, by bags of one-hot words) + unpadded length."""
    node, words = helper.make_node, np.eye(len(WORDS), dtype=np.float32)
    words[:4] = 0
    integers: tuple[int, list[str | int]] = (TensorProto.INT64, ["n", "t"])
    _save(
        folder / "cross_encoder.onnx",
        [
            node("Gather", ["words", "input_ids"], ["one_hot"]),
            node("Cast", ["token_type_ids"], ["second"], to=TensorProto.FLOAT),
            node("Sub", ["one", "second"], ["first"]),
            node("Unsqueeze", ["first", "last"], ["first_column"]),
            node("Unsqueeze", ["second", "last"], ["second_column"]),
            node("Mul", ["one_hot", "first_column"], ["query_words"]),
            node("Mul", ["one_hot", "second_column"], ["text_words"]),
            node("ReduceSum", ["query_words", "middle"], ["query_bag"], keepdims=0),
            node("ReduceSum", ["text_words", "middle"], ["text_bag"], keepdims=0),
            node("Mul", ["query_bag", "text_bag"], ["shared"]),
            node("ReduceSum", ["shared", "last"], ["overlap"], keepdims=0),
            node("Mul", ["overlap", "hundred"], ["weighted"]),
            node("Cast", ["attention_mask"], ["real"], to=TensorProto.FLOAT),
            node("ReduceSum", ["real", "last"], ["length"], keepdims=0),
            node("Add", ["weighted", "length"], ["score"]),
        ],
        {"input_ids": integers, "attention_mask": integers, "token_type_ids": integers},
        words=words,
        one=np.float32(1),
        hundred=np.float32(100),
        last=np.array([-1]),
        middle=np.array([1]),
    )
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
