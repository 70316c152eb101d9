"""Products a second from file to snapshot, beside the encoder alone in the same run."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from bench.cpu import cpu
from cli.files.catalog_file import CatalogFile
from services.embedding.opening import open_encoder
from services.training.encoder_config import encoder_config
from shared.errors import AisleError
from shared.product_text import product_text_of

RAW_TEXTS = 4096  # encoded alone, half of them before the indexing run and half after it

Say = Callable[[str], None]


class Encodes(Protocol):
    def encode_products(self, texts: Sequence[str], /) -> object: ...


def measure_index(catalog: Path, say: Say) -> dict[str, Any]:
    """The report, as `aisle bench index --json` prints it. Leaves no files."""
    texts = _sample([product_text_of(product) for product in CatalogFile(catalog).products()])
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as folder:
        data = Path(folder)
        say("choosing the engine")
        encoder = open_encoder(encoder_config(data))
        encoder.encode_products(texts[:8])
        say(f"the encoder alone, {len(texts[::2]):,} texts")
        seconds = _encode_seconds(encoder, texts[::2])
        say("the whole catalogue, from file to snapshot")
        report, peak_rss_bytes = _index(catalog, data)
        say(f"the encoder alone, {len(texts[1::2]):,} texts")
        seconds += _encode_seconds(encoder, texts[1::2])
    products_per_second, raw = report["products"] / report["seconds"], len(texts) / seconds
    return {
        "products_per_second": round(products_per_second, 1),
        "raw_encoder_texts_per_second": round(raw, 1),
        "share": round(products_per_second / raw, 3),
        "peak_rss_bytes": peak_rss_bytes,
        "products": report["products"],
        "seconds": report["seconds"],
        "engine": report["engines"]["products"],
        "cpu": cpu(),
    }


def _sample(texts: list[str]) -> list[str]:
    """At most RAW_TEXTS texts, evenly spread, so that their lengths are the catalogue's."""
    stride = max(1, len(texts) // RAW_TEXTS)
    return texts[::stride][:RAW_TEXTS]


def _encode_seconds(encoder: Encodes, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    encoder.encode_products(texts)
    return time.perf_counter() - started


def _index(catalog: Path, data: Path) -> tuple[dict[str, Any], int]:
    """Index in a process of its own, as users do.

    Returns the report and the peak of resident memory.
    """
    command = [
        sys.executable,
        "-m",
        "cli.app",
        "index",
        str(catalog),
        "--data",
        str(data),
        "--json",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AisleError("indexing failed; see its message above")
    report: dict[str, Any] = json.loads(output)
    return report, _peak_bytes(usage)


def _peak_bytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
