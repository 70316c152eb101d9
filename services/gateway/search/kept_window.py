"""A ranked window as bytes, for other gateways."""

import zlib

import numpy as np
from google.protobuf.message import DecodeError

from aisle.v1.reranker_pb2 import CandidateExplanation
from aisle.v1.window_pb2 import KeptWindow
from services.gateway.search.ranked_window import RankedWindow, feature_matrix

_QUICKLY = 1  # zlib's level: half of a window are features that are 0 or unknown, whatever the level


def encoded(window: RankedWindow) -> bytes:
    """The window, packed."""
    message = KeptWindow(
        query=window.query,
        corrected=window.corrected,
        snapshot_version=window.snapshot_version,
        bundle_version=window.bundle_version,
        tier=window.tier,
        degraded=window.degraded,
        total_count=window.total_count,
        facets=window.facets,
        rows=window.rows,
        product_ids=window.product_ids,
        relevance_scores=window.relevance_scores,
        dense_ranks=window.dense_ranks,
        log_position=window.log_position,
        notes=window.notes,
        explanations=[CandidateExplanation(contributions=each) for each in window.contributions],
        feature_names=window.feature_names,
        feature_values=np.ascontiguousarray(window.feature_values, "<f4").tobytes(),
    )
    return zlib.compress(message.SerializeToString(), _QUICKLY)


def decoded(value: bytes) -> RankedWindow | None:
    """The window; None when the bytes are none, such as those of another version."""
    try:
        message = KeptWindow.FromString(zlib.decompress(value))
    except (zlib.error, DecodeError):
        return None
    return RankedWindow(
        query=message.query,
        corrected=message.corrected,
        snapshot_version=message.snapshot_version,
        bundle_version=message.bundle_version,
        tier=message.tier,
        degraded=tuple(message.degraded),
        total_count=message.total_count,
        facets=tuple(message.facets),
        rows=list(message.rows),
        product_ids=list(message.product_ids),
        relevance_scores=list(message.relevance_scores),
        dense_ranks=list(message.dense_ranks),
        log_position=message.log_position,
        notes=tuple(message.notes),
        contributions=[each.contributions for each in message.explanations],
        feature_names=tuple(message.feature_names),
        feature_values=feature_matrix(message.feature_values, len(message.feature_names)),
    )
