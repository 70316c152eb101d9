"""Products that a placement may show, from several sources."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.placement import Placement
from shared.product_memory.memory import ProductMemory
from shared.product_memory.neighbours import Scored

BOUGHT_WITH = "bought_with"
OPENED_WITH = "opened_with"
OWNED_WITH = "owned_with"
BOUGHT_AGAIN = "bought_again"
RECENT = "recent"
LIKE_HISTORY = "like_history"
LIKE_HISTORY_LATELY = "like_history_lately"
LIKE_BASKETS = "like_baskets"
TRENDING = "trending"
POPULAR = "popular"
NEWLY_BOUGHT = "newly_bought"


@dataclass(frozen=True, slots=True)
class Proposals:
    """Distinct products to choose from, as columns of equal length, which may be empty."""

    product_ids: tuple[str, ...]
    sources: tuple[str, ...]  # the first source that proposed each
    scores: tuple[float, ...]  # on the scale of that source


_Scores = Mapping[str, float]  # product id -> score, best first
_Source = Callable[[Evidence, int], _Scores]


def propose(
    evidence: Evidence, placement: Placement, limit: int, excluded: Collection[str] = ()
) -> Proposals:
    """At most `limit` products for a placement. Sources take turns, each with its best first.

    Neither seeds nor `excluded` products are proposed; sources go on to others. Without a memory,
    only the visitor's own products are.
    """
    left_out = {*evidence.seeds, *excluded}
    wanted = limit + len(left_out)
    lists = [
        (name, [each for each in _SOURCES[name](evidence, wanted).items() if each[0] not in left_out])
        for name in SOURCES_OF[placement]
    ]
    taken: dict[str, tuple[str, float]] = {}
    for turn in range(limit):
        if len(taken) >= limit:
            break
        for name, found in lists:
            if turn < len(found):
                product_id, score = found[turn]
                taken.setdefault(product_id, (name, score))
    kept = list(taken.items())[:limit]
    return Proposals(
        tuple(product_id for product_id, _ in kept),
        tuple(source for _, (source, _) in kept),
        tuple(score for _, (_, score) in kept),
    )


def _named(memory: ProductMemory, scored: Scored) -> _Scores:
    ids = (memory.product_ids[place] for place in scored.places.tolist())
    return dict(zip(ids, scored.scores.tolist(), strict=True))


def _evidence(name: str) -> _Source:
    """A source that is a property of the evidence."""
    return lambda evidence, count: _named(evidence.memory, getattr(evidence, name).best(count))


def _memory(name: str) -> _Source:
    """A source that is a ranking of the memory."""

    def best(evidence: Evidence, count: int) -> _Scores:
        ranking: Scored = getattr(evidence.memory, name)
        return _named(evidence.memory, Scored(ranking.places[:count], ranking.scores[:count]))

    return best


def _bought_again(evidence: Evidence, count: int) -> _Scores:
    """Products that the visitor bought, the most frequent and most recent first."""
    history = evidence.history
    scores = history.days * history.weights(evidence.now_day)
    best = np.argsort(-scores, kind="stable")[:count].tolist()
    return {history.product_ids[place]: float(scores[place]) for place in best}


def _recent(evidence: Evidence, count: int) -> _Scores:
    """Products that the visitor acted on, last first."""
    recent = [each for each in evidence.history.recent.items() if each[1] > 0]
    return dict(recent[:count])


_SOURCES: Mapping[str, _Source] = {
    BOUGHT_WITH: _evidence("seed_bought"),
    OPENED_WITH: _evidence("seed_opened"),
    OWNED_WITH: _evidence("seed_owned"),
    BOUGHT_AGAIN: _bought_again,
    RECENT: _recent,
    LIKE_HISTORY: _evidence("history_owned"),
    LIKE_HISTORY_LATELY: _evidence("history_owned_lately"),
    LIKE_BASKETS: _evidence("history_bought"),
    TRENDING: _memory("trending"),
    POPULAR: _memory("popular"),
    NEWLY_BOUGHT: _memory("newly_bought"),
}

SOURCES_OF: Mapping[Placement, tuple[str, ...]] = {
    Placement.SIMILAR: (OPENED_WITH, OWNED_WITH),
    Placement.ALSO_BOUGHT: (BOUGHT_WITH, OWNED_WITH),
    Placement.ALSO_VIEWED: (OPENED_WITH, BOUGHT_WITH),
    Placement.FOR_YOU: (
        BOUGHT_AGAIN,
        LIKE_HISTORY,
        LIKE_HISTORY_LATELY,
        NEWLY_BOUGHT,
        LIKE_BASKETS,
        TRENDING,
        POPULAR,
    ),
    Placement.TRENDING: (TRENDING, POPULAR),
    Placement.POPULAR: (POPULAR,),
    Placement.NEW_ARRIVALS: (),  # these come from the catalogue, not from shoppers' actions
    Placement.RECENTLY_VIEWED: (RECENT,),
}
