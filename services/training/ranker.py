"""Trains the ranker on judged queries, and publishes it as a new bundle."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from services.reranker.training.lambdamart import TrainedRanker, train_ranker
from services.reranker.training.manifest import write_manifest
from services.reranker.training.ranking_group import RankingGroup
from services.reranker.training.split import trains_ranker
from services.training.bundle_quality import Quality, of_other_rankers, quality_of
from services.training.evaluation.judgments import JudgedQuery
from services.training.judged_set import JudgedSet
from services.training.judged_shop import IndexFile, JudgedShop, workshop_data
from services.training.learning.publishing import TAUGHT_UNTIL
from shared.artifacts import new_version
from shared.errors import InvalidRequest
from shared.models.bundle import RANKER_FILES, Bundle, copy_models
from shared.models.registry import Registry
from shared.snapshot.generation import new_version_name

Advance = Callable[[int], None]


def collect_groups(shop: JudgedShop, queries: Sequence[JudgedQuery], advance: Advance) -> list[RankingGroup]:
    """The ranking groups of the queries. Calls `advance` with 1 after each query."""
    groups: list[RankingGroup] = []
    for judged in queries:
        groups += shop.groups(judged)
        advance(1)
    return groups


def ranker_queries(judged_set: JudgedSet, base: Bundle) -> Sequence[JudgedQuery]:
    """The queries that did not train the reranker; all, if it was not trained on the set."""
    if judged_set.name not in base.trained_on:
        return judged_set.queries
    return [judged for judged in judged_set.queries if trains_ranker(judged.text)]


def train_ranker_job(
    data: Path, sets: Sequence[JudgedSet], base: Bundle, index: IndexFile, advance: Advance
) -> dict[str, Any]:
    """Train a ranker on all sets, and publish it with the other models of `base`."""
    groups: list[RankingGroup] = []
    before: list[float] = []  # nDCG@10 by the ranker of `base`
    for judged_set in sets:
        shop = JudgedShop.open(workshop_data(data, judged_set.catalog, base.version, index), base.version)
        found = collect_groups(shop, ranker_queries(judged_set, base), advance)
        groups += found
        before += shop.qualities([group for group in found if group.has_order])
    trained = train_ranker(groups)
    query_count = sum(len(ranker_queries(judged_set, base)) for judged_set in sets)
    quality = Quality(trained.ndcg["ranker"], query_count, {base.version: _of_base(base, sets, before)})
    version = publish(data, base, trained, [judged_set.name for judged_set in sets], quality)
    return {
        "quality": quality.report(),
        "bundle_version": version,
        "queries": query_count,
        "groups": len(groups),
        "trees": trained.tree_count,
        "prior": dict(trained.prior),
        "held_out_ndcg@10": {name: round(value, 4) for name, value in trained.ndcg.items()},
    }


def _of_base(base: Bundle, sets: Sequence[JudgedSet], measured: Sequence[float]) -> float:
    """nDCG@10 of the base on these queries; from its report if they trained its ranker."""
    seen = {judged_set.name for judged_set in sets} & set(base.training.get("ranker_trained_on", ()))
    reported = quality_of(base) if seen else None
    return reported.value if reported else sum(measured) / len(measured)


def publish(data: Path, base: Bundle, trained: TrainedRanker, names: Sequence[str], quality: Quality) -> str:
    """Write a new bundle with the base's models and this ranker. Returns its name."""
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
        training.pop(TAUGHT_UNTIL, None)  # these pages did not train this ranker
        write_manifest(folder, version, base.trained_on, metrics, training, encoder=base.encoder)
    return version


def base_bundle(data: Path, bundle: str) -> Bundle:
    """The bundle of that name, or the one in use. Raises InvalidRequest if there is none."""
    chosen = Registry.of(data).chosen(bundle)
    if chosen is None:
        raise InvalidRequest(
            "bundle", "no bundle is in use to train a ranker for; run 'aisle train reranker' first"
        )
    return chosen
