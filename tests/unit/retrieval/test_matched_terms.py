import pytest

from services.retrieval.matched_terms import MAX_CHARACTERS_READ, MatchedTerms
from shared.catalog.product import Product
from shared.snapshot.lexical import LexicalIndex
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot


@pytest.fixture(scope="module")
def index(open_shared_snapshot: OpenSnapshot) -> LexicalIndex:
    return open_shared_snapshot([Product("a", "any")]).lexical.index


@pytest.mark.parametrize(
    ("query", "text", "terms"),
    [
        ("Red lamps, cheap", "a red lamp", ["red", "lamps"]),
        ("mac book sleeve", "MacBook sleeve", ["mac", "book", "sleeve"]),
        ("tshirt", "T-Shirt", ["tshirt"]),
        ("red red", "red", ["red"]),
        ("", "red", []),
        ("🎧", "red", []),
    ],
)
def test_the_words_of_a_query_that_a_product_holds_come_as_typed(
    index: LexicalIndex, query: str, text: str, terms: list[str]
) -> None:
    assert MatchedTerms(index, query).of([text]) == terms


def test_of_a_very_long_product_the_first_texts_are_read(index: LexicalIndex) -> None:
    terms = MatchedTerms(index, "red lamp")
    assert terms.of(["a lamp", "x" * MAX_CHARACTERS_READ, "red"]) == ["lamp"]
    assert terms.of(["a lamp", "x" * 20_000, "red"]) == ["red", "lamp"]
