"""Retrieval on the wire: a query and its vector in, candidates and products out."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.v1.retrieval_pb2 import (
    AccountForRequest,
    AccountForResponse,
    AnalyzeQueryRequest,
    AnalyzeQueryResponse,
    FetchProductsRequest,
    FetchProductsResponse,
    ListCandidatesRequest,
    ListCandidatesResponse,
    RetrieveRequest,
    RetrieveResponse,
)
from aisle.v1.retrieval_pb2_grpc import RetrievalServiceServicer
from aisle.v1.search_pb2 import TIER_DENSE, TIER_FUSED, TIER_LEXICAL
from aisle.v1.status_pb2 import ReplicaStatus
from services.retrieval import analysis_messages, reading
from services.retrieval.absence_messages import accounted
from services.retrieval.candidate_messages import listed, relaxation_message
from services.retrieval.candidates import Candidates
from services.retrieval.filter_messages import facet_message, facet_request_of, filter_of
from services.retrieval.product_messages import fetched
from services.retrieval.reading_catalog import catalog_of
from services.retrieval.request import DEFAULT_LIMIT, DENSE, FUSED, LEXICAL, Request, checked_query
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot, Snapshots
from services.retrieval.synonyms import NONE as NO_SYNONYMS
from services.retrieval.synonyms import Synonyms
from services.retrieval.synonyms_file import SynonymsFile
from shared import vectors
from shared.caller import PATIENT, Caller, in_thread
from shared.errors import InvalidRequest, Unavailable
from shared.query_memory.follower import MemoryFollower
from shared.text.languages import language_of

NAME = "aisle.v1.RetrievalService"
MAX_CANDIDATES = 5_000
_MOST_SHOWN = 20  # products by which the rest of a match set finds its place again
_AT_ONCE = 50  # up to so many products are read on the event loop
_TIERS = {TIER_LEXICAL: LEXICAL, TIER_DENSE: DENSE}
_MESSAGES = {LEXICAL: TIER_LEXICAL, DENSE: TIER_DENSE, FUSED: TIER_FUSED}


class RetrievalService(RetrievalServiceServicer):
    """Checks requests, and answers them off the event loop."""

    def __init__(
        self,
        snapshots: Snapshots,
        retriever: Retriever,
        correct_spelling: bool = True,
        memory: MemoryFollower | None = None,
        synonyms: SynonymsFile | None = None,
    ) -> None:
        """`memory` is of what shoppers opened; without it, words and vectors alone propose."""
        self._synonyms = synonyms
        self._snapshots = snapshots
        self._retriever = retriever
        self._memory = memory
        self._correct_spelling = correct_spelling

    async def AnalyzeQuery(self, request: AnalyzeQueryRequest, context: Any = None) -> AnalyzeQueryResponse:
        query = checked_query(request.query)
        if not query:
            return AnalyzeQueryResponse()
        snapshot = self._snapshots.get()
        corrects = self._correct_spelling and not reading.is_off(reading.CORRECTION, request.as_typed)
        catalog = catalog_of(snapshot, self._known_synonyms(), corrects)
        read = await in_thread(lambda caller: reading.read(query, request.as_typed, catalog, caller))
        return analysis_messages.response(read, snapshot.encoder_version)

    async def Retrieve(self, request: RetrieveRequest, context: Any = None) -> RetrieveResponse:
        # Held to the end: a state never changes, even if a newer one or another snapshot replaces
        # it.
        snapshot = await self._snapshots.showing(
            request.wait_for_visible,
            request.budget_ms,
            request.snapshot_version,
            request.encoder_version,
        )

        def answer(caller: Caller) -> RetrieveResponse:
            wanted = self._wanted(request, snapshot)
            return _response(snapshot, self._retriever.retrieve(snapshot, wanted, caller))

        return await in_thread(answer)

    async def AccountFor(self, request: AccountForRequest, context: Any = None) -> AccountForResponse:
        search = request.retrieve
        snapshot = await self._snapshots.showing(
            search.wait_for_visible, search.budget_ms, encoder=search.encoder_version
        )

        def answer(caller: Caller) -> AccountForResponse:
            wanted = self._wanted(search, snapshot)
            return accounted(snapshot, self._retriever, wanted, request, caller)

        return await in_thread(answer)

    def _wanted(self, request: RetrieveRequest, snapshot: Snapshot) -> Request:
        wanted = _request(request, snapshot.dense.dim)
        synonyms = NO_SYNONYMS if request.without_synonyms else self._known_synonyms()
        memory = self._memory.memory if self._memory else None
        return replace(wanted, memory=memory, synonyms=synonyms)

    def _known_synonyms(self) -> Synonyms:
        return self._synonyms.current() if self._synonyms else NO_SYNONYMS

    async def ListCandidates(
        self, request: ListCandidatesRequest, context: Any = None
    ) -> ListCandidatesResponse:
        snapshot = await self._snapshots.showing(
            request.wait_for_visible, request.budget_ms, request.snapshot_version
        )
        return await in_thread(lambda caller: listed(snapshot, request, caller))

    async def FetchProducts(
        self, request: FetchProductsRequest, context: Any = None
    ) -> FetchProductsResponse:
        snapshot = await self._snapshots.showing(
            request.wait_for_visible, request.budget_ms, request.snapshot_version
        )
        # Waking a thread would take as long
        reads_alone = not request.query and not request.HasField("highlight")
        if reads_alone and 0 < len(request.rows) <= _AT_ONCE:
            return fetched(snapshot, request, NO_SYNONYMS, PATIENT)
        synonyms = self._known_synonyms()
        return await in_thread(lambda caller: fetched(snapshot, request, synonyms, caller))


def replica_status(snapshots: Snapshots) -> ReplicaStatus:
    """The snapshots of this process."""
    try:
        snapshot = snapshots.get()
    except Unavailable as error:
        return ReplicaStatus(waiting_for=str(error))
    return ReplicaStatus(
        snapshot_version=snapshot.version,
        product_count=snapshot.shown_count,
        encoder_versions=[snapshot.encoder_version],
        engines={"dense": snapshot.dense.kind},
        log_position=snapshot.log_position,
        vectors_position=snapshot.rows.position,
    )


def _request(message: RetrieveRequest, dim: int) -> Request:
    if message.limit > MAX_CANDIDATES:
        raise InvalidRequest("limit", f"is {message.limit}; at most {MAX_CANDIDATES:,} candidates")
    if len(message.exclude_product_ids) > MAX_CANDIDATES:
        reason = f"has {len(message.exclude_product_ids)} entries; send at most {MAX_CANDIDATES:,}"
        raise InvalidRequest("exclude_product_ids", reason)
    return Request(
        query=checked_query(message.query),
        vector=_vector(message.vector, dim) if message.vector else None,
        filters=tuple(filter_of(each) for each in message.filters),
        facets=tuple(facet_request_of(each) for each in message.facets),
        order_by=message.order_by,
        currency_code=message.currency_code,
        limit=message.limit or DEFAULT_LIMIT,
        tier=_TIERS.get(message.tier, FUSED),
        languages=(language_of(message.language_code),) if message.language_code else (),
        limits=analysis_messages.limits(message),
        strict_order=not message.loose_order,
        as_typed=tuple(message.as_typed),
        by_product=message.by_product,
        exclude_product_ids=tuple(message.exclude_product_ids),
        offset=message.offset,
        after_product_ids=tuple(message.after_product_ids[-_MOST_SHOWN:]),
    )


def _vector(data: bytes, dim: int) -> NDArray[np.float32]:
    if len(data) != 4 * dim:
        raise InvalidRequest(
            "vector", f"has {len(data)} bytes; the snapshot's encoder gives {dim} float32 numbers"
        )
    vector: NDArray[np.float32] = vectors.from_bytes(data, dim)[0]
    if not np.isfinite(vector).all():
        raise InvalidRequest("vector", "holds a number that is not finite; encode the query again")
    return vector


def _response(snapshot: Snapshot, found: Candidates) -> RetrieveResponse:
    return RetrieveResponse(
        rows=snapshot.rows.to_wire(found.rows).tolist(),
        product_ids=snapshot.products.product_ids(found.rows),
        lexical_scores=found.lexical_scores.tolist(),
        dense_scores=found.dense_scores.tolist(),
        fused_scores=found.fused_scores.tolist(),
        lexical_ranks=found.lexical_ranks.tolist(),
        dense_ranks=found.dense_ranks.tolist(),
        variant_counts=found.variant_counts.tolist(),
        total_count=found.total_count,
        offset=found.offset,
        facets=[facet_message(facet) for facet in found.facets],
        snapshot_version=snapshot.version,
        tier=_MESSAGES[found.tier],
        degraded=found.degraded,
        notes=found.notes,
        stage_ms=found.stage_ms,
        log_position=snapshot.log_position,
        by_meaning=found.by_meaning.tolist(),
        precedence=found.precedence.tolist(),
        related_count=found.related_count,
        reading=analysis_messages.parts(found.parts),
        relaxation=relaxation_message(found.relaxation),
    )
