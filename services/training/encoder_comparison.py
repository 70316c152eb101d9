"""Encoders side by side: quality of the dense search, time and size, on a shop's own catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.opening import HASH, encoder_files, open_encoder
from services.embedding.weights import GRAPH_FILES, MODEL_FILE, EncoderFiles
from services.training.encoder_config import encoder_config
from services.training.evaluation.judgments import JudgedQuery
from services.training.principal_heads import STATE_DIM
from shared.errors import InvalidRequest, NotFound
from shared.metrics import condensed, mean, ndcg, recall
from shared.product_text import product_text_of
from shared.snapshot.generation import Generation, current_generation
from shared.text.query import normalise

DEFAULT = "default"  # names the encoder that Aisle ships with
_DEPTH = 100
_BATCH = 256
_FLOAT_BYTES = 4
_TIMED = 200  # queries

Floats = NDArray[np.float32]
Advance = Callable[[int], None]


@dataclass(frozen=True)
class EncoderFigures:
    """What one encoder reaches, and what it costs."""

    name: str
    ndcg: float  # at 10, mean over the queries
    condensed_ndcg: float  # the same without unjudged products
    recall: float  # at 100
    query_ms: float  # of one query alone, the median
    product_ms: float  # of one product among many
    model_bytes: int  # of the weights on disk
    vector_bytes: int  # of a product
    states_bytes: int  # of a product, the mean
    engines: dict[str, str]

    def report(self) -> dict[str, object]:
        """The form that `--json` prints."""
        return asdict(self)


@dataclass(frozen=True)
class _Catalog:
    ids: Sequence[str]
    texts: Sequence[str]


def compare_encoders(
    data: Path,
    models: Sequence[str],
    judged: Sequence[JudgedQuery],
    advance: Advance = lambda count: None,
) -> list[EncoderFigures]:
    """The figures of each model on DATA's products, in the order of `models`.

    A model is a folder, a hub name or `default`. Search is exact, by vector alone. `advance` gets
    counts of encoded products. Raises NotFound if DATA has no snapshot or a model cannot be had, and
    InvalidRequest for the hash encoder.
    """
    catalog = _catalog(data)
    return [_figures(encoder_config(data), each, catalog, judged, advance) for each in models]


def product_count(data: Path) -> int:
    """The number of products of DATA's snapshot. Raises NotFound if it has none."""
    return len(_generation(data).products)


def _generation(data: Path) -> Generation:
    found = current_generation(data, verify=False)
    if found is None:
        raise NotFound(f"{data} has no snapshot; index a catalogue first")
    return found


def _catalog(data: Path) -> _Catalog:
    products = _generation(data).products
    rows = range(len(products))
    return _Catalog(
        products.product_ids(np.arange(len(products))),
        [product_text_of(products.product(row)) for row in rows],
    )


def _figures(
    config: EmbeddingConfig,
    model: str,
    catalog: _Catalog,
    judged: Sequence[JudgedQuery],
    advance: Advance,
) -> EncoderFigures:
    if model == HASH:
        raise InvalidRequest("MODEL", "hash has no weights to compare; name a folder or a hub name")
    chosen = replace(config, model="" if model == DEFAULT else model, bundle="")
    files, encoder = encoder_files(chosen), open_encoder(chosen)
    assert isinstance(encoder, TextEncoder)
    vectors, product_ms, tokens = _encoded(encoder, catalog.texts, advance)
    asked = [normalise(each.text) for each in judged]
    encoder.encode_queries(asked[:1])
    asking = [_timed(encoder, text) for text in asked]
    rankings = [_ranking(vectors, vector, catalog.ids) for vector, _ in asking]
    width = min(STATE_DIM, files.architecture()["hidden_size"])
    return EncoderFigures(
        name=files.name,
        **_quality(rankings, judged),
        query_ms=round(float(np.median([seconds for _, seconds in asking[:_TIMED]])) * 1000, 3),
        product_ms=round(product_ms, 3),
        model_bytes=_size(files),
        vector_bytes=vectors.shape[1] * _FLOAT_BYTES,
        states_bytes=round(tokens * width),
        engines=encoder.engines,
    )


def _quality(rankings: Sequence[list[str]], judged: Sequence[JudgedQuery]) -> dict[str, float]:
    """The means over the queries for which a measure is defined."""
    pairs = [(ids, each.grades) for ids, each in zip(rankings, judged, strict=True)]
    return {
        "ndcg": _mean([ndcg(ids, grades) for ids, grades in pairs]),
        "condensed_ndcg": _mean([ndcg(condensed(ids, grades), grades) for ids, grades in pairs]),
        "recall": _mean([recall(ids, grades, _DEPTH) for ids, grades in pairs]),
    }


def _encoded(encoder: TextEncoder, texts: Sequence[str], advance: Advance) -> tuple[Floats, float, float]:
    """The vectors, the milliseconds of a product, and the mean number of tokens with states."""
    encoder.encode_products(texts[:1])  # chooses the engine
    parts, began = [], perf_counter()
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        parts.append(encoder.encode_products(batch)[0])
        advance(len(batch))
    seconds = perf_counter() - began
    return np.concatenate(parts), 1000 * seconds / len(texts), encoder.mean_state_tokens(texts)


def _timed(encoder: TextEncoder, text: str) -> tuple[Floats, float]:
    began = perf_counter()
    vector = encoder.encode_queries([text])[0].vector
    return vector, perf_counter() - began


def _ranking(vectors: Floats, vector: Floats, ids: Sequence[str]) -> list[str]:
    """The ids of all products, nearest first."""
    return [ids[row] for row in np.argsort(-(vectors @ vector), kind="stable")]


def _size(files: EncoderFiles) -> int:
    graph = files.graph()
    if graph is None:
        return (files.folder / MODEL_FILE).stat().st_size
    beside = graph.with_name(f"{Path(GRAPH_FILES[0]).name}_data")
    return graph.stat().st_size + (beside.stat().st_size if beside.is_file() else 0)


def _mean(values: Sequence[float | None]) -> float:
    found = mean(values)
    return float("nan") if found is None else round(found, 4)
