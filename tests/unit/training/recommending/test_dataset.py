from __future__ import annotations

import numpy as np
import pytest

from services.feedback import visitor_update
from services.reranker.recommending.features import RECOMMEND_FEATURES
from services.reranker.recommending.history import History
from services.reranker.recommending.placement import Placement
from services.reranker.recommending.ranker import RecommendRanker
from services.training.recommending.dataset import Moment, cut_moments
from services.training.recommending.judging import judge_rankings, paired_gain
from services.training.recommending.orders import first_orders, histories, orders_between
from services.training.recommending.product_memory import MemorySettings
from services.training.recommending.product_vectors import ProductVectors
from services.training.recommending.recommend_ranker import RankerSettings, ranker_of, train_trees
from shared.errors import InvalidRequest
from shared.features.observation import Interaction
from shared.features.visitor import UNKNOWN_VISITOR
from tests.unit.training.recommending.shop_history import DAY, Line, purchases


def _habits(visitors: int) -> list[Line]:
    """Each visitor buys one of two products every ten days, and another product once."""
    lines: list[Line] = []
    for number in range(visitors):
        own = "tea" if number % 2 else "ink"
        lines += [(f"v{number:03}", f"o{day}", own, float(day)) for day in (0, 10, 20, 30)]
        lines.append((f"v{number:03}", "o10", f"once{number % 7}", 10.0))
    return lines


def test_a_history_is_of_what_was_bought_before() -> None:
    found = histories(purchases(_habits(2)), 15 * DAY)
    assert found[1].product_ids == ("tea", "once1")
    assert found[1].days.tolist() == [2, 1]
    assert found[1].first_day.tolist() == [0, 10]
    assert found[1].visits == 2


def test_orders_are_whole_and_of_their_time() -> None:
    lines = purchases(_habits(2))
    orders = orders_between(lines, 5 * DAY, 25 * DAY)
    assert [order.product_ids for order in orders] == [
        ("ink", "once0"),
        ("ink",),
        ("tea", "once1"),
        ("tea",),
    ]
    assert [order.product_ids for order in first_orders(lines, 5 * DAY, 25 * DAY)] == [
        ("ink", "once0"),
        ("tea", "once1"),
    ]
    assert first_orders(lines, -1.0, 25 * DAY) == []


def test_a_page_knows_nothing_of_what_came_after() -> None:
    lines = _habits(40)
    later = [*lines, *((f"v{n:03}", "late", "later", 16.0) for n in range(40))]
    moment = Moment.of(purchases(later), 15 * DAY)
    page = next(moment.personal_pages(25 * DAY))
    assert page.bought == {"later"}
    assert page.evidence.history.product_ids == ("ink", "once0")
    assert "later" not in page.product_ids
    assert page.new_only().product_ids == tuple(
        each for each in page.product_ids if each not in ("ink", "once0")
    )


def test_a_seed_page_is_judged_by_the_rest_of_its_order() -> None:
    moment = Moment.of(purchases(_habits(40)), 5 * DAY)
    pages = list(moment.seed_pages(15 * DAY))
    assert len(pages) == 80
    for page in pages:
        assert len(page.evidence.seeds) == 1
        assert not page.bought.intersection(page.evidence.seeds)


def test_trees_learn_that_a_visitor_buys_its_own_again() -> None:
    moments = [Moment.of(purchases(_habits(120)), day * DAY) for day in (15, 25)]
    lessons = [each for moment in moments for each in moment.lessons(moment.personal_pages(35 * DAY))]
    settings = RankerSettings(trees=20, min_leaf=5, threads=1)
    ranker = ranker_of([train_trees(Placement.FOR_YOU, lessons, settings)])
    page = next(moments[0].personal_pages(35 * DAY))
    scores = ranker.score(moments[0].features(page, page.product_ids), Placement.FOR_YOU)
    assert page.product_ids[int(np.argmax(scores))] == "ink"


def test_a_large_order_weighs_less_a_product_than_a_small_one() -> None:
    lines = [(f"v{n}", "first", "own", 1.0) for n in range(4)]
    lines += [(f"v{n}", "next", f"p{each}", 12.0) for n in range(4) for each in range(1 + 15 * (n // 2))]
    lines += [(f"w{n}", "w", f"p{each}", 1.0) for n in range(5) for each in range(16)]
    moment = Moment.of(purchases(lines), 10 * DAY)
    lessons = moment.lessons(moment.personal_pages(20 * DAY))
    bought = [each.weights[each.bought].max() for each in lessons]
    assert bought == pytest.approx([1.0, 1.0, 0.25, 0.25])  # orders of 1 and of 16 products


def test_a_lesson_has_the_features_of_its_whole_page() -> None:
    chance = np.random.default_rng(0)
    names = [f"p{number:02}" for number in range(60)]
    lines = [
        (f"v{visitor}", f"o{visitor}-{day}", name, float(day))
        for day in range(0, 20, 2)
        for visitor in range(20)
        for name in chance.choice(names, 6, replace=False).tolist()
    ]
    vectors = chance.normal(size=(60, 8)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    settings = MemorySettings(least_pair_visitors=1)
    moment = Moment.of(purchases(lines), 15 * DAY, ProductVectors(names, unit), settings)
    pages = [page for page in moment.seed_pages(20 * DAY) if page.bought.intersection(page.product_ids)]
    assert {len(page.product_ids) for page in pages} == {59}  # each a candidate, as when served
    like = RECOMMEND_FEATURES.index("seed_like_bought")
    for page, lesson in zip(pages, moment.lessons(pages), strict=True):
        whole = {row.tobytes() for row in moment.features(page, page.product_ids)}
        assert len(lesson.features) < len(page.product_ids)
        assert {row.tobytes() for row in lesson.features} <= whole
        assert not np.isnan(lesson.features[:, like]).any()


def test_a_visitor_is_trained_with_the_history_that_its_pages_are_ranked_with() -> None:
    lines = [
        ("v0", f"o{day}", f"p{day * step % 9}", float(day)) for step in (1, 3, 4) for day in range(9, 39)
    ]
    state = UNKNOWN_VISITOR
    for _, order, product, day in sorted(lines, key=lambda line: line[3]):
        bought = Interaction("purchase", "v0", (product,), (day + 0.5) * DAY, order)
        state = visitor_update.after(state, bought)
    served = History.of(state.bought, bought_days=state.bought_days)
    trained = histories(purchases(lines), 40 * DAY)[0]
    assert served.product_ids == trained.product_ids
    for name in ("days", "first_day", "last_day", "bought_days"):
        assert getattr(served, name).tolist() == getattr(trained, name).tolist(), name


def test_too_few_pages_are_told() -> None:
    moment = Moment.of(purchases(_habits(3)), 15 * DAY)
    with pytest.raises(InvalidRequest, match="only 3 pages for for_you; 50 are needed"):
        train_trees(Placement.FOR_YOU, moment.lessons(moment.personal_pages(25 * DAY)))


def test_moments_have_their_labels_before_now() -> None:
    assert cut_moments(100 * DAY, 3, 10.0, 30.0) == [70 * DAY, 60 * DAY, 50 * DAY]


def test_similarity_is_to_the_seeds_and_unknown_for_unknown_products() -> None:
    vectors = ProductVectors(["tea", "ink", "pot"], np.array([[1, 0], [0, 1], [0.8, 0.6]], np.float32))
    moment = Moment.of(purchases([("v", "o", "tea", 1), ("v", "o", "ink", 1)]), 2 * DAY, vectors)
    page = next(Moment(purchases(_habits(2)), 5 * DAY, moment.memory, vectors).seed_pages(15 * DAY, 1))
    assert vectors.nearest(["tea"], 2) == ["pot", "ink"]
    matrix = moment.features(page, ["pot", "nothing"])
    column = matrix[:, RECOMMEND_FEATURES.index("seed_similarity")]
    assert np.isnan(column[1])
    assert np.isnan(matrix[:, RECOMMEND_FEATURES.index("history_similarity")]).all()


def test_with_a_weight_of_diversity_a_copy_gives_way_offline_too() -> None:
    ids = ["tea", "ink", *(f"once{number}" for number in range(7))]
    alike = ProductVectors(ids, np.array([[1, 0]] + [[0, 1]] * 2 + [[1, 0]] * 6, np.float32))
    moment = Moment.of(purchases(_habits(40)), 15 * DAY, alike)
    pages = list(moment.personal_pages(25 * DAY))
    (plain, *_), (diverse, *_) = (moment.rankings(pages, RecommendRanker(), 3, each) for each in (0.0, 9.0))
    assert plain == ["ink", "once0", "tea"]
    assert diverse[0] == "ink" and diverse[1] not in ("ink", "once0")
    assert alike.at(["nothing", "ink"]).tolist() == [[0, 0], [0, 1]]


def test_recall_is_over_what_a_page_can_show() -> None:
    long = [f"p{number}" for number in range(40)]
    judged = judge_rankings([long, ["x", "p1"]], [set(long), {"p1", "p2"}], 50)
    assert judged.recall.tolist() == [1.0, 0.5]
    assert judged.ndcg[0] == pytest.approx(1.0)
    assert judged.coverage == pytest.approx(21 / 50)


def test_a_gain_comes_with_its_interval() -> None:
    ours = np.array([0.5, 0.7, 0.9, 0.8])
    gain, low, high = paired_gain(ours, ours - 0.1)
    assert (gain, low, high) == pytest.approx((0.1, 0.1, 0.1))
