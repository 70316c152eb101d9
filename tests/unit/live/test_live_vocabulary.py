from pathlib import Path

import pytest

from shared.live.live_vocabulary import LiveVocabulary
from shared.snapshot.vocabulary import Vocabulary, VocabularyWriter


@pytest.fixture
def words(tmp_path: Path) -> LiveVocabulary:
    writer = VocabularyWriter(tmp_path)
    for names in (["red lamp"], ["blue lamp"]):
        writer.add(names)
    writer.finish()
    return LiveVocabulary(Vocabulary.open(tmp_path))


def test_a_new_word_is_near_what_is_nearly_it(words: LiveVocabulary) -> None:
    assert words.near("zephirine", 2) == []
    words.add(["Zephyrine lantern", "Zéphyrine"])
    assert words.near("zephirine", 2) == [("zephyrine", 1)]


def test_counts_are_those_of_today(words: LiveVocabulary) -> None:
    words.add(["green lamp"])
    words.remove(["red lamp"])
    assert [words.count(word) for word in ("lamp", "red", "green", "mug")] == [2, 0, 1, 0]
    assert dict(words.near("lamp", 1)) == {"lamp": 2}


def test_a_word_that_no_product_has_any_more_is_near_nothing(words: LiveVocabulary) -> None:
    words.add(["zephyrine"])
    for names in (["zephyrine"], ["red lamp"]):
        words.remove(names)
    assert words.near("zephirine", 2) == words.near("redd", 1) == []
