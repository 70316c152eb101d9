"""The ways of serving that are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.embedding.config import ENGINE_NAMES
from services.training.evaluation.asking import CROSS_ENCODED

_BLOCK_LIMIT = "AISLE_RERANKER_BLOCK_LIMIT"
_PRECISION = "AISLE_RERANKER_PRECISION"
_ENGINE = "AISLE_EMBEDDING_ENGINE"
_WINDOW = "AISLE_GATEWAY_WINDOW_SIZE"
_CROSS_ENCODER = "AISLE_RERANKER_CROSS_ENCODER"
_CROSS_ENCODER_LIMIT = "AISLE_RERANKER_CROSS_ENCODER_LIMIT"
_LIMITS = (25, 50, 200)  # of a block; 100 is the default
_CROSS_ENCODED_LIMITS = (10, 30, 60)
_WINDOWS = (50, 100, 200, 800)  # 400 is the default


@dataclass(frozen=True)
class Point:
    """One way of serving: how far pages go, and settings of the server."""

    name: str
    tier: str = "reranked"
    settings: Mapping[str, str] = field(default_factory=dict)
    bundle: str = ""  # empty: the one in use

    @property
    def server(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Points with the same value share a server."""
        return self.bundle, tuple(sorted(self.settings.items()))


def points(bundles: Mapping[str, bool], cross_encoder: str = "") -> list[Point]:
    """All points: stages, the work of each, engines and precisions, and each bundle.

    `bundles` says of each name whether it has a block; the empty name is the one in use.
    `cross_encoder` is a folder; empty: without one.
    """
    return [*_stages(), *_engines(), *_of_bundles(bundles), *_cross_encoded(cross_encoder)]


def _stages() -> Iterator[Point]:
    yield Point("words", "lexical")
    yield Point("vectors", "dense")
    yield Point("words and vectors", "fused")
    yield Point("reranked")
    for size in _WINDOWS:
        yield Point(f"window of {size}", settings={_WINDOW: str(size)})


def _engines() -> Iterator[Point]:
    """Queries by each engine that needs no torch."""
    for name in (each for each in ENGINE_NAMES if not each.startswith("torch")):
        settings = {_ENGINE: name}
        yield Point(f"{name}, vectors", "dense", settings)
        yield Point(f"{name}, reranked", settings=settings)


def _of_bundles(bundles: Mapping[str, bool]) -> Iterator[Point]:
    for bundle, has_block in bundles.items():
        prefix = f"{bundle}, " if bundle else ""
        if bundle:
            yield Point(f"{bundle}, vectors", "dense", bundle=bundle)
            yield Point(f"{bundle}, reranked", bundle=bundle)
        if has_block:
            yield from _of_block(prefix, bundle)


def _of_block(prefix: str, bundle: str) -> Iterator[Point]:
    yield Point(f"{prefix}without the block", settings={_BLOCK_LIMIT: "0"}, bundle=bundle)
    for limit in _LIMITS:
        yield Point(f"{prefix}block on {limit}", settings={_BLOCK_LIMIT: str(limit)}, bundle=bundle)
    for precision in ("int8", "fp32"):
        yield Point(f"{prefix}block in {precision}", settings={_PRECISION: precision}, bundle=bundle)


def _cross_encoded(folder: str) -> Iterator[Point]:
    for limit in _CROSS_ENCODED_LIMITS if folder else ():
        settings = {_CROSS_ENCODER: folder, _CROSS_ENCODER_LIMIT: str(limit)}
        yield Point(f"cross-encoder on {limit}", CROSS_ENCODED, settings)
