"""The peer: SentenceTransformer, FAISS and CrossEncoder, combined as their users do, fp32, six
layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.catalog.product import Product
from shared.errors import NotFound
from shared.extras import needs_extra
from shared.telemetry import Stopwatch

try:
    import faiss
    import torch  # noqa: F401  (the first that is missed names itself)
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from transformers.utils import logging as transformers_logging
except ModuleNotFoundError as error:
    raise NotFound(f"{needs_extra(error)}; or use --no-peer") from error

PAIRS = 50  # candidates that the cross-encoder scores


@dataclass(frozen=True)
class PeerPage:
    """Product ids, best first, and the milliseconds of each stage."""

    product_ids: list[str]
    stage_ms: dict[str, float]


class SentenceTransformersPeer:
    """Retrieve with MiniLM and an exact index, rerank the first PAIRS with a cross-encoder.

    The encoder reads title, brand and description, the cross-encoder brand and title: short pairs,
    which are in the peer's favour.
    """

    def __init__(self, encoder: Path, cross_encoder: Path | None) -> None:
        """Without `cross_encoder`, one with the encoder's six layers and an untrained head.

        Its times are valid, its order is not.
        """
        transformers_logging.set_verbosity_error()  # it warns of the untrained head at length
        transformers_logging.disable_progress_bar()
        self._encoder = SentenceTransformer(str(encoder), device="cpu")
        self._cross_encoder = CrossEncoder(
            str(cross_encoder or encoder),
            num_labels=1,
            device="cpu",
        )
        self._ids: list[str] = []
        self._titles: list[str] = []
        self._index: Any = None

    def encode(self, products: Sequence[Product]) -> NDArray[np.float32]:
        """(n, dim) float32, unit norm."""
        texts = [" ".join([product.title, *product.brands, product.description]) for product in products]
        vectors = self._encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def add(self, products: Sequence[Product], vectors: NDArray[np.float32]) -> None:
        """Make products searchable by their vectors."""
        if self._index is None:
            self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)
        self._ids += [product.product_id for product in products]
        self._titles += [" ".join([*product.brands, product.title]) for product in products]

    def page(self, query: str) -> PeerPage:
        """The first PAIRS products for a query, reranked."""
        stopwatch = Stopwatch()
        with stopwatch.timed("total"):
            with stopwatch.timed("embed"):
                vector = self._encoder.encode(
                    [query],
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
            with stopwatch.timed("retrieve"):
                _, found = self._index.search(vector, PAIRS)
            rows = [int(row) for row in found[0] if row >= 0]
            with stopwatch.timed("rerank"):
                scores = self._scores(query, rows)
            ranked = [row for _, row in sorted(zip(scores, rows, strict=True), key=lambda pair: -pair[0])]
        return PeerPage([self._ids[row] for row in ranked], stopwatch.stage_ms)

    def _scores(self, query: str, rows: list[int]) -> Any:
        return self._cross_encoder.predict(
            [(query, self._titles[row]) for row in rows], show_progress_bar=False
        )
