"""The processor time of a page in retrieval and reranker, with a growing delta."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import numpy as np

from services.embedding.encoding import QueryEncoding
from services.embedding.opening import open_encoder
from services.reranker.candidates import Candidates
from services.reranker.config import RerankerConfig
from services.reranker.deadline import Deadline
from services.reranker.opening import open_reranker, open_snapshot
from services.reranker.query import EncodedQuery
from services.reranker.reranker import Reranker
from services.reranker.service import product_texts
from services.retrieval.facets import FacetRequest
from services.retrieval.live import LiveSnapshot
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.training.encoder_config import encoder_config
from shared.artifacts import current
from shared.snapshot.change import Change
from shared.snapshot.generation import current_generation, snapshots_of

SIZES = (0, 1_000, 5_000)
FACETS = (FacetRequest("brands"), FacetRequest("categories"), FacetRequest("price"))


@dataclass
class Sized:
    """A shop with so many products written since its snapshot."""

    live: LiveSnapshot
    reranker: Reranker
    retrieval_ms: list[float] = field(default_factory=list)
    reranker_ms: list[float] = field(default_factory=list)


def measure_pages(data: Path, queries: list[str], rounds: int) -> dict[int, Sized]:
    """Pages of each size, taking turns."""
    config = encoder_config(data)
    encoder = open_encoder(replace(config, engine="onnxruntime-int8"))
    encodings = encoder.encode_queries(queries)
    sized = {size: _sized(data, size) for size in SIZES}
    for number in range(rounds):
        for query, encoding in zip(queries, encodings, strict=True):
            for each in sized.values():
                _page(each, query, encoding, counted=number > 0)
    return sized


def _sized(data: Path, size: int) -> Sized:
    version = current(snapshots_of(data))
    assert version
    folder = snapshots_of(data) / version
    live = LiveSnapshot(folder, data / f"private-{size}")
    snapshot = open_snapshot(data, version)
    changes = _changes(data, size)
    for start in range(0, size, 100):
        live.apply(changes[start : start + 100])
        snapshot.apply(changes[start : start + 100])
    reranker = open_reranker(data, version, RerankerConfig(), product_texts, snapshot=snapshot)
    return Sized(live, reranker)


def _changes(data: Path, count: int) -> list[Change]:
    """Other prices of existing products."""
    base = current_generation(data)
    random = Random(5)
    assert base
    changes = []
    for number in range(count):
        row = random.randrange(len(base.products))
        product = replace(base.products.product(row), price=round(random.uniform(1, 100), 2))
        encodings = {base.encoder_version: base.encoding(row)}
        offset = base.positions.vectors + number + 1
        changes.append(Change.of(number + 1, product, encodings, offset))
    return changes


def _page(shop: Sized, query: str, encoding: QueryEncoding, counted: bool) -> None:
    began = time.thread_time()
    found = Retriever().retrieve(shop.live.state, Request(query, encoding.vector, facets=FACETS))
    retrieved = time.thread_time()
    rows = shop.reranker.snapshot.to_core(shop.live.state.rows.to_wire(found.rows))
    columns = (found.lexical_scores, found.dense_scores, found.fused_scores)
    ranks = (found.lexical_ranks.astype(np.float32), found.dense_ranks.astype(np.float32))
    asked = EncodedQuery(query, encoding.hidden, encoding.states, encoding.token_weights)
    if len(rows):
        shop.reranker.rerank(asked, Candidates(rows, *columns, *ranks), None, Deadline(math.inf))
    if counted:
        shop.retrieval_ms.append((retrieved - began) * 1e3)
        shop.reranker_ms.append((time.thread_time() - retrieved) * 1e3)


def print_pages(sized: dict[int, Sized]) -> None:
    """A table with a line a size."""
    plain = sized[SIZES[0]]
    print("| written since | retrieval ms p50 | times | reranker ms p50 | times | both, times |")
    print("| --- | --- | --- | --- | --- | --- |")
    for size, each in sized.items():
        ours = [float(np.median(part)) for part in (each.retrieval_ms, each.reranker_ms)]
        base = [float(np.median(part)) for part in (plain.retrieval_ms, plain.reranker_ms)]
        ratios = [mine / theirs for mine, theirs in zip(ours, base, strict=True)]
        both = sum(ours) / sum(base)
        print(
            f"| {size:,} | {ours[0]:.2f} | {ratios[0]:.2f} | {ours[1]:.2f} | {ratios[1]:.2f} | {both:.2f} |"
        )
