from __future__ import annotations

import pytest

from services.gateway.search.explanation import plain, summary


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("seed_bought_of_best", "what is bought with it"),
        ("seed_owned_twice", "what its buyers buy"),
        ("seed_like_bought", "what is bought with products like it"),
        ("seed_purchases", "how often the page's product is bought"),
    ],
)
def test_features_of_seeds_have_words(feature: str, words: str) -> None:
    assert plain(feature) == words


def test_one_reason_of_several_features_is_named_once() -> None:
    said = summary((), 0, ("seed_bought", "seed_bought_of_best", "seed_like_bought"))
    expected = "what is bought with it, then what is bought with products like it"
    assert said == f"Raised most by {expected}."
