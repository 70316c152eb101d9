"""Train the models of a page on judged queries, or on queries made from the catalogue, and publish
a bundle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.embedding.config import EmbeddingConfig
from services.embedding.weights import find
from services.reranker.training.cross_encoder import ALL_LAYERS, CrossEncoderSettings
from services.reranker.training.job import END_TO_END, RerankerSettings, train_reranker
from services.reranker.training.lambdamart import write_description
from services.reranker.training.manifest import write_manifest
from services.reranker.training.prior import PRIOR
from services.training.judged_set import JudgedSet
from services.training.judged_shop import IndexFile, JudgedShop, workshop_data
from services.training.lessons import Lessons, judged_lessons, made_lessons
from services.training.quality import measure
from shared.artifacts import new_version
from shared.config import load
from shared.errors import AisleError, InvalidRequest
from shared.models.registry import Registry
from shared.product_text import MAX_TOKENS, STATE_TOKENS
from shared.snapshot.generation import new_version_name

Report = Callable[[str], None]

_FEWEST_LISTS = 50
_MANY_LISTS = 2_000  # teach the encoder too


@dataclass(frozen=True)
class Wishes:
    """What the caller of the job chooses."""

    # Of six, that learn too; None: all with 2,000 judged queries, otherwise none
    encoder_layers: int | None = None
    teacher_minutes: float = 0.0  # 0: no teacher
    teacher_folder: Path | None = None  # where to keep the teacher
    cross_encoder_layers: int = 0  # of a small cross-encoder, compared with the block; 0: none
    seed: int = 0

    def settings(self, lists: int, judged: bool) -> RerankerSettings:
        """For so many lists.

        Queries that were made from the catalogue do not teach the encoder by themselves.
        """
        many = judged and lists >= _MANY_LISTS
        layers = self.encoder_layers if self.encoder_layers is not None else len(ALL_LAYERS) * many
        base = END_TO_END if layers else RerankerSettings()
        teacher = (
            CrossEncoderSettings(minutes=self.teacher_minutes, seed=self.seed)
            if self.teacher_minutes
            else None
        )
        return replace(
            base,
            student=replace(base.student, encoder_layers=layers, seed=self.seed),
            teacher=teacher,
            teacher_folder=self.teacher_folder,
            cross_encoder=self._cross_encoder(),
            seed=self.seed,
        )

    def _cross_encoder(self) -> CrossEncoderSettings | None:
        count = self.cross_encoder_layers
        if not count:
            return None
        return CrossEncoderSettings(layers=ALL_LAYERS[:: len(ALL_LAYERS) // count], seed=self.seed)


def train_reranker_job(
    data: Path,
    sets: Sequence[JudgedSet],
    index: IndexFile,
    report: Report,
    wishes: Wishes | None = None,
) -> dict[str, Any]:
    """Publish a bundle trained on all sets, or else on DATA's own products; its ranker is the prior."""
    chosen = wishes or Wishes()
    taught = _lessons(data, sets, index, chosen.seed)
    lists = sum(len(each.training.judged) for each in taught)
    names = [each.name for each in sets] or [f"queries made from the products of {data.name}"]
    version = new_version_name()
    config = load(EmbeddingConfig)
    with new_version(data / "bundles", version) as folder:
        settings = chosen.settings(lists, judged=bool(sets))
        lessons = [each.training for each in taught]
        train_reranker(lessons, find(config.model).folder, folder, settings, report)
        write_description(folder, PRIOR)
        training = {
            "lists": lists,
            "max_tokens": MAX_TOKENS,
            "state_tokens": STATE_TOKENS,
            "encoder_layers": settings.student.encoder_layers,
            "teacher_minutes": chosen.teacher_minutes,
        }
        write_manifest(folder, version, names, {}, training)
        quality = _quality(data, version, folder, taught, report)
        write_manifest(folder, version, names, {"quality": quality} if quality else {}, training)
    return {"bundle_version": version, "trained_on": names, "lists": lists, "quality": quality}


def _lessons(data: Path, sets: Sequence[JudgedSet], index: IndexFile, seed: int) -> list[Lessons]:
    """Those of the sets, or of DATA's own products. Raises InvalidRequest when they are too few."""
    shops = [
        (each, JudgedShop.open(workshop_data(data, each.catalog, "", index), reranked=False)) for each in sets
    ]
    taught = [judged_lessons(shop, each) for each, shop in shops] or [made_lessons(data, seed)]
    if (lists := sum(len(each.training.judged) for each in taught)) < _FEWEST_LISTS:
        raise InvalidRequest(
            "queries", f"are too few: {lists} have a good product, {_FEWEST_LISTS} are needed"
        )
    return taught


def _quality(
    data: Path, version: str, folder: Path, taught: Sequence[Lessons], report: Report
) -> dict[str, Any] | None:
    """As _measured; a failure costs the figure, not the models that took hours to train."""
    report("measuring it on queries that have not taught it")
    try:
        return _measured(data, version, folder, taught)
    except AisleError as error:
        report(f"its quality could not be measured ({error}); promote it with --force")
        return None


def _measured(data: Path, version: str, folder: Path, taught: Sequence[Lessons]) -> dict[str, Any] | None:
    """What is measured of a new bundle and of the one in use, by the first set that has queries for
    it; else None.
    """
    compared = {version: folder}
    if in_use := Registry.of(data).chosen():
        compared[in_use.version] = in_use.folder
    for each in taught:
        if each.held_out and (measured := measure(data, version, compared, each.products(), each.held_out)):
            return measured.report()
    return None
