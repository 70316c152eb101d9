"""The lag of the log's readers, while it receives events and upserts at a steady rate."""

from __future__ import annotations

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from aisle.v1.catalog_pb2 import Product
from aisle.v1.events_pb2 import RecordEventsRequest, UserEvent
from aisle.v1.feedback_pb2 import GetProgressRequest
from aisle.v1.feedback_pb2_grpc import FeedbackServiceStub
from aisle.v1.status_pb2 import GetReplicaStatusRequest, GetReplicaStatusResponse, ReplicaStatus
from aisle.v1.status_pb2_grpc import StatusServiceStub
from bench.live_freshness import stream_of
from bench.live_writes import Mix, calls_of
from bench.log_records import click_records
from bench.pacing import evenly, paced
from shared.rpc.channels import connect
from tests.shop import Shop

LOOK_SECONDS = 0.05
AT_ONCE = 5  # products a call
READERS = ("indexing", "retrieval", "reranker")


@dataclass
class Steady:
    """A sender at a steady rate, and its acknowledged records."""

    events: Any
    catalog: Any
    event_count: int = 0
    log_position: int = 0

    async def send(self, products: Sequence[Product], arguments: argparse.Namespace) -> None:
        upserts = int(arguments.upserts_rate * arguments.seconds)
        calls = calls_of(products, Mix(upserts, 0, 0.2, AT_ONCE), seed=99)
        records = click_records(int(arguments.events_rate * arguments.seconds), "steady")

        async def event(number: int) -> None:
            events = [UserEvent.FromString(records[number].value or b"")]
            await self.events.RecordEvents(RecordEventsRequest(events=events))
            self.event_count += 1

        async def upsert(number: int) -> None:
            answer = await self.catalog.UpsertProducts(stream_of(calls[number].changed))
            self.log_position = max(self.log_position, answer.log_position)

        await asyncio.gather(
            paced(evenly(arguments.events_rate, len(records)), event),
            paced(evenly(arguments.upserts_rate / AT_ONCE, len(calls)), upsert),
        )


async def measure_lag(
    shop: Shop, steady: Steady, products: Sequence[Product], arguments: argparse.Namespace
) -> None:
    """Print how many acknowledged records each reader has not applied, counted regularly."""
    behind: defaultdict[str, list[int]] = defaultdict(list)
    async with _readers(shop) as readers, _worker(shop) as worker:
        before = await _applied(worker)
        sending = asyncio.create_task(steady.send(products, arguments))
        while not sending.done():
            await asyncio.sleep(LOOK_SECONDS)
            events = steady.event_count
            writes = steady.log_position
            indexed = await _status(readers["indexing"])
            retrieval = await _status(readers["retrieval"])
            reranker = await _status(readers["reranker"])
            behind["indexing, writes"].append(writes - indexed.log_position)
            behind["retrieval, writes"].append(writes - retrieval.log_position)
            behind["reranker, changes"].append(indexed.vectors_position - reranker.vectors_position)
            behind["feedback, events"].append(events + before - await _applied(worker))
        await sending
    rates = f"{arguments.events_rate:g} events and {arguments.upserts_rate:g} upserts a second"
    print(f"\n{rates} for {arguments.seconds:g} s: records acknowledged and not yet taken in\n")
    print("| reader | p50 | p99 | most |\n| --- | --- | --- | --- |")
    for name, counts in behind.items():
        p50, p99 = np.percentile(np.maximum(counts, 0), [50, 99])
        print(f"| {name} | {p50:.0f} | {p99:.0f} | {max(counts)} |")


async def _status(reader: Any) -> ReplicaStatus:
    response: GetReplicaStatusResponse = await reader.GetReplicaStatus(GetReplicaStatusRequest())
    return response.status


async def _applied(worker: Any) -> int:
    progress = await worker.GetProgress(GetProgressRequest())
    return int(progress.applied_count + progress.duplicate_count)


@asynccontextmanager
async def _worker(shop: Shop) -> AsyncIterator[Any]:
    async with connect(shop.processes.address("feedback")) as channel:
        yield FeedbackServiceStub(channel)


@asynccontextmanager
async def _readers(shop: Shop) -> AsyncIterator[dict[str, Any]]:
    """The readers that follow the catalogue, by name."""
    async with AsyncExitStack() as stack:
        channels = {
            name: await stack.enter_async_context(connect(shop.processes.address(name))) for name in READERS
        }
        yield {name: StatusServiceStub(channel) for name, channel in channels.items()}
