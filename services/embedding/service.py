"""The query tower on the wire: queries in, encodings out."""

from typing import Any

from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse
from aisle.v1.embedding_pb2 import QueryEncoding as QueryEncodingMessage
from aisle.v1.embedding_pb2_grpc import EmbeddingServiceServicer
from aisle.v1.status_pb2 import ReplicaStatus
from services.embedding.encoders import Encoders
from services.embedding.encoding import QueryEncoding
from shared.errors import InvalidRequest
from shared.vectors import to_bytes

MAX_QUERIES = 64
NAME = "aisle.v1.EmbeddingService"


class EmbeddingService(EmbeddingServiceServicer):
    """Checks requests, and encodes them in batches with others for the same encoder."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders

    async def EmbedQueries(self, request: EmbedQueriesRequest, context: Any = None) -> EmbedQueriesResponse:
        if not 1 <= len(request.queries) <= MAX_QUERIES:
            raise InvalidRequest("queries", (f"has {len(request.queries)} entries; send 1 to {MAX_QUERIES}"))
        chosen = self._encoders.get(request.encoder_version)
        encodings = await chosen.batcher.encode(request.queries)
        return EmbedQueriesResponse(encodings=map(_message, encodings), encoder_version=chosen.version)


def replica_status(encoders: Encoders) -> ReplicaStatus:
    """The encoders of this process."""
    opened = encoders.all()
    engines = {
        f"encoder_{side}": name for each in opened.values() for side, name in each.encoder.engines.items()
    }
    return ReplicaStatus(encoder_versions=list(opened), engines=engines)


def _message(encoding: QueryEncoding) -> QueryEncodingMessage:
    return QueryEncodingMessage(
        vector=to_bytes(encoding.vector),
        hidden=to_bytes(encoding.hidden),
        states=to_bytes(encoding.states),
        token_weights=to_bytes(encoding.token_weights),
        token_count=len(encoding.token_weights),
    )
