"""Chooses the engine for this machine.

The instruction sets give the candidates. A short trial measures them, and its result is stored.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np

from services.embedding.encoding import Floats
from services.embedding.engines import ENGINES, REFERENCE, Batch, build, run_all
from services.embedding.job import Job
from services.embedding.model import EncoderModel
from services.embedding.ports import Engine
from services.embedding.tokens import TokenIds, pad
from shared.inference.cpu import Cpu, has_cuda
from shared.inference.trial import least_seconds
from shared.watchdog import progress

_LOG = logging.getLogger(__name__)
FORMAT = 6
LIBRARIES = ("onnxruntime", "openvino")
# To float32; at 0.993 reranking costs as much as it should gain
LEAST_COSINE = {"queries": 0.998, "products": 0.999}
# An engine at most so many times slower than the fastest wins if its vectors are closer to float32
CLOSE = 1.25
AS_GOOD = 0.9999  # a cosine above which closeness does not matter: bf16 and float32 rank alike

QUERY_PROBES = (
    "wireless mouse", "red running shoes size 42", "usb c charger 65w", "sofa",
    "gift for a gardener under 30", "stainless steel water bottle 750 ml",
    "4k monitor 27 inch", "women's waterproof hiking jacket",
)  # fmt: skip
PRODUCT_PROBES = tuple(
    (
        f"{brand} {name}, made for every day: {trait}. Comes with a "
        "two year guarantee and is shipped within a day."
    )
    for brand in ("Alder", "Brightwater")
    for name, trait in (
        ("cordless drill 18 V", "two batteries, thirteen torque settings and a soft grip handle"),
        (
            "cotton sheet set",
            "300 threads, breathable, washable at sixty degrees, for beds of 160 by 200 cm",
        ),
        (
            "espresso machine",
            "fifteen bar pump, milk frother, removable tank of 1.2 litres and a cup warmer",
        ),
        ("trail running shoe", "a light mesh upper over a grippy rubber sole"),
    )
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of an engine in the trial."""

    ms: float  # for all probes; for an engine that runs several batches at once, its share of them
    cosine: float  # the least cosine to float32


@dataclass(frozen=True, slots=True)
class Probes:
    """Token ids of the probe texts, batched as in production.

    Queries come one by one, products in one batch.
    """

    batches: Sequence[Batch]

    @staticmethod
    def of(side: str, texts: Sequence[TokenIds]) -> Probes:
        """Probes from the ids of QUERY_PROBES or PRODUCT_PROBES."""
        return Probes([pad([text]) for text in texts] if side == "queries" else [pad(texts, 8)])

    def vectors(self, engine: Engine) -> Floats:
        """The probes' vectors."""
        return np.concatenate([engine.run(*batch)["vector"] for batch in self.batches])


def candidates(job: Job, cpu: Cpu, cuda: bool, own_graph: bool = False) -> tuple[str, ...]:
    """The engines to try. The float32 reference comes first.

    With `own_graph`, those that run a graph that is not ours.

    OpenVINO in float32 is 4 % faster on one thread, but loading a second library takes most of a
    second at start.
    """
    bf16 = ("openvino-bf16",) if cpu.has_bf16 else ()
    float32 = ("openvino-f32",) if job.threads > 1 else ()
    if own_graph:
        return (REFERENCE, *(bf16 or float32))
    cpu_engines = ("onnxruntime-int8", *bf16) if job.side == "queries" else bf16 or float32
    return (REFERENCE, *cpu_engines, *(("torch-cuda-bf16",) if cuda else ()))


def choose(side: str, measured: Mapping[str, Measurement]) -> str:
    """The engine closest to float32, among those that are close enough and nearly as fast as the
    fastest.

    If several are as good as float32, the fastest of them.
    """
    allowed = {name: found for name, found in measured.items() if found.cosine >= LEAST_COSINE[side]}
    limit = CLOSE * min(found.ms for found in allowed.values()) if side == "queries" else 0
    fast = {name: found for name, found in allowed.items() if found.ms <= limit} or allowed
    if side == "products":  # all of them are as good as float32
        return min(fast, key=lambda name: fast[name].ms)
    return max(fast, key=lambda name: (min(fast[name].cosine, AS_GOOD), -fast[name].ms))


def run_trial(
    model: EncoderModel, job: Job, probes: Probes, names: Sequence[str]
) -> tuple[Engine, dict[str, Measurement]]:
    """Build and measure the engines. Returns the best one and the measurements.

    `names` starts with the reference. Other engines that cannot be built (without a driver or a
    library) are skipped.
    """
    engines = {REFERENCE: build(REFERENCE, model, job)} | _buildable(model, job, names[1:])
    reference = probes.vectors(engines[REFERENCE])
    measured = {name: _measure(engine, probes, reference) for name, engine in engines.items()}
    return engines[choose(job.side, measured)], measured


def _buildable(model: EncoderModel, job: Job, names: Sequence[str]) -> dict[str, Engine]:
    engines = {}
    for name in names:
        progress(f"trying {name}")
        try:
            engines[name] = build(name, model, job)
        except Exception as error:  # each library has its own errors
            _LOG.warning("the engine %s is skipped, because it cannot be built: %s", name, error)
    return engines


def _measure(engine: Engine, probes: Probes, reference: Floats) -> Measurement:
    cosine = float((probes.vectors(engine) * reference).sum(axis=1).min())  # also the warm-up
    seconds = least_seconds(partial(_run, engine, probes)) / engine.at_once
    return Measurement(1000 * seconds, cosine)


def _run(engine: Engine, probes: Probes) -> None:
    for _ in run_all(engine, [*probes.batches] * engine.at_once):
        pass


class TrialCache:
    """Stores chosen engines in one JSON file.

    A choice applies to one machine, set of versions, encoder and job.
    """

    def __init__(self, folder: Path | None) -> None:
        """With `folder` None, nothing is stored."""
        self._path = folder / "engines.json" if folder else None

    def get(self, key: str) -> str | None:
        """The engine chosen for the key, if this version still has it."""
        found = self._read().get(key)
        name = found.get("engine") if isinstance(found, dict) else None
        return name if isinstance(name, str) and name in ENGINES else None

    def put(self, key: str, engine: str, measured: Mapping[str, Measurement]) -> None:
        """Store a choice and its reason. A read-only folder only costs another trial."""
        if self._path is None:
            return
        why = {name: asdict(found) for name, found in measured.items()}
        staged = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            staged.write_text(
                json.dumps({**self._read(), key: {"engine": engine, "measured": why}}, indent=1)
            )
            staged.replace(self._path)
        except OSError:
            staged.unlink(missing_ok=True)

    def _read(self) -> dict[str, object]:
        try:
            content = json.loads(self._path.read_text()) if self._path else {}
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def cache_key(job: Job, cpu: Cpu, encoder_version: str) -> str:
    """A hash of all facts that a choice depends on, as a few hexadecimal digits."""
    versions = [_version(name) for name in LIBRARIES]
    parts = [
        FORMAT,
        job.side,
        job.threads,
        cpu.name,
        sorted(cpu.flags),
        cpu.cores,
        has_cuda(),
        versions,
        encoder_version,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""
