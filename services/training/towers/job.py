"""Trains the towers on shoppers' opens and judgments, measures them, and publishes a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.numpy import load_file, save_file

from services.embedding.model import EncoderSource
from services.feedback.join.tables import Tables
from services.reranker.training.manifest import write_manifest
from services.training.bundle_quality import MEASURE, TOWERS, Quality, of_other_rankers
from services.training.encoder_config import encoder_config, trainable_files
from services.training.judged_set import JudgedSet
from services.training.judged_shop import IndexFile, JudgedShop, workshop_data
from services.training.towers.clicks import click_lessons, read_opened
from services.training.towers.gate import TowerGate, last_tier, refusal
from services.training.towers.judged import judged_tower_lessons
from services.training.towers.judging import ALL, TowerJudgement, judge_towers, sampled_products
from services.training.towers.lessons import TowerLessons
from services.training.towers.settings import TowerSettings
from shared.artifacts import new_version
from shared.catalog.product import Product
from shared.errors import InvalidRequest
from shared.models import bundle as bundles
from shared.models.bundle import ENCODER_PREFIX, HEADS, Bundle, copy_models
from shared.snapshot.generation import new_version_name

if TYPE_CHECKING:
    from services.training.towers.trainer import Trained

Report = Callable[[str], None]

_FEWEST_QUERIES = 50
_MOST_PRODUCTS = 20_000  # of the catalogue that bundles are measured on


@dataclass(frozen=True)
class TowerOptions:
    """Options of the job."""

    clicks: bool = True  # also train on DATA's tables, if there are any
    settings: TowerSettings = field(default_factory=TowerSettings)
    gate: TowerGate = field(default_factory=TowerGate)


@dataclass(frozen=True)
class _Source:
    shop: JudgedShop
    lessons: TowerLessons


def train_towers_job(  # noqa: PLR0913 - the parts of a training
    data: Path,
    sets: Sequence[JudgedSet],
    base: Bundle,
    index: IndexFile,
    report: Report,
    options: TowerOptions | None = None,
) -> dict[str, Any]:
    """Publish the models of `base` with a newly trained encoder. The bundle is not in use yet.

    Raises InvalidRequest if there is too little evidence, or if the encoder did not become better.
    """
    from services.training.towers.trainer import train_towers  # torch, which takes seconds to load

    chosen = options or TowerOptions()
    sources = _sources(data, sets, base, index, chosen.clicks)
    encoder = EncoderSource(trainable_files(encoder_config(data)), base)
    trained = train_towers([each.lessons for each in sources], encoder, chosen.settings, report)
    if not trained.steps:
        raise InvalidRequest(
            "towers",
            "did not become better on later queries, so there is no new bundle; more clicks may help",
        )
    return _publish(data, base, sources, trained, chosen, report)


def _publish(  # noqa: PLR0913 - the parts of a bundle
    data: Path,
    base: Bundle,
    sources: Sequence[_Source],
    trained: Trained,
    options: TowerOptions,
    report: Report,
) -> dict[str, Any]:
    """Write the bundle with its report, which the gate of a promotion reads."""
    version = new_version_name()
    known = _known(trained, options.settings)
    training = {**base.training, TOWERS: known}
    names = list(dict.fromkeys([*base.trained_on, *(each.lessons.name for each in sources)]))
    with new_version(data / "bundles", version) as folder:
        _copy(base, folder, trained.tensors)
        write_manifest(folder, version, names, {}, training, encoder=base.encoder)
        report("measuring it on queries that did not train it")
        made = bundles.read(folder)
        judgements = [_judged(data, each, made, base) for each in sources if each.lessons.held_out]
        metrics = {
            **of_other_rankers(base.metrics),
            **_metrics(base, judgements, options.gate),
        }
        write_manifest(folder, version, names, metrics, training, encoder=base.encoder)
    return {"bundle_version": version, "trained_on": names, **known, **metrics}


def _known(trained: Trained, settings: TowerSettings) -> dict[str, Any]:
    return {
        "pairs": trained.pairs,
        "steps": trained.steps,
        "anchor_share": settings.anchor_share,
        "learning_rate": settings.learning_rate,
    }


def _sources(
    data: Path, sets: Sequence[JudgedSet], base: Bundle, index: IndexFile, clicks: bool
) -> list[_Source]:
    """The sources of lessons, clicks first.

    Raises InvalidRequest if there are too few queries in all.
    """
    found: list[_Source] = []
    tables = Tables(data / "tables")
    if clicks and tables.days():
        shop = JudgedShop.open(data, base.version, reranked=False)
        found.append(_Source(shop, click_lessons(shop, read_opened(tables), f"clicks of {data.name}")))
    for judged_set in sets:
        folder = workshop_data(data, judged_set.catalog, base.version, index)
        shop = JudgedShop.open(folder, base.version, reranked=False)
        found.append(_Source(shop, judged_tower_lessons(shop, judged_set)))
    queries = sum(len(each.lessons.training) for each in found)
    if queries < _FEWEST_QUERIES:
        raise InvalidRequest(
            "towers",
            f"have too little to learn from: {queries} queries with a wanted product, "
            f"{_FEWEST_QUERIES} are needed; give --queries and --judgments, or let the tables grow",
        )
    return found


def _copy(base: Bundle, folder: Path, learnt: Mapping[str, Any]) -> None:
    """Copy all models of the base, and add the trained encoder; heads are unchanged."""
    copy_models(base, folder)
    heads = base.path(HEADS)
    tensors = dict(load_file(heads)) if heads else {}
    save_file(
        {**tensors, **{ENCODER_PREFIX + name: each for name, each in learnt.items()}},
        folder / HEADS,
    )
    (folder / HEADS).chmod(0o644)  # safetensors makes it readable only for the owner


def _judged(data: Path, source: _Source, made: Bundle, base: Bundle) -> TowerJudgement:
    lessons = source.lessons
    trained_texts = {wanted.text for wanted in lessons.training}
    seen = {judged.text for judged in lessons.held_out if source.shop.corrected(judged.text) in trained_texts}
    compared = {"new": made, "old": base}
    return judge_towers(data, lessons.name, compared, _products(source), lessons.held_out, seen)


def _products(source: _Source) -> list[Product]:
    wanted = [product_id for judged in source.lessons.held_out for product_id in judged.grades]
    return sampled_products(source.shop, wanted, _MOST_PRODUCTS)


def _metrics(base: Bundle, judgements: Sequence[TowerJudgement], gate: TowerGate) -> dict[str, Any]:
    """The metrics of bundle.json: `quality` for `aisle models promote`, and the full report."""
    if not judgements:
        return {}
    first = judgements[0]
    gain = first.gains[ALL][f"{last_tier(first)} {MEASURE}"]
    quality = Quality(gain.new, first.queries[ALL], {base.version: gain.old})
    sets = [judged.report() for judged in judgements]
    towers = {"parent": base.version, "refused": refusal(judgements, gate), "sets": sets}
    return {"quality": quality.report(), TOWERS: towers}
