import pytest

from aisle.v1.embedding_pb2 import EmbedQueriesRequest
from services.gateway.search.cached_embedding import CachedEmbedding
from tests.unit.gateway.conftest import Embedding
from tests.unit.gateway.memory_cache import MemoryCache


def wanted(*queries: str, encoder_version: str = "e1") -> EmbedQueriesRequest:
    return EmbedQueriesRequest(queries=queries, encoder_version=encoder_version)


async def test_a_query_is_encoded_once_whichever_gateway_asks() -> None:
    encoder = Embedding()
    cache = MemoryCache()
    first = await CachedEmbedding(encoder, cache).EmbedQueries(wanted("shoe"))
    second = await CachedEmbedding(encoder, cache).EmbedQueries(wanted("shoe"))
    assert first == second
    assert encoder.queries == ["shoe"]


async def test_another_encoder_or_query_is_another_encoding() -> None:
    encoder = Embedding()
    cache = MemoryCache()
    embedding = CachedEmbedding(encoder, cache)
    await embedding.EmbedQueries(wanted("shoe"))
    await embedding.EmbedQueries(wanted("shoes"))
    encoder.encoder_version = "e2"
    await embedding.EmbedQueries(wanted("shoe", encoder_version="e2"))
    assert encoder.queries == ["shoe", "shoes", "shoe"]
    assert len(cache.values) == 3


async def test_what_another_encoder_made_is_not_kept_under_the_wrong_name() -> None:
    cache = MemoryCache()
    await CachedEmbedding(Embedding(encoder_version="e0"), cache).EmbedQueries(wanted("shoe"))
    assert not cache.values


@pytest.mark.parametrize("request_", [wanted("shoe", encoder_version=""), wanted("a", "b"), wanted()])
async def test_without_a_named_encoder_and_for_several_queries_the_cache_is_passed_by(
    request_: EmbedQueriesRequest,
) -> None:
    cache = MemoryCache()
    response = await CachedEmbedding(Embedding(), cache).EmbedQueries(request_)
    assert len(response.encodings) == len(request_.queries)
    assert not cache.values and not cache.gets


@pytest.mark.parametrize("value", [b"", b"\xff\xff garbage"])
async def test_what_is_no_encoding_is_encoded_again(value: bytes) -> None:
    encoder = Embedding()
    cache = MemoryCache()
    embedding = CachedEmbedding(encoder, cache)
    await embedding.EmbedQueries(wanted("shoe"))
    cache.values = dict.fromkeys(cache.values, value)
    assert (await embedding.EmbedQueries(wanted("shoe"))).encodings[0].vector
    assert encoder.queries == ["shoe", "shoe"]
