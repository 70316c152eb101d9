"""Trains the reranker on judged or made queries, and publishes a bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.embedding.config import EmbeddingConfig
from services.reranker.training.cross_encoder import ALL_LAYERS, CrossEncoderSettings
from services.reranker.training.job import END_TO_END, RerankerSettings, train_reranker
from services.reranker.training.lambdamart import write_description
from services.reranker.training.manifest import write_manifest
from services.reranker.training.prior import PRIOR
from services.training.encoder_config import trainable_files
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
_MANY_LISTS = 2_000  # enough to train the encoder too


@dataclass(frozen=True)
class RerankerOptions:
    """Options of the job."""

    # How many of the six layers are trained; None: all with 2,000 judged queries, otherwise none
    encoder_layers: int | None = None
    teacher_minutes: float = 0.0  # 0: no teacher
    teacher_folder: Path | None = None  # folder to keep the teacher in
    cross_encoder_layers: int = 0  # of a small cross-encoder, compared with the block; 0: none
    seed: int = 0

    def settings(self, lists: int, judged: bool) -> RerankerSettings:
        """The settings for this number of lists.

        Queries made from the catalogue do not train the encoder unless `encoder_layers` is set.
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
    options: RerankerOptions | None = None,
) -> dict[str, Any]:
    """Publish a bundle of all sets, or else of DATA's products. Its ranker is the prior."""
    chosen = options or RerankerOptions()
    files = trainable_files(load(EmbeddingConfig))
    lessons = _lessons(data, sets, index, chosen.seed)
    lists = sum(len(each.training.judged) for each in lessons)
    names = [each.name for each in sets] or [f"queries made from the products of {data.name}"]
    version = new_version_name()
    with new_version(data / "bundles", version) as folder:
        settings = chosen.settings(lists, judged=bool(sets))
        training_sets = [each.training for each in lessons]
        train_reranker(training_sets, files.folder, folder, settings, report)
        write_description(folder, PRIOR)
        training = {
            "lists": lists,
            "max_tokens": MAX_TOKENS,
            "state_tokens": STATE_TOKENS,
            "encoder_layers": settings.student.encoder_layers,
            "teacher_minutes": chosen.teacher_minutes,
        }
        write_manifest(folder, version, names, {}, training, encoder=files.name)
        quality = _quality(data, version, folder, lessons, report)
        write_manifest(folder, version, names, _metrics(quality), training, encoder=files.name)
    return {"bundle_version": version, "trained_on": names, "lists": lists, "quality": quality}


def _metrics(quality: dict[str, Any] | None) -> dict[str, Any]:
    """The metrics of a bundle whose quality may not have been measured."""
    return {"quality": quality} if quality else {}


def _lessons(data: Path, sets: Sequence[JudgedSet], index: IndexFile, seed: int) -> list[Lessons]:
    """The lessons of the sets, or of DATA's products.

    Raises InvalidRequest if there are too few.
    """
    shops = [
        (each, JudgedShop.open(workshop_data(data, each.catalog, "", index), reranked=False)) for each in sets
    ]
    lessons = [judged_lessons(shop, each) for each, shop in shops] or [made_lessons(data, seed)]
    if (lists := sum(len(each.training.judged) for each in lessons)) < _FEWEST_LISTS:
        raise InvalidRequest(
            "queries", f"are too few: {lists} have a good product, {_FEWEST_LISTS} are needed"
        )
    return lessons


def _quality(
    data: Path, version: str, folder: Path, lessons: Sequence[Lessons], report: Report
) -> dict[str, Any] | None:
    """As _measured.

    If measuring fails, the models, which took hours to train, are kept without it.
    """
    report("measuring it on queries that did not train it")
    try:
        return _measured(data, version, folder, lessons)
    except AisleError as error:
        report(f"its quality could not be measured ({error}); promote it with --force")
        return None


def _measured(data: Path, version: str, folder: Path, lessons: Sequence[Lessons]) -> dict[str, Any] | None:
    """The quality of the new bundle and the one in use, on the first set with held-out queries.

    None if no set can measure them.
    """
    compared = {version: folder}
    if in_use := Registry.of(data).chosen():
        compared[in_use.version] = in_use.folder
    for each in lessons:
        if each.held_out and (measured := measure(data, version, compared, each.products(), each.held_out)):
            return measured.report()
    return None
