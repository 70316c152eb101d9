"""The interaction block: a query's tokens attend to the precomputed states of a product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.reranker.query import EncodedQuery, Matrix
from services.reranker.states import Rows, TokenStates
from shared.errors import Corrupt, InvalidRequest
from shared.inference.cpu import read_cpu
from shared.inference.graph_check import check_graph
from shared.inference.onnx_engine import DTYPES, Engine, open_engine
from shared.models.registry import DEFAULT

_QUERY_INPUTS = {
    "query_hidden": "hidden",
    "query_states": "states",
    "token_weights": "token_weights",
}
_TRIAL = {
    "query_hidden": (8,),
    "query_states": (8,),
    "token_weights": (8,),
    "product_states": (25, 32),
    "product_mask": (25, 32),
}


class BlockModel:
    """The block of a bundle, not bound to a snapshot yet.

    block.onnx has product_states (n, t, state_dim), product_mask (n, t) and some of query_hidden,
    query_states, token_weights; its output is score (n,). After PreTTR (MacAvaney et al., SIGIR
    2020) and MORES (Gao et al., EMNLP 2020).
    """

    def __init__(self, engine: Engine) -> None:
        """Raises Corrupt if the model has an unknown input."""
        self._session = engine.session
        self.engine = engine.name
        types = {node.name: node.type for node in self._session.get_inputs()}
        if unknown := types.keys() - _QUERY_INPUTS.keys() - {"product_states", "product_mask"}:
            raise Corrupt(f"block.onnx has the inputs {sorted(unknown)}, which this version cannot fill")
        if missing := {"product_states", "product_mask"} - types.keys():
            raise Corrupt(f"block.onnx has no input {min(missing)}, so it cannot read products")
        self._query_inputs = {name: field for name, field in _QUERY_INPUTS.items() if name in types}
        self._hidden = next(
            (n.shape[-1] for n in self._session.get_inputs() if n.name == "query_hidden"), None
        )
        self._mask_type = DTYPES[types["product_mask"]]

    @classmethod
    def open(cls, path: Path, precision: str) -> BlockModel:
        """Open the model in `path`, with precision auto, int8 or fp32.

        Raises Corrupt, naming the file, if it is no such model. Where int8 cannot win (AVX2 only:
        5.3 ms against 5.0), auto means fp32 without a trial, which saves a second at start.
        """
        chosen = "fp32" if precision == "auto" and not read_cpu().has_vnni else precision
        if path.parent != DEFAULT:
            check_graph(path, {*_QUERY_INPUTS, "product_states", "product_mask"}, "score")
        return cls(open_engine(path, chosen, 1, _TRIAL))

    def score(self, query: EncodedQuery, states: Matrix, mask: NDArray[np.bool_]) -> Matrix:
        """Scores (n,) of products with the padded states (n, t, state_dim) float32.

        Raises InvalidRequest if another encoder made the query.
        """
        if self._hidden is not None and query.hidden.shape[1] != self._hidden:
            reason = f"has {query.hidden.shape[1]} numbers per token; the bundle's block reads {self._hidden}"
            raise InvalidRequest("encoding.hidden", reason)
        inputs = {name: getattr(query, field) for name, field in self._query_inputs.items()}
        inputs |= {"product_states": states, "product_mask": mask.astype(self._mask_type)}
        scores: Matrix = self._session.run(["score"], inputs)[0].reshape(-1)
        return scores


class BlockScorer:
    """The block over the products of one snapshot."""

    def __init__(self, model: BlockModel, states: TokenStates) -> None:
        self._model = model
        self._states = states
        self.engine = model.engine

    def score(self, query: EncodedQuery, rows: Rows) -> Matrix:
        """Scores (n,) of the products in `rows`."""
        return self._model.score(query, *self._states.padded(rows))
