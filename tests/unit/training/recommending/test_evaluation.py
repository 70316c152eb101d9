"""Quality and exposure of recommendations, by a split in time."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from services.reranker.recommending.placement import Placement
from services.training.recommending.dataset import Moment
from services.training.recommending.evaluation.catalogue import Catalogue
from services.training.recommending.evaluation.customer import story
from services.training.recommending.evaluation.evaluation import BOUGHT, FORMULA, Evaluation
from services.training.recommending.evaluation.exposure import Exposure, ShopFacts
from services.training.recommending.evaluation.peers import peers
from services.training.recommending.evaluation.questions import Question, questions
from services.training.recommending.interactions import OPEN, Interactions
from services.training.recommending.moment_trainer import RecommendSettings
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.purchase_file import interactions_of, read_baskets
from shared.errors import InvalidRequest, NotFound
from tests.unit.training.recommending.shop_history import DAY, Line, purchases

SETTINGS = RecommendSettings(memory=MemorySettings(least_pair_visitors=1))
BRANDS = {"tea": "Leaf", "ink": "Pen", "pot": "Leaf"}
HEADER = "user\tbasket\ttime\tproduct_id\tquantity\tprice\n"


def shop() -> Interactions:
    """Twenty visitors buy tea every ten days, and five of them ink too; a pot is new on day 38."""
    lines: list[Line] = []
    for number in range(20):
        for day in (0, 10, 20, 30, 40):
            lines.append((f"v{number:02}", f"o{day}", "tea", float(day)))
        if number < 5:
            lines.append((f"v{number:02}", "o0", "ink", 0.0))
    lines += [("v00", "o38", "pot", 38.0), ("v01", "o38", "pot", 38.0)]
    return purchases(lines)


def evaluation(keep_days: float = 1.0) -> Evaluation:
    titles = {"tea": "Green tea", "ink": "Blue ink", "pot": "Red pot", "cup": "Cup"}
    return Evaluation(shop(), Catalogue(titles, BRANDS), keep_days, SETTINGS)


def test_what_followed_is_judged_and_shown_beside_every_way() -> None:
    report = evaluation().report()
    assert report["split_seconds"] == 40 * DAY
    assert (report["products"], report["brands"]) == (4, 2)
    basket = report["questions"]["next basket"]
    assert basket["pages"] == 20
    for way in ("popularity, 30 days", "own frequency, then popularity", FORMULA):
        assert basket["ways"][way]["recall@20"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    followed = basket["ways"][BOUGHT]
    assert "recall@20" not in followed
    assert followed["novelty"]["mean"] == 0.0  # all visitors have tea
    assert (followed["brands"], followed["top_brand"]) == (1, 1.0)
    assert "next basket, never bought before" not in report["questions"]  # no visitor bought a new product
    json.dumps(report)


def test_a_shop_without_days_before_the_last_is_told_so() -> None:
    with pytest.raises(InvalidRequest, match="keep_days: leaves no day before the last 41; use fewer"):
        evaluation(41.0).report()


def test_novelty_head_and_new_products_are_those_of_the_split() -> None:
    facts = ShopFacts.of(shop(), 40 * DAY, BRANDS)
    assert facts.head == {"tea"}  # a fifth of three products
    assert facts.older == {"tea", "ink"}
    found = Exposure.of([["tea", "pot"], ["ink", "cup"], []], facts)
    assert found.novelty.tolist() == pytest.approx([math.log2(10) / 2, (2 + math.log2(20)) / 2])
    assert found.head.tolist() == [0.5, 0.0]
    assert found.new.tolist() == [0.5, 0.5]
    assert found.brand_count == 2
    assert found.top_brand == pytest.approx(2 / 3)


def test_peers_know_nothing_of_the_days_that_judge() -> None:
    moment = Moment.of(shop(), 30 * DAY)
    (question, *_) = questions(moment, 45 * DAY)
    found = peers(moment, question)
    assert set(found) == {"popularity, 30 days", "own frequency, then popularity"}
    assert found["popularity, 30 days"][0] == ["tea", "ink"]
    new = Question("new", Placement.FOR_YOU, [page.new_only() for page in question.pages])
    assert peers(moment, new)["popularity, 30 days"][:6] == [[]] * 5 + [["ink"]]


def test_the_next_item_is_what_a_session_opens_after_another() -> None:
    opened: list[Line] = [
        ("v1", "s", product, 10 + place / 24) for place, product in enumerate(["tea", "ink", "ink", "pot"])
    ]
    before: list[Line] = [("v2", "s", "tea", 1.0)]
    moment = Moment.of(purchases(before + opened, OPEN), 5 * DAY)
    (question,) = questions(moment, 12 * DAY)
    assert question.title == "next item: opened next"
    assert [(*page.evidence.seeds, *page.bought) for page in question.pages] == [
        ("tea", "ink"),
        ("ink", "pot"),
    ]


def test_many_pages_are_sampled_the_same_each_time() -> None:
    moment = Moment.of(shop(), 30 * DAY)
    first, again = (next(iter(questions(moment, 45 * DAY, 7))).pages for _ in range(2))
    assert len(first) == 7
    assert [page.evidence.history.product_ids for page in first] == [
        page.evidence.history.product_ids for page in again
    ]


def test_a_customer_is_told_with_what_was_bought_then() -> None:
    found = story(evaluation(), "v03")
    assert set(found.history.product_ids) == {"tea", "ink"}
    assert found.later == ["tea"]
    tea = found.recommended[0]
    assert (tea.product_id, tea.bought_days, tea.was_bought) == ("tea", 4, True)
    assert tea.reasons[0] == "own_share"
    report = found.report({"tea": "Green tea"})
    assert report["recommended"][0]["title"] == "Green tea"
    json.dumps(report)
    with pytest.raises(NotFound, match="nobody: no such customer"):
        story(evaluation(), "nobody")


def test_purchases_are_read_by_basket(tmp_path: Path) -> None:
    path = tmp_path / "bought.tsv"
    rows = ("a\tb2\t2026-01-02\tink\t1\t2.5", "\tb0\t2026-01-01\tink\t1\t1", "a\tb1\t2026-01-01\ttea\t2\t")
    path.write_text(HEADER + "\n".join(rows))
    first, second = read_baskets(path)
    assert (first.basket_id, first.product_ids) == ("b1", ["tea"])
    assert second.lines == {"ink": (1, 2.5)}
    lines = interactions_of([first, second])
    assert np.isnan(lines.prices[0]) and lines.prices[1] == 2.5


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("user\tbasket\nx\ty", "has no column time, product_id; the first line names"),
        (HEADER + "a\tb\tyesterday\tink\t1\t1", "line 2: Invalid isoformat string: 'yesterday'; time is ISO"),
        (HEADER + "a\tb\t2026-01-01\tink\tmany\t1", "line 2: invalid literal"),
    ],
)
def test_a_fault_of_a_file_is_named(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "bought.tsv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=fault):
        read_baskets(path)
