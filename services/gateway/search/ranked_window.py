"""The ranked list of one search. Its pages are slices of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from aisle.v1 import window_pb2
from aisle.v1.reranker_pb2 import RerankResponse
from aisle.v1.retrieval_pb2 import AnalyzeQueryResponse, RetrieveResponse
from aisle.v1.search_pb2 import TIER_CROSS_ENCODED, TIER_RERANKED

Matrix = NDArray[np.float32]
Part = TypeVar("Part")

_CANDIDATE_BYTES = 200  # of one candidate in the lists in memory, without its id
_MESSAGE_BYTES = 64  # of one small message in memory, without its texts
# zlib's fastest level: half of a window is zeros and unknown features, which any level packs well
_QUICKLY = 1
_SCORE_STEP = 1e-6


class RankedWindow:
    """The order of one search: its message (window.proto), and its features. Immutable."""

    __slots__ = ("feature_values", "message")

    def __init__(self, message: window_pb2.RankedWindow) -> None:
        self.message = message
        columns = len(message.feature_names)
        self.feature_values: Matrix = np.zeros((0, 0), np.float32)  # (first candidates, features)
        if columns:
            self.feature_values = np.frombuffer(message.feature_values, "<f4").reshape(-1, columns)

    def __len__(self) -> int:
        return len(self.message.rows)

    @property
    def size_bytes(self) -> int:
        """The approximate memory that it takes."""
        message = self.message
        candidates = _CANDIDATE_BYTES * len(self) + sum(map(len, message.product_ids))
        facets = sum(facet.ByteSize() + _MESSAGE_BYTES * len(facet.values) for facet in message.facets)
        contributions = _MESSAGE_BYTES * sum(len(each.contributions) for each in message.explanations)
        return candidates + facets + contributions + 2 * self.feature_values.nbytes

    def packed(self) -> bytes:
        """The window as bytes, for other gateways."""
        return zlib.compress(self.message.SerializeToString(), _QUICKLY)

    @classmethod
    def unpacked(cls, value: bytes) -> RankedWindow | None:
        """The window; None if the bytes cannot be decoded, such as those of another version."""
        try:
            return cls(window_pb2.RankedWindow.FromString(zlib.decompress(value)))
        except (zlib.error, DecodeError, ValueError):
            return None


def fused(
    analysed: AnalyzeQueryResponse, retrieved: RetrieveResponse, degraded: Sequence[str]
) -> window_pb2.RankedWindow:
    """The window in the order of retrieval."""
    return window_pb2.RankedWindow(
        query=analysed.query,
        shown_query=analysed.shown_query or analysed.query,
        corrected=analysed.corrected,
        suggested_query=analysed.suggested_query,
        reading=[*analysed.reading, *retrieved.reading],
        snapshot_version=retrieved.snapshot_version,
        tier=retrieved.tier,
        degraded=degraded,
        total_count=retrieved.total_count,
        facets=retrieved.facets,
        rows=retrieved.rows,
        product_ids=retrieved.product_ids,
        relevance_scores=retrieved.fused_scores,
        dense_ranks=retrieved.dense_ranks,
        notes=retrieved.notes,
        log_position=retrieved.log_position,
        by_meaning=retrieved.by_meaning,
        related_count=retrieved.related_count,
        variant_counts=retrieved.variant_counts,
        relaxation=retrieved.relaxation if retrieved.HasField("relaxation") else None,
    )


def following(
    window: window_pb2.RankedWindow,
    retrieved: RetrieveResponse,
    before: int,
    degraded: Sequence[str],
) -> window_pb2.RankedWindow:
    """A part of the rest of a match set, `before` products after the window.

    Its scores continue below the window's last score, _SCORE_STEP lower at each place.
    """
    analysed = AnalyzeQueryResponse(
        query=window.query,
        shown_query=window.shown_query,
        corrected=window.corrected,
        suggested_query=window.suggested_query,
        reading=window.reading,
    )
    part = fused(analysed, retrieved, degraded)
    lowest = window.relevance_scores[-1] - before * _SCORE_STEP
    steps = range(1, len(part.rows) + 1)
    part.relevance_scores[:] = [lowest - step * _SCORE_STEP for step in steps]
    part.places_before = len(window.rows) + before
    # `before`, and those from the part's first on, at whichever offset retrieval found it
    part.total_count = before + max(0, retrieved.total_count - retrieved.offset)
    return part


def rerank(window: window_pb2.RankedWindow, response: RerankResponse) -> None:
    """Put a window into the order of the reranker."""
    window.rows[:] = _reordered(window.rows, response.order)
    window.product_ids[:] = _reordered(window.product_ids, response.order)
    window.dense_ranks[:] = _reordered(window.dense_ranks, response.order)
    if window.by_meaning:
        window.by_meaning[:] = _reordered(window.by_meaning, response.order)
    if window.variant_counts:  # retrieval of an older version sends none
        window.variant_counts[:] = _reordered(window.variant_counts, response.order)
    window.relevance_scores[:] = response.relevance_scores
    window.bundle_version = response.bundle_version
    window.tier = TIER_CROSS_ENCODED if response.cross_encoded_count else TIER_RERANKED
    window.explored_place = response.explored_place
    window.explored_propensity = response.explored_propensity
    window.explanations.extend(response.explanations)
    window.feature_names.extend(response.feature_names)
    window.feature_values = response.feature_values


def is_order_of(response: RerankResponse, count: int) -> bool:
    """Whether every candidate has one place and one score, and the feature values are rows of the
    features.
    """
    row_bytes = 4 * max(1, len(response.feature_names))
    whole = len(response.relevance_scores) == count and len(response.feature_values) % row_bytes == 0
    return whole and sorted(response.order) == list(range(count))


def _reordered(parts: Iterable[Part], order: Iterable[int]) -> list[Part]:
    listed = list(parts)  # a message makes an object at every access to an element
    return [listed[index] for index in order]
