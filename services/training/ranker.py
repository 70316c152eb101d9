"""Train the ranker on judged queries as the engine answers them, and publish it as a new bundle."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from services.reranker.training.lambdamart import TrainedRanker, train_ranker
from services.reranker.training.manifest import write_manifest
from services.reranker.training.ranking_group import RankingGroup
from services.reranker.training.split import teaches_ranker
from services.training.bundle_quality import Quality, of_other_rankers, quality_of
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_set import JudgedSet
from services.training.judged_shop import IndexFile, JudgedShop, workshop_data
from shared.artifacts import new_version
from shared.errors import InvalidRequest
from shared.models.bundle import RANKER_FILES, Bundle, copy_models
from shared.models.registry import Registry
from shared.snapshot.generation import new_version_name

Advance = Callable[[int], None]


def collect_groups(shop: JudgedShop, queries: Sequence[JudgedQuery], advance: Advance) -> list[RankingGroup]:
    """The groups of the queries that are the ranker's; `advance` hears of each query."""
    groups: list[RankingGroup] = []
    for judged in queries:
        groups += shop.groups(judged)
        advance(1)
    return groups


def ranker_queries(judged_set: JudgedSet, base: Bundle) -> Sequence[JudgedQuery]:
    """Those that did not teach the bundle's reranker: all of a set that it has not seen."""
    if judged_set.name not in base.trained_on:
        return judged_set.queries
    return [judged for judged in judged_set.queries if teaches_ranker(judged.text)]


def train_ranker_job(
    data: Path, sets: Sequence[JudgedSet], base: Bundle, index: IndexFile, advance: Advance
) -> dict[str, Any]:
    """Train on all sets, and publish the models of `base` with the new ranker."""
    groups: list[RankingGroup] = []
    before: list[float] = []  # nDCG@10 by the ranker of `base`
    for judged_set in sets:
        shop = JudgedShop.open(workshop_data(data, judged_set.catalog, base.version, index), base.version)
        found = collect_groups(shop, ranker_queries(judged_set, base), advance)
        groups += found
        before += shop.qualities([group for group in found if group.is_telling])
    trained = train_ranker(groups)
    asked = sum(len(ranker_queries(judged_set, base)) for judged_set in sets)
    quality = Quality(trained.ndcg["ranker"], asked, {base.version: _of_base(base, sets, before)})
    version = publish(data, base, trained, [judged_set.name for judged_set in sets], quality)
    return {
        "quality": quality.report(),
        "bundle_version": version,
        "queries": asked,
        "groups": len(groups),
        "trees": trained.tree_count,
        "prior": dict(trained.prior),
        "held_out_ndcg@10": {name: round(value, 4) for name, value in trained.ndcg.items()},
    }


def _of_base(base: Bundle, sets: Sequence[JudgedSet], measured: Sequence[float]) -> float:
    """nDCG@10 of the base.

    Where its ranker has learnt from these queries, what its report says of others held out.
    """
    taught = {judged_set.name for judged_set in sets} & set(base.training.get("ranker_trained_on", ()))
    reported = quality_of(base) if taught else None
    return reported.value if reported else sum(measured) / len(measured)


def publish(data: Path, base: Bundle, trained: TrainedRanker, names: Sequence[str], quality: Quality) -> str:
    """A new bundle: the base's models, and the ranker."""
    version = new_version_name()
    with new_version(data / "bundles", version) as folder:
        copy_models(base, folder, without=RANKER_FILES)
        trained.write(folder)
        metrics = {
            **of_other_rankers(base.metrics),
            "ranker_held_out_ndcg@10": dict(trained.ndcg),
            "quality": quality.report(),
        }
        training = {
            **base.training,
            "ranker_trained_on": list(names),
            "ranker_trees": trained.tree_count,
        }
        write_manifest(folder, version, base.trained_on, metrics, training)
    return version


def base_bundle(data: Path, bundle: str) -> Bundle:
    """The bundle of that name, or the one in use. Raises InvalidRequest when there is none."""
    chosen = Registry.of(data).chosen(bundle)
    if chosen is None:
        raise InvalidRequest(
            "bundle", "there is none to train a ranker for; run 'aisle train reranker' first"
        )
    return chosen
