from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

import pytest

from sample import write_sample
from sample.intent import Intent, grade
from sample.judging import Judged, judged_queries
from sample.typo import mistyped
from tests.unit.sample.made_shop import shop

FILES = (
    "products.jsonl",
    "queries_train.tsv",
    "judgments_train.tsv",
    "queries_dev.tsv",
    "judgments_dev.tsv",
)


@cache
def judged() -> tuple[list[Judged], list[Judged]]:
    return judged_queries(shop(), 7)


def everything() -> list[Judged]:
    return [one for part in judged() for one in part]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


def test_writing_twice_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write_sample(tmp_path)
    for file in FILES:
        assert (written / file).read_bytes() == (tmp_path / file).read_bytes()


def test_the_tables_have_the_headers_and_columns_that_evaluate_reads(written: Path) -> None:
    for file, header in (
        ("queries_dev.tsv", "query_id\tquery"),
        ("judgments_dev.tsv", "query_id\tproduct_id\tgrade"),
    ):
        first, *rest = (written / file).read_text(encoding="utf-8").splitlines()
        assert first == header
        assert all(line.count("\t") == header.count("\t") for line in rest)


def test_there_are_enough_queries_of_every_manner() -> None:
    train, dev = judged()
    assert len(train) >= 1400 and len(dev) >= 140
    assert set(Counter(one.manner for one in dev)) == set(Counter(one.manner for one in train))


def test_train_and_dev_share_no_text_and_no_intent() -> None:
    train, dev = judged()
    assert not {one.text for one in train} & {one.text for one in dev}
    assert not {one.intent for one in train} & {one.intent for one in dev}


def test_half_of_dev_asks_for_kinds_that_training_never_names() -> None:
    train, dev = judged()
    known = {target for one in train for target in one.intent.targets}
    fresh = [one for one in dev if not known.intersection(one.intent.targets)]
    assert len(fresh) >= len(dev) // 3


def test_no_query_is_asked_twice() -> None:
    assert max(Counter(one.text for one in everything()).values()) == 1


def test_every_query_has_a_product_of_grade_3_and_one_of_grade_0() -> None:
    for one in everything():
        grades = {grade for _, grade in one.grades}
        assert {0, 3} <= grades <= {0, 1, 2, 3}, one.text


def test_judgments_name_products_that_exist_once_a_query() -> None:
    known = {made.product_id for made in shop()}
    for one in everything():
        ids = [product_id for product_id, _ in one.grades]
        assert len(ids) == len(set(ids)) and known.issuperset(ids)


def test_grades_do_not_follow_ratings_prices_or_the_place_in_the_file() -> None:
    by_id = {made.product_id: (place, made.row) for place, made in enumerate(shop())}
    train, _ = judged()
    groups: dict[int, list[tuple[float, float]]] = {0: [], 3: []}
    for one in train:
        for product_id, level in one.grades:
            if level in groups:
                place, row = by_id[product_id]
                groups[level].append((place / len(by_id), row.get("rating", {"average": 4.2})["average"] / 5))
    for column in (0, 1):
        low, high = (sum(pair[column] for pair in groups[level]) / len(groups[level]) for level in (0, 3))
        assert low == pytest.approx(high, abs=0.05)


def test_a_condition_met_in_part_costs_one_grade_and_one_not_met_at_all_two() -> None:
    made = next(made for made in shop() if made.model.kind.key == "travel mug")
    capacity = made.model.value("capacity_oz")
    brand = made.model.brand.name
    assert capacity is not None
    assert grade(Intent(("travel mug",), (("capacity_oz", capacity),), brand), made) == 3
    assert grade(Intent(("travel mug",), (("capacity_oz", capacity),), "nobody"), made) == 2
    assert grade(Intent(("travel mug",), (("capacity_oz", -1),), "nobody"), made) == 1
    assert grade(Intent(("thermos flask",)), made) == 2
    assert grade(Intent(("thermos flask",), brand=brand), made) == 1
    assert grade(Intent(("thermos flask",), brand="nobody"), made) == 0
    assert grade(Intent(("coffee beans",)), made) == 0


def test_a_slip_changes_a_word_by_at_most_a_letter_or_two() -> None:
    random = Random(1)
    for _ in range(200):
        slipped = mistyped("rain jacket", random)
        assert slipped != "rain jacket" and abs(len(slipped) - len("rain jacket")) <= 1


def test_text_without_long_words_is_left_alone() -> None:
    assert mistyped("tea", Random(1)) == "tea"
