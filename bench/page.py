"""One client's page, ours and the peer's, query by query in the same run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.v1.search_pb2 import SearchRequest, Tier
from bench.cpu import cpu
from cli.files.catalog_file import CatalogFile
from services.training.evaluation.asking import Search
from services.training.evaluation.judgments import JudgedQuery
from shared import metrics
from shared.artifacts import sha256
from shared.catalog.product import Product

PEER = "sentence-transformers"
# Torch's threads spin for a while after the peer's page; ours must not pay for it
_PAUSE_SECONDS = 0.3
_CHUNK = 256
Vectors = NDArray[np.float32]


class RankedPage(Protocol):
    @property
    def product_ids(self) -> list[str]: ...

    @property
    def stage_ms(self) -> dict[str, float]: ...


class Peer(Protocol):
    def page(self, query: str, /) -> RankedPage: ...


class IndexingPeer(Peer, Protocol):
    def encode(self, products: Sequence[Product], /) -> Vectors: ...

    def add(self, products: Sequence[Product], vectors: Vectors, /) -> None: ...


@dataclass
class Pages:
    """The measurements of one side."""

    durations_ms: list[float] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)
    ndcg: list[float | None] = field(default_factory=list)
    reranked: int = 0

    def take(
        self,
        query: JudgedQuery,
        duration_ms: float,
        ranking: list[str],
        stage_ms: Mapping[str, float],
    ) -> None:
        """Record a page."""
        self.durations_ms.append(duration_ms)
        self.ndcg.append(metrics.ndcg(ranking, query.grades))
        for stage, value in stage_ms.items():
            self.stage_ms.setdefault(stage, []).append(value)

    def report(self) -> dict[str, Any]:
        """Quantiles of the page, medians of its stages."""
        quantiles = {f"{name}_ms": value for name, value in metrics.quantiles_ms(self.durations_ms).items()}
        stages = {stage: round(median(values), 2) for stage, values in self.stage_ms.items()}
        mean = metrics.mean(self.ndcg)
        return {
            **quantiles,
            "stage_ms": stages,
            "ndcg@10": None if mean is None else round(mean, 4),
        }


@dataclass(frozen=True)
class PageBench:
    """Requests our pages over gRPC with `search`, as a shopper's client would.

    Default size, default deadline.
    """

    search: Search
    queries: Sequence[JudgedQuery]
    rounds: int

    def steps(self) -> int:
        """How often `measure` calls its step."""
        return len(self.queries) * self.rounds

    def measure(self, peer: Peer | None, step: Callable[[], None]) -> dict[str, Any]:
        """The report, without the engines.

        Our pages and the peer's alternate, each query `rounds` times.
        """
        ours = Pages()
        theirs = Pages()
        for query in self.queries[:3]:  # untimed, because first pages load some parts
            self._ours(Pages(), query)
        for query in [*self.queries] * self.rounds:
            if peer:
                self._theirs(theirs, peer, query)
                time.sleep(_PAUSE_SECONDS)
            self._ours(ours, query)
            step()
        return self._report(ours, theirs)

    def _ours(self, pages: Pages, query: JudgedQuery) -> None:
        started = time.perf_counter()
        page = self.search(SearchRequest(query=query.text))
        duration_ms = (time.perf_counter() - started) * 1000
        pages.reranked += page.served_by.tier == Tier.TIER_RERANKED and not page.served_by.degraded
        ranking = [result.product.product_id for result in page.results]
        pages.take(query, duration_ms, ranking, page.served_by.stage_ms)

    def _theirs(self, pages: Pages, peer: Peer, query: JudgedQuery) -> None:
        page = peer.page(query.text)
        pages.take(query, page.stage_ms["total"], page.product_ids, page.stage_ms)

    def _report(self, ours: Pages, theirs: Pages) -> dict[str, Any]:
        reported = {**ours.report(), "wholly_reranked_pages": ours.reranked}
        peers = {PEER: theirs.report()} if theirs.durations_ms else {}
        return {
            "ours": reported,
            "peers": peers,
            "speedup_p50": {
                name: round(peer["p50_ms"] / reported["p50_ms"], 1) for name, peer in peers.items()
            },
            "queries": len(self.queries),
            "rounds": self.rounds,
            "cpu": cpu(),
        }


def index_peer(peer: IndexingPeer, catalog: Path, cache: Path) -> Iterator[int]:
    """Make the catalogue searchable by the peer. Yields the number of products of each chunk.

    Its vectors are kept in `cache`, which changes neither its pages nor their times.
    """
    path = cache / f"peer-{sha256(catalog)[:16]}.npy"
    known = np.load(path) if path.is_file() else None
    vectors: list[Vectors] = []
    start = 0
    for chunk in _chunks(catalog):
        encoded = peer.encode(chunk) if known is None else known[start : start + len(chunk)]
        peer.add(chunk, encoded)
        vectors.append(encoded)
        start += len(chunk)
        yield len(chunk)
    if known is None:
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, np.concatenate(vectors))


def _chunks(catalog: Path) -> Iterator[list[Product]]:
    chunk: list[Product] = []
    for product in CatalogFile(catalog).products():
        chunk.append(product)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
