"""Measures the points, each on a server of its own, by turns."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import psutil

from aisle.v1.search_pb2 import SearchRequest, Tier
from cli.client import Client
from cli.frontier.figures import Figures
from cli.frontier.points import Point
from cli.standalone_process import NOBODY_SHOPS, standalone_process
from services.training.evaluation.asking import ALL_TIERS, Asker, Notes
from services.training.evaluation.judgments import JudgedQuery
from services.training.evaluation.run import MEASURES, measured
from shared.errors import AisleError
from shared.snapshot.generation import current_generation

_PATIENT_MS = 30_000  # of a page, so that no stage is cut short
_PAGES = 120  # that are timed in a turn
_WARMING = 20
_TURNS = 2
_SHOWN = ("ndcg@10", "condensed_ndcg@10", "recall@100")
_ALONE: Mapping[str, str] = {
    **NOBODY_SHOPS,
    "AISLE_TRAINER_ENABLED": "false",
    "AISLE_JOIN_ENABLED": "false",
    "AISLE_EMBEDDING_CACHED_QUERIES": "0",  # every query is encoded
}
_LEFT_OUT = shutil.ignore_patterns("log.sqlite*", "features.sqlite*", "tables", "learning", "workshop")

Step = Callable[[], None]


@dataclass(frozen=True)
class Shop:
    """A data folder and its judged queries."""

    name: str
    data: Path
    queries: Sequence[JudgedQuery]

    def copied(self, folder: Path) -> Shop:
        """The shop without its log, for servers to change."""
        return Shop(
            self.name, Path(shutil.copytree(self.data, folder / self.name, ignore=_LEFT_OUT)), self.queries
        )


def steps(points: Sequence[Point], shops: Sequence[Shop]) -> int:
    """How often `measure` calls `step`."""
    return _TURNS * len(points) * len(shops)


def measure(points: Sequence[Point], shops: Sequence[Shop], step: Step) -> list[Figures]:
    """The figures of each point, in their order. The shops' data folders are served, and may change.

    The second turn goes through the points backwards, so that a machine that becomes slower or
    faster favours none.
    """
    found = [Figures(point) for point in points]
    for turn in range(_TURNS):
        for shop in shops:
            for together in _by_server(found, backwards=bool(turn % 2)):
                _measure(together, shop)
                for _ in together:
                    step()
    return found


def _by_server(found: Sequence[Figures], backwards: bool) -> list[list[Figures]]:
    groups: dict[object, list[Figures]] = {}
    for each in found:
        groups.setdefault(each.point.server, []).append(each)
    together = list(groups.values())
    return together[::-1] if backwards else together


def _measure(together: Sequence[Figures], shop: Shop) -> None:
    """Serve the shop once for all of these points, which differ in their tier alone."""
    began = time.monotonic()
    try:
        with _serving(together[0].point, shop) as (process, engine):
            load_seconds = time.monotonic() - began
            product_bytes = _product_bytes(shop.data)
            for figures in together:
                figures.load_seconds = min(figures.load_seconds, load_seconds)
                figures.product_bytes = product_bytes
                _ask(figures, shop, process, engine)
    except AisleError as error:
        for figures in together:
            figures.failed = str(error)


@contextmanager
def _serving(point: Point, shop: Shop) -> Iterator[tuple[psutil.Process, Client]]:
    settings = {**_ALONE, **point.settings}
    with (
        standalone_process(shop.data, point.bundle, settings) as (process, address),
        Client(address) as engine,
    ):
        yield psutil.Process(process.pid), engine


def _ask(figures: Figures, shop: Shop, process: psutil.Process, engine: Client) -> None:
    tier = ALL_TIERS[figures.point.tier]
    if shop.name not in figures.quality:
        figures.quality[shop.name] = _quality(shop.queries, engine, tier)
    texts = cycle([each.text for each in shop.queries])
    _timed(engine, tier, islice(texts, _WARMING))
    before = _processor_seconds(process)
    pages_ms = _timed(engine, tier, islice(texts, _PAGES))
    spent_ms = 1e3 * (_processor_seconds(process) - before)
    figures.note_times(shop.name, spent_ms / _PAGES, median(pages_ms))


def _quality(queries: Sequence[JudgedQuery], engine: Client, tier: Tier.ValueType) -> dict[str, float]:
    asker, notes = Asker(engine.search, _PATIENT_MS), Notes()
    rankings = [asker.ranking(query, tier, notes) for query in queries]
    means = measured({name: MEASURES[name] for name in _SHOWN}, rankings, queries)
    return {name: mean if mean is not None else float("nan") for name, mean in means.items()}


def _timed(engine: Client, tier: Tier.ValueType, texts: Iterator[str]) -> list[float]:
    """Milliseconds of each page of 20."""
    times = []
    for text in texts:
        began = time.perf_counter()
        engine.search(SearchRequest(query=text, max_tier=tier, deadline_ms=_PATIENT_MS, unlogged=True))
        times.append(1e3 * (time.perf_counter() - began))
    return times


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _product_bytes(data: Path) -> float:
    """Of vectors and states on disk, the mean of a product."""
    generation = current_generation(data, verify=False)
    if generation is None:
        return 0.0
    folder = data / "snapshots" / generation.version
    folders = [folder / name for name in ("dense", "states")]
    size = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    return size / len(generation.products)
