"""Writes rankers of recommendations as a bundle, with the parent's other models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.reranker.recommending.ranker import RecommendRanker
from services.reranker.training.manifest import write_manifest
from services.training.bundle_quality import RECOMMENDING, of_other_rankers
from services.training.recommending.recommend_ranker import TrainedTrees, write_recommend_ranker
from shared.artifacts import new_version
from shared.models.bundle import RECOMMEND_FILES, Bundle, copy_models
from shared.snapshot.generation import new_version_name


def publish(
    data: Path, base: Bundle, trained: Sequence[TrainedTrees], report: Mapping[str, Mapping[str, Any]]
) -> str:
    """Write a new bundle, which is not in use yet. Returns its name.

    Placements that were not trained keep the trees of the base.
    """
    version = new_version_name()
    kept = _kept(base, {each.placement for each in trained})
    with new_version(data / "bundles", version) as folder:
        copy_models(base, folder, without=RECOMMEND_FILES)
        write_recommend_ranker(folder, [*trained, *kept])
        judged = {"parent": base.version, "refused": "", "placements": dict(report)}
        metrics = {**of_other_rankers(base.metrics), RECOMMENDING: judged}
        write_manifest(folder, version, base.trained_on, metrics, base.training, encoder=base.encoder)
    return version


def _kept(base: Bundle, trained: set[Any]) -> list[TrainedTrees]:
    ranker = RecommendRanker.open(base.folder)
    return [
        TrainedTrees.of(placement, trees, ranker.penalties[placement])
        for placement, trees in ranker.trees.items()
        if placement not in trained
    ]
