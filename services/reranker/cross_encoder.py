"""A small cross-encoder: query and product text in one BERT, for comparison with the block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import Rows
from shared.errors import NotFound
from shared.first_use import used_once
from shared.inference.graph_check import check_graph
from shared.inference.onnx_engine import Engine, open_engine
from shared.models.bundle import CROSS_ENCODER, TOKENIZER

_FILES = (CROSS_ENCODER, "model.onnx", "onnx/model.onnx")
_QUANTISED = frozenset(("MatMulInteger", "DynamicQuantizeLinear", "QLinearMatMul"))
_TRIAL = dict.fromkeys(("input_ids", "attention_mask", "token_type_ids"), (8, 48))

ProductTexts = Callable[[Rows], Sequence[str]]


class CrossEncoderModel:
    """The cross-encoder of a bundle: cross_encoder.onnx with its tokenizer.json.

    Inputs are input_ids, attention_mask and, if it has them, token_type_ids, each (n, t) int64. The
    first output has one score per pair, (n,) or (n, 1). Nogueira & Cho, "Passage Re-ranking with
    BERT" (2019).
    """

    def __init__(self, engine: Engine, tokenizer: Tokenizer) -> None:
        """The tokenizer truncates, and pads to the longest of a batch."""
        self._session = engine.session
        self._tokenizer = tokenizer
        self.engine = engine.name
        self._inputs = {node.name for node in self._session.get_inputs()}

    @classmethod
    def open(cls, folder: Path, precision: str, threads: int, max_tokens: int = 64) -> CrossEncoderModel:
        """Open the model in FOLDER. Raises NotFound without one, and Corrupt, naming the file, if it
        is no such model.

        `precision` is for float32 models; one that is quantised already is used as it is.
        """
        model = model_file(folder)
        check_graph(model, _TRIAL)
        path = str(folder / TOKENIZER)
        tokenizer = used_once(lambda: Tokenizer.from_file(path), lambda read: read.encode_batch([("", "")]))
        tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        tokenizer.enable_padding()
        chosen = "fp32" if _is_quantised(model) else precision
        return cls(open_engine(model, chosen, threads, _TRIAL), tokenizer)

    def score(self, query: str, texts: Sequence[str]) -> Matrix:
        """Scores (n,) of the pairs (query, text)."""
        pairs = self._tokenizer.encode_batch([(query, text) for text in texts])
        columns = {
            "input_ids": [pair.ids for pair in pairs],
            "attention_mask": [pair.attention_mask for pair in pairs],
            "token_type_ids": [pair.type_ids for pair in pairs],
        }
        inputs = {
            name: np.array(column, dtype=np.int64) for name, column in columns.items() if name in self._inputs
        }
        scores: Matrix = self._session.run(None, inputs)[0].reshape(-1)
        return scores


def model_file(folder: Path) -> Path:
    """The model's file in FOLDER. Raises NotFound without it, or without its tokenizer."""
    found = [folder / name for name in _FILES if (folder / name).is_file()]
    if not found or not (folder / TOKENIZER).is_file():
        raise NotFound(f"{folder} has no cross-encoder: {' or '.join(_FILES)}, and {TOKENIZER}")
    return found[0]


def _is_quantised(model: Path) -> bool:
    import onnx

    nodes = onnx.load(str(model), load_external_data=False).graph.node
    return any(node.op_type in _QUANTISED for node in nodes)


class CrossEncoderScorer:
    """The cross-encoder over the products of one snapshot."""

    def __init__(self, model: CrossEncoderModel, texts: ProductTexts) -> None:
        """`texts` returns a product's text, by row."""
        self._model = model
        self._texts = texts
        self.engine = model.engine

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        """Scores (n,) of the products in `rows`."""
        return self._model.score(query.text, self._texts(rows))
