"""What was ranked for one search; its pages are slices of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aisle.v1.reranker_pb2 import RerankResponse
from aisle.v1.retrieval_pb2 import RetrieveResponse
from aisle.v1.search_pb2 import TIER_RERANKED, Contribution, Facet, Tier

Matrix = NDArray[np.float32]

_CANDIDATE_BYTES = 200  # of the lists of one candidate in memory, beside its id
_MESSAGE_BYTES = 64  # of one small message in memory, beside its texts


def _no_matrix() -> Matrix:
    return np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class RankedWindow:
    """The order of one search: element i of every sequence belongs to place i + 1."""

    query: str  # as searched
    corrected: bool
    snapshot_version: str
    bundle_version: str
    tier: Tier.ValueType
    degraded: tuple[str, ...]
    total_count: int
    facets: Sequence[Facet]
    rows: Sequence[int]
    product_ids: Sequence[str]
    relevance_scores: Sequence[float]
    dense_ranks: Sequence[int]
    notes: Sequence[str] = ()  # about the request
    log_position: int = 0  # of the catalogue's log, up to which writes were shown
    contributions: Sequence[Sequence[Contribution]] = ()  # of the first; empty below the reranked tier
    feature_names: Sequence[str] = ()
    feature_values: Matrix = field(default_factory=_no_matrix)  # (of the first, features)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        candidates = _CANDIDATE_BYTES * len(self.rows) + sum(map(len, self.product_ids))
        facets = sum(facet.ByteSize() + _MESSAGE_BYTES * len(facet.values) for facet in self.facets)
        contributions = _MESSAGE_BYTES * sum(map(len, self.contributions))
        return candidates + facets + contributions + self.feature_values.nbytes


def fused(query: str, corrected: bool, retrieved: RetrieveResponse, degraded: Sequence[str]) -> RankedWindow:
    """The window in the order of retrieval."""
    return RankedWindow(
        query=query,
        corrected=corrected,
        snapshot_version=retrieved.snapshot_version,
        bundle_version="",
        tier=retrieved.tier,
        degraded=tuple(degraded),
        total_count=retrieved.total_count,
        facets=tuple(retrieved.facets),
        rows=list(retrieved.rows),
        product_ids=list(retrieved.product_ids),
        relevance_scores=list(retrieved.fused_scores),
        dense_ranks=list(retrieved.dense_ranks),
        notes=tuple(retrieved.notes),
        log_position=retrieved.log_position,
    )


def reranked(window: RankedWindow, response: RerankResponse) -> RankedWindow:
    """The window in the order of the reranker."""
    order = response.order
    return replace(
        window,
        bundle_version=response.bundle_version,
        tier=TIER_RERANKED,
        rows=[window.rows[index] for index in order],
        product_ids=[window.product_ids[index] for index in order],
        relevance_scores=list(response.relevance_scores),
        dense_ranks=[window.dense_ranks[index] for index in order],
        contributions=[each.contributions for each in response.explanations],
        feature_names=tuple(response.feature_names),
        feature_values=feature_matrix(response.feature_values, len(response.feature_names)),
    )


def feature_matrix(data: bytes, columns: int) -> Matrix:
    """(n, columns) float32, of a message's bytes."""
    return np.frombuffer(data, dtype="<f4").reshape(-1, columns) if columns else _no_matrix()
