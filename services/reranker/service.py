"""The reranker's gRPC service: candidates in, an order out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.v1.embedding_pb2 import QueryEncoding
from aisle.v1.reranker_pb2 import (
    ProposeRequest,
    ProposeResponse,
    RankProposalsRequest,
    RankProposalsResponse,
    RerankRequest,
    RerankResponse,
)
from aisle.v1.reranker_pb2_grpc import RerankerServiceServicer
from aisle.v1.status_pb2 import ReplicaStatus
from services.reranker.candidates import Candidates
from services.reranker.cross_encoder import ProductTexts
from services.reranker.deadline import Deadline
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.query import EncodedQuery, Matrix
from services.reranker.read_ahead import ReadAhead
from services.reranker.recommending.service import Recommender
from services.reranker.rerank_messages import browsing_response, response_of
from services.reranker.snapshot import Payloads, RerankerSnapshot
from services.reranker.states import Rows
from services.reranker.work_queue import WorkQueue
from shared import vectors
from shared.catalog.wire import from_bytes
from shared.errors import InvalidRequest, Unavailable
from shared.features.page import StoredPage
from shared.features.scope import PageRequest
from shared.live.wire_rows import UNKNOWN
from shared.product_memory.follower import ProductMemoryFollower
from shared.product_text import product_text_of
from shared.query_memory.follower import MemoryFollower
from shared.stage import Missed
from shared.telemetry import Stopwatch

NAME = "aisle.v1.RerankerService"
MAX_CANDIDATES = 5_000
_COLUMNS = ("lexical_scores", "dense_scores", "fused_scores", "lexical_ranks", "dense_ranks")


class RerankerService(RerankerServiceServicer):
    """Checks requests, reads features, and ranks off the event loop, one request after the other."""

    def __init__(  # noqa: PLR0913  (each source of shoppers' actions)
        self,
        opened: OpenedRerankers,
        work_queue: WorkQueue,
        features: FeatureReader | None = None,
        memory: MemoryFollower | None = None,
        products: ProductMemoryFollower | None = None,
        diversity: float = 0.0,
        fatigue: float = 0.0,
    ) -> None:
        """Any source may be missing; its features are then unknown.

        `features` reads shoppers' actions on a page's products, `memory` has opens under near
        queries, and `products` is the product memory. `diversity` and `fatigue` are
        those of RerankerConfig.
        """
        self._recommender = Recommender(opened, features, products, diversity, fatigue)
        self._opened = opened
        self._work_queue = work_queue
        self._features = features
        self._memory = memory
        self._ahead = ReadAhead.when_idle()

    async def Rerank(self, request: RerankRequest, context: Any = None) -> RerankResponse:
        deadline = _deadline(request.budget_ms)
        # Used to the end, even if a newer one is opened meanwhile
        reranker = self._opened.of(request.snapshot_version)
        browses = not request.query and not request.encoding.token_count
        query = None if browses else _query(request, reranker.snapshot.states.dim)
        candidates = _candidates(request, reranker.snapshot)
        memory = self._memory.memory if self._memory else None
        stopwatch = Stopwatch()
        with stopwatch.timed("store"):
            stored, notes = await self._stored(request, reranker.snapshot, candidates, deadline)

        def answer() -> RerankResponse:
            if query is None:
                return browsing_response(request, reranker, reranker.browse(candidates, stored))
            ranked = reranker.rerank(query, candidates, stored, deadline, memory)
            if request.cross_encode:
                ranked = reranker.cross_encoded(query, candidates, ranked, deadline)
                return response_of(request, reranker, ranked)
            if request.read_ahead:
                ranked = reranker.read_before(query, candidates, ranked, self._ahead)
            if request.explore:
                ranked = reranker.explored(candidates, ranked, stored)
            return response_of(request, reranker, ranked)

        response = await self._work_queue.run(answer, deadline)
        response.degraded.extend(notes)
        response.stage_ms.update(stopwatch.stage_ms)
        return response

    async def Propose(self, request: ProposeRequest, context: Any = None) -> ProposeResponse:
        return await self._recommender.propose(request)

    async def RankProposals(
        self, request: RankProposalsRequest, context: Any = None
    ) -> RankProposalsResponse:
        return RankProposalsResponse(ranking=await self._recommender.rank(request))

    def close(self) -> None:
        """Finish running calls."""
        self._work_queue.close()
        self._ahead.close()

    async def _stored(
        self,
        request: RerankRequest,
        snapshot: RerankerSnapshot,
        candidates: Candidates,
        deadline: Deadline,
    ) -> tuple[StoredPage | None, list[str]]:
        """The stored features of the page, or a note about their absence."""
        if self._features is None:
            return None, []
        product_ids = snapshot.ids_at(candidates.rows)
        wanted = PageRequest(product_ids, request.query, request.visitor_id, request.session_id)
        try:
            return await self._features.read(wanted, deadline), []
        except Missed as missed:
            return None, [str(missed)]


def replica_status(opened: OpenedRerankers) -> ReplicaStatus:
    """The snapshot and models of this process."""
    try:
        reranker = opened.newest
    except Unavailable as error:
        return ReplicaStatus(waiting_for=str(error))
    snapshot = reranker.snapshot
    return ReplicaStatus(
        snapshot_version=snapshot.version,
        product_count=len(snapshot),
        bundle_version=reranker.bundle_version,
        encoder_versions=[snapshot.encoder_version],
        engines={"reranker": reranker.block.scorer.engine} if reranker.block else {},
        vectors_position=snapshot.position,
    )


def _deadline(budget_ms: float) -> Deadline:
    if not 0 <= budget_ms < float("inf"):
        raise InvalidRequest("budget_ms", f"is {budget_ms}; send milliseconds, or 0 for no limit")
    return Deadline.after(budget_ms)


def _query(request: RerankRequest, state_dim: int) -> EncodedQuery:
    encoding = request.encoding
    if not encoding.token_count:
        raise InvalidRequest(
            "encoding.token_count", "is 0; send the query's encoding, or keep the fused order"
        )
    states = _matrix(encoding, "states")
    if states.shape[1] != state_dim:
        raise InvalidRequest(
            "encoding.states",
            f"has {states.shape[1]} numbers per token; the snapshot has {state_dim}",
        )
    token_weights = _matrix(encoding, "token_weights")
    if token_weights.shape[1] != 1 or token_weights.min() < 0:
        raise InvalidRequest("encoding.token_weights", "is not one number of at least 0 per token")
    hidden = _matrix(encoding, "hidden")
    return EncodedQuery(request.query, hidden, states, token_weights[:, 0], _vector(encoding))


def _vector(encoding: QueryEncoding) -> Matrix | None:
    """(dim,) float32; None if it was not sent."""
    data = encoding.vector
    if not data:
        return None
    if len(data) % 4:
        raise InvalidRequest("encoding.vector", f"has {len(data)} bytes, not float32 numbers")
    vector: Matrix = np.frombuffer(data, "<f4")
    _finite("encoding.vector", vector)
    return vector


def _matrix(encoding: QueryEncoding, name: str) -> Matrix:
    """The matrix (token_count, width) float32."""
    data: bytes = getattr(encoding, name)
    width, rest = divmod(len(data), 4 * encoding.token_count)
    if rest or not width:
        raise InvalidRequest(
            f"encoding.{name}", f"has {len(data)} bytes, not a float32 matrix of token_count rows"
        )
    matrix = vectors.from_bytes(data, width)
    _finite(f"encoding.{name}", matrix)
    return matrix


def _candidates(request: RerankRequest, snapshot: RerankerSnapshot) -> Candidates:
    """The candidates, with rows of this process.

    A recently written product may still be unknown.
    """
    wire_rows = np.array(request.rows, dtype=np.int64)
    if len(wire_rows) > MAX_CANDIDATES:
        raise InvalidRequest("rows", f"has {len(wire_rows)} candidates; send at most {MAX_CANDIDATES}")
    rows = snapshot.to_core(wire_rows)
    columns = Candidates(rows, *(_column(request, name, len(rows)) for name in _COLUMNS))
    if not request.precedence:
        return columns
    return replace(columns, precedence=_column(request, "precedence", len(rows)))


def _column(request: RerankRequest, name: str, length: int) -> Matrix:
    column = np.array(getattr(request, name), dtype=np.float32)
    if len(column) != length:
        raise InvalidRequest(name, f"has {len(column)} values for {length} rows; send one per row")
    _finite(name, column)
    return column


def _finite(name: str, numbers: NDArray[Any]) -> None:
    if not np.isfinite(numbers).all():
        raise InvalidRequest(name, "holds a number that is not finite")


def product_texts(products: Payloads) -> ProductTexts:
    """The products' texts for a cross-encoder, which equal those for the encoder."""

    def texts(rows: Rows) -> Sequence[str]:
        payloads = (products.payload(row) if row != UNKNOWN else b"" for row in rows.tolist())
        return [product_text_of(from_bytes(payload)) for payload in payloads]

    return texts
