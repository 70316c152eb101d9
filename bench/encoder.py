"""Measures every engine of the encoder on this machine: python -m bench.encoder [--rounds 3].

Writes a Markdown table. The engines take turns, so that other work affects all alike. Each figure
is the best of the rounds.
"""

import argparse
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import psutil
from numpy.typing import NDArray

from services.embedding.config import EmbeddingConfig
from services.embedding.encoder import TextEncoder
from services.embedding.opening import open_encoder
from services.embedding.trial import PRODUCT_PROBES, QUERY_PROBES
from shared.inference.cpu import read_cpu

ENGINES = (
    "onnxruntime-fp32",
    "onnxruntime-int8",
    "onnxruntime-int8-dynamic",
    "openvino-f32",
    "openvino-bf16",
)
PRODUCTS = [f"{text} Number {number}." for number in range(16) for text in PRODUCT_PROBES]


@dataclass
class Row:
    """One engine's figures."""

    encoder: TextEncoder
    start_seconds: float
    resident_mb: float  # added by building it
    query_ms: float = float("inf")
    products_per_second: float = 0.0
    cosine: float = 1.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--bundle",
        default="",
        help="folder of a bundle, to measure its heads as well",
    )
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = {name: _open(name, arguments.bundle) for name in ENGINES}
    for _ in range(arguments.rounds):
        for row in rows.values():
            _measure(row)
    reference = _vectors(rows[ENGINES[0]].encoder)
    for row in rows.values():
        row.cosine = float((_vectors(row.encoder) * reference).sum(axis=1).min())
    _print(rows)


def _open(name: str, bundle: str) -> Row:
    product_engine = name if "int8" not in name else "onnxruntime-fp32"
    encoder = open_encoder(EmbeddingConfig(bundle=bundle, engine=name, product_engine=product_engine))
    assert isinstance(encoder, TextEncoder)
    before = psutil.Process().memory_info().rss
    began = perf_counter()
    encoder.encode_queries(["warm"])
    return Row(encoder, perf_counter() - began, (psutil.Process().memory_info().rss - before) / 1e6)


def _measure(row: Row) -> None:
    times = []
    for query in QUERY_PROBES * 4:
        began = perf_counter()
        row.encoder.encode_queries([query])
        times.append(1000 * (perf_counter() - began))
    row.query_ms = min(row.query_ms, float(np.median(times)))
    began = perf_counter()
    row.encoder.encode_products(PRODUCTS)
    row.products_per_second = max(row.products_per_second, len(PRODUCTS) / (perf_counter() - began))


def _vectors(encoder: TextEncoder) -> NDArray[np.float32]:
    return np.stack([encoder.encode_queries([query])[0].vector for query in QUERY_PROBES])


def _print(rows: dict[str, Row]) -> None:
    cpu = read_cpu()
    slowest = rows[ENGINES[0]]
    print(f"{cpu.name}, {cpu.cores} cores, bf16 {cpu.has_bf16}, VNNI {cpu.has_vnni}\n")
    print(
        "| engine | start s | resident MB | query ms, 1 thread | times fp32 "
        "| products/s, 2 threads | times fp32 | least cosine |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, row in rows.items():
        speed = row.products_per_second
        share = row.products_per_second / slowest.products_per_second
        products = f"{speed:.0f} | {share:.1f}" if "int8" not in name else "- | -"
        print(
            f"| {name} | {row.start_seconds:.1f} | {row.resident_mb:.0f} | {row.query_ms:.2f} "
            f"| {slowest.query_ms / row.query_ms:.1f} | {products} | {row.cosine:.4f} |"
        )


if __name__ == "__main__":
    main()
