from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.embedding.indexing.known_languages import (
    LEAST,
    found_by_vectors,
    found_by_words,
    unknown_languages,
)
from shared.catalog.product import Product
from shared.snapshot.generation import current_generation
from shared.text.analysis import Analysis
from tests.unit.embedding.indexing.letter_encoder import letter_indexer

THINGS = [f"{first}{second}{last}" for first in "bdfgklm" for second in "aeiou" for last in "nrst"][:60]
ANALYSIS = Analysis(("de", "en"))


class Reader:
    """Knows the words of some languages: a vector of its own for each thing that it finds in a
    text.

    Texts in which it finds none all look alike.
    """

    def __init__(self, *marks: str) -> None:
        self._marks = marks  # a word in every text of a language

    def known_words(self) -> list[str]:
        return []

    def encode_products(self, texts: Sequence[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        vectors = np.zeros((len(texts), len(THINGS) + 1), np.float32)
        for row, text in enumerate(texts):
            known = any(mark in text for mark in self._marks)
            found = [place for place, thing in enumerate(THINGS) if known and thing in text]
            vectors[row, found[0] if found else len(THINGS)] = 1
        return vectors, [np.zeros((1, 4), np.int8) for _ in texts]


def shop(code: str, mark: str, count: int = 60) -> list[Product]:
    """Products whose descriptions share one word with their titles."""
    return [
        Product(
            f"{code}-{thing}",
            f"{mark} {thing}",
            description=f"{mark} of the {thing} sort, no less",
            language_code=code,
        )
        for thing in THINGS[:count]
    ]


def test_a_language_is_unknown_where_vectors_find_less_than_words_do() -> None:
    products = [*shop("de", "rot"), *shop("en", "red")]
    assert unknown_languages(Reader("red", "rot"), products, ANALYSIS) == {}
    found = unknown_languages(Reader("red"), products, ANALYSIS)
    assert list(found) == ["de"]
    assert found["de"].by_vectors < 0.1 < 0.9 < found["de"].by_words
    assert list(unknown_languages(Reader(), products, ANALYSIS)) == ["de", "en"]


def test_descriptions_that_no_one_could_tell_apart_say_nothing_against_an_encoder() -> None:
    products = [
        Product(
            f"p{thing}",
            f"red {thing}",
            description="now at a lower price, only this week",
            language_code="en",
        )
        for thing in THINGS
    ]
    assert unknown_languages(Reader(), products, ANALYSIS) == {}


def test_of_few_products_nothing_is_known() -> None:
    assert unknown_languages(Reader(), shop("de", "rot", LEAST - 1), ANALYSIS) == {}
    assert list(unknown_languages(Reader(), shop("de", "rot", LEAST), ANALYSIS)) == ["de"]


def test_ranks_are_means_of_reciprocals_and_ties_are_shared() -> None:
    three = shop("en", "red", 3)
    assert found_by_words("en", three) == found_by_vectors(Reader("red"), three) == 1
    assert found_by_vectors(Reader(), three) == pytest.approx(1 / 2)


def test_the_manifest_names_unknown_languages_until_most_texts_are_new(tmp_path: Path) -> None:
    def named(products: Sequence[Product]) -> object:
        letter_indexer(tmp_path).run(products)
        made = current_generation(tmp_path)
        assert made is not None
        return made.manifest["unknown_languages"]

    # The encoder counts letters, of which each description has more of other words
    spelt = [
        Product(f"p{n}", thing, description=f"{THINGS[-n]} {THINGS[n - 7]} " * 3 + thing, language_code="de")
        for n, thing in enumerate(THINGS)
    ]
    first = named(spelt)
    assert isinstance(first, dict) and set(first["de"]) == {"by_vectors", "by_words"}
    assert named([Product("another", "another")]) == first
    plain = [replace(each, title=f"{each.title} {each.title}", description=each.title * 9) for each in spelt]
    assert named(plain) == {}
