"""On some pages a product comes up that few shoppers have seen."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from services.reranker.candidates import Candidates
from services.reranker.deadline import Deadline
from services.reranker.explanation import EXPLORATION, explain
from services.reranker.exploration import Exploration, Explored
from services.reranker.reranker import Reranker
from shared.features.page import StoredPage
from shared.features.scope import PageRequest
from tests.unit.reranker.test_reranker_core import CANDIDATES, QUERY, UNKNOWN_VISITOR

COUNT = 40
SCORES = np.linspace(4, 0, COUNT)
ORDER = np.arange(COUNT)
COLUMN = np.zeros(COUNT, np.float32)
PAGE = Candidates(ORDER, *([COLUMN] * 5))
NEW = 17  # the first candidate that few have seen


@dataclass(frozen=True)
class Seen(StoredPage):
    """A page whose products were shown so often."""

    often: tuple[float, ...] = ()

    def shown(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        return np.array(self.often, np.float32)


def page(query: str = "kettle", visitor_id: str = "v1", new: tuple[int, ...] = (NEW, 30)) -> Seen:
    often = tuple(3.0 if place in new else 50.0 for place in range(COUNT))
    request = PageRequest([f"p{place}" for place in range(COUNT)], query, visitor_id)
    return Seen(request, (), 1e9, often)


def explored(seen: Seen, share: float = 1.0, candidates: Candidates = PAGE) -> Explored | None:
    return Exploration(share).of(SCORES, ORDER, seen, candidates.precedence)


def place_of(found: Explored) -> int:
    scores = SCORES.copy()
    scores[found.candidate] += found.added
    return int(np.argsort(-scores).tolist().index(found.candidate))


def test_the_best_of_what_few_have_seen_comes_up_to_one_of_five_places() -> None:
    found = [explored(page(f"query {number}")) for number in range(200)]
    assert {each.candidate for each in found if each} == {NEW}
    assert {place_of(each) for each in found if each} == {4, 5, 6, 7, 8}
    assert all(each and place_of(each) == each.place for each in found)
    assert all(each and each.propensity == pytest.approx(0.2) for each in found)


def test_it_is_a_share_of_the_pages_and_the_same_all_day() -> None:
    drawn = [explored(page(f"query {number}"), share=0.05) for number in range(4_000)]
    assert 140 < sum(each is not None for each in drawn) < 260
    assert drawn == [explored(page(f"query {number}"), share=0.05) for number in range(4_000)]


@pytest.mark.parametrize(
    "seen",
    [
        page(visitor_id=""),
        page(new=()),
        page(new=(3, NEW)),
        page(new=tuple(range(COUNT))),
    ],
    ids=["nobody known", "nothing new", "one is there already", "a shop without traffic"],
)
def test_otherwise_the_page_stays(seen: Seen) -> None:
    assert explored(seen) is None


def test_it_is_switched_off_and_short_pages_stay() -> None:
    assert explored(page(), share=0.0) is None
    assert Exploration(1.0).of(SCORES, ORDER[:10], page()) is None


def test_what_comes_first_whatever_its_score_stays_there() -> None:
    behind = np.where(ORDER < 12, 0, 1).astype(np.float32)
    assert explored(page(), candidates=replace(PAGE, precedence=behind)) is None


def test_its_part_of_the_score_is_explained(reranker: Reranker) -> None:
    curious = replace(reranker, exploration=Exploration(1.0))
    ranked = curious.rerank(QUERY, CANDIDATES, UNKNOWN_VISITOR, Deadline.after(0))
    new = int(ranked.order[NEW])
    often = tuple(3.0 if each == new else 50.0 for each in range(COUNT))
    moved = curious.explored(CANDIDATES, ranked, replace(page(), often=often))
    place = moved.order.tolist().index(new)
    assert 4 <= place <= 8
    (parts,) = explain(curious.ranker, moved, moved.order[place : place + 1])
    assert EXPLORATION in {name for name, _, _ in parts}
    assert sum(part for _, _, part in parts) == pytest.approx(moved.relevance_scores[new], abs=1e-5)
    assert curious.explored(CANDIDATES, ranked, None) is ranked
