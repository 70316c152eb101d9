from collections import Counter

import numpy as np

from services.training.towers.lessons import TowerLessons, Wanted, draw, draw_count
from services.training.towers.settings import TowerSettings

SETTINGS = TowerSettings(hard_negatives=1, random_negatives=1, hardest=0, recalled=4)
PRODUCTS = [f"product {row}" for row in range(20)]


def _lessons(*training: Wanted) -> TowerLessons:
    return TowerLessons("shop", PRODUCTS, training, [], lambda query: [0, 1, 2, 3, 4, 5])


def test_a_head_query_does_not_fill_the_batches() -> None:
    head = Wanted("head", {0: 900.0, 1: 100.0})
    tail = [Wanted(f"tail {each}", {each + 2: 1.0}) for each in range(10)]
    drawn = draw([_lessons(head, *tail)], SETTINGS)
    counts = Counter(drawn.texts[query] for query in drawn.queries)
    assert counts["head"] == SETTINGS.most_draws
    assert {counts[each.text] for each in tail} == {2}


def test_draws_grow_with_the_square_root_of_clicks() -> None:
    assert [draw_count(weight, SETTINGS) for weight in (1, 4, 16, 1e6)] == [2, 4, 8, 24]


def test_every_product_of_a_query_is_drawn_before_any_twice() -> None:
    drawn = draw([_lessons(Wanted("query", {7: 50.0, 8: 1.0, 9: 1.0}))], SETTINGS)
    assert {7, 8, 9} <= set(drawn.rows.tolist())


def test_no_negative_is_a_product_that_was_wanted_or_has_a_grade() -> None:
    wanted = Wanted("query", {0: 9.0, 1: 4.0}, frozenset({2}))
    drawn = draw([_lessons(wanted)], SETTINGS)
    assert not {0, 1, 2} & set(drawn.negatives.ravel().tolist())
    assert set(drawn.negatives[:, 0].tolist()) == {3}  # the only remaining one of the first four candidates


def test_rows_of_a_second_catalogue_come_after_those_of_the_first() -> None:
    first, second = _lessons(Wanted("first", {3: 1.0})), _lessons(Wanted("second", {3: 1.0}))
    drawn = draw([first, second], SETTINGS)
    rows = {drawn.texts[query]: row for query, row in zip(drawn.queries, drawn.rows, strict=True)}
    assert rows == {"first": 3, "second": 23}
    assert (drawn.negatives[drawn.rows == 23] >= 20).all()


def test_popularity_is_relative_to_what_is_drawn() -> None:
    parts = [Wanted("a", {5: 100.0}), Wanted("b", {6: 1.0})]
    drawn = draw([_lessons(*parts)], SETTINGS)
    popularity = drawn.popularity()
    counts = np.array([20, 2])
    np.testing.assert_allclose(popularity[[5, 6]], np.log(counts / 11), rtol=1e-6)


def test_the_same_seed_draws_the_same() -> None:
    lessons = [_lessons(Wanted("a", {5: 9.0, 7: 4.0}), Wanted("b", {6: 1.0}))]
    first, second = draw(lessons, SETTINGS), draw(lessons, SETTINGS)
    np.testing.assert_array_equal(first.rows, second.rows)
    np.testing.assert_array_equal(first.negatives, second.negatives)
