import random

import numpy as np
import pytest

from services.retrieval import lexical_search
from services.retrieval.lexical import LexicalLeg
from services.retrieval.word_groups import enough
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

CATALOGUE = [
    Product("p0", "Acme MacBook sleeve 13.3 in", description="a sleeve for a laptop", sku="dv7-1211ea"),
    Product(
        "p1",
        "Wireless mouse",
        brands=("Acme",),
        categories=("Computers > Mice",),
        gtin="0095205603217",
    ),
    Product("p2", "Mouse pad", description="fits a wireless mouse"),
    Product("p3", "USB stick 4 GB", attributes={"color": ("red",)}),
    Product("p4", "T-shirt, red"),
    Product("p5", "Coffee table"),
    Product("p6", "Final Quest VII"),
    Product("p7", "Final Quest 8, 7 hours"),
]


@pytest.fixture(scope="module")
def leg(open_shared_snapshot: OpenSnapshot) -> LexicalLeg:
    return open_shared_snapshot(CATALOGUE).lexical


def found(leg: LexicalLeg, query: str) -> list[int]:
    return list(leg.search(query).best(10)[0].tolist())


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("MICE wireless", 1),
        ("macbook", 0),
        ("mac book", 0),
        ("4gb", 3),
        ("tshirt", 4),
        ("t shirt", 4),
        ("T-SHIRTS", 4),
        ("dv7-1211ea", 0),
        ("DV7-1211EA sleeve", 0),
        ("95205603217", 1),
        ("p5", 5),
        ("13.3", 0),
        ("red shirt", 4),
        ("final quest 7", 6),
        ("final quest viii", 7),
        ("café täble", 5),
    ],
)
def test_a_product_is_found_by_its_words_however_they_are_written(
    leg: LexicalLeg, query: str, first: int
) -> None:
    assert found(leg, query)[0] == first


@pytest.mark.parametrize(
    "query", ["", "xyzzy", "🎧", '"', "AND OR NOT", "title:(", "a" * 1_000, "+-*/\\~^[]{}"]
)
def test_nothing_in_a_query_is_syntax(leg: LexicalLeg, query: str) -> None:
    search = leg.search(query)
    assert len(search.best(10)[0]) == search.matching().sum() == 0
    assert search.scores(np.array([0, 1])).tolist() == [0, 0]


def test_a_query_of_hundreds_of_words_is_answered(leg: LexicalLeg) -> None:
    assert found(leg, " ".join(f"word{number} mouse" for number in range(80)))


def test_words_in_the_title_weigh_more_than_in_the_description(leg: LexicalLeg) -> None:
    assert found(leg, "wireless mouse") == [1, 2]


@pytest.mark.parametrize(
    ("query", "matching"),
    [
        ("wireless mouse", {1, 2}),
        ("wireless coffee", set()),
        ("acme wireless pad", {1, 2}),
        ("mouse for the pad", {2}),
        ("mac book sleeve", {0}),
        ("4gb stick", {3}),
        ("tshirt xyzzy", {4}),
        ("0095205603217", {1}),
    ],
)
def test_a_match_holds_all_of_two_words_and_two_thirds_of_more(
    leg: LexicalLeg, query: str, matching: set[int]
) -> None:
    assert set(np.flatnonzero(leg.search(query).matching()).tolist()) == matching


def test_how_many_words_are_enough() -> None:
    assert [enough(words) for words in range(1, 8)] == [1, 2, 2, 3, 4, 4, 5]


def words(rng: random.Random) -> str:
    return " ".join(
        rng.choices(["red", "blue", "lamp", "desk", "pen", "mug", "hat"], weights=range(1, 8), k=4)
    )


@pytest.mark.parametrize("first_fetch", [1, 5_000])
@pytest.mark.parametrize("few_rows", [0, 500])
def test_a_filtered_search_is_the_unfiltered_one_without_what_does_not_pass(
    open_snapshot: OpenSnapshot, monkeypatch: pytest.MonkeyPatch, first_fetch: int, few_rows: int
) -> None:
    monkeypatch.setattr(lexical_search, "FIRST_FETCH", first_fetch)
    monkeypatch.setattr(lexical_search, "FEW_ROWS", few_rows)
    rng = random.Random(5)
    leg = open_snapshot([Product(f"p{number}", words(rng)) for number in range(200)]).lexical
    for share in (0.0, 0.05, 0.5, 1.0):
        mask = np.array([rng.random() < share for _ in range(200)])
        search = leg.search("red pen")
        reference = leg.search("red pen")
        rows, scores = search.best(20, mask)
        everything = reference._search(reference._query.scored, 200)
        expected = [(row, score) for row, score in zip(*everything, strict=True) if mask[row]][:20]
        assert np.allclose(scores, [score for _, score in expected])
        assert np.allclose(search.scores(rows), scores)
        assert mask[rows].all() and len(set(rows.tolist())) == len(rows)


@pytest.mark.parametrize(
    "query", ["9" * 1_000, "ab1" * 333, "sleeve " + "\u7535" * 900 + "1", "\u0451" * 800 + "1"]
)
def test_a_query_longer_than_any_code_is_no_beginning_of_one(leg: LexicalLeg, query: str) -> None:
    assert found(leg, query) == [0] * query.startswith("sleeve")


def test_letters_and_numbers_in_one_are_those_that_stand_together(open_snapshot: OpenSnapshot) -> None:
    apart = Product("apart", "Laser printer 3052 for Jet offices", description="like a Jet, or a 5200")
    named = Product("named", "Printer Jet 5200")
    leg = open_snapshot([apart, named]).lexical
    numbered = leg.search("jet5200").numbered()
    assert numbered is not None and numbered.tolist() == [False, True]
    both = open_snapshot([apart], version="v2").lexical.search("jet5200").numbered()
    assert both is not None and both.tolist() == [True]
