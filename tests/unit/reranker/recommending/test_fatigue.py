"""What a visitor was shown on several days and left alone gives way."""

import time
from collections.abc import Sequence

import numpy as np
import pytest

from aisle.v1.reranker_pb2 import RankProposalsRequest
from services.feedback.visitor_update import after
from services.reranker.feature_reader import FeatureReader
from services.reranker.opened import OpenedRerankers
from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.fatigue import tired
from services.reranker.recommending.history import History
from services.reranker.recommending.service import Recommender
from services.reranker.reranker import Reranker
from shared.features.counted_once import CountedOnce, names_of
from shared.features.memory import MemoryFeatureStore
from shared.features.observation import Interaction
from shared.features.spec import SHOWN
from shared.features.visitor import Visitor
from shared.product_memory.memory import DAY_SECONDS, ProductMemory

TODAY = 20_000
IDS = ("p1", "p2", "p3", "p4")
SCORES = np.array([2.0, 1.5, 1.0, 0.0])


def shown(today: int = TODAY, **days: Sequence[int]) -> CountedOnce:
    """The pages of a visitor: by product, how many days ago each was shown."""
    found = CountedOnce()
    pages = sorted((today - ago, product_id) for product_id, each in days.items() for ago in each)
    for offset, (day, product_id) in enumerate(pages, 1):
        found.take(offset, (day, day), names_of(day, 0, SHOWN, [product_id]), 1_000)
    return CountedOnce(found.encoded())


def taken(pages: CountedOnce, history: History | None = None, weight: float = 0.1) -> list[float]:
    evidence = Evidence(ProductMemory.empty(), TODAY * DAY_SECONDS + 5.0, history or History())
    return list(tired(SCORES, IDS, pages, evidence, weight).tolist())


def test_each_of_three_days_has_its_price_and_today_has_none() -> None:
    pages = shown(p1=(0, 1, 2, 3), p2=(0,), p3=(2,))
    assert taken(pages) == pytest.approx([0.6, 0, 0.2, 0])
    assert taken(pages, weight=0) == [0, 0, 0, 0]


def test_what_was_acted_on_or_bought_is_free() -> None:
    pages = shown(p1=(1, 2), p2=(1,), p3=(1,))
    days = np.array([1.0], np.float32)
    history = History(("p1",), days, days, days, recent={"p2": 1.0})
    assert taken(pages, history) == pytest.approx([0, 0, 0.2, 0])


def test_nobody_known_takes_nothing() -> None:
    assert taken(CountedOnce()) == [0, 0, 0, 0]
    assert not len(tired(np.empty(0), (), CountedOnce(), Evidence(ProductMemory.empty(), 0.0), 0.1))


class Shown(MemoryFeatureStore):
    """A visitor who was shown the first of the candidates on three days."""

    first = ""

    async def values(self, keys: Sequence[str], generation: str | None = None) -> list[bytes | None]:
        visitor = Visitor()
        visitor.state = after(visitor.state, Interaction("view", "ann", ("p59",), time.time()))
        if self.first:
            visitor.shown = shown(int(time.time() // DAY_SECONDS), **{self.first: (1, 2, 3)})
        return [visitor.encoded() if key == "v:ann" else None for key in keys]


async def test_it_moves_down_on_the_page_and_says_why(reranker: Reranker) -> None:
    store = Shown()
    reader = FeatureReader(store, 1_000)
    recommender = Recommender(OpenedRerankers(reranker), reader, None, fatigue=0.4)
    rows = list(range(8))
    request = RankProposalsRequest(
        placement="for_you",
        visitor_id="ann",
        rows=rows,
        dense_scores=[1 - row / 10 for row in rows],
        explain_limit=8,
        budget_ms=1_000,
    )
    before = await recommender.rank(request)
    store.first = f"p{rows[before.order[0]]}"
    now = await recommender.rank(request)
    assert now.order[0] != before.order[0]
    parts = {
        part.feature: part for part in now.explanations[list(now.order).index(before.order[0])].contributions
    }
    assert parts["shown_lately"].contribution < 0
    other = RankProposalsRequest()
    other.CopyFrom(request)
    other.placement = "popular"
    popular = await recommender.rank(other)
    assert "shown_lately" not in {
        part.feature for each in popular.explanations for part in each.contributions
    }
