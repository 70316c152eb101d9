"""The embedding service says the same over the wire and in one process."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from aisle.v1.embedding_pb2 import EmbedQueriesRequest, EmbedQueriesResponse
from aisle.v1.embedding_pb2_grpc import EmbeddingServiceStub, add_EmbeddingServiceServicer_to_server
from services.embedding.config import EmbeddingConfig
from services.embedding.encoders import Encoders
from services.embedding.hash_encoder import HashEncoder
from services.embedding.service import NAME, EmbeddingService
from shared.errors import InvalidRequest, SnapshotGone
from shared.rpc.channels import connect
from shared.rpc.server import Server
from shared.vectors import from_bytes


class Door(Protocol):
    async def EmbedQueries(self, request: EmbedQueriesRequest, /) -> EmbedQueriesResponse: ...


@pytest.fixture(params=["wire", "in-process"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    encoders = Encoders(EmbeddingConfig(model="hash"), tmp_path)
    encoders.refresh()
    service = EmbeddingService(encoders)
    server = Server(
        [(NAME, add_EmbeddingServiceServicer_to_server, service)],
        port=0,
        host="127.0.0.1",
    )
    await server.start()
    async with connect(f"127.0.0.1:{server.port}") as channel:
        doors: dict[str, Any] = {"wire": EmbeddingServiceStub(channel), "in-process": service}
        yield doors[request.param]
    await server.stop(grace_seconds=0)
    encoders.close()


async def test_an_encoding_arrives_whole(door: Door) -> None:
    queries = ["red lamp", "", "\N{GRINNING FACE}", "a\x00b", "lamp " * 2_000]
    response = await door.EmbedQueries(EmbedQueriesRequest(queries=queries))
    assert response.encoder_version == "hash@000000000000"
    for encoding, expected in zip(response.encodings, HashEncoder().encode_queries(queries), strict=True):
        assert encoding.token_count == len(expected.states)
        np.testing.assert_array_equal(from_bytes(encoding.vector, 384)[0], expected.vector)
        np.testing.assert_array_equal(from_bytes(encoding.hidden, 384), expected.hidden)
        np.testing.assert_array_equal(from_bytes(encoding.states, 128), expected.states)
        np.testing.assert_array_equal(from_bytes(encoding.token_weights, 1)[:, 0], expected.token_weights)


@pytest.mark.parametrize("count", [0, 65])
async def test_a_wrong_number_of_queries_is_refused(door: Door, count: int) -> None:
    with pytest.raises(InvalidRequest, match="queries: has"):
        await door.EmbedQueries(EmbedQueriesRequest(queries=["lamp"] * count))


async def test_the_encoder_asked_for_is_the_one_that_answers(door: Door) -> None:
    request = EmbedQueriesRequest(queries=["lamp"], encoder_version="hash@000000000000")
    assert (await door.EmbedQueries(request)).encoder_version == "hash@000000000000"


async def test_an_encoder_that_is_not_open_is_refused_by_name(door: Door) -> None:
    request = EmbedQueriesRequest(queries=["lamp"], encoder_version="other@1")
    with pytest.raises(
        SnapshotGone, match=r"encoder_version: other@1 is not open here \(hash@000000000000 is\)"
    ):
        await door.EmbedQueries(request)
