"""Features of products for pages with seeds: a product page or a cart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.reranker.recommending.evidence import Evidence
from shared.product_memory.memory import MONTH
from shared.product_memory.neighbours import Floats, Places, Scored

SEED_FEATURES = (
    "seed_bought_of_best",  # relative to the best product
    "seed_owned_of_best",
    "seed_owned_twice",  # owned with what is owned with the seeds
    "seed_like_bought",  # bought with the products that are most like the seeds
    "seed_purchases",  # log of 1 + distinct visitors a day who bought a seed in a month, mean
)
_LIKE = 10  # products most like the seeds whose lists are read


def seed_columns(
    evidence: Evidence, places: Places, similarity: Floats | None
) -> dict[str, NDArray[np.floating]]:
    """The columns (n,) of SEED_FEATURES for the products at `places` (n,); none without seeds.

    `similarity` (n,) has their cosines to the seeds; nan: not known.
    """
    if not evidence.seed_weights:
        return _like_bought(evidence, places, similarity) if evidence.seeds else {}
    popular = evidence.memory.purchases[list(evidence.seed_weights), MONTH]
    seed_purchases = np.float32(np.log1p(popular).mean())
    return {
        "seed_bought_of_best": _of_best(evidence.seed_bought, places),
        "seed_owned_of_best": _of_best(evidence.seed_owned, places),
        "seed_owned_twice": evidence.seed_owned_twice.at(places),
        **_like_bought(evidence, places, similarity),
        "seed_purchases": np.full(len(places), seed_purchases, np.float32),
    }


def _of_best(scored: Scored, places: Places) -> Floats:
    best = scored.scores.max(initial=0.0)
    values: Floats = scored.at(places) / np.float32(best if best > 0 else np.nan)
    return values


def _like_bought(
    evidence: Evidence, places: Places, similarity: Floats | None
) -> dict[str, NDArray[np.floating]]:
    """What is bought with the candidates that are most like the seeds.

    Their lists are weighted by the square of the cosine. So a product that few bought, or nobody
    yet, takes part in what is known of products like it.
    """
    if similarity is None:
        return {}
    cosines = np.where(places >= 0, np.nan_to_num(similarity), 0.0)
    nearest = np.argsort(-cosines, kind="stable")[:_LIKE]
    weights = {int(places[each]): float(cosines[each]) ** 2 for each in nearest if cosines[each] > 0}
    total = sum(weights.values())
    shares = {place: weight / total for place, weight in weights.items()}
    return {"seed_like_bought": evidence.memory.bought.summed(shares).at(places)}
