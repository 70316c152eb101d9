"""Limits on the size of requests, and on concurrent calls of a method.

One table covers every service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_KIB = 1 << 10
_MIB = 1 << 20
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """Limits on one call of a method."""

    max_bytes: int = 64 * _KIB  # of a message, after decompression
    # Submessages and values of a message, as shared/rpc/wire_parts.py counts them
    max_parts: int = 20_000
    at_once: int = 1_000  # concurrent calls of the method in the process
    read_seconds: float = _SECONDS  # time in which the single message of a call must arrive


DEFAULT = RequestLimit()
MAX_HELD_BYTES = 128 * _MIB  # of all requests that a process holds at once
MAX_RATIO = 100  # largest ratio of a message's size to its compressed size
FREE_BYTES = 64 * _KIB  # size up to which the ratio is not checked

# The events of a batch may name 100 products each, which are parts. A message of UpsertProducts is
# one product. If it has too many attributes, it is rejected without ending the stream.
LIMITS: Mapping[str, RequestLimit] = {
    "/aisle.v1.SearchService/Search": RequestLimit(max_bytes=_MIB),
    "/aisle.v1.RecommendService/Recommend": RequestLimit(max_bytes=_MIB),
    "/aisle.v1.EventService/RecordEvents": RequestLimit(max_bytes=4 * _MIB, max_parts=150_000, at_once=128),
    "/aisle.v1.EventService/StreamEvents": RequestLimit(max_bytes=4 * _MIB),
    "/aisle.v1.CatalogService/UpsertProducts": RequestLimit(max_bytes=32 * _MIB, max_parts=100_000),
    "/aisle.v1.CatalogService/DeleteProducts": RequestLimit(max_bytes=32 * _MIB, at_once=128),
    "/aisle.v1.EmbeddingService/EmbedQueries": RequestLimit(max_bytes=_MIB),
    "/aisle.v1.RetrievalService/Retrieve": RequestLimit(max_bytes=2 * _MIB),
    "/aisle.v1.RetrievalService/ListCandidates": RequestLimit(max_bytes=2 * _MIB),
    "/aisle.v1.RetrievalService/AccountFor": RequestLimit(max_bytes=2 * _MIB),
    # A GetProduct that waits for a write holds a FetchProducts call: room for those of several
    # gateways, and for pages.
    "/aisle.v1.RetrievalService/FetchProducts": RequestLimit(max_bytes=_MIB, at_once=5_000),
    "/aisle.v1.RerankerService/Rerank": RequestLimit(max_bytes=4 * _MIB),
    "/aisle.v1.PageWorkerService/MakePage": RequestLimit(max_bytes=2 * _MIB),
    "/aisle.v1.WorkerFeaturesService/ReadFeatures": RequestLimit(max_bytes=4 * _MIB, max_parts=100_000),
    "/aisle.v1.RerankerService/RankProposals": RequestLimit(max_bytes=_MIB),
}

_PUBLIC = frozenset(f"aisle.v1.{name}Service" for name in ("Search", "Recommend", "Catalog", "Event"))
_CALLS_OF_A_CALLER = 100
_CALLS_OF_A_GATEWAY = 5_000


def limit_of(method: str) -> RequestLimit:
    """The limits of a method, by its full name with slashes."""
    return LIMITS.get(method, DEFAULT)


def largest_bytes(services: Iterable[str]) -> int:
    """The size of the largest message that one of the services takes.

    Services are given by their full names.
    """
    prefixes = tuple(f"/{service}/" for service in services)
    found = (limit.max_bytes for method, limit in LIMITS.items() if method.startswith(prefixes))
    return max(found, default=DEFAULT.max_bytes)


def calls_a_connection(services: Iterable[str]) -> int:
    """The limit of concurrent calls on one connection.

    The connection is a client's to a gateway, or a gateway's to a service.
    """
    return _CALLS_OF_A_GATEWAY if _PUBLIC.isdisjoint(services) else _CALLS_OF_A_CALLER
