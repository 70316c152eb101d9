"""A few products in a snapshot, and two ways to call retrieval: in this process, and over the wire."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from aisle.v1.retrieval_pb2 import (
    AccountForRequest,
    AccountForResponse,
    AnalyzeQueryRequest,
    AnalyzeQueryResponse,
    FetchProductsRequest,
    FetchProductsResponse,
    RetrieveRequest,
    RetrieveResponse,
)
from aisle.v1.retrieval_pb2_grpc import RetrievalServiceStub, add_RetrievalServiceServicer_to_server
from services.retrieval.live import LiveSnapshot
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshot
from shared import vectors
from shared.catalog.product import Product
from shared.rpc.channels import connect
from shared.rpc.server import Server
from shared.snapshot.change import Change, Encoding
from tests.unit.retrieval.snapshot_on_disk import DIM, write_snapshot

PRODUCTS = [
    Product("a", "Red lamp", brands=("Lux",), price=10.0, attributes={"color": ("red",)}),
    Product("b", "Blue lamp", brands=("Hob",), price=20.0),
    Product("c", "Mug", brands=("Hob",)),
]
NEAR = (np.eye(DIM)[[0, 1, 2]] + 0.5 * np.eye(DIM)[0]) / np.array([[1.5], [1.25**0.5], [1.25**0.5]])
VECTOR = vectors.to_bytes(np.eye(1, DIM, dtype=np.float32))
ENCODER = {"name": "e", "sha256": "0123456789ab"}


def snapshot_of(kind: str, folder: Path) -> Snapshot:
    """The products as indexed, or, in "a live snapshot", as written later."""
    if kind == "a snapshot":
        return Snapshot.open(write_snapshot(folder, PRODUCTS, NEAR, encoder=ENCODER, log_position=9))
    before = [
        Product("gone", "Lamp", brands=("Gone",)),
        Product("a", "Old lamp", price=99.0),
        PRODUCTS[2],
    ]
    live = LiveSnapshot(write_snapshot(folder, before, NEAR, encoder=ENCODER), folder / "private")
    written = [Change(7, "gone", offset=1)]
    for offset, (product, vector) in enumerate(zip(PRODUCTS[:2], NEAR, strict=False), 2):
        encoding = Encoding(vector.astype(np.float16), np.zeros((0, 0), np.int8))
        written.append(Change.of(9, product, {"e@0123456789ab": encoding}, offset))
    live.apply(written)
    return live.state


class Door(Protocol):
    def AnalyzeQuery(self, request: AnalyzeQueryRequest, /) -> Awaitable[AnalyzeQueryResponse]: ...
    def Retrieve(self, request: RetrieveRequest, /) -> Awaitable[RetrieveResponse]: ...
    def AccountFor(self, request: AccountForRequest, /) -> Awaitable[AccountForResponse]: ...
    def FetchProducts(self, request: FetchProductsRequest, /) -> Awaitable[FetchProductsResponse]: ...


@asynccontextmanager
async def served(service: RetrievalService) -> AsyncIterator[Door]:
    services = [("aisle.v1.RetrievalService", add_RetrievalServiceServicer_to_server, service)]
    server = Server(services, port=0, host="127.0.0.1")
    await server.start()
    try:
        async with connect(f"127.0.0.1:{server.port}") as channel:
            yield RetrievalServiceStub(channel)
    finally:
        await server.stop(grace_seconds=0)
