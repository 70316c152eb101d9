"""A cache of recent query encodings of all gateways, in front of the embedding service."""

import hashlib

from google.protobuf.message import DecodeError

from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse, QueryEncoding
from services.gateway.ports import Embedding
from shared.cache import Cache


class CachedEmbedding:
    """Embedding that looks into a cache first. The key is the encoder and the query."""

    def __init__(self, embedding: Embedding, cache: Cache) -> None:
        self._embedding = embedding
        self._cache = cache

    async def EmbedQueries(self, request: EmbedQueriesRequest) -> EmbedQueriesResponse:
        """See embedding.proto.

        Without a named encoder, or for several queries, the cache is not used.
        """
        if not request.encoder_version or len(request.queries) != 1:
            return await self._embedding.EmbedQueries(request)
        key = _key(request)
        if encoding := _parsed(await self._cache.get(key)):
            return EmbedQueriesResponse(encodings=[encoding], encoder_version=request.encoder_version)
        response = await self._embedding.EmbedQueries(request)
        if response.encoder_version == request.encoder_version and len(response.encodings) == 1:
            self._cache.put(key, response.encodings[0].SerializeToString())
        return response


def _key(request: EmbedQueriesRequest) -> str:
    named = f"{request.encoder_version}\0{request.queries[0]}"
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


def _parsed(value: bytes | None) -> QueryEncoding | None:
    """The encoding. None if it is missing or cannot be decoded."""
    try:
        encoding = QueryEncoding.FromString(value or b"")
    except DecodeError:
        return None
    return encoding if encoding.vector else None
